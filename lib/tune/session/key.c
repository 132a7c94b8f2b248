/* What a session is kept under: the program, the space, the machine, and how candidates are measured. */
#include <sys/utsname.h>

#include "support/remarks.h"
#include "syntax/fingerprint.h"
#include "transforms/passes.h"
#include "tune/session/job.h"

/* The extents of an entry, as candidates are tried. */
static const ts_extent *dims_of(const ts_tune_job *job, const ts_type *t,
                                ts_extent dims[TS_MAX_RANK]) {
  for (unsigned d = 0; d < t->rank; d++) {
    dims[d] = t->dims[d];
    if (job->bucket && ts_is_symbolic(dims[d])) dims[d] = job->bucket->tried;
  }
  return dims;
}

static const char *range_of(ts_tune_job *job) {
  const ts_bucket *b = job->bucket;
  return ts_sprintf(&job->arena, "%s=%lld..%lld", b->extent, (long long)b->low, (long long)b->high);
}

/* "X=512x768xf32 W=768x512xf32 …" of what the function takes, and behind it the range of an extent, "M=129..4096". */
static const char *shape_of(ts_tune_job *job) {
  ts_signature sig = ts_func_signature(job->func);
  const char *text = "";
  for (unsigned i = 0; i < sig.n; i++) {
    char shape[TS_SHAPE_TEXT];
    ts_extent dims[TS_MAX_RANK];
    const ts_type *t = sig.entries[i].type;
    ts_shape_text(shape, sizeof shape, (ts_dtype)t->dtype, t->rank, dims_of(job, t, dims));
    text = ts_sprintf(&job->arena, "%s%s%s=%s", text, i ? " " : "",
                      ts_str_text(job->module, sig.entries[i].name), shape);
  }
  return job->bucket ? ts_sprintf(&job->arena, "%s %s", text, range_of(job)) : text;
}

/* What is good for a range is not for the whole program, which no record is to be found for. */
static void add_range(ts_tune_job *job, char hex[TS_DIGEST_HEX]) {
  ts_digest digest;
  uint8_t bytes[TS_DIGEST_BYTES];
  ts_digest_begin(&digest);
  ts_digest_add_text(&digest, hex);
  ts_digest_add_text(&digest, range_of(job));
  ts_digest_end(&digest, bytes);
  ts_digest_hex(bytes, hex);
}

static const char *versions_of(ts_tune_job *job) {
  const ts_run_request *q = job->request;
  const ts_engine *engine = ts_engine_find(q->engine, job->func);
  const void *options = engine ? ts_engine_options_of(&q->options, engine) : NULL;
  const char *made =
      engine && engine->version ? engine->version(job->ctx, &job->arena, options) : "";
  struct utsname u = {0};
  (void)uname(&u);
  return ts_sprintf(&job->arena, "tilesmith %s; %s%s%s %s", ts_version(), made, *made ? "; " : "",
                    u.sysname, u.release);
}

static const char *measure_of(ts_tune_job *job) {
  ts_tune_space_terms terms = ts_tune_space_terms_of(job->space);
  return ts_sprintf(&job->arena, "%s, %d warm-ups, energy %s%s%s, tolerance %g",
                    ts_tune_job_taken(job, job->repeats), terms.warmups, job->energy,
                    job->energy_model ? " by " : "", job->energy_model ? job->energy_model : "",
                    terms.tolerance);
}

/* The step after which the program is one of loops, by the pipeline of point 0, and its fingerprint then. Only of
 * interest where a search began with tensors. */
typedef struct lowering {
  const ts_func *func; /* of the copy */
  const char *name;
  char hex[TS_DIGEST_HEX];
  unsigned steps;
} lowering;

static ts_result run_to_loops(ts_tune_job *job, ts_module *m, const ts_pipeline *pipeline,
                              lowering *l) {
  ts_pass_runner runner;
  ts_pass_runner_init(&runner);
  for (size_t i = 0; i < pipeline->steps.n; i++) {
    ts_pipeline one = {.table = pipeline->table};
    if (pipeline->steps.at[i].pass->recipe) return TS_ERR;
    ts_push(&job->arena, &one.steps, pipeline->steps.at[i]);
    ts_result result = ts_run_pipeline(m, &one, &runner);
    l->func =
        result ? NULL : ts_func_find(m, ts_intern_find(&m->strings, l->name, strlen(l->name)));
    if (!l->func) return TS_ERR;
    l->steps = (unsigned)i + 1;
    if (ts_func_level(l->func) == TS_LEVEL_L) return ts_func_fingerprint(l->func, l->hex);
  }
  return TS_ERR;
}

/* A pipeline that does not come so far says so when its candidate is tried. */
static void find_loops(ts_tune_job *job, ts_session_key *key) {
  ts_choice point[TS_MAX_PARAMETERS];
  ts_pipeline pipeline = {.table = &ts_all_passes};
  lowering l = {.name = key->function};
  if (ts_func_level(job->func) != TS_LEVEL_T || job->bucket) return;
  ts_domain_point(&job->domain, 0, point);
  ts_diag *last = job->ctx->last;
  ts_module *copy = ts_module_clone(job->module);
  ts_result result = ts_pipeline_parse(job->ctx, &pipeline,
                                       ts_tune_space_pipeline(job->space, &job->arena, point));
  if (!result) result = run_to_loops(job, copy, &pipeline, &l);
  ts_module_drop(copy);
  ts_errors_to_remarks(job->ctx, last, "tune");
  ts_remarks_drop_after(job->ctx, last);
  if (result) return;
  key->loops = ts_strdup(&job->arena, l.hex);
  key->loop_steps = l.steps;
}

ts_result ts_tune_job_key(ts_tune_job *job, ts_session_key *key) {
  char *hex = ts_arena_alloc(&job->arena, TS_DIGEST_HEX);
  ts_result result = ts_func_fingerprint(job->func, hex);
  if (result) return result;
  if (job->bucket) add_range(job, hex);
  unsigned threads = ts_machine_threads(job->request->limits.threads);
  *key = (ts_session_key){.program = hex,
                          .function = ts_str_text(job->module, job->func->name),
                          .shape = shape_of(job),
                          .space = job->space_text,
                          .target = ts_target_text(&job->arena, &job->machine, threads),
                          .versions = versions_of(job),
                          .engine = job->request->engine,
                          .measure = measure_of(job),
                          .seed = job->request->seed};
  find_loops(job, key);
  return TS_OK;
}
