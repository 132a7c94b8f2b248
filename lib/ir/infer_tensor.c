/* Type rules of the tensor ops: NumPy's shapes with batch axes in front, extents known or symbolic.
 *
 * Two symbolic extents are equal when they have the same name and at no other time; an extent of 1
 * broadcasts against anything. Scalar types never convert by themselves. */
#include <inttypes.h>
#include <math.h>

#include "ir/indexing.h"
#include "ir/infer_impl.h"

/* ---- shapes ---- */

static ts_extent extent_from_end(unsigned rank, const ts_extent *dims, unsigned i) {
  return i < rank ? dims[rank - 1 - i] : 1;
}

/* The broadcast of two shapes; false when they clash, with the clashing extents in `clash`. */
static bool broadcast(unsigned rank_a, const ts_extent *a, unsigned rank_b, const ts_extent *b,
                      unsigned *rank, ts_extent *dims, ts_extent clash[2]) {
  unsigned n = *rank = ts_max(rank_a, rank_b);
  for (unsigned i = 0; i < n; i++) {
    ts_extent x = extent_from_end(rank_a, a, i), y = extent_from_end(rank_b, b, i);
    if (x != y && x != 1 && y != 1) {
      clash[0] = x, clash[1] = y;
      return false;
    }
    dims[n - 1 - i] = x == 1 ? y : x;
  }
  return true;
}

bool ts_broadcast_dims(unsigned rank_a, const ts_extent *a, unsigned rank_b, const ts_extent *b,
                       unsigned *rank, ts_extent dims[TS_MAX_RANK]) {
  ts_extent clash[2];
  return broadcast(rank_a, a, rank_b, b, rank, dims, clash);
}

static bool same_dims(unsigned n, const ts_extent *a, const ts_extent *b) {
  for (unsigned i = 0; i < n; i++)
    if (a[i] != b[i]) return false;
  return true;
}

static const ts_type *clash_error(ts_inf *f, const ts_type *a, const ts_type *b,
                                  const ts_extent clash[2]) {
  const char *x = ts_extent_text(f->m, clash[0]), *y = ts_extent_text(f->m, clash[1]);
  return ts_inf_error(f, "%s and %s do not broadcast: extent %s against %s", a->text, b->text, x,
                      y);
}

/* ---- what rules ask of operands and attributes ---- */

/* The type of operand i, which must be a tensor; NULL: reported. */
static const ts_type *tensor_operand(ts_inf *f, unsigned i) {
  const ts_type *t = ts_inf_type(f, i);
  if (!t) return ts_inf_untold(f);
  if (t->kind == TS_TYPE_TENSOR) return t;
  return ts_inf_error(f, "operand %u of `%s` has type %s; it takes a tensor%s", i + 1,
                      ts_info(f->op)->name, t->text, ts_inf_other_level(f, t));
}

static const ts_type *float_tensor(ts_inf *f, unsigned i) {
  const ts_type *t = tensor_operand(f, i);
  if (!t || ts_is_float(t->dtype)) return t;
  return ts_inf_error(f, "`%s` takes a float type, not %s", ts_info(f->op)->name,
                      ts_dtype_name(t->dtype));
}

static const ts_type *number_tensor(ts_inf *f, unsigned i) {
  const ts_type *t = tensor_operand(f, i);
  if (!t || ts_is_number(t->dtype)) return t;
  return ts_inf_error(f, "`%s` takes numbers, not %s", ts_info(f->op)->name,
                      ts_dtype_name(t->dtype));
}

static bool same_dtypes(ts_inf *f, const ts_type *a, const ts_type *b) {
  if (a->dtype == b->dtype) return true;
  ts_inf_error(f, "`%s` of %s and %s: cast one of them", ts_info(f->op)->name, a->text, b->text);
  return false;
}

/* acc, when written, must hold the inputs exactly. */
static bool check_acc(ts_inf *f, ts_dtype input) {
  const ts_attr *acc = ts_attr_find(f->op, TS_ATTR_ACC);
  if (!acc) return true;
  if (ts_is_number(acc->dtype) && ts_dtype_holds(acc->dtype, input)) return true;
  ts_inf_error(f, "an accumulator of type %s does not hold %s inputs exactly",
               ts_dtype_name(acc->dtype), ts_dtype_name(input));
  return false;
}

