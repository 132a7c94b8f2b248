/* Linear forms over index values: divisions, and bounds by replacing variables; see form.h. */
#include "analysis/index/form.h"

#include "support/arith.h"

enum { MAX_APPLIES = 16, OF_STEPS = 1024, BOUND_STEPS = 2048 };

/* ---- atoms ---- */

ts_forms ts_forms_in(ts_arena *arena) {
  ts_forms F = {.arena = arena};
  ts_ptrmap_init(&F.leaves, arena);
  ts_ptrmap_init(&F.divisions, arena);
  return F;
}

static const ts_form_atom *leaf_atom(ts_forms *F, const void *key, ts_form_atom make) {
  ts_form_atom *a = ts_ptrmap_get(&F->leaves, key);
  if (a) return a;
  a = ts_new(F->arena, ts_form_atom);
  *a = make;
  ts_ptrmap_put(&F->leaves, key, a);
  return a;
}

/* The same for forms whose terms come in another order. */
static const void *division_key(ts_form_kind kind, const ts_linear *inner, int64_t divisor) {
  int64_t words[] = {kind, divisor, inner->constant};
  uint64_t key = ts_hash(words, sizeof words, 0);
  for (unsigned i = 0; i < inner->n; i++)
    key += ts_hash(&inner->terms[i], sizeof *inner->terms, 0);
  return (const void *)(uintptr_t)(key | 1);
}

static const ts_form_atom *division_atom(ts_forms *F, ts_form_kind kind, const ts_linear *inner,
                                         int64_t divisor) {
  const void *key = division_key(kind, inner, divisor);
  ts_form_atom *first = ts_ptrmap_get(&F->divisions, key);
  for (ts_form_atom *a = first; a; a = a->next)
    if (a->kind == kind && a->divisor == divisor && ts_linear_same(a->inner, inner)) return a;
  ts_form_atom *a = ts_new(F->arena, ts_form_atom);
  *a = (ts_form_atom){.kind = kind, .inner = inner, .divisor = divisor, .next = first};
  ts_ptrmap_put(&F->divisions, key, a);
  return a;
}

/* ---- making ---- */

static const ts_linear *kept(ts_forms *F, ts_linear form) {
  ts_linear *own = ts_new(F->arena, ts_linear);
  *own = form;
  return own;
}

static const ts_linear *of_atom(ts_forms *F, const ts_form_atom *a) {
  return kept(F, ts_linear_atom(F->arena, (intptr_t)a));
}

const ts_linear *ts_form_const(ts_forms *F, int64_t c) {
  return kept(F, (ts_linear){.constant = c});
}

const ts_linear *ts_form_value(ts_forms *F, ts_value *v) {
  return of_atom(F, leaf_atom(F, v, (ts_form_atom){.kind = TS_FORM_VALUE, .value = v}));
}

static const ts_linear *symbol(ts_forms *F, ts_str s) {
  const void *key = (const void *)((uintptr_t)s * 2 + 1);
  return of_atom(F, leaf_atom(F, key, (ts_form_atom){.kind = TS_FORM_SYM, .sym = s}));
}

const ts_linear *ts_form_extent(ts_forms *F, ts_extent e) {
  return ts_is_symbolic(e) ? symbol(F, ts_extent_name(e)) : ts_form_const(F, e);
}

int64_t ts_form_coef(ts_forms *F, const ts_linear *l, const ts_value *v) {
  return ts_linear_coef(l, (intptr_t)ts_ptrmap_get(&F->leaves, v));
}

bool ts_form_mentions(const ts_linear *l, const ts_value *v) {
  for (unsigned i = 0; i < l->n; i++) {
    const ts_form_atom *a = ts_form_atom_of(&l->terms[i]);
    if (a->kind == TS_FORM_VALUE ? a->value == v : a->inner && ts_form_mentions(a->inner, v))
      return true;
  }
  return false;
}

bool ts_form_is_const(const ts_linear *l, int64_t *out) {
  if (!l || l->n) return false;
  *out = l->constant;
  return true;
}

