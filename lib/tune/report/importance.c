/* How much each parameter matters: functional ANOVA over trees (Hutter, Hoos, Leyton-Brown, An efficient approach for
 * assessing hyperparameter importance, ICML 2014).
 *
 * A tree cuts the grid of all combinations of values into boxes and gives each a number, so means over all combinations,
 * and over those with one parameter fixed, are sums over its boxes. The index of a parameter is the variance of its
 * means divided by the variance of the tree, averaged over trees of random cuts (Geurts et al., Extremely randomized
 * trees, 2006), which no bootstrap is needed for. Combinations that the rules forbid count too: trees extend to them what
 * they saw nearby. The values of a parameter are taken in the order of its list. */
#include <math.h>

#include "tune/report/report_impl.h"

enum { TREES = 64 };

typedef struct forest {
  unsigned n; /* parameters */
  const ts_parameter *parameters;
  const ts_choice **rows;
  double *y; /* logarithms of costs, by the same order as rows */
  uint64_t random;
  /* of the tree: sums over boxes of volume times value and its square, and over those that hold a value of one
   * parameter, with that parameter's part of the volume left out */
  double sum, squares;
  double **marginal;
} forest;

/* The values first to last, by place, of each parameter. */
typedef struct box {
  ts_choice first[TS_MAX_PARAMETERS], last[TS_MAX_PARAMETERS];
} box;

static double part_of(const forest *f, const box *b, unsigned p) {
  return (double)(b->last[p] - b->first[p] + 1) / f->parameters[p].n;
}

static void add_box(forest *f, const box *b, double value) {
  double volume = 1;
  for (unsigned p = 0; p < f->n; p++)
    volume *= part_of(f, b, p);
  f->sum += volume * value;
  f->squares += volume * value * value;
  for (unsigned p = 0; p < f->n; p++)
    for (unsigned v = b->first[p]; v <= b->last[p]; v++)
      f->marginal[p][v] += volume / part_of(f, b, p) * value;
}

/* xorshift64* (Vigna, 2016); below n. */
static unsigned random_below(forest *f, unsigned n) {
  uint64_t x = f->random;
  x ^= x >> 12;
  x ^= x << 25;
  x ^= x >> 27;
  f->random = x;
  return (unsigned)(((x * UINT64_C(2685821657736338717) >> 32) * n) >> 32);
}

/* Values up to `at` of parameter `p` go to one side. */
typedef struct cut {
  unsigned p;
  ts_choice at;
  double gain;
} cut;

/* Twice the same sum of squares about the mean is taken off both sides, so only the squares of the sums count. */
static double gain_of(const forest *f, size_t begin, size_t end, unsigned p, ts_choice at) {
  double left = 0, right = 0;
  size_t n = 0;
  for (size_t i = begin; i < end; i++) {
    bool goes_left = f->rows[i][p] <= at;
    *(goes_left ? &left : &right) += f->y[i];
    n += goes_left;
  }
  return left * left / (double)n + right * right / (double)(end - begin - n);
}

/* A random cut of each parameter that varies here, and the best of them; gain < 0: none varies. */
static cut choose_cut(forest *f, size_t begin, size_t end) {
  cut best = {.gain = -1};
  for (unsigned p = 0; p < f->n; p++) {
    ts_choice low = f->rows[begin][p], high = low;
    for (size_t i = begin + 1; i < end; i++) {
      low = ts_min(low, f->rows[i][p]);
      high = ts_max(high, f->rows[i][p]);
    }
    if (low == high) continue;
    cut c = {.p = p, .at = (ts_choice)(low + random_below(f, high - low))};
    c.gain = gain_of(f, begin, end, p, c.at);
    if (c.gain > best.gain) best = c;
  }
  return best;
}

