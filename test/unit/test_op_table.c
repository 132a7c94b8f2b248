/* Every op of the table against everything that has to know ops: a sample of
 * each goes to the engines, the emitter, the error bounds, the counts, the
 * dependence model and the vectorizer, or to the lowering. Each takes it, or is
 * said here to refuse it. An op without a sample fails, so that a new row of
 * the table is not taken silently by what was written before it. */
#include <math.h>

#include "analysis/cost/flops.h"
#include "analysis/poly/poly_impl.h"
#include "analysis/verify/verify.h"
#include "check/bound.h"
#include "run/run.h"
#include "unit.h"

/* Who refuses a sample, with a message or by saying that nothing is known. */
enum { NO_C = 1, NO_BOUND = 2, NO_COUNT = 4, NO_VECTOR = 8 };

typedef struct sample {
  const char *tensor, *loop; /* the op in a function of its level; NULL: it is
                                not of that level */
  unsigned refused;          /* of the loop function */
} sample;

/* Of tensors: parameters, result type, and what computes %y. */
#define TENSOR(params, type, y)                                                                    \
  "func @main(" params ") -> " type " {\n  %y = " y "\n  return %y\n}\n"
/* Of positive numbers. */
#define UNARY(op)                                                                                  \
  "func @main(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {\n  %e = exp %x\n  %y = " op                \
  " %e\n  return %y\n}\n"
#define BINARY(op) TENSOR("%x: tensor<2x3xf32>, %w: tensor<3xf32>", "tensor<2x3xf32>", op " %x, %w")

/* Of loops: statements in a loop over %i with an f32 %x of at least 1.5 and an
 * i32 %k. */
#define LOOP(statements)                                                                           \
  "global @g : memref<8xf32> = 1.0\n"                                                              \
  "func @main(%X: memref<8xf32>, %K: memref<8xi32>, %Y: inout memref<8xf32>, "                     \
  "%J: inout memref<8xi32>) {\n  for %i = 0 to 8 {\n"                                              \
  "    %l = load %X[%i] : f32\n    %x = fma %l, %l, 1.5 : f32\n    %k = load "                     \
  "%K[%i] : i32\n"                                                                                 \
  "    " statements "\n  }\n}\nfunc @nothing(%A: memref<8xf32>) {\n}\n"
#define FLOAT(y) LOOP("%y = " y " : f32\n    store %y, %Y[%i]")
#define INT(y) LOOP("%y = " y " : i32\n    store %y, %J[%i]")
/* Of threads: a launch of four. */
#define LAUNCH(statements)                                                                         \
  "func @main(%X: memref<16x8xf32>, %W: memref<8x8xf32>, %Y: inout memref<16x8xf32>) {\n"          \
  "  launch blocks(%b in 1) threads(%t in 4) {\n    " statements "\n  }\n}\n"
#define VECTORS "%v = load %X[0] : vector<8xf32>\n    "
enum { IN_LAUNCH = NO_C | NO_BOUND | NO_COUNT | NO_VECTOR };

