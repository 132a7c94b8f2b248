/* reverse: the iterations of a loop run from the last to the first.
 *
 * requires:  one bound at each end; no iteration depends on an earlier one (analysis/dependence.h), but for
 *            updates that may be taken in any order (analysis/update.h).
 * preserves: every bit.
 * rewrite:   for %i = 2 to 10 step 3 { S(%i) }  →  for %i = 2 to 10 step 3 { S(10 - %i) }
 *
 * The loop stays as it is; its body speaks of first + last - %i in place of %i. It turns the sign of a distance, after
 * which another order of a nest, or fusing two loops, may be legal. */
#include "analysis/poly/dependence.h"
#include "transforms/loops/loops.h"

static ts_result reverse(ts_schedule *s, ts_op *loop, const ts_loop_item *item) {
  ts_for f = ts_for_parts(loop);
  const char *name = ts_loop_name(loop);
  (void)item;
  if (f.num_lo != 1 || f.num_hi != 1)
    return ts_schedule_refuse(s, loop, "cannot reverse %%%s: it has several bounds at one end",
                              name);
  ts_verdict verdict;
  ts_result result = ts_dep_parallel_updates(s->m->ctx, s->pass->scratch, loop, NULL, &verdict);
  if (result) return result;
  if (!verdict.legal)
    return ts_dep_refuse(s->m->ctx, loop, ts_sprintf(s->pass->scratch, "reverse %%%s", name),
                         &verdict, NULL);
  ts_dims d = ts_dims_none(s->m);
  const ts_aff *lo = ts_dims_import(&d, loop, f.lo[0]);
  /* first + last, the last being the first + (trips - 1) * step */
  const ts_aff *twice = ts_dims_sub(&d, ts_dims_scale(&d, lo, 2), ts_aff_const(s->m, f.step));
  const ts_aff *ends =
      ts_dims_add(&d, ts_dims_scale(&d, ts_loop_trips(&d, loop, f.hi[0]), f.step), twice);
  const ts_aff *mirrored = ts_dims_sub(&d, ends, ts_dims_value(&d, f.iv));
  if (d.overflow || !ts_loop_substitute(loop, mirrored, &d))
    return ts_schedule_refuse(s, loop, "cannot reverse %%%s: its subscripts get too large", name);
  ts_schedule_passed(s, loop, "%%%s runs from its last iteration to its first", name);
  ts_count(s->pass, "loops reversed", 1);
  s->pass->changed = true;
  return TS_OK;
}

ts_result ts_pass_reverse(ts_pass_ctx *pass, ts_module *m, const void *options) {
  const ts_reverse_options *o = options;
  return ts_each_loop(pass, m, o->func, &o->loops, options, reverse);
}
