/* Encoding and decoding by integer arithmetic on the f64's bits, so that rounding happens once and
 * NaNs pass unquieted. */
#include "support/floats.h"

/* value >> shift, to nearest even. */
static uint64_t shift_round(uint64_t value, unsigned shift) {
  if (shift == 0) return value;
  if (shift > 63) return 0;
  uint64_t half = 1ull << (shift - 1), rest = value & ((half << 1) - 1), kept = value >> shift;
  return kept + (rest > half || (rest == half && (kept & 1)));
}

uint64_t ts_float_encode(ts_float_format f, double value) {
  uint64_t u = ts_double_bits(value), sign = u >> 63 << (f.exponent + f.fraction);
  uint64_t frac = u & ((1ull << 52) - 1), all_ones = (1ull << f.exponent) - 1;
  int exp = (int)(u >> 52 & 0x7ff), bias = (1 << (f.exponent - 1)) - 1;
  if (f.fraction == 52) return u;
  if (exp == 0x7ff) {
    uint64_t payload = frac >> (52 - f.fraction);
    if (frac && !payload) payload = 1ull << (f.fraction - 1);
    return sign | all_ones << f.fraction | payload;
  }
  if (exp == 0) return sign; /* zeros, and f64 subnormals are far below every narrow format */
  int e = exp - 1023 + bias; /* exponent in the format, if normal there */
  uint64_t significand = frac | 1ull << 52;
  unsigned drop = 52 - f.fraction + (e < 1 ? (unsigned)(1 - e) : 0);
  uint64_t kept = shift_round(significand, drop);
  /* A carry out of the fraction moves into the exponent by itself. */
  uint64_t magnitude = e < 1 ? kept : kept + ((uint64_t)(e - 1) << f.fraction);
  return sign | (magnitude < all_ones << f.fraction ? magnitude : all_ones << f.fraction);
}

double ts_float_decode(ts_float_format f, uint64_t bits) {
  if (f.fraction == 52) return ts_bits_double(bits);
  uint64_t frac = bits & ((1ull << f.fraction) - 1), all_ones = (1ull << f.exponent) - 1;
  uint64_t exp = bits >> f.fraction & all_ones, sign = bits >> (f.exponent + f.fraction) << 63;
  int bias = (int)(all_ones >> 1);
  if (exp == all_ones) return ts_bits_double(sign | 0x7ffull << 52 | frac << (52 - f.fraction));
  double significand = (double)(exp ? frac | 1ull << f.fraction : frac);
  int scale = (exp ? (int)exp : 1) - bias - (int)f.fraction;
  return ts_bits_double(
      sign | ts_double_bits(significand * ts_bits_double((uint64_t)(1023 + scale) << 52)));
}

uint16_t ts_f16_from_double(double x) { return (uint16_t)ts_float_encode(TS_FORMAT_F16, x); }
uint16_t ts_bf16_from_double(double x) { return (uint16_t)ts_float_encode(TS_FORMAT_BF16, x); }
double ts_f16_to_double(uint16_t bits) { return ts_float_decode(TS_FORMAT_F16, bits); }
double ts_bf16_to_double(uint16_t bits) { return ts_float_decode(TS_FORMAT_BF16, bits); }
