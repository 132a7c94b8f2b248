/* From a candidate to what an engine takes. */
#include "transforms/passes.h"

#include "support/digest.h"
#include "syntax/syntax.h"
#include "emit/emit.h"
#include "tune/measure/measure_impl.h"

typedef struct making {
  ts_measurer *measurer;
  ts_attempt *attempt;
  const char *step; /* that failed; NULL: none did */
  char code[TS_DIGEST_HEX];
  ts_sink text; /* of the pipeline as it ran */
} making;

/* ---- passes ---- */

static void note_failed(void *user, const ts_pass_event *event) {
  making *k = user;
  k->step = event->pipeline->steps.at[event->step].pass->flag;
}

/* Passes that round say by their option `acc` how sums may be. */
static ts_dtype least_acc(const ts_pipeline *pipeline) {
  ts_dtype least = TS_NUM_DTYPES;
  for (size_t i = 0; i < pipeline->steps.n; i++) {
    ts_dtype acc = ts_pipeline_step_dtype(&pipeline->steps.at[i], "acc");
    if (acc == TS_NUM_DTYPES || !ts_is_float(acc)) continue;
    if (least == TS_NUM_DTYPES || acc > least) least = acc;
  }
  return least;
}

static ts_result run_passes(making *k, ts_module *module) {
  ts_context *ctx = k->attempt->ctx;
  ts_pipeline pipeline = {.table = &ts_all_passes}, ran = {.table = &ts_all_passes};
  ts_pass_runner runner;
  ts_pass_runner_init(&runner);
  runner.ran = &ran;
  runner.user = k;
  runner.failed = note_failed;
  const char *text = k->attempt->candidate->pipeline;
  ts_result result = text && *text ? ts_pipeline_parse(ctx, &pipeline, text) : TS_OK;
  if (!result) result = ts_run_pipeline(module, &pipeline, &runner);
  ts_sink_buffer(&k->text, &ctx->memory);
  ts_pipeline_print(&k->text, &ran, ",");
  k->attempt->acc = least_acc(&ran);
  return result ? result : ts_sink_finish(&k->text);
}

/* ---- the function ---- */

static bool same_signature(const ts_run *a, const ts_run *b) {
  bool same = a->sig.n == b->sig.n;
  for (unsigned i = 0; same && i < a->sig.n; i++) {
    const ts_sig_entry *x = &a->sig.entries[i], *y = &b->sig.entries[i];
    same = x->role == y->role && x->type->dtype == y->type->dtype && x->type->rank == y->type->rank;
  }
  return same;
}

/* The run has the measurer's buffers for its arrays, which are those of the child when there is one. */
static void take_buffers(ts_run *run, const ts_buffers *b) {
  for (unsigned i = 0; i < run->sig.n; i++) {
    run->arrays[i] = b->at[i].array;
    run->initial[i] = b->initial[i].array;
  }
}

static ts_result open_run(making *k, ts_module *module) {
  ts_measurer *m = k->measurer;
  ts_attempt *a = k->attempt;
  ts_result result = ts_run_open_bare(&a->run, a->ctx, module, &m->request);
  if (result) return result;
  if (!same_signature(&a->run, &m->judge.run))
    return ts_error_plain(a->ctx, "the pipeline changes what @%s takes and gives",
                          ts_str_text(module, a->run.func->name));
  take_buffers(&a->run, &m->buffers);
  result = ts_bind(a->ctx, a->run.func, a->run.arrays, NULL, &a->run.bindings);
  if (!result && m->setup.model) ts_run_count(&a->run, &a->counted);
  return result ? result : ts_run_lower(&a->run, &a->func);
}

/* ---- its code ---- */

static void add_text(ts_digest *d, ts_context *ctx, const ts_module *module) {
  ts_sink text;
  ts_sink_buffer(&text, &ctx->memory);
  ts_print_module(&text, module);
  if (!ts_sink_finish(&text)) ts_digest_add(d, text.buf, text.n);
  ts_sink_drop(&text);
}

/* The C of it without the lines that it came from, by which programs differ that run alike; of what has no form in C
 * the text. */
static void find_code(making *k) {
  ts_context *ctx = k->attempt->ctx;
  ts_module *module = k->attempt->func->module;
  ts_emit_c_options options = {.source_name = "program", .entries = true, .openmp = true};
  ts_c_unit *units;
  unsigned n = 0;
  ts_digest d;
  uint8_t digest[TS_DIGEST_BYTES];
  bool loops = ts_func_level(k->attempt->func) == TS_LEVEL_L;
  ts_digest_begin(&d);
  if (loops && !ts_emit_c_units(&ctx->arena, module, &options, &n, &units))
    for (unsigned i = 0; i < n; i++)
      ts_digest_add(&d, units[i].text, units[i].n);
  else
    add_text(&d, ctx, module);
  ts_digest_end(&d, digest);
  ts_digest_hex(digest, k->code);
  ts_context_clear_diagnostics(ctx);
}

/* ---- all of it ---- */

static ts_result make(void *arg) {
  making *k = arg;
  ts_module *module;
  ts_result result = ts_parse_source(k->attempt->ctx, &k->measurer->program, &module);
  if (!result) result = run_passes(k, module);
  if (!result) result = open_run(k, module);
  if (!result) find_code(k);
  return result;
}

static const char *first_error(const ts_context *ctx) {
  const ts_diag *d = ctx->first;
  while (d && d->severity != TS_SEV_ERROR)
    d = d->next;
  return d ? d->message : "for no reason that it gives";
}

/* The account is the attempt's own, with what the tuner's has left. */
static ts_context *new_context(ts_context *outer) {
  const ts_memory *from = &outer->memory;
  ts_context *ctx = ts_context_create_with(from->reallocate, from->allocator);
  if (!ctx) return NULL;
  if (from->cap) ctx->memory.cap = ts_max(from->cap - ts_min(from->used, from->cap), (size_t)1);
  ctx->memory.stop = from->stop;
  return ctx;
}

static ts_result conclude(making *k, ts_result result) {
  ts_measurer *m = k->measurer;
  ts_attempt *a = k->attempt;
  if (a->ctx->out_of_memory.message || ts_measurer_interrupted(m)) {
    if (a->ctx->out_of_memory.message)
      (void)ts_error_plain(m->ctx, "%s", a->ctx->out_of_memory.message);
    return TS_LIMIT;
  }
  if (k->text.n) a->trial->pipeline = ts_strndup(m->texts, k->text.buf, k->text.n);
  if (!result) {
    memcpy(a->trial->code, k->code, sizeof k->code);
    return TS_OK;
  }
  const char *why = first_error(a->ctx);
  (void)ts_attempt_over(m, a, TS_VERDICT_REFUSED, "%s%s%s", k->step ? k->step : "",
                        k->step ? ": " : "", why);
  return TS_OK;
}

ts_result ts_attempt_make(ts_measurer *m, ts_attempt *a) {
  making k = {.measurer = m, .attempt = a};
  a->ctx = new_context(m->ctx);
  if (!a->ctx) {
    (void)ts_error_plain(m->ctx, "out of memory");
    return TS_LIMIT;
  }
  ts_result result = ts_protect(a->ctx, make, &k);
  return conclude(&k, result);
}
