/* Cutting the iterations of a loop: into blocks, and into whole blocks and a rest. */
#include "analysis/poly/facts.h"
#include "transforms/loops/loops.h"
#include "transforms/rewrite/rewrite.h"

/* ---- splitting ---- */

static const ts_aff *ceil_quotient(ts_dims *d, const ts_aff *a, int64_t n) {
  const ts_aff *exact = ts_dims_quotient(d, a, n);
  return exact ? exact : ts_dims_binary(d, TS_AFF_CEILDIV, a, ts_aff_const(d->m, n));
}

const ts_aff *ts_loop_trips(ts_dims *d, const ts_op *loop, const ts_aff *hi) {
  ts_for f = ts_for_parts(loop);
  const ts_aff *span =
      ts_dims_sub(d, ts_dims_import(d, loop, hi), ts_dims_import(d, loop, f.lo[0]));
  return ceil_quotient(d, span, f.step);
}

static ts_op *build_loop(ts_builder *b, ts_dims *d, ts_str name, unsigned num_hi,
                         const ts_aff *const *hi) {
  const ts_aff *zero = ts_aff_const(d->m, 0);
  ts_op *loop = ts_build_for(b, name, 1, &zero, num_hi, hi, 1, d->n, d->at);
  const ts_aff **ends = ts_new_exprs(d->m, 1 + num_hi);
  ends[0] = zero;
  memcpy(ends + 1, hi, num_hi * sizeof *hi);
  ts_dims_set_map(d, loop, 1 + num_hi, ends);
  return loop;
}

/* %i = L + (%i.o · size + %i.i) · step in the body, which then moves into the inner loop. */
static bool move_body(ts_module *m, ts_op *loop, ts_op *outer, ts_op *inner, int64_t size) {
  ts_for f = ts_for_parts(loop);
  ts_dims d = ts_dims_none(m);
  const ts_aff *o = ts_dims_value(&d, ts_for_parts(outer).iv);
  const ts_aff *at =
      ts_dims_add(&d, ts_dims_scale(&d, o, size), ts_dims_value(&d, ts_for_parts(inner).iv));
  at = ts_dims_add(&d, ts_dims_scale(&d, at, f.step), ts_dims_import(&d, loop, f.lo[0]));
  if (!ts_replace_by_affine(f.iv, at, &d)) return false;
  ts_move_ops(m, f.body, ts_for_parts(inner).body);
  return true;
}

/* Blocks inside one another, from this one inwards. */
static unsigned depth_of(const ts_block *block) {
  unsigned most = 0;
  for (const ts_op *op = block->first; op; op = op->next)
    for (unsigned i = 0; i < op->num_regions; i++) {
      unsigned depth = depth_of(ts_op_regions(op)[i]);
      most = ts_max(most, depth);
    }
  return most + 1;
}

/* Is there room for one more loop around the body of this one? */
static bool may_nest(const ts_op *loop) {
  unsigned around = 0;
  for (const ts_block *b = loop->block; b; b = b->parent ? b->parent->block : NULL)
    around++;
  return around + depth_of(ts_for_parts(loop).body) < TS_MAX_NESTING;
}

ts_result ts_loop_split(ts_schedule *s, ts_op *loop, int64_t size, ts_op **outer, ts_op **inner) {
  ts_for f = ts_for_parts(loop);
  const char *name = ts_loop_name(loop);
  if (f.num_lo != 1)
    return ts_schedule_refuse(
        s, loop, "cannot split %%%s: it starts at the largest of several bounds", name);
  if (!may_nest(loop))
    return ts_schedule_refuse(s, loop, "cannot split %%%s: blocks would nest deeper than %d", name,
                              TS_MAX_NESTING);
  ts_dims d = ts_dims_none(s->m);
  const ts_aff **outer_hi = ts_new_exprs(s->m, f.num_hi), **ragged = ts_new_exprs(s->m, f.num_hi);
  const ts_aff **inner_hi = ts_new_exprs(s->m, f.num_hi + 1);
  unsigned num_ragged = 0;
  inner_hi[0] = ts_aff_const(s->m, size);
  for (unsigned i = 0; i < f.num_hi; i++) {
    const ts_aff *trips = ts_loop_trips(&d, loop, f.hi[i]);
    outer_hi[i] = ceil_quotient(&d, trips, size);
    if (!ts_dims_quotient(&d, trips, size)) ragged[num_ragged++] = trips;
  }
  ts_builder b = ts_builder_before(s->m, loop);
  *outer = build_loop(&b, &d, ts_schedule_name(s, name, TS_ROLE_OUTER), f.num_hi, outer_hi);
  const ts_aff *done = ts_dims_scale(&d, ts_dims_value(&d, ts_for_parts(*outer).iv), size);
  for (unsigned i = 0; i < num_ragged; i++)
    inner_hi[1 + i] = ts_dims_sub(&d, ragged[i], done);
  b = ts_builder_at_end(s->m, ts_for_parts(*outer).body, loop->loc);
  *inner = build_loop(&b, &d, ts_schedule_name(s, name, TS_ROLE_INNER), 1 + num_ragged, inner_hi);
  if (d.overflow || !move_body(s->m, loop, *outer, *inner, size))
    return ts_schedule_refuse(s, loop, "cannot split %%%s by %lld: its subscripts get too large",
                              name, (long long)size);
  ts_attr_copy(s->m, *outer, loop, TS_ATTR_PARALLEL);
  ts_attr_copy(s->m, *inner, loop, TS_ATTR_UNROLL);
  ts_attr_copy(s->m, *inner, loop, TS_ATTR_VECTOR);
  if (s->at == loop) s->at = *outer;
  ts_op_erase(loop);
  return TS_OK;
}

