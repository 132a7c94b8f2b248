/* A tuning session: a search asks, an evaluator answers, records are kept, and the best is handed back. */
#ifndef TS_TUNE_SESSION_TUNE_H
#define TS_TUNE_SESSION_TUNE_H

#include "records/store.h"
#include "tune/measure/evaluator.h"
#include "tune/search/search.h"
#include "tune/space/space.h"

/* What the objective makes of a trial: milliseconds, joules, or joule seconds; infinite for one that failed. */
double ts_objective_cost(ts_objective, const ts_trial *);
const char *ts_objective_unit(ts_objective); /* "ms", "J", "J·s" */

/* Trials of a session where nobody says how many. */
enum { TS_TUNE_USUAL_TRIALS = 64 };

typedef struct ts_tune_progress ts_tune_progress;
typedef struct ts_tune_plan {
  const ts_domain *domain;
  const ts_tune_space *space; /* NULL: points have no pipeline (replay) */
  ts_evaluator evaluator;
  ts_objective objective;
  const char *search; /* NULL: the default */
  ts_search_setup setup;
  uint64_t trials;         /* at most; 0: until the space or the time is at its end */
  double seconds;          /* of wall-clock time; 0: any */
  unsigned batch;          /* candidates that are tried together */
  ts_session_store *store; /* where trials are kept and known ones are taken from; NULL: nowhere */
  const volatile int *interrupt; /* set by a signal: ends with the best so far; NULL: none */
  void (*progress)(void *user, const ts_tune_progress *); /* after each trial; NULL: nobody looks */
  void *user;
} ts_tune_plan;

typedef struct ts_tuned_point {
  const ts_choice *point;
  ts_trial trial;
  double cost;
} ts_tuned_point;

struct ts_tune_progress {
  uint64_t done, failed, of;         /* of: 0 where it is not known */
  double seconds, searching;         /* so far; of that in the search and the session's own work */
  const ts_tuned_point *best, *last; /* best: NULL while there is none */
};

typedef enum { TS_END_EXHAUSTED, TS_END_TRIALS, TS_END_TIME, TS_END_INTERRUPTED } ts_tune_end;

typedef struct ts_tune_outcome {
  TS_VEC(ts_tuned_point) points; /* all that were tried, in that order; in the arena */
  size_t best;                   /* SIZE_MAX: none is good */
  ts_tune_end end;
  double seconds, searching;
  uint64_t recalled; /* of the points: known from the store */
} ts_tune_outcome;

/* Runs the session. TS_OK also when it was interrupted or found nothing good: see the outcome. */
ts_result ts_tune(ts_context *, ts_arena *, const ts_tune_plan *, ts_tune_outcome *);

/* The points that no other beats, by being better in time or energy and as good in the other, quickest first; of equal ones
 * that tried first. The knee: that furthest below the line between both ends when time and energy are scaled to [0, 1] (Satopää et al., Finding a "Kneedle" in a haystack, 2011).
 * Only trials with energy of one kind, that of the first good one. Places in outcome->points; in the arena. */
typedef struct ts_frontier {
  size_t n, *at;
  size_t
      knee; /* place in `at`; SIZE_MAX: none lies below the line, as with fewer than three points */
} ts_frontier;
ts_frontier ts_frontier_of(ts_arena *, const ts_tune_outcome *);

#endif
