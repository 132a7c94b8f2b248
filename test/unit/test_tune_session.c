/* A tuning session: what is asked is tried, kept and told, whoever tries it and in whatever order the answers come. */
#include <math.h>

#include "tune/session/tune.h"
#include "unit.h"

enum { ROWS = 6, COLUMNS = 5 };

static ts_context *ctx;
static ts_domain domain;

/* All points of a 6 × 5 grid. */
static ts_result make_domain(void *unused) {
  (void)unused;
  static const char *texts[] = {"0", "1", "2", "3", "4", "5"};
  static double numbers[] = {0, 1, 2, 3, 4, 5};
  static ts_parameter parameters[] = {{"i", ROWS, texts, numbers}, {"j", COLUMNS, texts, numbers}};
  static ts_choice rows[ROWS * COLUMNS][2];
  for (ts_choice k = 0; k < ROWS * COLUMNS; k++) {
    rows[k][0] = k / COLUMNS;
    rows[k][1] = k % COLUMNS;
  }
  domain = (ts_domain){.n = 2, .parameters = parameters};
  return ts_domain_of_rows(ctx, &ctx->arena, &domain, ROWS * COLUMNS, rows[0]);
}

static void setup(void) {
  ctx = ts_context_create();
  ck_assert_int_eq(ts_protect(ctx, make_domain, NULL), TS_OK);
}

static void teardown(void) { ts_context_destroy(ctx); }

/* ---- a bowl, least at (4, 2), whose points with i = 1 are no good ---- */

static double bowl(const ts_choice *p) {
  return 1 + (p[0] - 4.0) * (p[0] - 4.0) + (p[1] - 2.0) * (p[1] - 2.0);
}

typedef struct bowl_evaluator {
  bool backwards;      /* answers come in the opposite order */
  unsigned stop_after; /* raises the flag after so many; 0: never */
  volatile int interrupt;
  unsigned tried, largest_batch;
} bowl_evaluator;

static ts_trial bowl_trial(const ts_candidate *c) {
  ts_trial t = {.parameters = c->parameters, .when = 1};
  t.ms.value = bowl(c->point);
  if (c->point[0] == 1) t.verdict = TS_VERDICT_WRONG;
  return t;
}

static ts_result evaluate(void *state, ts_arena *arena, unsigned n, const ts_candidate *candidates,
                          ts_trial *trials, ts_trial_done done, void *user) {
  bowl_evaluator *e = state;
  (void)arena;
  e->largest_batch = ts_max(e->largest_batch, n);
  for (unsigned k = 0; k < n; k++) {
    unsigned i = e->backwards ? n - 1 - k : k;
    if (e->interrupt) return TS_LIMIT;
    trials[i] = bowl_trial(&candidates[i]);
    ts_result result = done(user, i, &trials[i]);
    if (result) return result;
    if (++e->tried == e->stop_after) e->interrupt = 1;
  }
  return TS_OK;
}

typedef struct call {
  ts_tune_plan plan;
  ts_tune_outcome outcome;
  ts_result result;
} call;

static ts_result run(void *arg) {
  call *c = arg;
  c->result = ts_tune(ctx, &ctx->arena, &c->plan, &c->outcome);
  return TS_OK;
}

static ts_tune_outcome tune(bowl_evaluator *e, const char *search, uint64_t trials,
                            unsigned batch) {
  call c = {.plan = {.domain = &domain,
                     .evaluator = {.state = e, .evaluate = evaluate},
                     .search = search,
                     .setup.seed = 7,
                     .trials = trials,
                     .batch = batch,
                     .interrupt = &e->interrupt}};
  ck_assert_int_eq(ts_protect(ctx, run, &c), TS_OK);
  ck_assert_int_eq(c.result, TS_OK);
  return c.outcome;
}