/* The axes in the attribute lie within the rank and differ. */
static bool check_axes(ts_inf *f, const ts_type *t, unsigned most) {
  const ts_attr *axis = ts_attr_find(f->op, TS_ATTR_AXIS);
  if (!axis) return true;
  unsigned seen = 0;
  if (axis->n > most) {
    ts_inf_error(f, "`%s` takes %u ax%s, not %u", ts_info(f->op)->name, most,
                 most == 1 ? "is" : "es", axis->n);
    return false;
  }
  for (unsigned i = 0; i < axis->n; i++) {
    int64_t a = axis->ints[i], rank = t->rank;
    if (a < -rank || a >= rank) {
      ts_inf_error(f, "axis %" PRId64 " is outside the %u ax%s of %s", a, t->rank,
                   rank == 1 ? "is" : "es", t->text);
      return false;
    }
    unsigned bit = 1u << (a < 0 ? a + rank : a);
    if (seen & bit) {
      ts_inf_error(f, "axis %" PRId64 " is named twice", a);
      return false;
    }
    seen |= bit;
  }
  return true;
}

static bool check_approx(ts_inf *f, bool is_gelu) {
  const ts_attr *approx = ts_attr_find(f->op, TS_ATTR_APPROX);
  if (!approx) return true;
  if (!is_gelu)
    ts_inf_error(f, "`approx` belongs to `act = gelu`");
  else if (approx->i < 0)
    ts_inf_error(f, "approx = %s: it is none or tanh", ts_inf_word(f, TS_ATTR_APPROX));
  else
    return true;
  return false;
}

/* ---- shape ops ---- */

static bool data_fits(ts_inf *f, const ts_data *data, const ts_type *t) {
  int64_t n = ts_type_num_elements(t), bytes = ts_dtype_bytes(t->dtype);
  const char *text = t->text;
  if (data->form == TS_DATA_FILE && t->kind != TS_TYPE_TENSOR) {
    ts_inf_error(f, "a file gives a tensor, not %s", text);
  } else if (data->form != TS_DATA_SPLAT && n <= 0) {
    ts_inf_error(f, "only a splat can fill %s, whose extents are not all known", text);
  } else if (data->form == TS_DATA_SPLAT && data->num_bytes != (size_t)bytes) {
    ts_inf_error(f, "a splat of %zu bytes for elements of type %s", data->num_bytes,
                 ts_dtype_name(t->dtype));
  } else if (data->form == TS_DATA_DENSE && data->num_bytes / (size_t)bytes != (size_t)n) {
    ts_inf_error(f, "%zu elements for %s, which has %" PRId64, data->num_bytes / (size_t)bytes,
                 text, n);
  } else {
    return true;
  }
  return false;
}

const ts_type *ts_rule_const(ts_inf *f) {
  const ts_type *t = ts_inf_need_given(f, "tensor<4xf32>");
  if (!t) return NULL;
  if (t->kind != TS_TYPE_TENSOR && t->kind != TS_TYPE_SCALAR && t->kind != TS_TYPE_VECTOR)
    return ts_inf_error(f, "a constant of type %s: it takes a tensor, scalar or vector", t->text);
  const ts_attr *value = ts_attr_find(f->op, TS_ATTR_VALUE);
  if (!value) return ts_inf_error(f, "`const` has no value");
  return data_fits(f, value->data, t) ? t : NULL;
}

const ts_type *ts_rule_cast(ts_inf *f) {
  const ts_type *t = tensor_operand(f, 0);
  const ts_type *to = t ? ts_inf_need_given(f, "tensor<4xf32>") : NULL;
  if (!to) return NULL;
  return ts_type_with_dtype(f->m, t, to->dtype);
}

/* Are the numbers of elements equal? The known extents multiply to the same number and the symbolic
 * ones are the same, in any order. */