const ts_linear *ts_form_add(ts_forms *F, const ts_linear *a, const ts_linear *b, int64_t times) {
  if (!a || !b) return NULL;
  if (times == 0) return a;
  ts_linear sum = *a;
  bool fits = ts_linear_add(F->arena, &sum, b, times) && sum.n <= TS_FORM_MAX_TERMS;
  return fits ? kept(F, sum) : NULL;
}

/* ---- divisions ---- */

/* The quotient or remainder of a form that lies in one period of the divisor; NULL: it does not. */
static const ts_linear *in_one_period(ts_forms *F, ts_form_kind kind, const ts_linear *r,
                                      int64_t d) {
  int64_t lo, hi;
  if (!ts_form_least(F, r, &lo) || !ts_form_most(F, r, &hi)) return NULL;
  if (kind == TS_FORM_CEILDIV) {
    if (lo > 0 && hi <= d) return ts_form_const(F, 1);
    return lo > -d && hi <= 0 ? ts_form_const(F, 0) : NULL;
  }
  if (lo < 0 || hi >= d) return NULL;
  return kind == TS_FORM_MOD ? r : ts_form_const(F, 0);
}

const ts_linear *ts_form_div(ts_forms *F, ts_form_kind kind, const ts_linear *a, int64_t d) {
  if (!a) return NULL;
  if (d == 1) return kind == TS_FORM_MOD ? ts_form_const(F, 0) : a;
  ts_linear whole, rest;
  ts_linear_split(F->arena, a, d, &whole, &rest);
  const ts_linear *r = kept(F, rest), *known = in_one_period(F, kind, r, d);
  if (!known) known = of_atom(F, division_atom(F, kind, r, d));
  return kind == TS_FORM_MOD ? known : ts_form_add(F, &whole, known, 1);
}

/* ---- from expressions ---- */

typedef struct reader {
  ts_linear_reader base;
  ts_forms *F;
} reader;

static ts_linear result(ts_linear_reader *r, const ts_linear *form) {
  if (form) return *form;
  r->failed = true;
  return (ts_linear){0};
}

static ts_linear leaf(ts_linear_reader *r, const ts_op *op, const ts_aff *a) {
  ts_forms *F = ((reader *)r)->F;
  ts_linear known;
  if (a->kind == TS_AFF_SYM) return *symbol(F, (ts_str)a->value);
  ts_value *v = ts_dim(op, (unsigned)a->value);
  return ts_linear_of_definition(r, v, &known) ? known : *ts_form_value(F, v);
}

static ts_linear sum(ts_linear_reader *r, const ts_linear *a, const ts_linear *b, int64_t times) {
  return result(r, ts_form_add(((reader *)r)->F, a, b, times));
}

static ts_linear division(ts_linear_reader *r, ts_aff_kind kind, const ts_linear *a, int64_t d) {
  static const ts_form_kind kinds[] = {[TS_AFF_FLOORDIV] = TS_FORM_FLOORDIV,
                                       [TS_AFF_CEILDIV] = TS_FORM_CEILDIV,
                                       [TS_AFF_MOD] = TS_FORM_MOD};
  ts_forms *F = ((reader *)r)->F;
  return result(r, ts_form_div(F, kinds[kind], kept(F, *a), d));
}

static const ts_linear *of(ts_forms *F, const ts_op *op, const ts_aff *a) {
  reader r = {.base = {.arena = F->arena,
                       .applies = MAX_APPLIES,
                       .steps = &F->steps,
                       .leaf = leaf,
                       .sum = sum,
                       .division = division},
              .F = F};
  ts_linear form = ts_linear_of(&r.base, op, a);
  return r.base.failed ? NULL : kept(F, form);
}

const ts_linear *ts_form_of(ts_forms *F, const ts_op *op, const ts_aff *a) {
  F->steps = OF_STEPS;
  F->depth++; /* the budget is this question's, also where a division asks for bounds */
  const ts_linear *l = of(F, op, a);
  F->depth--;
  return l;
}

/* ---- bounds ---- */

bool ts_form_varies(const ts_block *scope, const ts_value *v) {
  if (v->kind == TS_VALUE_RESULT) return ts_is_ancestor(scope, v->def);
  return v->kind == TS_VALUE_ARG && v->block != scope && v->block->parent &&
         ts_is_ancestor(scope, v->block->parent);
}

