/* How fast the vector math of emitted C is: nanoseconds a vector for each
 * function and type, over 4 KiB of inputs that stay in the first-level cache,
 * many independent vectors at a time; the least of many runs. Beside it glibc's
 * vector library, libmvec, at 16 lanes of f32 (its gelu is x/2 (1 + erf(x /
 * sqrt 2)), its sigmoid 1 / (1 + exp(-x))), and 16 calls of the scalar
 * functions of libm.
 *
 *   vmath-speed [SECONDS a figure [SIGMA]]
 *
 * Inputs are normal with sigma 27 unless told otherwise, as the sums of a
 * 512 x 768 x 512 matmul of normal inputs are; for log their absolute values.
 * Networks scale their weights such that sigma is near 1. A cycle is a third of an
 * integer multiplication in a chain of them. */
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "emit/ts_vmath_all.h"

enum { BYTES = 4096 };

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

#define KERNEL(name, type)                                                                         \
  static void name##_##type(const void *in, void *out) {                                           \
    const ts_##type *x = in;                                                                       \
    ts_##type *y = out;                                                                            \
    for (size_t i = 0; i < BYTES / sizeof *x; i++)                                                 \
      y[i] = ts_##name##_##type(x[i]);                                                             \
  }
#define KERNELS(name)                                                                              \
  KERNEL(name, f32x16)                                                                             \
  KERNEL(name, f32x8)                                                                              \
  KERNEL(name, f32x4)                                                                              \
  KERNEL(name, f64x8)                                                                              \
  KERNEL(name, f64x4)                                                                              \
  KERNEL(name, f64x2)                                                                              \
  static void name##_libm(const void *in, void *out) {                                             \
    const float *x = in;                                                                           \
    float *y = out;                                                                                \
    for (size_t i = 0; i < BYTES / sizeof *x; i++)                                                 \
      y[i] = libm_##name(x[i]);                                                                    \
  }

static float libm_exp(float x) { return expf(x); }
static float libm_log(float x) { return logf(x); }
static float libm_erf(float x) { return erff(x); }
static float libm_tanh(float x) { return tanhf(x); }
static float libm_gelu(float x) { return 0.5f * x * (1 + erff(x * (float)M_SQRT1_2)); }
static float libm_gelu_tanh(float x) {
  return 0.5f * x * (1 + tanhf(0.7978845608f * (x + 0.044715f * x * x * x)));
}
static float libm_sigmoid(float x) { return 1 / (1 + expf(-x)); }
static float libm_silu(float x) { return x / (1 + expf(-x)); }
KERNELS(exp)
KERNELS(log)
KERNELS(erf)
KERNELS(tanh)
KERNELS(gelu)
KERNELS(gelu_tanh)
KERNELS(sigmoid)
KERNELS(silu)

#ifdef HAVE_LIBMVEC
ts_f32x16 _ZGVeN16v_expf(ts_f32x16), _ZGVeN16v_logf(ts_f32x16), _ZGVeN16v_erff(ts_f32x16),
    _ZGVeN16v_tanhf(ts_f32x16);
#define MVEC(name, value)                                                                          \
  static void name##_mvec(const void *in, void *out) {                                             \
    for (size_t i = 0; i < BYTES / sizeof(ts_f32x16); i++) {                                       \
      ts_f32x16 x = ((const ts_f32x16 *)in)[i];                                                    \
      ((ts_f32x16 *)out)[i] = (value);                                                             \
    }                                                                                              \
  }
MVEC(exp, _ZGVeN16v_expf(x))
MVEC(log, _ZGVeN16v_logf(x))
MVEC(erf, _ZGVeN16v_erff(x))
MVEC(tanh, _ZGVeN16v_tanhf(x))
MVEC(gelu, 0.5f * x * (1.0f + _ZGVeN16v_erff(x * (float)M_SQRT1_2)))
MVEC(gelu_tanh, 0.5f * x * (1.0f + _ZGVeN16v_tanhf(0.7978845608f * (x + 0.044715f * x * x * x))))
MVEC(sigmoid, 1.0f / (1.0f + _ZGVeN16v_expf(-x)))
MVEC(silu, x / (1.0f + _ZGVeN16v_expf(-x)))
#define MVEC_OF(name) name##_mvec
#else
#define MVEC_OF(name) NULL
#endif