static bool same_count(const ts_type *a, const ts_type *b) {
  int64_t known[2] = {1, 1};
  ts_extent symbols[2][TS_MAX_RANK];
  unsigned n[2] = {0, 0};
  const ts_type *types[2] = {a, b};
  for (unsigned s = 0; s < 2; s++)
    for (unsigned i = 0; i < types[s]->rank; i++) {
      ts_extent e = types[s]->dims[i];
      if (ts_is_symbolic(e))
        symbols[s][n[s]++] = e;
      else if (__builtin_mul_overflow(known[s], e, &known[s]))
        return false;
    }
  if (known[0] != known[1] || n[0] != n[1]) return false;
  for (unsigned i = 0; i < n[0]; i++) {
    unsigned j = i;
    while (j < n[1] && symbols[1][j] != symbols[0][i])
      j++;
    if (j == n[1]) return false;
    symbols[1][j] = symbols[1][i];
  }
  return true;
}

const ts_type *ts_rule_reshape(ts_inf *f) {
  const ts_type *t = tensor_operand(f, 0);
  const ts_type *to = t ? ts_inf_need_given(f, "tensor<4x2xf32>") : NULL;
  if (!to) return NULL;
  if (to->kind != TS_TYPE_TENSOR || to->dtype != t->dtype)
    return ts_inf_error(f, "a reshape of %s cannot give %s", t->text, to->text);
  if (same_count(t, to)) return to;
  return ts_inf_error(f, "%s and %s have not the same number of elements", t->text, to->text);
}

/* Does perm name each axis once? */
static bool check_perm(ts_inf *f, const ts_type *t) {
  const ts_attr *perm = ts_attr_find(f->op, TS_ATTR_PERM);
  unsigned seen = 0;
  if (!perm && t->rank < 2) return ts_inf_refuse(f, "%s has no two axes to transpose", t->text);
  if (perm && perm->n != t->rank)
    return ts_inf_refuse(f, "perm has %u entries for the %u axes of %s", perm->n, t->rank, t->text);
  for (unsigned i = 0; perm && i < perm->n; i++) {
    int64_t p = perm->ints[i];
    if (p < 0 || p >= t->rank || seen >> p & 1)
      return ts_inf_refuse(f, "perm must name each axis from 0 to %u once; entry %u is %" PRId64,
                           t->rank - 1u, i, p);
    seen |= 1u << p;
  }
  return true;
}

void ts_op_perm(const ts_op *op, int64_t perm[TS_MAX_RANK]) {
  unsigned rank = ts_operand(op, 0)->type->rank;
  const ts_attr *a = ts_attr_find(op, TS_ATTR_PERM);
  for (unsigned i = 0; i < rank; i++)
    perm[i] = a ? a->ints[i] : i + 2 < rank ? i : 2 * rank - 3 - i;
}

const ts_type *ts_rule_transpose(ts_inf *f) {
  const ts_type *t = tensor_operand(f, 0);
  int64_t perm[TS_MAX_RANK];
  ts_extent dims[TS_MAX_RANK];
  if (!t || !check_perm(f, t)) return NULL;
  ts_op_perm(f->op, perm);
  for (unsigned i = 0; i < t->rank; i++)
    dims[i] = t->dims[perm[i]];
  return ts_type_tensor(f->m, t->rank, dims, t->dtype);
}

const ts_type *ts_rule_broadcast(ts_inf *f) {
  const ts_type *t = tensor_operand(f, 0);
  const ts_type *to = t ? ts_inf_need_given(f, "tensor<4x2xf32>") : NULL;
  if (!to) return NULL;
  ts_extent dims[TS_MAX_RANK], clash[2];
  unsigned rank;
  if (to->kind != TS_TYPE_TENSOR || to->dtype != t->dtype)
    return ts_inf_error(f, "a broadcast of %s cannot give %s", t->text, to->text);
  if (!broadcast(t->rank, t->dims, to->rank, to->dims, &rank, dims, clash))
    return clash_error(f, t, to, clash);
  if (rank == to->rank && same_dims(rank, dims, to->dims)) return to;
  return ts_inf_error(f, "%s does not broadcast to the smaller %s", t->text, to->text);
}

/* ---- elementwise ---- */

/* Operand i of a binary op: a tensor, or a literal of the scalar type. */
static bool tensor_or_literal(ts_inf *f, unsigned i) {
  if (ts_is_literal(ts_operand(f->op, i)) && ts_inf_type(f, i)->kind == TS_TYPE_SCALAR) return true;
  return tensor_operand(f, i) != NULL;
}

