/* Searches that learn a model of the cost and try where it expects the most. */
#ifndef TS_TUNE_SEARCH_SURROGATE_IMPL_H
#define TS_TUNE_SEARCH_SURROGATE_IMPL_H

#include "tune/search/forest_impl.h"
#include "tune/search/pool_impl.h"
#include "tune/search/targets_impl.h"
#include "tune/search/taught_impl.h"

typedef enum { TS_MODEL_TREES = 1, TS_MODEL_GAUSS = 2, TS_MODEL_BOTH = 3 } ts_model_kind;

typedef struct ts_surrogate {
  ts_model_kind kind;
  ts_features features;
  ts_taught taught;
  ts_pool pool;
  ts_scale scale; /* of the targets */
  double least;   /* target of the best point */
  size_t updated; /* by so many known points, plus one; 0: never */
  double novelty; /* weight of the distance from all that was asked, for trees */
  ts_forest forest;
  size_t fitted; /* to so many known points, plus one; 0: never */
  ts_gauss gauss;
  size_t *rows;                 /* places of the process's rows */
  size_t next_row;              /* place that it gets next */
  size_t learnt;                /* its scales are of so many known points; 0: never */
  float trees_said, gauss_said; /* of the point chosen last; both of TS_MODEL_BOTH only */
} ts_surrogate;

ts_surrogate *ts_surrogate_open(ts_search *, ts_model_kind);
/* Where there is nothing to learn from yet: points far from one another, then any until one is good. False: there is. */
bool ts_surrogate_start(ts_search *, ts_surrogate *, ts_choice *point);
/* Takes in what was told since, as far as the model needs it that is to choose. */
void ts_surrogate_update(ts_search *, ts_surrogate *, ts_model_kind by);
/* The candidate that one of the models expects most of; false: the pool is empty. */
bool ts_surrogate_choose(ts_search *, ts_surrogate *, ts_model_kind by, ts_choice *point);
/* All three, for a search by one model. */
bool ts_surrogate_next(ts_search *, void *state, ts_choice *point);

#endif
