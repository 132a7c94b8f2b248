/* Vectors for emitted C: GCC's vector types, fma, selection, look-up in small tables, in plain C with a few
 * machine instructions where the machine has them and the same results lane for lane where it has not.
 * The functions made of them stand in ts_vmath_f32.h and ts_vmath_f64.h.
 *
 * The files are cut into sections, `//@section NAME [needs NAME…]` (more names in `//@needs` lines), each
 * one function or type named as its section; lib/emit/embed.py turns them into a table from which the
 * emitter prints what a program uses. A section of the widest type (f32x16, f64x8) that stands alone is
 * the pattern of the narrower ones: embed.py repeats it with the type's name replaced. A scalar is lane 0
 * of a vector (there the narrowest), so every lane equals the scalar form bit for bit.
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
#ifndef TS_INLINE /* a file may want it to count as the lines that call it */
#define TS_INLINE static inline __attribute__((always_inline, unused))
#endif
#ifndef TS_FUNCTION /* a file may want its math kept out of line */
#define TS_FUNCTION static inline __attribute__((unused))
#endif
#define TS_RARE                                                                                    \
  static __attribute__((noinline, unused)) /* for rare inputs; not cold, which means slow */

//@section ts_f32x16
typedef float ts_f32x16 __attribute__((vector_size(64)));
typedef int ts_i32x16 __attribute__((vector_size(64)));
typedef unsigned ts_u32x16 __attribute__((vector_size(64)));

//@section ts_f32x8
typedef float ts_f32x8 __attribute__((vector_size(32)));
typedef int ts_i32x8 __attribute__((vector_size(32)));
typedef unsigned ts_u32x8 __attribute__((vector_size(32)));

//@section ts_f32x4
typedef float ts_f32x4 __attribute__((vector_size(16)));
typedef int ts_i32x4 __attribute__((vector_size(16)));
typedef unsigned ts_u32x4 __attribute__((vector_size(16)));

//@section ts_f64x8
typedef double ts_f64x8 __attribute__((vector_size(64)));
typedef long long ts_i64x8 __attribute__((vector_size(64)));
typedef unsigned long long ts_u64x8 __attribute__((vector_size(64)));

//@section ts_f64x4
typedef double ts_f64x4 __attribute__((vector_size(32)));
typedef long long ts_i64x4 __attribute__((vector_size(32)));
typedef unsigned long long ts_u64x4 __attribute__((vector_size(32)));

//@section ts_f64x2
typedef double ts_f64x2 __attribute__((vector_size(16)));
typedef long long ts_i64x2 __attribute__((vector_size(16)));
typedef unsigned long long ts_u64x2 __attribute__((vector_size(16)));

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

//@section ts_select_f32x8 needs ts_builtin ts_f32x8
TS_INLINE ts_f32x8 ts_select_f32x8(ts_i32x8 mask, ts_f32x8 a, ts_f32x8 b) {
  return (ts_f32x8)((mask & (ts_i32x8)a) | (~mask & (ts_i32x8)b));
}

//@section ts_select_f32x4 needs ts_builtin ts_f32x4
TS_INLINE ts_f32x4 ts_select_f32x4(ts_i32x4 mask, ts_f32x4 a, ts_f32x4 b) {
  return (ts_f32x4)((mask & (ts_i32x4)a) | (~mask & (ts_i32x4)b));
}

//@section ts_select_f64x8 needs ts_builtin ts_f64x8
/* a where the mask (a comparison of vectors: all ones or zero) is set, else b. */
TS_INLINE ts_f64x8 ts_select_f64x8(ts_i64x8 mask, ts_f64x8 a, ts_f64x8 b) {
  return (ts_f64x8)((mask & (ts_i64x8)a) | (~mask & (ts_i64x8)b));
}

