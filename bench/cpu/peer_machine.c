/* What the machine can do, as peers, so that it is measured right beside what is to reach it: the
 * case's arithmetic at the peak rate of multiply-adds, and nothing but reading its weights. */
#include <omp.h>

#include "run/run.h"
#include "bench.h"

/* ---- peak ---- */

static bool prepare(bench_entry *e) {
  (void)e;
  return true;
}

static void release(bench_entry *e) { (void)e; }

static double peak(bench_entry *e, unsigned times) {
  double flops = times * e->c->flops, expected = flops / (1.5e11 * e->c->threads);
  double seconds = expected < 5e-4 ? 5e-4 : expected > 5e-3 ? 5e-3 : expected;
  return flops / (ts_peak_gflops_now(e->c->threads, seconds) * 1e9);
}

const bench_peer bench_peak = {.name = "peak",
                               .kinds = 1 << BENCH_MLP | 1 << BENCH_FFN,
                               .no_result = true,
                               .prepare = prepare,
                               .time = peak,
                               .release = release};

/* ---- reading the weights ---- */

enum { LANES = 16, UNROLL = 16, AHEAD = 4096 }; /* AHEAD: bytes that a prefetch runs ahead */
typedef float vec __attribute__((vector_size(4 * LANES)));

/* The best of plain loops that were tried: sixteen sums, prefetched a page ahead. Without noipa the
 * compiler sees that reading twice gives the same. */
__attribute__((noipa)) static float read_part(const vec *at, size_t n) {
  vec sum[UNROLL] = {0};
  float all = 0;
  for (size_t i = 0; i + UNROLL <= n; i += UNROLL) {
#pragma GCC unroll 16
    for (int u = 0; u < UNROLL; u++) {
      __builtin_prefetch((const char *)&at[i + (size_t)u] + AHEAD);
      sum[u] += at[i + (size_t)u];
    }
  }
  for (int u = 0; u < UNROLL; u++)
    for (int v = 0; v < LANES; v++)
      all += sum[u][v];
  return all;
}

static double read_weights(bench_entry *e, unsigned times) {
  const bench_array *w = &e->c->in[1];
  size_t n = bench_bytes(w) / sizeof(vec), threads = e->c->threads;
  double begin = bench_now();
  for (unsigned t = 0; t < times; t++) {
#pragma omp parallel num_threads((int)threads) if (threads > 1)
    {
      size_t i = threads > 1 ? (size_t)omp_get_thread_num() : 0;
      volatile float keep = read_part((const vec *)w->data + n * i / threads,
                                      n * (i + 1) / threads - n * i / threads);
      (void)keep;
    }
  }
  return bench_now() - begin;
}

const bench_peer bench_read = {.name = "read",
                               .kinds = 1 << BENCH_MLP,
                               .no_result = true,
                               .most_rows = 16,
                               .prepare = prepare,
                               .time = read_weights,
                               .release = release};
