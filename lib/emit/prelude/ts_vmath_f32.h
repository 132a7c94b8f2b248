/* Vector math for emitted C, f32: exp, log, the logistic functions, erf, tanh and both forms of gelu. At most
 * 2 ULP off over all floats (docs/benchmarks.md), with the same bits on every machine that has an fma. What
 * ts_vmath.h says of sections holds here. */
#ifndef TS_VMATH_F32_H
#define TS_VMATH_F32_H
#include "ts_vmath.h"

//@section ts_from_doubled_f32x16 needs ts_fma_f32x16 ts_max_f32x16
/* v * 2^-65, v positive and normal, rounded once, denormals included, without a denormal in a float
 * operation. Where the result is normal its bits are those of v less 65 in the exponent. Below,
 * they count multiples of 2^-149, as the low bits of v / 2 + 2^-62 do. Of the two the greater is
 * right. */
TS_INLINE ts_f32x16 ts_from_doubled_f32x16(ts_f32x16 v) {
  ts_f32x16 zero = {0};
  ts_f32x16 sum = ts_fma_f32x16(v, zero + 0.5f, zero + 0x1p-62f);
  return (ts_f32x16)((ts_u32x16)ts_max_f32x16(v, sum) - (65u << 23));
}

//@section ts_scale_f32x16 needs ts_max_i32x16 ts_min_i32x16
/* v * 2^n, v in [2^-32, 2^32] or from 1 up to infinity with n = 0, n in [-160, 128] given by the
 * low bits of e = n + 1.5 * 2^23: rounded once, denormals included, without a denormal in a float
 * operation. Where the result is normal its bits are v's with n in the exponent. Below, they count
 * multiples of 2^-149, as the low bits of v * 2^(n + 149) + 2^23 do. Of the two the greater is
 * right. */
TS_INLINE ts_f32x16 ts_scale_f32x16(ts_f32x16 v, ts_f32x16 e) {
  ts_i32x16 zero = {0};
  ts_i32x16 bits = (ts_i32x16)((ts_u32x16)v + ((ts_u32x16)e << 23));
  ts_i32x16 count = ts_min_i32x16(bits, zero + (100 << 23)) + (149 << 23);
  count = (ts_i32x16)((ts_u32x16)((ts_f32x16)count + 0x1p23f) - (150u << 23));
  return (ts_f32x16)ts_max_i32x16(bits, count);
}

//@section ts_expm1_f32x16 needs ts_fma_f32x16
/* p = e^r - 1 for r = x - n ln 2, with e = n + 1.5 * 2^23 and n = round(x / ln 2). The first step
 * of the subtraction is exact (Cody & Waite 1980), and what the second one adds is kept apart. The
 * polynomial is made by lib/emit/prelude/fit.py, like those below. */
TS_INLINE ts_f32x16 ts_expm1_f32x16(ts_f32x16 x, ts_f32x16 *e) {
  ts_f32x16 zero = {0};
  *e = ts_fma_f32x16(x, zero + 0x1.715476p0f, zero + 0x1.8p23f);
  ts_f32x16 n = *e - 0x1.8p23f;
  ts_f32x16 high = ts_fma_f32x16(n, zero - 0x1.62e43p-1f, x), low = n * 0x1.05c61p-29f;
  ts_f32x16 r = high + low;
  ts_f32x16 q = ts_fma_f32x16(zero + 0x1.6a6654p-10f, r, zero + 0x1.123af2p-7f);
  q = ts_fma_f32x16(q, r, zero + 0x1.55589ap-5f);
  q = ts_fma_f32x16(q, r, zero + 0x1.55549p-3f);
  q = ts_fma_f32x16(q, r, zero + 0x1.fffffcp-2f);
  return high + ts_fma_f32x16(q, r * r, low);
}

//@section ts_exp_f32x16 needs ts_expm1_f32x16 ts_select_f32x16 ts_max_f32x16 ts_scale_f32x16
/* e^x = 2^n e^r. Below -105 it is less than half of the least denormal. */
TS_FUNCTION ts_f32x16 ts_exp_f32x16(ts_f32x16 x) {
  ts_f32x16 zero = {0}, e;
  ts_f32x16 p = ts_expm1_f32x16(ts_max_f32x16(zero - 105.0f, x), &e);
  return ts_select_f32x16(x <= 0x1.62e42ep6f, ts_scale_f32x16(p + 1.0f, e), x + __builtin_inff());
}

//@section ts_exp_f32 needs ts_exp_f32x16
TS_FUNCTION float ts_exp_f32(float x) { return ts_exp_f32x16((ts_f32x16){x})[0]; }

//@section ts_logistic_f32x16 needs ts_expm1_f32x16 ts_select_f32x16 ts_min_abs_f32x16
/* 1 / (1 + e^-x) = 2^n (q + q w), w small and n 0 or below, in the low bits of e. For x < 0 it is
 * e^x / (1 + e^x) with e^x = 2^n (1 + p). The sum 1 + e^-|x| = (1 + 2^n) + 2^n p is held in two
 * parts, and what its reciprocal q lacks goes into w. */
TS_INLINE ts_f32x16 ts_logistic_f32x16(ts_f32x16 x, ts_f32x16 *w, ts_f32x16 *e) {
  ts_f32x16 zero = {0};
  ts_f32x16 p = ts_expm1_f32x16(-ts_min_abs_f32x16(x, zero + 110.0f), e);
  ts_f32x16 n = ts_select_f32x16(*e < 0x1.8p23f - 100.0f, zero - 100.0f, *e - 0x1.8p23f);
  ts_f32x16 power = (ts_f32x16)((ts_i32x16)(n + 0x1.8000fep23f) << 23);
  ts_f32x16 sum = ts_fma_f32x16(power, p, power + 1.0f);
  ts_f32x16 low = ts_fma_f32x16(power, p, power + 1.0f - sum);
  ts_f32x16 q = 1.0f / sum;
  ts_f32x16 rest = ts_fma_f32x16(-q, low, ts_fma_f32x16(-q, sum, zero + 1.0f));
  p = ts_select_f32x16(x < 0.0f, p, zero);
  *w = p + ts_fma_f32x16(p, rest, rest);
  *e = ts_select_f32x16(x < 0.0f, *e, zero + 0x1.8p23f);
  return q;
}

//@section ts_sigmoid_f32x16 needs ts_logistic_f32x16 ts_scale_f32x16
TS_FUNCTION ts_f32x16 ts_sigmoid_f32x16(ts_f32x16 x) {
  ts_f32x16 w, e, q = ts_logistic_f32x16(x, &w, &e);
  return ts_select_f32x16(x == x, ts_scale_f32x16(ts_fma_f32x16(q, w, q), e), x);
}

//@section ts_sigmoid_f32 needs ts_sigmoid_f32x16
TS_FUNCTION float ts_sigmoid_f32(float x) { return ts_sigmoid_f32x16((ts_f32x16){x})[0]; }

//@section ts_silu_f32x16 needs ts_logistic_f32x16 ts_scale_f32x16
/* silu(x) = x / (1 + e^-x): |x| q (1 + w) with the product |x| q in two parts, then the sign. Below
 * 2^-30 it is x / 2; the comparison lets a NaN through. */
TS_FUNCTION ts_f32x16 ts_silu_f32x16(ts_f32x16 x) {
  ts_f32x16 w, e, q = ts_logistic_f32x16(x, &w, &e), zero = {0};
  ts_f32x16 size = (ts_f32x16)((ts_i32x16)x & 0x7fffffff);
  ts_f32x16 factor = ts_select_f32x16(x < -110.0f, zero + 110.0f, size);
  ts_f32x16 high = factor * q, low = ts_fma_f32x16(factor, q, -high);
  ts_f32x16 y = ts_scale_f32x16(high + ts_fma_f32x16(high, w, low), e);
  y = (ts_f32x16)((ts_i32x16)y | ((ts_i32x16)x & ~0x7fffffff));
  y = ts_select_f32x16(x < __builtin_inff(), y, x);
  return ts_select_f32x16(size > 0x1p-30f, y, x * 0.5f);
}

//@section ts_silu_f32 needs ts_silu_f32x16
TS_FUNCTION float ts_silu_f32(float x) { return ts_silu_f32x16((ts_f32x16){x})[0]; }

//@section ts_log_table
/* c and -log(c) for c near 1 / m in 32 intervals of m, with c such that -log(c) is a multiple of
 * 2^-16 to 2^-30 (Gal 1986). Made by lib/emit/prelude/fit.py. */
static const float ts_log_table[2][32] __attribute__((aligned(64))) = {
    {0x1.69484ap0f,  0x1.6344dcp0f,  0x1.5a5b54p0f,  0x1.536b56p0f,  0x1.4d53b6p0f,  0x1.44e7dcp0f,
     0x1.3edc1ap0f,  0x1.39973cp0f,  0x1.338c8p0f,   0x1.2e26p0f,    0x1.285aa6p0f,  0x1.246d98p0f,
     0x1.1e1064p0f,  0x1.18de92p0f,  0x1.147d58p0f,  0x1.10681ap0f,  0x1.0b1f1cp0f,  0x1.084896p0f,
     0x1p0f,         0x1p0f,         0x1.ec00a8p-1f, 0x1.de113ep-1f, 0x1.d13e48p-1f, 0x1.c2e6d8p-1f,
     0x1.b882a8p-1f, 0x1.acd31ap-1f, 0x1.a1677ep-1f, 0x1.962b98p-1f, 0x1.8d70a4p-1f, 0x1.82e412p-1f,
     0x1.7ba99ep-1f, 0x1.72208ap-1f},
    {-0x1.60cp-2f, -0x1.4f9p-2f, -0x1.358cp-2f, -0x1.20d4p-2f, -0x1.0e48p-2f, -0x1.e828p-3f,
     -0x1.c1bp-3f, -0x1.9f9p-3f, -0x1.77b8p-3f, -0x1.537p-3f,  -0x1.2bc8p-3f, -0x1.1078p-3f,
     -0x1.c6dp-4f, -0x1.7bcp-4f, -0x1.3b6p-4f,  -0x1.fcep-5f,  -0x1.5c6p-5f,  -0x1.04ep-5f,
     0x0p0f,       0x0p0f,       0x1.466p-5f,   0x1.18ep-4f,   0x1.884p-4f,   0x1.044p-3f,
     0x1.34p-3f,   0x1.6b1p-3f,  0x1.a258p-3f,  0x1.da38p-3f,  0x1.035cp-2f,  0x1.1ee8p-2f,
     0x1.3238p-2f, 0x1.4c44p-2f},
};

