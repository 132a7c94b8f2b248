/* Indexing maps: for every tensor op, plain loops over its space that read and write through its maps compute
 * what the tensor interpreter does, write each element of the result once, and stay inside of the arrays. */
#include <math.h>

#include "ir/indexing.h"
#include "syntax/syntax.h"
#include "analysis/verify/verify.h"
#include "eval/tensor.h"
#include "unit.h"

enum { MOST_OPERANDS = 4, MOST_ELEMENTS = 64 };

/* One op a function, on f64 arrays unless it says otherwise. */
static const char *const texts[] = {
    "%x: tensor<2x3xf64>) -> tensor<2x3xf64> {\n %y = cast %x : tensor<2x3xf32>\n %z = cast %y : tensor<2x3xf64>",
    "%x: tensor<2x3x4xf64>) -> tensor<2x4x3xf64> {\n %y = transpose %x",
    "%x: tensor<2x3x4xf64>) -> tensor<4x2x3xf64> {\n %y = transpose %x {perm = [2, 0, 1]}",
    "%x: tensor<3x1xf64>) -> tensor<2x3x4xf64> {\n %y = broadcast %x : tensor<2x3x4xf64>",
    "%x: tensor<2x3xf64>, %w: tensor<3x4xf64>) -> tensor<2x4xf64> {\n %y = matmul %x, %w",
    "%x: tensor<1x3xf64>, %w: tensor<3x1xf64>) -> tensor<1x1xf64> {\n %y = matmul %x, %w",
    "%x: tensor<2x1x2x3xf64>, %w: tensor<4x3x2xf64>) -> tensor<2x4x2x2xf64> {\n %y = matmul %x, %w",
    "%x: tensor<2x3xf64>, %w: tensor<3xf64>) -> tensor<2x3xf64> {\n %y = add %x, %w",
    "%x: tensor<2x1xf64>, %w: tensor<3xf64>) -> tensor<2x3xf64> {\n %y = sub %x, %w",
    "%x: tensor<2x3xf64>, %w: tensor<2x3xf64>) -> tensor<2x3xf64> {\n %y = mul %x, %w",
    "%x: tensor<2x3xf64>, %w: tensor<1x3xf64>) -> tensor<2x3xf64> {\n %y = div %x, %w",
    "%x: tensor<2x3xf64>, %w: tensor<f64>) -> tensor<2x3xf64> {\n %y = max %x, %w",
    "%x: tensor<2x3xf64>) -> tensor<2x3xf64> {\n %y = min %x, 2.0",
    "%x: tensor<5xf64>) -> tensor<5xf64> {\n %y = neg %x",
    "%x: tensor<5xf64>) -> tensor<5xf64> {\n %y = abs %x",
    "%x: tensor<5xf64>) -> tensor<5xf64> {\n %y = sign %x",
    "%x: tensor<5xf64>) -> tensor<5xf64> {\n %y = exp %x",
    "%x: tensor<5xf64>) -> tensor<5xf64> {\n %y = log %x",
    "%x: tensor<5xf64>) -> tensor<5xf64> {\n %y = sqrt %x",
    "%x: tensor<5xf64>) -> tensor<5xf64> {\n %y = rsqrt %x",
    "%x: tensor<5xf64>) -> tensor<5xf64> {\n %y = tanh %x",
    "%x: tensor<5xf64>) -> tensor<5xf64> {\n %y = erf %x",
    "%x: tensor<5xf64>) -> tensor<5xf64> {\n %y = relu %x",
    "%x: tensor<5xf64>) -> tensor<5xf64> {\n %y = sigmoid %x",
    "%x: tensor<5xf64>) -> tensor<5xf64> {\n %y = silu %x",
    "%x: tensor<5xf64>) -> tensor<5xf64> {\n %y = gelu %x",
    "%x: tensor<f64>) -> tensor<f64> {\n %y = reduce_sum %x",
    "%x: tensor<2x3x4xf64>) -> tensor<f64> {\n %y = reduce_sum %x",
    "%x: tensor<2x3x4xf64>) -> tensor<2x4xf64> {\n %y = reduce_sum %x {axis = 1}",
    "%x: tensor<2x3x4xf64>) -> tensor<1x3x1xf64> {\n %y = reduce_max %x {axis = [0, 2], keepdims}",
    "%x: tensor<2x3x4xf64>) -> tensor<2x3xf64> {\n %y = reduce_min %x {axis = -1}",
    "%x: tensor<2x3x4xf64>) -> tensor<3x4xf64> {\n %y = reduce_mean %x {axis = 0}",
    "%x: tensor<2x3xf64>) -> tensor<2x3xf64> {\n %y = softmax %x",
    "%x: tensor<2x3x2xf64>) -> tensor<2x3x2xf64> {\n %y = softmax %x {axis = 1}",
    "%x: tensor<2x3xf64>, %s: tensor<2xf64>, %b: tensor<2xf64>) -> tensor<2x3xf64> {\n"
    " %y = layernorm %x, %s, %b {axis = 0}",
    "%x: tensor<2x3xf64>) -> tensor<2x3xi8> {\n %y = quantize %x {scale = [0.5, 0.25], axis = 0}",
    "%x: tensor<2x3xi8>) -> tensor<2x3xf64> {\n"
    " %y = dequantize %x {scale = 0.5, zero_point = 3} : tensor<2x3xf64>",
    "%x: tensor<2x3xf64>, %w: tensor<3x4xf64>, %b: tensor<1x4xf64>) -> tensor<2x4xf64> {\n"
    " %y = fused_mlp %x, %w, %b {act = relu}",
    "%x: tensor<2x3xf64>, %w: tensor<3xf64>) -> tensor<2x3xf64> {\n"
    " %y = fused %x, %w : tensor<2x3xf64> (%p: f64, %q: f64) {\n %s = mulf %p, %q : f64\n yield %s\n }",
    "%x: tensor<1x3xf64>, %w: tensor<3x4xf64>, %c: tensor<2x1x1xf64>) -> tensor<2x1x4xf64> {\n"
    " %y = fused %x, %w, %c {root = matmul} : tensor<2x1x4xf64> (%p: f64, %q: f64) {\n %s = mulf %p, %q : f64\n yield %s\n }",
};

