/* What is noted of changes: what a change can make wrong is found by asking about the parts that it is said to
 * have touched, and names settle as they do when the whole function is walked. */
#include "ir/outline.h"
#include "syntax/syntax.h"
#include "analysis/verify/verify.h"
#include "unit.h"

static const char nests[] = "func @f(%A: memref<8xf32>, %B: out memref<8xf32>) {\n"
                            "  %t = alloc : memref<8xf32>\n"
                            "  for %i = 0 to 8 {\n"
                            "    %a = load %A[%i]\n"
                            "    store %a, %t[%i]\n"
                            "  }\n"
                            "  for %j = 0 to 8 {\n"
                            "    %a = load %t[%j]\n"
                            "    store %a, %B[%j]\n"
                            "  }\n"
                            "  for %k = 0 to 8 {\n"
                            "    store 1.0, %B[%k]\n"
                            "  }\n"
                            "}\n";

typedef void (*change_fn)(ts_module *);
typedef struct job {
  ts_context *ctx;
  change_fn change;
  unsigned changed;    /* parts that are to be looked at */
  const char *message; /* of the first error; NULL: none */
} job;

static ts_module *parse(ts_context *ctx) {
  ts_module *m;
  char *text = ts_sprintf(&ctx->arena, "%s%c", nests, 0);
  ts_source *source = ts_new(&ctx->arena, ts_source);
  *source = (ts_source){.name = "t", .text = text, .n = strlen(text), .first_line = 1};
  ck_assert_int_eq(ts_parse_source(ctx, source, &m), TS_OK);
  ck_assert_int_eq(ts_verify(m), TS_OK);
  return m;
}

/* Op `n` of the body. */
static ts_op *part(ts_module *m, unsigned n) {
  ts_op *op = m->first_func->body->first;
  while (n--)
    op = op->next;
  return op;
}
static ts_op *inside(ts_module *m, unsigned n) { return ts_op_regions(part(m, n))[0]->first; }

/* The parts find what the whole module finds, and no other part is looked at. */
static ts_result verify(void *arg) {
  job *j = arg;
  ts_module *m = parse(j->ctx);
  ts_part_list parts = {0};
  ts_changes_begin(m);
  ck_assert_ptr_nonnull(ts_outline_of(m->first_func));
  j->change(m);
  ck_assert(ts_changes_parts(m->first_func, &m->arena, &parts));
  ck_assert_uint_eq(parts.parts.n, j->changed);
  ts_result result = ts_verify_parts(m->first_func, &parts);
  ck_assert_int_eq(result, ts_verify(m));
  ck_assert_int_eq(result, j->message ? TS_ERR : TS_OK);
  if (j->message)
    ck_assert_str_eq(ts_diagnostic_message(ts_diagnostic_next(j->ctx, NULL)), j->message);
  ts_changes_settle(m);
  parts.parts.n = 0;
  ck_assert(ts_changes_parts(m->first_func, &m->arena, &parts));
  ck_assert_uint_eq(parts.parts.n, 0);
  return TS_OK;
}

static void expect(change_fn change, unsigned changed, const char *message) {
  job j = {ts_context_create(), change, changed, message};
  ck_assert_int_eq(ts_protect(j.ctx, verify, &j), TS_OK);
  ts_context_destroy(j.ctx);
}

static void nothing(ts_module *m) { (void)m; }
static void mark(ts_module *m) { ts_attr_set_unit(m, part(m, 2), TS_ATTR_UNROLL); }
static void store_first(ts_module *m) { ts_op_move_before(inside(m, 2)->next, inside(m, 2)); }
static void buffer_last(ts_module *m) { ts_op_move_before(part(m, 0), part(m, 3)); }
static void buffer_later(ts_module *m) { ts_op_move_before(part(m, 0), part(m, 2)); }
static void buffer_shorter(ts_module *m) {
  ts_extent four = 4;
  ts_set_type(ts_op_result(part(m, 0), 0), ts_type_buffer(m, 1, &four, TS_F32, TS_SPACE_GLOBAL));
}
static void buffer_gone(ts_module *m) { ts_op_unlink(part(m, 0)); }
static void value_from_beside(ts_module *m) {
  ts_set_operand(inside(m, 3), 0, ts_op_result(inside(m, 2), 0));
}
static void moved_beside(ts_module *m) { ts_op_move_before(inside(m, 2), inside(m, 3)); }
static void nest_gone(ts_module *m) { ts_op_erase(part(m, 3)); }
static void behind_return(ts_module *m) {
  ts_builder b = ts_builder_before(m, part(m, 3));
  ts_op_insert(&b, ts_op_create(m, TS_OP_RETURN, b.loc, 0, NULL, 0, NULL, 0, NULL, 0));
}

