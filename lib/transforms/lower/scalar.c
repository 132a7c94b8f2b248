/* Scalars of `lower`: literals, conversions between the scalar types, and single scalar ops. */
#include <math.h>

#include "transforms/lower/lower_impl.h"

/* ---- literals ---- */

static ts_value *literal_of_image(ts_lower *L, ts_dtype d, uint64_t image) {
  const ts_type *type = ts_type_scalar(L->m, d);
  double f;
  memcpy(&f, &image, sizeof f);
  return ts_is_float(d) ? ts_literal_float(L->m, type, f)
                        : ts_literal_int(L->m, type, (int64_t)image);
}

ts_value *ts_lower_float(ts_lower *L, ts_dtype d, double value) {
  return ts_literal_float(L->m, ts_type_scalar(L->m, d), ts_round_to(d, value));
}

ts_value *ts_lower_zero(ts_lower *L, ts_dtype d) { return literal_of_image(L, d, 0); }

ts_value *ts_lower_neutral(ts_lower *L, ts_opcode combine, ts_dtype d) {
  return literal_of_image(L, d, (uint64_t)ts_neutral(ts_scalar_with(combine, NULL), d).i);
}

ts_value *ts_lower_splat(ts_lower *L, const ts_value *tensor) {
  if (ts_is_literal(tensor)) return (ts_value *)tensor;
  if (tensor->kind != TS_VALUE_RESULT || tensor->def->opcode != TS_OP_CONST) return NULL;
  const ts_data *data = ts_attr_find(tensor->def, TS_ATTR_VALUE)->data;
  bool one = data->form == TS_DATA_SPLAT ||
             (data->form == TS_DATA_DENSE && ts_type_num_elements(tensor->type) == 1);
  if (!one) return NULL;
  ts_dtype d = tensor->type->dtype;
  return literal_of_image(L, d, ts_number_load(d, data->bytes));
}

void ts_lower_unliteral(ts_lower *L, ts_op *op) {
  if (!op->num_plain) return;
  for (unsigned i = 0; i < op->num_plain; i++)
    if (!ts_is_literal(ts_operand(op, i))) return;
  ts_value *literal = ts_operand(op, 0);
  ts_dtype d = literal->type->dtype;
  ts_data *data = ts_new(&L->m->arena, ts_data);
  data->form = TS_DATA_SPLAT;
  data->num_bytes = ts_dtype_bytes(d);
  void *bytes = ts_arena_alloc(&L->m->arena, data->num_bytes);
  ts_number_store(d, literal->bits, bytes);
  data->bytes = bytes;
  ts_op *c = ts_op_create(L->m, TS_OP_CONST, L->b.loc, 0, NULL, 0, NULL, 1, &literal->type, 0);
  ts_attr_set_data(L->m, c, TS_ATTR_VALUE, data);
  ts_op_result(c, 0)->name = ts_intern(&L->m->strings, "c");
  ts_builder before = ts_builder_before(L->m, op);
  ts_op_insert(&before, c);
  ts_set_operand(op, 0, ts_op_result(c, 0));
}

/* ---- ops ---- */

static ts_value *build(ts_lower *L, const char *name, ts_opcode opcode, ts_dtype result, unsigned n,
                       ts_value *const *operands) {
  ts_value *v = ts_build(&L->b, opcode, ts_type_scalar(L->m, result), n, operands);
  ts_lower_unliteral(L, v->def);
  v->name = ts_intern(&L->m->strings, name);
  return v;
}

ts_value *ts_lower_op(ts_lower *L, const char *name, ts_opcode opcode, ts_dtype d, unsigned n,
                      ts_value *const *operands) {
  return build(L, name, opcode, d, n, operands);
}

ts_value *ts_lower_op1(ts_lower *L, const char *name, ts_opcode opcode, ts_dtype d, ts_value *x) {
  return build(L, name, opcode, d, 1, &x);
}

ts_value *ts_lower_op2(ts_lower *L, const char *name, ts_opcode opcode, ts_dtype d, ts_value *a,
                       ts_value *b) {
  return build(L, name, opcode, d, 2, (ts_value *[]){a, b});
}

void ts_lower_copy_approx(ts_lower *L, const ts_op *from, ts_value *scalar) {
  const ts_attr *approx = ts_attr_find(from, TS_ATTR_APPROX);
  if (approx && scalar->def->opcode == TS_OP_GELU) ts_attr_set(L->m, scalar->def, *approx);
}

/* ---- conversions ---- */

/* The literal in another type; NULL where going through f64 could round twice. */
static ts_value *convert_literal(ts_lower *L, const ts_value *v, ts_dtype to) {
  ts_dtype from = v->type->dtype;
  const ts_type *type = ts_type_scalar(L->m, to);
  int64_t i = (int64_t)v->bits, exact = (int64_t)1 << 53;
  if (ts_is_float(from)) {
    double f = ts_literal_as_double(v);
    if (ts_is_float(to)) return ts_lower_float(L, to, f);
    return ts_literal_int(L->m, type, to == TS_I1 ? f != 0 : ts_float_to_int(to, f));
  }
  if (!ts_is_float(to))
    return ts_literal_int(L->m, type, to == TS_I1 ? i != 0 : ts_wrap_int(to, i));
  return i < -exact || i > exact ? NULL : ts_lower_float(L, to, (double)i);
}

/* index and i64 turn into each other with extsi. */
static ts_opcode conversion(ts_dtype from, ts_dtype to) {
  if (to == TS_I1) return ts_is_float(from) ? TS_OP_CMPF : TS_OP_CMPI;
  ts_opcode op = ts_scalar_cast(from, to);
  return op == TS_NUM_OPCODES ? TS_OP_EXTSI : op;
}

static const char *converted_name(ts_lower *L, const ts_value *v, ts_dtype to) {
  if (!v->name) return ts_dtype_name(to);
  const struct ts_interned *name = ts_interned_of(&L->m->strings, v->name);
  return ts_sprintf(L->scratch, "%.*s.%s", (int)name->len, name->text, ts_dtype_name(to));
}

ts_value *ts_lower_convert(ts_lower *L, ts_value *v, ts_dtype to) {
  ts_dtype from = v->type->dtype;
  if (from == to) return v;
  ts_value *literal = ts_is_literal(v) ? convert_literal(L, v, to) : NULL;
  if (literal) return literal;
  ts_opcode opcode = conversion(from, to);
  ts_value *operands[] = {v, to == TS_I1 ? ts_lower_zero(L, from) : NULL};
  ts_value *r = build(L, converted_name(L, v, to), opcode, to, to == TS_I1 ? 2 : 1, operands);
  if (to == TS_I1) ts_attr_set_int(L->m, r->def, TS_ATTR_PRED, TS_NE);
  return r;
}
