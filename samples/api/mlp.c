/* A layer of a neural network through the C API: built op by op, fused and lowered, run on arrays of ours,
 * and checked against the same sum in double.
 *
 *   cc mlp.c $(pkg-config --cflags --libs tilesmith) -lm -o mlp */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <tilesmith.h>

enum { M = 4, K = 8, N = 3 };

/* Every function that can fail returns a ts_result; what went wrong stands in the context. */
static void check(ts_context *ctx, ts_result result) {
  if (result == TS_OK) return;
  for (const ts_diag *d = NULL; (d = ts_diagnostic_next(ctx, d));)
    fputs(ts_diagnostic_text(ctx, d), stderr);
  exit((int)result);
}

/* Y = gelu(X @ W + b) */
static ts_module *build(ts_context *ctx) {
  ts_module *module;
  ts_func *func;
  ts_value *product, *sum, *result;
  check(ctx, ts_module_new(ctx, &module));
  check(ctx, ts_build_func(module,
                           "@layer(%X: tensor<4x8xf32>, %W: tensor<8x3xf32>, %b: tensor<3xf32>) "
                           "-> tensor<4x3xf32>",
                           &func));
  ts_value *x = ts_func_arg(func, 0), *w = ts_func_arg(func, 1), *b = ts_func_arg(func, 2);
  check(ctx, ts_build_op(func, "matmul", 2, (ts_value *[]){x, w}, NULL, NULL, &product));
  check(ctx, ts_build_op(func, "add", 2, (ts_value *[]){product, b}, NULL, NULL, &sum));
  check(ctx, ts_build_op(func, "gelu", 1, &sum, "approx = none", NULL, &result));
  check(ctx, ts_build_return(func, 1, &result));
  check(ctx, ts_module_verify(module));
  return module;
}

static void run(ts_context *ctx, ts_module *module, float *x, float *w, float *b, float *y) {
  ts_executable *exe;
  check(ctx, ts_compile(module, "layer", "interp", &exe));
  for (unsigned i = 0; i < ts_executable_num_params(exe); i++)
    printf("parameter %u: %s\n", i, ts_executable_param(exe, i)->name);
  const ts_tensor tensors[] = {
      ts_tensor_of(TS_F32, 2, (int64_t[]){M, K}, x), ts_tensor_of(TS_F32, 2, (int64_t[]){K, N}, w),
      ts_tensor_of(TS_F32, 1, (int64_t[]){N}, b), ts_tensor_of(TS_F32, 2, (int64_t[]){M, N}, y)};
  check(ctx, ts_execute(exe, 4, tensors, NULL));
  ts_executable_destroy(exe);
}

static double largest_error(const float *x, const float *w, const float *b, const float *y) {
  double worst = 0;
  for (int i = 0; i < M; i++)
    for (int j = 0; j < N; j++) {
      double s = b[j];
      for (int k = 0; k < K; k++)
        s += (double)x[i * K + k] * w[k * N + j];
      worst = fmax(worst, fabs(y[i * N + j] - s / 2 * erfc(-s / sqrt(2))));
    }
  return worst;
}

int main(void) {
  float x[M * K], w[K * N], b[N], y[M * N];
  for (int i = 0; i < M * K; i++)
    x[i] = (float)(i % 7 - 3) / 4;
  for (int i = 0; i < K * N; i++)
    w[i] = (float)(i % 5 - 2) / 3;
  for (int i = 0; i < N; i++)
    b[i] = (float)i / 10;

  ts_context *ctx = ts_context_create();
  if (!ctx) return TS_LIMIT;
  ts_module *module = build(ctx);
  check(ctx, ts_module_run_passes(module, "fuse,lower"));
  char *text;
  check(ctx, ts_module_text(module, &text, NULL));
  fputs(text, stdout);
  ts_text_free(text);
  run(ctx, module, x, w, b, y);
  double error = largest_error(x, w, b, y);
  printf("largest error: %s 1e-6\n", error < 1e-6 ? "below" : "NOT below");
  ts_module_destroy(module);
  ts_context_destroy(ctx);
  return error < 1e-6 ? 0 : TS_CHECK;
}
