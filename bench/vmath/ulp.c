/* How accurate the vector math of emitted C is: the largest error of its f32
 * functions over f32 inputs, every one of them or every N-th.
 *
 *   vmath-ulp [--step=N] [--threads=N] [--limit=ULPS | --fingerprint] FUNCTION…
 *
 * One line a function: the largest error in ULPs of the f32 result (0.5 is a
 * correct rounding), the input that has it, and a fingerprint of all results,
 * by which builds of different compilers and for different machines are seen to
 * give the same bits; --fingerprint prints that alone, in seconds. With
 * --limit the exit status is 1 when an error is larger, or when an infinity, a
 * NaN or the sign of a zero is wrong. ULPs of a result below 2^-126 are those
 * of the grid of the denormals, 2^-149. WIDTH chooses the lanes of the vectors,
 * 16 unless defined.
 *
 * The reference is f64 arithmetic on the C library's exp, log, tanh, erf and
 * erfc, each good to 2^-51. Its worst case is erfc at the far end of gelu,
 * whose condition there, 200, leaves 2^-44: a 2^-20th of an ULP of f32. */
#include <math.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "emit/ts_vmath_all.h"

#ifndef WIDTH
#define WIDTH 16
#endif
#define JOIN2(a, b) a##b
#define JOIN(a, b) JOIN2(a, b)
#define VECTOR JOIN(ts_f32x, WIDTH)

enum { BLOCK = 256 }; /* inputs a call */

static double gelu(double x) { return 0.5 * x * erfc(-x * M_SQRT1_2); }
static double sigmoid(double x) { return x < 0 ? exp(x) / (1 + exp(x)) : 1 / (1 + exp(-x)); }
static double gelu_tanh(double x) {
  return x * sigmoid(2 * M_SQRT1_2 * M_2_SQRTPI * (x + 0.044715 * x * x * x));
}
static double silu(double x) { return x * sigmoid(x); }

#define FUNCTION(name)                                                                             \
  static void vector_##name(const float *in, float *out) {                                         \
    for (int i = 0; i < BLOCK; i += WIDTH) {                                                       \
      VECTOR v;                                                                                    \
      memcpy(&v, in + i, sizeof v);                                                                \
      v = JOIN(ts_##name##_f32x, WIDTH)(v);                                                        \
      memcpy(out + i, &v, sizeof v);                                                               \
    }                                                                                              \
  }
FUNCTION(gelu)
FUNCTION(gelu_tanh)
FUNCTION(exp)
FUNCTION(log)
FUNCTION(sigmoid)
FUNCTION(silu)
FUNCTION(erf)
FUNCTION(tanh)

/* The f64 form for results that are rounded to f32. */
static void vector_gelu_brief(const float *in, float *out) {
  for (int i = 0; i < BLOCK; i += 8) {
    ts_f64x8 v;
    for (int lane = 0; lane < 8; lane++)
      v[lane] = (double)in[i + lane];
    v = ts_gelu_brief_f64x8(v);
    for (int lane = 0; lane < 8; lane++)
      out[i + lane] = (float)v[lane];
  }
}

#define C 0.79788456080286535588 /* sqrt(2 / pi) */
#define D 1.12837916709551257390 /* 2 / sqrt(pi) */

/* A function, and what it is where the C library's would waste time: Taylor's
 * polynomial, whose next term is below 2^-57 of it, for |x| < 2^-12, and the
 * limits c0 + c1 x from |x| = 128 on. */
static const struct function {
  const char *name;
  void (*vector)(const float *, float *);
  double (*reference)(double);
  double near_zero[6];
  double low[2], high[2];
} functions[] = {
    {"exp", vector_exp, exp, {1, 1, 1.0 / 2, 1.0 / 6, 1.0 / 24, 1.0 / 120}, {0}, {INFINITY}},
    {"log", vector_log, log, {0}, {NAN}, {NAN}},
    {"sigmoid", vector_sigmoid, sigmoid, {0.5, 0.25, 0, -1.0 / 48, 0, 0}, {0}, {1}},
    {"silu", vector_silu, silu, {0, 0.5, 0.25, 0, -1.0 / 48, 0}, {-0.0}, {0, 1}},
    {"erf", vector_erf, erf, {0, D, 0, -D / 3, 0, D / 10}, {-1}, {1}},
    {"tanh", vector_tanh, tanh, {0, 1, 0, -1.0 / 3, 0, 2.0 / 15}, {-1}, {1}},
    {"gelu_tanh",
     vector_gelu_tanh,
     gelu_tanh,
     {0, 0.5, C / 2, 0, C * 0.044715 / 2 - C *C *C / 6, 0},
     {-0.0},
     {0, 1}},
    {"gelu_brief", vector_gelu_brief, gelu, {0, 0.5, C / 2, 0, -C / 12, 0}, {-0.0}, {0, 1}},
    {"gelu", vector_gelu, gelu, {0, 0.5, C / 2, 0, -C / 12, 0}, {-0.0}, {0, 1}},
};
enum { NUM_FUNCTIONS = sizeof functions / sizeof functions[0] };

static double reference(const struct function *f, double x) {
  const double *c = f->near_zero;
  if (fabs(x) < 0x1p-12 && (c[0] != 0 || c[1] != 0))
    return x == 0 && c[0] == 0
               ? x
               : c[0] + x * (c[1] + x * (c[2] + x * (c[3] + x * (c[4] + x * c[5]))));
  if (x < -128 && f->low[0] == f->low[0]) return f->low[0];
  if (x >= 128 && f->high[0] == f->high[0]) return f->high[0] + (f->high[1] ? f->high[1] * x : 0);
  return f->reference(x);
}

