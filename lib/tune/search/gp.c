/* Search by a Gaussian process. */
#include "tune/search/surrogate_impl.h"

static void *open_gp(ts_search *s, const void *options) {
  (void)options;
  return ts_surrogate_open(s, TS_MODEL_GAUSS);
}

const ts_search_kind ts_search_gp = {
    .name = "gp",
    .summary = "learns the cost with a Gaussian process",
    .open = open_gp,
    .next = ts_surrogate_next,
};
