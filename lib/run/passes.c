/* Passes before a run: those asked for, and those that take a tensor program to where it was asked to
 * run. */
#include "transforms/passes.h"

#include "support/remarks.h"
#include "transforms/rewrite/fix_extents.h"
#include "run/run_impl.h"

/* The way from tensors to loops, as the native engine takes it. */
static const char to_loops[] = "fuse,lower";

static ts_result add_lowering(const ts_func *f, ts_pipeline *pipeline, const char *before) {
  ts_context *ctx = f->module->ctx;
  ts_inform_plain(ctx, "@%s is a tensor function: %s came before %s",
                  ts_str_text(f->module, f->name), to_loops, before);
  return ts_pipeline_parse(ctx, pipeline, to_loops);
}

static bool lowers(const ts_pass_info *pass) {
  return (pass->level_in & TS_LEVEL_T) && pass->level_out == TS_LEVEL_L;
}

/* A recipe that takes loops alone. */
static bool wants_loops(const ts_pipeline_step *step) {
  const ts_recipe_options *o = step->options;
  if (strcmp(step->pass->flag, "recipe")) return step->pass->recipe;
  return !o->recipes.items.n || strcmp(o->recipes.items.at[0].name, "tuned");
}

/* The request's steps, and before what needs loops and would meet tensors, a recipe or the engine, those that
 * make loops of them. */
static ts_result complete(const ts_run_request *request, const ts_func *f, ts_pipeline *out) {
  ts_context *ctx = f->module->ctx;
  ts_result result = TS_OK;
  bool tensors = ts_func_level(f) == TS_LEVEL_T;
  for (size_t i = 0; i < request->passes.steps.n && !result; i++) {
    const ts_pipeline_step *step = &request->passes.steps.at[i];
    if (tensors && wants_loops(step)) {
      result = add_lowering(f, out, step->pass->flag);
      tensors = false;
    }
    tensors = tensors && !lowers(step->pass);
    ts_push(&ctx->arena, &out->steps, *step);
  }
  const ts_engine *engine = ts_engine_find(request->engine, NULL);
  if (result || !tensors || !engine || (engine->levels & TS_LEVEL_T)) return result;
  return add_lowering(f, out, ts_sprintf(&ctx->arena, "engine %s", request->engine));
}

ts_result ts_run_transform(ts_module *module, ts_run_request *request) {
  ts_context *ctx = module->ctx;
  ts_pipeline pipeline = {.table = request->passes.table};
  ts_pass_runner runner;
  const ts_func *f;
  if (request->data_dir) ts_run_rebase_files(module, request->data_dir);
  ts_result result = ts_run_find_entry(ctx, module, request->entry, request->words, &f);
  request->bound = request->passes.steps.n > 0;
  if (!result && request->bound)
    result = ts_fix_extents(module, (unsigned)request->defines.n, request->defines.at);
  if (!result) result = complete(request, f, &pipeline);
  if (result || pipeline.steps.n == 0) return result;
  ts_diag *last = ctx->last;
  ts_pass_runner_init(&runner);
  result = ts_run_pipeline(module, &pipeline, &runner);
  ts_remarks_keep_after(ctx, last, "analysis"); /* whether there was a record to run by */
  return result;
}
