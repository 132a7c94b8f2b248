/* What surrogates know of a point: its place in the box of all choices, and numbers that a tree can split by. */
#ifndef TS_TUNE_SEARCH_FEATURES_IMPL_H
#define TS_TUNE_SEARCH_FEATURES_IMPL_H

#include "tune/search/search_impl.h"

typedef enum {
  TS_FEATURE_POSITION,
  TS_FEATURE_WORD,
  TS_FEATURE_SUM,
  TS_FEATURE_DIFFERENCE
} ts_feature_kind;

typedef struct ts_feature {
  ts_feature_kind kind;
  unsigned a, b; /* parameters; of a WORD b is the choice that it stands for */
} ts_feature;

typedef struct ts_features {
  const ts_domain *domain;
  TS_VEC(ts_feature) of_point;
  unsigned num_traits, n; /* n: of_point and traits together */
  const double **logs;    /* of each parameter's values; NULL: not all are positive numbers */
} ts_features;

void ts_features_init(ts_features *, ts_search *);
/* domain->n numbers: the place in the list of values, as a part of it, so that two points are apart by the sum of the
 * smaller of 1 and the difference. Words are 2 apart, what is absent 2 from all. */
void ts_features_position(const ts_features *, const ts_choice *point, float *out);
/* features->n numbers, the traits last. */
void ts_features_write(const ts_features *, const ts_choice *point, const double *traits,
                       float *out);
float ts_position_distance(const float *a, const float *b, unsigned n);

#endif
