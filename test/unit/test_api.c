/* The public API as an embedding program uses it: this file includes the installed header alone. */
#include <math.h>
#include <pthread.h>

#include "api_unit.h"

static const char *mlp =
    "func @mlp(%X: tensor<MxKxf32>, %W: tensor<KxNxf32>, %b: tensor<Nxf32>) -> tensor<MxNxf32> {\n"
    "  %0 = matmul %X, %W : tensor<MxNxf32>\n"
    "  %1 = add %0, %b : tensor<MxNxf32>\n"
    "  %2 = gelu %1 : tensor<MxNxf32>\n"
    "  return %2\n"
    "}\n";

/* ---- which library ---- */

START_TEST(a_library_says_what_it_is) {
  ck_assert_str_eq(ts_version(), TS_VERSION);
  ck_assert(ts_has_feature("native"));
  ck_assert(!ts_has_feature("abacus"));
  ck_assert(!ts_has_feature(NULL));
}
END_TEST

/* ---- text ---- */

START_TEST(text_comes_back_as_it_was) {
  ts_module *module = parse(ctx, mlp);
  char *text;
  size_t n;
  ck_assert_int_eq(ts_module_verify(module), TS_OK);
  ck_assert_int_eq(ts_module_text(module, &text, &n), TS_OK);
  ck_assert_str_eq(text, mlp);
  ck_assert_uint_eq(n, strlen(mlp));
  ts_text_free(text);
  ts_module_destroy(module);
}
END_TEST

START_TEST(a_mistake_has_its_place) {
  ts_module *module;
  const char *text = "func @f(%x: tensor<4xf32>) -> tensor<4xf32> {\n  return %y\n}\n";
  ck_assert_int_eq(ts_module_parse(ctx, "in.tir", text, strlen(text), &module), TS_ERR);
  ck_assert_ptr_null(module);
  const ts_diag *d = ts_diagnostic_next(ctx, NULL);
  ck_assert_ptr_nonnull(strstr(ts_diagnostic_text(ctx, d), "in.tir:2:10: error: "));
  expect_error("%y");
}
END_TEST

START_TEST(an_unknown_pass_is_a_wrong_call) {
  ts_module *module = parse(ctx, mlp);
  ck_assert_int_eq(ts_module_run_passes(module, "fuse,glow"), TS_USAGE);
  expect_error("glow");
  ts_module_destroy(module);
}
END_TEST

/* ---- building ---- */

static ts_func *new_func(ts_module **module, const char *head) {
  ts_func *func;
  ck_assert_int_eq(ts_module_new(ctx, module), TS_OK);
  ck_assert_int_eq(ts_build_func(*module, head, &func), TS_OK);
  return func;
}

START_TEST(a_built_function_prints_as_text_would) {
  ts_module *module;
  ts_func *func = new_func(&module, "@f(%x: tensor<4x8xf32>) -> tensor<4x1xf32>");
  ts_value *x = ts_func_arg(func, 0), *y, *z;
  ck_assert_ptr_null(ts_func_arg(func, 1));
  ck_assert_int_eq(ts_build_op(func, "exp", 1, &x, NULL, NULL, &y), TS_OK);
  ck_assert_int_eq(ts_build_op(func, "reduce_sum", 1, &y, "axis = 1, keepdims", NULL, &z), TS_OK);
  ck_assert_int_eq(ts_build_return(func, 1, &z), TS_OK);
  ck_assert_int_eq(ts_module_verify(module), TS_OK);
  char *text;
  ck_assert_int_eq(ts_module_text(module, &text, NULL), TS_OK);
  ck_assert_str_eq(text, "func @f(%x: tensor<4x8xf32>) -> tensor<4x1xf32> {\n"
                         "  %0 = exp %x : tensor<4x8xf32>\n"
                         "  %1 = reduce_sum %0 {axis = 1, keepdims} : tensor<4x1xf32>\n"
                         "  return %1\n"
                         "}\n");
  ts_text_free(text);
  ts_module_destroy(module);
}
END_TEST

