/* The machine's peak: how many f32 multiply-adds a second it does when nothing else holds it up.
 *
 * A loop of independent fused multiply-adds on registers, in the widest vectors the processor has,
 * started on every thread at once, because processors run slower when all cores use wide vectors.
 * Twelve chains hide the latency of two units of four to six cycles each. */
#include <pthread.h>
#include <time.h>

#include "exec/run.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

enum { CHAINS = 12, ROUNDS = 1 << 17, REPEATS = 12 };

/* Each kernel does ROUNDS rounds of CHAINS multiply-adds on vectors and returns the operations
 * done. */
typedef double (*kernel)(volatile float *keep);

#if defined(__x86_64__)
#define KERNEL(name, isa, vec, set1, fmadd, add, lanes)                                            \
  __attribute__((target(isa), noinline)) static double name(volatile float *keep) {                \
    vec acc[CHAINS], m = set1(0.999f), a = set1(0.001f);                                           \
    for (int c = 0; c < CHAINS; c++)                                                               \
      acc[c] = set1((float)c);                                                                     \
    for (int i = 0; i < ROUNDS; i++) {                                                             \
      _Pragma("GCC unroll 12") for (int c = 0; c < CHAINS; c++) acc[c] = fmadd(acc[c], m, a);      \
    }                                                                                              \
    vec sum = acc[0];                                                                              \
    for (int c = 1; c < CHAINS; c++)                                                               \
      sum = add(sum, acc[c]);                                                                      \
    *keep = ((float *)&sum)[0];                                                                    \
    return 2.0 * lanes * CHAINS * ROUNDS;                                                          \
  }
KERNEL(kernel_512, "avx512f", __m512, _mm512_set1_ps, _mm512_fmadd_ps, _mm512_add_ps, 16)
KERNEL(kernel_256, "avx2,fma", __m256, _mm256_set1_ps, _mm256_fmadd_ps, _mm256_add_ps, 8)
#endif

typedef float v4 __attribute__((vector_size(16)));

/* Any machine: a multiplication and an addition on four lanes. */
__attribute__((noinline)) static double kernel_plain(volatile float *keep) {
  v4 acc[CHAINS], m = {0.999f, 0.999f, 0.999f, 0.999f}, a = {0.001f, 0.001f, 0.001f, 0.001f};
  for (int c = 0; c < CHAINS; c++)
    acc[c] = (v4){(float)c};
  for (int i = 0; i < ROUNDS; i++)
    for (int c = 0; c < CHAINS; c++)
      acc[c] = acc[c] * m + a;
  v4 sum = acc[0];
  for (int c = 1; c < CHAINS; c++)
    sum += acc[c];
  *keep = sum[0];
  return 2.0 * 4 * CHAINS * ROUNDS;
}

static kernel widest(void) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f")) return kernel_512;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return kernel_256;
#endif
  return kernel_plain;
}

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Each thread repeats the kernel `least` times, and until `seconds` have passed. */
typedef struct worker {
  pthread_t thread;
  kernel run;
  int least;
  double seconds;
  double best, mean; /* operations a second */
} worker;

static void *work(void *arg) {
  worker *w = arg;
  volatile float keep;
  double all = 0;
  w->run(&keep); /* lets the clock settle */
  double begin = now(), end = begin;
  for (int i = 0; i < w->least || end - begin < w->seconds; i++) {
    double start = end, ops = w->run(&keep);
    end = now();
    all += ops;
    if (ops / (end - start) > w->best) w->best = ops / (end - start);
  }
  w->mean = all / (end - begin);
  return NULL;
}

/* `sum` takes the threads' rates, best and mean, in 10^9 operations a second. */
static void measure(unsigned threads, int least, double seconds, worker *sum) {
  enum { MOST = 64 };
  unsigned n = threads < 1 ? 1 : threads > MOST ? MOST : threads;
  worker workers[MOST];
  kernel run = widest();
  unsigned started = 0;
  for (unsigned i = 0; i < n; i++)
    workers[i] = (worker){.run = run, .least = least, .seconds = seconds};
  while (started + 1 < n &&
         pthread_create(&workers[started].thread, NULL, work, &workers[started]) == 0)
    started++;
  work(&workers[n - 1]);
  *sum = (worker){.best = 1e-9 * workers[n - 1].best, .mean = 1e-9 * workers[n - 1].mean};
  for (unsigned i = 0; i < started; i++) {
    pthread_join(workers[i].thread, NULL);
    sum->best += 1e-9 * workers[i].best;
    sum->mean += 1e-9 * workers[i].mean;
  }
}

double ts_peak_gflops(unsigned threads) {
  worker sum;
  measure(threads, REPEATS, 0, &sum);
  return sum.best;
}

double ts_peak_gflops_now(unsigned threads, double seconds) {
  worker sum;
  measure(threads, 1, seconds, &sum);
  return sum.mean;
}
