/* Which conflicting pairs would a step run in the wrong order? See dependence.h.
 *
 * For each ordered pair of accesses to one buffer, of which one writes, the rows of poly_impl.h say when
 * they meet at one element. The rows of the step then say: the first runs before the second in the
 * program as it is, and not before it afterwards. Both orders are lexicographic, so they come as a
 * few cases, each a conjunction; a step is legal when no case of any pair has a solution. */
#include "analysis/poly/dependence_impl.h"
#include "analysis/poly/update.h"

/* ---- the pair at hand ---- */

unsigned ts_query_column(const ts_query *q, int32_t var, bool of_b) {
  if (var < 0) return 1 + (unsigned)~var;
  return (of_b ? q->first_b : q->first_a) + (unsigned)var;
}

void ts_query_add(const ts_query *q, int64_t *row, const ts_poly_form *f, int64_t times,
                  bool of_b) {
  row[0] += times * f->constant;
  for (unsigned i = 0; i < f->n; i++)
    row[ts_query_column(q, f->terms[i].var, of_b)] += times * f->terms[i].coef;
}

void ts_query_rows(ts_query *q, unsigned n, const ts_poly_row *rows, bool of_b) {
  for (unsigned i = 0; i < n; i++)
    ts_query_add(q, ts_poly_push(&q->sys, rows[i].eq), &rows[i].form, 1, of_b);
}

void ts_query_scope(ts_query *q, const ts_poly_scope *s, bool of_b) {
  ts_query_rows(q, (unsigned)s->rows.n, s->rows.at, of_b);
  for (size_t i = 0; i < s->clauses.n; i++)
    ts_push(&q->scratch, &q->clauses, s->clauses.at[i]);
}

static void push_path(ts_query *q, const ts_poly_access *x, bool of_b) {
  for (const ts_poly_scope *s = x->leaf; s; s = s->parent)
    ts_query_scope(q, s, of_b);
}

bool ts_query_choices(ts_query *q, size_t clause, bool (*fn)(ts_query *)) {
  if (clause == q->clauses.n) return fn(q);
  size_t mark = q->sys.n;
  const ts_poly_clause *c = &q->clauses.at[clause];
  for (size_t i = 0; i < c->alts.n && !q->spent; i++) {
    ts_query_rows(q, c->alts.at[i].n, c->alts.at[i].rows, clause >= q->clauses_b);
    bool stop = ts_query_choices(q, clause + 1, fn);
    q->sys.n = mark;
    if (stop) return true;
  }
  return false;
}

/* The scope in each of whose runs the access' buffer is another one; NULL: it is one throughout the
 * stretch. A shared buffer is one for all threads of a launch. */
static const ts_poly_scope *scope_of_alloc(const ts_poly_access *x) {
  const ts_value *m = x->memref;
  if (!m || m->kind != TS_VALUE_RESULT) return NULL;
  const ts_poly_scope *s = x->leaf->parent;
  while (s && s->block != m->def->block)
    s = s->parent;
  while (s && m->type->space == TS_SPACE_SHARED && s->op && s->op->opcode == TS_OP_LAUNCH)
    s = s->parent;
  return s;
}

/* Both touch one element: their ranges overlap in each dimension. */
static void push_meeting(ts_query *q) {
  const ts_poly_access *a = q->a, *b = q->b;
  if (!a->memref || !b->memref) return;
  for (unsigned d = 0; d < a->n; d++) {
    bool same = a->widths[d] == 1 && b->widths[d] == 1;
    int64_t *row = ts_poly_push(&q->sys, same);
    ts_query_add(q, row, &a->at[d], 1, false);
    ts_query_add(q, row, &b->at[d], -1, true);
    if (same) continue;
    row[0] += a->widths[d] - 1;
    row = ts_poly_push(&q->sys, false);
    ts_query_add(q, row, &a->at[d], -1, false);
    ts_query_add(q, row, &b->at[d], 1, true);
    row[0] += b->widths[d] - 1;
  }
}

/* a's iteration of a loop around both against b's. */
void ts_query_sign(ts_query *q, unsigned loop, ts_sign sign) {
  const ts_poly_form *value = &q->common[loop]->value;
  int64_t *row = ts_poly_push(&q->sys, sign == TS_SIGN_SAME);
  int64_t direction = sign == TS_SIGN_AFTER ? -1 : 1;
  ts_query_add(q, row, value, direction, true);
  ts_query_add(q, row, value, -direction, false);
  if (sign != TS_SIGN_SAME) row[0]--;
}

