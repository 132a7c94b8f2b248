/* Legality of steps on loops: answers known by hand. Random programs are in
 * test_dependence_random.c.
 *
 * A question is a text: "parallel i", "jam i 4", "reorder i j k : k i j", "distribute i j : s0"
 * (cut before the store into %A whose number that is, in the order of the text), "fuse i j", "lag i
 * j", "moved i t" (%t, now in %i, from in front of the function's first op), "meet 0 2" (accesses by
 * number), "repeat i" (of the first store in it). The answer is "legal", or "possible" where not all
 * is affine, and the conflict; or a lag. */
#include "syntax/syntax.h"
#include "analysis/poly/dependence.h"
#include "analysis/poly/facts.h"
#include "unit.h"

typedef struct job {
  ts_context *ctx;
  const char *body, *question, *answer;
  ts_module *m;
  ts_arena arena;
  ts_result result;
  int64_t lag;     /* -1: not asked for */
  uint64_t refuse; /* this request for memory while the question is answered; 0: none */
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

typedef struct numbered {
  unsigned left;
  ts_op *op;
} numbered;

static void count_access(void *arg, ts_op *op) {
  numbered *n = arg;
  if ((op->opcode == TS_OP_LOAD || op->opcode == TS_OP_STORE) && n->left-- == 0) n->op = op;
}

static ts_op *nth_access(const job *j, const char *word) {
  numbered n = {.left = (unsigned)atoi(word)};
  ts_walk(j->m->last_func->body, count_access, &n);
  return n.op;
}

static ts_result ask_meet(job *j, char **at, ts_verdict *v) {
  const ts_op *first = nth_access(j, strtok_r(NULL, " ", at));
  return ts_dep_meet(j->ctx, &j->arena, first, nth_access(j, strtok_r(NULL, " ", at)), v);
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
  if (strcmp(word, "meet") == 0) return ask_meet(j, &at, v);
  n = loops_of(j, &at, loops);
  if (strcmp(word, "moved") == 0)
    return ts_dep_moved(j->ctx, &j->arena, j->m->last_func->body->first, loops[0], loops[1], v);
  if (strcmp(word, "repeat") == 0)
    return ts_dep_repeat(j->ctx, &j->arena, loops[0], nth_store(ts_op_regions(loops[0])[0], 0), v);
  if (strcmp(word, "lag") == 0) {
    j->lag = ts_dep_fuse_lag(j->ctx, loops[0], loops[1]);
    return TS_OK;
  }
  if (strcmp(word, "parallel") == 0) return ts_dep_parallel(j->ctx, &j->arena, loops[0], v);
  if (strcmp(word, "fuse") == 0) return ts_dep_fuse(j->ctx, &j->arena, loops[0], loops[1], v);
  cut = nth_store(ts_op_regions(loops[n - 1])[0], (unsigned)atoi(strtok_r(NULL, " ", &at)));
  return ts_dep_distribute(j->ctx, &j->arena, n, loops, 1, &cut, v);
}

static const char *answer_text(job *j, ts_result result, const ts_verdict *v) {
  static const char *const kinds[] = {"flow", "anti", "output"};
  const ts_conflict *c = &v->conflict;
  if (result) return "limit";
  if (j->lag >= 0) return ts_sprintf(&j->arena, "lag %lld", (long long)j->lag);
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
  j->ctx->memory.fail_after = j->refuse;
  ts_result result = j->result = ask(j, &v);
  j->ctx->memory.fail_after = 0;
  if (j->answer) ck_assert_str_eq(answer_text(j, result, &v), j->answer);
  ts_module_destroy(j->m);
  return TS_OK;
}

static void expect(const char *question, const char *answer, const char *body) {
  job j = {
      .ctx = ts_context_create(), .body = body, .question = question, .answer = answer, .lag = -1};
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
  expect("parallel i", "legal",
         "for %i = 0 to 8 {\n %0 = load %A[%i * 2 + 1]\n store %0, %A[%i * 2]\n}");
  expect("parallel i", "legal",
         "for %i = 0 to 8 {\n for %j = 0 to 8 {\n store 0.0, %B[%j, %i]\n}\n}");
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
  expect("reorder i j : j i",
         "flow %B[1, 1]: %i = 0, %j = 1, then %i = 1, %j = 0; (1, -1) over (%i, %j)",
         "for %i = 0 to 7 {\n for %j = 0 to 7 {\n %0 = load %B[%i, %j + 1]\n"
         " store %0, %B[%i + 1, %j]\n}\n}");
}
END_TEST

/* Whatever the outer loop's value is; the example shows one. */
START_TEST(surroundings) {
  expect("parallel j", "legal",
         "for %i = 1 to 8 {\n for %j = 0 to %i {\n %0 = load %B[%i, %j]\n"
         " store %0, %B[%j, %i]\n}\n}");
  expect("parallel j", "flow %A[2]: %j = 0, then %j = 2; (*) over (%j); %i = 2",
         "for %i = 2 to 8 step 3 {\n for %j = 0 to 8 {\n %0 = load %A[%j]\n"
         " store %0, %A[%j + %i]\n}\n}");
  expect("parallel i", "flow %S[0]: %i = 0, then %i = 1; (*) over (%i); M = 2",
         "for %i = 0 to M {\n %0 = load %S[M - 1 - %i]\n store %0, %S[%i]\n}");
}
END_TEST

/* A buffer of the body is another one in each iteration; one outside is not. */
START_TEST(buffers) {
  const char *inside = "for %i = 0 to 8 {\n %t = alloc : memref<1xf32, local>\n store 0.0, %t[0]\n"
                       " %0 = load %t[0]\n store %0, %A[%i]\n}";
  const char *outside = "%t = alloc : memref<1xf32, local>\nfor %i = 0 to 8 {\n store 0.0, %t[0]\n"
                        " %0 = load %t[0]\n store %0, %A[%i]\n}";
  expect("parallel i", "legal", inside);
  expect("jam i 4", "legal", inside);
  expect("distribute i : 1", "legal", inside);
  expect("parallel i", "output %t[0]: %i = 0, then %i = 1; (*) over (%i)", outside);
  expect("jam i 4", "anti %t[0]: %i = 0, then %i = 1; (*) over (%i)", outside);
}
END_TEST

/* Lanes count one by one: [i, i + 4) and [i + 4, i + 8) do not meet. */
START_TEST(vectors) {
  const char *body = "for %%i = 0 to 8 step %d {\n %%0 = load %%A[%%i] : vector<4xf32>\n"
                     " store %%0, %%A[%%i + %d]\n}";
  char text[200];
  snprintf(text, sizeof text, body, 4, 0);
  expect("parallel i", "legal", text);
  snprintf(text, sizeof text, body, 2, 0);
  expect("parallel i", "flow %A[2]: %i = 0, then %i = 2; (*) over (%i)", text);
  snprintf(text, sizeof text, body, 8, 4);
  expect("parallel i", "legal", text);
}
END_TEST

START_TEST(jam) {
  const char *body = "for %i = 0 to 6 {\n for %j = 0 to 7 {\n %0 = load %B[%i, %j + 1]\n"
                     " store %0, %B[%i + 2, %j]\n}\n}";
  expect("jam i 2", "legal", body);
  expect("jam i 3", "flow %B[2, 1]: %i = 0, %j = 1, then %i = 2, %j = 0; (2, -1) over (%i, %j)",
         body);
}
END_TEST

START_TEST(distribute) {
  expect("distribute i : 1", "legal",
         "for %i = 0 to 8 {\n store 0.0, %A[%i + 1]\n store 1.0, %A[%i]\n}");
  expect("distribute i : 1", "output %A[1]: %i = 0, then %i = 1; (1) over (%i)",
         "for %i = 0 to 8 {\n store 0.0, %A[%i]\n store 1.0, %A[%i + 1]\n}");
}
END_TEST

START_TEST(fuse) {
  const char *body = "for %%i = 0 to 8 {\n store 0.0, %%A[%%i]\n}\n"
                     "for %%j = 3 to 19 step 2 {\n %%0 = load %%A[%s]\n store %%0, %%B[0, %%j]\n}";
  char text[300];
  snprintf(text, sizeof text, body, "(%j - 3) floordiv 2");
  expect("fuse i j", "legal", text);
  snprintf(text, sizeof text, body, "(%j - 1) floordiv 2");
  expect("fuse i j", "flow %A[1]: %i = 1, then %j = 3; (-1) over (%i)", text);
  expect("fuse i j", "flow %A[3]: %i = 3, then ; () over ()",
         "for %i = 0 to 8 {\n store 0.0, %A[%i]\n}\n%0 = load %A[3]\n"
         "for %j = 0 to 8 {\n store %0, %B[0, %j]\n}");
}
END_TEST

/* By how much the second loop must lag: it reads what the first writes so many iterations later. */
START_TEST(lag) {
  const char *body = "for %%i = 0 to 8 {\n store 0.0, %%A[%%i]\n}\n"
                     "for %%j = 0 to 8 {\n %%0 = load %%A[%s]\n store %%0, %%B[0, %%j]\n}";
  static const struct {
    const char *at, *answer;
  } cases[] = {{"%j + 1", "lag 1"}, {"%j + 5", "lag 5"}, {"7 - %j", "lag 7"}};
  char text[300];
  for (size_t i = 0; i < ts_countof(cases); i++) {
    snprintf(text, sizeof text, body, cases[i].at);
    expect("lag i j", cases[i].answer, text);
  }
  expect("lag i j", "lag 0", /* what stands between needs all of the first */
         "for %i = 0 to 8 {\n store 0.0, %A[%i]\n}\n%0 = load %A[3]\n"
         "for %j = 0 to 8 {\n store %0, %B[0, %j]\n}");
}
END_TEST

/* %t is the first thing in the body of %i by now, and stood in front of it all. */
START_TEST(moved) {
  const char *body = "store 1.0, %%A[%d]\nfor %%i = 0 to 8 {\n for %%t = 0 to 2 {\n"
                     " %%0 = load %%A[%%i * 2 + %%t]\n store %%0, %%B[%%i, %%t]\n}\n"
                     " store 2.0, %%A[%%i * 2 + %d]\n}";
  char text[300];
  snprintf(text, sizeof text, body, 40, 0);
  expect("moved i t", "legal", text); /* iteration i writes what it has read */
  snprintf(text, sizeof text, body, 40, 3);
  expect("moved i t", "anti %A[3]: %i = 1, %t = 1, then %i = 0; (-1) over (%i)", text);
  snprintf(text, sizeof text, body, 7, 0);
  expect("moved i t", "anti %A[7]: %i = 3, %t = 1, then ; () over ()", text);
}
END_TEST

/* Not about steps: where two accesses meet, and where one meets itself. */
START_TEST(meetings) {
  expect("meet 0 1", "flow %A[4]: %i = 4, then %j = 0; () over ()",
         "for %i = 0 to 8 {\n store 0.0, %A[%i]\n}\n"
         "for %j = 0 to 8 {\n %0 = load %A[%j + 4]\n store %0, %B[0, %j]\n}");
  expect("meet 0 1", "legal",
         "for %i = 0 to 8 {\n store 0.0, %A[%i]\n}\n"
         "for %j = 0 to 8 {\n %0 = load %A[%j + 8]\n store %0, %B[0, %j]\n}");
  expect("repeat i", "output %A[0]: %i = 0, then %i = 2; (*) over (%i)",
         "for %i = 0 to 8 {\n store 0.0, %A[%i mod 2]\n}");
  expect("repeat i", "legal", "for %i = 0 to 8 {\n store 0.0, %A[%i]\n store 0.0, %A[0]\n}");
}
END_TEST

/* What is not affine may touch, or run, anything. */
START_TEST(unknown) {
  expect("parallel i", "possible output %A[0]: %i = 0, then %i = 1; (*) over (%i)",
         "for %i = 0 to 8 {\n %p = load %P[%i] : index\n store 0.0, %A[%p]\n}");
  expect("parallel i", "legal",
         "for %i = 0 to 8 {\n %p = load %P[%i] : index\n store 0.0, %B[%i, %p]\n}");
  expect("parallel i", "possible output %A[0]: %i = 0, then %i = 1; (*) over (%i)",
         "for %i = 0 to 8 {\n %c = load %C[%i] : i1\n if %c {\n store 0.0, %A[0]\n}\n}");
  expect("parallel i", "possible output %Y[0]: %i = 0, then %i = 1; (*) over (%i)",
         "%X = alloc : memref<8xf32>\n%Y = alloc : memref<8xf32>\n"
         "for %i = 0 to 8 {\n call @g(%X, %Y)\n}");
}
END_TEST

/* Sums of integers come out the same in any order. */
START_TEST(atomics) {
  expect("parallel i", "legal",
         "%n = alloc : memref<1xi32>\nfor %i = 0 to 8 {\n atomic_add 1, %n[0]\n}");
  expect("parallel i", "output %A[0]: %i = 0, then %i = 1; (*) over (%i)",
         "for %i = 0 to 8 {\n atomic_add 1.0, %A[0]\n}");
}
END_TEST

/* ---- facts ---- */

typedef struct claim {
  ts_context *ctx;
  const char *body; /* its first load's two subscripts are the sides */
  ts_pred pred;
  bool holds;
} claim;

static ts_op *first_load(ts_block *block) {
  for (ts_op *op = block->first; op; op = op->next) {
    if (op->opcode == TS_OP_LOAD) return op;
    for (unsigned i = 0; i < op->num_regions; i++) {
      ts_op *load = first_load(ts_op_regions(op)[i]);
      if (load) return load;
    }
  }
  return NULL;
}

static ts_result run_claim(void *arg) {
  claim *c = arg;
  ts_arena arena;
  ts_module *m;
  ts_arena_init(&arena, &c->ctx->memory);
  char *text = ts_sprintf(&arena, "func @f(%%B: memref<8x8xf32>, %%S: memref<Mxf32>) {\n%s}\n%c",
                          c->body, 0);
  ts_source source = {.name = "t", .text = text, .n = strlen(text), .first_line = 1};
  ck_assert_int_eq(ts_parse_source(c->ctx, &source, &m), TS_OK);
  const ts_op *load = first_load(m->first_func->body);
  c->holds = ts_poly_holds(c->ctx, &arena, load, load->map->exprs[0], c->pred, load->map->exprs[1]);
  ts_module_destroy(m);
  ts_arena_drop(&arena);
  return TS_OK;
}

static void expect_fact(bool holds, ts_pred pred, const char *body) {
  claim c = {.ctx = ts_context_create(), .body = body, .pred = pred};
  ck_assert_int_eq(ts_protect(c.ctx, run_claim, &c), TS_OK);
  ck_assert_msg(c.holds == holds, "%s %s", ts_pred_symbol(pred), body);
  ts_context_destroy(c.ctx);
}

START_TEST(facts) {
  const char *tile = "for %o = 0 to M ceildiv 6 {\n for %i = 0 to min(6, M - %o * 6) {\n"
                     " %0 = load %B[%o * 6 + %i, M]\n}\n}";
  expect_fact(true, TS_LT, tile);
  expect_fact(true, TS_NE, tile);
  expect_fact(false, TS_EQ, tile);
  /* 3i + 5j = 7 has solutions, but none with both at least 0 */
  expect_fact(true, TS_NE,
              "for %i = 0 to M {\n for %j = 0 to M {\n %0 = load %B[%i * 3 + %j * 5, 7]\n}\n}");
  expect_fact(false, TS_NE,
              "for %i = 0 to M {\n for %j = 0 to M {\n %0 = load %B[%i * 3 + %j * 5, 8]\n}\n}");
  expect_fact(true, TS_EQ, "for %i = 0 to 64 step 8 {\n %0 = load %B[%i mod 4, 0]\n}");
  expect_fact(true, TS_GE,
              "for %i = 0 to M {\n if %i >= 3 {\n %0 = load %B[%i floordiv 3, 1]\n}\n}");
}
END_TEST

/* ---- limits ---- */

/* Memory refused at every point in turn: always the same limit, and what isl holds is given
 * back. */
START_TEST(every_request_can_be_refused) {
  const char *body = "for %i = 0 to M {\n for %j = max(%i, 3) to 8 step 2 {\n"
                     " %0 = load %B[%i, %j mod 3]\n store %0, %B[%j, %i]\n}\n}";
  ts_result result = TS_LIMIT;
  for (uint64_t n = 1; result == TS_LIMIT; n++) {
    job j = {.ctx = ts_context_create(), .body = body, .question = "reorder i j : j i", .lag = -1};
    ts_arena_init(&j.arena, &j.ctx->memory);
    j.refuse = n;
    result = ts_protect(j.ctx, run, &j);
    ts_context_destroy(j.ctx);
  }
  ck_assert_int_eq(result, TS_OK);
}
END_TEST

/* A body made to be hard: what is added to and what is read never meet, but only since remainders
 * of 3 differ behind divisions of all variables, for each of thousands of pairs. The question ends
 * with a limit and a message, soon. */
START_TEST(hostile_programs_cost_bounded_time) {
  ts_context *ctx = ts_context_create();
  ts_sink text;
  ts_sink_buffer(&text, &ctx->memory);
  ts_sink_puts(&text, "%T = alloc : memref<4096xi32>\n");
  for (int i = 0; i < 6; i++)
    ts_sink_printf(&text, "for %%i%d = 0 to M {\n", i);
  for (int i = 0; i < 400; i++) {
    if (i % 2)
      ts_sink_printf(&text, "%%v%d = load %%T", i);
    else
      ts_sink_puts(&text, "atomic_add 1, %T");
    ts_sink_printf(&text, "[((%%i0 * %d + %%i1 * %d + %%i2 * %d + %%i3 * 5 + %%i4 * 3) mod %d) * 3",
                   7 + i % 11, 31 + i % 7, 101 + i * 3, 500 + i % 101);
    ts_sink_puts(&text, i % 2 ? " + 2]\n" : " + %i5 mod 2]\n");
  }
  for (int i = 0; i < 6; i++)
    ts_sink_puts(&text, "}\n");
  ts_sink_putc(&text, 0);
  job j = {.ctx = ctx,
           .body = text.buf,
           .question = "reorder i0 i1 i2 i3 i4 i5 : i5 i4 i3 i2 i1 i0",
           .lag = -1};
  ts_arena_init(&j.arena, &ctx->memory);
  ck_assert_int_eq(ts_protect(ctx, run, &j), TS_OK);
  ck_assert_int_eq(j.result, TS_LIMIT);
  ck_assert_ptr_nonnull(strstr(ctx->first->message, "this takes too many steps to decide"));
  ts_arena_drop(&j.arena);
  ts_sink_drop(&text);
  ts_context_destroy(ctx);
}
END_TEST

UNIT_MAIN("dependence", parallel, reductions, interchange, surroundings, buffers, vectors, jam,
          distribute, fuse, lag, moved, meetings, unknown, atomics, facts,
          every_request_can_be_refused, hostile_programs_cost_bounded_time)
