/* The algebra of linear forms, and affine expressions as forms; see linear.h. */
#include "analysis/index/linear.h"

#include "support/arith.h"
#include "ir/constant.h"

/* ---- algebra ---- */

ts_linear ts_linear_atom(ts_arena *arena, intptr_t atom) {
  ts_linear_term *term = ts_new(arena, ts_linear_term);
  *term = (ts_linear_term){atom, 1};
  return (ts_linear){.n = 1, .terms = term};
}

static int64_t *coef_in(ts_linear_term *terms, unsigned n, intptr_t atom) {
  for (unsigned i = 0; i < n; i++)
    if (terms[i].atom == atom) return &terms[i].coef;
  return NULL;
}

/* Closes the gaps that terms leave whose coefficient is 0; returns how many stay. */
static unsigned drop_zeros(ts_linear_term *terms, unsigned n) {
  unsigned kept = 0;
  for (unsigned i = 0; i < n; i++)
    if (terms[i].coef) terms[kept++] = terms[i];
  return kept;
}

bool ts_linear_add(ts_arena *arena, ts_linear *a, const ts_linear *b, int64_t times) {
  bool fits = ts_add_scaled(&a->constant, b->constant, times);
  if (b->n == 0 || times == 0) return fits;
  if (a->n == 0 && times == 1) {
    a->n = b->n;
    a->terms = b->terms;
    return fits;
  }
  ts_linear_term *terms = ts_new_array(arena, ts_linear_term, a->n + b->n);
  unsigned n = a->n;
  if (n) memcpy(terms, a->terms, n * sizeof *terms);
  for (unsigned i = 0; i < b->n; i++) {
    int64_t *coef = coef_in(terms, a->n, b->terms[i].atom);
    if (!coef) {
      terms[n] = (ts_linear_term){b->terms[i].atom, 0};
      coef = &terms[n++].coef;
    }
    fits &= ts_add_scaled(coef, b->terms[i].coef, times);
  }
  a->n = drop_zeros(terms, n);
  a->terms = terms;
  return fits;
}

ts_linear ts_linear_without(ts_arena *arena, const ts_linear *a, unsigned term) {
  ts_linear_term *rest = ts_new_array(arena, ts_linear_term, a->n);
  memcpy(rest, a->terms, term * sizeof *rest);
  memcpy(rest + term, a->terms + term + 1, (a->n - term - 1) * sizeof *rest);
  return (ts_linear){a->constant, a->n - 1, rest};
}

void ts_linear_split(ts_arena *arena, const ts_linear *a, int64_t divisor, ts_linear *whole,
                     ts_linear *rest) {
  ts_linear_term *w = ts_new_array(arena, ts_linear_term, a->n + 1),
                 *r = ts_new_array(arena, ts_linear_term, a->n + 1);
  *whole = (ts_linear){.constant = ts_floor_div(a->constant, divisor), .terms = w};
  *rest = (ts_linear){.constant = ts_floor_mod(a->constant, divisor), .terms = r};
  for (unsigned i = 0; i < a->n; i++) {
    ts_linear_term t = a->terms[i];
    if (t.coef % divisor)
      r[rest->n++] = t;
    else
      w[whole->n++] = (ts_linear_term){t.atom, t.coef / divisor};
  }
}

int64_t ts_linear_coef(const ts_linear *a, intptr_t atom) {
  for (unsigned i = 0; i < a->n; i++)
    if (a->terms[i].atom == atom) return a->terms[i].coef;
  return 0;
}

bool ts_linear_same_terms(const ts_linear *a, const ts_linear *b) {
  if (a->n != b->n) return false;
  for (unsigned i = 0; i < a->n && a->terms != b->terms; i++)
    if (ts_linear_coef(b, a->terms[i].atom) != a->terms[i].coef) return false;
  return true;
}

bool ts_linear_same(const ts_linear *a, const ts_linear *b) {
  return a->constant == b->constant && ts_linear_same_terms(a, b);
}

/* ---- from affine expressions ---- */

ts_linear ts_linear_of(ts_linear_reader *r, const ts_op *op, const ts_aff *a) {
  if (r->steps && --*r->steps < 0) r->failed = true;
  if (r->failed) return (ts_linear){0};
  switch ((ts_aff_kind)a->kind) {
  case TS_AFF_CONST: return (ts_linear){.constant = a->value};
  case TS_AFF_DIM:
  case TS_AFF_SYM: return r->leaf(r, op, a);
  default: break;
  }
  ts_linear lhs = ts_linear_of(r, op, a->lhs), rhs;
  if (r->failed) return lhs;
  switch ((ts_aff_kind)a->kind) {
  case TS_AFF_ADD:
    rhs = ts_linear_of(r, op, a->rhs);
    return r->failed ? rhs : r->sum(r, &lhs, &rhs, 1);
  case TS_AFF_MUL: return r->sum(r, &(ts_linear){0}, &lhs, a->rhs->value);
  default: return r->division(r, (ts_aff_kind)a->kind, &lhs, a->rhs->value);
  }
}

bool ts_linear_of_definition(ts_linear_reader *r, const ts_value *v, ts_linear *out) {
  *out = (ts_linear){0};
  if (ts_index_constant(v, &out->constant)) return true;
  const ts_op *apply = ts_def_as(v, TS_OP_APPLY);
  if (!apply || !apply->map || !r->applies) return false;
  r->applies--;
  *out = ts_linear_of(r, apply, apply->map->exprs[0]);
  r->applies++;
  return true;
}

ts_linear ts_linear_read_sum(ts_linear_reader *r, const ts_linear *a, const ts_linear *b,
                             int64_t times) {
  ts_linear sum = *a;
  if (!ts_linear_add(r->arena, &sum, b, times)) r->failed = true;
  return sum;
}
