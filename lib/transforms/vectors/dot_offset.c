/* dot with offset=true: products of signed numbers on an instruction that wants one factor
 * unsigned.
 *
 *   sum of a * b  =  sum of (a + 128) * b  -  128 * (sum of b)
 *
 * Numbers wrap, so both sides agree in every bit. The buffer of the first factors holds 128 more
 * from here on, which in i8 flips the highest bit. The correction for that does not depend on the first
 * factor: it is computed once in front of all the loops that walk along that one only, in which the
 * buffer of the second does not change, and taken from the accumulators before these add up.
 *
 *   %acc.c = alloc
 *   for %j.c { store 0, %acc.c[%j.c] }
 *   for %k.o.c {
 *     for %j.c { %acc.c[%j.c] += dot 128, %w {unsigned} }       (128 is written -128 in i8)
 *   }
 *   for %i.o {
 *     for %i.c { for %j.c { %acc[%i.c, %j.c] -= %acc.c[%j.c] } }
 *     for %k.o { for %i { for %j { … dot %x, %w, %s {unsigned} … } } }
 *   }
 *
 * A loop passed over that may have no iteration is copied with at most one: for %i.o.c = 0 to
 * min(1, …). */
#include "analysis/poly/facts.h"
#include "transforms/vectors/dot_impl.h"

enum { OFFSET = -128 }; /* the i8 whose only bit is the highest, which adding 128 flips */

/* ---- whether it can be ---- */

static bool is_first_factor(const ts_dot_loops *all, const ts_op *load) {
  for (size_t i = 0; i < all->n; i++)
    if (all->at[i].a == load) return all->at[i].b != load;
  return false;
}

static ts_result check_buffer(const ts_dot_loops *all, ts_dot_loop *g) {
  ts_value *memref = ts_operand(g->a, 0);
  const char *name = ts_str_text(g->s.m, memref->name), *loop = ts_loop_name(g->loop);
  if (!ts_def_as(memref, TS_OP_ALLOC) || memref->type->elem) {
    ts_schedule_refuse(&g->s, g->a,
                       "cannot give the dot product of %%%s an offset: %%%s is not allocated here",
                       loop, name);
    ts_note_plain(g->s.m->ctx, "-stage=\"%s at=…\" makes a copy, which can hold 128 more", name);
    return TS_ERR;
  }
  for (const ts_use *u = memref->uses; u; u = u->next) {
    const ts_op *op = u->owner;
    bool stores = op->opcode == TS_OP_STORE && u == &op->operands[1] &&
                  !ts_is_kind(ts_operand(op, 0)->type, TS_TYPE_FRAGMENT);
    if (stores || op->opcode == TS_OP_PREFETCH || is_first_factor(all, op)) continue;
    ts_schedule_refuse(&g->s, g->a,
                       "cannot give the dot product of %%%s an offset: %%%s is not only its first "
                       "factor",
                       loop, name);
    ts_note(g->s.m->ctx, op->loc, "this %s works on it too", ts_info(op)->name);
    return TS_ERR;
  }
  return TS_OK;
}

static bool is_sum(const ts_dot_loop *g, const ts_op *loop) {
  return !ts_has_dim(g->c, ts_for_parts(loop).iv);
}

/* Is the loop a dimension of the zero-point correction? */
static bool is_column(const ts_dot_loop *g, const ts_op *loop) {
  return !is_sum(g, loop) && ts_has_dim(g->b, ts_for_parts(loop).iv);
}

static bool is_in_sums(const ts_dot_loop *g, const ts_op *loop) {
  return is_sum(g, loop) || is_column(g, loop);
}

static bool is_in_subtraction(const ts_dot_loop *g, const ts_op *loop) { return !is_sum(g, loop); }

typedef bool belongs_fn(const ts_dot_loop *, const ts_op *loop);

/* The loops of the perfect nest from `outer` to the group, where one that belongs has no bound that
 * speaks of one that does not. */
