/* Products and reductions to loops: one nest, whose inner loops feed an accumulator, and whose end differs.
 *
 *   for %i, %j:  acc = 0;     for %k: acc = fma(x, w, acc);      Y[%i, %j] = epilogue(acc)
 *   for %i:      acc = -inf;  for %r: acc = max(acc, X[%i, %r]);  Y[%i] = acc
 *
 * The axes that stay get the outer loops, the reduced ones the inner, so each result element is finished at
 * once. Which elements are read where, the maps of the op say. */
#include "transforms/lower/lower_impl.h"

static bool is_product(const ts_op *op) { return ts_root_info(op)->class == TS_OC_PRODUCT; }

/* What the points of an element are combined with. */
static ts_opcode combine_of(const ts_op *op) { return ts_root_info(op)->combine; }

/* ---- the accumulator ---- */

/* acc = fma(x, w, acc); integers have no fma, and none is needed. */
static void multiply_add(ts_lower *L, ts_acc acc, ts_value *x, ts_value *w) {
  if (!ts_is_float(acc.dtype)) {
    ts_lower_acc_update(L, acc, TS_OP_ADDI, ts_lower_op2(L, "p", TS_OP_MULI, acc.dtype, x, w));
    return;
  }
  ts_value *operands[] = {x, w, ts_lower_acc_load(L, "s", acc)};
  ts_lower_acc_store(L, acc, ts_lower_op(L, "t", TS_OP_FMA, acc.dtype, 3, operands));
}

/* What one point adds to the accumulator. */
static void combine_point(ts_lower *L, const ts_point *p, ts_acc acc) {
  ts_value *x = ts_lower_element(L, "x", p, 0);
  ts_value *w = is_product(p->op) ? ts_lower_element(L, "w", p, 1) : NULL;
  x = ts_lower_convert(L, x, acc.dtype);
  if (w)
    multiply_add(L, acc, x, ts_lower_convert(L, w, acc.dtype));
  else
    ts_lower_acc_update(L, acc, ts_scalar_form(combine_of(p->op), acc.dtype), x);
}

/* The reduced points of the element at the point, combined. */
static ts_value *combined(ts_lower *L, ts_point *p) {
  ts_dtype d = ts_acc_dtype(p->op);
  ts_acc acc = ts_lower_acc(L, "acc", ts_lower_neutral(L, combine_of(p->op), d), d);
  ts_lower_reduced(L, p);
  combine_point(L, p, acc);
  ts_lower_end(L, p->space.n - p->space.num_parallel);
  ts_opcode combine = combine_of(p->op);
  return ts_lower_acc_load(L, combine == TS_OP_ADD ? "sum" : ts_op_infos[combine].name, acc);
}

/* ---- what follows it ---- */

/* act(sum + b), in the accumulator type. */
static ts_value *bias_and_activation(ts_lower *L, const ts_point *p, ts_value *sum) {
  const ts_op *op = p->op;
  ts_dtype acc = sum->type->dtype;
  ts_value *b = ts_lower_element(L, "bias", p, 2);
  ts_value *h = ts_lower_op2(L, "h", ts_is_float(acc) ? TS_OP_ADDF : TS_OP_ADDI, acc, sum,
                             ts_lower_convert(L, b, acc));
  ts_opcode opcode = ts_op_activation(op);
  if (opcode == TS_NUM_OPCODES) return h;
  ts_value *a = ts_lower_op1(L, "a", opcode, acc, h);
  ts_lower_copy_approx(L, op, a);
  return a;
}

/* The region on the rounded product and an element of each other operand. */
static ts_value *fused_epilogue(ts_lower *L, const ts_point *p, ts_value *sum) {
  ts_block *region = ts_op_regions(p->op)[0];
  ts_value **args = ts_new_array(L->scratch, ts_value *, region->num_args);
  args[0] = ts_lower_convert(L, sum, region->args[0]->type->dtype);
  for (unsigned a = 1; a < region->num_args; a++)
    args[a] = ts_lower_region_arg(L, p, a, a + 1);
  return ts_lower_region(L, p->op, args);
}

void ts_lower_combined(ts_lower *L, ts_op *op) {
  ts_point p = ts_lower_point(L, op);
  ts_value *count = NULL;
  if (op->opcode == TS_OP_REDUCE_MEAN) count = ts_lower_count(L, &p.space, ts_acc_dtype(op));
  ts_lower_parallel(L, &p);
  ts_value *v = combined(L, &p);
  if (count) v = ts_lower_op2(L, "mean", TS_OP_DIVF, v->type->dtype, v, count);
  if (op->opcode == TS_OP_FUSED_MLP) v = bias_and_activation(L, &p, v);
  if (op->opcode == TS_OP_FUSED) v = fused_epilogue(L, &p, v);
  ts_lower_give(L, v, &p);
  ts_lower_end(L, p.space.num_parallel);
}
