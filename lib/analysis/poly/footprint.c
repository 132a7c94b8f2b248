/* Boxes around accesses, dimension by dimension; see footprint.h.
 *
 * Candidates for the lower bound come from the accesses themselves: each gives the forms that its
 * subscript never falls below. The one that is below all others and leaves the smallest extent is
 * taken. */
#include "analysis/poly/footprint.h"

#include "analysis/index/range.h"

/* ---- accesses ---- */

typedef struct collector {
  ts_forms *F;
  ts_value *memref;
  ts_touches *out;
} collector;

static bool uses(const ts_op *op, const ts_value *v) {
  for (unsigned i = 0; i < op->num_operands; i++)
    if (ts_operand(op, i) == v) return true;
  return false;
}

/* Loop variables, launch indices and what is computed from them by applies. A value of the run, even
 * one from before the block, is not: no bound of a loop can speak of it. */
static bool is_known(const ts_linear *l) {
  for (unsigned i = 0; i < l->n; i++) {
    const ts_form_atom *a = ts_form_atom_of(&l->terms[i]);
    if (a->kind == TS_FORM_SYM) continue;
    if (a->kind != TS_FORM_VALUE) {
      if (!is_known(a->inner)) return false;
    } else if (a->value->kind == TS_VALUE_RESULT) {
      return false;
    }
  }
  return true;
}

static void obstacle(collector *c, const ts_op *op, const char *reason) {
  if (c->out->obstacle) return;
  c->out->obstacle = op;
  c->out->reason = reason;
}

static void collect(void *ctx, ts_op *op) {
  collector *c = ctx;
  ts_access a;
  if (!uses(op, c->memref) || op->opcode == TS_OP_PREFETCH) return;
  bool plain = op->opcode == TS_OP_LOAD || op->opcode == TS_OP_STORE;
  if (!plain || !ts_access_parts(op, 0, &a) || a.memref != c->memref) {
    obstacle(c, op, "it is neither a load nor a store");
    return;
  }
  ts_touch t = {.op = op, .reads = a.reads, .writes = a.writes, .n = a.n};
  for (unsigned d = 0; d < a.n; d++) {
    t.at[d] = ts_form_of(c->F, op, a.subscripts[d]);
    t.widths[d] = ts_access_width(op, &a, d);
    if (!t.at[d]) {
      obstacle(c, op, "a subscript is too large an expression");
      return;
    }
    if (!is_known(t.at[d])) {
      obstacle(c, op, "a subscript is computed at run time");
      return;
    }
  }
  c->out->reads |= t.reads;
  c->out->writes |= t.writes;
  ts_push(c->F->arena, &c->out->list, t);
}

bool ts_touches_in(ts_forms *F, ts_block *block, ts_value *memref, ts_touches *out) {
  *out = (ts_touches){0};
  collector c = {F, memref, out};
  ts_walk(block, collect, &c);
  return !out->obstacle;
}

/* ---- one dimension ---- */

typedef struct dimension {
  ts_forms *F;
  const ts_touches *touches;
  const ts_block *block;
  unsigned d;
  ts_extent whole; /* of the buffer */
} dimension;

typedef TS_VEC(const ts_linear *) lowers_list;

/* One past the last element that the access touches. */
static const ts_linear *end_of(const dimension *q, const ts_touch *t) {
  return ts_form_add(q->F, t->at[q->d], ts_form_const(q->F, t->widths[q->d]), 1);
}

static bool is_below_all(const dimension *q, const ts_linear *lower) {
  for (size_t i = 0; i < q->touches->list.n; i++)
    if (!ts_form_le(q->F, lower, q->touches->list.at[i].at[q->d])) return false;
  return true;
}

/* The least constant extent such that [lower, lower + extent) holds all accesses. */
static bool constant_extent(const dimension *q, const ts_linear *lower, int64_t *out) {
  *out = 1;
  for (size_t i = 0; i < q->touches->list.n; i++) {
    int64_t most;
    const ts_linear *end = end_of(q, &q->touches->list.at[i]);
    if (!ts_form_most(q->F, ts_form_add(q->F, end, lower, -1), &most)) return false;
    *out = ts_max(*out, most);
  }
  return true;
}

