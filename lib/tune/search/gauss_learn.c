/* Length scales and noise of a Gaussian process: the most probable ones, found by following the sign of the gradient
 * (Riedmiller, Braun: RPROP, ICNN 1993). Gradient: Rasmussen and Williams, equation 5.9; mean and variance are put in at
 * their best values. */
#include <math.h>

#include "tune/search/gauss_impl.h"

/* Logarithms: of length scales in parts of a list of values, and of the noise's variance in parts of the process's, each
 * normally distributed before anything is known. Few rows do for them: what this costs grows with their cube. */
static const double SCALE = -0.357, SCALE_SPREAD = 1, NOISE = -6.9, NOISE_SPREAD = 1;
enum { STEPS = 15, FIRST_STEPS = 40 };

typedef struct fit {
  ts_gauss *g;
  size_t n;
  const float *rows;
  const double *y;
  double *k, *inverse,
      *slope; /* n · n each: covariances and then their factor; its inverse; derivatives */
  double *by_ones, *by_y, *alpha;
} fit;

void ts_gauss_init(ts_gauss *g, ts_arena *arena, unsigned dims) {
  *g = (ts_gauss){.dims = dims,
                  .scales = ts_new_array(arena, double, dims + 1),
                  .weights = ts_new_array(arena, float, dims + 1),
                  .rows = ts_new_array(arena, float, TS_GAUSS_ROWS *(size_t)dims + 1),
                  .factor = ts_new_array(arena, float, (size_t)TS_GAUSS_ROWS *TS_GAUSS_ROWS),
                  .residual = ts_new_array(arena, float, TS_GAUSS_ROWS)};
  for (unsigned i = 0; i < dims; i++)
    g->scales[i] = SCALE;
  g->scales[dims] = NOISE;
}

static double square_apart(const fit *f, size_t i, size_t j, unsigned dim) {
  double apart = fabs((double)f->rows[i * f->g->dims + dim] - f->rows[j * f->g->dims + dim]);
  return apart < 1 ? apart * apart : 1;
}

static void set_weights(ts_gauss *g) {
  for (unsigned i = 0; i < g->dims; i++)
    g->weights[i] = (float)exp(-2 * g->scales[i]);
}

/* Covariances, and what their derivatives by a length scale's logarithm have in common: times the weighted square of the
 * distance in its dimension. */
static void set_covariances(const fit *f) {
  for (size_t i = 0; i < f->n; i++) {
    for (size_t j = 0; j < i; j++) {
      double square = 0;
      for (unsigned dim = 0; dim < f->g->dims; dim++)
        square += square_apart(f, i, j, dim) * f->g->weights[dim];
      double r = sqrt(5 * square), e = exp(-r);
      f->k[i * f->n + j] = (1 + r + r * r / 3) * e;
      f->slope[i * f->n + j] = 5.0 / 3 * (1 + r) * e;
    }
    f->k[i * f->n + i] = 1 + exp(f->g->scales[f->g->dims]);
  }
}

/* False: the matrix is not positive definite. */
static bool factorise(const fit *f) {
  for (size_t i = 0; i < f->n; i++)
    for (size_t j = 0; j <= i; j++) {
      double *a = f->k + i * f->n, *b = f->k + j * f->n, sum = a[j];
      for (size_t m = 0; m < j; m++)
        sum -= a[m] * b[m];
      if (i == j && !(sum > 1e-12)) return false;
      a[j] = i == j ? sqrt(sum) : sum / b[j];
    }
  return true;
}

static void invert_factor(const fit *f) {
  for (size_t i = 0; i < f->n; i++) {
    double *row = f->inverse + i * f->n, *a = f->k + i * f->n;
    memset(row, 0, f->n * sizeof *row);
    for (size_t m = 0; m < i; m++)
      for (size_t j = 0; j <= m; j++)
        row[j] -= a[m] * f->inverse[m * f->n + j];
    for (size_t j = 0; j < i; j++)
      row[j] /= a[i];
    row[i] = 1 / a[i];
  }
}

/* The covariances' inverse, its lower half, in place of the factor. */
static void multiply_inverse(const fit *f) {
  memset(f->k, 0, f->n * f->n * sizeof *f->k);
  for (size_t m = 0; m < f->n; m++) {
    const double *row = f->inverse + m * f->n;
    for (size_t i = 0; i <= m; i++)
      for (size_t j = 0; j <= i; j++)
        f->k[i * f->n + j] += row[i] * row[j];
  }
}