// clang-format off
static const sample samples[TS_NUM_OPCODES] = {
    /* both levels */
    [TS_OP_CONST] = {
        TENSOR("%x: tensor<2xf32>", "tensor<2xf32>", "const [1.0, 2.0] : tensor<2xf32>"), FLOAT("const 2.0")},
    [TS_OP_ABS] = {UNARY("abs"), FLOAT("abs %x")},
    [TS_OP_EXP] = {UNARY("exp"), FLOAT("exp %x")},
    [TS_OP_LOG] = {UNARY("log"), FLOAT("log %x")},
    [TS_OP_SQRT] = {UNARY("sqrt"), FLOAT("sqrt %x")},
    [TS_OP_RSQRT] = {UNARY("rsqrt"), FLOAT("rsqrt %x")},
    [TS_OP_TANH] = {UNARY("tanh"), FLOAT("tanh %x")},
    [TS_OP_ERF] = {UNARY("erf"), FLOAT("erf %x")},
    [TS_OP_SIGN] = {UNARY("sign"), FLOAT("sign %x")},
    [TS_OP_RELU] = {UNARY("relu"), FLOAT("relu %x")},
    [TS_OP_SIGMOID] = {UNARY("sigmoid"), FLOAT("sigmoid %x")},
    [TS_OP_SILU] = {UNARY("silu"), FLOAT("silu %x")},
    [TS_OP_GELU] = {UNARY("gelu"), FLOAT("gelu %x")},
    [TS_OP_CALL] = {
        "func @twice(%x: tensor<2xf32>) -> tensor<2xf32> {\n  %y = add %x, %x\n  return %y\n}\n" TENSOR("%x: tensor<2xf32>", "tensor<2xf32>", "call @twice(%x)"), LOOP("call @nothing(%Y)"), NO_VECTOR},
    [TS_OP_YIELD] = {
        TENSOR("%x: tensor<2xf32>", "tensor<2xf32>", "fused %x : tensor<2xf32> (%p: f32) {\n"
             "    %s = exp %p\n    yield %s\n  }")},
    [TS_OP_RETURN] = {
        UNARY("neg"), "func @main(%Y: inout memref<8xf32>) {\n  for %i = 0 to 8 {\n  }\n  return\n}\n"},
    /* tensors */
    [TS_OP_CAST] = {TENSOR("%x: tensor<2xf32>", "tensor<2xf64>", "cast %x : tensor<2xf64>")},
    [TS_OP_RESHAPE] = {TENSOR("%x: tensor<2x3xf32>", "tensor<6xf32>", "reshape %x : tensor<6xf32>")},
    [TS_OP_TRANSPOSE] = {TENSOR("%x: tensor<2x3xf32>", "tensor<3x2xf32>", "transpose %x")},
    [TS_OP_BROADCAST] = {TENSOR("%x: tensor<3xf32>", "tensor<2x3xf32>", "broadcast %x : tensor<2x3xf32>")},
    [TS_OP_MATMUL] = {TENSOR("%x: tensor<2x3xf32>, %w: tensor<3x4xf32>", "tensor<2x4xf32>", "matmul %x, %w")},
    [TS_OP_ADD] = {BINARY("add")},
    [TS_OP_SUB] = {BINARY("sub")},
    [TS_OP_MUL] = {BINARY("mul")},
    [TS_OP_DIV] = {BINARY("div")},
    [TS_OP_MAX] = {BINARY("max")},
    [TS_OP_MIN] = {BINARY("min")},
    [TS_OP_NEG] = {UNARY("neg")},
    [TS_OP_REDUCE_SUM] = {TENSOR("%x: tensor<2x3xf32>", "tensor<f32>", "reduce_sum %x")},
    [TS_OP_REDUCE_MAX] = {TENSOR("%x: tensor<2x3xf32>", "tensor<2xf32>", "reduce_max %x {axis = 1}")},
    [TS_OP_REDUCE_MIN] = {TENSOR("%x: tensor<2x3xf32>", "tensor<2xf32>", "reduce_min %x {axis = 1}")},
    [TS_OP_REDUCE_MEAN] = {TENSOR("%x: tensor<2x3xf32>", "tensor<3xf32>", "reduce_mean %x {axis = 0}")},
    [TS_OP_SOFTMAX] = {UNARY("softmax")},
    [TS_OP_LAYERNORM] = {UNARY("layernorm")},
    [TS_OP_QUANTIZE] = {TENSOR("%x: tensor<2xf32>", "tensor<2xi8>", "quantize %x {scale = 0.5}")},
    [TS_OP_DEQUANTIZE] = {
        TENSOR("%x: tensor<2xi8>", "tensor<2xf32>", "dequantize %x {scale = 0.5} : tensor<2xf32>")},
    [TS_OP_FUSED_MLP] = {
        TENSOR("%x: tensor<2x3xf32>, %w: tensor<3x4xf32>, %b: tensor<4xf32>", "tensor<2x4xf32>", "fused_mlp %x, %w, %b {act = relu}")},
    [TS_OP_FUSED] = {
        TENSOR("%x: tensor<2x3xf32>, %w: tensor<3x4xf32>", "tensor<2x4xf32>", "fused %x, %w {root = matmul} : tensor<2x4xf32> (%p: f32) {\n    %s = exp %p\n    yield %s\n  }")},
    /* loops */
    [TS_OP_FOR] = {NULL, LOOP("for %j = 0 to 2 {\n      store %x, %Y[%i]\n    }")},
    [TS_OP_IF] = {NULL, LOOP("if %i < 4 {\n      store %x, %Y[%i]\n    }")},
    [TS_OP_LAUNCH] = {NULL, LAUNCH("%v = load %X[0, %t] : f32\n    store %v, %Y[0, %t]"), IN_LAUNCH & ~NO_C},
    [TS_OP_ALLOC] = {NULL,
        LOOP("%t = alloc : memref<2xf32>\n    store %x, %t[0]\n    %y = load %t[0] : f32\n"
             "    store %y, %Y[%i]")},
    [TS_OP_GLOBAL] = {NULL,
        LOOP("%g = get_global @g : memref<8xf32>\n    %y = load %g[%i] : f32\n    store %y, %Y[%i]")},
    [TS_OP_LOAD] = {NULL, FLOAT("load %X[%i]")},
    [TS_OP_STORE] = {NULL, LOOP("store %x, %Y[%i]")},
    [TS_OP_COPY] = {NULL, LOOP("copy %X, %Y"), NO_VECTOR},
    [TS_OP_PREFETCH] = {NULL, LOOP("prefetch %X[%i + 4]")},
    [TS_OP_ATOMIC_ADD] = {NULL, LOOP("atomic_add %x, %Y[0]"), NO_VECTOR},
    [TS_OP_APPLY] = {NULL, LOOP("%j = apply [%i + 0]\n    store %x, %Y[%j]")},
    [TS_OP_ADDF] = {NULL, FLOAT("addf %x, %l")},
    [TS_OP_SUBF] = {NULL, FLOAT("subf %x, %l")},
    [TS_OP_MULF] = {NULL, FLOAT("mulf %x, %l")},
    [TS_OP_DIVF] = {NULL, FLOAT("divf %l, %x")},
    [TS_OP_MAXF] = {NULL, FLOAT("maxf %x, %l")},
    [TS_OP_MINF] = {NULL, FLOAT("minf %x, %l")},
    [TS_OP_NEGF] = {NULL, FLOAT("negf %x")},
    [TS_OP_FMA] = {NULL, FLOAT("fma %x, %l, %l")},
    [TS_OP_ADDI] = {NULL, INT("addi %k, 3")},
    [TS_OP_SUBI] = {NULL, INT("subi %k, 3")},
    [TS_OP_MULI] = {NULL, INT("muli %k, 3")},
    [TS_OP_DIVI] = {NULL, INT("divi %k, 3")},
    [TS_OP_REMI] = {NULL, INT("remi %k, 3")},
    [TS_OP_MAXI] = {NULL, INT("maxi %k, 3")},
    [TS_OP_MINI] = {NULL, INT("mini %k, 3")},
    [TS_OP_ANDI] = {NULL, INT("andi %k, 3")},
    [TS_OP_ORI] = {NULL, INT("ori %k, 3")},
    [TS_OP_XORI] = {NULL, INT("xori %k, 3")},
    [TS_OP_CMPF] = {NULL,
        LOOP("%p = cmpf lt, %x, %l : i1\n    %y = select %p, %x, %l : f32\n    store %y, %Y[%i]")},
    [TS_OP_CMPI] = {NULL, LOOP("%p = cmpi lt, %k, 3 : i1\n    %y = select %p, %x, %l : f32\n    store %y, %Y[%i]")},
    [TS_OP_SELECT] = {NULL,
        LOOP("%p = cmpi eq, %k, 3 : i1\n    %y = select %p, %k, 7 : i32\n    store %y, %J[%i]")},
    [TS_OP_EXTF] = {NULL, LOOP("%d = extf %x : f64\n    %y = truncf %d : f32\n    store %y, %Y[%i]")},
    [TS_OP_TRUNCF] = {NULL, LOOP("%d = truncf %x : f16\n    %y = extf %d : f32\n    store %y, %Y[%i]")},
    [TS_OP_SITOFP] = {NULL, FLOAT("sitofp %k")},
    [TS_OP_FPTOSI] = {NULL, INT("fptosi %x")},
    [TS_OP_ROUNDEVEN] = {NULL, FLOAT("roundeven %x")},
    [TS_OP_EXTSI] = {NULL, LOOP("%d = extsi %k : i64\n    %y = trunci %d : i32\n    store %y, %J[%i]")},
    [TS_OP_TRUNCI] = {NULL, LOOP("%d = trunci %k : i8\n    %y = extsi %d : i32\n    store %y, %J[%i]")},
    [TS_OP_SPLAT] = {NULL, LOOP("%v = splat %x : vector<8xf32>\n    store %v, %Y[0]"), NO_VECTOR},
    [TS_OP_LANES_BELOW] = {NULL,
        LOOP("%m = lanes_below [%i] : vector<8xi1>\n    " VECTORS "store %v, %Y[0] mask %m"), NO_VECTOR},
    [TS_OP_EXTRACT] = {NULL, LOOP(VECTORS "%y = extract %v {lane = 3} : f32\n    store %y, %Y[%i]")},
    [TS_OP_INSERT] = {NULL,
        LOOP(VECTORS "%w = insert %x, %v {lane = 3} : vector<8xf32>\n    store %w, %Y[0]"), NO_VECTOR},
    [TS_OP_REDUCE_ADD] = {NULL, LOOP(VECTORS "%y = reduce_add %v : f32\n    store %y, %Y[%i]")},
    [TS_OP_REDUCE_MAXIMUM] = {NULL, LOOP(VECTORS "%y = reduce_maximum %v : f32\n    store %y, %Y[%i]")},
    [TS_OP_DOT] = {NULL,
        LOOP("%q = splat 3 : vector<32xi8>\n    %z = splat %k : vector<8xi32>\n"
             "    %w = dot %q, %q, %z : vector<8xi32>\n    store %w, %J[0]"), NO_VECTOR},
    [TS_OP_BARRIER] = {NULL, LAUNCH("barrier"), IN_LAUNCH},
    [TS_OP_ASYNC_COPY] = {NULL,
        LAUNCH( "%s = alloc : memref<16x8xf32, shared>\n"
             "    async_copy %X[%t, 0], %s[%t, 0] {count = 8}"), IN_LAUNCH},
    [TS_OP_ASYNC_COMMIT] = {NULL, LAUNCH("async_commit"), IN_LAUNCH},
    [TS_OP_ASYNC_WAIT] = {NULL, LAUNCH("async_wait {groups = 0}"), IN_LAUNCH},
    [TS_OP_MMA] = {NULL,
        LAUNCH("%a = load %X[0, 0] : fragment<16x8x8, a, f32>\n"
             "    %w = load %W[0, 0] : fragment<16x8x8, b, f32>\n"
             "    %c = splat 0.0 : fragment<16x8x8, c, f32>\n"
             "    %p = mma %a, %w, %c : fragment<16x8x8, c, f32>\n    store %p, %Y[0, 0]"), IN_LAUNCH},
};
// clang-format on

