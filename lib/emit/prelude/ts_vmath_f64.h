/* Vector math for emitted C, f64: exp, log, the logistic functions, erf, tanh and both forms of gelu, without
 * tables; a few ULP off (docs/benchmarks.md), so that a result rounded to f32 is rounded right but for
 * near ties. What ts_vmath.h says of sections holds here. */
#ifndef TS_VMATH_F64_H
#define TS_VMATH_F64_H
#include "ts_vmath.h"

//@section ts_scale_f64x8 needs ts_builtin ts_f64x8
/* v * 2^n, v in [2^-60, 2^60], 0 or infinite, n in [-1090, 1024] given by the low bits of e = n +
 * 1.5 * 2^52: half of n first, which is exact; rounded once. */
TS_INLINE ts_f64x8 ts_scale_f64x8(ts_f64x8 v, ts_f64x8 e) {
  ts_f64x8 n = e - 0x1.8p52, half = n * 0.5 + 0x1.8p52 - 0x1.8p52;
  ts_i64x8 first = (ts_i64x8)(half + 0x1.80000000003ffp52) << 52;
  ts_i64x8 second = (ts_i64x8)(n - half + 0x1.80000000003ffp52) << 52;
  return v * (ts_f64x8)first * (ts_f64x8)second;
}

//@section ts_expm1_f64x8 needs ts_fma_f64x8
/* p = e^r - 1 for r = x + rest - n ln 2, with e = n + 1.5 * 2^52 and n = round(x / ln 2), for a
 * rest far below x; see ts_expm1_f32x16. */
TS_INLINE ts_f64x8 ts_expm1_f64x8(ts_f64x8 x, ts_f64x8 rest, ts_f64x8 *e) {
  ts_f64x8 zero = {0};
  *e = ts_fma_f64x8(x, zero + 0x1.71547652b82fep0, zero + 0x1.8p52);
  ts_f64x8 n = *e - 0x1.8p52;
  ts_f64x8 high = ts_fma_f64x8(n, zero - 0x1.62e42fefa39efp-1, x);
  ts_f64x8 low = ts_fma_f64x8(n, zero - 0x1.abc9e3b39803fp-56, rest);
  ts_f64x8 r = high + low;
  ts_f64x8 q = ts_fma_f64x8(zero + 0x1.ad93d987e26p-26, r, zero + 0x1.28ae5355082d3p-22);
  q = ts_fma_f64x8(q, r, zero + 0x1.71df1824d3cc8p-19);
  q = ts_fma_f64x8(q, r, zero + 0x1.a019990b58e7ap-16);
  q = ts_fma_f64x8(q, r, zero + 0x1.a01a01305f65p-13);
  q = ts_fma_f64x8(q, r, zero + 0x1.6c16c18491de6p-10);
  q = ts_fma_f64x8(q, r, zero + 0x1.1111111126a1fp-7);
  q = ts_fma_f64x8(q, r, zero + 0x1.5555555550667p-5);
  q = ts_fma_f64x8(q, r, zero + 0x1.55555555554fep-3);
  q = ts_fma_f64x8(q, r, zero + 0x1.000000000000ap-1);
  return high + ts_fma_f64x8(q, r * r, low);
}

//@section ts_exp_f64x8 needs ts_expm1_f64x8 ts_select_f64x8 ts_scale_f64x8
/* e^x = 2^n e^r; 0 below -745.2, half of the least denormal. */
TS_FUNCTION ts_f64x8 ts_exp_f64x8(ts_f64x8 x) {
  ts_f64x8 zero = {0}, e;
  ts_i64x8 none = x < -745.2;
  ts_f64x8 y = ts_expm1_f64x8(ts_select_f64x8(none, zero, x), zero, &e) + 1.0;
  y = ts_select_f64x8(none, zero, ts_scale_f64x8(y, e));
  return ts_select_f64x8(x <= 0x1.62e42fefa39efp9, y, x + __builtin_inf());
}

