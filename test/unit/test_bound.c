/* The rounding error bound holds: what the interpreter computes in narrow types lies within the
 * bound of the value in f64, for every tensor op; and it is no larger than theory gives where that
 * is closed. */
#include <math.h>

#include "syntax/syntax.h"
#include "analysis/verify/verify.h"
#include "engine/engine.h"
#include "transforms/passes.h"
#include "check/bound.h"
#include "unit.h"

static ts_context *ctx;
static ts_module *m;
static ts_source source;

typedef struct check_call {
  const ts_func *f;
  ts_array *arrays; /* of the signature */
  ts_dtype acc;
  ts_bounded results[2];
  ts_arena arena;
} check_call;

static ts_result parse(void *arg) {
  (void)arg;
  ts_result result = ts_parse_source(ctx, &source, &m);
  return result ? result : ts_verify(m);
}

static ts_result make_arrays(void *arg) {
  check_call *c = arg;
  ts_signature sig = ts_func_signature(c->f);
  c->arrays = ts_new_array(&c->arena, ts_array, sig.n);
  for (unsigned i = 0; i < sig.n; i++) {
    const ts_type *t = sig.entries[i].type;
    ts_result result = ts_array_create(ctx, t->dtype, t->rank, t->dims, &c->arrays[i]);
    if (result) return result;
    ts_array_fill(&c->arrays[i], TS_FILL_NORMAL, 1, 1, ts_str_text(m, sig.entries[i].name));
  }
  return TS_OK;
}

static void run(check_call *c) {
  const ts_engine *engine = ts_engine_find("interp", c->f);
  void *compiled = NULL;
  ck_assert_int_eq(engine->prepare(ctx, m, c->f, NULL, &compiled), TS_OK);
  ts_run_args args = {.func = c->f, .arrays = c->arrays};
  ck_assert_int_eq(engine->run(ctx, compiled, &args), TS_OK);
  engine->release(ctx, compiled);
}

/* Parses `text`, runs its last function on seeded inputs and bounds its results. */
static check_call begin(const char *text, ts_dtype acc) {
  ctx = ts_context_create();
  check_call c = {.acc = acc};
  ts_arena_init(&c.arena, &ctx->memory);
  size_t n = strlen(text);
  char *copy = calloc(n + 2, 1);
  memcpy(copy, text, n);
  source = (ts_source){"t", copy, n, 1};
  ck_assert_msg(ts_protect(ctx, parse, NULL) == TS_OK, "%s: %s", text,
                ctx->first ? ctx->first->message : "");
  c.f = m->last_func;
  ck_assert_int_eq(ts_protect(ctx, make_arrays, &c), TS_OK);
  run(&c);
  ts_bindings none = {0};
  ck_assert_int_eq(ts_bound_results(ctx, &c.arena, c.f, c.arrays, &none, acc, 0.5, c.results),
                   TS_OK);
  return c;
}

static void end(check_call *c) {
  ts_signature sig = ts_func_signature(c->f);
  for (unsigned i = 0; i < sig.n; i++)
    ts_array_drop(ctx, &c->arrays[i]);
  ts_arena_drop(&c->arena);
  ts_module_destroy(m);
  free((void *)source.text);
  ts_context_destroy(ctx);
}

static void check_bound(const char *text, const ts_bounded *b, const ts_array *y) {
  ck_assert_int_eq(b->count, ts_array_count(y));
  unsigned known = 0;
  for (int64_t i = 0; i < b->count; i++) {
    double got = ts_array_get(y, i), distance = fabs(got - b->value[i]);
    known += b->error[i] < INFINITY;
    ck_assert_msg(b->error[i] == INFINITY || distance <= b->error[i],
                  "%s element %lld: %.17g computed, %.17g in f64, bound %.3g", text, (long long)i,
                  got, b->value[i], b->error[i]);
  }
  ck_assert_msg(2 * known > (unsigned)b->count, "%s: most elements have no bound", text);
}

static ts_result lower(void *arg) {
  (void)arg;
  ts_pipeline pipeline = {.table = &ts_all_passes};
  ts_pass_runner runner;
  ts_pass_runner_init(&runner);
  ts_result result = ts_pipeline_add(ctx, &pipeline, "lower", NULL);
  return result ? result : ts_run_pipeline(m, &pipeline, &runner);
}

/* The bounds of the function that begin() parsed, lowered to loops; false where they are not
 * known. */
