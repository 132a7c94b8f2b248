/* Ranks but the first: try what comes, send what came of it. */
#include "tune/spread/spread_impl.h"

typedef struct work {
  ts_spread *spread;
  uint64_t round, n;
  uint64_t *places; /* at rank 0 */
  ts_candidate *candidates;
} work;

static void say_failed(ts_spread *s, const char *why) {
  ts_wire w = ts_wire_write(&s->ctx->arena);
  ts_wire_text(&w, &why);
  ts_spread_say(s, 0, TS_SAY_FAILED, &w);
}

void ts_spread_refuse(ts_spread *s) {
  const ts_diag *last = s->ctx->last;
  say_failed(s, last ? last->message : "it failed");
}

static ts_result send_trial(void *user, unsigned i, const ts_trial *trial) {
  work *job = user;
  ts_wire w = ts_wire_write(&job->spread->ctx->arena);
  ts_trial sent = *trial;
  ts_wire_number(&w, &job->round);
  ts_wire_number(&w, &job->places[i]);
  ts_wire_trial(&w, &sent);
  ts_spread_say(job->spread, 0, TS_SAY_TRIAL, &w);
  return TS_OK;
}

static bool read_work(ts_arena *arena, const ts_message *m, work *job) {
  ts_wire w = ts_wire_read(arena, m->bytes, m->n);
  uint64_t parameters = 0;
  ts_wire_number(&w, &job->round);
  ts_wire_number(&w, &parameters);
  ts_wire_number(&w, &job->n);
  w.bad |= parameters > TS_MAX_PARAMETERS || job->n > m->n;
  if (w.bad) return false;
  job->places = ts_new_array(arena, uint64_t, job->n);
  job->candidates = ts_new_array(arena, ts_candidate, job->n);
  for (uint64_t i = 0; i < job->n; i++) {
    ts_wire_number(&w, &job->places[i]);
    ts_wire_candidate(&w, (unsigned)parameters, &job->candidates[i]);
  }
  return ts_wire_is_whole(&w);
}

/* A failure is told to rank 0, which says so; here it would be said once for each rank. */
static void try_work(ts_spread *s, ts_arena *arena, const ts_message *m, const ts_evaluator *e) {
  work job = {.spread = s};
  if (!read_work(arena, m, &job)) {
    say_failed(s, "what it was sent is damaged");
    return;
  }
  ts_trial *trials = ts_new_array(arena, ts_trial, job.n);
  ts_result result =
      e->evaluate(e->state, arena, (unsigned)job.n, job.candidates, trials, send_trial, &job);
  if (result == TS_LIMIT && __atomic_load_n(s->setup.interrupt, __ATOMIC_RELAXED))
    say_failed(s, "it was interrupted");
  else if (result)
    ts_spread_refuse(s);
}

/* As top and ps show it. */
static void name_process(const ts_spread *s) {
  char name[16];
  snprintf(name, sizeof name, "ts-rank-%u", s->setup.ranks->rank);
  (void)pthread_setname_np(pthread_self(), name);
}

ts_result ts_spread_serve(ts_spread *s, const char *target, const ts_evaluator *e) {
  ts_arena *arena = &s->ctx->arena; /* the evaluator may keep what it was given */
  ts_wire w = ts_wire_write(&s->ctx->arena);
  ts_wire_text(&w, &target);
  ts_spread_say(s, 0, TS_SAY_READY, &w);
  name_process(s);
  ts_result result = TS_OK;
  while (!result && !s->over) {
    ts_message m;
    result = ts_spread_wait(s, &m);
    if (!result && m.kind == TS_SAY_WORK) try_work(s, arena, &m, e);
  }
  return result;
}
