/* tile: a nest runs block by block.
 *
 * requires:  a perfect nest with one lower bound a loop, whose iterations may run in the new order
 *            (analysis/dependence.h).
 * preserves: every bit.
 * rewrite:   for %i { for %j { … } } → -tile="i=64 j=32" →
 *            for %i.o { for %j.o { for %i.i { for %j.i { … } } } } */
#include "transforms/loops/reorder.h"

/* -split="i=4 j=8": what tile does first. */
static const char *split_flag(ts_schedule *s, unsigned n, const unsigned *items) {
  const char *text = "";
  for (unsigned i = 0; i < n; i++) {
    const ts_loop_item *item = &s->list->items.at[items[i]];
    text = ts_sprintf(s->pass->scratch, "%s%s%s=%s", text, i ? " " : "", item->name, item->value);
  }
  return ts_schedule_step(s, "split", "%s", text);
}

static ts_result tile(ts_schedule *s, unsigned n, ts_op *const *loops, const unsigned *items) {
  ts_op *nest[TS_MAX_NESTING];
  unsigned order[TS_MAX_NESTING];
  if (2 * n > ts_countof(nest))
    return ts_schedule_refuse(s, loops[0], "cannot tile %u loops: they would nest too deeply", n);
  for (unsigned i = 0; i < n; i++) {
    int64_t size;
    ts_result result = ts_item_number(s, &s->list->items.at[items[i]], 1, &size);
    if (!result) result = ts_loop_split(s, loops[i], size, &nest[2 * i], &nest[2 * i + 1]);
    if (result) return result;
    order[i] = 2 * i;
    order[n + i] = 2 * i + 1;
  }
  s->pass->changed = true;
  return ts_reorder_checked(s, 2 * n, nest, order, split_flag(s, n, items));
}

ts_result ts_pass_tile(ts_pass_ctx *pass, ts_module *m, const void *options) {
  const ts_tile_options *o = options;
  return ts_each_nest(pass, m, o->func, &o->loops, options, tile);
}
