/* Every point, by its number. */
#include "tune/search/search_impl.h"

static void *open_exhaustive(ts_search *s, const void *options) {
  (void)options;
  return ts_new(s->arena, uint64_t); /* the next number */
}

static bool next_exhaustive(ts_search *s, void *state, ts_choice *point) {
  uint64_t *next = state;
  do
    ts_domain_point(s->domain, (*next)++, point);
  while (ts_search_place(s, point) != TS_NOWHERE);
  return true;
}

const ts_search_kind ts_search_exhaustive = {
    .name = "exhaustive",
    .summary = "every point, in the order of the space",
    .open = open_exhaustive,
    .next = next_exhaustive,
};
