/* Least squares with weights that are not negative: the active-set method of Lawson and Hanson, Solving Least Squares
 * Problems, 1974, chapter 23, algorithm NNLS. The systems inside are solved by QR (Householder), which also tells whether
 * the columns depend on each other. */
#include <math.h>

#include "tune/energy/energy.h"

enum { WEIGHTS = 5, MOST_SAMPLES = 4096, MOST_ROUNDS = 100 };
/* Of a column of length 1: what is left of it when the others are taken off. */
#define INDEPENDENT 1e-6

typedef struct system {
  unsigned rows;
  double (*a)[WEIGHTS]; /* divided by joules, so that each row should give 1; columns of length 1 */
  double scale[WEIGHTS];
  double (*room)[WEIGHTS + 1]; /* for QR, the right side last */
} system;

/* Column `c` of the n in front and the right side last: takes what is below the diagonal to 0. The length of what was
 * there. */
static double reflect(system *s, unsigned n, unsigned c) {
  double norm = 0, dot;
  for (unsigned r = c; r < s->rows; r++)
    norm += s->room[r][c] * s->room[r][c];
  norm = sqrt(norm);
  if (norm == 0) return 0;
  double lead = s->room[c][c], pivot = lead > 0 ? -norm : norm;
  double *v = &s->room[c][c], factor = 1 / (norm * (norm + fabs(lead)));
  *v = lead - pivot;
  for (unsigned k = c + 1; k <= n; k++) {
    dot = 0;
    for (unsigned r = c; r < s->rows; r++)
      dot += s->room[r][c] * s->room[r][k];
    for (unsigned r = c; r < s->rows; r++)
      s->room[r][k] -= dot * factor * s->room[r][c];
  }
  *v = pivot;
  return norm;
}

/* Least squares over the columns with `in`; the others are 0. The least length that a column had left. */
static double solve(system *s, const bool *in, double *x) {
  unsigned which[WEIGHTS], n = 0;
  double least = 1;
  for (unsigned c = 0; c < WEIGHTS; c++) {
    x[c] = 0;
    if (in[c]) which[n++] = c;
  }
  for (unsigned r = 0; r < s->rows; r++) {
    for (unsigned c = 0; c < n; c++)
      s->room[r][c] = s->a[r][which[c]];
    s->room[r][n] = 1;
  }
  for (unsigned c = 0; c < n; c++)
    least = fmin(least, reflect(s, n, c));
  if (least < INDEPENDENT) return least;
  for (unsigned c = n; c-- > 0;) {
    double sum = s->room[c][n];
    for (unsigned k = c + 1; k < n; k++)
      sum -= s->room[c][k] * x[which[k]];
    x[which[c]] = sum / s->room[c][c];
  }
  return least;
}

static double residual(const system *s, unsigned r, const double *x) {
  double left = 1;
  for (unsigned c = 0; c < WEIGHTS; c++)
    left -= s->a[r][c] * x[c];
  return left;
}

/* The column outside that lowers the residual most; WEIGHTS: none does. */
static unsigned steepest(const system *s, const bool *in, const double *x) {
  double best = 1e-12 * s->rows;
  unsigned found = WEIGHTS;
  for (unsigned c = 0; c < WEIGHTS; c++) {
    double slope = 0;
    for (unsigned r = 0; r < s->rows; r++)
      slope += s->a[r][c] * residual(s, r, x);
    if (in[c] || slope <= best) continue;
    best = slope;
    found = c;
  }
  return found;
}

/* Goes from x towards the solution z as far as no weight falls below 0; those that reach it leave. True when it got
 * there. */
static bool step_towards(bool *in, double *x, const double *z) {
  double part = 1;
  for (unsigned c = 0; c < WEIGHTS; c++)
    if (in[c] && z[c] <= 0) part = fmin(part, x[c] / (x[c] - z[c]));
  for (unsigned c = 0; c < WEIGHTS; c++) {
    bool leaves = in[c] && z[c] <= 0 && x[c] / (x[c] - z[c]) <= part;
    x[c] += part * (z[c] - x[c]);
    if (leaves) x[c] = 0;
    in[c] &= !leaves;
  }
  return part == 1;
}

