/* What surrogates learn of costs: logarithms, clipped where bad begins, standardised. */
#ifndef TS_TUNE_SEARCH_TARGETS_IMPL_H
#define TS_TUNE_SEARCH_TARGETS_IMPL_H

#include "support/support.h"

typedef struct ts_scale {
  double clip; /* logarithm from which on all is equally bad */
  double centre, unit;
} ts_scale;

/* The scale of n costs, of which one at least is finite: clipped at their 20 % quantile, but so that five good ones differ,
 * where there are five. How bad a bad point is need not be learnt, and one that failed is merely bad. */
ts_scale ts_scale_of(ts_arena *scratch, size_t n, const double *costs);
/* (logarithm - centre) / unit. */
double ts_scale_target(const ts_scale *, double cost);

#endif
