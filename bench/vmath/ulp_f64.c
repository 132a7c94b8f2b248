/* How accurate the f64 vector math of emitted C is: the largest error against libquadmath's 113
 * bits over random inputs (all 2^64 are out of reach), half of them uniform and half log-uniform
 * over the range in which a function is neither constant nor linear, and over the values next to
 * zeros, infinities and the ends of that range.
 *
 *   vmath-ulp-f64 [--inputs=N] [--limit=ULPS] FUNCTION…
 *
 * One line a function: the largest error in ULPs of the f64 result and the input that has it; with
 * --limit the exit status is 1 when an error is larger or an infinity, a NaN or the sign of a zero
 * is wrong. Rounded to f32, an error of e ULPs adds at most e * 2^-29 to half an ULP. */
#include <math.h>
#include <quadmath.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "emit/ts_vmath_all.h"

typedef __float128 quad;

static quad quad_gelu(quad x) { return x < -1000 ? -0.0Q : x / 2 * erfcq(-x * M_SQRT1_2q); }
static quad quad_sigmoid(quad x) { return 1 / (1 + expq(-x)); }
static quad quad_silu(quad x) { return x < -12000 ? -0.0Q : x / (1 + expq(-x)); }
static quad quad_gelu_tanh(quad x) {
  return x < -1000 ? -0.0Q
                   : x / (1 + expq(-2 * M_SQRT1_2q * M_2_SQRTPIq * (x + 0.044715Q * x * x * x)));
}

#define FUNCTION(name)                                                                             \
  static ts_f64x8 vector_##name(ts_f64x8 x) { return ts_##name##_f64x8(x); }
FUNCTION(exp)
FUNCTION(log)
FUNCTION(erf)
FUNCTION(tanh)
FUNCTION(gelu)
FUNCTION(gelu_tanh)
FUNCTION(sigmoid)
FUNCTION(silu)

static const struct function {
  const char *name;
  ts_f64x8 (*vector)(ts_f64x8);
  quad (*reference)(quad);
  double low, high;
} functions[] = {
    {"exp", vector_exp, expq, -746, 710},
    {"log", vector_log, logq, 0, 1e10},
    {"erf", vector_erf, erfq, -6.5, 6.5},
    {"tanh", vector_tanh, tanhq, -23, 23},
    {"gelu", vector_gelu, quad_gelu, -39, 12},
    {"gelu_tanh", vector_gelu_tanh, quad_gelu_tanh, -22, 12},
    {"sigmoid", vector_sigmoid, quad_sigmoid, -746, 45},
    {"silu", vector_silu, quad_silu, -753, 45},
};
enum { NUM_FUNCTIONS = sizeof functions / sizeof functions[0] };

/* splitmix64 (Steele, Lea & Flood 2014). */
static uint64_t next_random(uint64_t *state) {
  uint64_t z = *state += 0x9e3779b97f4a7c15;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
  z = (z ^ z >> 27) * 0x94d049bb133111eb;
  return z ^ z >> 31;
}

/* The i-th input: the corners first, then uniform and log-uniform in turn. */
static double input(const struct function *f, uint64_t i, uint64_t *state) {
  const double corners[] = {0.0,  -0.0,    0x1p-1074, -0x1p-1074, 0x1p-1022, -0x1p-1022, 0x1p-30,
                            1.0,  -1.0,    0x1p1023,  -0x1p1023,  INFINITY,  -INFINITY,  NAN,
                            -1e4, f->high, f->low,    0.75,       -0.75,     38.6,       -38.6};
  enum { CORNERS = sizeof corners / sizeof corners[0] };
  if (i < CORNERS) return corners[i];
  double u = (double)(next_random(state) >> 11) * 0x1p-53;
  if (i % 2) return f->low + (f->high - f->low) * u;
  double x = ldexp(1 + u, (int)(next_random(state) % 60) - 50);
  x = next_random(state) % 2 && f->low < 0 ? -x : x;
  return x < f->low || x > f->high ? x / 1024 : x;
}

/* |got - want| in ULPs of f64, those of the grid 2^-1074 below 2^-1022. */
static double error_ulps(double got, quad want) {
  double rounded = (double)want;
  if (isnan(got) && isnan(rounded)) return 0;
  if (isnan(got) || isnan(rounded) || !signbit(got) != !signbit(rounded)) return INFINITY;
  if (isinf(rounded) || isinf(got)) return rounded == got ? 0 : INFINITY;
  int e = want == 0 ? -1022 : ilogbq(want);
  if (e < -1022) e = -1022;
  return (double)ldexpq(fabsq((quad)got - want), 52 - e);
}

static bool measure(const struct function *f, uint64_t inputs, double limit) {
  uint64_t state = 2025;
  double worst = 0, at = 0;
  for (uint64_t i = 0; i < inputs; i += 8) {
    ts_f64x8 x, y;
    for (int lane = 0; lane < 8; lane++)
      x[lane] = input(f, i + (uint64_t)lane, &state);
    y = f->vector(x);
    for (int lane = 0; lane < 8; lane++) {
      double error = error_ulps(y[lane], f->reference((quad)x[lane]));
      if (error <= worst) continue;
      worst = error;
      at = x[lane];
    }
  }
  printf("%-10s f64x8 %10llu inputs  max %.3f ULP at %a\n", f->name, (unsigned long long)inputs,
         worst, at);
  fflush(stdout);
  return worst <= limit;
}

static const char *value_of(const char *arg, const char *option) {
  size_t n = strlen(option);
  return strncmp(arg, option, n) == 0 ? arg + n : NULL;
}

int main(int argc, char **argv) {
  uint64_t inputs = 1000000;
  double limit = INFINITY;
  bool good = true;
  for (int i = 1; i < argc; i++) {
    const char *v;
    int k = 0;
    if ((v = value_of(argv[i], "--inputs="))) {
      inputs = strtoull(v, NULL, 10);
      continue;
    }
    if ((v = value_of(argv[i], "--limit="))) {
      limit = strtod(v, NULL);
      continue;
    }
    while (k < NUM_FUNCTIONS && strcmp(argv[i], functions[k].name) != 0)
      k++;
    if (k == NUM_FUNCTIONS) {
      fprintf(stderr,
              "vmath-ulp-f64: error: '%s': wanted [--inputs=N] [--limit=ULPS] and "
              "functions\n",
              argv[i]);
      return 2;
    }
    good = measure(&functions[k], inputs, limit) && good;
  }
  return good ? 0 : 1;
}