void ts_query_base(ts_query *q, unsigned extra) {
  q->first_a = 1 + (unsigned)q->poly.num_params;
  q->first_b = q->first_a + (unsigned)q->a->leaf->num_locals;
  q->extra = q->first_b + (unsigned)q->b->leaf->num_locals;
  ts_poly_reset(&q->sys, q->extra + extra);
  q->clauses.n = 0;
  ts_query_scope(q, &q->poly.outside, false);
  push_path(q, q->a, false);
  q->clauses_b = q->clauses.n;
  push_path(q, q->b, true);
  push_meeting(q);
  const ts_poly_scope *alloc = scope_of_alloc(q->a);
  for (unsigned l = 0; alloc && l < alloc->num_loops; l++)
    ts_query_sign(q, l, TS_SIGN_SAME);
}

/* ---- no need for isl ---- */

/* Can  a - b, over different iterations, be in [lo, hi]? By the greatest common divisor of the
 * coefficients (those of parameters and of loops that both are in the same iteration of count
 * once). */
static bool difference_in(const ts_poly_form *a, const ts_poly_form *b, const ts_poly_scope *alloc,
                          int64_t lo, int64_t hi) {
  int64_t g = 0, c = a->constant - b->constant;
  int32_t shared = alloc ? alloc->num_locals : 0; /* locals below are equal */
  for (unsigned i = 0, j = 0; i < a->n || j < b->n;) {
    bool from_a = i < a->n && (j == b->n || a->terms[i].var <= b->terms[j].var);
    bool from_b = j < b->n && (i == a->n || b->terms[j].var <= a->terms[i].var);
    int32_t var = from_a ? a->terms[i].var : b->terms[j].var;
    int64_t x = from_a ? a->terms[i++].coef : 0, y = from_b ? b->terms[j++].coef : 0;
    if (x == INT64_MIN || y == INT64_MIN) return true;
    g = var < shared ? ts_gcd(g, x - y) : ts_gcd(ts_gcd(g, x), y);
  }
  if (g == 0) return lo <= c && c <= hi;
  int64_t up = c - lo; /* the largest multiple of g with c - multiple >= lo */
  up -= (up % g + g) % g;
  return c - up <= hi;
}

static bool small(const ts_poly_form *f) {
  if (f->constant < -((int64_t)1 << 60) || f->constant > (int64_t)1 << 60) return false;
  for (unsigned i = 0; i < f->n; i++)
    if (f->terms[i].coef < -((int64_t)1 << 60) || f->terms[i].coef > (int64_t)1 << 60) return false;
  return true;
}

static bool may_meet(const ts_poly_access *a, const ts_poly_access *b) {
  if (!a->memref || !b->memref) return true;
  const ts_poly_scope *alloc = scope_of_alloc(a);
  for (unsigned d = 0; d < a->n; d++)
    if (small(&a->at[d]) && small(&b->at[d]) &&
        !difference_in(&a->at[d], &b->at[d], alloc, 1 - a->widths[d], b->widths[d] - 1))
      return false;
  return true;
}

/* What an access adds to, or combines with, an element; TS_NUM_OPCODES: it does something else. */
static ts_opcode update_of(const ts_query *q, const ts_poly_access *a) {
  if (a->op->opcode == TS_OP_ATOMIC_ADD) return TS_OP_ADDI;
  return q->whole && a->memref != q->apart ? a->update : TS_NUM_OPCODES;
}

/* Additions of integers commute, and what else may be taken in any order; additions of floats round
 * differently. */
static bool commute(const ts_query *q, const ts_poly_access *a, const ts_poly_access *b) {
  ts_opcode update = update_of(q, a);
  if (update == TS_NUM_OPCODES || update != update_of(q, b)) return false;
  return update != TS_OP_ADDI || q->marked || !ts_is_float(a->memref->type->dtype);
}

/* ---- asking ---- */

static bool has_solution(ts_query *q) {
  ts_poly_answer answer = ts_poly_solve(&q->sys);
  if (answer == TS_POLY_BUDGET) q->spent = true;
  return answer != TS_POLY_EMPTY;
}

