/* One way to write an affine expression, the shortest that holds where it stands. */
#ifndef TS_ANALYSIS_INDEX_SIMPLIFY_H
#define TS_ANALYSIS_INDEX_SIMPLIFY_H

#include "analysis/index/range.h"

/* An expression over the dims of `op` (which stands in the block entered last) with the same value
 * in every iteration that runs: a sum of symbols by name, variables from the outermost loop in,
 * divisions and a constant, each once. Divisions and remainders of what is known to be small, or to
 * be a multiple, go; those inside one another become one. What does not fit 64 bits or has many
 * terms stays as it is. */
const ts_aff *ts_aff_simplify(ts_module *, ts_ranges *, const ts_op *op, const ts_aff *);

#endif
