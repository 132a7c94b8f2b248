/* Timing: the median and the least of several runs, as a rate, and as a part of the machine's peak.
 *
 * A run too short for the clock, and for what calling it costs, is repeated: a sample is as many runs
 * as take a millisecond. Between runs that read what they wrote the arrays are put back, which takes time
 * of its own, so these are timed one by one. */
#include <math.h>
#include <stdlib.h>
#include <time.h>

#include "exec/flops.h"

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

static const double sample_ms = 1;
enum { MOST_IN_A_SAMPLE = 100000 };

static bool puts_back(const ts_run *run) {
  for (unsigned i = 0; i < run->sig.n; i++)
    if (run->initial[i].data) return true;
  return false;
}

/* Milliseconds a run, over `n` in a row. */
static ts_result sample(ts_run *run, unsigned n, double *ms) {
  ts_result result = TS_OK;
  ts_run_put_back(run);
  double begin = milliseconds();
  for (unsigned i = 0; i < n && !result; i++)
    result = ts_run_again(run, NULL);
  *ms = (milliseconds() - begin) / n;
  return result;
}

/* How many runs make a sample, found by trying more and more; that warms the caches, too. */
static ts_result find_batch(ts_run *run, unsigned *batch) {
  double ms = 0;
  *batch = 1;
  if (puts_back(run)) return TS_OK;
  while (true) {
    ts_result result = sample(run, *batch, &ms);
    if (result || ms * *batch >= sample_ms || *batch == MOST_IN_A_SAMPLE) return result;
    double want = ms > 0 ? 1.2 * sample_ms / ms : 10.0 * *batch;
    *batch = (unsigned)ts_min(ceil(ts_min(want, 10.0 * *batch)), (double)MOST_IN_A_SAMPLE);
  }
}

/* Those counted while running, where the engine counts. */
static uint64_t flops_of(ts_run *run) {
  uint64_t n = 0;
  if (run->engine->counts) return run->stats.flops;
  return ts_count_flops(run->ctx, run->func, &run->bindings, &n) ? n : 0;
}

ts_result ts_run_measure(ts_run *run) {
  ts_run_timing *t = &run->timing;
  unsigned n = run->request->time_runs;
  double *ms = ts_new_array(&run->ctx->arena, double, n);
  ts_result result = find_batch(run, &t->batch);
  for (unsigned i = 0; i < n && !result; i++)
    result = sample(run, t->batch, &ms[i]);
  if (result) return result;
  qsort(ms, n, sizeof *ms, ascending);
  t->runs = n;
  t->threads = ts_threads_of(&run->request->limits);
  t->median_ms = n % 2 ? ms[n / 2] : (ms[n / 2 - 1] + ms[n / 2]) / 2;
  t->min_ms = ms[0];
  t->flops = flops_of(run);
  t->gflops = t->median_ms > 0 ? 1e-6 * (double)t->flops / t->median_ms : 0;
  t->peak_gflops = ts_peak_gflops(t->threads);
  return TS_OK;
}
