/* Which conflicting pairs would a step run in the wrong order? See dependence.h.
 *
 * For each ordered pair of accesses to one buffer, of which one writes, the rows of poly_impl.h say when
 * they meet at one element. The rows of the step then say: the first runs before the second in the
 * program as it is, and not before it afterwards. Both orders are lexicographic, so they come as a
 * few cases, each a conjunction; a step is legal when no case of any pair has a solution. */
#include "analysis/poly/dependence_impl.h"
#include "analysis/poly/update.h"

/* Rows that can hold are a violation. */
static bool violation(ts_query *q) {
  if (!ts_query_possible(q) || q->spent) return false;
  ts_query_report(q);
  return true;
}

/* ---- reorder ---- */

/* Does a run after b in the new order? `signs` are of the nest's loops. */
static bool is_reversed(const ts_query *q, const ts_sign *signs) {
  for (unsigned m = 0; m < q->question->n; m++)
    if (signs[q->question->order[m]] != TS_SIGN_SAME)
      return signs[q->question->order[m]] == TS_SIGN_AFTER;
  return false;
}

/* Once a is known to come first in a loop that will be outside of all undecided ones, these no
 * longer matter: the order is kept. */
static bool is_settled(const ts_query *q, const ts_sign *signs, unsigned known) {
  for (unsigned m = 0; m < q->question->n; m++) {
    unsigned l = q->question->order[m];
    if (l >= known) return false;
    if (signs[l] != TS_SIGN_SAME) return signs[l] == TS_SIGN_BEFORE;
  }
  return true;
}

static void try_signs(ts_query *q, ts_sign *signs, unsigned l, bool before) {
  if (q->spent || (before && is_settled(q, signs, l))) return;
  if (l == q->question->n || l == q->pair.num_common) {
    if (before && is_reversed(q, signs)) ts_query_report(q);
    return;
  }
  size_t mark = q->sys.n;
  for (ts_sign s = TS_SIGN_SAME;
       s <= (before ? TS_SIGN_AFTER : TS_SIGN_BEFORE) && !ts_query_is_decided(q); s++) {
    signs[l] = s;
    ts_query_sign(q, l, s);
    if (ts_query_possible(q)) try_signs(q, signs, l + 1, before || s == TS_SIGN_BEFORE);
    q->sys.n = mark;
  }
  signs[l] = TS_SIGN_SAME;
}

static void ask_reorder(ts_query *q) {
  ts_query_base(q, 0);
  if (!q->pair.signs) q->pair.signs = ts_new_array(&q->scratch, ts_sign, q->question->n);
  try_signs(q, q->pair.signs, 0, false);
}

/* ---- the other steps ---- */

/* The outermost loop runs a before b. */
static void ask_parallel(ts_query *q) {
  if (q->pair.num_common == 0) return;
  ts_query_base(q, 0);
  ts_query_sign(q, 0, TS_SIGN_BEFORE);
  violation(q);
}

/* `count` of the scope, of a and of b. The row is returned. */
static int64_t *push_later(ts_query *q, const ts_poly_scope *of_early, bool early_is_b,
                           const ts_poly_scope *of_late) {
  int64_t *row = ts_poly_push(&q->sys, false);
  ts_query_add(q, row, &of_late->count, 1, !early_is_b);
  ts_query_add(q, row, &of_early->count, -1, early_is_b);
  row[0]--;
  return row;
}

/* a and b are in one group of `factor` iterations, a in an earlier one. */
static void push_group(ts_query *q) {
  const ts_poly_scope *s = q->pair.common[0];
  push_later(q, s, false, s);
  for (int end = 0; end < 2; end++) { /* 0 <= count - factor * group <= factor - 1 */
    int64_t *row = ts_poly_push(&q->sys, false);
    ts_query_add(q, row, &s->count, end ? -1 : 1, end);
    row[q->pair.extra] = end ? q->question->factor : -q->question->factor;
    row[0] += end ? q->question->factor - 1 : 0;
  }
}

/* It is not known which iterations will run together, so any two may. */
static void ask_uncounted(ts_query *q) {
  ts_query_base(q, 0);
  ts_query_sign(q, 0, TS_SIGN_BEFORE);
  violation(q);
}

