/* const, and ops that only move elements. */
#include "eval/points.h"
#include "eval/tensor.h"

static size_t num_bytes(const ts_array *a) {
  return (size_t)ts_array_count(a) * ts_dtype_bytes(a->dtype);
}

/* Element 0 is in place; it fills the rest, doubling what is there. */
static void repeat_first(ts_array *a) {
  size_t n = num_bytes(a), done = ts_dtype_bytes(a->dtype);
  while (done < n) {
    size_t more = ts_min(done, n - done);
    memcpy((char *)a->data + done, a->data, more);
    done += more;
  }
}

/* A file must have the extents that the type says; its i64 serve as index values. */
static ts_result read_file(ts_eval *e, const char *path) {
  ts_array a;
  char has[TS_SHAPE_TEXT], wants[TS_SHAPE_TEXT];
  ts_result r = ts_array_read(e->ctx, path, &a);
  if (r != TS_OK) return r;
  ts_array *out = e->out;
  bool same_type = a.dtype == out->dtype || (a.dtype == TS_I64 && out->dtype == TS_INDEX);
  bool same = same_type && a.rank == out->rank;
  for (unsigned i = 0; same && i < a.rank; i++)
    same = a.dims[i] == out->dims[i];
  if (same) memcpy(out->data, a.data, num_bytes(out));
  ts_shape_text(has, sizeof has, a.dtype, a.rank, a.dims);
  ts_shape_text(wants, sizeof wants, out->dtype, out->rank, out->dims);
  ts_array_drop(e->ctx, &a);
  if (same) return TS_OK;
  return ts_error(e->ctx, e->op->loc, "%s holds %s, not %s", path, has, wants);
}

ts_result ts_eval_const(ts_eval *e) {
  const ts_data *data = ts_attr_find(e->op, TS_ATTR_VALUE)->data;
  if (data->form == TS_DATA_FILE) return read_file(e, data->path);
  memcpy(e->out->data, data->bytes, ts_min(data->num_bytes, num_bytes(e->out)));
  if (data->form == TS_DATA_SPLAT) repeat_first(e->out);
  return TS_OK;
}

ts_result ts_eval_reshape(ts_eval *e) {
  memcpy(e->out->data, e->in[0].data, num_bytes(e->out));
  return TS_OK;
}

/* One row of the result: n elements that lie `stride` apart in the operand. */
static void copy_row(char *to, const char *from, int64_t n, int64_t stride, unsigned width) {
  if (stride == 1) {
    memcpy(to, from, (size_t)n * width);
    return;
  }
  for (int64_t i = 0; i < n; i++)
    memcpy(to + i * width, from + i * stride * width, width);
}

/* The result is read through the operand's map, row by row. */
ts_result ts_eval_moved(ts_eval *e) {
  ts_points p = ts_points_of(e->op, e->bindings);
  ts_points_add(&p, e->module, e->op, 0, e->in[0].dims);
  unsigned width = ts_dtype_bytes(e->out->dtype), outer = p.n ? p.n - 1 : 0;
  int64_t row = p.n ? p.extents[outer] : 1, stride = p.n ? p.by[0][outer] : 1;
  const char *from = e->in[0].data;
  char *to = e->out->data;
  do {
    copy_row(to, from + p.at[0] * width, row, stride, width);
    to += row * width;
  } while (ts_points_next(&p, 0, outer));
  return TS_OK;
}
