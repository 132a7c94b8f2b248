/* Scalar forms, constants, shapes and replacement: see rewrite.h. */
#include "transforms/rewrite/rewrite.h"

/* A const op all of whose elements are `n`. */
static ts_value *build_splat_const(ts_builder *b, const ts_type *type, ts_constant n) {
  uint64_t image;
  memcpy(&image, n.is_float ? (void *)&n.f : (void *)&n.i, sizeof image);
  size_t num_bytes = ts_dtype_bytes(type->dtype);
  void *bytes = ts_arena_alloc(&b->module->arena, num_bytes);
  ts_number_store(type->dtype, image, bytes);
  ts_data *data = ts_new(&b->module->arena, ts_data);
  *data = (ts_data){.form = TS_DATA_SPLAT, .bytes = bytes, .num_bytes = num_bytes};
  ts_value *v = ts_build(b, TS_OP_CONST, type, 0, NULL);
  ts_attr_set_data(b->module, ts_def(v), TS_ATTR_VALUE, data);
  return v;
}

/* ---- one element of a tensor op ---- */

bool ts_has_scalar_form(const ts_op *op) {
  if (!ts_is_elementwise(op->opcode)) return false;
  ts_dtype from = ts_operand(op, 0)->type->dtype;
  ts_dtype to = ts_op_result(op, 0)->type->dtype;
  if (op->opcode == TS_OP_CAST)
    return from == to || to == TS_I1 || ts_scalar_cast(from, to) != TS_NUM_OPCODES;
  if (op->opcode == TS_OP_NEG && to != TS_I1) return true;
  return to != TS_I1 && ts_scalar_form(op->opcode, to) != TS_NUM_OPCODES;
}

static ts_value *emit_not_zero(ts_builder *b, ts_value *x) {
  bool flt = ts_is_float(x->type->dtype);
  ts_value *zero =
      flt ? ts_literal_float(b->module, x->type, 0) : ts_literal_int(b->module, x->type, 0);
  ts_value *v =
      ts_build2(b, flt ? TS_OP_CMPF : TS_OP_CMPI, ts_type_scalar(b->module, TS_I1), x, zero);
  ts_attr_set_int(b->module, ts_def(v), TS_ATTR_PRED, TS_NE);
  return v;
}

/* A conversion takes no literal, since its text does not tell the type of its operand. */
static ts_value *emit_cast(ts_builder *b, ts_value *x, ts_dtype to) {
  ts_constant n;
  if (ts_is_literal(x) && ts_as_constant(x, &n)) x = build_splat_const(b, x->type, n);
  if (x->type->dtype == to) return x;
  if (to == TS_I1) return emit_not_zero(b, x);
  return ts_build1(b, ts_scalar_cast(x->type->dtype, to), ts_type_scalar(b->module, to), x);
}

ts_value *ts_emit_scalar(ts_builder *b, const ts_op *op, ts_value *const *operands) {
  ts_dtype dtype = ts_op_result(op, 0)->type->dtype;
  const ts_type *type = ts_type_scalar(b->module, dtype);
  if (op->opcode == TS_OP_CAST) return emit_cast(b, operands[0], dtype);
  if (op->opcode == TS_OP_NEG && !ts_is_float(dtype))
    return ts_build2(b, TS_OP_SUBI, type, ts_literal_int(b->module, type, 0), operands[0]);
  ts_value *v = ts_build(b, ts_scalar_form(op->opcode, dtype), type, op->num_plain, operands);
  ts_attr_copy(b->module, ts_def(v), op, TS_ATTR_APPROX);
  return v;
}

/* ---- numbers ---- */

ts_value *ts_build_constant(ts_builder *b, const ts_type *type, ts_constant n) {
  if (ts_is_kind(type, TS_TYPE_TENSOR)) return build_splat_const(b, type, n);
  return n.is_float ? ts_literal_float(b->module, type, n.f) : ts_literal_int(b->module, type, n.i);
}

ts_value *ts_build_float(ts_builder *b, const ts_type *type, double x) {
  return ts_build_constant(b, type, (ts_constant){.is_float = true, .f = x});
}

ts_value *ts_build_int(ts_builder *b, const ts_type *type, int64_t x) {
  return ts_build_constant(b, type, (ts_constant){.is_float = false, .i = x});
}

ts_value *ts_build_cast(ts_builder *b, ts_value *v, ts_dtype dtype) {
  if (v->type->dtype == dtype) return v;
  return ts_build1(b, TS_OP_CAST, ts_type_with_dtype(b->module, v->type, dtype), v);
}

