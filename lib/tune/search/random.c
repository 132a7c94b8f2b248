/* Any point, any order. */
#include "tune/search/search_impl.h"

static void *open_random(ts_search *s, const void *options) {
  (void)s;
  (void)options;
  return NULL;
}

static bool next_random(ts_search *s, void *state, ts_choice *point) {
  (void)state;
  ts_search_draw_new(s, point);
  return true;
}

const ts_search_kind ts_search_random = {
    .name = "random",
    .summary = "points drawn at random, none twice",
    .open = open_random,
    .next = next_random,
};
