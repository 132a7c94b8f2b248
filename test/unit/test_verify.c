/* What only IR that was built, not read, can get wrong; and what a function shows from outside. */
#include "ir/ir.h"
#include "syntax/syntax.h"
#include "analysis/verify/verify.h"
#include "unit.h"

/* ---- a module from text, changed by the test, and the message that verifying it gives ---- */

typedef void (*change_fn)(ts_module *);
typedef struct job {
  ts_context *ctx;
  const char *text;
  change_fn change;
} job;

static ts_result run(void *arg) {
  job *j = arg;
  ts_module *m;
  char *text = ts_sprintf(&j->ctx->arena, "%s%c", j->text, 0);
  ts_source *source = ts_new(&j->ctx->arena, ts_source);
  *source = (ts_source){.name = "t", .text = text, .n = strlen(text), .first_line = 1};
  ck_assert_int_eq(ts_parse_source(j->ctx, source, &m), TS_OK);
  ck_assert_int_eq(ts_verify(m), TS_OK);
  j->change(m);
  return ts_verify(m);
}

static void expect_error(const char *text, change_fn change, const char *message) {
  job j = {ts_context_create(), text, change};
  ck_assert_int_eq(ts_protect(j.ctx, run, &j), TS_ERR);
  ck_assert_str_eq(ts_diagnostic_message(ts_diagnostic_next(j.ctx, NULL)), message);
  ts_context_destroy(j.ctx);
}

static void expect_ok(const char *text, change_fn change) {
  job j = {ts_context_create(), text, change};
  ck_assert_int_eq(ts_protect(j.ctx, run, &j), TS_OK);
  ts_context_destroy(j.ctx);
}

static const char adds[] = "func @f(%x: tensor<4xf32>) -> tensor<4xf32> {\n"
                           "  %0 = neg %x\n"
                           "  %1 = add %0, %x\n"
                           "  return %1\n"
                           "}\n"
                           "func @g(%x: tensor<4xf32>, %y: tensor<4xf32>) {\n"
                           "}\n";
static const char loops[] = "func @f(%A: memref<4xf32>) {\n"
                            "  for %i = 0 to 4 {\n"
                            "    %0 = load %A[%i]\n"
                            "    %1 = negf %0\n"
                            "  }\n"
                            "}\n";

static ts_op *first_op(ts_module *m) { return m->first_func->body->first; }
static ts_op *in_loop(ts_module *m) { return ts_op_regions(first_op(m))[0]->first; }

/* ---- structure ---- */

static void swap_ops(ts_module *m) { ts_op_move_before(first_op(m)->next, first_op(m)); }
static void use_self(ts_module *m) { ts_set_operand(first_op(m), 0, ts_op_result(first_op(m), 0)); }
static void use_inner(ts_module *m) {
  ts_op *neg = in_loop(m)->next;
  ts_builder b = ts_builder_after(m, first_op(m));
  ts_build1(&b, TS_OP_NEGF, ts_op_result(neg, 0)->type, ts_op_result(neg, 0));
}
static void use_variable_outside(ts_module *m) {
  ts_builder b = ts_builder_after(m, first_op(m));
  ts_value *iv = ts_for_parts(first_op(m)).iv;
  ts_build2(&b, TS_OP_ADDI, iv->type, iv, iv);
}
static void use_other_function(ts_module *m) {
  ts_set_operand(first_op(m), 0, m->last_func->body->args[0]);
}

static void use_other_branch(ts_module *m) {
  ts_if branches = ts_if_parts(first_op(m)->next->next);
  ts_set_operand(branches.else_block->first, 0, ts_op_result(branches.then_block->first, 0));
}
static const char branches[] = "func @f(%A: memref<4xi1>) {\n"
                               "  %f = const 1.0 : f32\n"
                               "  %0 = load %A[0]\n"
                               "  if %0 {\n    %t = negf %f\n  } else {\n    %e = negf %f\n  }\n"
                               "}\n";

START_TEST(values_are_defined_before_use) {
  expect_error(branches, use_other_branch, "`negf` uses %t, which is not defined before it");
  expect_error(adds, swap_ops, "`add` uses %0, which is not defined before it");
  expect_error(adds, use_self, "`neg` uses %0, which is not defined before it");
  expect_error(loops, use_inner, "`negf` uses %1, which is not defined before it");
  expect_error(loops, use_variable_outside, "`addi` uses %i, which is not defined before it");
  expect_error(adds, use_other_function, "`neg` uses %x, which is not defined before it");
}
END_TEST

