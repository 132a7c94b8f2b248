/* Terms: their table, their normal form, and values put in. */
#include <math.h>

#include "tune/space/term_impl.h"

/* ---- the map ---- */

static size_t slot_of(const ts_term_map *m, uint64_t key) {
  size_t i = (size_t)((key * UINT64_C(0x9e3779b97f4a7c15)) >> 32) & (m->cap - 1);
  while (m->keys[i] && m->keys[i] != key)
    i = (i + 1) & (m->cap - 1);
  return i;
}

uint32_t ts_term_map_get(const ts_term_map *m, uint64_t key) {
  if (!m->cap) return 0;
  size_t i = slot_of(m, key);
  return m->keys[i] ? m->values[i] : 0;
}

static void grow_map(ts_arena *arena, ts_term_map *m) {
  ts_term_map old = *m;
  m->cap = old.cap ? 4 * old.cap : 1024;
  m->keys = ts_new_array(arena, uint64_t, m->cap);
  m->values = ts_new_array(arena, uint32_t, m->cap);
  for (size_t i = 0; i < old.cap; i++)
    if (old.keys[i]) {
      size_t to = slot_of(m, old.keys[i]);
      m->keys[to] = old.keys[i];
      m->values[to] = old.values[i];
    }
}

void ts_term_map_put(ts_arena *arena, ts_term_map *m, uint64_t key, uint32_t value) {
  if (4 * (m->n + 1) > 3 * m->cap) grow_map(arena, m);
  size_t i = slot_of(m, key);
  m->n += !m->keys[i];
  m->keys[i] = key;
  m->values[i] = value;
}

/* ---- the table ---- */

static uint64_t hash_term(const ts_term_info *info, const uint32_t *operands) {
  uint64_t bits = (uint64_t)info->op << 32 | info->parameter;
  if (info->op != TS_SPACE_LITERAL) return ts_hash(operands, info->n * sizeof *operands, bits);
  memcpy(&bits, &info->range.lo, sizeof bits);
  return ts_hash(&bits, sizeof bits, (uint64_t)(uintptr_t)info->range.word + info->range.type);
}

static bool same_literal(const ts_space_range *a, const ts_space_range *b) {
  return a->type == b->type && a->lo == b->lo && a->hi == b->hi && a->word == b->word &&
         a->undefined == b->undefined && a->absent == b->absent;
}

static bool same_term(const ts_terms *t, const ts_term_info *a, const ts_term_info *b,
                      const uint32_t *operands) {
  if (a->op != b->op || a->n != b->n || a->parameter != b->parameter) return false;
  if (a->op == TS_SPACE_LITERAL && !same_literal(&a->range, &b->range)) return false;
  return a->n == 0 || !memcmp(t->operands.at + a->first, operands, a->n * sizeof *operands);
}

static void grow_table(ts_terms *t) {
  t->table_cap = t->table_cap ? 4 * t->table_cap : 4096;
  t->table = ts_new_array(t->arena, uint32_t, t->table_cap);
  for (size_t k = 0; k < t->at.n; k++) {
    const ts_term_info *info = &t->at.at[k];
    size_t i = hash_term(info, t->operands.at + info->first) & (t->table_cap - 1);
    while (t->table[i])
      i = (i + 1) & (t->table_cap - 1);
    t->table[i] = (uint32_t)k + 1;
  }
}

ts_term ts_term_intern(ts_terms *t, ts_term_info info, const uint32_t *operands) {
  t->steps++;
  if (4 * (t->at.n + 1) > 3 * t->table_cap) grow_table(t);
  size_t i = hash_term(&info, operands) & (t->table_cap - 1);
  for (; t->table[i]; i = (i + 1) & (t->table_cap - 1))
    if (same_term(t, &t->at.at[t->table[i] - 1], &info, operands)) return t->table[i] - 1;
  info.first = (uint32_t)t->operands.n;
  for (uint32_t k = 0; k < info.n; k++)
    ts_push(t->arena, &t->operands, operands[k]);
  ts_push(t->arena, &t->at, info);
  t->table[i] = (uint32_t)t->at.n;
  return (ts_term)(t->at.n - 1);
}

