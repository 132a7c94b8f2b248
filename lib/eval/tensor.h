/* Evaluating tensor ops on arrays: the oracle's inside, and what the constant folder calls. */
#ifndef TS_EVAL_TENSOR_H
#define TS_EVAL_TENSOR_H

#include "ir/scalar.h"
#include "data/shape_binding.h"

/* Evaluates one tensor op (any but call, return and yield) on arrays: in[i] is plain operand i;
 * entries of literal operands are not read. The result's extents must be known. Creates `out`.
 * TS_CHECK for a division by zero, TS_LIMIT when memory is refused. */
ts_result ts_eval_tensor_op(ts_context *, const ts_op *, const ts_array *in, ts_array *out);

/* ---- shared by the files of the interpreter ---- */

/* One op being evaluated. `scratch` is dropped after it. A message that says why goes with every
 * result but TS_OK. */
typedef struct ts_eval {
  ts_context *ctx;
  ts_module *module;
  const ts_op *op;
  const ts_bindings *bindings; /* of the function's extents */
  const ts_array *in;
  ts_array *out; /* created, zeroed */
  ts_arena *scratch;
} ts_eval;
/* Chooses by the op's class. `out` has its type and extents already, but no data. */
ts_result ts_eval_run(ts_eval *);
ts_result ts_eval_elementwise(ts_eval *);
/* The region of a `fused` on `product`, or on the first operand when that is NULL. */
ts_result ts_eval_fused(ts_eval *, const ts_array *product);
ts_result ts_eval_const(ts_eval *);
ts_result ts_eval_reshape(ts_eval *);
ts_result ts_eval_moved(ts_eval *); /* views with maps: transpose, broadcast */
ts_result ts_eval_reduce(ts_eval *);
ts_result ts_eval_softmax(ts_eval *);
ts_result ts_eval_layernorm(ts_eval *);
ts_result ts_eval_matmul(ts_eval *); /* and fused_mlp, and fused {root = matmul} */

enum { TS_STRIP = 256 }; /* elements worked on at a time: a few strips stay in the first cache */

/* Elements at, at + stride, … of an array's data as cells. */
void ts_strip_load(ts_dtype, const void *data, int64_t at, int64_t stride, unsigned n,
                   ts_cell *out);
/* Rounds (floats) or wraps (integers) to the type and stores from `at` on. */
void ts_strip_store(ts_dtype, void *data, int64_t at, unsigned n, const ts_cell *in);
/* Rounds float cells to `type`, once. */
void ts_strip_round(ts_dtype type, unsigned n, ts_cell *);

/* Row-major strides of `a` seen as an array of extents dims[rank], broadcast axes having stride
 * 0. */
void ts_broadcast_strides(const ts_array *a, unsigned rank, int64_t *strides);

#endif
