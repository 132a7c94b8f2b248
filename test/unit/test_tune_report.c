/* What is told of a session: importance against its definition on whole grids, the line, the table, plots. */
#include <math.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>

#include "tune/report/report.h"
#include "unit.h"

enum { PARAMETERS = 3, VALUES = 4, POINTS = 64 };

static ts_context *ctx;
static jmp_buf recover;
static ts_arena *arena;
static ts_parameter parameters[PARAMETERS];
static ts_domain domain;
static ts_choice rows[POINTS][PARAMETERS];
static ts_tune_outcome outcome;

/* tileM, tileN and tileK of 8, 16, 32 and 64; every point is there once. */
static void setup(void) {
  static const char *const names[] = {"tileM", "tileN", "tileK"};
  static const char *texts[] = {"8", "16", "32", "64"};
  static double numbers[] = {8, 16, 32, 64};
  ctx = ts_context_create();
  arena = &ctx->arena;
  ctx->memory.recover = &recover;
  ck_assert_int_eq(setjmp(recover), 0);
  for (int p = 0; p < PARAMETERS; p++)
    parameters[p] = (ts_parameter){names[p], VALUES, texts, numbers};
  for (int i = 0; i < POINTS; i++)
    for (int p = 0, rest = i; p < PARAMETERS; p++, rest /= VALUES)
      rows[i][p] = (ts_choice)(rest % VALUES);
  domain = (ts_domain){.n = PARAMETERS, .parameters = parameters};
  ck_assert_int_eq(ts_domain_of_rows(ctx, arena, &domain, POINTS, rows[0]), TS_OK);
  outcome = (ts_tune_outcome){.best = SIZE_MAX, .seconds = 2};
}

static void teardown(void) { ts_context_destroy(ctx); }

/* The point of that number, with this time and energy; no energy for 0 J. */
static void add(int number, double ms, double joules, ts_verdict verdict) {
  ts_trial t = {.parameters = ts_domain_point_text(&domain, arena, rows[number]),
                .verdict = verdict,
                .ms = {ms, 0.5 * ms, 2 * ms}};
  if (joules > 0) t.energy = (ts_energy){TS_ENERGY_MODELLED, joules, joules, joules, "proxy"};
  double cost = ts_objective_cost(TS_OBJECTIVE_TIME, &t);
  ts_push(arena, &outcome.points, (ts_tuned_point){rows[number], t, cost});
  if (isfinite(cost) && (outcome.best == SIZE_MAX || cost < outcome.points.at[outcome.best].cost))
    outcome.best = outcome.points.n - 1;
}

static ts_tune_report report(void) {
  return (ts_tune_report){.title = "mlp M=512, native",
                          .domain = &domain,
                          .outcome = &outcome,
                          .frontier = ts_frontier_of(arena, &outcome),
                          .recipe = SIZE_MAX,
                          .taken = "median of 10"};
}

/* ---- importance ---- */

/* Sobol's index of first order by its definition: the variance of the means over the others, over the whole variance. */
static double index_of(const double *y, int p) {
  double mean = 0, all = 0, of_means = 0;
  for (int i = 0; i < POINTS; i++)
    mean += y[i] / POINTS;
  for (int i = 0; i < POINTS; i++)
    all += (y[i] - mean) * (y[i] - mean) / POINTS;
  for (int v = 0; v < VALUES; v++) {
    double sum = 0;
    for (int i = 0; i < POINTS; i++)
      if (rows[i][p] == v) sum += y[i] * VALUES / POINTS;
    of_means += (sum - mean) * (sum - mean) / VALUES;
  }
  return of_means / all;
}

/* On a whole grid each tree is the function itself, so what comes out is exact. */
static void check_importance(double (*log_cost)(const ts_choice *)) {
  double y[POINTS], importance[PARAMETERS];
  for (int i = 0; i < POINTS; i++) {
    y[i] = log_cost(rows[i]);
    add(i, exp(y[i]), 0, TS_VERDICT_OK);
  }
  ts_tune_report r = report();
  ts_report_importance(ctx, &r, importance);
  for (int p = 0; p < PARAMETERS; p++)
    ck_assert_double_eq_tol(importance[p], index_of(y, p), 1e-9);
}

