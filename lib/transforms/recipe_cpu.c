/* recipe: the steps that make a function fast on a processor, chosen from its loops, the width of
 * vectors, the number of registers and the caches.
 *
 * It changes nothing itself: the steps it writes run in its place, so every one of them is checked,
 * can be seen with -print-pipeline, and can be copied and changed. It looks at the loops as `lower`
 * leaves them; a function that has been scheduled already is left alone. */
#include "transforms/recipe.h"

#include "transforms/util.h"

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

/* ---- nests that are no product ---- */

/* Iterations of all loops of the nest; -1 when one is symbolic. */
static int64_t iterations(const ts_nest *nest) {
  int64_t all = 1, n;
  for (unsigned i = 0; i < nest->n; i++)
    if (!ts_loop_trip_count(nest->loops[i], &n) || __builtin_mul_overflow(all, n, &all)) return -1;
  return all;
}

static void run_parallel(ts_recipe *r, const ts_nest *nest, int64_t work) {
  int64_t n;
  bool single = ts_loop_trip_count(nest->loops[0], &n) && n < 2;
  if (r->threads < 2 || single || (work >= 0 && work < MIN_PARALLEL_ELEMENTS)) return;
  ts_recipe_step(r, "parallel", "%s", ts_loop_name(nest->loops[0]));
}

typedef struct widest {
  const ts_value *iv;
  unsigned bytes; /* of the widest element in the loop */
  bool contiguous, loops;
} widest;

static void look(void *arg, ts_op *op) {
  widest *w = arg;
  ts_access a;
  w->loops |= ts_is_loop(op);
  for (unsigned i = 0; i < op->num_results; i++)
    if (ts_op_result(op, i)->type->kind == TS_TYPE_SCALAR &&
        ts_op_result(op, i)->type->dtype != TS_INDEX)
      w->bytes = ts_max(w->bytes, ts_dtype_bytes(ts_op_result(op, i)->type->dtype));
  for (unsigned i = 0; ts_access_parts(op, i, &a); i++)
    for (unsigned s = 0; s < a.n; s++) {
      bool last = s + 1 == a.n && a.subscripts[s]->kind == TS_AFF_DIM;
      for (unsigned d = 0; d < ts_num_dims(op); d++) {
        if (ts_dim(op, d) != w->iv) continue;
        if (!ts_dims_mentions(a.subscripts[s], d)) continue;
        if (!last || a.subscripts[s]->value != d) w->contiguous = false;
      }
    }
}

/* Lanes for a loop with nothing but straight code in it that walks along its buffers; 0: better
 * not. */
static int64_t lanes_for(const ts_recipe *r, const ts_op *loop) {
  widest w = {.iv = ts_for_parts(loop).iv, .contiguous = true};
  int64_t n;
  ts_walk(ts_for_parts(loop).body, look, &w);
  if (w.loops || !w.contiguous || !w.bytes) return 0;
  int64_t lanes = r->target.vector_bits / 8 / w.bytes;
  return ts_loop_trip_count(loop, &n) && 2 * n < lanes ? 0 : lanes;
}

typedef struct inner_loops {
  ts_recipe *r;
  int64_t iterations; /* of the loops around, all together */
} inner_loops;

static void vectorize_inner(void *arg, ts_op *op) {
  inner_loops *in = arg;
  if (!ts_is_loop(op)) return;
  int64_t lanes = lanes_for(in->r, op);
  if (lanes > 1)
    ts_recipe_step(in->r, "vectorize", "%s=%lld reassociate=true", ts_loop_name(op),
                   (long long)lanes);
}

/* Rows at once, and each loop along a row by vectors; sums along it then add up lane by lane. */
static void schedule_rows(ts_recipe *r, const ts_nest *nest) {
  int64_t work = iterations(nest), inner;
  const ts_op *first = ts_for_parts(nest->loops[nest->n - 1]).body->first;
  for (; first && !ts_is_loop(first);)
    first = first->next;
  if (work >= 0 && first && ts_loop_trip_count(first, &inner)) work *= inner;
  run_parallel(r, nest, work);
  inner_loops in = {.r = r};
  ts_walk(ts_for_parts(nest->loops[nest->n - 1]).body, vectorize_inner, &in);
}

static void schedule_elementwise(ts_recipe *r, const ts_nest *nest) {
  ts_op *inner = nest->loops[nest->n - 1];
  if (nest->n > 1) run_parallel(r, nest, iterations(nest));
  int64_t lanes = lanes_for(r, inner);
  if (lanes > 1) ts_recipe_step(r, "vectorize", "%s=%lld", ts_loop_name(inner), (long long)lanes);
}

static void schedule_nest(ts_recipe *r, ts_op *loop) {
  ts_nest nest = ts_nest_of(loop);
  switch (nest.kind) {
  case TS_NEST_PRODUCT: ts_recipe_product(r, &nest); break;
  case TS_NEST_ELEMENTWISE: schedule_elementwise(r, &nest); break;
  case TS_NEST_ROWS: schedule_rows(r, &nest); break;
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
  for (ts_op *op = r->func->body->first; op; op = op->next)
    if (ts_is_loop(op)) schedule_nest(r, op);
  ts_recipe_step(r, "promote", "%s", "");
}

static bool is_loop_function(const ts_func *f) {
  return ts_func_level(f) == TS_LEVEL_L;
}

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
  for (r.func = m->first_func; r.func && !result; r.func = r.func->next) {
    if (is_loop_function(r.func)) schedule_function(&r);
    result = r.result;
  }
  return result;
}