static ts_context *ctx;
static const char *text; /* of the sample at hand */

#define demand(condition, who)                                                                     \
  unit_check(condition, "%s: %s in\n%s", who, ctx->first ? ctx->first->message : "no message", text)

static ts_module *parse(void) {
  ts_module *m = NULL;
  ts_result result = ts_module_parse(ctx, "t", text, strlen(text), &m);
  if (!result) result = ts_verify(m);
  demand(!result, "not a program");
  return m;
}

static void find_op(void *arg, ts_op *op) {
  const ts_op **found = arg;
  if (op->opcode == (*found)->opcode) *found = op;
}

/* The op of the sample in the function. */
static const ts_op *op_in(const ts_func *f, ts_opcode opcode) {
  const ts_op wanted = {.opcode = (uint16_t)opcode}, *found = &wanted;
  ts_walk(f->body, find_op, &found);
  unit_check(found != &wanted, "the sample of `%s` has none:\n%s", ts_op_infos[opcode].name, text);
  return found;
}

/* Runs it on normal numbers by the engine of its level, and bounds what comes
 * out: false where nothing is known or no bound is finite. */
static bool run_and_bound(ts_module *m) {
  ts_run_request request;
  ts_run run;
  ts_run_request_init(ctx, &request);
  request.entry = "main";
  demand(ts_run_open(&run, ctx, m, &request) == TS_OK && ts_run_execute(&run) == TS_OK, "the run");
  ts_bounded bounds[8] = {{0}};
  bool known = true;
  ts_arena *arena = &ctx->arena;
  bool tensor = ts_func_level(run.func) == TS_LEVEL_T;
  demand(!(tensor ? ts_bound_results(ctx, arena, run.func, run.arrays, &run.bindings, TS_NUM_DTYPES,
                                     0.5, bounds)
                  : ts_bound_loops(ctx, arena, run.func, run.arrays, &run.bindings, 0.5, 1 << 20,
                                   bounds, &known)),
         "the bounds");
  for (unsigned i = 0; known && i < ts_countof(bounds); i++)
    for (int64_t k = 0; k < bounds[i].count; k++)
      known &= isfinite(bounds[i].error[k]) != 0;
  ts_run_close(&run);
  return known;
}

