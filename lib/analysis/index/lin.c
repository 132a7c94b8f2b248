/* Linear forms: sums, divisions, and bounds by replacing variables; see lin.h. */
#include "analysis/index/lin.h"

enum { MAX_APPLIES = 16, OF_STEPS = 1024, BOUND_STEPS = 2048 };

/* ---- making ---- */

static ts_lin *fresh(ts_lins *L, int64_t constant, unsigned n, const ts_lin_term *terms) {
  ts_lin *l = ts_new(L->arena, ts_lin);
  ts_lin_term *own = ts_new_array(L->arena, ts_lin_term, n ? n : 1);
  if (n) memcpy(own, terms, n * sizeof *terms);
  *l = (ts_lin){constant, n, own};
  return l;
}

const ts_lin *ts_lin_const(ts_lins *L, int64_t c) { return fresh(L, c, 0, NULL); }

const ts_lin *ts_lin_value(ts_lins *L, ts_value *v) {
  return fresh(L, 0, 1, &(ts_lin_term){.kind = TS_LIN_VALUE, .coef = 1, .value = v});
}

static const ts_lin *symbol(ts_lins *L, ts_str s) {
  return fresh(L, 0, 1, &(ts_lin_term){.kind = TS_LIN_SYM, .coef = 1, .sym = s});
}

const ts_lin *ts_lin_extent(ts_lins *L, ts_extent e) {
  return ts_is_symbolic(e) ? symbol(L, ts_extent_name(e)) : ts_lin_const(L, e);
}

static bool same_atom(const ts_lin_term *a, const ts_lin_term *b) {
  if (a->kind != b->kind) return false;
  if (a->kind == TS_LIN_VALUE) return a->value == b->value;
  if (a->kind == TS_LIN_SYM) return a->sym == b->sym;
  return a->divisor == b->divisor && ts_lin_same(a->inner, b->inner);
}

static const ts_lin_term *find_atom(const ts_lin *l, const ts_lin_term *t) {
  for (unsigned i = 0; i < l->n; i++)
    if (same_atom(&l->terms[i], t)) return &l->terms[i];
  return NULL;
}

bool ts_lin_same(const ts_lin *a, const ts_lin *b) {
  if (a == b) return true;
  if (a->constant != b->constant || a->n != b->n) return false;
  for (unsigned i = 0; i < a->n; i++) {
    const ts_lin_term *t = find_atom(b, &a->terms[i]);
    if (!t || t->coef != a->terms[i].coef) return false;
  }
  return true;
}

bool ts_lin_mentions(const ts_lin *l, const ts_value *v) {
  for (unsigned i = 0; i < l->n; i++) {
    const ts_lin_term *t = &l->terms[i];
    if (t->kind == TS_LIN_VALUE ? t->value == v : t->inner && ts_lin_mentions(t->inner, v))
      return true;
  }
  return false;
}

bool ts_lin_is_const(const ts_lin *l, int64_t *out) {
  if (!l || l->n) return false;
  *out = l->constant;
  return true;
}

static bool add_scaled(int64_t *a, int64_t b, int64_t times) {
  int64_t product;
  return !__builtin_mul_overflow(b, times, &product) && !__builtin_add_overflow(*a, product, a);
}

/* Adds times * t to the n terms; false when that cannot be. */
static bool add_term(ts_lin_term *terms, unsigned *n, const ts_lin_term *t, int64_t times) {
  for (unsigned i = 0; i < *n; i++) {
    if (!same_atom(&terms[i], t)) continue;
    if (!add_scaled(&terms[i].coef, t->coef, times)) return false;
    if (terms[i].coef) return true;
    memmove(terms + i, terms + i + 1, (--*n - i) * sizeof *terms);
    return true;
  }
  if (*n == TS_LIN_MAX_TERMS) return false;
  terms[*n] = *t;
  terms[*n].coef = 0;
  return add_scaled(&terms[(*n)++].coef, t->coef, times);
}

const ts_lin *ts_lin_add(ts_lins *L, const ts_lin *a, const ts_lin *b, int64_t times) {
  if (!a || !b) return NULL;
  if (times == 0) return a;
  ts_lin_term terms[TS_LIN_MAX_TERMS];
  unsigned n = a->n;
  int64_t constant = a->constant;
  memcpy(terms, a->terms, n * sizeof *terms);
  if (!add_scaled(&constant, b->constant, times)) return NULL;
  for (unsigned i = 0; i < b->n; i++)
    if (!add_term(terms, &n, &b->terms[i], times)) return NULL;
  return fresh(L, constant, n, terms);
}