//@section ts_exp_f64 needs ts_exp_f64x8
TS_FUNCTION double ts_exp_f64(double x) { return ts_exp_f64x8((ts_f64x8){x})[0]; }

//@section ts_log_f64x8 needs ts_fma_f64x8 ts_select_f64x8
/* log(x) = k ln 2 + log(1 + f) for x = 2^k (1 + f) with 1 + f next to 1. With s = f / (2 + f),
 * log(1 + f) = 2 atanh(s) = f - s (f - s^2 P(s^2)), and f - s f = f - f^2/2 + s f^2/2. */
TS_FUNCTION ts_f64x8 ts_log_f64x8(ts_f64x8 x) {
  ts_f64x8 zero = {0};
  ts_i64x8 tiny = x < 0x1p-1022;
  ts_i64x8 offset = (ts_i64x8)((ts_u64x8)ts_select_f64x8(tiny, x * 0x1p54, x) - 0x3fe6a09e00000000);
  ts_f64x8 k = (ts_f64x8)((offset >> 52) + 0x4338000000000000) - 0x1.8p52;
  k = k - ts_select_f64x8(tiny, zero + 54.0, zero);
  ts_f64x8 f = (ts_f64x8)((offset & 0xfffffffffffff) + 0x3fe6a09e00000000) - 1.0;
  ts_f64x8 s = f / (f + 2.0), z = s * s, square = 0.5 * f * f;
  ts_f64x8 p = ts_fma_f64x8(zero + 0x1.0f6775c2d73a7p-3, z, zero + 0x1.0f5c4cfbec8c5p-3);
  p = ts_fma_f64x8(p, z, zero + 0x1.3b20b118028b6p-3);
  p = ts_fma_f64x8(p, z, zero + 0x1.745cde14edb2ep-3);
  p = ts_fma_f64x8(p, z, zero + 0x1.c71c725967c3dp-3);
  p = ts_fma_f64x8(p, z, zero + 0x1.249249242ae5p-2);
  p = ts_fma_f64x8(p, z, zero + 0x1.9999999999e04p-2);
  p = ts_fma_f64x8(p, z, zero + 0x1.5555555555555p-1);
  ts_f64x8 low = ts_fma_f64x8(s, ts_fma_f64x8(p, z, square), k * 0x1.abc9e3b39803fp-56);
  ts_f64x8 y = ts_fma_f64x8(k, zero + 0x1.62e42fefa39efp-1, f - (square - low));
  ts_f64x8 bad = ts_select_f64x8(x == 0.0, zero - __builtin_inf(), zero + __builtin_nan(""));
  y = ts_select_f64x8(x < __builtin_inf(), y, x);
  return ts_select_f64x8(x > 0.0, y, bad);
}

//@section ts_log_f64 needs ts_log_f64x8
TS_FUNCTION double ts_log_f64(double x) { return ts_log_f64x8((ts_f64x8){x})[0]; }

//@section ts_tanh_f64x8 needs ts_expm1_f64x8 ts_select_f64x8
/* tanh(t) = m / (m + 2) for m = e^(2t) - 1 = (2^n - 1) + 2^n p; from 22 on it rounds to 1. */
TS_FUNCTION ts_f64x8 ts_tanh_f64x8(ts_f64x8 x) {
  ts_f64x8 zero = {0}, e;
  ts_f64x8 t = (ts_f64x8)((ts_i64x8)x & 0x7fffffffffffffff);
  t = ts_select_f64x8(t > 22.0, zero + 22.0, t);
  ts_f64x8 p = ts_expm1_f64x8(t + t, zero, &e);
  ts_f64x8 power = (ts_f64x8)((ts_i64x8)(e + 1023.0) << 52);
  ts_f64x8 m = ts_fma_f64x8(power, p, power - 1.0), y = m / (m + 2.0);
  y = (ts_f64x8)((ts_i64x8)y | ((ts_i64x8)x & ~0x7fffffffffffffff));
  return ts_select_f64x8(x == x, y, x);
}