static ts_term literal(ts_terms *t, ts_space_range value) {
  return ts_term_intern(t, (ts_term_info){.op = TS_SPACE_LITERAL, .range = value}, NULL);
}

static ts_space_range outcome_without_value(const ts_space_range *r) {
  return (ts_space_range){
      .type = r->type, .lo = 1, .hi = 0, .undefined = r->undefined, .absent = r->absent};
}

/* A range that leaves one outcome is that outcome. */
static bool is_decided(const ts_space_range *r) {
  return ts_space_is_single(r) || (!ts_space_has_value(r) && r->undefined != r->absent);
}

static ts_term decided(ts_terms *t, const ts_space_range *r) {
  return literal(t, ts_space_has_value(r) ? *r : outcome_without_value(r));
}

/* ---- normal form ---- */

/* Sums and products of integers below 2^53 have the same value in any order. */
static bool is_exact(const ts_terms *t, ts_space_op op, unsigned n, const ts_term *operands) {
  double most = op == TS_SPACE_MUL;
  for (unsigned i = 0; i < n; i++) {
    const ts_space_range *r = &ts_term_at(t, operands[i])->range;
    double size = fmax(fabs(r->lo), fabs(r->hi));
    if (!r->integer || !ts_space_has_value(r)) return false;
    most = op == TS_SPACE_MUL ? most * fmax(size, 1) : most + size;
  }
  return most < 0x1p53;
}

/* Whether operands may change places and be taken together. */
static bool is_flat(const ts_terms *t, ts_space_op op, unsigned n, const ts_term *operands) {
  switch (op) {
  case TS_SPACE_AND:
  case TS_SPACE_OR:
  case TS_SPACE_MIN:
  case TS_SPACE_MAX: return true;
  case TS_SPACE_ADD:
  case TS_SPACE_MUL: return is_exact(t, op, n, operands);
  default: return false;
  }
}

typedef struct flat {
  ts_terms *terms;
  ts_space_op op;
  unsigned n;
  ts_term operands[TS_TERM_MOST_OPERANDS]; /* sorted; room for the constant before them */
  ts_space_range constant; /* of the operands that are; of type ANY: there is none */
} flat;

static void add_operand(flat *f, ts_term operand) {
  const ts_term_info *info = ts_term_at(f->terms, operand);
  if (info->op == TS_SPACE_LITERAL) {
    ts_space_range pair[2] = {f->constant, info->range};
    f->constant = f->constant.type ? ts_space_apply(f->op, 2, pair) : info->range;
    return;
  }
  unsigned at = f->n++;
  for (; at && f->operands[at - 1] > operand; at--)
    f->operands[at] = f->operands[at - 1];
  f->operands[at] = operand;
}

/* Operands of operands of the same op; false where there are too many of them. */
static bool flatten(flat *f, unsigned n, const ts_term *operands) {
  ts_terms *t = f->terms;
  for (unsigned i = 0; i < n; i++) {
    const ts_term_info *info = ts_term_at(t, operands[i]);
    bool open = info->op == f->op && is_flat(t, f->op, info->n, t->operands.at + info->first);
    if (f->n + (open ? info->n : 1) >= TS_TERM_MOST_OPERANDS) return false;
    if (!open) add_operand(f, operands[i]);
    for (unsigned k = 0; open && k < info->n; k++)
      add_operand(f, t->operands.at[info->first + k]);
  }
  return true;
}

/* A constant that changes nothing. */
static bool is_neutral(ts_space_op op, const ts_space_range *constant) {
  if (!ts_space_is_single(constant)) return false;
  switch (op) {
  case TS_SPACE_AND:
  case TS_SPACE_MUL: return constant->lo == 1;
  case TS_SPACE_OR:
  case TS_SPACE_ADD: return constant->lo == 0;
  default: return false;
  }
}

static ts_space_range range_of(const ts_terms *t, ts_space_op op, unsigned n,
                               const ts_term *operands) {
  ts_space_range ranges[TS_TERM_MOST_OPERANDS];
  for (unsigned i = 0; i < n; i++)
    ranges[i] = ts_term_at(t, operands[i])->range;
  return ts_space_apply(op, n, ranges);
}