static bool stands_alone(const ts_dot_loop *g, belongs_fn *belongs) {
  for (const ts_op *at = ts_loop_around(g->loop);; at = ts_loop_around(at)) {
    for (const ts_op *up = at; belongs(g, at) && up != g->outer;) {
      up = ts_loop_around(up);
      if (!belongs(g, up) && ts_has_dim(at, ts_for_parts(up).iv)) return false;
    }
    if (at == g->outer) return true;
  }
}

static ts_result refuse_nest(ts_dot_loop *g, const ts_op *at, const char *why) {
  return ts_schedule_refuse(&g->s, at, "cannot give the dot product of %%%s an offset: %s",
                            ts_loop_name(g->loop), why);
}

/* Is an iteration sure, wherever the loop is come to? */
static bool is_sure_to_run(const ts_dot_loop *g, const ts_op *loop) {
  ts_for f = ts_for_parts(loop);
  for (unsigned l = 0; l < f.num_lo; l++)
    for (unsigned h = 0; h < f.num_hi; h++)
      if (!ts_poly_holds(g->s.m->ctx, g->s.pass->scratch, loop, f.lo[l], TS_LT, f.hi[h]))
        return false;
  return true;
}

static ts_result check_nest(ts_dot_loop *g) {
  unsigned columns = 0;
  for (ts_op *inner = g->loop, *at = ts_loop_around(inner); at && ts_loop_only_child(at) == inner;
       inner = at, at = ts_loop_around(at))
    if (is_sum(g, at)) g->outer = at;
  if (!g->outer)
    return refuse_nest(g, g->loop, "no loop of the perfect nest around it adds up further");
  for (const ts_op *at = ts_loop_around(g->loop); at != g->outer; at = ts_loop_around(at)) {
    ts_for f = ts_for_parts(at);
    int64_t lo, trips;
    if (!is_column(g, at) && !is_sure_to_run(g, at))
      return refuse_nest(g, at, "this loop may have no iteration");
    if (!is_column(g, at)) continue;
    if (f.num_lo != 1 || !ts_aff_is_const(f.lo[0], &lo) || lo || f.step != 1 ||
        !ts_loop_max_trips(at, &trips))
      return refuse_nest(g, at, "this loop does not count from 0 to a number");
    columns++;
  }
  if (!is_sure_to_run(g, g->outer))
    return refuse_nest(g, g->outer, "this loop may have no iteration");
  if (!columns || columns > TS_MAX_RANK)
    return refuse_nest(g, g->loop,
                       "no loop inside the one that adds up walks along the second "
                       "factor");
  if (!stands_alone(g, is_in_sums) || !stands_alone(g, is_in_subtraction))
    return refuse_nest(g, g->outer, "bounds of loops in this nest depend on one another");
  return TS_OK;
}

static bool depends_on_loop(const ts_op *op, const ts_op *loop) {
  for (unsigned i = 0; i < ts_num_dims(op); i++) {
    const ts_value *v = ts_dim(op, i);
    if (v == ts_for_parts(loop).iv) return true;
    if (v->kind == TS_VALUE_RESULT && ts_is_ancestor(ts_for_parts(loop).body, v->def)) return true;
  }
  return false;
}

static bool changes_in(const ts_value *memref, const ts_op *loop) {
  const ts_block *body = ts_for_parts(loop).body;
  if (memref->kind == TS_VALUE_RESULT && ts_is_ancestor(body, memref->def)) return true;
  for (const ts_use *u = memref->uses; u; u = u->next)
    if (u->owner->opcode != TS_OP_LOAD && u->owner->opcode != TS_OP_PREFETCH &&
        ts_is_ancestor(body, u->owner))
      return true;
  return false;
}

