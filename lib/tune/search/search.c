/* Opens searches by name, and drives them. */
#include <math.h>

#include "tune/search/search_impl.h"

static const ts_search_kind *const kinds[] = {
#define SEARCH(name) &ts_search_##name,
#include "tune/search/searches.def"
#undef SEARCH
};

bool ts_search_list(unsigned i, ts_search_name *out) {
  if (i >= ts_countof(kinds)) return false;
  *out = (ts_search_name){kinds[i]->name, kinds[i]->summary};
  return true;
}

/* ---- opening ---- */

static const ts_search_kind *find_kind(ts_context *ctx, const char *name) {
  const char *list = "";
  for (unsigned i = 0; i < ts_countof(kinds); i++) {
    if (strcmp(kinds[i]->name, name) == 0) return kinds[i];
    list = ts_sprintf(&ctx->arena, "%s%s%s", list, i ? ", " : "", kinds[i]->name);
  }
  (void)ts_error_plain(ctx, "there is no search '%s'; searches: %s", name, list);
  return NULL;
}

static ts_result read_search(ts_text_reader *r, const ts_search_kind **kind, void **options) {
  ts_text_skip_space(r);
  const char *name = ts_text_name(r);
  if (!*name) return ts_text_expected(r, "a search");
  *kind = find_kind(r->ctx, name);
  if (!*kind) return TS_USAGE;
  *options = ts_options_default(&r->ctx->arena, &(*kind)->options);
  ts_options_owner owner = {"search", name, &(*kind)->options};
  ts_result result = ts_options_read_braced(r, &owner, *options);
  if (result) return result;
  ts_text_skip_space(r);
  return ts_text_at_end(r) ? TS_OK : ts_text_expected(r, "the end of the search's options");
}

static ts_result read_text(ts_context *ctx, const char *text, const ts_search_kind **kind,
                           void **options) {
  const ts_source *outer = ctx->source;
  ts_text_reader r = {.ctx = ctx, .source = ts_text_source(ctx, "<search>", text)};
  ctx->source = r.source;
  ts_result result = read_search(&r, kind, options);
  ctx->source = outer;
  return result;
}

ts_result ts_search_open(ts_context *ctx, ts_arena *arena, const ts_domain *domain,
                         const char *text, const ts_search_setup *setup, ts_search **out) {
  const ts_search_kind *kind = NULL;
  void *options = NULL;
  ts_result result = read_text(ctx, text ? text : kinds[0]->name, &kind, &options);
  if (result) return result;
  ts_search *s = *out = ts_new(arena, ts_search);
  *s = (ts_search){.ctx = ctx,
                   .arena = arena,
                   .domain = domain,
                   .setup = *setup,
                   .draw = {setup->seed},
                   .kind = kind};
  s->state = kind->open(s, options);
  return TS_OK;
}

/* ---- asking and telling ---- */

/* The next hint of those that are to be tried; false: there is none left. */
static bool next_hint(ts_search *s, ts_choice *point) {
  while (s->next_hint < s->setup.num_hints) {
    const ts_hint *hint = &s->setup.hints[s->next_hint++];
    if (!isnan(hint->cost) || ts_search_place(s, hint->point) != TS_NOWHERE) continue;
    memcpy(point, hint->point, s->domain->n * sizeof *point);
    return true;
  }
  return false;
}

/* Where a search has no proposal although it knows all costs, any point is one. */
static bool next_point(ts_search *s, ts_choice *point) {
  if (next_hint(s, point) || s->kind->next(s, s->state, point)) return true;
  if (ts_search_is_waiting(s)) return false;
  ts_search_draw_new(s, point);
  return true;
}

unsigned ts_search_ask(ts_search *s, unsigned most, ts_choice *points) {
  unsigned n = 0;
  while (n < most && !ts_search_is_exhausted(s)) {
    ts_choice *point = points + (size_t)n * s->domain->n;
    if (!next_point(s, point)) break;
    ts_search_add(s, point);
    n++;
  }
  return n;
}

void ts_search_tell(ts_search *s, const ts_choice *point, double cost) {
  (void)point;
  ts_search_set_cost(s, isnan(cost) ? INFINITY : cost);
}
