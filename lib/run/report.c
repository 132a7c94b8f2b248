/* What a run says: its outputs, then checks, statistics and times, as lines of text. */
#include <math.h>

#include "run/run_impl.h"

/* Four significant digits, without an exponent where it can be done: for times and rates. */
static void print_figure(ts_sink *sink, double value) {
  int whole = value > 1e-5 ? (int)floor(log10(value)) + 1 : 1;
  ts_sink_printf(sink, "%.*f", whole >= 4 ? 0 : 4 - whole, value);
}

static void print_output(ts_sink *sink, const ts_run *run, unsigned i) {
  const ts_array *a = &run->arrays[i];
  if (run->request->print == TS_PRINT_SUMMARY) {
    ts_array_print_summary(sink, run->names[i], a);
    return;
  }
  char shape[TS_SHAPE_TEXT];
  ts_shape_text(shape, sizeof shape, a->dtype, a->rank, a->dims);
  ts_sink_printf(sink, "%s: %s = ", run->names[i], shape);
  ts_array_print(sink, a);
  ts_sink_puts(sink, "\n");
}

/* The largest error, and how much of what is allowed it takes. */
static void print_error(ts_sink *sink, ts_arena *arena, const ts_run_check *c) {
  const ts_difference *d = &c->difference;
  if (d->worst < 0) {
    ts_sink_puts(sink, "largest error 0.0 ULP");
    return;
  }
  if (isinf(d->max_abs)) {
    ts_sink_puts(sink, "largest error infinite");
    return;
  }
  ts_sink_printf(sink, "largest error %s absolute", ts_run_figure(arena, d->max_abs));
  if (c->in_ulps) ts_sink_printf(sink, ", %s ULP", ts_run_figure(arena, d->max_ulp));
  if (c->ok && d->allowed < INFINITY)
    ts_sink_printf(sink, ", %s%% of the %s", ts_run_figure(arena, 100 * d->used),
                   c->kind == TS_CHECK_EXPECTED ? "tolerance" : "bound");
}

static void print_check(ts_sink *sink, ts_arena *arena, const ts_run_check *c) {
  ts_sink_printf(sink, "%s: %s %s: ", c->output, ts_run_check_name(c), c->with);
  if (c->wrong) ts_sink_printf(sink, "%s; ", c->wrong);
  print_error(sink, arena, c);
  if (c->kind != TS_CHECK_EXPECTED)
    ts_sink_printf(sink, " (reductions of %lld)", (long long)c->reduction);
  long long unjudged = c->difference.unjudged;
  if (c->ok && unjudged)
    ts_sink_printf(sink, ": %lld NOT JUDGED, since rounding has no bound there\n", unjudged);
  else
    ts_sink_puts(sink, c->ok ? ": ok\n" : ": FAILED\n");
}

static void print_stats(ts_sink *sink, const ts_run *run) {
  const ts_run_stats *s = &run->stats;
  const struct {
    const char *name;
    uint64_t n;
  } lines[] = {{"ops", s->ops}, {"loads", s->loads}, {"stores", s->stores}, {"flops", s->flops}};
  for (unsigned i = 0; i < ts_countof(lines); i++)
    ts_sink_printf(sink, "%-8s %llu\n", lines[i].name, (unsigned long long)lines[i].n);
  for (unsigned i = 0; i < s->num_buffers; i++)
    ts_sink_printf(sink, "buffer %s: %llu bytes read, %llu bytes written\n", s->buffers[i].name,
                   (unsigned long long)s->buffers[i].bytes_read,
                   (unsigned long long)s->buffers[i].bytes_written);
}

ts_engine_account ts_run_account(const ts_run *run) {
  ts_engine_account account = {0};
  if (run->engine->describe) run->engine->describe(run->compiled, &run->ctx->arena, &account);
  return account;
}

/* How the code came to be, and how long that took. */
static void print_preparation(ts_sink *sink, const ts_run *run) {
  const char *origin = ts_run_account(run).origin;
  if (!origin) return;
  ts_sink_puts(sink, "ready in ");
  print_figure(sink, run->prepare_ms);
  ts_sink_printf(sink, " ms: %s\n", origin);
}

/* A rate: its unit, and the highest rate the machine allows; `most` is 0 when that is not known. */
typedef struct yardstick {
  uint64_t n;
  const char *unit, *what, *of;
  double most;
} yardstick;

/* Chosen by what limits the run at best: arithmetic or the moving of data. */
static yardstick yardstick_of(const ts_run_timing *t) {
  const ts_work *w = &t->work;
  double bandwidth = ts_run_bandwidth(t), ops = (double)ts_max(w->flops, w->int_ops);
  bool moves = bandwidth > 0 && ops / t->peak_gflops < (double)ts_run_bytes(t) / bandwidth;
  if (moves)
    return (yardstick){ts_run_bytes(t), "GB/s", "bandwidth",
                       bandwidth == t->bandwidth.copy ? " copying as much" : " reading as much",
                       bandwidth};
  if (w->flops >= w->int_ops)
    return (yardstick){w->flops, "GFLOP/s", "peak", " f32", t->peak_gflops};
  return (yardstick){w->int_ops, "Gop/s", NULL, NULL, 0};
}

static void print_share(ts_sink *sink, double rate, const yardstick *y) {
  ts_sink_puts(sink, " ");
  print_figure(sink, rate);
  ts_sink_printf(sink, " %s", y->unit);
  if (!y->what) return;
  ts_sink_puts(sink, ", ");
  print_figure(sink, 100 * rate / y->most);
  ts_sink_puts(sink, "%");
}

static void print_rates(ts_sink *sink, const ts_run_timing *t) {
  yardstick y = yardstick_of(t);
  ts_run_rate rate = ts_run_rate_of(t, y.n);
  if (!(rate.median > 0)) return;
  ts_sink_puts(sink, ";");
  print_share(sink, rate.median, &y);
  if (y.what) {
    ts_sink_printf(sink, " of the measured %s (", y.what);
    print_figure(sink, y.most);
    ts_sink_printf(sink, " %s%s, %u thread%s)", y.unit, y.of, t->threads,
                   t->threads == 1 ? "" : "s");
  }
  ts_sink_puts(sink, "; by the least");
  print_share(sink, rate.least, &y);
}

static void print_timing(ts_sink *sink, const ts_run_timing *t) {
  ts_sink_puts(sink, "time: median ");
  print_figure(sink, t->median_ms);
  ts_sink_puts(sink, " ms, min ");
  print_figure(sink, t->min_ms);
  ts_sink_printf(sink, " ms of %u run%s", t->runs, t->runs == 1 ? "" : "s");
  if (t->batch > 1) ts_sink_printf(sink, " of %u", t->batch);
  print_rates(sink, t);
  ts_sink_puts(sink, "\n");
}

void ts_run_print(ts_sink *sink, const ts_run *run) {
  for (unsigned i = 0; i < run->sig.n && run->request->print != TS_PRINT_NONE; i++)
    if (ts_run_is_output(run, i)) print_output(sink, run, i);
  for (size_t k = 0; k < run->checks.n; k++)
    print_check(sink, &run->ctx->arena, &run->checks.at[k]);
  if (run->request->stats) print_stats(sink, run);
  if (!run->timing.runs) return;
  print_preparation(sink, run);
  print_timing(sink, &run->timing);
}
