/* Affine expressions over values rather than over one op's dims, and putting them in place of a
 * variable. */
#include "analysis/index/dims.h"

#include "ir/constant.h"

ts_dims ts_dims_none(ts_module *m) { return (ts_dims){.m = m}; }

const ts_aff *ts_dims_value(ts_dims *d, ts_value *v) {
  int64_t number;
  if (ts_index_constant(v, &number)) return ts_aff_const(d->m, number);
  for (unsigned i = 0; i < d->n; i++)
    if (d->at[i] == v) return ts_aff_dim(d->m, i);
  if (d->n == TS_MAX_DIMS) {
    d->overflow = true;
    return ts_aff_const(d->m, 0);
  }
  d->at[d->n] = v;
  return ts_aff_dim(d->m, d->n++);
}

static const ts_aff *checked(ts_dims *d, const ts_aff *a) {
  if (a) return a;
  d->overflow = true;
  return ts_aff_const(d->m, 0);
}

/* Substitutes the dims 0 … n-1 of an expression. */
static const ts_aff *put(ts_dims *d, const ts_aff *a, const ts_aff *const *with) {
  return checked(d, ts_aff_substitute(d->m, a, with, NULL, NULL));
}

const ts_aff *ts_dims_import(ts_dims *d, const ts_op *op, const ts_aff *a) {
  const ts_aff *with[TS_MAX_DIMS];
  for (unsigned i = 0; i < ts_num_dims(op); i++)
    with[i] = ts_dims_value(d, ts_dim(op, i));
  return put(d, a, with);
}

bool ts_dims_mentions(const ts_aff *a, unsigned i) {
  if (a->kind == TS_AFF_DIM) return a->value == i;
  return a->lhs && (ts_dims_mentions(a->lhs, i) || ts_dims_mentions(a->rhs, i));
}

const ts_aff *ts_dims_binary(ts_dims *d, ts_aff_kind kind, const ts_aff *a, const ts_aff *b) {
  return checked(d, ts_aff_binary(d->m, kind, a, b));
}

const ts_aff *ts_dims_add(ts_dims *d, const ts_aff *a, const ts_aff *b) {
  bool sum_and_constant = a->kind == TS_AFF_ADD && a->rhs->kind == TS_AFF_CONST;
  if (sum_and_constant && b->kind == TS_AFF_CONST)
    return ts_dims_add(d, a->lhs, ts_dims_add(d, a->rhs, b));
  return ts_dims_binary(d, TS_AFF_ADD, a, b);
}

const ts_aff *ts_dims_scale(ts_dims *d, const ts_aff *a, int64_t by) {
  int64_t product;
  if (a->kind == TS_AFF_MUL && !__builtin_mul_overflow(a->rhs->value, by, &product))
    return ts_dims_scale(d, a->lhs, product);
  return ts_dims_binary(d, TS_AFF_MUL, a, ts_aff_const(d->m, by));
}

const ts_aff *ts_dims_sub(ts_dims *d, const ts_aff *a, const ts_aff *b) {
  return a == b ? ts_aff_const(d->m, 0) : ts_dims_add(d, a, ts_dims_scale(d, b, -1));
}

const ts_aff *ts_dims_quotient(ts_dims *d, const ts_aff *a, int64_t n) {
  int64_t c;
  const ts_aff *lhs, *rhs;
  switch ((ts_aff_kind)a->kind) {
  case TS_AFF_CONST: return a->value % n ? NULL : ts_aff_const(d->m, a->value / n);
  case TS_AFF_MUL:
    if (!ts_aff_is_const(a->rhs, &c)) return NULL;
    if (c % n == 0) return ts_dims_scale(d, a->lhs, c / n);
    lhs = ts_dims_quotient(d, a->lhs, n);
    return lhs ? ts_dims_scale(d, lhs, c) : NULL;
  case TS_AFF_ADD:
    lhs = ts_dims_quotient(d, a->lhs, n);
    rhs = lhs ? ts_dims_quotient(d, a->rhs, n) : NULL;
    return rhs ? ts_dims_add(d, lhs, rhs) : NULL;
  default: return NULL;
  }
}

/* ---- an op's map ---- */

static void mark_dims(const ts_aff *a, const ts_dims *from, ts_dims *used) {
  if (a->kind == TS_AFF_DIM) ts_dims_value(used, from->at[a->value]);
  if (!a->lhs) return;
  mark_dims(a->lhs, from, used);
  mark_dims(a->rhs, from, used);
}

bool ts_dims_set_map(ts_dims *d, ts_op *op, unsigned n, const ts_aff *const *exprs) {
  ts_dims used = ts_dims_none(d->m);
  for (unsigned i = 0; i < n; i++)
    mark_dims(exprs[i], d, &used);
  const ts_aff *with[TS_MAX_DIMS] = {0};
  for (unsigned i = 0; i < d->n; i++) /* an unused one is put nowhere */
    with[i] = ts_aff_const(d->m, 0);
  for (unsigned k = 0; k < used.n; k++)
    for (unsigned i = 0; i < d->n; i++)
      if (d->at[i] == used.at[k]) with[i] = ts_aff_dim(d->m, k);
  const ts_aff **numbered = ts_new_exprs(d->m, n);
  for (unsigned i = 0; i < n; i++)
    numbered[i] = put(d, exprs[i], with);
  if (d->overflow) return false;
  ts_op_set_map(d->m, op, ts_map_get(d->m, n, numbered), used.n, used.at);
  return true;
}

static bool replace_dim(ts_op *op, const ts_value *v, const ts_aff *with, const ts_dims *dims) {
  ts_dims d = ts_dims_none(dims->m);
  const ts_aff *outer[TS_MAX_DIMS], *puts[TS_MAX_DIMS];
  for (unsigned i = 0; i < dims->n; i++)
    outer[i] = ts_dims_value(&d, dims->at[i]);
  const ts_aff *here = put(&d, with, outer);
  for (unsigned i = 0; i < ts_num_dims(op); i++)
    puts[i] = ts_dim(op, i) == v ? here : ts_dims_value(&d, ts_dim(op, i));
  const ts_aff **exprs = ts_new_exprs(d.m, op->map->n);
  for (unsigned i = 0; i < op->map->n; i++)
    exprs[i] = put(&d, op->map->exprs[i], puts);
  return !d.overflow && ts_dims_set_map(&d, op, op->map->n, exprs);
}

bool ts_replace_by_affine(ts_value *v, const ts_aff *with, const ts_dims *dims) {
  if (dims->overflow) return false;
  while (v->uses) {
    ts_op *op = v->uses->owner;
    unsigned at = (unsigned)(v->uses - op->operands);
    if (at >= op->num_plain) {
      if (!replace_dim(op, v, with, dims)) return false;
      continue;
    }
    ts_builder b = ts_builder_before(dims->m, op);
    ts_value *apply = ts_build_apply(&b, with, 0, NULL);
    ts_dims copy = *dims;
    if (!ts_dims_set_map(&copy, apply->def, 1, &with)) return false;
    ts_set_operand(op, at, apply);
  }
  return true;
}
