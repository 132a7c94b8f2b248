/* What would be legal: the nearest order of a nest, the loops that may run in parallel; and
 * facts. */
#include "analysis/poly/dependence_impl.h"

enum { MAX_NEST = 8, MAX_VECTORS = 6561 /* 3^8 */ };

/* ---- orders ---- */

/* Notes the sign vectors that some meeting of the pair has, the first sign that is not SAME being
 * BEFORE. */
static void collect(ts_query *q, unsigned l, unsigned code, bool before) {
  if (q->spent) return;
  if (l == q->question->n || l == q->pair.num_common) {
    for (; l < q->question->n; l++)
      code *= 3;
    q->question->vectors[code] |= before;
    return;
  }
  size_t mark = q->sys.n;
  for (ts_sign s = TS_SIGN_SAME; s <= (before ? TS_SIGN_AFTER : TS_SIGN_BEFORE); s++) {
    ts_query_sign(q, l, s);
    if (ts_query_possible(q)) collect(q, l + 1, code * 3 + s, before || s == TS_SIGN_BEFORE);
    q->sys.n = mark;
  }
}

static void ask_vectors(ts_query *q) {
  ts_query_base(q, 0);
  collect(q, 0, 0, false);
}

/* A search through all orders, outer loops first. */
typedef struct search {
  unsigned n;
  const unsigned *wanted;
  unsigned num_vectors;
  uint8_t (*vectors)[MAX_NEST];    /* ts_sign of each loop */
  bool inside[MAX_NEST][MAX_NEST]; /* inside[a][b]: a's bounds speak of b */
  unsigned chosen[MAX_NEST];       /* places in `wanted` */
  bool taken[MAX_NEST];
  unsigned best, best_at[MAX_NEST];
} search;

/* Do the loop's bounds speak only of loops that are outside of it? */
static bool has_bounds(const search *s, unsigned loop) {
  for (unsigned place = 0; place < s->n; place++)
    if (s->inside[loop][s->wanted[place]] && !s->taken[place]) return false;
  return true;
}

/* May the loop stand next, inside those chosen? */
static bool keeps_order(const search *s, unsigned depth, unsigned loop) {
  for (unsigned v = 0; v < s->num_vectors; v++) {
    const uint8_t *signs = s->vectors[v];
    bool open = signs[loop] == TS_SIGN_AFTER;
    for (unsigned i = 0; open && i < depth; i++)
      open = signs[s->wanted[s->chosen[i]]] == TS_SIGN_SAME;
    if (open) return false;
  }
  return true;
}

static void extend(search *s, unsigned depth, unsigned inversions) {
  if (inversions >= s->best) return;
  if (depth == s->n) {
    s->best = inversions;
    memcpy(s->best_at, s->chosen, sizeof s->chosen);
    return;
  }
  unsigned passed = 0; /* places before this one that are still to come: inversions */
  for (unsigned place = 0; place < s->n; place++) {
    if (s->taken[place]) continue;
    if (has_bounds(s, s->wanted[place]) && keeps_order(s, depth, s->wanted[place])) {
      s->taken[place] = true;
      s->chosen[depth] = place;
      extend(s, depth + 1, inversions + passed);
      s->taken[place] = false;
    }
    passed++;
  }
}

static void take_vectors(search *s, const bool *seen) {
  unsigned powers = 1;
  for (unsigned i = 0; i < s->n; i++)
    powers *= 3;
  for (unsigned code = 0; code < powers; code++) {
    if (!seen[code]) continue;
    for (unsigned l = s->n, rest = code; l-- > 0; rest /= 3)
      s->vectors[s->num_vectors][l] = (uint8_t)(rest % 3);
    s->num_vectors++;
  }
}

static void note_bounds(search *s, ts_op *const *loops) {
  for (unsigned a = 0; a < s->n; a++)
    for (unsigned b = 0; b < s->n; b++)
      for (unsigned i = 0; i < ts_num_dims(loops[a]); i++)
        s->inside[a][b] |= ts_dim(loops[a], i) == ts_for_parts(loops[b]).iv;
}

ts_result ts_dep_nearest_order(ts_context *ctx, ts_arena *arena, unsigned n, ts_op *const *loops,
                               const unsigned *order, unsigned *nearest) {
  ts_verdict verdict;
  if (n > MAX_NEST) {
    for (unsigned i = 0; i < n; i++)
      nearest[i] = i;
    return TS_OK;
  }
  ts_question q = {.ask = ask_vectors,
                   .model = ts_query_model_loop,
                   .at = loops[0],
                   .n = n,
                   .loops = loops,
                   .quiet = true,
                   .vectors = ts_new_array(arena, bool, MAX_VECTORS),
                   .whole = true};
  ts_result result = ts_query_run(ctx, arena, &q, &verdict, NULL);
  if (result) return result;
  search s = {.n = n, .wanted = order, .best = UINT32_MAX};
  s.vectors = ts_arena_alloc(arena, MAX_VECTORS * sizeof *s.vectors);
  take_vectors(&s, q.vectors);
  note_bounds(&s, loops);
  extend(&s, 0, 0);
  for (unsigned i = 0; i < n; i++)
    nearest[i] = order[s.best_at[i]];
  return TS_OK;
}

ts_result ts_dep_parallel_loops(ts_context *ctx, ts_arena *arena, unsigned n, ts_op *const *loops,
                                bool *may) {
  uint64_t effort = 0;
  for (unsigned i = 0; i < n; i++) {
    ts_verdict verdict;
    ts_op *loop = loops[i];
    ts_question q = ts_question_parallel(&loop);
    q.brief = true;
    q.effort = effort;
    ts_result result = ts_query_run(ctx, arena, &q, &verdict, &effort);
    if (result) return result;
    may[i] = verdict.legal;
  }
  return TS_OK;
}
