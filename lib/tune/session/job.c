/* A tuning job, from what is wanted to what won. */
#include "tune/session/job.h"

#include <math.h>

#include "support/remarks.h"
#include "transforms/passes.h"
#include "transforms/rewrite/fix_extents.h"

/* What ends an oracle that would not: as ts-run has it. */
static const uint64_t usual_fuel = 100000000000;
enum { USUAL_REPEATS = 10, USUAL_BATCH = 4 };

void ts_tune_job_init(ts_context *ctx, ts_tune_job *job) {
  *job = (ts_tune_job){
      .target = "native", .energy = "auto", .seed = 2025, .ctx = ctx, .recipe = SIZE_MAX};
  job->outcome.best = SIZE_MAX;
  ts_arena_init(&job->arena, &ctx->memory);
}

/* ---- program and space ---- */

static ts_result find_space(ts_tune_job *job) {
  const ts_source *source = job->space_source;
  unsigned threads = ts_machine_threads(job->request->limits.threads);
  if (!source) {
    ts_result result = ts_tune_space_of_module(job->ctx, &job->arena, job->module, &job->machine,
                                               threads, &job->space_text, &job->first);
    if (result) return result;
    ts_source *made = ts_new(&job->ctx->arena, ts_source);
    const char *text = ts_strdup(&job->ctx->arena, job->space_text);
    *made = (ts_source){
        .name = "<the space of its nests>", .text = text, .n = strlen(text), .first_line = 1};
    source = made;
  }
  job->space_text = source->text;
  job->machine.threads = threads;
  ts_tune_space_setting setting = {&job->machine, (unsigned)job->extents.n, job->extents.at,
                                   job->num_constants, job->constants};
  return ts_tune_space_parse(job->ctx, &job->arena, source, &setting, &job->space);
}

/* Puts the extents in; the bucket's is bound by each run. */
static ts_result fix_extents(ts_tune_job *job) {
  ts_run_request *q = job->request;
  ts_result result = ts_fix_extents(job->module, (unsigned)q->defines.n, q->defines.at);
  for (size_t i = 0; i < q->defines.n; i++)
    ts_push(&job->arena, &job->extents, q->defines.at[i]);
  q->bound = !job->bucket;
  if (!job->bucket) return result;
  ts_extent_value tried = {job->bucket->extent, job->bucket->tried};
  ts_push(&job->arena, &job->extents, tried);
  memset(&q->defines, 0, sizeof q->defines); /* which copies of the request share */
  ts_push(&job->ctx->arena, &q->defines, tried);
  return result;
}

ts_result ts_tune_job_open(ts_tune_job *job) {
  ts_run_request *q = job->request;
  if (!job->repeats) job->repeats = USUAL_REPEATS;
  if (!q->limits.fuel) q->limits.fuel = usual_fuel;
  if (q->data_dir) ts_run_rebase_files(job->module, q->data_dir);
  ts_result result = fix_extents(job);
  q->lowers = true;
  if (!result) result = ts_run_find_entry(job->ctx, job->module, q->entry, q->words, &job->func);
  if (!result) result = ts_target_find(job->ctx, job->target, &job->machine);
  return result ? result : find_space(job);
}

ts_result ts_tune_job_count(ts_tune_job *job) {
  return job->domain.graph ? TS_OK
                           : ts_tune_space_domain(job->ctx, &job->arena, job->space, &job->domain);
}

/* ---- the evaluator ---- */

static bool is_model(const char *energy) {
  return !strcmp(energy, "work") || !strcmp(energy, "proxy");
}

static ts_result choose_energy(ts_tune_job *job) {
  bool power = ts_tune_space_terms_of(job->space).has_power;
  ts_result result = TS_OK;
  if (!strcmp(job->energy, "proxy") && !power) {
    (void)ts_error_plain(job->ctx,
                         "space '%s' says nothing of power, which the proxy of energy needs",
                         ts_tune_space_name(job->space));
    return TS_USAGE;
  }
  if (!is_model(job->energy))
    result = ts_energy_meter_open(job->ctx, &job->arena, job->energy, &job->meter);
  job->model = ts_energy_model_default();
  if (!result && job->energy_model)
    result = ts_energy_model_read(job->ctx, &job->arena, job->energy_model, &job->model);
  return result;
}

/* Of a modelled energy: by counted work, unless the space says how much power a point takes. */
static bool counts_work(const ts_tune_job *job) {
  bool power = ts_tune_space_terms_of(job->space).has_power;
  return !strcmp(job->energy, "work") || job->energy_model || !power;
}

ts_result ts_tune_job_evaluator(ts_tune_job *job) {
  ts_result result = choose_energy(job);
  if (result) return result;
  ts_measure_setup setup = {.module = job->module,
                            .request = job->request,
                            .terms = ts_tune_space_terms_of(job->space),
                            .repeats = job->repeats,
                            .jobs = job->jobs,
                            .seconds = job->candidate_seconds,
                            .memory = job->candidate_memory,
                            .meter = job->meter,
                            .model = counts_work(job) ? &job->model : NULL,
                            .by_energy = job->objective != TS_OBJECTIVE_TIME,
                            .interrupt = job->interrupt};
  return ts_measure_open(job->ctx, &setup, &job->local);
}

