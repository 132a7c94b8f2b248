/* Loop mechanics: what scheduling passes are made of.
 *
 * Which loops, and whether the step is legal, is the pass' business (analysis/dependence.h); here
 * is how loops are found by name, and how they are split, unrolled, cloned and rewritten. A loop is
 * called after its variable. Several loops of a function may have one name, as long as none is
 * inside another (both halves of a peeled loop hold loops called %j): a pass works on each of
 * them. */
#ifndef TS_TRANSFORMS_LOOPS_LOOPS_H
#define TS_TRANSFORMS_LOOPS_LOOPS_H

#include "ir/ir.h"
#include "analysis/index/dims.h"
#include "transforms/loops/roles.h"
#include "transforms/passes.h"

/* ---- loops ---- */

static inline bool ts_is_loop(const ts_op *op) { return op && op->opcode == TS_OP_FOR; }
/* The loop that the op stands in (launches and ifs in between are passed over); NULL: none. */
ts_op *ts_loop_around(const ts_op *);
/* The launch that the block is of or stands in; NULL: none. There new buffers are shared or local, and
 * their extents are numbers. */
ts_op *ts_launch_around(const ts_block *);
/* The only op of the loop's body when that is a loop; else NULL. */
ts_op *ts_loop_only_child(const ts_op *loop);
/* Iterations, when the bounds are constants (one of several lower and upper bounds each counts). */
bool ts_loop_trip_count(const ts_op *loop, int64_t *out);
/* An upper limit of the loop's iterations, from its one constant lower bound and the least of its
 * constant upper bounds: 6 for `0 to min(6, …)`. False when either is missing. */
bool ts_loop_max_trips(const ts_op *loop, int64_t *out);
const char *ts_loop_name(const ts_op *loop); /* without its %; in the module's arena */
/* A name for each loop of the function that nothing else in it has, in `names` (loop → ts_str): its own
 * where that is free; with `plain`, with _ in place of dots. Whether one differs from what the loop is called. */
bool ts_loops_own_names(ts_func *, bool plain, ts_ptrmap *names);
/* Is a value of the block, at any depth, called so? `loops`: the variables of loops count. */
bool ts_names_inside(const ts_block *, ts_str name, bool loops);
/* A name for a result: `base` with `suffix` (".all"). Where one of that name is visible already,
 * ts_name_values tells them apart behind the pass. */
ts_str ts_joined_name(ts_module *, const char *base, const char *suffix);

/* ---- which loops a pass is asked to work on ---- */

typedef struct ts_schedule {
  ts_pass_ctx *pass;
  ts_module *m;
  ts_func *func;
  const ts_loop_list *list;
  const void *options;
  const char *only; /* the function asked for by func=; "": none */
  /* the loop, or the outermost of the nest, that is worked on; NULL: the whole function */
  const ts_op *at;
} ts_schedule;

/* Calls `fn` for every loop that the list names, item after item, in functions that have such loops
 * (only in `func` unless that is empty). TS_ERR with the names there are when a function lacks one
 * of the loops or none has any; stops at the first failure. `fn` may change the loop and what is in
 * it. */
ts_result ts_each_loop(ts_pass_ctx *, ts_module *, const char *func, const ts_loop_list *,
                       const void *options,
                       ts_result (*fn)(ts_schedule *, ts_op *loop, const ts_loop_item *));
/* The same for perfect nests: `fn` gets the loops of the list, outer to inner as they stand, and
 * which item each is. The nest is perfect when each loop holds the next one and nothing else; else
 * an error says what stands between. */
ts_result ts_each_nest(ts_pass_ctx *, ts_module *, const char *func, const ts_loop_list *,
                       const void *options,
                       ts_result (*fn)(ts_schedule *, unsigned n, ts_op *const *loops,
                                       const unsigned *items));
/* A name for a new loop made from (a part of) the loop or buffer called `base` in this role (roles.h):
 * BASE.ROLE, unless another value has it, or a loop around or inside the one that is worked on; then with
 * _1, _2 … Loops elsewhere may have it: a later step reaches them together. Steps of recipes find it by base
 * and role. */
