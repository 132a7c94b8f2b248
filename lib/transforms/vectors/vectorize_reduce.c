/* Reductions in a vectorized loop: each lane keeps a result of its own, and they are combined
 * behind the loop.
 *
 * rewrite:  for %k { %s = load %acc[0]; %t = op %s, %x; store %t, %acc[0] }
 *             → %v = alloc : memref<1xvector<…>, local>; store NEUTRAL, %v[0]
 *               for %k step … { %s = load %v[0]; %t = op %s, %x; store %t, %v[0] }
 *               %acc[0] = op(%acc[0], the lanes of %v[0] one after the other) */
#include "analysis/poly/facts.h"
#include "analysis/poly/update.h"
#include "transforms/vectors/vectorize_impl.h"

/* ---- which ---- */

/* Is the value made inside the loop? */
static bool is_inside(const ts_vector_plan *v, const ts_value *x) {
  if (x->kind == TS_VALUE_ARG)
    return x == v->iv || (x->block->parent && ts_is_ancestor(v->iv->block, x->block->parent));
  return x->kind == TS_VALUE_RESULT && ts_is_ancestor(v->iv->block, x->def);
}

static bool is_one_element(const ts_vector_plan *v, const ts_op *op) {
  for (unsigned i = 0; i < ts_num_dims(op); i++)
    if (is_inside(v, ts_dim(op, i))) return false;
  return !op->has_mask && !is_inside(v, ts_operand(op, op->opcode == TS_OP_STORE));
}

typedef struct finder {
  ts_vector_plan *v;
  ts_result result;
} finder;

static void find(void *arg, ts_op *store) {
  finder *f = arg;
  ts_vector_plan *v = f->v;
  if (f->result || store->opcode != TS_OP_STORE || !is_one_element(v, store)) return;
  ts_update u;
  if (!ts_update_of(store, &u) || !ts_update_is_alone(&u, v->iv->block)) return;
  if (ts_combination_of(u.update)->rounds && !v->reassociate) {
    f->result = ts_schedule_refuse(
        &v->s, u.update,
        "cannot vectorize %%%s: it carries this %s of floats, which in another "
        "order rounds differently; reassociate=true allows that",
        ts_loop_name(v->loop), u.update->opcode == TS_OP_MULF ? "product" : "sum");
    return;
  }
  ts_push(v->s.pass->scratch, &v->reductions, (ts_reduction){u.load, u.update, store});
}

ts_result ts_find_reductions(ts_vector_plan *v) {
  finder f = {v, TS_OK};
  ts_walk(v->iv->block, find, &f);
  return f.result;
}

ts_reduction *ts_reduction_of(const ts_vector_plan *v, const ts_op *op) {
  for (size_t i = 0; i < v->reductions.n; i++) {
    ts_reduction *r = &v->reductions.at[i];
    if (r->load == op || r->update == op || r->store == op) return r;
  }
  return NULL;
}

/* ---- the lanes' results ---- */

static ts_value **partial_of(const ts_vector_writer *w, const ts_reduction *r) {
  return &w->partials[r - w->plan->reductions.at];
}

static ts_op *store_first(ts_vector_writer *w, ts_value *x, ts_value *memref) {
  const ts_aff *zero = ts_aff_const(w->plan->s.m, 0);
  return ts_build_store(&w->b, x, memref, 1, &zero, 0, NULL, NULL);
}

static ts_value *load_first(ts_vector_writer *w, ts_value *memref) {
  const ts_aff *zero = ts_aff_const(w->plan->s.m, 0);
  return ts_build_load(&w->b, memref->type->elem, memref, 1, &zero, 0, NULL, NULL);
}

void ts_open_reductions(ts_vector_writer *w) {
  w->b = ts_builder_before(w->plan->s.m, w->plan->loop);
  w->partials = ts_new_array(w->plan->s.pass->scratch, ts_value *, w->plan->reductions.n);
  for (size_t i = 0; i < w->plan->reductions.n; i++) {
    ts_reduction *r = &w->plan->reductions.at[i];
    ts_dtype d = (ts_dtype)ts_op_result(r->update, 0)->type->dtype;
    ts_extent one = 1;
    const ts_type *t = ts_type_memref(w->plan->s.m, 1, &one, d, ts_vector_of(w->plan, d),
                                      TS_SPACE_LOCAL, TS_LAYOUT_ROWMAJOR, 0, NULL);
    const ts_value *memref = ts_operand(r->store, 1);
    ts_value *partial = ts_build_alloc(&w->b, t);
    partial->name = ts_joined_name(
        w->plan->s.m, memref->name ? ts_str_text(w->plan->s.m, memref->name) : "acc", ".v");
    store_first(w, ts_update_neutral(w->plan->s.m, r->update, ts_vector_of(w->plan, d)), partial);
    *partial_of(w, r) = partial;
  }
}

