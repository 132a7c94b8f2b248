/* Recorded rows as a space and its answers. */
#include "tune/session/replay.h"

#include <math.h>

#include "support/clock.h"

typedef struct replay {
  const ts_recorded *recorded;
  const ts_domain *domain;
  size_t *row; /* by the number of the point */
  double milliseconds;
} replay;

static ts_result evaluate(void *state, ts_arena *arena, unsigned n, const ts_candidate *candidates,
                          ts_trial *trials, ts_trial_done done, void *user) {
  const replay *r = state;
  ts_result result = TS_OK;
  (void)arena;
  for (unsigned i = 0; i < n && !result; i++) {
    uint64_t number = 0;
    (void)ts_domain_number(r->domain, candidates[i].point, &number);
    ts_time_sleep(1e-3 * r->milliseconds);
    trials[i] = r->recorded->trials[r->row[number]];
    trials[i].parameters = candidates[i].parameters;
    result = done(user, i, &trials[i]);
  }
  return result;
}

static void close_nothing(void *state) { (void)state; }

ts_result ts_replay_open(ts_context *ctx, ts_arena *arena, const ts_recorded *recorded,
                         double milliseconds, ts_domain *domain, ts_evaluator *evaluator) {
  *domain = (ts_domain){.n = recorded->num_parameters, .parameters = recorded->parameters};
  ts_result result = ts_domain_of_rows(ctx, arena, domain, recorded->num_rows, recorded->choices);
  if (result) return result;
  replay *r = ts_new(arena, replay);
  *r =
      (replay){recorded, domain, ts_new_array(arena, size_t, recorded->num_rows + 1), milliseconds};
  for (size_t i = 0; i < recorded->num_rows; i++) {
    uint64_t number = 0;
    (void)ts_domain_number(domain, recorded->choices + i * domain->n, &number);
    r->row[number] = i;
  }
  *evaluator = (ts_evaluator){.state = r, .evaluate = evaluate, .close = close_nothing};
  return TS_OK;
}

double ts_replay_optimum(const ts_recorded *recorded, ts_objective objective) {
  double least = INFINITY;
  for (size_t i = 0; i < recorded->num_rows; i++)
    least = fmin(least, ts_objective_cost(objective, &recorded->trials[i]));
  return least;
}
