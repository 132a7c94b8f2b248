/* Affine expressions as sums, and divisions of sums: see simplify.h. */
#include "analysis/index/simplify.h"

#include "support/arith.h"
#include "analysis/index/linear.h"

/* MAX_TERMS: of a sum; what has more is left as it is. */
enum { MAX_TERMS = 16 };

/* Atoms are dims, symbols, and divisions of simplified sums by a number, as expressions. */
typedef struct simplifier {
  ts_linear_reader base;
  ts_module *m;
  ts_ranges *ranges;
  const ts_op *op;
} simplifier;

static const ts_aff *atom_of(const ts_linear_term *t) { return (const ts_aff *)t->atom; }

static bool add(const simplifier *s, ts_linear *a, const ts_linear *b, int64_t times) {
  return ts_linear_add(s->base.arena, a, b, times) && a->n <= MAX_TERMS;
}

static bool add_atom(const simplifier *s, ts_linear *a, const ts_aff *atom, int64_t times) {
  ts_linear one = ts_linear_atom(s->base.arena, (intptr_t)atom);
  return add(s, a, &one, times);
}

/* ---- the order of terms ---- */

/* Loops around the variable; what is computed comes after all of them. */
static int depth_of(const ts_value *v) {
  if (v->kind != TS_VALUE_ARG) return TS_MAX_NESTING + 1;
  int depth = 0;
  for (const ts_op *op = v->block->parent; op; op = op->block->parent)
    depth++;
  return depth;
}

static int rank_of(const simplifier *s, const ts_aff *atom) {
  switch ((ts_aff_kind)atom->kind) {
  case TS_AFF_SYM: return 0;
  case TS_AFF_DIM: return 1 + depth_of(ts_dim(s->op, (unsigned)atom->value));
  default: return TS_MAX_NESTING + 3;
  }
}

static bool comes_before(const simplifier *s, const ts_aff *a, const ts_aff *b) {
  if (a->kind == TS_AFF_SYM && b->kind == TS_AFF_SYM)
    return strcmp(ts_str_text(s->m, (ts_str)a->value), ts_str_text(s->m, (ts_str)b->value)) < 0;
  return rank_of(s, a) < rank_of(s, b);
}

static void sort_terms(const simplifier *s, const ts_linear *x, ts_linear_term *sorted) {
  for (unsigned i = 0; i < x->n; i++) {
    unsigned k = i;
    for (; k > 0 && comes_before(s, atom_of(&x->terms[i]), atom_of(&sorted[k - 1])); k--)
      sorted[k] = sorted[k - 1];
    sorted[k] = x->terms[i];
  }
}

/* The sum as an expression; NULL when that cannot be. */
static const ts_aff *text_of(const simplifier *s, const ts_linear *x) {
  ts_module *m = s->m;
  const ts_aff *a = NULL;
  ts_linear_term sorted[MAX_TERMS];
  sort_terms(s, x, sorted);
  for (unsigned i = 0; i < x->n; i++) {
    const ts_aff *term =
        ts_aff_binary(m, TS_AFF_MUL, atom_of(&sorted[i]), ts_aff_const(m, sorted[i].coef));
    a = a && term ? ts_aff_binary(m, TS_AFF_ADD, a, term) : term;
    if (!a) return NULL;
  }
  const ts_aff *constant = x->constant == INT64_MIN ? NULL : ts_aff_const(m, x->constant);
  return a && constant ? ts_aff_binary(m, TS_AFF_ADD, a, constant) : constant;
}

/* ---- divisions ---- */

/* The quotient of the sum by d, if it is the same number throughout. */
static bool constant_quotient(const simplifier *s, const ts_linear *x, int64_t d, int64_t *out) {
  const ts_aff *a = text_of(s, x);
  if (!a) return false;
  ts_range r = ts_range_of(s->ranges, s->op, a);
  if (r.lo == INT64_MIN || r.hi == INT64_MAX || r.lo > r.hi) return false;
  *out = ts_floor_div(r.lo, d);
  return ts_floor_div(r.hi, d) == *out;
}