static ts_context *ctx;
static ts_module *m;
static bool seen[TS_NUM_OPCODES];

/* The op under test, its arrays, and a point of its space. */
static const ts_op *op;
static ts_array in[MOST_OPERANDS];
static ts_iter_space space;
static int64_t point[TS_MAX_ITER_DIMS];

/* ---- reading and writing through the maps ---- */

static int64_t element(unsigned operand, unsigned rank, const int64_t *dims) {
  const ts_map *map = ts_op_indexing(m, op, operand);
  int64_t at = 0, i;
  ck_assert_uint_eq(map->n, rank);
  for (unsigned k = 0; k < rank; k++) {
    ck_assert(ts_aff_eval(map->exprs[k], point, NULL, NULL, &i));
    ck_assert_msg(i >= 0 && i < dims[k], "%s: operand %u, axis %u: %lld", ts_info(op)->name,
                  operand, k, (long long)i);
    at = at * dims[k] + i;
  }
  return at;
}

static double read(unsigned operand) {
  const ts_value *v = ts_operand(op, operand);
  if (!ts_is_literal(v))
    return ts_array_get(&in[operand], element(operand, v->type->rank, v->type->dims));
  ck_assert_uint_eq(ts_op_indexing(m, op, operand)->n, 0);
  return ts_literal_as_double(v);
}

/* The next point of the dims from `first` to `end`, the last the fastest; false after the last point, which
 * leaves all of them 0. */
static bool step(unsigned first, unsigned end) {
  for (unsigned d = end; d-- > first;) {
    if (++point[d] < space.extents[d]) return true;
    point[d] = 0;
  }
  return false;
}

/* ---- what ops compute ---- */