static bool bound_lowered(check_call *c, ts_bounded *outs) {
  bool known;
  ts_bindings none = {0};
  ck_assert_int_eq(ts_protect(ctx, lower, NULL), TS_OK);
  c->f = m->last_func;
  ck_assert_int_eq(
      ts_bound_loops(ctx, &c->arena, c->f, c->arrays, &none, 0.5, 1 << 20, outs, &known), TS_OK);
  return known;
}

/* Both of the tensor function and of the loops it becomes. */
static void check_holds(const char *text) {
  check_call c = begin(text, TS_NUM_DTYPES);
  unsigned y = c.f->body->num_args;
  ts_bounded outs[8];
  check_bound(text, &c.results[0], &c.arrays[y]);
  ck_assert_msg(bound_lowered(&c, outs), "%s: the loops have no bounds", text);
  run(&c);
  check_bound(text, &outs[y], &c.arrays[y]);
  end(&c);
}

/* %s stands for the float type. */
/* clang-format off */
static const char *const programs[] = {
    "func @f(%%X: tensor<6x5x%s>, %%Z: tensor<5x%s>) -> tensor<6x5x%s> { %%0 = add %%X, %%Z %%1 = mul %%0, %%X "
    "%%2 = sub %%1, %%Z %%3 = max %%2, %%0 %%4 = min %%3, 0.75 return %%4 }",
    "func @f(%%X: tensor<6x5x%s>, %%Z: tensor<6x5x%s>) -> tensor<6x5x%s> { %%0 = div %%X, %%Z return %%0 }",
    "func @f(%%X: tensor<9x%s>, %%Z: tensor<9x%s>) -> tensor<9x%s> { %%0 = exp %%X %%1 = add %%0, %%0 "
    "%%2 = log %%1 %%3 = sqrt %%1 %%4 = rsqrt %%3 %%5 = tanh %%4 %%6 = erf %%2 %%7 = sub %%5, %%6 return %%7 }",
    "func @f(%%X: tensor<99x%s>, %%Z: tensor<99x%s>) -> tensor<99x%s> { %%0 = add %%X, %%Z %%1 = gelu %%0 "
    "%%2 = gelu %%1 {approx = tanh} %%3 = silu %%2 %%4 = sigmoid %%3 %%5 = relu %%4 %%6 = neg %%5 %%7 = abs %%6 "
    "return %%7 }",
    "func @f(%%X: tensor<2x7x9x%s>, %%W: tensor<9x5x%s>) -> tensor<2x7x5x%s> { %%0 = add %%X, %%X "
    "%%1 = matmul %%0, %%W return %%1 }",
    "func @f(%%X: tensor<2x1x7x9x%s>, %%W: tensor<3x9x5x%s>) -> tensor<2x3x7x5x%s> { %%1 = matmul %%X, %%W return %%1 }",
    "func @f(%%X: tensor<4x9x3x%s>, %%Z: tensor<4x9x3x%s>) -> tensor<4x3x%s> { %%0 = sub %%X, %%Z "
    "%%1 = reduce_sum %%0 {axis = 1} %%2 = reduce_mean %%Z {axis = -2} %%3 = reduce_max %%X {axis = 1} "
    "%%4 = add %%1, %%2 %%5 = mul %%4, %%3 return %%5 }",
    "func @f(%%X: tensor<4x9x%s>, %%Z: tensor<4x9x%s>) -> tensor<4x9x%s> { %%0 = add %%X, %%Z %%1 = softmax %%0 return %%1 }",
    "func @f(%%X: tensor<4x9x%s>, %%s: tensor<9x%s>) -> tensor<4x9x%s> { %%0 = layernorm %%X, %%s, %%s return %%0 }",
    "func @f(%%X: tensor<9x4x%s>, %%s: tensor<9x%s>) -> tensor<9x4x%s> { %%0 = layernorm %%X, %%s {axis = 0} return %%0 }",
    "func @f(%%X: tensor<4x9x%s>, %%W: tensor<9x6x%s>) -> tensor<6x2x2x%s> { %%0 = matmul %%X, %%W "
    "%%1 = transpose %%0 %%2 = reshape %%1 : tensor<6x2x2x%s> %%3 = transpose %%2 {perm = [0, 2, 1]} return %%3 }",
    "func @f(%%X: tensor<4x9x%s>, %%W: tensor<9x6x%s>) -> tensor<4x6x%s> { %%b = const 0.3 : tensor<6x%s> "
    "%%0 = fused_mlp %%X, %%W, %%b {act = gelu} return %%0 }",
    "func @f(%%X: tensor<4x9x%s>, %%W: tensor<9x6x%s>, %%b: tensor<6x%s>) -> tensor<4x6x%s> { "
    "%%0 = fused %%X, %%W, %%b {root = matmul} (%%p: %s, %%q: %s) { %%1 = addf %%p, %%q %%2 = tanh %%1 "
    "%%3 = fma %%2, %%1, 0.5 yield %%3 } return %%0 }",
    "func @f(%%X: tensor<1x9x%s>, %%W: tensor<9x6x%s>, %%B: tensor<8x6x%s>) -> tensor<8x6x%s> { " /* one row */
    "%%0 = fused %%X, %%W, %%B {root = matmul} (%%p: %s, %%q: %s) { %%1 = mulf %%p, %%q yield %%1 } return %%0 }",
    "func @f(%%X: tensor<64x%s>, %%Z: tensor<64x%s>) -> tensor<64x%s> { %%0 = mul %%X, %%Z "
    "%%1 = fused %%0, %%X (%%a: %s, %%b: %s) { %%c = cmpf lt, %%a, %%b : i1 %%s = select %%c, %%a, 0.25 : %s "
    "%%d = cmpf ge, %%s, 0.25 : i1 %%k = andi %%c, %%d : i1 %%t = select %%k, %%b, %%s yield %%t } return %%1 }",
    "func @g(%%A: tensor<MxKx%s>, %%B: tensor<KxNx%s>) -> tensor<MxNx%s> { %%0 = matmul %%A, %%B "
    "%%1 = tanh %%0 return %%1 } "
    "func @f(%%X: tensor<4x9x%s>, %%W: tensor<9x1x%s>) -> tensor<4x1x%s> { %%0 = call @g(%%X, %%W) return %%0 }",
};
/* clang-format on */

