/* split: a loop becomes a loop over blocks and a loop within one.
 *
 * requires:  a loop whose lower bound is one expression.
 * preserves: every bit; the order of the iterations stays.
 * rewrite:   for %i = 0 to 500 { …[%i]… }
 *              → for %i.o = 0 to 6 { for %i.i = 0 to min(96, 500 − %i.o · 96) { …[%i.o · 96 + %i.i]… } } */
#include "transforms/loops/loops.h"

static ts_result split(ts_schedule *s, ts_op *loop, const ts_loop_item *item) {
  int64_t size;
  ts_op *outer, *inner;
  ts_result result = ts_item_number(s, item, 1, &size);
  if (result) return result;
  ts_schedule_passed(s, loop, "%%%s is split into blocks of %lld", ts_loop_name(loop),
                     (long long)size);
  result = ts_loop_split(s, loop, size, &outer, &inner);
  if (result) return result;
  ts_count(s->pass, "loops split", 1);
  s->pass->changed = true;
  return TS_OK;
}

ts_result ts_pass_split(ts_pass_ctx *pass, ts_module *m, const void *options) {
  const ts_split_options *o = options;
  return ts_each_loop(pass, m, o->func, &o->loops, options, split);
}