/* Is the sum of second factors the same in all iterations of this loop around? */
static bool is_passed_over(const ts_dot_loop *g, const ts_op *loop) {
  if (!ts_is_loop(loop) || ts_for_parts(loop).num_lo != 1 ||
      changes_in(ts_operand(g->b, 0), loop) || depends_on_loop(g->b, loop) ||
      depends_on_loop(g->loop, loop))
    return false;
  for (const ts_op *at = ts_loop_around(g->loop);; at = ts_loop_around(at)) {
    if (is_in_sums(g, at) && depends_on_loop(at, loop)) return false;
    if (at == g->outer) return true;
  }
}

static void find_place(ts_dot_loop *g) {
  g->place = g->outer;
  while (g->place->block->parent && is_passed_over(g, g->place->block->parent))
    g->place = g->place->block->parent;
}

ts_result ts_dot_check_offset(ts_dot_loops *all) {
  for (size_t i = 0; i < all->n; i++) {
    ts_dot_loop *g = &all->at[i];
    if (g->data != TS_I8)
      return ts_schedule_refuse(
          &g->s, g->update,
          "cannot give the dot product of %%%s an offset: that is for i8, not "
          "%s",
          ts_loop_name(g->loop), ts_dtype_name(g->data));
    ts_result result = check_buffer(all, g);
    if (!result) result = check_nest(g);
    if (result) return result;
    find_place(g);
  }
  return TS_OK;
}

/* ---- doing it ---- */

static void shift_store(ts_module *m, ts_op *op) {
  ts_value *x = ts_operand(op, 0);
  ts_builder b = ts_builder_before(m, op);
  ts_value *bit = ts_literal_int(m, x->type, OFFSET);
  if (ts_is_literal(x))
    x = ts_literal_int(m, x->type, (int64_t)x->bits ^ OFFSET);
  else
    x = ts_build2(&b, TS_OP_XORI, x->type, x, bit);
  ts_set_operand(op, 0, x);
}

static void shift_buffer(const ts_dot_loop *g, ts_value *memref) {
  TS_VEC(ts_op *) stores = {0};
  for (ts_use *u = memref->uses; u; u = u->next)
    if (u->owner->opcode == TS_OP_STORE) ts_push(g->s.pass->scratch, &stores, u->owner);
  for (size_t i = 0; i < stores.n; i++)
    shift_store(g->s.m, stores.at[i]);
}

/* Nests being built for one group. */
typedef struct correction {
  ts_dot_loop *g;
  ts_schedule s;
  ts_value *acc;
  ts_value *zero_points; /* the buffer of corrections: 128 times the sums of the second factors */
  ts_op *load_b, *load_c;
  ts_ptrmap map; /* loop variables and values of the group → those of the nest being built */
  unsigned n;
  ts_op *loops[TS_MAX_NESTING]; /* from `outer` inwards */
  bool column[TS_MAX_NESTING], sum[TS_MAX_NESTING];
} correction;

static void remap(correction *c, ts_op *op) {
  for (unsigned i = 0; i < op->num_operands; i++) {
    ts_value *v = ts_ptrmap_get(&c->map, ts_operand(op, i));
    if (v) ts_set_operand(op, i, v);
  }
}

/* An empty copy of the loop where the builder is, which moves into it. */
static ts_op *open_loop(correction *c, ts_op *loop, ts_builder *b) {
  ts_str name = ts_schedule_name(&c->s, ts_loop_name(loop), TS_ROLE_CORRECT);
  ts_op *copy = ts_loop_clone_empty(c->s.m, loop, name, c->g->outer);
  ts_attr_remove(c->s.m, copy, TS_ATTR_PARALLEL);
  remap(c, copy);
  ts_op_unlink(copy);
  ts_op_insert(b, copy);
  ts_ptrmap_put(&c->map, ts_for_parts(loop).iv, ts_for_parts(copy).iv);
  *b = ts_builder_at_end(c->s.m, ts_for_parts(copy).body, c->g->dot->loc);
  return copy;
}