static void solve_nonnegative(system *s, double *x) {
  bool in[WEIGHTS] = {0};
  double z[WEIGHTS];
  unsigned next;
  memset(x, 0, WEIGHTS * sizeof *x);
  for (int round = 0; round < MOST_ROUNDS && (next = steepest(s, in, x)) < WEIGHTS; round++) {
    in[next] = true;
    do
      solve(s, in, z);
    while (!step_towards(in, x, z));
  }
}

/* ---- measurements ---- */

static const char *const names[WEIGHTS] = {"flops", "bytes of the first-level cache",
                                           "bytes of the second-level cache", "bytes of memory",
                                           "seconds"};

static void row_of(const ts_counted *c, double *row) {
  row[0] = c->flops;
  memcpy(row + 1, c->bytes, sizeof c->bytes);
  row[4] = c->seconds;
}

static ts_result check_sample(ts_context *ctx, unsigned i, const double *row, double joules) {
  for (unsigned c = 0; c < WEIGHTS; c++)
    if (!isfinite(row[c]) || row[c] < 0)
      return ts_error_plain(ctx, "sample %u: %s are not a number from 0 on", i + 1, names[c]);
  if (!isfinite(joules) || joules <= 0)
    return ts_error_plain(ctx, "sample %u: joules are not a number above 0", i + 1);
  return TS_OK;
}

/* Brings every column to length 1. */
static ts_result scale_columns(ts_context *ctx, system *s) {
  for (unsigned c = 0; c < WEIGHTS; c++) {
    double squares = 0;
    for (unsigned r = 0; r < s->rows; r++)
      squares += s->a[r][c] * s->a[r][c];
    s->scale[c] = sqrt(squares);
    if (!(s->scale[c] > 0) || isinf(s->scale[c]))
      return ts_error_plain(ctx, "the samples do not tell what %s cost: none has any", names[c]);
    for (unsigned r = 0; r < s->rows; r++)
      s->a[r][c] /= s->scale[c];
  }
  return TS_OK;
}

/* Says which column is no more than a mixture of those before it. */
static ts_result check_independent(ts_context *ctx, system *s) {
  double x[WEIGHTS];
  for (unsigned n = 1; n <= WEIGHTS; n++) {
    bool in[WEIGHTS] = {0};
    memset(in, true, n * sizeof *in);
    if (solve(s, in, x) < INDEPENDENT)
      return ts_error_plain(
          ctx,
          "the samples do not tell what %s cost: they rise and fall with the other "
          "figures in all of them",
          names[n - 1]);
  }
  return TS_OK;
}

static ts_result fill(ts_context *ctx, system *s, const ts_counted *counted, const double *joules) {
  for (unsigned i = 0; i < s->rows; i++) {
    row_of(&counted[i], s->a[i]);
    ts_result result = check_sample(ctx, i, s->a[i], joules[i]);
    if (result) return result;
    for (unsigned c = 0; c < WEIGHTS; c++)
      s->a[i][c] /= joules[i];
  }
  ts_result result = scale_columns(ctx, s);
  return result ? result : check_independent(ctx, s);
}

ts_result ts_energy_fit(ts_context *ctx, unsigned n, const ts_counted *counted,
                        const double *joules, ts_energy_model *model, double *error) {
  if (n < WEIGHTS || n > MOST_SAMPLES)
    return ts_error_plain(ctx, "%u samples: a model is fitted to %d to %d", n, WEIGHTS,
                          MOST_SAMPLES);
  ts_arena scratch;
  double x[WEIGHTS], squares = 0;
  ts_arena_init(&scratch, &ctx->memory);
  system s = {.rows = n};
  s.a = ts_arena_alloc(&scratch, n * sizeof *s.a);
  s.room = ts_arena_alloc(&scratch, n * sizeof *s.room);
  ts_result result = fill(ctx, &s, counted, joules);
  if (result == TS_OK) {
    solve_nonnegative(&s, x);
    for (unsigned r = 0; r < n; r++)
      squares += residual(&s, r, x) * residual(&s, r, x);
    for (unsigned c = 0; c < WEIGHTS; c++)
      x[c] /= s.scale[c];
    *model = (ts_energy_model){x[0], {x[1], x[2], x[3]}, x[4], "fitted"};
    *error = sqrt(squares / n);
  }
  ts_arena_drop(&scratch);
  return result;
}
