/* The call graph, followed from one function. */
#include "ir/calls.h"

ts_func *ts_callee(const ts_op *op) {
  const ts_attr *name = op->opcode == TS_OP_CALL ? ts_attr_find(op, TS_ATTR_CALLEE) : NULL;
  return name ? ts_func_find(op->block->func->module, name->word) : NULL;
}

typedef struct walker {
  ts_ptrmap *reached;
  void (*fn)(void *user, ts_op *);
  void *user;
} walker;

static void enter(walker *w, ts_func *);

static void visit(void *arg, ts_op *op) {
  walker *w = arg;
  ts_func *callee = ts_callee(op);
  if (callee) enter(w, callee);
  if (w->fn) w->fn(w->user, op);
}

static void enter(walker *w, ts_func *f) {
  if (ts_ptrmap_get(w->reached, f)) return;
  ts_ptrmap_put(w->reached, f, f);
  ts_walk(f->body, visit, w);
}

void ts_walk_reached(ts_func *f, ts_ptrmap *reached, void (*fn)(void *, ts_op *), void *user) {
  enter(&(walker){reached, fn, user}, f);
}