ts_value *ts_reduce_lanes(ts_vector_writer *w, ts_op *op, ts_value *mask) {
  ts_reduction *r = ts_reduction_of(w->plan, op);
  if (op == r->load) return load_first(w, *partial_of(w, r));
  if (op == r->store) {
    store_first(w, ts_as_vector(w, ts_operand(op, 0), false), *partial_of(w, r));
    return NULL;
  }
  ts_value *in[3], *so_far = NULL;
  for (unsigned i = 0; i < op->num_plain; i++) {
    in[i] = ts_as_vector(w, ts_operand(op, i), true);
    if (ts_operand(op, i) == ts_op_result(r->load, 0)) so_far = in[i];
  }
  ts_value *x = ts_build(&w->b, (ts_opcode)op->opcode, so_far->type, op->num_plain, in);
  return mask ? ts_build3(&w->b, TS_OP_SELECT, x->type, mask, x, so_far) : x;
}

/* ---- behind the loop ---- */

static ts_value *combine_lanes(ts_vector_writer *w, ts_opcode op, ts_value *vector) {
  const ts_type *t = ts_type_scalar(w->plan->s.m, (ts_dtype)vector->type->dtype);
  if (op == TS_OP_ADDF || op == TS_OP_ADDI) return ts_build1(&w->b, TS_OP_REDUCE_ADD, t, vector);
  ts_value *all = NULL;
  for (int64_t l = 0; l < w->plan->lanes; l++) {
    ts_value *x = ts_build1(&w->b, TS_OP_EXTRACT, t, vector);
    ts_attr_set_int(w->plan->s.m, x->def, TS_ATTR_LANE, l);
    all = all ? ts_build2(&w->b, op, t, all, x) : x;
  }
  return all;
}

/* Does the loop run in every case? */
static bool surely_runs(const ts_vector_plan *v) {
  ts_for f = ts_for_parts(v->loop);
  for (unsigned i = 0; i < f.num_lo; i++)
    for (unsigned k = 0; k < f.num_hi; k++)
      if (!ts_poly_holds(v->s.m->ctx, v->s.pass->scratch, v->loop, f.lo[i], TS_LT, f.hi[k]))
        return false;
  return true;
}

/* if LO < HI { …: where the loop may not run, the element may be one that nothing has written. */
static ts_block *open_guard(ts_vector_writer *w) {
  ts_for f = ts_for_parts(w->plan->loop);
  ts_dims d = ts_dims_none(w->plan->s.m);
  const ts_aff **sides = ts_new_exprs(w->plan->s.m, 2 * (size_t)f.num_lo * f.num_hi);
  int64_t *preds = ts_new_array(w->plan->s.pass->scratch, int64_t, (size_t)f.num_lo *f.num_hi);
  unsigned n = 0;
  for (unsigned i = 0; i < f.num_lo; i++)
    for (unsigned k = 0; k < f.num_hi; k++, n++) {
      sides[2 * n] = ts_dims_import(&d, w->plan->loop, f.lo[i]);
      sides[2 * n + 1] = ts_dims_import(&d, w->plan->loop, f.hi[k]);
      preds[n] = TS_LT;
    }
  ts_op *op =
      ts_op_create(w->plan->s.m, TS_OP_IF, w->plan->loop->loc, 0, NULL, 0, NULL, 0, NULL, 2);
  ts_op_insert(&w->b, op);
  op->map = ts_map_get(w->plan->s.m, 0, NULL);
  if (!ts_dims_set_map(&d, op, 2 * n, sides)) ts_unreachable("bounds that fitted no longer do");
  ts_attr_set_ints(w->plan->s.m, op, TS_ATTR_PREDS, n, preds);
  return ts_op_regions(op)[0];
}

void ts_close_reductions(ts_vector_writer *w) {
  if (!w->plan->reductions.n) return;
  w->b = ts_builder_after(w->plan->s.m, w->plan->loop);
  if (!surely_runs(w->plan))
    w->b = ts_builder_at_end(w->plan->s.m, open_guard(w), w->plan->loop->loc);
  for (size_t i = 0; i < w->plan->reductions.n; i++) {
    ts_reduction *r = &w->plan->reductions.at[i];
    ts_opcode op = ts_combination_of(r->update)->combine;
    ts_value *all = combine_lanes(w, op, load_first(w, *partial_of(w, r)));
    ts_value *dims[TS_MAX_DIMS], *memref = ts_operand(r->store, 1);
    for (unsigned k = 0; k < ts_num_dims(r->store); k++)
      dims[k] = ts_dim(r->store, k);
    const ts_map *map = r->store->map;
    ts_value *before = ts_build_load(&w->b, all->type, memref, map->n, map->exprs,
                                     ts_num_dims(r->store), dims, NULL);
    ts_value *after = ts_build2(&w->b, op, all->type, before, all);
    ts_build_store(&w->b, after, memref, map->n, map->exprs, ts_num_dims(r->store), dims, NULL);
  }
}
