/* The public API: modules, their text, their passes. Each function is an entry point: it sets the
 * recovery point for memory that is refused, so that everything below can do without error paths
 * for it. */
#include "syntax/syntax.h"
#include "analysis/poly/marks.h"
#include "analysis/verify/verify.h"
#include "emit/emit.h"
#include "pass/pass.h"
#include "transforms/passes.h"
#include "api/api_impl.h"

typedef struct parse_call {
  ts_context *ctx;
  const char *name, *text;
  size_t n;
  ts_module *module;
} parse_call;

static ts_result parse(void *arg) {
  parse_call *c = arg;
  ts_source *source = ts_new(&c->ctx->arena, ts_source);
  char *copy = ts_new_array(&c->ctx->arena, char, c->n + 2);
  if (c->n) memcpy(copy, c->text, c->n);
  *source = (ts_source){
      .name = ts_strdup(&c->ctx->arena, c->name), .text = copy, .n = c->n, .first_line = 1};
  ts_result result = ts_source_check(c->ctx, source);
  return result ? result : ts_parse_source(c->ctx, source, &c->module);
}

ts_result ts_module_parse(ts_context *ctx, const char *name, const char *text, size_t n,
                          ts_module **out) {
  if (out) *out = NULL;
  if (!ctx || !name || (!text && n) || !out) return TS_USAGE;
  parse_call c = {ctx, name, text, n, NULL};
  ts_result result = ts_api_run(ctx, parse, &c);
  *out = c.module;
  return result;
}

ts_result ts_module_new(ts_context *ctx, ts_module **out) {
  return ts_module_parse(ctx, "<built>", "", 0, out);
}

ts_result ts_module_destroy(ts_module *module) {
  if (!module) return TS_OK;
  ts_result result = ts_api_check_unused(module, "destroyed");
  if (!result) ts_module_drop(module);
  return result;
}

typedef struct copy_call {
  const ts_module *module;
  ts_module *copy;
} copy_call;

static ts_result copy_module(void *arg) {
  copy_call *c = arg;
  c->copy = ts_module_clone(c->module);
  return TS_OK;
}

ts_result ts_module_copy(const ts_module *module, ts_module **out) {
  if (out) *out = NULL;
  if (!module || !out) return TS_USAGE;
  copy_call c = {module, NULL};
  ts_result result = ts_api_run(module->ctx, copy_module, &c);
  *out = c.copy;
  return result;
}

static ts_result verify(void *arg) { return ts_verify(arg); }

ts_result ts_module_verify(ts_module *module) {
  return module ? ts_api_run(module->ctx, verify, module) : TS_USAGE;
}

/* ---- passes ---- */

typedef struct passes_call {
  ts_module *module;
  const char *text;
} passes_call;

/* Messages are handed on step by step. */
static void deliver(void *user, const ts_pass_event *event) {
  (void)event;
  ts_api_deliver(user);
}

static ts_result run_passes(void *arg) {
  passes_call *c = arg;
  ts_pipeline pipeline = {.table = &ts_all_passes};
  ts_pass_runner runner;
  ts_pass_runner_init(&runner);
  runner.user = c->module->ctx;
  runner.after = deliver;
  ts_result result = ts_pipeline_parse(c->module->ctx, &pipeline, c->text);
  if (!result) result = ts_verify(c->module);
  return result ? result : ts_run_pipeline(c->module, &pipeline, &runner);
}

ts_result ts_module_run_passes(ts_module *module, const char *pipeline) {
  if (!module || !pipeline) return TS_USAGE;
  ts_result result = ts_api_check_unused(module, "changed");
  return result ? result : ts_api_run(module->ctx, run_passes, &(passes_call){module, pipeline});
}

/* ---- texts ---- */

typedef struct text_call {
  ts_module *module;
  unsigned flags;
  ts_sink sink;
} text_call;

static ts_result print(void *arg) {
  text_call *c = arg;
  ts_print_module(&c->sink, c->module);
  return ts_sink_finish(&c->sink);
}

static ts_result emit_c(void *arg) {
  text_call *c = arg;
  const ts_emit_c_options options = {.line_directives = (c->flags & TS_C_LINES) != 0,
                                     .header_only = (c->flags & TS_C_HEADER) != 0,
                                     .openmp = !(c->flags & TS_C_SERIAL)};
  ts_result result = ts_verify(c->module);
  if (!result) result = ts_verify_marks(c->module, TS_MARKS_ERROR);
  if (!result) result = ts_emit_c(&c->sink, c->module, &options);
  return result ? result : ts_sink_finish(&c->sink);
}

static ts_result text_of(ts_module *module, ts_result (*body)(void *), unsigned flags, char **text,
                         size_t *n) {
  if (text) *text = NULL;
  if (!module || !text) return TS_USAGE;
  text_call c = {.module = module, .flags = flags};
  ts_sink_buffer(&c.sink, &module->ctx->memory);
  ts_result result = ts_api_run(module->ctx, body, &c);
  return ts_api_give_text(&c.sink, result, text, n);
}

ts_result ts_module_text(ts_module *module, char **text, size_t *n) {
  return text_of(module, print, 0, text, n);
}

ts_result ts_module_emit_c(ts_module *module, unsigned flags, char **text, size_t *n) {
  if (module && flags & ~(unsigned)(TS_C_HEADER | TS_C_LINES | TS_C_SERIAL)) {
    ts_result result = ts_api_usage(module->ctx, "%#x holds flags that there are not", flags);
    ts_api_deliver(module->ctx);
    return result;
  }
  return text_of(module, emit_c, flags, text, n);
}
