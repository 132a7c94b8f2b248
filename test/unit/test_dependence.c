/* Legality of steps on loops: answers known by hand. Random programs are in test_dependence_random.c.
 *
 * A question is a text: "parallel i", "jam i 4", "reorder i j k : k i j", "distribute i j : s0" (cut
 * before the store into %A whose number that is, in the order of the text), "fuse i j". The answer
 * is "legal", or "possible" where not all is affine, and the conflict. */
#include "unit.h"

#include "analysis/dependence.h"

typedef struct job {
  ts_context *ctx;
  const char *body, *question, *answer;
  ts_module *m;
  ts_arena arena;
} job;

static ts_op *loop_in(const ts_module *m, const ts_block *block, const char *name) {
  for (ts_op *op = block->first; op; op = op->next)
    for (unsigned i = 0; i < op->num_regions; i++) {
      ts_block *b = ts_op_regions(op)[i];
      if (op->opcode == TS_OP_FOR && strcmp(ts_str_text(m, b->args[0]->name), name) == 0) return op;
      ts_op *inner = loop_in(m, b, name);
      if (inner) return inner;
    }
  return NULL;
}

static ts_op *loop_of(job *j, const char *name) {
  ts_op *op = loop_in(j->m, j->m->last_func->body, name);
  if (!op) ck_abort_msg("no loop %s", name);
  return op;
}

/* The words of a question up to ":" as loops; the rest after it. */
static unsigned loops_of(job *j, char **at, ts_op **loops) {
  unsigned n = 0;
  for (char *word; (word = strtok_r(NULL, " ", at)) && strcmp(word, ":") != 0;)
    loops[n++] = loop_of(j, word);
  return n;
}

static ts_result ask_reorder(job *j, char **at, ts_verdict *v) {
  ts_op *loops[8];
  unsigned n = loops_of(j, at, loops), order[8];
  for (unsigned i = 0; i < n; i++) {
    ts_op *want = loop_of(j, strtok_r(NULL, " ", at));
    for (order[i] = 0; loops[order[i]] != want;)
      order[i]++;
  }
  return ts_dep_reorder(j->ctx, &j->arena, n, loops, order, v);
}

static ts_op *nth_store(const ts_block *block, unsigned n) {
  for (ts_op *op = block->first; op; op = op->next)
    if (op->opcode == TS_OP_STORE && n-- == 0) return op;
  return NULL;
}

static ts_result ask(job *j, ts_verdict *v) {
  char *at = NULL, *word = strtok_r(ts_strdup(&j->arena, j->question), " ", &at);
  ts_op *loops[8], *cut;
  unsigned n;
  if (strcmp(word, "reorder") == 0) return ask_reorder(j, &at, v);
  if (strcmp(word, "jam") == 0) {
    loops[0] = loop_of(j, strtok_r(NULL, " ", &at));
    return ts_dep_jam(j->ctx, &j->arena, loops[0], atoi(strtok_r(NULL, " ", &at)), 0, NULL, v);
  }
  n = loops_of(j, &at, loops);
  if (strcmp(word, "parallel") == 0) return ts_dep_parallel(j->ctx, &j->arena, loops[0], v);
  if (strcmp(word, "fuse") == 0) return ts_dep_fuse(j->ctx, &j->arena, loops[0], loops[1], v);
  cut = nth_store(ts_op_regions(loops[n - 1])[0], (unsigned)atoi(strtok_r(NULL, " ", &at)));
  return ts_dep_distribute(j->ctx, &j->arena, n, loops, 1, &cut, v);
}

static const char *answer_text(job *j, ts_result result, const ts_verdict *v) {
  static const char *const kinds[] = {"flow", "anti", "output"};
  const ts_conflict *c = &v->conflict;
  if (result) return "limit";
  if (v->legal) return "legal";
  return ts_sprintf(&j->arena, "%s%s %s: %s, then %s; %s over %s%s%s", v->exact ? "" : "possible ",
                    kinds[c->kind], c->element, c->source_at, c->sink_at, c->distance, c->loops,
                    *c->given ? "; " : "", c->given);
}

static ts_result run(void *arg) {
  job *j = arg;
  ts_verdict v;
  const char *head = "func @g(%X: memref<8xf32>, %Y: out memref<8xf32>) {\n}\n"
                     "func @f(%A: inout memref<64xf32>, %B: inout memref<8x8xf32>, "
                     "%S: inout memref<Mxf32>, %P: memref<64xindex>, %C: memref<8xi1>) {\n";
  char *text = ts_sprintf(&j->arena, "%s%s}\n%c", head, j->body, 0);
  ts_source source = {.name = "t", .text = text, .n = strlen(text), .first_line = 1};
  if (ts_parse_source(j->ctx, &source, &j->m) != TS_OK)
    ck_abort_msg("%s", ts_diagnostic_text(j->ctx, ts_diagnostic_next(j->ctx, NULL)));
  ck_assert_str_eq(answer_text(j, ask(j, &v), &v), j->answer);
  ts_module_destroy(j->m);
  return TS_OK;
}

static void expect(const char *question, const char *answer, const char *body) {
  job j = {.ctx = ts_context_create(), .body = body, .question = question, .answer = answer};
  ts_arena_init(&j.arena, &j.ctx->memory);
  ck_assert_int_eq(ts_protect(j.ctx, run, &j), TS_OK);
  ts_arena_drop(&j.arena);
  ts_context_destroy(j.ctx);
}

START_TEST(parallel) {
  expect("parallel i", "legal", "for %i = 0 to 8 {\n store 0.0, %A[%i]\n}");
  expect("parallel i", "output %A[0]: %i = 0, then %i = 1; (*) over (%i)",
         "for %i = 0 to 8 {\n store 0.0, %A[0]\n}");
  expect("parallel i", "flow %A[2]: %i = 2, then %i = 4; (2) over (%i)",
         "for %i = 2 to 8 {\n %0 = load %A[%i - 2]\n store %0, %A[%i]\n}");
  expect("parallel i", "anti %A[1]: %i = 0, then %i = 1; (1) over (%i)",
         "for %i = 0 to 8 {\n %0 = load %A[%i + 1]\n store %0, %A[%i]\n}");
  /* 2i = 2i' + 1 has no solution */
  expect("parallel i", "legal", "for %i = 0 to 8 {\n %0 = load %A[%i * 2 + 1]\n store %0, %A[%i * 2]\n}");
  expect("parallel i", "legal", "for %i = 0 to 8 {\n for %j = 0 to 8 {\n store 0.0, %B[%j, %i]\n}\n}");
}
END_TEST

/* The sum over k is in the same order whichever of i and j is outside. */
START_TEST(reductions) {
  const char *body = "for %i = 0 to 8 {\n for %j = 0 to 8 {\n for %k = 0 to 8 {\n"
                     " %0 = load %B[%i, %j]\n store %0, %B[%i, %j]\n}\n}\n}";
  expect("reorder i j k : k j i", "legal", body);
  expect("parallel i", "legal", body);
  expect("parallel k", "flow %B[0, 0]: %k = 0, then %k = 1; (*) over (%k); %i = 0, %j = 0", body);
}
END_TEST

START_TEST(interchange) {
  expect("reorder i j : j i", "flow %B[1, 1]: %i = 0, %j = 1, then %i = 1, %j = 0; (1, -1) over (%i, %j)",
         "for %i = 0 to 7 {\n for %j = 0 to 7 {\n %0 = load %B[%i, %j + 1]\n"
         " store %0, %B[%i + 1, %j]\n}\n}");
}
END_TEST

UNIT_MAIN("dependence", parallel, reductions, interchange)
