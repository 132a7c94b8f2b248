/* Actions for ops: operands, attributes, affine expressions, and building each op when its head has been
 * read. */
#include <math.h>

#include "syntax/parse_advice_impl.h"

static ts_result error(ts_parser *p, ts_loc loc, const char *message) {
  return ts_error(p->ctx, loc, "%s", message);
}

/* ---- operands ---- */

void ts_parse_operand(ts_parser *p, ts_named n, bool subscripted) {
  if (subscripted && p->items.n >= 8) {
    error(p, n.loc, "only the first eight operands can take subscripts");
    subscripted = false;
  }
  if (subscripted) p->subscripted |= (uint8_t)(1u << p->items.n);
  ts_push(&p->scratch, &p->items, ts_parser_use(p, n));
}

void ts_parse_symbol(ts_parser *p, ts_named symbol) {
  if (p->symbol.name) error(p, symbol.loc, "an op takes one @name");
  p->symbol = symbol;
}

void ts_parse_literal(ts_parser *p, ts_number n) {
  if (n.form == TS_NUMBER_INT && n.bits > INT64_MAX && !n.negative)
    error(p, ts_number_loc(n), "number is past the range of 64 bits");
  ts_push(&p->scratch, &p->items, ts_literal_pending(p->m, n.form, n.bits));
}

void ts_parse_word(ts_parser *p, ts_named word) {
  const struct ts_interned *e = ts_interned_of(&p->m->strings, word.name);
  double value;
  if (ts_parser_float_word(e->text, e->len, &value)) {
    ts_number n = ts_number_make(TS_NUMBER_FLOAT, 0, word.loc);
    memcpy(&n.bits, &value, sizeof value);
    ts_parse_literal(p, n);
    return;
  }
  if (p->word.name) {
    ts_error(p->ctx, word.loc, "unexpected word '%s'", ts_parser_text(p, word.name));
    return;
  }
  p->word = word;
  p->word_at = p->items.n;
}

/* ---- affine expressions ---- */

const ts_aff *ts_parse_aff_value(ts_parser *p, ts_named n) {
  ts_value *v = ts_parser_use(p, n);
  for (size_t i = 0; i < p->dims.n; i++)
    if (p->dims.at[i] == v) return ts_aff_dim(p->m, (unsigned)i);
  if (p->dims.n == TS_MAX_DIMS) {
    ts_error(p->ctx, n.loc, "more than %d different values in one op's subscripts", TS_MAX_DIMS);
    return ts_aff_dim(p->m, 0);
  }
  ts_push(&p->scratch, &p->dims, v);
  return ts_aff_dim(p->m, (unsigned)p->dims.n - 1);
}

const ts_aff *ts_parse_aff_binary(ts_parser *p, ts_aff_kind kind, const ts_aff *lhs,
                                  const ts_aff *rhs, ts_loc loc) {
  const ts_aff *a = ts_aff_binary(p->m, kind, lhs, rhs);
  if (a) return a;
  bool const_lhs = lhs->kind == TS_AFF_CONST, const_rhs = rhs->kind == TS_AFF_CONST;
  if (const_lhs && const_rhs && (kind <= TS_AFF_MUL || rhs->value > 0))
    error(p, loc, "the constant is past the range of 64 bits");
  else if (kind == TS_AFF_MUL && !const_lhs && !const_rhs)
    error(p, loc, "not affine: one side of a product is a constant");
  else if (kind > TS_AFF_MUL && (!const_rhs || rhs->value <= 0))
    error(p, loc, "not affine: the divisor is a positive constant");
  else
    ts_error(p->ctx, loc, "the expression nests deeper than %d", TS_MAX_AFF_DEPTH);
  return ts_aff_const(p->m, 0);
}

const ts_aff *ts_parse_aff_minus(ts_parser *p, const ts_aff *lhs, const ts_aff *rhs, ts_loc loc) {
  const ts_aff *negated = ts_parse_aff_binary(p, TS_AFF_MUL, rhs, ts_aff_const(p->m, -1), loc);
  return ts_parse_aff_binary(p, TS_AFF_ADD, lhs, negated, loc);
}

/* ---- attributes ---- */

static const char *const attr_wants[] = {
    [TS_AK_DTYPE] = "a scalar type",
    [TS_AK_INT] = "an integer",
    [TS_AK_INTS] = "an integer or a list of them",
    [TS_AK_FLOAT] = "a number",
    [TS_AK_FLOATS] = "a number or a list of them",
    [TS_AK_ENUM] = "a word",
    [TS_AK_OPCODE] = "a word",
    [TS_AK_UNIT] = "no value",
};

