/* Running error analysis of tensor functions, op by op over whole tensors. Composite ops (softmax,
 * layernorm, fused ones) go through the same steps as their parts would, so the bound holds for
 * them fused or not. */
#include "check/bound.h"

#include <math.h>

#include "ir/scalar.h"
#include "eval/points.h"
#include "check/inexact.h"

typedef struct bounder {
  ts_context *ctx;
  ts_module *m;
  ts_arena *arena;
  const ts_bindings *bindings;
  ts_dtype acc; /* or TS_NUM_DTYPES */
  double math_error;
  ts_ptrmap values; /* ts_value → ts_bounded */
} bounder;

static ts_dtype worst_acc(const bounder *b, const ts_op *op) {
  ts_dtype own = ts_acc_dtype(op);
  if (b->acc == TS_NUM_DTYPES || !ts_is_float(own)) return own;
  return ts_bound_format(b->acc).u > ts_bound_format(own).u ? b->acc : own;
}

/* ---- tensors ---- */

static ts_bounded *new_tensor(bounder *b, ts_dtype dtype, unsigned rank, const int64_t *dims) {
  ts_bounded *t = ts_new(b->arena, ts_bounded);
  *t = (ts_bounded){.dtype = dtype, .rank = rank, .count = 1};
  for (unsigned i = 0; i < rank; i++)
    t->count *= t->dims[i] = dims[i];
  t->value = ts_new_array(b->arena, double, t->count);
  t->error = ts_new_array(b->arena, double, t->count);
  return t;
}

static ts_bounded *new_of_type(bounder *b, const ts_type *type) {
  int64_t dims[TS_MAX_RANK] = {0};
  unsigned rank = type->kind == TS_TYPE_TENSOR ? type->rank : 0;
  if (rank) ts_bound_dims(b->bindings, type, dims);
  return new_tensor(b, type->dtype, rank, dims);
}

static ts_bounded *exact_number(bounder *b, ts_dtype dtype, double x) {
  ts_bounded *t = new_tensor(b, dtype, 0, NULL);
  t->value[0] = x;
  return t;
}

static double exact_value(const ts_array *a, int64_t i) {
  double x = ts_array_get(a, i);
  return ts_is_float(a->dtype) ? x : ts_inexact_settle(a->dtype, (ts_inexact){x, 0}).value;
}

static ts_bounded *of_array(bounder *b, const ts_array *a) {
  ts_bounded *t = new_tensor(b, a->dtype, a->rank, a->dims);
  for (int64_t i = 0; i < t->count; i++)
    t->value[i] = exact_value(a, i);
  return t;
}

/* The element of `from`, broadcast to the shape of `to`, that stands at element i of `to`. */
static int64_t broadcast_index(const ts_bounded *from, const ts_bounded *to, int64_t i) {
  if (from->count == to->count) return i;
  if (from->count == 1) return 0;
  int64_t at = 0, stride = 1;
  for (unsigned k = 0; k < to->rank; k++) {
    unsigned axis = to->rank - 1 - k;
    int64_t index = i % to->dims[axis];
    i /= to->dims[axis];
    if (k >= from->rank) break;
    int64_t extent = from->dims[from->rank - 1 - k];
    if (extent != 1) at += index * stride;
    stride *= extent;
  }
  return at;
}

static ts_bounded *broadcast_to(bounder *b, const ts_bounded *from, const ts_bounded *shape) {
  ts_bounded *t = new_tensor(b, from->dtype, shape->rank, shape->dims);
  for (int64_t i = 0; i < t->count; i++) {
    int64_t at = broadcast_index(from, t, i);
    t->value[i] = from->value[at];
    t->error[i] = from->error[at];
  }
  return t;
}

