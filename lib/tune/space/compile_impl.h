/* The graph of the points that satisfy rules. */
#ifndef TS_TUNE_SPACE_COMPILE_IMPL_H
#define TS_TUNE_SPACE_COMPILE_IMPL_H

#include "tune/space/domain_impl.h"
#include "tune/space/term_impl.h"

/* What holds where a piece of the pipeline is used, and what is asked of it. */
typedef struct ts_space_use_of {
  enum { TS_SPACE_TO_HOLD, TS_SPACE_NOT_TO_HOLD, TS_SPACE_TO_LACK_A_VALUE } what;
  const ts_space_expr *expr;
  const struct ts_space_use_of *within; /* NULL: nothing more */
} ts_space_use_of;

typedef struct ts_space_question {
  const ts_tune_space *space;
  size_t num_rules; /* the first so many */
  /* one of these is the case; none at all: nothing more is asked */
  size_t num_uses;
  const ts_space_use_of *uses;
} ts_space_question;

/* The points that answer it; domain->count is 0 where there is none. The domain is in `arena`. TS_LIMIT, without a
 * message, where the graph grows past what the space allows. */
ts_result ts_space_compile(ts_context *, ts_arena *, const ts_space_question *, ts_domain *);

/* The order of layers in which parameters that masks tie stand together: each time the parameter, of those whose conditions
 * are settled, after which the fewest combinations of values have to be kept in mind; the first of equals.
 * conditions[i]: the parameters that the condition of i hangs on. sizes[i]: the number of its values. */
void ts_space_order(unsigned n, const unsigned *sizes, const uint64_t *conditions, size_t num_masks,
                    const uint64_t *masks, unsigned *order);

#endif