//@section ts_tanh_f64 needs ts_tanh_f64x8
TS_FUNCTION double ts_tanh_f64(double x) { return ts_tanh_f64x8((ts_f64x8){x})[0]; }

//@section ts_logistic_f64x8 needs ts_expm1_f64x8 ts_select_f64x8 ts_scale_f64x8
/* factor / (1 + e^-y) for |y| = t + rest, the rest far below t and t at most 752: for y < 0 it is
 * factor e^y / (1 + e^y), in which e^y = 2^n (1 + p) and the factor 2^n comes last. The sum
 * 1 + e^-|y| = (1 + 2^n) + 2^n p. */
TS_INLINE ts_f64x8 ts_logistic_f64x8(ts_i64x8 negative, ts_f64x8 t, ts_f64x8 rest,
                                     ts_f64x8 factor) {
  ts_f64x8 zero = {0}, e;
  ts_f64x8 p = ts_expm1_f64x8(-t, -rest, &e);
  ts_f64x8 n = ts_select_f64x8(e < 0x1.8p52 - 1000.0, zero - 1000.0, e - 0x1.8p52);
  ts_f64x8 power = (ts_f64x8)((ts_i64x8)(n + 0x1.80000000003ffp52) << 52);
  ts_f64x8 sum = ts_fma_f64x8(power, p, power + 1.0);
  ts_f64x8 top = ts_select_f64x8(negative, ts_fma_f64x8(factor, p, factor), factor);
  return ts_scale_f64x8(top / sum, ts_select_f64x8(negative, e, zero + 0x1.8p52));
}

//@section ts_sigmoid_f64x8 needs ts_logistic_f64x8
/* 1 / (1 + e^-x); 0 below -745.2. */
TS_FUNCTION ts_f64x8 ts_sigmoid_f64x8(ts_f64x8 x) {
  ts_f64x8 zero = {0}, t = (ts_f64x8)((ts_i64x8)x & 0x7fffffffffffffff);
  ts_i64x8 none = x < -745.2;
  t = ts_select_f64x8(t > 745.2, zero, t);
  ts_f64x8 factor = ts_select_f64x8(none, zero, zero + 1.0);
  ts_f64x8 y = ts_logistic_f64x8(x < 0.0, t, zero, factor);
  y = ts_select_f64x8(x > 745.2, zero + 1.0, y);
  return ts_select_f64x8(x == x, y, x);
}

//@section ts_sigmoid_f64 needs ts_sigmoid_f64x8
TS_FUNCTION double ts_sigmoid_f64(double x) { return ts_sigmoid_f64x8((ts_f64x8){x})[0]; }

//@section ts_silu_f64x8 needs ts_logistic_f64x8
/* x / (1 + e^-x), its sign put back at the end; -0 below -752, x above 752. */
TS_FUNCTION ts_f64x8 ts_silu_f64x8(ts_f64x8 x) {
  ts_f64x8 zero = {0}, size = (ts_f64x8)((ts_i64x8)x & 0x7fffffffffffffff);
  ts_f64x8 t = ts_select_f64x8(size > 752.0, zero, size);
  ts_f64x8 y = ts_logistic_f64x8(x < 0.0, t, zero, t);
  y = (ts_f64x8)((ts_i64x8)y | ((ts_i64x8)x & ~0x7fffffffffffffff));
  return ts_select_f64x8(x > 752.0, x, y);
}

//@section ts_silu_f64 needs ts_silu_f64x8
TS_FUNCTION double ts_silu_f64(double x) { return ts_silu_f64x8((ts_f64x8){x})[0]; }

//@section ts_gelu_tanh_f64x8 needs ts_logistic_f64x8
/* x / (1 + e^-2u), 2u = |x| (k + 0.044715 k x^2), k = sqrt(8 / pi), in two parts: each product and
 * sum with what its rounding lost (Dekker 1971, Knuth's sum). -0 below -21.6, x above 21.6. */
