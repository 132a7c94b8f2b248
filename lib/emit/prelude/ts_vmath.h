/* Vector math for emitted C: exp and its kin on GCC's vector types, in plain C with a few machine
 * instructions where the machine has them and the same results lane for lane where it has not.
 *
 * The file is cut into sections, `//@section NAME [needs NAME…]`, each one function or type named as
 * its section; lib/emit/embed.py turns them into a table from which the emitter prints what a
 * program uses. A section of the widest type (f32x16, f64x8) that stands alone is the pattern of the
 * narrower ones: embed.py repeats it with the type's name replaced. A scalar is lane 0 of a vector (there
 * the narrowest), so every lane equals the scalar form bit for bit.
 *
 * Compile with -ffp-contract=off and without -ffast-math: what must be fused says ts_fma. */
#ifndef TS_VMATH_H
#define TS_VMATH_H

//@section ts_builtin
/* TS_X86(feature, name): whether the target has the feature and the compiler the builtin. */
#if defined __has_builtin
#define TS_X86(feature, name) (feature && __has_builtin(name))
#else
#define TS_X86(feature, name) 0
#endif
#if defined __AVX512F__ && defined __AVX512VL__ && defined __AVX512DQ__
#define TS_AVX512 1
#else
#define TS_AVX512 0
#endif
#if defined __FMA__
#define TS_FMA 1
#else
#define TS_FMA 0
#endif
/* Vectors wider than the machine's cross no file's border here. */
#pragma GCC diagnostic ignored "-Wpsabi"
#define TS_INLINE static inline __attribute__((always_inline, unused))
#define TS_FUNCTION static inline __attribute__((unused))

//@section ts_f32x16
typedef float ts_f32x16 __attribute__((vector_size(64)));
typedef int ts_i32x16 __attribute__((vector_size(64)));

//@section ts_f32x8
typedef float ts_f32x8 __attribute__((vector_size(32)));
typedef int ts_i32x8 __attribute__((vector_size(32)));

//@section ts_f32x4
typedef float ts_f32x4 __attribute__((vector_size(16)));
typedef int ts_i32x4 __attribute__((vector_size(16)));

//@section ts_f64x8
typedef double ts_f64x8 __attribute__((vector_size(64)));
typedef long long ts_i64x8 __attribute__((vector_size(64)));

//@section ts_f64x4
typedef double ts_f64x4 __attribute__((vector_size(32)));
typedef long long ts_i64x4 __attribute__((vector_size(32)));

//@section ts_f64x2
typedef double ts_f64x2 __attribute__((vector_size(16)));
typedef long long ts_i64x2 __attribute__((vector_size(16)));

//@section ts_fma_f32x16 needs ts_builtin ts_f32x16
/* a * b + c, rounded once, in each lane. */
TS_INLINE ts_f32x16 ts_fma_f32x16(ts_f32x16 a, ts_f32x16 b, ts_f32x16 c) {
#if TS_X86(TS_AVX512, __builtin_ia32_vfmaddps512_mask)
  return __builtin_ia32_vfmaddps512_mask(a, b, c, -1, 4);
#else
  for (int i = 0; i < 16; i++)
    c[i] = __builtin_fmaf(a[i], b[i], c[i]);
  return c;
#endif
}

//@section ts_fma_f32x8 needs ts_builtin ts_f32x8
TS_INLINE ts_f32x8 ts_fma_f32x8(ts_f32x8 a, ts_f32x8 b, ts_f32x8 c) {
#if TS_X86(TS_FMA, __builtin_ia32_vfmaddps256)
  return __builtin_ia32_vfmaddps256(a, b, c);
#else
  for (int i = 0; i < 8; i++)
    c[i] = __builtin_fmaf(a[i], b[i], c[i]);
  return c;
#endif
}

//@section ts_fma_f32x4 needs ts_builtin ts_f32x4
TS_INLINE ts_f32x4 ts_fma_f32x4(ts_f32x4 a, ts_f32x4 b, ts_f32x4 c) {
#if TS_X86(TS_FMA, __builtin_ia32_vfmaddps)
  return __builtin_ia32_vfmaddps(a, b, c);
#else
  for (int i = 0; i < 4; i++)
    c[i] = __builtin_fmaf(a[i], b[i], c[i]);
  return c;
#endif
}

//@section ts_fma_f32 needs ts_builtin
TS_INLINE float ts_fma_f32(float a, float b, float c) { return __builtin_fmaf(a, b, c); }

//@section ts_fma_f64x8 needs ts_builtin ts_f64x8
TS_INLINE ts_f64x8 ts_fma_f64x8(ts_f64x8 a, ts_f64x8 b, ts_f64x8 c) {
#if TS_X86(TS_AVX512, __builtin_ia32_vfmaddpd512_mask)
  return __builtin_ia32_vfmaddpd512_mask(a, b, c, -1, 4);
#else
  for (int i = 0; i < 8; i++)
    c[i] = __builtin_fma(a[i], b[i], c[i]);
  return c;
#endif
}

//@section ts_fma_f64x4 needs ts_builtin ts_f64x4
TS_INLINE ts_f64x4 ts_fma_f64x4(ts_f64x4 a, ts_f64x4 b, ts_f64x4 c) {
#if TS_X86(TS_FMA, __builtin_ia32_vfmaddpd256)
  return __builtin_ia32_vfmaddpd256(a, b, c);
#else
  for (int i = 0; i < 4; i++)
    c[i] = __builtin_fma(a[i], b[i], c[i]);
  return c;
#endif
}

