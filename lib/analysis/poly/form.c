/* Linear forms, and affine expressions as linear forms. A division or remainder becomes a new
 * variable, the quotient q of  d * q <= e < d * q + d, which is exact over the integers. */
#include "analysis/poly/poly_impl.h"

/* ---- arithmetic ---- */

static bool scaled_sum(int64_t a, int64_t b, int64_t times, int64_t *out) {
  int64_t product;
  return !__builtin_mul_overflow(b, times, &product) && !__builtin_add_overflow(a, product, out);
}

bool ts_poly_form_add(ts_arena *arena, ts_poly_form *a, const ts_poly_form *b, int64_t times) {
  if (!scaled_sum(a->constant, b->constant, times, &a->constant)) return false;
  if (b->n == 0 || times == 0) return true;
  ts_poly_term *terms = ts_new_array(arena, ts_poly_term, a->n + b->n);
  unsigned n = 0;
  for (unsigned i = 0, j = 0; i < a->n || j < b->n;) {
    bool from_a = i < a->n && (j == b->n || a->terms[i].var <= b->terms[j].var);
    bool from_b = j < b->n && (i == a->n || b->terms[j].var <= a->terms[i].var);
    int32_t var = from_a ? a->terms[i].var : b->terms[j].var;
    int64_t coef = from_a ? a->terms[i++].coef : 0;
    if (from_b && !scaled_sum(coef, b->terms[j++].coef, times, &coef)) return false;
    if (coef) terms[n++] = (ts_poly_term){var, coef};
  }
  a->terms = terms;
  a->n = n;
  return true;
}

ts_poly_form ts_poly_form_var(ts_arena *arena, int32_t var) {
  ts_poly_form f = {.n = 1, .terms = ts_new(arena, ts_poly_term)};
  f.terms[0] = (ts_poly_term){var, 1};
  return f;
}

static bool is_parallel(const ts_poly_form *a, const ts_poly_form *b) {
  if (a->n != b->n) return false;
  for (unsigned i = 0; i < a->n; i++)
    if (a->terms[i].var != b->terms[i].var || a->terms[i].coef != b->terms[i].coef) return false;
  return true;
}

/* Among inequalities that differ only in their constant, the one with the least constant implies
 * the others. Lists of thousands of conditions consist mostly of such runs. */
