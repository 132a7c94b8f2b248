/* Reductions and the ops made of them. The axes that stay get the outer loops, the reduced ones the
 * inner, so each result element is finished at once:
 *
 *   for %i:  acc = 0;  for %r: acc = acc + X[%i, %r];  Y[%i] = acc
 *
 * softmax and layernorm go over their axis three times. */
#include <math.h>

#include "transforms/lower/lower_impl.h"

/* ---- reduce_sum, reduce_max, reduce_mean ---- */

/* The least value, which leaves every maximum as it is. */
static ts_value *lowest(ts_lower *L, ts_dtype d) {
  if (ts_is_float(d)) return ts_lower_float(L, d, -INFINITY);
  int64_t least = d == TS_I8 ? INT8_MIN : d == TS_I32 ? INT32_MIN : d == TS_I1 ? 0 : INT64_MIN;
  return ts_literal_int(L->m, ts_type_scalar(L->m, d), least);
}

static const char *reduced_axis_name(ts_lower *L, unsigned i, unsigned n) {
  return n == 1 ? "r" : ts_sprintf(L->scratch, "r%u", i);
}

/* Loops over the axes that stay; `out` are the result's subscripts, `in` the operand's so far (NULL
 * where an axis is reduced). */
static void kept_loops(ts_lower *L, ts_op *op, const bool *reduced, ts_subs *in, ts_subs *out) {
  const ts_type *x = ts_operand(op, 0)->type;
  bool keep = ts_attr_find(op, TS_ATTR_KEEPDIMS) != NULL;
  unsigned kept = 0, loops = 0;
  for (unsigned a = 0; a < x->rank; a++)
    kept += !reduced[a];
  *in = (ts_subs){.n = x->rank};
  *out = (ts_subs){0};
  for (unsigned a = 0; a < x->rank; a++) {
    if (reduced[a] && keep) out->at[out->n++] = ts_aff_const(L->m, 0);
    if (reduced[a]) continue;
    in->at[a] = ts_lower_loop(L, ts_lower_axis_name(L, loops++, kept), x->dims[a]);
    out->at[out->n++] = in->at[a];
  }
}

static void accumulate(ts_lower *L, ts_op *op, unsigned n, const unsigned *axes, ts_subs in,
                       ts_acc acc) {
  ts_value *x = ts_operand(op, 0);
  ts_opcode tensor_op = op->opcode == TS_OP_REDUCE_MAX ? TS_OP_MAX : TS_OP_ADD;
  for (unsigned i = 0; i < n; i++)
    in.at[axes[i]] = ts_lower_loop(L, reduced_axis_name(L, i, n), x->type->dims[axes[i]]);
  ts_value *element = ts_lower_convert(L, ts_lower_load(L, "x", x, &in), acc.dtype);
  ts_lower_acc_update(L, acc, ts_lower_scalar_opcode(tensor_op, acc.dtype), element);
  ts_lower_end(L, n);
}

void ts_lower_reduce(ts_lower *L, ts_op *op) {
  bool max = op->opcode == TS_OP_REDUCE_MAX, reduced[TS_MAX_RANK] = {0};
  const ts_type *x = ts_operand(op, 0)->type;
  unsigned axes[TS_MAX_RANK], n = ts_op_axes(op, axes);
  for (unsigned i = 0; i < n; i++)
    reduced[axes[i]] = true;
  ts_dtype d = max ? x->dtype : ts_acc_dtype(op);
  ts_value *y = ts_lower_result(L, ts_op_result(op, 0)), *count = NULL;
  if (op->opcode == TS_OP_REDUCE_MEAN) count = ts_lower_count(L, x, n, axes, d);
  ts_subs in, out;
  ts_lower_begin_nest(L);
  kept_loops(L, op, reduced, &in, &out);
  ts_acc acc = ts_lower_acc(L, "acc", max ? lowest(L, d) : ts_lower_zero(L, d), d);
  accumulate(L, op, n, axes, in, acc);
  ts_value *v = ts_lower_acc_load(L, max ? "max" : "sum", acc);
  if (count) v = ts_lower_op2(L, "mean", TS_OP_DIVF, d, v, count);
  ts_lower_store_as(L, v, y, &out);
  ts_lower_end(L, x->rank - n);
}

/* ---- what softmax and layernorm share: rows along one axis ---- */

typedef struct rows {
  ts_value *x, *y; /* tensor, memref */
  ts_subs subs;    /* of an element; the entry of the axis is the open inner loop's */
  unsigned axis;
  ts_extent extent;
  ts_dtype acc;
} rows;

/* Opens the loops over all axes but the one. */
static rows open_rows(ts_lower *L, ts_op *op) {
  unsigned axes[TS_MAX_RANK];
  ts_op_axes(op, axes);
  rows r = {.x = ts_operand(op, 0), .axis = axes[0], .acc = ts_acc_dtype(op)};
  r.y = ts_lower_result(L, ts_op_result(op, 0));
  const ts_type *t = r.x->type;
  r.extent = t->dims[r.axis];
  r.subs.n = t->rank;
  ts_lower_begin_nest(L);
  for (unsigned a = 0, loops = 0; a < t->rank; a++) {
    if (a == r.axis) continue;
    r.subs.at[a] = ts_lower_loop(L, ts_lower_axis_name(L, loops++, t->rank - 1), t->dims[a]);
  }
  return r;
}

