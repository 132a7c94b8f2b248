/* parallel: marks a loop whose iterations may run at once.
 *
 * requires:  no iteration depends on another one (analysis/dependence.h). A buffer allocated in the body is one
 *            an iteration, and does not stand in the way.
 * preserves: every bit, on any number of threads.
 * rewrite:   for %i = 0 to 512 { … }  →  for %i = 0 to 512 parallel { … } */
#include "analysis/dependence.h"
#include "transforms/loops.h"

/* The loops of the nest inside the refused one that may run at once, if any. */
static const char *instead(ts_schedule *s, ts_op *loop) {
  ts_op *nest[TS_MAX_NESTING] = {loop};
  bool legal[TS_MAX_NESTING];
  unsigned n = 1;
  while (n < ts_countof(nest) && (nest[n] = ts_loop_only_child(nest[n - 1])))
    n++;
  if (ts_dep_parallel_loops(s->m->ctx, s->pass->scratch, n, nest, legal)) n = 0;
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

static ts_result parallel(ts_schedule *s, ts_op *loop, const ts_loop_item *item) {
  (void)item;
  ts_verdict verdict;
  ts_result result = ts_dep_parallel(s->m->ctx, s->pass->scratch, loop, &verdict);
  if (result) return result;
  const char *name = ts_loop_name(loop);
  if (!verdict.legal)
    return ts_dep_refuse(s->m->ctx, loop,
                         ts_sprintf(s->pass->scratch, "run the iterations of %%%s at once", name),
                         &verdict, instead(s, loop));
  ts_attr_set_unit(s->m, loop, TS_ATTR_PARALLEL);
  ts_schedule_passed(s, loop, "the iterations of %%%s may run at once", name);
  ts_count(s->pass, "loops made parallel", 1);
  s->pass->changed = true;
  return TS_OK;
}

ts_result ts_pass_parallel(ts_pass_ctx *pass, ts_module *m, const void *options) {
  const ts_parallel_options *o = options;
  return ts_each_loop(pass, m, o->func, &o->loops, options, parallel);
}