/* Rows are pushed for loops 0 to `outer`. Within these, is b reached before a: in an earlier
 * iteration of the next loop, or of the one after that …, or first in the text? */
static void ask_reached_first(ts_query *q, unsigned outer) {
  size_t mark = q->sys.n;
  for (unsigned l = outer; l < q->pair.num_common; l++) {
    ts_query_sign(q, l, TS_SIGN_AFTER);
    if (violation(q)) return;
    q->sys.n = mark;
    ts_query_sign(q, l, TS_SIGN_SAME);
    mark = q->sys.n;
  }
  if (q->pair.b->position < q->pair.a->position) violation(q);
}

/* Jammed, the iterations of a group are innermost: a and b are reversed when b comes first in the
 * body. */
static void ask_jam(ts_query *q) {
  if (q->pair.num_common == 0) return;
  if (!q->pair.common[0]->counted) {
    ask_uncounted(q);
    return;
  }
  ts_query_base(q, 1);
  push_group(q);
  ask_reached_first(q, 1);
}

/* a stands in a later piece than b and runs in an earlier iteration of the nest. */
static void ask_distribute(ts_query *q) {
  if (q->pair.a->piece <= q->pair.b->piece) return;
  ts_query_base(q, 0);
  for (unsigned l = 0; l < q->question->n && l < q->pair.num_common; l++) {
    size_t mark = q->sys.n;
    ts_query_sign(q, l, TS_SIGN_BEFORE);
    if (violation(q)) return;
    q->sys.n = mark;
    ts_query_sign(q, l, TS_SIGN_SAME);
  }
}

enum { IN_FIRST, BETWEEN, IN_SECOND };

static const ts_poly_scope *outermost_loop(const ts_poly_access *x) {
  const ts_poly_scope *s = x->leaf;
  while (s->num_loops > 1 || !s->iv)
    s = s->parent;
  return s;
}

/* What stands between moves in front of the first loop; the second loop's iteration t in front of
 * the first's t + 1 + lag. */
static void ask_fuse(ts_query *q) {
  if (q->pair.a->piece != IN_FIRST || q->pair.b->piece == IN_FIRST) return;
  ts_query_base(q, 0);
  q->pair.fused[0] = q->pair.fused[1] = NULL;
  if (q->pair.b->piece == IN_SECOND) {
    const ts_poly_scope *s = outermost_loop(q->pair.a), *t = outermost_loop(q->pair.b);
    if (s->counted && t->counted) {
      q->pair.fused[0] = s;
      q->pair.fused[1] = t;
      push_later(q, t, true, s)[0] -= q->question->fuse.lag;
    }
  }
  violation(q);
}

/* a, in the nest that moved, now runs after b. */
static void ask_moved(ts_query *q) {
  if (q->pair.a->piece != IN_FIRST || q->pair.b->piece == IN_FIRST) return;
  ts_query_base(q, 0);
  ask_reached_first(q, 0);
}

/* The outermost loop runs the access again. */
static void ask_repeat(ts_query *q) {
  const ts_op *op = q->question->repeated;
  if (q->pair.a->op == op && q->pair.b->op == op) ask_parallel(q);
}

static void ask_meet(ts_query *q) {
  if (q->pair.a->op != q->question->meet.first || q->pair.b->op != q->question->meet.second) return;
  ts_query_base(q, 0);
  violation(q);
}

/* ---- questions ---- */

ts_result ts_dep_reorder(ts_context *ctx, ts_arena *arena, unsigned n, ts_op *const *loops,
                         const unsigned *order, ts_verdict *verdict) {
  ts_question q = {.ask = ask_reorder,
                   .model = ts_query_model_loop,
                   .at = loops[0],
                   .n = n,
                   .loops = loops,
                   .order = order,
                   .whole = true};
  return ts_query_run(ctx, arena, &q, verdict, NULL);
}

ts_question ts_question_parallel(ts_op **loop) {
  return (ts_question){
      .ask = ask_parallel, .model = ts_query_model_loop, .at = *loop, .n = 1, .loops = loop};
}

