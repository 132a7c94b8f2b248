/* The loop of model-guided search: targets, fits, and the most promising candidate.
 *
 * Targets are logarithms of costs, clipped at a quantile of what was seen: how bad a bad point is need not be learnt, and a
 * point that failed is merely bad. What is promising is the expected improvement (Mockus 1975; Jones, Schonlau, Welch:
 * Efficient global optimization of expensive black-box functions, 1998), for trees with a term for distance from all that
 * was tried, since they answer with no variance far from their rows. */
#include <math.h>
#include <stdlib.h>

#include "tune/search/surrogate_impl.h"

enum {
  FIRST = 8,        /* points far from one another come first */
  FIRST_TRIES = 60, /* each the best of so many drawn */
  LEAST_KEPT = 4,   /* good points below the clip at least, but for one */
  LEARN_ROWS = 150, /* that scales are learnt from */
  KEEP_ROWS = 480,  /* when the process is full */
  PATIENCE = 20     /* trials without improvement that double the term of distance */
};
static const double QUANTILE = 0.2, NOVELTY = 0.3;

void *ts_surrogate_open(ts_search *s, ts_model_kind kind) {
  ts_surrogate *m = ts_new(s->arena, ts_surrogate);
  m->kind = kind;
  ts_features_init(&m->features, s);
  ts_pool_init(&m->pool, s, &m->features);
  if (kind != TS_MODEL_TREES) ts_gauss_init(&m->gauss, s->arena, s->domain->n);
  return m;
}

/* ---- targets ---- */

