/* What won the ranges of an extent, as one program. */
#include "transforms/rewrite/versions.h"
#include "tune/session/symbolic.h"

/* ---- what is said of a range ---- */

static const char *recipe_text(const ts_tuned_bucket *b) {
  const ts_tune_job *job = &b->job;
  if (job->recipe == SIZE_MAX) return "";
  const ts_trial *recipe = &job->outcome.points.at[job->recipe].trial;
  if (!ts_trial_ok(recipe)) return "";
  return ts_sprintf(&job->ctx->arena, "; the recipe alone: %.4g ms", recipe->ms.value);
}

/* "// M = 17 to 128: 0.12 ms at M = 47 (median of 10; the recipe alone: 0.14 ms): j_vectors=2 …" */
static const char *range_text(ts_tuned_bucket *b) {
  const ts_bucket *range = b->bucket;
  return ts_sprintf(&b->job.ctx->arena, "// %s = %lld to %lld: %.4g ms at %s = %lld (%s%s): %s\n",
                    range->extent, (long long)range->low, (long long)range->high,
                    b->winner->ms.value, range->extent, (long long)range->tried,
                    ts_tune_job_taken(&b->job, b->job.repeats), recipe_text(b),
                    b->winner->parameters);
}

/* The command that makes the version of the program. */
static const char *command_text(const ts_tuned_bucket *b) {
  const ts_tune_job *job = &b->job;
  ts_arena *arena = &job->ctx->arena;
  const char *text = "//   ts-opt";
  for (size_t i = 0; i + 1 < job->extents.n; i++)
    text = ts_sprintf(arena, "%s -D %s=%lld", text, job->extents.at[i].name,
                      (long long)job->extents.at[i].value);
  return ts_sprintf(arena, "%s --pass-pipeline='%s'\n", text, b->winner->pipeline);
}

/* ---- versions ---- */

typedef struct joining {
  ts_tune_symbolic *s;
  ts_context *ctx;
  unsigned n;
  ts_func_version *versions;
  ts_module **out;
} joining;

static bool same_pipeline(const ts_tuned_bucket *a, const ts_tuned_bucket *b) {
  return !strcmp(a->winner->pipeline, b->winner->pipeline);
}

/* The range, and those behind it with the same pipeline: bucket `i` up to before the one that is returned. */
static ts_result add_version(joining *j, unsigned *i) {
  ts_tuned_bucket *at = j->s->at, *first = &at[*i];
  const char *comment = "";
  do
    comment = ts_sprintf(&j->ctx->arena, "%s%s", comment, range_text(&at[*i]));
  while (++*i < j->s->n && same_pipeline(first, &at[*i]));
  comment = ts_sprintf(&j->ctx->arena, "%s%s", comment, command_text(first));
  ts_func_version *v = &j->versions[j->n];
  *v = (ts_func_version){.most = at[*i - 1].bucket->high, .comment = comment};
  ts_result result = ts_tune_job_apply(&first->job, first->winner, &v->module);
  j->n++;
  return result;
}

static ts_result join_body(void *arg) {
  joining *j = arg;
  ts_result result = TS_OK;
  j->versions = ts_new_array(&j->ctx->arena, ts_func_version, j->s->n);
  for (unsigned i = 0; i < j->s->n && !result;)
    result = add_version(j, &i);
  if (result) return result;
  const ts_tune_job *job = &j->s->at[0].job;
  return ts_join_versions(j->ctx, ts_str_text(job->module, job->func->name), job->bucket->extent,
                          j->n, j->versions, j->out);
}

static void drop_versions(void *arg) {
  joining *j = arg;
  for (unsigned i = 0; i < j->n; i++)
    ts_module_drop(j->versions[i].module);
}

ts_result ts_tune_symbolic_join(ts_tune_symbolic *s, ts_module **out) {
  joining j = {.s = s, .ctx = s->like->ctx, .out = out};
  return ts_protect_cleanup(j.ctx, join_body, drop_versions, &j);
}