static double sum_of_parts(const ts_choice *c) { return c[0] + 0.25 * c[1] * c[1] + 0.01 * c[2]; }
static double with_products(const ts_choice *c) { return (c[0] - 1.5) * (c[1] - 1.5) + 0.5 * c[2]; }

START_TEST(parts_of_a_sum) { check_importance(sum_of_parts); }
END_TEST
START_TEST(products_belong_to_none_alone) { check_importance(with_products); }
END_TEST

START_TEST(nothing_matters_where_all_are_equal) {
  double importance[PARAMETERS];
  ts_tune_report r = report();
  ts_report_importance(ctx, &r, importance);
  ck_assert_double_eq(importance[0], 0);
  for (int i = 0; i < POINTS; i++)
    add(i, 3, 0, i % 2 ? TS_VERDICT_OK : TS_VERDICT_WRONG);
  r = report();
  ts_report_importance(ctx, &r, importance);
  for (int p = 0; p < PARAMETERS; p++)
    ck_assert_double_eq(importance[p], 0);
}
END_TEST

/* With three of four points gone, what is left still tells which matters. */
START_TEST(a_sample_tells_which_matters) {
  double importance[PARAMETERS];
  for (int i = 0; i < POINTS; i += 1 + i % 5)
    add(i, exp(sum_of_parts(rows[i])), 0, TS_VERDICT_OK);
  ts_tune_report r = report();
  ts_report_importance(ctx, &r, importance);
  ck_assert_double_gt(importance[0], importance[1]);
  ck_assert_double_gt(importance[1], 5 * importance[2]);
  ck_assert_double_le(importance[0] + importance[1] + importance[2], 1 + 1e-9);
}
END_TEST

/* ---- texts ---- */

static ts_sink text;

static const char *finish(void) {
  ck_assert_int_eq(ts_sink_finish(&text), TS_OK);
  return text.buf;
}

START_TEST(the_line_tells_how_it_goes) {
  add(5, 2.5, 0, TS_VERDICT_OK);
  ts_tune_progress p = {
      .done = 10, .failed = 2, .of = 40, .seconds = 5, .best = &outcome.points.at[0]};
  ts_sink_buffer(&text, &ctx->memory);
  ts_report_progress(&text, &domain, TS_OBJECTIVE_TIME, &p, 100);
  ck_assert_str_eq(
      finish(), "10 of 40, 2 failed | best 2.5 ms | 2/s | 15 s left | tileM=16 tileN=16 tileK=8");
  ts_sink_drop(&text);
  /* J·s are four bytes in three columns */
  ts_sink_buffer(&text, &ctx->memory);
  ts_report_progress(&text, &domain, TS_OBJECTIVE_EDP, &p, 35);
  ck_assert_str_eq(finish(), "10 of 40, 2 failed | best 2.5 J·s |");
  ts_sink_drop(&text);
  /* trials that the space does not have are not waited for; before the first there is no rate */
  p = (ts_tune_progress){.of = 1000};
  ts_sink_buffer(&text, &ctx->memory);
  ts_report_progress(&text, &domain, TS_OBJECTIVE_TIME, &p, 100);
  ck_assert_str_eq(finish(), "0 of 64");
  ts_sink_drop(&text);
}
END_TEST

START_TEST(the_table_is_aligned) {
  add(0, 20, 8e-3, TS_VERDICT_OK);
  add(1, 10, 9e-3, TS_VERDICT_OK);
  add(2, 0, 0, TS_VERDICT_REFUSED);
  add(21, 12.5, 2e-3, TS_VERDICT_OK);
  ts_tune_report r = report();
  r.recipe = 0;
  ts_sink_buffer(&text, &ctx->memory);
  ts_report_table(&text, &r, true);
  ck_assert_str_eq(
      finish(), "mlp M=512, native (median of 10)\n"
                "  best           10 ms  [5, 20]                   9 mJ  tileM=16 tileN=8 tileK=8\n"
                "  recipe         20 ms  [10, 40]                  8 mJ  tileM=8 tileN=8 tileK=8\n"
                "  gain            2 times less time than the recipe\n"
                "  energy   modelled, proxy\n"
                "  tried           4 of 64 in 2 s; the whole space\n"
                "  failed          1 refused: a pass refused the step\n"
                "\n"
                "no other is quicker and more frugal; energy modelled, proxy\n"
                "     trial  tileM  tileN  tileK   time/ms   power/W  energy/mJ\n"
                "         2     16      8      8        10       0.9          9\n"
                "         4     16     16     16      12.5      0.16          2\n");
  ts_sink_drop(&text);
}
END_TEST

