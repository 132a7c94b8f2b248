/* f16 and bf16 as bit images: rounded to nearest even straight from f64, so nothing is rounded
 * twice. */
#include "exec/array.h"

#include <math.h>

typedef struct narrow_format {
  int mantissa; /* stored bits */
  int least;    /* exponent of the smallest normal number; the bias is 1 - least */
  double
      magic; /* 2^(52 + least - mantissa): adding it rounds to a multiple of the least subnormal */
} narrow_format;
static const narrow_format f16_format = {10, -14, 0x1p28};
static const narrow_format bf16_format = {7, -126, 0x1p-81};

enum { F64_BIAS = 1023, F64_MANTISSA = 52 };
static const uint64_t f64_infinity = UINT64_C(0x7ff) << F64_MANTISSA;

static uint64_t bits_of(double x) {
  uint64_t bits;
  memcpy(&bits, &x, sizeof bits);
  return bits;
}

static double from_bits(uint64_t bits) {
  double x;
  memcpy(&x, &bits, sizeof x);
  return x;
}

/* The upper payload bits are kept; a NaN whose kept bits are all zero becomes the quiet one. */
static uint64_t narrow_nan(uint64_t magnitude, narrow_format f, uint64_t infinity) {
  uint64_t payload = (magnitude & ~f64_infinity) >> (F64_MANTISSA - f.mantissa);
  return infinity | (payload ? payload : UINT64_C(1) << (f.mantissa - 1));
}

static uint16_t narrow(double x, narrow_format f) {
  uint64_t bits = bits_of(x), magnitude = bits & ~(UINT64_C(1) << 63), sign = bits >> 63 << 15;
  uint64_t infinity = (UINT64_C(0x7fff) >> f.mantissa) << f.mantissa, result;
  int shift = F64_MANTISSA - f.mantissa;
  if (magnitude > f64_infinity) {
    result = narrow_nan(magnitude, f, infinity);
  } else if ((int)(magnitude >> F64_MANTISSA) - F64_BIAS < f.least) {
    result = bits_of(fabs(x) + f.magic) - bits_of(f.magic);
  } else {
    magnitude += ((UINT64_C(1) << (shift - 1)) - 1) + (magnitude >> shift & 1);
    result = (magnitude >> shift) - ((uint64_t)(F64_BIAS - 1 + f.least) << f.mantissa);
    if (result > infinity) result = infinity;
  }
  return (uint16_t)(sign | result);
}

static double widen(uint16_t bits, narrow_format f) {
  uint64_t sign = (uint64_t)(bits >> 15) << 63, magnitude = bits & 0x7fff;
  uint64_t infinity = (UINT64_C(0x7fff) >> f.mantissa) << f.mantissa;
  int shift = F64_MANTISSA - f.mantissa;
  if (magnitude >= infinity)
    return from_bits(sign | f64_infinity | (magnitude - infinity) << shift);
  if (magnitude >> f.mantissa == 0)
    return from_bits(sign | bits_of(from_bits(bits_of(f.magic) + magnitude) - f.magic));
  return from_bits(sign | (magnitude + ((uint64_t)(F64_BIAS - 1 + f.least) << f.mantissa))
                              << shift);
}

uint16_t ts_f16_from_double(double x) {
  return narrow(x, f16_format);
}
uint16_t ts_bf16_from_double(double x) {
  return narrow(x, bf16_format);
}
double ts_f16_to_double(uint16_t bits) {
  return widen(bits, f16_format);
}
double ts_bf16_to_double(uint16_t bits) {
  return widen(bits, bf16_format);
}

double ts_round_to(ts_dtype type, double x) {
  switch (type) {
  case TS_F64: return x;
  case TS_F32: return (double)(float)x;
  case TS_F16: return ts_f16_to_double(ts_f16_from_double(x));
  case TS_BF16: return ts_bf16_to_double(ts_bf16_from_double(x));
  default: ts_unreachable("not a float type");
  }
}
