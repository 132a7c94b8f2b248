/* Arrays: creation under a cap, generators, text, comparison, summaries. Files are in
 * test_files.c. */
#include <math.h>

#include "data/array.h"
#include "unit.h"

static ts_context *ctx;

static void setup(void) {
  ctx = ts_context_create();
  ck_assert_ptr_nonnull(ctx);
}

/* Everything that was charged has been given back. */
static void teardown(void) {
  ts_context_clear_diagnostics(ctx);
  ck_assert_uint_eq(ts_context_memory_used(ctx), 0);
  ts_context_destroy(ctx);
}

static const char *message(void) { return ctx->first ? ctx->first->message : "no message"; }

START_TEST(creation_respects_the_cap) {
  ts_array a;
  setup();
  ts_context_set_memory_cap(ctx, 10000);
  ck_assert_int_eq(ts_array_create(ctx, TS_F32, 2, (int64_t[]){100, 100}, &a), TS_LIMIT);
  ck_assert_ptr_null(a.data);
  ck_assert_str_eq(message(),
                   "an array 100x100xf32 needs 40064 bytes, which with the 0 in use is over the "
                   "memory limit of 10000");
  ts_context_clear_diagnostics(ctx);
  ck_assert_int_eq(ts_array_create(ctx, TS_F32, 1, (int64_t[]){1000}, &a), TS_OK);
  ck_assert_uint_eq((uintptr_t)a.data % 64, 0);
  ck_assert(ts_array_get(&a, 999) == 0);
  ts_array_drop(ctx, &a);
  teardown();
}
END_TEST

START_TEST(sizes_past_int64_are_refused) {
  ts_array a;
  setup();
  int64_t dims[] = {INT64_C(1) << 40, INT64_C(1) << 40};
  ck_assert_int_eq(ts_array_create(ctx, TS_F32, 2, dims, &a), TS_LIMIT);
  ck_assert_str_eq(message(), "the size of an array 1099511627776x1099511627776xf32 is past int64");
  ck_assert_int_eq(ts_array_count(&a), -1);
  teardown();
}
END_TEST

START_TEST(elements_convert_like_cast) {
  static const struct {
    ts_dtype dtype;
    double set, get;
  } cases[] = {{TS_F64, 0.1, 0.1},        {TS_F32, 0.1, 0.1f},  {TS_F16, 65520, INFINITY},
               {TS_F16, 65519, 65504},    {TS_BF16, 257, 256},  {TS_I64, -2.7, -2},
               {TS_I32, 1e10, INT32_MAX}, {TS_I8, -1000, -128}, {TS_I1, 0.5, 1},
               {TS_INDEX, 7, 7},          {TS_I8, NAN, 0}};
  setup();
  for (size_t i = 0; i < ts_countof(cases); i++) {
    ts_array a;
    ck_assert_int_eq(ts_array_create(ctx, cases[i].dtype, 0, NULL, &a), TS_OK);
    ts_array_set(&a, 0, cases[i].set);
    ck_assert_msg(ts_array_get(&a, 0) == cases[i].get, "case %zu gives %g", i, ts_array_get(&a, 0));
    ts_array_drop(ctx, &a);
  }
  teardown();
}
END_TEST

static ts_array filled(ts_dtype dtype, int64_t n, ts_fill fill, uint64_t seed, const char *name) {
  ts_array a;
  ck_assert_int_eq(ts_array_create(ctx, dtype, 1, &n, &a), TS_OK);
  ts_array_fill(&a, fill, 1, seed, name);
  return a;
}

static void moments(const ts_array *a, double *mean, double *deviation) {
  double s = 0, q = 0;
  int64_t n = ts_array_count(a);
  for (int64_t i = 0; i < n; i++) {
    double x = ts_array_get(a, i);
    s += x;
    q += x * x;
  }
  *mean = s / (double)n;
  *deviation = sqrt(q / (double)n - *mean * *mean);
}