TS_FUNCTION ts_f64x8 ts_gelu_tanh_f64x8(ts_f64x8 x) {
  ts_f64x8 zero = {0}, size = (ts_f64x8)((ts_i64x8)x & 0x7fffffffffffffff);
  ts_f64x8 t = ts_select_f64x8(size > 21.6, zero, size);
  ts_f64x8 square = t * t, square_low = ts_fma_f64x8(t, t, -square);
  ts_f64x8 k = zero + 0x1.2444f2a4d8b4bp-4, k_low = zero - 0x1.6c843a29d1c7p-61;
  ts_f64x8 cubic = square * k, cubic_low = ts_fma_f64x8(square, k, -cubic);
  cubic_low = cubic_low + ts_fma_f64x8(square_low, k, square * k_low);
  ts_f64x8 sum = cubic + 0x1.9884533d43651p0, back = sum - cubic;
  ts_f64x8 sum_low = (cubic - (sum - back)) + (0x1.9884533d43651p0 - back);
  sum_low = sum_low + (cubic_low - 0x1.cbc0d30ebfd15p-54);
  ts_f64x8 u = t * sum, u_low = ts_fma_f64x8(t, sum, -u) + t * sum_low;
  ts_f64x8 y = ts_logistic_f64x8(x < 0.0, u, u_low, t);
  y = (ts_f64x8)((ts_i64x8)y | ((ts_i64x8)x & ~0x7fffffffffffffff));
  return ts_select_f64x8(x > 21.6, x, y);
}

//@section ts_gelu_tanh_f64 needs ts_gelu_tanh_f64x8
TS_FUNCTION double ts_gelu_tanh_f64(double x) { return ts_gelu_tanh_f64x8((ts_f64x8){x})[0]; }

//@section ts_erfcx_f64x8 needs ts_fma_f64x8
/* e^(a^2) erfc(a) for a >= 0: (1 + w P(w - 1)) / (1 + 2a), w = 2a / (a + 4) (after Shepherd &
 * Laframboise 1981). Made by lib/emit/prelude/fit.py. */
TS_INLINE ts_f64x8 ts_erfcx_f64x8(ts_f64x8 a) {
  ts_f64x8 zero = {0}, w = (a + a) / (a + 4.0), q = w - 1.0;
  ts_f64x8 p = ts_fma_f64x8(zero - 0x1.deccdd1a2917ep-30, q, zero - 0x1.9286027e16f25p-27);
  p = ts_fma_f64x8(p, q, zero + 0x1.0ecb3ee64b6bep-28);
  p = ts_fma_f64x8(p, q, zero + 0x1.dbea36d5de38dp-24);
  p = ts_fma_f64x8(p, q, zero - 0x1.9f06556fd79abp-25);
  p = ts_fma_f64x8(p, q, zero - 0x1.a60cd02a7ea2cp-21);
  p = ts_fma_f64x8(p, q, zero + 0x1.2408a7f420c35p-20);
  p = ts_fma_f64x8(p, q, zero + 0x1.36ae3ea0a19b5p-18);
  p = ts_fma_f64x8(p, q, zero - 0x1.09ff3254f13a9p-16);
  p = ts_fma_f64x8(p, q, zero - 0x1.1ed5995362081p-17);
  p = ts_fma_f64x8(p, q, zero + 0x1.4dce23fb972fep-13);
  p = ts_fma_f64x8(p, q, zero - 0x1.77d65380aa129p-12);
  p = ts_fma_f64x8(p, q, zero - 0x1.a2beeb34180a9p-12);
  p = ts_fma_f64x8(p, q, zero + 0x1.63f26044d2e48p-8);
  p = ts_fma_f64x8(p, q, zero - 0x1.625ed0927281fp-6);
  p = ts_fma_f64x8(p, q, zero + 0x1.e1a956432f71dp-5);
  p = ts_fma_f64x8(p, q, zero - 0x1.00428c8ff5dd1p-3);
  p = ts_fma_f64x8(p, q, zero + 0x1.c0398cb6f14f1p-3);
  p = ts_fma_f64x8(p, q, zero - 0x1.47938f4c72dffp-2);
  p = ts_fma_f64x8(p, q, zero + 0x1.8d4ecb405c607p-2);
  p = ts_fma_f64x8(p, q, zero - 0x1.7d8f1c4524749p-2);
  p = ts_fma_f64x8(p, q, zero + 0x1.dd2c8b74febf6p-3);
  return ts_fma_f64x8(p, w, zero + 1.0) / (a + a + 1.0);
}

