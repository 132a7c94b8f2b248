/* Updates of an element by what was in it:  s[…] = s[…] op x.
 *
 * Integers may be added, multiplied, compared for the largest and combined bit by bit in any order: every
 * bit of the result is the same. So may the largest and least of floats be taken (but for the payload of
 * a NaN); sums and products of floats round differently. */
#ifndef TS_ANALYSIS_POLY_UPDATE_H
#define TS_ANALYSIS_POLY_UPDATE_H

#include "ir/ir.h"

/* load s[…]; update it by a value; store s[…]. Nobody else sees the value loaded or stored, and nothing
 * between the first op and the last, which stand in one block, touches the element. */
typedef struct ts_update {
  ts_op *load, *update, *store;
} ts_update;

/* How partial results are put together; they start from the neutral number (ir/scalar.h) of `combine`. */
typedef struct ts_combination {
  ts_opcode update, combine;
  bool rounds; /* in another order floats round differently */
} ts_combination;

/* NULL: the op is no such update. */
const ts_combination *ts_combination_of(const ts_op *update);
/* Is the store the last op of an update of one scalar? */
bool ts_update_of(const ts_op *store, ts_update *out);
/* Does nothing else inside the block, at any depth, touch the element? */
bool ts_update_is_alone(const ts_update *, const ts_block *);
/* What partial results of the update start from, as a literal of this type of its numbers. */
ts_value *ts_update_neutral(ts_module *, const ts_op *update, const ts_type *);
/* Do two accesses of one buffer differ in a subscript that is a number in both? */
bool ts_is_elsewhere(const ts_op *, const ts_op *);

#endif
