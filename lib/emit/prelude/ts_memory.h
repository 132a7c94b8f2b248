/* Masked loads and stores of vectors as single instructions where the machine has them. Sections as in
 * ts_vmath.h. Without AVX-512 a vector whose mask is full is stored without it: AMD's processors take tens of
 * cycles for VMASKMOVPS to memory, whatever the mask, and all but the last vector of a row are full. */
#ifndef TS_MEMORY_H
#define TS_MEMORY_H

//@section ts_load_masked_f32x16 needs ts_builtin ts_f32x16
/* Lanes whose mask is 0 read 0, and touch no memory. */
TS_INLINE ts_f32x16 ts_load_masked_f32x16(const float *p, ts_i32x16 mask) {
#if TS_X86(TS_AVX512, __builtin_ia32_loadups512_mask)
  return __builtin_ia32_loadups512_mask((const void *)p, (ts_f32x16){0},
                                        __builtin_ia32_cvtd2mask512(mask));
#else
  ts_f32x16 x = {0};
  for (int l = 0; l < 16; l++)
    if (mask[l]) x[l] = p[l];
  return x;
#endif
}

//@section ts_store_masked_f32x16 needs ts_builtin ts_f32x16
/* Lanes whose mask is 0 are left alone in memory. */
TS_INLINE void ts_store_masked_f32x16(float *p, ts_f32x16 x, ts_i32x16 mask) {
#if TS_X86(TS_AVX512, __builtin_ia32_storeups512_mask)
  __builtin_ia32_storeups512_mask((void *)p, x, __builtin_ia32_cvtd2mask512(mask));
#else
  for (int l = 0; l < 16; l++)
    if (mask[l]) p[l] = x[l];
#endif
}

//@section ts_load_masked_f32x8 needs ts_builtin ts_f32x8
TS_INLINE ts_f32x8 ts_load_masked_f32x8(const float *p, ts_i32x8 mask) {
#if TS_X86(TS_AVX512, __builtin_ia32_loadups256_mask)
  return __builtin_ia32_loadups256_mask((const void *)p, (ts_f32x8){0},
                                        __builtin_ia32_cvtd2mask256(mask));
#elif TS_X86(TS_FMA, __builtin_ia32_maskloadps256)
  return __builtin_ia32_maskloadps256((const void *)p, mask);
#else
  ts_f32x8 x = {0};
  for (int l = 0; l < 8; l++)
    if (mask[l]) x[l] = p[l];
  return x;
#endif
}

//@section ts_store_masked_f32x8 needs ts_builtin ts_f32x8
TS_INLINE void ts_store_masked_f32x8(float *p, ts_f32x8 x, ts_i32x8 mask) {
#if TS_X86(TS_AVX512, __builtin_ia32_storeups256_mask)
  __builtin_ia32_storeups256_mask((void *)p, x, __builtin_ia32_cvtd2mask256(mask));
#elif TS_X86(TS_FMA, __builtin_ia32_maskstoreps256)
  if (__builtin_ia32_movmskps256((ts_f32x8)mask) == 0xff)
    memcpy(p, &x, sizeof x);
  else
    __builtin_ia32_maskstoreps256((void *)p, mask, x);
#else
  for (int l = 0; l < 8; l++)
    if (mask[l]) p[l] = x[l];
#endif
}

//@section ts_load_masked_f32x4 needs ts_builtin ts_f32x4
TS_INLINE ts_f32x4 ts_load_masked_f32x4(const float *p, ts_i32x4 mask) {
#if TS_X86(TS_AVX512, __builtin_ia32_loadups128_mask)
  return __builtin_ia32_loadups128_mask((const void *)p, (ts_f32x4){0},
                                        __builtin_ia32_cvtd2mask128(mask));
#else
  ts_f32x4 x = {0};
  for (int l = 0; l < 4; l++)
    if (mask[l]) x[l] = p[l];
  return x;
#endif
}

