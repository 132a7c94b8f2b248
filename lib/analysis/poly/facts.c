/* Facts about the iterations of loops: what always holds, and how many there are. */
#include "analysis/poly/facts.h"

#include "analysis/poly/dependence_impl.h"

typedef struct claim {
  ts_query q;
  const ts_op *op;
  const ts_aff *lhs, *rhs;
  ts_pred pred;
  bool holds;
} claim;

/* No alternative of the claim's negation has a solution where the op runs. */
static ts_result refute(void *arg) {
  claim *c = arg;
  ts_query *q = &c->q;
  ts_poly *p = &q->poly;
  ts_linear lhs, rhs;
  ts_poly_clause negation = {0};
  ts_poly_open(&q->sys, &q->scratch);
  ts_poly_init(p, q->ctx, &q->scratch, c->op->block);
  if (!q->sys.isl || !ts_poly_aff(p, p->root, c->op, c->lhs, &lhs) ||
      !ts_poly_aff(p, p->root, c->op, c->rhs, &rhs) ||
      !ts_poly_relation(p, &lhs, ts_poly_negated(c->pred), &rhs, &negation))
    return TS_OK;
  q->pair.first_a = 1 + (unsigned)p->num_params;
  q->clauses_b = SIZE_MAX;
  ts_poly_reset(&q->sys, q->pair.first_a + (unsigned)p->root->num_locals);
  ts_query_scope(q, &p->outside, false);
  ts_query_scope(q, p->root, false);
  ts_push(&q->scratch, &q->clauses, negation);
  c->holds = !ts_query_possible(q) && !q->spent;
  return TS_OK;
}

static void close_claim(void *arg) {
  claim *c = arg;
  ts_poly_close(&c->q.sys);
  ts_arena_drop(&c->q.scratch);
}

bool ts_poly_holds(ts_context *ctx, ts_arena *arena, const ts_op *op, const ts_aff *lhs,
                   ts_pred pred, const ts_aff *rhs) {
  claim c = {
      .q = {.ctx = ctx, .answer.arena = arena}, .op = op, .lhs = lhs, .rhs = rhs, .pred = pred};
  ts_arena_init(&c.q.scratch, &ctx->memory);
  return ts_protect_cleanup(ctx, refute, close_claim, &c) == TS_OK && c.holds;
}

/* ---- numbers of iterations ---- */

typedef struct trips {
  ts_query q;
  const ts_op *loop;
  ts_extent limit; /* 0: none found */
} trips;

/* Everything that holds in an iteration of the loop. */
static void push_iteration(ts_query *q, const ts_poly_scope *s) {
  q->clauses.n = 0;
  q->pair.first_a = 1 + (unsigned)q->poly.num_params;
  q->clauses_b = SIZE_MAX;
  ts_poly_reset(&q->sys, q->pair.first_a + (unsigned)s->num_locals + 1);
  ts_query_scope(q, &q->poly.outside, false);
  ts_query_scope(q, q->poly.root, false);
  ts_query_scope(q, s, false);
}

/* Is the number of an iteration always below the symbol? */
static bool is_below(ts_query *q, const ts_poly_scope *s, const ts_linear *symbol) {
  push_iteration(q, s);
  int64_t *row = ts_poly_push(&q->sys, false);
  ts_query_add(q, row, &s->count, 1, false);
  ts_query_add(q, row, symbol, -1, false);
  return !ts_query_possible(q) && !q->spent;
}

static ts_result count_trips(void *arg) {
  trips *t = arg;
  ts_query *q = &t->q;
  ts_poly *p = &q->poly;
  ts_poly_open(&q->sys, &q->scratch);
  ts_poly_init(p, q->ctx, &q->scratch, t->loop->block);
  p->count_a = t->loop;
  const ts_poly_scope *s = ts_poly_enter(p, p->root, t->loop, ts_for_parts(t->loop).body);
  if (!q->sys.isl || !s->counted) return TS_OK;
  push_iteration(q, s);
  int64_t *row = ts_poly_push(&q->sys, true), most;
  ts_query_add(q, row, &s->count, 1, false);
  row[q->sys.cols - 1] = -1;
  if (ts_poly_extreme(&q->sys, q->sys.cols - 1, true, &most)) {
    t->limit = ts_max(most, 0) + 1;
    return TS_OK;
  }
  for (size_t i = 0; i < p->fixed.n && !t->limit; i++)
    if (p->fixed.at[i].symbol && is_below(q, s, &p->fixed.at[i].form))
      t->limit = ts_extent_of_name(p->fixed.at[i].symbol);
  return TS_OK;
}

static void close_trips(void *arg) {
  trips *t = arg;
  ts_poly_close(&t->q.sys);
  ts_arena_drop(&t->q.scratch);
}

bool ts_poly_trip_limit(ts_context *ctx, ts_arena *arena, const ts_op *loop, ts_extent *out) {
  trips t = {.q = {.ctx = ctx, .answer.arena = arena}, .loop = loop};
  ts_arena_init(&t.q.scratch, &ctx->memory);
  bool ok = ts_protect_cleanup(ctx, count_trips, close_trips, &t) == TS_OK && t.limit;
  *out = t.limit;
  return ok;
}

/* ---- equal numbers of iterations ---- */

typedef struct pair {
  ts_query q;
  const ts_op *a, *b;
  bool holds;
} pair;

/* Whenever `a` runs its iteration t, the t-th value of b's variable is below b's bounds, too. */
static ts_result refute_more(void *arg) {
  pair *t = arg;
  ts_query *q = &t->q;
  ts_poly *p = &q->poly;
  ts_for f = ts_for_parts(t->b);
  ts_linear value, hi;
  ts_poly_clause missing = {0};
  ts_poly_open(&q->sys, &q->scratch);
  ts_poly_init(p, q->ctx, &q->scratch, t->a->block);
  p->count_a = t->a;
  ts_poly_scope *s = ts_poly_enter(p, p->root, t->a, ts_for_parts(t->a).body);
  if (!q->sys.isl || !s->counted || !ts_poly_aff(p, s, t->b, f.lo[0], &value) ||
      !ts_linear_add(p->arena, &value, &s->count, f.step))
    return TS_OK;
  for (unsigned i = 0; i < f.num_hi; i++)
    if (!ts_poly_aff(p, s, t->b, f.hi[i], &hi) ||
        !ts_poly_relation(p, &value, TS_GE, &hi, &missing))
      return TS_OK;
  push_iteration(q, s);
  ts_push(&q->scratch, &q->clauses, missing);
  t->holds = !ts_query_possible(q) && !q->spent;
  return TS_OK;
}

static void close_pair(void *arg) {
  pair *t = arg;
  ts_poly_close(&t->q.sys);
  ts_arena_drop(&t->q.scratch);
}

static bool no_more_trips(ts_context *ctx, ts_arena *arena, const ts_op *a, const ts_op *b) {
  pair t = {.q = {.ctx = ctx, .answer.arena = arena}, .a = a, .b = b};
  ts_arena_init(&t.q.scratch, &ctx->memory);
  return ts_protect_cleanup(ctx, refute_more, close_pair, &t) == TS_OK && t.holds;
}

bool ts_poly_same_trips(ts_context *ctx, ts_arena *arena, const ts_op *a, const ts_op *b) {
  return no_more_trips(ctx, arena, a, b) && no_more_trips(ctx, arena, b, a);
}