//@section ts_gelu_f64x8 needs ts_erfcx_f64x8 ts_expm1_f64x8 ts_select_f64x8 ts_scale_f64x8
/* gelu(x) = max(x, 0) - t erfc(t / sqrt 2) / 2 for t = |x|, where erfc(a) = e^(-a^2) erfcx(a) and
 * the square has two parts. From 38.6 on the second term is below half of the least denormal. */
TS_FUNCTION ts_f64x8 ts_gelu_f64x8(ts_f64x8 x) {
  ts_f64x8 zero = {0}, e, t = (ts_f64x8)((ts_i64x8)x & 0x7fffffffffffffff);
  t = ts_select_f64x8(t < 38.6, t, zero);
  ts_f64x8 half = 0.5 * t, square = half * t;
  ts_f64x8 p = ts_expm1_f64x8(-square, -ts_fma_f64x8(half, t, -square), &e);
  ts_f64x8 tail = half * ts_erfcx_f64x8(t * 0x1.6a09e667f3bcdp-1);
  tail = ts_scale_f64x8(ts_fma_f64x8(tail, p, tail), e);
  return ts_select_f64x8(x < 0.0, -zero, x) - tail;
}

//@section ts_gelu_f64 needs ts_gelu_f64x8
TS_FUNCTION double ts_gelu_f64(double x) { return ts_gelu_f64x8((ts_f64x8){x})[0]; }

//@section ts_gelu_brief_f64x8 needs ts_fma_f64x8 ts_select_f64x8
/* gelu for results that are then rounded to f32, or to less: 2^-32 of the result off at most, -0 or
 * below half of f32's least denormal from -15 on. With q = (t - 5) / (t + 5), erfc(t / sqrt 2) / 2 is
 * e^(-t^2 / 2) P(q) / (t + 5). The polynomials are made by lib/emit/prelude/fit.py. */
TS_FUNCTION ts_f64x8 ts_gelu_brief_f64x8(ts_f64x8 x) {
  ts_f64x8 zero = {0}, t = (ts_f64x8)((ts_i64x8)x & 0x7fffffffffffffff);
  t = ts_select_f64x8(t < 15.0, t, zero + 15.0);
  ts_f64x8 z = 1.0 / (t + 5.0), q = ts_fma_f64x8(z, zero - 10.0, zero + 1.0);
  ts_f64x8 s = ts_fma_f64x8(zero - 0x1.d01e6bd8ab785p-15, q, zero - 0x1.6c1ae57b4947cp-15);
  s = ts_fma_f64x8(s, q, zero + 0x1.22cb794b0518fp-11);
  s = ts_fma_f64x8(s, q, zero - 0x1.a532af88d3f43p-11);
  s = ts_fma_f64x8(s, q, zero - 0x1.88e72cce8122fp-9);
  s = ts_fma_f64x8(s, q, zero + 0x1.54b85de318ca2p-6);
  s = ts_fma_f64x8(s, q, zero - 0x1.1b1b5cd2311d3p-4);
  s = ts_fma_f64x8(s, q, zero + 0x1.51f62a3728d3dp-3);
  s = ts_fma_f64x8(s, q, zero - 0x1.410ed97d18426p-2);
  s = ts_fma_f64x8(s, q, zero + 0x1.fb31655f20adp-2);
  s = ts_fma_f64x8(s, q, zero - 0x1.54ad03e9d4a28p-1);
  s = ts_fma_f64x8(s, q, zero + 0x1.89d3abe1d0a58p-1);
  ts_f64x8 half = -0.5 * t * t, e = ts_fma_f64x8(half, zero + 0x1.71547652b82fep0, zero + 0x1.8p52);
  ts_f64x8 r = ts_fma_f64x8(e - 0x1.8p52, zero - 0x1.62e42fefa39efp-1, half);
  ts_f64x8 p = ts_fma_f64x8(zero + 0x1.a1d700e0bc73cp-13, r, zero + 0x1.6da86f534c3e6p-10);
  p = ts_fma_f64x8(p, r, zero + 0x1.11105b46c9791p-7);
  p = ts_fma_f64x8(p, r, zero + 0x1.5554634a48c3cp-5);
  p = ts_fma_f64x8(p, r, zero + 0x1.555555c65b01fp-3);
  p = ts_fma_f64x8(p, r, zero + 0x1.0000005d505cdp-1);
  p = ts_fma_f64x8(p, r, zero + 0x1.ffffffffb1089p-1);
  p = ts_fma_f64x8(p, r, zero + 0x1.ffffffffa6138p-1);
  p = (ts_f64x8)((ts_u64x8)p + ((ts_u64x8)e << 52));
  return ts_fma_f64x8(-t * z * s, p, ts_select_f64x8(x < 0.0, -zero, x));
}