//@section ts_store_masked_f32x4 needs ts_builtin ts_f32x4
TS_INLINE void ts_store_masked_f32x4(float *p, ts_f32x4 x, ts_i32x4 mask) {
#if TS_X86(TS_AVX512, __builtin_ia32_storeups128_mask)
  __builtin_ia32_storeups128_mask((void *)p, x, __builtin_ia32_cvtd2mask128(mask));
#else
  for (int l = 0; l < 4; l++)
    if (mask[l]) p[l] = x[l];
#endif
}

//@section ts_load_masked_f64x8 needs ts_builtin ts_f64x8
TS_INLINE ts_f64x8 ts_load_masked_f64x8(const double *p, ts_i64x8 mask) {
#if TS_X86(TS_AVX512, __builtin_ia32_loadupd512_mask)
  return __builtin_ia32_loadupd512_mask((const void *)p, (ts_f64x8){0},
                                        __builtin_ia32_cvtq2mask512(mask));
#else
  ts_f64x8 x = {0};
  for (int l = 0; l < 8; l++)
    if (mask[l]) x[l] = p[l];
  return x;
#endif
}

//@section ts_store_masked_f64x8 needs ts_builtin ts_f64x8
TS_INLINE void ts_store_masked_f64x8(double *p, ts_f64x8 x, ts_i64x8 mask) {
#if TS_X86(TS_AVX512, __builtin_ia32_storeupd512_mask)
  __builtin_ia32_storeupd512_mask((void *)p, x, __builtin_ia32_cvtq2mask512(mask));
#else
  for (int l = 0; l < 8; l++)
    if (mask[l]) p[l] = x[l];
#endif
}

//@section ts_load_masked_f64x4 needs ts_builtin ts_f64x4
TS_INLINE ts_f64x4 ts_load_masked_f64x4(const double *p, ts_i64x4 mask) {
#if TS_X86(TS_AVX512, __builtin_ia32_loadupd256_mask)
  return __builtin_ia32_loadupd256_mask((const void *)p, (ts_f64x4){0},
                                        __builtin_ia32_cvtq2mask256(mask));
#elif TS_X86(TS_FMA, __builtin_ia32_maskloadpd256)
  return __builtin_ia32_maskloadpd256((const void *)p, mask);
#else
  ts_f64x4 x = {0};
  for (int l = 0; l < 4; l++)
    if (mask[l]) x[l] = p[l];
  return x;
#endif
}

//@section ts_store_masked_f64x4 needs ts_builtin ts_f64x4
TS_INLINE void ts_store_masked_f64x4(double *p, ts_f64x4 x, ts_i64x4 mask) {
#if TS_X86(TS_AVX512, __builtin_ia32_storeupd256_mask)
  __builtin_ia32_storeupd256_mask((void *)p, x, __builtin_ia32_cvtq2mask256(mask));
#elif TS_X86(TS_FMA, __builtin_ia32_maskstorepd256)
  if (__builtin_ia32_movmskpd256((ts_f64x4)mask) == 0xf)
    memcpy(p, &x, sizeof x);
  else
    __builtin_ia32_maskstorepd256((void *)p, mask, x);
#else
  for (int l = 0; l < 4; l++)
    if (mask[l]) p[l] = x[l];
#endif
}

//@section ts_load_masked_f64x2 needs ts_builtin ts_f64x2
TS_INLINE ts_f64x2 ts_load_masked_f64x2(const double *p, ts_i64x2 mask) {
#if TS_X86(TS_AVX512, __builtin_ia32_loadupd128_mask)
  return __builtin_ia32_loadupd128_mask((const void *)p, (ts_f64x2){0},
                                        __builtin_ia32_cvtq2mask128(mask));
#else
  ts_f64x2 x = {0};
  for (int l = 0; l < 2; l++)
    if (mask[l]) x[l] = p[l];
  return x;
#endif
}

//@section ts_store_masked_f64x2 needs ts_builtin ts_f64x2
TS_INLINE void ts_store_masked_f64x2(double *p, ts_f64x2 x, ts_i64x2 mask) {
#if TS_X86(TS_AVX512, __builtin_ia32_storeupd128_mask)
  __builtin_ia32_storeupd128_mask((void *)p, x, __builtin_ia32_cvtq2mask128(mask));
#else
  for (int l = 0; l < 2; l++)
    if (mask[l]) p[l] = x[l];
#endif
}

//@end
#endif