static ts_bounded *elementwise(bounder *b, const ts_op *op, ts_dtype dtype, const ts_bounded *shape,
                               unsigned n, ts_bounded *const *in) {
  ts_bounded *out = new_tensor(b, dtype, shape->rank, shape->dims);
  if (n > 3) n = 0;
  for (int64_t i = 0; i < out->count; i++) {
    ts_inexact x[3] = {{0, 0}};
    for (unsigned k = 0; k < n; k++) {
      int64_t at = broadcast_index(in[k], out, i);
      x[k] = (ts_inexact){in[k]->value[at], in[k]->error[at]};
    }
    ts_inexact y = n ? ts_inexact_op(op, x[0], x[1], x[2]) : (ts_inexact){0, INFINITY};
    y = ts_inexact_settle(dtype, ts_inexact_math(b->math_error, op, dtype, y));
    out->value[i] = y.value;
    out->error[i] = y.error;
  }
  return out;
}

/* An elementwise op that stands in no text, of two operands that broadcast to the first. */
static ts_bounded *step(bounder *b, ts_opcode opcode, ts_bounded *x, ts_bounded *y) {
  const ts_op op = {.opcode = (uint16_t)opcode, .num_plain = y ? 2 : 1};
  return elementwise(b, &op, x->dtype, x, y ? 2 : 1, (ts_bounded *[]){x, y});
}

/* ---- shapes ---- */

static ts_bounded *moved(bounder *b, const ts_op *op, const ts_bounded *x) {
  ts_bounded *out = new_of_type(b, ts_op_result(op, 0)->type);
  ts_points p = ts_points_of(op, b->bindings);
  ts_points_add(&p, b->m, op, 0, x->dims);
  for (int64_t i = 0; i < out->count; i++) {
    out->value[i] = x->value[p.at[0]];
    out->error[i] = x->error[p.at[0]];
    (void)ts_points_next(&p, 0, p.n);
  }
  return out;
}

static ts_bounded *reshape(bounder *b, const ts_op *op, const ts_bounded *x) {
  ts_bounded *out = new_of_type(b, ts_op_result(op, 0)->type);
  memcpy(out->value, x->value, sizeof(double) * (size_t)x->count);
  memcpy(out->error, x->error, sizeof(double) * (size_t)x->count);
  return out;
}

/* ---- reductions ---- */

/* The extents that the reductions of a REDUCE or NORMALIZE op leave: those of the result, or of the operand with
 * 1 for the reduced axis. */
static ts_bounded *new_reduced(bounder *b, const ts_op *op, const ts_bounded *x) {
  unsigned axes[TS_MAX_RANK], n = ts_op_axes(op, axes);
  if (ts_is_class(op, TS_OC_REDUCE)) return new_of_type(b, ts_op_result(op, 0)->type);
  int64_t dims[TS_MAX_RANK];
  memcpy(dims, x->dims, sizeof dims);
  for (unsigned k = 0; k < n; k++)
    dims[axes[k]] = 1;
  return new_tensor(b, x->dtype, x->rank, dims);
}

/* The points of each element of `x`, which is laid out as operand 0 of `op`, combined. */
static ts_bounded *reduce(bounder *b, const ts_op *op, const ts_bounded *x, ts_opcode combine,
                          ts_dtype acc) {
  ts_bounded *out = new_reduced(b, op, x);
  const ts_op step_op = {.opcode = (uint16_t)combine, .num_plain = 2};
  bool exact = ts_scalar_infos[ts_scalar_of(&step_op)].exact;
  ts_points p = ts_points_of(op, b->bindings);
  ts_points_add(&p, b->m, op, 0, x->dims);
  for (int64_t i = 0; i < out->count; i++) {
    ts_inexact sum = {x->value[p.at[0]], x->error[p.at[0]]};
    double size = fabs(sum.value) + sum.error; /* Σ|x| */
    int64_t length = 1;
    for (; ts_points_next(&p, p.num_parallel, p.n); length++) {
      ts_inexact term = {x->value[p.at[0]], x->error[p.at[0]]};
      sum = ts_inexact_op(&step_op, sum, term, term);
      size += fabs(term.value) + term.error;
    }
    out->value[i] = sum.value;
    out->error[i] = sum.error;
    if (!exact && ts_is_float(x->dtype))
      out->error[i] = ts_bound_rounded(ts_bound_format(x->dtype), sum.value,
                                       sum.error + ts_bound_gamma(acc, length) * size);
    (void)ts_points_next(&p, 0, p.num_parallel);
  }
  return out;
}

