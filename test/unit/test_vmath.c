/* Vector math of emitted programs: every width gives in each lane what the scalar form gives, bit
 * for bit; values next to zeros, infinities and the ends of a function's range; and the table of
 * sections. The accuracy over all floats is measured by bench/vmath. */
#include <math.h>
#include <string.h>

#include "emit/prelude.h"
#include "emit/ts_vmath_all.h"
#include "unit.h"

/* Floats to try: every 4099th, and the corners. */
static float sample_f32(uint64_t i) {
  const float corners[] = {0.0f, -0.0f, INFINITY, -INFINITY, NAN, 0x1p-149f, -0x1p-149f, 0x1p-126f};
  if (i < ts_countof(corners)) return corners[i];
  uint32_t bits = (uint32_t)(i * 4099);
  float x;
  memcpy(&x, &bits, sizeof x);
  return x;
}

/* Doubles whose exponents run through the range of most functions, with scattered mantissas. */
static double sample_f64(uint64_t i) {
  const double corners[] = {0.0, -0.0, INFINITY, -INFINITY, NAN, 0x1p-1074, -0x1p-1074, 0x1p-1022};
  if (i < ts_countof(corners)) return corners[i];
  double x = ldexp(1 + (double)(i * 7919 % 65537) / 65537, (int)(i % 40) - 28);
  return i % 3 ? -x : x;
}

static bool same(const void *a, const void *b, size_t size, bool both_nan) {
  return both_nan || memcmp(a, b, size) == 0;
}

