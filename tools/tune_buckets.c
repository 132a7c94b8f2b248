/* ts-tune --buckets: an extent that is not known, by ranges. */
#include "syntax/syntax.h"
#include "tune.h"

/* ---- what came of it ---- */

static ts_tune_report report_of(const tune *o, ts_tuned_bucket *b) {
  ts_tune_job *job = &b->job;
  return (ts_tune_report){.title = ts_tune_job_title(job),
                          .domain = &job->domain,
                          .objective = job->objective,
                          .outcome = &job->outcome,
                          .frontier = ts_frontier_of(&o->tool.ctx->arena, &job->outcome),
                          .recipe = job->recipe,
                          .taken = ts_tune_job_taken(job, job->repeats)};
}

static void print_tables(tune *o) {
  ts_sink err;
  ts_sink_file(&err, NULL, stderr);
  for (unsigned i = 0; i < o->symbolic.n; i++) {
    ts_tune_report r = report_of(o, &o->symbolic.at[i]);
    tune_say_end(o, r.outcome);
    ts_report_table(&err, &r, o->frontier || o->job.objective != TS_OBJECTIVE_TIME);
  }
  (void)!ts_sink_finish(&err);
  ts_sink_drop(&err);
}

/* A list, in the order of the ranges. */
static void print_json(ts_sink *out, const tune *o) {
  for (unsigned i = 0; i < o->symbolic.n; i++) {
    ts_tune_report r = report_of(o, &o->symbolic.at[i]);
    ts_sink_puts(out, i ? "," : "[");
    ts_report_json(out, &r);
  }
  ts_sink_puts(out, "]\n");
}

static void print_pipelines(ts_sink *out, const tune *o) {
  for (unsigned i = 0; i < o->symbolic.n; i++)
    ts_sink_printf(out, "%s\n", o->symbolic.at[i].winner->pipeline);
}

static ts_result write_result(tune *o, ts_module *module) {
  ts_output out;
  ts_result result = ts_output_open(&o->tool, &out, o->output);
  if (result) return result;
  if (o->emit == TUNE_EMIT_JSON)
    print_json(&out.sink, o);
  else if (o->emit == TUNE_EMIT_PIPELINE)
    print_pipelines(&out.sink, o);
  else
    ts_print_module(&out.sink, module);
  return ts_output_commit(&o->tool, &out);
}

static void say_missing(tune *o) {
  const ts_tune_symbolic *s = &o->symbolic;
  if (s->n == s->buckets.n) return;
  const ts_bucket *last = s->at[s->n - 1].bucket;
  ts_inform_plain(o->tool.ctx, "interrupted: %s above %lld is given the schedule of %lld to %lld",
                  last->extent, (long long)last->high, (long long)last->low, (long long)last->high);
}

static ts_result tell(tune *o) {
  ts_module *joined = NULL;
  ts_result result = ts_tune_symbolic_join(&o->symbolic, &joined);
  if (!result) {
    print_tables(o);
    say_missing(o);
    result = write_result(o, joined);
  }
  ts_module_drop(joined);
  return result;
}

ts_result tune_buckets(tune *o) {
  ts_tune_symbolic *s = &o->symbolic;
  s->like = &o->job;
  s->module = o->job.module;
  if (o->print_space || o->count) { /* of the first range, where candidates of it are tried */
    ts_result result = ts_tune_symbolic_open(s, 0);
    if (result) return result;
    return o->print_space ? tune_print_space(o, &s->at[0].job) : tune_print_count(&s->at[0].job);
  }
  ts_result result = ts_tune_symbolic_run(s);
  tune_end_progress(o);
  return result ? result : tell(o);
}