static ts_term make_plain(ts_terms *t, ts_space_op op, unsigned n, const ts_term *operands) {
  ts_term_info info = {.op = op, .n = n, .range = range_of(t, op, n, operands)};
  t->steps += n / 2;
  if (is_decided(&info.range)) return decided(t, &info.range);
  for (unsigned i = 0; i < n; i++)
    info.mask |= ts_term_at(t, operands[i])->mask;
  return ts_term_intern(t, info, operands);
}

static ts_term make_flat(ts_terms *t, ts_space_op op, unsigned n, const ts_term *operands) {
  flat f = {.terms = t, .op = op};
  if (!flatten(&f, n, operands)) return make_plain(t, op, n, operands);
  if (f.constant.type && (!f.n || !is_neutral(op, &f.constant))) {
    memmove(f.operands + 1, f.operands, f.n++ * sizeof *f.operands);
    f.operands[0] = literal(t, f.constant);
  }
  if (f.n == 1) return f.operands[0];
  return is_flat(t, op, f.n, f.operands) ? make_plain(t, op, f.n, f.operands)
                                         : make_plain(t, op, n, operands);
}

static bool is_truth(const ts_terms *t, ts_term term, bool truth) {
  const ts_term_info *info = ts_term_at(t, term);
  return info->op == TS_SPACE_LITERAL && info->range.type == TS_SPACE_TRUTH &&
         ts_space_is_single(&info->range) && info->range.lo == truth;
}

static ts_term make2(ts_terms *t, ts_space_op op, ts_term a, ts_term b) {
  return ts_term_make(t, op, 2, (ts_term[]){a, b});
}

static ts_term make_negative(ts_terms *t, ts_term a) {
  return make2(t, TS_SPACE_MUL, literal(t, ts_space_number(-1)), a);
}

static ts_term make_not(ts_terms *t, ts_term a) {
  const ts_term_info *info = ts_term_at(t, a);
  return info->op == TS_SPACE_NOT ? t->operands.at[info->first]
                                  : make_plain(t, TS_SPACE_NOT, 1, &a);
}

static ts_term make_equal(ts_terms *t, ts_term a, ts_term b) {
  if (is_truth(t, a, true)) return b;
  if (is_truth(t, a, false)) return make_not(t, b);
  if (is_truth(t, b, true)) return a;
  if (is_truth(t, b, false)) return make_not(t, a);
  return make_plain(t, TS_SPACE_EQ, 2, (ts_term[]){ts_min(a, b), ts_max(a, b)});
}

ts_term ts_term_make(ts_terms *t, ts_space_op op, unsigned n, const ts_term *o) {
  if (is_flat(t, op, n, o)) return make_flat(t, op, n, o);
  switch (op) {
  case TS_SPACE_NEG: return make_negative(t, o[0]);
  case TS_SPACE_SUB: return make2(t, TS_SPACE_ADD, o[0], make_negative(t, o[1]));
  case TS_SPACE_EQ: return make_equal(t, o[0], o[1]);
  case TS_SPACE_NE: return make_not(t, make_equal(t, o[0], o[1]));
  case TS_SPACE_NOT: return make_not(t, o[0]);
  case TS_SPACE_GT: return make2(t, TS_SPACE_LT, o[1], o[0]);
  case TS_SPACE_GE: return make2(t, TS_SPACE_LE, o[1], o[0]);
  case TS_SPACE_IF:
    if (is_truth(t, o[0], true)) return o[1];
    if (is_truth(t, o[0], false)) return o[2];
    break;
  case TS_SPACE_HOLDS: {
    const ts_space_range *r = &ts_term_at(t, o[0])->range;
    if (!r->undefined && !r->absent) return o[0];
    break;
  }
  default: break;
  }
  return make_plain(t, op, n, o);
}

/* ---- from expressions ---- */

ts_term ts_term_gone(ts_terms *t, unsigned parameter) {
  if (!t->parameters[parameter].from->condition) return TS_TERM_FALSE;
  return ts_term_intern(t,
                        (ts_term_info){.op = TS_SPACE_GONE,
                                       .parameter = parameter,
                                       .mask = UINT64_C(1) << parameter,
                                       .range = {.type = TS_SPACE_TRUTH, .lo = 0, .hi = 1}},
                        NULL);
}

