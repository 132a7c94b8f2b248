/* What trials cost, and which of them no other beats. */
#include <math.h>
#include <stdlib.h>

#include "tune/session/tune.h"

double ts_objective_cost(ts_objective objective, const ts_trial *t) {
  if (!ts_trial_ok(t)) return INFINITY;
  double cost = t->ms.value;
  if (objective != TS_OBJECTIVE_TIME && t->energy.kind == TS_ENERGY_NONE) return INFINITY;
  if (objective == TS_OBJECTIVE_ENERGY) cost = t->energy.joules;
  if (objective == TS_OBJECTIVE_EDP) cost = t->energy.joules * t->ms.value * 1e-3;
  return isnan(cost) ? INFINITY : cost;
}

const char *ts_objective_unit(ts_objective objective) {
  static const char *const units[] = {"ms", "J", "J·s"};
  return units[objective];
}

static int compare(double a, double b) { return (a > b) - (a < b); }

/* By time, then energy, then the order tried. */
static int compare_points(const void *a, const void *b, void *user) {
  const ts_tuned_point *points = user;
  size_t x = *(const size_t *)a, y = *(const size_t *)b;
  const ts_trial *s = &points[x].trial, *t = &points[y].trial;
  int order = compare(s->ms.value, t->ms.value);
  if (!order) order = compare(s->energy.joules, t->energy.joules);
  return order ? order : (x > y) - (x < y);
}

/* Good trials with energy of the first one's kind, in the order tried. */
static size_t take_candidates(const ts_tune_outcome *o, size_t *at) {
  ts_energy_kind kind = TS_ENERGY_NONE;
  size_t n = 0;
  for (size_t i = 0; i < o->points.n; i++) {
    const ts_trial *t = &o->points.at[i].trial;
    if (!isfinite(ts_objective_cost(TS_OBJECTIVE_EDP, t))) continue;
    if (kind == TS_ENERGY_NONE) kind = t->energy.kind;
    if (t->energy.kind == kind) at[n++] = i;
  }
  return n;
}

/* How far the point lies below the line from the first to the last when both axes go from 0 to 1, times sqrt(2). */
static double below_line(const ts_trial *first, const ts_trial *last, const ts_trial *t) {
  double x = (t->ms.value - first->ms.value) / (last->ms.value - first->ms.value);
  double y =
      (t->energy.joules - last->energy.joules) / (first->energy.joules - last->energy.joules);
  return 1 - x - y;
}

static size_t find_knee(const ts_tune_outcome *o, const ts_frontier *f) {
  size_t knee = SIZE_MAX;
  double furthest = 0;
  for (size_t i = 1; i + 1 < f->n; i++) {
    double below = below_line(&o->points.at[f->at[0]].trial, &o->points.at[f->at[f->n - 1]].trial,
                              &o->points.at[f->at[i]].trial);
    if (below <= furthest) continue;
    furthest = below;
    knee = i;
  }
  return knee;
}

ts_frontier ts_frontier_of(ts_arena *arena, const ts_tune_outcome *o) {
  ts_frontier f = {.at = ts_new_array(arena, size_t, o->points.n + 1), .knee = SIZE_MAX};
  size_t n = take_candidates(o, f.at);
  double least = INFINITY;
  qsort_r(f.at, n, sizeof *f.at, compare_points, o->points.at);
  for (size_t i = 0; i < n; i++) {
    double joules = o->points.at[f.at[i]].trial.energy.joules;
    if (joules >= least) continue;
    least = joules;
    f.at[f.n++] = f.at[i];
  }
  f.knee = find_knee(o, &f);
  return f;
}
