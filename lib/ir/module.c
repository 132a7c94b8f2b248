/* Modules, functions and globals. */
#include "ir/outline.h"
#include "ir/uniquer_impl.h"

ts_module *ts_module_create(ts_context *ctx) {
  ts_arena arena;
  ts_arena_init(&arena, &ctx->memory);
  ts_module *m = ts_new(&arena, ts_module);
  m->ctx = ctx;
  m->arena = arena;
  m->source = (ts_source){.name = "<built>", .text = "", .first_line = 1};
  ts_interner_init(&m->strings, &ctx->memory, &m->arena);
  ts_uniquer_init(m);
  ts_ptrmap_init(&m->funcs, &m->arena);
  ts_ptrmap_init(&m->globals, &m->arena);
  ts_ptrmap_init(&m->comments, &m->arena);
  return m;
}

void ts_module_drop(ts_module *m) {
  if (!m) return;
  ts_changes_end(m);
  ts_uniquer_drop(m);
  ts_interner_drop(&m->strings);
  ts_arena arena = m->arena; /* the module itself lies in it */
  ts_arena_drop(&arena);
}

const char *ts_str_text(const ts_module *m, ts_str s) { return ts_intern_text(&m->strings, s); }

ts_func *ts_func_find(const ts_module *m, ts_str name) {
  return ts_ptrmap_get(&m->funcs, (void *)(uintptr_t)name);
}

ts_global *ts_global_find(const ts_module *m, ts_str name) {
  return ts_ptrmap_get(&m->globals, (void *)(uintptr_t)name);
}

ts_func *ts_func_create(ts_module *m, ts_str name, ts_loc loc, unsigned num_params,
                        const ts_type *const *params, const ts_str *names, const uint8_t *roles,
                        unsigned num_results, const ts_type *const *results) {
  ts_func *f = ts_new(&m->arena, ts_func);
  f->module = m;
  f->name = name;
  f->loc = loc;
  f->body = ts_new(&m->arena, ts_block);
  f->body->func = f;
  f->body->end = loc;
  f->roles = ts_new_array(&m->arena, uint8_t, num_params ? num_params : 1);
  for (unsigned i = 0; i < num_params; i++) {
    ts_block_add_arg(m, f->body, params[i], names ? names[i] : 0);
    f->roles[i] = roles ? roles[i] : TS_ROLE_IN;
  }
  f->results = ts_new_array(&m->arena, const ts_type *, num_results ? num_results : 1);
  if (num_results) memcpy(f->results, results, num_results * sizeof *results);
  f->num_results = num_results;
  f->prev = m->last_func;
  if (m->last_func)
    m->last_func->next = f;
  else
    m->first_func = f;
  m->last_func = f;
  ts_ptrmap_put(&m->funcs, (void *)(uintptr_t)name, f);
  ts_changed_module(m);
  return f;
}

void ts_func_remove(ts_func *f) {
  ts_module *m = f->module;
  ts_changed_func(f);
  ts_changed_module(m);
  if (f->prev)
    f->prev->next = f->next;
  else
    m->first_func = f->next;
  if (f->next)
    f->next->prev = f->prev;
  else
    m->last_func = f->prev;
  ts_ptrmap_put(&m->funcs, (void *)(uintptr_t)f->name, NULL);
}

void ts_func_rename(ts_func *f, ts_str name) {
  ts_module *m = f->module;
  ts_ptrmap_put(&m->funcs, (void *)(uintptr_t)f->name, NULL);
  ts_ptrmap_put(&m->funcs, (void *)(uintptr_t)name, f);
  f->name = name;
  ts_changed_func(f);
  ts_changed_module(m);
}

ts_global *ts_global_create(ts_module *m, ts_str name, ts_loc loc, const ts_type *type,
                            const ts_data *data) {
  ts_global *g = ts_new(&m->arena, ts_global);
  *g = (ts_global){.name = name, .loc = loc, .type = type, .data = data, .prev = m->last_global};
  if (m->last_global)
    m->last_global->next = g;
  else
    m->first_global = g;
  m->last_global = g;
  ts_ptrmap_put(&m->globals, (void *)(uintptr_t)name, g);
  ts_changed_module(m);
  return g;
}
