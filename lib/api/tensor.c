/* The public API: arrays of the caller's, in memory and in files. */
#include "api/api_impl.h"

enum { LEAST_TENSOR = offsetof(ts_tensor, device) + sizeof(int32_t) };

static ts_array contiguous(const ts_tensor *t) {
  ts_array a = {.dtype = t->dtype, .rank = t->rank, .data = t->data};
  for (unsigned d = 0; d < t->rank; d++)
    a.dims[d] = t->dims[d];
  return a;
}

/* ---- strides ---- */

/* One walk over the elements in row-major order; `packed` holds them one behind the other. */
static void copy_strided(const ts_tensor *t, char *packed, bool gather) {
  size_t width = ts_dtype_bytes(t->dtype);
  int64_t index[TS_MAX_RANK] = {0}, at = 0;
  const ts_array shape = contiguous(t);
  for (int64_t n = ts_array_count(&shape); n > 0; n--, packed += width) {
    char *element = (char *)t->data + at * (int64_t)width;
    memcpy(gather ? packed : element, gather ? element : packed, width);
    for (unsigned d = t->rank; d-- > 0;) {
      at += t->strides[d];
      if (++index[d] < t->dims[d]) break;
      at -= t->strides[d] * t->dims[d];
      index[d] = 0;
    }
  }
}

void ts_api_put_back(const ts_tensor *t, const ts_array *a) {
  if (t->strides) copy_strided(t, a->data, false);
}

static int64_t distance(int64_t stride) { return stride < 0 ? -stride : stride; }

/* The dimensions of more than one element, those of small strides first; returns how many. */
static unsigned order(const ts_tensor *t, unsigned dims[TS_MAX_RANK]) {
  unsigned n = 0;
  for (unsigned d = 0; d < t->rank; d++) {
    if (t->dims[d] < 2) continue;
    unsigned at = n++;
    for (; at && distance(t->strides[dims[at - 1]]) > distance(t->strides[d]); at--)
      dims[at] = dims[at - 1];
    dims[at] = d;
  }
  return n;
}

/* Has each element a place of its own? It has when every stride leads past all that the smaller ones reach. */
static bool is_apart(const ts_tensor *t) {
  unsigned dims[TS_MAX_RANK], n = order(t, dims);
  int64_t reach = 0;
  for (unsigned i = 0; i < n; i++) {
    int64_t stride = distance(t->strides[dims[i]]);
    if (stride <= reach) return false;
    reach += stride * (t->dims[dims[i]] - 1);
  }
  return true;
}

/* How far the elements are from the first, in bytes: within the address space. */
static bool in_reach(const ts_tensor *t) {
  __int128 reach = 0;
  for (unsigned d = 0; d < t->rank; d++) {
    __int128 far = (__int128)t->strides[d] * (t->dims[d] - 1);
    reach += far < 0 ? -far : far;
  }
  return reach * ts_dtype_bytes(t->dtype) <= PTRDIFF_MAX;
}

static ts_result check(ts_context *ctx, const char *name, const ts_tensor *t) {
  if (t->device != TS_DEVICE_HOST)
    return ts_api_usage(ctx, "%s is on device %d: this library knows the host (0) alone", name,
                        t->device);
  if (!t->data) return ts_error_plain(ctx, "%s: its data is NULL", name);
  if (t->rank > TS_MAX_RANK || (unsigned)t->dtype >= TS_NUM_DTYPES)
    return ts_error_plain(ctx, "%s: its rank or type is out of range", name);
  if (t->rank && !t->dims) return ts_error_plain(ctx, "%s: its dims are NULL", name);
  for (unsigned d = 0; d < t->rank; d++)
    if (t->dims[d] < 0)
      return ts_error_plain(ctx, "%s: extent %u is %lld", name, d, (long long)t->dims[d]);
  if (t->strides && !in_reach(t))
    return ts_api_usage(ctx, "%s: its strides lead out of memory", name);
  return TS_OK;
}

ts_result ts_api_take_tensor(ts_context *ctx, const char *name, const ts_tensor *t, ts_role role,
                             ts_array *out) {
  ts_result result = check(ctx, name, t);
  if (result) return result;
  if (t->strides && role != TS_ROLE_IN && !is_apart(t))
    return ts_api_usage(ctx, "%s is written, and by its strides elements may share a place", name);
  *out = contiguous(t);
  if (!t->strides) return TS_OK;
  result = ts_array_create(ctx, t->dtype, t->rank, t->dims, out);
  if (!result && role != TS_ROLE_OUT) copy_strided(t, out->data, true);
  return result;
}

ts_result ts_api_read_tensor(ts_context *ctx, const void *from, ts_tensor *out) {
  return ts_api_take(ctx, "ts_tensor", from, out, sizeof *out, LEAST_TENSOR);
}

/* ---- files ---- */

/* What ts_tensor_read makes. */
typedef struct file_tensor {
  ts_tensor tensor; /* first: it is what the caller holds */
  ts_array array;
} file_tensor;

typedef struct file_call {
  ts_context *ctx;
  const char *path;
  const ts_tensor *from;
  file_tensor *made;
} file_call;

static ts_result read_file(void *arg) {
  file_call *c = arg;
  file_tensor *made = c->made = ts_realloc(&c->ctx->memory, NULL, 0, sizeof *c->made);
  *made = (file_tensor){0};
  ts_result result = ts_array_read(c->ctx, c->path, &made->array);
  if (result) return result;
  const ts_array *a = &made->array;
  made->tensor = ts_tensor_of(a->dtype, a->rank, a->dims, a->data);
  return TS_OK;
}

ts_result ts_tensor_read(ts_context *ctx, const char *path, ts_tensor **out) {
  if (out) *out = NULL;
  if (!ctx || !path || !out) return TS_USAGE;
  file_call c = {.ctx = ctx, .path = path};
  ts_result result = ts_api_run(ctx, read_file, &c);
  if (!result)
    *out = &c.made->tensor;
  else if (c.made)
    ts_tensor_destroy(ctx, &c.made->tensor);
  return result;
}

void ts_tensor_destroy(ts_context *ctx, ts_tensor *tensor) {
  file_tensor *made = (file_tensor *)tensor;
  if (!ctx || !made) return;
  ts_array_drop(ctx, &made->array);
  ts_free(&ctx->memory, made, sizeof *made);
}

static ts_result write_file(void *arg) {
  file_call *c = arg;
  ts_tensor t;
  ts_array a;
  ts_result result = ts_api_read_tensor(c->ctx, c->from, &t);
  if (!result) result = ts_api_take_tensor(c->ctx, "the tensor", &t, TS_ROLE_IN, &a);
  if (result) return result;
  result = ts_array_write(c->ctx, c->path, &a);
  ts_array_drop(c->ctx, &a);
  return result;
}

ts_result ts_tensor_write(ts_context *ctx, const char *path, const ts_tensor *tensor) {
  if (!ctx || !path || !tensor) return TS_USAGE;
  return ts_api_run(ctx, write_file, &(file_call){.ctx = ctx, .path = path, .from = tensor});
}
