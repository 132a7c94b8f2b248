/* The loop of a tuning session: ask, try what is not known, keep, tell. */
#include <math.h>

#include "support/clock.h"
#include "tune/session/tune.h"

typedef struct session {
  ts_context *ctx;
  ts_arena *arena;
  const ts_tune_plan *plan;
  ts_search *search;
  ts_tune_outcome *outcome;
  double begun, trying; /* seconds: when, and so far in the evaluator */
  uint64_t failed;
  /* of the round: the points asked, what became of each, and which are with the evaluator */
  ts_choice *points;
  ts_trial *trials;
  bool *whole;
  unsigned *sent;
} session;

/* ---- what a trial counts for ---- */

static void note_point(session *s, const ts_choice *point, const ts_trial *trial) {
  ts_tune_outcome *o = s->outcome;
  size_t n = s->plan->domain->n * sizeof *point;
  ts_choice *kept = memcpy(ts_arena_alloc(s->arena, n + 1), point, n);
  double cost = ts_objective_cost(s->plan->objective, trial);
  ts_push(s->arena, &o->points, (ts_tuned_point){kept, *trial, cost});
  s->failed += !ts_trial_ok(trial);
  if (isfinite(cost) && (o->best == SIZE_MAX || cost < o->points.at[o->best].cost))
    o->best = o->points.n - 1;
}

static void note_time(session *s) {
  s->outcome->seconds = ts_time_now() - s->begun;
  s->outcome->searching = s->outcome->seconds - s->trying;
}

static void report(session *s) {
  const ts_tune_outcome *o = s->outcome;
  note_time(s);
  if (!s->plan->progress) return;
  ts_tune_progress p = {o->points.n,
                        s->failed,
                        s->plan->trials,
                        o->seconds,
                        o->searching,
                        o->best == SIZE_MAX ? NULL : &o->points.at[o->best],
                        &o->points.at[o->points.n - 1]};
  s->plan->progress(s->plan->user, &p);
}

/* ---- a round ---- */

static ts_candidate candidate_of(session *s, const ts_choice *point) {
  const ts_tune_plan *plan = s->plan;
  ts_candidate c = {.point = point,
                    .parameters = ts_domain_point_text(plan->domain, s->arena, point)};
  if (!plan->space) return c;
  c.pipeline = ts_tune_space_pipeline(plan->space, s->arena, point);
  if (ts_tune_space_terms_of(plan->space).has_power)
    c.watts = ts_tune_space_power(plan->space, point);
  return c;
}

/* Kept before anything is made of it. */
static ts_result trial_done(void *user, unsigned i, const ts_trial *trial) {
  session *s = user;
  unsigned place = s->sent[i];
  ts_result result = s->plan->store ? ts_session_keep(s->plan->store, trial) : TS_OK;
  s->trials[place] = *trial;
  s->whole[place] = true;
  return result;
}

/* Tries those of the n points that are not known yet. */
static ts_result try_points(session *s, unsigned n, const ts_candidate *candidates) {
  ts_candidate *unknown = ts_new_array(s->arena, ts_candidate, n);
  ts_trial *trials = ts_new_array(s->arena, ts_trial, n);
  unsigned num_unknown = 0;
  ts_result result = TS_OK;
  for (unsigned i = 0; i < n && !result; i++) {
    s->whole[i] = false;
    if (s->plan->store)
      result = ts_session_recall(s->plan->store, s->arena, candidates[i].parameters, &s->whole[i],
                                 &s->trials[i]);
    s->outcome->recalled += s->whole[i];
    if (s->whole[i]) continue;
    s->sent[num_unknown] = i;
    unknown[num_unknown++] = candidates[i];
  }
  if (result || num_unknown == 0) return result;
  double begin = ts_time_now();
  const ts_evaluator *e = &s->plan->evaluator;
  result = e->evaluate(e->state, s->arena, num_unknown, unknown, trials, trial_done, s);
  s->trying += ts_time_now() - begin;
  return result;
}

/* The answers in the order asked, whatever order they came in, as far as there are any. */
static bool tell(session *s, unsigned n) {
  for (unsigned i = 0; i < n; i++) {
    const ts_choice *point = s->points + (size_t)i * s->plan->domain->n;
    if (!s->whole[i]) return false;
    note_point(s, point, &s->trials[i]);
    ts_search_tell(s->search, point, s->outcome->points.at[s->outcome->points.n - 1].cost);
    report(s);
  }
  return true;
}

static bool is_interrupted(const session *s) { return s->plan->interrupt && *s->plan->interrupt; }

static ts_result run_round(session *s, unsigned n) {
  ts_candidate *candidates = ts_new_array(s->arena, ts_candidate, n);
  for (unsigned i = 0; i < n; i++)
    candidates[i] = candidate_of(s, s->points + (size_t)i * s->plan->domain->n);
  ts_result result = try_points(s, n, candidates);
  bool whole = tell(s, n);
  return result == TS_LIMIT && !whole && is_interrupted(s) ? TS_OK : result;
}

/* ---- all rounds ---- */

