/* Names given, by function and usual name, and putting them into steps. */
#include "pass/made.h"

static const void *key_of(ts_str name) { return (const void *)(uintptr_t)name; }

void ts_made_init(ts_made *made, ts_arena *arena) {
  made->arena = arena;
  ts_ptrmap_init(&made->funcs, arena);
}

void ts_made_note(ts_pass_ctx *pass, const ts_func *f, ts_str usual, ts_str name) {
  ts_made *made = pass->made;
  ts_ptrmap *in_func = ts_ptrmap_get(&made->funcs, f);
  if (!in_func) {
    in_func = ts_new(made->arena, ts_ptrmap);
    ts_ptrmap_init(in_func, made->arena);
    ts_ptrmap_put(&made->funcs, f, in_func);
  }
  ts_ptrmap_put(in_func, key_of(usual), (void *)(uintptr_t)name);
}

/* What was made of `base` in the role, in the function `only`, or in any. */
static const char *made_of(const ts_made *made, const ts_module *m, const ts_func *only,
                           const char *base, const char *role) {
  const char *usual = ts_sprintf(made->arena, "%s.%s", base, role);
  ts_str key = ts_intern_find(&m->strings, usual, strlen(usual));
  if (!key) return usual;
  for (const ts_func *f = only ? only : m->first_func; f; f = only ? NULL : f->next) {
    const ts_ptrmap *in_func = ts_ptrmap_get(&made->funcs, f);
    const void *name = in_func ? ts_ptrmap_get(in_func, key_of(key)) : NULL;
    if (name) return ts_str_text(m, (ts_str)(uintptr_t)name);
  }
  return usual;
}

/* The name of "j:i:o"; of a name, itself. */
static const char *name_of(const ts_made *made, const ts_module *m, const ts_func *only,
                           const char *reference) {
  size_t n = strcspn(reference, ":");
  const char *name = ts_strndup(made->arena, reference, n);
  for (const char *at = reference + n; *at; at += n) {
    n = strcspn(++at, ":");
    name = made_of(made, m, only, name, ts_strndup(made->arena, at, n));
  }
  return name;
}

static bool is_reference(const char *name) { return strchr(name, ':') != NULL; }

static bool refers(const ts_option *o, const void *value) {
  if (o->kind == TS_OPT_LOOP) return is_reference(*(const char *const *)value);
  if (o->kind != TS_OPT_LOOPS) return false;
  const ts_loop_list *list = value;
  for (size_t i = 0; i < list->items.n; i++)
    if (is_reference(list->items.at[i].name)) return true;
  return false;
}

static void resolve(const ts_made *made, const ts_module *m, const ts_func *only,
                    const ts_option *o, void *value) {
  if (o->kind == TS_OPT_LOOP) {
    *(const char **)value = name_of(made, m, only, *(const char **)value);
    return;
  }
  ts_loop_list *list = value, given = *list;
  *list = (ts_loop_list){0};
  for (size_t i = 0; i < given.items.n; i++) {
    ts_loop_item item = given.items.at[i];
    item.name = name_of(made, m, only, item.name);
    ts_push(made->arena, &list->items, item);
  }
}

ts_pipeline_step ts_made_resolve(const ts_made *made, const ts_module *m,
                                 const ts_pipeline_step *step) {
  const ts_option_table *options = &step->pass->options;
  ts_pipeline_step out = *step;
  const ts_func *only = ts_pipeline_step_func(step, m);
  for (unsigned i = 0; i < options->n; i++) {
    const ts_option *o = &options->at[i];
    if (!refers(o, (const char *)out.options + o->offset)) continue;
    if (out.options == step->options) { /* the given step may run again elsewhere */
      out.options = ts_arena_alloc(made->arena, options->bytes);
      memcpy(out.options, step->options, options->bytes);
    }
    resolve(made, m, only, o, (char *)out.options + o->offset);
  }
  return out;
}