static double as_double(ts_number n) {
  double d;
  memcpy(&d, &n.bits, sizeof d);
  return n.form == TS_NUMBER_INT ? (double)(int64_t)n.bits : d;
}

/* The numbers as integers or floats in the module's arena; false when one is of the wrong kind. */
static bool take_numbers(ts_parser *p, ts_attr *a, bool floats, const ts_number *at, size_t n) {
  int64_t *ints = ts_new_array(&p->m->arena, int64_t, n ? n : 1);
  double *reals = (double *)ints;
  for (size_t i = 0; i < n; i++) {
    if (at[i].form == TS_NUMBER_HEX) return false;
    if (floats) {
      reals[i] = as_double(at[i]);
      continue;
    }
    if (at[i].form != TS_NUMBER_INT) {
      if (at[i].bits != 1ull << 63) return false; /* but -0 is an integer here */
      ints[i] = 0;
    } else {
      ints[i] = (int64_t)at[i].bits;
    }
    if (!at[i].negative && ints[i] < 0) return false;
  }
  a->n = (uint32_t)n;
  if (floats)
    a->floats = reals;
  else
    a->ints = ints;
  return true;
}

static bool take_scalar(ts_parser *p, ts_attr *a, ts_attr_kind kind, ts_number n) {
  if (!take_numbers(p, a, kind == TS_AK_FLOAT, &n, 1)) return false;
  if (kind == TS_AK_FLOAT)
    a->f = a->floats[0];
  else
    a->i = a->ints[0];
  a->n = 0;
  return true;
}

static bool take_attr(ts_parser *p, ts_attr *a, const ts_raw_attr *raw) {
  ts_attr_kind kind = ts_attr_infos[a->key].kind;
  if (kind == TS_AK_UNIT || !raw) return kind == TS_AK_UNIT && !raw;
  switch (raw->kind) {
  case TS_RAW_DTYPE: a->dtype = raw->dtype; return kind == TS_AK_DTYPE;
  case TS_RAW_WORD:
    if (kind != TS_AK_ENUM && kind != TS_AK_OPCODE) return false;
    a->i = ts_attr_number(p->m, a->key, raw->word);
    return true;
  case TS_RAW_NUMBER:
    if (kind == TS_AK_INT || kind == TS_AK_FLOAT) return take_scalar(p, a, kind, raw->number);
    a->bare = true;
    return (kind == TS_AK_INTS || kind == TS_AK_FLOATS) &&
           take_numbers(p, a, kind == TS_AK_FLOATS, &raw->number, 1);
  case TS_RAW_LIST:
    return (kind == TS_AK_INTS || kind == TS_AK_FLOATS) &&
           take_numbers(p, a, kind == TS_AK_FLOATS, p->numbers.at, p->numbers.n);
  }
  return false;
}

static bool attr_seen(const ts_parser *p, ts_attr_key key) {
  for (size_t i = 0; i < p->attrs.n; i++)
    if (p->attrs.at[i].key == key) return true;
  return false;
}

static void unknown_attr(ts_parser *p, ts_str word, ts_loc loc) {
  const char *text = ts_parser_text(p, word), *near = ts_attr_nearest(text);
  if (near)
    ts_error(p->ctx, loc, "unknown attribute '%s'; did you mean '%s'?", text, near);
  else
    ts_error(p->ctx, loc, "unknown attribute '%s'; ts-opt -print-ops=attributes lists them", text);
}

static void wrong_attr_value(ts_parser *p, ts_attr_key key, ts_loc loc) {
  const char *name = ts_attr_infos[key].name;
  ts_attr_kind kind = ts_attr_infos[key].kind;
  if (kind == TS_AK_UNIT)
    ts_error(p->ctx, loc, "'%s' takes no value: {%s}", name, name);
  else
    ts_error(p->ctx, loc, "'%s' takes %s", name, attr_wants[kind]);
}

void ts_parse_attr(ts_parser *p, ts_str word, const ts_raw_attr *raw, ts_loc loc) {
  const struct ts_interned *e = ts_interned_of(&p->m->strings, word);
  ts_attr a = {.key = ts_parser_attr(e->text, e->len)};
  if (a.key == TS_NUM_ATTRS)
    unknown_attr(p, word, loc);
  else if (attr_seen(p, a.key))
    ts_error(p->ctx, loc, "attribute '%s' is given twice", ts_parser_text(p, word));
  else if (!take_attr(p, &a, raw))
    wrong_attr_value(p, a.key, loc);
  else
    ts_push(&p->scratch, &p->attrs, a);
  p->numbers.n = 0;
}