START_TEST(bounds_hold) {
  static const char *const types[] = {"f16", "bf16", "f32", "f64"};
  char text[1024];
  for (size_t i = 0; i < ts_countof(programs); i++)
    for (size_t t = 0; t < ts_countof(types); t++) {
      const char *d = types[t];
      snprintf(text, sizeof text, programs[i], d, d, d, d, d, d);
      check_holds(text);
    }
}
END_TEST

START_TEST(integers_are_exact_until_rounding_may_tip_them) {
  check_call c = begin("func @f(%X: tensor<4x9xi8>, %W: tensor<9x6xi8>) -> tensor<4x6xi32> {\n"
                       "%0 = matmul %X, %W return %0 }",
                       TS_NUM_DTYPES);
  for (int64_t i = 0; i < c.results[0].count; i++) {
    ck_assert_double_eq(c.results[0].error[i], 0);
    ck_assert_double_eq(c.results[0].value[i], ts_array_get(&c.arrays[2], i));
  }
  end(&c);
  c = begin("func @f(%X: tensor<64xf32>) -> tensor<64xi8> {\n"
            "%0 = mul %X, %X %1 = quantize %0 {scale = 0.1, zero_point = 3} return %1 }",
            TS_NUM_DTYPES);
  for (int64_t i = 0; i < c.results[0].count; i++)
    ck_assert_double_le(c.results[0].error[i], 1);
  end(&c);
  c = begin(
      "func @f(%X: tensor<64xi32>, %Z: tensor<64xi32>) -> tensor<64xi32> {\n"
      "%0 = mul %X, 1073741825 %1 = fused %0, %Z (%a: i32, %b: i32) { %o = ori %b, 1 : i32\n"
      "%q = muli %a, %o : i32 %r = andi %a, %o : i32 %x = xori %q, %r : i32 %l = cmpi lt, %x, %b : i1\n"
      "%s = select %l, %x, 7 : i32 yield %s } return %1 }",
      TS_NUM_DTYPES);
  for (int64_t i = 0; i < c.results[0].count; i++) {
    ck_assert_double_eq(c.results[0].error[i], 0);
    ck_assert_double_eq(c.results[0].value[i], ts_array_get(&c.arrays[2], i));
  }
  end(&c);
}
END_TEST

