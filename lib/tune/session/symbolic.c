/* A session for each range of an extent, and who may win one. */
#include "tune/session/symbolic.h"

#include <math.h>

#include "support/remarks.h"

/* ---- what is asked for ---- */

static ts_result bad_extent(const ts_tune_symbolic *s, const char *message) {
  ts_context *ctx = s->like->ctx;
  const ts_source *outer = ctx->source;
  ctx->source = s->buckets.source;
  (void)ts_error(ctx, (ts_loc){0, (uint32_t)strlen(s->buckets.at[0].extent)}, "%s", message);
  ctx->source = outer;
  return TS_USAGE;
}

static bool is_given(const ts_run_request *q, const char *extent) {
  for (size_t i = 0; i < q->defines.n; i++)
    if (!strcmp(q->defines.at[i].name, extent)) return true;
  return false;
}

/* The name of an extent of the function other than `extent` that has no value; NULL: there is none. *found says whether it
 * has that one. */
static const char *open_extent(const ts_tune_symbolic *s, const ts_func *f, const char *extent,
                               bool *found) {
  const char *open = NULL;
  ts_signature sig = ts_func_signature(f);
  for (unsigned i = 0; i < sig.n; i++)
    for (unsigned d = 0; d < sig.entries[i].type->rank; d++) {
      ts_extent e = sig.entries[i].type->dims[d];
      const char *name = ts_is_symbolic(e) ? ts_str_text(s->module, ts_extent_name(e)) : NULL;
      if (!name) continue;
      bool same = !strcmp(name, extent);
      *found |= same;
      if (!same && !open && !is_given(s->like->request, name)) open = name;
    }
  return open;
}

static ts_result check_extents(const ts_tune_symbolic *s, const ts_func *f) {
  ts_arena *arena = &s->like->ctx->arena;
  const char *func = ts_str_text(s->module, f->name), *define = s->like->request->words->define;
  const char *extent = s->buckets.at[0].extent;
  bool found = false;
  const char *open = open_extent(s, f, extent, &found);
  if (!found) return bad_extent(s, ts_sprintf(arena, "@%s has no extent %s", func, extent));
  if (is_given(s->like->request, extent))
    return bad_extent(
        s, ts_sprintf(arena, "%s has a value already, by %s%s=n", extent, define, extent));
  if (!open) return TS_OK;
  return bad_extent(s, ts_sprintf(arena, "@%s has another extent that is not known: give %s%s=n",
                                  func, define, open));
}

ts_result ts_tune_symbolic_open(ts_tune_symbolic *s, unsigned i) {
  ts_context *ctx = s->like->ctx;
  const ts_func *f;
  const ts_run_request *q = s->like->request;
  if (!s->at) s->at = ts_new_array(&ctx->arena, ts_tuned_bucket, s->buckets.n);
  ts_result result = ts_run_find_entry(ctx, s->module, q->entry, q->words, &f);
  if (!result) result = check_extents(s, f);
  if (result) return result;
  ts_tuned_bucket *b = &s->at[i];
  *b = (ts_tuned_bucket){.bucket = &s->buckets.at[i], .request = *q, .job = *s->like};
  ts_arena_init(&b->job.arena, &ctx->memory);
  b->job.bucket = b->bucket;
  b->job.request = &b->request;
  b->job.module = ts_module_clone(s->module);
  s->opened = i + 1;
  return ts_tune_job_open(&b->job);
}

/* ---- who may win ---- */

/* A candidate at another extent of the range, tried as it is in the session, but for its time. */
typedef struct probe {
  ts_run_request request;
  ts_evaluator evaluator; /* opened when first asked */
} probe;

typedef struct acceptance {
  ts_tuned_bucket *b;
  unsigned n;
  int64_t at[TS_MAX_PROBES];
  probe probes[TS_MAX_PROBES];
  bool *seen;    /* of the outcome's points */
  ts_trial last; /* of the probe that was asked last */
} acceptance;

static ts_result open_probe(acceptance *a, unsigned i) {
  ts_tune_job *job = &a->b->job;
  probe *p = &a->probes[i];
  p->request = a->b->request;
  memset(&p->request.defines, 0, sizeof p->request.defines);
  ts_push(&job->arena, &p->request.defines, (ts_extent_value){job->bucket->extent, a->at[i]});
  ts_measure_setup setup = {.module = job->module,
                            .request = &p->request,
                            .terms = ts_tune_space_terms_of(job->space),
                            .repeats = 1,
                            .jobs = job->jobs,
                            .memory = job->candidate_memory};
  return ts_measure_open(job->ctx, &setup, &p->evaluator);
}

/* Nothing of it is kept. */
static ts_result probe_done(void *user, unsigned i, const ts_trial *trial) {
  (void)user, (void)i, (void)trial;
  return TS_OK;
}

