/* unroll: a loop's body several times over.
 *
 * requires:  a constant number of iterations for a full unrolling.
 * preserves: every bit; the order of the iterations stays.
 * rewrite:   for %k = 0 to 10 { S(%k) }
 *              → -unroll=k=4 →  for %k = 0 to 8 step 4 { S(%k) S(%k + 1) S(%k + 2) S(%k + 3) }
 *                               for %k.tail = 8 to 10 { S(%k.tail) }
 *              → -unroll=k   →  S(0) S(1) … S(9)
 *              → -unroll="k mark=true" → for %k = 0 to 10 unroll { S(%k) }, for the compiler to unroll */
#include "transforms/loops/loops.h"
#include "transforms/rewrite/rewrite.h"

enum { MAX_COPIES = 1024, MAX_OPS = 1 << 20 };

static void count_op(void *arg, ts_op *op) {
  (void)op;
  ++*(int64_t *)arg;
}

/* Refuses what would make the function unreadably, or endlessly, long. */
static ts_result check_size(ts_schedule *s, const ts_op *loop, int64_t copies) {
  int64_t ops = 0;
  ts_walk(ts_for_parts(loop).body, count_op, &ops);
  if (copies <= MAX_COPIES && ops * copies <= MAX_OPS) return TS_OK;
  ts_schedule_refuse(s, loop, "cannot unroll %%%s %lld times: that makes %lld ops",
                     ts_loop_name(loop), (long long)copies, (long long)ops * (long long)copies);
  ts_note_plain(s->m->ctx, "at most %d copies and %d ops; give a factor, as in %s", MAX_COPIES,
                MAX_OPS, ts_schedule_step(s, "unroll", "%s=8", ts_loop_name(loop)));
  return TS_ERR;
}

static ts_result unroll_fully(ts_schedule *s, ts_op *loop) {
  int64_t trips;
  if (!ts_loop_trip_count(loop, &trips))
    return ts_schedule_refuse(
        s, loop,
        "cannot unroll all of %%%s: the number of its iterations is not constant; "
        "give a factor, as in %s",
        ts_loop_name(loop), ts_schedule_step(s, "unroll", "%s=4", ts_loop_name(loop)));
  ts_result result = check_size(s, loop, trips);
  if (result) return result;
  ts_schedule_passed(s, loop, "%%%s is unrolled: %lld copies", ts_loop_name(loop),
                     (long long)trips);
  for (int64_t t = 0; t < trips; t++) {
    ts_ptrmap map;
    ts_ptrmap_init(&map, s->pass->scratch);
    if (!ts_loop_clone_body(s->m, loop, t, loop, &map))
      return ts_schedule_refuse(s, loop, "cannot unroll %%%s: its subscripts get too large",
                                ts_loop_name(loop));
  }
  ts_op_erase(loop);
  return TS_OK;
}

/* if %k + ahead < every upper bound { …: where the builder goes on. */
static bool open_guard(ts_schedule *s, ts_op *loop, int64_t ahead, ts_builder *b) {
  ts_for f = ts_for_parts(loop);
  ts_dims d = ts_dims_none(s->m);
  const ts_aff **sides = ts_new_exprs(s->m, 2 * f.num_hi);
  int64_t *preds = ts_new_array(s->pass->scratch, int64_t, f.num_hi);
  for (unsigned i = 0; i < f.num_hi; i++) {
    sides[2 * i] = ts_dims_add(&d, ts_dims_value(&d, f.iv), ts_aff_const(s->m, ahead));
    sides[2 * i + 1] = ts_dims_import(&d, loop, f.hi[i]);
    preds[i] = TS_LT;
  }
  ts_op *test = ts_op_create(s->m, TS_OP_IF, loop->loc, 0, NULL, 0, NULL, 0, NULL, 2);
  ts_attr_set_ints(s->m, test, TS_ATTR_PREDS, f.num_hi, preds);
  ts_op_insert(b, test);
  *b = ts_builder_at_end(s->m, ts_op_regions(test)[0], loop->loc);
  return ts_dims_set_map(&d, test, 2 * f.num_hi, sides);
}

/* Appends copies 1 … factor-1 of the body to it, under a condition where the last of them may lie past
 * the end; the loop then takes steps `factor` times as long. */
static ts_result repeat_body(ts_schedule *s, ts_op *loop, int64_t factor, bool guarded) {
  ts_for f = ts_for_parts(loop);
  ts_op *last = f.body->last;
  for (int64_t t = 1; last && t < factor; t++) {
    ts_ptrmap map;
    ts_ptrmap_init(&map, s->pass->scratch);
    ts_builder b = ts_builder_at_end(s->m, f.body, loop->loc);
    ts_value *at = ts_build_apply(&b, ts_aff_const(s->m, 0), 0, NULL);
    ts_ptrmap_put(&map, f.iv, at);
    bool fits = !guarded || open_guard(s, loop, t * f.step, &b);
    for (const ts_op *op = f.body->first;; op = op->next) {
      ts_op_insert(&b, ts_op_clone(s->m, op, &map));
      if (op == last) break;
    }
    ts_dims d = ts_dims_none(s->m);
    const ts_aff *iv = ts_dims_value(&d, f.iv);
    if (!fits || !ts_replace_by_affine(at, ts_dims_add(&d, iv, ts_aff_const(s->m, t * f.step)), &d))
      return ts_schedule_refuse(s, loop, "cannot unroll %%%s: its subscripts get too large",
                                ts_loop_name(loop));
    ts_op_erase(at->def);
  }
  ts_attr_set_int(s->m, loop, TS_ATTR_STEP, f.step * factor);
  return TS_OK;
}

static ts_result unroll_by(ts_schedule *s, ts_op *loop, int64_t factor) {
  int64_t step;
  if (__builtin_mul_overflow(ts_for_parts(loop).step, factor, &step))
    return ts_schedule_refuse(s, loop, "cannot unroll %%%s by %lld: its step gets too large",
                              ts_loop_name(loop), (long long)factor);
  ts_op *tail = NULL;
  bool guarded = ts_for_parts(loop).num_lo > 1; /* no number of iterations to cut a multiple off */
  ts_result result = check_size(s, loop, factor);
  if (!result && !guarded) result = ts_loop_cut(s, loop, factor, &tail);
  if (result) return result;
  ts_schedule_passed(s, loop, "%%%s is unrolled by %lld%s%s", ts_loop_name(loop), (long long)factor,
                     tail ? "; what is left over runs in %" : "", tail ? ts_loop_name(tail) : "");
  return repeat_body(s, loop, factor, guarded);
}

static ts_result unroll(ts_schedule *s, ts_op *loop, const ts_loop_item *item) {
  const ts_unroll_options *o = s->options;
  int64_t factor = 0;
  ts_result result = item->value ? ts_item_number(s, item, 1, &factor) : TS_OK;
  if (result) return result;
  s->pass->changed = true;
  ts_count(s->pass, "loops unrolled", 1);
  if (o->mark) ts_attr_set_unit(s->m, loop, TS_ATTR_UNROLL);
  if (o->mark || factor == 1) return TS_OK;
  return factor ? unroll_by(s, loop, factor) : unroll_fully(s, loop);
}

ts_result ts_pass_unroll(ts_pass_ctx *pass, ts_module *m, const void *options) {
  const ts_unroll_options *o = options;
  return ts_each_loop(pass, m, o->func, &o->loops, options, unroll);
}
