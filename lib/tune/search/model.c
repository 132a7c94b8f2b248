/* The default: trees and a Gaussian process, each chosen as often as it foretells well; while nothing improves now and then
 * a step of hill climbing, first around the best point and then from far ones; and towards the end of a known budget no more
 * looking around. */
#include "tune/search/surrogate_impl.h"

static const double DECAY = 0.95; /* of what an error counts, a trial later */
static const double PRIOR = 1;    /* error that both had before the first trial */
enum {
  STALLED = 25, /* trials without a better one, after which */
  CLIMBS = 8    /* the n-th part of them climbs */
};

/* What the models said of a point. */
typedef struct forecast {
  size_t place;
  float trees, gauss;
  ts_scale scale; /* of the targets then */
} forecast;

typedef struct mixture {
  ts_surrogate *surrogate;
  void *climb;
  TS_VEC(forecast) forecasts;
  size_t heard;                    /* so many of them */
  double trees_error, gauss_error; /* squared, with weights that fall by DECAY */
} mixture;

static void *open_model(ts_search *s, const void *options) {
  (void)options;
  mixture *m = ts_new(s->arena, mixture);
  m->surrogate = ts_surrogate_open(s, TS_MODEL_BOTH);
  m->climb = ts_search_local.open(s, &(ts_local_options){.follow = true});
  return m;
}

static double square(double x) { return x * x; }

static void hear(const ts_search *s, mixture *m) {
  for (; m->heard < m->forecasts.n; m->heard++) {
    const forecast *f = &m->forecasts.at[m->heard];
    if (f->place >= s->told) return;
    double y = ts_scale_target(&f->scale, ts_search_cost(s, f->place));
    m->trees_error = DECAY * m->trees_error + square(y - f->trees);
    m->gauss_error = DECAY * m->gauss_error + square(y - f->gauss);
  }
}

/* In the ratio of the other's error, squared. */
static ts_model_kind choose_model(ts_search *s, const mixture *m) {
  if (!s->num_elite) return TS_MODEL_TREES;
  double trees = square(m->gauss_error + PRIOR), gauss = square(m->trees_error + PRIOR);
  return ts_draw_unit(&s->draw) * (trees + gauss) < trees ? TS_MODEL_TREES : TS_MODEL_GAUSS;
}

static bool is_to_climb(ts_search *s) {
  return s->num_elite && s->told > s->elite[0] + STALLED && ts_draw_below(&s->draw, CLIMBS) == 0;
}

/* In the last quarter of what may be tried it is too late to look around. */
static bool is_late(const ts_search *s) {
  return s->setup.budget && s->told >= s->setup.budget - s->setup.budget / 4;
}

static bool next_model(ts_search *s, void *state, ts_choice *point) {
  mixture *m = state;
  ts_surrogate *by = m->surrogate;
  if (ts_surrogate_start(s, by, point)) return true;
  hear(s, m);
  if (is_to_climb(s) && ts_search_local.next(s, m->climb, point)) return true;
  ts_model_kind kind = choose_model(s, m);
  ts_surrogate_update(s, by, kind);
  if (is_late(s)) by->novelty = 0;
  if (!ts_surrogate_choose(s, by, kind, point)) return false;
  if (s->num_elite)
    ts_push(s->arena, &m->forecasts,
            (forecast){s->asked.n, by->trees_said, by->gauss_said, by->scale});
  return true;
}

const ts_search_kind ts_search_model = {
    .name = "model",
    .summary = "learns the cost with trees and a Gaussian process, whichever foretells better",
    .open = open_model,
    .next = next_model,
};