static void overwrite_operand(ts_module *m) { first_op(m)->next->operands[1].owner = first_op(m); }
static void cut_use(ts_module *m) { m->first_func->body->args[0]->uses = NULL; }
static void untype(ts_module *m) { ts_op_result(first_op(m), 0)->type = NULL; }
static void misplace(ts_module *m) { first_op(m)->block = m->last_func->body; }

START_TEST(links_are_consistent) {
  expect_error(adds, overwrite_operand, "operand 2 of `add` is not on its value's use list");
  expect_error(adds, cut_use, "operand 2 of `add` is not on its value's use list");
  expect_error(adds, misplace, "`neg` is linked wrongly into its block");
}
END_TEST

static void wrong_type(ts_module *m) {
  ts_op_result(first_op(m), 0)->type = ts_type_tensor(m, 1, (ts_extent[]){5}, TS_F32);
}
static void wrong_literal(ts_module *m) {
  const ts_type *f64 = ts_type_scalar(m, TS_F64);
  ts_set_operand(first_op(m)->next, 1, ts_literal_float(m, f64, 1.0));
}

START_TEST(types_are_inferred_again) {
  expect_error(adds, wrong_type, "`neg` gives tensor<4xf32> here, not tensor<5xf32>");
  expect_error(adds, wrong_literal, "`add` of tensor<4xf32> and f64: cast one of them");
  expect_error(adds, untype, "the result of `neg` has no type");
}
END_TEST

/* ---- names ---- */

static void same_parameter(ts_module *m) {
  ts_func *g = m->last_func;
  g->body->args[1]->name = g->body->args[0]->name;
}
static void same_function(ts_module *m) {
  (void)ts_func_create(m, m->first_func->name, (ts_loc){0, 0}, 0, NULL, NULL, NULL, 0, NULL);
}
static void same_value_name(ts_module *m) {
  ts_op_result(first_op(m), 0)->name = m->first_func->body->args[0]->name;
}

/* Values of one name are told apart when printed; functions and parameters are known by theirs. */
START_TEST(names) {
  expect_error(adds, same_parameter, "two parameters are called %x");
  expect_error(adds, same_function, "@f is defined already");
  expect_ok(adds, same_value_name);
}
END_TEST

/* ---- from outside ---- */

static ts_result signatures(void *arg) {
  job *j = arg;
  ts_module *m;
  char *text = ts_sprintf(&j->ctx->arena, "%s%c",
                          "func @one(%X: tensor<4xf32>) -> tensor<4xf32> {\n  return %X\n}\n"
                          "func @two(%Y1: tensor<4xf32>, %Y1_1: tensor<4xf32>)\n"
                          "    -> (tensor<4xf32>, tensor<4xf32>) {\n  return %Y1, %Y1_1\n}\n"
                          "func @loop(%A: memref<4xf32>, %B: out memref<4xf32>) {\n}\n"
                          "func @empty() {\n}\n",
                          0);
  ts_source source = {.name = "t", .text = text, .n = strlen(text), .first_line = 1};
  ck_assert_int_eq(ts_parse_source(j->ctx, &source, &m), TS_OK);
  const ts_func *f = m->first_func;
  ts_signature s = ts_func_signature(f);
  ck_assert_uint_eq(ts_func_level(f), TS_LEVEL_T);
  ck_assert_uint_eq(s.n, 2);
  ck_assert_str_eq(ts_str_text(m, s.entries[1].name), "Y");
  ck_assert_int_eq(s.entries[1].role, TS_ROLE_OUT);
  s = ts_func_signature(f = f->next);
  ck_assert_uint_eq(s.n, 4);
  ck_assert_str_eq(ts_str_text(m, s.entries[2].name), "Y0");
  ck_assert_str_eq(ts_str_text(m, s.entries[3].name), "Y1_2");
  s = ts_func_signature(f = f->next);
  ck_assert_uint_eq(ts_func_level(f), TS_LEVEL_L);
  ck_assert_uint_eq(s.n, 2);
  ck_assert_int_eq(s.entries[1].role, TS_ROLE_OUT);
  ck_assert_uint_eq(ts_func_level(f->next), TS_LEVEL_L);
  return TS_OK;
}

START_TEST(signatures_name_results) {
  job j = {.ctx = ts_context_create()};
  ck_assert_int_eq(ts_protect(j.ctx, signatures, &j), TS_OK);
  ts_context_destroy(j.ctx);
}
END_TEST

UNIT_MAIN("verify", values_are_defined_before_use, links_are_consistent, types_are_inferred_again,
          names, signatures_name_results)
