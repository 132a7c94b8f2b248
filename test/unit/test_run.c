/* Comparing engines: the engines agree, so here an output is changed after the run, by what the
 * error analysis allows and by more. */
#include <math.h>

#include "run/run_impl.h"
#include "unit.h"

static const char text[] =
    "func @f(%X: tensor<2x3xf32>, %W: tensor<3x2xf32>) -> tensor<2x2xf32> {\n"
    "  %0 = matmul %X, %W : tensor<2x2xf32>\n"
    "  return %0\n"
    "}\n";

typedef struct run_call {
  ts_context *ctx;
  ts_module *module;
  ts_run_request request;
  ts_run run;
  double change; /* in ULPs, of element 3 */
} run_call;

static ts_result compare_changed(void *arg) {
  run_call *c = arg;
  ts_result result = ts_run_add_engines(c->ctx, &c->request, "loop");
  if (!result) result = ts_run_open(&c->run, c->ctx, c->module, &c->request);
  if (!result) result = ts_run_execute(&c->run);
  if (result) return result;
  ck_assert(c->run.checks.n == 1 && c->run.checks.at[0].ok);
  ts_array *y = &c->run.arrays[2];
  double at = ts_array_get(y, 3);
  ts_array_set(y, 3, at + c->change * ldexp(1, ilogb(at) - 23));
  return ts_run_comparisons(&c->run);
}

/* What comparing says of an output that is `change` ULPs off. */
static ts_result compare(double change, ts_run_check *check) {
  run_call c = {.ctx = ts_context_create(), .change = change};
  ck_assert_int_eq(ts_module_parse(c.ctx, "f.tir", text, sizeof text - 1, &c.module), TS_OK);
  ts_run_request_init(c.ctx, &c.request);
  ts_result result = ts_protect(c.ctx, compare_changed, &c);
  ck_assert_uint_eq(c.run.checks.n, 2);
  *check = c.run.checks.at[1];
  ts_run_close(&c.run);
  ts_module_destroy(c.module);
  ts_context_destroy(c.ctx);
  return result;
}

START_TEST(one_rounding_apart_is_within_the_bound) {
  ts_run_check check;
  ck_assert_int_eq(compare(1, &check), TS_OK);
  ck_assert(check.ok);
  ck_assert_double_eq(check.difference.max_ulp, 1);
  ck_assert(check.bound_ulp >= 1 && check.bound_ulp < 3);
}
END_TEST

START_TEST(further_apart_is_an_error_that_names_the_element) {
  ts_run_check check;
  ck_assert_int_eq(compare(8, &check), TS_CHECK);
  ck_assert(!check.ok);
  ck_assert_int_eq(check.difference.wrong, 1);
  ck_assert_int_eq(check.at[0], 1);
  ck_assert_int_eq(check.at[1], 1);
  ck_assert_int_eq(check.reduction, 3);
}
END_TEST

/* A program that embeds the library typed no options. */
START_TEST(messages_are_in_the_words_of_the_caller) {
  static const char two[] = "func @a(%Y: out memref<1xf32>) {\n  store 0.0, %Y[0]\n}\n"
                            "func @b(%Y: out memref<1xf32>) {\n  store 0.0, %Y[0]\n}\n";
  ts_run_words words = {.entry = "function="};
  ts_run_request request;
  ts_context *ctx = ts_context_create();
  ts_module *m;
  ts_run run;
  ck_assert_int_eq(ts_module_parse(ctx, "t.lir", two, sizeof two - 1, &m), TS_OK);
  ts_run_request_init(ctx, &request);
  ck_assert_int_eq(ts_run_open(&run, ctx, m, &request), TS_USAGE);
  ts_run_close(&run);
  request.words = &words;
  ck_assert_int_eq(ts_run_open(&run, ctx, m, &request), TS_USAGE);
  ts_run_close(&run);
  ck_assert_str_eq(ctx->first->message,
                   "which function to run? give the entry's NAME; functions: @a, @b");
  ck_assert_str_eq(ctx->last->message,
                   "which function to run? give function=NAME; functions: @a, @b");
  ts_module_destroy(m);
  ts_context_destroy(ctx);
}
END_TEST

UNIT_MAIN("run", messages_are_in_the_words_of_the_caller, one_rounding_apart_is_within_the_bound,
          further_apart_is_an_error_that_names_the_element)
