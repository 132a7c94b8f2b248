/* Search by trees and a Gaussian process. */
#include "tune/search/surrogate_impl.h"

static void *open_model(ts_search *s, const void *options) {
  (void)options;
  return ts_surrogate_open(s, TS_MODEL_BOTH);
}

const ts_search_kind ts_search_model = {
    .name = "model",
    .summary = "learns the cost with trees and a Gaussian process",
    .open = open_model,
    .next = ts_surrogate_next,
};