static double elementwise(double a, double b) {
  switch (op->opcode) {
  case TS_OP_CAST: return (float)a;
  case TS_OP_BROADCAST:
  case TS_OP_TRANSPOSE: return a;
  case TS_OP_ADD: return a + b;
  case TS_OP_SUB: return a - b;
  case TS_OP_MUL:
  case TS_OP_FUSED: return a * b; /* the regions above */
  case TS_OP_DIV: return a / b;
  case TS_OP_MAX: return fmax(a, b);
  case TS_OP_MIN: return fmin(a, b);
  case TS_OP_NEG: return -a;
  case TS_OP_ABS: return fabs(a);
  case TS_OP_SIGN: return (a > 0) - (a < 0);
  case TS_OP_EXP: return exp(a);
  case TS_OP_LOG: return log(a);
  case TS_OP_SQRT: return sqrt(a);
  case TS_OP_RSQRT: return 1 / sqrt(a);
  case TS_OP_TANH: return tanh(a);
  case TS_OP_ERF: return erf(a);
  case TS_OP_RELU: return fmax(a, 0);
  case TS_OP_SIGMOID: return 1 / (1 + exp(-a));
  case TS_OP_SILU: return a / (1 + exp(-a));
  case TS_OP_GELU: return a * (1 + erf(a / sqrt(2))) / 2;
  case TS_OP_QUANTIZE: return nearbyint(a / (point[0] ? 0.25 : 0.5));
  case TS_OP_DEQUANTIZE: return (a - 3) * 0.5;
  default: ck_abort_msg("no meaning for %s", ts_info(op)->name);
  }
}

/* The reduced points of the element at the point, combined. */
static double combined(bool product) {
  double sum = 0, most = -INFINITY, least = INFINITY;
  unsigned terms = 0;
  do {
    double x = product ? read(0) * read(1) : read(0);
    sum += x;
    most = fmax(most, x);
    least = fmin(least, x);
    terms++;
  } while (step(space.num_parallel, space.n));
  if (op->opcode == TS_OP_REDUCE_MEAN) return sum / terms;
  if (op->opcode == TS_OP_REDUCE_MIN) return least;
  return op->opcode == TS_OP_REDUCE_MAX ? most : sum;
}

static double value_at_point(void) {
  if (ts_root_info(op)->class == TS_OC_REDUCE) return combined(false);
  if (ts_root_info(op)->class != TS_OC_PRODUCT)
    return elementwise(read(0), op->num_plain > 1 ? read(1) : 0);
  double sum = combined(true);
  if (op->opcode == TS_OP_FUSED_MLP) return fmax(sum + read(2), 0);
  return op->opcode == TS_OP_FUSED ? sum * read(2) : sum;
}

/* Of softmax and layernorm: the figures of the row at the point. */
static void find_row(double *sum, double *squares, double *exps, unsigned *n) {
  *sum = *squares = *exps = 0;
  *n = 0;
  do {
    double x = read(0);
    *sum += x;
    *squares += x * x;
    *exps += exp(x);
    ++*n;
  } while (step(space.num_parallel, space.n));
}

static double normalized(double sum, double squares, double exps, unsigned n) {
  if (op->opcode == TS_OP_SOFTMAX) return exp(read(0)) / exps;
  double mean = sum / n, variance = squares / n - mean * mean;
  return (read(0) - mean) / sqrt(variance + 1e-5) * read(1) + read(2);
}

/* ---- one op ---- */

static void store(double *values, unsigned *written, double v) {
  const ts_type *t = ts_op_result(op, 0)->type;
  int64_t at = element(op->num_plain, t->rank, t->dims);
  values[at] = v;
  written[at]++;
}

static void run_loops(double *values, unsigned *written) {
  bool rows = ts_info(op)->class == TS_OC_NORMALIZE;
  double sum, squares, exps;
  unsigned n;
  do {
    if (!rows) {
      store(values, written, value_at_point());
      continue;
    }
    find_row(&sum, &squares, &exps, &n);
    do
      store(values, written, normalized(sum, squares, exps, n));
    while (step(space.num_parallel, space.n));
  } while (step(0, space.num_parallel));
}

