/* Running error analysis of tensor functions, op by op over whole tensors. Composite ops (softmax,
 * layernorm, fused ones) go through the same steps as their parts would, so the bound holds for
 * them fused or not. */
#include "exec/bound.h"

#include <math.h>

#include "exec/math.h"

typedef struct bounder {
  ts_context *ctx;
  ts_module *m;
  ts_arena *arena;
  const ts_bindings *bindings;
  ts_dtype acc;     /* or TS_NUM_DTYPES */
  double math_error;
  ts_ptrmap values; /* ts_value → ts_bounded */
} bounder;

/* ---- rounding ---- */

/* Unit roundoff, least positive number and largest finite number of a float type. */
typedef struct format {
  double u, tiny, huge;
} format;

static format format_of(ts_dtype d) {
  switch (d) {
  case TS_F64: return (format){0x1p-53, 0x1p-1074, 0x1.fffffffffffffp1023};
  case TS_F32: return (format){0x1p-24, 0x1p-149, 0x1.fffffep127};
  case TS_F16: return (format){0x1p-11, 0x1p-24, 65504.0};
  case TS_BF16: return (format){0x1p-8, 0x1p-133, 0x1.fep127};
  default: return (format){0, 0, INFINITY};
  }
}

/* The error of a value after it is rounded to a type. */
static double rounded(format f, double value, double error) {
  double reach = fabs(value) + error;
  if (!(reach <= f.huge)) return INFINITY;
  return error + f.u * reach + f.tiny / 2;
}

/* γ(n) of sums in type `d`; infinite once n u reaches 1. */
static double gamma_of(ts_dtype d, int64_t n) {
  double nu = (double)n * format_of(d).u;
  return nu < 1 ? nu / (1 - nu) : INFINITY;
}

