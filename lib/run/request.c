/* What a run is asked for: settings as text, and the names of inputs and outputs in them. */
#include <sys/stat.h>

#include "transforms/passes.h"
#include "run/run_impl.h"

static const ts_run_words plain_words = {
    .entry = "the entry's ",
    .define = "extent ",
    .input = "input ",
    .output = "output ",
    .expect = "expectation ",
    .compare = "comparison with ",
    .against = "comparison with ",
    .stats = "statistics",
    .json = "figures in ",
};

const ts_run_words ts_run_flag_words = {
    .entry = "--entry=",
    .define = "-D ",
    .input = "--input=",
    .output = "--output=",
    .expect = "--expect=",
    .compare = "--compare=",
    .against = "--against=",
    .stats = "--stats",
    .json = "--json=",
};

void ts_run_request_init(ts_context *ctx, ts_run_request *request) {
  *request = (ts_run_request){
      .words = &plain_words, .engine = "interp", .seed = 2025, .passes.table = &ts_all_passes};
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
      return ts_run_usage(ctx, "'%s%s': %s is given twice", request->words->define, text,
                          value.name);
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
