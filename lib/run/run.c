/* Opening, executing and closing a run: the order of its steps, and the choice of function and
 * engine. */
#include <sys/stat.h>

#include "support/clock.h"
#include "ir/calls.h"
#include "transforms/passes.h"
#include "run/run_impl.h"

void ts_run_request_init(ts_context *ctx, ts_run_request *request) {
  *request = (ts_run_request){.engine = "interp", .seed = 2025, .passes.table = &ts_all_passes};
  ts_engine_options_init(&ctx->arena, &request->options);
}

ts_result ts_run_set_engine(ts_context *ctx, ts_run_request *request, const char *text) {
  return ts_engine_read(ctx, text, &request->options, &request->engine);
}

const char *ts_run_join(ts_context *ctx, unsigned n, const char *const *names) {
  const char *text = n ? names[0] : "none";
  for (unsigned i = 1; i < n; i++)
    text = ts_sprintf(&ctx->arena, "%s, %s", text, names[i]);
  return text;
}

const char *ts_setting_find(const ts_settings *list, const char *name) {
  for (size_t i = 0; i < list->n; i++)
    if (strcmp(list->at[i].name, name) == 0) return list->at[i].text;
  return NULL;
}

ts_result ts_run_add_named(ts_context *ctx, ts_settings *list, const char *option,
                           const char *text) {
  const char *name = *text == '%' ? text + 1 : text;
  const char *equals = strchr(name, '=');
  if (!equals || equals == name || !equals[1])
    return ts_run_usage(ctx, "'%s%s': wanted %sNAME=…", option, text, option);
  ts_setting named = {ts_strndup(&ctx->arena, name, (size_t)(equals - name)), equals + 1};
  if (ts_setting_find(list, named.name))
    return ts_run_usage(ctx, "'%s%s': '%s' is given twice", option, text, named.name);
  ts_push(&ctx->arena, list, named);
  return TS_OK;
}

ts_result ts_run_add_extent(ts_context *ctx, ts_run_request *request, const char *text) {
  ts_extent_value value;
  ts_result result = ts_extent_parse(ctx, text, &value);
  if (result) return result;
  for (size_t k = 0; k < request->defines.n; k++)
    if (strcmp(request->defines.at[k].name, value.name) == 0)
      return ts_run_usage(ctx, "'-D %s': %s is given twice", text, value.name);
  ts_push(&ctx->arena, &request->defines, value);
  return TS_OK;
}

void ts_run_split_program(ts_context *ctx, const char *text, const char **path, const char **func) {
  struct stat st;
  const char *colon = strrchr(text, ':');
  *path = text;
  *func = NULL;
  if (!colon || colon == text || !colon[1] || strchr(colon, '/') || stat(text, &st) == 0) return;
  *path = ts_strndup(&ctx->arena, text, (size_t)(colon - text));
  *func = colon + 1;
}

/* ---- engines ---- */

ts_result ts_run_add_engines(ts_context *ctx, ts_run_request *request, const char *text) {
  for (;;) {
    size_t n = strcspn(text, ",");
    const char *name = ts_strndup(&ctx->arena, text, n);
    ts_result result = ts_engine_check_name(ctx, name);
    if (result) return result;
    ts_push(&ctx->arena, &request->compare, name);
    if (!text[n]) return TS_OK;
    text += n + 1;
  }
}

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

/* ---- the function ---- */

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
                            const ts_func **out) {
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
  return ts_run_usage(ctx, "which function to run? give --entry=NAME; functions: %s",
                      function_names(ctx, module));
}

/* ---- the request's names ---- */

ts_result ts_run_entry_named(ts_run *run, const char *option, const char *name, bool output,
                             unsigned *i) {
  const char **names = ts_new_array(&run->ctx->arena, const char *, run->sig.n + 1);
  unsigned n = 0;
  for (unsigned k = 0; k < run->sig.n; k++) {
    if (output ? !ts_run_is_output(run, k) : !ts_run_is_input(run, k)) continue;
    if (strcmp(run->names[k], name) == 0) {
      *i = k;
      return TS_OK;
    }
    names[n++] = run->names[k];
  }
  const char *side = output ? "output" : "input";
  return ts_run_usage(run->ctx, "'%s%s=…': @%s has no %s '%s'; %ss: %s", option, name,
                      ts_str_text(run->module, run->func->name), side, name, side,
                      ts_run_join(run->ctx, n, names));
}

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
  ts_result result = check_names(run, "--input=", &request->inputs, false);
  if (!result && request->stats && !run->engine->counts)
    result = ts_run_usage(run->ctx, "'--stats': engine '%s' counts nothing; interp does",
                          run->engine->name);
  if (!result) result = check_names(run, "--output=", &request->outputs, true);
  if (!result) result = check_names(run, "--expect=", &request->expects, true);
  bool compared = request->compare.n > 0;
  if (!result && (compared || request->against.n) && !has_output(run))
    result = ts_run_usage(run->ctx, "'--%s=%s': @%s has no output to compare",
                          compared ? "compare" : "against",
                          compared ? request->compare.at[0] : request->against.at[0].text,
                          ts_str_text(run->module, run->func->name));
  for (size_t k = 0; !result && k < request->outputs.n; k++)
    if (request->outputs.at[k].text[0] != '@' || !request->outputs.at[k].text[1])
      result = ts_run_usage(run->ctx, "'--output=%s=%s': wanted @FILE, such as @y.npy",
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
    run->fixed.at[run->fixed.n++] = (struct ts_binding){
        ts_intern(&run->module->strings, e->name), e->value,
        ts_sprintf(&run->ctx->arena, "-D %s=%lld", e->name, (long long)e->value)};
  }
}

/* ---- open, execute, close ---- */

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

ts_result ts_run_open_bare(ts_run *run, ts_context *ctx, ts_module *module,
                           const ts_run_request *request) {
  *run = (ts_run){.ctx = ctx, .request = request, .module = module};
  ts_arena_init(&run->scratch, &ctx->memory);
  ts_result result = ts_run_find_entry(ctx, module, request->entry, &run->func);
  if (result) return result;
  take_signature(run);
  return choose_engine(run, request->engine);
}

static ts_result compile(ts_run *run) {
  const ts_func *func;
  ts_result result = ts_run_lower(run, &func);
  const void *options = ts_engine_options_of(&run->request->options, run->engine);
  if (result) return result;
  return run->engine->prepare(run->ctx, func->module, func, options, &run->compiled);
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
