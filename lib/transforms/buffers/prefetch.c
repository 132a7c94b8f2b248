/* prefetch: asks for what a loop will read some iterations later.
 *
 * requires:  a loop that loads from the buffer at places that move with the loop.
 * preserves: every bit: a prefetch reads nothing, and may point past the end of the buffer.
 * rewrite:   for %k { for %i { for %j { %w = load %W[%k, %j] … } } }
 *              → -prefetch="W=4 at=k" →
 *            for %k { for %j { prefetch %W[%k + 4, %j] } for %i { for %j { %w = load %W[%k, %j] … } } }
 *
 * The prefetches stand at the top of the loop's body, in copies of just those loops that the place depends on:
 * in the loops of a register tile each line would otherwise be asked for once a row. */
#include "transforms/loops/loops.h"

typedef struct prefetcher {
  ts_schedule *s;
  const ts_op *loop;
  ts_str buffer;
  int64_t distance;      /* in the loop's variable */
  TS_VEC(ts_op *) loads; /* of different places */
  ts_op *first;          /* of the loop's body: prefetches stand before it */
  unsigned added;
  bool overflow;
} prefetcher;

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

/* Has a load of the same place been seen? */
static bool is_repeated(const prefetcher *p, const ts_op *load) {
  for (size_t i = 0; i < p->loads.n; i++) {
    const ts_op *other = p->loads.at[i];
    if (ts_operand(other, 0) == ts_operand(load, 0) && ts_same_subscripts(other, load)) return true;
  }
  return false;
}

static void collect(void *arg, ts_op *op) {
  prefetcher *p = arg;
  if (op->opcode != TS_OP_LOAD || ts_operand(op, 0)->name != p->buffer) return;
  if (ts_has_dim(op, ts_for_parts(p->loop).iv) && !is_repeated(p, op))
    ts_push(p->s->pass->scratch, &p->loads, op);
}

/* A value that is made inside of the loop and is no loop's variable would not be known at its top; a buffer
 * that is made there holds nothing yet. */
static bool known_at_top(const prefetcher *p, const ts_op *load) {
  const ts_value *buffer = ts_operand(load, 0);
  if (buffer->kind == TS_VALUE_RESULT && ts_is_ancestor(ts_for_parts(p->loop).body, buffer->def))
    return false;
  for (unsigned i = 0; i < ts_num_dims(load); i++) {
    const ts_value *v = ts_dim(load, i);
    if (v->kind == TS_VALUE_RESULT && ts_is_ancestor(ts_for_parts(p->loop).body, v->def))
      return false;
  }
  return true;
}

/* Copies, outermost first, of the loops between the load and the prefetching loop whose variables the load uses (or
 * the bounds of such loops do); the builder ends up in the innermost. */
static void open_loops(prefetcher *p, const ts_op *load, ts_builder *b, ts_ptrmap *map) {
  ts_op *around[TS_MAX_NESTING];
  unsigned n = 0;
  for (ts_op *at = ts_loop_around(load); at != p->loop; at = ts_loop_around(at)) {
    bool needed = ts_has_dim(load, ts_for_parts(at).iv);
    for (unsigned i = 0; i < n; i++)
      needed = needed || ts_has_dim(around[i], ts_for_parts(at).iv);
    if (needed) around[n++] = at;
  }
  while (n--) {
    ts_op *copy =
        ts_loop_clone_empty(p->s->m, around[n], ts_for_parts(around[n]).iv->name, p->first);
    for (unsigned i = 0; i < copy->num_operands; i++) {
      ts_value *v = ts_ptrmap_get(map, ts_operand(copy, i));
      if (v) ts_set_operand(copy, i, v);
    }
    if (b->block != ts_for_parts(p->loop).body) {
      ts_op_unlink(copy);
      ts_op_insert(b, copy);
    }
    ts_ptrmap_put(map, ts_for_parts(around[n]).iv, ts_for_parts(copy).iv);
    *b = ts_builder_at_end(p->s->m, ts_for_parts(copy).body, load->loc);
  }
}

static void add(prefetcher *p, const ts_op *load) {
  ts_module *m = p->s->m;
  ts_dims d = ts_dims_none(m);
  const ts_aff *at[TS_MAX_RANK];
  if (!moved_subscripts(p, load, &d, at)) {
    p->overflow = true;
    return;
  }
  ts_ptrmap map;
  ts_ptrmap_init(&map, p->s->pass->scratch);
  ts_builder b = ts_builder_before(m, p->first);
  open_loops(p, load, &b, &map);
  for (unsigned i = 0; i < d.n; i++) {
    ts_value *v = ts_ptrmap_get(&map, d.at[i]);
    if (v) d.at[i] = v;
  }
  ts_value *memref = ts_operand(load, 0);
  ts_op *hint = ts_op_create(m, TS_OP_PREFETCH, load->loc, 1, &memref, 0, NULL, 0, NULL, 0);
  hint->map = load->map;
  hint->subscripted = 1;
  ts_op_insert(&b, hint);
  if (!ts_dims_set_map(&d, hint, load->map->n, at))
    ts_unreachable("subscripts that fitted no longer do");
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
    p.first = ts_for_parts(loop).body->first;
    if (p.buffer && !p.overflow) ts_walk(ts_for_parts(loop).body, collect, &p);
    for (size_t k = 0; k < p.loads.n && !p.overflow; k++)
      if (known_at_top(&p, p.loads.at[k])) add(&p, p.loads.at[k]);
    if (p.overflow)
      return ts_schedule_refuse(
          s, loop, "cannot prefetch %lld iterations ahead: the subscripts get too large",
          (long long)ahead);
    if (!p.added) {
      ts_schedule_missed(s, loop, "%%%s loads nothing from %%%s that moves with it",
                         ts_loop_name(loop), item->name);
      continue;
    }
    ts_schedule_passed(s, loop, "%u loads from %%%s are asked for %lld iterations of %%%s ahead",
                       p.added, item->name, (long long)ahead, ts_loop_name(loop));
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
