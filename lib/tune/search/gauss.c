/* Gaussian process: rows, targets, predictions. Learning stands in gauss_learn.c. */
#include <math.h>

#include "tune/search/gauss_impl.h"

/* Sums side by side, so that compilers need not reorder any to use vectors. */
typedef float lanes __attribute__((vector_size(16)));
enum { SIDE = 4, STEP = SIDE * 4 };

static float dot(const float *a, const float *b, size_t n) {
  lanes sums[SIDE] = {0}, x[SIDE], y[SIDE];
  size_t i = 0;
  for (; i + STEP <= n; i += STEP) {
    memcpy(x, a + i, sizeof x);
    memcpy(y, b + i, sizeof y);
    for (unsigned k = 0; k < SIDE; k++)
      sums[k] += x[k] * y[k];
  }
  lanes sum = (sums[0] + sums[1]) + (sums[2] + sums[3]);
  float all = (sum[0] + sum[1]) + (sum[2] + sum[3]);
  for (; i < n; i++)
    all += a[i] * b[i];
  return all;
}

static float covariance(const ts_gauss *g, const float *a, const float *b) {
  float square = 0;
  for (unsigned i = 0; i < g->dims; i++) {
    float apart = fabsf(a[i] - b[i]);
    if (apart > 1) apart = 1;
    square += apart * apart * g->weights[i];
  }
  float r = sqrtf(5 * square);
  return (1 + r + r * r / 3) * expf(-r);
}

/* Takes in the rows that the point has not seen. (Forward substitution, a row at a time.) */
static void look(const ts_gauss *g, const float *at, ts_gauss_point *p) {
  for (; p->n < g->n; p->n++) {
    const float *factor = g->factor + p->n * TS_GAUSS_ROWS;
    float k = covariance(g, g->rows + p->n * g->dims, at);
    p->v[p->n] = (k - dot(factor, p->v, p->n)) / factor[p->n];
    p->sum += p->v[p->n] * p->v[p->n];
  }
}

void ts_gauss_add(ts_gauss *g, const float *row) {
  float *factor = g->factor + g->n * TS_GAUSS_ROWS;
  ts_gauss_point p = {.v = factor};
  look(g, row, &p);
  float rest = 1 + (float)exp(g->scales[g->dims]) - p.sum;
  factor[g->n] = sqrtf(rest > 1e-6f ? rest : 1e-6f);
  memcpy(g->rows + g->n * g->dims, row, g->dims * sizeof *row);
  g->residual[g->n++] = 0;
}

/* The mean is the one most probable, by general least squares. */
void ts_gauss_set_targets(ts_gauss *g, ts_arena *scratch, const double *y) {
  float *ones = ts_new_array(scratch, float, g->n + 1);
  double by_ones = 0, by_y = 0, squares = 0;
  for (size_t i = 0; i < g->n; i++) {
    const float *factor = g->factor + i * TS_GAUSS_ROWS;
    ones[i] = (1 - dot(factor, ones, i)) / factor[i];
    g->residual[i] = ((float)y[i] - dot(factor, g->residual, i)) / factor[i];
    by_ones += ones[i] * ones[i];
    by_y += ones[i] * g->residual[i];
  }
  g->mean = by_y / by_ones;
  for (size_t i = 0; i < g->n; i++) {
    g->residual[i] -= (float)g->mean * ones[i];
    squares += g->residual[i] * g->residual[i];
  }
  g->variance = squares / (double)g->n;
}

void ts_gauss_predict(const ts_gauss *g, const float *at, ts_gauss_point *p, float *mean,
                      float *variance) {
  look(g, at, p);
  *mean = (float)g->mean + dot(g->residual, p->v, g->n);
  *variance = (float)g->variance * fmaxf(1 - p->sum, 1e-6f);
}
