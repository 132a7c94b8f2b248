/* matmul, fused_mlp and fused {root = matmul} to loops: one nest, whose innermost loop feeds an
 * accumulator, and whose epilogue differs.
 *
 *   for %i, %j:  acc = 0;  for %k: acc = fma(x, w, acc);  Y[%i, %j] = epilogue(acc) */
#include "ir/scalar.h"
#include "transforms/lower/lower_impl.h"

/* The product's batch axes followed by its rows and columns. */
typedef struct product {
  ts_value *x, *w;
  unsigned rank;
  ts_extent dims[TS_MAX_RANK];
  ts_extent k;
  ts_acc acc;
} product;

static product product_of(ts_op *op) {
  product p = {.x = ts_operand(op, 0), .w = ts_operand(op, 1)};
  const ts_type *x = p.x->type, *w = p.w->type;
  unsigned batch = 0;
  if (!ts_broadcast_dims(x->rank - 2, x->dims, w->rank - 2, w->dims, &batch, p.dims))
    ts_unreachable("the batches of a verified matmul clash");
  p.rank = batch + 2;
  p.dims[batch] = x->dims[x->rank - 2];
  p.dims[batch + 1] = w->dims[w->rank - 1];
  p.k = x->dims[x->rank - 1];
  return p;
}

/* Loops over the result: %b0, %b1 … for the batches, then %i and %j. */
static ts_subs result_loops(ts_lower *L, const ts_type *t) {
  ts_subs out = {.n = t->rank};
  ts_lower_begin_nest(L);
  for (unsigned a = 0; a < t->rank; a++) {
    const char *name = a + 2 < t->rank    ? ts_sprintf(L->scratch, "b%u", a)
                       : a + 2 == t->rank ? "i"
                                          : "j";
    out.at[a] = ts_lower_loop(L, name, t->dims[a]);
  }
  return out;
}

/* Subscripts of an operand: its batch axes as they broadcast, then the two given. */
static ts_subs operand_subs(ts_lower *L, const ts_type *t, const ts_subs *element,
                            const ts_aff *row, const ts_aff *column) {
  ts_subs batch = {.n = element->n - 2};
  memcpy(batch.at, element->at, batch.n * sizeof *batch.at);
  ts_subs subs = ts_lower_broadcast(L, t->rank - 2, t->dims, &batch);
  subs.at[subs.n++] = row;
  subs.at[subs.n++] = column;
  return subs;
}

/* acc = fma(x, w, acc); integers have no fma, and none is needed. */
static void multiply_add(ts_lower *L, ts_acc acc, ts_value *x, ts_value *w) {
  if (!ts_is_float(acc.dtype)) {
    ts_lower_acc_update(L, acc, TS_OP_ADDI, ts_lower_op2(L, "p", TS_OP_MULI, acc.dtype, x, w));
    return;
  }
  ts_value *operands[] = {x, w, ts_lower_acc_load(L, "s", acc)};
  ts_lower_acc_store(L, acc, ts_lower_op(L, "t", TS_OP_FMA, acc.dtype, 3, operands));
}

/* The sum for the product's element at `element`, in the accumulator type. */
static ts_value *accumulate(ts_lower *L, const product *p, const ts_subs *element,
                            ts_dtype acc_type) {
  ts_acc acc = ts_lower_acc(L, "acc", ts_lower_zero(L, acc_type), acc_type);
  const ts_aff *i = element->at[p->rank - 2], *j = element->at[p->rank - 1];
  const ts_aff *k = ts_lower_loop(L, "k", p->k);
  ts_subs xs = operand_subs(L, p->x->type, element, i, k);
  ts_subs ws = operand_subs(L, p->w->type, element, k, j);
  ts_value *x = ts_lower_load(L, "x", p->x, &xs), *w = ts_lower_load(L, "w", p->w, &ws);
  x = ts_lower_convert(L, x, acc_type);
  multiply_add(L, acc, x, ts_lower_convert(L, w, acc_type));
  ts_lower_end(L, 1);
  return ts_lower_acc_load(L, "sum", acc);
}

/* act(sum + b), in the accumulator type. */
static ts_value *bias_and_activation(ts_lower *L, ts_op *op, ts_value *sum, const ts_subs *out) {
  ts_dtype acc = sum->type->dtype;
  ts_value *b = ts_lower_load_broadcast(L, "bias", ts_operand(op, 2), out);
  ts_value *h = ts_lower_op2(L, "h", ts_is_float(acc) ? TS_OP_ADDF : TS_OP_ADDI, acc, sum,
                             ts_lower_convert(L, b, acc));
  const ts_attr *act = ts_attr_find(op, TS_ATTR_ACT);
  ts_opcode opcode = TS_NUM_OPCODES;
  if (act && !ts_activation(ts_str_text(L->m, act->word), &opcode))
    ts_unreachable("a verified fused_mlp has an unknown activation");
  if (opcode == TS_NUM_OPCODES) return h;
  ts_value *a = ts_lower_op1(L, "a", opcode, acc, h);
  ts_lower_copy_approx(L, op, a);
  return a;
}

/* The region on the rounded product and an element of each other operand. */
static ts_value *fused_epilogue(ts_lower *L, ts_op *op, ts_value *sum, const ts_subs *out) {
  ts_block *region = ts_op_regions(op)[0];
  ts_value **args = ts_new_array(L->scratch, ts_value *, region->num_args);
  args[0] = ts_lower_convert(L, sum, region->args[0]->type->dtype);
  for (unsigned a = 1; a < region->num_args; a++)
    args[a] = ts_lower_region_arg(L, op, a, ts_operand(op, a + 1), out);
  return ts_lower_region(L, op, args);
}

void ts_lower_matmul(ts_lower *L, ts_op *op) {
  ts_value *result = ts_op_result(op, 0);
  ts_value *y = ts_lower_result(L, result);
  product p = product_of(op);
  ts_subs out = result_loops(L, result->type);
  ts_subs element = ts_lower_broadcast(L, p.rank, p.dims, &out);
  ts_value *v = accumulate(L, &p, &element, ts_acc_dtype(op));
  if (op->opcode == TS_OP_FUSED_MLP) v = bias_and_activation(L, op, v, &out);
  if (op->opcode == TS_OP_FUSED) v = fused_epilogue(L, op, v, &out);
  ts_lower_store_as(L, v, y, &out);
  ts_lower_end(L, out.n);
}