/* ---- divisions ---- */

static int64_t floor_of(int64_t a, int64_t d) { return a / d - (a % d < 0); }

/* a = d * q + r, where r holds what d does not divide and a constant in [0, d). */
static void split(ts_lins *L, const ts_lin *a, int64_t d, const ts_lin **q, const ts_lin **r) {
  ts_lin_term whole[TS_LIN_MAX_TERMS], rest[TS_LIN_MAX_TERMS];
  unsigned n = 0, m = 0;
  for (unsigned i = 0; i < a->n; i++) {
    if (a->terms[i].coef % d) {
      rest[m++] = a->terms[i];
      continue;
    }
    whole[n] = a->terms[i];
    whole[n++].coef /= d;
  }
  int64_t f = floor_of(a->constant, d);
  *q = fresh(L, f, n, whole);
  *r = fresh(L, a->constant - f * d, m, rest);
}

/* The quotient or remainder of a form that lies in one period of the divisor; NULL: it does not. */
static const ts_lin *in_one_period(ts_lins *L, ts_lin_kind kind, const ts_lin *r, int64_t d) {
  int64_t lo, hi;
  if (!ts_lin_least(L, r, &lo) || !ts_lin_most(L, r, &hi)) return NULL;
  if (kind == TS_LIN_CEILDIV) {
    if (lo > 0 && hi <= d) return ts_lin_const(L, 1);
    return lo > -d && hi <= 0 ? ts_lin_const(L, 0) : NULL;
  }
  if (lo < 0 || hi >= d) return NULL;
  return kind == TS_LIN_MOD ? r : ts_lin_const(L, 0);
}

const ts_lin *ts_lin_div(ts_lins *L, ts_lin_kind kind, const ts_lin *a, int64_t d) {
  if (!a) return NULL;
  if (d == 1) return kind == TS_LIN_MOD ? ts_lin_const(L, 0) : a;
  const ts_lin *q, *r;
  split(L, a, d, &q, &r);
  const ts_lin *known = in_one_period(L, kind, r, d);
  if (!known) {
    ts_lin_term t = {.kind = kind, .coef = 1, .inner = r, .divisor = d};
    known = fresh(L, 0, 1, &t);
  }
  return kind == TS_LIN_MOD ? known : ts_lin_add(L, q, known, 1);
}

/* ---- from expressions ---- */

static const ts_lin *of(ts_lins *, const ts_op *, const ts_aff *, unsigned applies);

static const ts_lin *of_value(ts_lins *L, ts_value *v, unsigned applies) {
  if (ts_is_literal(v)) return ts_lin_const(L, (int64_t)v->bits);
  const ts_op *def = v->kind == TS_VALUE_RESULT ? v->def : NULL;
  if (def && def->opcode == TS_OP_APPLY && applies < MAX_APPLIES)
    return of(L, def, def->map->exprs[0], applies + 1);
  if (def && def->opcode == TS_OP_CONST) {
    const ts_attr *value = ts_attr_find(def, TS_ATTR_VALUE);
    if (value && value->data->form == TS_DATA_SPLAT)
      return ts_lin_const(L, (int64_t)ts_number_load(v->type->dtype, value->data->bytes));
  }
  return ts_lin_value(L, v);
}

static const ts_lin *of(ts_lins *L, const ts_op *op, const ts_aff *a, unsigned applies) {
  if (--L->steps < 0) return NULL;
  switch ((ts_aff_kind)a->kind) {
  case TS_AFF_CONST: return ts_lin_const(L, a->value);
  case TS_AFF_DIM: return of_value(L, ts_dim(op, (unsigned)a->value), applies);
  case TS_AFF_SYM: return symbol(L, (ts_str)a->value);
  default: break;
  }
  const ts_lin *lhs = of(L, op, a->lhs, applies);
  if (a->kind == TS_AFF_ADD) return lhs ? ts_lin_add(L, lhs, of(L, op, a->rhs, applies), 1) : NULL;
  int64_t c = a->rhs->value;
  if (a->kind == TS_AFF_MUL) return ts_lin_add(L, ts_lin_const(L, 0), lhs, c);
  ts_lin_kind kind = a->kind == TS_AFF_MOD       ? TS_LIN_MOD
                     : a->kind == TS_AFF_CEILDIV ? TS_LIN_CEILDIV
                                                 : TS_LIN_FLOORDIV;
  return ts_lin_div(L, kind, lhs, c);
}