/* Whether the rows pushed so far can all hold. */
bool ts_query_possible(ts_query *q) {
  if (!has_solution(q)) return false;
  return q->clauses.n == 0 || q->spent || ts_query_choices(q, 0, has_solution);
}

/* When they can, that is a violation. */
static bool violation(ts_query *q) {
  if (!ts_query_possible(q) || q->spent) return false;
  ts_query_report(q);
  return true;
}

/* The loops around both accesses. */
static void find_common(ts_query *q) {
  const ts_poly_scope *s = q->a->leaf->parent, *t = q->b->leaf->parent;
  while (s->depth > t->depth)
    s = s->parent;
  while (t->depth > s->depth)
    t = t->parent;
  for (; s != t; s = s->parent)
    t = t->parent;
  q->num_common = s->num_loops;
  if (s->num_loops > q->cap_common) {
    q->cap_common = s->num_loops;
    q->common = ts_new_array(&q->scratch, const ts_poly_scope *, q->cap_common);
  }
  for (; s; s = s->parent)
    if (s->iv) q->common[s->num_loops - 1] = s;
}

/* No other pair can change the verdict. */
static bool is_decided(const ts_query *q) { return q->found && q->verdict->exact; }

static void ask_ordered(ts_query *q, const ts_poly_access *a, const ts_poly_access *b,
                        ts_pair_fn ask) {
  if (q->spent || is_decided(q)) return;
  q->a = a;
  q->b = b;
  find_common(q);
  ask(q);
}

static void ask_both(ts_query *q, const ts_poly_access *a, const ts_poly_access *b,
                     ts_pair_fn ask) {
  if (is_decided(q)) return; /* also when saying why took all of the budget */
  q->sys.effort += 8 * a->n;
  if (q->sys.effort > TS_POLY_MAX_EFFORT) q->spent = true;
  if (q->spent || !(a->writes || b->writes) || commute(q, a, b) || !may_meet(a, b)) return;
  /* A value that is read too early says more than one that is read too late. */
  if (b->writes && !a->writes) {
    const ts_poly_access *swap = a;
    a = b;
    b = swap;
  }
  ask_ordered(q, a, b, ask);
  if (a != b) ask_ordered(q, b, a, ask);
}

/* Accesses of one buffer, by index, in the order of the text. */
typedef struct bucket {
  bool written;
  TS_VEC(size_t) at;
} bucket;

static void ask_bucket(ts_query *q, const bucket *k, ts_pair_fn ask) {
  const ts_poly_access *all = q->poly.accesses.at;
  for (size_t i = 0; k->written && i < k->at.n; i++)
    for (size_t j = i; j < k->at.n; j++)
      ask_both(q, &all[k->at.at[i]], &all[k->at.at[j]], ask);
}

static bool is_ignored(const ts_query *q, const ts_op *op) {
  for (unsigned i = 0; i < q->num_ignore; i++)
    if (q->ignore[i] == op) return true;
  return false;
}

/* Puts the question to every ordered pair of accesses of one buffer of which one writes. */
static void ask_pairs(ts_query *q, ts_pair_fn ask) {
  ts_ptrmap of_buffer;
  TS_VEC(bucket *) buckets = {0};
  TS_VEC(size_t) fences = {0};
  ts_ptrmap_init(&of_buffer, &q->scratch);
  for (size_t i = 0; i < q->poly.accesses.n; i++) {
    const ts_poly_access *x = &q->poly.accesses.at[i];
    if (is_ignored(q, x->op)) continue;
    if (!x->memref) {
      ts_push(&q->scratch, &fences, i);
      continue;
    }
    bucket *k = ts_ptrmap_get(&of_buffer, x->memref);
    if (!k) {
      k = ts_new(&q->scratch, bucket);
      ts_ptrmap_put(&of_buffer, x->memref, k);
      ts_push(&q->scratch, &buckets, k);
    }
    k->written |= x->writes;
    ts_push(&q->scratch, &k->at, i);
  }
  for (size_t i = 0; i < buckets.n; i++)
    ask_bucket(q, buckets.at[i], ask);
  for (size_t f = 0; f < fences.n; f++)
    for (size_t i = 0; i < q->poly.accesses.n; i++)
      ask_both(q, &q->poly.accesses.at[fences.at[f]], &q->poly.accesses.at[i], ask);
}

/* ---- reorder ---- */

