/* The points that a surrogate chooses from: some drawn at random, and the neighbours of the best. It changes slowly, so
 * that what is known of its points need not be computed anew. */
#ifndef TS_TUNE_SEARCH_POOL_IMPL_H
#define TS_TUNE_SEARCH_POOL_IMPL_H

#include "tune/search/features_impl.h"
#include "tune/search/gauss_impl.h"

typedef struct ts_candidate {
  ts_choice *point;
  float *position, *features;
  float nearest;                    /* distance to the nearest point that was asked */
  size_t compared;                  /* with so many of them */
  bool drawn, kept;                 /* drawn: at random */
  size_t forest;                    /* that said this: fitted to so many points */
  float mean, variance;             /* by it */
  float gauss_mean, gauss_variance; /* by the process */
  ts_gauss_point gauss;             /* v: NULL until it is asked for */
} ts_candidate;

typedef struct ts_pool {
  const ts_features *features;
  TS_VEC(ts_candidate *) at;   /* those to choose from */
  TS_VEC(ts_candidate *) free; /* kept for their room */
  TS_VEC(float) positions;     /* of all points that were asked, domain->n each */
  ts_candidate **slots;        /* hash table */
  size_t num_slots;
  ts_point_list around;
} ts_pool;

void ts_pool_init(ts_pool *, ts_search *, const ts_features *);
/* Takes out what was asked, draws a part anew, and follows the best; brings `nearest` up to date. */
void ts_pool_refresh(ts_pool *, ts_search *);
/* The candidate's distance to what was asked, with the points asked since. */
void ts_pool_compare(ts_pool *, ts_search *, ts_candidate *);

#endif
