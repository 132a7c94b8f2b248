/* The machinery of a question about pairs of accesses: their rows, isl's answers, and the run from the model
 * of the stretch to the last pair. What is asked of a pair is the question's own (dependence.c). */
#include "support/arith.h"
#include "analysis/poly/dependence_impl.h"

/* ---- the pair at hand ---- */

unsigned ts_query_column(const ts_query *q, int32_t var, bool of_b) {
  if (var < 0) return 1 + (unsigned)~var;
  return (of_b ? q->pair.first_b : q->pair.first_a) + (unsigned)var;
}

void ts_query_add(const ts_query *q, int64_t *row, const ts_linear *f, int64_t times, bool of_b) {
  row[0] += times * f->constant;
  for (unsigned i = 0; i < f->n; i++)
    row[ts_query_column(q, ts_poly_var_of(&f->terms[i]), of_b)] += times * f->terms[i].coef;
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
  const ts_poly_access *a = q->pair.a, *b = q->pair.b;
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

void ts_query_sign(ts_query *q, unsigned loop, ts_sign sign) {
  const ts_linear *value = &q->pair.common[loop]->value;
  int64_t *row = ts_poly_push(&q->sys, sign == TS_SIGN_SAME);
  int64_t direction = sign == TS_SIGN_AFTER ? -1 : 1;
  ts_query_add(q, row, value, direction, true);
  ts_query_add(q, row, value, -direction, false);
  if (sign != TS_SIGN_SAME) row[0]--;
}

void ts_query_base(ts_query *q, unsigned extra) {
  q->pair.first_a = 1 + (unsigned)q->poly.num_params;
  q->pair.first_b = q->pair.first_a + (unsigned)q->pair.a->leaf->num_locals;
  q->pair.extra = q->pair.first_b + (unsigned)q->pair.b->leaf->num_locals;
  ts_poly_reset(&q->sys, q->pair.extra + extra);
  q->clauses.n = 0;
  ts_query_scope(q, &q->poly.outside, false);
  push_path(q, q->pair.a, false);
  q->clauses_b = q->clauses.n;
  push_path(q, q->pair.b, true);
  push_meeting(q);
  const ts_poly_scope *alloc = scope_of_alloc(q->pair.a);
  for (unsigned l = 0; alloc && l < alloc->num_loops; l++)
    ts_query_sign(q, l, TS_SIGN_SAME);
}

/* ---- no need for isl ---- */

/* Can a - b, over different iterations, be in [lo, hi]? Decided by the greatest common divisor of
 * the coefficients (a parameter, or a loop whose iteration is the same for both, counts once). */
static bool difference_in(const ts_linear *a, const ts_linear *b, const ts_poly_scope *alloc,
                          int64_t lo, int64_t hi) {
  int64_t g = 0, c = a->constant - b->constant;
  int32_t shared = alloc ? alloc->num_locals : 0; /* locals below are equal */
  for (unsigned i = 0; i < a->n; i++) {
    int64_t x = a->terms[i].coef, y = ts_linear_coef(b, a->terms[i].atom);
    g = ts_poly_var_of(&a->terms[i]) < shared ? ts_gcd(g, x - y) : ts_gcd(ts_gcd(g, x), y);
  }
  for (unsigned i = 0; i < b->n; i++)
    if (!ts_linear_coef(a, b->terms[i].atom)) g = ts_gcd(g, b->terms[i].coef);
  if (g == 0) return lo <= c && c <= hi;
  int64_t up = c - lo; /* the largest multiple of g with c - multiple >= lo */
  up -= (up % g + g) % g;
  return c - up <= hi;
}

static bool small(const ts_linear *f) {
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

/* The op by which an access updates its element (`addi`, `maxf`, …); TS_NUM_OPCODES when it is no
 * update. */
static ts_opcode update_of(const ts_query *q, const ts_poly_access *a) {
  if (a->op->opcode == TS_OP_ATOMIC_ADD) return TS_OP_ADDI;
  return q->question->whole && a->memref != q->question->apart ? a->update : TS_NUM_OPCODES;
}

/* Additions of integers commute, and what else may be taken in any order; additions of floats round
 * differently. */
static bool commute(const ts_query *q, const ts_poly_access *a, const ts_poly_access *b) {
  ts_opcode update = update_of(q, a);
  if (update == TS_NUM_OPCODES || update != update_of(q, b)) return false;
  return update != TS_OP_ADDI || q->question->marked || !ts_is_float(a->memref->type->dtype);
}

/* ---- asking ---- */

static bool has_solution(ts_query *q) {
  ts_poly_answer answer = ts_poly_solve(&q->sys);
  if (answer == TS_POLY_BUDGET) q->spent = true;
  return answer != TS_POLY_EMPTY;
}

bool ts_query_possible(ts_query *q) {
  if (!has_solution(q)) return false;
  return q->clauses.n == 0 || q->spent || ts_query_choices(q, 0, has_solution);
}

/* The loops around both accesses. */
static void find_common(ts_query *q) {
  const ts_poly_scope *s = q->pair.a->leaf->parent, *t = q->pair.b->leaf->parent;
  while (s->depth > t->depth)
    s = s->parent;
  while (t->depth > s->depth)
    t = t->parent;
  for (; s != t; s = s->parent)
    t = t->parent;
  q->pair.num_common = s->num_loops;
  if (s->num_loops > q->pair.cap_common) {
    q->pair.cap_common = s->num_loops;
    q->pair.common = ts_new_array(&q->scratch, const ts_poly_scope *, q->pair.cap_common);
  }
  for (; s; s = s->parent)
    if (s->iv) q->pair.common[s->num_loops - 1] = s;
}

bool ts_query_is_decided(const ts_query *q) { return q->answer.found && q->answer.verdict->exact; }

static void ask_ordered(ts_query *q, const ts_poly_access *a, const ts_poly_access *b) {
  if (q->spent || ts_query_is_decided(q)) return;
  q->pair.a = a;
  q->pair.b = b;
  find_common(q);
  q->question->ask(q);
}

static void ask_both(ts_query *q, const ts_poly_access *a, const ts_poly_access *b) {
  if (ts_query_is_decided(q)) return; /* also when saying why took all of the budget */
  q->sys.effort += 8 * a->n;
  if (q->sys.effort > TS_POLY_MAX_EFFORT) q->spent = true;
  if (q->spent || !(a->writes || b->writes) || commute(q, a, b) || !may_meet(a, b)) return;
  /* A value that is read too early says more than one that is read too late. */
  if (b->writes && !a->writes) {
    const ts_poly_access *swap = a;
    a = b;
    b = swap;
  }
  ask_ordered(q, a, b);
  if (a != b) ask_ordered(q, b, a);
}

/* Accesses of one buffer, by index, in the order of the text. */
typedef struct bucket {
  bool written;
  TS_VEC(size_t) at;
} bucket;

static void ask_bucket(ts_query *q, const bucket *k) {
  const ts_poly_access *all = q->poly.accesses.at;
  for (size_t i = 0; k->written && i < k->at.n; i++)
    for (size_t j = i; j < k->at.n; j++)
      ask_both(q, &all[k->at.at[i]], &all[k->at.at[j]]);
}

static bool is_ignored(const ts_query *q, const ts_op *op) {
  for (unsigned i = 0; i < q->question->num_ignore; i++)
    if (q->question->ignore[i] == op) return true;
  return false;
}

/* Puts the question to every ordered pair of accesses of one buffer of which one writes. */
static void ask_pairs(ts_query *q) {
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
    ask_bucket(q, buckets.at[i]);
  for (size_t f = 0; f < fences.n; f++)
    for (size_t i = 0; i < q->poly.accesses.n; i++)
      ask_both(q, &q->poly.accesses.at[fences.at[f]], &q->poly.accesses.at[i]);
}

/* ---- the run ---- */

static ts_result run(void *arg) {
  ts_query *q = arg;
  const ts_question *asked = q->question;
  *q->answer.verdict = (ts_verdict){.legal = true, .exact = true};
  ts_poly_open(&q->sys, &q->scratch);
  q->sys.effort = asked->effort;
  ts_poly_init(&q->poly, q->ctx, &q->scratch, asked->at->block);
  asked->model(q);
  if (q->sys.isl) ask_pairs(q);
  if (q->sys.isl && !q->spent) return TS_OK;
  q->answer.verdict->legal = q->answer.verdict->exact = false;
  if (asked->quiet) return TS_LIMIT;
  ts_error(q->ctx, asked->at->loc, "this takes too many steps to decide: %zu accesses in %u loops",
           q->poly.accesses.n, q->pair.num_common);
  return TS_LIMIT;
}

static void close_query(void *arg) {
  ts_query *q = arg;
  ts_poly_close(&q->sys);
  ts_arena_drop(&q->scratch);
}

ts_result ts_query_run(ts_context *ctx, ts_arena *out, const ts_question *asked,
                       ts_verdict *verdict, uint64_t *effort) {
  ts_query q = {.ctx = ctx, .question = asked, .answer = {.arena = out, .verdict = verdict}};
  ts_arena_init(&q.scratch, &ctx->memory);
  ts_result result = ts_protect_cleanup(ctx, run, close_query, &q);
  if (effort) *effort = q.sys.effort;
  return result;
}

void ts_query_model_loop(ts_query *q) { ts_poly_add(&q->poly, q->question->loops[0]); }