static ts_bounded *mean(bounder *b, const ts_op *op, ts_bounded *x, ts_dtype acc) {
  ts_bounded *sum = reduce(b, op, x, TS_OP_ADD, acc);
  return step(b, TS_OP_DIV, sum, exact_number(b, x->dtype, (double)(x->count / sum->count)));
}

static ts_bounded *reduction(bounder *b, const ts_op *op, ts_bounded *x) {
  if (op->opcode == TS_OP_REDUCE_MEAN) return mean(b, op, x, worst_acc(b, op));
  return reduce(b, op, x, ts_info(op)->combine, worst_acc(b, op));
}

static ts_bounded *softmax(bounder *b, const ts_op *op, ts_bounded *x) {
  ts_dtype acc = worst_acc(b, op);
  ts_bounded *shifted = step(b, TS_OP_SUB, x, reduce(b, op, x, TS_OP_MAX, acc));
  ts_bounded *e = step(b, TS_OP_EXP, shifted, NULL);
  return step(b, TS_OP_DIV, e, reduce(b, op, e, TS_OP_ADD, acc));
}

/* Scale and shift lie along the normalised axis. */
static ts_bounded *along_axis(bounder *b, const ts_bounded *v, const ts_bounded *x, unsigned axis) {
  int64_t dims[TS_MAX_RANK];
  for (unsigned i = 0; i < x->rank; i++)
    dims[i] = i == axis ? x->dims[i] : 1;
  ts_bounded *out = new_tensor(b, v->dtype, x->rank, dims);
  memcpy(out->value, v->value, sizeof(double) * (size_t)v->count);
  memcpy(out->error, v->error, sizeof(double) * (size_t)v->count);
  return out;
}

static ts_bounded *layernorm(bounder *b, const ts_op *op, ts_bounded *const *in) {
  unsigned axes[TS_MAX_RANK];
  ts_dtype acc = worst_acc(b, op);
  (void)ts_op_axes(op, axes);
  ts_bounded *eps = exact_number(b, in[0]->dtype, ts_attr_float(op, TS_ATTR_EPS, 1e-5));
  ts_bounded *d = step(b, TS_OP_SUB, in[0], mean(b, op, in[0], acc));
  ts_bounded *variance = mean(b, op, step(b, TS_OP_MUL, d, d), acc);
  ts_bounded *deviation = step(b, TS_OP_SQRT, step(b, TS_OP_ADD, variance, eps), NULL);
  ts_bounded *y = step(b, TS_OP_DIV, d, deviation);
  if (op->num_plain > 1) y = step(b, TS_OP_MUL, y, along_axis(b, in[1], y, axes[0]));
  if (op->num_plain > 2) y = step(b, TS_OP_ADD, y, along_axis(b, in[2], y, axes[0]));
  return y;
}

/* ---- products ---- */

/* Neighbouring columns of the result, and what a reduced point adds to them: products of one element of the left
 * factor and neighbours of the right. */
typedef struct columns {
  const double *a, *ea, *w, *ew; /* values and errors */
  double *value, *error, *size;  /* size is Σ|a||w| */
  int64_t n;
} columns;

static void multiply(const columns *c) {
  double a = *c->a, e = *c->ea, size = fabs(a) + e;
  const double *w = c->w, *ew = c->ew;
  for (int64_t j = 0; j < c->n; j++) {
    c->value[j] += a * w[j];
    c->error[j] += size * ew[j] + e * fabs(w[j]);
    c->size[j] += size * (fabs(w[j]) + ew[j]);
  }
}

