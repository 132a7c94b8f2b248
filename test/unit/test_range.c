/* Interval analysis: which accesses it proves in bounds, disproves, or leaves to the run. Each test
 * is a function body; the answers, one letter a subscript in the order of the text, are p(roved),
 * d(isproved) or u(nknown). */
#include "syntax/syntax.h"
#include "analysis/index/range.h"
#include "unit.h"

typedef struct walker {
  ts_ranges *ranges;
  char answers[64];
  size_t n;
} walker;

static void answer(walker *w, const ts_op *op) {
  ts_access a;
  for (unsigned i = 0; op->subscripted && ts_access_parts(op, i, &a); i++)
    for (unsigned dim = 0; dim < a.n; dim++) {
      ts_proof proof = ts_range_in_bounds(w->ranges, op, &a, dim);
      ck_assert_int_eq(ts_range_is_outside(w->ranges, op, &a, dim), proof == TS_DISPROVED);
      w->answers[w->n++] = proof == TS_PROVED ? 'p' : proof == TS_DISPROVED ? 'd' : 'u';
    }
}

static void walk(walker *w, const ts_block *block) {
  ts_ranges_enter(w->ranges, block);
  for (const ts_op *op = block->first; op; op = op->next) {
    answer(w, op);
    for (unsigned i = 0; i < op->num_regions; i++)
      walk(w, ts_op_regions(op)[i]);
  }
  ts_ranges_leave(w->ranges);
}

typedef struct job {
  ts_context *ctx;
  const char *body;
  walker walker;
} job;

static ts_result run(void *arg) {
  job *j = arg;
  ts_module *m;
  ts_arena scratch;
  ts_arena_init(&scratch, &j->ctx->memory);
  const char *head = "func @f(%A: memref<512xf32>, %S: memref<Mxf32>, %T: memref<MxNxf32>, "
                     "%Q: memref<64x16xf32>, %I: memref<4xindex>) {\n";
  char *text = ts_sprintf(&scratch, "%s%s}\n%c", head, j->body, 0);
  ts_source source = {.name = "t", .text = text, .n = strlen(text), .first_line = 1};
  ck_assert_int_eq(ts_parse_source(j->ctx, &source, &m), TS_OK);
  j->walker.ranges = ts_ranges_create(&scratch);
  walk(&j->walker, m->first_func->body);
  ts_module_destroy(m);
  ts_arena_drop(&scratch);
  return TS_OK;
}

static void expect(const char *answers, const char *body) {
  job j = {.ctx = ts_context_create(), .body = body};
  ck_assert_int_eq(ts_protect(j.ctx, run, &j), TS_OK);
  ck_assert_str_eq(j.walker.answers, answers);
  ts_context_destroy(j.ctx);
}

START_TEST(constant_bounds) {
  expect("p", "for %i = 0 to 512 {\n %0 = load %A[%i]\n}");
  expect("d", "for %i = 0 to 513 {\n %0 = load %A[%i]\n}");
  expect("d", "for %i = -1 to 4 {\n %0 = load %A[%i]\n}");
  expect("p", "for %i = 0 to 511 {\n %0 = load %A[%i + 1]\n}");
  expect("p", "for %i = 0 to 512 {\n %0 = load %A[511 - %i]\n}");
  expect("d", "for %i = 0 to 512 {\n %0 = load %A[512 - %i]\n}");
}
END_TEST

/* The last value is 504, not 511. */
START_TEST(steps) {
  expect("p", "for %i = 0 to 512 step 8 {\n %0 = load %A[%i] : vector<8xf32>\n}");
  expect("d", "for %i = 0 to 512 step 8 {\n %0 = load %A[%i + 1] : vector<8xf32>\n}");
  expect("p", "for %i = 0 to 500 step 64 {\n %0 = load %A[%i + 63]\n}");
}
END_TEST

START_TEST(divisions) {
  expect("pp", "for %i = 0 to 1024 {\n %0 = load %Q[%i floordiv 16, %i mod 16]\n}");
  expect("dp", "for %i = 0 to 1025 {\n %0 = load %Q[%i floordiv 16, %i mod 16]\n}");
  expect("pp", "for %i = -9 to 9 {\n %0 = load %Q[%i mod 64, 0]\n}");
  expect("p", "for %i = 0 to 512 {\n %0 = load %A[(%i floordiv 8) * 8 + 7]\n}");
  expect("p", "for %i = 0 to 1000 {\n %0 = load %A[%i ceildiv 2]\n}");
}
END_TEST

/* Tiles: the inner variable's bound mentions the outer one. */
START_TEST(tiles) {
  expect("p", "for %o = 0 to 512 step 64 {\n for %i = %o to %o + 64 {\n %0 = load %A[%i]\n}\n}");
  expect("p", "for %o = 0 to 8 {\n for %i = 0 to 64 {\n %0 = load %A[%o * 64 + %i]\n}\n}");
  expect("p", "for %o = 0 to 512 step 100 {\n for %i = %o to min(%o + 100, 512) {\n"
              " %0 = load %A[%i]\n}\n}");
  expect("p", "for %o = 0 to 6 {\n for %i = 0 to min(100, 512 - %o * 100) {\n"
              " %0 = load %A[%o * 100 + %i]\n}\n}");
  expect("u", "for %o = 0 to 6 {\n for %i = 0 to min(100, 513 - %o * 100) {\n"
              " %0 = load %A[%o * 100 + %i]\n}\n}");
  expect("p", "for %o = 0 to 512 step 64 {\n for %i = %o to %o + 64 step 16 {\n"
              " %0 = load %A[%i] : vector<16xf32>\n}\n}");
}
END_TEST

