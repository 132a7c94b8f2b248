/* Which elements of a buffer come into a block from before, and which does it write? Exact, by isl:
 * Feautrier, Dataflow analysis of array and scalar references, 1991. */
#ifndef TS_ANALYSIS_POLY_FLOW_H
#define TS_ANALYSIS_POLY_FLOW_H

#include "analysis/poly/footprint.h"

typedef struct ts_flow {
  bool comes_in;   /* a read may see an element that the block has not written before */
  bool writes_all; /* every element of the box in use is written, whatever runs */
  bool reads_all;  /* every one is read before the block writes it, whatever runs */
} ts_flow;

/* About one run of `block`, whose accesses to the buffer are `touches`, in any iteration of the
 * loops around it. `box` may be NULL: then only comes_in is told. What isl cannot tell within its
 * budget of operations is answered by comes_in, and by no to the others. */
ts_flow ts_flow_of(ts_forms *, const ts_touches *touches, const ts_block *block, const ts_box *box);

/* "%h[0, 1] at %i = 0": the least element of the box that, in some run of the block, is not read
 * before it is written. NULL when there is no such element, or isl cannot tell. */
const char *ts_flow_unread(ts_forms *, const ts_touches *touches, const ts_block *block,
                           const ts_box *box, const char *buffer);

/* "%i = 0 and %i = 1 share %Y[0, 3]": two iterations of `loop` whose boxes have an element in
 * common, the least ones in that order, and the element. The box is that of the loop's body or of a
 * block further inside. NULL: there are none, or isl cannot tell. */
const char *ts_box_example(ts_forms *, const ts_box *, const ts_op *loop, const char *loop_name,
                           const char *buffer);
/* "(1) over (%i)": how far apart iterations are that share an element; "(*) over (%i), here (1)" when
 * that differs, with the distance of the example. */
const char *ts_box_distance(ts_forms *, const ts_box *, const ts_op *loop, const char *loop_name);

#endif