/* γ(K) Σ|a||b| + u |s| (Higham, section 3.1), with room for the bound's own rounding. */
START_TEST(a_product_has_the_bound_of_the_textbook) {
  enum { M = 3, K = 300, N = 4 };
  check_call c =
      begin("func @f(%X: tensor<3x300xf32>, %W: tensor<300x4xf32>) -> tensor<3x4xf32> {\n"
            "%0 = matmul %X, %W return %0 }",
            TS_F32);
  const double u = 0x1p-24, gamma = K * u / (1 - K * u);
  for (int i = 0; i < M; i++)
    for (int j = 0; j < N; j++) {
      double sum = 0, size = 0;
      for (int k = 0; k < K; k++) {
        double p = ts_array_get(&c.arrays[0], i * K + k) * ts_array_get(&c.arrays[1], k * N + j);
        sum += p, size += fabs(p);
      }
      double want = gamma * size + u * fabs(sum), got = c.results[0].error[i * N + j];
      ck_assert_double_ge(got, want * (1 - 1e-9));
      ck_assert_double_le(got, want * (1 + 1e-4));
    }
  end(&c);
}
END_TEST

/* In loops a product that is added counts as rounded, and the sum's start as a term. */
START_TEST(a_sum_in_a_loop_has_the_bound_of_the_textbook) {
  enum { K = 300, N = 4 };
  check_call c =
      begin("func @f(%X: tensor<1x300xf32>, %W: tensor<300x4xf32>) -> tensor<1x4xf32> {\n"
            "%0 = matmul %X, %W {acc = f32} return %0 }",
            TS_F32);
  ts_bounded outs[3];
  ck_assert(bound_lowered(&c, outs));
  const double u = 0x1p-24, gamma = K * u / (1 - K * u);
  for (int j = 0; j < N; j++) {
    double sum = 0, size = 0;
    for (int k = 0; k < K; k++) {
      double p = ts_array_get(&c.arrays[0], k) * ts_array_get(&c.arrays[1], k * N + j);
      sum += p, size += fabs(p);
    }
    double got = outs[2].error[j];
    ck_assert_double_eq_tol(outs[2].value[j], sum, 1e-12 * size);
    ck_assert_double_ge(got, gamma * size);
    ck_assert_double_le(got, (gamma + u) * size * (1 + 1e-4));
  }
  end(&c);
}
END_TEST

START_TEST(overflow_and_division_by_zero_are_unknown) {
  check_call c = begin("func @f(%X: tensor<8xf16>) -> tensor<8xf16> {\n"
                       "%0 = mul %X, 0.0 %1 = add %0, 60000.0 %2 = add %1, %1 return %2 }",
                       TS_NUM_DTYPES);
  for (int64_t i = 0; i < 8; i++)
    ck_assert(c.results[0].error[i] == INFINITY);
  end(&c);
  c = begin("func @f(%X: tensor<8xf32>, %Z: tensor<8xf32>) -> tensor<8xf32> {\n"
            "%0 = sub %X, %Z %1 = sub %0, %0 %2 = div %X, %1 return %2 }",
            TS_NUM_DTYPES);
  for (int64_t i = 0; i < 8; i++)
    ck_assert(c.results[0].error[i] == INFINITY);
  end(&c);
}
END_TEST

/* In f32, 1.5 more ULPs of exp(x), which is between 2^-24 and 2^-23 of it; in bf16 the same of
 * f32. */
START_TEST(inexact_functions_widen_the_bound) {
  static const char *const texts[] = {
      "func @f(%X: tensor<50xf32>) -> tensor<50xf32> { %0 = exp %X return %0 }",
      "func @f(%X: tensor<50xbf16>) -> tensor<50xbf16> { %0 = exp %X return %0 }"};
  for (unsigned k = 0; k < ts_countof(texts); k++) {
    check_call c = begin(texts[k], TS_NUM_DTYPES);
    ts_bounded wide;
    ts_bindings none = {0};
    ck_assert_int_eq(ts_bound_results(ctx, &c.arena, c.f, c.arrays, &none, TS_NUM_DTYPES, 2, &wide),
                     TS_OK);
    for (int64_t i = 0; i < wide.count; i++) {
      double more = (wide.error[i] - c.results[0].error[i]) / wide.value[i];
      ck_assert_double_ge(more, 1.5 * 0x1p-23);
      ck_assert_double_le(more, 1.6 * 0x1p-23);
    }
    end(&c);
  }
}
END_TEST

UNIT_MAIN("bound", bounds_hold, integers_are_exact_until_rounding_may_tip_them,
          a_product_has_the_bound_of_the_textbook, a_sum_in_a_loop_has_the_bound_of_the_textbook,
          overflow_and_division_by_zero_are_unknown, inexact_functions_widen_the_bound)
