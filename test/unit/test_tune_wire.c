/* Candidates and trials as bytes: what was written is read, and what nobody wrote is refused. */
#include <math.h>

#include "tune/spread/wire.h"
#include "unit.h"

static ts_context *ctx;

static void *bytes_of(ts_wire *w) {
  return memcpy(ts_arena_alloc(&ctx->arena, w->written.n + 1), w->written.at, w->written.n);
}

static const char *hex_of(const ts_wire *w) {
  const char *text = "";
  for (size_t i = 0; i < w->written.n; i++)
    text = ts_sprintf(&ctx->arena, "%s%02x", text, w->written.at[i]);
  return text;
}

static const char *hex_of_number(uint64_t value) {
  ts_wire w = ts_wire_write(&ctx->arena);
  ts_wire_number(&w, &value);
  return hex_of(&w);
}

/* The first is the example of the DWARF 5 standard, figure C.1 and its text; the last ten bytes of seven bits. */
START_TEST(numbers_are_leb128) {
  ck_assert_str_eq(hex_of_number(624485), "e58e26");
  ck_assert_str_eq(hex_of_number(0), "00");
  ck_assert_str_eq(hex_of_number(127), "7f");
  ck_assert_str_eq(hex_of_number(128), "8001");
  ck_assert_str_eq(hex_of_number(UINT64_MAX), "ffffffffffffffffff01");
}
END_TEST

static bool reads_number(const char *bytes, size_t n, uint64_t *value) {
  ts_wire w = ts_wire_read(&ctx->arena, bytes, n);
  ts_wire_number(&w, value);
  return ts_wire_is_whole(&w);
}

