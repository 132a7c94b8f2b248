/* Counting: every op of the table, of each level, is counted by the engine that runs it and by reading the
 * text, and both come to the figure worked out by hand. */
#include "analysis/cost/flops.h"
#include "analysis/verify/verify.h"
#include "run/run.h"
#include "unit.h"

/* One program of a level and the operations it does. */
typedef struct program {
  const char *text;
  uint64_t flops, int_ops;
  bool readable; /* without running: nothing is decided by data, and there is no launch */
} program;

static const program programs[] = {
    /* 19 elementwise ops, 4 reductions, softmax, layernorm, dequantize, the fused region and the callee's sum
     * of 6 elements each; two products of 2·2·2·3; casts and moves count nothing. Of
     * integers, a quantization of 6 elements and a sum of 2. */
    {"func @twice(%X: tensor<2x3xf32>) -> tensor<2x3xf32> {\n  %y = add %X, %X\n  return %y\n}\n"
     "func @main(%X: tensor<2x3xf32>) -> (tensor<2x2xf32>, tensor<2x3xf32>, tensor<2x3xi32>) {\n"
     "  %c = const 2.0 : tensor<2x3xf32>\n"
     "  %a = add %X, %c\n  %s = sub %a, %X\n  %m = mul %s, %a\n  %d = div %m, %c\n"
     "  %h = max %d, %X\n  %l = min %h, %c\n  %n = neg %l\n  %si = sign %n\n  %b = abs %si\n  %e = exp %b\n"
     "  %g = log %e\n  %q = sqrt %g\n  %r = rsqrt %c\n  %t = tanh %r\n  %f = erf %t\n"
     "  %u = relu %f\n  %v = sigmoid %u\n  %w = silu %v\n  %y = gelu %w\n"
     "  %rs = reduce_sum %y {axis = 1, keepdims}\n  %rm = reduce_max %y {axis = 1, keepdims}\n"
     "  %rn = reduce_min %y {axis = 1, keepdims}\n"
     "  %me = reduce_mean %y {axis = 1, keepdims}\n  %so = softmax %y\n  %ln = layernorm %so\n"
     "  %qu = quantize %ln {scale = 0.5}\n  %dq = dequantize %qu {scale = 0.5} : tensor<2x3xf32>\n"
     "  %tr = transpose %dq\n  %mm = matmul %X, %tr\n"
     "  %bias = const 0.5 : tensor<2xf32>\n"
     "  %ml = fused_mlp %X, %tr, %bias {act = relu}\n"
     "  %re = reshape %rs : tensor<2xf32>\n  %ca = cast %re : tensor<2xf64>\n"
     "  %cb = cast %ca : tensor<2xf32>\n  %co = reshape %cb : tensor<2x1xf32>\n"
     "  %br = broadcast %co : tensor<2x3xf32>\n"
     "  %fu = fused %br, %rm (%p: f32, %o: f32) {\n    %z = addf %p, %o : f32\n    yield %z\n  }\n"
     "  %ad = call @twice(%fu)\n  %in = cast %me : tensor<2x1xi32>\n"
     "  %is = add %in, %in\n  %ib = broadcast %is : tensor<2x3xi32>\n"
     "  return %ml, %ad, %ib\n}\n",
     (19 + 4 + 5) * 6 + 2 * 24, 6 + 2, true},
    /* 6 sums, products, quotients and extrema, an fma (2), 9 functions; on vectors an fma of 4 lanes (8), the
     * sum and the largest of 4 (3 each) and a dot of 8 products (16). Signs, comparisons, rounding and conversions count nothing,
     * nor do subscripts; of integers the other ten. */
    {"global @g : memref<2xf32> = 1.0\n"
     "func @main(%X: memref<64xf32>, %B: memref<8xbf16>, %Y: out memref<64xf32>, %I: out memref<64xi32>) {\n"
     "  copy %X, %Y\n"
     "  %w = get_global @g : memref<2xf32>\n  %t = alloc : memref<4xf32>\n"
     "  for %i = 0 to 4 {\n    %x = load %X[%i] : f32\n    store %x, %t[%i]\n"
     "    prefetch %X[%i + 4]\n  }\n"
     "  if 1 < 2 {\n    atomic_add 1.0, %Y[0]\n  } else {\n    atomic_add 2.0, %Y[0]\n  }\n"
     "  %c = const 3.0 : f32\n  %x = load %w[0] : f32\n"
     "  %a = addf %x, %c : f32\n  %s = subf %a, %x : f32\n  %m = mulf %s, %a : f32\n"
     "  %d = divf %m, %c : f32\n  %h = maxf %d, %x : f32\n  %l = minf %h, %c : f32\n"
     "  %n = negf %l : f32\n  %b = abs %n : f32\n  %f = fma %b, %x, %c : f32\n"
     "  %e1 = exp %f : f32\n  %e2 = log %e1 : f32\n  %e3 = sqrt %e2 : f32\n  %e4 = rsqrt %e3 : f32\n"
     "  %e5 = tanh %e4 : f32\n  %e6 = erf %e5 : f32\n  %e7 = relu %e6 : f32\n"
     "  %e8 = sigmoid %e7 : f32\n  %e9 = silu %e8 : f32\n  %e10 = gelu %e9 : f32\n"
     "  %p = cmpf lt, %x, %c : i1\n  %se = select %p, %e10, %c : f32\n"
     "  %ex = extf %se : f64\n  %tf = truncf %ex : f32\n  %ro = roundeven %tf : f32\n"
     "  store %ro, %Y[1]\n"
     "  %k = fptosi %ro : i32\n  %k1 = addi %k, 1 : i32\n  %k2 = subi %k1, 2 : i32\n"
     "  %k3 = muli %k2, %k : i32\n  %k4 = divi %k3, 3 : i32\n  %k5 = remi %k4, 3 : i32\n"
     "  %k6 = maxi %k5, 0 : i32\n  %k7 = mini %k6, 9 : i32\n  %k8 = andi %k7, 6 : i32\n"
     "  %k9 = ori %k8, 1 : i32\n  %k10 = xori %k9, 1 : i32\n  %p2 = cmpi eq, %k10, 0 : i1\n"
     "  %k11 = trunci %k10 : i8\n  %k12 = extsi %k11 : i32\n  store %k12, %I[0]\n"
     "  %fl = sitofp %k12 : f32\n  store %fl, %Y[2]\n"
     "  %at = apply [3 + 1]\n  %v = load %X[%at] : vector<4xf32>\n"
     "  %vs = splat %fl : vector<4xf32>\n  %vf = fma %v, %vs, %vs : vector<4xf32>\n"
     "  %mask = lanes_below [3] : vector<4xi1>\n  store %vf, %Y[4] mask %mask\n"
     "  %el = extract %vf {lane = 1} : f32\n  %in = insert %el, %vf {lane = 0} : vector<4xf32>\n"
     "  %sum = reduce_add %in : f32\n  store %sum, %Y[3]\n"
     "  %most = reduce_maximum %in : f32\n  store %most, %Y[3]\n"
     "  %bl = load %B[0] : vector<8xbf16>\n  %do = dot %bl, %bl, %vf : vector<4xf32>\n"
     "  store %do, %Y[8]\n  call @nothing(%X)\n  return\n}\n"
     "func @nothing(%X: memref<64xf32>) {\n}\n",
     6 + 2 + 9 + 8 + 3 + 3 + 16, 10, true},
    /* 4 threads: one mma of 2·16·8·8 each */
    {"func @main(%X: memref<16x8xf32>, %W: memref<8x8xf32>, %Y: out memref<16x8xf32>) {\n"
     "  launch blocks(%b in 1) threads(%t in 4) {\n"
     "    %s = alloc : memref<16x8xf32, shared>\n"
     "    for %i = 0 to 4 {\n      async_copy %X[4 * %t + %i, 0], %s[4 * %t + %i, 0] {count = 8}\n    }\n"
     "    async_commit\n    async_wait {groups = 0}\n    barrier\n"
     "    %a = load %s[0, 0] : fragment<16x8x8, a, f32>\n"
     "    %w = load %W[0, 0] : fragment<16x8x8, b, f32>\n"
     "    %c = splat 0.0 : fragment<16x8x8, c, f32>\n"
     "    %p = mma %a, %w, %c : fragment<16x8x8, c, f32>\n"
     "    store %p, %Y[0, 0]\n  }\n}\n",
     4 * 2 * 16 * 8 * 8, 0, false},
};

