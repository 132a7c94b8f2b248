/* The public API: searching for a schedule. Candidates run on the loop VM, which needs no compiler. */
#include <math.h>

#include "api_unit.h"

/* 4 × 8 times 8 × 6: small enough to be checked by hand below. */
static const char *program =
    "func @layer(%X: tensor<MxKxf32>, %W: tensor<KxNxf32>) -> tensor<MxNxf32> {\n"
    "  %0 = matmul %X, %W\n"
    "  %1 = relu %0\n"
    "  return %1\n"
    "}\n";
static const char *tiles = "space tiles\n"
                           "param rows in [1, 2, 4]\n"
                           "param columns in [2, 3]\n"
                           "pipeline { fuse, lower{acc=f32}, tile{i=$rows j=$columns} }\n"
                           "power rows * 2 + columns\n";

static ts_autotune_options usual(void) {
  return (ts_autotune_options){.size = sizeof(ts_autotune_options),
                               .extents = "M=4 K=8 N=6",
                               .space = tiles,
                               .engine = "loop",
                               .energy = "proxy",
                               .objective = TS_OBJECTIVE_ENERGY,
                               .repeats = 1,
                               .threads = 1};
}

START_TEST(every_trial_can_be_looked_at) {
  ts_module *module = parse(ctx, program);
  ts_autotune_options options = usual();
  ts_tuned *tuned;
  ck_assert_int_eq(ts_autotune(module, &options, &tuned), TS_OK);
  ck_assert_uint_eq(ts_tuned_num_trials(tuned), 3 * 2);
  ts_trial_row row = {.size = sizeof row};
  double least = INFINITY;
  for (size_t i = 0; ts_tuned_trial(tuned, i, &row); i++) {
    unsigned rows, columns;
    ck_assert_int_eq(sscanf(row.parameters, "rows=%u columns=%u", &rows, &columns), 2);
    ck_assert_str_eq(row.verdict, "ok");
    ck_assert(row.ms > 0 && row.ms_low <= row.ms && row.ms <= row.ms_high);
    /* watts times seconds, by the space's power */
    ck_assert_int_eq(row.energy, TS_ENERGY_MODELLED);
    ck_assert(fabs(row.joules - (rows * 2 + columns) * row.ms * 1e-3) < 1e-9 * row.joules);
    ck_assert(row.cost == row.joules);
    least = fmin(least, row.cost);
  }
  ck_assert(ts_tuned_trial(tuned, ts_tuned_best(tuned), &row));
  ck_assert(row.cost == least);
  /* The frontier goes from the quickest to the most frugal. */
  double ms = 0, joules = INFINITY;
  size_t k = 0, at;
  for (; (at = ts_tuned_frontier(tuned, k)) != SIZE_MAX; k++) {
    ck_assert(ts_tuned_trial(tuned, at, &row));
    ck_assert(row.ms > ms && row.joules < joules);
    ms = row.ms;
    joules = row.joules;
  }
  ck_assert_uint_ge(k, 1);
  ck_assert(joules == least);
  ck_assert(ts_tuned_knee(tuned) == SIZE_MAX || k >= 3);
  ts_tuned_destroy(tuned);
  ts_module_destroy(module);
}
END_TEST