//@section ts_fma_f64x2 needs ts_builtin ts_f64x2
TS_INLINE ts_f64x2 ts_fma_f64x2(ts_f64x2 a, ts_f64x2 b, ts_f64x2 c) {
#if TS_X86(TS_FMA, __builtin_ia32_vfmaddpd)
  return __builtin_ia32_vfmaddpd(a, b, c);
#else
  for (int i = 0; i < 2; i++)
    c[i] = __builtin_fma(a[i], b[i], c[i]);
  return c;
#endif
}

//@section ts_fma_f64 needs ts_builtin
TS_INLINE double ts_fma_f64(double a, double b, double c) { return __builtin_fma(a, b, c); }

//@section ts_select_f32x16 needs ts_builtin ts_f32x16
/* a where the mask (a comparison of vectors: all ones or zero) is set, else b. */
TS_INLINE ts_f32x16 ts_select_f32x16(ts_i32x16 mask, ts_f32x16 a, ts_f32x16 b) {
  return (ts_f32x16)((mask & (ts_i32x16)a) | (~mask & (ts_i32x16)b));
}

//@section ts_select_f64x8 needs ts_builtin ts_f64x8
/* a where the mask (a comparison of vectors: all ones or zero) is set, else b. */
TS_INLINE ts_f64x8 ts_select_f64x8(ts_i64x8 mask, ts_f64x8 a, ts_f64x8 b) {
  return (ts_f64x8)((mask & (ts_i64x8)a) | (~mask & (ts_i64x8)b));
}

//@section ts_scale_f32x16 needs ts_builtin ts_f32x16
/* v * 2^n for v in [2^-24, 2^24] and an integer n, |n| <= 200, rounded once, denormals included: half of n
 * first, which is exact. n + 1.5 * 2^23 + 127 holds n + 127 in its low bits. */
TS_INLINE ts_f32x16 ts_scale_f32x16(ts_f32x16 v, ts_f32x16 n) {
#if TS_X86(TS_AVX512, __builtin_ia32_scalefps512_mask)
  return __builtin_ia32_scalefps512_mask(v, n, v, -1, 4);
#else
  ts_f32x16 half = n * 0.5f + 0x1.8p23f - 0x1.8p23f, rest = n - half;
  ts_i32x16 first = (ts_i32x16)(half + 0x1.8000fep23f) << 23;
  ts_i32x16 second = (ts_i32x16)(rest + 0x1.8000fep23f) << 23;
  return v * (ts_f32x16)first * (ts_f32x16)second;
#endif
}

//@section ts_scale_f32x8 needs ts_builtin ts_f32x8
TS_INLINE ts_f32x8 ts_scale_f32x8(ts_f32x8 v, ts_f32x8 n) {
#if TS_X86(TS_AVX512, __builtin_ia32_scalefps256_mask)
  return __builtin_ia32_scalefps256_mask(v, n, v, -1);
#else
  ts_f32x8 half = n * 0.5f + 0x1.8p23f - 0x1.8p23f, rest = n - half;
  ts_i32x8 first = (ts_i32x8)(half + 0x1.8000fep23f) << 23;
  ts_i32x8 second = (ts_i32x8)(rest + 0x1.8000fep23f) << 23;
  return v * (ts_f32x8)first * (ts_f32x8)second;
#endif
}

//@section ts_scale_f32x4 needs ts_builtin ts_f32x4
TS_INLINE ts_f32x4 ts_scale_f32x4(ts_f32x4 v, ts_f32x4 n) {
#if TS_X86(TS_AVX512, __builtin_ia32_scalefps128_mask)
  return __builtin_ia32_scalefps128_mask(v, n, v, -1);
#else
  ts_f32x4 half = n * 0.5f + 0x1.8p23f - 0x1.8p23f, rest = n - half;
  ts_i32x4 first = (ts_i32x4)(half + 0x1.8000fep23f) << 23;
  ts_i32x4 second = (ts_i32x4)(rest + 0x1.8000fep23f) << 23;
  return v * (ts_f32x4)first * (ts_f32x4)second;
#endif
}

//@section ts_exp_f32x16 needs ts_fma_f32x16 ts_select_f32x16 ts_scale_f32x16
/* e^x = 2^n e^r with n = round(x / ln 2) and r = x - n ln 2, whose first step is exact (Cody & Waite
 * 1980); adding 1.5 * 2^23 rounds to an integer. e^r - 1 is a polynomial on |r| <= ln 2 / 2. */
TS_FUNCTION ts_f32x16 ts_exp_f32x16(ts_f32x16 x) {
  ts_f32x16 zero = {0};
  x = ts_select_f32x16(x < -105.0f, zero - 105.0f, x);
  x = ts_select_f32x16(x > 90.0f, zero + 90.0f, x);
  ts_f32x16 n = ts_fma_f32x16(x, zero + 0x1.715476p0f, zero + 0x1.8p23f) - 0x1.8p23f;
  ts_f32x16 r = ts_fma_f32x16(n, zero - 0x1.62e430p-1f, x);
  r = ts_fma_f32x16(n, zero + 0x1.05c610p-29f, r);
  ts_f32x16 q = ts_fma_f32x16(zero + 0x1.6ab6eap-10f, r, zero + 0x1.123d5ep-7f);
  q = ts_fma_f32x16(q, r, zero + 0x1.55585ap-5f);
  q = ts_fma_f32x16(q, r, zero + 0x1.55548cp-3f);
  q = ts_fma_f32x16(q, r, zero + 0x1.fffffcp-2f);
  ts_f32x16 p = ts_fma_f32x16(q, r * r, r);
  return ts_scale_f32x16(p + 1.0f, n);
}

//@section ts_exp_f32 needs ts_exp_f32x16
TS_FUNCTION float ts_exp_f32(float x) { return ts_exp_f32x16((ts_f32x16){x})[0]; }

//@end
#endif
