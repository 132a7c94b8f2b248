/* What the searches share: what was asked and what came of it, and where new points come from.
 *
 * A search proposes points one at a time and reads the history; it keeps no costs of its own. A place is the number of a
 * point in the order asked. */
#ifndef TS_TUNE_SEARCH_SEARCH_IMPL_H
#define TS_TUNE_SEARCH_SEARCH_IMPL_H

#include "syntax/options.h"
#include "tune/search/draw_impl.h"
#include "tune/search/search.h"

#define TS_NOWHERE SIZE_MAX
enum { TS_ELITE = 32 };

typedef struct ts_asked {
  const ts_choice *point;
  double cost; /* NaN: not told yet */
  bool paid;   /* it was better than all before it */
} ts_asked;

typedef struct ts_search_kind {
  const char *name, *summary;
  ts_option_table options;
  /* Its state, in the search's arena. */
  void *(*open)(ts_search *, const void *options);
  /* Proposes a legal point that was not asked, which gets the place asked.n. False: it must first hear what the last ones
   * cost. */
  bool (*next)(ts_search *, void *state, ts_choice *point);
} ts_search_kind;

struct ts_search {
  ts_context *ctx;
  ts_arena *arena;
  const ts_domain *domain;
  ts_search_setup setup;
  ts_draw draw;
  TS_VEC(ts_asked) asked;
  size_t told; /* the first of them */
  size_t
      elite[TS_ELITE]; /* places of the best that are any good, best first, earlier before later */
  unsigned num_elite;
  uint32_t *slots; /* hash table of places + 1 */
  size_t num_slots;
  unsigned next_hint;
  const ts_search_kind *kind;
  void *state;
};

#define SEARCH(name) extern const ts_search_kind ts_search_##name;
#include "tune/search/searches.def"
#undef SEARCH

typedef struct ts_local_options {
  bool follow;
} ts_local_options;

/* ---- history.c ---- */

size_t ts_search_place(const ts_search *,
                       const ts_choice *point); /* TS_NOWHERE: it was not asked */
static inline double ts_search_cost(const ts_search *s, size_t place) {
  return s->asked.at[place].cost;
}
static inline bool ts_search_is_waiting(const ts_search *s) { return s->told < s->asked.n; }
void ts_search_add(ts_search *, const ts_choice *point);
/* The cost of the first that has none. */
void ts_search_set_cost(ts_search *, double cost);
/* Whether every legal point was asked. */
bool ts_search_is_exhausted(const ts_search *);
/* Any point that was not asked; there must be one. */
void ts_search_draw_new(ts_search *, ts_choice *point);
/* Any legal point. */
void ts_search_draw_any(ts_search *, ts_choice *point);

/* ---- neighbours.c ---- */

/* Points one behind the other, domain->n choices each. */
typedef struct ts_point_list {
  TS_VEC(ts_choice) choices;
  size_t n;
} ts_point_list;
void ts_point_push(ts_search *, ts_point_list *, const ts_choice *point);
/* The legal points that differ from this one in one parameter (and in those that it makes appear or vanish), asked or
 * not, behind what the list holds. */
void ts_search_neighbours(ts_search *, const ts_choice *point, ts_point_list *);
void ts_search_shuffle(ts_search *, ts_point_list *);
/* One of the neighbours; false: it has none. */
bool ts_search_neighbour(ts_search *, const ts_choice *point, ts_choice *out);
/* Choice by choice from either; legal in the end. */
void ts_search_cross(ts_search *, const ts_choice *a, const ts_choice *b, ts_choice *out);
/* Each choice drawn anew with this probability, but one at least; legal in the end. */
void ts_search_mutate(ts_search *, double probability, ts_choice *point);

#endif