static ts_result open_evaluator(ts_tune_job *job) {
  ts_result result = ts_tune_job_evaluator(job);
  if (result || !job->spread) {
    job->evaluator = job->local;
    return result;
  }
  return job->spread(job->spreader, &job->local, &job->evaluator);
}

/* ---- the store ---- */

static ts_result open_store(ts_tune_job *job, ts_session_key *key) {
  ts_result result = ts_tune_job_key(job, key);
  if (result || (job->store_path && !strcmp(job->store_path, "none"))) return result;
  result = ts_store_open(job->ctx, job->store_path, TS_STORE_WRITE, &job->store);
  return result ? result : ts_store_session(job->store, &job->arena, key, &job->session);
}

/* ---- the session ---- */

static bool is_known_end(const ts_tune_job *job) { return job->trials || job->seconds > 0; }

static const char *search_of(const ts_tune_job *job, uint64_t trials) {
  bool all = !job->search && trials >= job->domain.count;
  return all ? "exhaustive" : job->search;
}

static void find_recipe(ts_tune_job *job) {
  for (size_t i = 0; job->first && i < job->outcome.points.n; i++)
    if (!strcmp(job->outcome.points.at[i].trial.parameters, job->first)) job->recipe = i;
}

/* A winner that cannot be told from the recipe's own choice is that: the schedule that people know. */
static void prefer_recipe(ts_tune_job *job) {
  ts_tune_outcome *o = &job->outcome;
  if (job->recipe == SIZE_MAX || o->best == SIZE_MAX || job->objective != TS_OBJECTIVE_TIME) return;
  const ts_trial *best = &o->points.at[o->best].trial, *own = &o->points.at[job->recipe].trial;
  if (ts_trial_ok(own) && best->ms.high >= own->ms.low) o->best = job->recipe;
}

static ts_result run_session(ts_tune_job *job, const ts_search_setup *setup) {
  uint64_t trials = is_known_end(job) ? job->trials : TS_TUNE_USUAL_TRIALS;
  ts_tune_plan plan = {.domain = &job->domain,
                       .space = job->space,
                       .evaluator = job->evaluator,
                       .objective = job->objective,
                       .search = search_of(job, trials),
                       .setup = *setup,
                       .trials = trials,
                       .seconds = job->seconds,
                       .batch = job->batch ? job->batch : USUAL_BATCH,
                       .store = job->session,
                       .interrupt = job->interrupt,
                       .progress = job->progress,
                       .user = job->user};
  ts_result result = ts_tune(job->ctx, &job->arena, &plan, &job->outcome);
  find_recipe(job);
  prefer_recipe(job);
  return result;
}

static ts_result say_none_good(ts_tune_job *job) {
  const ts_tune_outcome *o = &job->outcome;
  if (o->points.n == 0) {
    (void)ts_error_plain(job->ctx, "no candidate was tried before the time was over");
    return TS_LIMIT;
  }
  const ts_trial *first = &o->points.at[0].trial;
  if (ts_trial_ok(first)) {
    (void)ts_error_plain(job->ctx,
                         "the first candidate, %s, is right, but its energy is %g J: what "
                         "space '%s' says of power must be more than 0",
                         first->parameters, first->energy.joules, ts_tune_space_name(job->space));
    return TS_ERR;
  }
  (void)ts_error_plain(job->ctx, "none of the %zu candidates was good; the first, %s: %s: %s",
                       o->points.n, first->parameters, ts_verdict_word(first->verdict),
                       first->reason ? first->reason : ts_verdict_summary(first->verdict));
  return TS_CHECK;
}

ts_result ts_tune_job_run(ts_tune_job *job) {
  ts_session_key key;
  ts_search_setup setup = {.seed = job->seed};
  ts_result result = ts_tune_job_count(job);
  if (!result) result = open_store(job, &key);
  if (!result) result = ts_tune_job_hints(job, &key, &setup);
  if (!result) result = open_evaluator(job);
  if (!result) result = run_session(job, &setup);
  if (!result && job->outcome.best == SIZE_MAX) result = say_none_good(job);
  return result;
}

/* ---- what won ---- */

ts_result ts_tune_job_apply(ts_tune_job *job, const ts_trial *trial, ts_module **out) {
  ts_pipeline pipeline = {.table = &ts_all_passes};
  ts_pass_runner runner;
  ts_pass_runner_init(&runner);
  ts_diag *last = job->ctx->last;
  *out = ts_module_clone(job->module);
  ts_result result = ts_pipeline_parse(job->ctx, &pipeline, trial->pipeline);
  if (!result) result = ts_run_pipeline(*out, &pipeline, &runner);
  ts_remarks_drop_after(job->ctx, last);
  return result;
}

void ts_tune_job_end(ts_tune_job *job) {
  if (job->evaluator.close && job->evaluator.state != job->local.state)
    job->evaluator.close(job->evaluator.state);
  if (job->local.close) job->local.close(job->local.state);
  job->evaluator = job->local = (ts_evaluator){0};
  ts_energy_meter_close(job->meter);
  job->meter = NULL;
  ts_store_close(job->store);
  job->store = NULL;
}

void ts_tune_job_close(ts_tune_job *job) {
  ts_tune_job_end(job);
  ts_arena_drop(&job->arena);
}