/* Adds the reduced points of the row that the point at hand begins; `n` columns from `at` on. */
static void multiply_row(ts_points *p, const ts_bounded *x, const ts_bounded *w, ts_bounded *out,
                         int64_t at, int64_t n, double *size) {
  unsigned last = p->num_parallel - 1;
  int64_t a_by = p->by[0][last], w_by = p->by[1][last];
  int64_t together = a_by == 0 && w_by == 1 ? n : 1;
  do
    for (int64_t j = 0; j < n; j += together) {
      int64_t i = p->at[0] + j * a_by, k = p->at[1] + j * w_by;
      multiply(&(columns){x->value + i, x->error + i, w->value + k, w->error + k,
                          out->value + at + j, out->error + at + j, size + j, together});
    }
  while (ts_points_next(p, p->num_parallel, p->n));
}

/* The sums of products of a PRODUCT op, as elements of `dtype` in the shape of its result. */
static ts_bounded *product(bounder *b, const ts_op *op, ts_bounded *const *in, ts_dtype dtype) {
  ts_bounded *out = new_of_type(b, ts_op_result(op, 0)->type);
  ts_points p = ts_points_of(op, b->bindings);
  out->dtype = dtype;
  for (unsigned i = 0; i < 2; i++)
    ts_points_add(&p, b->m, op, i, in[i]->dims);
  int64_t n = p.extents[p.num_parallel - 1], terms = 1;
  for (unsigned d = p.num_parallel; d < p.n; d++)
    terms *= p.extents[d];
  double *size = ts_new_array(b->arena, double, n);
  double gamma = ts_is_float(dtype) ? ts_bound_gamma(worst_acc(b, op), terms) : 0;
  for (int64_t at = 0; at < out->count; at += n) {
    memset(size, 0, sizeof(double) * (size_t)n);
    multiply_row(&p, in[0], in[1], out, at, n, size);
    for (int64_t j = 0; ts_is_float(dtype) && j < n; j++)
      out->error[at + j] = ts_bound_rounded(ts_bound_format(dtype), out->value[at + j],
                                            out->error[at + j] + gamma * size[j]);
    (void)ts_points_next(&p, 0, p.num_parallel - 1);
  }
  return out;
}

static ts_bounded *fused_mlp(bounder *b, const ts_op *op, ts_bounded *const *in) {
  ts_bounded *y = step(b, TS_OP_ADD, product(b, op, in, ts_op_result(op, 0)->type->dtype), in[2]);
  ts_opcode act = ts_op_activation(op);
  if (act == TS_NUM_OPCODES) return y;
  ts_op activation = *op; /* for its approx attribute */
  activation.opcode = (uint16_t)act;
  activation.num_plain = 1;
  return elementwise(b, &activation, y->dtype, y, 1, &y);
}

/* ---- quantization ---- */

/* The scale or zero point for element i: one for all, or one a slice of the axis. */
static int64_t slice_of(const ts_op *op, const ts_bounded *x, int64_t i) {
  unsigned axes[TS_MAX_RANK];
  if (!ts_attr_find(op, TS_ATTR_AXIS) || ts_op_axes(op, axes) != 1) return 0;
  for (unsigned k = x->rank; --k > axes[0];)
    i /= x->dims[k];
  return i % x->dims[axes[0]];
}

