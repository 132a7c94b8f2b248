/* Reductions and normalisations, step by step as docs/semantics.md has them: inputs go to the
 * accumulator type exactly, every step is rounded to it, elements come in ascending row-major
 * order. */
#include <math.h>

#include "eval/points.h"
#include "eval/tensor.h"

/* A float tensor seen as [outer][n][inner] around one axis. */
typedef struct lanes {
  int64_t outer, n, inner;
} lanes;

static lanes lanes_of(const ts_array *a, unsigned axis) {
  lanes l = {1, a->dims[axis], 1};
  for (unsigned i = 0; i < axis; i++)
    l.outer *= a->dims[i];
  for (unsigned i = axis + 1; i < a->rank; i++)
    l.inner *= a->dims[i];
  return l;
}

/* ---- reduce ---- */

typedef struct reduction {
  ts_eval *e;
  ts_scalar combine;
  ts_dtype acc;
  ts_cell *sums; /* one for each element of the result */
} reduction;

/* Combines elements of the operand with sums that lie `stride` apart: neighbours, or one and the same. */
static void take_strip(const reduction *r, const ts_cell *strip, unsigned n, ts_cell *to,
                       int64_t stride) {
  bool is_float = ts_is_float(r->acc);
  if (is_float && stride == 1) {
    ts_eval_floats(r->combine, r->acc, n, to, strip, strip, to);
    if (!ts_scalar_infos[r->combine].exact) ts_strip_round(r->acc, n, to);
    return;
  }
  if (r->combine == TS_SCALAR_ADD && r->acc == TS_F64) { /* nothing to round: the common case */
    for (unsigned k = 0; k < n; k++)
      to[k * stride].f += strip[k].f;
    return;
  }
  for (unsigned k = 0; k < n; k++) {
    ts_cell *s = &to[k * stride];
    if (is_float)
      s->f = ts_eval_float(r->combine, r->acc, s->f, strip[k].f, 0);
    else
      (void)ts_eval_int(r->combine, r->acc, s->i, strip[k].i, &s->i);
  }
}

static void swap(int64_t *a, int64_t *b) {
  int64_t c = *a;
  *a = *b;
  *b = c;
}

/* Puts the dims in the order in which the operand (array 0) lies in memory. Those that the result (array 1) does
 * not move with keep their own, which is that of the terms of a sum. */
static void put_in_memory_order(ts_points *p) {
  for (unsigned n = 1; n < p->n; n++)
    for (unsigned d = n; d > 0 && p->by[0][d - 1] < p->by[0][d]; d--) {
      if (p->by[1][d - 1] == 0 && p->by[1][d] == 0) break;
      swap(&p->extents[d - 1], &p->extents[d]);
      for (unsigned k = 0; k < 2; k++)
        swap(&p->by[k][d - 1], &p->by[k][d]);
    }
}

static void take_all(const reduction *r, ts_points *p) {
  const ts_array *a = &r->e->in[0];
  ts_cell strip[TS_STRIP];
  unsigned outer = p->n ? p->n - 1 : 0;
  int64_t row = p->n ? p->extents[outer] : 1, from = p->by[0][outer], to = p->by[1][outer];
  do {
    for (int64_t j = 0; j < row; j += TS_STRIP) {
      unsigned n = (unsigned)ts_min(row - j, TS_STRIP);
      ts_memory_look(&r->e->ctx->memory);
      ts_strip_load(a->dtype, a->data, p->at[0] + j * from, from, n, strip);
      take_strip(r, strip, n, r->sums + p->at[1] + j * to, to);
    }
  } while (ts_points_next(p, 0, outer));
}

static ts_points points_of(const ts_eval *e) {
  ts_points p = ts_points_of(e->op, e->bindings);
  ts_points_add(&p, e->module, e->op, 0, e->in[0].dims);
  ts_points_add(&p, e->module, e->op, 1, e->out->dims);
  return p;
}

static void divide_all(const reduction *r, int64_t count, int64_t by) {
  double n = ts_round_to(r->acc, (double)by);
  for (int64_t i = 0; i < count; i++)
    r->sums[i].f = ts_round_to(r->acc, r->sums[i].f / n);
}

static void store_all(const reduction *r, int64_t count) {
  for (int64_t i = 0; i < count; i += TS_STRIP)
    ts_strip_store(r->e->out->dtype, r->e->out->data, i, (unsigned)ts_min(count - i, TS_STRIP),
                   r->sums + i);
}

