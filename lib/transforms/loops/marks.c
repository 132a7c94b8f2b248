/* Marks `parallel` of loops that a step gave other contents, or other loops around. */
#include "analysis/poly/dependence.h"
#include "transforms/loops/loops.h"

void ts_loop_keep_mark(ts_schedule *s, ts_op *loop) {
  ts_verdict verdict;
  if (!ts_attr_find(loop, TS_ATTR_PARALLEL)) return;
  bool spent = ts_dep_marked(s->m->ctx, s->pass->scratch, loop, &verdict);
  if (!spent && verdict.legal) return;
  ts_attr_remove(s->m, loop, TS_ATTR_PARALLEL);
  ts_schedule_missed(s, loop, "the iterations of %%%s may no longer run at once",
                     ts_loop_name(loop));
}

static void keep(void *ctx, ts_op *op) {
  if (ts_is_loop(op)) ts_loop_keep_mark(ctx, op);
}

void ts_loop_keep_marks_inside(ts_schedule *s, ts_op *loop) {
  ts_walk(ts_for_parts(loop).body, keep, s);
}
