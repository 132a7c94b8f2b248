/* Timing: the median and the least of several runs, what a run does, and what the machine can do.
 *
 * A run too short for the clock, and for what calling it costs, is repeated: a sample is as many runs
 * as take a millisecond. Between runs that read what they wrote the arrays are put back, which takes time
 * of its own, so these are timed one by one. */
#include <math.h>
#include <stdlib.h>
#include <unistd.h>

#include "support/clock.h"
#include "ir/calls.h"
#include "run/run_impl.h"

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

ts_result ts_run_sample(ts_run *run, unsigned n, double *ms) {
  ts_result result = TS_OK;
  ts_run_put_back(run);
  double begin = ts_time_now();
  for (unsigned i = 0; i < n && !result; i++)
    result = ts_run_again(run, NULL);
  *ms = 1e3 * (ts_time_now() - begin) / n;
  return result;
}

ts_result ts_run_find_batch(ts_run *run, unsigned *batch) {
  double ms = 0;
  *batch = 1;
  if (puts_back(run)) return TS_OK;
  while (true) {
    ts_result result = ts_run_sample(run, *batch, &ms);
    if (result || ms * *batch >= sample_ms || *batch == MOST_IN_A_SAMPLE) return result;
    double want = ms > 0 ? 1.2 * sample_ms / ms : 10.0 * *batch;
    *batch = (unsigned)ts_min(ceil(ts_min(want, 10.0 * *batch)), (double)MOST_IN_A_SAMPLE);
  }
}

/* ---- what a run does ---- */

/* Floating-point operations as counted while running, where the engine counts. */
static ts_work work_of(ts_run *run) {
  ts_work n = {0};
  if (!ts_count_work(run->ctx, run->func, &run->bindings, &n)) n = (ts_work){0};
  if (run->engine->counts) n.flops = run->stats.flops;
  return n;
}

typedef struct constants {
  ts_module *module;
  ts_ptrmap seen; /* globals */
  uint64_t bytes;
} constants;

static void add_constant(constants *c, const ts_type *t, const ts_data *data) {
  uint64_t n = ts_dtype_bytes((ts_dtype)t->dtype);
  if (data->form == TS_DATA_SPLAT) return;
  for (unsigned d = 0; d < t->rank; d++)
    n *= (uint64_t)t->dims[d];
  c->bytes += n;
}

static bool is_new(constants *c, void *what) {
  bool seen = !what || ts_ptrmap_get(&c->seen, what);
  if (!seen) ts_ptrmap_put(&c->seen, what, what);
  return !seen;
}

static void note_constant(void *user, ts_op *op) {
  constants *c = user;
  const ts_attr *value = op->opcode == TS_OP_CONST ? ts_attr_find(op, TS_ATTR_VALUE) : NULL;
  if (value && ts_is_kind(ts_op_result(op, 0)->type, TS_TYPE_TENSOR))
    add_constant(c, ts_op_result(op, 0)->type, value->data);
  const ts_attr *name = op->opcode == TS_OP_GLOBAL ? ts_attr_find(op, TS_ATTR_CALLEE) : NULL;
  ts_global *g = name ? ts_global_find(c->module, name->word) : NULL;
  if (is_new(c, g)) add_constant(c, g->type, g->data);
}

/* What has to move at least: inputs and constants are read once, outputs written once. */
static void count_bytes(ts_run *run, ts_run_timing *t) {
  constants c = {.module = run->module};
  ts_ptrmap_init(&c.seen, &run->ctx->arena);
  ts_ptrmap reached;
  ts_ptrmap_init(&reached, &run->ctx->arena);
  ts_walk_reached((ts_func *)run->func, &reached, note_constant, &c);
  t->bytes_read = c.bytes;
  for (unsigned i = 0; i < run->sig.n; i++) {
    const ts_array *a = &run->arrays[i];
    uint64_t n = (uint64_t)ts_array_count(a) * ts_dtype_bytes(a->dtype);
    if (ts_run_is_input(run, i)) t->bytes_read += n;
    if (ts_run_is_output(run, i)) t->bytes_written += n;
  }
}

