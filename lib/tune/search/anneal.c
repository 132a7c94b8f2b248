/* Simulated annealing (Kirkpatrick, Gelatt, Vecchi, Science 1983): a neighbour that is worse by the part d of the cost is
 * taken with probability exp(-d / temperature), and the temperature falls. Points that were asked before are walked over
 * for nothing. Of several trials at a time each belongs to a walk of its own. */
#include <math.h>

#include "tune/search/search_impl.h"

/* Temperatures, in parts of the cost; from one to the other in STEPS moves, and then again from a new start. */
static const double HOT = 0.5, COLD = 1e-3;
enum { STEPS = 600, IDLE = 100 };

typedef struct walk {
  size_t stand, next; /* places; TS_NOWHERE: none */
  double temperature;
  unsigned idle; /* moves since a new point was asked */
} walk;

typedef struct annealing {
  TS_VEC(walk) walks;
} annealing;

static void *open_anneal(ts_search *s, const void *options) {
  (void)options;
  return ts_new(s->arena, annealing);
}

static bool is_taken(ts_search *s, const walk *w) {
  double here = ts_search_cost(s, w->stand), there = ts_search_cost(s, w->next);
  if (there <= here) return true;
  return isfinite(there) && ts_draw_unit(&s->draw) < exp(-(there - here) / (here * w->temperature));
}

static bool is_over(const walk *w) {
  return w->stand == TS_NOWHERE || w->temperature < COLD || w->idle > IDLE;
}

/* The walk goes on until it needs a new point. False: it has come to one whose cost is not known yet. */
static bool step_walk(ts_search *s, walk *w, ts_choice *point) {
  for (;; w->idle++) {
    if (w->next != TS_NOWHERE && (w->stand == TS_NOWHERE || is_taken(s, w))) w->stand = w->next;
    w->temperature *= pow(COLD / HOT, 1.0 / STEPS);
    if (is_over(w) || !ts_search_neighbour(s, s->asked.at[w->stand].point, point)) {
      *w = (walk){TS_NOWHERE, s->asked.n, HOT, 0};
      ts_search_draw_new(s, point);
      return true;
    }
    w->next = ts_search_place(s, point);
    if (w->next == TS_NOWHERE) {
      w->next = s->asked.n;
      w->idle = 0;
      return true;
    }
    if (w->next >= s->told) return false;
  }
}

static bool next_anneal(ts_search *s, void *state, ts_choice *point) {
  annealing *a = state;
  for (size_t i = 0; i < a->walks.n; i++) {
    walk *w = &a->walks.at[i];
    if (w->next < s->told && step_walk(s, w, point)) return true;
  }
  size_t start = s->num_elite && !a->walks.n ? s->elite[0] : TS_NOWHERE; /* the best hint */
  ts_push(s->arena, &a->walks, (walk){start, start, HOT, 0});
  return step_walk(s, &a->walks.at[a->walks.n - 1], point);
}

const ts_search_kind ts_search_anneal = {
    .name = "anneal",
    .summary = "simulated annealing",
    .open = open_anneal,
    .next = next_anneal,
};