/* ---- shapes ---- */

static bool same_dims(unsigned ra, const ts_extent *a, unsigned rb, const ts_extent *b) {
  return ra == rb && (ra == 0 || memcmp(a, b, ra * sizeof *a) == 0);
}

bool ts_same_shape(const ts_type *a, const ts_type *b) {
  return same_dims(a->rank, a->dims, b->rank, b->dims);
}

bool ts_broadcasts_to(const ts_type *v, const ts_type *to) {
  unsigned rank;
  ts_extent dims[TS_MAX_RANK];
  return ts_broadcast_dims(v->rank, v->dims, to->rank, to->dims, &rank, dims) &&
         same_dims(rank, dims, to->rank, to->dims);
}

bool ts_shapes_give(unsigned n, ts_value *const *operands, const ts_type *to) {
  unsigned rank = 0;
  ts_extent dims[TS_MAX_RANK], next[TS_MAX_RANK];
  for (unsigned i = 0; i < n; i++) {
    const ts_type *t = operands[i]->type;
    unsigned r;
    if (!ts_broadcast_dims(rank, dims, t->rank, t->dims, &r, next)) return false;
    rank = r;
    memcpy(dims, next, r * sizeof *dims);
  }
  return same_dims(rank, dims, to->rank, to->dims);
}

/* ---- changing ---- */

void ts_attr_copy(ts_module *m, ts_op *to, const ts_op *from, ts_attr_key key) {
  const ts_attr *a = ts_attr_find(from, key);
  if (a) ts_attr_set(m, to, *a);
}

void ts_take_name(ts_value *v, ts_value *from) {
  if (v->name) return;
  ts_set_name(v, from->name);
  ts_set_name(from, 0);
}

bool ts_takes_literal(const ts_op *op, unsigned i) {
  switch (ts_info(op)->class) {
  case TS_OC_ARITH: return i < op->num_plain;
  case TS_OC_COMPARE: return !ts_is_literal(ts_operand(op, 1 - i));
  case TS_OC_SELECT: return i > 0;
  case TS_OC_MEMORY: return i == 0 && ts_is_kind(ts_operand(op, 0)->type, TS_TYPE_SCALAR);
  default: return false;
  }
}

unsigned ts_use_literal(ts_value *v, ts_value *literal) {
  unsigned places = 0;
  for (ts_use *u = v->uses, *next; u; u = next) {
    unsigned i = (unsigned)(u - u->owner->operands);
    next = u->next;
    if (!ts_takes_literal(u->owner, i)) continue;
    ts_set_operand(u->owner, i, literal);
    places++;
  }
  return places;
}

/* A scalar or vector const for the places of `old` where the literal cannot stand. */
static ts_value *settle_literal(ts_builder *b, ts_value *old, ts_value *literal) {
  ts_constant n;
  ts_use_literal(old, literal);
  if (!ts_has_uses(old) || !ts_as_constant(literal, &n)) return literal;
  ts_value *v = build_splat_const(b, literal->type, n);
  ts_take_name(v, old);
  return v;
}

ts_value *ts_replace_op(ts_builder *b, ts_op *op, ts_value *v, bool fresh) {
  ts_value *old = ts_op_result(op, 0);
  if (ts_is_literal(v))
    v = settle_literal(b, old, v);
  else if (fresh && v->kind == TS_VALUE_RESULT)
    ts_take_name(v, old);
  ts_replace_all_uses(old, v);
  ts_op_erase(op);
  return v;
}

bool ts_is_attached(const ts_op *op) {
  const ts_block *b = op->block;
  while (b && b->parent)
    b = b->parent->block;
  return b != NULL;
}

static bool is_dead(const ts_op *op) {
  if (!ts_is_attached(op) || !ts_has_flag(op, TS_FLAG_PURE)) return false;
  for (unsigned i = 0; i < op->num_results; i++)
    if (ts_has_uses(ts_op_result(op, i))) return false;
  return true;
}

unsigned ts_erase_if_dead(ts_arena *scratch, ts_op *op) {
  TS_VEC(ts_op *) waiting = {0};
  unsigned erased = 0;
  ts_push(scratch, &waiting, op);
  while (waiting.n) {
    ts_op *dead = waiting.at[--waiting.n];
    if (!is_dead(dead)) continue;
    for (unsigned i = 0; i < dead->num_operands; i++)
      if (ts_def(ts_operand(dead, i))) ts_push(scratch, &waiting, ts_def(ts_operand(dead, i)));
    ts_op_erase(dead);
    erased++;
  }
  return erased;
}
