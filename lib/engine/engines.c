/* The engines by name, and what they share. */
#include <sched.h>

#include "engine/engine.h"

const ts_engine *ts_engine_find(const char *name, const ts_func *func) {
  static const ts_engine *const engines[] = {&ts_engine_tensor, &ts_engine_loop, &ts_engine_native};
  bool by_level = strcmp(name, "interp") == 0;
  for (size_t i = 0; i < ts_countof(engines); i++) {
    const ts_engine *e = engines[i];
    if (by_level ? (e->levels & ts_func_level(func)) != 0 : strcmp(name, e->name) == 0) return e;
  }
  return NULL;
}

typedef struct run_call {
  ts_result (*run)(void *, ts_run_args *);
  void *compiled;
  ts_run_args *args;
} run_call;

static ts_result run_protected(void *arg) {
  run_call *c = arg;
  return c->run(c->compiled, c->args);
}

ts_result ts_run_compiled(ts_context *ctx, const ts_source *source,
                          ts_result (*run)(void *, ts_run_args *), void *compiled,
                          ts_run_args *args) {
  run_call call = {run, compiled, args};
  const ts_source *outer = ctx->source;
  ctx->source = source;
  ts_result result = ts_protect(ctx, run_protected, &call);
  ctx->source = outer;
  return result;
}

unsigned ts_threads_of(const ts_run_limits *limits) {
  cpu_set_t set;
  if (limits->threads) return limits->threads;
  if (sched_getaffinity(0, sizeof set, &set) != 0) return 1;
  int n = CPU_COUNT(&set);
  return n < 1 ? 1 : (unsigned)n;
}

ts_result ts_check_arrays(ts_context *ctx, const ts_func *func, const ts_bindings *bindings,
                          const ts_array *arrays) {
  ts_signature sig = ts_func_signature(func);
  for (unsigned i = 0; i < sig.n; i++) {
    const ts_type *t = sig.entries[i].type;
    const ts_array *a = &arrays[i];
    const char *name = ts_str_text(func->module, sig.entries[i].name);
    if (t->elem)
      return ts_error(ctx, func->loc, "%%%s is no array of scalars, so @%s cannot be run alone",
                      name, ts_str_text(func->module, func->name));
    int64_t dims[TS_MAX_RANK];
    ts_bound_dims(bindings, t, dims);
    bool same = a->data && a->rank == t->rank && ts_array_suits(a, (ts_dtype)t->dtype);
    for (unsigned d = 0; same && d < t->rank; d++)
      same = a->dims[d] == dims[d] && dims[d] > 0;
    if (!same)
      return ts_error(ctx, func->loc, "the array given for %%%s is not a %s", name, t->text);
  }
  return TS_OK;
}

/* ---- globals ---- */

static ts_result read_global_file(ts_context *ctx, const ts_global *g, unsigned rank,
                                  const int64_t *dims, ts_array *out) {
  const ts_type *t = g->type;
  ts_result r = ts_array_read(ctx, g->data->path, out);
  bool fits = r == TS_OK && ts_array_suits(out, (ts_dtype)t->dtype) && out->rank == rank &&
              memcmp(out->dims, dims, rank * sizeof *dims) == 0;
  if (r != TS_OK || fits) return r;
  char has[TS_SHAPE_TEXT], wants[TS_SHAPE_TEXT];
  ts_shape_text(has, sizeof has, out->dtype, out->rank, out->dims);
  ts_shape_text(wants, sizeof wants, (ts_dtype)t->dtype, rank, dims);
  ts_array_drop(ctx, out);
  *out = (ts_array){0};
  return ts_error(ctx, g->loc, "%s holds %s, not %s", g->data->path, has, wants);
}

ts_result ts_global_read(ts_context *ctx, const ts_global *g, ts_array *out) {
  const ts_type *t = g->type;
  unsigned rank = t->rank;
  int64_t dims[TS_MAX_RANK + 1];
  for (unsigned i = 0; i < rank; i++)
    dims[i] = t->dims[i];
  if (t->elem && rank < TS_MAX_RANK) dims[rank++] = t->elem->dims[0];
  const ts_data *data = g->data;
  if (data->form == TS_DATA_FILE) return read_global_file(ctx, g, rank, dims, out);
  ts_result r = ts_array_create(ctx, (ts_dtype)t->dtype, rank, dims, out);
  if (r != TS_OK) return r;
  size_t bytes = (size_t)ts_array_count(out) * ts_dtype_bytes((ts_dtype)t->dtype);
  if (data->form == TS_DATA_DENSE) {
    memcpy(out->data, data->bytes, ts_min(bytes, data->num_bytes));
    return TS_OK;
  }
  for (size_t at = 0; at < bytes; at += data->num_bytes)
    memcpy((char *)out->data + at, data->bytes, data->num_bytes);
  return TS_OK;
}
