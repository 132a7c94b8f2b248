/* Reductions and normalisations, step by step as docs/semantics.md has them: inputs go to the
 * accumulator type exactly, every step is rounded to it, elements come in ascending row-major
 * order. */
#include <math.h>

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
  ts_dtype acc;
  bool is_float;
  ts_cell *sums;                /* one for each element of the result */
  int64_t strides[TS_MAX_RANK]; /* of the result along the operand's axes; reduced ones 0 */
} reduction;

static ts_cell max_of(ts_cell a, ts_cell b, bool is_float) {
  if (is_float) return (ts_cell){.f = ts_eval_float(TS_SCALAR_MAX, TS_F64, a.f, b.f, 0)};
  return (ts_cell){.i = ts_max(a.i, b.i)};
}

static ts_cell sum_of(ts_cell a, ts_cell b, const reduction *r) {
  if (r->is_float) return (ts_cell){.f = ts_round_to(r->acc, a.f + b.f)};
  return (ts_cell){.i = ts_wrap_int(r->acc, (int64_t)((uint64_t)a.i + (uint64_t)b.i))};
}

static void take_strip(reduction *r, const ts_cell *strip, unsigned n, int64_t to, int64_t stride) {
  bool is_max = r->e->op->opcode == TS_OP_REDUCE_MAX;
  if (!is_max && r->is_float && r->acc == TS_F64) { /* nothing to round: the common case */
    for (unsigned k = 0; k < n; k++)
      r->sums[to + k * stride].f += strip[k].f;
    return;
  }
  for (unsigned k = 0; k < n; k++) {
    ts_cell *s = &r->sums[to + k * stride];
    *s = is_max ? max_of(*s, strip[k], r->is_float) : sum_of(*s, strip[k], r);
  }
}

/* Goes through the operand once in its own order, which for every sum is the order of its terms. */
static void take_all(reduction *r) {
  const ts_array *a = &r->e->in[0];
  ts_cell strip[TS_STRIP];
  int64_t index[TS_MAX_RANK] = {0}, to = 0, count = ts_array_count(a);
  unsigned inner = a->rank ? a->rank - 1 : 0;
  int64_t row = a->rank ? a->dims[inner] : 1, stride = a->rank ? r->strides[inner] : 0;
  for (int64_t at = 0; at < count; at += row) {
    for (int64_t j = 0; j < row; j += TS_STRIP) {
      unsigned n = (unsigned)ts_min(row - j, TS_STRIP);
      ts_strip_load(r->e->op->operands[0].value->type->dtype, a->data, at + j, 1, n, strip);
      take_strip(r, strip, n, to + j * stride, stride);
    }
    for (unsigned i = inner; i-- > 0;) {
      to += r->strides[i];
      if (++index[i] < a->dims[i]) break;
      to -= r->strides[i] * a->dims[i];
      index[i] = 0;
    }
  }
}

/* Strides of the result along the operand's axes; returns how many elements go into one. */
static int64_t set_strides(reduction *r) {
  const ts_array *a = &r->e->in[0];
  unsigned axes[TS_MAX_RANK], n = ts_op_axes(r->e->op, axes), set = 0;
  int64_t stride = 1, terms = 1;
  for (unsigned i = 0; i < n; i++)
    set |= 1u << axes[i];
  for (unsigned i = a->rank; i-- > 0;) {
    bool reduced = set >> i & 1;
    r->strides[i] = reduced ? 0 : stride;
    if (reduced)
      terms *= a->dims[i];
    else
      stride *= a->dims[i];
  }
  return terms;
}

static void store_all(reduction *r, int64_t count) {
  for (int64_t i = 0; i < count; i += TS_STRIP)
    ts_strip_store(r->e->out->dtype, r->e->out->data, i, (unsigned)ts_min(count - i, TS_STRIP),
                   r->sums + i);
}

ts_result ts_eval_reduce(ts_eval *e) {
  reduction r = {.e = e, .acc = ts_acc_dtype(e->op), .is_float = ts_is_float(e->in[0].dtype)};
  int64_t count = ts_array_count(e->out), terms = set_strides(&r);
  r.sums = ts_new_array(e->scratch, ts_cell, count);
  for (int64_t i = 0; e->op->opcode == TS_OP_REDUCE_MAX && i < count; i++) {
    if (r.is_float)
      r.sums[i].f = -INFINITY;
    else
      r.sums[i].i = INT64_MIN;
  }
  take_all(&r);
  if (e->op->opcode == TS_OP_REDUCE_MEAN) {
    double n = ts_round_to(r.acc, (double)terms);
    for (int64_t i = 0; i < count; i++)
      r.sums[i].f = ts_round_to(r.acc, r.sums[i].f / n);
  }
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
