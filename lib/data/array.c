/* Arrays in memory: creation under the context's memory cap, and single elements. */
#include "data/array.h"

#include "support/floats.h"
#include "ir/scalar.h"

static bool count_elements(unsigned rank, const int64_t *dims, int64_t *out) {
  int64_t n = 1;
  bool empty = false;
  for (unsigned i = 0; i < rank; i++) {
    if (dims[i] < 0) return false;
    if (dims[i] == 0)
      empty = true;
    else if (__builtin_mul_overflow(n, dims[i], &n))
      return false;
  }
  *out = empty ? 0 : n;
  return true;
}

int64_t ts_array_count(const ts_array *a) {
  int64_t n;
  return count_elements(a->rank, a->dims, &n) ? n : -1;
}

size_t ts_shape_text(char *out, size_t size, ts_dtype dtype, unsigned rank, const int64_t *dims) {
  size_t n = 0;
  for (unsigned i = 0; i < rank && n < size; i++)
    n += (size_t)snprintf(out + n, size - n, "%lldx", (long long)dims[i]);
  if (n < size) n += (size_t)snprintf(out + n, size - n, "%s", ts_dtype_name(dtype));
  return n < size ? n : size - 1;
}

static void report_refused(ts_context *ctx, const char *what, uint64_t bytes) {
  const ts_memory *m = &ctx->memory;
  if (m->cap && (m->used > m->cap || bytes > m->cap - m->used))
    ts_error_plain(ctx,
                   "%s needs %llu bytes, which with the %zu in use is over the memory limit of %zu",
                   what, (unsigned long long)bytes, m->used, m->cap);
  else
    ts_error_plain(ctx, "%s needs %llu bytes, which the system refused", what,
                   (unsigned long long)bytes);
}

/* What is asked of the heap for n bytes of data: data starts at the next multiple of 64, and the
 * byte before it holds how far that is from the start. */
enum { ALIGN = 64 };

static void *allocate(ts_context *ctx, const char *what, size_t n) {
  char *raw = ts_try_realloc(&ctx->memory, NULL, 0, n + ALIGN);
  if (!raw) {
    report_refused(ctx, what, n + ALIGN);
    return NULL;
  }
  size_t lead = ALIGN - (uintptr_t)raw % ALIGN;
  raw[lead - 1] = (char)lead;
  ts_want_large_pages(raw + lead, n);
  return memset(raw + lead, 0, n);
}

ts_result ts_array_create(ts_context *ctx, ts_dtype dtype, unsigned rank, const int64_t *dims,
                          ts_array *out) {
  *out = (ts_array){.dtype = dtype, .rank = rank};
  if (rank > TS_MAX_RANK)
    return ts_error_plain(ctx, "an array of rank %u is over %d", rank, TS_MAX_RANK);
  if (rank) memcpy(out->dims, dims, rank * sizeof *dims);
  char what[TS_SHAPE_TEXT + 16] = "an array ";
  ts_shape_text(what + 9, TS_SHAPE_TEXT, dtype, rank, dims);
  int64_t count, bytes;
  if (!count_elements(rank, dims, &count) ||
      __builtin_mul_overflow(count, (int64_t)ts_dtype_bytes(dtype), &bytes) ||
      bytes > INT64_MAX - ALIGN) {
    ts_error_plain(ctx, "the size of %s is past int64", what);
    return TS_LIMIT;
  }
  out->data = allocate(ctx, what, (size_t)bytes);
  out->owned = out->data != NULL;
  return out->data ? TS_OK : TS_LIMIT;
}

void ts_array_drop(ts_context *ctx, ts_array *a) {
  if (a->owned && a->data) {
    char *data = a->data;
    size_t n = (size_t)ts_array_count(a) * ts_dtype_bytes(a->dtype);
    ts_free(&ctx->memory, data - data[-1], n + ALIGN);
  }
  a->data = NULL;
  a->owned = false;
}

double ts_array_get(const ts_array *a, int64_t i) {
  switch (a->dtype) {
  case TS_F64: return ((const double *)a->data)[i];
  case TS_F32: return (double)((const float *)a->data)[i];
  case TS_F16: return ts_f16_to_double(((const uint16_t *)a->data)[i]);
  case TS_BF16: return ts_bf16_to_double(((const uint16_t *)a->data)[i]);
  default: return (double)ts_array_get_int(a, i);
  }
}

int64_t ts_array_get_int(const ts_array *a, int64_t i) {
  switch (a->dtype) {
  case TS_I32: return ((const int32_t *)a->data)[i];
  case TS_I8: return ((const int8_t *)a->data)[i];
  case TS_I1: return ((const uint8_t *)a->data)[i] != 0;
  case TS_I64:
  case TS_INDEX: return ((const int64_t *)a->data)[i];
  default: ts_unreachable("not an integer array");
  }
}

void ts_array_set_int(ts_array *a, int64_t i, int64_t x) {
  switch (a->dtype) {
  case TS_I32: ((int32_t *)a->data)[i] = (int32_t)(uint32_t)x; break;
  case TS_I8: ((int8_t *)a->data)[i] = (int8_t)(uint8_t)x; break;
  case TS_I1: ((uint8_t *)a->data)[i] = x & 1; break;
  case TS_I64:
  case TS_INDEX: ((int64_t *)a->data)[i] = x; break;
  default: ts_unreachable("not an integer array");
  }
}

void ts_array_set(ts_array *a, int64_t i, double x) {
  switch (a->dtype) {
  case TS_F64: ((double *)a->data)[i] = x; break;
  case TS_F32: ((float *)a->data)[i] = (float)x; break;
  case TS_F16: ((uint16_t *)a->data)[i] = ts_f16_from_double(x); break;
  case TS_BF16: ((uint16_t *)a->data)[i] = ts_bf16_from_double(x); break;
  default: ts_array_set_int(a, i, ts_float_to_int(a->dtype, x));
  }
}

void ts_array_index(const ts_array *a, int64_t i, int64_t at[TS_MAX_RANK]) {
  for (unsigned d = a->rank; d-- > 0; i /= a->dims[d])
    at[d] = i % a->dims[d];
}
