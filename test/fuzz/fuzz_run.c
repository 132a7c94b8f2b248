/* Any bytes as a program: what verifies is run with little fuel and memory, as it stands and after
 * a pipeline, and must end in results or a message. */
#include "transforms/passes.h"
#include "run/run.h"
#include "fuzz_program.h"

enum { FUZZ_FUEL = 2000, FUZZ_RUN_MEMORY = 512 << 10 };

typedef struct attempt {
  const fuzz_program *program;
  ts_run run;
} attempt;

static ts_result open_and_execute(void *arg) {
  attempt *a = arg;
  ts_run_request request;
  ts_run_request_init(a->program->ctx, &request);
  request.print = TS_PRINT_NONE;
  request.limits = (ts_run_limits){.fuel = FUZZ_FUEL, .threads = 1};
  ts_result r = ts_run_open(&a->run, a->program->ctx, a->program->module, &request);
  return r == TS_OK ? ts_run_execute(&a->run) : r;
}

static void close(void *arg) { ts_run_close(&((attempt *)arg)->run); }

static ts_result run(const fuzz_program *p) {
  attempt a = {.program = p};
  return ts_protect_cleanup(p->ctx, open_and_execute, close, &a);
}

/* One pipeline an input, which its length picks: all of them would cost more than they find. */
static const char *const pipelines[] = {
    "lower",
    "fold,canonicalize,cse,dce",
    "canonicalize,fuse,lower,canonicalize,cse,dce",
    "decompose,fold,canonicalize,cse,lower,fold,dce",
    "rename-loops,simplify,hoist,promote,canonicalize,dce",
    "lower,recipe{cpu target=x86-64-v4 threads=2}",
    "unroll{i=2},split{j=3},parallel{i},parallel{k}",
    "distribute{i},peel{j=2},unroll-jam{i=2},vectorize{j=4}",
};

static ts_result transform(void *program) {
  const fuzz_program *p = program;
  ts_pipeline pipeline = {.table = &ts_all_passes};
  ts_pass_runner runner;
  ts_pass_runner_init(&runner);
  runner.verify_roundtrip = true;
  ts_result r = ts_pipeline_parse(p->ctx, &pipeline, pipelines[p->size % ts_countof(pipelines)]);
  if (r == TS_OK) r = ts_run_pipeline(p->module, &pipeline, &runner);
  if (r == TS_CHECK) { /* a pass that left what does not verify or reread */
    fprintf(stderr, "%s", ts_diagnostic_text(p->ctx, p->ctx->first));
    abort();
  }
  return r;
}

/* A failure without a message is a bug. The messages are not those of what is tried next. */
static void demand_message(ts_context *ctx, ts_result r) {
  if (r != TS_OK && ts_context_num_errors(ctx) == 0) abort();
  ts_context_clear_diagnostics(ctx);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  fuzz_program p = {.ctx = fuzz_context(FUZZ_RUN_MEMORY), .data = data, .size = size};
  ts_result r = ts_protect(p.ctx, fuzz_read, &p);
  bool verified = r == TS_OK;
  if (verified) {
    demand_message(p.ctx, run(&p));
    r = ts_protect(p.ctx, transform, &p);
    if (r == TS_OK) r = run(&p);
  }
  ts_module_destroy(p.module);
  if (p.ctx->memory.refused) { /* what passes had then goes with the context */
    demand_message(p.ctx, r);
    ts_context_destroy(p.ctx);
  } else {
    fuzz_finish(p.ctx, r);
  }
  return verified ? 0 : -1; /* -1: nothing to start from; fuzz-ir collects such */
}
