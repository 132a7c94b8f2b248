/* The engines by name, and what they share. */
#include "engine/engine.h"

const ts_engine *const ts_engines[TS_NUM_ENGINES] = {
#define FAMILY(...)
#define ENGINE(name) &ts_engine_##name,
#include "engine/engines.def"
#undef FAMILY
#undef ENGINE
};

const ts_engine_name ts_engine_names[TS_NUM_ENGINE_NAMES] = {
#define FAMILY(name, summary) {#name, NULL, summary},
#define ENGINE(name) {#name, &ts_engine_##name, NULL},
#include "engine/engines.def"
#undef FAMILY
#undef ENGINE
};

/* ---- names ---- */

const ts_engine *ts_engine_find(const char *name, const ts_func *func) {
  unsigned level = func ? ts_func_level(func) : 0;
  for (unsigned i = 0; i < TS_NUM_ENGINES; i++) {
    const ts_engine *e = ts_engines[i];
    bool related = e->family && strcmp(e->family, name) == 0;
    if (strcmp(e->name, name) == 0 || (related && (e->levels & level))) return e;
  }
  return NULL;
}

bool ts_engine_known(const char *name) {
  for (unsigned i = 0; i < TS_NUM_ENGINE_NAMES; i++)
    if (strcmp(ts_engine_names[i].name, name) == 0) return true;
  return false;
}

ts_result ts_engine_check_name(ts_context *ctx, const char *name) {
  if (ts_engine_known(name)) return TS_OK;
  const char *list = "";
  for (unsigned i = 0; i < TS_NUM_ENGINE_NAMES; i++)
    list = ts_sprintf(&ctx->arena, "%s%s%s", list, i ? ", " : "", ts_engine_names[i].name);
  (void)ts_error_plain(ctx, "this build has no engine '%s'; engines: %s", name, list);
  return TS_USAGE;
}

/* ---- options ---- */

void ts_engine_options_init(ts_arena *arena, ts_engine_options *options) {
  for (unsigned i = 0; i < TS_NUM_ENGINES; i++)
    options->of[i] = ts_options_default(arena, &ts_engines[i]->options);
}

static unsigned place_of(const ts_engine *engine) {
  unsigned i = 0;
  while (ts_engines[i] != engine)
    i++;
  return i;
}

const void *ts_engine_options_of(const ts_engine_options *options, const ts_engine *engine) {
  return options->of[place_of(engine)];
}

static ts_result read_engine(ts_text_reader *r, ts_engine_options *options, const char **out) {
  static const ts_option_table none = {0};
  ts_text_skip_space(r);
  const char *name = *out = ts_text_name(r);
  if (!*name) return ts_text_expected(r, "an engine");
  ts_result result = ts_engine_check_name(r->ctx, name);
  if (result) return result;
  const ts_engine *engine = ts_engine_find(name, NULL);
  ts_options_owner owner = {"engine", name, engine ? &engine->options : &none};
  result = ts_options_read_braced(r, &owner, engine ? options->of[place_of(engine)] : NULL);
  if (result) return result;
  ts_text_skip_space(r);
  return ts_text_at_end(r) ? TS_OK : ts_text_expected(r, "the end of the engine's options");
}

ts_result ts_engine_read(ts_context *ctx, const char *text, ts_engine_options *options,
                         const char **name) {
  const ts_source *outer = ctx->source;
  ts_text_reader r = {.ctx = ctx, .source = ts_text_source(ctx, "<engine>", text)};
  ctx->source = r.source;
  ts_result result = read_engine(&r, options, name);
  ctx->source = outer;
  return result;
}
