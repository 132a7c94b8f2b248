/* The recipe cpu: the steps that make a function fast on a processor, chosen from its loops, the width of
 * vectors, the number of registers and the caches.
 *
 * It changes nothing itself: the steps it writes run in its place, so every one of them is checked,
 * can be seen with -print-pipeline, and can be copied and changed. One that a pass refuses is left out.
 * A function that has been scheduled already is left alone. */
#include "support/remarks.h"
#include "transforms/recipe/recipe_impl.h"

/* ---- nests ---- */

static void schedule_block(ts_recipe *r, const ts_block *block);

/* Loops around others: as many as may run at once, and then what is in them, nest by nest. */
static void schedule_around(ts_recipe *r, const ts_nest *nest, const char *name) {
  const ts_block *body = ts_for_parts(nest->loops[nest->n - 1]).body;
  int64_t work = ts_recipe_work(nest), inner;
  const ts_op *first = body->first;
  while (first && !ts_is_loop(first))
    first = first->next;
  if (work >= 0 && first) work = ts_loop_trip_count(first, &inner) ? work * inner : -1;
  unsigned threads = r->threads;
  if (ts_recipe_parallel(r, name, nest->n, nest->loops, work)) r->threads = 1;
  schedule_block(r, body);
  r->threads = threads;
}

static void say_no_product(ts_recipe *r, const ts_nest *nest) {
  if (!nest->why) return;
  ts_remark(r->m->ctx, nest->loops[0]->loc, r->pass->name, "missed",
            "%s is not scheduled as a product: %s", ts_recipe_loop(r, nest->loops[0]), nest->why);
  ts_note(r->m->ctx, nest->what->loc, "here");
}

static void schedule_nest(ts_recipe *r, ts_op *loop) {
  ts_nest *nest = ts_new(r->pass->scratch, ts_nest);
  *nest = ts_nest_of(loop);
  const char *name = ts_recipe_loop(r, nest->kind == TS_NEST_PRODUCT ? nest->j : nest->loops[0]);
  say_no_product(r, nest);
  ts_recipe_note_nest(r, name);
  switch (nest->kind) {
  case TS_NEST_PRODUCT: ts_recipe_product(r, nest); break;
  case TS_NEST_ELEMENTWISE: ts_recipe_elementwise(r, nest, name); break;
  case TS_NEST_ROWS: schedule_around(r, nest, name); break;
  }
}

static void schedule_block(ts_recipe *r, const ts_block *block) {
  for (ts_op *op = block->first; op; op = op->next) {
    if (ts_is_loop(op))
      schedule_nest(r, op);
    else
      for (unsigned i = 0; i < op->num_regions; i++)
        schedule_block(r, ts_op_regions(op)[i]);
  }
}

/* ---- functions ---- */

/* Is it %X.o around %X.i, as split leaves a loop? */
static bool is_split(const ts_op *loop) {
  static const char role[] = "." TS_ROLE_OUTER;
  const char *name = ts_loop_name(loop);
  size_t n = strlen(name), end = sizeof role - 1;
  if (n <= end || strcmp(name + n - end, role)) return false;
  const ts_block *body = ts_for_parts(loop).body;
  ts_module *m = body->func->module;
  const char *inner = ts_sprintf(&m->arena, "%.*s.%s", (int)(n - end), name, TS_ROLE_INNER);
  ts_str inner_name = ts_intern_find(&m->strings, inner, strlen(inner));
  return inner_name && ts_names_inside(body, inner_name, true);
}

/* A schedule is there where loops carry marks or are in blocks, or threads are launched. */
static void note_scheduled(void *arg, ts_op *op) {
  *(bool *)arg |=
      op->opcode == TS_OP_LAUNCH ||
      (ts_is_loop(op) && (ts_attr_find(op, TS_ATTR_PARALLEL) || ts_attr_find(op, TS_ATTR_VECTOR) ||
                          ts_attr_find(op, TS_ATTR_UNROLL) || is_split(op)));
}

static void note_name(ts_recipe *r, const ts_value *v) {
  if (v->name) ts_ptrmap_put(&r->taken, (const void *)(uintptr_t)v->name, r);
}

static void note_names(void *arg, ts_op *op) {
  for (unsigned i = 0; i < op->num_results; i++)
    note_name(arg, ts_op_result(op, i));
}

static void note_dots(void *arg, ts_op *op) {
  if (ts_is_loop(op)) *(bool *)arg |= strchr(ts_loop_name(op), '.') != NULL;
}

/* Steps speak of a loop by its name, so each needs one of its own: no other loop's, nor, having no dot, one
 * that a step gives to what it makes of another loop. */
static void name_loops(ts_recipe *r) {
  bool dots = false;
  ts_walk(r->func->body, note_dots, &dots);
  if (ts_loops_own_names(r->func, dots, &r->names))
    ts_recipe_step(r, "rename-loops", "%s", dots ? "plain=true" : "");
}

void ts_recipe_cpu(ts_recipe *r) {
  bool scheduled = false;
  ts_walk(r->func->body, note_scheduled, &scheduled);
  if (scheduled) {
    ts_remark(r->m->ctx, r->func->loc, r->pass->name, "missed", "@%s has a schedule already",
              ts_str_text(r->m, r->func->name));
    return;
  }
  ts_ptrmap_init(&r->names, r->pass->scratch);
  ts_ptrmap_init(&r->taken, r->pass->scratch);
  for (unsigned i = 0; i < r->func->body->num_args; i++)
    note_name(r, r->func->body->args[i]);
  ts_walk(r->func->body, note_names, r);
  name_loops(r);
  schedule_block(r, r->func->body);
  ts_recipe_step(r, "promote", "%s", "");
}
