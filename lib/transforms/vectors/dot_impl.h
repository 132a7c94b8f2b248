/* What the files of `dot` share: one loop whose iterations become the group of a `dot`. */
#ifndef TS_TRANSFORMS_VECTORS_DOT_IMPL_H
#define TS_TRANSFORMS_VECTORS_DOT_IMPL_H

#include "transforms/loops/loops.h"
#include "transforms/rewrite/rewrite.h"

/* for %k … { acc[…] += a[…] * b[…] } of one loop. */
typedef struct ts_dot_loop {
  ts_schedule s;
  ts_op *loop; /* gone once rewritten */
  ts_op *a, *b, *c, *update, *store;
  ts_dtype data, sum; /* of the factors and of the accumulator */
  int64_t lanes;      /* as many products as a `dot` adds to one lane */
  /* with offset: the outermost loop around that adds up, and the one, that or one around it, in
   * front of which the sums of second factors are computed */
  ts_op *outer, *place;
  unsigned num_ragged;
  const ts_aff **ragged; /* upper bounds that may end within the group, over the loop's
                                        dims */
  /* once rewritten, where the loop stood */
  ts_op *mask, *dot; /* mask: NULL where no lane can lie past the end */
} ts_dot_loop;

typedef TS_VEC(ts_dot_loop) ts_dot_loops;

/* ---- dot_offset.c ---- */

/* Can every group have an unsigned first factor, its buffer holding 128 more than it did? TS_ERR
 * with a message when not. Called before the loops are rewritten. */
ts_result ts_dot_check_offset(ts_dot_loops *);
/* Does that to groups that have been rewritten: stores of the first factors, the mark, and nests
 * that take 128 times the sums of the second factors from the accumulators. */
void ts_dot_make_offset(ts_dot_loops *);

#endif
