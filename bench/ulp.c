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

#include "exec/math.h"

typedef __float128 quad;

/* Below 2^-40 two terms of the series are good to 80 bits, and the library functions are slow. */
static bool is_tiny(quad x) {
  return fabsq(x) < 0x1p-40Q;
}

static quad quad_gelu(quad x) {
  if (x >= 30) return x;
  if (x <= -30) return 0; /* below 2^-600 */
  if (is_tiny(x)) return x / 2 + x * x * M_SQRT1_2q * M_2_SQRTPIq / 2;
  return x / 2 * erfcq(-x * M_SQRT1_2q);
}

static quad quad_gelu_tanh(quad x) {
  if (x >= 30) return x;
  if (x <= -30) return 0;
  quad u = M_SQRT1_2q * M_2_SQRTPIq * (x + 0.044715Q * x * x * x);
  if (is_tiny(x)) return x / 2 + x / 2 * u;
  return x / (1 + expq(-2 * u));
}

static quad quad_sigmoid(quad x) {
  if (is_tiny(x)) return 0.5Q + x / 4;
  return x < -200 ? 0 : x > 200 ? 1 : 1 / (1 + expq(-x));
}

static quad quad_silu(quad x) {
  return is_tiny(x) ? x / 2 + x * x / 4 : x * quad_sigmoid(x);
}
static quad quad_tanh(quad x) {
  return is_tiny(x) ? x - x * x * x / 3 : x > 30 ? 1 : x < -30 ? -1 : tanhq(x);
}
static quad quad_erf(quad x) {
  return is_tiny(x) ? M_2_SQRTPIq * (x - x * x * x / 3) : x > 10 ? 1 : x < -10 ? -1 : erfq(x);
}
static quad quad_exp(quad x) {
  return is_tiny(x) ? 1 + x + x * x / 2 : x < -200 ? 0 : expq(x);
}
static quad quad_log(quad x) {
  return logq(x);
}

static const struct function {
  const char *name;
  ts_opcode op;
  bool approx_tanh;
  quad (*reference)(quad);
} functions[] = {{"gelu", TS_OP_GELU, false, quad_gelu},
                 {"gelu-tanh", TS_OP_GELU, true, quad_gelu_tanh},
                 {"erf", TS_OP_ERF, false, quad_erf},
                 {"tanh", TS_OP_TANH, false, quad_tanh},
                 {"sigmoid", TS_OP_SIGMOID, false, quad_sigmoid},
                 {"silu", TS_OP_SILU, false, quad_silu},
                 {"exp", TS_OP_EXP, false, quad_exp},
                 {"log", TS_OP_LOG, false, quad_log}};

typedef struct worker {
  pthread_t thread;
  const struct function *f;
  uint64_t first, stride; /* inputs are the bit patterns first, first + stride, … */
  double worst;
  float at;
  uint64_t inputs;
} worker;

/* |got - want| in ULPs of f32; an overflow counts as 2^128. */
static double error_ulps(double got, quad want) {
  int e = -126;
  if (isnan(got) || isnanq(want)) return isnan(got) && isnanq(want) ? 0 : INFINITY;
  if (isinf(got) && (got > 0 ? want : -want) >= 0x1.ffffffp127Q) return 0; /* rounds to infinity */
  if (want != 0) {
    frexpq(want, &e);
    e -= 1;
  }
  if (e < -126) e = -126;
  if (e > 127) e = 127;
  quad value = isinf(got) ? copysignq(0x1p128Q, got) : (quad)got;
  return (double)ldexpq(fabsq(value - want), 23 - e);
}

static void *work(void *arg) {
  worker *w = arg;
  for (uint64_t bits = w->first; bits < UINT64_C(1) << 32; bits += w->stride) {
    uint32_t image = (uint32_t)bits;
    float x;
    memcpy(&x, &image, sizeof x);
    if (x != x) continue;
    double got = ts_eval_float(w->f->op, TS_F32, (double)x, 0, 0, w->f->approx_tanh);
    double error = error_ulps(got, w->f->reference((quad)x));
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
