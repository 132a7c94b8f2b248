/* The arithmetic of a run, without running. */
#ifndef TS_ANALYSIS_COST_FLOPS_H
#define TS_ANALYSIS_COST_FLOPS_H

#include "data/shape_binding.h"

/* Operations by the type of their results; subscripts and comparisons do not count. */
typedef struct ts_work {
  uint64_t flops, int_ops;
  /* Bytes that loops load and store, but for buffers of the function's own that registers hold (2 KiB, the largest register
   * file): what passes between the processor and its first-level cache. 0 of tensor functions. */
  uint64_t moved;
} ts_work;
/* Those of one run with these extents, counted as the interpreters count them:
 * of a tensor function those of its ops; of a loop function those its loops do, lanes past an edge
 * and computing twice included. False when they depend on data, or when loops whose trip counts
 * hang together take too long to follow. */
bool ts_count_work(ts_context *, const ts_func *, const ts_bindings *, ts_work *out);
/* How many points a tensor op has with these extents (ir/indexing.h); UINT64_MAX for more. */
uint64_t ts_tensor_op_points(const ts_op *, const ts_bindings *);
/* The operations of one tensor op that has `points`. */
uint64_t ts_tensor_op_flops(const ts_op *, uint64_t points);
/* Elements of what a loop op computes at a time. */
uint64_t ts_loop_op_flops(const ts_op *);

#endif