const ts_type *ts_rule_binary(ts_inf *f) {
  const ts_type *a = ts_inf_type(f, 0), *b = ts_inf_type(f, 1);
  if (!a || !b) {
    const ts_type *from = a ? a : b ? b : f->given;
    if (!from) return ts_inf_untold(f);
    const ts_type *scalar = ts_type_scalar(f->m, from->dtype);
    if (!ts_inf_settle(f, 0, scalar) || !ts_inf_settle(f, 1, scalar)) return NULL;
    a = ts_inf_type(f, 0), b = ts_inf_type(f, 1);
  }
  if (!tensor_or_literal(f, 0) || !tensor_or_literal(f, 1) || !same_dtypes(f, a, b)) return NULL;
  if (!ts_is_number(a->dtype))
    return ts_inf_error(f, "`%s` takes numbers, not %s", ts_info(f->op)->name,
                        ts_dtype_name(a->dtype));
  if (a == b && a->kind == TS_TYPE_TENSOR) return a;
  ts_extent dims[TS_MAX_RANK], clash[2];
  unsigned rank;
  if (!broadcast(a->rank, a->dims, b->rank, b->dims, &rank, dims, clash))
    return clash_error(f, a, b, clash);
  return ts_type_tensor(f->m, rank, dims, a->dtype);
}

/* The operand of an elementwise op of one operand: of a kind that the op's level has. */
static const ts_type *unary_operand(ts_inf *f) {
  const ts_type *t = ts_inf_type(f, 0);
  const ts_op_info *info = ts_info(f->op);
  if (!t) {
    if (!f->given) return ts_inf_untold(f);
    const ts_type *type =
        f->given->kind == TS_TYPE_VECTOR ? f->given : ts_type_scalar(f->m, f->given->dtype);
    if (!ts_inf_settle(f, 0, type)) return NULL;
    t = ts_inf_type(f, 0);
  }
  bool scalar = t->kind == TS_TYPE_SCALAR || t->kind == TS_TYPE_VECTOR;
  if (t->kind == TS_TYPE_TENSOR && (info->levels & TS_LEVEL_T)) return t;
  if (scalar && (info->levels & TS_LEVEL_L)) return t;
  const char *takes = info->levels == TS_LEVEL_TL  ? "a tensor, scalar or vector"
                      : info->levels == TS_LEVEL_T ? "a tensor"
                                                   : "a scalar or vector";
  return ts_inf_error(f, "operand 1 of `%s` has type %s; it takes %s%s", info->name, t->text, takes,
                      ts_inf_other_level(f, t));
}

const ts_type *ts_rule_unary(ts_inf *f) {
  const ts_type *t = unary_operand(f);
  if (!t || ts_is_number(t->dtype)) return t;
  return ts_inf_error(f, "`%s` takes numbers, not %s", ts_info(f->op)->name,
                      ts_dtype_name(t->dtype));
}

const ts_type *ts_rule_unary_f(ts_inf *f) {
  const ts_type *t = unary_operand(f);
  if (!t) return NULL;
  if (!ts_is_float(t->dtype))
    return ts_inf_error(f, "`%s` takes a float type, not %s", ts_info(f->op)->name,
                        ts_dtype_name(t->dtype));
  return f->op->num_attrs == 0 || check_approx(f, true) ? t : NULL;
}

/* ---- products ---- */

/* The type of a matmul's element: i8 products are summed in i32. */
static ts_dtype product_dtype(ts_dtype d) { return d == TS_I8 ? TS_I32 : d; }

/* The product of operands 0 and 1; NULL: reported. */
static const ts_type *product(ts_inf *f) {
  const ts_type *a = number_tensor(f, 0), *b = a ? number_tensor(f, 1) : NULL;
  if (!b || !same_dtypes(f, a, b) || !check_acc(f, a->dtype)) return NULL;
  const char *name = ts_info(f->op)->name;
  for (unsigned i = 0; i < 2; i++)
    if (ts_inf_type(f, i)->rank < 2)
      return ts_inf_error(f, "operand %u of `%s` has type %s; it takes at least two axes", i + 1,
                          name, ts_inf_type(f, i)->text);
  ts_extent k = a->dims[a->rank - 1], l = b->dims[b->rank - 2];
  if (k != l)
    return ts_inf_error(f, "inner extents of `%s` differ: %s in %s, %s in %s", name,
                        ts_extent_text(f->m, k), a->text, ts_extent_text(f->m, l), b->text);
  ts_extent dims[TS_MAX_RANK], clash[2];
  unsigned batch;
  if (!broadcast(a->rank - 2u, a->dims, b->rank - 2u, b->dims, &batch, dims, clash))
    return clash_error(f, a, b, clash);
  dims[batch] = a->dims[a->rank - 2];
  dims[batch + 1] = b->dims[b->rank - 1];
  return ts_type_tensor(f->m, batch + 2, dims, product_dtype(a->dtype));
}

