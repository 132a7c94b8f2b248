/* Targets of costs. */
#include <math.h>
#include <stdlib.h>

#include "tune/search/targets_impl.h"

static const double QUANTILE = 0.2;
enum { LEAST_RANK = 4 };

static int compare_doubles(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static double log_cost(double cost) { return log(fmax(cost, 1e-300)); }

static double clip_of(ts_arena *scratch, size_t n, const double *costs) {
  double *good = ts_new_array(scratch, double, n);
  size_t num_good = 0;
  for (size_t i = 0; i < n; i++)
    if (isfinite(costs[i])) good[num_good++] = costs[i];
  qsort(good, num_good, sizeof *good, compare_doubles);
  size_t rank = (size_t)(QUANTILE * (double)(num_good - 1) + 0.5);
  return log_cost(good[ts_min(num_good - 1, ts_max(rank, (size_t)LEAST_RANK))]);
}

double ts_scale_target(const ts_scale *s, double cost) {
  double clipped = isfinite(cost) ? fmin(log_cost(cost), s->clip) : s->clip;
  return (clipped - s->centre) / s->unit;
}

ts_scale ts_scale_of(ts_arena *scratch, size_t n, const double *costs) {
  ts_scale s = {clip_of(scratch, n, costs), 0, 1};
  double sum = 0, squares = 0;
  for (size_t i = 0; i < n; i++)
    sum += ts_scale_target(&s, costs[i]);
  s.centre = sum / (double)n;
  for (size_t i = 0; i < n; i++)
    squares += ts_scale_target(&s, costs[i]) * ts_scale_target(&s, costs[i]);
  s.unit = sqrt(squares / (double)n) + 1e-9;
  return s;
}