/* Does a run after b in the new order? `signs` are of the nest's loops. */
static bool is_reversed(const ts_query *q, const ts_sign *signs) {
  for (unsigned m = 0; m < q->n; m++)
    if (signs[q->order[m]] != TS_SIGN_SAME) return signs[q->order[m]] == TS_SIGN_AFTER;
  return false;
}

/* Once a loop is known in which a comes first, and which will be outside of all those still open,
 * the order is kept whatever they are. */
static bool is_settled(const ts_query *q, const ts_sign *signs, unsigned known) {
  for (unsigned m = 0; m < q->n; m++) {
    unsigned l = q->order[m];
    if (l >= known) return false;
    if (signs[l] != TS_SIGN_SAME) return signs[l] == TS_SIGN_BEFORE;
  }
  return true;
}

static void try_signs(ts_query *q, ts_sign *signs, unsigned l, bool before) {
  if (q->spent || (before && is_settled(q, signs, l))) return;
  if (l == q->n || l == q->num_common) {
    if (before && is_reversed(q, signs)) ts_query_report(q);
    return;
  }
  size_t mark = q->sys.n;
  for (ts_sign s = TS_SIGN_SAME; s <= (before ? TS_SIGN_AFTER : TS_SIGN_BEFORE) && !is_decided(q);
       s++) {
    signs[l] = s;
    ts_query_sign(q, l, s);
    if (ts_query_possible(q)) try_signs(q, signs, l + 1, before || s == TS_SIGN_BEFORE);
    q->sys.n = mark;
  }
  signs[l] = TS_SIGN_SAME;
}

static void ask_reorder(ts_query *q) {
  ts_query_base(q, 0);
  if (!q->signs) q->signs = ts_new_array(&q->scratch, ts_sign, q->n);
  try_signs(q, q->signs, 0, false);
}

/* ---- the other steps ---- */

/* The outermost loop runs a before b. */
static void ask_parallel(ts_query *q) {
  if (q->num_common == 0) return;
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
  const ts_poly_scope *s = q->common[0];
  push_later(q, s, false, s);
  for (int end = 0; end < 2; end++) { /* 0 <= count - factor * group <= factor - 1 */
    int64_t *row = ts_poly_push(&q->sys, false);
    ts_query_add(q, row, &s->count, end ? -1 : 1, end);
    row[q->extra] = end ? q->factor : -q->factor;
    row[0] += end ? q->factor - 1 : 0;
  }
}

/* Which iterations come together cannot be told: any two may. */
static void ask_uncounted(ts_query *q) {
  ts_query_base(q, 0);
  ts_query_sign(q, 0, TS_SIGN_BEFORE);
  violation(q);
}

/* Rows are pushed for loops 0 to `outer`. Within these, is b reached before a: in an earlier
 * iteration of the next loop, or of the one after that …, or first in the text? */
static void ask_reached_first(ts_query *q, unsigned outer) {
  size_t mark = q->sys.n;
  for (unsigned l = outer; l < q->num_common; l++) {
    ts_query_sign(q, l, TS_SIGN_AFTER);
    if (violation(q)) return;
    q->sys.n = mark;
    ts_query_sign(q, l, TS_SIGN_SAME);
    mark = q->sys.n;
  }
  if (q->b->position < q->a->position) violation(q);
}

/* Jammed, the iterations of a group are innermost: a and b are reversed when b comes first in the
 * body. */
static void ask_jam(ts_query *q) {
  if (q->num_common == 0) return;
  if (!q->common[0]->counted) {
    ask_uncounted(q);
    return;
  }
  ts_query_base(q, 1);
  push_group(q);
  ask_reached_first(q, 1);
}

