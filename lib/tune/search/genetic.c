/* A genetic search: parents chosen by rank, uniform crossover, mutation, and of parents and children the best live on.
 * (Goldberg: Genetic algorithms, 1989; uniform crossover: Syswerda, ICGA 1989.) */
#include <math.h>

#include "tune/search/search_impl.h"

typedef struct genetic_options {
  int64_t population;
} genetic_options;

static const ts_option options_genetic[] = {
    {"population", TS_OPT_INT, offsetof(genetic_options, population), "20",
     "points that have children", 2, 1000},
};

typedef struct genetic {
  size_t size;
  size_t *places; /* parents, best first, then children */
  size_t parents, n;
  unsigned known; /* children in a row that had been asked before */
} genetic;

static void *open_genetic(ts_search *s, const void *options) {
  genetic *g = ts_new(s->arena, genetic);
  g->size = (size_t)((const genetic_options *)options)->population;
  g->places = ts_new_array(s->arena, size_t, 2 * g->size);
  return g;
}

/* Of two parents the better is drawn 3 times in 4, on the average. */
static const ts_choice *draw_parent(ts_search *s, const genetic *g) {
  double rank = 1 - sqrt(1 - ts_draw_unit(&s->draw));
  return s->asked.at[g->places[(size_t)(rank * (double)g->parents)]].point;
}

static bool contains(const genetic *g, size_t place) {
  for (size_t i = 0; i < g->n; i++)
    if (g->places[i] == place) return true;
  return false;
}

/* Sorts by cost; the best are parents now. */
static void select_parents(const ts_search *s, genetic *g) {
  for (size_t i = 1; i < g->n; i++)
    for (size_t j = i; j && ts_search_cost(s, g->places[j - 1]) > ts_search_cost(s, g->places[j]);
         j--) {
      size_t place = g->places[j];
      g->places[j] = g->places[j - 1];
      g->places[j - 1] = place;
    }
  g->parents = g->n = ts_min(g->n, g->size);
}

/* A child that was asked before is one all the same; too many of them, and the family has grown together: then somebody
 * marries in. */
static void propose_child(ts_search *s, genetic *g, ts_choice *point) {
  if (g->parents < 2 || g->known > 2 * g->size) {
    ts_search_draw_new(s, point);
  } else {
    ts_search_cross(s, draw_parent(s, g), draw_parent(s, g), point);
    if (ts_draw_unit(&s->draw) < 0.5) ts_search_mutate(s, 1.0 / s->domain->n, point);
  }
}

static bool next_genetic(ts_search *s, void *state, ts_choice *point) {
  genetic *g = state;
  for (;;) {
    size_t full = g->parents ? 2 * g->size : g->size;
    if (g->n >= full) {
      if (ts_search_is_waiting(s)) return false;
      select_parents(s, g);
    }
    propose_child(s, g, point);
    size_t place = ts_search_place(s, point);
    if (place == TS_NOWHERE) {
      g->known = 0;
      g->places[g->n++] = s->asked.n;
      return true;
    }
    g->known++;
    if (!contains(g, place)) g->places[g->n++] = place;
  }
}

const ts_search_kind ts_search_genetic = {
    .name = "genetic",
    .summary = "a population that crosses, mutates and is selected",
    .options = TS_OPTIONS(options_genetic, genetic_options),
    .open = open_genetic,
    .next = next_genetic,
};
