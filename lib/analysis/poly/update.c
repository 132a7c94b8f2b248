/* Recognising s[…] = s[…] op x; see update.h. */
#include "analysis/poly/update.h"

#include "ir/scalar.h"

static const ts_combination combinations[] = {
    {TS_OP_ADDF, TS_OP_ADDF, true},  {TS_OP_FMA, TS_OP_ADDF, true},
    {TS_OP_MULF, TS_OP_MULF, true},  {TS_OP_MAXF, TS_OP_MAXF, false},
    {TS_OP_MINF, TS_OP_MINF, false}, {TS_OP_ADDI, TS_OP_ADDI, false},
    {TS_OP_MULI, TS_OP_MULI, false}, {TS_OP_ANDI, TS_OP_ANDI, false},
    {TS_OP_ORI, TS_OP_ORI, false},   {TS_OP_XORI, TS_OP_XORI, false},
    {TS_OP_MAXI, TS_OP_MAXI, false}, {TS_OP_MINI, TS_OP_MINI, false},
};

const ts_combination *ts_combination_of(const ts_op *update) {
  for (size_t i = 0; i < ts_countof(combinations); i++)
    if (combinations[i].update == (ts_opcode)update->opcode) return &combinations[i];
  return NULL;
}

ts_value *ts_update_neutral(ts_module *m, const ts_op *update, const ts_type *t) {
  ts_opcode combine = ts_combination_of(update)->combine;
  ts_cell c = ts_neutral(ts_scalar_with(combine, update), (ts_dtype)t->dtype);
  return ts_is_float((ts_dtype)t->dtype) ? ts_literal_float(m, t, c.f) : ts_literal_int(m, t, c.i);
}

bool ts_is_elsewhere(const ts_op *op, const ts_op *other) {
  ts_access a, b;
  if ((other->opcode != TS_OP_LOAD && other->opcode != TS_OP_STORE) ||
      !ts_access_parts(op, 0, &a) || !ts_access_parts(other, 0, &b) || b.type != a.type ||
      a.memref != b.memref)
    return false;
  for (unsigned i = 0; i < a.n; i++) {
    int64_t x, y;
    if (ts_aff_is_const(a.subscripts[i], &x) && ts_aff_is_const(b.subscripts[i], &y) && x != y)
      return true;
  }
  return false;
}

/* The operand of an update that holds the result so far: either one, but the sum of an fma. */
static bool updates(const ts_op *op, const ts_value *so_far) {
  unsigned places = 0;
  for (unsigned i = 0; i < op->num_plain; i++)
    places += ts_operand(op, i) == so_far;
  if (places != 1) return false;
  return op->opcode != TS_OP_FMA || ts_operand(op, 2) == so_far;
}

/* Does nothing between the two touch the element? */
static bool is_undisturbed(const ts_op *load, const ts_op *store) {
  const ts_value *memref = ts_operand(store, 1);
  const ts_op *op = load->next;
  for (; op && op != store; op = op->next) {
    if (op->num_regions || op->opcode == TS_OP_CALL || op->opcode == TS_OP_BARRIER) return false;
    for (unsigned i = 0; i < op->num_plain; i++)
      if (ts_operand(op, i) == memref && op->opcode != TS_OP_PREFETCH &&
          !ts_is_elsewhere(store, op))
        return false;
  }
  return op == store;
}

bool ts_update_is_alone(const ts_update *u, const ts_block *block) {
  for (const ts_use *use = ts_operand(u->store, 1)->uses; use; use = use->next)
    if (use->owner != u->load && use->owner != u->store && ts_is_ancestor(block, use->owner) &&
        !ts_is_elsewhere(u->store, use->owner))
      return false;
  return true;
}

bool ts_update_of(const ts_op *store, ts_update *out) {
  if (store->opcode != TS_OP_STORE || store->has_mask) return false;
  const ts_value *stored = ts_operand(store, 0);
  ts_op *update = stored->kind == TS_VALUE_RESULT ? stored->def : NULL, *load = NULL;
  if (!update || !ts_combination_of(update) || update->block != store->block ||
      !ts_has_one_use(stored) || !ts_is_kind(stored->type, TS_TYPE_SCALAR))
    return false;
  for (unsigned i = 0; i < update->num_plain && !load; i++) {
    const ts_value *v = ts_operand(update, i);
    ts_op *def = v->kind == TS_VALUE_RESULT ? v->def : NULL;
    if (def && def->opcode == TS_OP_LOAD && ts_operand(def, 0) == ts_operand(store, 1) &&
        ts_same_subscripts(def, store))
      load = def;
  }
  if (!load || load->has_mask || load->block != store->block ||
      !updates(update, ts_op_result(load, 0)) || !ts_has_one_use(ts_op_result(load, 0)) ||
      !is_undisturbed(load, store))
    return false;
  *out = (ts_update){load, update, (ts_op *)store};
  return true;
}
