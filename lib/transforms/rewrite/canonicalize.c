/* canonicalize: rewrites that make programs smaller or more alike and never change a bit.
 *
 * requires:  nothing; tensor functions, the regions of fused ops and loop functions.
 * preserves: every result to the last bit (but for the payload and sign of a NaN), names of values
 *            that stay, memory accesses and their order.
 * rewrite:   op(x, …) → a simpler op or one of its operands, to a fixed point, for example
 *              x * 1, x / 1, x - 0.0, x + -0.0 → x        (x + 0.0 stays: it turns -0.0 into 0.0)
 *              -(-x), relu(relu x), max(x, 0)  → x, relu x, relu x
 *              x + (-y), x - (-y)              → x - y, x + y
 *              x / 2^k                         → x * 2^-k  where 2^-k is a number of the type
 *              const + x                       → x + const
 *              cast, reshape, transpose, broadcast of the same → one of them, or none
 *              add x, (broadcast y)            → add x, y  where the shape stays
 *              add x, (const 2.0)              → add x, 2.0
 *
 * One rule serves both levels: a scalar op is looked at as the tensor op that it is one element of.
 * Empty loops and unused ops are left to dce, computing with constants to fold. */
#include <math.h>

#include "ir/indexing.h"
#include "ir/scalar.h"
#include "transforms/rewrite/canonicalize_impl.h"

static bool is_tensor(const ts_value *v) { return ts_is_kind(v->type, TS_TYPE_TENSOR); }

static ts_value *result(const ts_op *op) { return ts_op_result(op, 0); }

static bool is_float_op(const ts_op *op) { return ts_is_float(result(op)->type->dtype); }

/* The value's defining op when it is (one element of) the tensor op `family`. */
static ts_op *def_family(const ts_value *v, ts_opcode family) {
  ts_op *op = ts_def(v);
  return op && ts_tensor_form(op->opcode) == family ? op : NULL;
}

static ts_value *operand_of(const ts_value *v, ts_opcode family) {
  ts_op *op = def_family(v, family);
  return op ? ts_operand(op, 0) : NULL;
}

/* A new op in place of `op`, of the same level and type; NULL when that level has no such op. */
static ts_value *make(ts_rewriter *r, const ts_op *op, ts_opcode family, unsigned n,
                      ts_value *const *operands) {
  const ts_type *type = result(op)->type;
  ts_opcode code = is_tensor(result(op)) ? family : ts_scalar_form(family, type->dtype);
  return code == TS_NUM_OPCODES ? NULL : ts_build(&r->b, code, type, n, operands);
}

static ts_value *make1(ts_rewriter *r, const ts_op *op, ts_opcode family, ts_value *x) {
  return make(r, op, family, 1, (ts_value *[]){x});
}

static ts_value *make2(ts_rewriter *r, const ts_op *op, ts_opcode family, ts_value *x,
                       ts_value *y) {
  return make(r, op, family, 2, (ts_value *[]){x, y});
}

/* `v` in place of the result of `op`: itself, or broadcast where `op` was what broadcast it. */
static ts_value *forward(ts_rewriter *r, const ts_op *op, ts_value *v) {
  ts_constant n;
  if (v->type == result(op)->type) return v;
  if (ts_is_literal(v) && ts_as_constant(v, &n))
    return ts_build_constant(&r->b, result(op)->type, n);
  return ts_build1(&r->b, TS_OP_BROADCAST, result(op)->type, v);
}

static ts_value *number(ts_rewriter *r, const ts_op *op, double f, int64_t i) {
  return ts_build_constant(&r->b, result(op)->type,
                           (ts_constant){.is_float = is_float_op(op), .f = f, .i = i});
}

/* ---- one operand ---- */

static ts_value *simplify_abs(ts_rewriter *r, ts_op *op) {
  ts_value *x = ts_operand(op, 0), *y;
  if (def_family(x, TS_OP_ABS) || def_family(x, TS_OP_RELU)) return x;
  if ((y = operand_of(x, TS_OP_NEG))) return make1(r, op, TS_OP_ABS, y);
  return NULL;
}

