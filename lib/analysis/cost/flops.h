/* The arithmetic of a run, without running. */
#ifndef TS_ANALYSIS_COST_FLOPS_H
#define TS_ANALYSIS_COST_FLOPS_H

#include "engine/engine.h"

/* Operations by the type of their results; subscripts and comparisons are none. */
typedef struct ts_work {
  uint64_t flops, int_ops;
} ts_work;
/* Those of one run with these extents, counted as the interpreters count them:
 * of a tensor function those of its ops; of a loop function those its loops do, lanes past an edge
 * and computing twice included. False when they depend on data, or when loops whose trip counts
 * hang together take too long to follow. */
bool ts_count_work(ts_context *, const ts_func *, const ts_bindings *, ts_work *out);
/* The operations of one tensor op that does `work` scalar steps. */
uint64_t ts_tensor_op_flops(const ts_op *, uint64_t work);
/* Elements of what a loop op computes at a time. */
uint64_t ts_loop_op_flops(const ts_op *);

#endif
