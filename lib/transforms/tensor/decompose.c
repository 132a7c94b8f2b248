/* decompose: ops that stand for a formula become the formula, and fused ops their parts.
 *
 * requires:  tensor functions.
 * preserves: the meaning in docs/semantics.md. Every step is computed in the accumulator type
 *            between explicit casts and rounded once, so softmax, layernorm, reduce_mean, relu,
 *            quantize, dequantize, fused_mlp and fused keep every bit. sigmoid, silu and gelu go by
 *            way of f64: before the last rounding they may be off by a few ULP of f64, and gelu's
 *            erf form for x < -5 by |x| * 2^-53 (the erfc that avoids it is no op of the language).
 * rewrite:   softmax x → m = reduce_max x; e = exp(x - m); e / reduce_sum e   and so on, below.
 *
 * What it cannot take apart it leaves alone with a missed remark: the mean over a symbolic extent,
 * activations whose result stays f64, and fused regions with select, comparisons, fma or roundeven.
 * `ops` chooses by name; empty means all. */
#include <math.h>

#include "ir/scalar.h"
#include "transforms/rewrite/rewrite.h"

typedef struct decomposer {
  ts_pass_ctx *pass;
  ts_module *m;
  ts_builder b; /* before the op at hand */
} decomposer;

/* ---- a vocabulary for formulas ---- */

static ts_value *result(const ts_op *op) { return ts_op_result(op, 0); }

static ts_value *un(decomposer *d, ts_opcode op, ts_value *x) {
  return ts_build1(&d->b, op, x->type, x);
}

static ts_value *bin(decomposer *d, ts_opcode op, ts_value *x, ts_value *y) {
  return ts_build_infer(&d->b, op, 2, (ts_value *[]){x, y}, 0, NULL);
}

/* A literal of the element type of `like`. */
static ts_value *num(decomposer *d, const ts_value *like, double x) {
  return ts_literal_float(d->m, ts_type_scalar(d->m, like->type->dtype), x);
}

static ts_value *cast(decomposer *d, ts_value *x, ts_dtype to) {
  return ts_build_cast(&d->b, x, to);
}

static ts_value *missed(decomposer *d, const ts_op *op, const char *why) {
  ts_remark(d->m->ctx, op->loc, d->pass->name, "missed", "%s stays: %s", ts_info(op)->name, why);
  return NULL;
}

/* A reduction of `x` over the axes of `op`, in the type of x, which is also its accumulator. */
static ts_value *reduce(decomposer *d, ts_opcode code, ts_value *x, const ts_op *op,
                        bool keepdims) {
  unsigned axes[TS_MAX_RANK], n = ts_op_axes(op, axes);
  int64_t *ints = ts_new_array(&d->m->arena, int64_t, n + 1);
  ts_attr attrs[3];
  unsigned k = 0;
  for (unsigned i = 0; i < n; i++)
    ints[i] = axes[i];
  if (ts_takes_attr(code, TS_ATTR_ACC) && x->type->dtype != TS_F64)
    attrs[k++] = (ts_attr){.key = TS_ATTR_ACC, .dtype = x->type->dtype};
  if (n) attrs[k++] = (ts_attr){.key = TS_ATTR_AXIS, .n = n, .bare = n == 1, .ints = ints};
  if (keepdims) attrs[k++] = (ts_attr){.key = TS_ATTR_KEEPDIMS};
  return ts_build_infer(&d->b, code, 1, &x, k, attrs);
}

/* How many elements the axes of `op` hold together; 0 when an extent is symbolic or it is past
 * 2^53. */
static int64_t reduced_count(const ts_op *op) {
  unsigned axes[TS_MAX_RANK], n = ts_op_axes(op, axes);
  int64_t count = 1;
  for (unsigned i = 0; i < n; i++) {
    ts_extent e = ts_operand(op, 0)->type->dims[axes[i]];
    if (ts_is_symbolic(e) || __builtin_mul_overflow(count, e, &count)) return 0;
  }
  return count <= INT64_C(1) << 53 ? count : 0;
}

