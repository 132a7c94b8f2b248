/* The loop of model-guided search.
 *
 * What is promising is the expected improvement (Mockus 1975; Jones, Schonlau, Welch: Efficient global optimization of
 * expensive black-box functions, 1998); for trees with a term for distance from all that was tried, since they answer
 * without variance far from their rows. */
#include <math.h>
#include <stdlib.h>

#include "tune/search/surrogate_impl.h"

enum {
  FIRST = 8,        /* points far from one another come first */
  FIRST_TRIES = 60, /* each the best of so many drawn */
  LEARN_ROWS = 150, /* that length scales are learnt from, the latest */
  KEEP_ROWS = 480,  /* when the process is full: half of them the best, half the latest */
  LATE = 3,         /* trials that the forest may be behind while it does not choose */
  PATIENCE = 20     /* trials without improvement that double the term of distance */
};
static const double NOVELTY = 0.3, RELEARN = 1.25;

ts_surrogate *ts_surrogate_open(ts_search *s, ts_model_kind kind) {
  ts_surrogate *m = ts_new(s->arena, ts_surrogate);
  m->kind = kind;
  ts_features_init(&m->features, s);
  if (kind & TS_MODEL_TREES) ts_taught_init(&m->taught, s);
  ts_pool_init(&m->pool, s, &m->features);
  if (kind & TS_MODEL_GAUSS) {
    ts_gauss_init(&m->gauss, s->arena, s->domain->n);
    m->rows = ts_new_array(s->arena, size_t, TS_GAUSS_ROWS);
  }
  return m;
}

/* ---- targets ---- */

static const double *targets_of(ts_search *s, ts_surrogate *m, ts_arena *scratch) {
  double *y = ts_new_array(scratch, double, s->told + 1);
  for (size_t i = 0; i < s->told; i++)
    y[i] = ts_search_cost(s, i);
  m->scale = s->num_elite ? ts_scale_of(scratch, s->told, y) : (ts_scale){0, 0, 1};
  for (size_t i = 0; i < s->told; i++)
    y[i] = ts_scale_target(&m->scale, y[i]);
  m->least = s->num_elite ? y[s->elite[0]] : m->taught.targets[0];
  return y;
}

/* ---- the forest ---- */

static void set_row(const ts_surrogate *m, const ts_choice *point, const double *traits, float *row,
                    float *x, size_t at, size_t n) {
  ts_features_write(&m->features, point, traits, row);
  for (unsigned j = 0; j < m->features.n; j++)
    x[j * n + at] = row[j];
}

/* To what was told, and to what is known from elsewhere. */
static void fit_forest(ts_search *s, ts_surrogate *m, ts_arena *scratch, const double *y) {
  size_t n = s->told + m->taught.n;
  float *x = ts_new_array(scratch, float, n *(m->features.n + 1));
  float *row = ts_new_array(scratch, float, m->features.n + 1);
  double *targets = ts_new_array(scratch, double, n);
  for (size_t i = 0; i < n; i++) {
    const ts_hint *hint = i < s->told ? NULL : m->taught.hints[i - s->told];
    set_row(m, hint ? hint->point : s->asked.at[i].point, hint ? hint->traits : s->setup.traits,
            row, x, i, n);
    targets[i] = hint ? m->taught.targets[i - s->told] : y[i];
  }
  ts_forest_rows rows = {n, m->features.n, x, targets};
  ts_forest_fit(&m->forest, s->arena, scratch, &s->draw, &rows);
  m->fitted = s->told + 1;
}

static void ask_forest(const ts_surrogate *m, ts_candidate *c) {
  if (c->forest == m->fitted) return;
  ts_forest_predict(&m->forest, c->features, &c->mean, &c->variance);
  c->forest = m->fitted;
}

static bool is_forest_due(const ts_search *s, const ts_surrogate *m, ts_model_kind by) {
  size_t late = by & TS_MODEL_TREES ? s->told / 100 : LATE;
  return m->kind & TS_MODEL_TREES && (!m->fitted || s->told >= m->fitted + late);
}

/* ---- the process ---- */

static void add_row(ts_surrogate *m, unsigned dims) {
  m->rows[m->gauss.n] = m->next_row;
  ts_gauss_add(&m->gauss, m->pool.positions.at + m->next_row++ * dims);
}