static bool counts(ts_module *m) {
  ts_work work;
  const ts_bindings none = {0};
  return ts_count_work(ctx, ts_func_find(m, ts_intern(&m->strings, "main")), &none, &work);
}

/* What reads or writes memory, or orders those that do, is an access to the
 * dependence model. */
static ts_result check_model(void *arg) {
  const ts_op *op = arg;
  ts_poly p;
  bool access = false;
  ts_poly_init(&p, ctx, &ctx->arena, op->block);
  ts_poly_add(&p, op);
  for (size_t i = 0; i < p.accesses.n; i++)
    access |= p.accesses.at[i].op == op;
  const ts_op_info *info = ts_info(op);
  bool wanted =
      info->reads || info->writes || info->class == TS_OC_SYNC || info->class == TS_OC_CALL;
  demand(access == wanted, "the dependence model");
  return TS_OK;
}

/* Does it take the sample? `parsed` anew, since it changes the module. */
static bool takes(const char *pipeline) {
  ts_module *m = parse();
  ts_result result = ts_module_run_passes(m, pipeline);
  demand(!result || ctx->first, pipeline);
  ts_module_destroy(m);
  return !result;
}

static bool emits(ts_module *m) {
  char *c;
  size_t n;
  ts_result result = ts_module_emit_c(m, 0, &c, &n);
  if (!result) free(c);
  demand(!result || ctx->first, "the emitter");
  return !result;
}

