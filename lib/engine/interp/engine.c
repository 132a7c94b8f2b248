/* The tensor interpreter: the oracle that every other engine is held against. What an op computes is in
 * lib/eval. */
#include "engine/interp/interp.h"

static ts_result tensor_prepare(ts_context *ctx, ts_module *m, const ts_func *func,
                                const void *options, void **compiled) {
  (void)m, (void)options;
  return ts_interp_prepare(ctx, func, "the tensor interpreter", compiled);
}

static ts_result tensor_run(ts_context *ctx, void *compiled, ts_run_args *args) {
  return ts_interp_run(ctx, compiled, args, ts_eval_run);
}

const ts_engine ts_engine_tensor = {
    .name = "tensor",
    .family = "interp",
    .summary = "tensor interpreter: whole arrays, f64 accumulation, one final rounding",
    .levels = TS_LEVEL_T,
    .counts = true,
    .math_error = 0.5,
    .prepare = tensor_prepare,
    .run = tensor_run,
    .release = ts_interp_release,
};
