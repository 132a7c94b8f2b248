/* Searches that learn a model of the cost and try where it expects the most. */
#ifndef TS_TUNE_SEARCH_SURROGATE_IMPL_H
#define TS_TUNE_SEARCH_SURROGATE_IMPL_H

#include "tune/search/forest_impl.h"
#include "tune/search/pool_impl.h"

typedef enum { TS_MODEL_TREES, TS_MODEL_GAUSS, TS_MODEL_BOTH } ts_model_kind;

typedef struct ts_surrogate {
  ts_model_kind kind;
  ts_features features;
  ts_pool pool;
  ts_gauss gauss;
  size_t next_fit;  /* of the forest: at so many known points */
  size_t next_pool; /* the pool is of so many known points */
  size_t learnt;    /* the process's scales are of so many */
  double *y;        /* of each known point, clipped and standardised */
  size_t num_y;
  double least; /* of y */
} ts_surrogate;

void *ts_surrogate_open(ts_search *, ts_model_kind);
bool ts_surrogate_next(ts_search *, void *state, ts_choice *point);

#endif