/* Whether the session is at its end before another round, and why. */
static bool is_over(session *s) {
  const ts_tune_plan *plan = s->plan;
  ts_tune_outcome *o = s->outcome;
  note_time(s);
  if (is_interrupted(s))
    o->end = TS_END_INTERRUPTED;
  else if (plan->trials && o->points.n >= plan->trials)
    o->end = TS_END_TRIALS;
  else if (plan->seconds > 0 && o->seconds >= plan->seconds)
    o->end = TS_END_TIME;
  else
    return false;
  return true;
}

static unsigned round_size(const session *s) {
  uint64_t batch = ts_max(s->plan->batch, 1u);
  uint64_t left = s->plan->trials ? s->plan->trials - s->outcome->points.n : batch;
  return (unsigned)ts_min(batch, left);
}

/* ---- who is best ---- */

enum { FINALISTS = 4, MOST_FINALS = 5 };

/* The places of the best, least cost first, and with them the first point that was tried, if it is any good: what
 * the best will be compared with. */
static unsigned choose_finalists(const ts_tune_outcome *o, size_t *at) {
  unsigned n = 0;
  for (size_t i = 0; i < o->points.n; i++) {
    unsigned place = n;
    if (!isfinite(o->points.at[i].cost)) continue;
    while (place > 0 && o->points.at[i].cost < o->points.at[at[place - 1]].cost)
      place--;
    if (place == FINALISTS) continue;
    n = ts_min(n + 1, (unsigned)FINALISTS);
    memmove(at + place + 1, at + place, (n - place - 1) * sizeof *at);
    at[place] = i;
  }
  for (unsigned k = 0; k < n; k++)
    if (at[k] == 0) return n;
  if (n && isfinite(o->points.at[0].cost)) at[n++] = 0;
  return n;
}

static ts_result take_settled(session *s, size_t at, const ts_trial *trial) {
  ts_tuned_point *p = &s->outcome->points.at[at];
  p->trial = *trial;
  p->cost = ts_objective_cost(s->plan->objective, trial);
  return s->plan->store ? ts_session_correct(s->plan->store, trial) : TS_OK;
}

static ts_result measure_again(session *s, unsigned n, const size_t *at) {
  const ts_evaluator *e = &s->plan->evaluator;
  const ts_tuned_point *points = s->outcome->points.at;
  ts_candidate candidates[FINALISTS + 1];
  ts_trial trials[FINALISTS + 1];
  for (unsigned i = 0; i < n; i++) {
    candidates[i] = candidate_of(s, points[at[i]].point);
    trials[i] = points[at[i]].trial;
  }
  double begin = ts_time_now();
  ts_result result = e->settle(e->state, s->arena, n, candidates, trials);
  s->trying += ts_time_now() - begin;
  for (unsigned i = 0; i < n && !result; i++)
    result = take_settled(s, at[i], &trials[i]);
  return result;
}

/* Of many noisy times the least is too good, and may be another's: until the best is one that was measured again. */
static ts_result settle(session *s) {
  ts_tune_outcome *o = s->outcome;
  size_t at[FINALISTS + 1];
  if (!s->plan->evaluator.settle || o->recalled == o->points.n) return TS_OK;
  bool *settled = ts_new_array(s->arena, bool, o->points.n + 1);
  ts_result result = TS_OK;
  for (unsigned round = 0; round < MOST_FINALS && !result; round++) {
    unsigned n = choose_finalists(o, at);
    if (n < 2 || settled[at[0]]) break;
    result = measure_again(s, n, at);
    for (unsigned i = 0; i < n; i++)
      settled[at[i]] = true;
  }
  if (choose_finalists(o, at)) o->best = at[0];
  return result == TS_LIMIT && is_interrupted(s) ? TS_OK : result;
}

ts_result ts_tune(ts_context *ctx, ts_arena *arena, const ts_tune_plan *plan,
                  ts_tune_outcome *outcome) {
  unsigned batch = ts_max(plan->batch, 1u);
  session s = {
      .ctx = ctx, .arena = arena, .plan = plan, .outcome = outcome, .begun = ts_time_now()};
  *outcome = (ts_tune_outcome){.best = SIZE_MAX};
  s.points = ts_new_array(arena, ts_choice, (size_t)batch * plan->domain->n + 1);
  s.trials = ts_new_array(arena, ts_trial, batch);
  s.whole = ts_new_array(arena, bool, batch);
  s.sent = ts_new_array(arena, unsigned, batch);
  ts_search_setup setup = plan->setup;
  setup.budget = plan->trials;
  ts_result result = ts_search_open(ctx, arena, plan->domain, plan->search, &setup, &s.search);
  while (!result && !is_over(&s)) {
    unsigned n = ts_search_ask(s.search, round_size(&s), s.points);
    if (n == 0) {
      outcome->end = TS_END_EXHAUSTED;
      break;
    }
    result = run_round(&s, n);
  }
  if (!result && outcome->end != TS_END_INTERRUPTED) result = settle(&s);
  note_time(&s);
  return result;
}