/* ---- reductions ---- */

static ts_value *decompose_softmax(decomposer *d, ts_op *op) {
  ts_value *x = cast(d, ts_operand(op, 0), ts_acc_dtype(op));
  ts_value *max = reduce(d, TS_OP_REDUCE_MAX, x, op, true);
  ts_value *e = un(d, TS_OP_EXP, bin(d, TS_OP_SUB, x, max));
  ts_value *y = bin(d, TS_OP_DIV, e, reduce(d, TS_OP_REDUCE_SUM, e, op, true));
  return cast(d, y, result(op)->type->dtype);
}

/* The mean in the accumulator type: a sum divided by the count. Where the count is not known, the
 * reduce_mean of that type, which stays. */
static ts_value *mean(decomposer *d, ts_value *x, const ts_op *op, bool keepdims) {
  int64_t n = reduced_count(op);
  if (n == 0) return reduce(d, TS_OP_REDUCE_MEAN, x, op, keepdims);
  ts_value *sum = reduce(d, TS_OP_REDUCE_SUM, x, op, keepdims);
  return bin(d, TS_OP_DIV, sum, num(d, sum, ts_round_to(x->type->dtype, (double)n)));
}

static ts_value *decompose_reduce_mean(decomposer *d, ts_op *op) {
  if (reduced_count(op) == 0) return missed(d, op, "the number of elements is not known here");
  ts_value *x = cast(d, ts_operand(op, 0), ts_acc_dtype(op));
  ts_value *y = mean(d, x, op, ts_attr_find(op, TS_ATTR_KEEPDIMS) != NULL);
  return cast(d, y, result(op)->type->dtype);
}

/* A per-slice vector laid along axis `axis` of `like`, so that it broadcasts there. */
static ts_value *along(decomposer *d, ts_value *v, const ts_type *like, unsigned axis) {
  unsigned rank = like->rank - axis;
  ts_extent dims[TS_MAX_RANK];
  if (rank == 1) return v;
  for (unsigned i = 0; i < rank; i++)
    dims[i] = i == 0 ? v->type->dims[0] : 1;
  const ts_type *type = ts_type_tensor(d->m, rank, dims, v->type->dtype);
  return ts_build1(&d->b, TS_OP_RESHAPE, type, v);
}

static ts_value *decompose_layernorm(decomposer *d, ts_op *op) {
  ts_dtype acc = ts_acc_dtype(op);
  unsigned axes[TS_MAX_RANK];
  (void)ts_op_axes(op, axes);
  ts_value *x = cast(d, ts_operand(op, 0), acc);
  ts_value *dev = bin(d, TS_OP_SUB, x, mean(d, x, op, true));
  ts_value *var = mean(d, bin(d, TS_OP_MUL, dev, dev), op, true);
  double eps = ts_round_to(acc, ts_attr_float(op, TS_ATTR_EPS, 1e-5));
  ts_value *root = un(d, TS_OP_SQRT, bin(d, TS_OP_ADD, var, num(d, var, eps)));
  ts_value *y = bin(d, TS_OP_DIV, dev, root);
  for (unsigned i = 1; i < op->num_plain; i++) {
    ts_value *v = along(d, cast(d, ts_operand(op, i), acc), x->type, axes[0]);
    y = bin(d, i == 1 ? TS_OP_MUL : TS_OP_ADD, y, v);
  }
  return cast(d, y, result(op)->type->dtype);
}

/* ---- activations ---- */

/* max(x, 0): the two agree on NaN and on -0.0, which becomes 0.0. */
static ts_value *decompose_relu(decomposer *d, ts_op *op) {
  ts_value *x = ts_operand(op, 0);
  const ts_type *scalar = ts_type_scalar(d->m, x->type->dtype);
  bool flt = ts_is_float(x->type->dtype);
  ts_value *zero = flt ? ts_literal_float(d->m, scalar, 0) : ts_literal_int(d->m, scalar, 0);
  return bin(d, TS_OP_MAX, x, zero);
}

