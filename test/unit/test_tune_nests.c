/* Spaces made of a program's nests: they can be read, begin with what the recipe would do, and hold nothing that is
 * refused or wrong. */
#include <math.h>

#include "syntax/syntax.h"
#include "transforms/passes.h"
#include "check/semantics.h"
#include "tune/space/space.h"
#include "unit.h"

#define MATMUL(m, k, n, type, result, attributes)                                                  \
  "func @f(%X: tensor<" #m "x" #k "x" type ">, %W: tensor<" #k "x" #n "x" type ">) -> tensor<" #m  \
  "x" #n "x" result "> {\n  %0 = matmul %X, %W" attributes "\n  return %0\n}\n"
#define ALONG_ROWS(op)                                                                             \
  "func @f(%x: tensor<9x70xf32>, %g: tensor<70xf32>, %b: tensor<70xf32>) -> tensor<9x70xf32> {\n"  \
  "  %0 = " op " {axis = 1}\n  return %0\n}\n"

/* One of each kind of nest that the recipe knows, and a parameter that its space must have. */
static const struct {
  const char *what, *program, *parameter;
} kinds[] = {
    {"product", MATMUL(29, 37, 70, "f32", "f32", ""), "j_rows"},
    {"product in blocks", MATMUL(26, 600, 33, "f32", "f32", ""), "j_sum_block"},
    {"product of bf16", MATMUL(29, 37, 70, "bf16", "bf16", " {acc = f32}"), "j_vectors"},
    {"product of i8", MATMUL(30, 40, 70, "i8", "i32", ""), "j_parallel"},
    {"product of f64", MATMUL(13, 40, 19, "f64", "f64", ""), "j_pack"},
    {"product of any size", MATMUL(M, K, N, "f32", "f32", ""), "j_sum_block"},
    {"thin product", MATMUL(1, 40, 300, "f32", "f32", ""), "j_prefetch"},
    {"product of few rows", MATMUL(4, 64, 200, "f32", "f32", ""), "j_rows"},
    {"softmax", ALONG_ROWS("softmax %x"), "r_vectors"},
    {"layernorm", ALONG_ROWS("layernorm %x, %g, %b"), "q_unroll"},
    {"elementwise",
     "func @f(%x: tensor<40x131xf32>, %y: tensor<131xf32>) -> tensor<40x131xf32> {\n"
     "  %0 = mul %x, %y\n  %1 = gelu %0\n  return %1\n}\n",
     "i_parallel"},
    {"reductions",
     "func @f(%x: tensor<20x150xf32>) -> (tensor<f32>, tensor<150xf32>, tensor<20xf32>) {\n"
     "  %0 = reduce_sum %x\n  %1 = reduce_max %x {axis = 0}\n  %2 = reduce_mean %x {axis = 1}\n"
     "  return %0, %1, %2\n}\n",
     "r0_vectors"},
    {"transpose",
     "func @f(%x: tensor<60x70xf32>) -> tensor<70x60xf32> {\n"
     "  %0 = transpose %x {perm = [1, 0]}\n  return %0\n}\n",
     "i_load_tile"},
    {"attention",
     "func @f(%q: tensor<2x20x8xf32>, %k: tensor<2x8x20xf32>, %v: tensor<2x20x8xf32>)\n"
     "    -> tensor<2x20x8xf32> {\n  %0 = matmul %q, %k\n  %1 = softmax %0 {axis = 2}\n"
     "  %2 = matmul %1, %v\n  return %2\n}\n",
     "j_2_rows"},
};
static const char *const targets[] = {"haswell", "znver4"}; /* 16 and 32 registers */

/* ---- spaces ---- */

typedef struct job {
  ts_context *ctx;
  ts_arena arena;
  ts_target target;
  ts_tune_space *space;
  ts_domain domain;
  const char *text, *first;
} job;

static ts_module *parse(job *j, const char *program) {
  ts_module *m;
  char *text = ts_sprintf(&j->ctx->arena, "%s%c", program, 0);
  ts_source *source = ts_new(&j->ctx->arena, ts_source);
  *source = (ts_source){.name = "t", .text = text, .n = strlen(text), .first_line = 1};
  ck_assert_int_eq(ts_parse_source(j->ctx, source, &m), TS_OK);
  return m;
}