//@section ts_log_f32x16 needs ts_log_table ts_fma_f32x16 ts_select_f32x16 ts_lookup_f32x16
/* log(x) = k ln 2 - log(c) + log(1 + r) for x = 2^k m, m in [0.699, 1.398), r = m c - 1 (Tang
 * 1990). k times the first 16 bits of ln 2 and the table's -log(c) add exactly. Next to 1, c = 1.
 * */
TS_FUNCTION ts_f32x16 ts_log_f32x16(ts_f32x16 x) {
  ts_f32x16 zero = {0};
  ts_i32x16 tiny = x < 0x1p-126f;
  ts_i32x16 offset = (ts_i32x16)((ts_u32x16)ts_select_f32x16(tiny, x * 0x1p23f, x) - 0x3f330000);
  ts_f32x16 k = __builtin_convertvector(offset >> 23, ts_f32x16);
  k = k - ts_select_f32x16(tiny, zero + 23.0f, zero);
  ts_f32x16 m = (ts_f32x16)((offset & 0x7fffff) + 0x3f330000);
  ts_i32x16 i = offset >> 18;
  ts_f32x16 r = ts_fma_f32x16(m, ts_lookup_f32x16(ts_log_table[0], i), zero - 1.0f);
  ts_f32x16 high = ts_fma_f32x16(k, zero + 0x1.62e4p-1f, ts_lookup_f32x16(ts_log_table[1], i));
  ts_f32x16 q = ts_fma_f32x16(zero + 0.2f, r, zero - 0.25f);
  q = ts_fma_f32x16(q, r, zero + 0x1.555556p-2f);
  q = ts_fma_f32x16(q, r, zero - 0.5f);
  ts_f32x16 low = ts_fma_f32x16(q, r * r, k * 0x1.7f7d1cp-20f);
  ts_f32x16 bad = ts_select_f32x16(x == 0.0f, zero - __builtin_inff(), zero + __builtin_nanf(""));
  ts_f32x16 y = ts_select_f32x16(x < __builtin_inff(), high + (r + low), x);
  return ts_select_f32x16(x > 0.0f, y, bad);
}

//@section ts_log_f32 needs ts_log_f32x16
TS_FUNCTION float ts_log_f32(float x) { return ts_log_f32x16((ts_f32x16){x})[0]; }

//@section ts_gelu_far_table
/* tail(t) = t erfc(t / sqrt 2) / 2 around the centers of 32 intervals of t from 6.4 on, times 2^64:
 * 2^(slope d) (c0 + c1 d + … + c5 d^5) for d = t - center; the rows are center, slope, c0 … c5. The
 * slope is the logarithm's derivative, which leaves a nearly flat sum; the centers are chosen such
 * that c0 needs no rounding (Gal 1986). Made by lib/emit/prelude/fit.py. */
static const float ts_gelu_far_table[8][32] __attribute__((aligned(64))) = {
    {0x1.06274cp3f, 0x1.0e55fep3f, 0x1.1687cap3f, 0x1.1eb7b4p3f, 0x1.26ec48p3f, 0x1.2f1a38p3f,
     0x1.374e7ap3f, 0x1.3f7d48p3f, 0x1.47ac2cp3f, 0x1.4fdf96p3f, 0x1.580b78p3f, 0x1.603fbep3f,
     0x1.686c88p3f, 0x1.70a45ap3f, 0x1.78d13p3f,  0x1.81060ep3f, 0x1.8931aep3f, 0x1.916ee8p3f,
     0x1.999c7cp3f, 0x1.a1cc88p3f, 0x1.a9fc1ap3f, 0x1.b22cf2p3f, 0x1.ba5d2ep3f, 0x1.c2920ep3f,
     0x1.cabf42p3f, 0x1.999d52p2f, 0x1.a9fb8cp2f, 0x1.ba5e1ep2f, 0x1.cac2ecp2f, 0x1.db2788p2f,
     0x1.eb8644p2f, 0x1.fbe628p2f},
    {-0x1.700d0ap3f, -0x1.7bde6ep3f, -0x1.87b3fp3f,  -0x1.938668p3f, -0x1.9f5f54p3f, -0x1.ab2e6ap3f,
     -0x1.b7066ap3f, -0x1.c2d65ap3f, -0x1.cea63ep3f, -0x1.da7c86p3f, -0x1.e647ccp3f, -0x1.f21f1p3f,
     -0x1.fdeb6ep3f, -0x1.04e3cep4f, -0x1.0ac9fp4f,  -0x1.10b5d2p4f, -0x1.169bp4f,   -0x1.1c8cdap4f,
     -0x1.227362p4f, -0x1.285baap4f, -0x1.2e4396p4f, -0x1.342c68p4f, -0x1.3a14c4p4f, -0x1.400076p4f,
     -0x1.45e69ap4f, -0x1.1d28acp3f, -0x1.28ffb2p3f, -0x1.34d8bep3f, -0x1.40b278p3f, -0x1.4c8b4p3f,
     -0x1.585f1ep3f, -0x1.64333cp3f},
    {0x1.2e94e4p14f,  0x1.20a25cp11f,  0x1.0109bp8f,    0x1.ad998cp4f,   0x1.4e7af2p1f,
     0x1.eb6ecep-3f,  0x1.4fa412p-6f,  0x1.b0272cp-10f, 0x1.048fap-13f,  0x1.249a8ep-17f,
     0x1.36bf0ep-21f, 0x1.31b502p-25f, 0x1.1c85a8p-29f, 0x1.e880b2p-34f, 0x1.8ed596p-38f,
     0x1.2d780ep-42f, 0x1.b0af78p-47f, 0x1.1b2bc2p-51f, 0x1.6372dep-56f, 0x1.a0517cp-61f,
     0x1.c90f42p-66f, 0x1.d501fep-71f, 0x1.c334e4p-76f, 0x1.9355acp-81f, 0x1.5626e4p-86f,
     0x1.10f20cp33f,  0x1.9be852p30f,  0x1.228c4ep28f,  0x1.7f7402p25f,  0x1.d9e83p22f,
     0x1.12fa34p20f,  0x1.2ab274p17f},
    {-0x1.062abp12f,   -0x1.f42a5cp8f,   -0x1.bd69a8p5f,   -0x1.743836p2f,   -0x1.21ce04p-1f,
     -0x1.a9cb4ap-5f,  -0x1.22cf8p-8f,   -0x1.766e9p-12f,  -0x1.c384b8p-16f, -0x1.fb0b14p-20f,
     -0x1.0d3dbap-23f, -0x1.08e00ep-27f, -0x1.ed09e2p-32f, -0x1.a7419cp-36f, -0x1.599006p-40f,
     -0x1.0533ccp-44f, -0x1.76e48ep-49f, -0x1.eab252p-54f, -0x1.33f8dep-58f, -0x1.68b69ep-63f,
     -0x1.8c034cp-68f, -0x1.965d66p-73f, -0x1.86f10ep-78f, -0x1.5d7668p-83f, -0x1.2873a6p-88f,
     -0x1.d8faaap30f,  -0x1.64e41ep28f,  -0x1.f77b6ap25f,  -0x1.4c3c92p23f,  -0x1.9a9bfap20f,
     -0x1.dc7fbap17f,  -0x1.02cd32p15f},
    {-0x1.20be38p13f,  -0x1.13654ep10f,  -0x1.ea7052p6f,   -0x1.99cdfcp3f,   -0x1.3f0a06p0f,
     -0x1.d4b57ap-4f,  -0x1.401938p-7f,  -0x1.9c1dbap-11f, -0x1.f0eedap-15f, -0x1.170228p-18f,
     -0x1.284b9ap-22f, -0x1.237abp-26f,  -0x1.0f456p-30f,  -0x1.d1bcb4p-35f, -0x1.7c3cbep-39f,
     -0x1.1f67ap-43f,  -0x1.9c7d8ep-48f, -0x1.0df2e8p-52f, -0x1.52d876p-57f, -0x1.8cdd78p-62f,
     -0x1.b3b236p-67f, -0x1.bf146cp-72f, -0x1.ae1afep-77f, -0x1.8077ccp-82f, -0x1.4624ccp-87f,
     -0x1.04f44ep32f,  -0x1.89a538p29f,  -0x1.159176p27f,  -0x1.6e36a8p24f,  -0x1.c47c64p21f,
     -0x1.067dd4p19f,  -0x1.1d14ep16f},
    {0x1.029836p11f,  0x1.ed3c6ap7f,   0x1.b725fcp4f,   0x1.6eeb14p1f,   0x1.1da1e6p-2f,
     0x1.a399d6p-6f,  0x1.1e8d46p-9f,  0x1.70e924p-13f, 0x1.bcd25p-17f,  0x1.f37a5ep-21f,
     0x1.093512p-24f, 0x1.04e46cp-28f, 0x1.e5983p-33f,  0x1.a0d74ep-37f, 0x1.5450bp-41f,
     0x1.0139c2p-45f, 0x1.712aaep-50f, 0x1.e32f8ep-55f, 0x1.2f3f82p-59f, 0x1.632ba8p-64f,
     0x1.85ec4cp-69f, 0x1.901bfcp-74f, 0x1.80ea6ap-79f, 0x1.58112p-84f,  0x1.23dfa2p-89f,
     0x1.d43f56p29f,  0x1.6104c6p27f,  0x1.f1ac16p24f,  0x1.483644p22f,  0x1.9570bap19f,
     0x1.d6504p16f,   0x1.feb6ecp13f},
    {0x1.120638p11f,  0x1.055442p8f,   0x1.d15a6ap4f,   0x1.84d042p1f,   0x1.2eafa2p-2f,
     0x1.bca596p-6f,  0x1.2fa93ap-9f,  0x1.86ec48p-13f, 0x1.d75c52p-17f, 0x1.08a306p-20f,
     0x1.190522p-24f, 0x1.14740ep-28f, 0x1.014566p-32f, 0x1.b9b23ap-37f, 0x1.689b2ep-41f,
     0x1.10916p-45f,  0x1.872e9cp-50f, 0x1.fffdb4p-55f, 0x1.41531cp-59f, 0x1.7856acp-64f,
     0x1.9d26e4p-69f, 0x1.a7f34cp-74f, 0x1.97d978p-79f, 0x1.6c9074p-84f, 0x1.3541fp-89f,
     0x1.efe57ap29f,  0x1.75eddap27f,  0x1.079d3p25f,   0x1.5bbc4cp22f,  0x1.ad94e2p19f,
     0x1.f2555p16f,   0x1.0e96e6p14f},
    {-0x1.fa9306p8f,   -0x1.e4797cp5f,   -0x1.af32e2p2f,   -0x1.686d22p-1f,  -0x1.185b8ap-4f,
     -0x1.9b3ecap-8f,  -0x1.19670cp-11f, -0x1.6a8d74p-15f, -0x1.b585dcp-19f, -0x1.ea4caap-23f,
     -0x1.04ec14p-26f, -0x1.00c1acp-30f, -0x1.ddbef6p-35f, -0x1.98e5cep-39f, -0x1.4edf36p-43f,
     -0x1.f9a8b8p-48f, -0x1.6a7c98p-52f, -0x1.d92df8p-57f, -0x1.28e526p-61f, -0x1.5bae94p-66f,
     -0x1.7e849ap-71f, -0x1.88cb3p-76f,  -0x1.79da32p-81f, -0x1.51009cp-86f, -0x1.1ea8cap-91f,
     -0x1.cd29a6p27f,  -0x1.5b0d6cp25f,  -0x1.e92942p22f,  -0x1.424ae2p20f,  -0x1.8e13f2p17f,
     -0x1.ce68d2p14f,  -0x1.f6e5dep11f},
};