/* 1 + exp(-x) */
static ts_value *one_plus_exp_minus(decomposer *d, ts_value *x) {
  ts_value *e = un(d, TS_OP_EXP, un(d, TS_OP_NEG, x));
  return bin(d, TS_OP_ADD, e, num(d, e, 1));
}

/* x where x is a factor that goes against a vanishing one: from -1000 down every activation is
 * -0.0, but -inf * 0 would be NaN. */
static ts_value *bounded(decomposer *d, ts_value *x) {
  return bin(d, TS_OP_MAX, x, num(d, x, -1000));
}

/* Whether the last ULPs of an f64 activation are rounded away: elements of another type are, and f64
 * ones that are only read as a narrower type. */
static bool is_narrowed(const ts_op *op) {
  if (result(op)->type->dtype != TS_F64) return true;
  for (const ts_use *u = result(op)->uses; u; u = u->next) {
    bool cast_away = u->owner->opcode == TS_OP_CAST;
    if (!cast_away || result(u->owner)->type->dtype == TS_F64) return false;
  }
  return true;
}

static ts_value *too_precise(decomposer *d, const ts_op *op) {
  return missed(d, op, "an f64 result would be rounded more than once");
}

static ts_value *decompose_sigmoid(decomposer *d, ts_op *op) {
  if (!is_narrowed(op)) return too_precise(d, op);
  ts_value *x = cast(d, ts_operand(op, 0), TS_F64);
  ts_value *y = bin(d, TS_OP_DIV, num(d, x, 1), one_plus_exp_minus(d, x));
  return cast(d, y, result(op)->type->dtype);
}

static ts_value *decompose_silu(decomposer *d, ts_op *op) {
  if (!is_narrowed(op)) return too_precise(d, op);
  ts_value *x = cast(d, ts_operand(op, 0), TS_F64);
  ts_value *y = bin(d, TS_OP_DIV, bounded(d, x), one_plus_exp_minus(d, x));
  return cast(d, y, result(op)->type->dtype);
}

/* x / (1 + exp(-2u)), u = sqrt(2/pi) (x + 0.044715 x^3): the tanh form of Hendrycks & Gimpel 2016
 * by 1 + tanh u = 2 / (1 + exp(-2u)), which has no cancellation. */
static ts_value *gelu_tanh(decomposer *d, ts_value *x) {
  ts_value *cube = bin(d, TS_OP_MUL, bin(d, TS_OP_MUL, x, x), x);
  ts_value *inner = bin(d, TS_OP_ADD, x, bin(d, TS_OP_MUL, cube, num(d, x, 0.044715)));
  ts_value *twice = bin(d, TS_OP_MUL, inner, num(d, x, 2 * sqrt(2 / M_PI)));
  return bin(d, TS_OP_DIV, bounded(d, x), one_plus_exp_minus(d, twice));
}

/* x / 2 * (1 + erf(x / sqrt 2)) */
static ts_value *gelu_erf(decomposer *d, ts_value *x) {
  ts_value *e = un(d, TS_OP_ERF, bin(d, TS_OP_MUL, x, num(d, x, sqrt(0.5))));
  ts_value *half = bin(d, TS_OP_MUL, bounded(d, x), num(d, x, 0.5));
  return bin(d, TS_OP_MUL, half, bin(d, TS_OP_ADD, e, num(d, x, 1)));
}

static ts_value *decompose_gelu(decomposer *d, ts_op *op) {
  if (!is_narrowed(op)) return too_precise(d, op);
  ts_value *x = cast(d, ts_operand(op, 0), TS_F64);
  bool tanh_form = ts_is_tanh_form(op);
  return cast(d, tanh_form ? gelu_tanh(d, x) : gelu_erf(d, x), result(op)->type->dtype);
}

/* ---- quantization ---- */