static ts_bounded *quantization(bounder *b, const ts_op *op, const ts_bounded *x) {
  ts_bounded *out = new_of_type(b, ts_op_result(op, 0)->type);
  const ts_attr *scales = ts_attr_find(op, TS_ATTR_SCALE),
                *zeros = ts_attr_find(op, TS_ATTR_ZERO_POINT);
  for (int64_t i = 0; i < x->count; i++) {
    int64_t slice = slice_of(op, x, i);
    double scale = scales->floats[scales->n > 1 ? slice : 0];
    int64_t zero = zeros ? zeros->ints[zeros->n > 1 ? slice : 0] : 0;
    double value = x->value[i], error = x->error[i];
    if (op->opcode == TS_OP_QUANTIZE) {
      out->value[i] = (double)ts_quantize(value, scale, zero);
      out->error[i] = error > 0 ? floor(error / fabs(scale)) + 1 : 0;
    } else {
      ts_inexact y = {(value - (double)zero) * scale, error * fabs(scale)};
      out->value[i] = y.value;
      out->error[i] = ts_inexact_settle(out->dtype, y).error;
    }
  }
  return out;
}

/* ---- constants ---- */

static ts_result constant(bounder *b, const ts_op *op, ts_bounded **out) {
  const ts_data *data = ts_attr_find(op, TS_ATTR_VALUE)->data;
  ts_array a = {0};
  if (data->form == TS_DATA_FILE) {
    ts_result result = ts_array_read(b->ctx, data->path, &a);
    if (result) return result;
    *out = of_array(b, &a);
    ts_array_drop(b->ctx, &a);
    return TS_OK;
  }
  *out = new_of_type(b, ts_op_result(op, 0)->type);
  a = (ts_array){.dtype = (*out)->dtype, .data = (void *)data->bytes};
  for (int64_t i = 0; i < (*out)->count; i++)
    (*out)->value[i] = exact_value(&a, data->form == TS_DATA_SPLAT ? 0 : i);
  return TS_OK;
}

/* ---- ops in order ---- */

static ts_result bound_op(bounder *b, const ts_op *op, ts_bounded *shape);

static ts_bounded *value_of(bounder *b, const ts_value *v) {
  if (!ts_is_literal(v)) return ts_ptrmap_get(&b->values, v);
  return exact_number(b, v->type->dtype, ts_literal_as_double(v));
}

/* The region runs on whole tensors of the result's shape: an element's parts are then whole too. */
static ts_result fused(bounder *b, const ts_op *op, ts_bounded *const *in, ts_bounded **out) {
  ts_bounded *shape = new_of_type(b, ts_op_result(op, 0)->type);
  ts_block *region = ts_op_regions(op)[0];
  bool multiplies = ts_attr_find(op, TS_ATTR_ROOT) != NULL;
  unsigned first = multiplies ? 2 : 0, arg = 0;
  if (multiplies)
    ts_ptrmap_put(&b->values, region->args[arg++],
                  product(b, op, in, region->args[0]->type->dtype));
  for (unsigned i = first; i < op->num_plain && arg < region->num_args; i++)
    ts_ptrmap_put(&b->values, region->args[arg++], broadcast_to(b, in[i], shape));
  for (const ts_op *o = region->first; o && o != region->last; o = o->next) {
    ts_result result = bound_op(b, o, shape);
    if (result) return result;
  }
  *out = broadcast_to(b, value_of(b, ts_operand(region->last, 0)), shape);
  return TS_OK;
}

static ts_result call(bounder *b, const ts_op *op, ts_bounded *const *in);