static int compare_doubles(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* The target up to which a point is among the n best. */
static double nth_best(const double *y, size_t all, size_t n, ts_arena *scratch) {
  double *sorted = ts_new_array(scratch, double, all);
  memcpy(sorted, y, all * sizeof *y);
  qsort(sorted, all, sizeof *sorted, compare_doubles);
  return sorted[n - 1];
}

/* Takes in all rows anew, or as many as leave room. */
static void add_rows(ts_search *s, ts_surrogate *m, ts_arena *scratch, const double *y) {
  m->next_row = 0;
  if (s->told > KEEP_ROWS) {
    double among = nth_best(y, s->told, KEEP_ROWS / 2, scratch);
    size_t latest = s->told - KEEP_ROWS / 2;
    for (size_t i = 0; i < latest && m->gauss.n < KEEP_ROWS / 2; i++)
      if (y[m->next_row = i] <= among) add_row(m, s->domain->n);
    m->next_row = latest;
  }
  while (m->next_row < s->told)
    add_row(m, s->domain->n);
}

static void learn_scales(ts_search *s, ts_surrogate *m, ts_arena *scratch, const double *y) {
  size_t rows = ts_min(s->told, (size_t)LEARN_ROWS), first = s->told - rows;
  ts_gauss_learn(&m->gauss, scratch, rows, m->pool.positions.at + first * s->domain->n, y + first);
  m->learnt = s->told;
  for (size_t i = 0; i < m->pool.at.n; i++)
    ts_gauss_forget(&m->pool.at.at[i]->gauss);
}

static void fit_gauss(ts_search *s, ts_surrogate *m, ts_arena *scratch, const double *y) {
  size_t news = s->told - ts_min(m->next_row, s->told);
  if (!m->learnt || (double)s->told >= RELEARN * (double)m->learnt ||
      m->gauss.n + news > TS_GAUSS_ROWS) {
    learn_scales(s, m, scratch, y);
    add_rows(s, m, scratch, y);
  }
  while (m->next_row < s->told)
    add_row(m, s->domain->n);
  double *targets = ts_new_array(scratch, double, m->gauss.n + 1);
  for (size_t i = 0; i < m->gauss.n; i++)
    targets[i] = y[m->rows[i]];
  ts_gauss_set_targets(&m->gauss, scratch, targets);
}

/* What was asked and not told yet stands with what was expected of it. */
static void believe(ts_search *s, ts_surrogate *m) {
  while (m->next_row < s->asked.n && m->gauss.n < TS_GAUSS_ROWS)
    add_row(m, s->domain->n);
}

static void ask_gauss(ts_search *s, ts_surrogate *m, ts_candidate *c) {
  if (!c->gauss.v) c->gauss.v = ts_new_array(s->arena, float, TS_GAUSS_ROWS);
  ts_gauss_predict(&m->gauss, c->position, &c->gauss, &c->gauss_mean, &c->gauss_variance);
}

/* ---- choosing ---- */

/* The logarithm of s (φ(z) + z Φ(z)), z = (least - mean) / s, also where that underflows. */
static double log_improvement(double least, double mean, double deviation) {
  double z = (least - mean) / deviation;
  if (z < -6) return log(deviation) - z * z / 2 - 0.9189385332046727 - 2 * log(-z);
  double density = 0.3989422804014327 * exp(-z * z / 2);
  return log(deviation) + log(density + z * erfc(-z * 0.7071067811865476) / 2);
}

static double worth(ts_search *s, ts_surrogate *m, ts_candidate *c, ts_model_kind by) {
  if (by == TS_MODEL_GAUSS) {
    ask_gauss(s, m, c);
    return log_improvement(m->least, c->gauss_mean, sqrt(c->gauss_variance + 1e-10));
  }
  ask_forest(m, c);
  double far = m->novelty * (1 - exp(-c->nearest));
  return log_improvement(m->least, c->mean, sqrt(c->variance + 1e-10 + far * far));
}

static ts_candidate *most_worth(ts_search *s, ts_surrogate *m, ts_model_kind by) {
  double most = -INFINITY;
  ts_candidate *chosen = NULL;
  for (size_t i = 0; i < m->pool.at.n; i++) {
    ts_candidate *c = m->pool.at.at[i];
    if (ts_search_place(s, c->point) != TS_NOWHERE) continue;
    ts_pool_compare(&m->pool, s, c);
    double is = worth(s, m, c, by);
    if (chosen && is <= most) continue;
    most = is;
    chosen = c;
  }
  return chosen;
}

bool ts_surrogate_choose(ts_search *s, ts_surrogate *m, ts_model_kind by, ts_choice *point) {
  if (by == TS_MODEL_GAUSS) believe(s, m);
  ts_candidate *chosen = most_worth(s, m, by);
  if (!chosen) return false;
  if (m->kind == TS_MODEL_BOTH) {
    ask_forest(m, chosen);
    ask_gauss(s, m, chosen);
  }
  m->trees_said = chosen->mean;
  m->gauss_said = chosen->gauss_mean;
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
    ts_candidate c = {.position = position, .nearest = INFINITY};
    ts_pool_compare(&m->pool, s, &c);
    if (c.nearest <= furthest) continue;
    furthest = c.nearest;
    memcpy(point, drawn, s->domain->n * sizeof *point);
  }
}

bool ts_surrogate_start(ts_search *s, ts_surrogate *m, ts_choice *point) {
  if (s->asked.n < FIRST && !m->taught.n)
    draw_far(s, m, point);
  else if (!s->num_elite && (s->asked.n >= FIRST || !m->taught.n))
    ts_search_draw_new(s, point);
  else
    return false;
  return true;
}

/* Without a good point there is nothing for the process to know. */
static void learn(ts_search *s, ts_surrogate *m, ts_model_kind by, ts_arena *scratch) {
  size_t stall = s->num_elite ? s->told - 1 - s->elite[0] : 0;
  m->novelty = NOVELTY * (1 + (double)stall / PATIENCE);
  const double *y = targets_of(s, m, scratch);
  bool is_due = is_forest_due(s, m, by);
  if (m->kind & TS_MODEL_GAUSS || is_due) ts_pool_refresh(&m->pool, s);
  if (is_due) fit_forest(s, m, scratch, y);
  if (m->kind & TS_MODEL_GAUSS && s->num_elite) fit_gauss(s, m, scratch, y);
  m->updated = s->told + 1;
}

void ts_surrogate_update(ts_search *s, ts_surrogate *m, ts_model_kind by) {
  if (s->told < m->updated) return;
  ts_arena scratch;
  ts_arena_init(&scratch, &s->ctx->memory);
  learn(s, m, by, &scratch);
  ts_arena_drop(&scratch);
}

bool ts_surrogate_next(ts_search *s, void *state, ts_choice *point) {
  ts_surrogate *m = state;
  if (ts_surrogate_start(s, m, point)) return true;
  ts_surrogate_update(s, m, m->kind);
  return ts_surrogate_choose(s, m, m->kind, point);
}