/* ---- ops ---- */

static ts_block *current_block(ts_parser *p) { return p->scopes.at[p->scopes.n - 1].block; }

/* A new op from the parts that its head collected, at the end of the current block. */
static ts_op *build_op(ts_parser *p, ts_opcode opcode, ts_loc loc, unsigned num_results) {
  ts_parser_check_pending(p);
  if (p->items.n > TS_MAX_OPERANDS) {
    ts_error(p->ctx, loc, "%zu operands are more than %d", p->items.n, TS_MAX_OPERANDS);
    p->items.n = 0;
    p->subscripted = 0;
    p->has_mask = false;
  }
  ts_op *op =
      ts_op_create(p->m, opcode, loc, (unsigned)p->items.n, p->items.at, (unsigned)p->dims.n,
                   p->dims.at, num_results, NULL, ts_op_infos[opcode].num_regions);
  for (size_t i = 0; i < p->attrs.n; i++)
    ts_attr_set(p->m, op, p->attrs.at[i]);
  if (p->exprs.n || p->subscripted) op->map = ts_map_get(p->m, (unsigned)p->exprs.n, p->exprs.at);
  op->subscripted = p->subscripted;
  op->has_mask = p->has_mask;
  ts_builder b = ts_builder_at_end(p->m, current_block(p), loc);
  ts_op_insert(&b, op);
  ts_parser_comment_op(p, op);
  return op;
}

static void type_results(ts_parser *p, ts_op *op, unsigned num_types, const ts_type **given) {
  const ts_type *one = NULL, **types = &one;
  if (op->num_results > 1) types = ts_new_array(&p->scratch, const ts_type *, op->num_results);
  bool ok = ts_infer(p->m, op, num_types, given, types) == TS_OK;
  for (unsigned i = 0; i < op->num_results; i++)
    ts_op_result(op, i)->type = ok ? types[i] : ts_type_error(p->m);
}

static void define_results(ts_parser *p, ts_op *op, const ts_named *names) {
  for (unsigned i = 0; i < op->num_results; i++) {
    ts_op_result(op, i)->name = names[i].name;
    ts_parser_define(p, names[i], ts_op_result(op, i));
  }
}

/* Only a comparison has a word among its operands, before them. */
static bool take_word(ts_parser *p, ts_opcode opcode) {
  bool compares = ts_takes_attr(opcode, TS_ATTR_PRED);
  if (!p->word.name) return true;
  const char *word = ts_parser_text(p, p->word.name), *name = ts_op_infos[opcode].name;
  if (compares && p->word_at == 0) {
    int64_t pred = ts_attr_number(p->m, TS_ATTR_PRED, p->word.name);
    ts_push(&p->scratch, &p->attrs, (ts_attr){.key = TS_ATTR_PRED, .i = pred});
    return true;
  }
  if (compares)
    ts_error(p->ctx, p->word.loc, "the word '%s' comes before the operands: %s %s, …", word, name,
             word);
  else
    ts_parser_wrong_word(p, opcode);
  return false;
}

static bool check_counts(ts_parser *p, ts_opcode opcode, ts_loc loc) {
  const ts_op_info *info = &ts_op_infos[opcode];
  bool counts = info->num_results < 0 || p->results.n == (size_t)info->num_results;
  if (!counts && !p->results.n && info->num_results == 1)
    ts_error(p->ctx, loc, "'%s' gives a result, which needs a name: %%y = %s …", info->name,
             info->name);
  else if (!counts)
    ts_error(p->ctx, loc, "'%s' gives %d result%s, not %zu", info->name, info->num_results,
             info->num_results == 1 ? "" : "s", p->results.n);
  if (p->results.n > UINT16_MAX) return ts_error(p->ctx, loc, "too many results") == TS_OK;
  if (p->types.n > p->results.n && counts && !info->num_results)
    return ts_error(p->ctx, loc, "'%s' gives no result, so no type stands behind it", info->name) ==
           TS_OK;
  if (p->types.n > p->results.n)
    return ts_error(p->ctx, loc, "%zu result types for %zu results", p->types.n, p->results.n) ==
           TS_OK;
  return counts;
}

