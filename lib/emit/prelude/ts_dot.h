/* Sums of products of narrow numbers by groups of lanes, as single instructions where the machine has
 * them. The factors are handed over as vectors of the sum's lanes, a group of them in each. Sections as in
 * ts_vmath.h. */
#ifndef TS_DOT_H
#define TS_DOT_H

//@section ts_dpbusd needs ts_builtin
/* c + the four products of unsigned bytes of a and signed ones of b, as gcc and clang call it. */
#if defined __AVX512VNNI__
#define TS_VNNI512 1
#else
#define TS_VNNI512 0
#endif
#if (defined __AVX512VNNI__ && defined __AVX512VL__) || defined __AVXVNNI__
#define TS_VNNI256 1
#else
#define TS_VNNI256 0
#endif
#if TS_X86(TS_VNNI512, __builtin_ia32_vpdpbusd_v16si)
#define ts_dpbusd_i32x16 __builtin_ia32_vpdpbusd_v16si
#elif TS_X86(TS_VNNI512, __builtin_ia32_vpdpbusd512)
#define ts_dpbusd_i32x16 __builtin_ia32_vpdpbusd512
#endif
#if TS_X86(TS_VNNI256, __builtin_ia32_vpdpbusd_v8si)
#define ts_dpbusd_i32x8 __builtin_ia32_vpdpbusd_v8si
#define ts_dpbusd_i32x4 __builtin_ia32_vpdpbusd_v4si
#elif TS_X86(TS_VNNI256, __builtin_ia32_vpdpbusd256)
#define ts_dpbusd_i32x8 __builtin_ia32_vpdpbusd256
#define ts_dpbusd_i32x4 __builtin_ia32_vpdpbusd128
#endif

//@section ts_maddwd_i32x4 needs ts_builtin ts_f32x4
/* The sum of the products of both halves of a lane, signed numbers of 16 bits. */
TS_INLINE ts_i32x4 ts_maddwd_i32x4(ts_i32x4 a, ts_i32x4 b) {
  typedef short halves __attribute__((vector_size(16), unused));
#if defined __SSE2__ && TS_X86(1, __builtin_ia32_pmaddwd128)
  return (ts_i32x4)__builtin_ia32_pmaddwd128((halves)a, (halves)b);
#else
  ts_i32x4 low = ((ts_i32x4)((ts_u32x4)a << 16) >> 16) * ((ts_i32x4)((ts_u32x4)b << 16) >> 16);
  return low + (a >> 16) * (b >> 16);
#endif
}

//@section ts_maddwd_i32x8 needs ts_f32x8 ts_maddwd_i32x4
TS_INLINE ts_i32x8 ts_maddwd_i32x8(ts_i32x8 a, ts_i32x8 b) {
  typedef short halves __attribute__((vector_size(32), unused));
#if defined __AVX2__ && TS_X86(1, __builtin_ia32_pmaddwd256)
  return (ts_i32x8)__builtin_ia32_pmaddwd256((halves)a, (halves)b);
#else
  ts_i32x4 x[2], y[2];
  memcpy(x, &a, sizeof a);
  memcpy(y, &b, sizeof b);
  for (int h = 0; h < 2; h++)
    x[h] = ts_maddwd_i32x4(x[h], y[h]);
  memcpy(&a, x, sizeof a);
  return a;
#endif
}

//@section ts_maddwd_i32x16 needs ts_f32x16 ts_maddwd_i32x8
TS_INLINE ts_i32x16 ts_maddwd_i32x16(ts_i32x16 a, ts_i32x16 b) {
  typedef short halves __attribute__((vector_size(64), unused));
#if defined __AVX512BW__ && TS_X86(1, __builtin_ia32_pmaddwd512)
  return (ts_i32x16)__builtin_ia32_pmaddwd512((halves)a, (halves)b);
#elif defined __AVX512BW__ && TS_X86(1, __builtin_ia32_pmaddwd512_mask)
  return (ts_i32x16)__builtin_ia32_pmaddwd512_mask((halves)a, (halves)b, (ts_i32x16){0}, 0xffff);
#else
  ts_i32x8 x[2], y[2];
  memcpy(x, &a, sizeof a);
  memcpy(y, &b, sizeof b);
  for (int h = 0; h < 2; h++)
    x[h] = ts_maddwd_i32x8(x[h], y[h]);
  memcpy(&a, x, sizeof a);
  return a;
#endif
}