void ts_poly_row_add(ts_poly *p, ts_poly_scope *s, ts_poly_form form, bool eq) {
  enum { NEAR = 16 };
  for (size_t i = s->rows.n; !eq && i-- > 0 && i + NEAR >= s->rows.n;) {
    ts_poly_row *row = &s->rows.at[i];
    if (row->eq || !is_parallel(&row->form, &form)) continue;
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
static bool add_alternative(ts_poly *p, const ts_poly_form *lhs, const ts_poly_form *rhs,
                            int64_t sign, int64_t less, bool eq, ts_poly_clause *out) {
  ts_poly_row *row = ts_new(p->arena, ts_poly_row);
  *row = (ts_poly_row){.form = {.constant = -less}, .eq = eq};
  if (!ts_poly_form_add(p->arena, &row->form, lhs, sign)) return false;
  if (!ts_poly_form_add(p->arena, &row->form, rhs, -sign)) return false;
  ts_push(p->arena, &out->alts, (ts_poly_alt){1, row});
  return true;
}

bool ts_poly_relation(ts_poly *p, const ts_poly_form *lhs, ts_pred pred, const ts_poly_form *rhs,
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
  ts_unreachable("a relation that is none");
}

/* ---- expressions ---- */

static ts_poly_form form_of_symbol(ts_poly *p, ts_str name) {
  const void *key = (const void *)(uintptr_t)name;
  int32_t var = (int32_t)(intptr_t)ts_ptrmap_get(&p->symbols, key);
  if (!var) {
    var = ts_poly_new_var(p, &p->outside);
    ts_ptrmap_put(&p->symbols, key, (void *)(intptr_t)var);
    ts_poly_form positive = ts_poly_form_var(p->arena, var);
    ts_push(p->arena, &p->fixed, (ts_poly_fixed){.symbol = name, .form = positive});
    positive.constant = -1;
    ts_poly_row_add(p, &p->outside, positive, false);
  }
  return ts_poly_form_var(p->arena, var);
}

static bool aff(ts_poly *, ts_poly_scope *, const ts_op *, const ts_aff *, unsigned applies,
                ts_poly_form *out);

/* A value that is not affine: the same everywhere when it is computed before the stretch. */
static ts_poly_form form_of_unknown(ts_poly *p, ts_poly_scope *s, ts_value *v) {
  p->saw_unknown = true;
  bool inside = false;
  if (v->kind == TS_VALUE_RESULT)
    for (const ts_poly_scope *in = s; in && !inside; in = in->parent)
      inside = in->block == v->def->block;
  if (inside || s == &p->outside) return ts_poly_form_var(p->arena, ts_poly_new_var(p, s));
  int32_t var = ts_poly_new_var(p, &p->outside);
  ts_poly_form *form = ts_new(p->arena, ts_poly_form);
  *form = ts_poly_form_var(p->arena, var);
  ts_push(p->arena, &p->fixed, (ts_poly_fixed){.value = v, .form = *form});
  ts_ptrmap_put(&p->values, v, form);
  return *form;
}

static bool form_of_value(ts_poly *p, ts_poly_scope *s, ts_value *v, unsigned applies,
                          ts_poly_form *out) {
  const ts_poly_form *known = ts_ptrmap_get(&p->values, v);
  *out = (ts_poly_form){0};
  if (known) {
    *out = *known;
    p->saw_unknown |= v->kind == TS_VALUE_RESULT;
    return true;
  }
  if (ts_is_literal(v)) {
    out->constant = (int64_t)v->bits;
    return true;
  }
  const ts_op *def = v->kind == TS_VALUE_RESULT ? v->def : NULL;
  if (def && def->opcode == TS_OP_CONST) {
    const ts_attr *value = ts_attr_find(def, TS_ATTR_VALUE);
    if (value && value->data->form == TS_DATA_SPLAT) {
      out->constant = (int64_t)ts_number_load(v->type->dtype, value->data->bytes);
      return true;
    }
  }
  if (def && def->opcode == TS_OP_APPLY && applies < TS_POLY_MAX_APPLIES &&
      p->steps < TS_POLY_MAX_STEPS)
    return aff(p, s, def, def->map->exprs[0], applies + 1, out);
  *out = form_of_unknown(p, s, v);
  return true;
}

/* e floordiv d, or with e + d - 1 for ceildiv: the new variable q with 0 <= e - d q <= d - 1. */
static bool quotient(ts_poly *p, ts_poly_scope *s, const ts_poly_form *e, int64_t d,
                     ts_poly_form *q) {
  *q = ts_poly_form_var(p->arena, ts_poly_new_var(p, s));
  ts_poly_form least = *e, most = {.constant = d - 1};
  if (!ts_poly_form_add(p->arena, &least, q, -d) || !ts_poly_form_add(p->arena, &most, &least, -1))
    return false;
  ts_poly_row_add(p, s, least, false);
  ts_poly_row_add(p, s, most, false);
  return true;
}

static bool division(ts_poly *p, ts_poly_scope *s, ts_aff_kind kind, const ts_poly_form *e,
                     int64_t d, ts_poly_form *out) {
  ts_poly_form numerator = *e, q;
  if (kind == TS_AFF_CEILDIV && __builtin_add_overflow(e->constant, d - 1, &numerator.constant))
    return false;
  if (!quotient(p, s, &numerator, d, &q)) return false;
  *out = q;
  if (kind != TS_AFF_MOD) return true;
  *out = *e;
  return ts_poly_form_add(p->arena, out, &q, -d);
}

static bool aff(ts_poly *p, ts_poly_scope *s, const ts_op *op, const ts_aff *a, unsigned applies,
                ts_poly_form *out) {
  ts_poly_form lhs, rhs;
  *out = (ts_poly_form){0};
  p->steps++;
  switch ((ts_aff_kind)a->kind) {
  case TS_AFF_CONST: out->constant = a->value; return true;
  case TS_AFF_SYM: *out = form_of_symbol(p, (ts_str)a->value); return true;
  case TS_AFF_DIM: return form_of_value(p, s, ts_dim(op, (unsigned)a->value), applies, out);
  default: break;
  }
  if (!aff(p, s, op, a->lhs, applies, &lhs)) return false;
  if (a->kind == TS_AFF_ADD) {
    *out = lhs;
    return aff(p, s, op, a->rhs, applies, &rhs) && ts_poly_form_add(p->arena, out, &rhs, 1);
  }
  if (a->kind == TS_AFF_MUL) return ts_poly_form_add(p->arena, out, &lhs, a->rhs->value);
  return division(p, s, a->kind, &lhs, a->rhs->value, out);
}

bool ts_poly_aff(ts_poly *p, ts_poly_scope *s, const ts_op *op, const ts_aff *a,
                 ts_poly_form *out) {
  p->steps = 0;
  return aff(p, s, op, a, 0, out);
}