//@section ts_minus_tail_f32x16
//@needs ts_fma_f32x16 ts_lookup_f32x16 ts_from_doubled_f32x16
/* -tail(t) by a table of ts_gelu_far_table's form whose intervals are t times `scale`, rounded: adding
 * 1.5 * 2^23 does that and leaves the interval in the low bits. 2^(slope d) = 2^n (1 + p), with n + 1
 * in the low bits of e. The factor 2^64 keeps all steps clear of denormals, over which machines
 * stumble. */
TS_INLINE ts_f32x16 ts_minus_tail_f32x16(ts_f32x16 t, ts_f32x16 scale, const float table[8][32]) {
  ts_f32x16 zero = {0};
  ts_i32x16 i = (ts_i32x16)ts_fma_f32x16(t, scale, zero + 0x1.8p23f);
  ts_f32x16 d = t - ts_lookup_f32x16(table[0], i), slope = ts_lookup_f32x16(table[1], i);
  ts_f32x16 s = ts_lookup_f32x16(table[7], i);
  s = ts_fma_f32x16(s, d, ts_lookup_f32x16(table[6], i));
  s = ts_fma_f32x16(s, d, ts_lookup_f32x16(table[5], i));
  s = ts_fma_f32x16(s, d, ts_lookup_f32x16(table[4], i));
  s = ts_fma_f32x16(s, d, ts_lookup_f32x16(table[3], i));
  s = ts_fma_f32x16(s, d, ts_lookup_f32x16(table[2], i));
  ts_f32x16 e = ts_fma_f32x16(d, slope, zero + 0x1.800002p23f);
  ts_f32x16 r = ts_fma_f32x16(d, slope, 0x1.800002p23f - e);
  ts_f32x16 p = ts_fma_f32x16(zero + 0x1.418494p-13f, r, zero + 0x1.5f0998p-10f);
  p = ts_fma_f32x16(p, r, zero + 0x1.3b2dc8p-7f);
  p = ts_fma_f32x16(p, r, zero + 0x1.c6af7ap-5f);
  p = ts_fma_f32x16(p, r, zero + 0x1.ebfbdcp-3f);
  p = ts_fma_f32x16(p, r, zero + 0x1.62e43p-1f) * r;
  ts_i32x16 doubled = (ts_i32x16)((ts_u32x16)ts_fma_f32x16(s, p, s) + ((ts_u32x16)e << 23));
  return -ts_from_doubled_f32x16((ts_f32x16)doubled);
}

//@section ts_less_share_f32x16 needs ts_fma_f32x16 ts_max_f32x16 ts_lookup_f32x16
/* max(x, 0) - t share(t), the share of t being a polynomial of the interval whose number is
 * t + square t^2, rounded: adding 1.5 * 2^23 does that and leaves it in the low bits. */
TS_INLINE ts_f32x16 ts_less_share_f32x16(ts_f32x16 x, ts_f32x16 t, ts_f32x16 square,
                                         const float table[8][32]) {
  ts_f32x16 zero = {0};
  ts_f32x16 number = ts_fma_f32x16(t, square, zero + 1.0f);
  ts_i32x16 i = (ts_i32x16)ts_fma_f32x16(t, number, zero + 0x1.8p23f);
  ts_f32x16 d = t - ts_lookup_f32x16(table[0], i), s = ts_lookup_f32x16(table[7], i);
  s = ts_fma_f32x16(s, d, ts_lookup_f32x16(table[6], i));
  s = ts_fma_f32x16(s, d, ts_lookup_f32x16(table[5], i));
  s = ts_fma_f32x16(s, d, ts_lookup_f32x16(table[4], i));
  s = ts_fma_f32x16(s, d, ts_lookup_f32x16(table[3], i));
  s = ts_fma_f32x16(s, d, ts_lookup_f32x16(table[2], i));
  s = ts_fma_f32x16(s, d, ts_lookup_f32x16(table[1], i));
  return ts_fma_f32x16(-t, s, ts_max_f32x16(-zero, x));
}

//@section ts_gelu_far_f32x16
//@needs ts_gelu_far_table ts_minus_tail_f32x16 ts_min_abs_f32x16 ts_select_f32x16
/* y with gelu(x) in the lanes where x < -6.5. From -14.4 on gelu is below half of the least
 * denormal. */
TS_RARE ts_f32x16 ts_gelu_far_f32x16(ts_f32x16 x, ts_f32x16 y) {
  ts_f32x16 zero = {0};
  ts_f32x16 t = ts_min_abs_f32x16(x, zero + 14.4f);
  ts_f32x16 far = ts_minus_tail_f32x16(t, zero + 1.0f / 0.256f, ts_gelu_far_table);
  return ts_select_f32x16(x < -6.5f, far, y);
}

//@section ts_gelu_near_table
/* erfc(t / sqrt 2) / 2 = c0 + c1 d + … + c6 d^6 for d = t - center in 32 intervals of t, which grow
 * narrower as the function grows steeper; the rows are center, c0 … c6. The centers are chosen such
 * that c0 needs no rounding. Made by lib/emit/prelude/fit.py. */
