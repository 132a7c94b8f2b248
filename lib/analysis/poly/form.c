/* Rows of a model, and affine expressions as forms over its variables. A division or remainder becomes a
 * new variable, the quotient q of  d * q <= e < d * q + d, which is exact over the integers. */
#include <limits.h>

#include "support/arith.h"
#include "ir/constant.h"
#include "analysis/poly/poly_impl.h"

/* MAX_APPLIES: that are looked through, one inside another. MAX_STEPS: parts of an expression after which no
 * apply is looked through any more. */
enum { MAX_APPLIES = 16, MAX_STEPS = 4096 };

/* ---- rows ---- */

/* Among inequalities that differ only in their constant, the one with the least constant implies
 * the others. Lists of thousands of conditions consist mostly of such runs. */
void ts_poly_row_add(ts_poly *p, ts_poly_scope *s, ts_linear form, bool eq) {
  enum { NEAR = 16 };
  for (size_t i = s->rows.n; !eq && i-- > 0 && i + NEAR >= s->rows.n;) {
    ts_poly_row *row = &s->rows.at[i];
    if (row->eq || !ts_linear_same_terms(&row->form, &form)) continue;
    row->form.constant = ts_min(row->form.constant, form.constant);
    return;
  }
  ts_push(p->arena, &s->rows, (ts_poly_row){form, eq});
}

int32_t ts_poly_new_var(ts_poly *p, ts_poly_scope *s) {
  return s == &p->outside ? ~p->num_params++ : s->num_locals++;
}

/* ---- relations ---- */

ts_pred ts_poly_negated(ts_pred p) {
  static const ts_pred of[] = {[TS_EQ] = TS_NE, [TS_NE] = TS_EQ, [TS_LT] = TS_GE,
                               [TS_LE] = TS_GT, [TS_GT] = TS_LE, [TS_GE] = TS_LT};
  return of[p];
}

/* The alternative  sign * (lhs - rhs) - less >= 0  (or == 0). */
static bool add_alternative(ts_poly *p, const ts_linear *lhs, const ts_linear *rhs, int64_t sign,
                            int64_t less, bool eq, ts_poly_clause *out) {
  ts_poly_row *row = ts_new(p->arena, ts_poly_row);
  *row = (ts_poly_row){.form = {.constant = -less}, .eq = eq};
  if (!ts_linear_add(p->arena, &row->form, lhs, sign)) return false;
  if (!ts_linear_add(p->arena, &row->form, rhs, -sign)) return false;
  ts_push(p->arena, &out->alts, (ts_poly_alt){1, row});
  return true;
}

bool ts_poly_relation(ts_poly *p, const ts_linear *lhs, ts_pred pred, const ts_linear *rhs,
                      ts_poly_clause *out) {
  switch (pred) {
  case TS_EQ: return add_alternative(p, lhs, rhs, 1, 0, true, out);
  case TS_NE:
    return add_alternative(p, lhs, rhs, -1, 1, false, out) &&
           add_alternative(p, lhs, rhs, 1, 1, false, out);
  case TS_LT: return add_alternative(p, lhs, rhs, -1, 1, false, out);
  case TS_LE: return add_alternative(p, lhs, rhs, -1, 0, false, out);
  case TS_GT: return add_alternative(p, lhs, rhs, 1, 1, false, out);
  case TS_GE: return add_alternative(p, lhs, rhs, 1, 0, false, out);
  }
  ts_unreachable("a predicate of unknown kind");
}

/* ---- expressions ---- */

static ts_linear form_of_symbol(ts_poly *p, ts_str name) {
  const void *key = (const void *)(uintptr_t)name;
  int32_t var = (int32_t)(intptr_t)ts_ptrmap_get(&p->symbols, key);
  if (!var) {
    var = ts_poly_new_var(p, &p->outside);
    ts_ptrmap_put(&p->symbols, key, (void *)(intptr_t)var);
    ts_linear positive = ts_linear_atom(p->arena, var);
    ts_push(p->arena, &p->fixed, (ts_poly_fixed){.symbol = name, .form = positive});
    positive.constant = -1;
    ts_poly_row_add(p, &p->outside, positive, false);
  }
  return ts_linear_atom(p->arena, var);
}

