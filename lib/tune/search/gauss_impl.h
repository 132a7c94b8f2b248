/* A Gaussian process over positions (features_impl.h): Matérn 5/2 with a length scale for each parameter, a constant mean
 * and noise. (Rasmussen, Williams: Gaussian processes for machine learning, 2006: chapters 2, 4.2, 5.4; algorithm 2.1.) */
#ifndef TS_TUNE_SEARCH_GAUSS_IMPL_H
#define TS_TUNE_SEARCH_GAUSS_IMPL_H

#include "support/support.h"

/* Rows at most: what it costs grows with their square. */
enum { TS_GAUSS_ROWS = 600 };

typedef struct ts_gauss {
  unsigned dims;
  size_t n;
  double *scales;  /* logarithms of the length scales, then that of the noise's variance */
  float *weights;  /* 1 / length scale² */
  float *rows;     /* of TS_GAUSS_ROWS · dims */
  float *factor;   /* Cholesky's, row after row, TS_GAUSS_ROWS apart */
  float *residual; /* the factor's inverse times targets less mean */
  double mean, variance;
} ts_gauss;

/* What it knows of a point that is to be predicted. */
typedef struct ts_gauss_point {
  float *v;  /* of TS_GAUSS_ROWS: the factor's inverse times the covariances with the rows */
  size_t n;  /* so many of them */
  float sum; /* of their squares */
} ts_gauss_point;

void ts_gauss_init(ts_gauss *, ts_arena *, unsigned dims);
/* Finds the length scales and noise that are most probable for these n rows, and forgets the rows it had. */
void ts_gauss_learn(ts_gauss *, ts_arena *scratch, size_t n, const float *rows, const double *y);
/* One more row, n < TS_GAUSS_ROWS, with what is predicted there as its target until targets are set. */
void ts_gauss_add(ts_gauss *, const float *row);
/* The targets of all rows. */
void ts_gauss_set_targets(ts_gauss *, ts_arena *scratch, const double *y);
/* What is known of the point is of rows or scales that are no more. */
static inline void ts_gauss_forget(ts_gauss_point *p) {
  p->n = 0;
  p->sum = 0;
}
/* Mean and variance at a point; rows that it has not seen are taken in. */
void ts_gauss_predict(const ts_gauss *, const float *at, ts_gauss_point *, float *mean,
                      float *variance);

#endif
