/* The data of globals: dense, repeated, or in a file. */
#include "data/global.h"

static ts_result read_global_file(ts_context *ctx, const ts_global *g, unsigned rank,
                                  const int64_t *dims, ts_array *out) {
  const ts_type *t = g->type;
  ts_result r = ts_array_read(ctx, g->data->path, out);
  bool fits = r == TS_OK && ts_array_suits(out, (ts_dtype)t->dtype) && out->rank == rank &&
              memcmp(out->dims, dims, rank * sizeof *dims) == 0;
  if (r != TS_OK || fits) return r;
  char has[TS_SHAPE_TEXT], wants[TS_SHAPE_TEXT];
  ts_shape_text(has, sizeof has, out->dtype, out->rank, out->dims);
  ts_shape_text(wants, sizeof wants, (ts_dtype)t->dtype, rank, dims);
  ts_array_drop(ctx, out);
  *out = (ts_array){0};
  return ts_error(ctx, g->loc, "%s holds %s, not %s", g->data->path, has, wants);
}

ts_result ts_global_read(ts_context *ctx, const ts_global *g, ts_array *out) {
  const ts_type *t = g->type;
  unsigned rank = t->rank;
  int64_t dims[TS_MAX_RANK + 1];
  for (unsigned i = 0; i < rank; i++)
    dims[i] = t->dims[i];
  if (t->elem && rank < TS_MAX_RANK) dims[rank++] = t->elem->dims[0];
  const ts_data *data = g->data;
  if (data->form == TS_DATA_FILE) return read_global_file(ctx, g, rank, dims, out);
  ts_result r = ts_array_create(ctx, (ts_dtype)t->dtype, rank, dims, out);
  if (r != TS_OK) return r;
  size_t bytes = (size_t)ts_array_count(out) * ts_dtype_bytes((ts_dtype)t->dtype);
  if (data->form == TS_DATA_DENSE) {
    memcpy(out->data, data->bytes, ts_min(bytes, data->num_bytes));
    return TS_OK;
  }
  for (size_t at = 0; at < bytes; at += data->num_bytes)
    memcpy((char *)out->data + at, data->bytes, data->num_bytes);
  return TS_OK;
}