#define LANES(name, float_type, type, sample, count)                                               \
  for (uint64_t i = 0; i < (count); i += sizeof(ts_##type) / sizeof(float_type)) {                 \
    enum { N = sizeof(ts_##type) / sizeof(float_type) };                                           \
    ts_##type x, y;                                                                                \
    for (int lane = 0; lane < N; lane++)                                                           \
      x[lane] = sample(i + (uint64_t)lane);                                                        \
    y = ts_##name##_##type(x);                                                                     \
    for (int lane = 0; lane < N; lane++) {                                                         \
      float_type got = y[lane], want = scalar(x[lane]);                                            \
      unit_check(same(&got, &want, sizeof got, isnan(got) && isnan(want)),                         \
                 #name " " #type " of %a: %a, the scalar form gives %a", (double)x[lane],          \
                 (double)got, (double)want);                                                       \
    }                                                                                              \
  }

#define LANES_TEST(name)                                                                           \
  START_TEST(lanes_of_##name) {                                                                    \
    {                                                                                              \
      float (*scalar)(float) = ts_##name##_f32;                                                    \
      LANES(name, float, f32x4, sample_f32, 1 << 18)                                               \
      LANES(name, float, f32x8, sample_f32, 1 << 18)                                               \
      LANES(name, float, f32x16, sample_f32, 1 << 18)                                              \
    }                                                                                              \
    double (*scalar)(double) = ts_##name##_f64;                                                    \
    LANES(name, double, f64x2, sample_f64, 1 << 14)                                                \
    LANES(name, double, f64x4, sample_f64, 1 << 14)                                                \
    LANES(name, double, f64x8, sample_f64, 1 << 14)                                                \
  }                                                                                                \
  END_TEST

LANES_TEST(exp)
LANES_TEST(log)
LANES_TEST(erf)
LANES_TEST(tanh)
LANES_TEST(gelu)
LANES_TEST(gelu_tanh)
LANES_TEST(sigmoid)
LANES_TEST(silu)

/* gelu leaves its short way when a lane is far below zero: whatever the other lanes hold, and
 * wherever the far one is, each gives what it gives alone. */
#define MIXED(name, type, lanes)                                                                   \
  for (unsigned pattern = 0; pattern < 1u << ts_countof(mixed); pattern += 1 + pattern % 7)        \
    for (unsigned turn = 0; turn < lanes; turn++) {                                                \
      ts_##type x;                                                                                 \
      for (unsigned l = 0; l < lanes; l++)                                                         \
        x[l] =                                                                                     \
            pattern >> l % ts_countof(mixed) & 1 ? mixed[(l + turn) % ts_countof(mixed)] : 0.75f;  \
      ts_##type y = ts_##name##_##type(x);                                                         \
      for (unsigned l = 0; l < lanes; l++) {                                                       \
        float got = y[l], want = ts_##name##_f32(x[l]);                                            \
        unit_check(same(&got, &want, sizeof got, isnan(got) && isnan(want)),                       \
                   #name " " #type " of %a among others: %a, alone %a", (double)x[l], (double)got, \
                   (double)want);                                                                  \
      }                                                                                            \
    }

START_TEST(far_lanes_leave_others_alone) {
  const float mixed[] = {-6.5f,     -0x1.a00002p2f, -6.25f, -0x1.900002p2f, -9.0f,
                         -14.0f,    -100.0f,        2.5f,   -0.0f,          0x1p-140f,
                         -INFINITY, INFINITY,       NAN,    -1.5f};
  MIXED(gelu, f32x4, 4)
  MIXED(gelu, f32x8, 8)
  MIXED(gelu, f32x16, 16)
  MIXED(gelu_tanh, f32x4, 4)
  MIXED(gelu_tanh, f32x8, 8)
  MIXED(gelu_tanh, f32x16, 16)
}
END_TEST

/* The short f64 form, whose results count as f32. */
START_TEST(brief_gelu_in_every_lane) {
  double (*scalar)(double) = ts_gelu_brief_f64;
  LANES(gelu_brief, double, f64x2, sample_f64, 1 << 14)
  LANES(gelu_brief, double, f64x4, sample_f64, 1 << 14)
  LANES(gelu_brief, double, f64x8, sample_f64, 1 << 14)
  const double ends[][2] = {{0.0, 0.0},  {-0.0, -0.0},      {INFINITY, INFINITY},
                            {100, 100},  {-INFINITY, -0.0}, {-100, -0.0},
                            {-15, -0.0}, {0x1p-1074, 0.0},  {-14, -78 * 0x1p-149}};
  for (size_t i = 0; i < ts_countof(ends); i++) {
    float got = (float)scalar(ends[i][0]), want = (float)ends[i][1];
    ck_assert_msg(same(&got, &want, sizeof got, false), "%g: %g, wanted %g", ends[i][0],
                  (double)got, (double)want);
  }
  ck_assert(isnan(scalar(NAN)));
}
END_TEST

static double gelu_reference(double x) { return 0.5 * x * erfc(-x * M_SQRT1_2); }

static double gelu_tanh_reference(double x) {
  double u = 2 * M_SQRT1_2 * M_2_SQRTPI * (x + 0.044715 * x * x * x);
  return x < 0 ? x * (exp(u) / (1 + exp(u))) : x / (1 + exp(-u));
}

/* Every float within 5000 of x: at most 2 units in the last place from the reference. */
static void check_around(float (*f)(float), double (*reference)(double), float x) {
  for (int i = 0; i < 5000; i++)
    x = nextafterf(x, -INFINITY);
  for (int i = 0; i < 10000; i++, x = nextafterf(x, INFINITY)) {
    double want = reference((double)x), unit = ldexp(1, ilogb(want) - 23);
    unit_check(fabs((double)f(x) - want) <= 2 * unit, "%a: %a, wanted %a", (double)x, (double)f(x),
               want);
  }
}

START_TEST(ways_of_gelu_meet) {
  for (int sign = -1; sign <= 1; sign += 2) {
    check_around(ts_gelu_f32, gelu_reference, (float)sign * 6.5f);
    check_around(ts_gelu_tanh_f32, gelu_tanh_reference, (float)sign * 6.25f);
  }
}
END_TEST

/* What a function is at zeros, infinities, NaN and far out; signs of zeros count. */
static const struct corner {
  const char *name;
  float (*f32)(float);
  double (*f64)(double);
  double x, y;
} corners[] = {
#define CORNER(name, x, y) {#name, ts_##name##_f32, ts_##name##_f64, x, y}
    CORNER(exp, 0.0, 1),
    CORNER(exp, -0.0, 1),
    CORNER(exp, INFINITY, INFINITY),
    CORNER(exp, -INFINITY, 0),
    CORNER(exp, NAN, NAN),
    CORNER(exp, 800, INFINITY),
    CORNER(exp, -800, 0),
    CORNER(log, 0.0, -INFINITY),
    CORNER(log, -0.0, -INFINITY),
    CORNER(log, 1, 0),
    CORNER(log, -1, NAN),
    CORNER(log, -INFINITY, NAN),
    CORNER(log, NAN, NAN),
    CORNER(log, INFINITY, INFINITY),
    CORNER(erf, 0.0, 0.0),
    CORNER(erf, -0.0, -0.0),
    CORNER(erf, INFINITY, 1),
    CORNER(erf, -INFINITY, -1),
    CORNER(erf, NAN, NAN),
    CORNER(tanh, 0.0, 0.0),
    CORNER(tanh, -0.0, -0.0),
    CORNER(tanh, INFINITY, 1),
    CORNER(tanh, -INFINITY, -1),
    CORNER(tanh, NAN, NAN),
    CORNER(gelu, 0.0, 0.0),
    CORNER(gelu, -0.0, -0.0),
    CORNER(gelu, INFINITY, INFINITY),
    CORNER(gelu, -INFINITY, -0.0),
    CORNER(gelu, NAN, NAN),
    CORNER(gelu, -100, -0.0),
    CORNER(gelu, 100, 100),
    CORNER(gelu_tanh, 0.0, 0.0),
    CORNER(gelu_tanh, -0.0, -0.0),
    CORNER(gelu_tanh, INFINITY, INFINITY),
    CORNER(gelu_tanh, -INFINITY, -0.0),
    CORNER(gelu_tanh, NAN, NAN),
    CORNER(gelu_tanh, -100, -0.0),
    CORNER(sigmoid, 0, 0.5),
    CORNER(sigmoid, INFINITY, 1),
    CORNER(sigmoid, -INFINITY, 0),
    CORNER(sigmoid, NAN, NAN),
    CORNER(sigmoid, -800, 0),
    CORNER(silu, 0.0, 0.0),
    CORNER(silu, -0.0, -0.0),
    CORNER(silu, INFINITY, INFINITY),
    CORNER(silu, -INFINITY, -0.0),
    CORNER(silu, NAN, NAN),
    CORNER(silu, -800, -0.0),
    CORNER(silu, 800, 800),
};

static void check_corner(const struct corner *c, const char *type, double got) {
  bool right = isnan(c->y) ? isnan(got) : got == c->y && !signbit(got) == !signbit(c->y);
  if (!right) ck_abort_msg("%s %s of %g: %g, wanted %g", c->name, type, c->x, got, c->y);
}

START_TEST(corners_are_right) {
  for (size_t i = 0; i < ts_countof(corners); i++) {
    check_corner(&corners[i], "f32", (double)corners[i].f32((float)corners[i].x));
    check_corner(&corners[i], "f64", corners[i].f64(corners[i].x));
  }
}
END_TEST

START_TEST(fma_rounds_once) {
  /* (1 + 2^-12)^2 - (1 + 2^-11) = 2^-24, which a rounded product loses; likewise with 2^-27 in
   * f64. */
  ck_assert(ts_fma_f32(1 + 0x1p-12f, 1 + 0x1p-12f, -(1 + 0x1p-11f)) == 0x1p-24f);
  ck_assert(ts_fma_f64(1 + 0x1p-27, 1 + 0x1p-27, -(1 + 0x1p-26)) == 0x1p-54);
  ts_f32x16 one = {0};
  one = one + 1.0f;
  ts_f32x16 y = ts_fma_f32x16(one + 0x1p-12f, one + 0x1p-12f, -one - 0x1p-11f);
  for (int i = 0; i < 16; i++)
    ck_assert(y[i] == 0x1p-24f);
}
END_TEST

static bool is_word_of(const char *words, const char *name) {
  size_t n = strlen(name);
  for (const char *at = words; (at = strstr(at, name)) != NULL; at += n)
    if ((at == words || at[-1] == ' ') && (at[n] == ' ' || at[n] == '\0')) return true;
  return false;
}

/* Each section defines its name and stands after what it needs; each function is there at each
 * width. */
START_TEST(sections_are_complete_and_sorted) {
  for (unsigned i = 0; i < ts_num_prelude_sections; i++) {
    const ts_prelude_section *s = &ts_prelude_sections[i];
    ck_assert(strcmp(s->name, "ts_builtin") == 0 || strstr(s->text, s->name) != NULL);
    for (unsigned j = i; j < ts_num_prelude_sections; j++)
      ck_assert_msg(!is_word_of(s->needs, ts_prelude_sections[j].name), "%s stands before %s",
                    s->name, ts_prelude_sections[j].name);
  }
  const char *ops[] = {"fma", "exp", "log", "erf", "tanh", "gelu", "gelu_tanh", "sigmoid", "silu"};
  const char *types[] = {"f32", "f32x4", "f32x8", "f32x16", "f64", "f64x2", "f64x4", "f64x8"};
  for (size_t i = 0; i < ts_countof(ops) * ts_countof(types); i++) {
    char name[32];
    unsigned k = 0;
    snprintf(name, sizeof name, "ts_%s_%s", ops[i / ts_countof(types)],
             types[i % ts_countof(types)]);
    while (k < ts_num_prelude_sections && strcmp(ts_prelude_sections[k].name, name) != 0)
      k++;
    ck_assert_msg(k < ts_num_prelude_sections, "no section %s", name);
  }
}
END_TEST

UNIT_MAIN("vmath", lanes_of_exp, lanes_of_log, lanes_of_erf, lanes_of_tanh, lanes_of_gelu,
          lanes_of_gelu_tanh, lanes_of_sigmoid, lanes_of_silu, far_lanes_leave_others_alone,
          brief_gelu_in_every_lane, ways_of_gelu_meet, corners_are_right, fma_rounds_once,
          sections_are_complete_and_sorted)
