/* The frontier of time and energy against what its definition says of every pair, on grids so coarse that many points are
 * equal in one or both. */
#include <math.h>

#include "tune/session/tune.h"
#include "unit.h"

static ts_memory memory;
static jmp_buf recover;
static ts_arena arena;
static ts_tune_outcome outcome;

static void setup(void) {
  memory = (ts_memory){.recover = &recover};
  ck_assert_int_eq(setjmp(recover), 0);
  ts_arena_init(&arena, &memory);
  outcome = (ts_tune_outcome){0};
}

static void teardown(void) { ts_arena_drop(&arena); }

static void add(ts_verdict verdict, ts_energy_kind kind, double ms, double joules) {
  ts_trial t = {
      .verdict = verdict, .ms = {ms, ms, ms}, .energy = {kind, joules, joules, joules, ""}};
  ts_push(&arena, &outcome.points, (ts_tuned_point){NULL, t, 0});
}

static void add_good(double ms, double joules) {
  add(TS_VERDICT_OK, TS_ENERGY_MODELLED, ms, joules);
}

static bool beats(size_t a, size_t b) {
  const ts_trial *s = &outcome.points.at[a].trial, *t = &outcome.points.at[b].trial;
  bool equal = s->ms.value == t->ms.value && s->energy.joules == t->energy.joules;
  return s->ms.value <= t->ms.value && s->energy.joules <= t->energy.joules && (!equal || a < b);
}

static bool is_beaten(size_t i) {
  for (size_t k = 0; k < outcome.points.n; k++)
    if (k != i && beats(k, i)) return true;
  return false;
}

START_TEST(nobody_beats_the_frontier_and_it_is_whole) {
  srand(7);
  for (int round = 0; round < 2000; round++) {
    outcome.points.n = 0;
    int n = rand() % 40, steps = 1 + rand() % 20;
    for (int i = 0; i < n; i++)
      add_good(1 + rand() % steps, 1 + rand() % steps);
    ts_frontier f = ts_frontier_of(&arena, &outcome);
    size_t left = 0;
    for (size_t i = 0; i < outcome.points.n; i++)
      left += !is_beaten(i);
    ck_assert_uint_eq(f.n, left);
    for (size_t i = 0; i < f.n; i++) {
      ck_assert(!is_beaten(f.at[i]));
      ck_assert(i == 0 || outcome.points.at[f.at[i - 1]].trial.ms.value <
                              outcome.points.at[f.at[i]].trial.ms.value);
    }
  }
}
END_TEST

/* From the line through both ends, by the area of the triangle of the three (shoelace formula), after scaling. */
static double distance(const double *x, const double *y, size_t n, size_t i) {
  double px = (x[i] - x[0]) / (x[n - 1] - x[0]), py = (y[i] - y[n - 1]) / (y[0] - y[n - 1]);
  double twice_area = fabs(0 * (0 - py) + 1 * (py - 1) + px * (1 - 0));
  return twice_area / sqrt(2);
}

START_TEST(the_knee_is_furthest_below_the_line) {
  const double x[] = {1, 1.2, 1.5, 2, 4}, y[] = {10, 5, 3, 2.8, 2};
  size_t best = 1;
  for (size_t i = 0; i < ts_countof(x); i++) {
    add_good(x[i], y[i]);
    if (i > 0 && i < 4 && distance(x, y, 5, i) > distance(x, y, 5, best)) best = i;
  }
  ck_assert_uint_eq(ts_frontier_of(&arena, &outcome).knee, best);
  ck_assert_uint_eq(best, 2);
}
END_TEST

START_TEST(there_need_not_be_a_knee) {
  ck_assert_uint_eq(ts_frontier_of(&arena, &outcome).n, 0);
  add_good(1, 3);
  add_good(3, 1);
  ck_assert_uint_eq(ts_frontier_of(&arena, &outcome).knee, SIZE_MAX);
  add_good(2.5, 2.5); /* above the line */
  ts_frontier f = ts_frontier_of(&arena, &outcome);
  ck_assert_uint_eq(f.n, 3);
  ck_assert_uint_eq(f.knee, SIZE_MAX);
}
END_TEST

START_TEST(kinds_of_energy_do_not_meet) {
  add(TS_VERDICT_WRONG, TS_ENERGY_MODELLED, 0.1, 0.1);
  add(TS_VERDICT_OK, TS_ENERGY_NONE, 0.1, 0);
  add(TS_VERDICT_OK, TS_ENERGY_MEASURED, 2, 2);
  add(TS_VERDICT_OK, TS_ENERGY_MODELLED, 1, 1);
  add(TS_VERDICT_OK, TS_ENERGY_MEASURED, 3, 1);
  ts_frontier f = ts_frontier_of(&arena, &outcome);
  ck_assert_uint_eq(f.n, 2);
  ck_assert_uint_eq(f.at[0], 2);
  ck_assert_uint_eq(f.at[1], 4);
}
END_TEST

START_TEST(costs_are_of_good_trials) {
  ts_trial t = {.verdict = TS_VERDICT_OK, .ms = {4, 4, 4}, .energy = {.kind = TS_ENERGY_MEASURED}};
  t.energy.joules = 3;
  ck_assert_double_eq(ts_objective_cost(TS_OBJECTIVE_TIME, &t), 4);
  ck_assert_double_eq(ts_objective_cost(TS_OBJECTIVE_ENERGY, &t), 3);
  ck_assert_double_eq_tol(ts_objective_cost(TS_OBJECTIVE_EDP, &t), 0.012, 1e-15);
  t.energy.kind = TS_ENERGY_NONE;
  ck_assert_double_eq(ts_objective_cost(TS_OBJECTIVE_TIME, &t), 4);
  ck_assert(isinf(ts_objective_cost(TS_OBJECTIVE_ENERGY, &t)));
  t.verdict = TS_VERDICT_TIMEOUT;
  ck_assert(isinf(ts_objective_cost(TS_OBJECTIVE_TIME, &t)));
}
END_TEST

int main(void) {
  const TTest *const tests[] = {nobody_beats_the_frontier_and_it_is_whole,
                                the_knee_is_furthest_below_the_line, there_need_not_be_a_knee,
                                kinds_of_energy_do_not_meet, costs_are_of_good_trials};
  TCase *all = unit_case("frontier", ts_countof(tests), tests);
  tcase_add_checked_fixture(all, setup, teardown);
  return unit_run("frontier", all);
}
