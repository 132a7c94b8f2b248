/* parallel: marks a loop whose iterations may run at once.
 *
 * requires:  no iteration depends on another one (analysis/dependence.h), but for updates that may be taken
 *            in any order (analysis/update.h). A buffer allocated in the body is one an iteration, and does
 *            not stand in the way.
 * preserves: every bit, on any number of threads.
 * rewrite:   for %i = 0 to 512 { … }  →  for %i = 0 to 512 parallel { … }
 *
 * An update of one element, the same in all iterations, gets a result for each of them:
 *            for %i { … s[0] = s[0] op x … }
 *              →  %s.p = alloc : memref<512x…>
 *                 for %i parallel { %s.a[0] = NEUTRAL; … s.a[0] = s.a[0] op x … s.p[%i] = s.a[0] }
 *                 for %i.c = 0 to 512 { s[0] = s[0] op s.p[%i.c] }
 * One of an element that moves becomes an atomic_add, where it adds integers. */
#include "support/remarks.h"
#include "analysis/index/form.h"
#include "analysis/poly/dependence.h"
#include "analysis/poly/facts.h"
#include "analysis/poly/update.h"
#include "transforms/loops/loops.h"
#include "transforms/rewrite/rewrite.h"

/* One loop with the updates in it that stand in its way. */
typedef struct parallelizer {
  ts_schedule *s;
  ts_module *m;
  ts_op *loop;
  ts_for parts;
  TS_VEC(ts_update) updates;
  ts_extent trips; /* at most; 0: that is not known */
} parallelizer;

/* ---- refusals ---- */

/* The loops of the nest inside the refused one that may run at once, if any. */
static const char *instead(ts_schedule *s, ts_op *loop) {
  ts_op *nest[TS_MAX_NESTING] = {loop};
  bool legal[TS_MAX_NESTING];
  unsigned n = 1;
  while (n < ts_countof(nest) && (nest[n] = ts_loop_only_child(nest[n - 1])))
    n++;
  ts_diag *last = s->m->ctx->last;
  if (ts_dep_parallel_loops(s->m->ctx, s->pass->scratch, n, nest, legal)) n = 0;
  ts_errors_to_remarks(s->m->ctx, last, s->pass->name); /* that it takes too many steps to decide */
  const char *text = NULL;
  for (unsigned i = 0; i < n; i++) {
    if (!legal[i]) continue;
    const char *before = text ? ts_sprintf(s->pass->scratch, "%s or ", text) : "the iterations of ";
    text = ts_sprintf(s->pass->scratch, "%s%%%s", before, ts_loop_name(nest[i]));
  }
  if (text) return text;
  return ts_sprintf(s->pass->scratch, "the iterations of %%%s one after another, as they stand",
                    ts_loop_name(loop));
}

static ts_result refuse(parallelizer *p, const ts_verdict *verdict) {
  const char *what =
      ts_sprintf(p->s->pass->scratch, "run the iterations of %%%s at once", ts_loop_name(p->loop));
  return ts_dep_refuse(p->m->ctx, p->loop, what, verdict, instead(p->s, p->loop));
}

/* ---- which updates ---- */

static bool is_outside(const parallelizer *p, const ts_value *v) {
  return ts_is_literal(v) || (v != p->parts.iv && !ts_form_varies(p->parts.body, v));
}

static void note_update(void *arg, ts_op *op) {
  parallelizer *p = arg;
  ts_update u;
  if (op->opcode != TS_OP_STORE || !ts_update_of(op, &u) || ts_combination_of(u.update)->rounds ||
      !is_outside(p, ts_operand(op, 1)))
    return;
  ts_push(p->s->pass->scratch, &p->updates, u);
}

static ts_value *buffer_of(const ts_update *u) { return ts_operand(u->store, 1); }

/* Keeps those of buffers that would keep the loop from running at once. */
static ts_result keep_needed(parallelizer *p) {
  static const char yes, no; /* what the map holds of a buffer */
  size_t n = 0;
  ts_ptrmap needed;
  ts_ptrmap_init(&needed, p->s->pass->scratch);
  for (size_t i = 0; i < p->updates.n; i++) {
    const ts_update u = p->updates.at[i];
    if (!ts_ptrmap_get(&needed, buffer_of(&u))) {
      ts_verdict apart;
      ts_result result =
          ts_dep_parallel_updates(p->m->ctx, p->s->pass->scratch, p->loop, buffer_of(&u), &apart);
      if (result) return result;
      ts_ptrmap_put(&needed, buffer_of(&u), (void *)(apart.legal ? &no : &yes));
    }
    if (ts_ptrmap_get(&needed, buffer_of(&u)) == &yes) p->updates.at[n++] = u;
  }
  p->updates.n = n;
  return TS_OK;
}

/* ---- a result for each iteration ---- */