/* Puts the rows up to the cut first; where the others begin. */
static size_t part_rows(forest *f, size_t begin, size_t end, const cut *c) {
  size_t middle = begin;
  for (size_t i = begin; i < end; i++) {
    if (f->rows[i][c->p] > c->at) continue;
    const ts_choice *row = f->rows[i];
    double y = f->y[i];
    f->rows[i] = f->rows[middle];
    f->y[i] = f->y[middle];
    f->rows[middle] = row;
    f->y[middle++] = y;
  }
  return middle;
}

static bool are_equal(const double *y, size_t n) {
  for (size_t i = 1; i < n; i++)
    if (y[i] != y[0]) return false;
  return true;
}

/* Cuts the box with the rows [begin, end) until all in one are equal. */
static void grow(forest *f, size_t begin, size_t end, box *b) {
  cut c = {.gain = -1};
  if (!are_equal(f->y + begin, end - begin)) c = choose_cut(f, begin, end);
  if (c.gain < 0) {
    double sum = 0;
    for (size_t i = begin; i < end; i++)
      sum += f->y[i];
    add_box(f, b, sum / (double)(end - begin));
    return;
  }
  size_t middle = part_rows(f, begin, end, &c);
  ts_choice last = b->last[c.p], first = b->first[c.p];
  b->last[c.p] = c.at;
  grow(f, begin, middle, b);
  b->last[c.p] = last;
  b->first[c.p] = (ts_choice)(c.at + 1);
  grow(f, middle, end, b);
  b->first[c.p] = first;
}

static void clear_tree(forest *f, box *b) {
  f->sum = f->squares = 0;
  for (unsigned p = 0; p < f->n; p++) {
    b->first[p] = 0;
    b->last[p] = (ts_choice)(f->parameters[p].n - 1);
    memset(f->marginal[p], 0, f->parameters[p].n * sizeof *f->marginal[p]);
  }
}

/* Adds each parameter's part of the variance of the tree. */
static void add_indices(const forest *f, double *importance) {
  double variance = f->squares - f->sum * f->sum;
  if (!(variance > 1e-12 * f->squares)) return;
  for (unsigned p = 0; p < f->n; p++) {
    double of_means = 0;
    for (unsigned v = 0; v < f->parameters[p].n; v++)
      of_means += (f->marginal[p][v] - f->sum) * (f->marginal[p][v] - f->sum);
    importance[p] += of_means / f->parameters[p].n / variance / TREES;
  }
}

/* The good points and the logarithms of their costs, about their mean, so that little is lost by squares; their number. */
static size_t take_rows(forest *f, const ts_tune_outcome *o) {
  size_t n = 0;
  double mean = 0;
  for (size_t i = 0; i < o->points.n; i++) {
    const ts_tuned_point *p = &o->points.at[i];
    if (!isfinite(p->cost) || !(p->cost > 0)) continue;
    f->rows[n] = p->point;
    mean += f->y[n++] = log(p->cost);
  }
  for (size_t i = 0; i < n; i++)
    f->y[i] -= mean / (double)n;
  return n;
}

void ts_report_importance(ts_context *ctx, const ts_tune_report *r, double *importance) {
  ts_arena scratch;
  ts_arena_init(&scratch, &ctx->memory);
  const ts_domain *d = r->domain;
  forest f = {.n = d->n, .parameters = d->parameters, .random = 2025};
  f.rows = ts_new_array(&scratch, const ts_choice *, r->outcome->points.n + 1);
  f.y = ts_new_array(&scratch, double, r->outcome->points.n + 1);
  f.marginal = ts_new_array(&scratch, double *, d->n + 1);
  for (unsigned p = 0; p < d->n; p++) {
    f.marginal[p] = ts_new_array(&scratch, double, d->parameters[p].n);
    importance[p] = 0;
  }
  size_t n = take_rows(&f, r->outcome);
  for (int tree = 0; tree < TREES && n > 1; tree++) {
    box whole;
    clear_tree(&f, &whole);
    grow(&f, 0, n, &whole);
    add_indices(&f, importance);
  }
  ts_arena_drop(&scratch);
}
