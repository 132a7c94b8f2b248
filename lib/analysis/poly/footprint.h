/* Which part of a buffer does a block use? The answer is a box: in each dimension a lower bound, a
 * form over what does not vary in the block, and an extent that is a number or a symbol. */
#ifndef TS_ANALYSIS_POLY_FOOTPRINT_H
#define TS_ANALYSIS_POLY_FOOTPRINT_H

#include "analysis/index/form.h"

/* One load or store: it touches the elements from at[d] to at[d] + widths[d] - 1 of dimension d. */
typedef struct ts_touch {
  ts_op *op;
  bool reads, writes;
  unsigned n;
  const ts_linear *at[TS_MAX_RANK];
  int64_t widths[TS_MAX_RANK];
} ts_touch;

typedef struct ts_touches {
  TS_VEC(ts_touch) list; /* in the order of the text */
  bool reads, writes;    /* any of them */
  /* What stands in the way, when ts_touches_in says no: an op that uses the buffer otherwise, and
   * why that cannot be followed. */
  const ts_op *obstacle;
  const char *reason;
} ts_touches;

/* The accesses of the buffer inside `block`, at any depth; hints (prefetch) do not count. False
 * when one of the ops there is not a load or a store, or its subscripts are not affine. */
bool ts_touches_in(ts_forms *, ts_block *block, ts_value *memref, ts_touches *);

typedef struct ts_box_dim {
  const ts_linear *lower; /* over what does not vary in the block */
  ts_extent extent;
  /* The part in use ends before each of these, which may come before lower + extent; at least one
   * way or the other it ends inside the buffer. */
  unsigned num_ends;
  const ts_linear *ends[TS_FORM_MAX_BOUNDS];
  bool below; /* `lower` may be negative: what lies there is not in use */
} ts_box_dim;

typedef struct ts_box {
  unsigned rank;
  ts_box_dim dims[TS_MAX_RANK];
} ts_box;

/* The smallest box that can be derived from the bounds of loops. Its extents are the same in all
 * iterations of the loops around; a dimension about which nothing can be derived is taken as a
 * whole. */
void ts_box_of(ts_forms *, const ts_touches *, const ts_block *block, const ts_type *memref,
               ts_box *);

/* Are the boxes of `block` in different iterations of `loop` disjoint? The loop holds the block.
 * With `others` (accesses inside the loop; those in `block` are left out) the boxes must also be
 * disjoint from these. */
bool ts_box_is_disjoint(ts_forms *, const ts_box *, const ts_block *block, const ts_op *loop,
                        const ts_touches *others);

#endif