/* |x| of the least integer is negative, so relu changes it. */
static ts_value *simplify_relu(ts_op *op) {
  ts_value *x = ts_operand(op, 0);
  if (def_family(x, TS_OP_RELU)) return x;
  return is_float_op(op) && def_family(x, TS_OP_ABS) ? x : NULL;
}

static int significand_bits(ts_dtype d) {
  switch (d) {
  case TS_F64: return 53;
  case TS_F32: return 24;
  case TS_F16: return 11;
  case TS_BF16: return 8;
  default: return 0;
  }
}

static int int_bits(ts_dtype d) { return d == TS_I1 ? 1 : 8 * (int)ts_dtype_bytes(d); }

/* Every value of `from` is one of `to`. */
static bool holds_all(ts_dtype to, ts_dtype from) {
  if (to == from) return true;
  if (ts_is_float(from))
    return ts_is_float(to) && to != TS_F16 && to != TS_BF16 &&
           significand_bits(to) > significand_bits(from);
  if (to == TS_I1) return false;
  if (ts_is_float(to)) return int_bits(from) - 1 <= significand_bits(to);
  return int_bits(to) >= int_bits(from);
}

/* Converting `from` to `to` by way of `mid` is the same as directly. A float saturates on its way
 * to an integer where an integer wraps. */
static bool skips_middle(ts_dtype from, ts_dtype mid, ts_dtype to) {
  bool ints = !ts_is_float(from) && !ts_is_float(to);
  if (ints && !ts_is_float(mid) && mid != TS_I1 && to != TS_I1 && int_bits(mid) >= int_bits(to))
    return true;
  if (!holds_all(mid, from)) return false;
  return !(ints && ts_is_float(mid)) || to == TS_I1 || int_bits(to) >= int_bits(from);
}

static ts_value *simplify_cast(ts_rewriter *r, ts_op *op) {
  ts_value *x = ts_operand(op, 0), *y = operand_of(x, TS_OP_CAST);
  ts_dtype to = result(op)->type->dtype;
  if (x->type->dtype == to) return x;
  if (!y || !skips_middle(y->type->dtype, x->type->dtype, to)) return NULL;
  if (y->type->dtype == to) return y;
  ts_opcode code = is_tensor(y) ? TS_OP_CAST : ts_scalar_cast(y->type->dtype, to);
  return code == TS_NUM_OPCODES ? NULL : ts_build1(&r->b, code, result(op)->type, y);
}

/* ---- shapes ---- */

/* reshape and broadcast: of the same op, or to the type it has. */
static ts_value *simplify_shape(ts_rewriter *r, ts_op *op) {
  ts_value *x = ts_operand(op, 0);
  if (x->type == result(op)->type) return x;
  ts_op *inner = ts_def_as(x, op->opcode);
  return inner ? ts_build1(&r->b, op->opcode, result(op)->type, ts_operand(inner, 0)) : NULL;
}

static ts_value *simplify_transpose(ts_rewriter *r, ts_op *op) {
  unsigned rank = result(op)->type->rank;
  int64_t perm[TS_MAX_RANK], first[TS_MAX_RANK];
  ts_value *x = ts_operand(op, 0);
  ts_op_perm(op, perm);
  ts_op *inner = ts_def_as(x, TS_OP_TRANSPOSE);
  if (inner) {
    ts_op_perm(inner, first);
    for (unsigned i = 0; i < rank; i++)
      perm[i] = first[perm[i]];
    x = ts_operand(inner, 0);
  }
  bool identity = true;
  for (unsigned i = 0; i < rank; i++)
    identity = identity && perm[i] == i;
  if (identity) return x;
  if (!inner) return NULL;
  ts_value *v = ts_build1(&r->b, TS_OP_TRANSPOSE, result(op)->type, x);
  ts_attr_set_ints(r->m, ts_def(v), TS_ATTR_PERM, rank, perm);
  return v;
}

/* ---- two operands ---- */

static ts_value *simplify_add(ts_rewriter *r, ts_op *op) {
  ts_value *x = ts_operand(op, 0), *y = ts_operand(op, 1), *z;
  if (is_float_op(op) ? ts_is_minus_zero(y) : ts_value_is(y, 0)) return forward(r, op, x);
  if ((z = operand_of(y, TS_OP_NEG))) return make2(r, op, TS_OP_SUB, x, z);
  if ((z = operand_of(x, TS_OP_NEG))) return make2(r, op, TS_OP_SUB, y, z);
  return NULL;
}

