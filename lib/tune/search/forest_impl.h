/* Extremely randomised trees for regression (Geurts, Ernst, Wehenkel: Extremely randomized trees, Machine Learning 63,
 * 2006): all rows in each tree, one threshold drawn for each of the features looked at, leaves that are pure. */
#ifndef TS_TUNE_SEARCH_FOREST_IMPL_H
#define TS_TUNE_SEARCH_FOREST_IMPL_H

#include "support/support.h"
#include "tune/search/draw_impl.h"

enum { TS_TREES = 50 };

typedef struct ts_forest_node {
  int32_t feature; /* < 0: a leaf */
  uint32_t left, right;
  float threshold; /* left: no more than this */
  float mean, variance;
} ts_forest_node;

typedef struct ts_forest {
  TS_VEC(ts_forest_node) nodes;
  uint32_t roots[TS_TREES];
} ts_forest;

typedef struct ts_forest_rows {
  size_t n;
  unsigned features;
  const float *x; /* of feature f of row i: x[f * n + i] */
  const double *y;
} ts_forest_rows;

/* Nodes of an earlier fit are overwritten; new ones come from the first arena. */
void ts_forest_fit(ts_forest *, ts_arena *, ts_arena *scratch, ts_draw *, const ts_forest_rows *);
/* Of a row: the mean of the trees' answers, and the variance of their mixture. (Hutter et al.: Algorithm runtime
 * prediction, Artificial Intelligence 206, 2014, section 4.3.2.) */
void ts_forest_predict(const ts_forest *, const float *row, float *mean, float *variance);

#endif
