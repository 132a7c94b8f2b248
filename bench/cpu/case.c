/* A case's data and the reference that results are held against. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "support/support.h"
#include "bench.h"

double bench_now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

const char *bench_kind_name(bench_kind kind) {
  static const char *const names[] = {"mlp", "mlp-bf16", "mlp-int8", "ffn"};
  return names[kind];
}

static int64_t count(const bench_array *a) {
  return a->rank == 1 ? a->dims[0] : a->dims[0] * a->dims[1];
}

size_t bench_bytes(const bench_array *a) {
  static const size_t bytes[] = {4, 2, 1, 4};
  return (size_t)count(a) * bytes[a->type];
}

/* ---- elements as numbers ---- */

static double element(const bench_array *a, const void *data, int64_t i) {
  uint32_t bits;
  float value;
  switch (a->type) {
  case BENCH_F32: return ((const float *)data)[i];
  case BENCH_I8: return ((const int8_t *)data)[i];
  case BENCH_I32: return ((const int32_t *)data)[i];
  case BENCH_BF16: break;
  }
  bits = (uint32_t)((const uint16_t *)data)[i] << 16;
  memcpy(&value, &bits, sizeof value);
  return value;
}

/* Uniform within ±size, the same on every machine: a 64-bit linear congruential generator (Knuth's
 * constants), whose upper bits are used. Narrow types take the value rounded towards zero. */
static void fill(bench_array *a, uint64_t seed, double size) {
  uint64_t state = seed;
  for (int64_t i = 0; i < count(a); i++) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    float value = (float)(((double)(state >> 40) / (1 << 23) - 1) * size);
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    if (a->type == BENCH_F32) ((float *)a->data)[i] = value;
    if (a->type == BENCH_BF16) ((uint16_t *)a->data)[i] = (uint16_t)(bits >> 16);
    if (a->type == BENCH_I8) ((int8_t *)a->data)[i] = (int8_t)value;
    if (a->type == BENCH_I32) ((int32_t *)a->data)[i] = (int32_t)value;
  }
}

void *bench_allocate(const bench_array *a) {
  size_t bytes = bench_bytes(a) + 8192;
  void *data;
  if (posix_memalign(&data, 4096, bytes)) return NULL;
  ts_want_large_pages(data, bytes);
  return data;
}

static bool add(bench_case *c, bench_type type, int64_t rows, int64_t columns, double size) {
  bench_array *a = &c->in[c->num_inputs];
  *a = (bench_array){type, columns ? 2 : 1, {rows, columns}, NULL};
  a->data = bench_allocate(a);
  if (!a->data) return false;
  c->num_inputs++;
  fill(a, c->num_inputs, size);
  return true;
}

/* Weights are scaled by 1/√K, as networks are initialised, so results are alike for every shape. */
bool bench_case_make(bench_case *c, bench_kind kind, int64_t m, int64_t k, int64_t n,
                     unsigned threads, double spread) {
  *c = (bench_case){.kind = kind, .m = m, .k = k, .n = n, .threads = threads};
  bench_type t = kind == BENCH_MLP_BF16 ? BENCH_BF16 : BENCH_F32;
  double weight = 3 * spread / sqrt((double)k);
  snprintf(c->shape, sizeof c->shape, "%lldx%lldx%lld", (long long)m, (long long)k, (long long)n);
  c->out = (bench_array){t, 2, {m, kind == BENCH_FFN ? k : n}, NULL};
  c->flops = 2.0 * (double)m * (double)n * (double)k * (kind == BENCH_FFN ? 2 : 1);
  c->scale = (float)(3.0 / (64 * 64 * sqrt((double)k)));
  if (kind == BENCH_MLP_I8)
    return add(c, BENCH_I8, m, k, 100) && add(c, BENCH_I8, k, n, 100) &&
           add(c, BENCH_I32, n, 0, 4000);
  return add(c, t, m, k, 1) && add(c, t, k, n, weight) && add(c, t, n, 0, 0.5) &&
         (kind != BENCH_FFN || (add(c, t, n, k, 3 / sqrt((double)n)) && add(c, t, k, 0, 0.5)));
}

void bench_case_drop(bench_case *c) {
  for (unsigned i = 0; i < c->num_inputs; i++)
    free(c->in[i].data);
  c->num_inputs = 0;
}

/* ---- the reference ---- */

static double activated(bench_activation a, double x) {
  if (a == BENCH_GELU) return 0.5 * x * erfc(-x * M_SQRT1_2);
  return a == BENCH_RELU ? fmax(x, 0) : x;
}

/* y = x W + b for one row x in f64; `size` takes Σ|x||w| + |b|, to which errors are in
 * proportion. */
static void layer(const double *x, const bench_array *w, const bench_array *b, double *y,
                  double *size) {
  int64_t k_end = w->dims[0], n = w->dims[1];
  for (int64_t j = 0; j < n; j++) {
    y[j] = element(b, b->data, j);
    size[j] = fabs(y[j]);
  }
  for (int64_t k = 0; k < k_end; k++)
    for (int64_t j = 0; j < n; j++) {
      double p = x[k] * element(w, w->data, k * n + j);
      y[j] += p;
      size[j] += fabs(p);
    }
}

typedef struct row {
  double *x, *y, *size, *z;
} row;

/* The row's result in r->y, what its sums are in proportion to in r->size. */
static void reference_row(const bench_case *c, bench_activation a, int64_t i, row *r) {
  double scale = c->kind == BENCH_MLP_I8 ? c->scale : 1;
  for (int64_t k = 0; k < c->k; k++)
    r->x[k] = element(&c->in[0], c->in[0].data, i * c->k + k);
  layer(r->x, &c->in[1], &c->in[2], r->y, r->size);
  for (int64_t j = 0; j < c->n; j++) {
    r->y[j] = activated(a, r->y[j] * scale);
    r->size[j] *= scale;
  }
  if (c->kind != BENCH_FFN) return;
  memcpy(r->z, r->y, (size_t)c->n * sizeof *r->z);
  layer(r->z, &c->in[3], &c->in[4], r->y, r->size);
}

/* A result may be off by its last rounding and by that of sums in f32, in whatever order. */
static double allowed(const bench_case *c, double y, double size) {
  double last = c->out.type == BENCH_BF16 ? 0x1p-7 : 0x1p-22;
  return last * fabs(y) + 8 * 0x1p-24 * size + 1e-6;
}

double bench_case_error(const bench_case *c, bench_activation a, const void *out, double *worst) {
  enum { ROWS = 5 };
  size_t most = (size_t)(c->k > c->n ? c->k : c->n) * sizeof(double);
  row r = {malloc(most), malloc(most), malloc(most), malloc(most)};
  double excess = r.x && r.y && r.size && r.z ? 0 : INFINITY;
  *worst = 0;
  for (int64_t q = 0; q < ROWS && excess < INFINITY; q++) {
    int64_t i = (c->m - 1) * q / (ROWS - 1);
    reference_row(c, a, i, &r);
    for (int64_t j = 0; j < c->out.dims[1]; j++) {
      double error = fabs(element(&c->out, out, i * c->out.dims[1] + j) - r.y[j]);
      if (!(error <= *worst)) *worst = error;
      if (!(error <= excess * allowed(c, r.y[j], r.size[j])))
        excess = error / allowed(c, r.y[j], r.size[j]);
    }
  }
  free(r.x), free(r.y), free(r.size), free(r.z);
  return isnan(excess) ? INFINITY : excess;
}