static job open_job(const char *program, const char *target) {
  job j = {.ctx = ts_context_create()};
  ts_arena_init(&j.arena, &j.ctx->memory);
  ck_assert_int_eq(ts_target_find(j.ctx, target, &j.target), TS_OK);
  ck_assert_int_eq(
      ts_tune_space_of_module(j.ctx, &j.arena, parse(&j, program), &j.target, 2, &j.text, &j.first),
      TS_OK);
  ts_source *source = ts_new(&j.ctx->arena, ts_source);
  char *text = ts_sprintf(&j.ctx->arena, "%s%c", j.text, 0);
  *source = (ts_source){.name = "s", .text = text, .n = strlen(text), .first_line = 1};
  ts_tune_space_setting setting = {.target = &j.target};
  ts_result result = ts_tune_space_parse(j.ctx, &j.arena, source, &setting, &j.space);
  if (!result) result = ts_tune_space_domain(j.ctx, &j.arena, j.space, &j.domain);
  if (result) ck_abort_msg("%s\n%s", j.ctx->first->message, j.text);
  return j;
}

static void close_job(job *j) {
  ts_arena_drop(&j->arena);
  ts_context_destroy(j->ctx);
}

/* ---- running points ---- */

static void count_refused(void *user, const ts_pass_event *event) {
  (void)event;
  ++*(unsigned *)user;
}

/* Runs the pipeline; *ran gets its steps as text. How many were refused. */
static unsigned run(job *j, ts_module *m, const char *text, const char **ran) {
  ts_pipeline pipeline = {.table = &ts_all_passes}, steps = {0};
  ts_pass_runner runner;
  ts_sink s;
  unsigned refused = 0;
  ts_pass_runner_init(&runner);
  runner.ran = &steps;
  runner.user = &refused;
  runner.refused = count_refused;
  ck_assert_int_eq(ts_pipeline_parse(j->ctx, &pipeline, text), TS_OK);
  ck_assert_int_eq(ts_run_pipeline(m, &pipeline, &runner), TS_OK);
  ts_sink_buffer(&s, &j->ctx->memory);
  ts_pipeline_print(&s, &steps, ",");
  ck_assert_int_eq(ts_sink_finish(&s), TS_OK);
  *ran = ts_strndup(&j->arena, s.buf, s.n);
  ts_sink_drop(&s);
  return refused;
}

/* Runs a point on the program and holds its answers against those of the tensors. */
static void try_point(job *j, const char *what, const char *program, const ts_choice *point) {
  ts_semantics *semantics;
  ts_module *m = parse(j, program);
  const char *pipeline = ts_tune_space_pipeline(j->space, &j->arena, point), *ran;
  ts_pipeline lower = {.table = &ts_all_passes}; /* as what the whole pipeline may round */
  ck_assert_int_eq(ts_pipeline_parse(j->ctx, &lower, "lower{acc=f32}"), TS_OK);
  ck_assert_int_eq(ts_semantics_create(j->ctx, 1, &semantics), TS_OK);
  ck_assert_int_eq(ts_semantics_check(semantics, m, lower.steps.at, false), TS_OK);
  if (run(j, m, pipeline, &ran)) ck_abort_msg("%s: a step is refused of %s", what, pipeline);
  if (ts_semantics_check(semantics, m, lower.steps.at, true))
    ck_abort_msg("%s: %s\n%s", what, pipeline, j->ctx->last->message);
  ts_semantics_destroy(semantics);
}

START_TEST(points_are_right_and_no_step_is_refused) {
  enum { POINTS = 3 };
  uint64_t random = 1;
  for (size_t k = 0; k < ts_countof(kinds); k++) {
    job j = open_job(kinds[k].program, targets[k % 2]);
    ts_choice point[TS_MAX_PARAMETERS];
    for (unsigned i = 0; i < POINTS; i++) {
      random = random * 6364136223846793005u + 1442695040888963407u; /* Knuth's MMIX */
      ts_domain_point(&j.domain, (random >> 20) % j.domain.count, point);
      try_point(&j, kinds[k].what, kinds[k].program, point);
    }
    close_job(&j);
  }
}
END_TEST

