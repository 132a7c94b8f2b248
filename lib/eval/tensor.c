/* One tensor op on arrays: the choice of its evaluator by the class that its row gives it. */
#include "eval/tensor.h"

#include "ir/indexing.h"

static ts_result eval_normalize(ts_eval *e) {
  return e->op->opcode == TS_OP_SOFTMAX ? ts_eval_softmax(e) : ts_eval_layernorm(e);
}

ts_result ts_eval_run(ts_eval *e) {
  switch (ts_root_info(e->op)->class) {
  case TS_OC_CONSTANT: return ts_eval_const(e);
  case TS_OC_VIEW: return ts_has_maps(e->op) ? ts_eval_moved(e) : ts_eval_reshape(e);
  case TS_OC_REDUCE: return ts_eval_reduce(e);
  case TS_OC_NORMALIZE: return eval_normalize(e);
  case TS_OC_PRODUCT: return ts_eval_matmul(e);
  case TS_OC_FUSED: return ts_eval_fused(e, NULL);
  case TS_OC_ARITH:
  case TS_OC_CONVERT:
  case TS_OC_QUANTIZE: return ts_eval_elementwise(e);
  default: ts_unreachable("an op the interpreter does not know");
  }
}

static ts_result eval_body(void *arg) {
  ts_eval *e = arg;
  const ts_type *t = ts_op_result(e->op, 0)->type;
  ts_result r = ts_array_create(e->ctx, (ts_dtype)t->dtype, t->rank, t->dims, e->out);
  return r == TS_OK ? ts_eval_run(e) : r;
}

ts_result ts_eval_tensor_op(ts_context *ctx, const ts_op *op, const ts_array *in, ts_array *out) {
  ts_arena scratch;
  jmp_buf *outer = ctx->memory.recover;
  ts_arena_init(&scratch, &ctx->memory);
  *out = (ts_array){0};
  const ts_bindings none = {0}; /* a folder's extents are numbers */
  ts_eval e = {ctx, op->block->func->module, op, &none, in, out, &scratch};
  ctx->memory.recover = NULL; /* what is refused here comes back here: `out` must be dropped */
  ts_result r = ts_protect(ctx, eval_body, &e);
  ctx->memory.recover = outer;
  ts_arena_drop(&scratch);
  if (r != TS_OK) ts_array_drop(ctx, out);
  return r;
}