/* Copies of those of the loops; the builder ends up in the innermost. */
static void open_nest(correction *c, bool sums, bool rows, ts_builder *b) {
  for (unsigned i = 0; i < c->n; i++)
    if (c->column[i] || (c->sum[i] ? sums : rows)) open_loop(c, c->loops[i], b);
}

/* At most the first iteration. */
static void run_once(ts_module *m, ts_op *loop) {
  ts_for f = ts_for_parts(loop);
  const ts_aff **bounds = ts_new_exprs(m, 2 + f.num_hi);
  ts_dims d = ts_dims_none(m);
  bounds[0] = ts_dims_import(&d, loop, f.lo[0]);
  bounds[1] = ts_dims_add(&d, bounds[0], ts_aff_const(m, f.step));
  for (unsigned i = 0; i < f.num_hi; i++)
    bounds[2 + i] = ts_dims_import(&d, loop, f.hi[i]);
  if (!ts_dims_set_map(&d, loop, 2 + f.num_hi, bounds))
    ts_unreachable("a bound of one iteration does not fit");
}

/* Where sums are computed: inside of what the loops passed over have to say about whether they
 * run. */
static void open_place(correction *c, ts_builder *b) {
  ts_op *around[TS_MAX_NESTING];
  unsigned n = 0;
  int64_t trips;
  *b = ts_builder_before(c->s.m, c->g->place);
  ts_ptrmap_init(&c->map, c->s.pass->scratch);
  for (ts_op *at = c->g->outer; at != c->g->place; at = around[n - 1])
    around[n++] = at->block->parent;
  while (n--)
    if (!ts_loop_trip_count(around[n], &trips) || trips < 1)
      run_once(c->s.m, open_loop(c, around[n], b));
}

/* Where the columns' element is in the buffer of corrections. */
static unsigned column_subscripts(correction *c, const ts_aff **at, ts_value **dims) {
  unsigned n = 0;
  for (unsigned i = 0; i < c->n; i++) {
    if (!c->column[i]) continue;
    at[n] = ts_aff_dim(c->s.m, n);
    dims[n++] = ts_ptrmap_get(&c->map, ts_for_parts(c->loops[i]).iv);
  }
  return n;
}

static ts_value *load_correction(correction *c, ts_builder *b, const ts_type *type) {
  const ts_aff *at[TS_MAX_RANK];
  ts_value *dims[TS_MAX_RANK];
  unsigned n = column_subscripts(c, at, dims);
  return ts_build_load(b, type, c->zero_points, n, at, n, dims, NULL);
}

static void store_correction(correction *c, ts_builder *b, ts_value *x) {
  const ts_aff *at[TS_MAX_RANK];
  ts_value *dims[TS_MAX_RANK];
  unsigned n = column_subscripts(c, at, dims);
  ts_build_store(b, x, c->zero_points, n, at, n, dims, NULL);
}

static ts_value *copy_op(correction *c, ts_builder *b, const ts_op *op) {
  ts_op *copy = ts_op_clone(c->s.m, op, &c->map);
  ts_op_insert(b, copy);
  return ts_op_result(copy, 0);
}

/* 128 in the lanes that count, as the i8 of the same bits. */
static ts_value *offsets(correction *c, ts_builder *b) {
  const ts_op *mask = c->g->mask;
  const ts_type *t = ts_operand(c->g->dot, 0)->type;
  ts_value *all = ts_literal_int(c->s.m, t, OFFSET);
  if (!mask) return all;
  for (const ts_op *op = c->g->dot->block->first; op != c->g->dot; op = op->next)
    if (op->opcode == TS_OP_LANES_BELOW || op->opcode == TS_OP_ANDI) copy_op(c, b, op);
  ts_value *lanes = ts_ptrmap_get(&c->map, ts_op_result(mask, 0));
  return ts_build3(b, TS_OP_SELECT, t, lanes, all, ts_literal_int(c->s.m, t, 0));
}

