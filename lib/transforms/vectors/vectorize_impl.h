/* What the files of `vectorize` share: one loop whose iterations become lanes.
 *
 * Values are *uniform* (the same in all lanes: they stay scalar) or *varying* (they become
 * vectors). What `dot` left works on groups of elements, which lie side by side in vectors of as
 * many times the lanes. Memory that lanes touch is reached in one of the ways of ts_reach. */
#ifndef TS_TRANSFORMS_VECTORS_VECTORIZE_IMPL_H
#define TS_TRANSFORMS_VECTORS_VECTORIZE_IMPL_H

#include "transforms/loops/loops.h"
#include "transforms/rewrite/rewrite.h"

/* How the lanes of an access lie to one another. */
typedef enum {
  TS_REACH_UNIFORM,    /* all at one element */
  TS_REACH_CONTIGUOUS, /* side by side in the last dimension */
  TS_REACH_PRIVATE,    /* each in a buffer of its own iteration, which becomes one of vectors */
  TS_REACH_LANES,      /* anywhere: one by one */
  TS_REACH_NONE        /* at different elements of buffers of their own: no form */
} ts_reach;

/* s = op(s, …), on one element that nothing else in the loop touches. */
typedef struct ts_reduction {
  ts_op *load, *update, *store;
} ts_reduction;

/* What is decided before anything is rewritten. */
typedef struct ts_vector_plan {
  ts_schedule s;
  ts_op *loop;
  ts_value *iv;
  int64_t lanes, step; /* step of the loop as it was */
  int64_t live;        /* lanes that some iteration has before its end */
  bool strict, reassociate;
  /* the extent */
  bool masked;   /* lanes may lie past the end */
  bool constant; /* the end becomes a constant; `covered` is where the last lane stands, plus 1 */
  int64_t first, covered;
  unsigned num_ragged;
  const ts_aff **ragged; /* bounds that may end in the middle of a vector, over `outside` */
  ts_dims *outside;      /* dims shared by the loops of the call */
  /* values and buffers: each map says → anything */
  ts_ptrmap varying;   /* differ between lanes */
  ts_ptrmap unchecked; /* buffers whose lanes past the end may be touched */
  ts_ptrmap padded;    /* buffers whose lanes past the end may be read */
  TS_VEC(ts_reduction) reductions;
} ts_vector_plan;

/* The loop being rewritten by its plan. */
typedef struct ts_vector_writer {
  const ts_vector_plan *plan;
  ts_builder b;
  ts_ptrmap vectors;    /* varying scalar → vector */
  ts_ptrmap splats;     /* uniform scalar → its last splat */
  ts_ptrmap privates;   /* private buffer → buffer of vectors */
  ts_value **partials;  /* the lanes' results of each reduction: memref<1xvector<…>, local> */
  ts_value *tail;       /* mask of the lanes before the end, once made */
  ts_value *group_tail; /* the same for groups */
  /* mask of the lanes whose conditions hold, the end included; NULL: no condition */
  ts_value *condition;
  unsigned num_vectors; /* vector loads and stores made */
  unsigned in_lanes;    /* accesses made lane by lane */
  TS_VEC(ts_op *) dead; /* replaced ops, to be erased last to first */
} ts_vector_writer;

/* ---- vectorize_lanes.c: what each lane sees ---- */

/* Per lane, how much the expression over the op's dims grows; false: not by a constant. */
bool ts_lane_stride(const ts_vector_plan *, const ts_op *, const ts_aff *, int64_t *out);
ts_reach ts_reach_of(const ts_vector_plan *, const ts_op *);
bool ts_is_varying(const ts_vector_plan *, const void *value);
/* Is the buffer allocated inside the loop? */
bool ts_is_private(const ts_vector_plan *, const ts_value *memref);
/* Can every lane's subscripts be written? */
bool ts_lanes_fit(const ts_vector_plan *, const ts_op *);
/* The expressions of the op's map as lane `lane` has them, over dims of scalars. */
void ts_lane_map(ts_vector_writer *, const ts_op *, int64_t lane, ts_dims *, const ts_aff **exprs);
/* The expression in each lane, as a vector of index values. */
ts_value *ts_lane_indices(ts_vector_writer *, const ts_op *, const ts_aff *);
/* Lanes before `end`, an expression over the dims; of groups of that many elements. */
ts_value *ts_lanes_below(ts_vector_writer *, ts_dims *, const ts_aff *end, int64_t group);
/* Lanes in which the affine condition holds. */
ts_value *ts_lane_condition(ts_vector_writer *, const ts_op *, const ts_aff *lhs, ts_pred,
                            const ts_aff *rhs);
/* A load or store done lane by lane, under `mask` (may be NULL). */
ts_value *ts_load_lanes(ts_vector_writer *, ts_op *, ts_value *mask);
void ts_store_lanes(ts_vector_writer *, ts_op *, ts_value *mask);
const ts_type *ts_vector_of(const ts_vector_plan *, ts_dtype);
/* Elements of one iteration's value: those of a group that `dot` works on, else 1. */
int64_t ts_group_of(const ts_type *);
/* The vector that holds the value of every lane: 16 groups of 4 side by side. */
const ts_type *ts_widened(const ts_vector_plan *, const ts_type *);
/* The value in all lanes: a vector, or for a literal a vector literal where `literal` allows
 * one. */
ts_value *ts_as_vector(ts_vector_writer *, ts_value *, bool literal);
/* and / and not of two masks, of which either may be NULL for all. */
ts_value *ts_mask_and(ts_vector_writer *, ts_value *, ts_value *);
ts_value *ts_mask_not(ts_vector_writer *, ts_value *);

/* ---- vectorize_reduce.c ---- */

/* Finds the reductions that the loop carries; TS_ERR when one may not be reordered. */
ts_result ts_find_reductions(ts_vector_plan *);
/* The reduction that the op belongs to; NULL: none. */
ts_reduction *ts_reduction_of(const ts_vector_plan *, const ts_op *);
/* The vector form of one op of a reduction: the result, NULL for a store. Lanes outside `mask`
 * (NULL: none are) add nothing. */
ts_value *ts_reduce_lanes(ts_vector_writer *, ts_op *, ts_value *mask);
/* Before the loop: buffers of partial results; after it: combining them. */
void ts_open_reductions(ts_vector_writer *);
void ts_close_reductions(ts_vector_writer *);

/* ---- vectorize_body.c ---- */

/* Which values and buffers differ between lanes. TS_ERR with a message for what has no vector
 * form. */
ts_result ts_analyze_lanes(ts_vector_plan *);
/* Rewrites the body, the loop's bounds being done. */
void ts_vectorize_body(ts_vector_writer *);

#endif