static int compare_doubles(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static double log_cost(double cost) { return log(fmax(cost, 1e-300)); }

/* The logarithm above which all is alike; needs a good point. */
static double clip_of(const ts_search *s, double *room) {
  size_t n = 0;
  for (size_t i = 0; i < s->told; i++)
    if (isfinite(ts_search_cost(s, i))) room[n++] = log_cost(ts_search_cost(s, i));
  qsort(room, n, sizeof *room, compare_doubles);
  size_t rank = (size_t)(QUANTILE * (double)(n - 1) + 0.5);
  return room[ts_min(n - 1, ts_max(rank, (size_t)LEAST_KEPT))];
}

static void standardise(double *y, size_t n) {
  double sum = 0, squares = 0;
  for (size_t i = 0; i < n; i++)
    sum += y[i];
  for (size_t i = 0; i < n; i++)
    squares += (y[i] - sum / (double)n) * (y[i] - sum / (double)n);
  double deviation = sqrt(squares / (double)n) + 1e-9;
  for (size_t i = 0; i < n; i++)
    y[i] = (y[i] - sum / (double)n) / deviation;
}

static void set_targets(ts_search *s, ts_surrogate *m, ts_arena *scratch) {
  double clip = clip_of(s, ts_new_array(scratch, double, s->told));
  m->y = ts_new_array(scratch, double, s->told);
  m->num_y = s->told;
  for (size_t i = 0; i < s->told; i++) {
    double cost = ts_search_cost(s, i);
    m->y[i] = isfinite(cost) ? fmin(log_cost(cost), clip) : clip;
  }
  standardise(m->y, m->num_y);
  m->least = m->y[s->elite[0]];
}

/* ---- the forest ---- */

static void fit_forest(ts_search *s, ts_surrogate *m, ts_arena *scratch) {
  unsigned features = m->features.n;
  float *x = ts_new_array(scratch, float, s->told *(size_t)features);
  float *row = ts_new_array(scratch, float, features);
  for (size_t i = 0; i < s->told; i++) {
    ts_features_write(&m->features, s->asked.at[i].point, s->setup.traits, row);
    for (unsigned j = 0; j < features; j++)
      x[j * s->told + i] = row[j];
  }
  ts_forest forest;
  ts_forest_rows rows = {s->told, features, x, m->y};
  ts_forest_fit(&forest, scratch, &s->draw, &rows);
  for (size_t i = 0; i < m->pool.at.n; i++) {
    ts_candidate *c = m->pool.at.at[i];
    ts_forest_predict(&forest, c->features, &c->mean, &c->variance);
  }
  m->next_fit = s->told + 1 + s->told / 100;
}

/* ---- the process ---- */

static void fit_gauss(ts_search *s, ts_surrogate *m, ts_arena *scratch) {
  unsigned n = s->domain->n;
  if (m->learnt == 0 || (double)s->told >= 1.25 * (double)m->learnt) {
    size_t rows = ts_min(s->told, (size_t)LEARN_ROWS), first = s->told - rows;
    ts_gauss_learn(&m->gauss, scratch, rows, m->pool.positions.at + first * n, m->y + first);
    m->learnt = s->told;
    for (size_t i = 0; i < m->pool.at.n; i++)
      m->pool.at.at[i]->gauss.n = m->pool.at.at[i]->gauss.sum = 0;
  }
  while (m->gauss.n < s->told)
    ts_gauss_add(&m->gauss, m->pool.positions.at + m->gauss.n * n);
  ts_gauss_set_targets(&m->gauss, scratch, m->y);
}

static void ask_gauss(ts_search *s, ts_surrogate *m, ts_candidate *c, float *mean,
                      float *variance) {
  (void)m;
  if (!c->gauss.v) c->gauss.v = ts_new_array(s->arena, float, TS_GAUSS_ROWS);
  ts_gauss_predict(&m->gauss, c->position, &c->gauss, mean, variance);
}

/* ---- choosing ---- */

/* The logarithm of s (φ(z) + z Φ(z)), z = (least - mean) / s, also where that underflows. */
static double log_improvement(double least, double mean, double deviation) {
  double z = (least - mean) / deviation;
  if (z < -6) return log(deviation) - z * z / 2 - 0.9189385332046727 - 2 * log(-z);
  double density = 0.3989422804014327 * exp(-z * z / 2);
  return log(deviation) + log(density + z * erfc(-z * 0.7071067811865476) / 2);
}

static double novelty(const ts_search *s) {
  size_t stall = s->told - 1 - s->elite[0];
  return NOVELTY * (1 + (double)stall / PATIENCE);
}

static double worth(ts_search *s, ts_surrogate *m, ts_candidate *c, bool gauss) {
  float mean = c->mean, variance = c->variance;
  if (gauss) {
    ask_gauss(s, m, c, &mean, &variance);
    return log_improvement(m->least, mean, sqrt(variance));
  }
  double far = novelty(s) * (1 - exp(-c->nearest));
  return log_improvement(m->least, mean, sqrt(variance + 1e-10 + far * far));
}

static bool choose(ts_search *s, ts_surrogate *m, bool gauss, ts_choice *point) {
  double most = -INFINITY;
  const ts_candidate *chosen = NULL;
  for (size_t i = 0; i < m->pool.at.n; i++) {
    ts_candidate *c = m->pool.at.at[i];
    if (ts_search_place(s, c->point) != TS_NOWHERE) continue;
    ts_pool_compare(&m->pool, s, c);
    double is = worth(s, m, c, gauss);
    if (is <= most) continue;
    most = is;
    chosen = c;
  }
  if (!chosen) return false;
  memcpy(point, chosen->point, s->domain->n * sizeof *point);
  return true;
}

/* ---- the loop ---- */

/* Of points drawn, the one furthest from those asked. */
static void draw_far(ts_search *s, ts_surrogate *m, ts_choice *point) {
  float furthest = -1;
  ts_choice drawn[TS_MAX_PARAMETERS];
  float position[TS_MAX_PARAMETERS];
  for (unsigned i = 0; i < FIRST_TRIES; i++) {
    ts_search_draw_new(s, drawn);
    ts_features_position(&m->features, drawn, position);
    ts_candidate c = {.position = position, .nearest = 1e9f};
    ts_pool_compare(&m->pool, s, &c);
    if (c.nearest <= furthest) continue;
    furthest = c.nearest;
    memcpy(point, drawn, s->domain->n * sizeof *point);
  }
}

static bool wants_gauss(const ts_search *s, const ts_surrogate *m) {
  return m->kind == TS_MODEL_GAUSS || (m->kind == TS_MODEL_BOTH && s->asked.n % 2);
}

static void learn(ts_search *s, ts_surrogate *m, ts_arena *scratch) {
  set_targets(s, m, scratch);
  if (m->kind != TS_MODEL_TREES || s->told >= m->next_fit) ts_pool_refresh(&m->pool, s);
  if (m->kind != TS_MODEL_GAUSS && s->told >= m->next_fit) fit_forest(s, m, scratch);
  if (m->kind != TS_MODEL_TREES) fit_gauss(s, m, scratch);
  m->next_pool = s->told + 1;
}

bool ts_surrogate_next(ts_search *s, void *state, ts_choice *point) {
  ts_surrogate *m = state;
  if (s->asked.n < FIRST) {
    draw_far(s, m, point);
    return true;
  }
  if (!s->num_elite) {
    ts_search_draw_new(s, point);
    return true;
  }
  if (s->told >= m->next_pool) {
    ts_arena scratch;
    ts_arena_init(&scratch, &s->ctx->memory);
    learn(s, m, &scratch);
    ts_arena_drop(&scratch);
  }
  return choose(s, m, wants_gauss(s, m), point);
}