/* Mean and variance at their best; alpha is then the covariances' inverse times targets less mean. The variance. */
static double set_alpha(const fit *f) {
  double ones = 0, both = 0, squares = 0;
  for (size_t i = 0; i < f->n; i++) {
    f->by_ones[i] = f->by_y[i] = f->alpha[i] = 0;
    for (size_t j = 0; j <= i; j++) {
      f->by_ones[i] += f->inverse[i * f->n + j];
      f->by_y[i] += f->inverse[i * f->n + j] * f->y[j];
    }
    ones += f->by_ones[i] * f->by_ones[i];
    both += f->by_ones[i] * f->by_y[i];
  }
  for (size_t i = 0; i < f->n; i++) {
    f->by_y[i] -= both / ones * f->by_ones[i];
    squares += f->by_y[i] * f->by_y[i];
    for (size_t j = 0; j <= i; j++)
      f->alpha[j] += f->inverse[i * f->n + j] * f->by_y[i];
  }
  return squares / (double)f->n + 1e-12;
}

static void add_gradient(const fit *f, double variance, double *gradient) {
  unsigned dims = f->g->dims;
  double noise = 0;
  for (size_t i = 0; i < f->n; i++) {
    for (size_t j = 0; j < i; j++) {
      double common = f->k[i * f->n + j] - f->alpha[i] * f->alpha[j] / variance;
      common *= f->slope[i * f->n + j];
      for (unsigned dim = 0; dim < dims; dim++)
        gradient[dim] += common * square_apart(f, i, j, dim) * f->g->weights[dim];
    }
    noise += f->k[i * f->n + i] - f->alpha[i] * f->alpha[i] / variance;
  }
  gradient[dims] += noise / 2 * exp(f->g->scales[dims]);
}

/* The negative logarithm of the probability, but for a constant, and its gradient. Infinite: the scales are no good. */
static double judge_scales(const fit *f, double *gradient) {
  unsigned dims = f->g->dims;
  double value = 0;
  set_weights(f->g);
  set_covariances(f);
  if (!factorise(f)) return INFINITY;
  for (size_t i = 0; i < f->n; i++)
    value += log(f->k[i * f->n + i]);
  invert_factor(f);
  multiply_inverse(f);
  double variance = set_alpha(f);
  value += (double)f->n / 2 * log(variance);
  memset(gradient, 0, (dims + 1) * sizeof *gradient);
  add_gradient(f, variance, gradient);
  for (unsigned i = 0; i <= dims; i++) {
    double spread = i < dims ? SCALE_SPREAD : NOISE_SPREAD;
    double away = (f->g->scales[i] - (i < dims ? SCALE : NOISE)) / spread;
    value += away * away / 2;
    gradient[i] += away / spread;
  }
  return value;
}

/* One step of each scale by the sign of its slope: longer while the sign stays, shorter when it turns. */
static void step_scales(ts_gauss *g, double *gradient, double *before, double *step) {
  for (unsigned i = 0; i <= g->dims; i++) {
    double turn = gradient[i] * before[i];
    if (turn > 0) step[i] = fmin(step[i] * 1.2, 0.7);
    if (turn < 0) {
      step[i] = fmax(step[i] * 0.5, 1e-3);
      gradient[i] = 0;
    }
    before[i] = gradient[i];
    if (gradient[i] != 0) g->scales[i] -= copysign(step[i], gradient[i]);
    g->scales[i] =
        i < g->dims ? fmax(-4, fmin(4, g->scales[i])) : fmax(-11.5, fmin(0, g->scales[i]));
  }
}

static void descend(const fit *f, ts_arena *scratch, unsigned steps) {
  ts_gauss *g = f->g;
  size_t bytes = (g->dims + 1) * sizeof(double);
  double *gradient = ts_arena_alloc(scratch, bytes), *before = ts_arena_alloc(scratch, bytes);
  double *step = ts_arena_alloc(scratch, bytes), *best = ts_arena_alloc(scratch, bytes);
  double least = INFINITY;
  memcpy(best, g->scales, bytes);
  for (unsigned i = 0; i <= g->dims; i++)
    step[i] = 0.2;
  for (unsigned k = 0; k < steps; k++) {
    double value = judge_scales(f, gradient);
    if (!isfinite(value)) {
      memcpy(g->scales, best, bytes);
      g->scales[g->dims] = fmin(0, g->scales[g->dims] + 1);
      continue;
    }
    if (value < least) {
      least = value;
      memcpy(best, g->scales, bytes);
    }
    step_scales(g, gradient, before, step);
  }
  memcpy(g->scales, best, bytes);
  set_weights(g);
}

void ts_gauss_learn(ts_gauss *g, ts_arena *scratch, size_t n, const float *rows, const double *y) {
  fit f = {.g = g,
           .n = n,
           .rows = rows,
           .y = y,
           .k = ts_new_array(scratch, double, n *n),
           .inverse = ts_new_array(scratch, double, n *n),
           .slope = ts_new_array(scratch, double, n *n),
           .by_ones = ts_new_array(scratch, double, n),
           .by_y = ts_new_array(scratch, double, n),
           .alpha = ts_new_array(scratch, double, n)};
  descend(&f, scratch, g->n ? STEPS : FIRST_STEPS);
  g->n = 0;
}
