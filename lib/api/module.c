/* The public API: modules, their text, their passes. Each function is an entry point: it sets the
 * recovery point for memory that is refused, so that everything below can do without error paths
 * for it. */
#include <stdlib.h>

#include "ir/ir.h"
#include "transforms/passes.h"

/* The public list of scalar types is the table's. */
enum {
#define DTYPE(e, ...) TABLE_##e,
#include "ir/types.def"
#undef DTYPE
  TABLE_NUM_DTYPES
};
#define DTYPE(e, ...) _Static_assert((int)TS_##e == (int)TABLE_##e, "ts_dtype is out of order");
#include "ir/types.def"
#undef DTYPE
_Static_assert((int)TS_NUM_DTYPES == (int)TABLE_NUM_DTYPES, "ts_dtype is incomplete");

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
  parse_call c = {ctx, name, text, n, NULL};
  ts_result result = ts_protect(ctx, parse, &c);
  *out = c.module;
  return result;
}

ts_result ts_module_new(ts_context *ctx, ts_module **out) {
  return ts_module_parse(ctx, "<built>", "", 0, out);
}

static ts_result verify(void *arg) { return ts_verify(arg); }

ts_result ts_module_verify(ts_module *module) { return ts_protect(module->ctx, verify, module); }

typedef struct passes_call {
  ts_module *module;
  const char *text;
} passes_call;

static ts_result run_passes(void *arg) {
  passes_call *c = arg;
  ts_pipeline pipeline = {.table = &ts_all_passes};
  ts_pass_runner runner;
  ts_pass_runner_init(&runner);
  ts_result result = ts_pipeline_parse(c->module->ctx, &pipeline, c->text);
  if (!result) result = ts_verify(c->module);
  return result ? result : ts_run_pipeline(c->module, &pipeline, &runner);
}

ts_result ts_module_run_passes(ts_module *module, const char *pipeline) {
  passes_call c = {module, pipeline};
  return ts_protect(module->ctx, run_passes, &c);
}

typedef struct text_call {
  ts_module *module;
  ts_sink sink;
} text_call;

static ts_result print(void *arg) {
  text_call *c = arg;
  ts_sink_buffer(&c->sink, &c->module->ctx->memory);
  ts_print_module(&c->sink, c->module);
  return ts_sink_finish(&c->sink);
}

/* The copy is the caller's own memory and so is not on the context's account. */
ts_result ts_module_text(ts_module *module, char **text, size_t *n) {
  text_call c = {.module = module};
  *text = NULL;
  ts_result result = ts_protect(module->ctx, print, &c);
  if (!result) {
    *text = malloc(c.sink.n + 1);
    if (*text) memcpy(*text, c.sink.buf, c.sink.n);
    if (*text) (*text)[c.sink.n] = '\0';
    if (n) *n = c.sink.n;
    result = *text ? TS_OK : TS_LIMIT;
  }
  ts_sink_drop(&c.sink);
  return result;
}

void ts_text_free(char *text) { free(text); }
