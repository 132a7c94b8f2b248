/* Integers: sums that tell when they pass int64, division that rounds one way, common divisors. */
#ifndef TS_SUPPORT_ARITH_H
#define TS_SUPPORT_ARITH_H

#include <stdbool.h>
#include <stdint.h>

/* *sum += a * times. False when the product or the sum passes int64; *sum is then what wraps around. */
static inline bool ts_add_scaled(int64_t *sum, int64_t a, int64_t times) {
  int64_t product;
  bool over = __builtin_mul_overflow(a, times, &product);
  return !__builtin_add_overflow(*sum, product, sum) && !over;
}

/* a / b rounded down, and up; b is positive. */
static inline int64_t ts_floor_div(int64_t a, int64_t b) { return a / b - (a % b < 0); }
static inline int64_t ts_ceil_div(int64_t a, int64_t b) { return a / b + (a % b > 0); }
/* What ts_floor_div leaves: from 0 to b - 1. */
static inline int64_t ts_floor_mod(int64_t a, int64_t b) { return a % b + (a % b < 0 ? b : 0); }

/* The greatest common divisor of two numbers, neither INT64_MIN; 0 of 0 and 0. */
static inline int64_t ts_gcd(int64_t a, int64_t b) {
  while (b) {
    int64_t r = a % b;
    a = b;
    b = r;
  }
  return a < 0 ? -a : a;
}

#endif
