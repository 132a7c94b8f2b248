/* The scalar meaning of ops. Expected values are closed forms, exhaustive searches over the narrow
 * types or values computed with 300 bits in MPFR. */
#include <math.h>

#include "support/floats.h"
#include "ir/scalar.h"
#include "unit.h"

typedef uint16_t narrow_fn(double);
typedef double widen_fn(uint16_t);

/* Between neighbours a < b the midpoint goes to the even one and everything else to the nearer
 * one. */
static void check_rounding(narrow_fn *narrow, widen_fn *widen, uint16_t infinity,
                           double past_largest) {
  for (uint32_t bits = 0; bits < infinity; bits++) {
    double a = widen((uint16_t)bits),
           b = bits + 1 == infinity ? past_largest : widen((uint16_t)(bits + 1));
    double middle = (a + b) / 2;
    uint16_t even = (uint16_t)(bits + (bits & 1));
    ck_assert_uint_eq(narrow(a), bits);
    ck_assert_uint_eq(narrow(middle), even);
    ck_assert_uint_eq(narrow(nextafter(middle, 0)), bits);
    ck_assert_uint_eq(narrow(nextafter(middle, INFINITY)), bits + 1);
    ck_assert_uint_eq(narrow(-middle), even | 0x8000);
  }
}

START_TEST(narrow_types_round_to_nearest_even) {
  check_rounding(ts_f16_from_double, ts_f16_to_double, 0x7c00, 65536);
  check_rounding(ts_bf16_from_double, ts_bf16_to_double, 0x7f80, 0x1p128);
}
END_TEST

START_TEST(narrow_types_read_their_bits) {
  ck_assert(ts_f16_to_double(0x3c00) == 1 && ts_f16_to_double(0xc000) == -2);
  ck_assert(ts_f16_to_double(0x0001) == 0x1p-24 && ts_f16_to_double(0x7bff) == 65504);
  ck_assert(ts_bf16_to_double(0x3f80) == 1 && ts_bf16_to_double(0x0001) == 0x1p-133);
  ck_assert(isinf(ts_f16_to_double(0x7c00)) && isinf(ts_bf16_to_double(0xff80)));
  ck_assert(signbit(ts_f16_to_double(0x8000)));
}
END_TEST

START_TEST(nan_payloads_survive) {
  for (uint32_t bits = 0x7c01; bits < 0x8000; bits++)
    ck_assert_uint_eq(ts_f16_from_double(ts_f16_to_double((uint16_t)bits)), bits);
  for (uint32_t bits = 0xff81; bits < 0x10000; bits++)
    ck_assert_uint_eq(ts_bf16_from_double(ts_bf16_to_double((uint16_t)bits)), bits);
  uint64_t low = UINT64_C(0x7ff0000000000001); /* its payload is below what f16 keeps */
  double x;
  memcpy(&x, &low, sizeof x);
  ck_assert_uint_eq(ts_f16_from_double(x), 0x7e00);
}
END_TEST

START_TEST(rounding_is_done_once) {
  /* Just above the midpoint of 1 and its f16 neighbour, by less than f32 sees. */
  ck_assert(ts_round_to(TS_F16, 1 + 0x1p-11 + 0x1p-40) == 1 + 0x1p-10);
  ck_assert(ts_round_to(TS_BF16, 1 + 0x1p-8 + 0x1p-40) == 1 + 0x1p-7);
  ck_assert(ts_int_to_float(TS_F16, 2049) == 2048);
  ck_assert(ts_int_to_float(TS_F32, (INT64_C(1) << 54) + (INT64_C(1) << 30) + 1) ==
            0x1p54 + 0x1p31);
  ck_assert(ts_int_to_float(TS_BF16, (INT64_C(1) << 62) + (INT64_C(1) << 54) + 1) ==
            0x1p62 + 0x1p55);
  ck_assert(ts_int_to_float(TS_BF16, -(INT64_C(1) << 62) - (INT64_C(1) << 54)) == -0x1p62);
}
END_TEST

/* a·b + c just off a midpoint of the type, by less than f64 holds. */
START_TEST(fma_rounds_once) {
  ck_assert(ts_fma_to(TS_F32, 1 + 0x1p-12, 1 - 0x1p-12, 0x1p-70) == 1 - 0x1p-24);
  double a = 1 + 0x1p-12; /* a² = 1 + 2^-11 + 2^-24: a midpoint of f32 */
  ck_assert(ts_fma_to(TS_F32, a, a, 0) == 1 + 0x1p-11);
  ck_assert(ts_fma_to(TS_F32, a, a, 0x1p-100) == 1 + 0x1p-11 + 0x1p-23);
  ck_assert(ts_fma_to(TS_F32, a, a, -0x1p-100) == 1 + 0x1p-11);
  ck_assert(ts_fma_to(TS_F32, -a, a, -0x1p-100) == -(1 + 0x1p-11 + 0x1p-23));
  ck_assert(ts_fma_to(TS_F64, 1 + 0x1p-27, 1 + 0x1p-27, -1) == 0x1p-26 + 0x1p-54);
  ck_assert(isinf(ts_fma_to(TS_F32, 0x1p127, 2, 0)) && isnan(ts_fma_to(TS_F32, 0, INFINITY, 1)));
}
END_TEST