/* Entry i of a scale or zero_point as an image of type `dtype`. */
static uint64_t step_image(const ts_attr *a, unsigned i, ts_dtype dtype) {
  bool floats = a->key == TS_ATTR_SCALE;
  double f = floats ? a->floats[i] : (double)a->ints[i];
  uint64_t image;
  if (!ts_is_float(dtype)) return (uint64_t)a->ints[i];
  memcpy(&image, &f, sizeof image);
  return image;
}

/* The scales or zero points of `op` as `dtype`: one literal, or a vector along the axis. */
static ts_value *steps(decomposer *d, const ts_op *op, ts_attr_key key, ts_dtype dtype) {
  const ts_attr *a = ts_attr_find(op, key);
  ts_extent n = a ? a->n : 1;
  if (n == 1) {
    double f = !a ? 0 : key == TS_ATTR_SCALE ? a->floats[0] : (double)a->ints[0];
    ts_constant one = {.is_float = ts_is_float(dtype), .f = f, .i = (int64_t)f};
    return ts_build_constant(&d->b, ts_type_scalar(d->m, dtype), one);
  }
  size_t each = ts_dtype_bytes(dtype), num_bytes = (size_t)n * each;
  char *bytes = ts_arena_alloc(&d->m->arena, num_bytes);
  for (unsigned i = 0; i < a->n; i++)
    ts_number_store(dtype, step_image(a, i, dtype), bytes + i * each);
  ts_data *data = ts_new(&d->m->arena, ts_data);
  *data = (ts_data){.form = TS_DATA_DENSE, .bytes = bytes, .num_bytes = num_bytes};
  ts_value *v = ts_build(&d->b, TS_OP_CONST, ts_type_tensor(d->m, 1, &n, dtype), 0, NULL);
  ts_attr_set_data(d->m, ts_def(v), TS_ATTR_VALUE, data);
  unsigned axes[TS_MAX_RANK];
  (void)ts_op_axes(op, axes);
  return along(d, v, result(op)->type, axes[0]);
}

/* To the nearest integer, ties to even: adding 1.5 * 2^52 leaves no room for a fraction. Values are
 * first cut to ±1000, which saturates an i8 whatever the zero point. */
static ts_value *round_to_even(decomposer *d, ts_value *x) {
  const double magic = 0x1.8p52;
  ts_value *low = bin(d, TS_OP_MIN, bin(d, TS_OP_MAX, x, num(d, x, -1000)), num(d, x, 1000));
  return bin(d, TS_OP_SUB, bin(d, TS_OP_ADD, low, num(d, x, magic)), num(d, x, magic));
}

/* The sum with the zero point is taken in i32, so a NaN counts as 0 and gives the zero point. */
static ts_value *decompose_quantize(decomposer *d, ts_op *op) {
  const ts_type *i32 = ts_type_scalar(d->m, TS_I32);
  ts_value *x = cast(d, ts_operand(op, 0), TS_F64);
  ts_value *q = round_to_even(d, bin(d, TS_OP_DIV, x, steps(d, op, TS_ATTR_SCALE, TS_F64)));
  q = bin(d, TS_OP_ADD, cast(d, q, TS_I32), steps(d, op, TS_ATTR_ZERO_POINT, TS_I32));
  q = bin(d, TS_OP_MAX, q, ts_literal_int(d->m, i32, INT8_MIN));
  q = bin(d, TS_OP_MIN, q, ts_literal_int(d->m, i32, INT8_MAX));
  return cast(d, q, TS_I8);
}

static ts_value *decompose_dequantize(decomposer *d, ts_op *op) {
  ts_value *q = cast(d, ts_operand(op, 0), TS_F64);
  ts_value *x = bin(d, TS_OP_SUB, q, steps(d, op, TS_ATTR_ZERO_POINT, TS_F64));
  x = bin(d, TS_OP_MUL, x, steps(d, op, TS_ATTR_SCALE, TS_F64));
  return cast(d, x, result(op)->type->dtype);
}

/* ---- fused ops ---- */