static const float ts_gelu_near_table[8][32] __attribute__((aligned(64))) = {
    {0x0p0f,        0x1.5c7f2ap-1f, 0x1.2ae6ap0f,  0x1.8dc5d8p0f, 0x1.e283f2p0f, 0x1.16f42p1f,
     0x1.394972p1f, 0x1.59006p1f,   0x1.76a1e8p1f, 0x1.928796p1f, 0x1.acfa9p1f,  0x1.c62c66p1f,
     0x1.de4ee2p1f, 0x1.f57b06p1f,  0x1.05e5cap2f, 0x1.10a9b4p2f, 0x1.1b1dbap2f, 0x1.253d24p2f,
     0x1.2f101ep2f, 0x1.389c94p2f,  0x1.41f0ccp2f, 0x1.4b0d1cp2f, 0x1.53f1a4p2f, 0x1.5c9d9cp2f,
     0x1.65279p2f,  0x1.6d7bdep2f,  0x1.75a162p2f, 0x1.7db338p2f, 0x1.8589aap2f, 0x1.8d4a98p2f,
     0x1.94e218p2f, 0x1.9c6552p2f},
    {0x1p-1f,         0x1.fbfe86p-3f,  0x1.f19d3p-4f,   0x1.ec788p-5f,   0x1.e70abap-6f,
     0x1.e02cacp-7f,  0x1.d74d08p-8f,  0x1.ccd9c4p-9f,  0x1.c0dba2p-10f, 0x1.b3bd68p-11f,
     0x1.a58ddcp-12f, 0x1.96ab3p-13f,  0x1.86e374p-14f, 0x1.76c7b6p-15f, 0x1.6685a8p-16f,
     0x1.566c38p-17f, 0x1.4593b6p-18f, 0x1.35481cp-19f, 0x1.257dcp-20f,  0x1.1643d4p-21f,
     0x1.06e1e4p-22f, 0x1.ef90f8p-24f, 0x1.d2a914p-25f, 0x1.b7bc6cp-26f, 0x1.9bed76p-27f,
     0x1.829f8ep-28f, 0x1.6b1b7cp-29f, 0x1.5227ecp-30f, 0x1.3d2ba6p-31f, 0x1.279f1cp-32f,
     0x1.14192ap-33f, 0x1.006c48p-34f},
    {-0x1.988456p-2f,  -0x1.440bcep-2f,  -0x1.9d4078p-3f,  -0x1.e8aaap-4f,   -0x1.14978cp-4f,
     -0x1.3010fap-5f,  -0x1.46f7c8p-6f,  -0x1.59ced6p-7f,  -0x1.68c9b8p-8f,  -0x1.74561p-9f,
     -0x1.7c9ccp-10f,  -0x1.820536p-11f, -0x1.847a1ep-12f, -0x1.849558p-13f, -0x1.829fc2p-14f,
     -0x1.7f088ap-15f, -0x1.78f01p-16f,  -0x1.71d3bap-17f, -0x1.69cb76p-18f, -0x1.610ad6p-19f,
     -0x1.56c9cp-20f,  -0x1.4ba378p-21f, -0x1.40279cp-22f, -0x1.34ea58p-23f, -0x1.280f2ap-24f,
     -0x1.1bfea2p-25f, -0x1.1059b4p-26f, -0x1.02d564p-27f, -0x1.ef054ep-29f, -0x1.d622d8p-30f,
     -0x1.bf17f2p-31f, -0x1.a6988ap-32f},
    {0x1.0576eap-19f, 0x1.b920f4p-4f,  0x1.e28158p-4f,  0x1.7ba52p-4f,   0x1.04a9f2p-4f,
     0x1.4b5464p-5f,  0x1.9022c2p-6f,  0x1.d2084p-7f,   0x1.07fd7p-7f,   0x1.24ba2cp-8f,
     0x1.3ee54cp-9f,  0x1.566c18p-10f, 0x1.6ae9dcp-11f, 0x1.7c9982p-12f, 0x1.8b87ecp-13f,
     0x1.97f6fcp-14f, 0x1.a0dd28p-15f, 0x1.a79fa8p-16f, 0x1.ac4e98p-17f, 0x1.af1d24p-18f,
     0x1.af1566p-19f, 0x1.acdd56p-20f, 0x1.a922a4p-21f, 0x1.a4acbcp-22f, 0x1.9d0ae4p-23f,
     0x1.957376p-24f, 0x1.8d7e66p-25f, 0x1.81ecc6p-26f, 0x1.789ea2p-27f, 0x1.6cce8p-28f,
     0x1.618e54p-29f, 0x1.54625cp-30f},
    {0x1.1037dap-4f,   0x1.cfc95p-6f,    -0x1.903c88p-7f,  -0x1.ccbd48p-6f,  -0x1.d6aebp-6f,
     -0x1.7c08bap-6f,  -0x1.0ff59ep-6f,  -0x1.691222p-7f,  -0x1.c6f8b2p-8f,  -0x1.13d2dcp-8f,
     -0x1.448782p-9f,  -0x1.74d38p-10f,  -0x1.a3ac28p-11f, -0x1.d0a746p-12f, -0x1.fb4d42p-13f,
     -0x1.11b826p-13f, -0x1.23a30cp-14f, -0x1.341596p-15f, -0x1.42f3fp-16f,  -0x1.5040a4p-17f,
     -0x1.5b2166p-18f, -0x1.63e916p-19f, -0x1.6b0498p-20f, -0x1.7109b8p-21f, -0x1.73d42ap-22f,
     -0x1.761008p-23f, -0x1.776774p-24f, -0x1.74d356p-25f, -0x1.73bb62p-26f, -0x1.6fa2d2p-27f,
     -0x1.6b767ep-28f, -0x1.64bf5cp-29f},
    {0x1.dab7e6p-13f, -0x1.74f282p-6f, -0x1.074642p-6f, -0x1.2877cap-8f, 0x1.8020e6p-9f,
     0x1.827dc6p-8f,  0x1.8ee242p-8f,  0x1.4b4318p-8f,  0x1.e9d33p-9f,   0x1.501f9ap-9f,
     0x1.b582cp-10f,  0x1.11a514p-10f, 0x1.4b93e6p-11f, 0x1.87a9e4p-12f, 0x1.c50e74p-13f,
     0x1.018b2p-13f,  0x1.1fc802p-14f, 0x1.3d979cp-15f, 0x1.5aa0e6p-16f, 0x1.76ae08p-17f,
     0x1.90a27p-18f,  0x1.a8875ep-19f, 0x1.bea3d2p-20f, 0x1.d3846cp-21f, 0x1.e45958p-22f,
     0x1.f440c6p-23f, 0x1.01606ep-23f, 0x1.05e066p-24f, 0x1.0b1eccp-25f, 0x1.0e1526p-26f,
     0x1.10b01cp-27f, 0x1.112da4p-28f},
    {-0x1.628f0cp-7f,  -0x1.3174c4p-10f, 0x1.69139ap-8f,   0x1.6ee95ap-8f,   0x1.a4a4e4p-9f,
     0x1.e76c5cp-11f,  -0x1.f35954p-12f, -0x1.16dd3ap-10f, -0x1.2b5d48p-10f, -0x1.017414p-10f,
     -0x1.8855bcp-11f, -0x1.15352cp-11f, -0x1.717f7ap-12f, -0x1.dbd566p-13f, -0x1.2778aap-13f,
     -0x1.6559a8p-14f, -0x1.a7493ep-15f, -0x1.eb5e76p-16f, -0x1.18de64p-16f, -0x1.3cd3d4p-17f,
     -0x1.5ff676p-18f, -0x1.82c32ep-19f, -0x1.a54fdcp-20f, -0x1.c748c4p-21f, -0x1.e65d7p-22f,
     -0x1.02b7dp-22f,  -0x1.11d6d6p-23f, -0x1.1d769ep-24f, -0x1.2abc2cp-25f, -0x1.34e9d6p-26f,
     -0x1.3f56cp-27f,  -0x1.46905ep-28f},
    {0x1.9e266cp-10f,  0x1.96e284p-9f,   0x1.1d6b0ep-10f, -0x1.bea15ep-11f, -0x1.6fa7ccp-10f,
     -0x1.2dd1e2p-10f, -0x1.46a0b6p-11f, -0x1.a60b7p-13f, 0x1.c27054p-15f,  0x1.6d0684p-13f,
     0x1.9d163ep-13f,  0x1.6ed78ap-13f,  0x1.17aa9cp-13f, 0x1.a07e5cp-14f,  0x1.1c4ba6p-14f,
     0x1.6f27dp-15f,   0x1.da854p-16f,   0x1.23d2fep-16f, 0x1.601dcep-17f,  0x1.a18f94p-18f,
     0x1.debecap-19f,  0x1.1203f2p-19f,  0x1.36d032p-20f, 0x1.5a64cap-21f,  0x1.805764p-22f,
     0x1.a98558p-23f,  0x1.d4f08p-24f,   0x1.ecda3ap-25f, 0x1.0d0bc2p-25f,  0x1.18ea88p-26f,
     0x1.2ce5ccp-27f,  0x1.36f108p-28f},
};

//@section ts_gelu_f32x16
//@needs ts_gelu_near_table ts_less_share_f32x16 ts_gelu_far_f32x16 ts_any_below_f32x16
//@needs ts_min_abs_f32x16
/* gelu(x) = x erfc(-x / sqrt 2) / 2 = max(x, 0) - t erfc(t / sqrt 2) / 2 for t = |x|, which cancels
 * nowhere. Below -6.5 the result is below 2^-31, and the steepness costs more steps. */
TS_FUNCTION ts_f32x16 ts_gelu_f32x16(ts_f32x16 x) {
  ts_f32x16 zero = {0};
  ts_f32x16 t = ts_min_abs_f32x16(x, zero + 6.5f);
  ts_f32x16 y = ts_less_share_f32x16(x, t, zero + 0.5914f, ts_gelu_near_table);
  if (__builtin_expect(ts_any_below_f32x16(x, zero - 6.5f), 0)) return ts_gelu_far_f32x16(x, y);
  return y;
}

//@section ts_gelu_f32 needs ts_gelu_f32x16
TS_FUNCTION float ts_gelu_f32(float x) { return ts_gelu_f32x16((ts_f32x16){x})[0]; }

//@section ts_erf_table
/* erf around the centers of 32 intervals: erf(center + d) = c0 + c1 d + … + c5 d^5; the rows are
 * center, c0 … c5. In the first interval they are those of erf(d) - d. Made by
 * lib/emit/prelude/fit.py. */
