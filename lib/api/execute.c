/* The public API: running a function on the caller's arrays. */
#include "analysis/verify/verify.h"
#include "run/run.h"
#include "api/api_impl.h"

struct ts_executable {
  ts_context *ctx;
  ts_module *module; /* counts this among its users */
  ts_run_request request;
  ts_run run; /* without arrays of its own but for tensors with strides */
  ts_param *params;
};

typedef struct compile_call {
  ts_module *module;
  const char *entry, *engine;
  ts_executable *exe;
} compile_call;

static ts_result compile(void *arg) {
  compile_call *c = arg;
  ts_context *ctx = c->module->ctx;
  ts_executable *exe = c->exe = ts_new(&ctx->arena, ts_executable);
  exe->ctx = ctx;
  exe->module = c->module;
  exe->module->num_users++;
  ts_run_request_init(ctx, &exe->request);
  if (c->entry) exe->request.entry = ts_strdup(&ctx->arena, c->entry);
  ts_result result = c->engine ? ts_run_set_engine(ctx, &exe->request, c->engine) : TS_OK;
  if (!result) result = ts_verify(c->module);
  if (!result) result = ts_run_open_bare(&exe->run, ctx, c->module, &exe->request);
  if (result) return result;
  exe->params = ts_new_array(&ctx->arena, ts_param, exe->run.sig.n + 1);
  for (unsigned i = 0; i < exe->run.sig.n; i++)
    exe->params[i] = ts_api_param(c->module, &exe->run.sig.entries[i]);
  return ts_run_compile(&exe->run);
}

ts_result ts_compile(ts_module *module, const char *entry, const char *engine,
                     ts_executable **out) {
  if (out) *out = NULL;
  if (!module || !out) return TS_USAGE;
  compile_call c = {module, entry, engine, NULL};
  ts_result result = ts_api_run(module->ctx, compile, &c);
  if (result)
    ts_executable_destroy(c.exe);
  else
    *out = c.exe;
  return result;
}

unsigned ts_executable_num_params(const ts_executable *exe) { return exe ? exe->run.sig.n : 0; }

const ts_param *ts_executable_param(const ts_executable *exe, unsigned i) {
  return exe && i < exe->run.sig.n ? &exe->params[i] : NULL;
}

/* What it stands in belongs to the context. */
void ts_executable_destroy(ts_executable *exe) {
  if (!exe || !exe->module) return;
  ts_run_close(&exe->run);
  exe->module->num_users--;
  exe->module = NULL;
}

/* ---- running ---- */

typedef struct execute_call {
  ts_executable *exe;
  unsigned n;
  const ts_tensor *tensors; /* as the caller's header has them */
  ts_tensor *taken;
} execute_call;

static ts_result take_limits(ts_context *ctx, const void *from, ts_limits *out) {
  *out = (ts_limits){0};
  return from ? ts_api_take(ctx, "ts_limits", from, out, sizeof *out, sizeof *out) : TS_OK;
}

/* The first one's size is how far they are apart. */
static ts_result take_tensors(execute_call *c) {
  ts_run *run = &c->exe->run;
  ts_result result = TS_OK;
  c->taken = ts_new_array(&run->scratch, ts_tensor, c->n + 1);
  for (unsigned i = 0; !result && i < c->n; i++) {
    const char *at = (const char *)c->tensors + i * c->tensors->size;
    result = ts_api_read_tensor(run->ctx, at, &c->taken[i]);
    if (!result && c->taken[i].size != c->tensors->size)
      result = ts_api_usage(run->ctx, "tensor %u is of another size than the first", i);
    const char *name = ts_sprintf(&run->scratch, "tensor %u, for %%%s", i, run->names[i]);
    if (!result)
      result = ts_api_take_tensor(run->ctx, name, &c->taken[i], run->sig.entries[i].role,
                                  &run->arrays[i]);
  }
  return result;
}

static ts_result execute(void *arg) {
  execute_call *c = arg;
  ts_run *run = &c->exe->run;
  if (c->n != run->sig.n)
    return ts_error_plain(run->ctx, "@%s takes %u tensors, %u were given",
                          ts_str_text(run->module, run->func->name), run->sig.n, c->n);
  ts_result result = take_tensors(c);
  if (!result) result = ts_bind(run->ctx, run->func, run->arrays, NULL, &run->bindings);
  if (!result) result = ts_run_once(run, NULL);
  for (unsigned i = 0; !result && i < c->n; i++)
    if (run->sig.entries[i].role != TS_ROLE_IN) ts_api_put_back(&c->taken[i], &run->arrays[i]);
  return result;
}

ts_result ts_execute(ts_executable *exe, unsigned n, const ts_tensor *tensors,
                     const ts_limits *limits) {
  if (!exe || (n && !tensors)) return TS_USAGE;
  execute_call c = {exe, n, tensors, NULL};
  ts_limits taken;
  ts_result result = take_limits(exe->ctx, limits, &taken);
  exe->request.limits = (ts_run_limits){taken.fuel, taken.threads};
  double seconds = taken.seconds > 0 ? taken.seconds : exe->ctx->seconds;
  if (result)
    ts_api_deliver(exe->ctx);
  else
    result = ts_api_run_for(exe->ctx, seconds, execute, &c);
  for (unsigned i = 0; i < exe->run.sig.n; i++)
    ts_array_drop(exe->ctx, &exe->run.arrays[i]);
  ts_arena_drop(&exe->run.scratch);
  return result;
}
