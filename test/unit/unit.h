/* What every unit test file shares: a suite from a list of tests, and a main. */
#ifndef UNIT_H
#define UNIT_H

#include <stdlib.h>

#include <check.h>

#include "support/diag.h"

/* Runs the tests of a case; the exit status of main. */
static inline int unit_run(const char *name, TCase *all) {
  Suite *suite = suite_create(name);
  tcase_set_timeout(all, 100);
  suite_add_tcase(suite, all);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_ENV);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* A case of these tests. */
static inline TCase *unit_case(const char *name, unsigned n, const TTest *const *tests) {
  TCase *all = tcase_create(name);
  for (unsigned i = 0; i < n; i++)
    tcase_add_test(all, tests[i]);
  return all;
}

/* For loops of millions: ck_assert tells its runner of every single success. */
#define unit_check(condition, ...)                                                                 \
  do {                                                                                             \
    if (!(condition)) ck_abort_msg(__VA_ARGS__);                                                   \
  } while (0)

#define UNIT_MAIN(name, ...)                                                                       \
  int main(void) {                                                                                 \
    const TTest *const tests[] = {__VA_ARGS__};                                                    \
    return unit_run(name, unit_case(name, ts_countof(tests), tests));                              \
  }

#endif
