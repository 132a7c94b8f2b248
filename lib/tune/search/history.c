/* What was asked and told. */
#include <math.h>

#include "tune/search/search_impl.h"

static size_t bytes_of_point(const ts_search *s) { return s->domain->n * sizeof(ts_choice); }

/* The slot that holds the point, or the empty one where it would go. By the point itself: numbers of domains of 2^64
 * points and more are not unique. */
static uint32_t *find_slot(const ts_search *s, const ts_choice *point) {
  size_t mask = s->num_slots - 1, at = ts_hash(point, bytes_of_point(s), 0) & mask;
  while (s->slots[at] && memcmp(s->asked.at[s->slots[at] - 1].point, point, bytes_of_point(s)) != 0)
    at = (at + 1) & mask;
  return &s->slots[at];
}

size_t ts_search_place(const ts_search *s, const ts_choice *point) {
  return s->num_slots && *find_slot(s, point) ? *find_slot(s, point) - 1 : TS_NOWHERE;
}

static void grow_slots(ts_search *s) {
  s->num_slots = s->num_slots ? 4 * s->num_slots : 1024;
  s->slots = ts_new_array(s->arena, uint32_t, s->num_slots);
  for (size_t i = 0; i < s->asked.n; i++)
    *find_slot(s, s->asked.at[i].point) = (uint32_t)i + 1;
}

void ts_search_add(ts_search *s, const ts_choice *point) {
  if (2 * s->asked.n >= s->num_slots) grow_slots(s);
  ts_choice *copy = ts_new_array(s->arena, ts_choice, s->domain->n + 1);
  memcpy(copy, point, bytes_of_point(s));
  uint32_t *slot = find_slot(s, point);
  ts_push(s->arena, &s->asked, (ts_asked){copy, NAN, false});
  *slot = (uint32_t)s->asked.n;
}

void ts_search_set_cost(ts_search *s, double cost) {
  size_t place = s->told++;
  s->asked.at[place].cost = cost;
  if (!isfinite(cost)) return;
  s->asked.at[place].paid = !s->num_elite || cost < ts_search_cost(s, s->elite[0]);
  unsigned at = s->num_elite;
  while (at && ts_search_cost(s, s->elite[at - 1]) > cost)
    at--;
  if (at == TS_ELITE) return;
  if (s->num_elite < TS_ELITE) s->num_elite++;
  memmove(s->elite + at + 1, s->elite + at, (s->num_elite - at - 1) * sizeof *s->elite);
  s->elite[at] = place;
}

bool ts_search_is_exhausted(const ts_search *s) { return s->asked.n >= s->domain->count; }

void ts_search_draw_any(ts_search *s, ts_choice *point) {
  ts_domain_point(s->domain, ts_draw_below(&s->draw, s->domain->count), point);
}

/* Draws; where almost all was asked, the next free number behind the last draw, which takes no more steps than points were
 * asked. */
void ts_search_draw_new(ts_search *s, ts_choice *point) {
  uint64_t number = 0;
  for (unsigned tries = 0; tries < 64; tries++) {
    number = ts_draw_below(&s->draw, s->domain->count);
    ts_domain_point(s->domain, number, point);
    if (ts_search_place(s, point) == TS_NOWHERE) return;
  }
  do {
    number = number + 1 < s->domain->count ? number + 1 : 0;
    ts_domain_point(s->domain, number, point);
  } while (ts_search_place(s, point) != TS_NOWHERE);
}