START_TEST(generated_numbers_have_their_moments) {
  double mean, deviation;
  setup();
  ts_array normal = filled(TS_F64, 100000, TS_FILL_NORMAL, 2025, "X");
  moments(&normal, &mean, &deviation);
  ck_assert(fabs(mean) < 0.01 && fabs(deviation - 1) < 0.01);
  ts_array uniform = filled(TS_F32, 100000, TS_FILL_UNIFORM, 2025, "X");
  moments(&uniform, &mean, &deviation);
  ck_assert(fabs(mean - 0.5) < 0.005 && fabs(deviation - sqrt(1.0 / 12)) < 0.005);
  ts_array bytes = filled(TS_I8, 100000, TS_FILL_UNIFORM, 2025, "X");
  ts_array_summary s = ts_array_summarize(&bytes);
  ck_assert(s.min == -128 && s.max == 127);
  ts_array_drop(ctx, &normal);
  ts_array_drop(ctx, &uniform);
  ts_array_drop(ctx, &bytes);
  teardown();
}
END_TEST

/* Rounding u < 1 to a narrow type must not give 1. */
START_TEST(uniform_numbers_stay_below_one) {
  static const ts_dtype types[] = {TS_F32, TS_F16, TS_BF16};
  setup();
  for (size_t t = 0; t < ts_countof(types); t++) {
    ts_array a = filled(types[t], 200000, TS_FILL_UNIFORM, 1, "u");
    ck_assert(ts_array_summarize(&a).max < 1);
    ts_array_drop(ctx, &a);
  }
  teardown();
}
END_TEST

START_TEST(elements_depend_on_seed_name_and_place_alone) {
  setup();
  ts_array a = filled(TS_F32, 1000, TS_FILL_NORMAL, 1, "X"),
           b = filled(TS_F32, 10, TS_FILL_NORMAL, 1, "X");
  ts_array other_seed = filled(TS_F32, 10, TS_FILL_NORMAL, 2, "X");
  ts_array other_name = filled(TS_F32, 10, TS_FILL_NORMAL, 1, "W");
  ck_assert_mem_eq(a.data, b.data, 40);
  ck_assert_mem_ne(b.data, other_seed.data, 40);
  ck_assert_mem_ne(b.data, other_name.data, 40);
  ts_array_drop(ctx, &a);
  ts_array_drop(ctx, &b);
  ts_array_drop(ctx, &other_seed);
  ts_array_drop(ctx, &other_name);
  teardown();
}
END_TEST

/* Text in, ts_array_print's brackets or the error out. */
static const struct {
  const char *text, *printed;
} text_cases[] = {
    {"2x3xf32=1 2 3, 4.5, 5e1 -6", "[[1.0, 2.0, 3.0], [4.5, 50.0, -6.0]]"},
    {"3xi8=-128 0 127", "[-128, 0, 127]"},
    {"f16=inf", "inf"},
    {"2x2xbf16=1", "[[1.0, 1.0], [1.0, 1.0]]"},
    {"2xi1=true 0", "[true, false]"},
    {"i64=-9223372036854775808", "-9223372036854775808"},
    {"0xf32=", "[]"},
    {"2xindex=1,2", "[1, 2]"},
    {"2x3xf32", "'2x3xf32' is not an array such as 2x3xf32=1 2 3 4 5 6"},
    {"2x3f32=1", "'2x3f32=1' is not an array such as 2x3xf32=1 2 3 4 5 6"},
    {"2xf31=1", "'f31' is not a scalar type; f64 f32 f16 bf16 i64 i32 i8 i1 index are"},
    {"-2xf32=1", "'-2xf32' is not a scalar type; f64 f32 f16 bf16 i64 i32 i8 i1 index are"},
    {"2xf32=1 2 3", "3 values are given for an array of 2"},
    {"3xf32=1 2", "2 values are given for an array of 3"},
    {"3xf32=", "0 values are given for an array of 3"},
    {"2xf32=1 two", "'two' is not a value of type f32"},
    {"2xi8=1 128", "'128' is not a value of type i8"},
    {"i64=9223372036854775808", "'9223372036854775808' is not a value of type i64"},
    {"i32=1.5", "'1.5' is not a value of type i32"},
    {"f32=1e39", "'1e39' is not a value of type f32"},
    {"f16=-65520", "'-65520' is not a value of type f16"},
    {"f64=1e99999", "'1e99999' is not a value of type f64"},
    {"i1=2", "'2' is not a value of type i1"},
    {"99999999999999999999xf32=1",
     "'99999999999999999999xf32=1' is not an array such as 2x3xf32=1 2 3 4 5 6"},
    {"1x1x1x1x1x1x1x1x1x1x1x1x1x1x1x1x1xf32=1",
     "'1x1x1x1x1x1x1x1x1x1x1x1x1x1x1x1x1xf32=1' has more than 16 extents"},
};