static ts_value *simplify_sub(ts_rewriter *r, ts_op *op) {
  ts_value *x = ts_operand(op, 0), *y = ts_operand(op, 1), *z;
  bool flt = is_float_op(op);
  if (ts_value_is(y, 0)) return forward(r, op, x);
  if (flt ? ts_is_minus_zero(x) : is_tensor(result(op)) && ts_value_is(x, 0))
    return make1(r, op, TS_OP_NEG, forward(r, op, y));
  if (!flt && x == y) return number(r, op, 0, 0);
  if ((z = operand_of(y, TS_OP_NEG))) return make2(r, op, TS_OP_ADD, x, z);
  return NULL;
}

static ts_value *simplify_mul(ts_rewriter *r, ts_op *op) {
  ts_value *x = ts_operand(op, 0), *y = ts_operand(op, 1), *a, *b;
  bool flt = is_float_op(op);
  if (ts_value_is(y, 1)) return forward(r, op, x);
  if (ts_value_is(y, -1) && (flt || is_tensor(result(op))))
    return make1(r, op, TS_OP_NEG, forward(r, op, x));
  if (!flt && ts_value_is(y, 0)) return number(r, op, 0, 0);
  if ((a = operand_of(x, TS_OP_NEG)) && (b = operand_of(y, TS_OP_NEG)))
    return make2(r, op, TS_OP_MUL, a, b);
  return NULL;
}

/* 1 / y where y is ± a power of two and so is the quotient, exactly; else 0. */
static double exact_reciprocal(ts_dtype dtype, double y) {
  int exponent;
  if (!isfinite(y) || fabs(frexp(y, &exponent)) != 0.5) return 0;
  double inverse = ts_round_to(dtype, 1 / y);
  return isfinite(inverse) && inverse * y == 1 ? inverse : 0;
}

static ts_value *simplify_div(ts_rewriter *r, ts_op *op) {
  ts_value *x = ts_operand(op, 0), *y = ts_operand(op, 1);
  ts_constant n;
  if (ts_value_is(y, 1)) return forward(r, op, x);
  if (!is_float_op(op) || !ts_as_constant(y, &n)) return NULL;
  if (n.f == -1) return make1(r, op, TS_OP_NEG, forward(r, op, x));
  double inverse = exact_reciprocal(y->type->dtype, n.f);
  if (inverse == 0) return NULL;
  return make2(r, op, TS_OP_MUL, x, ts_build_float(&r->b, y->type, inverse));
}

/* The number that never wins: -inf or the least integer for max. */
static bool is_neutral_extreme(const ts_op *op, const ts_value *y, bool max) {
  ts_constant n;
  if (!ts_as_constant(y, &n)) return false;
  if (n.is_float) return isinf(n.f) && (n.f < 0) == max;
  if (y->type->dtype == TS_I1) return n.i == (max ? 0 : 1);
  int bits = int_bits(result(op)->type->dtype);
  return n.i == (max ? INT64_MIN >> (64 - bits) : INT64_MAX >> (64 - bits));
}

static ts_value *simplify_extreme(ts_rewriter *r, ts_op *op, ts_opcode family) {
  ts_value *x = ts_operand(op, 0), *y = ts_operand(op, 1);
  if (x == y || is_neutral_extreme(op, y, family == TS_OP_MAX)) return forward(r, op, x);
  if (family == TS_OP_MAX && is_tensor(result(op)) && ts_value_is(y, 0))
    return make1(r, op, TS_OP_RELU, forward(r, op, x));
  ts_op *inner = def_family(x, family);
  if (inner && (ts_operand(inner, 0) == y || ts_operand(inner, 1) == y)) return forward(r, op, x);
  return NULL;
}

static ts_value *simplify_bits(ts_rewriter *r, ts_op *op) {
  ts_value *x = ts_operand(op, 0), *y = ts_operand(op, 1);
  bool zero = ts_value_is(y, 0);
  bool ones = ts_value_is(y, result(op)->type->dtype == TS_I1 ? 1 : -1);
  switch ((ts_opcode)op->opcode) {
  case TS_OP_ANDI: return x == y || ones ? x : zero ? y : NULL;
  case TS_OP_ORI: return x == y || zero ? x : ones ? y : NULL;
  default: return x == y ? number(r, op, 0, 0) : zero ? x : NULL;
  }
}

