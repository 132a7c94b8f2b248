/* Hill climbing from many starts: the first neighbour that is better is the next place to stand; where none is, a new
 * start is drawn. Neighbours differ in one parameter. */
#include "tune/search/search_impl.h"

static const ts_option options_local[] = {
    {"follow", TS_OPT_BOOL, offsetof(ts_local_options, follow), "false",
     "stand on each new best point, whoever found it"},
};

typedef struct climb {
  bool follow;
  size_t best;          /* place of the best point when it was last gone to; TS_NOWHERE: never */
  size_t stand;         /* place; TS_NOWHERE: a start is to be drawn */
  ts_point_list around; /* its neighbours, shuffled */
  size_t looked;        /* at so many of them */
  size_t proposed;      /* so many are proposed */
} climb;

static void stand_on(ts_search *s, climb *c, size_t place) {
  c->stand = place;
  c->around.choices.n = c->around.n = c->looked = c->proposed = 0;
  ts_search_neighbours(s, s->asked.at[place].point, &c->around);
  ts_search_shuffle(s, &c->around);
}

static const ts_choice *around(const ts_search *s, const climb *c, size_t i) {
  return c->around.choices.at + i * s->domain->n;
}

/* Moves to the first of the neighbours with costs that is better. */
static bool improve(ts_search *s, climb *c) {
  double here = ts_search_cost(s, c->stand);
  for (; c->looked < c->proposed; c->looked++) {
    size_t place = ts_search_place(s, around(s, c, c->looked));
    if (place >= s->told) return false;
    if (ts_search_cost(s, place) < here) {
      stand_on(s, c, place);
      return true;
    }
  }
  return false;
}

static void *open_local(ts_search *s, const void *options) {
  climb *c = ts_new(s->arena, climb);
  c->follow = ((const ts_local_options *)options)->follow;
  c->stand = c->best = TS_NOWHERE;
  return c;
}

/* To the best hint in the beginning, and to what others found since. */
static void go_to_best(ts_search *s, climb *c) {
  if (!s->num_elite || c->best == s->elite[0] || (!c->follow && c->best != TS_NOWHERE)) return;
  c->best = s->elite[0];
  stand_on(s, c, c->best);
}

/* The next neighbour that was not asked. False: there is none, or the start's own cost is not known. */
static bool next_neighbour(ts_search *s, climb *c, ts_choice *point) {
  if (c->stand >= s->told) return false;
  if (!c->around.n) stand_on(s, c, c->stand);
  for (;; c->proposed++) {
    while (improve(s, c))
      ;
    if (c->proposed == c->around.n) return false;
    const ts_choice *neighbour = around(s, c, c->proposed);
    if (ts_search_place(s, neighbour) != TS_NOWHERE) continue;
    memcpy(point, neighbour, s->domain->n * sizeof *point);
    c->proposed++;
    return true;
  }
}

static bool is_at_end(const ts_search *s, const climb *c) {
  return c->stand == TS_NOWHERE || (c->stand < s->told && c->looked == c->around.n);
}

static bool next_local(ts_search *s, void *state, ts_choice *point) {
  climb *c = state;
  go_to_best(s, c);
  if (next_neighbour(s, c, point)) return true;
  if (!is_at_end(s, c)) return false;
  ts_search_draw_new(s, point);
  c->stand = s->asked.n;
  c->around.choices.n = c->around.n = c->looked = c->proposed = 0;
  return true;
}

const ts_search_kind ts_search_local = {
    .name = "local",
    .summary = "hill climbing from many starts, to the first better neighbour",
    .options = TS_OPTIONS(options_local, ts_local_options),
    .open = open_local,
    .next = next_local,
};
