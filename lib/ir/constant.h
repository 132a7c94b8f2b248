/* What defines a value, and the number that it is known to be. */
#ifndef TS_IR_CONSTANT_H
#define TS_IR_CONSTANT_H

#include "ir/ir.h"

/* The op that defines a value; NULL for arguments and literals. */
static inline ts_op *ts_def(const ts_value *v) {
  return v->kind == TS_VALUE_RESULT ? v->def : NULL;
}
/* The op that defines `v` when it is of that kind; else NULL. */
static inline ts_op *ts_def_as(const ts_value *v, ts_opcode opcode) {
  ts_op *op = ts_def(v);
  return op && op->opcode == opcode ? op : NULL;
}

/* A number that all elements of a value are: `f` for float types, else `i`. */
typedef struct ts_constant {
  bool is_float;
  double f;
  int64_t i;
} ts_constant;

/* False unless the value is a literal or a splat const. */
bool ts_as_constant(const ts_value *, ts_constant *);
/* A const op or a literal, whatever its contents. */
bool ts_is_constant(const ts_value *);
/* Equal to the integer k; for floats with the sign of zero as in `k` = +0. */
bool ts_value_is(const ts_value *, int64_t k);
/* -0.0 of a float type. */
bool ts_is_minus_zero(const ts_value *);
/* False unless the value, of type index, is a literal or a splat const. */
bool ts_index_constant(const ts_value *, int64_t *out);

#endif