static ts_dtype worst_acc(const bounder *b, const ts_op *op) {
  ts_dtype own = ts_acc_dtype(op);
  if (b->acc == TS_NUM_DTYPES || !ts_is_float(own)) return own;
  return format_of(b->acc).u > format_of(own).u ? b->acc : own;
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

static ts_bounded *of_array(bounder *b, const ts_array *a) {
  ts_bounded *t = new_tensor(b, a->dtype, a->rank, a->dims);
  for (int64_t i = 0; i < t->count; i++)
    t->value[i] = ts_array_get(a, i);
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

/* ---- one element ---- */

typedef struct number {
  double value, error;
} number;

static const number unknown = {0, INFINITY};

static number multiply(number a, number b) {
  return (number){a.value * b.value,
                  fabs(a.value) * b.error + a.error * fabs(b.value) + a.error * b.error};
}

static number divide(number a, number b) {
  double least = fabs(b.value) - b.error, q = a.value / b.value;
  if (b.error == 0 && a.error == 0) return (number){q, 0};
  if (!(least > 0)) return unknown;
  return (number){q, (a.error + fabs(q) * b.error) / least};
}

/* Functions of one number, as the largest change over [x - e, x + e]. The constants are the largest
 * slopes: of gelu 1.129 (at √2), of silu 1.0999, of erf 2/√π. */
static double carried(ts_opcode op, double x, double e) {
  if (e == 0) return 0;
  switch (op) {
  case TS_OP_NEG:
  case TS_OP_NEGF:
  case TS_OP_ABS:
  case TS_OP_RELU:
  case TS_OP_TANH: return e;
  case TS_OP_EXP: return exp(x) * expm1(e);
  case TS_OP_LOG: return x > e ? -log1p(-e / x) : INFINITY;
  case TS_OP_SQRT: return x > e ? e / sqrt(x) : INFINITY;
  case TS_OP_RSQRT: return x > e ? 1 / sqrt(x - e) - 1 / sqrt(x) : INFINITY;
  case TS_OP_ERF: return 1.1284 * e;
  case TS_OP_SIGMOID: return e / 4;
  case TS_OP_SILU: return 1.1 * e;
  case TS_OP_GELU: return 1.13 * e;
  case TS_OP_ROUNDEVEN: return ceil(e);
  default: return INFINITY;
  }
}

/* One elementwise op of either level, before its own rounding. */
static number element(const ts_op *op, bool tanh_form, number a, number b, number c) {
  switch (op->opcode) {
  case TS_OP_ADD:
  case TS_OP_ADDF:
  case TS_OP_ADDI: return (number){a.value + b.value, a.error + b.error};
  case TS_OP_SUB:
  case TS_OP_SUBF:
  case TS_OP_SUBI: return (number){a.value - b.value, a.error + b.error};
  case TS_OP_MUL:
  case TS_OP_MULF:
  case TS_OP_MULI: return multiply(a, b);
  case TS_OP_DIV:
  case TS_OP_DIVF: return divide(a, b);
  case TS_OP_MAX:
  case TS_OP_MAXF:
  case TS_OP_MAXI: return (number){ts_fmax(a.value, b.value), fmax(a.error, b.error)};
  case TS_OP_MIN:
  case TS_OP_MINF:
  case TS_OP_MINI: return (number){ts_fmin(a.value, b.value), fmax(a.error, b.error)};
  case TS_OP_FMA: {
    number p = multiply(a, b);
    return (number){p.value + c.value, p.error + c.error};
  }
  case TS_OP_NEG:
  case TS_OP_NEGF: return (number){-a.value, a.error};
  case TS_OP_CAST:
  case TS_OP_EXTF:
  case TS_OP_TRUNCF:
  case TS_OP_SITOFP:
  case TS_OP_FPTOSI:
  case TS_OP_EXTSI:
  case TS_OP_TRUNCI: return a;
  default:
    if (op->num_plain != 1 || carried((ts_opcode)op->opcode, 1, 0.5) == INFINITY) return unknown;
    return (number){ts_eval_float((ts_opcode)op->opcode, TS_F64, a.value, 0, 0, tanh_form),
                    carried((ts_opcode)op->opcode, a.value, a.error)};
  }
}

/* An op's result in its type: integers are exact unless an inexact operand may tip them over. */
static number settle(ts_dtype dtype, number x) {
  if (ts_is_float(dtype)) return (number){x.value, rounded(format_of(dtype), x.value, x.error)};
  return (number){trunc(x.value), x.error > 0 ? floor(x.error) + 1 : 0};
}

/* What a function of one number adds when it is not rounded correctly. An ULP of x is at most 2u|x|. */
static number inaccurate(const bounder *b, const ts_op *op, ts_dtype dtype, number x) {
  if (!(ts_info(op)->flags & TS_FLAG_MATH) || !(b->math_error > 0.5)) return x;
  format f = format_of(dtype == TS_F64 ? TS_F64 : TS_F32);
  double ulps = b->math_error - 0.5;
  return (number){x.value,
                  x.error + ulps * (2 * f.u * (fabs(x.value) + x.error) + f.tiny)};
}

static ts_bounded *elementwise(bounder *b, const ts_op *op, ts_dtype dtype, const ts_bounded *shape,
                               unsigned n, ts_bounded *const *in) {
  ts_bounded *out = new_tensor(b, dtype, shape->rank, shape->dims);
  bool tanh_form = ts_attr_word_is(b->m, op, TS_ATTR_APPROX, "tanh");
  if (n > 3) n = 0;
  for (int64_t i = 0; i < out->count; i++) {
    number x[3] = {{0, 0}};
    for (unsigned k = 0; k < n; k++) {
      int64_t at = broadcast_index(in[k], out, i);
      x[k] = (number){in[k]->value[at], in[k]->error[at]};
    }
    number y = n ? element(op, tanh_form, x[0], x[1], x[2]) : unknown;
    y = settle(dtype, inaccurate(b, op, dtype, y));
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

static ts_bounded *transpose(bounder *b, const ts_op *op, const ts_bounded *x) {
  ts_bounded *out = new_of_type(b, ts_op_result(op, 0)->type);
  const ts_attr *perm = ts_attr_find(op, TS_ATTR_PERM);
  int64_t strides[TS_MAX_RANK], stride = 1;
  for (unsigned k = x->rank; k-- > 0; stride *= x->dims[k])
    strides[k] = stride;
  for (int64_t i = 0; i < out->count; i++) {
    int64_t rest = i, at = 0;
    for (unsigned k = out->rank; k-- > 0; rest /= out->dims[k]) {
      unsigned swapped = k + 2 < out->rank ? k : 2 * out->rank - 3 - k;
      unsigned axis = perm ? (unsigned)perm->ints[k] : swapped;
      at += rest % out->dims[k] * strides[axis];
    }
    out->value[i] = x->value[at];
    out->error[i] = x->error[at];
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

/* Sums (or takes the largest) over axes, which stay with extent 1. */
static ts_bounded *reduce(bounder *b, const ts_bounded *x, unsigned n, const unsigned *axes,
                          bool max, ts_dtype acc) {
  int64_t dims[TS_MAX_RANK], length = 1;
  memcpy(dims, x->dims, sizeof dims);
  for (unsigned k = 0; k < n; k++) {
    length *= dims[axes[k]];
    dims[axes[k]] = 1;
  }
  ts_bounded *out = new_tensor(b, x->dtype, x->rank, dims);
  double *size = ts_new_array(b->arena, double, out->count); /* Σ|x| */
  for (int64_t i = 0; max && i < out->count; i++)
    out->value[i] = -INFINITY;
  for (int64_t i = 0; i < x->count; i++) {
    int64_t at = broadcast_index(out, x, i);
    size[at] += fabs(x->value[i]) + x->error[i];
    out->value[at] = max ? ts_fmax(out->value[at], x->value[i]) : out->value[at] + x->value[i];
    out->error[at] = max ? fmax(out->error[at], x->error[i]) : out->error[at] + x->error[i];
  }
  double gamma = max || !ts_is_float(x->dtype) ? 0 : gamma_of(acc, length);
  for (int64_t i = 0; gamma > 0 && i < out->count; i++)
    out->error[i] = rounded(format_of(x->dtype), out->value[i], out->error[i] + gamma * size[i]);
  return out;
}

static ts_bounded *mean(bounder *b, ts_bounded *x, unsigned n, const unsigned *axes, ts_dtype acc) {
  double length = 1;
  for (unsigned k = 0; k < n; k++)
    length *= (double)x->dims[axes[k]];
  ts_bounded *sum = reduce(b, x, n, axes, false, acc);
  return step(b, TS_OP_DIV, sum, exact_number(b, x->dtype, length));
}

static ts_bounded *reduction(bounder *b, const ts_op *op, ts_bounded *x) {
  unsigned axes[TS_MAX_RANK], n = ts_op_axes(op, axes);
  ts_dtype acc = op->opcode == TS_OP_REDUCE_MAX ? x->dtype : worst_acc(b, op);
  ts_bounded *r = op->opcode == TS_OP_REDUCE_MEAN
                      ? mean(b, x, n, axes, acc)
                      : reduce(b, x, n, axes, op->opcode == TS_OP_REDUCE_MAX, acc);
  return reshape(b, op, r); /* without keepdims the reduced axes go */
}

static ts_bounded *softmax(bounder *b, const ts_op *op, ts_bounded *x) {
  unsigned axes[TS_MAX_RANK], n = ts_op_axes(op, axes);
  ts_bounded *shifted = step(b, TS_OP_SUB, x, reduce(b, x, n, axes, true, x->dtype));
  ts_bounded *e = step(b, TS_OP_EXP, shifted, NULL);
  return step(b, TS_OP_DIV, e, reduce(b, e, n, axes, false, worst_acc(b, op)));
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
  unsigned axes[TS_MAX_RANK], n = ts_op_axes(op, axes);
  ts_dtype acc = worst_acc(b, op);
  ts_bounded *eps = exact_number(b, in[0]->dtype, ts_attr_float(op, TS_ATTR_EPS, 1e-5));
  ts_bounded *d = step(b, TS_OP_SUB, in[0], mean(b, in[0], n, axes, acc));
  ts_bounded *variance = mean(b, step(b, TS_OP_MUL, d, d), n, axes, acc);
  ts_bounded *deviation = step(b, TS_OP_SQRT, step(b, TS_OP_ADD, variance, eps), NULL);
  ts_bounded *y = step(b, TS_OP_DIV, d, deviation);
  if (op->num_plain > 1) y = step(b, TS_OP_MUL, y, along_axis(b, in[1], y, axes[0]));
  if (op->num_plain > 2) y = step(b, TS_OP_ADD, y, along_axis(b, in[2], y, axes[0]));
  return y;
}

/* ---- products ---- */

typedef struct product {
  const double *a, *ea, *w, *ew; /* one matrix each: values and errors */
  double *value, *error, *size;  /* one row of the result; size is Σ|a||w| */
  int64_t k, n;
} product;

static void multiply_row(const product *p) {
  for (int64_t k = 0; k < p->k; k++) {
    double a = p->a[k], e = p->ea[k], size = fabs(a) + e;
    const double *w = p->w + k * p->n, *ew = p->ew + k * p->n;
    for (int64_t j = 0; j < p->n; j++) {
      p->value[j] += a * w[j];
      p->error[j] += size * ew[j] + e * fabs(w[j]);
      p->size[j] += size * (fabs(w[j]) + ew[j]);
    }
  }
}

/* The matrix of a batched operand that element `batch` of the result's batches reads. */
static int64_t matrix_of(const ts_bounded *x, const ts_bounded *out, int64_t batch) {
  int64_t at = 0, stride = 1;
  for (unsigned k = 2; k < out->rank; k++) {
    int64_t extent = out->dims[out->rank - 1 - k], index = batch % extent;
    batch /= extent;
    if (k >= x->rank) break;
    int64_t own = x->dims[x->rank - 1 - k];
    if (own != 1) at += index * stride;
    stride *= own;
  }
  return at * x->dims[x->rank - 2] * x->dims[x->rank - 1];
}

/* x @ w to tensors of type `dtype`; `out` has the shape. */
static ts_bounded *matmul(bounder *b, ts_bounded *out, const ts_bounded *x, const ts_bounded *w,
                          ts_dtype acc) {
  int64_t m = out->dims[out->rank - 2], n = out->dims[out->rank - 1], k = x->dims[x->rank - 1];
  double *size = ts_new_array(b->arena, double, n);
  bool is_float = ts_is_float(out->dtype);
  double gamma = is_float ? gamma_of(acc, k) : 0;
  for (int64_t row = 0; row < out->count / n; row++) {
    int64_t a = matrix_of(x, out, row / m) + row % m * k, c = matrix_of(w, out, row / m);
    product p = {x->value + a,
                 x->error + a,
                 w->value + c,
                 w->error + c,
                 out->value + row * n,
                 out->error + row * n,
                 size,
                 k,
                 n};
    memset(size, 0, sizeof(double) * (size_t)n);
    multiply_row(&p);
    for (int64_t j = 0; is_float && j < n; j++)
      p.error[j] = rounded(format_of(out->dtype), p.value[j], p.error[j] + gamma * size[j]);
  }
  return out;
}

static ts_bounded *fused_mlp(bounder *b, const ts_op *op, ts_bounded *const *in) {
  ts_bounded *out = new_of_type(b, ts_op_result(op, 0)->type);
  ts_bounded *y = step(b, TS_OP_ADD, matmul(b, out, in[0], in[1], worst_acc(b, op)), in[2]);
  ts_opcode act = TS_NUM_OPCODES;
  const ts_attr *word = ts_attr_find(op, TS_ATTR_ACT);
  if (word) (void)ts_activation(ts_str_text(b->m, word->word), &act);
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
      number y = {(value - (double)zero) * scale, error * fabs(scale)};
      out->value[i] = y.value;
      out->error[i] = settle(out->dtype, y).error;
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
    (*out)->value[i] = ts_array_get(&a, data->form == TS_DATA_SPLAT ? 0 : i);
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
  bool multiplies = ts_attr_word_is(b->m, op, TS_ATTR_ROOT, "matmul");
  unsigned first = multiplies ? 2 : 0, arg = 0;
  if (multiplies) {
    ts_bounded *p = new_tensor(b, region->args[0]->type->dtype, shape->rank, shape->dims);
    ts_ptrmap_put(&b->values, region->args[arg++], matmul(b, p, in[0], in[1], worst_acc(b, op)));
  }
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
  switch (op->opcode) {
  case TS_OP_CONST: result = constant(b, op, &out); break;
  case TS_OP_CALL: return call(b, op, in);
  case TS_OP_FUSED: result = fused(b, op, in, &out); break;
  case TS_OP_FUSED_MLP: out = fused_mlp(b, op, in); break;
  case TS_OP_MATMUL: out = matmul(b, new_of_type(b, type), in[0], in[1], worst_acc(b, op)); break;
  case TS_OP_RESHAPE: out = reshape(b, op, in[0]); break;
  case TS_OP_TRANSPOSE: out = transpose(b, op, in[0]); break;
  case TS_OP_BROADCAST: out = broadcast_to(b, in[0], new_of_type(b, type)); break;
  case TS_OP_REDUCE_SUM:
  case TS_OP_REDUCE_MAX:
  case TS_OP_REDUCE_MEAN: out = reduction(b, op, in[0]); break;
  case TS_OP_SOFTMAX: out = softmax(b, op, in[0]); break;
  case TS_OP_LAYERNORM: out = layernorm(b, op, in); break;
  case TS_OP_QUANTIZE:
  case TS_OP_DEQUANTIZE: out = quantization(b, op, in[0]); break;
  default:
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