void ts_run_count(ts_run *run, ts_run_timing *t) {
  t->work = work_of(run);
  count_bytes(run, t);
}

ts_run_rate ts_run_rate_of(const ts_run_timing *t, uint64_t n) {
  if (!(t->min_ms > 0)) return (ts_run_rate){0};
  return (ts_run_rate){1e-6 * (double)n / t->median_ms, 1e-6 * (double)n / t->min_ms};
}

uint64_t ts_run_bytes(const ts_run_timing *t) { return t->bytes_read + t->bytes_written; }

double ts_run_bandwidth(const ts_run_timing *t) {
  return t->bytes_written >= ts_run_bytes(t) / 4 ? t->bandwidth.copy : t->bandwidth.read;
}

/* ---- what else the machine did ---- */

/* The kernel counts in hundredths of a second, so that little is said of a short time. */
static void note_others(const ts_cpu_times *begin, const ts_cpu_times *end, ts_run_timing *t) {
  double wall = end->wall - begin->wall;
  if (!begin->known || !end->known || wall < 0.1) return;
  t->processors = (unsigned)ts_max(sysconf(_SC_NPROCESSORS_ONLN), 1L);
  t->others = ts_max((end->busy - begin->busy - (end->own - begin->own)) / wall, 0.0);
  t->steal = ts_max((end->steal - begin->steal) / wall, 0.0);
}

static const double apart = 1.3, much = 0.1;

static const char *others_text(ts_context *ctx, const ts_run_timing *t) {
  const char *text = ts_sprintf(&ctx->arena, "other programs used %.1f of %u processor%s meanwhile",
                                t->others, t->processors, t->processors == 1 ? "" : "s");
  if (t->steal < 0.05) return text;
  return ts_sprintf(&ctx->arena, "%s, and the host took %.1f (steal)", text, t->steal);
}

void ts_run_warn_busy(ts_context *ctx, const ts_run_timing *t) {
  bool differ = t->median_ms >= apart * t->min_ms;
  bool busy = t->processors && t->others + t->steal >= much * t->processors;
  const char *seen = busy ? others_text(ctx, t) : "";
  if (differ)
    ts_warning_plain(ctx, "the median time is %.2f times the least%s%s; the least says more",
                     t->median_ms / t->min_ms, busy ? ": " : "", seen);
  else if (busy)
    ts_warning_plain(ctx, "the times may be too long: %s", seen);
}

/* ---- all of it ---- */

static ts_result take_samples(ts_run *run, double *ms, unsigned n) {
  ts_result result = ts_run_find_batch(run, &run->timing.batch);
  for (unsigned i = 0; i < n && !result; i++)
    result = ts_run_sample(run, run->timing.batch, &ms[i]);
  qsort(ms, n, sizeof *ms, ascending);
  return result;
}

ts_result ts_run_measure(ts_run *run) {
  ts_run_timing *t = &run->timing;
  unsigned n = run->request->time_runs;
  double *ms = ts_new_array(&run->ctx->arena, double, n);
  ts_cpu_times begin = ts_cpu_times_now();
  ts_result result = take_samples(run, ms, n);
  if (result) return result;
  t->runs = n;
  t->threads = ts_machine_threads(run->request->limits.threads);
  t->median_ms = n % 2 ? ms[n / 2] : (ms[n / 2 - 1] + ms[n / 2]) / 2;
  t->min_ms = ms[0];
  ts_run_count(run, t);
  t->peak_gflops = ts_peak_gflops(t->threads);
  t->bandwidth = ts_measure_bandwidth(t->threads, ts_run_bytes(t));
  ts_cpu_times end = ts_cpu_times_now();
  note_others(&begin, &end, t);
  ts_run_warn_busy(run->ctx, t);
  return TS_OK;
}
