/* softmax and layernorm: each row along the axis is gone through three times.
 *
 *   for %i:  m = max over %r of X[%i, %r];  for %p: e[%p] = exp(X[%i, %p] - m), total += e[%p];
 *            for %q: Y[%i, %q] = e[%q] / total */
#include "transforms/lower/lower_impl.h"

/* ---- rows ---- */

/* One row: the point's reduced dim is the open inner loop's. */
typedef struct row {
  ts_point p;
  ts_dtype acc;
} row;

/* Opens the loops over all axes but the one. */
static row open_rows(ts_lower *L, ts_op *op) {
  row r = {.p = ts_lower_point(L, op), .acc = ts_acc_dtype(op)};
  ts_lower_parallel(L, &r.p);
  return r;
}

static void close_rows(ts_lower *L, const row *r) { ts_lower_end(L, r->p.space.num_parallel); }

static ts_extent length(const row *r) { return r->p.space.extents[r->p.space.num_parallel]; }

static const ts_aff *place(const row *r) { return r->p.at[r->p.space.num_parallel]; }

static void open_row(ts_lower *L, row *r, const char *name) {
  r->p.at[r->p.space.num_parallel] = ts_lower_loop(L, name, length(r));
}

static ts_value *row_element(ts_lower *L, const row *r) {
  return ts_lower_convert(L, ts_lower_element(L, "x", &r->p, 0), r->acc);
}

/* ---- softmax ---- */

static ts_value *row_max(ts_lower *L, row *r) {
  ts_acc acc = ts_lower_acc(L, "max", ts_lower_neutral(L, TS_OP_MAX, r->acc), r->acc);
  open_row(L, r, "r");
  ts_lower_acc_update(L, acc, TS_OP_MAXF, row_element(L, r));
  ts_lower_end(L, 1);
  return ts_lower_acc_load(L, "m", acc);
}

/* Fills the row buffer with exp(x - m) and gives their sum. */
static ts_value *row_exps(ts_lower *L, row *r, ts_value *m, ts_value *exps) {
  ts_acc acc = ts_lower_acc(L, "sum", ts_lower_zero(L, r->acc), r->acc);
  open_row(L, r, "p");
  ts_value *d = ts_lower_op2(L, "d", TS_OP_SUBF, r->acc, row_element(L, r), m);
  ts_value *e = ts_lower_op1(L, "e", TS_OP_EXP, r->acc, d);
  ts_lower_store(L, e, exps, &(ts_subs){.n = 1, .at = {place(r)}});
  ts_lower_acc_update(L, acc, TS_OP_ADDF, e);
  ts_lower_end(L, 1);
  return ts_lower_acc_load(L, "total", acc);
}

void ts_lower_softmax(ts_lower *L, ts_op *op) {
  row r = open_rows(L, op);
  ts_value *m = row_max(L, &r);
  ts_value *exps = ts_lower_local(L, "exps", length(&r), r.acc);
  ts_value *total = row_exps(L, &r, m, exps);
  open_row(L, &r, "q");
  ts_value *e = ts_lower_load_memref(L, "e", exps, &(ts_subs){.n = 1, .at = {place(&r)}});
  ts_lower_give(L, ts_lower_op2(L, "y", TS_OP_DIVF, r.acc, e, total), &r.p);
  ts_lower_end(L, 1);
  close_rows(L, &r);
}

/* ---- layernorm ---- */

static ts_value *row_mean(ts_lower *L, row *r, ts_value *count) {
  ts_acc acc = ts_lower_acc(L, "acc", ts_lower_zero(L, r->acc), r->acc);
  open_row(L, r, "r");
  ts_lower_acc_update(L, acc, TS_OP_ADDF, row_element(L, r));
  ts_lower_end(L, 1);
  ts_value *sum = ts_lower_acc_load(L, "sum", acc);
  return ts_lower_op2(L, "mean", TS_OP_DIVF, r->acc, sum, count);
}

static ts_value *deviation(ts_lower *L, const row *r, ts_value *mean) {
  return ts_lower_op2(L, "d", TS_OP_SUBF, r->acc, row_element(L, r), mean);
}

/* sqrt(Σ (x - mean)² / n + eps) */
static ts_value *row_scale(ts_lower *L, row *r, ts_value *mean, ts_value *count, double eps) {
  ts_acc acc = ts_lower_acc(L, "squares", ts_lower_zero(L, r->acc), r->acc);
  open_row(L, r, "p");
  ts_value *d = deviation(L, r, mean);
  ts_lower_acc_update(L, acc, TS_OP_ADDF, ts_lower_op2(L, "dd", TS_OP_MULF, r->acc, d, d));
  ts_lower_end(L, 1);
  ts_value *sum = ts_lower_acc_load(L, "sum", acc);
  ts_value *v = ts_lower_op2(L, "var", TS_OP_DIVF, r->acc, sum, count);
  v = ts_lower_op2(L, "v", TS_OP_ADDF, r->acc, v, ts_lower_float(L, r->acc, eps));
  return ts_lower_op1(L, "dev", TS_OP_SQRT, r->acc, v);
}

/* The element of scale or shift (operand `i`), or NULL where the op has none. */
static ts_value *row_parameter(ts_lower *L, const row *r, unsigned i, const char *name) {
  if (i >= r->p.op->num_plain) return NULL;
  return ts_lower_convert(L, ts_lower_element(L, name, &r->p, i), r->acc);
}

static ts_value *normalized(ts_lower *L, const row *r, ts_value *mean, ts_value *dev) {
  ts_value *y = ts_lower_op2(L, "y", TS_OP_DIVF, r->acc, deviation(L, r, mean), dev);
  ts_value *scale = row_parameter(L, r, 1, "scale");
  if (scale) y = ts_lower_op2(L, "scaled", TS_OP_MULF, r->acc, y, scale);
  ts_value *shift = row_parameter(L, r, 2, "shift");
  return shift ? ts_lower_op2(L, "shifted", TS_OP_ADDF, r->acc, y, shift) : y;
}

void ts_lower_layernorm(ts_lower *L, ts_op *op) {
  ts_iter_space space = ts_op_iter_space(op);
  ts_value *count = ts_lower_count(L, &space, ts_acc_dtype(op));
  row r = open_rows(L, op);
  ts_value *mean = row_mean(L, &r, count);
  ts_value *dev = row_scale(L, &r, mean, count, ts_attr_float(op, TS_ATTR_EPS, 1e-5));
  open_row(L, &r, "q");
  ts_lower_give(L, normalized(L, &r, mean, dev), &r.p);
  ts_lower_end(L, 1);
  close_rows(L, &r);
}
