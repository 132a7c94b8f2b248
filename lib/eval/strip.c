/* Strips: runs of elements converted to cells, worked on, and rounded back. */
#include "support/floats.h"
#include "eval/tensor.h"

#define LOAD(T, field, value)                                                                      \
  do {                                                                                             \
    const T *p = (const T *)data + at;                                                             \
    if (stride == 1)                                                                               \
      for (unsigned k = 0; k < n; k++) {                                                           \
        T x = p[k];                                                                                \
        out[k].field = (value);                                                                    \
      }                                                                                            \
    else                                                                                           \
      for (unsigned k = 0; k < n; k++) {                                                           \
        T x = p[(int64_t)k * stride];                                                              \
        out[k].field = (value);                                                                    \
      }                                                                                            \
  } while (0)

void ts_strip_load(ts_dtype dtype, const void *data, int64_t at, int64_t stride, unsigned n,
                   ts_cell *out) {
  if (stride == 0 && n > 1) { /* a broadcast: converted once */
    ts_strip_load(dtype, data, at, 1, 1, out);
    for (unsigned k = 1; k < n; k++)
      out[k] = out[0];
    return;
  }
  switch (dtype) {
  case TS_F64: LOAD(double, f, x); break;
  case TS_F32: LOAD(float, f, (double)x); break;
  case TS_F16: LOAD(uint16_t, f, ts_f16_to_double(x)); break;
  case TS_BF16: LOAD(uint16_t, f, ts_bf16_to_double(x)); break;
  case TS_I64:
  case TS_INDEX: LOAD(int64_t, i, x); break;
  case TS_I32: LOAD(int32_t, i, x); break;
  case TS_I8: LOAD(int8_t, i, x); break;
  case TS_I1: LOAD(uint8_t, i, x); break;
  default: ts_unreachable("no such type");
  }
}

#define STORE(T, value)                                                                            \
  for (unsigned k = 0; k < n; k++)                                                                 \
  ((T *)data)[at + k] = (T)(value)

void ts_strip_store(ts_dtype dtype, void *data, int64_t at, unsigned n, const ts_cell *in) {
  switch (dtype) {
  case TS_F64: STORE(double, in[k].f); break;
  case TS_F32: STORE(float, in[k].f); break;
  case TS_F16: STORE(uint16_t, ts_f16_from_double(in[k].f)); break;
  case TS_BF16: STORE(uint16_t, ts_bf16_from_double(in[k].f)); break;
  case TS_I64:
  case TS_INDEX: STORE(int64_t, in[k].i); break;
  case TS_I32: STORE(uint32_t, in[k].i); break;
  case TS_I8: STORE(uint8_t, in[k].i); break;
  case TS_I1: STORE(uint8_t, in[k].i & 1); break;
  default: ts_unreachable("no such type");
  }
}

void ts_strip_round(ts_dtype type, unsigned n, ts_cell *c) {
  if (type == TS_F64) return;
  if (type == TS_F32)
    for (unsigned k = 0; k < n; k++)
      c[k].f = (double)(float)c[k].f;
  else
    for (unsigned k = 0; k < n; k++)
      c[k].f = ts_round_to(type, c[k].f);
}

void ts_broadcast_strides(const ts_array *a, unsigned rank, int64_t *strides) {
  int64_t stride = 1;
  unsigned lead = rank - a->rank;
  for (unsigned i = rank; i-- > 0;) {
    int64_t extent = i >= lead ? a->dims[i - lead] : 1;
    strides[i] = extent == 1 ? 0 : stride;
    stride *= extent;
  }
}
