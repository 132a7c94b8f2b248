/* What is made of times: rates, the yardstick, and the warnings of a busy machine; with times made up, since those
 * of a test mean nothing. */
#include "run/run.h"
#include "unit.h"

/* 2 ms by the median, 1 ms at best; 3 MB read, 1 MB written. */
static ts_run_timing sample_timing(void) {
  return (ts_run_timing){.runs = 5,
                         .batch = 1,
                         .threads = 2,
                         .median_ms = 2,
                         .min_ms = 1,
                         .bytes_read = 3000000,
                         .bytes_written = 1000000,
                         .bandwidth = {10, 8}};
}

START_TEST(rates_are_by_the_median_and_by_the_least) {
  ts_run_timing t = sample_timing();
  ts_run_rate rate = ts_run_rate_of(&t, 6000000);
  ck_assert_double_eq(rate.median, 3);
  ck_assert_double_eq(rate.least, 6);
  t.median_ms = t.min_ms = 0;
  ck_assert_double_eq(ts_run_rate_of(&t, 6000000).least, 0);
}
END_TEST

START_TEST(what_is_written_decides_the_bandwidth) {
  ts_run_timing t = sample_timing();
  ck_assert_uint_eq(ts_run_bytes(&t), 4000000);
  ck_assert_double_eq(ts_run_bandwidth(&t), 8);
  t.bytes_written = 900000;
  ck_assert_double_eq(ts_run_bandwidth(&t), 10);
}
END_TEST

static const struct {
  double median_ms, others, steal;
  unsigned processors;
  const char *warning; /* NULL: none */
} busy_cases[] = {
    {1.29, 0, 0, 4, NULL},
    {1.29, 0.3, 0.05, 4, NULL},
    {1.29, 9, 9, 0, NULL}, /* not known */
    {1.3, 0, 0, 4, "the median time is 1.30 times the least; the least says more"},
    {2, 1.5, 0.02, 2,
     "the median time is 2.00 times the least: other programs used 1.5 of 2 processors meanwhile; the least says "
     "more"},
    {1, 0.5, 0, 1, "the times may be too long: other programs used 0.5 of 1 processor meanwhile"},
    {1, 0.1, 0.9, 2,
     "the times may be too long: other programs used 0.1 of 2 processors meanwhile, and the host took 0.9 (steal)"},
};

START_TEST(a_busy_machine_is_told_of) {
  ts_context *ctx = ts_context_create();
  ts_run_timing t = sample_timing();
  t.median_ms = busy_cases[_i].median_ms;
  t.others = busy_cases[_i].others;
  t.steal = busy_cases[_i].steal;
  t.processors = busy_cases[_i].processors;
  ts_run_warn_busy(ctx, &t);
  if (busy_cases[_i].warning)
    ck_assert_str_eq(ctx->first ? ctx->first->message : "nothing", busy_cases[_i].warning);
  else
    ck_assert_ptr_null(ctx->first);
  ts_context_destroy(ctx);
}
END_TEST

/* user nice system idle iowait irq softirq steal guest guest_nice, of which a guest's are in user. */
START_TEST(the_kernels_counts_are_read) {
  ts_cpu_times t = {0};
  ck_assert(ts_cpu_times_parse("cpu  100 20 30 4000 500 6 7 80 9 1\ncpu0 1 2 3\n", 100, &t));
  ck_assert_double_eq_tol(t.busy, 1.63, 1e-12);
  ck_assert_double_eq_tol(t.steal, 0.8, 1e-12);
  ck_assert(ts_cpu_times_parse("cpu  1 2 3 4 5 6 7\n", 1, &t)); /* before Linux 2.6.11 */
  ck_assert_double_eq(t.busy, 19);
  ck_assert_double_eq(t.steal, 0);
  ck_assert(!ts_cpu_times_parse("intr 1 2 3", 100, &t));
  ck_assert(!ts_cpu_times_parse("", 100, &t));
}
END_TEST

static double mhz_of(const char *text, unsigned cpu) {
  FILE *f = fmemopen((void *)(uintptr_t)text, strlen(text), "r");
  double mhz = ts_cpuinfo_mhz(f, cpu);
  ck_assert_int_eq(fclose(f), 0);
  return mhz;
}

/* As Linux writes /proc/cpuinfo on x86-64, where some fields are long; elsewhere it has no such field. */
START_TEST(a_processors_clock_is_read) {
  static const char text[] = "processor\t: 0\nvendor_id\t: AuthenticAMD\ncpu MHz\t\t: 2445.406\n\n"
                             "processor\t: 10\nflags\t\t: fpu vme de\ncpu MHz\t\t: 3000.500\n";
  ck_assert_double_eq(mhz_of(text, 0), 2445.406);
  ck_assert_double_eq(mhz_of(text, 10), 3000.5);
  ck_assert_double_eq(mhz_of(text, 1), 0);
  ck_assert_double_eq(mhz_of("processor\t: 0\nBogoMIPS\t: 243.75\n", 0), 0);
}
END_TEST

static double count_call(void *state) {
  ++*(int *)state;
  return 1e6;
}

START_TEST(a_kernel_runs_as_often_as_asked) {
  int calls = 0;
  void *state = &calls;
  ts_rates r = ts_measure(1, 3, 0, count_call, &state);
  ck_assert_int_eq(calls, 4); /* and once before */
  ck_assert(r.best > 0 && r.mean > 0 && r.mean <= r.best * 1.0000001);
}
END_TEST

int main(void) {
  TCase *all = tcase_create("timing");
  tcase_add_test(all, rates_are_by_the_median_and_by_the_least);
  tcase_add_test(all, what_is_written_decides_the_bandwidth);
  tcase_add_loop_test(all, a_busy_machine_is_told_of, 0, (int)ts_countof(busy_cases));
  tcase_add_test(all, the_kernels_counts_are_read);
  tcase_add_test(all, a_processors_clock_is_read);
  tcase_add_test(all, a_kernel_runs_as_often_as_asked);
  return unit_run("timing", all);
}