START_TEST(a_wrong_op_is_found_where_it_is_built) {
  ts_module *module;
  ts_func *func = new_func(&module, "@f(%x: tensor<4x8xf32>, %y: tensor<3xf32>)");
  ts_value *args[] = {ts_func_arg(func, 0), ts_func_arg(func, 1)}, *out;
  ck_assert_int_eq(ts_build_op(func, "add", 2, args, NULL, NULL, &out), TS_ERR);
  ck_assert_ptr_null(out);
  expect_error("");
  ck_assert_int_eq(ts_build_op(func, "expo", 1, args, NULL, NULL, &out), TS_ERR);
  expect_error("exp");
  ck_assert_int_eq(ts_build_op(func, "exp", 1, args, "axis = 1", NULL, &out), TS_ERR);
  expect_error("axis");
  ck_assert_int_eq(ts_build_op(func, "exp", 1, args, NULL, "tensor<4xf32>", &out), TS_ERR);
  expect_error("tensor<4x8xf32>");
  ck_assert_int_eq(ts_build_op(func, "exp", 1, args, NULL, "}", &out), TS_ERR);
  ts_context_clear_diagnostics(ctx);
  /* none of them left anything behind */
  ck_assert_int_eq(ts_build_op(func, "exp", 1, args, NULL, NULL, &out), TS_OK);
  char *text;
  ck_assert_int_eq(ts_module_text(module, &text, NULL), TS_OK);
  ck_assert_str_eq(text, "func @f(%x: tensor<4x8xf32>, %y: tensor<3xf32>) {\n"
                         "  %0 = exp %x : tensor<4x8xf32>\n"
                         "}\n");
  ts_text_free(text);
  ts_module_destroy(module);
}
END_TEST

START_TEST(a_wrong_head_is_an_error) {
  ts_module *module;
  ts_func *func;
  ck_assert_int_eq(ts_module_new(ctx, &module), TS_OK);
  ck_assert_int_eq(ts_build_func(module, "@f(%x: tensor<4x", &func), TS_ERR);
  ck_assert_ptr_null(func);
  ts_context_clear_diagnostics(ctx);
  ck_assert_int_eq(ts_build_func(module, "@f() {} func @g()", &func), TS_ERR);
  ts_context_clear_diagnostics(ctx);
  ck_assert_int_eq(ts_build_func(module, "@f()", &func), TS_OK);
  ck_assert_int_eq(ts_build_func(module, "@f()", &func), TS_ERR);
  expect_error("@f");
  ts_module_destroy(module);
}
END_TEST

START_TEST(loops_are_built_from_text) {
  ts_module *module;
  ts_func *func = new_func(&module, "@twice(%x: memref<8xf32>, %y: out memref<8xf32>)");
  ck_assert_int_eq(ts_build_text(func, "for %i = 0 to 8 {\n"
                                       "  %v = load %x[%i] : f32\n"
                                       "  %w = addf %v, %v : f32\n"
                                       "  store %w, %y[%i]\n"
                                       "}\n"),
                   TS_OK);
  ck_assert_int_eq(ts_module_verify(module), TS_OK);
  ts_executable *exe;
  ck_assert_int_eq(ts_compile(module, NULL, NULL, &exe), TS_OK);
  float x[8] = {0, 1, 2, 3, 4, 5, 6, 7}, y[8];
  const int64_t dims[] = {8};
  const ts_tensor tensors[] = {ts_tensor_of(TS_F32, 1, dims, x), ts_tensor_of(TS_F32, 1, dims, y)};
  ck_assert_int_eq(ts_execute(exe, 2, tensors, NULL), TS_OK);
  for (int i = 0; i < 8; i++)
    ck_assert_float_eq(y[i], 2.0f * (float)i);
  ts_executable_destroy(exe);
  ts_module_destroy(module);
}
END_TEST

