/* The machine's peak: how many f32 multiply-adds a second it does when nothing else holds it up.
 *
 * A loop of independent fused multiply-adds on registers, in the widest vectors the processor has,
 * started on every thread at once, because processors run slower when all cores use wide vectors.
 * Twelve chains hide the latency of two units of four to six cycles each. */
#include "target/machine.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

enum { CHAINS = 12, ROUNDS = 1 << 17, REPEATS = 12 };

/* Each kernel does ROUNDS rounds of CHAINS multiply-adds on vectors and returns the operations
 * done. */
typedef double (*kernel)(void *state);

#if defined(__x86_64__)
#define KERNEL(name, isa, vec, set1, fmadd, add, lanes)                                            \
  __attribute__((target(isa), noinline)) static double name(void *state) {                         \
    vec acc[CHAINS], m = set1(0.999f), a = set1(0.001f);                                           \
    for (int c = 0; c < CHAINS; c++)                                                               \
      acc[c] = set1((float)c);                                                                     \
    for (int i = 0; i < ROUNDS; i++) {                                                             \
      _Pragma("GCC unroll 12") for (int c = 0; c < CHAINS; c++) acc[c] = fmadd(acc[c], m, a);      \
    }                                                                                              \
    vec sum = acc[0];                                                                              \
    for (int c = 1; c < CHAINS; c++)                                                               \
      sum = add(sum, acc[c]);                                                                      \
    volatile float keep = ((float *)&sum)[0];                                                      \
    (void)keep, (void)state;                                                                       \
    return 2.0 * lanes * CHAINS * ROUNDS;                                                          \
  }
KERNEL(kernel_512, "avx512f", __m512, _mm512_set1_ps, _mm512_fmadd_ps, _mm512_add_ps, 16)
KERNEL(kernel_256, "avx2,fma", __m256, _mm256_set1_ps, _mm256_fmadd_ps, _mm256_add_ps, 8)
#endif

typedef float v4 __attribute__((vector_size(16)));

/* Any machine: a multiplication and an addition on four lanes. */
__attribute__((noinline)) static double kernel_plain(void *state) {
  v4 acc[CHAINS], m = {0.999f, 0.999f, 0.999f, 0.999f}, a = {0.001f, 0.001f, 0.001f, 0.001f};
  for (int c = 0; c < CHAINS; c++)
    acc[c] = (v4){(float)c};
  for (int i = 0; i < ROUNDS; i++)
    for (int c = 0; c < CHAINS; c++)
      acc[c] = acc[c] * m + a;
  v4 sum = acc[0];
  for (int c = 1; c < CHAINS; c++)
    sum += acc[c];
  volatile float keep = sum[0];
  (void)keep, (void)state;
  return 2.0 * 4 * CHAINS * ROUNDS;
}

static kernel widest_kernel(void) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f")) return kernel_512;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return kernel_256;
#endif
  return kernel_plain;
}

double ts_peak_gflops(unsigned threads) {
  return ts_measure(threads, REPEATS, 0, widest_kernel(), NULL).best;
}

double ts_peak_gflops_now(unsigned threads, double seconds) {
  return ts_measure(threads, 1, seconds, widest_kernel(), NULL).mean;
}