/* a stands in a later piece than b and runs in an earlier iteration of the nest. */
static void ask_distribute(ts_query *q) {
  if (q->a->piece <= q->b->piece) return;
  ts_query_base(q, 0);
  for (unsigned l = 0; l < q->n && l < q->num_common; l++) {
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
  if (q->a->piece != IN_FIRST || q->b->piece == IN_FIRST) return;
  ts_query_base(q, 0);
  q->fused[0] = q->fused[1] = NULL;
  if (q->b->piece == IN_SECOND) {
    const ts_poly_scope *s = outermost_loop(q->a), *t = outermost_loop(q->b);
    if (s->counted && t->counted) {
      q->fused[0] = s;
      q->fused[1] = t;
      push_later(q, t, true, s)[0] -= q->lag;
    }
  }
  violation(q);
}

/* a, in the nest that moved, now runs after b. */
static void ask_moved(ts_query *q) {
  if (q->a->piece != IN_FIRST || q->b->piece == IN_FIRST) return;
  ts_query_base(q, 0);
  ask_reached_first(q, 0);
}

/* The outermost loop runs the access again. */
static void ask_repeat(ts_query *q) {
  if (q->a->op == q->first && q->b->op == q->first) ask_parallel(q);
}

static void ask_meet(ts_query *q) {
  if (q->a->op != q->first || q->b->op != q->second) return;
  ts_query_base(q, 0);
  violation(q);
}

/* ---- queries ---- */

static ts_result run(void *arg) {
  ts_query *q = arg;
  *q->verdict = (ts_verdict){.legal = true, .exact = true};
  ts_poly_open(&q->sys, &q->scratch);
  q->sys.effort = q->effort;
  ts_poly_init(&q->poly, q->ctx, &q->scratch, q->at->block);
  q->model(q);
  if (q->sys.isl) ask_pairs(q, q->ask);
  if (q->sys.isl && !q->spent) return TS_OK;
  q->verdict->legal = q->verdict->exact = false;
  if (q->quiet) return TS_LIMIT;
  ts_error(q->ctx, q->at->loc, "this takes too many steps to decide: %zu accesses in %u loops",
           q->poly.accesses.n, q->num_common);
  return TS_LIMIT;
}

static void close_query(void *arg) {
  ts_query *q = arg;
  ts_poly_close(&q->sys);
  ts_arena_drop(&q->scratch);
}

ts_result ts_query_run(ts_query *q, ts_context *ctx, ts_arena *out, ts_verdict *verdict) {
  q->ctx = ctx;
  q->out = out;
  q->verdict = verdict;
  ts_arena_init(&q->scratch, &ctx->memory);
  return ts_protect_cleanup(ctx, run, close_query, q);
}

void ts_query_model_loop(ts_query *q) { ts_poly_add(&q->poly, q->loops[0]); }

ts_result ts_dep_reorder(ts_context *ctx, ts_arena *arena, unsigned n, ts_op *const *loops,
                         const unsigned *order, ts_verdict *verdict) {
  ts_query q = {.ask = ask_reorder,
                .model = ts_query_model_loop,
                .at = loops[0],
                .n = n,
                .loops = loops,
                .order = order,
                .whole = true};
  return ts_query_run(&q, ctx, arena, verdict);
}

ts_query ts_query_parallel(ts_op **loop) {
  return (ts_query){
      .ask = ask_parallel, .model = ts_query_model_loop, .at = *loop, .n = 1, .loops = loop};
}

ts_result ts_dep_parallel(ts_context *ctx, ts_arena *arena, ts_op *loop, ts_verdict *verdict) {
  ts_query q = ts_query_parallel(&loop);
  return ts_query_run(&q, ctx, arena, verdict);
}

ts_result ts_dep_parallel_updates(ts_context *ctx, ts_arena *arena, ts_op *loop,
                                  const ts_value *apart, ts_verdict *verdict) {
  ts_query q = ts_query_parallel(&loop);
  q.whole = true;
  q.apart = apart;
  return ts_query_run(&q, ctx, arena, verdict);
}

ts_result ts_dep_marked(ts_context *ctx, ts_arena *arena, ts_op *loop, ts_verdict *verdict) {
  ts_query q = ts_query_parallel(&loop);
  q.marked = q.quiet = true;
  return ts_query_run(&q, ctx, arena, verdict);
}

ts_result ts_dep_repeat(ts_context *ctx, ts_arena *arena, ts_op *loop, const ts_op *op,
                        ts_verdict *verdict) {
  ts_query q = {.ask = ask_repeat,
                .model = ts_query_model_loop,
                .at = loop,
                .n = 1,
                .loops = &loop,
                .first = op};
  return ts_query_run(&q, ctx, arena, verdict);
}

static void model_counted(ts_query *q) {
  q->poly.count_a = q->loops[0];
  ts_poly_add(&q->poly, q->loops[0]);
}

ts_result ts_dep_jam(ts_context *ctx, ts_arena *arena, ts_op *loop, int64_t factor,
                     unsigned num_ignore, ts_op *const *ignore, ts_verdict *verdict) {
  ts_query q = {.ask = ask_jam,
                .model = model_counted,
                .at = loop,
                .n = 1,
                .loops = &loop,
                .factor = factor,
                .num_ignore = num_ignore,
                .ignore = ignore};
  return ts_query_run(&q, ctx, arena, verdict);
}

/* An update that ends with this access and begins in another piece is none any more. */
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
  ts_poly_add(&q->poly, q->loops[0]);
  const ts_block *body = ts_op_regions(q->loops[q->n - 1])[0];
  ts_ptrmap piece_of;
  ts_ptrmap_init(&piece_of, &q->scratch);
  unsigned piece = 0;
  for (const ts_op *op = body->first; op; op = op->next) {
    if (piece < q->num_cuts && q->cuts[piece] == op) piece++;
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
  ts_query q = {.ask = ask_distribute,
                .model = model_pieces,
                .at = loops[0],
                .n = n,
                .loops = loops,
                .num_cuts = num_cuts,
                .cuts = cuts,
                .whole = true};
  return ts_query_run(&q, ctx, arena, verdict);
}

static void model_two(ts_query *q) {
  q->poly.count_a = q->first;
  q->poly.count_b = q->second;
  q->poly.piece = IN_FIRST;
  ts_poly_add(&q->poly, q->first);
  q->poly.piece = BETWEEN;
  for (const ts_op *op = q->first->next; op != q->second; op = op->next)
    ts_poly_add(&q->poly, op);
  q->poly.piece = IN_SECOND;
  ts_poly_add(&q->poly, q->second);
}

ts_result ts_dep_fuse(ts_context *ctx, ts_arena *arena, ts_op *first, ts_op *second,
                      ts_verdict *verdict) {
  ts_query q = {.ask = ask_fuse,
                .model = model_two,
                .at = first,
                .first = first,
                .second = second,
                .whole = true};
  return ts_query_run(&q, ctx, arena, verdict);
}

static bool may_lag(ts_context *ctx, ts_op *first, ts_op *second, int64_t lag) {
  ts_arena arena;
  ts_verdict verdict;
  ts_arena_init(&arena, &ctx->memory);
  ts_query q = {.ask = ask_fuse,
                .model = model_two,
                .at = first,
                .first = first,
                .second = second,
                .lag = lag,
                .quiet = true,
                .brief = true,
                .whole = true};
  bool may = !ts_query_run(&q, ctx, &arena, &verdict) && verdict.legal;
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
  for (const ts_op *op = q->first; op; op = op == q->second ? NULL : op->next)
    ts_poly_add(&q->poly, op);
  const ts_block *inside = ts_op_regions(q->nest)[0];
  for (size_t i = 0; i < q->poly.accesses.n; i++) {
    ts_poly_access *x = &q->poly.accesses.at[i];
    x->piece = ts_is_ancestor(inside, x->op) ? IN_FIRST : BETWEEN;
  }
}

ts_result ts_dep_moved(ts_context *ctx, ts_arena *arena, ts_op *first, ts_op *last, ts_op *nest,
                       ts_verdict *verdict) {
  ts_query q = {.ask = ask_moved,
                .model = model_moved,
                .at = first,
                .first = first,
                .second = last,
                .nest = nest,
                .afterwards = true,
                .whole = true};
  return ts_query_run(&q, ctx, arena, verdict);
}

/* The op of the block that `op` stands in; NULL: none. */
static const ts_op *op_in(const ts_block *block, const ts_op *op) {
  while (op && op->block != block)
    op = op->block->parent;
  return op;
}

/* Only the two ops of the block that the accesses stand in. */
static void model_meet(ts_query *q) {
  ts_poly_add(&q->poly, q->at);
  ts_poly_add(&q->poly, op_in(q->at->block, q->second));
}

ts_result ts_dep_meet(ts_context *ctx, ts_arena *arena, const ts_op *first, const ts_op *second,
                      ts_verdict *verdict) {
  const ts_op *at = first;
  while (!ts_is_ancestor(at->block, second))
    at = at->block->parent;
  ts_query q = {.ask = ask_meet, .model = model_meet, .at = at, .first = first, .second = second};
  return ts_query_run(&q, ctx, arena, verdict);
}