static const float ts_erf_table[7][32] __attribute__((aligned(64))) = {
    {0x0p0f,         0x1.ffff9p-4f,  0x1.fff82cp-3f, 0x1.8000fp-2f, 0x1.fffef4p-2f, 0x1.400442p-1f,
     0x1.7ffd0ap-1f, 0x1.c00696p-1f, 0x1.000026p0f,  0x1.2000c2p0f, 0x1.4001f8p0f,  0x1.5ffe1ep0f,
     0x1.8001cp0f,   0x1.a00288p0f,  0x1.bfffa6p0f,  0x1.dffec8p0f, 0x1.ffff2p0f,   0x1.0fffb8p1f,
     0x1.2001bap1f,  0x1.2ffcd8p1f,  0x1.400078p1f,  0x1.4fff6p1f,  0x1.600084p1f,  0x1.6fff22p1f,
     0x1.7ffaa4p1f,  0x1.90012cp1f,  0x1.a007fep1f,  0x1.b007fep1f, 0x1.c007fep1f,  0x1.cff802p1f,
     0x1.dff802p1f,  0x1.eff802p1f},
    {0x0p0f,         0x1.1f5ddcp-3f, 0x1.1af128p-2f, 0x1.9dd1bep-2f, 0x1.0a7e8p-1f,  0x1.3f1caep-1f,
     0x1.6c1abp-1f,  0x1.9175bep-1f, 0x1.af769ap-1f, 0x1.c6db4ep-1f, 0x1.d8874cp-1f, 0x1.e575e8p-1f,
     0x1.eea5cp-1f,  0x1.f4f6fcp-1f, 0x1.f92cfep-1f, 0x1.fbe60ap-1f, 0x1.fd9ad8p-1f, 0x1.fea41ep-1f,
     0x1.ff4054p-1f, 0x1.ff9954p-1f, 0x1.ffcaaap-1f, 0x1.ffe514p-1f, 0x1.fff2dp-1f,  0x1.fff9bap-1f,
     0x1.fffd1ap-1f, 0x1.fffeb4p-1f, 0x1.ffff7p-1f,  0x1.ffffc4p-1f, 0x1.ffffe8p-1f, 0x1.fffff6p-1f,
     0x1.fffffcp-1f, 0x1.fffffep-1f},
    {0x1.06eba8p-3f,  0x1.1c62fcp0f,  0x1.0f5d9ap0f,   0x1.f5f076p-1f,  0x1.c1f04p-1f,
     0x1.86e558p-1f,  0x1.49311ep-1f, 0x1.0ca556p-1f,  0x1.a91172p-2f,  0x1.45e77p-2f,
     0x1.e45bep-3f,   0x1.5ceca4p-3f, 0x1.e71976p-4f,  0x1.4992bp-4f,   0x1.b05744p-5f,
     0x1.12d39cp-5f,  0x1.52a04p-6f,  0x1.946616p-7f,  0x1.d3f7d2p-8f,  0x1.06b04ep-8f,
     0x1.1d7ddcp-9f,  0x1.2cf05p-10f, 0x1.3359fep-11f, 0x1.305f6cp-12f, 0x1.245252p-13f,
     0x1.0f8e92p-14f, 0x1.e8f5fp-16f, 0x1.ab796ep-17f, 0x1.6a652ap-18f, 0x1.2a0f34p-19f,
     0x1.db22dap-21f, 0x1.7461c4p-22f},
    {0x1.ffefdcp-22f,  -0x1.1c62b4p-3f,  -0x1.0f597cp-2f,  -0x1.78753ap-2f,  -0x1.c1ef42p-2f,
     -0x1.e8a532p-2f,  -0x1.edc5d4p-2f,  -0x1.d6283cp-2f,  -0x1.a911acp-2f,  -0x1.6ea55cp-2f,
     -0x1.2ebb4ep-2f,  -0x1.dfc2eap-3f,  -0x1.6d54cep-3f,  -0x1.0bc8e8p-3f,  -0x1.7a4c32p-4f,
     -0x1.01a5acp-4f,  -0x1.529f9ap-5f,  -0x1.adac6cp-6f,  -0x1.073c6ep-6f,  -0x1.37ed82p-7f,
     -0x1.64dbd2p-8f,  -0x1.8afbb2p-9f,  -0x1.a6a2e2p-10f, -0x1.b584d8p-11f, -0x1.b65f38p-12f,
     -0x1.a88032p-13f, -0x1.af08fcp-14f, -0x1.789656p-14f, -0x1.27dc1ap-14f, -0x1.d399d8p-19f,
     0x1.d24b44p-18f,  0x1.0ad87ap-15f},
    {-0x1.813112p-2f, -0x1.6f54dap-2f, -0x1.3c8f98p-2f, -0x1.e10be8p-3f, -0x1.2bf678p-3f,
     -0x1.c7b034p-5f, 0x1.b6a274p-6f,  0x1.7cac54p-4f,  0x1.1b641ap-3f,  0x1.4cb4eap-3f,
     0x1.571b88p-3f,  0x1.4377a6p-3f,  0x1.1c265p-3f,   0x1.d65b7cp-4f,  0x1.714a2cp-4f,
     0x1.143fc4p-4f,  0x1.8b0e6p-5f,   0x1.0ea5d2p-5f,  0x1.63de74p-6f,  0x1.c2167ap-7f,
     0x1.119a0cp-7f,  0x1.40860ep-8f,  0x1.69c7cep-9f,  0x1.89edaep-10f, 0x1.9e105ep-11f,
     0x1.a35c42p-12f, 0x1.957ca4p-13f, 0x1.4ea7e8p-14f, 0x1.da287ap-16f, 0x1.251cc6p-16f,
     0x1.5da58ap-18f, -0x1.7bd764p-18f},
    {0x1.f38942p-11f, 0x1.19032ep-4f,  0x1.03dc66p-3f,  0x1.54b6f2p-3f,   0x1.766a68p-3f,
     0x1.691aap-3f,   0x1.34570ap-3f,  0x1.cc1edep-4f,  0x1.1b5ac6p-4f,   0x1.cb99ap-6f,
     -0x1.8d833ap-8f, -0x1.f18f9p-6f,  -0x1.6c9c06p-5f, -0x1.967f0cp-5f,  -0x1.8984fep-5f,
     -0x1.5a2dd4p-5f, -0x1.1a3bc2p-5f, -0x1.afa152p-6f, -0x1.3951d6p-6f,  -0x1.af755cp-7f,
     -0x1.1bd77ep-7f, -0x1.62f12ap-8f, -0x1.a8c896p-9f, -0x1.f010f6p-10f, -0x1.17ff0cp-10f,
     -0x1.19cdp-11f,  0x1.b3f174p-10f, 0x1.6f2fe2p-7f,  0x1.98304ap-7f,   -0x1.2a2274p-10f,
     -0x1.47c89cp-9f, -0x1.07566ep-7f},
    {0x1.ae92b2p-4f,  0x1.aa255cp-4f,  0x1.2e0f16p-4f,  0x1.85cd7ep-5f,  0x1.df79acp-8f,
     -0x1.00ea6p-5f,  -0x1.af68c8p-5f, -0x1.0c89a4p-4f, -0x1.1e83bep-4f, -0x1.f7062ep-5f,
     -0x1.7f7fep-5f,  -0x1.fae0acp-6f, -0x1.dc4a4p-7f,  -0x1.1f0428p-9f, 0x1.acaa3p-8f,
     0x1.79f15cp-7f,  0x1.ad674ep-7f,  0x1.9a84b8p-7f,  0x1.5d2bf6p-7f,  0x1.11fb7ep-7f,
     0x1.9043fcp-8f,  0x1.150c54p-8f,  0x1.6a0294p-9f,  0x1.c2bac8p-10f, 0x1.0c7942p-10f,
     0x1.2ffdep-11f,  0x1.f90f8cp-11f, 0x1.01f6b6p-8f,  0x1.1638bp-8f,   0x1.ab2336p-12f,
     0x1.bb037ap-11f, 0x1.5ee86ep-9f},
};

//@section ts_erf_f32x16
//@needs ts_erf_table ts_fma_f32x16 ts_select_f32x16 ts_min_abs_f32x16 ts_lookup_f32x16
/* Intervals of 1/8; from 3.93 on erf rounds to 1. */
TS_FUNCTION ts_f32x16 ts_erf_f32x16(ts_f32x16 x) {
  ts_f32x16 zero = {0};
  ts_f32x16 t = ts_min_abs_f32x16(x, zero + 3.93f);
  ts_i32x16 i = (ts_i32x16)(t + 0x1.8p20f);
  ts_f32x16 d = t - ts_lookup_f32x16(ts_erf_table[0], i);
  ts_f32x16 s = ts_lookup_f32x16(ts_erf_table[6], i);
  s = ts_fma_f32x16(s, d, ts_lookup_f32x16(ts_erf_table[5], i));
  s = ts_fma_f32x16(s, d, ts_lookup_f32x16(ts_erf_table[4], i));
  s = ts_fma_f32x16(s, d, ts_lookup_f32x16(ts_erf_table[3], i));
  s = ts_fma_f32x16(s, d, ts_lookup_f32x16(ts_erf_table[2], i));
  ts_f32x16 base = ts_select_f32x16(t <= 0.0625f, d, ts_lookup_f32x16(ts_erf_table[1], i));
  s = ts_fma_f32x16(s, d, base);
  s = (ts_f32x16)((ts_i32x16)s | ((ts_i32x16)x & ~0x7fffffff));
  return ts_select_f32x16(x == x, s, x);
}

//@section ts_erf_f32 needs ts_erf_f32x16
TS_FUNCTION float ts_erf_f32(float x) { return ts_erf_f32x16((ts_f32x16){x})[0]; }

//@section ts_tanh_table
/* tanh around the centers of 32 intervals: tanh(center + d) = c0 + c1 d + … + c6 d^6; the rows are
 * center, c0 … c6. Made by lib/emit/prelude/fit.py. */
