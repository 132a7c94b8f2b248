/* How the verifier reports, and what more than one of its files refuses. */
#include "syntax/syntax.h"
#include "analysis/verify/verify_impl.h"

bool ts_verify_error(ts_verifier *v, ts_loc loc, const char *fmt, ...) {
  va_list args;
  va_start(args, fmt);
  char *text = ts_vsprintf(&v->scratch, fmt, args);
  va_end(args);
  return ts_error(v->m->ctx, loc, "%s", text) == TS_OK;
}

const char *ts_verify_name(ts_verifier *v, const ts_value *value) {
  if (!ts_is_literal(value) && value->name)
    return ts_sprintf(&v->scratch, "%%%s", ts_str_text(v->m, value->name));
  if (v->m->ctx->num_errors >= v->m->ctx->max_errors) return "a value"; /* not kept anyway */
  return ts_value_text(&v->scratch, v->func, value);
}

void ts_verify_written(ts_verifier *v, const ts_op *op, const ts_value *buffer) {
  const char *name = ts_info(op)->name;
  if (buffer->kind == TS_VALUE_RESULT && buffer->def->opcode == TS_OP_GLOBAL) {
    ts_verify_error(v, op->loc, "`%s` writes to %s, a global, which is read only", name,
                    ts_verify_name(v, buffer));
    return;
  }
  if (buffer->kind != TS_VALUE_ARG || buffer->block != v->func->body) return;
  if (v->func->roles[buffer->index] == TS_ROLE_IN)
    ts_verify_error(v, op->loc, "`%s` writes to %s, an input; declare it out or inout", name,
                    ts_verify_name(v, buffer));
}
