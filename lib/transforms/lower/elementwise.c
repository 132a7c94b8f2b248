/* Ops that compute each element of the result from one element of each operand: unary and binary
 * ops, cast, quantize and dequantize, and `fused`, whose region goes into the loops as it is.
 *
 *   for %i, %j, …:  Y[%i, %j] = op(A[%i, %j], B[0, %j]) */
#include "transforms/lower/lower_impl.h"

/* ---- one op ---- */

/* Integers have no negation of their own: 0 - x. */
static ts_value *negate_int(ts_lower *L, ts_dtype d, ts_value *x) {
  return ts_lower_op2(L, "y", TS_OP_SUBI, d, ts_lower_zero(L, d), x);
}

static ts_value *unary(ts_lower *L, const ts_point *p) {
  const ts_op *op = p->op;
  ts_value *x = ts_lower_element(L, "x", p, 0);
  ts_dtype d = x->type->dtype;
  if (op->opcode == TS_OP_CAST) return x;
  if (op->opcode == TS_OP_NEG && !ts_is_float(d)) return negate_int(L, d, x);
  ts_value *y = ts_lower_op1(L, "y", ts_scalar_form(op->opcode, d), d, x);
  ts_lower_copy_approx(L, op, y);
  return y;
}

static ts_value *binary(ts_lower *L, const ts_point *p) {
  ts_dtype d = ts_op_result(p->op, 0)->type->dtype;
  ts_value *lhs = ts_lower_element(L, "lhs", p, 0);
  ts_value *rhs = ts_lower_element(L, "rhs", p, 1);
  return ts_lower_op2(L, "y", ts_scalar_form(p->op->opcode, d), d, lhs, rhs);
}

void ts_lower_elementwise(ts_lower *L, ts_op *op) {
  ts_point p = ts_lower_point(L, op);
  ts_lower_parallel(L, &p);
  ts_lower_give(L, op->num_plain == 1 ? unary(L, &p) : binary(L, &p), &p);
  ts_lower_end(L, p.space.n);
}

/* ---- fused regions ---- */

ts_value *ts_lower_region_arg(ts_lower *L, const ts_point *p, unsigned arg, unsigned operand) {
  const ts_value *a = ts_op_regions(p->op)[0]->args[arg], *tensor = ts_operand(p->op, operand);
  const char *name = "e";
  if (ts_lower_has_word(L, a))
    name = ts_str_text(L->m, a->name);
  else if (ts_lower_has_word(L, tensor))
    name = ts_sprintf(L->scratch, "%s.e", ts_str_text(L->m, tensor->name));
  return ts_lower_element(L, name, p, operand);
}

ts_value *ts_lower_region(ts_lower *L, ts_op *op, ts_value *const *args) {
  ts_block *region = ts_op_regions(op)[0];
  ts_ptrmap map;
  ts_ptrmap_init(&map, L->scratch);
  for (unsigned i = 0; i < region->num_args; i++)
    ts_ptrmap_put(&map, region->args[i], args[i]);
  for (ts_op *inner = region->first; inner != region->last; inner = inner->next) {
    ts_op *copy = ts_op_clone(L->m, inner, &map);
    ts_op_insert(&L->b, copy);
    ts_lower_unliteral(L, copy);
  }
  ts_value *yielded = ts_operand(region->last, 0), *mapped = ts_ptrmap_get(&map, yielded);
  return mapped ? mapped : yielded;
}

void ts_lower_fused(ts_lower *L, ts_op *op) {
  ts_point p = ts_lower_point(L, op);
  ts_value **args = ts_new_array(L->scratch, ts_value *, op->num_plain);
  ts_lower_parallel(L, &p);
  for (unsigned i = 0; i < op->num_plain; i++)
    args[i] = ts_lower_region_arg(L, &p, i, i);
  ts_lower_give(L, ts_lower_region(L, op, args), &p);
  ts_lower_end(L, p.space.n);
}

/* ---- quantize, dequantize: q = x / scale + zero_point and back, in f64 ---- */

/* One parameter of a quantization: a literal for the whole tensor, or a table with an entry a
 * slice. */
typedef struct param {
  ts_value *literal, *table;
} param;

static double param_value(const ts_attr *a, unsigned i) {
  return a->key == TS_ATTR_SCALE ? a->floats[i] : (double)a->ints[i];
}

static param param_of(ts_lower *L, ts_op *op, ts_attr_key key, const char *name) {
  const ts_attr *a = ts_attr_find(op, key);
  if (!a) return (param){.literal = ts_lower_float(L, TS_F64, 0.0)};
  if (a->n == 1) return (param){.literal = ts_lower_float(L, TS_F64, param_value(a, 0))};
  double *values = ts_new_array(L->scratch, double, a->n);
  for (unsigned i = 0; i < a->n; i++)
    values[i] = param_value(a, i);
  return (param){.table = ts_lower_table(L, name, a->n, values)};
}

static ts_value *param_at(ts_lower *L, param p, const char *name, const ts_aff *slice) {
  if (p.literal) return p.literal;
  return ts_lower_load_memref(L, name, p.table, &(ts_subs){.n = 1, .at = {slice}});
}

/* A zero point of 0 adds nothing, whatever the value: -0.0 and 0.0 are the same integer. */
static bool is_zero(param p) { return p.literal && ts_literal_as_double(p.literal) == 0; }

/* A NaN becomes the zero point; where that is 0, the conversion to an integer does it. */
static ts_value *quantized(ts_lower *L, ts_value *x, ts_value *scale, ts_value *zero) {
  ts_value *q = ts_lower_op2(L, "q", TS_OP_DIVF, TS_F64, x, scale);
  q = ts_lower_op1(L, "r", TS_OP_ROUNDEVEN, TS_F64, q);
  if (!zero) return q;
  q = ts_lower_op2(L, "z", TS_OP_ADDF, TS_F64, q, zero);
  ts_value *nan = ts_lower_op2(L, "nan", TS_OP_CMPF, TS_I1, q, q);
  ts_attr_set_int(L->m, nan->def, TS_ATTR_PRED, TS_NE);
  return ts_lower_op(L, "s", TS_OP_SELECT, TS_F64, 3, (ts_value *[]){nan, zero, q});
}

static ts_value *dequantized(ts_lower *L, ts_value *q, ts_value *scale, ts_value *zero) {
  if (zero) q = ts_lower_op2(L, "d", TS_OP_SUBF, TS_F64, q, zero);
  return ts_lower_op2(L, "y", TS_OP_MULF, TS_F64, q, scale);
}

void ts_lower_quantize(ts_lower *L, ts_op *op) {
  bool forth = op->opcode == TS_OP_QUANTIZE;
  param scales = param_of(L, op, TS_ATTR_SCALE, "scale");
  param zeros = param_of(L, op, TS_ATTR_ZERO_POINT, "zero_point");
  unsigned axes[TS_MAX_RANK], n = ts_op_axes(op, axes);
  ts_point p = ts_lower_point(L, op);
  ts_lower_parallel(L, &p);
  const ts_aff *slice = n ? p.at[axes[0]] : NULL;
  ts_value *x = ts_lower_convert(L, ts_lower_element(L, forth ? "x" : "q", &p, 0), TS_F64);
  ts_value *scale = param_at(L, scales, "scale", slice);
  ts_value *zero = is_zero(zeros) ? NULL : param_at(L, zeros, "zero", slice);
  ts_lower_give(L, forth ? quantized(L, x, scale, zero) : dequantized(L, x, scale, zero), &p);
  ts_lower_end(L, p.space.n);
}