static ts_module *parse(ts_context *ctx, const program *p) {
  ts_module *m = NULL;
  ts_result result = ts_module_parse(ctx, "t", p->text, strlen(p->text), &m);
  if (result == TS_OK) result = ts_verify(m);
  unit_check(result == TS_OK, "%s in\n%s", ctx->first ? ctx->first->message : "?", p->text);
  return m;
}

START_TEST(each_program_counts_what_it_does) {
  const program *p = &programs[_i];
  ts_context *ctx = ts_context_create();
  ts_module *m = parse(ctx, p);
  ts_run_request request;
  ts_run_request_init(ctx, &request);
  request.entry = "main";
  request.stats = true;
  ts_run run;
  ck_assert_int_eq(ts_run_open(&run, ctx, m, &request), TS_OK);
  unit_check(ts_run_execute(&run) == TS_OK, "%s", ctx->first ? ctx->first->message : "?");
  ck_assert_uint_eq(run.stats.flops, p->flops);
  ts_work read;
  ck_assert_int_eq(ts_count_work(ctx, run.func, &run.bindings, &read), p->readable);
  if (p->readable) ck_assert_uint_eq(read.flops, p->flops);
  if (p->readable) ck_assert_uint_eq(read.int_ops, p->int_ops);
  ts_run_close(&run);
  ts_module_destroy(m);
  ts_context_destroy(ctx);
}
END_TEST