/* The product of operands 0 and 1 as elements of `dtype`, accumulated in `acc`. */
static ts_value *product(decomposer *d, const ts_op *op, ts_dtype dtype, ts_dtype acc) {
  ts_value *operands[2];
  for (unsigned i = 0; i < 2; i++) {
    ts_value *v = ts_operand(op, i);
    bool as_is = dtype == v->type->dtype || (dtype == TS_I32 && v->type->dtype == TS_I8);
    operands[i] = as_is ? v : cast(d, v, dtype);
  }
  ts_attr attr = {.key = TS_ATTR_ACC, .dtype = acc};
  bool told = acc != ts_default_acc(operands[0]->type->dtype);
  return ts_build_infer(&d->b, TS_OP_MATMUL, 2, operands, told, &attr);
}

/* Everything in the accumulator type: its product then needs no rounding before the bias. Products of i8 are
 * i32 whatever they accumulate in. */
static ts_value *decompose_fused_mlp(decomposer *d, ts_op *op) {
  ts_dtype acc = ts_acc_dtype(op);
  ts_value *y = cast(d, product(d, op, acc, acc), acc);
  y = bin(d, TS_OP_ADD, y, cast(d, ts_operand(op, 2), acc));
  ts_opcode code = ts_op_activation(op);
  if (code != TS_NUM_OPCODES) {
    y = un(d, code, y);
    ts_attr_copy(d->m, ts_def(y), op, TS_ATTR_APPROX);
  }
  return cast(d, y, result(op)->type->dtype);
}

/* Whether a region op is one element of a tensor op. */
static bool is_widened(const ts_op *op) {
  return op->opcode == TS_OP_YIELD || op->opcode == TS_OP_CONST ||
         ts_tensor_form(op->opcode) != TS_NUM_OPCODES;
}

static ts_value *mapped(const ts_ptrmap *map, ts_value *v) {
  ts_value *to = ts_ptrmap_get(map, v);
  return to ? to : v;
}

static ts_value *constant(decomposer *d, ts_dtype dtype, const ts_value *number) {
  ts_constant n;
  if (!ts_as_constant(number, &n)) ts_unreachable("a scalar constant that is no number");
  return ts_build_constant(&d->b, ts_type_tensor(d->m, 0, NULL, dtype), n);
}

/* The tensor op that a region op is one element of. Only ops of two operands take literals. */
static ts_value *widen(decomposer *d, const ts_ptrmap *map, const ts_op *op) {
  ts_opcode code = ts_tensor_form(op->opcode);
  ts_dtype dtype = result(op)->type->dtype;
  ts_value *operands[2] = {NULL, NULL};
  if (op->opcode == TS_OP_CONST) return constant(d, dtype, result(op));
  for (unsigned i = 0; i < op->num_plain; i++)
    operands[i] = mapped(map, ts_operand(op, i));
  if (op->num_plain == 1 && ts_is_literal(operands[0]))
    operands[0] = constant(d, operands[0]->type->dtype, operands[0]);
  if (code == TS_OP_CAST) return cast(d, operands[0], dtype);
  const ts_attr *approx = ts_attr_find(op, TS_ATTR_APPROX);
  return ts_build_infer(&d->b, code, op->num_plain, operands, approx != NULL, approx);
}

static ts_value *decompose_fused(decomposer *d, ts_op *op) {
  ts_block *body = ts_op_regions(op)[0];
  for (const ts_op *in = body->first; in; in = in->next)
    if (!is_widened(in))
      return missed(
          d, op,
          ts_sprintf(&d->m->arena, "its region has %s, which is no tensor op", ts_info(in)->name));
  bool root = ts_attr_find(op, TS_ATTR_ROOT) != NULL;
  ts_ptrmap map;
  ts_ptrmap_init(&map, d->pass->scratch);
  for (unsigned i = 0; i < body->num_args; i++) {
    ts_value *v = i || !root ? ts_operand(op, i + root)
                             : product(d, op, body->args[0]->type->dtype, ts_acc_dtype(op));
    ts_ptrmap_put(&map, body->args[i], v);
  }
  for (const ts_op *in = body->first; in->opcode != TS_OP_YIELD; in = in->next) {
    ts_ptrmap_put(&map, result(in), widen(d, &map, in));
  }
  ts_value *y = mapped(&map, ts_operand(body->last, 0));
  if (y->type == result(op)->type) return y;
  return ts_build1(&d->b, TS_OP_BROADCAST, result(op)->type, y);
}

