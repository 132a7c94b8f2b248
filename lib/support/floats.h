/* Narrow floats and their f64 images. A value of any float type is held exactly by an f64; NaNs keep
 * their sign and the top bits of their payload. */
#ifndef TS_SUPPORT_FLOATS_H
#define TS_SUPPORT_FLOATS_H

#include <stdint.h>
#include <string.h>

static inline uint64_t ts_double_bits(double d) {
  uint64_t bits;
  memcpy(&bits, &d, sizeof bits);
  return bits;
}

static inline double ts_bits_double(uint64_t bits) {
  double d;
  memcpy(&d, &bits, sizeof d);
  return d;
}

/* A binary floating-point format of 1 + exponent + fraction bits, IEEE-like. */
typedef struct ts_float_format {
  unsigned exponent, fraction;
} ts_float_format;
#define TS_FORMAT_F64 ((ts_float_format){11, 52})
#define TS_FORMAT_F32 ((ts_float_format){8, 23})
#define TS_FORMAT_F16 ((ts_float_format){5, 10})
#define TS_FORMAT_BF16 ((ts_float_format){8, 7})

/* Bits of `value` in the format, rounded once to nearest even; overflow gives infinity. */
uint64_t ts_float_encode(ts_float_format, double value);
double ts_float_decode(ts_float_format, uint64_t bits); /* exact */

/* The same of the two narrow types by name, whose bit images arrays hold. */
uint16_t ts_f16_from_double(double);
uint16_t ts_bf16_from_double(double);
double ts_f16_to_double(uint16_t);
double ts_bf16_to_double(uint16_t);

#endif
