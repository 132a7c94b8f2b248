/* One function on one engine: chosen, compiled, run once on the arrays as they were given, and given back. Runs and
 * those that they are compared with are made of these parts. */
#include "support/clock.h"
#include "run/run_impl.h"

static ts_result choose_engine(ts_run *run, const char *name) {
  ts_result result = ts_engine_check_name(run->ctx, name);
  if (result) return result;
  unsigned level = ts_func_level(run->func);
  run->engine = ts_engine_find(name, run->func);
  bool lowers = run->request->lowers && run->engine && run->engine->pipeline;
  if (run->engine && ((run->engine->levels & level) || (lowers && level == TS_LEVEL_T)))
    return TS_OK;
  return ts_run_usage(run->ctx, "engine '%s' runs %s functions, and @%s is a %s function", name,
                      level == TS_LEVEL_T ? "loop" : "tensor",
                      ts_str_text(run->module, run->func->name),
                      level == TS_LEVEL_T ? "tensor" : "loop");
}

static void take_signature(ts_run *run) {
  ts_arena *arena = &run->ctx->arena;
  run->sig = ts_func_signature(run->func);
  run->names = ts_new_array(arena, const char *, run->sig.n + 1);
  run->sources = ts_new_array(arena, const char *, run->sig.n + 1);
  run->initial = ts_new_array(arena, ts_array, run->sig.n + 1);
  run->arrays = ts_new_array(arena, ts_array, run->sig.n + 1);
  run->unwritten = ts_new_array(arena, ts_unwritten, run->sig.n + 1);
  for (unsigned i = 0; i < run->sig.n; i++)
    run->names[i] = ts_str_text(run->module, run->sig.entries[i].name);
}

ts_result ts_run_open_bare(ts_run *run, ts_context *ctx, ts_module *module,
                           const ts_run_request *request) {
  *run = (ts_run){.ctx = ctx, .request = request, .module = module};
  ts_arena_init(&run->scratch, &ctx->memory);
  ts_result result = ts_run_find_entry(ctx, module, request->entry, request->words, &run->func);
  if (result) return result;
  take_signature(run);
  return choose_engine(run, request->engine);
}

ts_result ts_run_prepare(ts_run *run, const ts_func *func) {
  const void *options = ts_engine_options_of(&run->request->options, run->engine);
  return run->engine->prepare(run->ctx, func->module, func, options, &run->compiled);
}

static ts_result compile(ts_run *run) {
  const ts_func *func;
  ts_result result = ts_run_lower(run, &func);
  return result ? result : ts_run_prepare(run, func);
}

/* Messages are about the program as it was given, which outlives the copy that is compiled. */
ts_result ts_run_compile(ts_run *run) {
  const ts_source *outer = run->ctx->source;
  double begin = ts_time_now();
  run->ctx->source = &run->module->source;
  ts_result result = compile(run);
  run->ctx->source = outer;
  run->prepare_ms = 1e3 * (ts_time_now() - begin);
  return result;
}

ts_result ts_run_keep_initial(ts_run *run) {
  for (unsigned i = 0; i < run->sig.n; i++) {
    if (run->sig.entries[i].role != TS_ROLE_INOUT) continue;
    const ts_array *a = &run->arrays[i];
    ts_result result = ts_array_create(run->ctx, a->dtype, a->rank, a->dims, &run->initial[i]);
    if (result) return result;
    memcpy(run->initial[i].data, a->data, (size_t)ts_array_count(a) * ts_dtype_bytes(a->dtype));
  }
  return TS_OK;
}

void ts_run_put_back(ts_run *run) {
  for (unsigned i = 0; i < run->sig.n; i++) {
    ts_array *a = &run->arrays[i];
    if (run->initial[i].data)
      memcpy(a->data, run->initial[i].data, (size_t)ts_array_count(a) * ts_dtype_bytes(a->dtype));
  }
}

ts_result ts_run_again(ts_run *run, ts_run_stats *stats) {
  ts_run_args args = {run->func, run->arrays, run->request->limits, stats};
  return run->engine->run(run->ctx, run->compiled, &args);
}

ts_result ts_run_once(ts_run *run, ts_run_stats *stats) {
  ts_run_put_back(run);
  return ts_run_again(run, stats);
}

void ts_run_close_other(ts_run *run) {
  if (run->other) ts_run_close(run->other);
  if (run->ctx) ts_arena_drop(&run->scratch);
  run->other = NULL;
}

void ts_run_close(ts_run *run) {
  ts_run_close_other(run);
  if (run->compiled) run->engine->release(run->ctx, run->compiled);
  if (run->lowered) ts_module_drop(run->lowered);
  for (unsigned i = 0; run->arrays && i < run->sig.n; i++) {
    ts_array_drop(run->ctx, &run->arrays[i]);
    ts_array_drop(run->ctx, &run->initial[i]);
  }
  *run = (ts_run){0};
}
