/* Every figure of a run as one JSON object. Numbers that JSON cannot hold are written as
 * strings. */
#include <math.h>
#include <stdlib.h>

#include <jansson.h>

#include "run/run_impl.h"

static json_t *real(double value) {
  if (isnan(value)) return json_string("nan");
  if (isinf(value)) return json_string(value > 0 ? "inf" : "-inf");
  return json_real(value);
}

static json_t *integer(uint64_t value) { return json_integer((json_int_t)value); }

static json_t *dims_json(unsigned rank, const int64_t *dims) {
  json_t *list = json_array();
  for (unsigned d = 0; d < rank; d++)
    json_array_append_new(list, json_integer(dims[d]));
  return list;
}

static json_t *array_json(const ts_run *run, unsigned i) {
  const ts_array *a = &run->arrays[i];
  json_t *o = json_object();
  json_object_set_new(o, "name", json_string(run->names[i]));
  json_object_set_new(o, "dtype", json_string(ts_dtype_name(a->dtype)));
  json_object_set_new(o, "shape", dims_json(a->rank, a->dims));
  return o;
}

static json_t *inputs_json(const ts_run *run) {
  json_t *list = json_array();
  for (unsigned i = 0; i < run->sig.n; i++) {
    if (!ts_run_is_input(run, i) || !run->arrays[i].data) continue;
    json_t *o = array_json(run, i);
    json_object_set_new(o, "from", json_string(run->sources[i]));
    json_array_append_new(list, o);
  }
  return list;
}

static json_t *output_json(const ts_run *run, unsigned i) {
  ts_array_summary s = ts_array_summarize(&run->arrays[i]);
  char hash[20];
  snprintf(hash, sizeof hash, "%016llx", (unsigned long long)s.hash);
  json_t *o = array_json(run, i);
  json_object_set_new(o, "min", real(s.min));
  json_object_set_new(o, "max", real(s.max));
  json_object_set_new(o, "sum", real(s.sum));
  json_object_set_new(o, "nans", json_integer(s.nans));
  json_object_set_new(o, "infs", json_integer(s.infs));
  json_object_set_new(o, "hash", json_string(hash));
  json_object_set_new(o, "unwritten", json_integer(run->unwritten[i].n));
  return o;
}

static json_t *outputs_json(const ts_run *run) {
  json_t *list = json_array();
  for (unsigned i = 0; i < run->sig.n; i++)
    if (ts_run_is_output(run, i)) json_array_append_new(list, output_json(run, i));
  return list;
}

static json_t *box_json(unsigned rank, const ts_difference *d) {
  json_t *list = json_array();
  for (unsigned k = 0; k < rank; k++)
    json_array_append_new(list, json_pack("[I,I]", (json_int_t)d->lo[k], (json_int_t)d->hi[k]));
  return list;
}

static json_t *check_json(const ts_run_check *c) {
  const ts_difference *d = &c->difference;
  json_t *o = json_object();
  json_object_set_new(o, "output", json_string(c->output));
  json_object_set_new(o, ts_run_check_name(c), json_string(c->with));
  json_object_set_new(o, "ok", json_boolean(c->ok));
  json_object_set_new(o, "wrong", json_integer(d->wrong));
  json_object_set_new(o, "not_finite", json_integer(d->not_finite));
  json_object_set_new(o, "unjudged", json_integer(d->unjudged));
  if (d->wrong) json_object_set_new(o, "box", box_json(c->rank, d));
  json_object_set_new(o, "max_abs", real(d->max_abs));
  json_object_set_new(o, "max_rel", real(d->max_rel));
  json_object_set_new(o, "max_ulp", real(d->max_ulp));
  if (c->kind != TS_CHECK_EXPECTED) {
    json_object_set_new(o, "bound_ulp", real(c->bound_ulp));
    json_object_set_new(o, "reduction_length", json_integer(c->reduction));
  }
  if (d->worst < 0) return o;
  json_object_set_new(o, "worst", dims_json(c->rank, c->at));
  json_object_set_new(o, "got", real(d->got));
  json_object_set_new(o, "want", real(d->want));
  json_object_set_new(o, "allowed", real(d->allowed));
  json_object_set_new(o, "used", real(d->used));
  return o;
}

static void add_checks(json_t *root, const ts_run *run) {
  if (run->checks.n == 0) return;
  json_t *list = json_array();
  double max_abs = 0, max_ulp = 0;
  for (size_t k = 0; k < run->checks.n; k++) {
    json_array_append_new(list, check_json(&run->checks.at[k]));
    max_abs = fmax(max_abs, run->checks.at[k].difference.max_abs);
    max_ulp = fmax(max_ulp, run->checks.at[k].difference.max_ulp);
  }
  json_object_set_new(root, "checks", list);
  json_object_set_new(root, "max_abs", real(max_abs));
  json_object_set_new(root, "max_ulp", real(max_ulp));
}

static void add_rate(json_t *root, const ts_run_timing *t, const char *name, uint64_t n) {
  char best[32];
  snprintf(best, sizeof best, "best_%s", name);
  ts_run_rate rate = ts_run_rate_of(t, n);
  json_object_set_new(root, name, real(rate.median));
  json_object_set_new(root, best, real(rate.least));
}

static double percent(double rate, double most) { return most > 0 ? 100 * rate / most : 0; }