static void build_sums(correction *c) {
  ts_builder b;
  open_place(c, &b);
  open_nest(c, false, false, &b);
  store_correction(c, &b, ts_literal_int(c->s.m, ts_type_scalar(c->s.m, c->g->sum), 0));
  open_place(c, &b);
  open_nest(c, true, false, &b);
  ts_value *in[3] = {offsets(c, &b)};
  in[1] = copy_op(c, &b, c->load_b);
  in[2] = load_correction(c, &b, ts_op_result(c->load_c, 0)->type);
  ts_value *sum = ts_build(&b, TS_OP_DOT, in[2]->type, 3, in);
  ts_attr_set_unit(c->s.m, sum->def, TS_ATTR_UNSIGNED);
  store_correction(c, &b, sum);
}

static void build_subtraction(correction *c) {
  ts_builder b = ts_builder_before(c->s.m, c->g->outer);
  ts_value *dims[TS_MAX_DIMS];
  const ts_op *load = c->load_c;
  const ts_type *t = ts_type_scalar(c->s.m, c->g->sum);
  ts_ptrmap_init(&c->map, c->s.pass->scratch);
  open_nest(c, false, true, &b);
  for (unsigned i = 0; i < ts_num_dims(load); i++) {
    ts_value *v = ts_ptrmap_get(&c->map, ts_dim(load, i));
    dims[i] = v ? v : ts_dim(load, i);
  }
  const ts_map *map = load->map;
  ts_value *have = ts_build_load(&b, t, c->acc, map->n, map->exprs, ts_num_dims(load), dims, NULL);
  ts_value *left = ts_build2(&b, TS_OP_SUBI, t, have, load_correction(c, &b, t));
  ts_build_store(&b, left, c->acc, map->n, map->exprs, ts_num_dims(load), dims, NULL);
}

static void correct(ts_dot_loop *g) {
  correction c = {.g = g, .s = g->s};
  c.s.at = g->outer;
  c.load_b = ts_def(ts_operand(g->dot, 1));
  c.load_c = ts_def(ts_operand(g->dot, 2));
  c.acc = ts_operand(c.load_c, 0);
  ts_extent dims[TS_MAX_RANK];
  unsigned rank = 0;
  for (ts_op *at = g->outer; ts_is_loop(at); at = ts_for_parts(at).body->first) {
    const ts_value *iv = ts_for_parts(at).iv;
    c.sum[c.n] = !ts_has_dim(c.load_c, iv);
    c.column[c.n] = !c.sum[c.n] && ts_has_dim(c.load_b, iv);
    if (c.column[c.n]) (void)ts_loop_max_trips(at, &dims[rank++]);
    c.loops[c.n++] = at;
  }
  ts_builder b = ts_builder_before(g->s.m, g->place);
  c.zero_points = ts_build_alloc(&b, ts_type_buffer(g->s.m, rank, dims, g->sum, TS_SPACE_GLOBAL));
  ts_set_name(c.zero_points, ts_joined_name(g->s.m, ts_str_text(g->s.m, c.acc->name), ".c"));
  build_sums(&c);
  build_subtraction(&c);
  ts_schedule_passed(&g->s, g->dot, "what the offset adds to %%%s is computed in front of %%%s",
                     ts_str_text(g->s.m, c.acc->name), ts_loop_name(g->place));
}

void ts_dot_make_offset(ts_dot_loops *all) {
  for (size_t i = 0; i < all->n; i++) {
    ts_dot_loop *g = &all->at[i];
    ts_value *memref = ts_operand(ts_def(ts_operand(g->dot, 0)), 0);
    bool done = false;
    for (size_t k = 0; k < i && !done; k++)
      done = ts_operand(ts_def(ts_operand(all->at[k].dot, 0)), 0) == memref;
    if (!done) shift_buffer(g, memref);
    ts_attr_set_unit(g->s.m, g->dot, TS_ATTR_UNSIGNED);
    correct(g);
  }
}
