/* What a run says: its outputs, then checks, statistics and times, as lines of text. */
#include <math.h>

#include "exec/run_internal.h"

static void print_float(ts_sink *sink, double value) {
  char text[40];
  ts_sink_write(sink, text, ts_format_float(text, value, 64));
}

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

static void print_check(ts_sink *sink, const ts_run_check *c) {
  if (c->is_engine)
    ts_sink_printf(sink, "%s: engine %s: largest error ", c->output, c->with);
  else
    ts_sink_printf(sink, "%s: expected %s: largest error ", c->output, c->with);
  print_float(sink, c->difference.max_ulp);
  ts_sink_puts(sink, " ULP");
  if (c->is_engine && c->difference.worst >= 0) {
    ts_sink_puts(sink, ", bound ");
    print_figure(sink, c->bound_ulp);
    ts_sink_puts(sink, " ULP where it is worst");
  }
  if (c->is_engine) ts_sink_printf(sink, " (reductions of %lld)", (long long)c->reduction);
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

/* How the code came to be, and how long that took. */
static void print_preparation(ts_sink *sink, const ts_run *run) {
  if (run->engine != &ts_engine_native) return;
  const ts_native_facts *f = ts_native_facts_of(run->compiled);
  ts_sink_puts(sink, "ready in ");
  print_figure(sink, run->prepare_ms);
  if (f->cached)
    ts_sink_puts(sink, " ms: compiled code was in the cache\n");
  else
    ts_sink_printf(sink, " ms: compiled by %s\n", f->compiler);
}

static void print_timing(ts_sink *sink, const ts_run_timing *t) {
  ts_sink_puts(sink, "time: median ");
  print_figure(sink, t->median_ms);
  ts_sink_puts(sink, " ms, min ");
  print_figure(sink, t->min_ms);
  ts_sink_printf(sink, " ms of %u run%s", t->runs, t->runs == 1 ? "" : "s");
  if (t->batch > 1) ts_sink_printf(sink, " of %u", t->batch);
  if (t->gflops > 0) {
    ts_sink_puts(sink, "; ");
    print_figure(sink, t->gflops);
    ts_sink_puts(sink, " GFLOP/s, ");
    print_figure(sink, 100 * t->gflops / t->peak_gflops);
    ts_sink_puts(sink, "% of the measured peak (");
    print_figure(sink, t->peak_gflops);
    ts_sink_printf(sink, " GFLOP/s f32, %u thread%s)", t->threads, t->threads == 1 ? "" : "s");
  }
  ts_sink_puts(sink, "\n");
}

void ts_run_print(ts_sink *sink, const ts_run *run) {
  for (unsigned i = 0; i < run->sig.n && run->request->print != TS_PRINT_NONE; i++)
    if (ts_run_is_output(run, i)) print_output(sink, run, i);
  for (size_t k = 0; k < run->checks.n; k++)
    print_check(sink, &run->checks.at[k]);
  if (run->request->stats) print_stats(sink, run);
  if (!run->timing.runs) return;
  print_preparation(sink, run);
  print_timing(sink, &run->timing);
}