static ts_term term_of_parameter(ts_terms *t, unsigned parameter) {
  ts_space_range bounds = t->parameters[parameter].from->bounds;
  if (is_decided(&bounds)) return decided(t, &bounds);
  return ts_term_intern(t,
                        (ts_term_info){.op = TS_SPACE_PARAMETER,
                                       .parameter = parameter,
                                       .mask = UINT64_C(1) << parameter,
                                       .range = bounds},
                        NULL);
}

static ts_term term_of_operands(ts_terms *t, ts_space_op op, unsigned n,
                                ts_space_expr *const *operands) {
  if (n == 1) return ts_term_of_expr(t, operands[0]);
  return make2(t, op, term_of_operands(t, op, n / 2, operands),
               term_of_operands(t, op, n - n / 2, operands + n / 2));
}

/* x == a or x == b … */
static ts_term term_of_in(ts_terms *t, ts_term x, unsigned n, ts_space_expr *const *list) {
  if (n == 1) return make_equal(t, x, ts_term_of_expr(t, list[0]));
  return make2(t, TS_SPACE_OR, term_of_in(t, x, n / 2, list),
               term_of_in(t, x, n - n / 2, list + n / 2));
}

ts_term ts_term_of_expr(ts_terms *t, const ts_space_expr *e) {
  ts_term o[3];
  switch (e->op) {
  case TS_SPACE_LITERAL:
  case TS_SPACE_CONSTANT: return literal(t, e->value);
  case TS_SPACE_PARAMETER: return term_of_parameter(t, e->parameter);
  case TS_SPACE_IN:
    return term_of_in(t, ts_term_of_expr(t, e->operands[0]), e->n - 1, e->operands + 1);
  case TS_SPACE_MIN:
  case TS_SPACE_MAX: return term_of_operands(t, e->op, e->n, e->operands);
  default:
    for (unsigned i = 0; i < e->n; i++)
      o[i] = ts_term_of_expr(t, e->operands[i]);
    return ts_term_make(t, e->op, e->n, o);
  }
}

/* ---- values put in ---- */

static ts_space_range value_of_choice(const ts_terms *t, unsigned parameter, unsigned choice) {
  const ts_space_parameter *p = t->parameters[parameter].from;
  if (choice < p->known.n) return p->values[choice];
  return (ts_space_range){.type = p->type, .lo = 1, .hi = 0, .absent = true};
}

static ts_term replace_in(ts_terms *t, ts_term term, unsigned parameter, unsigned choice) {
  ts_term_info info = *ts_term_at(t, term);
  ts_term o[TS_TERM_MOST_OPERANDS];
  switch (info.op) {
  case TS_SPACE_PARAMETER: return literal(t, value_of_choice(t, parameter, choice));
  case TS_SPACE_GONE:
    return choice == t->parameters[parameter].from->known.n ? TS_TERM_TRUE : TS_TERM_FALSE;
  default:
    for (unsigned i = 0; i < info.n; i++)
      o[i] = ts_term_replace(t, t->operands.at[info.first + i], parameter, choice);
    return ts_term_make(t, info.op, info.n, o);
  }
}

ts_term ts_term_replace(ts_terms *t, ts_term term, unsigned parameter, unsigned choice) {
  return ts_term_at(t, term)->mask >> parameter & 1 ? replace_in(t, term, parameter, choice) : term;
}

void ts_terms_init(ts_terms *t, ts_arena *arena, const ts_tune_space *space) {
  *t = (ts_terms){.arena = arena, .num_parameters = (unsigned)space->parameters.n};
  for (unsigned i = 0; i < t->num_parameters; i++) {
    const ts_space_parameter *p = &space->parameters.at[i];
    t->parameters[i] = (ts_term_parameter){p, p->known.n + (p->condition != NULL)};
  }
  (void)literal(t, ts_space_truth(false));
  (void)literal(t, ts_space_truth(true));
}
