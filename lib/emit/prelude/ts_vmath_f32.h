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
    {0x1.69484ap0f, 0x1.6344dcp0f, 0x1.5a5b54p0f, 0x1.536b56p0f, 0x1.4d53b6p0f, 0x1.44e7dcp0f,
     0x1.3edc1ap0f, 0x1.39973cp0f, 0x1.338c8p0f, 0x1.2e26p0f, 0x1.285aa6p0f, 0x1.246d98p0f,
     0x1.1e1064p0f, 0x1.18de92p0f, 0x1.147d58p0f, 0x1.10681ap0f, 0x1.0b1f1cp0f, 0x1.084896p0f,
     0x1p0f, 0x1p0f, 0x1.ec00a8p-1f, 0x1.de113ep-1f, 0x1.d13e48p-1f, 0x1.c2e6d8p-1f,
     0x1.b882a8p-1f, 0x1.acd31ap-1f, 0x1.a1677ep-1f, 0x1.962b98p-1f, 0x1.8d70a4p-1f,
     0x1.82e412p-1f, 0x1.7ba99ep-1f, 0x1.72208ap-1f},
    {-0x1.60cp-2f, -0x1.4f9p-2f, -0x1.358cp-2f, -0x1.20d4p-2f, -0x1.0e48p-2f, -0x1.e828p-3f,
     -0x1.c1bp-3f, -0x1.9f9p-3f, -0x1.77b8p-3f, -0x1.537p-3f, -0x1.2bc8p-3f, -0x1.1078p-3f,
     -0x1.c6dp-4f, -0x1.7bcp-4f, -0x1.3b6p-4f, -0x1.fcep-5f, -0x1.5c6p-5f, -0x1.04ep-5f, 0x0p0f,
     0x0p0f, 0x1.466p-5f, 0x1.18ep-4f, 0x1.884p-4f, 0x1.044p-3f, 0x1.34p-3f, 0x1.6b1p-3f,
     0x1.a258p-3f, 0x1.da38p-3f, 0x1.035cp-2f, 0x1.1ee8p-2f, 0x1.3238p-2f, 0x1.4c44p-2f},
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

//@section ts_gelu_table
/* tail(t) = t erfc(t / sqrt 2) / 2 around the centers of 32 intervals of t, times 2^64: 2^(slope d)
 * (c0 + c1 d + … + c6 d^6) for d = t - center; the rows are center, slope, c0 … c6. The slope is
 * the logarithm's derivative, which leaves a nearly flat sum; the centers are chosen such that c0
 * needs no rounding (Gal 1986). Made by lib/emit/prelude/fit.py. */
static const float ts_gelu_table[9][32] __attribute__((aligned(64))) = {
    {0x0p0f, 0x1.000714p-1f, 0x1.fff35p-1f, 0x1.7ffed8p0f, 0x1.ffffccp0f, 0x1.400424p1f,
     0x1.7fff1ep1f, 0x1.bfff66p1f, 0x1.fffeep1f, 0x1.1fffe4p2f, 0x1.4000bep2f, 0x1.5fffb6p2f,
     0x1.800006p2f, 0x1.a001bap2f, 0x1.c001cep2f, 0x1.e00142p2f, 0x1.fff714p2f, 0x1.0ffe12p3f,
     0x1.200612p3f, 0x1.2ffdf8p3f, 0x1.3fff66p3f, 0x1.4ffec8p3f, 0x1.5ffc52p3f, 0x1.7005ep3f,
     0x1.8000a6p3f, 0x1.90015p3f, 0x1.a00172p3f, 0x1.b0070ap3f, 0x1.c00186p3f, 0x1.cffb58p3f,
     0x1.ep3f, 0x1.ep3f},
    {0x0p0f, 0x1.da433ep-1f, -0x1.11e24p0f, -0x1.0ae43ep1f, -0x1.69eaa8p1f, -0x1.c76bccp1f,
     -0x1.105b48p2f, -0x1.3ffe2ap2f, -0x1.6f131p2f, -0x1.9dd7b4p2f, -0x1.cc6ba6p2f,
     -0x1.faddb4p2f, -0x1.149ea4p3f, -0x1.2bc886p3f, -0x1.42ec7p3f, -0x1.5a0c7cp3f,
     -0x1.712318p3f, -0x1.8842e4p3f, -0x1.9f6932p3f, -0x1.b67736p3f, -0x1.cd922cp3f,
     -0x1.e4a98cp3f, -0x1.fbbdc2p3f, -0x1.097174p4f, -0x1.14f934p4f, -0x1.208512p4f,
     -0x1.2c1072p4f, -0x1.379faap4f, -0x1.4326cep4f, -0x1.4ead66p4f, 0x0p0f, 0x0p0f},
    {0x0p0f, 0x1.3bf504p61f, 0x1.44f146p61f, 0x1.9a79p60f, 0x1.74bd86p59f, 0x1.fc8a42p57f,
     0x1.096bfep56f, 0x1.aae744p53f, 0x1.09b6c2p51f, 0x1.0085fep48f, 0x1.80a67cp44f,
     0x1.c09ef8p40f, 0x1.96c882p36f, 0x1.1ed1fap32f, 0x1.3af68ap27f, 0x1.0d4ab6p22f,
     0x1.682dcap16f, 0x1.7455fep10f, 0x1.29cc5cp4f, 0x1.79893ap-3f, 0x1.70be7ep-10f,
     0x1.192394p-17f, 0x1.4eae58p-25f, 0x1.3129a8p-33f, 0x1.ba553p-42f, 0x1.ef267cp-51f,
     0x1.aff92ap-60f, 0x1.22d912p-69f, 0x1.36a49p-79f, 0x1.02dcd8p-89f, 0x0p0f, 0x0p0f},
    {0x1p63f, 0x1.11c186p59f, 0x1.198a9ep59f, 0x1.1c84a4p58f, 0x1.025d24p56f, 0x1.607e5p53f,
     0x1.3371f2p30f, 0x1.ed0294p29f, 0x1.16b966p27f, 0x1.24f17cp25f, -0x1.342a5ap19f,
     -0x1.818506p16f, 0x1.da641cp12f, -0x1.acf2b6p8f, 0x1.5a5856p5f, 0x1.31edccp0f,
     -0x1.422ccep-8f, 0x1.d0bdeap-12f, -0x1.421adep-18f, -0x1.b202b4p-29f, -0x1.2c7f54p-32f,
     -0x1.356b3ep-41f, -0x1.0f3258p-50f, -0x1.8f2bcp-56f, 0x1.3c6f04p-63f, 0x1.25d94ap-71f,
     0x1.26e824p-80f, -0x1.06b06ep-90f, 0x1.fcf662p-101f, 0x1.fb4046p-112f, 0x0p0f, 0x0p0f},
    {-0x1.988452p62f, -0x1.71f73ap62f, -0x1.1d005ap61f, -0x1.039956p60f, -0x1.a487e8p58f,
     -0x1.0fd99p57f, -0x1.142f78p55f, -0x1.b572a4p52f, -0x1.0deb6p50f, -0x1.033c04p47f,
     -0x1.83759ep43f, -0x1.c2f3b4p39f, -0x1.98532cp35f, -0x1.1fa164p31f, -0x1.3ba39p26f,
     -0x1.0dbcfep21f, -0x1.68a5aep15f, -0x1.74b876p9f, -0x1.2a0baap3f, -0x1.79ca8p-4f,
     -0x1.70f2d4p-11f, -0x1.1944a2p-18f, -0x1.4ecf36p-26f, -0x1.3142dep-34f, -0x1.ba7428p-43f,
     -0x1.ef440cp-52f, -0x1.b00f4ap-61f, -0x1.22e5eap-70f, -0x1.36b076p-80f, -0x1.02e57cp-90f,
     0x0p0f, 0x0p0f},
    {-0x1.2b905ap44f, 0x1.502f7p62f, 0x1.395bp58f, -0x1.5b06a6p55f, -0x1.9d2894p53f,
     -0x1.24fb64p51f, 0x1.e25c96p48f, 0x1.a58104p45f, 0x1.2f9f8cp42f, 0x1.64d07ap38f,
     0x1.53947p34f, 0x1.046ec6p30f, 0x1.40085ep25f, 0x1.3a117p20f, 0x1.eab992p14f, 0x1.30d35p9f,
     0x1.2e2eb2p3f, 0x1.d4d166p-4f, 0x1.1f5334p-10f, 0x1.193c1ap-17f, 0x1.af2c74p-25f,
     0x1.03cc3cp-32f, 0x1.ee31f4p-41f, 0x1.6d3d76p-49f, 0x1.a7fb68p-58f, 0x1.80cb1ap-67f,
     0x1.12e02p-76f, 0x1.46c774p-86f, 0x1.14d7a8p-96f, 0x1.873642p-107f, 0x0p0f, 0x0p0f},
    {0x1.106d3ap60f, -0x1.adee84p60f, 0x1.0b49fp59f, 0x1.132a6p58f, 0x1.b8e77p56f,
     0x1.19290cp55f, 0x1.1a79a6p53f, 0x1.bc69ep50f, 0x1.10edbcp48f, 0x1.0548c2p45f,
     0x1.85ab8p41f, 0x1.c4d804p37f, 0x1.9998eep33f, 0x1.204fap29f, 0x1.3c351cp24f,
     0x1.0e1d1ap19f, 0x1.690ae2p13f, 0x1.750af8p7f, 0x1.2a3f22p1f, 0x1.79ff0cp-6f,
     0x1.711ba2p-13f, 0x1.195d8p-20f, 0x1.4ee6aep-28f, 0x1.315462p-36f, 0x1.ba87ep-45f,
     0x1.ef551ep-54f, 0x1.b01ac4p-63f, 0x1.22ead6p-72f, 0x1.36b4aep-82f, 0x1.02e7d2p-92f,
     0x0p0f, 0x0p0f},
    {-0x1.31a0e2p51f, -0x1.d556fp56f, -0x1.b46e44p56f, -0x1.43c812p45f, 0x1.31ac7cp49f,
     0x1.3104bap46f, -0x1.8cbad4p47f, -0x1.65b25ap44f, -0x1.07c3e8p41f, -0x1.3bdd5ep37f,
     -0x1.30f6p33f, -0x1.d91c46p28f, -0x1.2531d8p24f, -0x1.21b9dap19f, -0x1.c7e232p13f,
     -0x1.1cb93ap8f, -0x1.1a7c9ep2f, -0x1.b88f7p-5f, -0x1.110c36p-11f, -0x1.0938b2p-18f,
     -0x1.9818bp-26f, -0x1.ec4366p-34f, -0x1.d0a5bcp-42f, -0x1.64fb16p-50f, -0x1.9913a6p-59f,
     -0x1.77f3b8p-68f, -0x1.0eed16p-77f, -0x1.404e54p-87f, -0x1.125a5ap-97f, -0x1.66a46ap-108f,
     0x0p0f, 0x0p0f},
    {-0x1.399e62p57f, 0x1.69979ap57f, -0x1.3b7bfap56f, -0x1.6e6b6cp55f, -0x1.2715d8p54f,
     -0x1.77da06p52f, -0x1.7756d4p50f, -0x1.26ba72p48f, -0x1.68fceep45f, -0x1.58d128p42f,
     -0x1.00d7c8p39f, -0x1.2a6f96p35f, -0x1.0d8d68p31f, -0x1.7ba06p26f, -0x1.9fdf06p21f,
     -0x1.632466p16f, -0x1.dae4d8p10f, -0x1.ea9f06p4f, -0x1.87e93p-2f, -0x1.f0e4b6p-9f,
     -0x1.e519c4p-16f, -0x1.71c23cp-23f, -0x1.b80936p-31f, -0x1.91538p-39f, -0x1.22c0ap-47f,
     -0x1.456432p-56f, -0x1.1bdadp-65f, -0x1.7de062p-75f, -0x1.982014p-85f, -0x1.54149p-95f,
     0x0p0f, 0x0p0f},
};