static const float ts_tanh_table[8][32] __attribute__((aligned(64))) = {
    {0x0p0f,        0x1.2f1fa4p-2f, 0x1.2f1e42p-1f, 0x1.c6ac54p-1f, 0x1.2f179p0f,  0x1.7ae02cp0f,
     0x1.c6a80ep0f, 0x1.0939f4p1f,  0x1.2f1792p1f,  0x1.5505dap1f,  0x1.7ae754p1f, 0x1.a0bf2p1f,
     0x1.c6a8fcp1f, 0x1.ec8a8ap1f,  0x1.0937acp2f,  0x1.1c2968p2f,  0x1.2f1cf2p2f, 0x1.420b86p2f,
     0x1.55030cp2f, 0x1.67f59cp2f,  0x1.7adf22p2f,  0x1.8dcaf4p2f,  0x1.a0c984p2f, 0x1.b3af24p2f,
     0x1.c69ff2p2f, 0x1.d9919cp2f,  0x1.ec8346p2f,  0x1.ff74fp2f,   0x1.093f4ap3f, 0x1.12b81ep3f,
     0x1.1c20f8p3f, 0x1.25a9c8p3f},
    {0x0p0f,         0x1.2691cp-2f,  0x1.100d6cp-1f, 0x1.6bbc5p-1f,  0x1.a84a98p-1f, 0x1.cd8cccp-1f,
     0x1.e37682p-1f, 0x1.f00424p-1f, 0x1.f7179ep-1f, 0x1.fb0e5ep-1f, 0x1.fd423cp-1f, 0x1.fe7b08p-1f,
     0x1.ff28c2p-1f, 0x1.ff88dep-1f, 0x1.ffbe16p-1f, 0x1.ffdb88p-1f, 0x1.ffebd4p-1f, 0x1.fff4d6p-1f,
     0x1.fff9d4p-1f, 0x1.fffc96p-1f, 0x1.fffe1cp-1f, 0x1.fffef4p-1f, 0x1.ffff6cp-1f, 0x1.ffffaep-1f,
     0x1.ffffd2p-1f, 0x1.ffffe6p-1f, 0x1.fffff2p-1f, 0x1.fffff8p-1f, 0x1.fffffcp-1f, 0x1.fffffep-1f,
     0x1.fffffep-1f, 0x1p0f},
    {0x1p0f,          0x1.d5a19cp-1f,  0x1.6f71bep-1f,  0x1.fb306cp-2f,  0x1.40c8d2p-2f,
     0x1.7fb738p-3f,  0x1.bbde6ap-4f,  0x1.f77fa4p-5f,  0x1.1a9178p-5f,  0x1.3ae16cp-6f,
     0x1.5df18ap-7f,  0x1.84644p-8f,   0x1.ae2184p-9f,  0x1.dc509p-10f,  0x1.07970ap-10f,
     0x1.23b59ap-11f, 0x1.42b99cp-12f, 0x1.653c1cp-13f, 0x1.8afdbap-14f, 0x1.b4febap-15f,
     0x1.e3febp-16f,  0x1.0bf22ep-16f, 0x1.2800ccp-17f, 0x1.47fddep-18f, 0x1.6ab588p-19f,
     0x1.90e8e8p-20f, 0x1.bc25b6p-21f, 0x1.eaabfep-22f, 0x1.0e0a12p-22f, 0x1.28bf26p-23f,
     0x1.3fea14p-24f, 0x1.53dcb8p-25f},
    {-0x1.7fb16cp-24f, -0x1.0e3182p-2f,  -0x1.867c22p-2f,  -0x1.68516p-2f,   -0x1.09d50ap-2f,
     -0x1.59e7fep-3f,  -0x1.a3210ep-4f,  -0x1.e7c7bap-5f,  -0x1.15a6ep-5f,   -0x1.37d342p-6f,
     -0x1.5c1228p-7f,  -0x1.833d2ep-8f,  -0x1.ad6c68p-9f,  -0x1.dbe184p-10f, -0x1.07773ep-10f,
     -0x1.239e8cp-11f, -0x1.42a10ep-12f, -0x1.65370ap-13f, -0x1.8b235cp-14f, -0x1.b54414p-15f,
     -0x1.e35fp-16f,   -0x1.f10f26p-17f, -0x1.297ef2p-17f, -0x1.45108ep-18f, 0x1.8a796p-17f,
     0x1.40e1bcp-16f,  0x1.e47e2ap-20f,  0x1.ca475ep-18f,  -0x1.7b2ed6p-18f, -0x1.0b83f6p-17f,
     0x1.096004p-16f,  -0x1.12be4p-16f},
    {-0x1.555314p-2f, -0x1.d6b62p-3f,  -0x1.2beca4p-5f, 0x1.5ba1ccp-4f,  0x1.c57964p-4f,
     0x1.6fd636p-4f,  0x1.efa124p-5f,  0x1.30b816p-5f,  0x1.6542bp-6f,   0x1.97bb76p-7f,
     0x1.cb1baep-8f,  0x1.009fe6p-8f,  0x1.1d56d6p-9f,  0x1.3caca2p-10f, 0x1.5eea6p-11f,
     0x1.849f48p-12f, 0x1.ae19b8p-13f, 0x1.dc3164p-14f, 0x1.074c3p-14f,  0x1.235272p-15f,
     0x1.42a9d6p-16f, 0x1.686a5p-17f,  0x1.8ad19p-18f,  0x1.b5bdbap-19f, 0x1.90291ep-19f,
     0x1.6777e4p-19f, 0x1.9b687p-21f,  0x1.e2bd78p-21f, 0x1.0d6f32p-20f, 0x1.5e452ep-20f,
     0x1.510c56p-19f, 0x1.56f464p-19f},
    {-0x1.1a2052p-12f, 0x1.3b8cf2p-3f,   0x1.2c2d22p-3f,   0x1.d2ea26p-5f,   -0x1.556cb8p-8f,
     -0x1.93f05ap-6f,  -0x1.792b04p-6f,  -0x1.0939d8p-6f,  -0x1.4c0228p-7f,  -0x1.8eb55ap-8f,
     -0x1.c0c104p-9f,  -0x1.fb25b4p-10f, -0x1.1bbacp-10f,  -0x1.3bb9fep-11f, -0x1.5a53f6p-12f,
     -0x1.885162p-13f, -0x1.c356b8p-14f, -0x1.d71accp-15f, -0x1.c17eccp-16f, -0x1.c3549cp-17f,
     -0x1.d20774p-17f, -0x1.253042p-13f, 0x1.2be368p-19f,  -0x1.c1695ep-18f, -0x1.b8b69ap-10f,
     -0x1.3a261ap-9f,  -0x1.410a8p-12f,  -0x1.bc0088p-11f, 0x1.486ffcp-11f,  0x1.dca688p-11f,
     -0x1.e3a9b8p-10f, 0x1.f0fb24p-10f},
    {0x1.189a8cp-3f,   0x1.acdc18p-5f,   -0x1.8de044p-5f,  -0x1.d5791ep-5f,  -0x1.a72d2ep-6f,
     -0x1.e0b35ap-9f,  0x1.007888p-8f,   0x1.302a4p-8f,    0x1.c5757cp-9f,   0x1.21936ep-9f,
     0x1.59a52p-10f,   0x1.8d203cp-11f,  0x1.c16428p-12f,  0x1.f72d18p-13f,  0x1.18ba5ep-13f,
     0x1.366c76p-14f,  0x1.588fep-15f,   0x1.7d37ap-16f,   0x1.a22722p-17f,  0x1.cb5ap-18f,
     0x1.fe996ap-19f,  -0x1.dcf2d2p-19f, 0x1.17d3cp-20f,   0x1.f0cbcep-22f,  -0x1.28dfa4p-14f,
     -0x1.a8b1f2p-14f, -0x1.aed942p-17f, -0x1.2c3436p-15f, -0x1.af0cb6p-15f, -0x1.38bf06p-14f,
     -0x1.3d75aep-13f, -0x1.4624c6p-13f},
    {-0x1.783b2p-6f,   -0x1.2661a4p-4f,  -0x1.00d23p-5f,   0x1.c6a206p-7f,   0x1.18e916p-6f,
     0x1.f81b58p-8f,   0x1.b804d8p-10f,  -0x1.ba74a8p-12f, -0x1.5f637p-11f,  0x1.48249p-9f,
     -0x1.063b4ep-11f, -0x1.f54802p-13f, -0x1.c55b28p-14f, -0x1.18f92ap-14f, -0x1.4277f6p-13f,
     0x1.1a2bc4p-15f,  0x1.2172f4p-13f,  -0x1.a202cp-16f,  -0x1.257c78p-13f, -0x1.eefd6ap-14f,
     0x1.0678dp-13f,   0x1.04aab2p-8f,   -0x1.41e368p-13f, 0x1.39f022p-13f,  0x1.9730fcp-5f,
     0x1.225976p-4f,   0x1.28834ep-7f,   0x1.9a6072p-6f,   -0x1.2f831p-6f,   -0x1.b870c4p-6f,
     0x1.bee40ap-5f,   -0x1.cb34d4p-5f},
};

//@section ts_tanh_f32x16
//@needs ts_tanh_table ts_fma_f32x16 ts_select_f32x16 ts_min_abs_f32x16 ts_lookup_f32x16
/* Intervals of 0.296; from 9.1 on tanh rounds to 1. */
TS_FUNCTION ts_f32x16 ts_tanh_f32x16(ts_f32x16 x) {
  ts_f32x16 zero = {0};
  ts_f32x16 t = ts_min_abs_f32x16(x, zero + 9.2f);
  ts_i32x16 i = (ts_i32x16)ts_fma_f32x16(t, zero + 1.0f / 0.296f, zero + 0x1.8p23f);
  ts_f32x16 d = t - ts_lookup_f32x16(ts_tanh_table[0], i);
  ts_f32x16 s = ts_lookup_f32x16(ts_tanh_table[7], i);
  s = ts_fma_f32x16(s, d, ts_lookup_f32x16(ts_tanh_table[6], i));
  s = ts_fma_f32x16(s, d, ts_lookup_f32x16(ts_tanh_table[5], i));
  s = ts_fma_f32x16(s, d, ts_lookup_f32x16(ts_tanh_table[4], i));
  s = ts_fma_f32x16(s, d, ts_lookup_f32x16(ts_tanh_table[3], i));
  s = ts_fma_f32x16(s, d, ts_lookup_f32x16(ts_tanh_table[2], i));
  s = ts_fma_f32x16(s, d, ts_lookup_f32x16(ts_tanh_table[1], i));
  s = (ts_f32x16)((ts_i32x16)s | ((ts_i32x16)x & ~0x7fffffff));
  return ts_select_f32x16(x == x, s, x);
}

//@section ts_tanh_f32 needs ts_tanh_f32x16
TS_FUNCTION float ts_tanh_f32(float x) { return ts_tanh_f32x16((ts_f32x16){x})[0]; }

//@section ts_gelu_tanh_far_table
/* tail(t) = t / (1 + e^(2u)), u = sqrt(2 / pi) (t + 0.044715 t^3), from 6.2 on in the form of
 * ts_gelu_far_table. Made by lib/emit/prelude/fit.py. */
