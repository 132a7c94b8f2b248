/* How quickly memory is read and copied, by loops that do nothing else. */
#include <stdlib.h>
#include <string.h>

#include "target/machine.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

enum { LEAST_A_CALL = 1 << 20, LEAST_CALLS = 3, MOST_THREADS = 64 };
static const uint64_t least_bytes = 32 << 10, most_bytes = 128 << 20;
static const double least_seconds = 8e-3;

/* The memory that one thread reads and writes. */
typedef struct stretch {
  char *data;
  size_t bytes;    /* a multiple of 1024 */
  unsigned passes; /* a call */
} stretch;

typedef uint64_t (*reader)(const char *data, size_t n);

/* Eight sums, so that none waits for the one before. */
#define READER(name, isa, width)                                                                   \
  isa __attribute__((noinline)) static uint64_t name(const char *data, size_t n) {                 \
    typedef uint64_t vec __attribute__((vector_size(width), aligned(1), may_alias));               \
    vec s[8] = {{0}}, all = {0};                                                                   \
    for (size_t i = 0; i < n; i += 8 * width)                                                      \
      _Pragma("GCC unroll 8") for (int k = 0; k < 8; k++) s[k] +=                                  \
          *(const vec *)(data + i + (size_t)k * width);                                            \
    for (int k = 0; k < 8; k++)                                                                    \
      all += s[k];                                                                                 \
    return all[0];                                                                                 \
  }
#if defined(__x86_64__)
READER(read_512, __attribute__((target("avx512f"))), 64)
READER(read_256, __attribute__((target("avx2"))), 32)
#endif
READER(read_plain, , 16)

static reader widest_reader(void) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f")) return read_512;
  if (__builtin_cpu_supports("avx2")) return read_256;
#endif
  return read_plain;
}

static double read_all(void *state) {
  const stretch *s = state;
  volatile uint64_t keep;
  reader f = widest_reader();
  for (unsigned i = 0; i < s->passes; i++)
    keep = f(s->data, s->bytes);
  (void)keep;
  return (double)s->bytes * s->passes;
}

static double copy_half(void *state) {
  const stretch *s = state;
  size_t half = s->bytes / 2;
  for (unsigned i = 0; i < s->passes; i++) {
    memcpy(s->data + half, s->data, half);
    __asm__ volatile("" ::: "memory");
  }
  return (double)s->bytes * s->passes;
}

ts_bandwidth ts_measure_bandwidth(unsigned threads, uint64_t bytes) {
  stretch all[MOST_THREADS];
  void *states[MOST_THREADS];
  unsigned n = threads < 1 ? 1 : threads > MOST_THREADS ? MOST_THREADS : threads;
  size_t each = (size_t)(bytes < most_bytes ? bytes : most_bytes) / n;
  each = (each < least_bytes ? least_bytes : each) & ~(size_t)1023;
  char *data = malloc(n * each);
  if (!data) return (ts_bandwidth){0};
  memset(data, 1, n * each); /* otherwise every page would be the kernel's one page of zeros */
  for (unsigned i = 0; i < n; i++) {
    all[i] = (stretch){data + i * each, each, (unsigned)(1 + LEAST_A_CALL / each)};
    states[i] = &all[i];
  }
  ts_bandwidth b = {.read = ts_measure(n, LEAST_CALLS, least_seconds, read_all, states).best};
  b.copy = ts_measure(n, LEAST_CALLS, least_seconds, copy_half, states).best;
  free(data);
  return b;
}
