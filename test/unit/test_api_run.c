/* The public API: the caller's arrays, structs of other versions, lifetimes, and calls that are wrong. */
#include <stdlib.h>

#include "api_unit.h"

static const char *negates = "func @neg(%x: tensor<MxNxf32>) -> tensor<MxNxf32> {\n"
                             "  %0 = neg %x : tensor<MxNxf32>\n"
                             "  return %0\n"
                             "}\n";

static const int64_t two_three[] = {2, 3};

static ts_executable *ready(ts_module **module) {
  ts_executable *exe;
  *module = parse(ctx, negates);
  ck_assert_int_eq(ts_compile(*module, NULL, NULL, &exe), TS_OK);
  return exe;
}

static void drop(ts_executable *exe, ts_module *module) {
  ts_executable_destroy(exe);
  ck_assert_int_eq(ts_module_destroy(module), TS_OK);
}

/* ---- strides and devices ---- */

/* x by columns; y by rows, from the last to the first, in rows of 5. */
START_TEST(strides_are_honoured) {
  ts_module *module;
  ts_executable *exe = ready(&module);
  float x[6] = {1, 4, 2, 5, 3, 6}, y[10];
  for (int i = 0; i < 10; i++)
    y[i] = 77;
  ts_tensor t[] = {ts_tensor_of(TS_F32, 2, two_three, x),
                   ts_tensor_of(TS_F32, 2, two_three, y + 5)};
  t[0].strides = (const int64_t[]){1, 2};
  t[1].strides = (const int64_t[]){-5, 1};
  ck_assert_int_eq(ts_execute(exe, 2, t, NULL), TS_OK);
  const float want[10] = {-4, -5, -6, 77, 77, -1, -2, -3, 77, 77};
  for (int i = 0; i < 10; i++)
    ck_assert_float_eq(y[i], want[i]);
  drop(exe, module);
}
END_TEST

/* Every row of x is the same one. */
START_TEST(a_stride_of_zero_repeats_an_input) {
  ts_module *module;
  ts_executable *exe = ready(&module);
  float x[3] = {1, 2, 3}, y[6];
  ts_tensor t[] = {ts_tensor_of(TS_F32, 2, two_three, x), ts_tensor_of(TS_F32, 2, two_three, y)};
  t[0].strides = (const int64_t[]){0, 1};
  ck_assert_int_eq(ts_execute(exe, 2, t, NULL), TS_OK);
  for (int i = 0; i < 6; i++)
    ck_assert_float_eq(y[i], (float)-(i % 3 + 1));
  t[1].strides = t[0].strides;
  ck_assert_int_eq(ts_execute(exe, 2, t, NULL), TS_USAGE);
  expect_error("share a place");
  t[1].strides = (const int64_t[]){2, 1}; /* [0, 2] and [1, 0] */
  ck_assert_int_eq(ts_execute(exe, 2, t, NULL), TS_USAGE);
  expect_error("share a place");
  t[1].strides = (const int64_t[]){INT64_MAX, 1};
  ck_assert_int_eq(ts_execute(exe, 2, t, NULL), TS_USAGE);
  expect_error("out of memory");
  drop(exe, module);
}
END_TEST

START_TEST(arrays_on_other_devices_are_refused) {
  ts_module *module;
  ts_executable *exe = ready(&module);
  float a[6] = {0}, b[6];
  ts_tensor t[] = {ts_tensor_of(TS_F32, 2, two_three, a), ts_tensor_of(TS_F32, 2, two_three, b)};
  t[1].device = 1;
  ck_assert_int_eq(ts_execute(exe, 2, t, NULL), TS_USAGE);
  expect_error("device 1");
  drop(exe, module);
}
END_TEST

/* ---- structs of other versions ---- */

START_TEST(a_struct_without_its_size_is_refused) {
  ts_module *module;
  ts_executable *exe = ready(&module);
  float a[6] = {0}, b[6];
  ts_tensor t[] = {ts_tensor_of(TS_F32, 2, two_three, a), ts_tensor_of(TS_F32, 2, two_three, b)};
  ck_assert_int_eq(ts_execute(exe, 2, t, &(ts_limits){.threads = 1}), TS_USAGE);
  expect_error("sizeof(ts_limits)");
  t[1].size = 0;
  ck_assert_int_eq(ts_execute(exe, 2, t, NULL), TS_USAGE);
  expect_error("sizeof(ts_tensor)");
  drop(exe, module);
}
END_TEST

/* Of a later version: what it added is taken as long as it says nothing. */
START_TEST(larger_structs_are_taken_when_they_say_nothing_new) {
  struct later {
    ts_tensor tensor;
    int64_t added;
  };
  ts_module *module;
  ts_executable *exe = ready(&module);
  float x[6] = {1, 2, 3, 4, 5, 6}, y[6];
  struct later t[] = {{ts_tensor_of(TS_F32, 2, two_three, x), 0},
                      {ts_tensor_of(TS_F32, 2, two_three, y), 0}};
  for (int i = 0; i < 2; i++)
    t[i].tensor.size = sizeof *t;
  ck_assert_int_eq(ts_execute(exe, 2, &t[0].tensor, NULL), TS_OK);
  ck_assert_float_eq(y[5], -6);
  t[1].added = 1;
  ck_assert_int_eq(ts_execute(exe, 2, &t[0].tensor, NULL), TS_USAGE);
  expect_error("does not know");
  drop(exe, module);
}
END_TEST