START_TEST(numbers_past_64_bits_or_without_an_end_are_refused) {
  uint64_t value;
  ck_assert(reads_number("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 10, &value));
  ck_assert_uint_eq(value, UINT64_MAX);
  ck_assert(!reads_number("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 10, &value));
  ck_assert(!reads_number("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x00", 11, &value));
  ck_assert(!reads_number("\x80", 1, &value));
  ck_assert(!reads_number("", 0, &value));
  ck_assert(!reads_number("\x01\x01", 2, &value));
}
END_TEST

/* Figures that a decimal would round, and such as no figure may be. */
static ts_trial make_trial(void) {
  static double samples[] = {0.1, 4.9406564584124654e-324, 1e308, 0};
  ts_trial t = {.pipeline = "tile{i=8},vectorize",
                .verdict = TS_VERDICT_OK,
                .num_samples = 4,
                .samples = samples,
                .ms = {0.1, -0.0, INFINITY},
                .energy = {TS_ENERGY_MEASURED, 1.5, 1, 2, "RAPL package-0"},
                .error = NAN,
                .hopeless = true,
                .code = "69217a3079908094e11121d042354a7c1f55b6482ca1a51e1b250dfd1ed0eef9",
                .pass_seconds = 1,
                .compile_seconds = 2,
                .check_seconds = 3,
                .measure_seconds = 4,
                .clock_mhz = 5,
                .load = 6,
                .when = INT64_MAX};
  return t;
}

static ts_wire written_trial(ts_trial t) {
  ts_wire w = ts_wire_write(&ctx->arena);
  ts_wire_trial(&w, &t);
  return w;
}

static bool read_trial(const void *bytes, size_t n, ts_trial *out) {
  ts_wire w = ts_wire_read(&ctx->arena, bytes, n);
  ts_wire_trial(&w, out);
  return ts_wire_is_whole(&w);
}

START_TEST(a_trial_is_read_to_the_bit) {
  ts_trial t = make_trial(), got;
  ts_wire w = written_trial(t);
  ck_assert(read_trial(bytes_of(&w), w.written.n, &got));
  ck_assert_str_eq(got.pipeline, t.pipeline);
  ck_assert_ptr_eq(got.reason, NULL);
  ck_assert_int_eq(got.verdict, t.verdict);
  ck_assert_uint_eq(got.num_samples, 4);
  ck_assert_mem_eq(got.samples, t.samples, 4 * sizeof(double));
  ck_assert_mem_eq(&got.ms, &t.ms, sizeof t.ms);
  ck_assert_mem_eq(&got.energy, &t.energy, offsetof(ts_energy, how));
  ck_assert_str_eq(got.energy.how, t.energy.how);
  ck_assert(isnan(got.error));
  ck_assert(got.hopeless && !got.duplicate);
  ck_assert_str_eq(got.code, t.code);
  ck_assert_mem_eq(&got.pass_seconds, &t.pass_seconds, sizeof t - offsetof(ts_trial, pass_seconds));
}
END_TEST

START_TEST(a_trial_cut_off_anywhere_is_refused) {
  ts_trial got;
  ts_wire w = written_trial(make_trial());
  const void *bytes = bytes_of(&w);
  for (size_t n = 0; n < w.written.n; n++)
    ck_assert(!read_trial(bytes, n, &got));
  ck_assert(!read_trial(bytes, w.written.n + 1, &got));
}
END_TEST

static bool is_refused(ts_trial t) {
  ts_trial got;
  ts_wire w = written_trial(t);
  return !read_trial(bytes_of(&w), w.written.n, &got);
}

START_TEST(a_trial_that_cannot_be_is_refused) {
  ts_trial t = make_trial();
  t.ms.value = NAN;
  ck_assert(is_refused(t));
  t.ms.value = -1;
  ck_assert(is_refused(t));
  t = make_trial();
  t.verdict = TS_NUM_VERDICTS;
  ck_assert(is_refused(t));
  t = make_trial();
  t.when = -1;
  ck_assert(is_refused(t));
  t = make_trial();
  memcpy(t.code, "no hex", 7);
  ck_assert(is_refused(t));
}
END_TEST

/* 2⁴⁰ samples in the few bytes that there are: not even asked for. */
START_TEST(a_length_past_the_end_asks_for_no_memory) {
  ts_trial got;
  static const char bytes[] = {0, 0, 0, '\x80', '\x80', '\x80', '\x80', '\x80', '\x20', 0};
  size_t before = ctx->memory.used;
  ck_assert(!read_trial(bytes, sizeof bytes, &got));
  ck_assert_uint_le(ctx->memory.used - before, 1 << 20);
}
END_TEST

START_TEST(a_candidate_is_read_as_it_was) {
  static const ts_choice point[3] = {0, 65535, 300};
  ts_candidate c = {point, "a=1 b=2", NULL, 0.25}, got;
  ts_wire w = ts_wire_write(&ctx->arena);
  ts_wire_candidate(&w, 3, &c);
  ts_wire r = ts_wire_read(&ctx->arena, bytes_of(&w), w.written.n);
  ts_wire_candidate(&r, 3, &got);
  ck_assert(ts_wire_is_whole(&r));
  ck_assert_mem_eq(got.point, point, sizeof point);
  ck_assert_str_eq(got.parameters, c.parameters);
  ck_assert_ptr_eq(got.pipeline, NULL);
  ck_assert(got.watts == 0.25);
}
END_TEST

static void set_up(void) { ctx = ts_context_create(); }
static void tear_down(void) { ts_context_destroy(ctx); }

int main(void) {
  const TTest *const tests[] = {numbers_are_leb128,
                                numbers_past_64_bits_or_without_an_end_are_refused,
                                a_trial_is_read_to_the_bit,
                                a_trial_cut_off_anywhere_is_refused,
                                a_trial_that_cannot_be_is_refused,
                                a_length_past_the_end_asks_for_no_memory,
                                a_candidate_is_read_as_it_was};
  TCase *all = unit_case("tune_wire", ts_countof(tests), tests);
  tcase_add_checked_fixture(all, set_up, tear_down);
  return unit_run("tune_wire", all);
}