//@section ts_gelu_brief_f64 needs ts_gelu_brief_f64x8
TS_FUNCTION double ts_gelu_brief_f64(double x) { return ts_gelu_brief_f64x8((ts_f64x8){x})[0]; }

//@section ts_erf_f64x8 needs ts_erfcx_f64x8 ts_expm1_f64x8 ts_select_f64x8
/* x + x P(x^2) up to 0.75, from there on 1 - e^(-x^2) erfcx(x), which rounds to 1 at 6. */
TS_FUNCTION ts_f64x8 ts_erf_f64x8(ts_f64x8 x) {
  ts_f64x8 zero = {0}, e, t = (ts_f64x8)((ts_i64x8)x & 0x7fffffffffffffff);
  t = ts_select_f64x8(t > 6.0, zero + 6.0, t);
  ts_f64x8 z = t * t;
  ts_f64x8 p = ts_fma_f64x8(zero + 0x1.88f63f86b33ebp-27, z, zero - 0x1.561ac62992585p-23);
  p = ts_fma_f64x8(p, z, zero + 0x1.b9075725eeb41p-20);
  p = ts_fma_f64x8(p, z, zero - 0x1.f4c5498797e86p-17);
  p = ts_fma_f64x8(p, z, zero + 0x1.f9a2a8a0bba2bp-14);
  p = ts_fma_f64x8(p, z, zero - 0x1.c02db0ee23721p-11);
  p = ts_fma_f64x8(p, z, zero + 0x1.565bcd027d12bp-8);
  p = ts_fma_f64x8(p, z, zero - 0x1.b82ce31252a05p-6);
  p = ts_fma_f64x8(p, z, zero + 0x1.ce2f21a042406p-4);
  p = ts_fma_f64x8(p, z, zero - 0x1.812746b0379ep-2);
  p = ts_fma_f64x8(p, z, zero + 0x1.06eba8214db69p-3);
  ts_f64x8 r = ts_expm1_f64x8(-z, -ts_fma_f64x8(t, t, -z), &e);
  ts_f64x8 power = (ts_f64x8)((ts_i64x8)(e + 1023.0) << 52);
  ts_f64x8 tail = power * ts_erfcx_f64x8(t);
  tail = 1.0 - ts_fma_f64x8(tail, r, tail);
  ts_f64x8 y = ts_select_f64x8(t < 0.75, ts_fma_f64x8(p, t, t), tail);
  y = (ts_f64x8)((ts_i64x8)y | ((ts_i64x8)x & ~0x7fffffffffffffff));
  return ts_select_f64x8(x == x, y, x);
}

//@section ts_erf_f64 needs ts_erf_f64x8
TS_FUNCTION double ts_erf_f64(double x) { return ts_erf_f64x8((ts_f64x8){x})[0]; }

//@end
#endif