typedef struct search {
  ts_forms *F;
  const ts_block *scope; /* NULL: every value goes */
  ts_form_list found;
} search;

static bool goes(const search *s, const ts_form_atom *t) {
  if (t->kind == TS_FORM_SYM) return false;
  if (t->kind == TS_FORM_VALUE) return !s->scope || ts_form_varies(s->scope, t->value);
  for (unsigned i = 0; i < t->inner->n; i++)
    if (goes(s, ts_form_atom_of(&t->inner->terms[i]))) return true;
  return false;
}

static unsigned block_depth(const ts_block *b) {
  unsigned depth = 0;
  for (; b->parent; b = b->parent->block)
    depth++;
  return depth;
}

/* How far inside the last of its variables is bound; a division comes before what is divided. */
static unsigned depth_of(const ts_form_atom *t) {
  if (t->kind == TS_FORM_SYM) return 0;
  if (t->kind == TS_FORM_VALUE)
    return 2 * block_depth(t->value->kind == TS_VALUE_ARG ? t->value->block : t->value->def->block);
  unsigned most = 0;
  for (unsigned i = 0; i < t->inner->n; i++)
    most = ts_max(most, depth_of(ts_form_atom_of(&t->inner->terms[i])));
  return most + 1;
}

static unsigned innermost(const search *s, const ts_linear *l) {
  unsigned best = l->n, depth = 0;
  for (unsigned i = 0; i < l->n; i++) {
    if (!goes(s, ts_form_atom_of(&l->terms[i]))) continue;
    unsigned d = depth_of(ts_form_atom_of(&l->terms[i]));
    if (best == l->n || d > depth) best = i, depth = d;
  }
  return best;
}

static void keep(search *s, const ts_linear *l) {
  for (unsigned i = 0; i < s->found.n; i++)
    if (ts_linear_same(s->found.at[i], l)) return;
  if (s->found.n < TS_FORM_MAX_BOUNDS) s->found.at[s->found.n++] = l;
}

static void eliminate(search *, const ts_linear *, bool upper);

/* The form without its i-th term, plus times * by. */
static void eliminate_with(search *s, const ts_linear *l, unsigned i, const ts_linear *by,
                           int64_t times, bool upper) {
  ts_linear rest = ts_linear_without(s->F->arena, l, i);
  const ts_linear *next = ts_form_add(s->F, &rest, by, times);
  if (next) eliminate(s, next, upper);
}

/* The last value that a loop reaches below its k-th end: exact where its length is a constant. */
static const ts_linear *last_value(ts_forms *F, const ts_op *op, const ts_for *loop, unsigned k) {
  const ts_linear *hi = of(F, op, loop->hi[k]);
  const ts_linear *lo = loop->num_lo == 1 ? of(F, op, loop->lo[0]) : NULL;
  int64_t span;
  if (loop->step > 1 && ts_form_is_const(ts_form_add(F, hi, lo, -1), &span) && span > 0)
    return ts_form_add(F, lo, ts_form_const(F, (span - 1) / loop->step * loop->step), 1);
  return ts_form_add(F, hi, ts_form_const(F, 1), -1);
}

static void eliminate_value(search *s, const ts_linear *l, unsigned i, bool upper, bool to_upper) {
  const ts_value *v = ts_form_atom_of(&l->terms[i])->value;
  int64_t coef = l->terms[i].coef;
  const ts_op *op = v->kind == TS_VALUE_ARG ? v->block->parent : NULL;
  if (op && op->opcode == TS_OP_FOR) {
    ts_for loop = ts_for_parts(op);
    for (unsigned k = 0; k < (to_upper ? loop.num_hi : loop.num_lo); k++)
      eliminate_with(s, l, i, to_upper ? last_value(s->F, op, &loop, k) : of(s->F, op, loop.lo[k]),
                     coef, upper);
  } else if (op && op->opcode == TS_OP_LAUNCH) {
    const ts_linear *end = of(s->F, op, ts_launch_parts(op).extents[v->index]);
    eliminate_with(s, l, i,
                   to_upper ? ts_form_add(s->F, end, ts_form_const(s->F, 1), -1)
                            : ts_form_const(s->F, 0),
                   coef, upper);
  }
}