/* A recorded time has no interval; parameters that would pass 100 columns stand on a line of their own. */
START_TEST(long_lines_are_parted) {
  add(0, 1.5, 0, TS_VERDICT_OK);
  ts_trial *t = &outcome.points.at[0].trial;
  t->ms.low = t->ms.high = t->ms.value;
  t->parameters = "block_size_x=128 block_size_y=16 tile_size_x=4 tile_size_y=8 use_padding=1";
  outcome.end = TS_END_TRIALS;
  ts_tune_report r = report();
  ts_sink_buffer(&text, &ctx->memory);
  ts_report_table(&text, &r, false);
  ck_assert_str_eq(
      finish(),
      "mlp M=512, native (median of 10)\n"
      "  best          1.5 ms\n"
      "           block_size_x=128 block_size_y=16 tile_size_x=4 tile_size_y=8 use_padding=1\n"
      "  tried           1 of 64 in 2 s\n");
  ts_sink_drop(&text);
}
END_TEST

START_TEST(a_session_without_a_good_point) {
  add(3, 0, 0, TS_VERDICT_FAULT);
  add(4, 0, 0, TS_VERDICT_FAULT);
  outcome.end = TS_END_INTERRUPTED;
  ts_tune_report r = report();
  ts_sink_buffer(&text, &ctx->memory);
  ts_report_table(&text, &r, true);
  ck_assert_str_eq(finish(), "mlp M=512, native (median of 10)\n"
                             "  no candidate is good\n"
                             "  tried           2 of 64 in 2 s; interrupted\n"
                             "  failed          2 fault: ended in a signal\n");
  ts_sink_drop(&text);
}
END_TEST

/* ---- JSON ---- */

static json_t *json_of(const ts_tune_report *r) {
  json_error_t error;
  ts_sink_buffer(&text, &ctx->memory);
  ts_report_json(&text, r);
  json_t *root = json_loads(finish(), JSON_REJECT_DUPLICATES, &error);
  ck_assert_msg(root, "%s", error.text);
  ts_sink_drop(&text);
  return root;
}

/* The number at a path of keys and places, "points.0.ms"; NaN: null. */
static double number_at(json_t *value, const char *path) {
  char copy[64], *rest = copy;
  snprintf(copy, sizeof copy, "%s", path);
  for (char *key; (key = strsep(&rest, "."));) {
    json_t *list = value;
    value = json_object_get(value, key);
    if (json_is_array(list)) value = json_array_get(list, (size_t)atoi(key));
  }
  ck_assert_msg(json_is_number(value) || json_is_null(value), "%s", path);
  return json_is_null(value) ? NAN : json_number_value(value);
}

START_TEST(json_has_everything) {
  add(7, 0, 0, TS_VERDICT_WRONG);
  add(0, 20, 8e-3, TS_VERDICT_OK);
  add(21, 12.5, 2e-3, TS_VERDICT_OK);
  add(1, 16, 9e-3, TS_VERDICT_OK);
  ts_tune_report r = report();
  r.recipe = 1;
  json_t *root = json_of(&r);
  static const struct {
    const char *path;
    double value;
  } figures[] = {{"best.trial", 3},
                 {"best.configuration.tileM", 16},
                 {"recipe.ms", 20},
                 {"gain", 1.6},
                 {"curve.1", 20},
                 {"curve.3", 12.5},
                 {"frontier.trials.0", 3},
                 {"points.3.energy.joules", 9e-3},
                 {"count", 64}};
  for (unsigned i = 0; i < ts_countof(figures); i++)
    ck_assert_double_eq_tol(number_at(root, figures[i].path), figures[i].value, 1e-12);
  ck_assert(isnan(number_at(root, "curve.0")));
  ck_assert(isnan(number_at(root, "points.0.cost")));
  json_t *failed = json_array_get(json_object_get(root, "points"), 0);
  ck_assert_str_eq(json_string_value(json_object_get(failed, "verdict")), "wrong");
  ck_assert_ptr_null(json_object_get(failed, "ms"));
  json_t *energy = json_object_get(json_object_get(root, "best"), "energy");
  ck_assert_str_eq(json_string_value(json_object_get(energy, "kind")), "modelled");
  json_decref(root);
}
END_TEST