START_TEST(the_tuned_program_runs) {
  ts_module *module = parse(ctx, program), *best;
  ts_autotune_options options = usual();
  ts_tuned *tuned;
  ts_executable *exe;
  ck_assert_int_eq(ts_autotune(module, &options, &tuned), TS_OK);
  ck_assert_int_eq(ts_tuned_module(tuned, ts_tuned_best(tuned), &best), TS_OK);
  ts_tuned_destroy(tuned);
  float x[4][8], w[8][6], y[4][6];
  for (int i = 0; i < 32; i++)
    x[i / 8][i % 8] = (float)(i % 5 - 2);
  for (int i = 0; i < 48; i++)
    w[i / 6][i % 6] = (float)(i % 7 - 3);
  const int64_t dims[][2] = {{4, 8}, {8, 6}, {4, 6}};
  const ts_tensor tensors[] = {ts_tensor_of(TS_F32, 2, dims[0], x),
                               ts_tensor_of(TS_F32, 2, dims[1], w),
                               ts_tensor_of(TS_F32, 2, dims[2], y)};
  ck_assert_int_eq(ts_compile(best, NULL, NULL, &exe), TS_OK);
  ck_assert_int_eq(ts_execute(exe, 3, tensors, NULL), TS_OK);
  for (int i = 0; i < 4; i++)
    for (int j = 0; j < 6; j++) {
      float sum = 0;
      for (int k = 0; k < 8; k++)
        sum += x[i][k] * w[k][j];
      ck_assert(y[i][j] == (sum > 0 ? sum : 0));
    }
  ts_executable_destroy(exe);
  ts_module_destroy(best);
  ts_module_destroy(module);
}
END_TEST

static bool stop_after_three(void *user, const ts_trial_row *trial) {
  ck_assert_ptr_nonnull(trial->parameters);
  return ++*(unsigned *)user < 3;
}

START_TEST(a_callback_may_end_it) {
  ts_module *module = parse(ctx, program);
  ts_autotune_options options = usual();
  unsigned heard = 0;
  ts_tuned *tuned;
  options.progress = stop_after_three;
  options.user = &heard;
  ck_assert_int_eq(ts_autotune(module, &options, &tuned), TS_OK);
  ck_assert_uint_ge(ts_tuned_num_trials(tuned), 3);
  ck_assert_uint_lt(ts_tuned_num_trials(tuned), 6);
  ts_tuned_destroy(tuned);
  ts_module_destroy(module);
}
END_TEST

START_TEST(wrong_calls_are_told_apart) {
  ts_module *module = parse(ctx, program);
  ts_tuned *tuned = (ts_tuned *)&tuned;
  ts_autotune_options options = usual();
  options.engine = "steam";
  ck_assert_int_eq(ts_autotune(module, &options, &tuned), TS_USAGE);
  ck_assert_ptr_null(tuned);
  expect_error("steam");
  options = usual();
  options.space = "space empty\nparam rows in [1, 2]\nrequire rows > 2\npipeline { lower }\n";
  ck_assert_int_eq(ts_autotune(module, &options, &tuned), TS_ERR);
  expect_error("empty");
  options = usual();
  options.extents = "M=4 K=8";
  ck_assert_int_ne(ts_autotune(module, &options, &tuned), TS_OK);
  expect_error("N");
  options = usual();
  options.size = 8;
  ck_assert_int_eq(ts_autotune(module, &options, &tuned), TS_USAGE);
  expect_error("ts_autotune_options");
  ck_assert_int_eq(ts_autotune(NULL, &options, &tuned), TS_USAGE);
  ck_assert_uint_eq(ts_tuned_num_trials(NULL), 0);
  ts_tuned_destroy(NULL);
  ts_module_destroy(module);
}
END_TEST

START_TEST(a_space_whose_candidates_all_fail_is_a_failed_check) {
  ts_module *module = parse(ctx, program);
  ts_autotune_options options = usual();
  ts_tuned *tuned;
  options.space =
      "space wrong\nparam rows in [1, 2]\npipeline { fuse, lower, tile{nowhere=$rows} }\n";
  options.energy = NULL;
  ck_assert_int_eq(ts_autotune(module, &options, &tuned), TS_CHECK);
  expect_error("none of the 2 candidates was good");
  ts_module_destroy(module);
}
END_TEST

API_MAIN("API: tuning", every_trial_can_be_looked_at, the_tuned_program_runs, a_callback_may_end_it,
         wrong_calls_are_told_apart, a_space_whose_candidates_all_fail_is_a_failed_check)
