/* The public API: stopping what runs, from another thread, from a handler and after some time. No test looks at a
 * clock: what is stopped here would run for hours. */
#include <pthread.h>
#include <stdlib.h>

#include "api_unit.h"

/* 10^18 iterations; the sum is one element, which the VM would add up in a single instruction. */
static const char *forever = "func @forever(%x: memref<4xf32>, %y: inout memref<4xf32>) {\n"
                             "  for %i = 0 to 1000000000000000000 {\n"
                             "    %a = load %x[0] : f32\n"
                             "    %b = load %y[0] : f32\n"
                             "    %c = fma %a, %a, %b : f32\n"
                             "    store %c, %y[0]\n"
                             "  }\n"
                             "}\n";

static const int64_t four[] = {4};
static float x[4] = {1, 2, 3, 4}, y[4];

static ts_result run_for(ts_executable *exe, double seconds) {
  const ts_tensor t[] = {ts_tensor_of(TS_F32, 1, four, x), ts_tensor_of(TS_F32, 1, four, y)};
  return ts_execute(exe, 2, t, &(ts_limits){.size = sizeof(ts_limits), .seconds = seconds});
}

static ts_executable *compile(ts_module *module, const char *engine) {
  ts_executable *exe;
  ck_assert_int_eq(ts_compile(module, NULL, engine, &exe), TS_OK);
  return exe;
}

/* Where the loop starts. */
static void expect_stopped(const char *why, unsigned line) {
  ts_location at = {.size = sizeof at};
  ck_assert(ts_diagnostic_location(ts_diagnostic_next(ctx, NULL), &at));
  ck_assert_uint_eq(at.line, line);
  expect_error(why);
}

START_TEST(a_run_ends_when_its_time_is_over) {
  ts_module *module = parse(ctx, forever);
  ts_executable *exe = compile(module, "loop");
  for (int i = 0; i < 2; i++) {
    ck_assert_int_eq(run_for(exe, 0.01), TS_LIMIT);
    expect_stopped("the time limit of 0.01 s is over", 2);
  }
  ts_context_set_time_limit(ctx, 0.02);
  ck_assert_int_eq(run_for(exe, 0), TS_LIMIT);
  expect_stopped("0.02 s", 2);
  ts_executable_destroy(exe);
  ck_assert_int_eq(ts_module_destroy(module), TS_OK);
}
END_TEST

/* ---- machine code ---- */

/* It looks only where it was compiled so, and says so where it was not. */
START_TEST(machine_code_stops_where_it_was_asked_to_look) {
  ts_module *module = parse(ctx, forever);
  ts_executable *exe = compile(module, "native{stoppable no_cache}");
  ck_assert_int_eq(run_for(exe, 0.01), TS_LIMIT);
  expect_stopped("the time limit of 0.01 s is over", 2);
  ts_executable_destroy(exe);
  exe = compile(module, "native{no_cache}");
  ck_assert_int_eq(run_for(exe, 0.01), TS_USAGE);
  expect_error("native{stoppable}");
  ts_executable_destroy(exe);
  ts_module_destroy(module);
}
END_TEST

/* Every form of loop, with the same answers as code that does not look: nested and parallel loops, strips of
 * unknown lengths that end anywhere, calls. The sums are of small integers, so exact. */
START_TEST(code_that_looks_computes_the_same) {
  ts_module *module =
      parse(ctx, "func @row(%x: memref<Mxf32>, %s: inout memref<1xf32>) {\n"
                 "  for %i = 0 to M {\n"
                 "    %a = load %x[%i] : f32\n"
                 "    %b = load %s[0] : f32\n"
                 "    %c = addf %a, %b : f32\n"
                 "    store %c, %s[0]\n"
                 "  }\n"
                 "}\n"
                 "func @f(%x: memref<Mxf32>, %y: out memref<Mxf32>, %s: inout memref<1xf32>) {\n"
                 "  call @row(%x, %s)\n"
                 "  for %i = 0 to M parallel {\n"
                 "    for %j = 0 to 1 parallel {\n"
                 "      %z = alloc : memref<1xf32, local>\n"
                 "      store 0.0, %z[0]\n"
                 "      for %k = 0 to %i step 3 {\n"
                 "        %a = load %x[%k] : f32\n"
                 "        %b = load %z[0] : f32\n"
                 "        %c = addf %a, %b : f32\n"
                 "        store %c, %z[0]\n"
                 "      }\n"
                 "      %d = load %z[0] : f32\n"
                 "      store %d, %y[%i + %j]\n"
                 "    }\n"
                 "  }\n"
                 "}\n");
  enum { M = 40001 }; /* two strips and a part */
  static float in[M], out[M], sum[1];
  const int64_t dims[] = {M}, one[] = {1};
  for (int i = 0; i < M; i++)
    in[i] = (float)(i % 2);
  ts_executable *exe;
  ck_assert_int_eq(ts_compile(module, "f", "native{stoppable}", &exe), TS_OK);
  const ts_tensor t[] = {ts_tensor_of(TS_F32, 1, dims, in), ts_tensor_of(TS_F32, 1, dims, out),
                         ts_tensor_of(TS_F32, 1, one, sum)};
  ck_assert_int_eq(ts_execute(exe, 3, t, NULL), TS_OK);
  ck_assert_float_eq(sum[0], M / 2);
  for (int i = 0; i < M; i++) /* of 0, 3, 6, … below i every second is odd */
    if (out[i] != (float)((i + 2) / 3 / 2)) ck_abort_msg("out[%d] is %g", i, out[i]);
  ts_executable_destroy(exe);
  ts_module_destroy(module);
}
END_TEST