/* floordiv: inner - (d - 1) <= d * q <= inner;  ceildiv: inner <= d * q <= inner + d - 1. */
static void relax_division(search *s, const ts_linear *l, unsigned i, bool upper, bool to_upper) {
  const ts_form_atom *a = ts_form_atom_of(&l->terms[i]);
  int64_t slack = 0;
  if (a->kind == TS_FORM_FLOORDIV && !to_upper) slack = 1 - a->divisor;
  if (a->kind == TS_FORM_CEILDIV && to_upper) slack = a->divisor - 1;
  const ts_linear *inner = ts_form_add(s->F, a->inner, ts_form_const(s->F, slack), 1);
  eliminate_with(s, l, i, inner, l->terms[i].coef / a->divisor, upper);
}

static void eliminate_division(search *s, const ts_linear *l, unsigned i, bool upper,
                               bool to_upper) {
  const ts_form_atom *a = ts_form_atom_of(&l->terms[i]);
  int64_t coef = l->terms[i].coef, d = a->divisor;
  if (a->kind == TS_FORM_MOD) {
    eliminate_with(s, l, i, ts_form_const(s->F, to_upper ? d - 1 : 0), coef, upper);
    return;
  }
  if (coef % d == 0) relax_division(s, l, i, upper, to_upper);
  search inner = {.F = s->F, .scope = s->scope};
  eliminate(&inner, a->inner, to_upper);
  for (unsigned k = 0; k < inner.found.n; k++)
    eliminate_with(s, l, i, ts_form_div(s->F, a->kind, inner.found.at[k], d), coef, upper);
}

static void eliminate(search *s, const ts_linear *l, bool upper) {
  if (--s->F->steps < 0) return;
  unsigned i = innermost(s, l);
  if (i == l->n) {
    keep(s, l);
    return;
  }
  bool to_upper = (l->terms[i].coef > 0) == upper;
  if (ts_form_atom_of(&l->terms[i])->kind == TS_FORM_VALUE)
    eliminate_value(s, l, i, upper, to_upper);
  else
    eliminate_division(s, l, i, upper, to_upper);
}

ts_form_list ts_form_bounds(ts_forms *F, const ts_linear *a, bool upper, const ts_block *scope) {
  search s = {.F = F, .scope = scope};
  if (!a) return s.found;
  if (F->depth++ == 0) F->steps = BOUND_STEPS;
  eliminate(&s, a, upper);
  F->depth--;
  return s.found;
}

/* The greatest value of a form over symbols, which are 1 or more. */
static bool most_of_symbols(const ts_linear *l, int64_t *out) {
  *out = l->constant;
  for (unsigned i = 0; i < l->n; i++) {
    const ts_linear_term *t = &l->terms[i];
    if (ts_form_atom_of(t)->kind != TS_FORM_SYM || t->coef > 0 || !ts_add_scaled(out, t->coef, 1))
      return false;
  }
  return true;
}

bool ts_form_most(ts_forms *F, const ts_linear *a, int64_t *out) {
  ts_form_list bounds = ts_form_bounds(F, a, true, NULL);
  bool found = false;
  for (unsigned i = 0; i < bounds.n; i++) {
    int64_t most;
    if (!most_of_symbols(bounds.at[i], &most) || (found && most >= *out)) continue;
    *out = most;
    found = true;
  }
  return found;
}

bool ts_form_least(ts_forms *F, const ts_linear *a, int64_t *out) {
  int64_t most;
  if (!a || !ts_form_most(F, ts_form_add(F, ts_form_const(F, 0), a, -1), &most)) return false;
  return !__builtin_sub_overflow((int64_t)0, most, out);
}

bool ts_form_le(ts_forms *F, const ts_linear *a, const ts_linear *b) {
  int64_t most;
  return a && b && ts_form_most(F, ts_form_add(F, a, b, -1), &most) && most <= 0;
}