/* @name is a file or global, by the op. */
static void take_symbol(ts_parser *p, ts_opcode opcode, ts_loc loc) {
  bool wants = ts_takes_attr(opcode, TS_ATTR_CALLEE);
  if (wants && !p->symbol.name)
    ts_error(p->ctx, loc, "'%s' needs a @name", ts_op_infos[opcode].name);
  if (!wants && p->symbol.name)
    ts_error(p->ctx, p->symbol.loc, "'%s' takes no @name", ts_op_infos[opcode].name);
  if (wants)
    ts_push(&p->scratch, &p->attrs, (ts_attr){.key = TS_ATTR_CALLEE, .word = p->symbol.name});
}

static void keep_pending(ts_parser *p, ts_op *op) {
  ts_pending *pending = ts_new(&p->scratch, ts_pending);
  *pending = (ts_pending){.op = op, .num_types = (unsigned)p->types.n};
  pending->results = ts_new_array(&p->scratch, ts_named, p->results.n + 1);
  pending->types = ts_new_array(&p->scratch, const ts_type *, p->types.n + 1);
  if (p->results.n) memcpy(pending->results, p->results.at, p->results.n * sizeof(ts_named));
  if (p->types.n) memcpy(pending->types, p->types.at, p->types.n * sizeof(ts_type *));
  p->pending = pending;
  p->pending_op = op;
  p->pending_block = ts_op_regions(op)[0];
}

void ts_parse_op(ts_parser *p, ts_opcode opcode, ts_loc loc) {
  bool ok = take_word(p, opcode);
  if (ok) take_symbol(p, opcode, loc);
  ok = ok && check_counts(p, opcode, loc);
  unsigned num_results = ok ? (unsigned)p->results.n : 0;
  ts_op *op = build_op(p, opcode, loc, num_results);
  if (!ok) {
    ts_parse_recover(p);
  } else if (op->num_regions) {
    keep_pending(p, op);
    ts_parser_forget_head(p);
  } else {
    p->without_region = op;
    type_results(p, op, (unsigned)p->types.n, p->types.at);
    define_results(p, op, p->results.at);
    ts_parser_forget_head(p);
  }
}

void ts_parse_region_args(ts_parser *p) {
  ts_block *block = p->pending_block;
  for (size_t i = 0; block && i < p->arg_types.n; i++) {
    if (p->arg_roles.at[i] != TS_ROLE_IN)
      error(p, p->arg_names.at[i].loc, "only a function's parameters are out or inout");
    ts_block_add_arg(p->m, block, p->arg_types.at[i], p->arg_names.at[i].name);
  }
}

void ts_parser_finish_pending(ts_parser *p, const ts_pending *pending) {
  type_results(p, pending->op, pending->num_types, pending->types);
  define_results(p, pending->op, pending->results);
}

void ts_parse_const(ts_parser *p, const ts_type *type, bool is_splat, ts_loc loc) {
  const ts_data *data = ts_parser_data(p, type, is_splat, loc);
  if (!check_counts(p, TS_OP_CONST, loc) || !data) {
    ts_parse_recover(p);
    return;
  }
  ts_op *op = build_op(p, TS_OP_CONST, loc, 1);
  p->without_region = op;
  ts_attr_set_data(p->m, op, TS_ATTR_VALUE, data);
  type_results(p, op, 1, &type);
  define_results(p, op, p->results.at);
  ts_parser_forget_head(p);
}

/* ---- structured ops ---- */

static void open_region(ts_parser *p, ts_op *op) {
  p->pending_op = op;
  p->pending_block = ts_op_regions(op)[0];
}

static void add_index_arg(ts_parser *p, ts_op *op, ts_named name) {
  ts_block_add_arg(p->m, ts_op_regions(op)[0], ts_type_scalar(p->m, TS_INDEX), name.name);
}

void ts_parse_for(ts_parser *p, ts_named iv, unsigned num_lo, int64_t step, ts_loc loc) {
  if (num_lo != 1) ts_push(&p->scratch, &p->attrs, (ts_attr){.key = TS_ATTR_NUM_LO, .i = num_lo});
  if (step != 1) ts_push(&p->scratch, &p->attrs, (ts_attr){.key = TS_ATTR_STEP, .i = step});
  ts_op *op = build_op(p, TS_OP_FOR, loc, 0);
  type_results(p, op, 0, NULL);
  ts_parser_forget_head(p);
  add_index_arg(p, op, iv);
  ts_push(&p->scratch, &p->arg_names, iv);
  open_region(p, op);
}