START_TEST(text_is_read_and_written) {
  setup();
  for (size_t i = 0; i < ts_countof(text_cases); i++) {
    ts_array a;
    ts_sink s;
    ts_sink_buffer(&s, NULL);
    if (ts_array_parse(ctx, text_cases[i].text, &a) == TS_OK)
      ts_array_print(&s, &a);
    else
      ts_sink_puts(&s, message());
    ck_assert_int_eq(ts_sink_finish(&s), TS_OK);
    ck_assert_str_eq(s.buf, text_cases[i].printed);
    ts_sink_drop(&s);
    ts_array_drop(ctx, &a);
    ts_context_clear_diagnostics(ctx);
  }
  teardown();
}
END_TEST

static ts_difference compare(const char *got, const char *want, double rtol, double atol) {
  ts_array a, b;
  ts_difference d;
  ck_assert_int_eq(ts_array_parse(ctx, got, &a), TS_OK);
  ck_assert_int_eq(ts_array_parse(ctx, want, &b), TS_OK);
  ck_assert_int_eq(ts_array_compare(ctx, &a, &b, rtol, atol, &d), TS_OK);
  ts_array_drop(ctx, &a);
  ts_array_drop(ctx, &b);
  return d;
}

START_TEST(comparison_counts_and_measures) {
  setup();
  ts_difference d = compare("3xf32=1 nan inf", "3xf32=1 nan inf", 0, 0);
  ck_assert(d.wrong == 0 && d.worst == -1 && d.max_ulp == 0);
  d = compare("3xf32=1 2 3", "3xf64=1 2.0000002384185791015625 3", 0, 0);
  ck_assert(d.wrong == 1 && d.worst == 1 && d.max_ulp == 1);
  d = compare("2xf32=1 2", "2xf32=1.001 2.001", 1e-2, 0);
  ck_assert(d.wrong == 0 && d.worst >= 0 && d.max_rel > 1e-4);
  d = compare("2xf32=nan 1", "2xf32=1 1", 1, 1e30);
  ck_assert(d.wrong == 1 && d.worst == 0 && isinf(d.max_ulp));
  d = compare("f32=inf", "f32=1", 1, 1e30);
  ck_assert(d.wrong == 1 && isinf(d.max_abs));
  d = compare("f16=1", "f16=1.0009765625", 0, 0);
  ck_assert(d.max_ulp == 1);
  d = compare("bf16=256", "f64=257", 0, 0);
  ck_assert(d.max_ulp == 0.5);
  d = compare("f32=0", "f64=1e-45", 0, 0);
  ck_assert(d.max_ulp > 0.7 && d.max_ulp < 0.72); /* 1e-45 / 2^-149 */
  d = compare("i64=9223372036854775807", "i64=-9223372036854775808", 0, 0);
  ck_assert(d.max_abs == 0x1p64 && d.wrong == 1);
  d = compare("f32=-0", "f32=0", 0, 0);
  ck_assert(d.wrong == 0 && d.worst == -1);
  teardown();
}
END_TEST

/* The second element may differ by anything, the others by 1. */
static double allow(const void *user, int64_t i, double want) {
  (void)user, (void)want;
  return i == 1 ? INFINITY : 1;
}