/* ---- what is in them ---- */

START_TEST(the_recipe_is_the_first_point) {
  for (size_t k = 0; k < ts_countof(kinds); k++)
    for (size_t t = 0; t < ts_countof(targets); t++) {
      job j = open_job(kinds[k].program, targets[t]);
      ts_choice point[TS_MAX_PARAMETERS];
      const char *chosen, *own;
      ck_assert_int_eq(ts_domain_read_point(j.ctx, &j.domain, j.first, point), TS_OK);
      const char *pipeline = ts_tune_space_pipeline(j.space, &j.arena, point);
      const char *lower = strstr(pipeline, "acc=f32") ? "lower{acc=f32}" : "lower";
      run(&j, parse(&j, kinds[k].program), pipeline, &chosen);
      run(&j, parse(&j, kinds[k].program),
          ts_sprintf(&j.arena, "fuse,%s,recipe{cpu threads=2 target=%s}", lower, targets[t]), &own);
      ck_assert_str_eq(chosen, own);
      close_job(&j);
    }
}
END_TEST

START_TEST(each_kind_has_its_choices) {
  for (size_t k = 0; k < ts_countof(kinds); k++) {
    job j = open_job(kinds[k].program, "znver4");
    bool found = false;
    for (unsigned p = 0; p < j.domain.n; p++)
      found |= !strcmp(j.domain.parameters[p].name, kinds[k].parameter);
    if (!found) ck_abort_msg("%s: no %s in\n%s", kinds[k].what, kinds[k].parameter, j.text);
    if (j.domain.count < 12 || j.domain.count > 300000)
      ck_abort_msg("%s: %llu points", kinds[k].what, (unsigned long long)j.domain.count);
    close_job(&j);
  }
}
END_TEST

/* base + ⌈M/m⌉·⌈N/n⌉ · (w_shared · ⌈K/k⌉ · (m·k + k·n) + w_global · m·n), the proxy's formula, with rows of j_rows, vectors of
 * 8 floats and all sums in one tile. */
START_TEST(power_is_the_proxy_of_tiles) {
  job j = open_job(MATMUL(512, 768, 512, "f32", "f32", ""), "haswell");
  ts_choice point[TS_MAX_PARAMETERS];
  ck_assert(ts_tune_space_terms_of(j.space).has_power);
  ck_assert_int_eq(ts_domain_read_point(j.ctx, &j.domain, j.first, point), TS_OK);
  double m = 0, n = 0, k = 768;
  for (unsigned p = 0; p < j.domain.n; p++) {
    const ts_parameter *q = &j.domain.parameters[p];
    if (!strcmp(q->name, "j_rows")) m = q->numbers[point[p]];
    if (!strcmp(q->name, "j_vectors")) n = 8 * q->numbers[point[p]];
  }
  double tiles = ceil(512 / m) * ceil(512 / n);
  double power = 1e-3 + tiles * (1e-6 * (m * k + k * n) + 2e-6 * m * n);
  ck_assert_double_eq_tol(ts_tune_space_power(j.space, point), power, 1e-9);
  close_job(&j);
}
END_TEST

START_TEST(of_a_program_with_a_schedule_nothing_is_left_to_choose) {
  job j = {.ctx = ts_context_create()};
  const char *ran;
  ts_arena_init(&j.arena, &j.ctx->memory);
  ck_assert_int_eq(ts_target_find(j.ctx, "haswell", &j.target), TS_OK);
  ts_module *m = parse(&j, MATMUL(32, 32, 32, "f32", "f32", ""));
  run(&j, m, "fuse,lower,split{i=4}", &ran);
  ck_assert_int_eq(ts_tune_space_of_module(j.ctx, &j.arena, m, &j.target, 2, &j.text, &j.first),
                   TS_ERR);
  ck_assert_ptr_nonnull(strstr(j.ctx->last->message, "there is nothing to choose"));
  close_job(&j);
}
END_TEST

UNIT_MAIN("tune_nests", points_are_right_and_no_step_is_refused, the_recipe_is_the_first_point,
          each_kind_has_its_choices, power_is_the_proxy_of_tiles,
          of_a_program_with_a_schedule_nothing_is_left_to_choose)