/* ---- scalar ops without a tensor form ---- */

static ts_value *simplify_select(ts_op *op) {
  ts_constant n;
  if (ts_operand(op, 1) == ts_operand(op, 2)) return ts_operand(op, 1);
  if (!ts_as_constant(ts_operand(op, 0), &n)) return NULL;
  return ts_operand(op, n.i ? 1 : 2);
}

static ts_value *simplify_fma(ts_rewriter *r, ts_op *op) {
  if (!ts_value_is(ts_operand(op, 1), 1)) return NULL;
  return make2(r, op, TS_OP_ADD, ts_operand(op, 0), ts_operand(op, 2));
}

static ts_value *simplify_apply(ts_op *op) {
  const ts_aff *e = op->map->exprs[0];
  return e->kind == TS_AFF_DIM ? ts_dim(op, (unsigned)e->value) : NULL;
}

static ts_value *simplify_splat(ts_rewriter *r, ts_op *op) {
  ts_constant n;
  if (!ts_is_kind(result(op)->type, TS_TYPE_VECTOR) || !ts_as_constant(ts_operand(op, 0), &n))
    return NULL;
  return ts_build_constant(&r->b, result(op)->type, n);
}

static ts_value *simplify_extract(ts_op *op) {
  ts_op *splat = ts_def_as(ts_operand(op, 0), TS_OP_SPLAT);
  ts_value *x = splat ? ts_operand(splat, 0) : NULL;
  return x && ts_is_kind(x->type, TS_TYPE_SCALAR) ? x : NULL;
}

static ts_value *simplify_loop_op(ts_rewriter *r, ts_op *op) {
  switch ((ts_opcode)op->opcode) {
  case TS_OP_SELECT: return simplify_select(op);
  case TS_OP_FMA: return simplify_fma(r, op);
  case TS_OP_APPLY: return simplify_apply(op);
  case TS_OP_SPLAT: return simplify_splat(r, op);
  case TS_OP_EXTRACT: return simplify_extract(op);
  case TS_OP_ANDI:
  case TS_OP_ORI:
  case TS_OP_XORI: return simplify_bits(r, op);
  default: return NULL;
  }
}

/* ---- the driver ---- */

static ts_value *simplify(ts_rewriter *r, ts_op *op) {
  ts_opcode family = ts_tensor_form(op->opcode);
  ts_value *y;
  switch (family) {
  case TS_OP_NEG: return (y = operand_of(ts_operand(op, 0), TS_OP_NEG)) ? y : NULL;
  case TS_OP_ABS: return simplify_abs(r, op);
  case TS_OP_RELU: return simplify_relu(op);
  case TS_OP_CAST: return simplify_cast(r, op);
  case TS_OP_ADD: return simplify_add(r, op);
  case TS_OP_SUB: return simplify_sub(r, op);
  case TS_OP_MUL: return simplify_mul(r, op);
  case TS_OP_DIV: return simplify_div(r, op);
  case TS_OP_MAX:
  case TS_OP_MIN: return simplify_extreme(r, op, family);
  default: break;
  }
  switch ((ts_opcode)op->opcode) {
  case TS_OP_RESHAPE:
  case TS_OP_BROADCAST: return simplify_shape(r, op);
  case TS_OP_TRANSPOSE: return simplify_transpose(r, op);
  case TS_OP_FUSED: return ts_simplify_fused(r, op);
  default: return simplify_loop_op(r, op);
  }
}

/* Constants stand on the right of an op that commutes (of the two factors, for fma). */
static bool put_constant_right(ts_op *op) {
  if (!ts_has_flag(op, TS_FLAG_COMM) && op->opcode != TS_OP_FMA) return false;
  ts_value *x = ts_operand(op, 0), *y = ts_operand(op, 1);
  if (!ts_is_constant(x) || ts_is_constant(y)) return false;
  ts_set_operand(op, 0, y);
  ts_set_operand(op, 1, x);
  return true;
}

/* What operand `v` of an elementwise op could be instead: the operand of a broadcast, or a literal
 * for a splat. */