//@section ts_max_f32x16 needs ts_builtin ts_select_f32x16
/* a where a > b, else b: b when one is a NaN or both are zeros. */
TS_INLINE ts_f32x16 ts_max_f32x16(ts_f32x16 a, ts_f32x16 b) {
#if TS_X86(TS_AVX512, __builtin_ia32_maxps512_mask)
  return __builtin_ia32_maxps512_mask(a, b, b, -1, 4);
#elif TS_X86(TS_AVX512, __builtin_ia32_maxps512)
  return __builtin_ia32_maxps512(a, b, 4);
#else
  return ts_select_f32x16(a > b, a, b);
#endif
}

//@section ts_max_f32x8 needs ts_builtin ts_select_f32x8
TS_INLINE ts_f32x8 ts_max_f32x8(ts_f32x8 a, ts_f32x8 b) {
#if TS_X86(TS_FMA, __builtin_ia32_maxps256)
  return __builtin_ia32_maxps256(a, b);
#else
  return ts_select_f32x8(a > b, a, b);
#endif
}

//@section ts_max_f32x4 needs ts_builtin ts_select_f32x4
TS_INLINE ts_f32x4 ts_max_f32x4(ts_f32x4 a, ts_f32x4 b) {
#if TS_X86(TS_FMA, __builtin_ia32_maxps)
  return __builtin_ia32_maxps(a, b);
#else
  return ts_select_f32x4(a > b, a, b);
#endif
}

//@section ts_max_i32x16 needs ts_builtin ts_f32x16
/* The greater of two integers. */
TS_INLINE ts_i32x16 ts_max_i32x16(ts_i32x16 a, ts_i32x16 b) {
  ts_i32x16 greater = a > b;
  return (a & greater) | (b & ~greater);
}

//@section ts_min_i32x16 needs ts_builtin ts_f32x16
/* The smaller of two integers. */
TS_INLINE ts_i32x16 ts_min_i32x16(ts_i32x16 a, ts_i32x16 b) {
  ts_i32x16 less = a < b;
  return (a & less) | (b & ~less);
}

//@section ts_min_abs_f32x16 needs ts_builtin ts_select_f32x16
/* The smaller of |x| and a positive limit; what a NaN gives is not said. */
TS_INLINE ts_f32x16 ts_min_abs_f32x16(ts_f32x16 x, ts_f32x16 limit) {
#if TS_X86(TS_AVX512, __builtin_ia32_rangeps512_mask)
  return __builtin_ia32_rangeps512_mask(x, limit, 10, x, -1, 4);
#else
  ts_f32x16 a = (ts_f32x16)((ts_i32x16)x & 0x7fffffff);
  return ts_select_f32x16(a < limit, a, limit);
#endif
}

//@section ts_min_abs_f32x8 needs ts_builtin ts_select_f32x8
TS_INLINE ts_f32x8 ts_min_abs_f32x8(ts_f32x8 x, ts_f32x8 limit) {
#if TS_X86(TS_AVX512, __builtin_ia32_rangeps256_mask)
  return __builtin_ia32_rangeps256_mask(x, limit, 10, x, -1);
#else
  ts_f32x8 a = (ts_f32x8)((ts_i32x8)x & 0x7fffffff);
  return ts_select_f32x8(a < limit, a, limit);
#endif
}

//@section ts_min_abs_f32x4 needs ts_builtin ts_select_f32x4
TS_INLINE ts_f32x4 ts_min_abs_f32x4(ts_f32x4 x, ts_f32x4 limit) {
#if TS_X86(TS_AVX512, __builtin_ia32_rangeps128_mask)
  return __builtin_ia32_rangeps128_mask(x, limit, 10, x, -1);
#else
  ts_f32x4 a = (ts_f32x4)((ts_i32x4)x & 0x7fffffff);
  return ts_select_f32x4(a < limit, a, limit);
#endif
}

//@section ts_any_below_f32x16 needs ts_builtin ts_f32x16
/* Whether x < limit in some lane. */
TS_INLINE int ts_any_below_f32x16(ts_f32x16 x, ts_f32x16 limit) {
#if TS_X86(TS_AVX512, __builtin_ia32_cmpps512_mask)
  return __builtin_ia32_cmpps512_mask(x, limit, 17, -1, 4) != 0;
#else
  ts_i32x16 below = x < limit;
  int any = 0;
  for (int i = 0; i < 16; i++)
    any |= below[i];
  return any;
#endif
}

