/* Type inference: what the types of an op's results are, and whether its operands and attributes
 * fit it.
 *
 * The op table names a rule for each op; this file checks what all ops have in common (how many
 * operands, which attributes, index-typed dims), calls the rule and compares its answer with the
 * type that was written. The rules stand in infer_tensor.c and infer_loop.c. A rule never allocates
 * but for a type that is new to the module. */

#include "ir/infer_impl.h"

const ts_type *ts_rule_none(ts_inf *f) {
  return ts_inf_no_literals(f) ? ts_type_error(f->m) : NULL;
}

/* The attributes that the op takes in braces, as text: "axis keepdims"; "" for none. */
static const char *attrs_text(ts_inf *f) {
  const ts_attr_list *list = &ts_info(f->op)->attrs;
  const char *text = "";
  for (unsigned i = 0; i < list->n; i++) {
    const ts_attr_info *a = &ts_attr_infos[list->keys[i]];
    if (a->where == TS_IN_BRACES)
      text = ts_sprintf(&f->m->arena, "%s%s%s", text, *text ? " " : "", a->name);
  }
  return text;
}

static bool check_attrs(ts_inf *f) {
  for (unsigned i = 0; i < f->op->num_attrs; i++) {
    ts_attr_key key = f->op->attrs[i].key;
    if (ts_takes_attr(f->op->opcode, key)) continue;
    const char *name = ts_attr_infos[key].name, *op = ts_info(f->op)->name, *takes = attrs_text(f);
    if (*takes)
      return ts_inf_refuse(f, "`%s` has no attribute `%s`; it takes: %s", op, name, takes);
    return ts_inf_refuse(f, "`%s` has no attribute `%s`; it takes none", op, name);
  }
  return true;
}

static bool check_arity(ts_inf *f) {
  const ts_op_info *info = ts_info(f->op);
  unsigned n = f->op->num_plain, lo = (unsigned)info->min_operands;
  bool any = info->max_operands < 0;
  const ts_value *last = n ? ts_operand(f->op, n - 1) : NULL;
  unsigned hi = any ? TS_MAX_OPERANDS : (unsigned)info->max_operands;
  if (n >= lo && n <= hi) return true;
  if (any)
    ts_inf_error(f, "`%s` takes at least %u operand%s, not %u", info->name, lo, ts_plural(lo), n);
  else if (n > hi && ts_is_literal(last) && *attrs_text(f))
    ts_inf_error(
        f, "`%s` takes %u operand%s, not %u: numbers that tell it how stand in braces, by name: %s",
        info->name, hi, ts_plural(hi), n, attrs_text(f));
  else if (lo == hi)
    ts_inf_error(f, "`%s` takes %u operand%s, not %u", info->name, lo, ts_plural(lo), n);
  else
    ts_inf_error(f, "`%s` takes %u to %u operands, not %u", info->name, lo, hi, n);
  return false;
}

/* Subscripts, expressions and masks stand only where the op has a use for them. */
static bool check_form(ts_inf *f) {
  const ts_op *op = f->op;
  const ts_op_info *info = ts_info(op);
  unsigned want = info->subscripted;
  if (op->has_mask && !info->masked) return ts_inf_refuse(f, "`%s` takes no mask", info->name);
  if (op->opcode == TS_OP_STORE && op->subscripted == 1)
    return ts_inf_refuse(
        f, "`store` names the value first, then the element: store %%value, %%A[%%i]");
  if (op->subscripted & ~want) return ts_inf_refuse(f, "`%s` takes no subscripts here", info->name);
  if (want & ~op->subscripted)
    return ts_inf_refuse(f, "a buffer of `%s` needs its subscripts, such as %%A[%%i, 0]",
                         info->name);
  if (op->map && !want && !info->has_map)
    return ts_inf_refuse(f, "`%s` takes no [expression]%s", info->name,
                         op->opcode == TS_OP_RESHAPE || op->opcode == TS_OP_BROADCAST
                             ? "; the shape is that of the type behind ':'"
                             : "");
  return true;
}

/* Dims of the map are index values. */
static bool check_dims(ts_inf *f) {
  for (unsigned i = f->op->num_plain; i < f->op->num_operands; i++) {
    const ts_type *t = ts_operand(f->op, i)->type;
    if (t && t->kind == TS_TYPE_SCALAR && t->dtype == TS_INDEX) continue;
    bool integer = t && t->kind == TS_TYPE_SCALAR && ts_is_int(t->dtype);
    ts_inf_error(f, "an affine expression uses a value of type %s; it takes values of type index%s",
                 t ? t->text : "literal",
                 integer ? ", which 'extsi %v : index' makes of an integer" : "");
    return false;
  }
  return true;
}

/* Does the op hang off something that was in error? */
static bool is_poisoned(const ts_op *op, unsigned num_given, const ts_type *const *given) {
  for (unsigned i = 0; i < op->num_operands; i++) {
    const ts_type *t = op->operands[i].value->type;
    if (t && t->kind == TS_TYPE_ERROR) return true;
  }
  for (unsigned i = 0; i < num_given; i++)
    if (given[i] && given[i]->kind == TS_TYPE_ERROR) return true;
  return false;
}

static ts_result mismatch(ts_inf *f, const ts_type *type) {
  const char *name = ts_info(f->op)->name;
  const char *is = type->text, *written = f->given->text;
  (void)ts_inf_error(f, "`%s` gives %s here, not %s", name, is, written);
  return TS_ERR;
}

ts_result ts_infer(ts_module *m, ts_op *op, unsigned num_given, const ts_type *const *given,
                   const ts_type **types) {
  ts_inf f = {m, op, num_given ? given[0] : NULL};
  if (is_poisoned(op, num_given, given)) {
    for (unsigned i = 0; i < op->num_results; i++)
      types[i] = ts_type_error(m);
    return TS_OK;
  }
  if (!check_arity(&f) || (op->num_attrs && !check_attrs(&f)) || !check_form(&f) || !check_dims(&f))
    return TS_ERR;
  if (op->opcode == TS_OP_CALL)
    return ts_inf_no_literals(&f) && ts_infer_call(&f, num_given, given, types) ? TS_OK : TS_ERR;
  const ts_type *type = ts_info(op)->rule(&f);
  if (!type) return TS_ERR;
  if (op->num_results == 0) return TS_OK;
  if (f.given && f.given != type && type->kind != TS_TYPE_ERROR) return mismatch(&f, type);
  types[0] = type;
  return TS_OK;
}