/* x is one division (or remainder) alone: of what, by what. */
static bool is_alone(const ts_linear *x, ts_aff_kind kind, const ts_aff **of, int64_t *by) {
  if (x->n != 1 || x->constant || x->terms[0].coef != 1 || atom_of(&x->terms[0])->kind != kind)
    return false;
  *of = atom_of(&x->terms[0])->lhs;
  *by = atom_of(&x->terms[0])->rhs->value;
  return true;
}

/* Adds  times · (x floordiv d)  or  times · (x mod d), where nothing can be taken out of x. */
static bool add_division(const simplifier *s, ts_aff_kind kind, const ts_linear *x, int64_t d,
                         int64_t times, ts_linear *out) {
  const ts_aff *of = NULL;
  int64_t by, product = 0;
  if (kind == TS_AFF_FLOORDIV && is_alone(x, TS_AFF_FLOORDIV, &of, &by) &&
      ts_add_scaled(&product, by, d))
    d = product; /* (a floordiv b) floordiv d */
  else if (kind != TS_AFF_MOD || !is_alone(x, TS_AFF_MOD, &of, &by) || by % d)
    of = text_of(s, x); /* else (a mod b) mod d with d dividing b: a mod d */
  const ts_aff *atom = of ? ts_aff_binary(s->m, kind, of, ts_aff_const(s->m, d)) : NULL;
  if (!atom) return false;
  if (atom->kind == TS_AFF_CONST) return ts_add_scaled(&out->constant, atom->value, times);
  return add_atom(s, out, atom, times);
}

/* The form divided by g, which divides its coefficients, and the constant rounded down. */
static ts_linear exact_quotient(const simplifier *s, const ts_linear *x, int64_t g) {
  ts_linear whole, rest;
  ts_linear_split(s->base.arena, x, g, &whole, &rest);
  return whole;
}

/* x floordiv d, or x mod d. x = d · q + r, where q takes all multiples of d; (d q + r) floordiv d
 * is q + r floordiv d. */
static bool divide(const simplifier *s, ts_aff_kind kind, const ts_linear *x, int64_t d,
                   ts_linear *out) {
  ts_linear q, r;
  int64_t g = d, c;
  ts_linear_split(s->base.arena, x, d, &q, &r);
  *out = kind == TS_AFF_MOD ? (ts_linear){0} : q;
  if (constant_quotient(s, &r, d, &c)) {
    if (kind == TS_AFF_FLOORDIV) return ts_add_scaled(&out->constant, c, 1);
    return add(s, out, &r, 1) && ts_add_scaled(&out->constant, c, -d);
  }
  /* (g a + b) mod (g d) = g · (a mod d) + b for 0 <= b < g; the same for floordiv, where b goes */
  for (unsigned i = 0; i < r.n; i++)
    g = ts_gcd(g, r.terms[i].coef);
  ts_linear a = exact_quotient(s, &r, g);
  if (kind == TS_AFF_MOD)
    return ts_add_scaled(&out->constant, r.constant % g, 1) &&
           add_division(s, kind, &a, d / g, g, out);
  return add_division(s, kind, &a, d / g, 1, out);
}

/* c · (a mod d) + c d · (a floordiv d) = c · a. */
static bool join_divisions(simplifier *s, ts_linear *x) {
  for (unsigned i = 0; i < x->n; i++) {
    const ts_aff *mod = atom_of(&x->terms[i]);
    int64_t c = x->terms[i].coef, product = 0;
    if (mod->kind != TS_AFF_MOD || !ts_add_scaled(&product, c, mod->rhs->value)) continue;
    for (unsigned k = 0; k < x->n; k++) {
      const ts_aff *quotient = atom_of(&x->terms[k]);
      if (quotient->kind != TS_AFF_FLOORDIV || quotient->lhs != mod->lhs ||
          quotient->rhs != mod->rhs || x->terms[k].coef != product)
        continue;
      ts_linear whole = ts_linear_of(&s->base, s->op, mod->lhs);
      return !s->base.failed && add_atom(s, x, quotient, -product) && add_atom(s, x, mod, -c) &&
             add(s, x, &whole, c);
    }
  }
  return true;
}

