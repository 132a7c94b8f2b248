/* Memory refused at every point in turn: always the same limit, never a crash, and nothing kept. */
#include "syntax/syntax.h"
#include "analysis/verify/verify.h"
#include "emit/emit.h"
#include "unit.h"

static const char program[] =
    "// a comment\n"
    "global @w : memref<4x4xf32> = 0.5\n"
    "func @mlp(%X: tensor<Mx4xf32>, %W: tensor<4x4xf32>, %b: tensor<4xf32>) -> tensor<Mx4xf32> {\n"
    "  %0 = matmul %X, %W {acc = f32} : tensor<Mx4xf32>\n"
    "  %1 = add %0, %b\n"
    "  %2 = gelu %1\n"
    "  return %2\n"
    "}\n"
    "func @copy(%A: memref<8x4xf32>, %B: out memref<8x4xf32>) {\n"
    "  for %i = 0 to 8 step 2 {\n"
    "    for %j = 0 to min(%i + 1, 4) {\n"
    "      %0 = load %A[%i, %j] : f32\n"
    "      %1 = mulf %0, 0.25 : f32\n"
    "      store %1, %B[%i, %j]\n"
    "    }\n"
    "  }\n"
    "}\n";

static const char loops[] =
    "global @w : memref<4xf16> = [1, 2, 3, 4]\n"
    "func @gather(%P: memref<8xindex>, %A: memref<8xf32>, %B: out memref<8xf32>) {\n"
    "  for %i = 0 to 8 parallel {\n"
    "    %p = load %P[%i] : index\n"
    "    %0 = load %A[%p * 2] : f32\n"
    "    %1 = gelu %0 : f32\n"
    "    store %1, %B[%i]\n"
    "  }\n"
    "}\n"
    "func @tail(%P: memref<8xindex>, %A: memref<8xf32>, %B: out memref<8xf32>) {\n"
    "  %w = get_global @w : memref<4xf16>\n"
    "  %t = alloc : memref<100000xf32>\n"
    "  call @gather(%P, %A, %B)\n"
    "  %v = load %w[0] : vector<4xf16>\n"
    "  %x = extf %v : vector<4xf32>\n"
    "  for %i = 0 to 8 step 4 {\n"
    "    %m = lanes_below [8 - %i] : vector<4xi1>\n"
    "    %a = load %A[%i] mask %m : vector<4xf32>\n"
    "    %y = maxf %a, %x : vector<4xf32>\n"
    "    store %y, %B[%i] mask %m\n"
    "  }\n"
    "}\n";

struct run {
  ts_context *ctx;
  ts_source source;
  ts_module *module;
  ts_sink sink;
};

static ts_result parse_verify_print(void *arg) {
  struct run *r = arg;
  ts_result result = ts_parse_source(r->ctx, &r->source, &r->module);
  if (!result) result = ts_verify(r->module);
  if (!result) ts_print_module(&r->sink, r->module);
  return result;
}

static ts_result parse_emit(void *arg) {
  struct run *r = arg;
  ts_emit_c_options options = {.entries = true, .openmp = true, .line_directives = true};
  ts_result result = ts_parse_source(r->ctx, &r->source, &r->module);
  if (!result) result = ts_verify(r->module);
  return result ? result : ts_emit_c(&r->sink, r->module, &options);
}

/* Once, with the n-th request for memory refused (0: none). What a refusal leaves behind goes with
 * the context; a parse gives back at once all but what it had of a module not ready to be
 * destroyed. */
static ts_result run(uint64_t n, char *text, ts_result (*body)(void *)) {
  struct run r = {.ctx = ts_context_create()};
  r.source = (ts_source){"a.tir", text, strlen(text), 1};
  r.ctx->memory.fail_after = n;
  ts_sink_buffer(&r.sink, &r.ctx->memory);
  ts_result result = ts_protect(r.ctx, body, &r);
  r.ctx->memory.fail_after = 0;
  for (const ts_diag *d = r.ctx->first; d && result != TS_LIMIT; d = d->next)
    ck_abort_msg("%s", ts_diagnostic_text(r.ctx, d));
  ts_sink_drop(&r.sink);
  unit_check(r.module || r.ctx->memory.used < 4096, "%zu bytes kept by the parse of request %zu",
             r.ctx->memory.used, (size_t)n);
  ts_module_destroy(r.module);
  ts_context_destroy(r.ctx);
  return result;
}

/* Every request in turn, on a copy of the program whose text must stay what it is: the scanner puts its NULs
 * back. */
static void refuse_each(const char *program_text, ts_result (*body)(void *)) {
  size_t n = strlen(program_text);
  char *text = calloc(1, n + 2);
  memcpy(text, program_text, n);
  ck_assert_int_eq(run(0, text, body), TS_OK);
  uint64_t k = 1;
  for (ts_result result = TS_LIMIT; result != TS_OK; k++) {
    result = run(k, text, body);
    unit_check(result == TS_OK || result == TS_LIMIT, "request %zu", (size_t)k);
    unit_check(strcmp(text, program_text) == 0, "%s", text);
  }
  ck_assert_uint_gt(k, 100);
  free(text);
}

START_TEST(every_request_of_parse_verify_and_print_can_be_refused) {
  refuse_each(program, parse_verify_print);
}
END_TEST

START_TEST(every_request_of_emitting_c_can_be_refused) { refuse_each(loops, parse_emit); }
END_TEST

UNIT_MAIN("failure", every_request_of_parse_verify_and_print_can_be_refused,
          every_request_of_emitting_c_can_be_refused)