const ts_type *ts_rule_matmul(ts_inf *f) { return product(f); }

bool ts_is_bias(const ts_type *bias, const ts_type *product) {
  if (bias->kind != TS_TYPE_TENSOR || bias->rank == 0 || bias->rank > product->rank) return false;
  for (unsigned i = 0; i + 1 < bias->rank; i++)
    if (bias->dims[i] != 1) return false;
  return bias->dims[bias->rank - 1] == product->dims[product->rank - 1];
}

/* act names one-operand elementwise op of both levels; integers have only none and relu. */
static bool check_act(ts_inf *f, ts_dtype dtype) {
  const ts_attr *a = ts_attr_find(f->op, TS_ATTR_ACT);
  int64_t code = a ? a->i : TS_NUM_OPCODES;
  const char *act = ts_attr_word(f->m, TS_ATTR_ACT, code);
  bool none = code == TS_NUM_OPCODES;
  if (!none && (code < 0 || !ts_is_activation((ts_opcode)code)))
    ts_inf_error(f,
                 "act = %s is no activation; it is none, relu, gelu, silu, sigmoid, tanh or "
                 "another math op",
                 act);
  else if (!none && code != TS_OP_RELU && !ts_is_float(dtype))
    ts_inf_error(f, "act = %s needs a float type; with %s it is none or relu", act,
                 ts_dtype_name(dtype));
  else
    return check_approx(f, code == TS_OP_GELU);
  return false;
}

const ts_type *ts_rule_fused_mlp(ts_inf *f) {
  const ts_type *t = product(f), *bias = t ? tensor_operand(f, 2) : NULL;
  if (!bias) return NULL;
  if (bias->dtype != t->dtype || !ts_is_bias(bias, t))
    return ts_inf_error(f, "a bias of type %s; this `fused_mlp` takes tensor<%sx%s>", bias->text,
                        ts_extent_text(f->m, t->dims[t->rank - 1]), ts_dtype_name(t->dtype));
  return check_act(f, t->dtype) ? t : NULL;
}

/* ---- reductions and normalisations ---- */

const ts_type *ts_rule_reduce(ts_inf *f) {
  const ts_type *t = f->op->opcode == TS_OP_REDUCE_MEAN ? float_tensor(f, 0) : number_tensor(f, 0);
  if (!t || !check_axes(f, t, t->rank) || !check_acc(f, t->dtype)) return NULL;
  unsigned axes[TS_MAX_RANK], n = ts_op_axes(f->op, axes), rank = 0, at = 0;
  ts_extent dims[TS_MAX_RANK];
  bool keep = ts_attr_find(f->op, TS_ATTR_KEEPDIMS) != NULL;
  for (unsigned i = 0; i < t->rank; i++) {
    bool reduced = at < n && axes[at] == i;
    if (reduced) at++;
    if (!reduced || keep) dims[rank++] = reduced ? 1 : t->dims[i];
  }
  return ts_type_tensor(f->m, rank, dims, t->dtype);
}

/* Softmax and layernorm work along one axis that the tensor must have. */
static const ts_type *along_one_axis(ts_inf *f) {
  const ts_type *t = float_tensor(f, 0);
  if (!t || !check_acc(f, t->dtype)) return NULL;
  if (t->rank == 0)
    return ts_inf_error(f, "`%s` works along an axis, and %s has none", ts_info(f->op)->name,
                        t->text);
  return check_axes(f, t, 1) ? t : NULL;
}

const ts_type *ts_rule_softmax(ts_inf *f) { return along_one_axis(f); }