static ts_value *before_broadcast(ts_rewriter *r, ts_value *v) {
  ts_constant n;
  ts_op *broadcast = ts_def_as(v, TS_OP_BROADCAST);
  if (broadcast) return ts_operand(broadcast, 0);
  if (ts_is_literal(v) || !is_tensor(v) || !ts_as_constant(v, &n)) return NULL;
  return ts_build_constant(&r->b, ts_type_scalar(r->m, v->type->dtype), n);
}

/* An elementwise op broadcasts by itself. */
static bool drop_broadcasts(ts_rewriter *r, ts_op *op) {
  if (!ts_is_elementwise(op->opcode) || op->num_plain != 2) return false;
  bool changed = false;
  for (unsigned i = 0; i < 2; i++) {
    ts_value *old = ts_operand(op, i), *v = before_broadcast(r, old);
    ts_value *operands[] = {i ? ts_operand(op, 0) : v, i ? v : ts_operand(op, 1)};
    if (!v || !ts_shapes_give(2, operands, result(op)->type)) continue;
    ts_set_operand(op, i, v);
    ts_erase_if_dead(r->pass->scratch, ts_def(old));
    changed = true;
  }
  return changed;
}

static void enqueue(ts_rewriter *r, ts_op *op) {
  if (op->tag || !op->block) return;
  op->tag = 1;
  ts_push(r->pass->scratch, &r->work, op);
}

static void enqueue_users(ts_rewriter *r, const ts_value *v) {
  if (ts_is_literal(v)) return;
  for (const ts_use *u = v->uses; u; u = u->next)
    enqueue(r, u->owner);
}

static void note_change(ts_rewriter *r) {
  r->pass->changed = true;
  ts_count(r->pass, "rewrites", 1);
}

/* A scalar const is written in place of its uses where the text can tell its type; it goes when
 * none is left. */
static void write_in_place(ts_rewriter *r, ts_op *op) {
  ts_constant n;
  if (is_tensor(result(op)) || !ts_as_constant(result(op), &n)) return;
  enqueue_users(r, result(op));
  r->b = ts_builder_before(r->m, op);
  if (ts_use_literal(result(op), ts_build_constant(&r->b, result(op)->type, n)) == 0) return;
  ts_erase_if_dead(r->pass->scratch, op);
  note_change(r);
}

/* Rewrites one op and puts what may now be rewritten on the list: the op itself or its replacement,
 * and their users. */
static void visit(ts_rewriter *r, ts_op *op) {
  if (op->opcode == TS_OP_CONST) {
    write_in_place(r, op);
    return;
  }
  r->b = ts_builder_before(r->m, op);
  bool changed = put_constant_right(op);
  changed |= drop_broadcasts(r, op);
  const ts_op *last = op->prev;
  ts_value *v = op->num_results == 1 ? simplify(r, op) : NULL;
  if (!changed && !v) return;
  note_change(r);
  if (!v) {
    enqueue_users(r, result(op));
    return;
  }
  bool fresh = op->prev != last;
  TS_VEC(ts_op *) inputs = {0};
  for (unsigned i = 0; i < op->num_operands; i++)
    if (ts_def(ts_operand(op, i))) ts_push(r->pass->scratch, &inputs, ts_def(ts_operand(op, i)));
  enqueue_users(r, result(op));
  v = ts_replace_op(&r->b, op, v, fresh);
  if (ts_def(v)) enqueue(r, ts_def(v));
  for (size_t i = 0; i < inputs.n; i++)
    ts_erase_if_dead(r->pass->scratch, inputs.at[i]);
}

static void collect(void *arg, ts_op *op) {
  op->tag = 0;
  enqueue(arg, op);
}

ts_result ts_pass_canonicalize(ts_pass_ctx *pass, ts_module *m, const void *options) {
  (void)options;
  for (ts_func *f = m->first_func; f; f = f->next) {
    ts_rewriter r = {.pass = pass, .m = m};
    ts_walk(f->body, collect, &r);
    for (size_t i = 0; i < r.work.n; i++) {
      ts_op *op = r.work.at[i];
      op->tag = 0;
      if (ts_is_attached(op)) visit(&r, op);
    }
  }
  return TS_OK;
}
