/* Growing and asking extremely randomised trees. */
#include <math.h>

#include "tune/search/forest_impl.h"

typedef struct growth {
  ts_forest *forest;
  ts_arena *arena;
  ts_draw *draw;
  const ts_forest_rows *rows;
  uint32_t *order;    /* of the rows, by nodes */
  uint32_t *features; /* in the order drawn */
} growth;

typedef struct split {
  int32_t feature;
  float threshold;
  double gain;
} split;

/* Sums are kept side by side: one would wait for its last addition. */
enum { SIDE = 4 };

/* What the sum of squared errors shrinks by when the rows part at the threshold; 0: all are on one side. */
static double gain_of(const growth *g, const float *x, const uint32_t *rows, size_t n, float at,
                      double sum) {
  double sums[SIDE] = {0};
  size_t counts[SIDE] = {0}, i = 0;
  for (; i + SIDE <= n; i += SIDE)
    for (unsigned k = 0; k < SIDE; k++) {
      bool is_left = x[rows[i + k]] <= at;
      sums[k] += is_left ? g->rows->y[rows[i + k]] : 0;
      counts[k] += is_left;
    }
  double left = (sums[0] + sums[1]) + (sums[2] + sums[3]);
  size_t num_left = counts[0] + counts[1] + counts[2] + counts[3];
  for (; i < n; i++) {
    bool is_left = x[rows[i]] <= at;
    left += is_left ? g->rows->y[rows[i]] : 0;
    num_left += is_left;
  }
  if (num_left == 0 || num_left == n) return 0;
  double right = sum - left;
  return left * left / (double)num_left + right * right / (double)(n - num_left) -
         sum * sum / (double)n;
}

/* False: the feature is the same in all rows. */
static bool draw_threshold(const growth *g, const float *x, const uint32_t *rows, size_t n,
                           float *at) {
  float low = x[rows[0]], high = low, low1 = low, high1 = low;
  for (size_t i = 1; i + 1 < n; i += 2) {
    float a = x[rows[i]], b = x[rows[i + 1]];
    low = a < low ? a : low;
    high = a > high ? a : high;
    low1 = b < low1 ? b : low1;
    high1 = b > high1 ? b : high1;
  }
  float last = x[rows[n - 1]];
  low = ts_min(ts_min(low, low1), last);
  high = ts_max(ts_max(high, high1), last);
  if (!(high - low > 1e-6f)) return false;
  *at = low + (high - low) * (float)ts_draw_unit(g->draw);
  if (*at >= high) *at = low;
  return true;
}

/* The best of thresholds in half of the features, of those that are not the same everywhere. */
static split draw_split(const growth *g, const uint32_t *rows, size_t n, double sum) {
  split best = {-1, 0, 0};
  unsigned wanted = (g->rows->features + 1) / 2;
  for (unsigned i = 0; i < g->rows->features && wanted; i++) {
    unsigned other = i + (unsigned)ts_draw_below(g->draw, g->rows->features - i);
    uint32_t feature = g->features[other];
    g->features[other] = g->features[i];
    g->features[i] = feature;
    const float *x = g->rows->x + (size_t)feature * g->rows->n;
    float at;
    if (!draw_threshold(g, x, rows, n, &at)) continue;
    wanted--;
    double gain = gain_of(g, x, rows, n, at, sum);
    if (gain > best.gain) best = (split){(int32_t)feature, at, gain};
  }
  return best;
}

/* Rows up to the threshold first; the number of them. */
static size_t part_rows(const growth *g, const split *at, uint32_t *rows, size_t n) {
  const float *x = g->rows->x + (size_t)at->feature * g->rows->n;
  size_t i = 0, j = n;
  while (i < j) {
    if (x[rows[i]] <= at->threshold) {
      i++;
      continue;
    }
    uint32_t row = rows[i];
    rows[i] = rows[--j];
    rows[j] = row;
  }
  return i;
}

static uint32_t grow_node(growth *g, uint32_t *rows, size_t n) {
  double sum = 0, squares = 0;
  for (size_t i = 0; i < n; i++) {
    double y = g->rows->y[rows[i]];
    sum += y;
    squares += y * y;
  }
  double mean = sum / (double)n, variance = fmax(0, squares / (double)n - mean * mean);
  uint32_t at = (uint32_t)g->forest->nodes.n;
  ts_push(g->arena, &g->forest->nodes, (ts_forest_node){-1, 0, 0, 0, (float)mean, (float)variance});
  if (n < 2 || variance < 1e-12) return at;
  split best = draw_split(g, rows, n, sum);
  if (best.feature < 0) return at;
  size_t num_left = part_rows(g, &best, rows, n);
  uint32_t left = grow_node(g, rows, num_left);
  uint32_t right = grow_node(g, rows + num_left, n - num_left);
  ts_forest_node *node = &g->forest->nodes.at[at];
  node->feature = best.feature;
  node->threshold = best.threshold;
  node->left = left;
  node->right = right;
  return at;
}

void ts_forest_fit(ts_forest *f, ts_arena *arena, ts_arena *scratch, ts_draw *draw,
                   const ts_forest_rows *rows) {
  growth g = {.forest = f,
              .arena = arena,
              .draw = draw,
              .rows = rows,
              .order = ts_new_array(scratch, uint32_t, rows->n),
              .features = ts_new_array(scratch, uint32_t, rows->features)};
  f->nodes.n = 0;
  for (uint32_t i = 0; i < rows->features; i++)
    g.features[i] = i;
  for (unsigned t = 0; t < TS_TREES; t++) {
    for (uint32_t i = 0; i < rows->n; i++)
      g.order[i] = i;
    f->roots[t] = grow_node(&g, g.order, rows->n);
  }
}

void ts_forest_predict(const ts_forest *f, const float *row, float *mean, float *variance) {
  float sum = 0, squares = 0;
  for (unsigned t = 0; t < TS_TREES; t++) {
    const ts_forest_node *node = &f->nodes.at[f->roots[t]];
    while (node->feature >= 0)
      node = &f->nodes.at[row[node->feature] <= node->threshold ? node->left : node->right];
    sum += node->mean;
    squares += node->mean * node->mean + node->variance;
  }
  *mean = sum / TS_TREES;
  *variance = fmaxf(squares / TS_TREES - *mean * *mean, 0);
}
