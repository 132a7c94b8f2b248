/* Floats to their shortest decimal text.
 *
 * The number of digits is found by trying: the first that reads back as the same value is the shortest,
 * since more digits are never farther away. */
#include <math.h>
#include <stdlib.h>

#include "support/support.h"

typedef struct {
  int bits, mantissa, exponent;
} format;

static format format_of(int bits) {
  switch (bits) {
  case 16: return (format){16, 10, 5};
  case 17: return (format){16, 7, 8};
  case 32: return (format){32, 23, 8};
  case 64: return (format){64, 52, 11};
  }
  ts_unreachable("unknown float format");
}

/* The value of the format nearest to `x`, ties to even, subnormals and overflow included. */
static double round_to(format f, double x) {
  if (f.bits == 64 || x == 0 || !isfinite(x))
    return x;
  int e, bias = (1 << (f.exponent - 1)) - 1;
  frexp(x, &e);
  int quantum = ts_max(e - 1, 1 - bias) - f.mantissa;
  double r = ldexp(nearbyint(ldexp(x, -quantum)), quantum);
  return fabs(r) >= ldexp(1, bias + 1) ? copysign(INFINITY, r) : r;
}

static size_t format_nan(char *out, format f, double value) {
  uint64_t image;
  memcpy(&image, &value, 8);
  if (image == 0x7ff8000000000000)
    return (size_t)sprintf(out, "nan");
  uint64_t sign = image >> 63, ones = ((uint64_t)1 << f.exponent) - 1;
  uint64_t payload = (image & (((uint64_t)1 << 52) - 1)) >> (52 - f.mantissa);
  uint64_t bits = sign << (f.bits - 1) | ones << f.mantissa | payload;
  return (size_t)sprintf(out, "0x%0*llX", f.bits / 4, (unsigned long long)bits);
}

/* DIGITS × 10^(exponent - n + 1) with the shortest n; returns n. */
static int shortest(format f, double magnitude, char digits[20], int *exponent) {
  int most = f.bits == 64 ? 17 : 9;
  for (int n = 1;; n++) {
    char text[40];
    double back;
    int len = snprintf(text, sizeof text, "%.*e", n - 1, magnitude);
    char *e = strchr(text, 'e');
    digits[0] = text[0];
    memcpy(digits + 1, e - (n - 1), (size_t)(n - 1));
    *exponent = (int)strtol(e + 1, NULL, 10);
    int l = snprintf(text, sizeof text, "%.*se%d", n, digits, *exponent - (n - 1));
    (void)len;
    if (n == most || (ts_parse_double(text, (size_t)l, &back) && round_to(f, back) == magnitude))
      return n;
  }
}

/* As 1.5, 0.001 or 1e-05: plain where the point lies within or near the digits. */
static size_t lay_out(char *out, const char *digits, int n, int exponent) {
  char *p = out;
  if (exponent < -4 || exponent >= 16) {
    *p++ = digits[0];
    if (n > 1) {
      *p++ = '.';
      memcpy(p, digits + 1, (size_t)(n - 1));
      p += n - 1;
    }
    return (size_t)(p - out) + (size_t)sprintf(p, "e%c%02d", exponent < 0 ? '-' : '+', abs(exponent));
  }
  for (int i = ts_min(exponent, 0); i < ts_max(n, exponent + 2); i++) {
    *p++ = i < 0 || i >= n ? '0' : digits[i];
    if (i == exponent)
      *p++ = '.';
  }
  return (size_t)(p - out);
}

size_t ts_format_float(char *out, double value, int bits) {
  format f = format_of(bits);
  if (isnan(value))
    return format_nan(out, f, value);
  size_t sign = signbit(value) != 0;
  if (sign)
    *out = '-';
  if (isinf(value)) {
    memcpy(out + sign, "inf", 3);
    return sign + 3;
  }
  char digits[20] = "0";
  int exponent = 0, n = value == 0 ? 1 : shortest(f, fabs(value), digits, &exponent);
  return sign + lay_out(out + sign, digits, n, exponent);
}