START_TEST(judging_counts_what_is_wrong_and_where) {
  ts_array a, b;
  ts_difference d;
  setup();
  ck_assert_int_eq(ts_array_parse(ctx, "3x4xf32=0 nan 0 0 0 0 3 0 0 -2 0.5 0", &a), TS_OK);
  ck_assert_int_eq(ts_array_parse(ctx, "3x4xf32=0", &b), TS_OK);
  ck_assert_int_eq(ts_array_judge(ctx, &a, &b, allow, NULL, &d), TS_OK);
  ck_assert(d.wrong == 2 && d.not_finite == 0 && d.unjudged == 1);
  ck_assert(d.worst == 6 && d.got == 3 && d.want == 0 && d.apart == 3 && d.allowed == 1 &&
            d.used == 3);
  ck_assert_str_eq(ts_array_box_text(&ctx->arena, &a, d.lo, d.hi), "[1:3, 1:3]");
  ck_assert_str_eq(ts_array_index_text(&ctx->arena, &a, d.worst), "[1, 2]");
  ts_array_drop(ctx, &a);
  ts_array_drop(ctx, &b);
  ts_context_clear_diagnostics(ctx);
  ts_context_destroy(ctx);
}
END_TEST

START_TEST(shapes_and_kinds_must_agree) {
  ts_array a, b;
  ts_difference d;
  setup();
  ck_assert_int_eq(ts_array_parse(ctx, "2x3xf32=1", &a), TS_OK);
  ck_assert_int_eq(ts_array_parse(ctx, "2x3xi32=1", &b), TS_OK);
  ck_assert_int_eq(ts_array_compare(ctx, &a, &b, 0, 0, &d), TS_ERR);
  ck_assert_str_eq(message(), "2x3xf32 cannot be compared with the expected 2x3xi32");
  ts_array_drop(ctx, &a);
  ts_array_drop(ctx, &b);
  teardown();
}
END_TEST

START_TEST(summaries_say_what_is_there) {
  ts_array a;
  ts_sink s;
  setup();
  ck_assert_int_eq(ts_array_parse(ctx, "2x3xf32=1e30 2 -1e30 nan -inf 0.5", &a), TS_OK);
  ts_array_summary m = ts_array_summarize(&a);
  ck_assert(m.min == -INFINITY && m.max == (double)1e30f && isnan(m.sum) && m.nans == 1 &&
            m.infs == 1);
  ts_sink_buffer(&s, NULL);
  ts_array_print_summary(&s, "Y", &a);
  ck_assert_int_eq(ts_sink_finish(&s), TS_OK);
  ck_assert_ptr_nonnull(
      strstr(s.buf, "Y: tensor<2x3xf32>\nY[0, 0] = 1e+30\nY[0, 2] = -1e+30\nY[1, 0] = nan\n"
                    "Y[1, 2] = 0.5\n"));
  ck_assert_ptr_nonnull(strstr(s.buf, "Y: 1 NaN, 1 infinite\nY: hash "));
  ts_sink_drop(&s);
  ts_array_drop(ctx, &a);
  ck_assert_int_eq(ts_array_parse(ctx, "4xf64=1 1e100 1 -1e100", &a), TS_OK);
  ck_assert(ts_array_summarize(&a).sum == 2); /* a plain sum gives 0 */
  ts_array_drop(ctx, &a);
  teardown();
}
END_TEST

START_TEST(hashes_see_type_shape_and_every_bit) {
  static const char *const texts[] = {
      "2x3xf32=1 2 3 4 5 6", "3x2xf32=1 2 3 4 5 6", "6xf32=1 2 3 4 5 6",   "2x3xi32=1 2 3 4 5 6",
      "2x3xf32=2 1 3 4 5 6", "2x3xf32=0",           "2x3xf32=-0 0 0 0 0 0"};
  uint64_t hashes[ts_countof(texts)];
  setup();
  for (size_t i = 0; i < ts_countof(texts); i++) {
    ts_array a;
    ck_assert_int_eq(ts_array_parse(ctx, texts[i], &a), TS_OK);
    hashes[i] = ts_array_summarize(&a).hash;
    for (size_t j = 0; j < i; j++)
      ck_assert_uint_ne(hashes[i], hashes[j]);
    ts_array_drop(ctx, &a);
  }
  teardown();
}
END_TEST

UNIT_MAIN("array", creation_respects_the_cap, sizes_past_int64_are_refused,
          elements_convert_like_cast, generated_numbers_have_their_moments,
          uniform_numbers_stay_below_one, elements_depend_on_seed_name_and_place_alone,
          text_is_read_and_written, comparison_counts_and_measures,
          judging_counts_what_is_wrong_and_where, shapes_and_kinds_must_agree,
          summaries_say_what_is_there, hashes_see_type_shape_and_every_bit)