START_TEST(all_points_are_tried_once_and_the_least_is_best) {
  bowl_evaluator e = {0};
  ts_tune_outcome o = tune(&e, "exhaustive", 0, 4);
  ck_assert_int_eq(o.end, TS_END_EXHAUSTED);
  ck_assert_uint_eq(o.points.n, ROWS * COLUMNS);
  ck_assert_uint_eq(e.largest_batch, 4);
  bool seen[ROWS][COLUMNS] = {{false}};
  for (size_t k = 0; k < o.points.n; k++) {
    const ts_choice *p = o.points.at[k].point;
    ck_assert(!seen[p[0]][p[1]]);
    seen[p[0]][p[1]] = true;
    ck_assert(isinf(o.points.at[k].cost) == (p[0] == 1));
  }
  ck_assert_str_eq(o.points.at[o.best].trial.parameters, "i=4 j=2");
  ck_assert(o.points.at[o.best].cost == 1);
}
END_TEST

START_TEST(trials_are_a_limit) {
  bowl_evaluator e = {0};
  ts_tune_outcome o = tune(&e, "random", 7, 4);
  ck_assert_int_eq(o.end, TS_END_TRIALS);
  ck_assert_uint_eq(o.points.n, 7);
  ck_assert_uint_eq(e.tried, 7);
}
END_TEST

START_TEST(the_order_of_answers_changes_nothing) {
  ts_search_name name;
  for (unsigned s = 0; ts_search_list(s, &name); s++) {
    bowl_evaluator forwards = {0}, backwards = {.backwards = true};
    ts_tune_outcome a = tune(&forwards, name.name, 20, 5), b = tune(&backwards, name.name, 20, 5);
    ck_assert_uint_eq(a.points.n, b.points.n);
    for (size_t k = 0; k < a.points.n; k++)
      ck_assert_str_eq(a.points.at[k].trial.parameters, b.points.at[k].trial.parameters);
    ck_assert_uint_eq(a.best, b.best);
  }
}
END_TEST

START_TEST(an_interrupt_leaves_the_best_so_far) {
  bowl_evaluator e = {.stop_after = 6};
  ts_tune_outcome o = tune(&e, "exhaustive", 0, 4);
  ck_assert_int_eq(o.end, TS_END_INTERRUPTED);
  ck_assert_uint_eq(o.points.n, 6); /* the second round is told as far as it came */
  double least = INFINITY;
  for (size_t k = 0; k < o.points.n; k++)
    least = fmin(least, o.points.at[k].cost);
  ck_assert(o.points.at[o.best].cost == least);
}
END_TEST

START_TEST(nothing_good_has_no_best) {
  static ts_choice bad[][2] = {{1, 0}, {1, 3}};
  domain.graph = NULL;
  ck_assert_int_eq(ts_domain_of_rows(ctx, &ctx->arena, &domain, 2, bad[0]), TS_OK);
  bowl_evaluator e = {0};
  ts_tune_outcome o = tune(&e, NULL, 0, 1);
  ck_assert_uint_eq(o.points.n, 2);
  ck_assert(o.best == SIZE_MAX);
}
END_TEST

/* Measured again, (4, 2) turns out to cost 9, more than (4, 1) and (4, 3), which cost 2. */
static ts_result settle(void *state, ts_arena *arena, unsigned n, const ts_candidate *candidates,
                        ts_trial *trials) {
  (void)state;
  (void)arena;
  for (unsigned i = 0; i < n; i++)
    if (!strcmp(candidates[i].parameters, "i=4 j=2")) trials[i].ms.value = 9;
  return TS_OK;
}

START_TEST(finalists_are_measured_again) {
  bowl_evaluator e = {0};
  call c = {.plan = {.domain = &domain,
                     .evaluator = {.state = &e, .evaluate = evaluate, .settle = settle},
                     .search = "exhaustive",
                     .interrupt = &e.interrupt}};
  ck_assert_int_eq(ts_protect(ctx, run, &c), TS_OK);
  const ts_tuned_point *best = &c.outcome.points.at[c.outcome.best];
  ck_assert(best->cost == 2);
  ck_assert(best->point[0] == 4 || best->point[0] == 3 || best->point[0] == 5);
}
END_TEST

int main(void) {
  const TTest *const tests[] = {
      all_points_are_tried_once_and_the_least_is_best,
      trials_are_a_limit,
      the_order_of_answers_changes_nothing,
      an_interrupt_leaves_the_best_so_far,
      nothing_good_has_no_best,
      finalists_are_measured_again,
  };
  TCase *all = unit_case("session", ts_countof(tests), tests);
  tcase_add_checked_fixture(all, setup, teardown);
  return unit_run("tune session", all);
}