ts_result ts_eval_reduce(ts_eval *e) {
  ts_opcode combine = (ts_opcode)ts_info(e->op)->combine;
  ts_dtype acc = ts_acc_dtype(e->op);
  reduction r = {.e = e, .combine = ts_scalar_with(combine, e->op), .acc = acc};
  ts_points p = points_of(e);
  int64_t count = ts_array_count(e->out), terms = 1;
  for (unsigned d = p.num_parallel; d < p.n; d++)
    terms *= p.extents[d];
  r.sums = ts_new_array(e->scratch, ts_cell, count);
  for (int64_t i = 0; i < count; i++)
    r.sums[i] = ts_neutral(r.combine, acc);
  put_in_memory_order(&p);
  take_all(&r, &p);
  if (e->op->opcode == TS_OP_REDUCE_MEAN) divide_all(&r, count, terms);
  store_all(&r, count);
  return TS_OK;
}

/* ---- softmax and layernorm: one lane of the axis at a time ---- */

typedef void lane_fn(const ts_eval *, ts_dtype acc, int64_t n, ts_cell *);

static void load_lane(const ts_array *a, ts_dtype dtype, int64_t at, int64_t stride, int64_t n,
                      ts_cell *lane) {
  for (int64_t i = 0; i < n; i += TS_STRIP)
    ts_strip_load(dtype, a->data, at + i * stride, stride, (unsigned)ts_min(n - i, TS_STRIP),
                  lane + i);
}

static void store_lane(ts_array *a, int64_t at, int64_t stride, int64_t n, const ts_cell *lane) {
  if (stride == 1) {
    for (int64_t i = 0; i < n; i += TS_STRIP)
      ts_strip_store(a->dtype, a->data, at + i, (unsigned)ts_min(n - i, TS_STRIP), lane + i);
    return;
  }
  for (int64_t i = 0; i < n; i++)
    ts_strip_store(a->dtype, a->data, at + i * stride, 1, lane + i);
}

static ts_result along_axis(ts_eval *e, lane_fn *fn) {
  unsigned axes[TS_MAX_RANK];
  (void)ts_op_axes(e->op, axes);
  lanes l = lanes_of(e->out, axes[0]);
  ts_dtype acc = ts_acc_dtype(e->op);
  ts_cell *lane = ts_new_array(e->scratch, ts_cell, l.n);
  for (int64_t o = 0; o < l.outer; o++)
    for (int64_t i = 0; i < l.inner; i++) {
      int64_t at = o * l.n * l.inner + i;
      ts_memory_look(&e->ctx->memory);
      load_lane(&e->in[0], e->out->dtype, at, l.inner, l.n, lane);
      fn(e, acc, l.n, lane);
      store_lane(e->out, at, l.inner, l.n, lane);
    }
  return TS_OK;
}

static void softmax_lane(const ts_eval *e, ts_dtype acc, int64_t n, ts_cell *x) {
  (void)e;
  double most = -INFINITY, sum = 0;
  for (int64_t i = 0; i < n; i++)
    most = ts_eval_float(TS_SCALAR_MAX, TS_F64, most, x[i].f, 0);
  for (int64_t i = 0; i < n; i++) {
    x[i].f = ts_round_to(acc, exp(ts_round_to(acc, x[i].f - most)));
    sum = ts_round_to(acc, sum + x[i].f);
  }
  for (int64_t i = 0; i < n; i++)
    x[i].f = ts_round_to(acc, x[i].f / sum);
}

ts_result ts_eval_softmax(ts_eval *e) { return along_axis(e, softmax_lane); }

static double mean_lane(ts_dtype acc, int64_t n, const ts_cell *x, bool squared) {
  double sum = 0;
  for (int64_t i = 0; i < n; i++) {
    double term = squared ? ts_round_to(acc, x[i].f * x[i].f) : x[i].f;
    sum = ts_round_to(acc, sum + term);
  }
  return ts_round_to(acc, sum / ts_round_to(acc, (double)n));
}

static void layernorm_lane(const ts_eval *e, ts_dtype acc, int64_t n, ts_cell *x) {
  double mean = mean_lane(acc, n, x, false);
  for (int64_t i = 0; i < n; i++)
    x[i].f = ts_round_to(acc, x[i].f - mean);
  double eps = ts_round_to(acc, ts_attr_float(e->op, TS_ATTR_EPS, 1e-5));
  double spread = ts_round_to(acc, sqrt(ts_round_to(acc, mean_lane(acc, n, x, true) + eps)));
  const ts_array *scale = e->op->num_plain > 1 ? &e->in[1] : NULL;
  const ts_array *shift = e->op->num_plain > 2 ? &e->in[2] : NULL;
  for (int64_t i = 0; i < n; i++) {
    double y = ts_round_to(acc, x[i].f / spread);
    if (scale) y = ts_round_to(acc, y * ts_array_get(scale, i));
    if (shift) y = ts_round_to(acc, y + ts_array_get(shift, i));
    x[i].f = y;
  }
}

ts_result ts_eval_layernorm(ts_eval *e) { return along_axis(e, layernorm_lane); }