//@section ts_dot_u8_i32x16 needs ts_dpbusd ts_maddwd_i32x16
/* c + the four products in each lane: bytes of a count from 0 to 255, those of b from -128 to 127. */
TS_INLINE ts_i32x16 ts_dot_u8_i32x16(ts_i32x16 a, ts_i32x16 b, ts_i32x16 c) {
#if defined ts_dpbusd_i32x16
  return ts_dpbusd_i32x16(c, a, b);
#else
  typedef short halves __attribute__((vector_size(sizeof(ts_i32x16))));
  typedef unsigned short bits __attribute__((vector_size(sizeof(ts_i32x16))));
  ts_i32x16 even =
      ts_maddwd_i32x16((ts_i32x16)((bits)a & 255), (ts_i32x16)((halves)((bits)b << 8) >> 8));
  ts_i32x16 odd = ts_maddwd_i32x16((ts_i32x16)((bits)a >> 8), (ts_i32x16)((halves)b >> 8));
  return (ts_i32x16)((ts_u32x16)c + (ts_u32x16)even + (ts_u32x16)odd);
#endif
}

//@section ts_dot_i8_i32x16 needs ts_dpbusd ts_maddwd_i32x16
/* The same for signed bytes: with b + 128, which counts as unsigned, there are 128 times the bytes of a too
 * many. That is the same for all b, so that compilers work it out once for those that a meets. */
TS_INLINE ts_i32x16 ts_dot_i8_i32x16(ts_i32x16 a, ts_i32x16 b, ts_i32x16 c) {
#if defined ts_dpbusd_i32x16
  const ts_i32x16 zero = {0}, sign = zero + (int)0x80808080;
  const ts_i32x16 more = ts_dpbusd_i32x16(zero, sign, a);
  return ts_dpbusd_i32x16((ts_i32x16)((ts_u32x16)c - (ts_u32x16)more), b ^ sign, a);
#else
  typedef short halves __attribute__((vector_size(sizeof(ts_i32x16))));
  typedef unsigned short bits __attribute__((vector_size(sizeof(ts_i32x16))));
  ts_i32x16 even = ts_maddwd_i32x16((ts_i32x16)((halves)((bits)a << 8) >> 8),
                                    (ts_i32x16)((halves)((bits)b << 8) >> 8));
  ts_i32x16 odd = ts_maddwd_i32x16((ts_i32x16)((halves)a >> 8), (ts_i32x16)((halves)b >> 8));
  return (ts_i32x16)((ts_u32x16)c + (ts_u32x16)even + (ts_u32x16)odd);
#endif
}

//@section ts_dpbf16 needs ts_builtin
/* The instruction by name: the type that the builtin wants is another one in every other compiler. */
#define ts_dpbf16(sum, a, b)                                                                       \
  __asm__("vdpbf16ps {%2, %1, %0|%0, %1, %2}" : "+v"(sum) : "v"(a), "v"(b))
#if defined __AVX512BF16__
#define TS_DPBF16_f32x16
#if defined __AVX512VL__
#define TS_DPBF16_f32x8
#define TS_DPBF16_f32x4
#endif
#endif

//@section ts_dot_bf16_f32x16 needs ts_dpbf16 ts_fma_f32x16
/* c + the product of the second bf16 of each lane, rounded, + that of the first one. */
TS_INLINE ts_f32x16 ts_dot_bf16_f32x16(ts_f32x16 a, ts_f32x16 b, ts_f32x16 c) {
#if defined TS_DPBF16_f32x16
  ts_dpbf16(c, a, b);
  return c;
#else
  const ts_u32x16 x = (ts_u32x16)a, y = (ts_u32x16)b;
  const ts_f32x16 x_low = (ts_f32x16)(x << 16), x_high = (ts_f32x16)(x & 0xffff0000);
  const ts_f32x16 y_low = (ts_f32x16)(y << 16), y_high = (ts_f32x16)(y & 0xffff0000);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
  return ts_fma_f32x16(x_high, y_high, ts_fma_f32x16(x_low, y_low, c));
#else
  return ts_fma_f32x16(x_low, y_low, ts_fma_f32x16(x_high, y_high, c));
#endif
#endif
}

//@end
#endif