//@section ts_any_below_f32x8 needs ts_builtin ts_f32x8
TS_INLINE int ts_any_below_f32x8(ts_f32x8 x, ts_f32x8 limit) {
#if TS_X86(TS_AVX512, __builtin_ia32_cmpps256_mask)
  return __builtin_ia32_cmpps256_mask(x, limit, 17, -1) != 0;
#elif TS_X86(TS_FMA, __builtin_ia32_movmskps256)
  return __builtin_ia32_movmskps256((ts_f32x8)(x < limit)) != 0;
#else
  ts_i32x8 below = x < limit;
  int any = 0;
  for (int i = 0; i < 8; i++)
    any |= below[i];
  return any;
#endif
}

//@section ts_any_below_f32x4 needs ts_builtin ts_f32x4
TS_INLINE int ts_any_below_f32x4(ts_f32x4 x, ts_f32x4 limit) {
#if TS_X86(TS_AVX512, __builtin_ia32_cmpps128_mask)
  return __builtin_ia32_cmpps128_mask(x, limit, 17, -1) != 0;
#elif TS_X86(TS_FMA, __builtin_ia32_movmskps)
  return __builtin_ia32_movmskps((ts_f32x4)(x < limit)) != 0;
#else
  ts_i32x4 below = x < limit;
  return below[0] | below[1] | below[2] | below[3];
#endif
}

//@section ts_lookup_f32x16 needs ts_builtin ts_f32x16
/* table[index % 32] in each lane, from a table of 32 that is aligned to 64 bytes. */
TS_INLINE ts_f32x16 ts_lookup_f32x16(const float *table, ts_i32x16 index) {
#if TS_X86(TS_AVX512, __builtin_ia32_vpermt2varps512_mask)
  const ts_f32x16 *half = (const ts_f32x16 *)table;
  return __builtin_ia32_vpermt2varps512_mask(index, half[0], half[1], -1);
#elif TS_X86(TS_AVX512, __builtin_ia32_vpermi2varps512)
  const ts_f32x16 *half = (const ts_f32x16 *)table;
  return __builtin_ia32_vpermi2varps512(half[0], index, half[1]);
#else
  ts_f32x16 y;
  for (int i = 0; i < 16; i++)
    y[i] = table[index[i] & 31];
  return y;
#endif
}

//@section ts_lookup_f32x8 needs ts_builtin ts_f32x8 ts_lookup_f32x16
TS_INLINE ts_f32x8 ts_lookup_f32x8(const float *table, ts_i32x8 index) {
#if TS_X86(TS_AVX512, __builtin_shufflevector)
  ts_i32x16 wide =
      __builtin_shufflevector(index, index, 0, 1, 2, 3, 4, 5, 6, 7, 0, 1, 2, 3, 4, 5, 6, 7);
  ts_f32x16 y = ts_lookup_f32x16(table, wide);
  return __builtin_shufflevector(y, y, 0, 1, 2, 3, 4, 5, 6, 7);
#else
  ts_f32x8 y;
  for (int i = 0; i < 8; i++)
    y[i] = table[index[i] & 31];
  return y;
#endif
}

//@section ts_lookup_f32x4 needs ts_builtin ts_f32x4 ts_lookup_f32x8
TS_INLINE ts_f32x4 ts_lookup_f32x4(const float *table, ts_i32x4 index) {
#if TS_X86(TS_AVX512, __builtin_shufflevector)
  ts_i32x8 wide = __builtin_shufflevector(index, index, 0, 1, 2, 3, 0, 1, 2, 3);
  ts_f32x8 y = ts_lookup_f32x8(table, wide);
  return __builtin_shufflevector(y, y, 0, 1, 2, 3);
#else
  ts_f32x4 y;
  for (int i = 0; i < 4; i++)
    y[i] = table[index[i] & 31];
  return y;
#endif
}

//@end
#endif