static void add_timing(json_t *root, const ts_run_timing *t) {
  if (t->runs == 0) return;
  json_object_set_new(root, "runs", json_integer(t->runs));
  json_object_set_new(root, "batch", json_integer(t->batch));
  json_object_set_new(root, "threads", json_integer(t->threads));
  json_object_set_new(root, "median_ms", real(t->median_ms));
  json_object_set_new(root, "min_ms", real(t->min_ms));
  json_object_set_new(root, "flops", integer(t->work.flops));
  json_object_set_new(root, "int_ops", integer(t->work.int_ops));
  json_object_set_new(root, "bytes_read", integer(t->bytes_read));
  json_object_set_new(root, "bytes_written", integer(t->bytes_written));
  add_rate(root, t, "gflops", t->work.flops);
  add_rate(root, t, "gops", t->work.int_ops);
  add_rate(root, t, "gbytes_s", ts_run_bytes(t));
  json_object_set_new(root, "peak_gflops", real(t->peak_gflops));
  json_object_set_new(root, "read_gbytes_s", real(t->bandwidth.read));
  json_object_set_new(root, "copy_gbytes_s", real(t->bandwidth.copy));
  double gflops = ts_run_rate_of(t, t->work.flops).median;
  double gbytes_s = ts_run_rate_of(t, ts_run_bytes(t)).median;
  json_object_set_new(root, "percent_of_peak", real(percent(gflops, t->peak_gflops)));
  json_object_set_new(root, "percent_of_bandwidth", real(percent(gbytes_s, ts_run_bandwidth(t))));
  if (!t->processors) return;
  json_object_set_new(root, "processors", json_integer(t->processors));
  json_object_set_new(root, "others_processors", real(t->others));
  json_object_set_new(root, "steal_processors", real(t->steal));
}

static json_t *fact_json(const ts_fact *f) {
  switch (f->kind) {
  case TS_FACT_TEXT: return json_string(f->text);
  case TS_FACT_FLAG: return json_boolean(f->flag);
  case TS_FACT_NUMBER: return real(f->number);
  }
  ts_unreachable("kind of fact");
}

static void add_preparation(json_t *root, const ts_run *run) {
  json_object_set_new(root, "prepare_ms", real(run->prepare_ms));
  ts_engine_account account = ts_run_account(run);
  for (size_t i = 0; i < account.facts.n; i++)
    json_object_set_new(root, account.facts.at[i].key, fact_json(&account.facts.at[i]));
}

static void add_stats(json_t *root, const ts_run *run) {
  const ts_run_stats *s = &run->stats;
  if (!run->request->stats) return;
  json_object_set_new(root, "ops", integer(s->ops));
  json_object_set_new(root, "loads", integer(s->loads));
  json_object_set_new(root, "stores", integer(s->stores));
  json_object_set_new(root, "flops", integer(s->flops));
  json_t *list = json_array();
  for (unsigned i = 0; i < s->num_buffers; i++) {
    json_t *o = json_object();
    json_object_set_new(o, "name", json_string(s->buffers[i].name));
    json_object_set_new(o, "bytes_read", integer(s->buffers[i].bytes_read));
    json_object_set_new(o, "bytes_written", integer(s->buffers[i].bytes_written));
    json_array_append_new(list, o);
  }
  json_object_set_new(root, "buffers", list);
}

static json_t *bindings_json(const ts_run *run) {
  const ts_run_request *request = run->request;
  json_t *o = json_object();
  for (size_t i = 0; request->bound && i < request->defines.n; i++)
    json_object_set_new(o, request->defines.at[i].name, json_integer(request->defines.at[i].value));
  for (unsigned i = 0; i < run->bindings.n; i++)
    json_object_set_new(o, ts_str_text(run->module, run->bindings.at[i].name),
                        json_integer(run->bindings.at[i].value));
  return o;
}

/* The first error, and where it is. */
static void add_error(json_t *root, const ts_context *ctx) {
  const ts_diag *d = ctx->first;
  while (d && d->severity != TS_SEV_ERROR)
    d = d->next;
  if (!d) return;
  json_t *o = json_object(), *notes = json_array();
  json_object_set_new(o, "message", json_string(d->message));
  if (d->source) {
    unsigned line, column;
    ts_source_position(d->source, d->loc.begin, &line, &column);
    json_object_set_new(o, "file", json_string(d->source->name));
    json_object_set_new(o, "line", json_integer(line));
    json_object_set_new(o, "column", json_integer(column));
  }
  for (const ts_diag *n = d->notes; n; n = n->next)
    json_array_append_new(notes, json_string(n->message));
  json_object_set_new(o, "notes", notes);
  json_object_set_new(root, "error", o);
}

/* What was known when the run ended. */
static void add_run(json_t *root, const ts_run *run) {
  if (run->engine) json_object_set_new(root, "runs_on", json_string(run->engine->name));
  json_object_set_new(root, "function", json_string(ts_str_text(run->module, run->func->name)));
  json_object_set_new(root, "extents", bindings_json(run));
  json_object_set_new(root, "inputs", inputs_json(run));
  if (run->ran) json_object_set_new(root, "outputs", outputs_json(run));
  add_checks(root, run);
  if (run->ran) add_stats(root, run);
  if (run->compiled) add_preparation(root, run);
  add_timing(root, &run->timing);
}

static int write_text(const char *text, size_t n, void *sink) {
  ts_sink_write(sink, text, n);
  return 0;
}

ts_result ts_run_json(ts_sink *sink, ts_context *ctx, const ts_run_request *request,
                      const ts_run *run, ts_result status) {
  json_t *root = json_object();
  json_object_set_new(root, "engine", json_string(request->engine));
  json_object_set_new(root, "status", json_integer(status));
  json_object_set_new(root, "seed", integer(request->seed));
  if (status) add_error(root, ctx);
  if (run->func) add_run(root, run);
  int failed = json_dump_callback(root, write_text, sink, JSON_INDENT(2));
  json_decref(root);
  if (failed) {
    (void)ts_error_plain(ctx, "out of memory while writing JSON");
    return TS_LIMIT;
  }
  ts_sink_puts(sink, "\n");
  return TS_OK;
}
