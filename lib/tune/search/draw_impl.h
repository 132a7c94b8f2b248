/* Random numbers that are the same on every machine. */
#ifndef TS_TUNE_SEARCH_DRAW_IMPL_H
#define TS_TUNE_SEARCH_DRAW_IMPL_H

#include <stdint.h>

/* SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, OOPSLA 2014): any seed will do. */
typedef struct ts_draw {
  uint64_t state;
} ts_draw;

static inline uint64_t ts_draw_bits(ts_draw *d) {
  uint64_t z = d->state += UINT64_C(0x9e3779b97f4a7c15);
  z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
  return z ^ (z >> 31);
}
/* 0 to n - 1, n > 0: the high half of a product, whose bias is below n / 2^64. */
static inline uint64_t ts_draw_below(ts_draw *d, uint64_t n) {
  return (uint64_t)((unsigned __int128)ts_draw_bits(d) * n >> 64);
}
/* In [0, 1), by steps of 2^-53. */
static inline double ts_draw_unit(ts_draw *d) { return (double)(ts_draw_bits(d) >> 11) * 0x1p-53; }

#endif
