/* Which function of a program is run. */
#include "ir/calls.h"
#include "run/run_impl.h"

static void note_callee(void *called, ts_op *op) {
  ts_func *callee = ts_callee(op);
  if (callee) ts_ptrmap_put(called, callee, callee);
}

/* The function that no other calls; NULL unless there is exactly one. */
static const ts_func *only_root(ts_context *ctx, ts_module *module) {
  ts_ptrmap called;
  ts_ptrmap_init(&called, &ctx->arena);
  for (ts_func *f = module->first_func; f; f = f->next)
    ts_walk(f->body, note_callee, &called);
  const ts_func *root = NULL;
  for (ts_func *f = module->first_func; f; f = f->next) {
    if (ts_ptrmap_get(&called, f)) continue;
    if (root) return NULL;
    root = f;
  }
  return root;
}

static const char *function_names(ts_context *ctx, const ts_module *module) {
  const char *text = NULL;
  for (const ts_func *f = module->first_func; f; f = f->next)
    text = ts_sprintf(&ctx->arena, "%s%s@%s", text ? text : "", text ? ", " : "",
                      ts_str_text(module, f->name));
  return text;
}

ts_result ts_run_find_entry(ts_context *ctx, ts_module *module, const char *name,
                            const ts_run_words *words, const ts_func **out) {
  if (!module->first_func) return ts_error_plain(ctx, "the module has no function to run");
  if (name) {
    if (*name == '@') name++;
    ts_str id = ts_intern_find(&module->strings, name, strlen(name));
    *out = id ? ts_func_find(module, id) : NULL;
    if (*out) return TS_OK;
    return ts_run_usage(ctx, "there is no function '@%s'; functions: %s", name,
                        function_names(ctx, module));
  }
  *out = only_root(ctx, module);
  if (*out) return TS_OK;
  return ts_run_usage(ctx, "which function to run? give %sNAME; functions: %s", words->entry,
                      function_names(ctx, module));
}
