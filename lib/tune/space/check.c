/* Expressions of space files made, with their types checked. */
#include "support/spelling.h"
#include "tune/space/space_impl.h"

ts_space_list *ts_space_list_add(ts_space_reader *r, ts_space_list *list, ts_space_expr *e) {
  if (!list) list = ts_new(r->arena, ts_space_list);
  ts_push(r->arena, &list->at, e);
  return list;
}

static ts_space_expr *new_expr(ts_space_reader *r, ts_space_op op, ts_space_type type, ts_loc loc) {
  ts_space_expr *e = ts_new(r->arena, ts_space_expr);
  *e = (ts_space_expr){.op = op, .type = type, .loc = loc};
  return e;
}

/* One that is in error. */
static ts_space_expr *poison(ts_space_reader *r, ts_loc loc) {
  return new_expr(r, TS_SPACE_LITERAL, TS_SPACE_ANY, loc);
}

ts_space_expr *ts_space_literal(ts_space_reader *r, ts_space_range value, ts_loc loc) {
  ts_space_expr *e = new_expr(r, TS_SPACE_LITERAL, value.type, loc);
  e->value = value;
  if (value.type == TS_SPACE_WORD) e->name = "\""; /* stands in quotes */
  return e;
}

void ts_space_become_word(ts_space_reader *r, ts_space_expr *e) {
  e->op = TS_SPACE_LITERAL;
  e->type = TS_SPACE_WORD;
  e->value = ts_space_word(ts_space_intern(r, e->name, strlen(e->name)));
  e->name = "";
}

/* A name that is not known is in error from here on, and told when all is read. */
static void settle(ts_space_reader *r, ts_space_expr *e) {
  if (e->op != TS_SPACE_UNKNOWN) return;
  e->op = TS_SPACE_LITERAL;
  ts_push(&r->scratch, &r->strangers, (struct ts_space_stranger){e, SIZE_MAX});
}

bool ts_space_demand(ts_space_reader *r, ts_space_expr *e, ts_space_type type) {
  settle(r, e);
  if (e->type == TS_SPACE_ANY || type == TS_SPACE_ANY || e->type == type)
    return e->type != TS_SPACE_ANY;
  ts_error(r->ctx, e->loc, "this is %s; %s is wanted here", ts_space_type_name(e->type),
           ts_space_type_name(type));
  return false;
}

/* ---- words ---- */

/* A word that is compared with a parameter is one of its values, or a mistake. */
static bool check_word(ts_space_reader *r, const ts_space_expr *with, const ts_space_expr *word) {
  if (with->op != TS_SPACE_PARAMETER || word->op != TS_SPACE_LITERAL || !word->value.word)
    return true;
  const ts_space_parameter *p = &r->space->parameters.at[with->parameter];
  ts_nearest near = ts_nearest_to(word->value.word);
  for (unsigned i = 0; i < p->known.n; i++) {
    if (p->values[i].word == word->value.word) return true;
    ts_nearest_offer(&near, p->values[i].word);
  }
  if (near.best)
    ts_error(r->ctx, word->loc, "'%s' is never '%s'; did you mean '%s'?", with->name,
             word->value.word, near.best);
  else
    ts_error(r->ctx, word->loc, "'%s' is never '%s'", with->name, word->value.word);
  return false;
}

/* Of operands that are compared: where one is a word, names that are not known are words, too. */
static bool make_words(ts_space_reader *r, ts_space_list *operands) {
  const ts_space_expr *word = NULL;
  bool fine = true;
  for (size_t i = 0; i < operands->at.n && !word; i++)
    if (operands->at.at[i]->type == TS_SPACE_WORD) word = operands->at.at[i];
  for (size_t i = 0; word && i < operands->at.n; i++) {
    ts_space_expr *e = operands->at.at[i];
    if (e->op == TS_SPACE_UNKNOWN) ts_space_become_word(r, e);
    fine &= check_word(r, word, e);
    if (i) fine &= check_word(r, e, operands->at.at[0]);
  }
  return fine;
}

/* ---- ops ---- */

/* Whether all operands are of the type that the op takes, or from the first-th on of one type, which *type tells. */
static bool check_operands(ts_space_reader *r, ts_space_list *operands, size_t first,
                           ts_space_type *type) {
  bool fine = true;
  for (size_t i = first; i < operands->at.n; i++) {
    ts_space_expr *e = operands->at.at[i];
    fine &= ts_space_demand(r, e, *type);
    if (*type == TS_SPACE_ANY) *type = e->type;
  }
  return fine;
}

