/* Holding the outputs of a run against what another engine makes of the same data. */
#include "exec/run_internal.h"
#include "pass/pass.h"

/* Twice: both engines may be off by as much. */
static double allowed_to_engines(const void *user, int64_t k, double want) {
  (void)want;
  return 2 * ts_output_margin_at(user, k);
}

/* ---- the other engine ---- */

static ts_result compare_outputs(ts_run *run, ts_run *other, const char *engine) {
  ts_margin margin;
  double math_error = ts_max(run->engine->math_error, other->engine->math_error);
  ts_result worst = TS_OK;
  ts_result result = ts_run_margin(run, &run->scratch, math_error, true, &margin);
  for (unsigned i = 0; !result && i < run->sig.n; i++) {
    if (!ts_run_is_output(run, i)) continue;
    const ts_array *got = &other->arrays[i], *want = &run->arrays[i];
    ts_output_margin m = ts_run_output_margin(run, &margin, i);
    ts_run_check check = {.kind = TS_CHECK_ENGINE,
                          .output = run->names[i],
                          .with = engine,
                          .reduction = margin.reduction};
    result =
        ts_array_judge(run->ctx, got, want, allowed_to_engines, &m, &check.difference);
    if (!result && ts_run_conclude(run, got, want, check)) worst = TS_CHECK;
  }
  ts_arena_drop(&run->scratch);
  return result ? result : worst;
}

/* A tensor function is lowered, in a copy of the module, for an engine that runs loops. */
static ts_result module_for(ts_run *run, const ts_engine *engine, ts_module **out) {
  *out = ts_module_clone(run->module);
  if (!engine || (engine->levels & ts_func_level(run->func))) return TS_OK;
  ts_pipeline pipeline = {0};
  ts_pass_runner runner;
  ts_pass_runner_init(&runner);
  ts_result result = ts_pipeline_add(run->ctx, &pipeline, "lower", NULL);
  return result ? result : ts_run_pipeline(*out, &pipeline, &runner);
}

/* The other engine's inputs are the run's own arrays. */
static ts_result share_inputs(ts_run *run, ts_run *other) {
  for (unsigned i = 0; i < run->sig.n; i++) {
    const ts_array *from = run->initial[i].data ? &run->initial[i] : &run->arrays[i];
    ts_array *to = &other->arrays[i];
    if (run->sig.entries[i].role == TS_ROLE_IN) {
      *to = *from;
      to->owned = false;
      continue;
    }
    ts_result result = ts_array_create(run->ctx, from->dtype, from->rank, from->dims, to);
    if (result) return result;
    if (run->initial[i].data)
      memcpy(to->data, from->data, (size_t)ts_array_count(from) * ts_dtype_bytes(from->dtype));
  }
  return TS_OK;
}

static ts_result run_other(ts_run *run, ts_run *other, ts_module *module, const char *engine) {
  ts_run_request *request = ts_new(&run->ctx->arena, ts_run_request);
  *request = (ts_run_request){.engine = engine,
                              .entry = ts_str_text(run->module, run->func->name),
                              .limits = run->request->limits,
                              .options = run->request->options};
  ts_result result = ts_run_open_bare(other, run->ctx, module, request);
  if (!result) result = share_inputs(run, other);
  if (!result) result = ts_run_compile(other);
  if (!result) result = ts_run_once(other, NULL);
  return result ? result : compare_outputs(run, other, engine);
}

/* The other run hangs off this one, so that ts_run_close finds it when memory runs out on the way.
 */
static ts_result compare_with(ts_run *run, const char *name) {
  ts_run *other = run->other = ts_new(&run->ctx->arena, ts_run);
  const ts_engine *engine = ts_run_engine_called(name);
  ts_result result = module_for(run, engine, &run->other_module);
  if (!result) result = run_other(run, other, run->other_module, name);
  ts_run_close_other(run);
  return result;
}

ts_result ts_run_comparisons(ts_run *run) {
  ts_result worst = TS_OK;
  for (size_t k = 0; k < run->request->compare.n; k++) {
    ts_result result = compare_with(run, run->request->compare.at[k]);
    if (result && result != TS_CHECK) return result;
    worst = ts_max(worst, result);
  }
  return worst;
}