ts_result ts_dep_parallel(ts_context *ctx, ts_arena *arena, ts_op *loop, ts_verdict *verdict) {
  ts_question q = ts_question_parallel(&loop);
  return ts_query_run(ctx, arena, &q, verdict, NULL);
}

ts_result ts_dep_parallel_updates(ts_context *ctx, ts_arena *arena, ts_op *loop,
                                  const ts_value *apart, ts_verdict *verdict) {
  ts_question q = ts_question_parallel(&loop);
  q.whole = true;
  q.apart = apart;
  return ts_query_run(ctx, arena, &q, verdict, NULL);
}

ts_result ts_dep_marked(ts_context *ctx, ts_arena *arena, ts_op *loop, ts_verdict *verdict) {
  ts_question q = ts_question_parallel(&loop);
  q.marked = q.quiet = true;
  return ts_query_run(ctx, arena, &q, verdict, NULL);
}

ts_result ts_dep_repeat(ts_context *ctx, ts_arena *arena, ts_op *loop, const ts_op *op,
                        ts_verdict *verdict) {
  ts_question q = {.ask = ask_repeat,
                   .model = ts_query_model_loop,
                   .at = loop,
                   .n = 1,
                   .loops = &loop,
                   .repeated = op};
  return ts_query_run(ctx, arena, &q, verdict, NULL);
}

static void model_counted(ts_query *q) {
  q->poly.count_a = q->question->loops[0];
  ts_poly_add(&q->poly, q->question->loops[0]);
}

ts_result ts_dep_jam(ts_context *ctx, ts_arena *arena, ts_op *loop, int64_t factor,
                     unsigned num_ignore, ts_op *const *ignore, ts_verdict *verdict) {
  ts_question q = {.ask = ask_jam,
                   .model = model_counted,
                   .at = loop,
                   .n = 1,
                   .loops = &loop,
                   .factor = factor,
                   .num_ignore = num_ignore,
                   .ignore = ignore};
  return ts_query_run(ctx, arena, &q, verdict, NULL);
}

/* A step that puts the load and the store of an update into different pieces leaves no update. */
static void take_apart(ts_query *q, size_t store) {
  ts_poly_access *all = q->poly.accesses.at;
  ts_update u;
  if (all[store].update == TS_NUM_OPCODES || !ts_update_of(all[store].op, &u)) return;
  for (size_t i = store; i-- > 0;) {
    if (all[i].op != u.load) continue;
    if (all[i].piece != all[store].piece) all[i].update = all[store].update = TS_NUM_OPCODES;
    return;
  }
}

/* The innermost body's ops are numbered by the cuts before them; each op inside belongs to the one
 * it is in. */
static void model_pieces(ts_query *q) {
  ts_poly_add(&q->poly, q->question->loops[0]);
  const ts_block *body = ts_op_regions(q->question->loops[q->question->n - 1])[0];
  ts_ptrmap piece_of;
  ts_ptrmap_init(&piece_of, &q->scratch);
  unsigned piece = 0;
  for (const ts_op *op = body->first; op; op = op->next) {
    if (piece < q->question->distribute.num_cuts && q->question->distribute.cuts[piece] == op)
      piece++;
    ts_ptrmap_put(&piece_of, op, (void *)(uintptr_t)piece);
  }
  for (size_t i = 0; i < q->poly.accesses.n; i++) {
    const ts_op *op = q->poly.accesses.at[i].op;
    while (op->block != body)
      op = op->block->parent;
    q->poly.accesses.at[i].piece = (unsigned)(uintptr_t)ts_ptrmap_get(&piece_of, op);
  }
  for (size_t i = 0; i < q->poly.accesses.n; i++)
    if (q->poly.accesses.at[i].op->opcode == TS_OP_STORE) take_apart(q, i);
}

ts_result ts_dep_distribute(ts_context *ctx, ts_arena *arena, unsigned n, ts_op *const *loops,
                            unsigned num_cuts, ts_op *const *cuts, ts_verdict *verdict) {
  ts_question q = {.ask = ask_distribute,
                   .model = model_pieces,
                   .at = loops[0],
                   .n = n,
                   .loops = loops,
                   .distribute = {num_cuts, cuts},
                   .whole = true};
  return ts_query_run(ctx, arena, &q, verdict, NULL);
}