static void close_rows(ts_lower *L, const rows *r) { ts_lower_end(L, r->subs.n - 1); }

static void open_row(ts_lower *L, rows *r, const char *name) {
  r->subs.at[r->axis] = ts_lower_loop(L, name, r->extent);
}

static ts_value *row_element(ts_lower *L, const rows *r) {
  return ts_lower_convert(L, ts_lower_load(L, "x", r->x, &r->subs), r->acc);
}

/* ---- softmax ---- */

static ts_value *row_max(ts_lower *L, rows *r) {
  ts_acc acc = ts_lower_acc(L, "max", lowest(L, r->acc), r->acc);
  open_row(L, r, "r");
  ts_lower_acc_update(L, acc, TS_OP_MAXF, row_element(L, r));
  ts_lower_end(L, 1);
  return ts_lower_acc_load(L, "m", acc);
}

/* Fills the row buffer with exp(x - m) and gives their sum. */
static ts_value *row_exps(ts_lower *L, rows *r, ts_value *m, ts_value *exps) {
  ts_acc acc = ts_lower_acc(L, "sum", ts_lower_zero(L, r->acc), r->acc);
  open_row(L, r, "p");
  ts_value *d = ts_lower_op2(L, "d", TS_OP_SUBF, r->acc, row_element(L, r), m);
  ts_value *e = ts_lower_op1(L, "e", TS_OP_EXP, r->acc, d);
  ts_lower_store(L, e, exps, &(ts_subs){.n = 1, .at = {r->subs.at[r->axis]}});
  ts_lower_acc_update(L, acc, TS_OP_ADDF, e);
  ts_lower_end(L, 1);
  return ts_lower_acc_load(L, "total", acc);
}

void ts_lower_softmax(ts_lower *L, ts_op *op) {
  rows r = open_rows(L, op);
  ts_value *m = row_max(L, &r);
  ts_value *exps = ts_lower_local(L, "exps", r.extent, r.acc);
  ts_value *total = row_exps(L, &r, m, exps);
  open_row(L, &r, "q");
  ts_value *e = ts_lower_load_memref(L, "e", exps, &(ts_subs){.n = 1, .at = {r.subs.at[r.axis]}});
  ts_lower_store_as(L, ts_lower_op2(L, "y", TS_OP_DIVF, r.acc, e, total), r.y, &r.subs);
  ts_lower_end(L, 1);
  close_rows(L, &r);
}

/* ---- layernorm ---- */

static ts_value *row_mean(ts_lower *L, rows *r, ts_value *count) {
  ts_acc acc = ts_lower_acc(L, "acc", ts_lower_zero(L, r->acc), r->acc);
  open_row(L, r, "r");
  ts_lower_acc_update(L, acc, TS_OP_ADDF, row_element(L, r));
  ts_lower_end(L, 1);
  ts_value *sum = ts_lower_acc_load(L, "sum", acc);
  return ts_lower_op2(L, "mean", TS_OP_DIVF, r->acc, sum, count);
}

static ts_value *deviation(ts_lower *L, const rows *r, ts_value *mean) {
  return ts_lower_op2(L, "d", TS_OP_SUBF, r->acc, row_element(L, r), mean);
}

/* sqrt(Σ (x - mean)² / n + eps) */
static ts_value *row_scale(ts_lower *L, rows *r, ts_value *mean, ts_value *count, double eps) {
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
static ts_value *row_parameter(ts_lower *L, const rows *r, ts_op *op, unsigned i,
                               const char *name) {
  if (i >= op->num_plain) return NULL;
  ts_subs at = {.n = 1, .at = {r->subs.at[r->axis]}};
  return ts_lower_convert(L, ts_lower_load(L, name, ts_operand(op, i), &at), r->acc);
}

static ts_value *normalized(ts_lower *L, const rows *r, ts_op *op, ts_value *mean, ts_value *dev) {
  ts_value *y = ts_lower_op2(L, "y", TS_OP_DIVF, r->acc, deviation(L, r, mean), dev);
  ts_value *scale = row_parameter(L, r, op, 1, "scale");
  if (scale) y = ts_lower_op2(L, "scaled", TS_OP_MULF, r->acc, y, scale);
  ts_value *shift = row_parameter(L, r, op, 2, "shift");
  return shift ? ts_lower_op2(L, "shifted", TS_OP_ADDF, r->acc, y, shift) : y;
}

void ts_lower_layernorm(ts_lower *L, ts_op *op) {
  unsigned axes[TS_MAX_RANK];
  ts_op_axes(op, axes);
  ts_value *count = ts_lower_count(L, ts_operand(op, 0)->type, 1, axes, ts_acc_dtype(op));
  rows r = open_rows(L, op);
  ts_value *mean = row_mean(L, &r, count);
  ts_value *dev = row_scale(L, &r, mean, count, ts_attr_float(op, TS_ATTR_EPS, 1e-5));
  open_row(L, &r, "q");
  ts_lower_store_as(L, normalized(L, &r, op, mean, dev), r.y, &r.subs);
  ts_lower_end(L, 1);
  close_rows(L, &r);
}
