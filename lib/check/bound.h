/* How far rounding may carry the outputs of a tensor function from the exact answer.
 *
 * Every element gets its value, computed in f64, and a bound on the error of any evaluation that
 * rounds each op of the function at most once to its type and accumulates in `acc` or better, in
 * any order. This is running error analysis (Wilkinson; Higham, Accuracy and Stability of Numerical
 * Algorithms, 2nd ed., sections 3.1 and 3.3): an op's error is its operands' errors carried through
 * it, plus its own rounding; a sum of n products adds γ(n) Σ|a||b| with γ(n) = n u / (1 − n u). */
#ifndef TS_CHECK_BOUND_H
#define TS_CHECK_BOUND_H

#include "data/shape_binding.h"

/* A tensor as two f64 images: values and error bounds. An infinite bound says that nothing is
 * known, such as after a division by what may be zero or a sum that may overflow. */
typedef struct ts_bounded {
  ts_dtype dtype;
  unsigned rank;
  int64_t dims[TS_MAX_RANK], count;
  double *value, *error; /* `count` each, in the arena */
} ts_bounded;

/* Bounds of the function's results (f->num_results of them, in `arena`), for these arguments, one a
 * parameter. `acc` is the least precise accumulator allowed, TS_NUM_DTYPES for each op's own.
 * `math_error` is what exp, erf and their kin may be off, in ULPs of their type or, where that is
 * narrower, of f32, before they are rounded to it; 0.5 when they are rounded correctly.
 * `bindings` gives the symbolic extents. TS_ERR with a message when a constant's file cannot be
 * read; TS_LIMIT when memory runs out. The function is verified and of tensor level. */
ts_result ts_bound_results(ts_context *, ts_arena *, const ts_func *, const ts_array *args,
                           const ts_bindings *, ts_dtype acc, double math_error,
                           ts_bounded *results);

/* The same for a loop function: bounds of its out and inout parameters in `outs`, one entry a
 * parameter. Sums may be in any order. *known is false, and `outs` is not written, when there is a
 * launch, when control flow depends on inexact numbers, or when it would take more than
 * `steps` ops, of some 40 ns each. Numbers the ops by their tags. */
ts_result ts_bound_loops(ts_context *, ts_arena *, const ts_func *, const ts_array *arrays,
                         const ts_bindings *, double math_error, int64_t steps, ts_bounded *outs,
                         bool *known);

#endif