/* ---- running ---- */

/* Runs @mlp on 2 × 3 by 3 × 2 arrays; returns the first error's result. */
static ts_result run_mlp(ts_context *c, ts_module *module, const char *engine, float y[4]) {
  float x[6] = {1, 2, 3, -1, 0.5f, 2}, w[6] = {1, 0, -1, 2, 0.25f, 1}, b[2] = {0.5f, -4};
  const ts_tensor tensors[] = {
      ts_tensor_of(TS_F32, 2, (int64_t[]){2, 3}, x), ts_tensor_of(TS_F32, 2, (int64_t[]){3, 2}, w),
      ts_tensor_of(TS_F32, 1, (int64_t[]){2}, b), ts_tensor_of(TS_F32, 2, (int64_t[]){2, 2}, y)};
  ts_executable *exe;
  ts_result result = ts_compile(module, "mlp", engine, &exe);
  if (result) return result;
  result = ts_execute(exe, 4, tensors, NULL);
  ts_executable_destroy(exe);
  (void)c;
  return result;
}

/* x @ w + b by hand: [1 - 2 + 0.75 + 0.5, 4 + 3 - 4], [-1 - 0.5 + 0.5 + 0.5, 1 + 2 - 4] */
static void check_mlp(const float y[4]) {
  const double v[4] = {0.25, 3, -0.5, -1};
  for (int i = 0; i < 4; i++)
    ck_assert_double_eq_tol(y[i], v[i] / 2 * erfc(-v[i] / sqrt(2)), 1e-7);
}

START_TEST(a_run_writes_the_callers_array) {
  ts_module *module = parse(ctx, mlp);
  float y[4] = {0};
  ck_assert_int_eq(run_mlp(ctx, module, "interp", y), TS_OK);
  check_mlp(y);
  ck_assert_int_eq(ts_module_run_passes(module, "fuse,lower"), TS_OK);
  memset(y, 0, sizeof y);
  ck_assert_int_eq(run_mlp(ctx, module, "loop", y), TS_OK);
  check_mlp(y);
  ck_assert_int_eq(run_mlp(ctx, module, "tensor", y), TS_USAGE);
  ts_module_destroy(module);
}
END_TEST

START_TEST(parameters_are_the_same_before_and_after_lowering) {
  const char *names[] = {"X", "W", "b", "Y"};
  ts_module *module = parse(ctx, mlp);
  for (int lowered = 0; lowered < 2; lowered++) {
    ts_executable *exe;
    if (lowered) ck_assert_int_eq(ts_module_run_passes(module, "lower"), TS_OK);
    ck_assert_int_eq(ts_compile(module, NULL, NULL, &exe), TS_OK);
    ck_assert_uint_eq(ts_executable_num_params(exe), 4);
    for (unsigned i = 0; i < 4; i++) {
      const ts_param *p = ts_executable_param(exe, i);
      ck_assert_str_eq(p->name, names[i]);
      ck_assert_int_eq(p->role, i == 3 ? TS_ROLE_OUT : TS_ROLE_IN);
      ck_assert_uint_eq(p->rank, i == 2 ? 1 : 2);
      ck_assert_int_eq(p->dims[0], 0);
    }
    ck_assert_ptr_null(ts_executable_param(exe, 4));
    ts_executable_destroy(exe);
  }
  ts_module_destroy(module);
}
END_TEST

