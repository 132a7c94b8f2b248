/* Bias and erf-GELU in place, for peers whose library only multiplies: one vectorised sweep over
 * the product, as a careful user would write it.
 *
 * erfc by Abramowitz & Stegun 7.1.26 (absolute error below 1.5e-7); exp2 by a polynomial of degree
 * 6 on [-½, ½] and the exponent's bits. */
#include <omp.h>
#include <string.h>

#include "bench.h"

enum { LANES = 16 };
typedef float vec __attribute__((vector_size(4 * LANES)));
typedef int32_t ivec __attribute__((vector_size(4 * LANES)));

static inline vec either(ivec mask, vec yes, vec no) {
  return (vec)((mask & (ivec)yes) | (~mask & (ivec)no));
}

/* 2^e for e in [-126, 0]. */
static inline vec exp2_vec(vec e) {
  const float magic = 12582912.0f; /* 1.5 × 2^23: adding it rounds to an integer */
  vec shifted = e + magic, f = e - (shifted - magic);
  vec p = f * 0.00015403530f + 0.00133335581f;
  p = p * f + 0.00961812911f;
  p = p * f + 0.05550410866f;
  p = p * f + 0.24022650696f;
  p = p * f + 0.69314718056f;
  p = p * f + 1.0f;
  return (vec)((ivec)p + ((ivec)shifted << 23));
}

static inline vec gelu(vec x) {
  ivec negative = x < 0.0f;
  vec z = either(negative, -x, x) * 0.70710678119f, t = 1.0f / (z * 0.3275911f + 1.0f);
  vec p = t * 1.061405429f - 1.453152027f;
  p = p * t + 1.421413741f;
  p = p * t - 0.284496736f;
  p = p * t + 0.254829592f;
  vec e = z * z * -1.44269504f, least = {0};
  least -= 126.0f;
  vec erfc = p * t * exp2_vec(either(e < least, least, e));
  return x * 0.5f * either(negative, erfc, 2.0f - erfc);
}

static void row(float *y, const float *b, int64_t n) {
  for (int64_t j = 0; j < n; j += LANES) {
    size_t bytes = (size_t)(n - j < LANES ? n - j : LANES) * sizeof *y;
    vec v = {0}, w = {0};
    if (bytes == sizeof v) { /* constant sizes become single instructions */
      memcpy(&v, y + j, sizeof v);
      memcpy(&w, b + j, sizeof w);
      v = gelu(v + w);
      memcpy(y + j, &v, sizeof v);
    } else {
      memcpy(&v, y + j, bytes);
      memcpy(&w, b + j, bytes);
      v = gelu(v + w);
      memcpy(y + j, &v, bytes);
    }
  }
}

void bench_bias_gelu(const bench_case *c, float *y, const float *b) {
#pragma omp parallel for num_threads((int)c->threads) if (c->threads > 1 && c->m > 1)
  for (int64_t i = 0; i < c->m; i++)
    row(y + i * c->n, b, c->n);
}