static bool check_types(ts_space_reader *r, ts_space_op op, ts_space_list *operands,
                        ts_space_type *result) {
  const ts_space_op_info *info = &ts_space_ops[op];
  ts_space_type type = info->operands;
  bool fine =
      op == TS_SPACE_EQ || op == TS_SPACE_NE || op == TS_SPACE_IN ? make_words(r, operands) : true;
  if (op == TS_SPACE_IF) fine &= ts_space_demand(r, operands->at.at[0], TS_SPACE_TRUTH);
  fine &= check_operands(r, operands, op == TS_SPACE_IF, &type);
  *result = info->result == TS_SPACE_ANY ? type : info->result;
  return fine;
}

ts_space_expr *ts_space_make(ts_space_reader *r, ts_space_op op, ts_space_list *operands,
                             ts_loc loc) {
  ts_space_type type;
  unsigned depth = 0;
  if (!check_types(r, op, operands, &type)) return poison(r, loc);
  for (size_t i = 0; i < operands->at.n; i++)
    depth = ts_max(depth, operands->at.at[i]->depth);
  if (depth == TS_SPACE_MAX_DEPTH) {
    ts_error(r->ctx, loc, "the expression is nested too deeply");
    return poison(r, loc);
  }
  ts_space_expr *e = new_expr(r, op, type, loc);
  e->depth = depth + 1;
  e->n = (unsigned)operands->at.n;
  e->operands = operands->at.at;
  return e;
}

ts_space_expr *ts_space_make2(ts_space_reader *r, ts_space_op op, ts_space_expr *a,
                              ts_space_expr *b, ts_loc loc) {
  return ts_space_make(r, op, ts_space_list_add(r, ts_space_list_add(r, NULL, a), b), loc);
}

static ts_space_op find_function(const char *name, ts_nearest *near) {
  ts_space_op op = 0;
  for (; op < TS_SPACE_NUM_OPS; op++) {
    if (ts_space_ops[op].form != TS_SPACE_CALL) continue;
    if (!strcmp(ts_space_ops[op].spelling, name)) break;
    ts_nearest_offer(near, ts_space_ops[op].spelling);
  }
  return op;
}

ts_space_expr *ts_space_make_call(ts_space_reader *r, ts_space_named name, ts_space_list *operands,
                                  ts_loc loc) {
  ts_nearest near = ts_nearest_to(name.name);
  ts_space_op op = find_function(name.name, &near);
  if (op == TS_SPACE_NUM_OPS) {
    ts_error(r->ctx, name.loc, "there is no function '%s'; %s%s%s", name.name,
             near.best ? "did you mean '" : "there are min, max, ceildiv, log2 and abs",
             near.best ? near.best : "", near.best ? "'?" : "");
    return poison(r, loc);
  }
  const ts_space_op_info *info = &ts_space_ops[op];
  size_t n = operands->at.n;
  if (n < info->least || (info->most && n > info->most)) {
    ts_error(r->ctx, loc, "'%s' takes %s%u number%s, not %zu", name.name,
             info->most ? "" : "at least ", info->least, info->least > 1 ? "s" : "", n);
    return poison(r, loc);
  }
  return ts_space_make(r, op, operands, loc);
}

/* ---- without parameters ---- */

static const ts_space_expr *find_parameter(const ts_space_expr *e) {
  const ts_space_expr *found = e->op == TS_SPACE_PARAMETER ? e : NULL;
  for (unsigned i = 0; i < e->n && !found; i++)
    found = find_parameter(e->operands[i]);
  return found;
}

ts_space_range ts_space_fixed(ts_space_reader *r, ts_space_expr *e, const char *what) {
  const ts_space_range none = {.lo = 1, .hi = 0};
  if (!ts_space_demand(r, e, TS_SPACE_ANY)) return none;
  const ts_space_expr *parameter = find_parameter(e);
  if (parameter) {
    ts_error(r->ctx, parameter->loc, "%s cannot hang on a parameter, as '%s' is", what,
             parameter->name);
    return none;
  }
  ts_space_range value = ts_space_eval(e, NULL);
  if (!ts_space_is_single(&value)) {
    ts_error(r->ctx, e->loc,
             "this has no value: it divides by zero or passes the range of numbers");
    return none;
  }
  return value;
}