const ts_type *ts_rule_layernorm(ts_inf *f) {
  const ts_type *t = along_one_axis(f);
  if (!t) return NULL;
  unsigned axes[TS_MAX_RANK];
  (void)ts_op_axes(f->op, axes);
  ts_extent e = t->dims[axes[0]];
  for (unsigned i = 1; i < f->op->num_plain; i++) {
    const ts_type *s = tensor_operand(f, i);
    if (!s) return NULL;
    if (s->dtype != t->dtype || s->rank != 1 || s->dims[0] != e)
      return ts_inf_error(f, "operand %u of `layernorm` has type %s, not tensor<%sx%s>", i + 1,
                          s->text, ts_extent_text(f->m, e), ts_dtype_name(t->dtype));
  }
  double eps = ts_attr_float(f->op, TS_ATTR_EPS, 1e-5);
  if (!(eps >= 0) || isinf(ts_round_to(ts_acc_dtype(f->op), eps)))
    return ts_inf_error(f, "eps must be a finite number from 0 up in %s, in which it accumulates",
                        ts_dtype_name(ts_acc_dtype(f->op)));
  return t;
}

/* As many as the axis has slices, or one for all. */
static bool check_slices(ts_inf *f, unsigned n, const char *what, bool has_axis, ts_extent want) {
  if (n == 1 || (has_axis && (ts_extent)n == want)) return true;
  if (!has_axis) return ts_inf_refuse(f, "%u %ss without an axis", n, what);
  return ts_inf_refuse(f, "%u %ss where the axis has extent %s", n, what,
                       ts_extent_text(f->m, want));
}

/* scale and zero_point: one, or one for each slice of axis. */
static bool check_steps(ts_inf *f, const ts_type *t) {
  const ts_attr *scale = ts_attr_find(f->op, TS_ATTR_SCALE);
  const ts_attr *zero = ts_attr_find(f->op, TS_ATTR_ZERO_POINT);
  unsigned axes[TS_MAX_RANK];
  if (!scale) return ts_inf_refuse(f, "`%s` needs a scale", ts_info(f->op)->name);
  if (!check_axes(f, t, 1)) return false;
  bool has_axis = ts_op_axes(f->op, axes) == 1;
  ts_extent want = has_axis ? t->dims[axes[0]] : 1;
  if (!check_slices(f, scale->n, "scale", has_axis, want) ||
      (zero && !check_slices(f, zero->n, "zero point", has_axis, want)))
    return false;
  for (unsigned i = 0; i < scale->n; i++)
    if (!(scale->floats[i] > 0) || isinf(scale->floats[i]))
      return ts_inf_error(f, "a scale must be a finite number above 0; entry %u is %g", i,
                          scale->floats[i]) != NULL;
  for (unsigned i = 0; zero && i < zero->n; i++)
    if (zero->ints[i] < -128 || zero->ints[i] > 127)
      return ts_inf_error(f, "a zero point lies in [-128, 127]; entry %u is %" PRId64, i,
                          zero->ints[i]) != NULL;
  return true;
}

const ts_type *ts_rule_quantize(ts_inf *f) {
  const ts_type *t = float_tensor(f, 0);
  return t && check_steps(f, t) ? ts_type_with_dtype(f->m, t, TS_I8) : NULL;
}

const ts_type *ts_rule_dequantize(ts_inf *f) {
  const ts_type *t = tensor_operand(f, 0);
  if (!t) return NULL;
  if (t->dtype != TS_I8) return ts_inf_error(f, "`dequantize` takes an i8 tensor, not %s", t->text);
  ts_dtype to = f->given && ts_is_float(f->given->dtype) ? (ts_dtype)f->given->dtype : TS_F32;
  return check_steps(f, t) ? ts_type_with_dtype(f->m, t, to) : NULL;
}

/* ---- fused ---- */

/* With root = matmul the first two operands become one operand, their product. */
static bool has_root(ts_inf *f, bool *root) {
  const ts_attr *a = ts_attr_find(f->op, TS_ATTR_ROOT);
  *root = a && a->i == TS_OP_MATMUL;
  if (a && !*root)
    return ts_inf_refuse(f, "root = %s: the only root is matmul", ts_inf_word(f, TS_ATTR_ROOT));
  if (!a && ts_attr_find(f->op, TS_ATTR_ACC))
    return ts_inf_refuse(f, "`acc` belongs to `root = matmul`");
  if (*root && f->op->num_plain < 2)
    return ts_inf_refuse(f, "a fused matmul takes at least 2 operands, not %u", f->op->num_plain);
  return true;
}