/* ---- other loops ---- */

/* Loops whose trip counts only the run knows. */
START_TEST(loops_of_varying_bounds_are_stopped) {
  ts_module *module = parse(ctx, "func @f(%x: memref<4xf32>, %y: inout memref<4xf32>) {\n"
                                 "  for %i = 0 to 1000000000 {\n"
                                 "    for %j = %i to 1000000000 {\n"
                                 "      %a = load %x[0] : f32\n"
                                 "      store %a, %y[0]\n"
                                 "    }\n"
                                 "  }\n"
                                 "}\n");
  ts_executable *exe = compile(module, "loop");
  ck_assert_int_eq(run_for(exe, 0.01), TS_LIMIT);
  expect_stopped("time limit", 3);
  ts_executable_destroy(exe);
  ts_module_destroy(module);
}
END_TEST

START_TEST(launches_are_stopped) {
  ts_module *module = parse(ctx, "func @f(%x: memref<4xf32>, %y: inout memref<4xf32>) {\n"
                                 "  launch blocks(%b in 1000000000) threads(%t in 1000) {\n"
                                 "    %a = load %x[0] : f32\n"
                                 "    store %a, %y[0]\n"
                                 "  }\n"
                                 "}\n");
  ts_executable *exe = compile(module, "loop");
  ck_assert_int_eq(run_for(exe, 0.01), TS_LIMIT);
  expect_stopped("time limit", 2);
  ts_executable_destroy(exe);
  ts_module_destroy(module);
}
END_TEST

static void *interrupt(void *arg) {
  ts_context_interrupt(arg);
  return NULL;
}

/* Before the run or in it, whichever comes first: it ends, and so does what follows, until it is taken back. */
START_TEST(another_thread_interrupts) {
  ts_module *module = parse(ctx, forever), *m;
  ts_executable *exe = compile(module, "loop");
  pthread_t thread;
  ck_assert_int_eq(pthread_create(&thread, NULL, interrupt, ctx), 0);
  ck_assert_int_eq(run_for(exe, 0), TS_LIMIT);
  pthread_join(thread, NULL);
  expect_error("interrupted");
  ck_assert_int_eq(run_for(exe, 0), TS_LIMIT);
  expect_error("interrupted");
  ck_assert_int_eq(ts_module_parse(ctx, "a", forever, strlen(forever), &m), TS_LIMIT);
  ck_assert_ptr_null(m);
  expect_error("interrupted");
  ts_context_resume(ctx);
  ck_assert_int_eq(ts_module_copy(module, &m), TS_OK);
  ck_assert_int_eq(ts_module_verify(m), TS_OK);
  ts_module_destroy(m);
  ts_executable_destroy(exe);
  ck_assert_int_eq(ts_module_destroy(module), TS_OK);
}
END_TEST

/* A product of 2^36 terms. */
START_TEST(the_interpreter_stops_within_an_op) {
  ts_module *module = parse(ctx, "func @f(%x: tensor<MxKxf32>, %w: tensor<KxNxf32>) -> "
                                 "tensor<MxNxf32> {\n"
                                 "  %0 = matmul %x, %w : tensor<MxNxf32>\n"
                                 "  return %0\n"
                                 "}\n");
  static float a[4096 * 16];
  const int64_t dims[] = {4096, 4096};
  ts_executable *exe = compile(module, "tensor");
  float *out = malloc(sizeof *out * 4096 * 4096);
  ts_tensor t[] = {ts_tensor_of(TS_F32, 2, dims, a), ts_tensor_of(TS_F32, 2, dims, a),
                   ts_tensor_of(TS_F32, 2, dims, out)};
  t[0].strides = t[1].strides = (const int64_t[]){0, 1};
  ck_assert_int_eq(ts_execute(exe, 3, t, &(ts_limits){.size = sizeof(ts_limits), .seconds = 0.01}),
                   TS_LIMIT);
  expect_error("time limit");
  free(out);
  ts_executable_destroy(exe);
  ts_module_destroy(module);
}
END_TEST

/* After the first message, which a step gives. */
static void hear(void *user, const ts_diag *d) {
  (void)d;
  ts_context_interrupt(user);
}

START_TEST(a_pipeline_is_interrupted_between_steps) {
  ts_module *module = parse(ctx, "func @f(%x: out memref<64xf32>) {\n"
                                 "  for %i = 0 to 64 {\n"
                                 "    store 1.0, %x[%i]\n"
                                 "  }\n"
                                 "}\n");
  ts_context_set_handler(ctx, hear, ctx);
  ck_assert_int_eq(ts_module_run_passes(module, "unroll{i=4},simplify,canonicalize"), TS_LIMIT);
  ts_context_set_handler(ctx, NULL, NULL);
  ts_context_resume(ctx);
  const ts_diag *last = NULL;
  for (const ts_diag *d = NULL; (d = ts_diagnostic_next(ctx, d));)
    last = d;
  ck_assert_str_eq(ts_diagnostic_message(last), "interrupted");
  ck_assert_int_eq(ts_module_destroy(module), TS_OK);
}
END_TEST

API_MAIN("api-stop", machine_code_stops_where_it_was_asked_to_look,
         code_that_looks_computes_the_same, a_run_ends_when_its_time_is_over,
         loops_of_varying_bounds_are_stopped, launches_are_stopped, another_thread_interrupts,
         the_interpreter_stops_within_an_op, a_pipeline_is_interrupted_between_steps)
