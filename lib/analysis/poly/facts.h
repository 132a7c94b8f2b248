/* What always holds where an op runs, and how many iterations loops have; exact where all is affine. */
#ifndef TS_ANALYSIS_POLY_FACTS_H
#define TS_ANALYSIS_POLY_FACTS_H

#include "ir/ir.h"

/* Does lhs PRED rhs hold in every iteration in which `op`, whose dims they speak of, runs? Exact
 * for affine surroundings; false when that cannot be told. */
bool ts_poly_holds(ts_context *, ts_arena *, const ts_op *op, const ts_aff *lhs, ts_pred,
                   const ts_aff *rhs);

/* An upper limit of the loop's iterations in any run: a number or a symbolic extent. False when
 * neither is known. */
bool ts_poly_trip_limit(ts_context *, ts_arena *, const ts_op *loop, ts_extent *out);
/* Do two loops of one block, each with one lower bound, always have the same number of iterations?
 * False when that cannot be told. */
bool ts_poly_same_trips(ts_context *, ts_arena *, const ts_op *, const ts_op *);

#endif
