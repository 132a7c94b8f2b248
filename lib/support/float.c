/* Floats to their shortest decimal text.
 *
 * The method is Schubfach (R. Giulietti, "The Schubfach way to render doubles", 2020): for the
 * interval of reals that round to the value there is a power of ten, 10^k, whose grid has at least
 * one point inside while the grid ten times coarser has at most one. So one multiplication each of
 * the value and of the interval's ends by 10^-k, kept to 64 bits and an "inexact" bit, decides
 * among four candidates. */
#include <math.h>
#include <stdlib.h>

#include "support/floats.h"
#include "support/pow10.h"
#include "support/support.h"

static ts_float_format format_of(int bits) {
  switch (bits) {
  case 16: return TS_FORMAT_F16;
  case 17: return TS_FORMAT_BF16;
  case 32: return TS_FORMAT_F32;
  case 64: return TS_FORMAT_F64;
  }
  ts_unreachable("unknown float format");
}

/* The number digits × 10^exponent. */
typedef struct {
  uint64_t digits;
  int exponent;
} decimal;

/* 10^e as g × 2^(log2 of it - 127), rounded up. */
static unsigned __int128 power_above(int e) {
  const uint64_t *p = ts_pow10_bits[e - TS_POW10_LEAST];
  bool exact = e >= 0 && e <= 55;
  return ((unsigned __int128)p[0] << 64 | p[1]) + !exact;
}

/* g × c / 2^128, its last bit set when anything was cut off. The product is too large by less than
 * c, for g was rounded up; what is below 2 in the middle word can be that error alone, and is
 * exact. */
static uint64_t multiply_to_odd(unsigned __int128 g, uint64_t c) {
  unsigned __int128 low = (unsigned __int128)(uint64_t)g * c;
  unsigned __int128 high = (unsigned __int128)(uint64_t)(g >> 64) * c + (uint64_t)(low >> 64);
  return (uint64_t)(high >> 64) | ((uint64_t)high > 1);
}

/* The shortest decimal that rounds to c × 2^q, and of those the nearest to it. `uneven`: the next
 * lower float is only half a step away. All scaled values are in quarters. */
static decimal shortest(uint64_t c, int q, bool uneven) {
  bool ends_belong = c % 2 == 0; /* ties go to even, so the interval is closed */
  int k = (q * 1262611 - (uneven ? 524031 : 0)) >> 22; /* floor log10(2^q), or of 3/4 of that */
  int shift = q + ts_log2_of_pow10(-k) + 1;
  unsigned __int128 g = power_above(-k);
  uint64_t value = multiply_to_odd(g, 4 * c << shift);
  uint64_t low = multiply_to_odd(g, (4 * c - (uneven ? 1 : 2)) << shift) + !ends_belong;
  uint64_t high = multiply_to_odd(g, (4 * c + 2) << shift) - !ends_belong;
  uint64_t below = value / 4;
  if (below >= 10) {
    uint64_t tens = below / 10;
    bool down = low <= 40 * tens, up = 40 * (tens + 1) <= high;
    if (down != up) return (decimal){tens + up, k + 1};
  }
  bool down = low <= 4 * below, up = 4 * (below + 1) <= high;
  if (down != up) return (decimal){below + up, k};
  uint64_t half = 4 * below + 2;
  return (decimal){below + (value > half || (value == half && below % 2)), k};
}

/* Of a finite value that is not 0, given by its bits. */
static decimal shortest_of_bits(ts_float_format f, uint64_t bits) {
  uint64_t fraction = bits & (((uint64_t)1 << f.fraction) - 1);
  int biased = (int)(bits >> f.fraction & (((uint64_t)1 << f.exponent) - 1));
  int least = 2 - (1 << (f.exponent - 1)) - (int)f.fraction; /* exponent of a subnormal's unit */
  if (biased == 0) return shortest(fraction, least, false);
  return shortest(fraction | (uint64_t)1 << f.fraction, least + biased - 1,
                  fraction == 0 && biased > 1);
}

static size_t format_nan(char *out, ts_float_format f, double value) {
  static const char digits[] = "0123456789ABCDEF";
  uint64_t bits = ts_float_encode(f, value);
  uint64_t plain = (((uint64_t)2 << f.exponent) - 1) << (f.fraction - 1);
  if (bits == plain) {
    memcpy(out, "nan", 3);
    return 3;
  }
  size_t n = (1 + f.exponent + f.fraction) / 4;
  out[0] = '0';
  out[1] = 'x';
  for (size_t i = 0; i < n; i++)
    out[2 + i] = digits[bits >> 4 * (n - 1 - i) & 15];
  return n + 2;
}

/* d.ddde-05: at least two digits of exponent. `e` is that of the first digit. */
static char *write_scientific(char *p, const char *digits, int n, int e) {
  *p++ = digits[0];
  if (n > 1) {
    *p++ = '.';
    memcpy(p, digits + 1, (size_t)(n - 1));
    p += n - 1;
  }
  *p++ = 'e';
  *p++ = e < 0 ? '-' : '+';
  e = abs(e);
  if (e >= 100) *p++ = (char)('0' + e / 100);
  *p++ = (char)('0' + e / 10 % 10);
  *p++ = (char)('0' + e % 10);
  return p;
}

/* 120.5, 0.001, 3.0 */
static char *write_plain(char *p, const char *digits, int n, int e) {
  for (int i = ts_min(e, 0); i < ts_max(n, e + 2); i++) {
    *p++ = i < 0 || i >= n ? '0' : digits[i];
    if (i == e) *p++ = '.';
  }
  return p;
}

static char *write_decimal(char *p, decimal d) {
  char text[20], *digits = text + sizeof text;
  if (d.digits % 100000000 == 0) { /* most short numbers: saves half of the steps */
    d.digits /= 100000000;
    d.exponent += 8;
  }
  while (d.digits % 10 == 0) {
    d.digits /= 10;
    d.exponent++;
  }
  for (uint64_t rest = d.digits; rest; rest /= 10)
    *--digits = (char)('0' + rest % 10);
  int n = (int)(text + sizeof text - digits), e = d.exponent + n - 1;
  return e < -4 || e >= 16 ? write_scientific(p, digits, n, e) : write_plain(p, digits, n, e);
}

size_t ts_format_float(char *out, double value, int bits) {
  ts_float_format f = format_of(bits);
  if (isnan(value)) return format_nan(out, f, value);
  char *p = out;
  if (signbit(value)) *p++ = '-';
  uint64_t magnitude = ts_float_encode(f, fabs(value));
  bool infinite = magnitude >> f.fraction == ((uint64_t)1 << f.exponent) - 1;
  if (infinite || magnitude == 0) {
    memcpy(p, infinite ? "inf" : "0.0", 3);
    return (size_t)(p + 3 - out);
  }
  return (size_t)(write_decimal(p, shortest_of_bits(f, magnitude)) - out);
}