static void model_two(ts_query *q) {
  const ts_op *first = q->question->fuse.first, *second = q->question->fuse.second;
  q->poly.count_a = first;
  q->poly.count_b = second;
  q->poly.piece = IN_FIRST;
  ts_poly_add(&q->poly, first);
  q->poly.piece = BETWEEN;
  for (const ts_op *op = first->next; op != second; op = op->next)
    ts_poly_add(&q->poly, op);
  q->poly.piece = IN_SECOND;
  ts_poly_add(&q->poly, second);
}

ts_result ts_dep_fuse(ts_context *ctx, ts_arena *arena, ts_op *first, ts_op *second,
                      ts_verdict *verdict) {
  ts_question q = {.ask = ask_fuse,
                   .model = model_two,
                   .at = first,
                   .fuse = {.first = first, .second = second},
                   .whole = true};
  return ts_query_run(ctx, arena, &q, verdict, NULL);
}

static bool may_lag(ts_context *ctx, ts_op *first, ts_op *second, int64_t lag) {
  ts_arena arena;
  ts_verdict verdict;
  ts_arena_init(&arena, &ctx->memory);
  ts_question q = {.ask = ask_fuse,
                   .model = model_two,
                   .at = first,
                   .fuse = {first, second, lag},
                   .quiet = true,
                   .brief = true,
                   .whole = true};
  bool may = !ts_query_run(ctx, &arena, &q, &verdict, NULL) && verdict.legal;
  ts_arena_drop(&arena);
  return may;
}

/* Whatever may lag by some number may lag by more. */
int64_t ts_dep_fuse_lag(ts_context *ctx, ts_op *first, ts_op *second) {
  enum { MAX_LAG = 64 };
  int64_t most = 1, least;
  while (most <= MAX_LAG && !may_lag(ctx, first, second, most))
    most *= 2;
  if (most > MAX_LAG) return 0;
  for (least = most / 2 + 1; least < most;) {
    int64_t middle = least + (most - least) / 2;
    if (may_lag(ctx, first, second, middle))
      most = middle;
    else
      least = middle + 1;
  }
  return most;
}

static void model_moved(ts_query *q) {
  const ts_op *last = q->question->move.last;
  for (const ts_op *op = q->question->move.first; op; op = op == last ? NULL : op->next)
    ts_poly_add(&q->poly, op);
  const ts_block *inside = ts_op_regions(q->question->move.nest)[0];
  for (size_t i = 0; i < q->poly.accesses.n; i++) {
    ts_poly_access *x = &q->poly.accesses.at[i];
    x->piece = ts_is_ancestor(inside, x->op) ? IN_FIRST : BETWEEN;
  }
}

ts_result ts_dep_moved(ts_context *ctx, ts_arena *arena, ts_op *first, ts_op *last, ts_op *nest,
                       ts_verdict *verdict) {
  ts_question q = {.ask = ask_moved,
                   .model = model_moved,
                   .at = first,
                   .move = {first, last, nest},
                   .afterwards = true,
                   .whole = true};
  return ts_query_run(ctx, arena, &q, verdict, NULL);
}

/* The op of the block that `op` stands in; NULL: none. */
static const ts_op *op_in(const ts_block *block, const ts_op *op) {
  while (op && op->block != block)
    op = op->block->parent;
  return op;
}

/* Only the two ops of the block that the accesses stand in. */
static void model_meet(ts_query *q) {
  ts_poly_add(&q->poly, q->question->at);
  ts_poly_add(&q->poly, op_in(q->question->at->block, q->question->meet.second));
}

ts_result ts_dep_meet(ts_context *ctx, ts_arena *arena, const ts_op *first, const ts_op *second,
                      ts_verdict *verdict) {
  const ts_op *at = first;
  while (!ts_is_ancestor(at->block, second))
    at = at->block->parent;
  ts_question q = {.ask = ask_meet, .model = model_meet, .at = at, .meet = {first, second}};
  return ts_query_run(ctx, arena, &q, verdict, NULL);
}