static const float ts_gelu_tanh_far_table[8][32] __attribute__((aligned(64))) = {
    {0x1.354578p3f, 0x1.3a174ap3f, 0x1.3ee8a8p3f, 0x1.43b8d6p3f, 0x1.489254p3f, 0x1.4d6508p3f,
     0x1.5240b8p3f, 0x1.571456p3f, 0x1.5beaa6p3f, 0x1.8c31fep2f, 0x1.95e1fap2f, 0x1.9f8c36p2f,
     0x1.a9312ap2f, 0x1.b2dddcp2f, 0x1.bc8a06p2f, 0x1.c62eeep2f, 0x1.cfdc36p2f, 0x1.d98aep2f,
     0x1.e333b6p2f, 0x1.ece00ep2f, 0x1.f68b4p2f,  0x1.00188p3f,  0x1.04ea9ap3f, 0x1.09c49cp3f,
     0x1.0e9974p3f, 0x1.136b04p3f, 0x1.184284p3f, 0x1.1d1938p3f, 0x1.21e9c6p3f, 0x1.26bc2cp3f,
     0x1.2b9392p3f, 0x1.30704ap3f},
    {-0x1.f4ff28p4f, -0x1.01c3f2p5f, -0x1.09242ap5f, -0x1.109f1p5f,  -0x1.18453ep5f, -0x1.1ffd68p5f,
     -0x1.27e0e2p5f, -0x1.2fd404p5f, -0x1.37e858p5f, -0x1.c6f1p3f,   -0x1.d9ddd4p3f, -0x1.ed30d6p3f,
     -0x1.00752cp4f, -0x1.0a92a4p4f, -0x1.14e87ep4f, -0x1.1f6f52p4f, -0x1.2a3844p4f, -0x1.353bfp4f,
     -0x1.407204p4f, -0x1.4be548p4f, -0x1.57905cp4f, -0x1.636ddcp4f, -0x1.6f825ep4f, -0x1.7be428p4f,
     -0x1.887216p4f, -0x1.95307ep4f, -0x1.a237f4p4f, -0x1.af76bap4f, -0x1.bcddb6p4f, -0x1.ca82dep4f,
     -0x1.d86f9ep4f, -0x1.e6a5ap4f},
    {0x1.108136p-48f, 0x1.46f3eep-53f, 0x1.64fa6ep-58f, 0x1.62f3b8p-63f, 0x1.374a6ap-68f,
     0x1.f7adcep-74f, 0x1.66055ap-79f, 0x1.d6688ep-85f, 0x1.13e51ep-90f, 0x1.f0939ap27f,
     0x1.bfc64p25f,   0x1.7c9856p23f,  0x1.3086bep21f,  0x1.c62b04p18f,  0x1.3cdab2p16f,
     0x1.9f20cp13f,   0x1.f81c62p10f,  0x1.1cae7p8f,    0x1.2c6026p5f,   0x1.256d86p2f,
     0x1.0a03ccp-1f,  0x1.c0cbcp-5f,   0x1.5e9f4p-8f,   0x1.f2146cp-12f, 0x1.495e9p-15f,
     0x1.93c502p-19f, 0x1.c14b24p-23f, 0x1.cb831cp-27f, 0x1.b4cad8p-31f, 0x1.7a82f8p-35f,
     0x1.282714p-39f, 0x1.a101p-44f},
    {0x1.d8371p-51f,  0x1.1b48cep-55f, 0x1.354caep-60f, 0x1.338b4ep-65f, 0x1.0db678p-70f,
     0x1.b46748p-76f, 0x1.363388p-81f, 0x1.97947p-87f,  0x1.de16dap-93f, 0x1.ae405ep25f,
     0x1.83f798p23f,  0x1.49c2bap21f,  0x1.07da1ep19f,  0x1.89816ap16f,  0x1.12887ap14f,
     0x1.67ae86p11f,  0x1.b4c70ep8f,   0x1.ed5092p5f,   0x1.04419cp3f,   0x1.fc7878p-1f,
     0x1.ccf7ep-4f,   0x1.84da04p-7f,  0x1.2fca5ep-10f, 0x1.af8d7ep-14f, 0x1.1d605ep-17f,
     0x1.5dd72ap-21f, 0x1.8548b4p-25f, 0x1.8e22eep-29f, 0x1.7a73a6p-33f, 0x1.47f4a8p-37f,
     0x1.0098c8p-41f, 0x1.694eb4p-46f},
    {-0x1.176b5cp-47f, -0x1.547e2cp-52f, -0x1.797c7ap-57f, -0x1.7d080cp-62f, -0x1.533068p-67f,
     -0x1.167484p-72f, -0x1.91a6fap-78f, -0x1.0ba67ep-83f, -0x1.3e66c4p-89f, -0x1.467078p28f,
     -0x1.2d796ep26f,  -0x1.064988p24f,  -0x1.ad63e2p21f,  -0x1.476dfp19f,   -0x1.d2f898p16f,
     -0x1.3881cap14f,  -0x1.838c44p11f,  -0x1.bed24cp8f,   -0x1.e10cdap5f,   -0x1.df5128p2f,
     -0x1.bb0e06p-1f,  -0x1.7ce9e8p-4f,  -0x1.2f313ap-7f,  -0x1.b6b7b2p-11f, -0x1.276508p-14f,
     -0x1.70942cp-18f, -0x1.a15bfp-22f,  -0x1.b23cdep-26f, -0x1.a3c194p-30f, -0x1.71d0cap-34f,
     -0x1.261dcap-38f, -0x1.a4e164p-43f},
    {-0x1.1aa59cp-49f, -0x1.57ab6p-54f,  -0x1.7c2fc4p-59f, -0x1.7ef0bep-64f, -0x1.5436e4p-69f,
     -0x1.16bf3p-74f,  -0x1.91564p-80f,  -0x1.0aefc4p-85f, -0x1.3cfb8ep-91f, -0x1.63aafp26f,
     -0x1.46f894p24f,  -0x1.1b37a4p22f,  -0x1.cdafa8p19f,  -0x1.5e9d9p17f,   -0x1.f2119p14f,
     -0x1.4c0a58p12f,  -0x1.9a40a8p9f,   -0x1.d74f5p6f,    -0x1.f9aa6cp3f,   -0x1.f629a6p0f,
     -0x1.cead64p-3f,  -0x1.8c8a42p-6f,  -0x1.3aab66p-9f,  -0x1.c5ffdep-13f, -0x1.30cfccp-16f,
     -0x1.7b4656p-20f, -0x1.ac556cp-24f, -0x1.bc80c4p-28f, -0x1.ac94bep-32f, -0x1.78a896p-36f,
     -0x1.2adae6p-40f, -0x1.aab3e8p-45f},
    {0x1.1ae0e6p-47f, 0x1.5e259ep-52f, 0x1.8a36f4p-57f, 0x1.93ff3cp-62f, 0x1.6d152ep-67f,
     0x1.3029cp-72f,  0x1.bd32f8p-78f, 0x1.2cf2c8p-83f, 0x1.6b1d26p-89f, 0x1.a4177ap27f,
     0x1.8da2ecp25f,  0x1.625d5p23f,   0x1.28ee48p21f,  0x1.cf5b68p18f,  0x1.51e8e4p16f,
     0x1.ce471ap13f,  0x1.24ddf4p11f,  0x1.58d668p8f,   0x1.7af7p5f,     0x1.814cdap2f,
     0x1.6b424cp-1f,  0x1.3e69bcp-4f,  0x1.024b2p-7f,   0x1.7cd25p-11f,  0x1.05262p-14f,
     0x1.4bbd1cp-18f, 0x1.7e59e8p-22f, 0x1.94ca1ep-26f, 0x1.8dfe68p-30f, 0x1.648f9ep-34f,
     0x1.204c9ap-38f, 0x1.a35846p-43f},
    {0x1.4c632ap-49f, 0x1.980048p-54f, 0x1.c6b874p-59f, 0x1.cb87b4p-64f, 0x1.a0e416p-69f,
     0x1.591b44p-74f, 0x1.fdd348p-80f, 0x1.561fe8p-85f, 0x1.9cb9a8p-91f, 0x1.178bbp26f,
     0x1.071d12p24f,  0x1.d0ba58p21f,  0x1.8151b6p19f,  0x1.2ae5a2p17f,  0x1.b1f9p14f,
     0x1.257f9p12f,   0x1.72205cp9f,   0x1.b18bbep6f,   0x1.d93886p3f,   0x1.dee718p0f,
     0x1.c176fcp-3f,  0x1.87022cp-6f,  0x1.3a20a2p-9f,  0x1.cfa4c4p-13f, 0x1.3bdd12p-16f,
     0x1.8d4b88p-20f, 0x1.c9ef3ap-24f, 0x1.e3a908p-28f, 0x1.d5bf98p-32f, 0x1.a10cb8p-36f,
     0x1.515fe8p-40f, 0x1.eefbe4p-45f},
};

//@section ts_gelu_tanh_far_f32x16
//@needs ts_gelu_tanh_far_table ts_minus_tail_f32x16 ts_min_abs_f32x16 ts_select_f32x16
/* y with the tanh form of gelu(x) in the lanes where x < -6.25. From -10.9 on it is below half of
 * the least denormal. */
TS_RARE ts_f32x16 ts_gelu_tanh_far_f32x16(ts_f32x16 x, ts_f32x16 y) {
  ts_f32x16 zero = {0};
  ts_f32x16 t = ts_min_abs_f32x16(x, zero + 10.9f);
  ts_f32x16 far = ts_minus_tail_f32x16(t, zero + 1.0f / 0.151f, ts_gelu_tanh_far_table);
  return ts_select_f32x16(x < -6.25f, far, y);
}

//@section ts_gelu_tanh_near_table
/* 1 / (1 + e^(2u)), u = sqrt(2 / pi) (t + 0.044715 t^3), in the form of ts_gelu_near_table. Made by
 * lib/emit/prelude/fit.py. */