static void check_op(void) {
  double values[MOST_ELEMENTS];
  unsigned written[MOST_ELEMENTS] = {0};
  ts_array out;
  space = ts_op_iter_space(op);
  ck_assert_int_eq(ts_eval_tensor_op(ctx, op, in, &out), TS_OK);
  run_loops(values, written);
  for (int64_t i = 0; i < ts_array_count(&out); i++) {
    double got = ts_array_get(&out, i);
    ck_assert_msg(written[i] == 1, "%s: element %lld is written %u times", ts_info(op)->name,
                  (long long)i, written[i]);
    ck_assert_msg(fabs(got - values[i]) <= 1e-12 * fabs(got),
                  "%s: element %lld is %.17g, not %.17g", ts_info(op)->name, (long long)i,
                  values[i], got);
  }
  ts_array_drop(ctx, &out);
}

/* Halves from -1.5 up, in no order; positive ones where the op has an edge at 0. */
static void fill(ts_array *a, unsigned operand) {
  bool positive = op->opcode == TS_OP_LOG || op->opcode == TS_OP_SQRT ||
                  op->opcode == TS_OP_RSQRT || op->opcode == TS_OP_DIV;
  for (int64_t i = 0; i < ts_array_count(a); i++)
    ts_array_set(a, i, (positive ? 1 : -1.5) + (double)((7 * i + 3 * operand) % 11) / 2);
}

static ts_result parse(void *arg) {
  ts_result result = ts_parse_source(ctx, arg, &m);
  return result ? result : ts_verify(m);
}

static void begin(const char *text, ts_source *source) {
  char *copy = calloc(strlen(text) + 40, 1);
  sprintf(copy, "func @f(%s\n return %s\n}\n", text, strstr(text, "%z") ? "%z" : "%y");
  *source = (ts_source){"t", copy, strlen(copy), 1};
  ctx = ts_context_create();
  ck_assert_msg(ts_protect(ctx, parse, source) == TS_OK, "%s: %s", copy,
                ctx->first ? ctx->first->message : "");
}

static void check_text(const char *text) {
  ts_source source;
  begin(text, &source);
  op = m->first_func->body->first;
  ck_assert_uint_le(op->num_plain, MOST_OPERANDS);
  for (unsigned i = 0; i < op->num_plain; i++) {
    const ts_type *t = ts_operand(op, i)->type;
    ck_assert_int_eq(ts_array_create(ctx, t->dtype, t->rank, t->dims, &in[i]), TS_OK);
    fill(&in[i], i);
  }
  ck_assert(ts_has_maps(op));
  check_op();
  seen[op->opcode] = true;
  for (unsigned i = 0; i < op->num_plain; i++)
    ts_array_drop(ctx, &in[i]);
  ts_module_destroy(m);
  ts_context_destroy(ctx);
  free((void *)source.text);
}

/* Every tensor op that gives one tensor is among the texts, or has no maps. */
static void check_all_seen(void) {
  for (unsigned o = 0; o < TS_NUM_OPCODES; o++) {
    const ts_op_info *info = &ts_op_infos[o];
    ts_op bare = {.opcode = (uint16_t)o};
    if (!(info->levels & TS_LEVEL_T) || info->num_results != 1) continue;
    bool without = o == TS_OP_CONST || o == TS_OP_RESHAPE;
    ck_assert_msg(ts_has_maps(&bare) == !without, "maps of %s", info->name);
    ck_assert_msg(seen[o] == !without, "no text has %s", info->name);
  }
}

START_TEST(loops_through_maps_compute_every_op) {
  for (size_t i = 0; i < ts_countof(texts); i++)
    check_text(texts[i]);
  check_all_seen();
}
END_TEST

UNIT_MAIN("indexing", loops_through_maps_compute_every_op)