/* Of a replay, whose optimum is known, the curve is the part of it that is reached; 0 before there is a good point. */
START_TEST(json_of_a_replay_has_fractions) {
  add(7, 0, 0, TS_VERDICT_WRONG);
  add(0, 20, 0, TS_VERDICT_OK);
  add(21, 12.5, 0, TS_VERDICT_OK);
  ts_tune_report r = report();
  r.optimum = 10;
  json_t *root = json_of(&r);
  ck_assert_double_eq(number_at(root, "optimum"), 10);
  ck_assert_double_eq_tol(number_at(root, "fraction"), 0.8, 1e-15);
  ck_assert_double_eq(number_at(root, "curve.0"), 0);
  ck_assert_double_eq(number_at(root, "curve.1"), 0.5);
  ck_assert_double_eq_tol(number_at(root, "curve.2"), 0.8, 1e-15);
  json_decref(root);
}
END_TEST

/* ---- plots ---- */

static char folder[64];

/* A folder alone on PATH, with a gnuplot of these lines in it; NULL: with none. */
static void replace_gnuplot(const char *lines) {
  strcpy(folder, "/tmp/tilesmith-plot-XXXXXX");
  ck_assert_ptr_nonnull(mkdtemp(folder));
  setenv("PATH", folder, 1);
  if (!lines) return;
  char path[128];
  snprintf(path, sizeof path, "%s/gnuplot", folder);
  FILE *f = fopen(path, "w");
  ck_assert_ptr_nonnull(f);
  fprintf(f, "#!/bin/sh\n%s\n", lines);
  fclose(f);
  ck_assert_int_eq(chmod(path, 0755), 0);
}

static void remove_gnuplot(void) {
  char line[128];
  snprintf(line, sizeof line, "/bin/rm -rf %s", folder);
  ck_assert_int_eq(system(line), 0);
}

static const char *failure_to_draw(void) {
  ts_tune_report r = report();
  ts_sink_buffer(&text, &ctx->memory);
  ck_assert_int_eq(ts_report_plot(ctx, &r, TS_PLOT_SVG, 0, &text), TS_ERR);
  ck_assert_uint_eq(text.n, 0);
  ts_sink_drop(&text);
  return ctx->last->message;
}

START_TEST(without_gnuplot_its_package_is_named) {
  add(0, 10, 0, TS_VERDICT_OK);
  replace_gnuplot(NULL);
  ck_assert_str_eq(failure_to_draw(),
                   "gnuplot is not installed; it draws the plots (package gnuplot-nox)");
  remove_gnuplot();
}
END_TEST

START_TEST(a_gnuplot_that_fails_is_quoted) {
  add(0, 10, 0, TS_VERDICT_OK);
  replace_gnuplot("echo 'line 3: undefined' >&2; exit 2");
  ck_assert_str_eq(failure_to_draw(), "gnuplot failed (exit code 2): line 3: undefined ");
  remove_gnuplot();
  replace_gnuplot("exit 0");
  ck_assert_str_eq(failure_to_draw(), "gnuplot drew nothing");
  remove_gnuplot();
}
END_TEST

/* Whoever has no gnuplot runs the tests above. */
static bool draws(ts_plot kind) {
  ts_tune_report r = report();
  ts_sink_buffer(&text, &ctx->memory);
  ts_result result = ts_report_plot(ctx, &r, kind, 100, &text);
  ck_assert(result == TS_OK || strstr(ctx->last->message, "not installed"));
  return result == TS_OK && ts_sink_finish(&text) == TS_OK;
}

static void add_frontier(void) {
  add(0, 10, 9e-3, TS_VERDICT_OK);
  add(1, 11, 3e-3, TS_VERDICT_OK);
  add(2, 20, 2e-3, TS_VERDICT_OK);
  add(3, 15, 8e-3, TS_VERDICT_OK);
}

