/* rename-loops: a name of its own for every loop of a function, so that a step can speak of one of them.
 *
 * requires:  nothing.
 * preserves: everything but names.
 * rewrite:   for %i … { … }  for %i … { … }  →  for %i … { … }  for %i_1 … { … }
 *
 * Steps name what they make of %i with a dot, %i.o; where names are plain, no other loop is called so. */
#include "transforms/loops/loops.h"

typedef struct namer {
  ts_module *m;
  ts_ptrmap seen; /* names of values that are no loop's variable, and of loops so far */
  ts_ptrmap *names;
  bool plain, any;
} namer;

static const void *key_of(ts_str name) { return (const void *)(uintptr_t)name; }

static void note_values(void *arg, ts_op *op) {
  namer *n = arg;
  for (unsigned i = 0; i < op->num_results; i++)
    if (ts_op_result(op, i)->name) ts_ptrmap_put(&n->seen, key_of(ts_op_result(op, i)->name), n);
}

/* What the loop is called; with _ in place of dots where names are to be plain. */
static const char *stem_of(const namer *n, const ts_op *loop) {
  const char *name = ts_loop_name(loop);
  if (!*name) return "i";
  if (!n->plain || !strchr(name, '.')) return name;
  char *stem = ts_sprintf(n->names->arena, "%s", name);
  for (char *c = stem; *c; c++)
    if (*c == '.') *c = '_';
  return stem;
}

static void note_loops(void *arg, ts_op *op) {
  namer *n = arg;
  if (!ts_is_loop(op)) return;
  const ts_str old = ts_for_parts(op).iv->name;
  const char *stem = stem_of(n, op), *text = stem;
  ts_str name = ts_intern(&n->m->strings, text);
  for (unsigned i = 1; ts_ptrmap_get(&n->seen, key_of(name)); i++) {
    text = ts_sprintf(n->names->arena, "%s_%u", stem, i);
    name = ts_intern(&n->m->strings, text);
  }
  ts_ptrmap_put(&n->seen, key_of(name), n);
  ts_ptrmap_put(n->names, op, (void *)(uintptr_t)name);
  n->any |= name != old;
}

bool ts_loops_own_names(ts_func *f, bool plain, ts_ptrmap *names) {
  namer n = {.m = f->module, .names = names, .plain = plain};
  ts_ptrmap_init(&n.seen, names->arena);
  for (unsigned i = 0; i < f->body->num_args; i++)
    ts_ptrmap_put(&n.seen, key_of(f->body->args[i]->name), &n);
  ts_walk(f->body, note_values, &n);
  ts_walk(f->body, note_loops, &n);
  return n.any;
}

static void rename_loop(void *arg, ts_op *op) {
  ts_str name = (ts_str)(uintptr_t)ts_ptrmap_get(arg, op);
  if (name) ts_set_name(ts_for_parts(op).iv, name);
}

ts_result ts_pass_rename_loops(ts_pass_ctx *pass, ts_module *m, const void *options) {
  const ts_rename_loops_options *o = options;
  for (ts_func *f = ts_first_asked(m, o->func); f; f = ts_next_asked(f, o->func)) {
    ts_ptrmap names;
    ts_ptrmap_init(&names, pass->scratch);
    if (!ts_loops_own_names(f, o->plain, &names)) continue;
    ts_walk(f->body, rename_loop, &names);
    pass->changed = true;
  }
  return TS_OK;
}
