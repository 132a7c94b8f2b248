/* What an engine is given: the function as it stands, or, in a copy of the module, lowered by the pipeline of the
 * engine's row and without the functions that the run does not need. */
#include "support/remarks.h"
#include "ir/calls.h"
#include "transforms/passes.h"
#include "run/run_impl.h"

static bool is_whole(const ts_module *m, const ts_ptrmap *reached) {
  for (const ts_func *f = m->first_func; f; f = f->next)
    if (!ts_ptrmap_get(reached, f)) return false;
  return true;
}

static ts_func *same_func(ts_module *m, const ts_run *run) {
  const char *name = ts_str_text(run->module, run->func->name);
  return ts_func_find(m, ts_intern_find(&m->strings, name, strlen(name)));
}

/* Functions that the run does not need may hold what the pipeline or the engine refuses. */
static void remove_others(ts_module *m, ts_func *f, ts_arena *scratch) {
  ts_ptrmap reached;
  ts_ptrmap_init(&reached, scratch);
  ts_walk_reached(f, &reached, NULL, NULL);
  for (ts_func *other = m->first_func, *next; other; other = next) {
    next = other->next;
    if (!ts_ptrmap_get(&reached, other)) ts_func_remove(other);
  }
}

static ts_result run_passes(ts_run *run, const char *text) {
  ts_pipeline pipeline = {.table = &ts_all_passes};
  ts_pass_runner runner;
  ts_pass_runner_init(&runner);
  ts_diag *last = run->ctx->last;
  ts_result result = ts_pipeline_parse(run->ctx, &pipeline, text);
  if (!result) result = ts_run_pipeline(run->lowered, &pipeline, &runner);
  ts_remarks_drop_after(run->ctx, last);
  return result;
}

ts_result ts_run_lower(ts_run *run, const ts_func **out) {
  const char *pipeline = run->engine->pipeline;
  bool tensors = ts_func_level(run->func) == TS_LEVEL_T;
  *out = run->func;
  if (!pipeline) return TS_OK;
  ts_ptrmap reached;
  ts_ptrmap_init(&reached, &run->scratch);
  ts_walk_reached((ts_func *)run->func, &reached, NULL, NULL);
  if (!tensors && is_whole(run->module, &reached)) return TS_OK;
  run->lowered = ts_module_clone(run->module);
  ts_func *f = same_func(run->lowered, run);
  remove_others(run->lowered, f, &run->scratch);
  ts_arena_drop(&run->scratch);
  ts_result result = tensors ? run_passes(run, pipeline) : TS_OK;
  *out = result ? NULL : same_func(run->lowered, run);
  return result;
}
