/* What is known before a session begins: the recipe's own choice, and the trials of the same space for other shapes. */
#include <math.h>
#include <stdlib.h>

#include "tune/session/job.h"

enum { MOST_TRAITS = 64, MOST_HINTS = 2000, TRIED_FIRST = 3 };

typedef struct hints {
  ts_tune_job *job;
  const ts_session_key *key;
  TS_VEC(ts_hint) tried, taught; /* asked first; known from elsewhere */
  unsigned num_traits;
  const double *traits;      /* of the session being read */
  ts_hint best[TRIED_FIRST]; /* of it, the least costs first */
  unsigned num_best;
} hints;

/* ---- traits ---- */

/* The logarithms of all extents in "X=512x768xf32 b=512xf32". */
static unsigned traits_of(ts_arena *arena, const char *shape, const double **out) {
  double *traits = ts_new_array(arena, double, MOST_TRAITS);
  unsigned n = 0;
  for (const char *at = strchr(shape, '='); at; at = strchr(at, '=')) {
    at++;
    char *end;
    for (long long extent = strtoll(at, &end, 10); end != at && *end == 'x' && n < MOST_TRAITS;
         extent = strtoll(at, &end, 10)) {
      traits[n++] = log((double)ts_max(extent, 1));
      at = end + 1;
    }
  }
  *out = traits;
  return n;
}

/* ---- other shapes ---- */

static void offer_best(hints *h, ts_hint hint) {
  unsigned at = h->num_best;
  while (at > 0 && h->best[at - 1].cost > hint.cost)
    at--;
  if (at == TRIED_FIRST) return;
  h->num_best = ts_min(h->num_best + 1, (unsigned)TRIED_FIRST);
  memmove(h->best + at + 1, h->best + at, (h->num_best - at - 1) * sizeof *h->best);
  h->best[at] = hint;
}

/* A point that is no legal one here is of no use. */
static ts_result note_trial(void *user, const ts_trial *trial) {
  hints *h = user;
  ts_choice *point = ts_new_array(&h->job->arena, ts_choice, h->job->domain.n + 1);
  if (!ts_domain_find_point(h->job->ctx, &h->job->domain, trial->parameters, point)) return TS_OK;
  ts_hint hint = {point, ts_objective_cost(h->job->objective, trial), h->traits};
  if (h->taught.n < MOST_HINTS) ts_push(&h->job->arena, &h->taught, hint);
  if (isfinite(hint.cost)) offer_best(h, hint);
  return TS_OK;
}

static bool is_same(const char *a, const char *b) { return a && b && strcmp(a, b) == 0; }

static ts_result note_session(void *user, const ts_kept_session *kept) {
  hints *h = user;
  ts_arena *arena = &h->job->arena;
  if (is_same(kept->key.program, h->key->program)) return TS_OK;
  if (traits_of(arena, kept->key.shape, &h->traits) != h->num_traits) return TS_OK;
  h->num_best = 0;
  ts_result result = ts_store_trials(h->job->store, arena, kept->id, note_trial, h);
  for (unsigned i = 0; i < h->num_best; i++) {
    h->best[i].cost = NAN;
    ts_push(arena, &h->tried, h->best[i]);
  }
  return result;
}

/* ---- all ---- */

static ts_result add_recipe(hints *h) {
  ts_tune_job *job = h->job;
  if (!job->first) return TS_OK;
  ts_choice *point = ts_new_array(&job->arena, ts_choice, job->domain.n + 1);
  ts_result result = ts_domain_read_point(job->ctx, &job->domain, job->first, point);
  if (!result) ts_push(&job->arena, &h->tried, (ts_hint){point, NAN, NULL});
  return result;
}

ts_result ts_tune_job_hints(ts_tune_job *job, const ts_session_key *key, ts_search_setup *setup) {
  hints h = {.job = job, .key = key};
  setup->num_traits = h.num_traits = traits_of(&job->arena, key->shape, &setup->traits);
  ts_session_key like = {.function = key->function, .target = key->target};
  ts_result result = add_recipe(&h);
  if (!result && job->store && !job->cold)
    result = ts_store_sessions(job->store, &job->arena, &like, note_session, &h);
  for (size_t i = 0; i < h.taught.n; i++)
    ts_push(&job->arena, &h.tried, h.taught.at[i]);
  setup->num_hints = (unsigned)h.tried.n;
  setup->hints = h.tried.at;
  return result;
}