//@section ts_less_tail_f32x16 needs ts_fma_f32x16 ts_max_f32x16 ts_from_doubled_f32x16
/* max(x, 0) - 2^(slope d) s, the last step of gelu far below zero; 2^(slope d) = 2^n (1 + p), with n + 1 in the
 * low bits of e. s is 2^64 times what is meant (ts_from_doubled_f32x16). */
TS_INLINE ts_f32x16 ts_less_tail_f32x16(ts_f32x16 x, ts_f32x16 s, ts_f32x16 d, ts_f32x16 slope) {
  ts_f32x16 zero = {0};
  ts_f32x16 e = ts_fma_f32x16(d, slope, zero + 0x1.800002p23f);
  ts_f32x16 r = ts_fma_f32x16(d, slope, 0x1.800002p23f - e);
  ts_f32x16 p = ts_fma_f32x16(zero + 0x1.418494p-13f, r, zero + 0x1.5f0998p-10f);
  p = ts_fma_f32x16(p, r, zero + 0x1.3b2dc8p-7f);
  p = ts_fma_f32x16(p, r, zero + 0x1.c6af7ap-5f);
  p = ts_fma_f32x16(p, r, zero + 0x1.ebfbdcp-3f);
  p = ts_fma_f32x16(p, r, zero + 0x1.62e43p-1f) * r;
  ts_i32x16 doubled = (ts_i32x16)((ts_u32x16)ts_fma_f32x16(s, p, s) + ((ts_u32x16)e << 23));
  return ts_max_f32x16(-zero, x) - ts_from_doubled_f32x16((ts_f32x16)doubled);
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
//@needs ts_gelu_table ts_less_tail_f32x16 ts_min_abs_f32x16 ts_lookup_f32x16 ts_select_f32x16
/* y with gelu(x) in the lanes where x < -6.5. From -15 on gelu is below half of the least
 * denormal; the factor 2^64 keeps all steps clear of denormals, over which machines stumble. Adding
 * 1.5 * 2^22 rounds to a multiple of 1/2 and leaves the interval in the low bits. */
TS_RARE ts_f32x16 ts_gelu_far_f32x16(ts_f32x16 x, ts_f32x16 y) {
  ts_f32x16 zero = {0};
  ts_f32x16 t = ts_min_abs_f32x16(x, zero + 15.0f);
  ts_i32x16 i = (ts_i32x16)(t + 0x1.8p22f);
  ts_f32x16 d = t - ts_lookup_f32x16(ts_gelu_table[0], i);
  ts_f32x16 s = ts_lookup_f32x16(ts_gelu_table[8], i);
  s = ts_fma_f32x16(s, d, ts_lookup_f32x16(ts_gelu_table[7], i));
  s = ts_fma_f32x16(s, d, ts_lookup_f32x16(ts_gelu_table[6], i));
  s = ts_fma_f32x16(s, d, ts_lookup_f32x16(ts_gelu_table[5], i));
  s = ts_fma_f32x16(s, d, ts_lookup_f32x16(ts_gelu_table[4], i));
  s = ts_fma_f32x16(s, d, ts_lookup_f32x16(ts_gelu_table[3], i));
  s = ts_fma_f32x16(s, d, ts_lookup_f32x16(ts_gelu_table[2], i));
  s = ts_less_tail_f32x16(x, s, d, ts_lookup_f32x16(ts_gelu_table[1], i));
  return ts_select_f32x16(x < -6.5f, s, y);
}

//@section ts_gelu_near_table
/* erfc(t / sqrt 2) / 2 = c0 + c1 d + … + c6 d^6 for d = t - center in 32 intervals of t, which grow
 * narrower as the function grows steeper; the rows are center, c0 … c6. The centers are chosen such
 * that c0 needs no rounding. Made by lib/emit/prelude/fit.py. */
static const float ts_gelu_near_table[8][32] __attribute__((aligned(64))) = {
    {0x0p0f, 0x1.5c7f2ap-1f, 0x1.2ae6ap0f, 0x1.8dc5d8p0f, 0x1.e283f2p0f, 0x1.16f42p1f,
     0x1.394972p1f, 0x1.59006p1f, 0x1.76a1e8p1f, 0x1.928796p1f, 0x1.acfa9p1f, 0x1.c62c66p1f,
     0x1.de4ee2p1f, 0x1.f57b06p1f, 0x1.05e5cap2f, 0x1.10a9b4p2f, 0x1.1b1dbap2f, 0x1.253d24p2f,
     0x1.2f101ep2f, 0x1.389c94p2f, 0x1.41f0ccp2f, 0x1.4b0d1cp2f, 0x1.53f1a4p2f, 0x1.5c9d9cp2f,
     0x1.65279p2f, 0x1.6d7bdep2f, 0x1.75a162p2f, 0x1.7db338p2f, 0x1.8589aap2f, 0x1.8d4a98p2f,
     0x1.94e218p2f, 0x1.9c6552p2f},
    {0x1p-1f, 0x1.fbfe86p-3f, 0x1.f19d3p-4f, 0x1.ec788p-5f, 0x1.e70abap-6f, 0x1.e02cacp-7f,
     0x1.d74d08p-8f, 0x1.ccd9c4p-9f, 0x1.c0dba2p-10f, 0x1.b3bd68p-11f, 0x1.a58ddcp-12f,
     0x1.96ab3p-13f, 0x1.86e374p-14f, 0x1.76c7b6p-15f, 0x1.6685a8p-16f, 0x1.566c38p-17f,
     0x1.4593b6p-18f, 0x1.35481cp-19f, 0x1.257dcp-20f, 0x1.1643d4p-21f, 0x1.06e1e4p-22f,
     0x1.ef90f8p-24f, 0x1.d2a914p-25f, 0x1.b7bc6cp-26f, 0x1.9bed76p-27f, 0x1.829f8ep-28f,
     0x1.6b1b7cp-29f, 0x1.5227ecp-30f, 0x1.3d2ba6p-31f, 0x1.279f1cp-32f, 0x1.14192ap-33f,
     0x1.006c48p-34f},
    {-0x1.988456p-2f, -0x1.440bcep-2f, -0x1.9d4078p-3f, -0x1.e8aaap-4f, -0x1.14978cp-4f,
     -0x1.3010fap-5f, -0x1.46f7c8p-6f, -0x1.59ced6p-7f, -0x1.68c9b8p-8f, -0x1.74561p-9f,
     -0x1.7c9ccp-10f, -0x1.820536p-11f, -0x1.847a1ep-12f, -0x1.849558p-13f, -0x1.829fc2p-14f,
     -0x1.7f088ap-15f, -0x1.78f01p-16f, -0x1.71d3bap-17f, -0x1.69cb76p-18f, -0x1.610ad6p-19f,
     -0x1.56c9cp-20f, -0x1.4ba378p-21f, -0x1.40279cp-22f, -0x1.34ea58p-23f, -0x1.280f2ap-24f,
     -0x1.1bfea2p-25f, -0x1.1059b4p-26f, -0x1.02d564p-27f, -0x1.ef054ep-29f, -0x1.d622d8p-30f,
     -0x1.bf17f2p-31f, -0x1.a6988ap-32f},
    {0x1.0576eap-19f, 0x1.b920f4p-4f, 0x1.e28158p-4f, 0x1.7ba52p-4f, 0x1.04a9f2p-4f,
     0x1.4b5464p-5f, 0x1.9022c2p-6f, 0x1.d2084p-7f, 0x1.07fd7p-7f, 0x1.24ba2cp-8f,
     0x1.3ee54cp-9f, 0x1.566c18p-10f, 0x1.6ae9dcp-11f, 0x1.7c9982p-12f, 0x1.8b87ecp-13f,
     0x1.97f6fcp-14f, 0x1.a0dd28p-15f, 0x1.a79fa8p-16f, 0x1.ac4e98p-17f, 0x1.af1d24p-18f,
     0x1.af1566p-19f, 0x1.acdd56p-20f, 0x1.a922a4p-21f, 0x1.a4acbcp-22f, 0x1.9d0ae4p-23f,
     0x1.957376p-24f, 0x1.8d7e66p-25f, 0x1.81ecc6p-26f, 0x1.789ea2p-27f, 0x1.6cce8p-28f,
     0x1.618e54p-29f, 0x1.54625cp-30f},
    {0x1.1037dap-4f, 0x1.cfc95p-6f, -0x1.903c88p-7f, -0x1.ccbd48p-6f, -0x1.d6aebp-6f,
     -0x1.7c08bap-6f, -0x1.0ff59ep-6f, -0x1.691222p-7f, -0x1.c6f8b2p-8f, -0x1.13d2dcp-8f,
     -0x1.448782p-9f, -0x1.74d38p-10f, -0x1.a3ac28p-11f, -0x1.d0a746p-12f, -0x1.fb4d42p-13f,
     -0x1.11b826p-13f, -0x1.23a30cp-14f, -0x1.341596p-15f, -0x1.42f3fp-16f, -0x1.5040a4p-17f,
     -0x1.5b2166p-18f, -0x1.63e916p-19f, -0x1.6b0498p-20f, -0x1.7109b8p-21f, -0x1.73d42ap-22f,
     -0x1.761008p-23f, -0x1.776774p-24f, -0x1.74d356p-25f, -0x1.73bb62p-26f, -0x1.6fa2d2p-27f,
     -0x1.6b767ep-28f, -0x1.64bf5cp-29f},
    {0x1.dab7e6p-13f, -0x1.74f282p-6f, -0x1.074642p-6f, -0x1.2877cap-8f, 0x1.8020e6p-9f,
     0x1.827dc6p-8f, 0x1.8ee242p-8f, 0x1.4b4318p-8f, 0x1.e9d33p-9f, 0x1.501f9ap-9f,
     0x1.b582cp-10f, 0x1.11a514p-10f, 0x1.4b93e6p-11f, 0x1.87a9e4p-12f, 0x1.c50e74p-13f,
     0x1.018b2p-13f, 0x1.1fc802p-14f, 0x1.3d979cp-15f, 0x1.5aa0e6p-16f, 0x1.76ae08p-17f,
     0x1.90a27p-18f, 0x1.a8875ep-19f, 0x1.bea3d2p-20f, 0x1.d3846cp-21f, 0x1.e45958p-22f,
     0x1.f440c6p-23f, 0x1.01606ep-23f, 0x1.05e066p-24f, 0x1.0b1eccp-25f, 0x1.0e1526p-26f,
     0x1.10b01cp-27f, 0x1.112da4p-28f},
    {-0x1.628f0cp-7f, -0x1.3174c4p-10f, 0x1.69139ap-8f, 0x1.6ee95ap-8f, 0x1.a4a4e4p-9f,
     0x1.e76c5cp-11f, -0x1.f35954p-12f, -0x1.16dd3ap-10f, -0x1.2b5d48p-10f, -0x1.017414p-10f,
     -0x1.8855bcp-11f, -0x1.15352cp-11f, -0x1.717f7ap-12f, -0x1.dbd566p-13f, -0x1.2778aap-13f,
     -0x1.6559a8p-14f, -0x1.a7493ep-15f, -0x1.eb5e76p-16f, -0x1.18de64p-16f, -0x1.3cd3d4p-17f,
     -0x1.5ff676p-18f, -0x1.82c32ep-19f, -0x1.a54fdcp-20f, -0x1.c748c4p-21f, -0x1.e65d7p-22f,
     -0x1.02b7dp-22f, -0x1.11d6d6p-23f, -0x1.1d769ep-24f, -0x1.2abc2cp-25f, -0x1.34e9d6p-26f,
     -0x1.3f56cp-27f, -0x1.46905ep-28f},
    {0x1.9e266cp-10f, 0x1.96e284p-9f, 0x1.1d6b0ep-10f, -0x1.bea15ep-11f, -0x1.6fa7ccp-10f,
     -0x1.2dd1e2p-10f, -0x1.46a0b6p-11f, -0x1.a60b7p-13f, 0x1.c27054p-15f, 0x1.6d0684p-13f,
     0x1.9d163ep-13f, 0x1.6ed78ap-13f, 0x1.17aa9cp-13f, 0x1.a07e5cp-14f, 0x1.1c4ba6p-14f,
     0x1.6f27dp-15f, 0x1.da854p-16f, 0x1.23d2fep-16f, 0x1.601dcep-17f, 0x1.a18f94p-18f,
     0x1.debecap-19f, 0x1.1203f2p-19f, 0x1.36d032p-20f, 0x1.5a64cap-21f, 0x1.805764p-22f,
     0x1.a98558p-23f, 0x1.d4f08p-24f, 0x1.ecda3ap-25f, 0x1.0d0bc2p-25f, 0x1.18ea88p-26f,
     0x1.2ce5ccp-27f, 0x1.36f108p-28f},
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
  if (__builtin_expect(ts_any_below_f32x16(x, zero - 6.5f), 0))
    return ts_gelu_far_f32x16(x, y);
  return y;
}

//@section ts_gelu_f32 needs ts_gelu_f32x16
TS_FUNCTION float ts_gelu_f32(float x) { return ts_gelu_f32x16((ts_f32x16){x})[0]; }

//@section ts_erf_table
/* erf around the centers of 32 intervals: erf(center + d) = c0 + c1 d + … + c5 d^5; the rows are
 * center, c0 … c5. In the first interval they are those of erf(d) - d. Made by
 * lib/emit/prelude/fit.py. */
static const float ts_erf_table[7][32] __attribute__((aligned(64))) = {
    {0x0p0f, 0x1.ffff9p-4f, 0x1.fff82cp-3f, 0x1.8000fp-2f, 0x1.fffef4p-2f, 0x1.400442p-1f,
     0x1.7ffd0ap-1f, 0x1.c00696p-1f, 0x1.000026p0f, 0x1.2000c2p0f, 0x1.4001f8p0f, 0x1.5ffe1ep0f,
     0x1.8001cp0f, 0x1.a00288p0f, 0x1.bfffa6p0f, 0x1.dffec8p0f, 0x1.ffff2p0f, 0x1.0fffb8p1f,
     0x1.2001bap1f, 0x1.2ffcd8p1f, 0x1.400078p1f, 0x1.4fff6p1f, 0x1.600084p1f, 0x1.6fff22p1f,
     0x1.7ffaa4p1f, 0x1.90012cp1f, 0x1.a007fep1f, 0x1.b007fep1f, 0x1.c007fep1f, 0x1.cff802p1f,
     0x1.dff802p1f, 0x1.eff802p1f},
    {0x0p0f, 0x1.1f5ddcp-3f, 0x1.1af128p-2f, 0x1.9dd1bep-2f, 0x1.0a7e8p-1f, 0x1.3f1caep-1f,
     0x1.6c1abp-1f, 0x1.9175bep-1f, 0x1.af769ap-1f, 0x1.c6db4ep-1f, 0x1.d8874cp-1f,
     0x1.e575e8p-1f, 0x1.eea5cp-1f, 0x1.f4f6fcp-1f, 0x1.f92cfep-1f, 0x1.fbe60ap-1f,
     0x1.fd9ad8p-1f, 0x1.fea41ep-1f, 0x1.ff4054p-1f, 0x1.ff9954p-1f, 0x1.ffcaaap-1f,
     0x1.ffe514p-1f, 0x1.fff2dp-1f, 0x1.fff9bap-1f, 0x1.fffd1ap-1f, 0x1.fffeb4p-1f,
     0x1.ffff7p-1f, 0x1.ffffc4p-1f, 0x1.ffffe8p-1f, 0x1.fffff6p-1f, 0x1.fffffcp-1f,
     0x1.fffffep-1f},
    {0x1.06eba8p-3f, 0x1.1c62fcp0f, 0x1.0f5d9ap0f, 0x1.f5f076p-1f, 0x1.c1f04p-1f, 0x1.86e558p-1f,
     0x1.49311ep-1f, 0x1.0ca556p-1f, 0x1.a91172p-2f, 0x1.45e77p-2f, 0x1.e45bep-3f,
     0x1.5ceca4p-3f, 0x1.e71976p-4f, 0x1.4992bp-4f, 0x1.b05744p-5f, 0x1.12d39cp-5f,
     0x1.52a04p-6f, 0x1.946616p-7f, 0x1.d3f7d2p-8f, 0x1.06b04ep-8f, 0x1.1d7ddcp-9f,
     0x1.2cf05p-10f, 0x1.3359fep-11f, 0x1.305f6cp-12f, 0x1.245252p-13f, 0x1.0f8e92p-14f,
     0x1.e8f5fp-16f, 0x1.ab796ep-17f, 0x1.6a652ap-18f, 0x1.2a0f34p-19f, 0x1.db22dap-21f,
     0x1.7461c4p-22f},
    {0x1.ffefdcp-22f, -0x1.1c62b4p-3f, -0x1.0f597cp-2f, -0x1.78753ap-2f, -0x1.c1ef42p-2f,
     -0x1.e8a532p-2f, -0x1.edc5d4p-2f, -0x1.d6283cp-2f, -0x1.a911acp-2f, -0x1.6ea55cp-2f,
     -0x1.2ebb4ep-2f, -0x1.dfc2eap-3f, -0x1.6d54cep-3f, -0x1.0bc8e8p-3f, -0x1.7a4c32p-4f,
     -0x1.01a5acp-4f, -0x1.529f9ap-5f, -0x1.adac6cp-6f, -0x1.073c6ep-6f, -0x1.37ed82p-7f,
     -0x1.64dbd2p-8f, -0x1.8afbb2p-9f, -0x1.a6a2e2p-10f, -0x1.b584d8p-11f, -0x1.b65f38p-12f,
     -0x1.a88032p-13f, -0x1.af08fcp-14f, -0x1.789656p-14f, -0x1.27dc1ap-14f, -0x1.d399d8p-19f,
     0x1.d24b44p-18f, 0x1.0ad87ap-15f},
    {-0x1.813112p-2f, -0x1.6f54dap-2f, -0x1.3c8f98p-2f, -0x1.e10be8p-3f, -0x1.2bf678p-3f,
     -0x1.c7b034p-5f, 0x1.b6a274p-6f, 0x1.7cac54p-4f, 0x1.1b641ap-3f, 0x1.4cb4eap-3f,
     0x1.571b88p-3f, 0x1.4377a6p-3f, 0x1.1c265p-3f, 0x1.d65b7cp-4f, 0x1.714a2cp-4f,
     0x1.143fc4p-4f, 0x1.8b0e6p-5f, 0x1.0ea5d2p-5f, 0x1.63de74p-6f, 0x1.c2167ap-7f,
     0x1.119a0cp-7f, 0x1.40860ep-8f, 0x1.69c7cep-9f, 0x1.89edaep-10f, 0x1.9e105ep-11f,
     0x1.a35c42p-12f, 0x1.957ca4p-13f, 0x1.4ea7e8p-14f, 0x1.da287ap-16f, 0x1.251cc6p-16f,
     0x1.5da58ap-18f, -0x1.7bd764p-18f},
    {0x1.f38942p-11f, 0x1.19032ep-4f, 0x1.03dc66p-3f, 0x1.54b6f2p-3f, 0x1.766a68p-3f,
     0x1.691aap-3f, 0x1.34570ap-3f, 0x1.cc1edep-4f, 0x1.1b5ac6p-4f, 0x1.cb99ap-6f,
     -0x1.8d833ap-8f, -0x1.f18f9p-6f, -0x1.6c9c06p-5f, -0x1.967f0cp-5f, -0x1.8984fep-5f,
     -0x1.5a2dd4p-5f, -0x1.1a3bc2p-5f, -0x1.afa152p-6f, -0x1.3951d6p-6f, -0x1.af755cp-7f,
     -0x1.1bd77ep-7f, -0x1.62f12ap-8f, -0x1.a8c896p-9f, -0x1.f010f6p-10f, -0x1.17ff0cp-10f,
     -0x1.19cdp-11f, 0x1.b3f174p-10f, 0x1.6f2fe2p-7f, 0x1.98304ap-7f, -0x1.2a2274p-10f,
     -0x1.47c89cp-9f, -0x1.07566ep-7f},
    {0x1.ae92b2p-4f, 0x1.aa255cp-4f, 0x1.2e0f16p-4f, 0x1.85cd7ep-5f, 0x1.df79acp-8f,
     -0x1.00ea6p-5f, -0x1.af68c8p-5f, -0x1.0c89a4p-4f, -0x1.1e83bep-4f, -0x1.f7062ep-5f,
     -0x1.7f7fep-5f, -0x1.fae0acp-6f, -0x1.dc4a4p-7f, -0x1.1f0428p-9f, 0x1.acaa3p-8f,
     0x1.79f15cp-7f, 0x1.ad674ep-7f, 0x1.9a84b8p-7f, 0x1.5d2bf6p-7f, 0x1.11fb7ep-7f,
     0x1.9043fcp-8f, 0x1.150c54p-8f, 0x1.6a0294p-9f, 0x1.c2bac8p-10f, 0x1.0c7942p-10f,
     0x1.2ffdep-11f, 0x1.f90f8cp-11f, 0x1.01f6b6p-8f, 0x1.1638bp-8f, 0x1.ab2336p-12f,
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
    {0x0p0f, 0x1.2f1fa4p-2f, 0x1.2f1e42p-1f, 0x1.c6ac54p-1f, 0x1.2f179p0f, 0x1.7ae02cp0f,
     0x1.c6a80ep0f, 0x1.0939f4p1f, 0x1.2f1792p1f, 0x1.5505dap1f, 0x1.7ae754p1f, 0x1.a0bf2p1f,
     0x1.c6a8fcp1f, 0x1.ec8a8ap1f, 0x1.0937acp2f, 0x1.1c2968p2f, 0x1.2f1cf2p2f, 0x1.420b86p2f,
     0x1.55030cp2f, 0x1.67f59cp2f, 0x1.7adf22p2f, 0x1.8dcaf4p2f, 0x1.a0c984p2f, 0x1.b3af24p2f,
     0x1.c69ff2p2f, 0x1.d9919cp2f, 0x1.ec8346p2f, 0x1.ff74fp2f, 0x1.093f4ap3f, 0x1.12b81ep3f,
     0x1.1c20f8p3f, 0x1.25a9c8p3f},
    {0x0p0f, 0x1.2691cp-2f, 0x1.100d6cp-1f, 0x1.6bbc5p-1f, 0x1.a84a98p-1f, 0x1.cd8cccp-1f,
     0x1.e37682p-1f, 0x1.f00424p-1f, 0x1.f7179ep-1f, 0x1.fb0e5ep-1f, 0x1.fd423cp-1f,
     0x1.fe7b08p-1f, 0x1.ff28c2p-1f, 0x1.ff88dep-1f, 0x1.ffbe16p-1f, 0x1.ffdb88p-1f,
     0x1.ffebd4p-1f, 0x1.fff4d6p-1f, 0x1.fff9d4p-1f, 0x1.fffc96p-1f, 0x1.fffe1cp-1f,
     0x1.fffef4p-1f, 0x1.ffff6cp-1f, 0x1.ffffaep-1f, 0x1.ffffd2p-1f, 0x1.ffffe6p-1f,
     0x1.fffff2p-1f, 0x1.fffff8p-1f, 0x1.fffffcp-1f, 0x1.fffffep-1f, 0x1.fffffep-1f, 0x1p0f},
    {0x1p0f, 0x1.d5a19cp-1f, 0x1.6f71bep-1f, 0x1.fb306cp-2f, 0x1.40c8d2p-2f, 0x1.7fb738p-3f,
     0x1.bbde6ap-4f, 0x1.f77fa4p-5f, 0x1.1a9178p-5f, 0x1.3ae16cp-6f, 0x1.5df18ap-7f,
     0x1.84644p-8f, 0x1.ae2184p-9f, 0x1.dc509p-10f, 0x1.07970ap-10f, 0x1.23b59ap-11f,
     0x1.42b99cp-12f, 0x1.653c1cp-13f, 0x1.8afdbap-14f, 0x1.b4febap-15f, 0x1.e3febp-16f,
     0x1.0bf22ep-16f, 0x1.2800ccp-17f, 0x1.47fddep-18f, 0x1.6ab588p-19f, 0x1.90e8e8p-20f,
     0x1.bc25b6p-21f, 0x1.eaabfep-22f, 0x1.0e0a12p-22f, 0x1.28bf26p-23f, 0x1.3fea14p-24f,
     0x1.53dcb8p-25f},
    {-0x1.7fb16cp-24f, -0x1.0e3182p-2f, -0x1.867c22p-2f, -0x1.68516p-2f, -0x1.09d50ap-2f,
     -0x1.59e7fep-3f, -0x1.a3210ep-4f, -0x1.e7c7bap-5f, -0x1.15a6ep-5f, -0x1.37d342p-6f,
     -0x1.5c1228p-7f, -0x1.833d2ep-8f, -0x1.ad6c68p-9f, -0x1.dbe184p-10f, -0x1.07773ep-10f,
     -0x1.239e8cp-11f, -0x1.42a10ep-12f, -0x1.65370ap-13f, -0x1.8b235cp-14f, -0x1.b54414p-15f,
     -0x1.e35fp-16f, -0x1.f10f26p-17f, -0x1.297ef2p-17f, -0x1.45108ep-18f, 0x1.8a796p-17f,
     0x1.40e1bcp-16f, 0x1.e47e2ap-20f, 0x1.ca475ep-18f, -0x1.7b2ed6p-18f, -0x1.0b83f6p-17f,
     0x1.096004p-16f, -0x1.12be4p-16f},
    {-0x1.555314p-2f, -0x1.d6b62p-3f, -0x1.2beca4p-5f, 0x1.5ba1ccp-4f, 0x1.c57964p-4f,
     0x1.6fd636p-4f, 0x1.efa124p-5f, 0x1.30b816p-5f, 0x1.6542bp-6f, 0x1.97bb76p-7f,
     0x1.cb1baep-8f, 0x1.009fe6p-8f, 0x1.1d56d6p-9f, 0x1.3caca2p-10f, 0x1.5eea6p-11f,
     0x1.849f48p-12f, 0x1.ae19b8p-13f, 0x1.dc3164p-14f, 0x1.074c3p-14f, 0x1.235272p-15f,
     0x1.42a9d6p-16f, 0x1.686a5p-17f, 0x1.8ad19p-18f, 0x1.b5bdbap-19f, 0x1.90291ep-19f,
     0x1.6777e4p-19f, 0x1.9b687p-21f, 0x1.e2bd78p-21f, 0x1.0d6f32p-20f, 0x1.5e452ep-20f,
     0x1.510c56p-19f, 0x1.56f464p-19f},
    {-0x1.1a2052p-12f, 0x1.3b8cf2p-3f, 0x1.2c2d22p-3f, 0x1.d2ea26p-5f, -0x1.556cb8p-8f,
     -0x1.93f05ap-6f, -0x1.792b04p-6f, -0x1.0939d8p-6f, -0x1.4c0228p-7f, -0x1.8eb55ap-8f,
     -0x1.c0c104p-9f, -0x1.fb25b4p-10f, -0x1.1bbacp-10f, -0x1.3bb9fep-11f, -0x1.5a53f6p-12f,
     -0x1.885162p-13f, -0x1.c356b8p-14f, -0x1.d71accp-15f, -0x1.c17eccp-16f, -0x1.c3549cp-17f,
     -0x1.d20774p-17f, -0x1.253042p-13f, 0x1.2be368p-19f, -0x1.c1695ep-18f, -0x1.b8b69ap-10f,
     -0x1.3a261ap-9f, -0x1.410a8p-12f, -0x1.bc0088p-11f, 0x1.486ffcp-11f, 0x1.dca688p-11f,
     -0x1.e3a9b8p-10f, 0x1.f0fb24p-10f},
    {0x1.189a8cp-3f, 0x1.acdc18p-5f, -0x1.8de044p-5f, -0x1.d5791ep-5f, -0x1.a72d2ep-6f,
     -0x1.e0b35ap-9f, 0x1.007888p-8f, 0x1.302a4p-8f, 0x1.c5757cp-9f, 0x1.21936ep-9f,
     0x1.59a52p-10f, 0x1.8d203cp-11f, 0x1.c16428p-12f, 0x1.f72d18p-13f, 0x1.18ba5ep-13f,
     0x1.366c76p-14f, 0x1.588fep-15f, 0x1.7d37ap-16f, 0x1.a22722p-17f, 0x1.cb5ap-18f,
     0x1.fe996ap-19f, -0x1.dcf2d2p-19f, 0x1.17d3cp-20f, 0x1.f0cbcep-22f, -0x1.28dfa4p-14f,
     -0x1.a8b1f2p-14f, -0x1.aed942p-17f, -0x1.2c3436p-15f, -0x1.af0cb6p-15f, -0x1.38bf06p-14f,
     -0x1.3d75aep-13f, -0x1.4624c6p-13f},
    {-0x1.783b2p-6f, -0x1.2661a4p-4f, -0x1.00d23p-5f, 0x1.c6a206p-7f, 0x1.18e916p-6f,
     0x1.f81b58p-8f, 0x1.b804d8p-10f, -0x1.ba74a8p-12f, -0x1.5f637p-11f, 0x1.48249p-9f,
     -0x1.063b4ep-11f, -0x1.f54802p-13f, -0x1.c55b28p-14f, -0x1.18f92ap-14f, -0x1.4277f6p-13f,
     0x1.1a2bc4p-15f, 0x1.2172f4p-13f, -0x1.a202cp-16f, -0x1.257c78p-13f, -0x1.eefd6ap-14f,
     0x1.0678dp-13f, 0x1.04aab2p-8f, -0x1.41e368p-13f, 0x1.39f022p-13f, 0x1.9730fcp-5f,
     0x1.225976p-4f, 0x1.28834ep-7f, 0x1.9a6072p-6f, -0x1.2f831p-6f, -0x1.b870c4p-6f,
     0x1.bee40ap-5f, -0x1.cb34d4p-5f},
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

//@section ts_gelu_tanh_table
/* tail(t) = t / (1 + e^(2u)), u = sqrt(2 / pi) (t + 0.044715 t^3), in the form of ts_gelu_table
 * with one coefficient more. Made by lib/emit/prelude/fit.py. */
static const float ts_gelu_tanh_table[10][32] __attribute__((aligned(64))) = {
    {0x0p0f, 0x1.666308p-2f, 0x1.6665ecp-1f, 0x1.0cceep0f, 0x1.66660ep0f, 0x1.c00064p0f,
     0x1.0ccffap1f, 0x1.399c74p1f, 0x1.666456p1f, 0x1.932c2ep1f, 0x1.bfff46p1f, 0x1.eccd12p1f,
     0x1.0cceep2f, 0x1.233348p2f, 0x1.3999dap2f, 0x1.50019p2f, 0x1.6668b8p2f, 0x1.7cd21p2f,
     0x1.932e2cp2f, 0x1.a99c4p2f, 0x1.c004bep2f, 0x1.d661b4p2f, 0x1.eccf8ap2f, 0x1.019e52p3f,
     0x1.0cceb4p3f, 0x1.17fa3cp3f, 0x1.23350cp3f, 0x1.2e63bap3f, 0x1.399644p3f, 0x1.44cb9p3f,
     0x1.5002b2p3f, 0x1.5b336ap3f},
    {0x0p0f, 0x1.50e47p1f, 0x1.9c5476p-3f, -0x1.c2af6ap-1f, -0x1.a447fcp0f, -0x1.258b48p1f,
     -0x1.74c274p1f, -0x1.c4e6b8p1f, -0x1.0c9806p2f, -0x1.39e0b4p2f, -0x1.6b02e4p2f,
     -0x1.a04ff2p2f, -0x1.da084cp2f, -0x1.0c1e34p3f, -0x1.2d87dp3f, -0x1.514664p3f,
     -0x1.775cp3f, -0x1.9fd11cp3f, -0x1.ce8ae6p3f, -0x1.00e3f4p4f, -0x1.18ae2ep4f,
     -0x1.319d28p4f, -0x1.4bd18cp4f, -0x1.67388ep4f, -0x1.83c35ap4f, -0x1.a173dep4f,
     -0x1.c0818ep4f, -0x1.e0a16p4f, -0x1.01001p5f, -0x1.124de4p5f, -0x1.24393p5f, -0x1.36b47ap5f},
    {0x0p0f, 0x1.0452aep61f, 0x1.5afep61f, 0x1.3c25d6p61f, 0x1.d00beap60f, 0x1.1f8e2ep60f,
     0x1.31c174p59f, 0x1.17c402p58f, 0x1.b67194p56f, 0x1.233246p55f, 0x1.4317dcp53f,
     0x1.276bb4p51f, 0x1.b58d32p48f, 0x1.027a5p46f, 0x1.dded68p42f, 0x1.53caeap39f,
     0x1.6d4bb2p35f, 0x1.233fdcp31f, 0x1.555e8ep26f, 0x1.1b9498p21f, 0x1.4c89f8p15f,
     0x1.0fdb66p9f, 0x1.29a56cp2f, 0x1.b2284p-6f, 0x1.a32d1ep-14f, 0x1.070c12p-22f,
     0x1.92f50cp-32f, 0x1.894b02p-42f, 0x1.cef534p-53f, 0x1.430c74p-64f, 0x1.06c012p-76f,
     0x1.f5f12cp-90f},
    {0x1p63f, 0x1.c7fb8cp36f, 0x1.a1c52p32f, -0x1.127a92p33f, 0x1.751d2ap32f, 0x1.48c724p35f,
     -0x1.02f8e2p34f, 0x1.73c1dap34f, 0x1.a42702p33f, 0x1.177028p30f, -0x1.b85b2ap30f,
     0x1.a5f818p26f, -0x1.c35dbcp18f, 0x1.12c9a4p24f, -0x1.ea680ep16f, 0x1.5db5e4p16f,
     0x1.8b901cp13f, -0x1.94f4p6f, 0x1.d93d34p22f, 0x1.eb67fap18f, 0x1.201f52p13f,
     0x1.d717e4p6f, 0x1.01e424p0f, 0x1.782b2ep-8f, 0x1.6b3016p-16f, 0x1.c7d3bp-25f,
     0x1.5d2286p-34f, 0x1.54c34p-44f, 0x1.911f3ep-55f, 0x1.17e6c4p-66f, 0x1.c74fdap-79f,
     0x1.b2e674p-92f},
    {-0x1.988454p62f, -0x1.208f5ep63f, -0x1.e58b9ep61f, -0x1.0e7f64p61f, -0x1.3c48fap60f,
     -0x1.64d20ap59f, -0x1.75c7d2p58f, -0x1.6216cap57f, -0x1.27b9ap56f, -0x1.a8989ap54f,
     -0x1.ff7032p52f, -0x1.fb19acp50f, -0x1.95d6fep48f, -0x1.020094p46f, -0x1.ff42b4p42f,
     -0x1.840aeep39f, -0x1.bbbcaep35f, -0x1.7717aap31f, -0x1.cf5eap26f, -0x1.903f7ap21f,
     -0x1.ede7ccp15f, -0x1.a7dab6p9f, -0x1.e62588p2f, -0x1.72aeb6p-5f, -0x1.757284p-13f,
     -0x1.e83604p-22f, -0x1.84fa04p-31f, -0x1.8a457cp-41f, -0x1.e15b86p-52f, -0x1.5bf0fap-63f,
     -0x1.24cfa8p-75f, -0x1.210aaap-88f},
    {0x1.ea7348p43f, 0x1.f82bdap63f, 0x1.492724p61f, 0x1.508658p59f, 0x1.6476cap57f,
     0x1.070a2p55f, -0x1.3b3e1p52f, -0x1.19a1a6p53f, -0x1.48507ep52f, -0x1.06a13cp51f,
     -0x1.401bbap49f, -0x1.333508p47f, -0x1.d32156p44f, -0x1.185b2ep42f, -0x1.05f86ap39f,
     -0x1.77683ap35f, -0x1.95f4ep31f, -0x1.452368p27f, -0x1.008004p24f, -0x1.ae4886p19f,
     -0x1.07081ap14f, -0x1.bf9b3ap7f, -0x1.fd550cp0f, -0x1.818438p-7f, -0x1.81c1p-15f,
     -0x1.f51e78p-24f, -0x1.8ce64p-33f, -0x1.9016aap-43f, -0x1.e5f026p-54f, -0x1.5d8ddp-65f,
     -0x1.24d3ep-77f, -0x1.1fd1b2p-90f},
    {0x1.119802p60f, -0x1.bc5b6ap63f, -0x1.4ae3dep57f, 0x1.93c44p58f, 0x1.2e2b56p58f,
     0x1.6d7134p57f, 0x1.96e196p56f, 0x1.a1f244p55f, 0x1.7fb018p54f, 0x1.2f7ab6p53f,
     0x1.910088p51f, 0x1.b14cbp49f, 0x1.77924ep47f, 0x1.01307ap45f, 0x1.113954p42f,
     0x1.badf68p38f, 0x1.0d62b2p35f, 0x1.e2e418p30f, 0x1.384ffep26f, 0x1.16034p21f,
     0x1.699062p15f, 0x1.4620f4p9f, 0x1.884d04p2f, 0x1.3909bep-5f, 0x1.495c6ep-13f,
     0x1.c0d5eap-22f, 0x1.743aeep-31f, 0x1.880f56p-41f, 0x1.f0b3fp-52f, 0x1.74177ep-63f,
     0x1.442124p-75f, 0x1.4ac916p-88f},
    {0x1.26f4b4p52f, 0x1.e6687ep62f, -0x1.81b364p58f, -0x1.720668p57f, -0x1.bfc88p55f,
     -0x1.de07b8p52f, 0x1.870ad2p52f, 0x1.9df55ep52f, 0x1.dbc81p51f, 0x1.8e1ddcp50f,
     0x1.027814p49f, 0x1.0a1b78p47f, 0x1.b2fb7cp44f, 0x1.184d6cp42f, 0x1.186ff4p39f,
     0x1.acd51cp35f, 0x1.ed24p31f, 0x1.a2b5ep27f, 0x1.de2d7cp23f, 0x1.6a7c04p19f,
     0x1.cf82d6p13f, 0x1.9b79d8p7f, 0x1.e7c63ep0f, 0x1.7ff8aep-7f, 0x1.8edca2p-15f,
     0x1.0c8da4p-23f, 0x1.b8b162p-33f, 0x1.cb610ep-43f, 0x1.203522p-53f, 0x1.ac1224p-65f,
     0x1.71c7eap-77f, 0x1.763ae8p-90f},
    {-0x1.80494ap57f, -0x1.604f4p61f, 0x1.43cb44p56f, -0x1.5570acp55f, -0x1.4dfd5cp55f,
     -0x1.b4a618p54f, -0x1.07372cp54f, -0x1.2c44b6p53f, -0x1.35997cp52f, -0x1.1266ep51f,
     -0x1.925d4cp49f, -0x1.dc71f8p47f, -0x1.c0c9c4p45f, -0x1.4c2b48p43f, -0x1.7aeac6p40f,
     -0x1.484172p37f, -0x1.a915dep33f, -0x1.9427a6p29f, -0x1.0fdd2ep25f, -0x1.edf8b2p19f,
     -0x1.53215ep14f, -0x1.41ac2ep8f, -0x1.962488p1f, -0x1.53548cp-6f, -0x1.74ee6ep-14f,
     -0x1.08e84cp-22f, -0x1.c94a6cp-32f, -0x1.f4659ap-42f, -0x1.48c662p-52f, -0x1.fe59c4p-64f,
     -0x1.cbf386p-76f, -0x1.e50fa2p-89f},
    {0x1.b6e25ap55f, 0x1.5c3546p59f, 0x1.522ab2p55f, 0x1.def94ap54f, 0x1.36e726p53f,
     0x1.02966ap49f, -0x1.1f46c8p51f, -0x1.1193aap51f, -0x1.45d66ep50f, -0x1.227794p49f,
     -0x1.957feap47f, -0x1.c09ddp45f, -0x1.8af61ep43f, -0x1.112b78p41f, -0x1.243ef2p38f,
     -0x1.dcbaaep34f, -0x1.2336eep31f, -0x1.0693acp27f, -0x1.0a818cp23f, -0x1.815336p18f,
     -0x1.0362ccp13f, -0x1.de9834p6f, -0x1.27dfbcp0f, -0x1.e51ddcp-8f, -0x1.0432dap-15f,
     -0x1.68a164p-24f, -0x1.35454ep-33f, -0x1.4bd27cp-43f, -0x1.adc056p-54f, -0x1.4c0d98p-65f,
     -0x1.28c38cp-77f, -0x1.328ebep-90f},
};

//@section ts_gelu_tanh_far_f32x16
//@needs ts_gelu_tanh_table ts_less_tail_f32x16 ts_min_abs_f32x16 ts_lookup_f32x16 ts_select_f32x16
/* y with the tanh form of gelu(x) in the lanes where x < -6.25, as ts_gelu_far_f32x16 goes about it:
 * from -10.9 on it is below half of the least denormal; intervals of 0.35. */
TS_RARE ts_f32x16 ts_gelu_tanh_far_f32x16(ts_f32x16 x, ts_f32x16 y) {
  ts_f32x16 zero = {0};
  ts_f32x16 t = ts_min_abs_f32x16(x, zero + 10.9f);
  ts_i32x16 i = (ts_i32x16)ts_fma_f32x16(t, zero + 1.0f / 0.35f, zero + 0x1.8p23f);
  ts_f32x16 d = t - ts_lookup_f32x16(ts_gelu_tanh_table[0], i);
  ts_f32x16 s = ts_lookup_f32x16(ts_gelu_tanh_table[9], i);
  s = ts_fma_f32x16(s, d, ts_lookup_f32x16(ts_gelu_tanh_table[8], i));
  s = ts_fma_f32x16(s, d, ts_lookup_f32x16(ts_gelu_tanh_table[7], i));
  s = ts_fma_f32x16(s, d, ts_lookup_f32x16(ts_gelu_tanh_table[6], i));
  s = ts_fma_f32x16(s, d, ts_lookup_f32x16(ts_gelu_tanh_table[5], i));
  s = ts_fma_f32x16(s, d, ts_lookup_f32x16(ts_gelu_tanh_table[4], i));
  s = ts_fma_f32x16(s, d, ts_lookup_f32x16(ts_gelu_tanh_table[3], i));
  s = ts_fma_f32x16(s, d, ts_lookup_f32x16(ts_gelu_tanh_table[2], i));
  s = ts_less_tail_f32x16(x, s, d, ts_lookup_f32x16(ts_gelu_tanh_table[1], i));
  return ts_select_f32x16(x < -6.25f, s, y);
}

//@section ts_gelu_tanh_near_table
/* 1 / (1 + e^(2u)), u = sqrt(2 / pi) (t + 0.044715 t^3), in the form of ts_gelu_near_table. Made by
 * lib/emit/prelude/fit.py. */
static const float ts_gelu_tanh_near_table[8][32] __attribute__((aligned(64))) = {
    {0x0p0f, 0x1.553a5cp-1f, 0x1.233bf8p0f, 0x1.826e28p0f, 0x1.d3e26p0f, 0x1.0e2a98p1f,
     0x1.2f1a7p1f, 0x1.4d8732p1f, 0x1.69ea4cp1f, 0x1.84b2eap1f, 0x1.9e0892p1f, 0x1.b63264p1f,
     0x1.cd4eb6p1f, 0x1.e37ff8p1f, 0x1.f8ea46p1f, 0x1.06c548p2f, 0x1.10c316p2f, 0x1.1a7858p2f,
     0x1.23e472p2f, 0x1.2d031p2f, 0x1.35f98p2f, 0x1.3eb52ap2f, 0x1.473156p2f, 0x1.4f86bcp2f,
     0x1.57ac68p2f, 0x1.5fa73cp2f, 0x1.677c48p2f, 0x1.6f2198p2f, 0x1.76ab3ap2f, 0x1.7e1554p2f,
     0x1.85647ep2f, 0x1.8c8ef6p2f},
    {0x1p-1f, 0x1.02b126p-2f, 0x1.05c17p-3f, 0x1.0d39d2p-4f, 0x1.151618p-5f, 0x1.1b9544p-6f,
     0x1.1fc3ecp-7f, 0x1.20ba0ep-8f, 0x1.1e1efep-9f, 0x1.17162cp-10f, 0x1.0c720ap-11f,
     0x1.fbc224p-13f, 0x1.d86dfap-14f, 0x1.b029d8p-15f, 0x1.84013p-16f, 0x1.571d0ap-17f,
     0x1.29fbb2p-18f, 0x1.fbdffp-20f, 0x1.a9bdep-21f, 0x1.6081eep-22f, 0x1.1cc382p-23f,
     0x1.c4d39cp-25f, 0x1.63cf52p-26f, 0x1.11d534p-27f, 0x1.9f09aap-29f, 0x1.357b52p-30f,
     0x1.c59f5ep-32f, 0x1.48ddd6p-33f, 0x1.d36b9cp-35f, 0x1.46929p-36f, 0x1.bfe6ccp-38f,
     0x1.2f7e56p-39f},
    {-0x1.988456p-2f, -0x1.46e83ap-2f, -0x1.ab907ap-3f, -0x1.0608fap-3f, -0x1.355212p-4f,
     -0x1.633a8cp-5f, -0x1.8ec778p-6f, -0x1.b6404cp-7f, -0x1.d815ccp-8f, -0x1.f19c1p-9f,
     -0x1.014614p-9f, -0x1.0473b6p-10f, -0x1.026634p-11f, -0x1.f6603ap-13f, -0x1.dde1a4p-14f,
     -0x1.be6ad6p-15f, -0x1.98889p-16f, -0x1.6e080cp-17f, -0x1.41e39ap-18f, -0x1.16f888p-19f,
     -0x1.d7179ep-21f, -0x1.86cd96p-22f, -0x1.3fd048p-23f, -0x1.000276p-24f, -0x1.9306eep-26f,
     -0x1.37be5cp-27f, -0x1.d9717ep-29f, -0x1.632bf4p-30f, -0x1.04f0d8p-31f, -0x1.7897e4p-33f,
     -0x1.0a80bcp-34f, -0x1.745358p-36f},
    {0x1.057fbcp-19f, 0x1.b49b68p-4f, 0x1.e4ddap-4f, 0x1.88e92cp-4f, 0x1.18d89ap-4f,
     0x1.762ea6p-5f, 0x1.db6e02p-6f, 0x1.230c86p-6f, 0x1.596804p-7f, 0x1.8dd672p-8f,
     0x1.be6f8ep-9f, 0x1.e7c258p-10f, 0x1.03dbc6p-10f, 0x1.0e24bep-11f, 0x1.11ce16p-12f,
     0x1.0f8fb6p-13f, 0x1.070e72p-14f, 0x1.f19da2p-16f, 0x1.ccc2a2p-17f, 0x1.a35e04p-18f,
     0x1.7337bap-19f, 0x1.4230a4p-20f, 0x1.134a58p-21f, 0x1.cb7c62p-23f, 0x1.78746cp-24f,
     0x1.2ea584p-25f, 0x1.dd15cap-27f, 0x1.72f5eep-28f, 0x1.1a30fep-29f, 0x1.a53ba8p-31f,
     0x1.34065ap-32f, 0x1.bc3036p-34f},
    {0x1.1190bcp-4f, 0x1.df8d94p-6f, -0x1.58c95ep-7f, -0x1.b9553cp-6f, -0x1.d82212p-6f,
     -0x1.9110dp-6f, -0x1.30129p-6f, -0x1.ad328p-7f, -0x1.1f7e1cp-7f, -0x1.70a4dap-8f,
     -0x1.c7af0cp-9f, -0x1.1001f2p-9f, -0x1.3a8d2ap-10f, -0x1.60dfdcp-11f, -0x1.801556p-12f,
     -0x1.9737a6p-13f, -0x1.a41112p-14f, -0x1.a5ab92p-15f, -0x1.9d0da8p-16f, -0x1.8c7b36p-17f,
     -0x1.715684p-18f, -0x1.5087bap-19f, -0x1.2d253ep-20f, -0x1.06be6ep-21f, -0x1.c142cap-23f,
     -0x1.7841cap-24f, -0x1.347abcp-25f, -0x1.f22f0ep-27f, -0x1.891782p-28f, -0x1.2ff3dcp-29f,
     -0x1.cc0ad8p-31f, -0x1.56dd06p-32f},
    {0x1.e1fbdp-13f, -0x1.77a0cap-6f, -0x1.0f9e36p-6f, -0x1.665772p-8f, 0x1.f69aa6p-10f,
     0x1.577154p-8f, 0x1.86c02ap-8f, 0x1.60ca82p-8f, 0x1.1b1d82p-8f, 0x1.a45006p-9f,
     0x1.265736p-9f, 0x1.88600cp-10f, 0x1.f4f7a2p-11f, 0x1.33915cp-11f, 0x1.6bc694p-12f,
     0x1.a06872p-13f, 0x1.cd5d12p-14f, 0x1.ef2444p-15f, 0x1.0236aep-15f, 0x1.06df62p-16f,
     0x1.02fa06p-17f, 0x1.f1a5fep-19f, 0x1.d436ep-20f, 0x1.ac932ep-21f, 0x1.7f8d62p-22f,
     0x1.4f9304p-23f, 0x1.1eede6p-24f, 0x1.e25a6ap-26f, 0x1.8ba088p-27f, 0x1.3d8c1ep-28f,
     0x1.f247bcp-30f, 0x1.807e78p-31f},
    {-0x1.6abedep-7f, -0x1.4b6bcep-10f, 0x1.684a4ep-8f, 0x1.72b638p-8f, 0x1.c5c166p-9f,
     0x1.5c79fp-10f, -0x1.3be978p-14f, -0x1.a1f2d4p-11f, -0x1.1534b6p-10f, -0x1.10a14p-10f,
     -0x1.d2161ep-11f, -0x1.6b7364p-11f, -0x1.0a4cap-11f, -0x1.6e71bcp-12f, -0x1.e14026p-13f,
     -0x1.2e83eap-13f, -0x1.6cc502p-14f, -0x1.a7d2dep-15f, -0x1.daf76ap-16f, -0x1.024dcap-16f,
     -0x1.0f37ccp-17f, -0x1.146f18p-18f, -0x1.12f3e4p-19f, -0x1.095938p-20f, -0x1.f34ac2p-22f,
     -0x1.ca42aep-23f, -0x1.99ff3p-24f, -0x1.67dedap-25f, -0x1.33b1d2p-26f, -0x1.011986p-27f,
     -0x1.a33b52p-29f, -0x1.4fc0d2p-30f},
    {0x1.ad58e4p-10f, 0x1.a8e6acp-9f, 0x1.1a9088p-10f, -0x1.afc556p-11f, -0x1.631p-10f,
     -0x1.25816p-10f, -0x1.6d0758p-11f, -0x1.5fb31cp-12f, -0x1.0e1736p-14f, 0x1.7bc44ap-14f,
     0x1.4f2b5cp-13f, 0x1.676b5ep-13f, 0x1.64ad4cp-13f, 0x1.19372cp-13f, 0x1.ae7a14p-14f,
     0x1.37e986p-14f, 0x1.9e561ep-15f, 0x1.0ca06p-15f, 0x1.466e3cp-16f, 0x1.7a0b26p-17f,
     0x1.ad7dd4p-18f, 0x1.d2b102p-19f, 0x1.ec9d5p-20f, 0x1.f7ea84p-21f, 0x1.f44decp-22f,
     0x1.e57a5ep-23f, 0x1.c6445p-24f, 0x1.9fca84p-25f, 0x1.73526ap-26f, 0x1.43fd6p-27f,
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
