/* Type inference: what the types of an op's results are, and whether its operands and attributes
 * fit it.
 *
 * The op table names a rule for each op; this file checks what all ops have in common (how many
 * operands, which attributes, index-typed dims), calls the rule and compares its answer with the
 * type that was written. The rules stand in infer_tensor.c and infer_loop.c. A rule never allocates
 * but for a type that is new to the module. */
#include <inttypes.h>

#include "ir/infer_impl.h"

/* ---- helpers of the rules ---- */

const ts_type *ts_inf_error(ts_inf *f, const char *fmt, ...) {
  va_list args;
  va_start(args, fmt);
  char *text = ts_vsprintf(&f->m->arena, fmt, args);
  va_end(args);
  (void)ts_error(f->m->ctx, f->op->loc, "%s", text);
  return NULL;
}

const char *ts_extent_text(ts_module *m, ts_extent e) {
  return ts_is_symbolic(e) ? ts_str_text(m, ts_extent_name(e))
                           : ts_sprintf(&m->arena, "%" PRId64, e);
}

const ts_type *ts_inf_type(const ts_inf *f, unsigned i) { return ts_operand(f->op, i)->type; }

/* A pending literal as it may be written, for messages. */
static const char *literal_text(ts_inf *f, const ts_value *v) {
  if (v->form == TS_NUMBER_INT) return ts_sprintf(&f->m->arena, "%" PRId64, (int64_t)v->bits);
  if (v->form == TS_NUMBER_HEX) return ts_sprintf(&f->m->arena, "0x%" PRIX64, v->bits);
  char text[40];
  double d;
  memcpy(&d, &v->bits, sizeof d);
  return ts_strndup(&f->m->arena, text, ts_format_float(text, d, 64));
}

bool ts_inf_settle(ts_inf *f, unsigned i, const ts_type *type) {
  ts_value *v = ts_operand(f->op, i);
  if (v->type) return true;
  ts_value *typed = ts_literal_resolve(f->m, v, type);
  if (!typed) {
    ts_inf_error(f, "the literal %s does not fit %s", literal_text(f, v), type->text);
    return false;
  }
  ts_set_operand(f->op, i, typed);
  return true;
}

const ts_type *ts_inf_untold(ts_inf *f) {
  unsigned i = 0;
  while (i + 1 < f->op->num_plain && ts_inf_type(f, i))
    i++;
  const ts_value *v = ts_operand(f->op, i);
  const char *type = v->form == TS_NUMBER_INT ? "i32" : "f32";
  return ts_inf_error(f, "write `const %s : %s`: the type of this literal cannot be told",
                      literal_text(f, v), type);
}

bool ts_inf_no_literals(ts_inf *f) {
  for (unsigned i = 0; i < f->op->num_plain; i++)
    if (!ts_inf_type(f, i)) return ts_inf_untold(f), false;
  return true;
}

const ts_type *ts_inf_need_given(ts_inf *f, const char *example) {
  if (f->given) return f->given;
  const char *name = ts_info(f->op)->name;
  return ts_inf_error(f, "the type of `%s` must be written, such as `: %s`", name, example);
}

const char *ts_inf_word(const ts_inf *f, ts_attr_key key) {
  const ts_attr *a = ts_attr_find(f->op, key);
  return a ? ts_attr_word(f->m, key, a->i) : NULL;
}

const char *ts_inf_other_level(const ts_inf *f, const ts_type *t) {
  static const struct {
    ts_opcode tensor, real, integer;
  } pairs[] = {{TS_OP_ADD, TS_OP_ADDF, TS_OP_ADDI}, {TS_OP_SUB, TS_OP_SUBF, TS_OP_SUBI},
               {TS_OP_MUL, TS_OP_MULF, TS_OP_MULI}, {TS_OP_DIV, TS_OP_DIVF, TS_OP_DIVI},
               {TS_OP_MAX, TS_OP_MAXF, TS_OP_MAXI}, {TS_OP_MIN, TS_OP_MINF, TS_OP_MINI},
               {TS_OP_NEG, TS_OP_NEGF, TS_OP_NEGF}};
  bool tensor = t->kind == TS_TYPE_TENSOR,
       number = t->kind == TS_TYPE_SCALAR || t->kind == TS_TYPE_VECTOR;
  ts_opcode here = (ts_opcode)f->op->opcode, other = TS_NUM_OPCODES;
  for (size_t i = 0; i < ts_countof(pairs); i++) {
    if (tensor && (here == pairs[i].real || here == pairs[i].integer)) other = pairs[i].tensor;
    if (number && here == pairs[i].tensor)
      other = ts_is_float(t->dtype) ? pairs[i].real : pairs[i].integer;
  }
  if (other == TS_NUM_OPCODES)
    return tensor && ts_info(f->op)->levels == TS_LEVEL_L
               ? "; on tensors it stands in the region of a `fused`"
               : "";
  return ts_sprintf(&f->m->arena, "; on %s it is `%s`", t->text, ts_op_infos[other].name);
}

bool ts_is_number(ts_dtype d) { return ts_is_float(d) || ts_is_int(d); }

unsigned ts_dtype_width(ts_dtype d) { return d == TS_I1 ? 1 : ts_dtype_bytes(d) * 8; }

bool ts_dtype_holds(ts_dtype wide, ts_dtype narrow) {
  if (wide == narrow) return true;
  if (ts_is_float(wide) != ts_is_float(narrow)) return false;
  if (ts_is_float(wide)) return ts_dtype_bytes(wide) > ts_dtype_bytes(narrow);
  return ts_dtype_width(wide) >= ts_dtype_width(narrow);
}

/* ---- what all ops have in common ---- */

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