const ts_lin *ts_lin_of(ts_lins *L, const ts_op *op, const ts_aff *a) {
  L->steps = OF_STEPS;
  L->depth++; /* the budget is this question's, also where a division asks for bounds */
  const ts_lin *l = of(L, op, a, 0);
  L->depth--;
  return l;
}

/* ---- bounds ---- */

bool ts_lin_varies(const ts_block *scope, const ts_value *v) {
  if (v->kind == TS_VALUE_RESULT) return ts_is_ancestor(scope, v->def);
  return v->kind == TS_VALUE_ARG && v->block != scope && v->block->parent &&
         ts_is_ancestor(scope, v->block->parent);
}

typedef struct search {
  ts_lins *L;
  const ts_block *scope; /* NULL: every value goes */
  ts_lin_list found;
} search;

static bool goes(const search *s, const ts_lin_term *t) {
  if (t->kind == TS_LIN_SYM) return false;
  if (t->kind == TS_LIN_VALUE) return !s->scope || ts_lin_varies(s->scope, t->value);
  for (unsigned i = 0; i < t->inner->n; i++)
    if (goes(s, &t->inner->terms[i])) return true;
  return false;
}

static unsigned block_depth(const ts_block *b) {
  unsigned depth = 0;
  for (; b->parent; b = b->parent->block)
    depth++;
  return depth;
}

/* How far inside the last of its variables is bound; a division comes before what is divided. */
static unsigned depth_of(const ts_lin_term *t) {
  if (t->kind == TS_LIN_SYM) return 0;
  if (t->kind == TS_LIN_VALUE)
    return 2 * block_depth(t->value->kind == TS_VALUE_ARG ? t->value->block : t->value->def->block);
  unsigned most = 0;
  for (unsigned i = 0; i < t->inner->n; i++)
    most = ts_max(most, depth_of(&t->inner->terms[i]));
  return most + 1;
}

static unsigned innermost(const search *s, const ts_lin *l) {
  unsigned best = l->n, depth = 0;
  for (unsigned i = 0; i < l->n; i++) {
    if (!goes(s, &l->terms[i])) continue;
    unsigned d = depth_of(&l->terms[i]);
    if (best == l->n || d > depth) best = i, depth = d;
  }
  return best;
}

static void keep(search *s, const ts_lin *l) {
  for (unsigned i = 0; i < s->found.n; i++)
    if (ts_lin_same(s->found.at[i], l)) return;
  if (s->found.n < TS_LIN_MAX_BOUNDS) s->found.at[s->found.n++] = l;
}

static void eliminate(search *, const ts_lin *, bool upper);

/* The form without its i-th term, plus times * by. */
static void eliminate_with(search *s, const ts_lin *l, unsigned i, const ts_lin *by, int64_t times,
                           bool upper) {
  ts_lin_term rest[TS_LIN_MAX_TERMS];
  memcpy(rest, l->terms, l->n * sizeof *rest);
  memmove(rest + i, rest + i + 1, (l->n - i - 1) * sizeof *rest);
  const ts_lin *next = ts_lin_add(s->L, fresh(s->L, l->constant, l->n - 1, rest), by, times);
  if (next) eliminate(s, next, upper);
}

/* The last value that a loop reaches below its k-th end: exact where its length is a constant. */
static const ts_lin *last_value(ts_lins *L, const ts_op *op, const ts_for *loop, unsigned k) {
  const ts_lin *hi = of(L, op, loop->hi[k], 0);
  const ts_lin *lo = loop->num_lo == 1 ? of(L, op, loop->lo[0], 0) : NULL;
  int64_t span;
  if (loop->step > 1 && ts_lin_is_const(ts_lin_add(L, hi, lo, -1), &span) && span > 0)
    return ts_lin_add(L, lo, ts_lin_const(L, (span - 1) / loop->step * loop->step), 1);
  return ts_lin_add(L, hi, ts_lin_const(L, 1), -1);
}