static bool ends_within(const dimension *q, const ts_linear *lower, const ts_linear *extent) {
  for (size_t i = 0; i < q->touches->list.n; i++) {
    const ts_linear *end = ts_form_add(q->F, end_of(q, &q->touches->list.at[i]), lower, -1);
    if (!ts_form_le(q->F, end, extent)) return false;
  }
  return true;
}

/* A symbolic extent such that [lower, lower + extent) holds all accesses; false when no symbol
 * does. */
static bool symbolic_extent(const dimension *q, const ts_linear *lower, ts_extent *out) {
  const ts_linear *end = end_of(q, &q->touches->list.at[0]);
  ts_form_list ends = ts_form_bounds(q->F, ts_form_add(q->F, end, lower, -1), true, NULL);
  for (unsigned i = 0; i < ends.n; i++) {
    const ts_linear *e = ends.at[i];
    if (e->n != 1 || e->constant || e->terms[0].coef != 1) continue;
    const ts_form_atom *a = ts_form_atom_of(&e->terms[0]);
    if (a->kind != TS_FORM_SYM || !ends_within(q, lower, e)) continue;
    *out = ts_extent_of_name(a->sym);
    return true;
  }
  return false;
}

/* A number is better than a symbol, a symbol better than no extent, and a small number better than
 * a large one. */
static bool is_better(const ts_box_dim *a, const ts_box_dim *b) {
  if (!b->lower) return true;
  if (ts_is_symbolic(a->extent) || ts_is_symbolic(b->extent))
    return ts_is_symbolic(b->extent) && !ts_is_symbolic(a->extent);
  return a->extent < b->extent;
}

static void try_lower(const dimension *q, const ts_linear *lower, ts_box_dim *best) {
  ts_box_dim dim = {.lower = lower};
  if (!is_below_all(q, lower)) return;
  if (!constant_extent(q, lower, &dim.extent) && !symbolic_extent(q, lower, &dim.extent)) return;
  if (is_better(&dim, best)) *best = dim;
}

/* Forms that were tried before are not tried again: thousands of accesses may begin at one place. */
static bool is_new(const dimension *q, lowers_list *tried, const ts_linear *lower) {
  for (size_t i = 0; i < tried->n; i++)
    if (ts_linear_same(tried->at[i], lower)) return false;
  ts_push(q->F->arena, tried, lower);
  return true;
}

static bool is_whole(const dimension *q, const ts_box_dim *dim) {
  if (!dim->lower || dim->extent == q->whole) return true;
  return !ts_is_symbolic(dim->extent) && !ts_is_symbolic(q->whole) && dim->extent > q->whole;
}

static bool ends_all(const dimension *q, const ts_linear *end) {
  for (size_t i = 0; i < q->touches->list.n; i++)
    if (!ts_form_le(q->F, end_of(q, &q->touches->list.at[i]), end)) return false;
  return true;
}

/* Ends of the part in use that may come before the box's: those of one access that hold for all. */
static void find_ends(const dimension *q, ts_box_dim *dim) {
  const ts_linear *box_end = ts_form_add(q->F, dim->lower, ts_form_extent(q->F, dim->extent), 1);
  const ts_linear *whole = ts_form_extent(q->F, q->whole);
  bool inside = ts_form_le(q->F, box_end, whole);
  for (size_t i = 0; i < q->touches->list.n; i++) {
    ts_form_list ends = ts_form_bounds(q->F, end_of(q, &q->touches->list.at[i]), true, q->block);
    for (unsigned k = 0; k < ends.n; k++) {
      bool known = ts_form_le(q->F, box_end, ends.at[k]) || dim->num_ends + 1 == TS_FORM_MAX_BOUNDS;
      for (unsigned e = 0; e < dim->num_ends; e++)
        known = known || ts_form_le(q->F, dim->ends[e], ends.at[k]);
      if (known || !ends_all(q, ends.at[k])) continue;
      dim->ends[dim->num_ends++] = ends.at[k];
      inside = inside || ts_form_le(q->F, ends.at[k], whole);
    }
  }
  if (!inside) dim->ends[dim->num_ends++] = whole;
  int64_t least;
  dim->below = !ts_form_least(q->F, dim->lower, &least) || least < 0;
}