/* Multiples of d come out; of the rest r,  r ceildiv d = (r + d - 1) floordiv d  when that is a
 * number, else it is written as it was. */
static bool divide_up(const simplifier *s, const ts_linear *x, int64_t d, ts_linear *out) {
  ts_linear rest;
  int64_t c;
  ts_linear_split(s->base.arena, x, d, out, &rest);
  out->constant = 0;
  rest.constant = x->constant;
  ts_linear up = rest;
  if (!ts_add_scaled(&up.constant, d - 1, 1)) return false;
  if (constant_quotient(s, &up, d, &c)) return ts_add_scaled(&out->constant, c, 1);
  const ts_aff *a = text_of(s, &rest);
  const ts_aff *atom = a ? ts_aff_binary(s->m, TS_AFF_CEILDIV, a, ts_aff_const(s->m, d)) : NULL;
  return atom && add_atom(s, out, atom, 1);
}

/* ---- expressions as sums ---- */

static ts_linear leaf(ts_linear_reader *r, const ts_op *op, const ts_aff *a) {
  (void)op;
  return ts_linear_atom(r->arena, (intptr_t)a);
}

static ts_linear sum(ts_linear_reader *r, const ts_linear *a, const ts_linear *b, int64_t times) {
  simplifier *s = (simplifier *)r;
  ts_linear sum = *a;
  bool is_product = a->n == 0 && a->constant == 0; /* joined already */
  if (!add(s, &sum, b, times) || (!is_product && !join_divisions(s, &sum))) r->failed = true;
  return sum;
}

static ts_linear division(ts_linear_reader *r, ts_aff_kind kind, const ts_linear *x, int64_t d) {
  const simplifier *s = (simplifier *)r;
  ts_linear out = {0};
  bool fits = kind == TS_AFF_CEILDIV ? divide_up(s, x, d, &out) : divide(s, kind, x, d, &out);
  if (!fits) r->failed = true;
  return out;
}

static bool has_sides(const ts_aff *a) { return a->kind > TS_AFF_SYM; }

static bool is_far(const ts_aff *a) {
  static const int64_t far = (int64_t)1 << 32;
  if (a->kind == TS_AFF_CONST) return a->value >= far || a->value <= -far;
  return has_sides(a) && (is_far(a->lhs) || is_far(a->rhs));
}

/* May the expression, or a part of it, be past int64 on the way to its value? */
static bool may_overflow(const simplifier *s, const ts_aff *a) {
  ts_range r = ts_range_of(s->ranges, s->op, a);
  return r.lo == INT64_MIN || r.hi == INT64_MAX ||
         (has_sides(a) && (may_overflow(s, a->lhs) || may_overflow(s, a->rhs)));
}

const ts_aff *ts_aff_simplify(ts_module *m, ts_ranges *ranges, const ts_op *op, const ts_aff *a) {
  uint64_t room[256];
  ts_arena arena;
  ts_arena_over(&arena, m->arena.memory, room, sizeof room);
  simplifier s = {.base = {.arena = &arena, .leaf = leaf, .sum = sum, .division = division},
                  .m = m,
                  .ranges = ranges,
                  .op = op};
  ts_linear x = ts_linear_of(&s.base, op, a);
  const ts_aff *simple = s.base.failed ? NULL : text_of(&s, &x);
  ts_arena_drop(&arena);
  /* (x - 1) floordiv d + 2 is (x + d - 1) floordiv d + 1, but not where x + d is past 2^63. */
  if (simple && is_far(simple) && may_overflow(&s, simple)) return a;
  return simple ? simple : a;
}
