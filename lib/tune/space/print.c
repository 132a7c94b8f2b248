/* A space as text. Pipelines are printed as they were written, expressions with the parentheses that they need. */
#include "tune/space/space_impl.h"

static void print_number(ts_sink *out, double v) {
  char text[40];
  ts_sink_write(out, text, ts_space_write_number(text, v));
}

/* ---- expressions ---- */

static void print_expr(ts_sink *out, const ts_space_expr *e, int least);

static void print_literal(ts_sink *out, const ts_space_expr *e) {
  const ts_space_range *v = &e->value;
  if (v->type == TS_SPACE_NUMBER)
    print_number(out, v->lo);
  else if (v->type == TS_SPACE_WORD)
    ts_sink_printf(out, "%s%s%s", e->name, v->word, e->name); /* the name is its quote */
  else
    ts_sink_puts(out, v->lo == 1 ? "true" : "false");
}

static void print_list(ts_sink *out, unsigned n, ts_space_expr *const *at, const char *brackets) {
  ts_sink_putc(out, brackets[0]);
  for (unsigned i = 0; i < n; i++) {
    if (i) ts_sink_puts(out, ", ");
    print_expr(out, at[i], 0);
  }
  ts_sink_putc(out, brackets[1]);
}

/* Operators of one rank group to the left, and comparisons not at all. */
static void print_infix(ts_sink *out, const ts_space_expr *e, const ts_space_op_info *info) {
  bool compares = info->rank == ts_space_ops[TS_SPACE_EQ].rank;
  print_expr(out, e->operands[0], info->rank + compares);
  ts_sink_printf(out, " %s ", info->spelling);
  print_expr(out, e->operands[1], info->rank + 1);
}

static void print_op(ts_sink *out, const ts_space_expr *e, const ts_space_op_info *info) {
  switch (info->form) {
  case TS_SPACE_INFIX: print_infix(out, e, info); return;
  case TS_SPACE_PREFIX:
    ts_sink_printf(out, "%s%s", info->spelling, e->op == TS_SPACE_NOT ? " " : "");
    print_expr(out, e->operands[0], info->rank);
    return;
  case TS_SPACE_CALL:
    ts_sink_puts(out, info->spelling);
    print_list(out, e->n, e->operands, "()");
    return;
  case TS_SPACE_LISTED:
    print_expr(out, e->operands[0], info->rank + 1);
    ts_sink_puts(out, " in ");
    print_list(out, e->n - 1, e->operands + 1, "[]");
    return;
  case TS_SPACE_CHOICE:
    ts_sink_puts(out, "if ");
    print_expr(out, e->operands[0], 0);
    ts_sink_puts(out, " then ");
    print_expr(out, e->operands[1], 0);
    ts_sink_puts(out, " else ");
    print_expr(out, e->operands[2], 0);
    return;
  }
}

/* In parentheses where its operator binds less than `least`. */
static void print_expr(ts_sink *out, const ts_space_expr *e, int least) {
  if (e->op == TS_SPACE_LITERAL) {
    print_literal(out, e);
  } else if (e->op >= TS_SPACE_NUM_OPS) {
    ts_sink_puts(out, e->name);
  } else {
    const ts_space_op_info *info = &ts_space_ops[e->op];
    bool inside = info->rank < least;
    if (inside) ts_sink_putc(out, '(');
    print_op(out, e, info);
    if (inside) ts_sink_putc(out, ')');
  }
}

/* ---- items ---- */

static void print_values(ts_sink *out, const ts_space_values *v) {
  ts_space_expr **at = v->list->at.at;
  if (v->kind == TS_SPACE_SET) {
    print_list(out, (unsigned)v->list->at.n, at, "[]");
    return;
  }
  print_expr(out, at[0], 0);
  ts_sink_puts(out, " .. ");
  print_expr(out, at[1], 0);
  if (!at[2]) return;
  ts_sink_puts(out, v->kind == TS_SPACE_POWERS ? " by *" : " by ");
  print_expr(out, at[2], 0);
}

static void print_parameter(ts_sink *out, const ts_space_parameter *p) {
  ts_sink_printf(out, "param %s in ", p->known.name);
  print_values(out, &p->written);
  if (!p->condition) return;
  ts_sink_puts(out, " if ");
  print_expr(out, p->condition, 0);
}

static void print_rule(ts_sink *out, const ts_space_rule *r) {
  ts_sink_puts(out, "require ");
  print_expr(out, r->expr, 0);
  if (r->why) ts_sink_printf(out, " \"%s\"", r->why);
}

static void print_constant(ts_sink *out, const ts_space_constant *c) {
  ts_sink_printf(out, "const %s = ", c->name);
  print_number(out, c->value);
}

static void print_pipeline(ts_sink *out, const ts_tune_space *s) {
  ts_sink_puts(out, "pipeline {");
  ts_sink_write(out, s->source->text + s->pipeline_text.begin,
                s->pipeline_text.end - s->pipeline_text.begin);
  ts_sink_putc(out, '}');
}

static void print_item(ts_sink *out, const ts_tune_space *s, const ts_space_item *i) {
  switch (i->kind) {
  case TS_SPACE_ITEM_NAME: ts_sink_printf(out, "space %s", s->name); break;
  case TS_SPACE_ITEM_CONSTANT: print_constant(out, &s->constants.at[i->at]); break;
  case TS_SPACE_ITEM_PARAMETER: print_parameter(out, &s->parameters.at[i->at]); break;
  case TS_SPACE_ITEM_RULE: print_rule(out, &s->rules.at[i->at]); break;
  case TS_SPACE_ITEM_PIPELINE: print_pipeline(out, s); break;
  case TS_SPACE_ITEM_POWER:
    ts_sink_puts(out, "power ");
    print_expr(out, s->power, 0);
    break;
  case TS_SPACE_ITEM_TOLERANCE:
    ts_sink_puts(out, "tolerance ");
    print_number(out, s->terms.tolerance);
    break;
  case TS_SPACE_ITEM_WARMUP: ts_sink_printf(out, "warmup %d", s->terms.warmups); break;
  case TS_SPACE_ITEM_TAKE:
    ts_sink_puts(out, s->terms.take == TS_TAKE_LEAST ? "take least" : "take median");
    break;
  }
  ts_sink_putc(out, '\n');
}

void ts_tune_space_print(ts_sink *out, const ts_tune_space *s) {
  for (size_t i = 0; i < s->items.n; i++)
    print_item(out, s, &s->items.at[i]);
}
