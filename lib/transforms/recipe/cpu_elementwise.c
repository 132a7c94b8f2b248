/* The schedule of a perfect nest of straight code: elementwise ops, copies, sums of everything.
 *
 * The loop along which all accesses lie side by side goes inside and runs by vectors. Where there is none, as
 * in a transpose, two loops share the accesses: squares of both stay in the first-level cache. */
#include "support/remarks.h"
#include "analysis/poly/dependence.h"
#include "transforms/recipe/recipe_impl.h"
#include "transforms/rewrite/rewrite.h"

enum { TILE_BYTES = 64 }; /* a row of a square: a line of the cache */

typedef struct walk {
  const ts_value *iv;
  unsigned along, still, other; /* accesses that step by one element, stay, or leap */
  unsigned bytes;               /* of the widest element */
  bool loops, math, chooses;
} walk;

/* Compilers take comparisons of vectors wider than the processor's apart, element by element (gcc 12). */
static bool chooses(const ts_op *op) {
  switch (op->opcode) {
  case TS_OP_MAXF:
  case TS_OP_MINF:
  case TS_OP_MAXI:
  case TS_OP_MINI:
  case TS_OP_CMPF:
  case TS_OP_CMPI:
  case TS_OP_SELECT: return true;
  default: return false;
  }
}

static void look(void *arg, ts_op *op) {
  walk *w = arg;
  ts_access a;
  w->loops |= ts_is_loop(op);
  w->math |= ts_has_flag(op, TS_FLAG_MATH);
  w->chooses |= chooses(op);
  for (unsigned i = 0; i < op->num_results; i++)
    if (ts_op_result(op, i)->type->kind == TS_TYPE_SCALAR &&
        ts_op_result(op, i)->type->dtype != TS_INDEX)
      w->bytes = ts_max(w->bytes, ts_dtype_bytes(ts_op_result(op, i)->type->dtype));
  for (unsigned i = 0; ts_access_parts(op, i, &a); i++) {
    if (ts_nest_stays(op, &a, w->iv))
      w->still++;
    else if (ts_nest_lies_along(op, &a, w->iv))
      w->along++;
    else
      w->other++;
  }
}

static walk walk_along(const ts_op *loop, const ts_block *body) {
  walk w = {.iv = ts_for_parts(loop).iv};
  ts_walk((ts_block *)body, look, &w);
  return w;
}

static int64_t lanes_for(const ts_recipe *r, const ts_op *loop, const walk *w) {
  int64_t n;
  if (w->loops || w->other || !w->along || !w->bytes) return 0;
  int64_t lanes = r->target.vector_bits / 8 / w->bytes;
  return ts_loop_trip_count(loop, &n) && 2 * n < lanes ? 0 : lanes;
}

static bool is_shorter(const ts_op *loop, int64_t n) {
  int64_t trips;
  return ts_loop_trip_count(loop, &trips) && trips < n;
}

/* Does a store in the body write to one place in all iterations? */
static bool adds_up(const ts_op *loop, const ts_block *body) {
  ts_access a;
  for (const ts_op *op = body->first; op; op = op->next)
    if (op->opcode == TS_OP_STORE && ts_access_parts(op, 0, &a) &&
        ts_nest_stays(op, &a, ts_for_parts(loop).iv))
      return true;
  return false;
}

static unsigned count_up_to(int64_t most, unsigned n, const int64_t *list) {
  while (n && list[n - 1] > most)
    n--;
  return n;
}

/* Several iterations of the loop in one, which it says in its text. */
static void unroll(ts_recipe *r, const char *name, const ts_op *loop, int64_t step) {
  static const int64_t worth[] = {1, 2, 4};
  int64_t n;
  unsigned few = ts_loop_trip_count(loop, &n) ? count_up_to(n / step, 3, worth) : 3;
  int64_t copies = ts_recipe_choose(r, name, TS_CHOICE_UNROLL, 1, few, worth);
  if (copies > 1)
    ts_recipe_step(r, "unroll", "%s=%lld", ts_recipe_loop(r, loop), (long long)copies);
}

/* A sum is as slow as additions one after the other: several at a time hide that, where they are one op. */
static void use_vectors(ts_recipe *r, const char *name, const ts_op *loop, const ts_block *body,
                        const walk *w) {
  enum { SUMS_AT_ONCE = 4 };
  static const int64_t worth[] = {1, 2, 4, 8};
  int64_t lanes = lanes_for(r, loop, w), n;
  bool sum = adds_up(loop, body), known = ts_loop_trip_count(loop, &n);
  bool wide = sum && !w->math && !w->chooses && known && n >= 4 * SUMS_AT_ONCE * lanes;
  int64_t vectors = 0;
  if (lanes >= 2) {
    unsigned most = known ? count_up_to(n / lanes, 4, worth) : 4;
    vectors = ts_recipe_choose(r, name, TS_CHOICE_VECTORS, wide ? SUMS_AT_ONCE : 1, most, worth);
  }
  if (vectors)
    ts_recipe_step(r, "vectorize", "%s=%lld%s", ts_recipe_loop(r, loop),
                   (long long)(lanes * vectors), sum ? " reassociate=true" : "");
  unroll(r, name, loop, ts_max(1, vectors * lanes));
}

