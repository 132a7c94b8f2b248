/* Affine expressions as sums, and divisions of sums: see simplify.h. */
#include "analysis/index/simplify.h"

#include "support/arith.h"

enum { MAX_TERMS = 16 };

/* constant + sum of coef · atom. An atom is a dim, a symbol, or a division of a simplified sum by a
 * number. */
typedef struct sum {
  int64_t constant;
  unsigned n;
  struct {
    const ts_aff *atom;
    int64_t coef;
  } terms[MAX_TERMS];
} sum;

typedef struct simplifier {
  ts_module *m;
  ts_ranges *ranges;
  const ts_op *op;
} simplifier;

/* ---- sums ---- */

static bool add_scaled(int64_t *a, int64_t b, int64_t times) {
  int64_t product;
  return !__builtin_mul_overflow(b, times, &product) && !__builtin_add_overflow(*a, product, a);
}

static bool add_term(sum *s, const ts_aff *atom, int64_t coef) {
  unsigned i = 0;
  while (i < s->n && s->terms[i].atom != atom)
    i++;
  if (i == MAX_TERMS) return false;
  if (i == s->n) {
    s->terms[s->n].atom = atom;
    s->terms[s->n++].coef = 0;
  }
  if (!add_scaled(&s->terms[i].coef, coef, 1)) return false;
  if (s->terms[i].coef == 0) {
    s->n--;
    memmove(&s->terms[i], &s->terms[i + 1], (s->n - i) * sizeof *s->terms);
  }
  return true;
}

