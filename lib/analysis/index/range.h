/* Which values can an affine expression take here, and is a subscript in bounds?
 *
 * Loop variables, launch indices, symbolic extents and the conditions of enclosing ifs are known as
 * one walks a function: enter each region on the way down, leave it on the way up, and ask in
 * between.
 *
 *   ts_ranges *r = ts_ranges_create(scratch);
 *   ts_ranges_enter(r, block);   // a function's body, or a region of a for, if or launch
 *   … ts_range_in_bounds(r, op, &access, dim) …   // for its ops, one after another
 *   ts_ranges_leave(r);
 *
 * Every question costs a bounded number of steps. Nothing overflows: ends saturate, and a saturated
 * end means unbounded. */
#ifndef TS_ANALYSIS_INDEX_RANGE_H
#define TS_ANALYSIS_INDEX_RANGE_H

#include "ir/ir.h"
#include "analysis/index/interval.h"

typedef enum ts_proof {
  TS_UNKNOWN,
  TS_PROVED,   /* holds whenever the op runs */
  TS_DISPROVED /* fails in at least one iteration that is sure to run, or whenever the op runs */
} ts_proof;

typedef struct ts_ranges ts_ranges;
ts_ranges *ts_ranges_create(ts_arena *scratch);
/* What holds inside `block`: the bounds of its for or launch, the conditions of its if (negated in
 * the else region when there is one condition). The block must be a region of an op in the block
 * entered before it. */
void ts_ranges_enter(ts_ranges *, const ts_block *);
void ts_ranges_leave(ts_ranges *);

/* Values of an expression over the dims of `op`, which stands in the entered block. */
ts_range ts_range_of(ts_ranges *, const ts_op *op, const ts_aff *);
/* Values of an index value (a loop variable, launch index, apply, constant, or anything else). */
ts_range ts_range_of_value(ts_ranges *, const ts_value *);

/* How many elements of dimension `dim` an access of `op` touches, counted from its subscript: lanes
 * of a vector, sides of a fragment, count of an async_copy; else 1. */
int64_t ts_access_width(const ts_op *, const ts_access *, unsigned dim);
/* Is 0 <= s and s + width <= extent, for subscript `dim` of the access and its buffer's extent?
 * Symbolic extents compare by name: %i < M is proved for `for %i = 0 to M`, offsets and tiles
 * included. A masked access is never disproved, nor is one under an `if` on an i1, which masks it too. */
ts_proof ts_range_in_bounds(ts_ranges *, const ts_op *, const ts_access *, unsigned dim);
/* Does ts_range_in_bounds disprove? Cheaper, for those who need no proof. */
bool ts_range_is_outside(ts_ranges *, const ts_op *, const ts_access *, unsigned dim);
/* Is lhs PRED rhs, two expressions over the dims of `op`? Never TS_DISPROVED by one iteration only:
 * TS_DISPROVED means that it holds in none. */
ts_proof ts_range_compare(ts_ranges *, const ts_op *, const ts_aff *lhs, ts_pred,
                          const ts_aff *rhs);

#endif