void ts_parse_bound(ts_parser *p, ts_opcode opcode, ts_loc loc) {
  bool lower = p->in_upper_bound == false;
  ts_opcode right = lower ? TS_OP_MAX : TS_OP_MIN;
  if (opcode != right)
    error(p, loc,
          lower ? "a lower bound is an expression or max(…)"
                : "an upper bound is an expression or min(…)");
}

void ts_parse_mark(ts_parser *p, ts_named word, const ts_number *n) {
  static const struct {
    const char *name;
    ts_attr_key key;
    bool takes_number;
  } marks[] = {{"parallel", TS_ATTR_PARALLEL, false},
               {"unroll", TS_ATTR_UNROLL, false},
               {"vector", TS_ATTR_VECTOR, true}};
  const char *text = ts_parser_text(p, word.name);
  for (size_t i = 0; i < ts_countof(marks); i++) {
    if (strcmp(text, marks[i].name) != 0) continue;
    if (marks[i].takes_number != (n != NULL))
      ts_error(p->ctx, word.loc, marks[i].takes_number ? "write '%s(n)'" : "'%s' takes no number",
               text);
    else if (attr_seen(p, marks[i].key))
      ts_error(p->ctx, word.loc, "'%s' is given twice", text);
    else
      ts_push(
          &p->scratch, &p->attrs,
          (ts_attr){.key = marks[i].key, .i = n ? ts_parse_int(p, *n, 1, "a vector's width") : 0});
    return;
  }
  ts_error(p->ctx, word.loc, "unknown mark '%s'; a loop can be parallel, unroll or vector(n)",
           text);
}

/* One lone value is an i1 to test; otherwise every condition compares two sides. */
void ts_parse_if(ts_parser *p, ts_loc loc) {
  bool flag = p->preds.n == 0 && p->exprs.n == 1 && p->exprs.at[0]->kind == TS_AFF_DIM;
  if (flag) {
    ts_push(&p->scratch, &p->items, p->dims.at[0]);
    p->dims.n = p->exprs.n = 0;
  } else if (p->exprs.n != 2 * p->preds.n) {
    error(p, loc, "a condition is an i1 value alone, or comparisons joined by 'and'");
    ts_push(&p->scratch, &p->items, ts_parser_poison(p, 0));
    p->dims.n = p->exprs.n = p->preds.n = 0;
    flag = true;
  }
  ts_op *op = build_op(p, TS_OP_IF, loc, 0);
  if (!flag) ts_attr_set_ints(p->m, op, TS_ATTR_PREDS, (unsigned)p->preds.n, p->preds.at);
  type_results(p, op, 0, NULL);
  ts_parser_forget_head(p);
  open_region(p, op);
}

void ts_parse_else(ts_parser *p) {
  ts_op *op = p->last_closed;
  if (!op || op->opcode != TS_OP_IF) return;
  p->pending_op = op;
  p->pending_block = ts_op_regions(op)[1];
}

void ts_parse_clause(ts_parser *p, ts_str word, ts_loc loc) {
  int64_t clause = ts_attr_number(p->m, TS_ATTR_DIMS, word);
  for (size_t i = 0; i < p->clauses.n; i++)
    if (p->clauses.at[i] == clause) {
      ts_error(p->ctx, loc, "'%s' is given twice", ts_parser_text(p, word));
      break;
    }
  while (p->clauses.n < p->arg_names.n)
    ts_push(&p->scratch, &p->clauses, clause);
}

void ts_parse_launch(ts_parser *p, ts_loc loc) {
  size_t n = p->clauses.n;
  int64_t *clauses = ts_new_array(&p->m->arena, int64_t, n + 1);
  if (n) memcpy(clauses, p->clauses.at, n * sizeof *clauses);
  ts_push(&p->scratch, &p->attrs,
          (ts_attr){.key = TS_ATTR_DIMS, .n = (uint32_t)n, .ints = clauses});
  ts_op *op = build_op(p, TS_OP_LAUNCH, loc, 0);
  if (!op->map) op->map = ts_map_get(p->m, 0, NULL);
  for (size_t i = 0; i < p->arg_names.n; i++)
    add_index_arg(p, op, p->arg_names.at[i]);
  type_results(p, op, 0, NULL);
  size_t args = p->arg_names.n;
  ts_parser_forget_head(p);
  p->arg_names.n = args;
  open_region(p, op);
}
