/* reorder: the loops of a perfect nest in another order.
 *
 * requires:  each loop holds the next and nothing else; no bound speaks of a loop that would be further
 *            inside; no conflicting accesses change their order (analysis/dependence.h).
 * preserves: every bit.
 * rewrite:   for %i { for %j { for %k { … } } }  → -reorder="k i j" → for %k { for %i { for %j { … } } } */
#include "transforms/loops/reorder.h"

#include "analysis/poly/dependence.h"

static const char *order_text(ts_schedule *s, unsigned n, ts_op *const *loops,
                              const unsigned *order) {
  const char *text = "";
  for (unsigned p = 0; p < n; p++)
    text =
        ts_sprintf(s->pass->scratch, "%s%s%%%s", text, p ? " " : "", ts_loop_name(loops[order[p]]));
  return text;
}

/* "the order %j %i %k": what comes nearest to what was asked for; as it stands when no more is
 * known. */
static const char *nearest_order(ts_schedule *s, unsigned n, ts_op *const *loops,
                                 const unsigned *order, const char *before) {
  ts_arena *a = s->pass->scratch;
  unsigned *nearest = ts_new_array(a, unsigned, n);
  if (ts_dep_nearest_order(s->m->ctx, a, n, loops, order, nearest))
    for (unsigned i = 0; i < n; i++)
      nearest[i] = i;
  const char *text = ts_sprintf(a, "the order %s", order_text(s, n, loops, nearest));
  return before ? ts_sprintf(a, "%s, after %s", text, before) : text;
}

/* Bounds may only use loops outside of them. */
static ts_result check_bounds(ts_schedule *s, unsigned n, ts_op *const *loops,
                              const unsigned *order, const char *before) {
  for (unsigned p = 0; p < n; p++)
    for (unsigned q = p + 1; q < n; q++) {
      const ts_op *outer = loops[order[p]], *inner = loops[order[q]];
      if (!ts_has_dim(outer, ts_for_parts(inner).iv)) continue;
      ts_schedule_refuse(s, outer, "cannot put %%%s outside of %%%s: its bounds depend on %%%s",
                         ts_loop_name(outer), ts_loop_name(inner), ts_loop_name(inner));
      ts_note(s->m->ctx, outer->loc, "legal instead: %s",
              nearest_order(s, n, loops, order, before));
      return TS_ERR;
    }
  return TS_OK;
}

/* A loop that goes outside of another may carry what that one carried: (1, 1) for %i outside of %j is no
 * matter of %j, for %j outside of %i it is. */
static void keep_marks(ts_schedule *s, unsigned n, ts_op *const *nest, const unsigned *order) {
  for (unsigned p = 0; p < n; p++) {
    bool outward = false;
    for (unsigned q = p + 1; q < n; q++)
      outward |= order[q] < order[p];
    if (outward) ts_loop_keep_mark(s, nest[p]);
  }
}

ts_result ts_reorder_checked(ts_schedule *s, unsigned n, ts_op **loops, const unsigned *order,
                             const char *before) {
  unsigned same = 0;
  while (same < n && order[same] == same)
    same++;
  if (same == n) {
    ts_schedule_missed(s, loops[0], "the loops stand in this order already");
    return TS_OK;
  }
  ts_result result = check_bounds(s, n, loops, order, before);
  ts_verdict verdict;
  if (!result) result = ts_dep_reorder(s->m->ctx, s->pass->scratch, n, loops, order, &verdict);
  if (result) return result;
  const char *text = order_text(s, n, loops, order);
  if (!verdict.legal) {
    const char *what = ts_sprintf(s->pass->scratch, "run the loops in the order %s", text);
    return ts_dep_refuse(s->m->ctx, loops[0], what, &verdict,
                         nearest_order(s, n, loops, order, before));
  }
  ts_schedule_passed(s, loops[0], "the loops run in the order %s", text);
  ts_count(s->pass, "nests reordered", 1);
  ts_nest_permute(s->m, n, loops, order);
  keep_marks(s, n, loops, order);
  s->pass->changed = true;
  return TS_OK;
}

/* Item p names the loop that goes to depth p. */
static ts_result reorder(ts_schedule *s, unsigned n, ts_op *const *loops, const unsigned *items) {
  ts_op **nest = ts_new_array(s->pass->scratch, ts_op *, n);
  unsigned *order = ts_new_array(s->pass->scratch, unsigned, n);
  for (unsigned depth = 0; depth < n; depth++) {
    nest[depth] = loops[depth];
    order[items[depth]] = depth;
  }
  return ts_reorder_checked(s, n, nest, order, NULL);
}

ts_result ts_pass_reorder(ts_pass_ctx *pass, ts_module *m, const void *options) {
  const ts_reorder_options *o = options;
  return ts_each_nest(pass, m, o->func, &o->loops, options, reorder);
}