/* One op; `shape` is NULL but inside a fused region. */
static ts_result bound_op(bounder *b, const ts_op *op, ts_bounded *shape) {
  ts_bounded **in = ts_new_array(b->arena, ts_bounded *, op->num_plain), *out = NULL;
  for (unsigned i = 0; i < op->num_plain; i++)
    in[i] = value_of(b, ts_operand(op, i));
  const ts_type *type = op->num_results ? ts_op_result(op, 0)->type : NULL;
  ts_result result = TS_OK;
  switch (ts_info(op)->class) {
  case TS_OC_CONSTANT: result = constant(b, op, &out); break;
  case TS_OC_CALL: return call(b, op, in);
  case TS_OC_FUSED: result = fused(b, op, in, &out); break;
  case TS_OC_PRODUCT:
    out = op->opcode == TS_OP_FUSED_MLP ? fused_mlp(b, op, in) : product(b, op, in, type->dtype);
    break;
  case TS_OC_VIEW: out = ts_has_maps(op) ? moved(b, op, in[0]) : reshape(b, op, in[0]); break;
  case TS_OC_REDUCE: out = reduction(b, op, in[0]); break;
  case TS_OC_NORMALIZE:
    out = op->opcode == TS_OP_SOFTMAX ? softmax(b, op, in[0]) : layernorm(b, op, in);
    break;
  case TS_OC_QUANTIZE: out = quantization(b, op, in[0]); break;
  default:
    if (!ts_is_pointwise(op)) ts_unreachable("an op that has no bound");
    out = elementwise(b, op, type->dtype, shape ? shape : new_of_type(b, type), op->num_plain, in);
  }
  if (!result) ts_ptrmap_put(&b->values, ts_op_result(op, 0), out);
  return result;
}

/* Up to the return, whose operands' bounds are left in `results`. */
static ts_result bound_func(bounder *b, const ts_func *f, ts_bounded **results) {
  for (const ts_op *op = f->body->first; op; op = op->next) {
    if (op->opcode == TS_OP_RETURN) {
      for (unsigned i = 0; i < op->num_plain; i++)
        results[i] = value_of(b, ts_operand(op, i));
      return TS_OK;
    }
    ts_result result = bound_op(b, op, NULL);
    if (result) return result;
  }
  return TS_OK;
}

/* The callee's extents are bound by the shapes it is called with. */
static ts_result call(bounder *b, const ts_op *op, ts_bounded *const *in) {
  const ts_func *f = ts_func_find(b->m, ts_attr_find(op, TS_ATTR_CALLEE)->word);
  ts_array *shapes = ts_new_array(b->arena, ts_array, op->num_plain + f->num_results);
  ts_bindings bindings = {0};
  bounder inner = *b;
  ts_ptrmap_init(&inner.values, b->arena);
  for (unsigned i = 0; i < op->num_plain; i++) {
    shapes[i] = (ts_array){.dtype = in[i]->dtype, .rank = in[i]->rank, .data = in[i]->value};
    memcpy(shapes[i].dims, in[i]->dims, sizeof shapes[i].dims);
    ts_ptrmap_put(&inner.values, f->body->args[i], in[i]);
  }
  ts_result result = ts_bind(b->ctx, f, shapes, NULL, &bindings);
  inner.bindings = &bindings;
  ts_bounded **results = ts_new_array(b->arena, ts_bounded *, f->num_results);
  if (!result) result = bound_func(&inner, f, results);
  for (unsigned i = 0; !result && i < f->num_results; i++)
    ts_ptrmap_put(&b->values, ts_op_result(op, i), results[i]);
  return result;
}

typedef struct bound_args {
  bounder b;
  const ts_func *f;
  const ts_array *args;
  ts_bounded *results;
} bound_args;

static ts_result bound_body(void *arg) {
  bound_args *a = arg;
  ts_ptrmap_init(&a->b.values, a->b.arena);
  for (uint32_t i = 0; i < a->f->body->num_args; i++)
    ts_ptrmap_put(&a->b.values, a->f->body->args[i], of_array(&a->b, &a->args[i]));
  ts_bounded **results = ts_new_array(a->b.arena, ts_bounded *, a->f->num_results);
  ts_result result = bound_func(&a->b, a->f, results);
  for (uint32_t i = 0; !result && i < a->f->num_results; i++)
    a->results[i] = *results[i];
  return result;
}

ts_result ts_bound_results(ts_context *ctx, ts_arena *arena, const ts_func *f, const ts_array *args,
                           const ts_bindings *bindings, ts_dtype acc, double math_error,
                           ts_bounded *results) {
  bound_args a = {{ctx, f->module, arena, bindings, acc, math_error, {0}}, f, args, results};
  return ts_protect(ctx, bound_body, &a);
}