/* A value that is not affine: the same everywhere when it is computed before the stretch. */
static ts_linear form_of_unknown(ts_poly *p, ts_poly_scope *s, ts_value *v) {
  p->saw_unknown = true;
  bool inside = false;
  if (v->kind == TS_VALUE_RESULT)
    for (const ts_poly_scope *in = s; in && !inside; in = in->parent)
      inside = in->block == v->def->block;
  if (inside || s == &p->outside) return ts_linear_atom(p->arena, ts_poly_new_var(p, s));
  int32_t var = ts_poly_new_var(p, &p->outside);
  ts_linear *form = ts_new(p->arena, ts_linear);
  *form = ts_linear_atom(p->arena, var);
  ts_push(p->arena, &p->fixed, (ts_poly_fixed){.value = v, .form = *form});
  ts_ptrmap_put(&p->values, v, form);
  return *form;
}

typedef struct reader {
  ts_linear_reader base;
  ts_poly *p;
  ts_poly_scope *s;
} reader;

static ts_linear leaf(ts_linear_reader *r, const ts_op *op, const ts_aff *a) {
  ts_poly *p = ((reader *)r)->p;
  if (a->kind == TS_AFF_SYM) return form_of_symbol(p, (ts_str)a->value);
  ts_value *v = ts_dim(op, (unsigned)a->value);
  const ts_linear *known = ts_ptrmap_get(&p->values, v);
  if (known) {
    p->saw_unknown |= v->kind == TS_VALUE_RESULT;
    return *known;
  }
  ts_linear form = {0};
  bool tired = INT_MAX - *r->steps >= MAX_STEPS;
  bool defined =
      tired ? ts_index_constant(v, &form.constant) : ts_linear_of_definition(r, v, &form);
  return defined ? form : form_of_unknown(p, ((reader *)r)->s, v);
}

/* e floordiv d, or with e + d - 1 for ceildiv: the new variable q with 0 <= e - d q <= d - 1. */
static bool quotient(ts_poly *p, ts_poly_scope *s, const ts_linear *e, int64_t d, ts_linear *q) {
  *q = ts_linear_atom(p->arena, ts_poly_new_var(p, s));
  ts_linear least = *e, most = {.constant = d - 1};
  if (!ts_linear_add(p->arena, &least, q, -d) || !ts_linear_add(p->arena, &most, &least, -1))
    return false;
  ts_poly_row_add(p, s, least, false);
  ts_poly_row_add(p, s, most, false);
  return true;
}

static ts_linear division(ts_linear_reader *r, ts_aff_kind kind, const ts_linear *e, int64_t d) {
  ts_linear numerator = *e, q = {0}, rest = *e;
  bool fits = kind != TS_AFF_CEILDIV || ts_add_scaled(&numerator.constant, d - 1, 1);
  fits = fits && quotient(((reader *)r)->p, ((reader *)r)->s, &numerator, d, &q);
  if (kind == TS_AFF_MOD) fits = fits && ts_linear_add(r->arena, &rest, &q, -d);
  if (!fits) r->failed = true;
  return kind == TS_AFF_MOD ? rest : q;
}

bool ts_poly_aff(ts_poly *p, ts_poly_scope *s, const ts_op *op, const ts_aff *a, ts_linear *out) {
  int steps = INT_MAX;
  reader r = {.base = {.arena = p->arena,
                       .applies = MAX_APPLIES,
                       .steps = &steps,
                       .leaf = leaf,
                       .sum = ts_linear_read_sum,
                       .division = division},
              .p = p,
              .s = s};
  *out = ts_linear_of(&r.base, op, a);
  return !r.base.failed;
}