enum { COLUMNS = 8 };
static const char *const columns[COLUMNS] = {"f32x16", "f32x8", "f32x4",   "f64x8",
                                             "f64x4",  "f64x2", "libmvec", "16 libm"};
static const size_t vector_bytes[COLUMNS] = {64, 32, 16, 64, 32, 16, 64, 64};

static const struct row {
  const char *name;
  void (*run[COLUMNS])(const void *, void *);
} rows[] = {
#define ROW(name)                                                                                  \
  {                                                                                                \
    #name, {                                                                                       \
      name##_f32x16, name##_f32x8, name##_f32x4, name##_f64x8, name##_f64x4, name##_f64x2,         \
          MVEC_OF(name), name##_libm                                                               \
    }                                                                                              \
  }
    ROW(exp), ROW(log), ROW(erf), ROW(tanh), ROW(gelu), ROW(gelu_tanh), ROW(sigmoid), ROW(silu),
};

static double nanoseconds_a_cycle(void) {
  double best = INFINITY;
  for (int k = 0; k < 100; k++) {
    uint64_t x = (uint64_t)k;
    double start = now();
    for (int i = 0; i < 100000; i++)
      __asm__ volatile("imul $3, %0, %0" : "+r"(x));
    best = fmin(best, now() - start);
  }
  return best * 1e9 / 300000;
}

static double least_ns(void (*run)(const void *, void *), const void *in, void *out, double spend) {
  double best = INFINITY, end = now() + spend;
  while (now() < end) {
    double start = now();
    for (int i = 0; i < 10; i++) {
      run(in, out);
      __asm__ volatile("" ::: "memory");
    }
    best = fmin(best, (now() - start) * 1e8);
  }
  return best;
}

/* Normal by the sum of twelve uniforms. */
static double normal(double sigma) {
  double sum = -6;
  for (int i = 0; i < 12; i++)
    sum += rand() / (double)RAND_MAX;
  return sigma * sum;
}

static void fill(float *f, double *d, bool positive, double sigma) {
  srand(2025);
  for (size_t i = 0; i < BYTES / sizeof *f; i++) {
    double x = normal(sigma);
    f[i] = (float)(positive ? fabs(x) : x);
    if (i < BYTES / sizeof *d) d[i] = (double)f[i];
  }
}

int main(int argc, char **argv) {
  static _Alignas(64) float f[BYTES / sizeof(float)];
  static _Alignas(64) double d[BYTES / sizeof(double)];
  static _Alignas(64) char out[BYTES];
  double spend = argc > 1 ? strtod(argv[1], NULL) : 0.2,
         sigma = argc > 2 ? strtod(argv[2], NULL) : 27, cycle = nanoseconds_a_cycle();
  printf("a cycle: %.3f ns\nns (cycles) a vector:\n%-10s", cycle, "");
  for (int c = 0; c < COLUMNS; c++)
    printf(" %14s", columns[c]);
  for (size_t r = 0; r < sizeof rows / sizeof rows[0]; r++) {
    fill(f, d, strcmp(rows[r].name, "log") == 0, sigma);
    printf("\n%-10s", rows[r].name);
    for (int c = 0; c < COLUMNS; c++) {
      if (rows[r].run[c] == NULL) {
        printf(" %14s", "-");
        continue;
      }
      const void *in = c >= 3 && c < 6 ? (const void *)d : f;
      double ns = least_ns(rows[r].run[c], in, out, spend) / (BYTES / (double)vector_bytes[c]);
      printf(" %7.2f (%4.0f)", ns, ns / cycle);
      fflush(stdout);
    }
  }
  puts("");
  return 0;
}
