/* What is known from elsewhere: points with their costs for other shapes, and the shapes' traits. */
#ifndef TS_TUNE_SEARCH_TAUGHT_IMPL_H
#define TS_TUNE_SEARCH_TAUGHT_IMPL_H

#include "tune/search/search_impl.h"

typedef struct ts_taught {
  size_t n;
  const ts_hint **hints;
  double *targets; /* standardised among those of the same traits */
} ts_taught;

/* Of hints with costs; at most 300, the best of each shape before others. */
void ts_taught_init(ts_taught *, ts_search *);

#endif