/* ---- lifetimes ---- */

START_TEST(a_module_in_use_stays) {
  ts_module *module;
  ts_func *func;
  ts_executable *exe = ready(&module);
  ck_assert_int_eq(ts_module_destroy(module), TS_USAGE);
  expect_error("1 executable");
  ck_assert_int_eq(ts_module_run_passes(module, "lower"), TS_USAGE);
  expect_error("changed");
  ck_assert_int_eq(ts_build_func(module, "@g()", &func), TS_USAGE);
  expect_error("changed");
  ts_executable_destroy(exe);
  ts_executable_destroy(exe); /* it is gone already */
  ck_assert_int_eq(ts_module_run_passes(module, "lower"), TS_OK);
  ck_assert_int_eq(ts_module_destroy(module), TS_OK);
}
END_TEST

/* What did not compile uses nothing. */
START_TEST(a_failed_compile_lets_the_module_go) {
  ts_module *module = parse(ctx, negates);
  ts_executable *exe;
  ck_assert_int_eq(ts_compile(module, NULL, "loop", &exe), TS_USAGE);
  ck_assert_ptr_null(exe);
  ck_assert_int_eq(ts_module_destroy(module), TS_OK);
}
END_TEST

/* ---- options of engines ---- */

START_TEST(an_engine_takes_options) {
  ts_module *module = parse(ctx, negates);
  ts_executable *exe;
  ck_assert_int_eq(ts_compile(module, NULL, "native{cc=no-such-compiler}", &exe), TS_USAGE);
  expect_error("no-such-compiler");
  ck_assert_int_eq(ts_compile(module, NULL, "native{colour=blue}", &exe), TS_USAGE);
  ts_location at = {.size = sizeof at};
  ck_assert(ts_diagnostic_location(ts_diagnostic_next(ctx, NULL), &at));
  ck_assert_uint_eq(at.column, 8);
  expect_error("colour");
  ck_assert_int_eq(ts_compile(module, NULL, "tensor{cc=gcc}", &exe), TS_USAGE);
  expect_error("cc");
  ck_assert_int_eq(ts_compile(module, NULL, "native{compile_timeout=50s no_cache}", &exe), TS_OK);
  ts_executable_destroy(exe);
  ts_module_destroy(module);
}
END_TEST

/* ---- files ---- */

START_TEST(arrays_go_through_files) {
  char name[] = "/tmp/ts-api-XXXXXX", path[64];
  ck_assert_ptr_nonnull(mkdtemp(name));
  static const char *const endings[] = {"a.npy", "a.safetensors#x"};
  double x[6] = {1, 4, 2, 5, 3, 6};
  ts_tensor t = ts_tensor_of(TS_F64, 2, two_three, x), *read;
  t.strides = (const int64_t[]){1, 2};
  for (int i = 0; i < 2; i++) {
    snprintf(path, sizeof path, "%s/%s", name, endings[i]);
    ck_assert_int_eq(ts_tensor_write(ctx, path, &t), TS_OK);
    ck_assert_int_eq(ts_tensor_read(ctx, path, &read), TS_OK);
    ck_assert_int_eq(read->dtype, TS_F64);
    ck_assert_uint_eq(read->rank, 2);
    ck_assert_int_eq(read->dims[0], 2);
    ck_assert_int_eq(read->dims[1], 3);
    for (int k = 0; k < 6; k++)
      ck_assert_double_eq(((const double *)read->data)[k], k + 1);
    ts_tensor_destroy(ctx, read);
    *strchrnul(path, '#') = '\0';
    remove(path);
  }
  ck_assert_int_eq(ts_tensor_read(ctx, path, &read), TS_ERR);
  ck_assert_ptr_null(read);
  expect_error("cannot be opened");
  remove(name);
}
END_TEST

/* ---- memory ---- */

/* Blocks that know their size; `left` is how many more there may be. */
typedef struct heap {
  size_t blocks, bytes, most;
  long left;
} heap;

static void *reallocate(void *user, void *block, size_t bytes) {
  heap *h = user;
  size_t *old = block ? (size_t *)block - 2 : NULL, had = old ? *old : 0;
  if (bytes && h->left-- == 0) {
    h->left = 0;
    return NULL;
  }
  size_t *now = bytes ? realloc(old, bytes + 2 * sizeof *now) : (free(old), NULL);
  if (now) *now = bytes;
  h->blocks += (bytes != 0) - (old != NULL);
  h->bytes += bytes - had;
  if (h->bytes > h->most) h->most = h->bytes;
  return now ? now + 2 : NULL;
}