/* Does the op run in every iteration, whatever its number? */
static bool is_sure(const parallelizer *p, const ts_op *op) {
  for (const ts_op *up = op->block->parent; up != p->loop; up = up->block->parent) {
    int64_t trips;
    if (!ts_is_loop(up) || !ts_loop_trip_count(up, &trips) || trips < 1) return false;
  }
  return true;
}

/* May the element be read although no iteration updates it? */
static bool holds_something(const parallelizer *p, const ts_value *memref) {
  return memref->kind == TS_VALUE_ARG && p->s->func->roles[memref->index] != TS_ROLE_OUT;
}

/* Is the same single element updated in all iterations, so that each iteration can have a partial
 * result of its own? */
static bool is_private(const parallelizer *p, const ts_update *u) {
  for (unsigned i = 0; i < ts_num_dims(u->store); i++)
    if (!is_outside(p, ts_dim(u->store, i))) return false;
  return p->trips && p->parts.num_lo == 1 && !ts_launch_around(p->loop->block) &&
         ts_update_is_alone(u, p->parts.body) &&
         (is_sure(p, u->store) || holds_something(p, buffer_of(u)));
}

static const char *name_of(const parallelizer *p, const ts_value *memref) {
  return memref->name ? ts_str_text(p->m, memref->name) : "acc";
}

static ts_value *build_buffer(const parallelizer *p, ts_builder *b, const ts_update *u,
                              ts_extent extent, ts_space space, const char *suffix) {
  ts_dtype d = (ts_dtype)ts_op_result(u->update, 0)->type->dtype;
  ts_value *v = ts_build_alloc(b, ts_type_buffer(p->m, 1, &extent, d, space));
  ts_set_name(v, ts_joined_name(p->m, name_of(p, buffer_of(u)), suffix));
  return v;
}

static ts_value *load_at(const parallelizer *p, ts_builder *b, ts_value *memref, ts_dims *d,
                         const ts_aff *at) {
  const ts_type *t = ts_type_element(p->m, memref->type);
  return ts_build_load(b, t, memref, 1, &at, d->n, d->at, NULL);
}

/* for %i.c = 0 to the number of iterations { s[…] = s[…] op partial[%i.c] } behind the loop. */
static void combine(parallelizer *p, const ts_update *u, ts_value *partial, ts_dims *bounds,
                    const ts_aff *const *hi) {
  ts_module *m = p->m;
  const ts_aff *zero = ts_aff_const(m, 0);
  ts_builder b = ts_builder_after(m, p->loop);
  b.loc = u->store->loc;
  ts_op *loop = ts_build_for(&b, ts_schedule_name(p->s, ts_loop_name(p->loop), TS_ROLE_CORRECT), 1,
                             &zero, p->parts.num_hi, hi, 1, bounds->n, bounds->at);
  b = ts_builder_at_end(m, ts_for_parts(loop).body, u->store->loc);
  ts_dims d = ts_dims_none(m);
  const ts_aff *at = ts_dims_value(&d, ts_for_parts(loop).iv);
  ts_value *x = load_at(p, &b, partial, &d, at), **dims;
  unsigned n = ts_num_dims(u->store);
  dims = ts_new_array(p->s->pass->scratch, ts_value *, n + 1);
  for (unsigned i = 0; i < n; i++)
    dims[i] = ts_dim(u->store, i);
  const ts_map *map = u->store->map;
  ts_value *before = ts_build_load(&b, x->type, buffer_of(u), map->n, map->exprs, n, dims, NULL);
  ts_opcode op = ts_combination_of(u->update)->combine;
  ts_build_store(&b, ts_build2(&b, op, x->type, before, x), buffer_of(u), map->n, map->exprs, n,
                 dims, NULL);
}

/* The access speaks of the only element of `memref`. */
static void redirect(const parallelizer *p, ts_op *op, ts_value *memref) {
  const ts_aff *zero = ts_aff_const(p->m, 0);
  ts_set_operand(op, op->opcode == TS_OP_STORE, memref);
  ts_op_set_map(p->m, op, ts_map_get(p->m, 1, &zero), 0, NULL);
}

