/* The public API: running a function on the caller's arrays. */
#include "run/run.h"

struct ts_executable {
  ts_context *ctx;
  ts_run_request request;
  ts_run run; /* without arrays of its own */
  ts_param *params;
};

typedef struct compile_call {
  ts_module *module;
  const char *entry, *engine;
  ts_executable *exe;
} compile_call;

static void describe(ts_param *param, const ts_run *run, unsigned i) {
  const ts_type *type = run->sig.entries[i].type;
  *param =
      (ts_param){run->names[i], run->sig.entries[i].role, (ts_dtype)type->dtype, type->rank, {0}};
  for (unsigned d = 0; d < type->rank; d++)
    param->dims[d] = ts_is_symbolic(type->dims[d]) ? 0 : type->dims[d];
}

static ts_result compile(void *arg) {
  compile_call *c = arg;
  ts_context *ctx = c->module->ctx;
  ts_executable *exe = c->exe = ts_new(&ctx->arena, ts_executable);
  exe->ctx = ctx;
  ts_run_request_init(&exe->request);
  if (c->entry) exe->request.entry = ts_strdup(&ctx->arena, c->entry);
  if (c->engine) exe->request.engine = ts_strdup(&ctx->arena, c->engine);
  ts_result result = ts_verify(c->module);
  if (!result) result = ts_run_open_bare(&exe->run, ctx, c->module, &exe->request);
  if (result) return result;
  exe->params = ts_new_array(&ctx->arena, ts_param, exe->run.sig.n + 1);
  for (unsigned i = 0; i < exe->run.sig.n; i++)
    describe(&exe->params[i], &exe->run, i);
  return ts_run_compile(&exe->run);
}

ts_result ts_compile(ts_module *module, const char *entry, const char *engine,
                     ts_executable **out) {
  compile_call c = {module, entry, engine, NULL};
  ts_result result = ts_protect(module->ctx, compile, &c);
  if (result) ts_executable_destroy(c.exe);
  *out = result ? NULL : c.exe;
  return result;
}

unsigned ts_executable_num_params(const ts_executable *exe) { return exe->run.sig.n; }

const ts_param *ts_executable_param(const ts_executable *exe, unsigned i) {
  return i < exe->run.sig.n ? &exe->params[i] : NULL;
}

/* What it stands in belongs to the context. */
void ts_executable_destroy(ts_executable *exe) {
  if (exe) ts_run_close(&exe->run);
}

typedef struct execute_call {
  ts_executable *exe;
  unsigned n;
  const ts_tensor *tensors;
} execute_call;

static ts_result take_tensor(ts_run *run, unsigned i, const ts_tensor *t) {
  if (t->rank > TS_MAX_RANK || (unsigned)t->dtype >= TS_NUM_DTYPES || !t->data)
    return ts_error_plain(run->ctx, "tensor %u, for %%%s: %s", i, run->names[i],
                          !t->data ? "its data is NULL" : "its rank or type is out of range");
  run->arrays[i] = (ts_array){.dtype = t->dtype, .rank = t->rank, .data = t->data};
  for (unsigned d = 0; d < t->rank; d++)
    run->arrays[i].dims[d] = t->dims[d];
  return TS_OK;
}

static ts_result execute(void *arg) {
  execute_call *c = arg;
  ts_run *run = &c->exe->run;
  if (c->n != run->sig.n)
    return ts_error_plain(run->ctx, "@%s takes %u tensors, %u were given",
                          ts_str_text(run->module, run->func->name), run->sig.n, c->n);
  ts_result result = TS_OK;
  for (unsigned i = 0; !result && i < c->n; i++)
    result = take_tensor(run, i, &c->tensors[i]);
  if (!result) result = ts_bind(run->ctx, run->func, run->arrays, NULL, &run->bindings);
  return result ? result : ts_run_once(run, NULL);
}

ts_result ts_execute(ts_executable *exe, unsigned n, const ts_tensor *tensors,
                     const ts_limits *limits) {
  execute_call c = {exe, n, tensors};
  exe->request.limits =
      limits ? (ts_run_limits){limits->fuel, limits->threads} : (ts_run_limits){0};
  return ts_protect(exe->ctx, execute, &c);
}
