/* Numbers of the text as values of a scalar type: what a literal operand, a splat and the elements of
 * dense data share. The image of a float is its f64 bits, of anything else its int64. */
#include "support/floats.h"
#include "ir/ir.h"

static ts_float_format format_of(ts_dtype d) {
  switch (d) {
  case TS_F64: return TS_FORMAT_F64;
  case TS_F32: return TS_FORMAT_F32;
  case TS_F16: return TS_FORMAT_F16;
  case TS_BF16: return TS_FORMAT_BF16;
  default: ts_unreachable("not a float type");
  }
}

double ts_round_to(ts_dtype d, double value) {
  if (d == TS_F64) return value;
  if (d == TS_F32 && value == value) return (float)value;
  return ts_float_decode(format_of(d), ts_float_encode(format_of(d), value));
}

static bool float_from_hex(ts_dtype d, uint64_t bits, uint64_t *image) {
  if (d != TS_F64 && bits >> (8 * ts_dtype_bytes(d))) return false;
  *image = ts_double_bits(ts_float_decode(format_of(d), bits));
  return true;
}

static int64_t sign_extend(ts_dtype d, uint64_t bits) {
  unsigned unused = 64 - 8 * ts_dtype_bytes(d);
  return (int64_t)(bits << unused) >> unused;
}

static bool int_fits(ts_dtype d, int64_t v) {
  if (d == TS_I1) return v == 0 || v == 1;
  unsigned bits = 8 * ts_dtype_bytes(d);
  return bits == 64 || (v >= -(1ll << (bits - 1)) && v < 1ll << (bits - 1));
}

static bool int_from_hex(ts_dtype d, uint64_t bits, uint64_t *image) {
  unsigned width = 8 * ts_dtype_bytes(d);
  if (width < 64 && bits >> width) return false;
  *image = (uint64_t)sign_extend(d, bits);
  return d != TS_I1 || bits <= 1;
}

bool ts_number_image(ts_dtype d, ts_number_form form, uint64_t bits, uint64_t *image) {
  if (ts_is_float(d)) {
    if (form == TS_NUMBER_HEX) return float_from_hex(d, bits, image);
    double v = form == TS_NUMBER_INT ? (double)(int64_t)bits : ts_bits_double(bits);
    double rounded = v != v ? v : ts_round_to(d, v);
    *image = ts_double_bits(rounded);
    return __builtin_isinf(v) || !__builtin_isinf(rounded); /* a finite number must stay finite */
  }
  if (form == TS_NUMBER_FLOAT) return false;
  if (form == TS_NUMBER_HEX) return int_from_hex(d, bits, image);
  *image = bits;
  return int_fits(d, (int64_t)bits);
}

/* Arrays are little endian here and in files alike, so the low bytes are the element. */
void ts_number_store(ts_dtype d, uint64_t image, void *out) {
  uint64_t bits = ts_is_float(d) ? ts_float_encode(format_of(d), ts_bits_double(image)) : image;
  memcpy(out, &bits, ts_dtype_bytes(d));
}

uint64_t ts_number_load(ts_dtype d, const void *in) {
  uint64_t bits = 0;
  memcpy(&bits, in, ts_dtype_bytes(d));
  if (ts_is_float(d)) return ts_double_bits(ts_float_decode(format_of(d), bits));
  return (uint64_t)sign_extend(d, bits);
}

void ts_number_print(ts_sink *s, ts_dtype d, uint64_t image) {
  if (!ts_is_float(d)) {
    ts_sink_int(s, (int64_t)image);
    return;
  }
  char text[40];
  int bits = d == TS_BF16 ? 17 : (int)(8 * ts_dtype_bytes(d));
  size_t n = ts_format_float(text, ts_bits_double(image), bits);
  ts_sink_write(s, text, n);
}