static void note_op(void *seen, ts_op *op) { ((bool *)seen)[op->opcode] = true; }

START_TEST(the_programs_hold_every_op) {
  bool seen[TS_NUM_OPCODES] = {0};
  ts_context *ctx = ts_context_create();
  for (unsigned i = 0; i < ts_countof(programs); i++) {
    ts_module *m = parse(ctx, &programs[i]);
    for (const ts_func *f = m->first_func; f; f = f->next)
      ts_walk(f->body, note_op, seen);
    ts_module_destroy(m);
  }
  for (unsigned i = 0; i < TS_NUM_OPCODES; i++)
    unit_check(seen[i], "no program has `%s`", ts_op_infos[i].name);
  ts_context_destroy(ctx);
}
END_TEST

/* Of 4·4 times: eight times a number and a vector of four; once a vector. What lies in %t registers hold, %u is too large
 * for them: 8 + 4 vectors more; the copy reads and writes 4·16 numbers. */
START_TEST(bytes_are_those_that_loops_move) {
  static const program p = {
      .text = "func @main(%A: memref<4x8xf32>, %B: memref<8x16xf32>, %C: out memref<4x16xf32>, "
              "%D: out memref<4x16xf32>) {\n"
              "  %t = alloc : memref<128x4xf32>\n  %u = alloc : memref<129x4xf32>\n"
              "  for %i = 0 to 4 {\n    for %j = 0 to 16 step 4 {\n"
              "      for %k = 0 to 8 {\n"
              "        %a = load %A[%i, %k] : f32\n        store %a, %t[%k, 0]\n"
              "        %b = load %B[%k, %j] : vector<4xf32>\n        store %b, %u[%k, 0]\n"
              "        prefetch %B[%k, %j]\n      }\n"
              "      %c = load %u[0, 0] : vector<4xf32>\n      store %c, %C[%i, %j]\n"
              "    }\n  }\n  copy %C, %D\n}\n"};
  ts_context *ctx = ts_context_create();
  ts_module *m = parse(ctx, &p);
  ts_work work;
  ck_assert(ts_count_work(ctx, m->first_func, &(ts_bindings){0}, &work));
  ck_assert_uint_eq(work.moved, 4 * 4 * (8 * (4 + 16 + 16) + 16 + 16) + 2 * 4 * 4 * 16);
  ts_module_destroy(m);
  ts_context_destroy(ctx);
}
END_TEST

int main(void) {
  TCase *all = tcase_create("flops");
  tcase_add_loop_test(all, each_program_counts_what_it_does, 0, (int)ts_countof(programs));
  tcase_add_test(all, the_programs_hold_every_op);
  tcase_add_test(all, bytes_are_those_that_loops_move);
  return unit_run("flops", all);
}
