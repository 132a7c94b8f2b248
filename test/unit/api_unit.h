/* What the tests of the public API share. They see the installed header alone, but for what check wants. */
#ifndef API_UNIT_H
#define API_UNIT_H

#include <stdio.h>
#include <string.h>

#include <check.h>

#include "tilesmith.h"

/* One for each test; gone after it. */
static ts_context *ctx;

static void make_context(void) {
  ctx = ts_context_create();
  ck_assert_ptr_nonnull(ctx);
}

static void drop_context(void) { ts_context_destroy(ctx); }

static ts_module *parse(ts_context *c, const char *text) {
  ts_module *module;
  ck_assert_int_eq(ts_module_parse(c, "test.tir", text, strlen(text), &module), TS_OK);
  return module;
}

/* The only error so far, which is then forgotten, says this. */
static void expect_error(const char *part) {
  const ts_diag *d = ts_diagnostic_next(ctx, NULL);
  ck_assert_ptr_nonnull(d);
  ck_assert_ptr_null(ts_diagnostic_next(ctx, d));
  ck_assert_int_eq(ts_diagnostic_severity(d), TS_SEV_ERROR);
  const char *text = ts_diagnostic_message(d);
  ck_assert_msg(strstr(text, part) != NULL, "'%s' does not say '%s'", text, part);
  ts_context_clear_diagnostics(ctx);
}

static int run_tests(const char *name, size_t n, const TTest *const *tests) {
  Suite *suite = suite_create(name);
  TCase *tcase = tcase_create(name);
  tcase_set_timeout(tcase, 60);
  tcase_add_checked_fixture(tcase, make_context, drop_context);
  for (size_t i = 0; i < n; i++)
    tcase_add_test(tcase, tests[i]);
  suite_add_tcase(suite, tcase);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_ENV);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed != 0;
}

#define API_MAIN(name, ...)                                                                        \
  int main(void) {                                                                                 \
    const TTest *const tests[] = {__VA_ARGS__};                                                    \
    return run_tests(name, sizeof tests / sizeof *tests, tests);                                   \
  }

#endif