/* Region argument i must be a scalar of type `dtype`. */
static bool check_arg(ts_inf *f, const ts_block *body, unsigned i, ts_dtype dtype) {
  if (i >= body->num_args) return true;
  const ts_type *t = body->args[i]->type;
  if (t->kind == TS_TYPE_ERROR || t == ts_type_scalar(f->m, dtype)) return true;
  return ts_inf_refuse(f, "region argument %u has type %s, but the operand's elements are %s",
                       i + 1, t->text, ts_dtype_name(dtype));
}

/* The result's scalar type: of the region's yield. */
static const ts_type *yielded(ts_inf *f, const ts_block *body) {
  if (!body->last || body->last->opcode != TS_OP_YIELD)
    return ts_inf_error(f, "the region of `fused` must end with `yield`");
  const ts_type *t = body->last->num_plain ? ts_operand(body->last, 0)->type : NULL;
  if (!t) return ts_type_error(f->m); /* an error of the yield, reported there */
  if (t->kind == TS_TYPE_SCALAR || t->kind == TS_TYPE_ERROR) return t;
  return ts_inf_error(f, "the region of `fused` yields %s; it must be a scalar", t->text);
}

const ts_type *ts_rule_fused(ts_inf *f) {
  const ts_block *body = ts_op_regions(f->op)[0];
  bool root;
  if (!has_root(f, &root)) return NULL;
  const ts_type *t = root ? product(f) : tensor_operand(f, 0);
  if (!t || !check_arg(f, body, 0, t->dtype)) return NULL;
  unsigned rank = t->rank, first = root ? 2 : 1, args = f->op->num_plain - first + 1;
  if (body->num_args != args)
    return ts_inf_error(f, "the region of `fused` has %u argument%s for %u operand%s",
                        body->num_args, ts_plural(body->num_args), args, ts_plural(args));
  ts_extent dims[TS_MAX_RANK], clash[2];
  memcpy(dims, t->dims, sizeof(*dims) * rank);
  for (unsigned i = first; i < f->op->num_plain; i++) {
    const ts_type *u = tensor_operand(f, i);
    if (!u || !check_arg(f, body, i - first + 1, u->dtype)) return NULL;
    if (!broadcast(rank, dims, u->rank, u->dims, &rank, dims, clash))
      return clash_error(f, t, u, clash);
  }
  const ts_type *y = yielded(f, body);
  if (!y || y->kind == TS_TYPE_ERROR) return y;
  return ts_type_tensor(f->m, rank, dims, y->dtype);
}

/* ---- what the attributes mean ---- */

ts_dtype ts_default_acc(ts_dtype d) {
  return ts_is_float(d) ? TS_F64 : d == TS_I8 ? TS_I32 : TS_I64;
}

ts_dtype ts_acc_dtype(const ts_op *op) {
  const ts_attr *acc = ts_attr_find(op, TS_ATTR_ACC);
  ts_dtype d = ts_operand(op, 0)->type->dtype;
  if (acc) return acc->dtype;
  return ts_takes_attr(op->opcode, TS_ATTR_ACC) ? ts_default_acc(d) : d;
}

unsigned ts_op_axes(const ts_op *op, unsigned axes[TS_MAX_RANK]) {
  const ts_attr *axis = ts_attr_find(op, TS_ATTR_AXIS);
  unsigned rank = ts_operand(op, 0)->type->rank, n = 0, set = 0;
  if (axis)
    for (unsigned i = 0; i < axis->n; i++)
      set |= 1u << (axis->ints[i] < 0 ? axis->ints[i] + rank : axis->ints[i]);
  else if (ts_is_class(op, TS_OC_REDUCE))
    set = (1u << rank) - 1;
  else if (rank > 0 && ts_is_class(op, TS_OC_NORMALIZE))
    set = 1u << (rank - 1);
  for (unsigned i = 0; i < rank; i++)
    if (set >> i & 1) axes[n++] = i;
  return n;
}