/* |got - want| in ULPs of f32; an overflow counts as 2^128, a wrong zero,
 * infinity or NaN as infinite. */
static double error_ulps(float got, double want) {
  if (isnan(got) && isnan(want)) return 0;
  if (isnan(got) || isnan(want) || !signbit(got) != !signbit(want)) return INFINITY;
  if ((double)got == want) return 0;
  if (isinf(want) || (isinf(got) && fabs(want) < 0x1.fffffep127)) return INFINITY;
  if (isinf(got) && fabs(want) >= 0x1.ffffffp127) return 0; /* rounds to infinity */
  uint64_t bits;
  memcpy(&bits, &want, sizeof bits);
  int e = (int)(bits >> 52 & 2047) - 1023;
  e = e < -126 ? -126 : e > 127 ? 127 : e;
  double value = isinf(got) ? copysign(0x1p128, got) : got;
  uint64_t scale = (uint64_t)(1023 + 23 - e) << 52; /* 2^(23 - e) */
  double factor;
  memcpy(&factor, &scale, sizeof factor);
  return fabs(value - want) * factor;
}

typedef struct worker {
  pthread_t thread;
  const struct function *f;
  uint64_t first, step, stride; /* blocks begin at first, first + stride, … */
  double worst;
  float at;
  uint64_t inputs, fingerprint;
  bool judged; /* against the reference */
} worker;

/* A sum over all inputs, whatever their order, of the result's bits scattered
 * by the input's. */
static uint64_t fingerprint(float x, float y) {
  uint32_t in, out;
  memcpy(&in, &x, sizeof in);
  memcpy(&out, &y, sizeof out);
  uint64_t z = (uint64_t)in << 32 | (isnan(y) ? 0x7fc00000 : out);
  z = (z ^ z >> 31) * 0x9e3779b97f4a7c15;
  return z ^ z >> 32;
}

/* Judges one block of results. */
static void judge(worker *w, const float *in, const float *out) {
  for (int i = 0; i < BLOCK; i++) {
    double error = error_ulps(out[i], reference(w->f, (double)in[i]));
    if (error <= w->worst) continue;
    w->worst = error;
    w->at = in[i];
  }
}

static void *work(void *arg) {
  worker *w = arg;
  float in[BLOCK], out[BLOCK];
  for (uint64_t bits = w->first; bits < UINT64_C(1) << 32; bits += w->stride) {
    for (int i = 0; i < BLOCK; i++) {
      uint32_t image = (uint32_t)(bits + (uint64_t)i * w->step);
      memcpy(&in[i], &image, sizeof image);
    }
    w->f->vector(in, out);
    for (int i = 0; i < BLOCK; i++)
      w->fingerprint += fingerprint(in[i], out[i]);
    w->inputs += BLOCK;
    if (w->judged) judge(w, in, out);
  }
  return NULL;
}

typedef struct request {
  uint64_t step;
  unsigned threads;
  double limit;
  bool fingerprint_only;
} request;

static bool measure(const struct function *f, const request *r) {
  worker *workers = calloc(r->threads, sizeof *workers), all = {.worst = 0};
  if (workers == NULL) exit(3);
  for (unsigned i = 0; i < r->threads; i++) {
    workers[i] = (worker){.f = f,
                          .first = i * r->step * BLOCK,
                          .step = r->step,
                          .stride = r->threads * r->step * BLOCK,
                          .judged = !r->fingerprint_only};
    if (pthread_create(&workers[i].thread, NULL, work, &workers[i]) != 0) exit(3);
  }
  for (unsigned i = 0; i < r->threads; i++) {
    pthread_join(workers[i].thread, NULL);
    all.inputs += workers[i].inputs;
    all.fingerprint += workers[i].fingerprint;
    if (workers[i].worst <= all.worst) continue;
    all.worst = workers[i].worst;
    all.at = workers[i].at;
  }
  printf("%-10s %10llu inputs  %016llx", f->name, (unsigned long long)all.inputs,
         (unsigned long long)all.fingerprint);
  if (!r->fingerprint_only) printf("  max %.5f ULP at %a", all.worst, (double)all.at);
  puts("");
  fflush(stdout);
  free(workers);
  return all.worst <= r->limit;
}

static const char *value_of(const char *arg, const char *option) {
  size_t n = strlen(option);
  return strncmp(arg, option, n) == 0 ? arg + n : NULL;
}

int main(int argc, char **argv) {
  request r = {.step = 1, .threads = 1, .limit = INFINITY};
  bool good = true;
  for (int i = 1; i < argc; i++) {
    const char *v;
    int k = 0;
    if ((v = value_of(argv[i], "--step=")))
      r.step = strtoull(v, NULL, 10);
    else if ((v = value_of(argv[i], "--threads=")))
      r.threads = (unsigned)strtoul(v, NULL, 10);
    else if ((v = value_of(argv[i], "--limit=")))
      r.limit = strtod(v, NULL);
    else if (strcmp(argv[i], "--fingerprint") == 0)
      r.fingerprint_only = true;
    else {
      while (k < NUM_FUNCTIONS && strcmp(argv[i], functions[k].name) != 0)
        k++;
      if (k == NUM_FUNCTIONS || r.step == 0 || r.threads == 0) {
        fprintf(stderr,
                "vmath-ulp: error: '%s': wanted [--step=N] [--threads=N] "
                "[--limit=ULPS | "
                "--fingerprint] and functions\n",
                argv[i]);
        return 2;
      }
      good = measure(&functions[k], &r) && good;
    }
  }
  return good ? 0 : 1;
}