void ts_box_of(ts_forms *F, const ts_touches *touches, const ts_block *block, const ts_type *memref,
               ts_box *box) {
  box->rank = memref->rank;
  for (unsigned d = 0; d < box->rank; d++) {
    dimension q = {F, touches, block, d, memref->dims[d]};
    ts_box_dim best = {0};
    lowers_list tried = {0};
    for (size_t i = 0; i < touches->list.n; i++) {
      ts_form_list lowers = ts_form_bounds(F, touches->list.at[i].at[d], false, block);
      for (unsigned k = 0; k < lowers.n; k++)
        if (is_new(&q, &tried, lowers.at[k])) try_lower(&q, lowers.at[k], &best);
    }
    if (is_whole(&q, &best)) best = (ts_box_dim){.lower = ts_form_const(F, 0), .extent = q.whole};
    find_ends(&q, &best);
    box->dims[d] = best;
  }
}

/* ---- boxes of different iterations ---- */

/* Everything in iteration v lies in [base + coef * v, base + coef * v + size), where size is the
 * distance to the next iteration's. */
typedef struct window {
  ts_forms *F;
  const ts_op *loop;
  int64_t coef, size;
  const ts_linear *base; /* NULL: not known yet */
} window;

static const ts_linear *without_iv(const window *w, const ts_linear *l) {
  return ts_form_add(w->F, l, ts_form_value(w->F, ts_for_parts(w->loop).iv), -w->coef);
}

static bool some_ge(ts_forms *F, const ts_form_list *as, const ts_linear *b) {
  for (unsigned i = 0; i < as->n; i++)
    if (ts_form_le(F, b, as->at[i])) return true;
  return false;
}

static bool some_le(ts_forms *F, const ts_form_list *as, const ts_linear *b) {
  for (unsigned i = 0; i < as->n; i++)
    if (ts_form_le(F, as->at[i], b)) return true;
  return false;
}

static bool lies_in(window *w, const ts_linear *lower, const ts_linear *end) {
  ts_for f = ts_for_parts(w->loop);
  ts_form_list from = ts_form_bounds(w->F, without_iv(w, lower), false, f.body);
  ts_form_list to = ts_form_bounds(w->F, without_iv(w, end), true, f.body);
  for (unsigned i = 0; !w->base && i < from.n; i++)
    if (!ts_form_mentions(from.at[i], f.iv)) w->base = from.at[i];
  if (!w->base) return false;
  return some_ge(w->F, &from, w->base) &&
         some_le(w->F, &to, ts_form_add(w->F, w->base, ts_form_const(w->F, w->size), 1));
}

static bool is_disjoint_in(ts_forms *F, const ts_box_dim *dim, unsigned d, const ts_block *block,
                           const ts_op *loop, const ts_touches *others) {
  ts_for f = ts_for_parts(loop);
  window w = {.F = F, .loop = loop, .coef = ts_form_coef(F, dim->lower, f.iv)};
  if (!w.coef || __builtin_mul_overflow(w.coef < 0 ? -w.coef : w.coef, f.step, &w.size))
    return false;
  if (!lies_in(&w, dim->lower, ts_form_add(F, dim->lower, ts_form_extent(F, dim->extent), 1)))
    return false;
  for (size_t i = 0; others && i < others->list.n; i++) {
    const ts_touch *t = &others->list.at[i];
    const ts_linear *end = ts_form_add(F, t->at[d], ts_form_const(F, t->widths[d]), 1);
    if (!ts_is_ancestor(block, t->op) && !lies_in(&w, t->at[d], end)) return false;
  }
  return true;
}

bool ts_box_is_disjoint(ts_forms *F, const ts_box *box, const ts_block *block, const ts_op *loop,
                        const ts_touches *others) {
  for (unsigned d = 0; d < box->rank; d++)
    if (is_disjoint_in(F, &box->dims[d], d, block, loop, others)) return true;
  return false;
}