START_TEST(changes_are_verified) {
  expect(nothing, 0, NULL);
  expect(mark, 1, NULL);
  expect(nest_gone, 0, NULL);
  expect(store_first, 1, "`store` uses %a, which is not defined before it");
  expect(buffer_last, 3, "`store` uses %t, which is not defined before it");
  expect(buffer_later, 3, "`store` uses %t, which is not defined before it");
  expect(buffer_shorter, 3,
         "subscript 0 of %t runs from 0 to 7, outside its extent 4; %i from 0 to 7");
  expect(buffer_gone, 2, "`store` uses %t, which is not defined before it");
  expect(value_from_beside, 1, "`store` uses %a, which is not defined before it");
  expect(moved_beside, 2, "`store` uses %a, which is not defined before it");
  expect(behind_return, 1, "`return` is not the last op of its block");
}
END_TEST

/* ---- names ---- */

static void shadows(
    ts_module *m) { /* the new buffer's name is that of values in both nests behind it */
  ts_builder b = ts_builder_before(m, part(m, 1));
  ts_extent four = 4;
  ts_set_name(ts_build_alloc(&b, ts_type_buffer(m, 1, &four, TS_F32, TS_SPACE_LOCAL)),
              ts_intern(&m->strings, "a"));
}
static void numbers(ts_module *m) {
  ts_set_name(ts_op_result(inside(m, 2), 0), 0);
  ts_set_name(ts_op_result(inside(m, 1), 0), 0);
}
static void renamed(ts_module *m) {
  ts_set_name(ts_op_result(inside(m, 1), 0), ts_intern(&m->strings, "t"));
  ts_set_name(ts_op_result(inside(m, 2), 0), ts_intern(&m->strings, "B"));
}

static const char *text_of(ts_module *m) {
  ts_sink s;
  ts_sink_buffer(&s, &m->ctx->memory);
  ts_print_module(&s, m);
  const char *text = ts_strndup(&m->ctx->arena, s.buf, s.n);
  ts_sink_drop(&s);
  return text;
}

/* After each of two rounds, so that names given in the first are known in the second. */
static ts_result name(void *arg) {
  job *j = arg;
  ts_module *m = parse(j->ctx), *same = parse(j->ctx);
  ts_name_marks marks = {.arena = &m->arena};
  ts_changes_begin(m);
  ts_outline_of(m->first_func);
  for (int round = 0; round < 2; round++) {
    ts_part_list parts = {0};
    j->change(m);
    j->change(same);
    ck_assert(ts_changes_parts(m->first_func, &m->arena, &parts));
    ts_name_parts(m->first_func, &marks, &parts);
    ts_changes_settle(m);
    ts_name_values(same);
    ck_assert_str_eq(text_of(m), text_of(same));
    /* settled: the printer has nothing to add */
    ts_name_values(m);
    ck_assert_str_eq(text_of(m), text_of(same));
  }
  return TS_OK;
}

START_TEST(names_settle_as_in_the_whole) {
  const change_fn changes[] = {shadows, numbers, renamed};
  for (size_t i = 0; i < ts_countof(changes); i++) {
    job j = {ts_context_create(), changes[i], 0, NULL};
    ck_assert_int_eq(ts_protect(j.ctx, name, &j), TS_OK);
    ts_context_destroy(j.ctx);
  }
}
END_TEST

UNIT_MAIN("outline", changes_are_verified, names_settle_as_in_the_whole)