/* Triangles: neither end is taken for every value of the other variable. */
START_TEST(triangles) {
  expect("p", "for %i = 0 to 512 {\n for %j = 0 to %i {\n %0 = load %A[%i - %j]\n}\n}");
  expect("p", "for %i = 0 to 512 {\n for %j = %i to 512 {\n %0 = load %A[%j - %i]\n}\n}");
  expect("u", "for %i = 0 to 512 {\n for %j = 0 to %i {\n %0 = load %A[%i - %j - 1 - %j]\n}\n}");
}
END_TEST

START_TEST(symbols) {
  expect("p", "for %i = 0 to M {\n %0 = load %S[%i]\n}");
  expect("p", "for %i = 0 to M {\n %0 = load %S[M - 1 - %i]\n}");
  expect("d", "for %i = 0 to M {\n %0 = load %S[%i + 1]\n}");
  expect("p", "for %i = 0 to M - 1 {\n %0 = load %S[%i + 1]\n}");
  expect("pu", "for %i = 0 to M {\n %0 = load %T[%i, %i]\n}");
  expect("u", "for %i = 0 to 4 {\n %0 = load %S[%i]\n}");
  expect("p", "%0 = load %S[0]\n");
  expect("u", "for %i = 0 to M {\n %0 = load %A[%i]\n}");
  expect("p", "for %i = 0 to min(M, 512) {\n %0 = load %A[%i]\n}");
}
END_TEST

START_TEST(symbolic_tiles) {
  expect("p",
         "for %o = 0 to M step 64 {\n for %i = %o to min(%o + 64, M) {\n %0 = load %S[%i]\n}\n}");
  expect("p", "for %o = 0 to M ceildiv 64 {\n for %i = 0 to min(64, M - %o * 64) {\n"
              " %0 = load %S[%o * 64 + %i]\n}\n}");
  expect("p",
         "for %o = 0 to M floordiv 64 {\n for %i = 0 to 64 {\n %0 = load %S[%o * 64 + %i]\n}\n}");
  expect("u",
         "for %o = 0 to M ceildiv 64 {\n for %i = 0 to 64 {\n %0 = load %S[%o * 64 + %i]\n}\n}");
  expect("p", "for %o = 0 to M floordiv 8 {\n %0 = load %S[%o * 8] : vector<8xf32>\n}");
}
END_TEST

START_TEST(conditions) {
  expect("pd", "for %i = 0 to 600 {\n if %i < 512 {\n %0 = load %A[%i]\n} else {\n"
               " %1 = load %A[%i]\n}\n}");
  expect("p", "for %i = 0 to 600 {\n if %i >= 88 and %i <= 599 {\n %0 = load %A[%i - 88]\n}\n}");
  expect("u", "for %i = 0 to 600 {\n if %i != 512 {\n %0 = load %A[%i]\n}\n}");
  expect("p", "for %i = 0 to 600 {\n if %i == 7 {\n %0 = load %A[%i + 504]\n}\n}");
  expect("p", "for %i = 0 to M + 3 {\n if %i < M {\n %0 = load %S[%i]\n}\n}");
  expect("p", "launch blocks(%b in M ceildiv 32) threads(%t in 32) {\n if %b * 32 + %t < M {\n"
              " %0 = load %S[%b * 32 + %t]\n}\n}");
  /* the condition holds inside only; the last iteration is M + 2 */
  expect("pd", "for %i = 0 to M + 3 {\n if %i < M {\n %0 = load %S[%i]\n}\n %1 = load %S[%i]\n}");
}
END_TEST

/* What is never run is not wrong. */
START_TEST(dead_code) {
  expect("p", "for %i = 4 to 4 {\n %0 = load %A[%i + 1000]\n}");
  expect("p", "for %i = 0 to 4 {\n if %i > 10 {\n %0 = load %A[%i + 1000]\n}\n}");
  expect("u", "for %o = 0 to 4 {\n for %i = 0 to %o {\n %0 = load %A[%i + 510]\n}\n}");
}
END_TEST

START_TEST(values) {
  expect("pp", "for %i = 0 to 64 {\n %a = apply [%i * 8 + 7]\n %0 = load %A[%a]\n %b = apply [%a "
               "floordiv 8]\n"
               " %1 = load %A[%b]\n}");
  expect("p", "%c = const 511 : index\n %0 = load %A[%c]\n");
  expect("d", "%c = const 512 : index\n %0 = load %A[%c]\n");
  expect("pu", "%n = load %I[2]\n %0 = load %A[%n]\n");
  expect("pp", "%n = load %I[2]\n %0 = load %A[%n mod 512]\n");
}
END_TEST

START_TEST(no_overflow) {
  expect("d", "for %i = 0 to 9223372036854775807 {\n %0 = load %A[%i]\n}");
  expect("u", "for %i = -4611686018427387904 to 4611686018427387904 {\n for %j = %i to %i + 1 {\n"
              " %0 = load %A[%i * 4 + %j * 4]\n}\n}");
  expect("u", "for %i = 0 to M {\n %0 = load %A[%i * 9223372036854775807]\n}");
}
END_TEST

UNIT_MAIN("range", constant_bounds, steps, divisions, tiles, triangles, symbols, symbolic_tiles,
          conditions, dead_code, values, no_overflow)