static void eliminate_value(search *s, const ts_lin *l, unsigned i, bool upper, bool to_upper) {
  const ts_value *v = l->terms[i].value;
  int64_t coef = l->terms[i].coef;
  const ts_op *op = v->kind == TS_VALUE_ARG ? v->block->parent : NULL;
  if (op && op->opcode == TS_OP_FOR) {
    ts_for loop = ts_for_parts(op);
    for (unsigned k = 0; k < (to_upper ? loop.num_hi : loop.num_lo); k++)
      eliminate_with(s, l, i,
                     to_upper ? last_value(s->L, op, &loop, k) : of(s->L, op, loop.lo[k], 0), coef,
                     upper);
  } else if (op && op->opcode == TS_OP_LAUNCH) {
    const ts_lin *end = of(s->L, op, ts_launch_parts(op).extents[v->index], 0);
    eliminate_with(s, l, i,
                   to_upper ? ts_lin_add(s->L, end, ts_lin_const(s->L, 1), -1)
                            : ts_lin_const(s->L, 0),
                   coef, upper);
  }
}

/* floordiv: inner - (d - 1) <= d * q <= inner;  ceildiv: inner <= d * q <= inner + d - 1. */
static void relax_division(search *s, const ts_lin *l, unsigned i, bool upper, bool to_upper) {
  const ts_lin_term *t = &l->terms[i];
  int64_t slack = 0;
  if (t->kind == TS_LIN_FLOORDIV && !to_upper) slack = 1 - t->divisor;
  if (t->kind == TS_LIN_CEILDIV && to_upper) slack = t->divisor - 1;
  const ts_lin *inner = ts_lin_add(s->L, t->inner, ts_lin_const(s->L, slack), 1);
  eliminate_with(s, l, i, inner, t->coef / t->divisor, upper);
}

static void eliminate_division(search *s, const ts_lin *l, unsigned i, bool upper, bool to_upper) {
  const ts_lin_term *t = &l->terms[i];
  if (t->kind == TS_LIN_MOD) {
    eliminate_with(s, l, i, ts_lin_const(s->L, to_upper ? t->divisor - 1 : 0), t->coef, upper);
    return;
  }
  if (t->coef % t->divisor == 0) relax_division(s, l, i, upper, to_upper);
  search inner = {.L = s->L, .scope = s->scope};
  eliminate(&inner, t->inner, to_upper);
  for (unsigned k = 0; k < inner.found.n; k++)
    eliminate_with(s, l, i, ts_lin_div(s->L, t->kind, inner.found.at[k], t->divisor), t->coef,
                   upper);
}

static void eliminate(search *s, const ts_lin *l, bool upper) {
  if (--s->L->steps < 0) return;
  unsigned i = innermost(s, l);
  if (i == l->n) {
    keep(s, l);
    return;
  }
  bool to_upper = (l->terms[i].coef > 0) == upper;
  if (l->terms[i].kind == TS_LIN_VALUE)
    eliminate_value(s, l, i, upper, to_upper);
  else
    eliminate_division(s, l, i, upper, to_upper);
}

ts_lin_list ts_lin_bounds(ts_lins *L, const ts_lin *a, bool upper, const ts_block *scope) {
  search s = {.L = L, .scope = scope};
  if (!a) return s.found;
  if (L->depth++ == 0) L->steps = BOUND_STEPS;
  eliminate(&s, a, upper);
  L->depth--;
  return s.found;
}

/* The greatest value of a form over symbols, which are 1 or more. */
static bool most_of_symbols(const ts_lin *l, int64_t *out) {
  *out = l->constant;
  for (unsigned i = 0; i < l->n; i++) {
    const ts_lin_term *t = &l->terms[i];
    if (t->kind != TS_LIN_SYM || t->coef > 0 || __builtin_add_overflow(*out, t->coef, out))
      return false;
  }
  return true;
}

bool ts_lin_most(ts_lins *L, const ts_lin *a, int64_t *out) {
  ts_lin_list bounds = ts_lin_bounds(L, a, true, NULL);
  bool found = false;
  for (unsigned i = 0; i < bounds.n; i++) {
    int64_t most;
    if (!most_of_symbols(bounds.at[i], &most) || (found && most >= *out)) continue;
    *out = most;
    found = true;
  }
  return found;
}

bool ts_lin_least(ts_lins *L, const ts_lin *a, int64_t *out) {
  int64_t most;
  if (!a || !ts_lin_most(L, ts_lin_add(L, ts_lin_const(L, 0), a, -1), &most)) return false;
  return !__builtin_sub_overflow((int64_t)0, most, out);
}

bool ts_lin_le(ts_lins *L, const ts_lin *a, const ts_lin *b) {
  int64_t most;
  return a && b && ts_lin_most(L, ts_lin_add(L, a, b, -1), &most) && most <= 0;
}
