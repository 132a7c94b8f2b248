/* prefetch: asks for what a loop will read some iterations later.
 *
 * requires:  a loop that loads from the buffer at places that move with the loop.
 * preserves: every bit: a prefetch reads nothing, and may point past the end of the buffer.
 * rewrite:   for %k { %w = load %W[%k, %j] … }
 *              → -prefetch="W=4 at=k" → for %k { prefetch %W[%k + 4, %j] %w = load %W[%k, %j] … } */
#include "transforms/loops.h"

typedef struct prefetcher {
  ts_schedule *s;
  const ts_op *loop;
  ts_str buffer;
  int64_t distance; /* in the loop's variable */
  unsigned added;
  bool overflow;
} prefetcher;

static bool moves_with(const ts_op *load, const ts_value *iv) {
  for (unsigned i = 0; i < ts_num_dims(load); i++)
    if (ts_dim(load, i) == iv) return true;
  return false;
}

/* The load's subscripts with the loop's variable moved on. */
static bool moved_subscripts(prefetcher *p, const ts_op *load, ts_dims *d, const ts_aff **at) {
  ts_module *m = p->s->m;
  const ts_value *iv = ts_for_parts(p->loop).iv;
  const ts_aff *with[TS_MAX_DIMS];
  for (unsigned i = 0; i < ts_num_dims(load); i++) {
    with[i] = ts_dims_value(d, ts_dim(load, i));
    if (ts_dim(load, i) == iv) with[i] = ts_dims_add(d, with[i], ts_aff_const(m, p->distance));
  }
  for (unsigned i = 0; i < load->map->n; i++) {
    at[i] = ts_aff_substitute(m, load->map->exprs[i], with, NULL, NULL);
    if (!at[i]) return false;
  }
  return !d->overflow;
}

static void visit(void *arg, ts_op *op) {
  prefetcher *p = arg;
  if (op->opcode != TS_OP_LOAD || ts_operand(op, 0)->name != p->buffer) return;
  if (!moves_with(op, ts_for_parts(p->loop).iv)) return;
  ts_module *m = p->s->m;
  ts_dims d = ts_dims_none(m);
  const ts_aff *at[TS_MAX_RANK];
  if (!moved_subscripts(p, op, &d, at)) {
    p->overflow = true;
    return;
  }
  ts_value *memref = ts_operand(op, 0);
  ts_op *hint = ts_op_create(m, TS_OP_PREFETCH, op->loc, 1, &memref, 0, NULL, 0, NULL, 0);
  hint->map = op->map;
  hint->subscripted = 1;
  ts_builder b = ts_builder_before(m, op);
  ts_op_insert(&b, hint);
  if (!ts_dims_set_map(&d, hint, op->map->n, at)) p->overflow = true;
  p->added++;
}

static ts_result prefetch(ts_schedule *s, ts_op *loop, const ts_loop_item *unused) {
  (void)unused;
  const ts_prefetch_options *o = s->options;
  for (size_t i = 0; i < o->buffers.items.n; i++) {
    const ts_loop_item *item = &o->buffers.items.at[i];
    prefetcher p = {.s = s, .loop = loop};
    int64_t ahead;
    ts_result result = ts_item_number(s, item, 1, &ahead);
    if (result) return result;
    p.buffer = ts_intern_find(&s->m->strings, item->name, strlen(item->name));
    p.overflow = __builtin_mul_overflow(ahead, ts_for_parts(loop).step, &p.distance);
    if (p.buffer && !p.overflow) ts_walk(ts_for_parts(loop).body, visit, &p);
    if (p.overflow)
      return ts_schedule_refuse(s, loop, "cannot prefetch %lld iterations ahead: the subscripts get too large",
                                (long long)ahead);
    if (!p.added) {
      ts_schedule_missed(s, loop, "%%%s loads nothing from %%%s that moves with it", ts_loop_name(loop),
                         item->name);
      continue;
    }
    ts_schedule_passed(s, loop, "%u loads from %%%s are asked for %lld iterations of %%%s ahead", p.added,
                       item->name, (long long)ahead, ts_loop_name(loop));
    ts_count(s->pass, "prefetches added", p.added);
    s->pass->changed = true;
  }
  return TS_OK;
}

ts_result ts_pass_prefetch(ts_pass_ctx *pass, ts_module *m, const void *options) {
  const ts_prefetch_options *o = options;
  ts_loop_list at = {0};
  if (!*o->at || !o->buffers.items.n) {
    ts_error_plain(m->ctx, "-prefetch wants a buffer and a loop, as in -prefetch=\"W=4 at=k\"");
    return TS_USAGE;
  }
  ts_push(pass->scratch, &at.items, (ts_loop_item){.name = o->at});
  return ts_each_loop(pass, m, o->func, &at, options, prefetch);
}
