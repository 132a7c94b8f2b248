#include "tune/measure/samples.h"

#include <math.h>
#include <stdlib.h>

static int ascending(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* How many samples lie outside the interval on each side: the most for which as few heads in n throws come with a
 * probability of 2.5 % at most, less one for the sample that is the end. */
static unsigned outside(unsigned n) {
  double heads = 0, log_all = (double)n * log(2);
  unsigned k = 0;
  while (k < n) {
    heads += exp(lgamma(n + 1.0) - lgamma(k + 1.0) - lgamma(n - k + 1.0) - log_all);
    if (heads > 0.025) break;
    k++;
  }
  return k ? k - 1 : 0;
}

static ts_estimate median_of(unsigned n, const double *sorted) {
  unsigned k = outside(n);
  double value = n % 2 ? sorted[n / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2;
  return (ts_estimate){value, sorted[k], sorted[n - 1 - k]};
}

static ts_estimate least_of(unsigned n, const double *sorted) {
  double x = sorted[0], y = n > 1 ? sorted[1] : x;
  return (ts_estimate){x, fmax(x - 19 * (y - x), 0), x};
}

ts_estimate ts_estimate_of(ts_arena *arena, unsigned n, const double *samples, ts_take take) {
  double *sorted = ts_new_array(arena, double, n);
  memcpy(sorted, samples, n * sizeof *sorted);
  qsort(sorted, n, sizeof *sorted, ascending);
  return take == TS_TAKE_LEAST ? least_of(n, sorted) : median_of(n, sorted);
}

bool ts_sample_is_possible(double ms, unsigned batch, double wall_ms) {
  return isfinite(ms) && ms > 0 && ms * batch <= 1.001 * wall_ms + 0.1;
}