static void check_refusal(bool taken, unsigned refused, const char *who) {
  if (refused)
    unit_check(!taken, "%s takes what it is said to refuse:\n%s", who, text);
  else
    demand(taken, who);
  ts_context_clear_diagnostics(ctx);
}

static void check_tensor(ts_opcode opcode) {
  ts_module *m = parse();
  op_in(ts_func_find(m, ts_intern(&m->strings, "main")), opcode);
  check_refusal(run_and_bound(m), 0, "the bounds of tensor functions");
  check_refusal(counts(m), 0, "the count of operations");
  check_refusal(takes("lower"), 0, "lower");
  ts_module_destroy(m);
}

static void check_loop(ts_opcode opcode, unsigned refused) {
  ts_module *m = parse();
  const ts_op *op = op_in(ts_func_find(m, ts_intern(&m->strings, "main")), opcode);
  demand(ts_protect(ctx, check_model, (void *)op) == TS_OK, "the dependence model");
  check_refusal(emits(m), refused & NO_C, "the emitter of C");
  check_refusal(counts(m), refused & NO_COUNT, "the count of operations");
  check_refusal(run_and_bound(m), refused & NO_BOUND, "the bounds of loop functions");
  check_refusal(takes("vectorize{i=4}"), refused & NO_VECTOR, "vectorize");
  ts_module_destroy(m);
}