/* Whether the point's program, as it came out of the session, is right at that extent. */
static ts_result ask_probe(acceptance *a, unsigned i, const ts_tuned_point *point, bool *right) {
  ts_tune_job *job = &a->b->job;
  ts_evaluator *e = &a->probes[i].evaluator;
  ts_candidate c = {point->point, point->trial.parameters, point->trial.pipeline, 0};
  ts_result result = e->evaluate ? TS_OK : open_probe(a, i);
  if (!result) result = e->evaluate(e->state, &job->arena, 1, &c, &a->last, probe_done, NULL);
  *right = !result && ts_trial_ok(&a->last);
  return result;
}

static ts_result ask_probes(acceptance *a, const ts_tuned_point *point, bool *right) {
  ts_result result = TS_OK;
  *right = true;
  for (unsigned i = 0; i < a->n && *right && !result; i++) {
    result = ask_probe(a, i, point, right);
    if (result || *right) continue;
    const ts_bucket *b = a->b->bucket;
    const char *why = a->last.reason ? a->last.reason : ts_verdict_summary(a->last.verdict);
    ts_inform_plain(a->b->job.ctx, "%s is good at %s = %lld, and not at %lld: %s: %s",
                    point->trial.parameters, b->extent, (long long)b->tried, (long long)a->at[i],
                    ts_verdict_word(a->last.verdict), why);
  }
  return result;
}

/* The best of those that were not seen; NULL: none of them is good. */
static const ts_tuned_point *next_best(acceptance *a) {
  const ts_tune_outcome *o = &a->b->job.outcome;
  size_t best = a->seen[o->best] ? SIZE_MAX : o->best;
  for (size_t i = 0; i < o->points.n && a->seen[o->best]; i++)
    if (!a->seen[i] && isfinite(o->points.at[i].cost) &&
        (best == SIZE_MAX || o->points.at[i].cost < o->points.at[best].cost))
      best = i;
  if (best == SIZE_MAX) return NULL;
  a->seen[best] = true;
  return &o->points.at[best];
}

static ts_result accept_body(void *arg) {
  acceptance *a = arg;
  ts_tune_job *job = &a->b->job;
  bool right = false;
  ts_result result = TS_OK;
  a->seen = ts_new_array(&job->arena, bool, job->outcome.points.n);
  a->n = ts_bucket_probes(a->b->bucket, a->at);
  for (const ts_tuned_point *p; !result && !right && (p = next_best(a)) != NULL;) {
    result = ask_probes(a, p, &right);
    if (right) a->b->winner = &p->trial;
    if (right) job->outcome.best = (size_t)(p - job->outcome.points.at);
    a->b->wrong += !right;
  }
  if (result || right) return result;
  (void)ts_error_plain(job->ctx,
                       "no candidate that is good at %s = %lld is right in all of %lld to %lld",
                       a->b->bucket->extent, (long long)a->b->bucket->tried,
                       (long long)a->b->bucket->low, (long long)a->b->bucket->high);
  return TS_CHECK;
}

static void close_probes(void *arg) {
  acceptance *a = arg;
  for (unsigned i = 0; i < a->n; i++)
    if (a->probes[i].evaluator.close) a->probes[i].evaluator.close(a->probes[i].evaluator.state);
}

/* ---- all ranges ---- */

static bool is_interrupted(const ts_tune_symbolic *s) {
  return s->like->interrupt && *s->like->interrupt;
}

static ts_result run_bucket(ts_tune_symbolic *s, unsigned i) {
  ts_result result = ts_tune_symbolic_open(s, i);
  if (result) return result;
  ts_tuned_bucket *b = &s->at[i];
  acceptance a = {.b = b};
  s->running = &b->job;
  result = ts_tune_job_run(&b->job);
  if (!result) result = ts_protect_cleanup(b->job.ctx, accept_body, close_probes, &a);
  ts_tune_job_end(&b->job);
  s->n += result == TS_OK;
  return result;
}

ts_result ts_tune_symbolic_run(ts_tune_symbolic *s) {
  ts_context *ctx = s->like->ctx;
  ts_result result = TS_OK;
  for (unsigned i = 0; i < s->buckets.n && !result; i++) {
    if (i > 0 && is_interrupted(s)) break;
    ts_diag *last = ctx->last;
    result = run_bucket(s, i);
    if (result != TS_LIMIT || i == 0 || !is_interrupted(s)) continue;
    ts_errors_to_remarks(ctx, last, "tune"); /* those before are something */
    ts_remarks_drop_after(ctx, last);
    result = TS_OK;
  }
  s->running = NULL;
  return result;
}

void ts_tune_symbolic_close(ts_tune_symbolic *s) {
  for (unsigned i = 0; i < s->opened; i++) {
    ts_tune_job_close(&s->at[i].job);
    ts_module_drop(s->at[i].job.module);
  }
  s->opened = 0;
}