/* |got - want| in units in the last place of want as an f64. */
static double ulps64(double got, double want) {
  if (got == want) return 0;
  return fabs(got - want) / (nextafter(fabs(want), INFINITY) - fabs(want));
}

static const struct {
  double x, gelu;
} gelu_points[] = {
    {-0x1.3333333333333p+5, -0x0.0000000000201p-1022},
    {-0x1.3p+5, -0x0.0000084474d57p-1022},
    {-0x1.2cp+5, -0x1.367682a29e309p-1016},
    {-0x1.20fcd67fd3f5bp+5, -0x1.4e077df03decdp-943},
    {-0x1.ep+4, -0x1.601c52358b95dp-651},
    {-0x1.ab33333333333p+4, -0x1.59155bea0e473p-516},
    {-0x1.4p+4, -0x1.1876296f504b2p-290},
    {-0x1.c570a3d70a3d7p+3, -0x1.c6a3b17e01465p-147},
    {-0x1.ap+3, -0x1.b0f71384ef01ep-124},
    {-0x1.4p+3, -0x1.7079362639d51p-74},
    {-0x1.099999999999ap+3, -0x1.f222478a4b6b8p-52},
    {-0x1.8p+2, -0x1.96c96680dc3ecp-28},
    {-0x1.6p+2, -0x1.c093d8972fbbep-24},
    {-0x1p+2, -0x1.09ad7954afff8p-13},
    {-0x1.8p+1, -0x1.096697b244861p-8},
    {-0x1p+1, -0x1.74bcf82c9d86p-5},
    {-0x1.8p+0, -0x1.9a76a44e16be6p-4},
    {-0x1p+0, -0x1.44ed0bb7cb20bp-3},
    {-0x1.80ead41ed0a5ap-1, -0x1.5c19dd4b1a3cfp-3},
    {-0x1p-1, -0x1.3bf143b9aa712p-3},
    {-0x1.999999999999ap-4, -0x1.78f918de28c18p-5},
    {-0x1.0624dd2f1a9fcp-10, -0x1.05ef51a247abp-11},
    {-0x1.b7cdfd9d7bdbbp-34, -0x1.b7cdfd9ce5246p-35},
    {-0x0.0000000000001p-1022, -0x0p+0},
    {0x1.56e1fc2f8f359p-997, 0x1.56e1fc2f8f359p-998},
    {0x1.4f8b588e368f1p-17, 0x1.4f8c08031ee9bp-18},
    {0x1.999999999999ap-4, 0x1.ba3a1a550a71cp-5},
    {0x1p-1, 0x1.62075e232ac77p-2},
    {0x1p+0, 0x1.aec4bd120d37dp-1},
    {0x1p+1, 0x1.f45a183e9b13dp+0},
    {0x1.8p+1, 0x1.7f7b4cb426ddcp+1},
    {0x1.4p+2, 0x1.3ffff9fd0d146p+2},
    {0x1p+3, 0x1.ffffffffffffap+2},
    {0x1.1p+3, 0x1.1p+3},
    {0x1.4p+3, 0x1.4p+3},
};

START_TEST(gelu_is_right_to_an_ulp_of_f64) {
  for (size_t i = 0; i < ts_countof(gelu_points); i++)
    ck_assert_msg(ulps64(ts_gelu(gelu_points[i].x), gelu_points[i].gelu) <= 1,
                  "gelu(%a) = %a, not %a", gelu_points[i].x, ts_gelu(gelu_points[i].x),
                  gelu_points[i].gelu);
}
END_TEST

static double f64(ts_scalar op, double a, double b) { return ts_eval_float(op, TS_F64, a, b, 0); }

static bool is_minus_zero(double x) { return x == 0 && signbit(x); }

START_TEST(activations_have_their_limits) {
  ck_assert(is_minus_zero(ts_gelu(-INFINITY)) && is_minus_zero(ts_gelu(-1e300)));
  ck_assert(is_minus_zero(ts_gelu(-40)) && is_minus_zero(ts_gelu(-0.0)));
  ck_assert(ts_gelu(INFINITY) == INFINITY && ts_gelu(1e300) == 1e300 && isnan(ts_gelu(NAN)));
  ck_assert(ts_round_to(TS_F32, ts_gelu(-14)) < 0 &&
            is_minus_zero(ts_round_to(TS_F32, ts_gelu(-15))));
  ck_assert(is_minus_zero(ts_gelu_tanh(-INFINITY)) && ts_gelu_tanh(1e300) == 1e300);
  ck_assert(is_minus_zero(ts_gelu_tanh(-1e300)) && isnan(ts_gelu_tanh(NAN)));
  ck_assert(ts_sigmoid(-INFINITY) == 0 && ts_sigmoid(INFINITY) == 1 && ts_sigmoid(0) == 0.5);
  ck_assert(ts_sigmoid(-1e308) == 0 && ts_sigmoid(-740) > 0);
  ck_assert(is_minus_zero(ts_silu(-INFINITY)) && is_minus_zero(ts_silu(-1e308)));
  ck_assert(ts_silu(INFINITY) == INFINITY && isnan(ts_silu(NAN)));
  ck_assert(isnan(f64(TS_SCALAR_RELU, NAN, 0)) && f64(TS_SCALAR_RELU, -1, 0) == 0 &&
            f64(TS_SCALAR_RELU, 2, 0) == 2);
}
END_TEST