static const float ts_gelu_tanh_near_table[8][32] __attribute__((aligned(64))) = {
    {0x0p0f,        0x1.553a5cp-1f, 0x1.233bf8p0f, 0x1.826e28p0f, 0x1.d3e26p0f,  0x1.0e2a98p1f,
     0x1.2f1a7p1f,  0x1.4d8732p1f,  0x1.69ea4cp1f, 0x1.84b2eap1f, 0x1.9e0892p1f, 0x1.b63264p1f,
     0x1.cd4eb6p1f, 0x1.e37ff8p1f,  0x1.f8ea46p1f, 0x1.06c548p2f, 0x1.10c316p2f, 0x1.1a7858p2f,
     0x1.23e472p2f, 0x1.2d031p2f,   0x1.35f98p2f,  0x1.3eb52ap2f, 0x1.473156p2f, 0x1.4f86bcp2f,
     0x1.57ac68p2f, 0x1.5fa73cp2f,  0x1.677c48p2f, 0x1.6f2198p2f, 0x1.76ab3ap2f, 0x1.7e1554p2f,
     0x1.85647ep2f, 0x1.8c8ef6p2f},
    {0x1p-1f,         0x1.02b126p-2f,  0x1.05c17p-3f,   0x1.0d39d2p-4f,  0x1.151618p-5f,
     0x1.1b9544p-6f,  0x1.1fc3ecp-7f,  0x1.20ba0ep-8f,  0x1.1e1efep-9f,  0x1.17162cp-10f,
     0x1.0c720ap-11f, 0x1.fbc224p-13f, 0x1.d86dfap-14f, 0x1.b029d8p-15f, 0x1.84013p-16f,
     0x1.571d0ap-17f, 0x1.29fbb2p-18f, 0x1.fbdffp-20f,  0x1.a9bdep-21f,  0x1.6081eep-22f,
     0x1.1cc382p-23f, 0x1.c4d39cp-25f, 0x1.63cf52p-26f, 0x1.11d534p-27f, 0x1.9f09aap-29f,
     0x1.357b52p-30f, 0x1.c59f5ep-32f, 0x1.48ddd6p-33f, 0x1.d36b9cp-35f, 0x1.46929p-36f,
     0x1.bfe6ccp-38f, 0x1.2f7e56p-39f},
    {-0x1.988456p-2f,  -0x1.46e83ap-2f,  -0x1.ab907ap-3f,  -0x1.0608fap-3f,  -0x1.355212p-4f,
     -0x1.633a8cp-5f,  -0x1.8ec778p-6f,  -0x1.b6404cp-7f,  -0x1.d815ccp-8f,  -0x1.f19c1p-9f,
     -0x1.014614p-9f,  -0x1.0473b6p-10f, -0x1.026634p-11f, -0x1.f6603ap-13f, -0x1.dde1a4p-14f,
     -0x1.be6ad6p-15f, -0x1.98889p-16f,  -0x1.6e080cp-17f, -0x1.41e39ap-18f, -0x1.16f888p-19f,
     -0x1.d7179ep-21f, -0x1.86cd96p-22f, -0x1.3fd048p-23f, -0x1.000276p-24f, -0x1.9306eep-26f,
     -0x1.37be5cp-27f, -0x1.d9717ep-29f, -0x1.632bf4p-30f, -0x1.04f0d8p-31f, -0x1.7897e4p-33f,
     -0x1.0a80bcp-34f, -0x1.745358p-36f},
    {0x1.057fbcp-19f, 0x1.b49b68p-4f,  0x1.e4ddap-4f,   0x1.88e92cp-4f,  0x1.18d89ap-4f,
     0x1.762ea6p-5f,  0x1.db6e02p-6f,  0x1.230c86p-6f,  0x1.596804p-7f,  0x1.8dd672p-8f,
     0x1.be6f8ep-9f,  0x1.e7c258p-10f, 0x1.03dbc6p-10f, 0x1.0e24bep-11f, 0x1.11ce16p-12f,
     0x1.0f8fb6p-13f, 0x1.070e72p-14f, 0x1.f19da2p-16f, 0x1.ccc2a2p-17f, 0x1.a35e04p-18f,
     0x1.7337bap-19f, 0x1.4230a4p-20f, 0x1.134a58p-21f, 0x1.cb7c62p-23f, 0x1.78746cp-24f,
     0x1.2ea584p-25f, 0x1.dd15cap-27f, 0x1.72f5eep-28f, 0x1.1a30fep-29f, 0x1.a53ba8p-31f,
     0x1.34065ap-32f, 0x1.bc3036p-34f},
    {0x1.1190bcp-4f,   0x1.df8d94p-6f,   -0x1.58c95ep-7f,  -0x1.b9553cp-6f,  -0x1.d82212p-6f,
     -0x1.9110dp-6f,   -0x1.30129p-6f,   -0x1.ad328p-7f,   -0x1.1f7e1cp-7f,  -0x1.70a4dap-8f,
     -0x1.c7af0cp-9f,  -0x1.1001f2p-9f,  -0x1.3a8d2ap-10f, -0x1.60dfdcp-11f, -0x1.801556p-12f,
     -0x1.9737a6p-13f, -0x1.a41112p-14f, -0x1.a5ab92p-15f, -0x1.9d0da8p-16f, -0x1.8c7b36p-17f,
     -0x1.715684p-18f, -0x1.5087bap-19f, -0x1.2d253ep-20f, -0x1.06be6ep-21f, -0x1.c142cap-23f,
     -0x1.7841cap-24f, -0x1.347abcp-25f, -0x1.f22f0ep-27f, -0x1.891782p-28f, -0x1.2ff3dcp-29f,
     -0x1.cc0ad8p-31f, -0x1.56dd06p-32f},
    {0x1.e1fbdp-13f,  -0x1.77a0cap-6f, -0x1.0f9e36p-6f, -0x1.665772p-8f, 0x1.f69aa6p-10f,
     0x1.577154p-8f,  0x1.86c02ap-8f,  0x1.60ca82p-8f,  0x1.1b1d82p-8f,  0x1.a45006p-9f,
     0x1.265736p-9f,  0x1.88600cp-10f, 0x1.f4f7a2p-11f, 0x1.33915cp-11f, 0x1.6bc694p-12f,
     0x1.a06872p-13f, 0x1.cd5d12p-14f, 0x1.ef2444p-15f, 0x1.0236aep-15f, 0x1.06df62p-16f,
     0x1.02fa06p-17f, 0x1.f1a5fep-19f, 0x1.d436ep-20f,  0x1.ac932ep-21f, 0x1.7f8d62p-22f,
     0x1.4f9304p-23f, 0x1.1eede6p-24f, 0x1.e25a6ap-26f, 0x1.8ba088p-27f, 0x1.3d8c1ep-28f,
     0x1.f247bcp-30f, 0x1.807e78p-31f},
    {-0x1.6abedep-7f,  -0x1.4b6bcep-10f, 0x1.684a4ep-8f,   0x1.72b638p-8f,   0x1.c5c166p-9f,
     0x1.5c79fp-10f,   -0x1.3be978p-14f, -0x1.a1f2d4p-11f, -0x1.1534b6p-10f, -0x1.10a14p-10f,
     -0x1.d2161ep-11f, -0x1.6b7364p-11f, -0x1.0a4cap-11f,  -0x1.6e71bcp-12f, -0x1.e14026p-13f,
     -0x1.2e83eap-13f, -0x1.6cc502p-14f, -0x1.a7d2dep-15f, -0x1.daf76ap-16f, -0x1.024dcap-16f,
     -0x1.0f37ccp-17f, -0x1.146f18p-18f, -0x1.12f3e4p-19f, -0x1.095938p-20f, -0x1.f34ac2p-22f,
     -0x1.ca42aep-23f, -0x1.99ff3p-24f,  -0x1.67dedap-25f, -0x1.33b1d2p-26f, -0x1.011986p-27f,
     -0x1.a33b52p-29f, -0x1.4fc0d2p-30f},
    {0x1.ad58e4p-10f, 0x1.a8e6acp-9f,   0x1.1a9088p-10f,  -0x1.afc556p-11f, -0x1.631p-10f,
     -0x1.25816p-10f, -0x1.6d0758p-11f, -0x1.5fb31cp-12f, -0x1.0e1736p-14f, 0x1.7bc44ap-14f,
     0x1.4f2b5cp-13f, 0x1.676b5ep-13f,  0x1.64ad4cp-13f,  0x1.19372cp-13f,  0x1.ae7a14p-14f,
     0x1.37e986p-14f, 0x1.9e561ep-15f,  0x1.0ca06p-15f,   0x1.466e3cp-16f,  0x1.7a0b26p-17f,
     0x1.ad7dd4p-18f, 0x1.d2b102p-19f,  0x1.ec9d5p-20f,   0x1.f7ea84p-21f,  0x1.f44decp-22f,
     0x1.e57a5ep-23f, 0x1.c6445p-24f,   0x1.9fca84p-25f,  0x1.73526ap-26f,  0x1.43fd6p-27f,
     0x1.138914p-28f, 0x1.caa002p-30f},
};

//@section ts_gelu_tanh_f32x16
//@needs ts_gelu_tanh_near_table ts_less_share_f32x16 ts_gelu_tanh_far_f32x16 ts_any_below_f32x16
//@needs ts_min_abs_f32x16
/* gelu's tanh form (Hendrycks & Gimpel 2016), x (1 + tanh(u)) / 2 = max(x, 0) - t / (1 + e^(2u)) for
 * t = |x|, as ts_gelu_f32x16 goes about it. */
TS_FUNCTION ts_f32x16 ts_gelu_tanh_f32x16(ts_f32x16 x) {
  ts_f32x16 zero = {0};
  ts_f32x16 t = ts_min_abs_f32x16(x, zero + 6.25f);
  ts_f32x16 y = ts_less_share_f32x16(x, t, zero + 0.646f, ts_gelu_tanh_near_table);
  if (__builtin_expect(ts_any_below_f32x16(x, zero - 6.25f), 0))
    return ts_gelu_tanh_far_f32x16(x, y);
  return y;
}

//@section ts_gelu_tanh_f32 needs ts_gelu_tanh_f32x16
TS_FUNCTION float ts_gelu_tanh_f32(float x) { return ts_gelu_tanh_f32x16((ts_f32x16){x})[0]; }

//@end
#endif
