/* Opening and executing a run: the order of its steps. */
#include "run/run_impl.h"

static ts_result check_names(ts_run *run, const char *option, const ts_settings *list,
                             bool output) {
  for (size_t k = 0; k < list->n; k++) {
    unsigned i;
    ts_result result = ts_run_entry_named(run, option, list->at[k].name, output, &i);
    if (result) return result;
  }
  return TS_OK;
}

static bool has_output(const ts_run *run) {
  for (unsigned i = 0; i < run->sig.n; i++)
    if (ts_run_is_output(run, i)) return true;
  return false;
}

static ts_result check_request(ts_run *run) {
  const ts_run_request *request = run->request;
  const ts_run_words *words = request->words;
  ts_result result = check_names(run, words->input, &request->inputs, false);
  if (!result && request->stats && !run->engine->counts)
    result = ts_run_usage(run->ctx, "'%s': engine '%s' counts nothing; interp does", words->stats,
                          run->engine->name);
  if (!result) result = check_names(run, words->output, &request->outputs, true);
  if (!result) result = check_names(run, words->expect, &request->expects, true);
  bool compared = request->compare.n > 0;
  if (!result && (compared || request->against.n) && !has_output(run))
    result = ts_run_usage(run->ctx, "'%s%s': @%s has no output to compare",
                          compared ? words->compare : words->against,
                          compared ? request->compare.at[0] : request->against.at[0].text,
                          ts_str_text(run->module, run->func->name));
  for (size_t k = 0; !result && k < request->outputs.n; k++)
    if (request->outputs.at[k].text[0] != '@' || !request->outputs.at[k].text[1])
      result = ts_run_usage(run->ctx, "'%s%s=%s': wanted @FILE, such as @y.npy", words->output,
                            request->outputs.at[k].name, request->outputs.at[k].text);
  return result;
}

/* The request's extents as bindings, whose messages then quote the option. */
static void take_extents(ts_run *run) {
  const ts_run_request *request = run->request;
  if (request->bound) return;
  run->fixed.at = ts_new_array(&run->ctx->arena, struct ts_binding, request->defines.n + 1);
  for (size_t k = 0; k < request->defines.n; k++) {
    const ts_extent_value *e = &request->defines.at[k];
    run->fixed.at[run->fixed.n++] =
        (struct ts_binding){ts_intern(&run->module->strings, e->name), e->value,
                            ts_sprintf(&run->ctx->arena, "%s%s=%lld", request->words->define,
                                       e->name, (long long)e->value)};
  }
}

ts_result ts_run_open(ts_run *run, ts_context *ctx, ts_module *module,
                      const ts_run_request *request) {
  ts_result result = ts_run_open_bare(run, ctx, module, request);
  if (!result) result = check_request(run);
  if (result) return result;
  take_extents(run);
  result = ts_run_read_inputs(run);
  if (!result) result = ts_run_keep_initial(run);
  if (!result) result = ts_run_check_against(run);
  return result ? result : ts_run_compile(run);
}

ts_result ts_run_execute(ts_run *run) {
  bool counted = run->engine->counts && (run->request->stats || run->request->time_runs);
  ts_result result = ts_run_watched(run, counted ? &run->stats : NULL);
  run->ran = result == TS_OK;
  if (!result && run->request->time_runs) result = ts_run_measure(run);
  if (result) return result;
  ts_result written = ts_run_check_written(run);
  ts_result expected = ts_run_expectations(run);
  if (expected && expected != TS_CHECK) return expected;
  ts_result compared = ts_run_comparisons(run);
  if (compared && compared != TS_CHECK) return compared;
  ts_result held = ts_run_hold_against(run);
  if (held && held != TS_CHECK) return held;
  return ts_max(ts_max(expected, compared), ts_max(written, held));
}
