/* Values that are numbers. */
#include "ir/constant.h"

#include <math.h>

static ts_constant number_of_image(ts_dtype dtype, uint64_t image) {
  ts_constant n = {.is_float = ts_is_float(dtype)};
  if (n.is_float)
    memcpy(&n.f, &image, sizeof image);
  else
    n.i = (int64_t)image;
  return n;
}

bool ts_as_constant(const ts_value *v, ts_constant *out) {
  if (ts_is_literal(v)) {
    *out = number_of_image(v->type->dtype, v->bits);
    return true;
  }
  const ts_op *op = ts_def_as(v, TS_OP_CONST);
  const ts_attr *value = op ? ts_attr_find(op, TS_ATTR_VALUE) : NULL;
  if (!value || value->data->form != TS_DATA_SPLAT) return false;
  *out = number_of_image(v->type->dtype, ts_number_load(v->type->dtype, value->data->bytes));
  return true;
}

bool ts_is_constant(const ts_value *v) { return ts_is_literal(v) || ts_def_as(v, TS_OP_CONST); }

bool ts_value_is(const ts_value *v, int64_t k) {
  ts_constant n;
  if (!ts_as_constant(v, &n)) return false;
  return n.is_float ? n.f == (double)k && !(k == 0 && signbit(n.f)) : n.i == k;
}

bool ts_is_minus_zero(const ts_value *v) {
  ts_constant n;
  return ts_as_constant(v, &n) && n.is_float && n.f == 0 && signbit(n.f);
}

bool ts_index_constant(const ts_value *v, int64_t *out) {
  ts_constant n;
  if (!ts_as_constant(v, &n) || n.is_float) return false;
  *out = n.i;
  return true;
}