ts_str ts_schedule_name(ts_schedule *, const char *base, const char *role);
/* Is a result of that name visible in the block, or the variable of a loop around? */
bool ts_schedule_is_named_around(const ts_block *, ts_str name);
/* An item's value as a number of at least `least`; an error names the item otherwise. */
ts_result ts_item_number(ts_schedule *, const ts_loop_item *, int64_t least, int64_t *out);
/* A step to advise, as it would be typed: -unroll=i=4, or -unroll="i=4 func=k" where the running pass
 * was told its function, or other functions have loops of the names that it was told. */
const char *ts_schedule_step(ts_schedule *, const char *pass, const char *fmt, ...) TS_PRINTF(3, 4);
/* The step that does what the running one would, in the order of the iterations. */
const char *ts_schedule_unroll(ts_schedule *, const ts_op *loop, int64_t factor);
/* "passed" and "missed" remarks of the running pass, at the op. */
void ts_schedule_passed(ts_schedule *, const ts_op *, const char *fmt, ...) TS_PRINTF(3, 4);
void ts_schedule_missed(ts_schedule *, const ts_op *, const char *fmt, ...) TS_PRINTF(3, 4);
/* An error at the op, as a pass that refuses: TS_ERR. */
ts_result ts_schedule_refuse(ts_schedule *, const ts_op *, const char *fmt, ...) TS_PRINTF(3, 4);

/* Removes the mark `parallel` from a loop where it can no longer be proved; a "missed" remark says
 * so. For steps that changed or moved the loop: an order that is legal one iteration after another
 * may not be legal at once. */
void ts_loop_keep_mark(ts_schedule *, ts_op *loop);
/* The same for all loops inside the loop. */
void ts_loop_keep_marks_inside(ts_schedule *, ts_op *loop);

/* ---- mechanics; the caller knows that they are legal ---- */

/* Moves all ops of one block to the end of another. */
void ts_move_ops(ts_module *, ts_block *from, ts_block *to);

/* for %i = L to H step s  →  for %i.o = 0 to ceil(n / size) { for %i.i = 0 to min(size, n −
 * %i.o·size) { … with n = ceil((H − L) / s) and L + (%i.o·size + %i.i)·s for %i. The min is left
 * out where size divides n. A parallel mark goes to the outer loop, others to the inner one; `loop`
 * is gone. Refused when the lower bound is a max. */
ts_result ts_loop_split(ts_schedule *, ts_op *loop, int64_t size, ts_op **outer, ts_op **inner);
/* ceil((hi - lower bound) / step), for one of the loop's upper bounds and its only lower one. */
const ts_aff *ts_loop_trips(ts_dims *, const ts_op *loop, const ts_aff *hi);
/* Leaves in the loop the largest multiple of `by` iterations and puts the rest into a copy behind
 * it, NAME.tail; *tail is NULL when nothing is left over. Where the loop may end before it starts,
 * the copy starts at a max; of several upper bounds each may need a copy, of which one runs. Refused
 * when the lower bound is a max. */
ts_result ts_loop_cut(ts_schedule *, ts_op *loop, int64_t by, ts_op **tail);
/* Puts an expression over `dims`, one of which may be the loop's variable, in the variable's place all over the body.
 * False, with nothing changed, when an expression would get too large. */
bool ts_loop_substitute(ts_op *loop, const ts_aff *with, const ts_dims *dims);
/* for %i = L to H step s  →  for %i = 0 to ceil((H − L) / s), with L + %i·s for %i. False, with
 * nothing changed, when the lower bound is a max or an expression would get too large. */
bool ts_loop_normalize(ts_module *, ts_op *loop);
/* The loops of a perfect nest (outer to inner) in another order: position p gets loops[order[p]].
 * Bounds must not speak of loops that end up inside. Ops keep their identity but for position:
 * afterwards nest[p] is the op at depth p. */
void ts_nest_permute(ts_module *, unsigned n, ts_op **nest, const unsigned *order);
/* The body once with `iv` replaced by lower bound (the largest, where all are constants) + `trip`·step, inserted before `before`; the
 * given map (may be empty) receives old → new values. False as for ts_replace_by_affine. */
bool ts_loop_clone_body(ts_module *, const ts_op *loop, int64_t trip, ts_op *before,
                        ts_ptrmap *map);
/* Another loop with the same bounds, marks and step before `before`, with an empty body. */
ts_op *ts_loop_clone_empty(ts_module *, const ts_op *loop, ts_str name, ts_op *before);

#endif
