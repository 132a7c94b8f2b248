/* A function from a shared object that another compiler made for this very shape (MLIR here).
 * `config` is "path" with %s for the shape; the function is `mlp(X, W, b, Y)` on bare pointers. */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench.h"

typedef void mlp_fn(const float *x, const float *w, const float *b, float *y);

typedef struct object {
  void *library;
  mlp_fn *mlp;
} object;

static void release(bench_entry *e) {
  object *o = e->state;
  if (o && o->library) dlclose(o->library);
  free(o);
  e->state = NULL;
}

static bool prepare(bench_entry *e) {
  char path[4096];
  object *o = e->state = calloc(1, sizeof *o);
  if (!o) return bench_leave_out(e, "no memory");
  if (!e->config) return bench_leave_out(e, "no objects were made");
  snprintf(path, sizeof path, "%s/%s-t%u.so", e->config, e->c->shape, e->c->threads);
  o->library = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_DEEPBIND);
  if (!o->library) return bench_leave_out(e, "%s", dlerror());
  o->mlp = (mlp_fn *)dlsym(o->library, "mlp");
  return o->mlp ? true : bench_leave_out(e, "%s has no function mlp", path);
}

static double run(bench_entry *e, unsigned times) {
  const object *o = e->state;
  const bench_array *in = e->c->in;
  double begin = bench_now();
  for (unsigned t = 0; t < times; t++)
    o->mlp(in[0].data, in[1].data, in[2].data, e->out);
  return bench_now() - begin;
}

const bench_peer bench_object = {
    .name = "object", .kinds = 1 << BENCH_MLP, .prepare = prepare, .time = run, .release = release};