static bool add_sum(sum *a, const sum *b, int64_t times) {
  if (!add_scaled(&a->constant, b->constant, times)) return false;
  for (unsigned i = 0; i < b->n; i++) {
    int64_t coef = 0;
    if (!add_scaled(&coef, b->terms[i].coef, times) || !add_term(a, b->terms[i].atom, coef))
      return false;
  }
  return true;
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

static void sort_terms(const simplifier *s, sum *x) {
  for (unsigned i = 1; i < x->n; i++)
    for (unsigned k = i; k > 0 && comes_before(s, x->terms[k].atom, x->terms[k - 1].atom); k--) {
      const ts_aff *atom = x->terms[k].atom;
      int64_t coef = x->terms[k].coef;
      x->terms[k] = x->terms[k - 1];
      x->terms[k - 1].atom = atom;
      x->terms[k - 1].coef = coef;
    }
}

/* The sum as an expression; NULL when that cannot be. */
static const ts_aff *text_of(const simplifier *s, sum x) {
  ts_module *m = s->m;
  const ts_aff *a = NULL;
  sort_terms(s, &x);
  for (unsigned i = 0; i < x.n; i++) {
    const ts_aff *term =
        ts_aff_binary(m, TS_AFF_MUL, x.terms[i].atom, ts_aff_const(m, x.terms[i].coef));
    a = a && term ? ts_aff_binary(m, TS_AFF_ADD, a, term) : term;
    if (!a) return NULL;
  }
  const ts_aff *constant = x.constant == INT64_MIN ? NULL : ts_aff_const(m, x.constant);
  return a && constant ? ts_aff_binary(m, TS_AFF_ADD, a, constant) : constant;
}

/* ---- divisions ---- */

static bool sum_of(const simplifier *, const ts_aff *, sum *out);

static int64_t floor_of(int64_t a, int64_t d) { return a / d - (a % d < 0); }

/* The quotient of the sum by d, if it is the same number throughout. */
static bool constant_quotient(const simplifier *s, const sum *x, int64_t d, int64_t *out) {
  const ts_aff *a = text_of(s, *x);
  if (!a) return false;
  ts_range r = ts_range_of(s->ranges, s->op, a);
  if (r.lo == INT64_MIN || r.hi == INT64_MAX || r.lo > r.hi) return false;
  *out = floor_of(r.lo, d);
  return floor_of(r.hi, d) == *out;
}

/* x is one division (or remainder) alone: of what, by what. */
static bool is_alone(const sum *x, ts_aff_kind kind, const ts_aff **of, int64_t *by) {
  if (x->n != 1 || x->constant || x->terms[0].coef != 1 || x->terms[0].atom->kind != kind)
    return false;
  *of = x->terms[0].atom->lhs;
  *by = x->terms[0].atom->rhs->value;
  return true;
}

/* Adds  times · (x floordiv d)  or  times · (x mod d), where nothing can be taken out of x. */
static bool add_atom(const simplifier *s, ts_aff_kind kind, const sum *x, int64_t d, int64_t times,
                     sum *out) {
  const ts_aff *of = NULL;
  int64_t by, product;
  if (kind == TS_AFF_FLOORDIV && is_alone(x, TS_AFF_FLOORDIV, &of, &by) &&
      !__builtin_mul_overflow(by, d, &product))
    d = product; /* (a floordiv b) floordiv d */
  else if (kind != TS_AFF_MOD || !is_alone(x, TS_AFF_MOD, &of, &by) || by % d)
    of = text_of(s, *x); /* else (a mod b) mod d with d dividing b: a mod d */
  const ts_aff *atom = of ? ts_aff_binary(s->m, kind, of, ts_aff_const(s->m, d)) : NULL;
  if (!atom) return false;
  if (atom->kind == TS_AFF_CONST) return add_scaled(&out->constant, atom->value, times);
  return add_term(out, atom, times);
}

/* x floordiv d, or x mod d. x = d · q + r, where q takes all multiples of d; (d q + r) floordiv d
 * is q + r floordiv d. */
static bool divide(const simplifier *s, ts_aff_kind kind, const sum *x, int64_t d, sum *out) {
  sum q = {.constant = floor_of(x->constant, d)}, r = {.constant = x->constant - q.constant * d};
  int64_t g = d, c;
  for (unsigned i = 0; i < x->n; i++) {
    bool whole = x->terms[i].coef % d == 0;
    if (!add_term(whole ? &q : &r, x->terms[i].atom,
                  whole ? x->terms[i].coef / d : x->terms[i].coef))
      return false;
    if (!whole) g = ts_gcd(g, x->terms[i].coef);
  }
  *out = kind == TS_AFF_MOD ? (sum){0} : q;
  if (constant_quotient(s, &r, d, &c)) {
    if (kind == TS_AFF_FLOORDIV) return add_scaled(&out->constant, c, 1);
    return add_sum(out, &r, 1) && add_scaled(&out->constant, c, -d);
  }
  /* (g a + b) mod (g d) = g · (a mod d) + b for 0 <= b < g; the same for floordiv, where b goes */
  int64_t rest = r.constant % g;
  r.constant /= g;
  for (unsigned i = 0; i < r.n; i++)
    r.terms[i].coef /= g;
  if (kind == TS_AFF_MOD)
    return add_scaled(&out->constant, rest, 1) && add_atom(s, kind, &r, d / g, g, out);
  return add_atom(s, kind, &r, d / g, 1, out);
}

/* c · (a mod d) + c d · (a floordiv d) = c · a. */
static bool join_divisions(const simplifier *s, sum *x) {
  for (unsigned i = 0; i < x->n; i++) {
    const ts_aff *mod = x->terms[i].atom;
    int64_t c = x->terms[i].coef, product;
    if (mod->kind != TS_AFF_MOD || __builtin_mul_overflow(c, mod->rhs->value, &product)) continue;
    for (unsigned k = 0; k < x->n; k++) {
      const ts_aff *quotient = x->terms[k].atom;
      if (quotient->kind != TS_AFF_FLOORDIV || quotient->lhs != mod->lhs ||
          quotient->rhs != mod->rhs || x->terms[k].coef != product)
        continue;
      sum whole;
      return sum_of(s, mod->lhs, &whole) && add_term(x, quotient, -product) &&
             add_term(x, mod, -c) && add_sum(x, &whole, c);
    }
  }
  return true;
}

/* Multiples of d come out; of the rest r,  r ceildiv d = (r + d - 1) floordiv d  when that is a
 * number, else it is written as it was. */
static bool divide_up(const simplifier *s, const sum *x, int64_t d, sum *out) {
  sum rest = {.constant = x->constant}, up;
  *out = (sum){0};
  for (unsigned i = 0; i < x->n; i++) {
    bool whole = x->terms[i].coef % d == 0;
    if (!add_term(whole ? out : &rest, x->terms[i].atom,
                  whole ? x->terms[i].coef / d : x->terms[i].coef))
      return false;
  }
  int64_t c;
  up = rest;
  if (!add_scaled(&up.constant, d - 1, 1)) return false;
  if (constant_quotient(s, &up, d, &c)) return add_scaled(&out->constant, c, 1);
  const ts_aff *a = text_of(s, rest);
  const ts_aff *atom = a ? ts_aff_binary(s->m, TS_AFF_CEILDIV, a, ts_aff_const(s->m, d)) : NULL;
  return atom && add_term(out, atom, 1);
}

static bool sum_of(const simplifier *s, const ts_aff *a, sum *out) {
  sum lhs, rhs;
  *out = (sum){0};
  switch ((ts_aff_kind)a->kind) {
  case TS_AFF_CONST: out->constant = a->value; return true;
  case TS_AFF_DIM:
  case TS_AFF_SYM: return add_term(out, a, 1);
  default: break;
  }
  if (!sum_of(s, a->lhs, &lhs)) return false;
  switch ((ts_aff_kind)a->kind) {
  case TS_AFF_ADD:
    *out = lhs;
    return sum_of(s, a->rhs, &rhs) && add_sum(out, &rhs, 1) && join_divisions(s, out);
  case TS_AFF_MUL: return add_sum(out, &lhs, a->rhs->value);
  case TS_AFF_CEILDIV: return divide_up(s, &lhs, a->rhs->value, out);
  default: return divide(s, a->kind, &lhs, a->rhs->value, out);
  }
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
  const simplifier s = {m, ranges, op};
  sum x;
  const ts_aff *simple = sum_of(&s, a, &x) ? text_of(&s, x) : NULL;
  /* (x - 1) floordiv d + 2 is (x + d - 1) floordiv d + 1, but not where x + d is past 2^63. */
  if (simple && is_far(simple) && may_overflow(&s, simple)) return a;
  return simple ? simple : a;
}
