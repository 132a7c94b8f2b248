/* The public API: searching for a schedule. */
#include "analysis/verify/verify.h"
#include "api/api_impl.h"
#include "tune/session/job.h"

struct ts_tuned {
  ts_context *ctx;
  ts_run_request request;
  ts_tune_job job; /* its module is a copy of the caller's */
  ts_frontier frontier;
  ts_source space;
  volatile int stop;
  const ts_autotune_options *options; /* while it runs */
};

/* ---- what is asked for ---- */

/* Calls `add` for each word of the text. */
static ts_result each_word(ts_context *ctx, const char *text,
                           ts_result (*add)(ts_tuned *, const char *), ts_tuned *t) {
  static const char blanks[] = " \t\n";
  ts_result result = TS_OK;
  for (const char *at = text ? text + strspn(text, blanks) : ""; *at && !result;
       at += strspn(at, blanks)) {
    size_t n = strcspn(at, blanks);
    result = add(t, ts_strndup(&ctx->arena, at, n));
    at += n;
  }
  return result;
}

static ts_result add_extent(ts_tuned *t, const char *word) {
  return ts_run_add_extent(t->ctx, &t->request, word);
}

static ts_result add_input(ts_tuned *t, const char *word) {
  return ts_run_add_named(t->ctx, &t->request.inputs, "input ", word);
}

static const char *copied(ts_tuned *t, const char *text) {
  return text ? ts_strdup(&t->job.arena, text) : NULL;
}

static ts_result take_request(ts_tuned *t, const ts_autotune_options *o) {
  ts_run_request *q = &t->request;
  ts_run_request_init(t->ctx, q);
  q->entry = copied(t, o->entry);
  q->seed = o->seed;
  q->limits = (ts_run_limits){0, o->threads};
  ts_result result = ts_run_set_engine(t->ctx, q, o->engine ? copied(t, o->engine) : "native");
  if (!result) result = each_word(t->ctx, o->extents, add_extent, t);
  return result ? result : each_word(t->ctx, o->inputs, add_input, t);
}

static void take_space(ts_tuned *t, const char *text) {
  if (!text) return;
  t->space =
      (ts_source){.name = "<space>", .text = copied(t, text), .n = strlen(text), .first_line = 1};
  t->job.space_source = &t->space;
}

static void take_job(ts_tuned *t, const ts_autotune_options *o) {
  ts_tune_job *job = &t->job;
  job->request = &t->request;
  job->objective = o->objective;
  if (o->energy) job->energy = copied(t, o->energy);
  job->search = copied(t, o->search);
  job->seed = o->seed;
  job->trials = o->trials;
  job->seconds = o->seconds;
  job->repeats = o->repeats;
  job->jobs = o->jobs;
  job->store_path = o->store ? copied(t, o->store) : "none";
  job->interrupt = &t->stop;
  take_space(t, o->space);
}

/* ---- trials ---- */

static ts_trial_row row_of(const ts_tuned_point *p) {
  const ts_trial *t = &p->trial;
  return (ts_trial_row){.parameters = t->parameters,
                        .pipeline = t->pipeline,
                        .verdict = ts_verdict_word(t->verdict),
                        .reason = t->reason,
                        .ms = t->ms.value,
                        .ms_low = t->ms.low,
                        .ms_high = t->ms.high,
                        .energy = t->energy.kind,
                        .joules = t->energy.joules,
                        .cost = p->cost};
}

static void pass_on(void *user, const ts_tune_progress *p) {
  ts_tuned *t = user;
  ts_trial_row row = row_of(p->last);
  row.size = sizeof row;
  if (!t->options->progress(t->options->user, &row)) t->stop = 1;
}

/* ---- the search ---- */

typedef struct tune_call {
  ts_module *module;
  const void *options; /* as the caller's header has them */
  ts_autotune_options taken;
  ts_tuned *tuned;
} tune_call;

static ts_result take_options(tune_call *c) {
  if (!c->options) return TS_OK;
  size_t least = sizeof c->taken;
  return ts_api_take(c->module->ctx, "ts_autotune_options", c->options, &c->taken, sizeof c->taken,
                     least);
}

static ts_result tune(void *arg) {
  tune_call *c = arg;
  ts_context *ctx = c->module->ctx;
  ts_result result = take_options(c);
  if (result) return result;
  ts_tuned *t = c->tuned = ts_new(&ctx->arena, ts_tuned);
  ts_tune_job_init(ctx, &t->job);
  t->ctx = ctx;
  t->options = &c->taken;
  result = take_request(t, &c->taken);
  if (!result) result = ts_verify(c->module);
  if (result) return result;
  take_job(t, &c->taken);
  if (c->taken.progress) {
    t->job.progress = pass_on;
    t->job.user = t;
  }
  t->job.module = ts_module_clone(c->module);
  result = ts_tune_job_open(&t->job);
  if (!result) result = ts_tune_job_run(&t->job);
  if (!result) t->frontier = ts_frontier_of(&t->job.arena, &t->job.outcome);
  return result;
}

ts_result ts_autotune(ts_module *module, const ts_autotune_options *options, ts_tuned **out) {
  if (out) *out = NULL;
  if (!module || !out) return TS_USAGE;
  tune_call c = {.module = module, .options = options};
  ts_result result = ts_api_run(module->ctx, tune, &c);
  if (result)
    ts_tuned_destroy(c.tuned);
  else
    *out = c.tuned;
  return result;
}

/* ---- what came of it ---- */

size_t ts_tuned_num_trials(const ts_tuned *t) { return t ? t->job.outcome.points.n : 0; }

bool ts_tuned_trial(const ts_tuned *t, size_t i, ts_trial_row *out) {
  if (!out || i >= ts_tuned_num_trials(t)) return false;
  ts_trial_row row = row_of(&t->job.outcome.points.at[i]);
  ts_api_give(out, &row, sizeof row);
  return true;
}

size_t ts_tuned_best(const ts_tuned *t) { return t ? t->job.outcome.best : SIZE_MAX; }

size_t ts_tuned_frontier(const ts_tuned *t, size_t k) {
  return t && k < t->frontier.n ? t->frontier.at[k] : SIZE_MAX;
}

size_t ts_tuned_knee(const ts_tuned *t) {
  return t ? ts_tuned_frontier(t, t->frontier.knee) : SIZE_MAX;
}

typedef struct module_call {
  ts_tuned *tuned;
  size_t i;
  ts_module *module;
} module_call;

static ts_result apply(void *arg) {
  module_call *c = arg;
  const ts_trial *trial = &c->tuned->job.outcome.points.at[c->i].trial;
  return ts_tune_job_apply(&c->tuned->job, trial, &c->module);
}

ts_result ts_tuned_module(ts_tuned *t, size_t i, ts_module **out) {
  if (out) *out = NULL;
  if (!out || i >= ts_tuned_num_trials(t)) return TS_USAGE;
  module_call c = {t, i, NULL};
  ts_result result = ts_api_run(t->ctx, apply, &c);
  if (result && c.module) ts_module_drop(c.module);
  if (!result) *out = c.module;
  return result;
}

/* What it stands in belongs to the context. */
void ts_tuned_destroy(ts_tuned *t) {
  if (!t || !t->ctx) return;
  ts_tune_job_close(&t->job);
  ts_module_drop(t->job.module);
  t->ctx = NULL;
}