START_TEST(shapes_that_clash_are_refused) {
  ts_module *module = parse(ctx, mlp);
  ts_executable *exe;
  float a[64] = {0};
  ck_assert_int_eq(ts_compile(module, NULL, NULL, &exe), TS_OK);
  const int64_t two_three[] = {2, 3}, four_two[] = {4, 2}, two[] = {2}, two_two[] = {2, 2};
  ts_tensor t[] = {ts_tensor_of(TS_F32, 2, two_three, a), ts_tensor_of(TS_F32, 2, four_two, a),
                   ts_tensor_of(TS_F32, 1, two, a), ts_tensor_of(TS_F32, 2, two_two, a)};
  ck_assert_int_eq(ts_execute(exe, 4, t, NULL), TS_ERR);
  expect_error("K");
  ck_assert_int_eq(ts_execute(exe, 3, t, NULL), TS_ERR);
  expect_error("4 tensors");
  t[1].data = NULL;
  ck_assert_int_eq(ts_execute(exe, 4, t, NULL), TS_ERR);
  expect_error("NULL");
  t[1] = ts_tensor_of(TS_F64, 2, two_three, a);
  ck_assert_int_eq(ts_execute(exe, 4, t, NULL), TS_ERR);
  expect_error("f64");
  ts_executable_destroy(exe);
  ts_module_destroy(module);
}
END_TEST

/* ---- limits and threads ---- */

START_TEST(refused_memory_leaves_the_context_good) {
  ts_module *module;
  ts_context_set_memory_cap(ctx, ts_context_memory_used(ctx) + 2000);
  ck_assert_int_eq(ts_module_parse(ctx, "test.tir", mlp, strlen(mlp), &module), TS_LIMIT);
  ts_context_clear_diagnostics(ctx);
  ts_context_set_memory_cap(ctx, 0);
  module = parse(ctx, mlp);
  ts_module_destroy(module);
}
END_TEST

START_TEST(fuel_ends_a_run) {
  ts_module *module = parse(ctx, "func @f(%y: out memref<1xf32>) {\n"
                                 "  for %i = 0 to 1000000000000000000 {\n"
                                 "    store 1.0, %y[0]\n"
                                 "  }\n"
                                 "}\n");
  ts_executable *exe;
  float y;
  const ts_tensor t = ts_tensor_of(TS_F32, 1, (int64_t[]){1}, &y);
  ck_assert_int_eq(ts_compile(module, NULL, NULL, &exe), TS_OK);
  ck_assert_int_eq(ts_execute(exe, 1, &t, &(ts_limits){.size = sizeof(ts_limits), .fuel = 10000}),
                   TS_LIMIT);
  expect_error("%i");
  ts_executable_destroy(exe);
  ts_module_destroy(module);
}
END_TEST

static void *one_thread(void *ok) {
  ts_context *own = ts_context_create();
  for (int round = 0; round < 20; round++) {
    float y[4];
    ts_module *module;
    if (ts_module_parse(own, "thread.tir", mlp, strlen(mlp), &module)) return NULL;
    if (ts_module_run_passes(module, "fuse,lower") || run_mlp(own, module, "interp", y))
      return NULL;
    if (!(fabs(y[1] - 2.9959503) < 1e-6)) return NULL;
    ts_module_destroy(module);
  }
  ts_context_destroy(own);
  *(int *)ok = 1;
  return NULL;
}

START_TEST(two_modules_in_two_threads) {
  pthread_t threads[2];
  int ok[2] = {0, 0};
  for (int i = 0; i < 2; i++)
    ck_assert_int_eq(pthread_create(&threads[i], NULL, one_thread, &ok[i]), 0);
  for (int i = 0; i < 2; i++)
    ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
  ck_assert_int_eq(ok[0], 1);
  ck_assert_int_eq(ok[1], 1);
}
END_TEST

API_MAIN("api", a_library_says_what_it_is, text_comes_back_as_it_was, a_mistake_has_its_place,
         an_unknown_pass_is_a_wrong_call, a_built_function_prints_as_text_would,
         a_wrong_op_is_found_where_it_is_built, a_wrong_head_is_an_error, loops_are_built_from_text,
         a_run_writes_the_callers_array, parameters_are_the_same_before_and_after_lowering,
         shapes_that_clash_are_refused, refused_memory_leaves_the_context_good, fuel_ends_a_run,
         two_modules_in_two_threads)