/* Where whole blocks of `by` iterations end, by one of the upper bounds. */
static const ts_aff *end_of_blocks(ts_dims *d, const ts_op *loop, const ts_aff *trips, int64_t by) {
  ts_for f = ts_for_parts(loop);
  const ts_aff *n = ts_aff_const(d->m, by);
  const ts_aff *whole = ts_dims_scale(d, ts_dims_binary(d, TS_AFF_FLOORDIV, trips, n), by);
  return ts_dims_add(d, ts_dims_scale(d, whole, f.step), ts_dims_import(d, loop, f.lo[0]));
}

/* A copy of the loop from `start` on to the first of the ends. Where it may start below the loop (one
 * that may end before it starts has a rest of less than nothing), the loop's own start counts, too. */
static ts_op *build_tail(ts_schedule *s, ts_op *loop, ts_dims *d, const ts_aff *start, bool below,
                         unsigned n, const ts_aff *const *ends) {
  ts_ptrmap map;
  ts_ptrmap_init(&map, s->pass->scratch);
  ts_builder b = ts_builder_after(s->m, loop);
  ts_op *tail = ts_op_clone(s->m, loop, &map);
  ts_op_insert(&b, tail);
  ts_set_name(ts_for_parts(tail).iv, ts_schedule_name(s, ts_loop_name(loop), TS_ROLE_TAIL));
  const ts_aff **bounds = ts_new_exprs(s->m, n + 2);
  unsigned num_lo = below ? 2 : 1;
  bounds[0] = start;
  bounds[1] = ts_dims_import(d, loop, ts_for_parts(loop).lo[0]);
  memcpy(bounds + num_lo, ends, n * sizeof *ends);
  if (!ts_dims_set_map(d, tail, num_lo + n, bounds))
    ts_unreachable("bounds that fitted no longer do");
  if (below) ts_attr_set_int(s->m, tail, TS_ATTR_NUM_LO, num_lo);
  return tail;
}

/* Past so many bounds none is asked whether it lies below the start, which is a question about all of them: a
 * tail then begins at the larger of both. */
enum { MAX_ASKED = 16 };

/* The bound with the fewest iterations says where whole blocks end. Each that is no multiple gets a
 * tail, from its last whole block to the loop's end; and to the last whole block of every one before
 * it, so that a rest runs once: the tail of a bound with more whole blocks begins past the end. */
ts_result ts_loop_cut(ts_schedule *s, ts_op *loop, int64_t by, ts_op **tail) {
  ts_for f = ts_for_parts(loop);
  const char *name = ts_loop_name(loop);
  *tail = NULL;
  if (f.num_lo != 1)
    return ts_schedule_refuse(s, loop,
                              "cannot peel %%%s: it starts at the largest of several bounds", name);
  ts_dims d = ts_dims_none(s->m);
  const ts_aff **main = ts_new_exprs(s->m, 1 + f.num_hi), **ends = ts_new_exprs(s->m, 2 * f.num_hi);
  unsigned *ragged = ts_new_array(s->pass->scratch, unsigned, f.num_hi), num_ragged = 0;
  main[0] = ts_dims_import(&d, loop, f.lo[0]);
  for (unsigned i = 0; i < f.num_hi; i++) {
    const ts_aff *trips = ts_loop_trips(&d, loop, f.hi[i]);
    bool exact = ts_dims_quotient(&d, trips, by) != NULL;
    ends[i] = ts_dims_import(&d, loop, f.hi[i]);
    main[1 + i] = exact ? ends[i] : end_of_blocks(&d, loop, trips, by);
    if (!exact) ragged[num_ragged++] = i;
  }
  if (!num_ragged) return TS_OK;
  if (d.overflow)
    return ts_schedule_refuse(s, loop, "cannot peel %%%s by %lld: its bounds get too large", name,
                              (long long)by);
  for (unsigned i = 0; i < num_ragged; i++) {
    const ts_aff *end = main[1 + ragged[i]], *hi = f.hi[ragged[i]];
    bool below = num_ragged > MAX_ASKED ||
                 !ts_poly_holds(s->m->ctx, s->pass->scratch, loop, f.lo[0], TS_LE, hi);
    *tail = build_tail(s, loop, &d, end, below, f.num_hi + i, ends);
    ends[f.num_hi + i] = end;
  }
  if (!ts_dims_set_map(&d, loop, 1 + f.num_hi, main))
    ts_unreachable("bounds that fitted no longer do");
  return TS_OK;
}
