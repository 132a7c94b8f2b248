/* recipe: the steps that make a function fast on a processor, chosen from its loops, the width of
 * vectors, the number of registers and the caches.
 *
 * It changes nothing itself: the steps it writes run in its place, so every one of them is checked,
 * can be seen with -print-pipeline, and can be copied and changed. One that a pass refuses is left out.
 * A function that has been scheduled already is left alone. */
#include "support/remarks.h"
#include "analysis/poly/dependence.h"
#include "transforms/recipe/recipe_impl.h"
#include "transforms/rewrite/rewrite.h"

enum { MIN_PARALLEL_ELEMENTS = 32768 };

void ts_recipe_step(ts_recipe *r, const char *pass, const char *options, ...) {
  if (r->result) return;
  va_list args;
  va_start(args, options);
  const char *text = ts_vsprintf(r->pass->scratch, options, args);
  va_end(args);
  if (r->several)
    text = ts_sprintf(r->pass->scratch, "%s func=%s", text, ts_str_text(r->m, r->func->name));
  r->result = ts_pipeline_add(r->m->ctx, r->pass->expansion, pass, text);
}

const char *ts_recipe_loop(ts_recipe *r, const ts_op *loop) {
  ts_str name = (ts_str)(uintptr_t)ts_ptrmap_get(&r->names, loop);
  return ts_sprintf(r->pass->scratch, "%%%s", ts_str_text(r->m, name));
}

/* ---- loops that run at once ---- */

ts_op *ts_recipe_first_long(unsigned n, ts_op *const *loops) {
  int64_t trips;
  for (unsigned i = 0; i < n; i++)
    if (!ts_loop_trip_count(loops[i], &trips) || trips > 1) return loops[i];
  return NULL;
}

int64_t ts_recipe_work(const ts_nest *nest) {
  int64_t all = 1, n;
  for (unsigned i = 0; i < nest->n; i++)
    if (!ts_loop_trip_count(nest->loops[i], &n) || __builtin_mul_overflow(all, n, &all)) return -1;
  return all;
}

/* The first of the loops whose iterations may run at once and are several; NULL: none. */
static ts_op *first_parallel(ts_recipe *r, unsigned n, ts_op *const *loops) {
  bool *may = ts_new_array(r->pass->scratch, bool, n);
  ts_diag *last = r->m->ctx->last;
  ts_result result = ts_dep_parallel_loops(r->m->ctx, r->pass->scratch, n, loops, may);
  ts_errors_to_remarks(r->m->ctx, last, r->pass->name); /* that it takes too many steps to decide */
  for (unsigned i = 0; i < n && !result; i++)
    if (may[i] && ts_recipe_first_long(1, &loops[i])) return loops[i];
  return NULL;
}

bool ts_recipe_parallel(ts_recipe *r, unsigned n, ts_op *const *loops, int64_t work) {
  if (r->threads < 2 || (work >= 0 && work < MIN_PARALLEL_ELEMENTS)) return false;
  ts_op *loop = first_parallel(r, n, loops);
  if (!loop) return false;
  ts_recipe_step(r, "parallel", "%s", ts_recipe_loop(r, loop));
  return true;
}

/* ---- nests ---- */

static void schedule_block(ts_recipe *r, const ts_block *block);

/* Loops around others: as many as may run at once, and then what is in them, nest by nest. */
static void schedule_around(ts_recipe *r, const ts_nest *nest) {
  const ts_block *body = ts_for_parts(nest->loops[nest->n - 1]).body;
  int64_t work = ts_recipe_work(nest), inner;
  const ts_op *first = body->first;
  while (first && !ts_is_loop(first))
    first = first->next;
  if (work >= 0 && first) work = ts_loop_trip_count(first, &inner) ? work * inner : -1;
  unsigned threads = r->threads;
  if (ts_recipe_parallel(r, nest->n, nest->loops, work)) r->threads = 1;
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
  say_no_product(r, nest);
  switch (nest->kind) {
  case TS_NEST_PRODUCT: ts_recipe_product(r, nest); break;
  case TS_NEST_ELEMENTWISE: ts_recipe_elementwise(r, nest); break;
  case TS_NEST_ROWS: schedule_around(r, nest); break;
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

static void note_scheduled(void *arg, ts_op *op) {
  if (!ts_is_loop(op)) {
    *(bool *)arg |= op->opcode == TS_OP_LAUNCH;
    return;
  }
  *(bool *)arg |= ts_attr_find(op, TS_ATTR_PARALLEL) || ts_attr_find(op, TS_ATTR_VECTOR) ||
                  ts_attr_find(op, TS_ATTR_UNROLL) || strchr(ts_loop_name(op), '.');
}

static void schedule_function(ts_recipe *r) {
  bool scheduled = false;
  ts_walk(r->func->body, note_scheduled, &scheduled);
  if (scheduled) {
    ts_remark(r->m->ctx, r->func->loc, r->pass->name, "missed", "@%s has a schedule already",
              ts_str_text(r->m, r->func->name));
    return;
  }
  ts_ptrmap_init(&r->names, r->pass->scratch);
  ts_ptrmap_init(&r->copies, r->pass->scratch);
  if (ts_loops_own_names(r->func, &r->names)) ts_recipe_step(r, "rename-loops", "%s", "");
  schedule_block(r, r->func->body);
  ts_recipe_step(r, "promote", "%s", "");
}

static bool is_loop_function(const ts_func *f) { return ts_func_level(f) == TS_LEVEL_L; }

ts_result ts_pass_recipe(ts_pass_ctx *pass, ts_module *m, const void *options) {
  const ts_recipe_options *o = options;
  if (o->recipes.items.n != 1 || strcmp(o->recipes.items.at[0].name, "cpu")) {
    ts_error_plain(m->ctx, "-recipe wants one of: cpu");
    return TS_USAGE;
  }
  ts_recipe r = {.pass = pass, .m = m};
  ts_result result = ts_target_find(m->ctx, o->target, &r.target);
  r.threads = o->threads ? (unsigned)o->threads : r.target.threads;
  unsigned functions = 0;
  for (ts_func *f = m->first_func; f; f = f->next)
    functions += is_loop_function(f);
  r.several = functions > 1;
  if (!functions && m->first_func)
    ts_warning(m->ctx, m->first_func->loc,
               "a recipe schedules loops, and there are none to schedule: -fuse -lower in front of "
               "it make loops of tensor functions");
  for (r.func = m->first_func; r.func && !result; r.func = r.func->next) {
    if (is_loop_function(r.func)) schedule_function(&r);
    result = r.result;
  }
  return result;
}