static void move_inside(ts_nest *nest, unsigned inner) {
  ts_op *loop = nest->loops[inner];
  memmove(&nest->loops[inner], &nest->loops[inner + 1], (nest->n - inner - 1) * sizeof loop);
  nest->loops[nest->n - 1] = loop;
}

/* May the loops of `given` run in the order of the other nest? */
static bool may_reorder(ts_recipe *r, const ts_nest *nest, const ts_nest *given) {
  unsigned order[TS_MAX_NESTING];
  ts_verdict verdict;
  if (!memcmp(nest->loops, given->loops, nest->n * sizeof *nest->loops)) return true;
  for (unsigned at = 0; at < nest->n; at++)
    for (unsigned i = 0; i < nest->n; i++) {
      if (nest->loops[at] == given->loops[i]) order[at] = i;
      if (i > at && ts_has_dim(nest->loops[at], ts_for_parts(nest->loops[i]).iv)) return false;
    }
  ts_diag *last = r->m->ctx->last;
  ts_result result =
      ts_dep_reorder(r->m->ctx, r->pass->scratch, nest->n, given->loops, order, &verdict);
  ts_errors_to_remarks(r->m->ctx, last, r->pass->name); /* that it takes too many steps to decide */
  return !result && verdict.legal;
}

static void reorder(ts_recipe *r, const ts_nest *nest, const ts_nest *given) {
  const char *order = "";
  if (!memcmp(nest->loops, given->loops, nest->n * sizeof *nest->loops)) return;
  for (unsigned at = 0; at < nest->n; at++)
    order = ts_sprintf(r->pass->scratch, "%s%s%s", order, at ? " " : "",
                       ts_recipe_loop(r, nest->loops[at]));
  ts_recipe_step(r, "reorder", "%s", order);
}

/* Puts the innermost loop that all accesses lie along, and that may be, inside the others. */
static bool find_inner(ts_recipe *r, const ts_nest *given, const ts_block *body, ts_nest *nest) {
  for (unsigned at = given->n; at-- > 0;) {
    walk w = walk_along(given->loops[at], body);
    if (w.other || !w.along || is_shorter(given->loops[at], 2)) continue;
    *nest = *given;
    move_inside(nest, at);
    if (may_reorder(r, nest, given)) return true;
  }
  return false;
}

/* ---- squares ---- */

/* Stores lie along %y, and some loads along %x instead. */
typedef struct crossing {
  unsigned x, y;       /* numbers of the loops; n of the nest: none */
  int64_t size, lanes; /* elements of a line of the cache and of a vector, as wide as the widest */
  const char *buffers,
      *copies; /* what is loaded along %x: for stage, and loops of the copies for vectorize */
} crossing;

static bool stores_along(const ts_block *body, const ts_value *iv) {
  ts_access a;
  bool any = false;
  for (const ts_op *op = body->first; op; op = op->next) {
    if (op->opcode == TS_OP_STORE && ts_access_parts(op, 0, &a)) {
      if (!ts_nest_lies_along(op, &a, iv)) return false;
      any = true;
    }
  }
  return any;
}

static crossing find_crossing(const ts_recipe *r, const ts_nest *nest, const ts_block *body) {
  crossing c = {.x = nest->n, .y = nest->n};
  for (unsigned at = nest->n; at-- > 0;) {
    const ts_op *loop = nest->loops[at];
    walk w = walk_along(loop, body);
    if (!w.along || !w.other || !w.bytes) continue;
    if (c.y == nest->n && stores_along(body, ts_for_parts(loop).iv))
      c.y = at;
    else
      c.x = at;
    c.size = TILE_BYTES / w.bytes;
    c.lanes = r->target.vector_bits / 8 / w.bytes;
  }
  return c;
}