START_TEST(an_op_is_taken_or_refused_by_everyone) {
  const sample *s = &samples[_i];
  const ts_op_info *info = &ts_op_infos[_i];
  ctx = ts_context_create();
  unit_check(!(info->levels & TS_LEVEL_T) == !s->tensor || _i == TS_OP_YIELD,
             "`%s`: no sample on tensors", info->name);
  unit_check(!(info->levels & TS_LEVEL_L) == !s->loop || _i == TS_OP_YIELD,
             "`%s`: no sample in loops", info->name);
  text = s->tensor;
  if (text) check_tensor((ts_opcode)_i);
  text = s->loop;
  if (text) check_loop((ts_opcode)_i, s->refused);
  ts_context_destroy(ctx);
}
END_TEST

/* The enumerators are written by hand; the words stand in attrs.def. */
START_TEST(words_stand_in_the_order_of_their_enumerators) {
  static const struct {
    ts_attr_key key;
    int64_t number;
    const char *word;
  } words[] = {
      {TS_ATTR_PRED, TS_EQ, "eq"},
      {TS_ATTR_PRED, TS_NE, "ne"},
      {TS_ATTR_PRED, TS_LT, "lt"},
      {TS_ATTR_PRED, TS_LE, "le"},
      {TS_ATTR_PRED, TS_GT, "gt"},
      {TS_ATTR_PRED, TS_GE, "ge"},
      {TS_ATTR_PREDS, TS_GE, "ge"},
      {TS_ATTR_APPROX, TS_APPROX_NONE, "none"},
      {TS_ATTR_APPROX, TS_APPROX_TANH, "tanh"},
      {TS_ATTR_DIMS, TS_CLAUSE_BLOCKS, "blocks"},
      {TS_ATTR_DIMS, TS_CLAUSE_THREADS, "threads"},
      {TS_ATTR_ACT, TS_OP_GELU, "gelu"},
      {TS_ATTR_ACT, TS_NUM_OPCODES, "none"},
      {TS_ATTR_ROOT, TS_OP_MATMUL, "matmul"},
  };
  ctx = ts_context_create();
  text = "";
  ts_module *m = parse();
  for (size_t i = 0; i < ts_countof(words); i++) {
    ts_str word = ts_intern(&m->strings, words[i].word);
    ck_assert_int_eq(ts_attr_number(m, words[i].key, word), words[i].number);
    ck_assert_str_eq(ts_attr_word(m, words[i].key, words[i].number), words[i].word);
  }
  ts_str unknown = ts_intern(&m->strings, "approximately");
  int64_t number = ts_attr_number(m, TS_ATTR_PRED, unknown);
  ck_assert_int_lt(number, 0);
  ck_assert_str_eq(ts_attr_word(m, TS_ATTR_PRED, number), "approximately");
  ts_module_destroy(m);
  ts_context_destroy(ctx);
}
END_TEST

int main(void) {
  TCase *all = tcase_create("op_table");
  tcase_add_loop_test(all, an_op_is_taken_or_refused_by_everyone, 0, TS_NUM_OPCODES);
  tcase_add_test(all, words_stand_in_the_order_of_their_enumerators);
  return unit_run("op_table", all);
}
