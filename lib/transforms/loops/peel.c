/* peel: some iterations get a loop of their own.
 *
 * requires:  one lower bound; for `last`, a constant number of iterations.
 * preserves: every bit; the order of the iterations stays.
 * rewrite:   for %i = 0 to M { S(%i) }
 *              → -peel=i=6            →  for %i = 0 to M floordiv 6 * 6 { S(%i) }
 *                                        for %i.tail = M floordiv 6 * 6 to M { S(%i.tail) }
 *              → -peel="i=1 first=true" → for %i.head = 0 to min(1, M) { … } for %i = 1 to M { … }
 *              → -peel="i=1 last=true"  → for %i = 0 to M - 1 { … } for %i.tail = M - 1 to M { … }
 *
 * The first form leaves a loop that split takes apart without a rest, whatever M is. */
#include "transforms/loops/loops.h"
#include "transforms/rewrite/rewrite.h"

/* A copy of the loop, before or behind it, under another name. */
static ts_op *copy_loop(ts_schedule *s, ts_op *loop, const char *role, bool before) {
  ts_ptrmap map;
  ts_ptrmap_init(&map, s->pass->scratch);
  ts_builder b = before ? ts_builder_before(s->m, loop) : ts_builder_after(s->m, loop);
  ts_op *copy = ts_op_clone(s->m, loop, &map);
  ts_set_name(ts_for_parts(copy).iv, ts_schedule_name(s, ts_loop_name(loop), role));
  ts_op_insert(&b, copy);
  return copy;
}

static ts_result too_large(ts_schedule *s, const ts_op *loop) {
  return ts_schedule_refuse(s, loop, "cannot peel %%%s: its bounds get too large",
                            ts_loop_name(loop));
}

/* The first `n` iterations, in front; fewer where the loop has fewer. */
static ts_result peel_first(ts_schedule *s, ts_op *loop, int64_t n) {
  ts_for f = ts_for_parts(loop);
  if (f.num_lo != 1)
    return ts_schedule_refuse(s, loop,
                              "cannot peel %%%s: it starts at the largest of several bounds",
                              ts_loop_name(loop));
  ts_dims d = ts_dims_none(s->m);
  const ts_aff **bounds = ts_new_exprs(s->m, 2 + f.num_hi);
  const ts_aff *lo = ts_dims_import(&d, loop, f.lo[0]);
  for (unsigned i = 0; i < f.num_hi; i++)
    bounds[2 + i] = ts_dims_import(&d, loop, f.hi[i]);
  const ts_aff *span = ts_dims_scale(&d, ts_aff_const(s->m, n), f.step);
  const ts_aff *middle = ts_dims_add(&d, lo, span);
  if (d.overflow) return too_large(s, loop);
  int64_t trips;
  bool sure = ts_loop_trip_count(loop, &trips) && trips >= n;
  ts_op *head = copy_loop(s, loop, TS_ROLE_HEAD, true);
  bounds[0] = lo;
  bounds[1] = middle;
  if (!ts_dims_set_map(&d, head, sure ? 2 : 2 + f.num_hi, bounds) ||
      !ts_dims_set_map(&d, loop, 1 + f.num_hi, bounds + 1))
    return too_large(s, loop);
  ts_schedule_passed(s, loop, "the first %lld iterations of %%%s run in %%%s", (long long)n,
                     ts_loop_name(loop), ts_loop_name(head));
  return TS_OK;
}

static ts_result peel_last(ts_schedule *s, ts_op *loop, int64_t n) {
  ts_for f = ts_for_parts(loop);
  int64_t trips, lo;
  if (!ts_loop_trip_count(loop, &trips) || trips < n || f.num_lo != 1)
    return ts_schedule_refuse(
        s, loop, "cannot peel the last %lld iterations of %%%s: it is not known to have as many",
        (long long)n, ts_loop_name(loop));
  ts_aff_is_const(f.lo[0], &lo);
  ts_dims d = ts_dims_none(s->m);
  const ts_aff *middle = ts_aff_const(s->m, lo + (trips - n) * f.step);
  const ts_aff **rest = ts_new_exprs(s->m, 1 + f.num_hi);
  rest[0] = middle;
  memcpy(rest + 1, f.hi, f.num_hi * sizeof *rest);
  ts_op *tail = copy_loop(s, loop, TS_ROLE_TAIL, false);
  if (!ts_dims_set_map(&d, tail, 1 + f.num_hi, rest) ||
      !ts_dims_set_map(&d, loop, 2, (const ts_aff *[]){f.lo[0], middle}))
    return too_large(s, loop);
  ts_schedule_passed(s, loop, "the last %lld iterations of %%%s run in %%%s", (long long)n,
                     ts_loop_name(loop), ts_loop_name(tail));
  return TS_OK;
}

static ts_result peel_rest(ts_schedule *s, ts_op *loop, int64_t by) {
  ts_op *tail;
  ts_result result = ts_loop_cut(s, loop, by, &tail);
  if (result) return result;
  if (tail)
    ts_schedule_passed(s, loop, "%%%s runs a multiple of %lld iterations, the rest in %%%s",
                       ts_loop_name(loop), (long long)by, ts_loop_name(tail));
  else
    ts_schedule_missed(s, loop, "%lld divides the iterations of %%%s: there is no rest",
                       (long long)by, ts_loop_name(loop));
  return TS_OK;
}

static ts_result peel(ts_schedule *s, ts_op *loop, const ts_loop_item *item) {
  const ts_peel_options *o = s->options;
  int64_t n;
  ts_result result = ts_item_number(s, item, 1, &n);
  if (result) return result;
  s->pass->changed = true;
  ts_count(s->pass, "loops peeled", 1);
  if (o->first) return peel_first(s, loop, n);
  return o->last ? peel_last(s, loop, n) : peel_rest(s, loop, n);
}

ts_result ts_pass_peel(ts_pass_ctx *pass, ts_module *m, const void *options) {
  const ts_peel_options *o = options;
  if (o->first && o->last) {
    ts_error_plain(m->ctx, "-peel takes first=true or last=true, not both");
    return TS_USAGE;
  }
  return ts_each_loop(pass, m, o->func, &o->loops, options, peel);
}
