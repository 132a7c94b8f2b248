/* A BLAS: sgemm, then bias and GELU in a second sweep. `config` is the library's file; it is opened
 * privately, since two BLAS export the same names. */
#include <dlfcn.h>
#include <stdlib.h>

#include "bench.h"

/* As in cblas.h, whose integers are int in both libraries. */
enum { ROW_MAJOR = 101, NO_TRANSPOSE = 111 };
typedef void sgemm_fn(int order, int transpose_a, int transpose_b, int m, int n, int k, float alpha,
                      const float *a, int lda, const float *b, int ldb, float beta, float *c,
                      int ldc);
typedef void threads_fn(int);
typedef void bli_threads_fn(int64_t);

typedef struct blas {
  void *library;
  sgemm_fn *sgemm;
} blas;

static void release(bench_entry *e) {
  blas *b = e->state;
  if (b && b->library) dlclose(b->library);
  free(b);
  e->state = NULL;
}

static bool prepare(bench_entry *e) {
  blas *b = e->state = calloc(1, sizeof *b);
  if (!b) return bench_leave_out(e, "no memory");
  if (!e->config) return bench_leave_out(e, "the library is not installed");
  b->library = dlopen(e->config, RTLD_NOW | RTLD_LOCAL | RTLD_DEEPBIND);
  if (!b->library) return bench_leave_out(e, "%s", dlerror());
  b->sgemm = (sgemm_fn *)dlsym(b->library, "cblas_sgemm");
  if (!b->sgemm) return bench_leave_out(e, "%s has no cblas_sgemm", e->config);
  threads_fn *set = (threads_fn *)dlsym(b->library, "openblas_set_num_threads");
  bli_threads_fn *bli_set = (bli_threads_fn *)dlsym(b->library, "bli_thread_set_num_threads");
  if (set) set((int)e->c->threads);
  if (bli_set) bli_set(e->c->threads);
  return true;
}

static double run(bench_entry *e, unsigned times) {
  const bench_case *c = e->c;
  const blas *b = e->state;
  int m = (int)c->m, n = (int)c->n, k = (int)c->k;
  double begin = bench_now();
  for (unsigned t = 0; t < times; t++) {
    b->sgemm(ROW_MAJOR, NO_TRANSPOSE, NO_TRANSPOSE, m, n, k, 1, c->in[0].data, k, c->in[1].data, n,
             0, e->out, n);
    bench_bias_gelu(c, e->out, c->in[2].data);
  }
  return bench_now() - begin;
}

const bench_peer bench_blas = {
    .name = "blas", .kinds = 1 << BENCH_MLP, .prepare = prepare, .time = run, .release = release};
