/* Search by extremely randomised trees. */
#include "tune/search/surrogate_impl.h"

static void *open_trees(ts_search *s, const void *options) {
  (void)options;
  return ts_surrogate_open(s, TS_MODEL_TREES);
}

const ts_search_kind ts_search_trees = {
    .name = "trees",
    .summary = "learns the cost with extremely randomised trees",
    .open = open_trees,
    .next = ts_surrogate_next,
};