START_TEST(max_and_min_know_nan_and_zeros) {
  ck_assert(isnan(f64(TS_SCALAR_MAX, NAN, 1)) && isnan(f64(TS_SCALAR_MAX, 1, NAN)) &&
            isnan(f64(TS_SCALAR_MIN, NAN, -INFINITY)));
  ck_assert(!signbit(f64(TS_SCALAR_MAX, -0.0, 0.0)) && !signbit(f64(TS_SCALAR_MAX, 0.0, -0.0)));
  ck_assert(signbit(f64(TS_SCALAR_MIN, -0.0, 0.0)) && signbit(f64(TS_SCALAR_MIN, 0.0, -0.0)));
}
END_TEST

static int64_t int_op(ts_scalar op, ts_dtype type, int64_t a, int64_t b) {
  int64_t r = -99;
  ck_assert(ts_eval_int(op, type, a, b, &r));
  return r;
}

START_TEST(integers_wrap) {
  int64_t r;
  ck_assert_int_eq(int_op(TS_SCALAR_ADD, TS_I8, 127, 1), -128);
  ck_assert_int_eq(int_op(TS_SCALAR_ADD, TS_I64, INT64_MAX, 1), INT64_MIN);
  ck_assert_int_eq(int_op(TS_SCALAR_MUL, TS_I32, 65536, 65536), 0);
  ck_assert_int_eq(int_op(TS_SCALAR_DIV, TS_I8, -128, -1), -128);
  ck_assert_int_eq(int_op(TS_SCALAR_DIV, TS_I64, INT64_MIN, -1), INT64_MIN);
  ck_assert_int_eq(int_op(TS_SCALAR_REM, TS_I64, INT64_MIN, -1), 0);
  ck_assert_int_eq(int_op(TS_SCALAR_DIV, TS_I32, -7, 2), -3);
  ck_assert_int_eq(int_op(TS_SCALAR_REM, TS_I32, -7, 2), -1);
  ck_assert_int_eq(int_op(TS_SCALAR_NEG, TS_I8, -128, 0), -128);
  ck_assert_int_eq(int_op(TS_SCALAR_ABS, TS_I64, INT64_MIN, 0), INT64_MIN);
  ck_assert_int_eq(int_op(TS_SCALAR_RELU, TS_I32, -5, 0), 0);
  ck_assert(!ts_eval_int(TS_SCALAR_DIV, TS_I32, 1, 0, &r) &&
            !ts_eval_int(TS_SCALAR_REM, TS_I32, 1, 0, &r));
}
END_TEST

START_TEST(floats_become_integers_saturated) {
  ck_assert_int_eq(ts_float_to_int(TS_I8, 1e9), 127);
  ck_assert_int_eq(ts_float_to_int(TS_I8, -128.9), -128);
  ck_assert_int_eq(ts_float_to_int(TS_I32, -2.9), -2);
  ck_assert_int_eq(ts_float_to_int(TS_I64, 0x1p63), INT64_MAX);
  ck_assert_int_eq(ts_float_to_int(TS_I64, -INFINITY), INT64_MIN);
  ck_assert_int_eq(ts_float_to_int(TS_I64, NAN), 0);
  ck_assert_int_eq(ts_float_to_int(TS_I1, 0.25), 1);
  ck_assert_int_eq(ts_quantize(2.5, 1, 0), 2);
  ck_assert_int_eq(ts_quantize(3.5, 1, -1), 3);
  ck_assert_int_eq(ts_quantize(1e30, 0.5, 3), 127);
  ck_assert_int_eq(ts_quantize(NAN, 1, 5), 5);
  ck_assert_int_eq(ts_quantize(-INFINITY, 1, 5), -128);
  ck_assert_int_eq(ts_quantize(1, 5e-324, 5), 127);
}
END_TEST

UNIT_MAIN("math", narrow_types_round_to_nearest_even, narrow_types_read_their_bits,
          nan_payloads_survive, rounding_is_done_once, fma_rounds_once,
          gelu_is_right_to_an_ulp_of_f64, activations_have_their_limits,
          max_and_min_know_nan_and_zeros, integers_wrap, floats_become_integers_saturated)