/* ---- the pass ---- */

static const struct rule {
  ts_opcode opcode;
  ts_value *(*apply)(decomposer *, ts_op *);
} rules[] = {
    {TS_OP_SOFTMAX, decompose_softmax},
    {TS_OP_LAYERNORM, decompose_layernorm},
    {TS_OP_REDUCE_MEAN, decompose_reduce_mean},
    {TS_OP_RELU, decompose_relu},
    {TS_OP_SIGMOID, decompose_sigmoid},
    {TS_OP_SILU, decompose_silu},
    {TS_OP_GELU, decompose_gelu},
    {TS_OP_QUANTIZE, decompose_quantize},
    {TS_OP_DEQUANTIZE, decompose_dequantize},
    {TS_OP_FUSED_MLP, decompose_fused_mlp},
    {TS_OP_FUSED, decompose_fused},
};

static const struct rule *rule_of(ts_opcode opcode) {
  for (size_t i = 0; i < ts_countof(rules); i++)
    if (rules[i].opcode == opcode) return &rules[i];
  return NULL;
}

static ts_result unknown_name(ts_pass_ctx *pass, size_t n, const char *name) {
  const char *all = "";
  for (size_t i = 0; i < ts_countof(rules); i++) {
    const char *before = i == 0 ? "" : i + 1 < ts_countof(rules) ? ", " : " and ";
    all = ts_sprintf(pass->scratch, "%s%s%s", all, before, ts_op_infos[rules[i].opcode].name);
  }
  (void)ts_error_plain(pass->ctx, "ops = %.*s: decompose takes apart %s", (int)ts_min(n, 100), name,
                       all);
  return TS_USAGE;
}

/* The ops named in the option, as a bit for each rule; all for none. */
static ts_result chosen_rules(ts_pass_ctx *pass, const char *names, unsigned *chosen) {
  static const char space[] = " ,\t\n";
  *chosen = 0;
  for (const char *at = names + strspn(names, space); *at;) {
    size_t n = strcspn(at, space), i = 0;
    while (i < ts_countof(rules) && (strlen(ts_op_infos[rules[i].opcode].name) != n ||
                                     memcmp(ts_op_infos[rules[i].opcode].name, at, n) != 0))
      i++;
    if (i == ts_countof(rules)) return unknown_name(pass, n, at);
    *chosen |= 1u << i;
    at += n + strspn(at + n, space);
  }
  if (*chosen == 0) *chosen = ~0u;
  return TS_OK;
}

/* Replaces `op`; the op to go on with, which is the first of its parts. */
static ts_op *visit(decomposer *d, ts_op *op, unsigned chosen) {
  const struct rule *rule = rule_of(op->opcode);
  if (!rule || !(chosen >> (rule - rules) & 1)) return op->next;
  d->b = ts_builder_before(d->m, op);
  ts_op *before = op->prev;
  ts_value *v = rule->apply(d, op);
  if (!v) return op->next;
  d->pass->changed = true;
  ts_count(d->pass, "ops decomposed", 1);
  ts_block *block = op->block;
  (void)ts_replace_op(&d->b, op, v, op->prev != before && ts_def(v));
  return before ? before->next : block->first;
}

ts_result ts_pass_decompose(ts_pass_ctx *pass, ts_module *m, const void *options) {
  const ts_decompose_options *o = options;
  decomposer d = {.pass = pass, .m = m};
  unsigned chosen;
  ts_result r = chosen_rules(pass, o->ops, &chosen);
  for (ts_func *f = m->first_func; r == TS_OK && f; f = f->next)
    for (ts_op *op = f->body->first; op;)
      op = visit(&d, op, chosen);
  return r;
}
