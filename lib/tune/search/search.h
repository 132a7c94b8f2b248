/* Searches: which point to try next.
 *
 * A search is asked for points and told their costs, and knows nothing else: no program, no machine, no clock. With the
 * same domain, setup and answers it asks the same points, on every machine.
 *
 *   while ((n = ts_search_ask(s, batch, points)) > 0)
 *     for (i = 0; i < n; i++) ts_search_tell(s, points + i * domain->n, cost of it);
 *
 * Which there are stands in searches.def. */
#ifndef TS_TUNE_SEARCH_SEARCH_H
#define TS_TUNE_SEARCH_SEARCH_H

#include "tune/space/domain.h"

/* A point that is known before the search begins, of this space or of a like one for another shape. */
typedef struct ts_hint {
  const ts_choice *point; /* legal */
  double
      cost; /* in that other place; infinite: it failed there. NaN: not known, only to be tried early */
  const double *traits; /* logarithms of the extents there, `num_traits` of them; NULL: none */
} ts_hint;

typedef struct ts_search_setup {
  uint64_t seed;
  uint64_t budget; /* trials in all; 0: not known */
  /* Tried first, in this order: the recipe's own choice, the best of other shapes. */
  unsigned num_hints;
  const ts_hint *hints;
  unsigned num_traits;
  const double *traits; /* of what is tuned now */
} ts_search_setup;

typedef struct ts_search ts_search;

/* Opens the search that `text` names, "model" or "genetic{population=40}"; NULL: the default. TS_USAGE for an unknown search or
 * option. It lives in the arena. */
ts_result ts_search_open(ts_context *, ts_arena *, const ts_domain *, const char *text,
                         const ts_search_setup *, ts_search **);
/* Up to `most` points that it has not asked before, one behind the other in `points`; the number of them, 0 when there is
 * none left. All of them must be told before it is asked again. */
unsigned ts_search_ask(ts_search *, unsigned most, ts_choice *points);
/* What a point that was asked costs, at least 0; infinite: it is no good at all. In the order asked. */
void ts_search_tell(ts_search *, const ts_choice *point, double cost);

typedef struct ts_search_name {
  const char *name, *summary;
} ts_search_name;
/* In the order of the table; false past the last. */
bool ts_search_list(unsigned i, ts_search_name *out);

#endif