START_TEST(a_picture_has_what_it_should) {
  add_frontier();
  if (!draws(TS_PLOT_SVG)) return;
  static const char *const words[] = {"mlp M=512, native",
                                      "time of a run, ms",
                                      "energy of a run, mJ (modelled)",
                                      "knee: tileM=16 tileN=8 tileK=8",
                                      "candidates",
                                      "frontier",
                                      "best so far",
                                      "trial",
                                      "part of the variance of log cost",
                                      "tileN",
                                      "</svg>"};
  for (unsigned i = 0; i < ts_countof(words); i++)
    ck_assert_msg(strstr(text.buf, words[i]), "%s", words[i]);
  char *first = ts_strndup(arena, text.buf, text.n);
  ts_sink_drop(&text);
  ck_assert(draws(TS_PLOT_SVG));
  ck_assert_str_eq(text.buf, first);
  ts_sink_drop(&text);
  ck_assert(draws(TS_PLOT_PNG));
  ck_assert_mem_eq(text.buf, "\x89PNG\r\n\x1a\n", 8);
  ts_sink_drop(&text);
}
END_TEST

START_TEST(without_energy_times_are_drawn) {
  add(0, 10, 0, TS_VERDICT_OK);
  add(1, 11, 0, TS_VERDICT_OK);
  if (!draws(TS_PLOT_SVG)) return;
  ck_assert_ptr_null(strstr(text.buf, "energy"));
  ck_assert_ptr_null(strstr(text.buf, ">-")); /* no trial before the first */
  ck_assert_ptr_null(strstr(text.buf, "knee"));
  ts_sink_drop(&text);
}
END_TEST

/* The four points lie where the axes say: the quickest leftmost, the most frugal at the bottom. */
START_TEST(a_plot_of_characters) {
  add_frontier();
  if (!draws(TS_PLOT_TEXT)) return;
  const char *best = strstr(text.buf, "B"), *knee = strstr(text.buf, "K");
  ck_assert_ptr_nonnull(strstr(text.buf, "part of the variance of log cost\n  tileM  1.00  ####"));
  ck_assert_ptr_nonnull(best);
  ck_assert_ptr_nonnull(knee);
  ts_sink_drop(&text);
}
END_TEST

START_TEST(names_that_mean_something_to_gnuplot) {
  add_frontier();
  parameters[0].name = "it's @a_{b}";
  if (!draws(TS_PLOT_SVG)) return;
  ck_assert_ptr_nonnull(strstr(text.buf, "it's @a_{b}"));
  ts_sink_drop(&text);
}
END_TEST

START_TEST(one_point_is_drawn_and_none_is_not) {
  add(0, 10, 9e-3, TS_VERDICT_OK);
  if (draws(TS_PLOT_SVG)) ts_sink_drop(&text);
  outcome.points.n = 0;
  add(1, 0, 0, TS_VERDICT_WRONG);
  outcome.best = SIZE_MAX;
  ck_assert_str_eq(failure_to_draw(), "there is nothing to draw: no candidate is good");
}
END_TEST

START_TEST(endings_tell_the_kind) {
  ts_plot kind;
  ck_assert(ts_report_plot_kind("a/b.png", &kind) && kind == TS_PLOT_PNG);
  ck_assert(ts_report_plot_kind("b.svg", &kind) && kind == TS_PLOT_SVG);
  ck_assert(!ts_report_plot_kind(".svg", &kind));
  ck_assert(!ts_report_plot_kind("b.pdf", &kind));
}
END_TEST

int main(void) {
  const TTest *const tests[] = {
      parts_of_a_sum,
      products_belong_to_none_alone,
      nothing_matters_where_all_are_equal,
      a_sample_tells_which_matters,
      the_line_tells_how_it_goes,
      the_table_is_aligned,
      long_lines_are_parted,
      a_session_without_a_good_point,
      json_has_everything,
      json_of_a_replay_has_fractions,
      without_gnuplot_its_package_is_named,
      a_gnuplot_that_fails_is_quoted,
      a_picture_has_what_it_should,
      without_energy_times_are_drawn,
      a_plot_of_characters,
      names_that_mean_something_to_gnuplot,
      one_point_is_drawn_and_none_is_not,
      endings_tell_the_kind,
  };
  TCase *all = unit_case("report", ts_countof(tests), tests);
  tcase_add_checked_fixture(all, setup, teardown);
  return unit_run("report", all);
}
