/* What the type rules call: messages, literals that get their type, words of attributes. */
#include <inttypes.h>

#include "ir/infer_impl.h"
#include "ir/scalar.h"

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
  ts_opcode here = (ts_opcode)f->op->opcode, other = TS_NUM_OPCODES;
  if (t->kind == TS_TYPE_TENSOR && ts_info(f->op)->class == TS_OC_ARITH)
    other = ts_tensor_form(here);
  if (t->kind == TS_TYPE_SCALAR || t->kind == TS_TYPE_VECTOR)
    other = ts_scalar_form(here, t->dtype);
  if (other == here) other = TS_NUM_OPCODES;
  if (other == TS_NUM_OPCODES)
    return t->kind == TS_TYPE_TENSOR && ts_info(f->op)->levels == TS_LEVEL_L
               ? "; on tensors it stands in the region of a `fused`"
               : "";
  return ts_sprintf(&f->m->arena, "; on %s it is `%s`", t->text, ts_op_infos[other].name);
}