static bool make_private(parallelizer *p, const ts_update *u) {
  ts_module *m = p->m;
  const ts_aff *zero = ts_aff_const(m, 0);
  ts_dims d = ts_dims_none(m), trips = ts_dims_none(m);
  const ts_aff *lo = ts_dims_import(&d, p->loop, p->parts.lo[0]);
  const ts_aff *at = ts_dims_sub(&d, ts_dims_value(&d, p->parts.iv), lo);
  at = ts_dims_binary(&d, TS_AFF_FLOORDIV, at, ts_aff_const(m, p->parts.step));
  const ts_aff **hi = ts_new_exprs(m, p->parts.num_hi);
  for (unsigned i = 0; i < p->parts.num_hi; i++)
    hi[i] = ts_loop_trips(&trips, p->loop, p->parts.hi[i]);
  if (d.overflow || trips.overflow) return false;
  ts_builder b = ts_builder_before(m, p->loop);
  b.loc = u->store->loc;
  ts_value *partial = build_buffer(p, &b, u, p->trips, TS_SPACE_GLOBAL, ".p");
  combine(p, u, partial, &trips, hi);
  b = ts_builder_before(m, p->parts.body->first);
  b.loc = u->store->loc;
  ts_value *own = build_buffer(p, &b, u, 1, TS_SPACE_LOCAL, ".a");
  ts_value *first = ts_update_neutral(m, u->update, ts_op_result(u->update, 0)->type);
  ts_build_store(&b, first, own, 1, &zero, 0, NULL, NULL);
  b = ts_builder_at_end(m, p->parts.body, u->store->loc);
  ts_dims none = ts_dims_none(m);
  ts_value *x = load_at(p, &b, own, &none, zero);
  ts_build_store(&b, x, partial, 1, &at, d.n, d.at, NULL);
  redirect(p, u->load, own);
  redirect(p, u->store, own);
  ts_schedule_passed(p->s, u->store, "each iteration has a result of its own in %%%s",
                     ts_str_text(m, partial->name));
  return true;
}

/* ---- one step for all ---- */

static bool is_addition(const ts_update *u) { return u->update->opcode == TS_OP_ADDI; }

static void make_atomic(parallelizer *p, const ts_update *u) {
  ts_value *so_far = ts_op_result(u->load, 0), *x = ts_operand(u->update, 0);
  if (x == so_far) x = ts_operand(u->update, 1);
  ts_value *plain[] = {x, buffer_of(u)};
  unsigned n = ts_num_dims(u->store);
  ts_value **dims = ts_new_array(p->s->pass->scratch, ts_value *, n + 1);
  for (unsigned i = 0; i < n; i++)
    dims[i] = ts_dim(u->store, i);
  ts_builder b = ts_builder_before(p->m, u->store);
  ts_op *op = ts_op_create(p->m, TS_OP_ATOMIC_ADD, u->store->loc, 2, plain, n, dims, 0, NULL, 0);
  op->map = u->store->map;
  op->subscripted = 2;
  ts_op_insert(&b, op);
  ts_schedule_passed(p->s, op, "iterations add to %%%s one at a time", name_of(p, buffer_of(u)));
  ts_op_erase(u->store);
  ts_op_erase(u->update);
  ts_op_erase(u->load);
}

/* ---- the pass ---- */

/* Rewrites what stands in the way, or refuses with `strict`, what stands there as it is. */
static ts_result take_updates(parallelizer *p, const ts_verdict *strict) {
  ts_arena *scratch = p->s->pass->scratch;
  ts_verdict verdict;
  ts_walk(p->parts.body, note_update, p);
  ts_result result = ts_dep_parallel_updates(p->m->ctx, scratch, p->loop, NULL, &verdict);
  if (result) return result;
  if (!p->updates.n || !verdict.legal) return refuse(p, verdict.legal ? strict : &verdict);
  result = keep_needed(p);
  if (result) return result;
  if (!ts_loop_max_trips(p->loop, &p->trips) &&
      !ts_poly_trip_limit(p->m->ctx, scratch, p->loop, &p->trips))
    p->trips = 0;
  bool *own = ts_new_array(scratch, bool, p->updates.n + 1);
  for (size_t i = 0; i < p->updates.n; i++) {
    own[i] = is_private(p, &p->updates.at[i]);
    if (!own[i] && !is_addition(&p->updates.at[i])) return refuse(p, strict);
  }
  for (size_t i = 0; i < p->updates.n; i++) {
    const ts_update *u = &p->updates.at[i];
    if (own[i] && make_private(p, u)) continue;
    if (!is_addition(u)) return refuse(p, strict);
    make_atomic(p, u);
  }
  ts_count(p->s->pass, "updates taken in any order", p->updates.n);
  return TS_OK;
}

static ts_result parallel(ts_schedule *s, ts_op *loop, const ts_loop_item *item) {
  (void)item;
  parallelizer p = {.s = s, .m = s->m, .loop = loop, .parts = ts_for_parts(loop)};
  ts_verdict verdict;
  ts_result result = ts_dep_parallel(s->m->ctx, s->pass->scratch, loop, &verdict);
  if (!result && !verdict.legal) result = take_updates(&p, &verdict);
  if (result) return result;
  ts_attr_set_unit(s->m, loop, TS_ATTR_PARALLEL);
  ts_schedule_passed(s, loop, "the iterations of %%%s may run at once", ts_loop_name(loop));
  ts_count(s->pass, "loops made parallel", 1);
  s->pass->changed = true;
  return TS_OK;
}

ts_result ts_pass_parallel(ts_pass_ctx *pass, ts_module *m, const void *options) {
  const ts_parallel_options *o = options;
  return ts_each_loop(pass, m, o->func, &o->loops, options, parallel);
}
