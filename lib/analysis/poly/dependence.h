/* May this step be taken? Exact answers by isl for loops as they stand in the IR.
 *
 * Every function here models a stretch of one block: its loads, stores and copies, each with the
 * set of iterations it runs in (bounds with min and max, steps, affine ifs, floordiv and mod
 * included) and its place in time. Loops around the stretch are fixed: their variables and the
 * symbolic extents are parameters. Two accesses conflict when they touch the same element of the
 * same buffer and one writes. A buffer that is allocated inside the stretch is another one in each
 * iteration of the loops around its alloc. A step is legal when it keeps the order of every
 * conflicting pair (Feautrier 1991; Kennedy & Allen, Optimizing Compilers for Modern Architectures,
 * ch. 2). Updates that may be taken in any order (update.h) may change places as wholes: that counts where
 * a step moves whole iterations, not where it takes them apart (ts_dep_parallel, ts_dep_jam).
 *
 * What is not affine (a subscript computed at run time, an i1 condition) may touch or run
 * everything; a call touches whole buffers as its parameters' roles say. Different buffer arguments
 * do not alias.
 *
 * Functions return TS_OK with a verdict, or TS_LIMIT when isl runs out of its operation budget
 * (with a message: the step is then refused). Verdicts live in `arena`. */
#ifndef TS_ANALYSIS_POLY_DEPENDENCE_H
#define TS_ANALYSIS_POLY_DEPENDENCE_H

#include "ir/ir.h"

typedef enum {
  TS_DEP_FLOW,
  TS_DEP_ANTI,
  TS_DEP_OUTPUT
} ts_dep_kind; /* write-read, read-write, write-write */

/* Two accesses that a step would run in the wrong order (or at once), and one pair of iterations in
 * which they do: lexicographically the least. */
typedef struct ts_conflict {
  ts_dep_kind kind;
  const ts_op *source, *sink; /* `source` runs first in the program as it is */
  ts_value *memref;
  const char *element;             /* "%A[3, 0]" */
  const char *source_at, *sink_at; /* "%i = 0, %k = 3": the loops inside the stretch, outer first */
  const char *given; /* "%b = 3, M = 7": what is fixed around the stretch, in this example; "" for
                        nothing */
  const char *loops; /* "(%i, %k)": loops around both; "()" for none */
  const char *distance; /* "(1, -1)": sink minus source for these loops; with "*" where it is not
                           constant, or takes too long to tell */
  const char *here;     /* the same of the two iterations above, all numbers */
  bool afterwards; /* loops and distance are those that the step would make: before it, no such loop
                      is around both */
} ts_conflict;

typedef struct ts_verdict {
  bool legal;
  bool exact; /* false: what is not affine stands in the way; then `conflict` is only possible */
  ts_conflict conflict; /* when not legal */
} ts_verdict;

/* A perfect nest, outer to inner, run in the order loops[order[0]], loops[order[1]], … instead. */
ts_result ts_dep_reorder(ts_context *, ts_arena *, unsigned n, ts_op *const *loops,
                         const unsigned *order, ts_verdict *);
/* The iterations of `loop` run at once: nothing may be carried by it. */
ts_result ts_dep_parallel(ts_context *, ts_arena *, ts_op *loop, ts_verdict *);
/* The same, when each update (update.h) that may be taken in any order is one indivisible step; but not
 * those of the buffer `apart` (may be NULL). */
ts_result ts_dep_parallel_updates(ts_context *, ts_arena *, ts_op *loop, const ts_value *apart,
                                  ts_verdict *);
/* The same of a loop that is marked parallel already: `atomic_add` may come in any order even where that
 * rounds differently. Says nothing when the budget is spent. */
ts_result ts_dep_marked(ts_context *, ts_arena *, ts_op *loop, ts_verdict *);
/* `factor` consecutive iterations of `loop` run together: in every statement inside it, at any
 * depth, one after the other (unroll and jam; vectors of `factor` lanes). Ops in `ignore` (the
 * update of a reduction that the caller handles) are left out. */
ts_result ts_dep_jam(ts_context *, ts_arena *, ts_op *loop, int64_t factor, unsigned num_ignore,
                     ts_op *const *ignore, ts_verdict *);
/* A perfect nest whose innermost body is cut before each op of `cuts` (in order): the nest is run
 * to its end for each piece in turn. */
ts_result ts_dep_distribute(ts_context *, ts_arena *, unsigned n, ts_op *const *loops,
                            unsigned num_cuts, ts_op *const *cuts, ts_verdict *);
/* Iteration t of `second`, a later loop of the same block with the same trip count, runs right
 * after iteration t of `first`; what stands between them runs before both. */
ts_result ts_dep_fuse(ts_context *, ts_arena *, ts_op *first, ts_op *second, ts_verdict *);
/* `nest` stands inside `last` by now. It used to run, as a whole, before all that is from `first` to
 * `last`, ops of one block: is that still so where it matters? The nest's own accesses keep their
 * order. */
ts_result ts_dep_moved(ts_context *, ts_arena *, ts_op *first, ts_op *last, ts_op *nest,
                       ts_verdict *);
/* Do two accesses meet, which stand in different ops of a block, `first` in the earlier one? That is
 * no question about a step: "illegal" means that they do, and shows where. */
ts_result ts_dep_meet(ts_context *, ts_arena *, const ts_op *first, const ts_op *second,
                      ts_verdict *);

/* Does the access of `op` meet itself in another iteration of `loop`, which it stands in? As above. */
ts_result ts_dep_repeat(ts_context *, ts_arena *, ts_op *loop, const ts_op *op, ts_verdict *);

/* Reports a refusal at `at`: "cannot MESSAGE: …", then what ts_dep_explain says. Returns TS_ERR. */
ts_result ts_dep_refuse(ts_context *, const ts_op *at, const char *message, const ts_verdict *,
                        const char *alternative);
/* Its first line: "cannot MESSAGE: %s[0] is written before …". */
const char *ts_dep_refusal(ts_arena *, const char *message, const ts_verdict *);
/* Notes behind an error: the two accesses with their iterations, the dependence vector, and
 * `alternative` (may be NULL), what could be done instead. */
void ts_dep_explain(ts_context *, ts_loc at, const ts_verdict *, const char *alternative);

/* ---- what would be legal ---- */

/* The legal order of a perfect nest (at most 8 loops) nearest to `order`: fewest pairs of loops the
 * other way round than there, and bounds that speak only of loops outside of them. The order as it
 * is is always legal. */
ts_result ts_dep_nearest_order(ts_context *, ts_arena *, unsigned n, ts_op *const *loops,
                               const unsigned *order, unsigned *nearest);
/* By how many iterations must `second` lag behind `first` for them to be fused: iteration t of it
 * after iteration t + lag? The least number up to 64; 0: none, or that cannot be told. */
int64_t ts_dep_fuse_lag(ts_context *, ts_op *first, ts_op *second);
/* Which of n loops may be run in parallel, each for itself? One budget for all. */
ts_result ts_dep_parallel_loops(ts_context *, ts_arena *, unsigned n, ts_op *const *loops,
                                bool *may);

#endif
