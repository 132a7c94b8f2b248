/* How accurate the transcendental ops are: the largest error over f32 inputs, every one of them or
 * every N-th, against libquadmath's 113 bits.
 *
 *   ulp [--step=N] [--threads=N] [--limit=ULPS] OP…
 *
 * One line an op: the largest error in ULPs of the f32 result (0.5 is a correct rounding) and the
 * input that has it. With --limit the exit status is 1 when an error is larger. The error is that
 * of ts_eval_float, which the interpreters and the folder call; ULPs of a result below 2^-126 are
 * those of the subnormal grid, 2^-149. */
#include <math.h>
#include <pthread.h>
#include <quadmath.h>
#include <stdlib.h>

#include "ir/scalar.h"

typedef __float128 quad;

static quad quad_gelu(quad x) { return x / 2 * erfcq(-x * M_SQRT1_2q); }
static quad quad_gelu_tanh(quad x) {
  return x / (1 + expq(-2 * M_SQRT1_2q * M_2_SQRTPIq * (x + 0.044715Q * x * x * x)));
}
static quad quad_sigmoid(quad x) { return 1 / (1 + expq(-x)); }
static quad quad_silu(quad x) { return x / (1 + expq(-x)); }

#define C 0.79788456080286535588 /* sqrt(2 / pi) */
#define D 1.12837916709551257390 /* 2 / sqrt(pi) */

/* A function, and what it is where 113 bits would be wasted: Taylor's polynomial, whose next term
 * is below 2^-57 of it, for |x| < 2^-12, and the limits from |x| = 128 on. */
static const struct function {
  const char *name;
  ts_scalar op;
  quad (*reference)(quad);
  double near_zero[6];
  double low[2], high[2]; /* c0 + c1 x below -128 and from 128 on */
} functions[] = {
    {"gelu", TS_SCALAR_GELU, quad_gelu, {0, 0.5, C / 2, 0, -C / 12, 0}, {0, 0}, {0, 1}},
    {"gelu-tanh",
     TS_SCALAR_GELU_TANH,
     quad_gelu_tanh,
     {0, 0.5, C / 2, 0, C * 0.044715 / 2 - C *C *C / 6, 0},
     {0, 0},
     {0, 1}},
    {"erf", TS_SCALAR_ERF, erfq, {0, D, 0, -D / 3, 0, D / 10}, {-1, 0}, {1, 0}},
    {"tanh", TS_SCALAR_TANH, tanhq, {0, 1, 0, -1.0 / 3, 0, 2.0 / 15}, {-1, 0}, {1, 0}},
    {"sigmoid", TS_SCALAR_SIGMOID, quad_sigmoid, {0.5, 0.25, 0, -1.0 / 48, 0, 0}, {0, 0}, {1, 0}},
    {"silu", TS_SCALAR_SILU, quad_silu, {0, 0.5, 0.25, 0, -1.0 / 48, 0}, {0, 0}, {0, 1}},
    {"exp",
     TS_SCALAR_EXP,
     expq,
     {1, 1, 1.0 / 2, 1.0 / 6, 1.0 / 24, 1.0 / 120},
     {0, 0},
     {INFINITY, 0}},
    {"log", TS_SCALAR_LOG, logq, {0}, {NAN, 0}, {0}}};

/* Good to some 2^-52, which is 2^-29 of an f32's ULP. */
static double reference(const struct function *f, double x) {
  if (f->op == TS_SCALAR_LOG) return (double)logq(x);
  if (fabs(x) < 0x1p-12) {
    const double *c = f->near_zero;
    return c[0] + x * (c[1] + x * (c[2] + x * (c[3] + x * (c[4] + x * c[5]))));
  }
  if (x < -128) return f->low[0] + (f->low[1] ? f->low[1] * x : 0);
  if (x >= 128) return f->high[0] + (f->high[1] ? f->high[1] * x : 0);
  return (double)f->reference(x);
}

typedef struct worker {
  pthread_t thread;
  const struct function *f;
  uint64_t first, stride; /* inputs are the bit patterns first, first + stride, … */
  double worst;
  float at;
  uint64_t inputs;
} worker;

/* |got - want| in ULPs of f32; an overflow counts as 2^128. */
static double error_ulps(double got, double want) {
  if (got == want || (isnan(got) && isnan(want))) return 0;
  if (isnan(got) || isnan(want)) return INFINITY;
  if (isinf(got) && (got > 0 ? want : -want) >= 0x1.ffffffp127) return 0; /* rounds to infinity */
  int e = want == 0 ? -126 : ilogb(want);
  e = e < -126 ? -126 : e > 127 ? 127 : e;
  double value = isinf(got) ? copysign(0x1p128, got) : got;
  return ldexp(fabs(value - want), 23 - e);
}

static void *work(void *arg) {
  worker *w = arg;
  for (uint64_t bits = w->first; bits < UINT64_C(1) << 32; bits += w->stride) {
    uint32_t image = (uint32_t)bits;
    float x;
    memcpy(&x, &image, sizeof x);
    if (x != x) continue;
    double got = ts_eval_float(w->f->op, TS_F32, (double)x, 0, 0);
    double error = error_ulps(got, reference(w->f, (double)x));
    w->inputs++;
    if (error > w->worst) {
      w->worst = error;
      w->at = x;
    }
  }
  return NULL;
}

static bool measure(const struct function *f, unsigned threads, uint64_t step, double limit) {
  worker *workers = calloc(threads, sizeof *workers), all = {0};
  for (unsigned i = 0; i < threads; i++) {
    workers[i] = (worker){.f = f, .first = i * step, .stride = threads * step};
    if (pthread_create(&workers[i].thread, NULL, work, &workers[i]) != 0) exit(3);
  }
  for (unsigned i = 0; i < threads; i++) {
    pthread_join(workers[i].thread, NULL);
    all.inputs += workers[i].inputs;
    if (workers[i].worst <= all.worst) continue;
    all.worst = workers[i].worst;
    all.at = workers[i].at;
  }
  printf("%-10s %10llu inputs  max %.7f ULP at %a\n", f->name, (unsigned long long)all.inputs,
         all.worst, (double)all.at);
  fflush(stdout);
  free(workers);
  return all.worst <= limit;
}

static const char *value_of(const char *arg, const char *option) {
  size_t n = strlen(option);
  return strncmp(arg, option, n) == 0 ? arg + n : NULL;
}

int main(int argc, char **argv) {
  uint64_t step = 1;
  unsigned threads = 1;
  double limit = INFINITY;
  bool good = true;
  for (int i = 1; i < argc; i++) {
    const char *v;
    size_t k = 0;
    if ((v = value_of(argv[i], "--step=")))
      step = strtoull(v, NULL, 10);
    else if ((v = value_of(argv[i], "--threads=")))
      threads = (unsigned)strtoul(v, NULL, 10);
    else if ((v = value_of(argv[i], "--limit=")))
      limit = strtod(v, NULL);
    else {
      while (k < ts_countof(functions) && strcmp(argv[i], functions[k].name) != 0)
        k++;
      if (k == ts_countof(functions) || step == 0 || threads == 0) {
        fprintf(stderr,
                "ulp: error: '%s': wanted [--step=N] [--threads=N] [--limit=ULPS] and ops "
                "of gelu gelu-tanh erf tanh sigmoid silu exp log\n",
                argv[i]);
        return 2;
      }
      good = measure(&functions[k], threads, step, limit) && good;
    }
  }
  return good ? 0 : 1;
}