/* Buffers that are loaded along %x. They must be read only here: an access that writes goes elsewhere. */
static void find_copied(ts_recipe *r, crossing *c, const ts_nest *nest, const ts_block *body) {
  const ts_value *x = ts_for_parts(nest->loops[c->x]).iv;
  c->buffers = c->copies = "";
  ts_access a;
  for (const ts_op *op = body->first; op; op = op->next) {
    if (op->opcode != TS_OP_LOAD || !ts_access_parts(op, 0, &a) || !ts_nest_lies_along(op, &a, x))
      continue;
    const char *name = ts_str_text(r->m, a.memref->name);
    const char *item = ts_sprintf(r->pass->scratch, "%%%s ", name);
    if (strstr(c->buffers, item)) continue;
    c->buffers = ts_sprintf(r->pass->scratch, "%s%s", c->buffers, item);
    const char *copy = ts_recipe_made(r, name, TS_ROLE_COPY);
    c->copies = ts_sprintf(r->pass->scratch, "%s%%%s%u=%lld ", c->copies, copy, a.n - 1,
                           (long long)c->lanes);
  }
}

static void say_crossing(ts_recipe *r, const ts_nest *nest) {
  ts_remark(r->m->ctx, nest->loops[0]->loc, r->pass->name, "missed",
            "%s does not run by vectors: no loop of the nest walks along all its buffers",
            ts_recipe_loop(r, nest->loops[0]));
}

/* The side of a square: a line of the cache, or what an option says. */
static int64_t choose_side(ts_recipe *r, const char *name, ts_recipe_choice_id id,
                           const ts_op *loop, int64_t own) {
  static const int64_t worth[] = {4, 8, 16, 32, 64, 128};
  int64_t n;
  unsigned most = ts_loop_trip_count(loop, &n) ? count_up_to(n, 6, worth) : 6;
  return ts_recipe_choose(r, name, id, own, most, worth);
}

/* for %y.o { for %x.o { a square of what lies along %x, copied; for %x.i { for %y.i … } } } */
static bool use_squares(ts_recipe *r, const char *name, const ts_nest *given,
                        const ts_block *body) {
  ts_nest nest = *given, turned;
  crossing c = find_crossing(r, given, body);
  if (c.x == given->n || c.y == given->n || is_shorter(given->loops[c.x], c.size) ||
      is_shorter(given->loops[c.y], c.size))
    return false;
  move_inside(&nest, c.x);
  turned = nest;
  move_inside(&nest, c.y > c.x ? c.y - 1 : c.y);
  move_inside(&turned, c.y > c.x ? c.y - 1 : c.y);
  move_inside(&turned, turned.n - 2); /* loops over squares: %y outside */
  if (!may_reorder(r, &nest, given) || !may_reorder(r, &turned, given)) return false;
  const char *x = ts_recipe_loop(r, given->loops[c.x]), *y = ts_recipe_loop(r, given->loops[c.y]);
  find_copied(r, &c, given, body);
  reorder(r, &turned, given);
  ts_recipe_parallel(r, name, turned.n - 1, turned.loops, ts_recipe_work(&turned));
  int64_t along = choose_side(r, name, TS_CHOICE_STORE_TILE, given->loops[c.y], c.size);
  int64_t across = choose_side(r, name, TS_CHOICE_LOAD_TILE, given->loops[c.x], c.size);
  bool copy = ts_recipe_choose(r, name, TS_CHOICE_COPY, true, 2, (int64_t[]){false, true});
  ts_recipe_step(r, "tile", "%s=%lld %s=%lld", y, (long long)along, x, (long long)across);
  const char *x_outer = ts_recipe_made(r, x, TS_ROLE_OUTER);
  const char *x_inner = ts_recipe_made(r, x, TS_ROLE_INNER);
  const char *y_inner = ts_recipe_made(r, y, TS_ROLE_INNER);
  ts_recipe_step(r, "reorder", "%s %s", x_inner, y_inner);
  if (copy) ts_recipe_step(r, "stage", "%sat=%s space=local", c.buffers, x_outer + 1);
  ts_recipe_step(r, "vectorize", "%s%s=%lld", copy ? c.copies : "", y_inner, (long long)c.lanes);
  return true;
}

/* ---- all of them ---- */

void ts_recipe_elementwise(ts_recipe *r, const ts_nest *given, const char *name) {
  ts_nest nest;
  const ts_block *body = ts_for_parts(given->loops[given->n - 1]).body;
  if (find_inner(r, given, body, &nest)) {
    const ts_op *inner = nest.loops[nest.n - 1];
    reorder(r, &nest, given);
    ts_recipe_parallel(r, name, nest.n > 1 ? nest.n - 1 : 1, nest.loops, ts_recipe_work(&nest));
    walk w = walk_along(inner, body);
    use_vectors(r, name, inner, body, &w);
  } else if (!use_squares(r, name, given, body)) {
    ts_recipe_parallel(r, name, given->n, given->loops, ts_recipe_work(given));
    say_crossing(r, given);
  }
}
