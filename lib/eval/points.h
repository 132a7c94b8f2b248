/* Walking over the points of a tensor op (ir/indexing.h) with the elements that they read and write. */
#ifndef TS_EVAL_POINTS_H
#define TS_EVAL_POINTS_H

#include "ir/indexing.h"
#include "data/shape_binding.h"

enum { TS_MAX_POINT_ARRAYS = 2 };

/* The point at hand is `index`; array k, as it was added, has the element at[k] there, and a step along dim d goes
 * by[k][d] elements further. */
typedef struct ts_points {
  unsigned n, num_parallel, num_arrays;
  int64_t extents[TS_MAX_ITER_DIMS], index[TS_MAX_ITER_DIMS];
  int64_t at[TS_MAX_POINT_ARRAYS], by[TS_MAX_POINT_ARRAYS][TS_MAX_ITER_DIMS];
} ts_points;

/* The element, of a row-major array of these extents, at the subscripts that an op's map has at a point. */
int64_t ts_point_element(const ts_map *, const int64_t *point, const int64_t *dims);

/* At the first point. */
ts_points ts_points_of(const ts_op *, const ts_bindings *);
/* Adds the row-major array of these extents that plain operand `operand` of the op is. */
void ts_points_add(ts_points *, ts_module *, const ts_op *, unsigned operand, const int64_t *dims);
/* Steps along the dims from `first` to before `end`, the last the fastest. False behind the last point, after
 * which they are at their first again. */
bool ts_points_next(ts_points *, unsigned first, unsigned end);

#endif
