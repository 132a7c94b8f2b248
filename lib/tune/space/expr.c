/* Expressions of space files at a point. */
#include <math.h>

#include "tune/space/expr_impl.h"

/* Folds the operands from `first` on with `op`. */
static ts_space_range eval_operands(const ts_space_expr *e, ts_space_op op,
                                    const ts_space_range *values) {
  ts_space_range pair[3];
  unsigned n = op == TS_SPACE_IF ? 3 : ts_min(e->n, 2u);
  for (unsigned i = 0; i < n; i++)
    pair[i] = ts_space_eval(e->operands[i], values);
  pair[0] = ts_space_apply(op, n, pair);
  for (unsigned i = n; i < e->n; i++) {
    pair[1] = ts_space_eval(e->operands[i], values);
    pair[0] = ts_space_apply(op, 2, pair);
  }
  return pair[0];
}

/* x in [a, b]: x == a or x == b. */
static ts_space_range eval_in(const ts_space_expr *e, const ts_space_range *values) {
  ts_space_range pair[2] = {ts_space_eval(e->operands[0], values)},
                 any[2] = {ts_space_truth(false)};
  for (unsigned i = 1; i < e->n; i++) {
    pair[1] = ts_space_eval(e->operands[i], values);
    any[1] = ts_space_apply(TS_SPACE_EQ, 2, pair);
    any[0] = ts_space_apply(TS_SPACE_OR, 2, any);
  }
  return any[0];
}

ts_space_range ts_space_eval(const ts_space_expr *e, const ts_space_range *values) {
  switch (e->op) {
  case TS_SPACE_LITERAL:
  case TS_SPACE_CONSTANT: return e->value;
  case TS_SPACE_PARAMETER: return values[e->parameter];
  case TS_SPACE_IN: return eval_in(e, values);
  default: return eval_operands(e, e->op, values);
  }
}

size_t ts_space_write_number(char *out, double v) {
  if (floor(v) == v && fabs(v) < 0x1p53) return (size_t)snprintf(out, 40, "%lld", (long long)v);
  return ts_format_float(out, v, 64);
}

const char *ts_space_number_text(ts_arena *arena, double v) {
  char text[40];
  return ts_strndup(arena, text, ts_space_write_number(text, v));
}

const char *ts_space_value_text(ts_arena *arena, const ts_space_range *r) {
  if (r->type == TS_SPACE_NUMBER) return ts_space_number_text(arena, r->lo);
  return r->type == TS_SPACE_WORD ? r->word : r->lo == 1 ? "true" : "false";
}
