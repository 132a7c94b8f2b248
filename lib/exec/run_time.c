/* Timing: the median and the least of several runs, as a rate, and as a part of the machine's peak.
 */
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "exec/run_internal.h"

static double milliseconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return 1e3 * (double)t.tv_sec + 1e-6 * (double)t.tv_nsec;
}

static int ascending(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static unsigned threads_used(const ts_run_limits *limits) {
  long n = limits->threads ? (long)limits->threads : sysconf(_SC_NPROCESSORS_ONLN);
  return n < 1 ? 1 : (unsigned)n;
}

/* The run that counted the operations came before and warmed the caches. */
ts_result ts_run_measure(ts_run *run) {
  ts_run_timing *t = &run->timing;
  unsigned n = run->request->time_runs;
  double *ms = ts_new_array(&run->ctx->arena, double, n);
  for (unsigned i = 0; i < n; i++) {
    double begin = milliseconds();
    ts_result result = ts_run_once(run, NULL);
    if (result) return result;
    ms[i] = milliseconds() - begin;
  }
  qsort(ms, n, sizeof *ms, ascending);
  t->runs = n;
  t->threads = threads_used(&run->request->limits);
  t->median_ms = n % 2 ? ms[n / 2] : (ms[n / 2 - 1] + ms[n / 2]) / 2;
  t->min_ms = ms[0];
  t->flops = run->stats.flops;
  t->gflops = t->median_ms > 0 ? 1e-6 * (double)t->flops / t->median_ms : 0;
  t->peak_gflops = ts_peak_gflops(t->threads);
  return TS_OK;
}
