/* What the passes that give a loop a smaller buffer (stage, compute-at) share: linear forms as
 * expressions, blocked layouts, and the nests that copy between a buffer and a box of it. */
#ifndef TS_TRANSFORMS_BUFFERS_STAGE_IMPL_H
#define TS_TRANSFORMS_BUFFERS_STAGE_IMPL_H

#include "analysis/poly/footprint.h"
#include "transforms/loops/loops.h"

/* The form over these dims; NULL and too large ones set `overflow`. */
const ts_aff *ts_dims_form(ts_dims *, const ts_linear *);

/* ---- layouts ---- */

/* One dimension of a staged buffer:  (position in dimension `dim` of the box) / div % mod;  mod 0:
 * no remainder is taken. */
typedef struct ts_piece {
  unsigned dim;
  unsigned index; /* of the dimension in the staged buffer */
  int64_t div, mod;
  ts_extent count; /* its extent */
} ts_piece;
typedef struct ts_pieces {
  unsigned n;
  ts_piece at[TS_MAX_RANK];
} ts_pieces;
/* Reads "[1/16][0][1%16]", one bracket a dimension: the number of a dimension of the box, then /
 * and % by constants. The empty text keeps the dimensions as they are. NULL, or what is wrong with
 * it. Every element of the box must have one place. */
const char *ts_pieces_parse(ts_arena *, const char *text, const ts_box *, ts_pieces *);
/* Where the element `position` of the box (a form for each dimension) lies. */
const ts_linear *ts_piece_index(ts_forms *, const ts_piece *, const ts_linear *const *position);

/* ---- copies ---- */

/* A buffer `whole`, and `part` that holds the box of it. */
typedef struct ts_staged {
  ts_schedule *schedule;
  ts_forms *forms;
  ts_value *whole, *part;
  const char *name; /* of loops: name.s0, … */
  ts_box box;
  ts_pieces pieces;
} ts_staged;

/* for %NAME.s0 … { … copy one element … }  one loop a dimension of the part, outermost first.
 * Nothing outside the whole is touched. With `pad` elements below the whole's first get 0. False
 * when an expression does not fit. */
bool ts_staged_copy_in(ts_staged *, ts_builder *, bool pad);
bool ts_staged_copy_out(ts_staged *, ts_builder *); /* %NAME.w0 … */
/* for %NAME.z0 … { store 0 }: what no element of the whole in use is copied to. */
bool ts_staged_fill(ts_staged *, ts_builder *);
/* The access now speaks of the part. */
bool ts_staged_redirect(ts_staged *, const ts_touch *);

/* ---- computing a part only ---- */

/* Leaves of the nest `producer`, which stands inside the block of the box, the iterations that may
 * touch elements of the box: loops get tighter bounds and then start at 0, stores that still may
 * miss the box stand in an if. Loops that hold no access of the whole stay as they are. `producer`
 * is replaced. On failure *stuck is the op in the way. */
bool ts_staged_restrict(ts_staged *, ts_op **producer, const ts_op **stuck);

#endif