START_TEST(memory_comes_from_the_callers_allocator) {
  heap h = {.left = -1};
  ts_context *own = ts_context_create_with(reallocate, &h);
  ts_module *module = parse(own, negates);
  ck_assert_int_eq(ts_module_run_passes(module, "lower"), TS_OK);
  ts_executable *exe;
  ck_assert_int_eq(ts_compile(module, NULL, NULL, &exe), TS_OK);
  float x[6] = {1, 2, 3, 4, 5, 6}, y[6];
  const ts_tensor t[] = {ts_tensor_of(TS_F32, 2, two_three, x),
                         ts_tensor_of(TS_F32, 2, two_three, y)};
  ck_assert_int_eq(ts_execute(exe, 2, t, NULL), TS_OK);
  ck_assert_float_eq(y[5], -6);
  ck_assert_uint_ge(h.bytes, ts_context_memory_used(own));
  h.left = 0;
  ck_assert_int_eq(ts_module_copy(module, &module), TS_LIMIT);
  ts_context_destroy(own);
  ck_assert_uint_eq(h.blocks, 0);
  ck_assert_uint_eq(h.bytes, 0);
  ck_assert_uint_gt(h.most, 10000);
  ck_assert_ptr_null(ts_context_create_with(reallocate, &h));
}
END_TEST

/* ---- wrong calls ---- */

START_TEST(null_is_a_wrong_call) {
  ts_module *module = parse(ctx, negates), *m;
  ts_func *f = ts_module_next_func(module, NULL), *g;
  ts_value *v, *none = NULL;
  ts_executable *exe;
  ts_tensor *tensor;
  char *text;
  const ts_result results[] = {
      ts_module_parse(NULL, "", "", 0, &m),
      ts_module_parse(ctx, NULL, "", 0, &m),
      ts_module_parse(ctx, "", NULL, 1, &m),
      ts_module_parse(ctx, "", "", 0, NULL),
      ts_module_new(NULL, &m),
      ts_module_copy(NULL, &m),
      ts_module_copy(module, NULL),
      ts_module_verify(NULL),
      ts_module_run_passes(NULL, ""),
      ts_module_run_passes(module, NULL),
      ts_module_text(NULL, &text, NULL),
      ts_module_text(module, NULL, NULL),
      ts_module_emit_c(NULL, 0, &text, NULL),
      ts_op_text(NULL, &text, NULL),
      ts_build_func(NULL, "@f()", &g),
      ts_build_func(module, NULL, &g),
      ts_build_func(module, "@f()", NULL),
      ts_build_op(NULL, "exp", 0, NULL, NULL, NULL, &v),
      ts_build_op(f, NULL, 0, NULL, NULL, NULL, &v),
      ts_build_op(f, "exp", 1, NULL, NULL, NULL, &v),
      ts_build_op(f, "exp", 1, &none, NULL, NULL, &v),
      ts_build_op(f, "exp", 0, NULL, NULL, NULL, NULL),
      ts_build_return(NULL, 0, NULL),
      ts_build_return(f, 1, &none),
      ts_build_text(NULL, ""),
      ts_build_text(f, NULL),
      ts_compile(NULL, NULL, NULL, &exe),
      ts_compile(module, NULL, NULL, NULL),
      ts_execute(NULL, 0, NULL, NULL),
      ts_tensor_read(NULL, "x.npy", &tensor),
      ts_tensor_read(ctx, NULL, &tensor),
      ts_tensor_read(ctx, "x.npy", NULL),
      ts_tensor_write(ctx, "x.npy", NULL),
      ts_context_set_remarks(NULL, ""),
  };
  for (size_t i = 0; i < sizeof results / sizeof *results; i++)
    ck_assert_msg(results[i] == TS_USAGE, "call %zu gave %d", i, (int)results[i]);
  ck_assert_uint_eq(ts_context_num_errors(ctx), 0);
  ck_assert_int_eq(ts_module_destroy(NULL), TS_OK);
  ts_executable_destroy(NULL);
  ts_tensor_destroy(ctx, NULL);
  ts_text_free(NULL);
  ts_context_destroy(NULL);
  ts_context_set_handler(NULL, NULL, NULL);
  ck_assert_ptr_null(ts_func_arg(NULL, 0));
  ck_assert_ptr_null(ts_func_name(NULL));
  ck_assert_ptr_null(ts_func_first_op(NULL));
  ck_assert_ptr_null(ts_op_after(NULL));
  ck_assert_ptr_null(ts_op_around(NULL));
  ck_assert_ptr_null(ts_value_type(NULL));
  ck_assert_uint_eq(ts_executable_num_params(NULL), 0);
  ck_assert_uint_eq(ts_context_num_errors(NULL), 0);
  ck_assert_ptr_null(ts_diagnostic_next(NULL, NULL));
  ts_module_destroy(module);
}
END_TEST

API_MAIN("api-run", strides_are_honoured, a_stride_of_zero_repeats_an_input,
         arrays_on_other_devices_are_refused, a_struct_without_its_size_is_refused,
         larger_structs_are_taken_when_they_say_nothing_new, a_module_in_use_stays,
         a_failed_compile_lets_the_module_go, an_engine_takes_options, arrays_go_through_files,
         memory_comes_from_the_callers_allocator, null_is_a_wrong_call)
