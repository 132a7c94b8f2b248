/* Any bytes as a program: messages, or a module that prints to text which reads and prints the
 * same. What verifies is run with little fuel and memory, as it stands and lowered to loops, and
 * must end in results or a message. */
#include "exec/run.h"
#include "fuzz.h"
#include "pass/pass.h"

typedef struct attempt {
  ts_context *ctx;
  ts_module *module;
  const char *pipeline; /* NULL: none */
} attempt;

/* Text as ts_parse_source wants it: writable, with two NULs behind. */
static ts_source source_of(ts_context *ctx, const char *text, size_t n) {
  char *copy = ts_arena_alloc(&ctx->arena, n + 2);
  memcpy(copy, text, n);
  return (ts_source){"fuzz.tir", copy, n, 1};
}

static ts_result parse(ts_context *ctx, const char *text, size_t n, ts_source *source,
                       ts_module **out) {
  *source = source_of(ctx, text, n);
  ctx->source = source;
  ts_result r = ts_source_check(ctx, source);
  return r == TS_OK ? ts_parse_source(ctx, source, out) : r;
}

static void print(ts_sink *s, const ts_module *m) {
  ts_sink_buffer(s, NULL);
  ts_print_module(s, m);
  if (ts_sink_finish(s) != TS_OK) abort();
}

static void check_round_trip(const ts_module *m) {
  ts_context *ctx = m->ctx;
  ts_source source;
  ts_module *again = NULL;
  ts_sink first, second;
  print(&first, m);
  if (parse(ctx, first.buf, first.n, &source, &again) != TS_OK) {
    fprintf(stderr, "what was printed does not read:\n%.*s\n", (int)first.n, first.buf);
    abort();
  }
  print(&second, again);
  if (first.n != second.n || memcmp(first.buf, second.buf, first.n) != 0) {
    fprintf(stderr, "printed:\n%.*s\nthen:\n%.*s\n", (int)first.n, first.buf, (int)second.n,
            second.buf);
    abort();
  }
  ts_module_destroy(again);
  ts_sink_drop(&first);
  ts_sink_drop(&second);
}

static ts_result run_passes(attempt *a) {
  ts_pipeline pipeline = {0};
  ts_pass_runner runner;
  ts_pass_runner_init(&runner);
  ts_result r = ts_pipeline_parse(a->ctx, &pipeline, a->pipeline);
  return r == TS_OK ? ts_run_pipeline(a->module, &pipeline, &runner) : r;
}

static ts_result execute(void *arg) {
  attempt *a = arg;
  ts_run run;
  ts_run_request request;
  ts_run_request_init(&request);
  request.print = TS_PRINT_NONE;
  request.limits = (ts_run_limits){.fuel = 20000, .threads = 1};
  if (a->pipeline && run_passes(a) != TS_OK) return TS_ERR;
  ts_result r = ts_run_open(&run, a->ctx, a->module, &request);
  if (r == TS_OK) r = ts_run_execute(&run);
  ts_run_close(&run);
  return r;
}

static ts_result read_and_check(void *arg) {
  attempt *a = arg;
  ts_result r = ts_verify(a->module);
  if (r == TS_OK) check_round_trip(a->module);
  return r;
}

typedef struct input {
  ts_context *ctx;
  const uint8_t *data;
  size_t size;
  ts_source source;
  ts_module *module;
} input;

static ts_result read_input(void *arg) {
  input *in = arg;
  return parse(in->ctx, (const char *)in->data, in->size, &in->source, &in->module);
}

static void try_pipeline(const uint8_t *data, size_t size, const char *pipeline) {
  input in = {.ctx = fuzz_context(), .data = data, .size = size};
  ts_result r = ts_protect(in.ctx, read_input, &in);
  attempt a = {in.ctx, in.module, pipeline};
  if (r == TS_OK) r = ts_protect(in.ctx, read_and_check, &a);
  if (r == TS_OK) r = ts_protect(in.ctx, execute, &a);
  if (a.module) ts_module_destroy(a.module);
  fuzz_finish(in.ctx, r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const char *const pipelines[] = {NULL, "lower"};
  for (size_t i = 0; i < ts_countof(pipelines); i++)
    try_pipeline(data, size, pipelines[i]);
  return 0;
}
