/* An attempt from its beginning to where its code is loaded, and its end. */
#include <math.h>
#include <time.h>

#include "support/clock.h"
#include "tune/measure/measure_impl.h"

static ts_attempt *link_new(ts_measurer *m, unsigned place) {
  ts_attempt *a = ts_realloc(&m->ctx->memory, NULL, 0, sizeof *a);
  *a = (ts_attempt){.next = m->attempts,
                    .candidate = &m->candidates[place],
                    .trial = &m->trials[place],
                    .place = place,
                    .stage = TS_STAGE_MADE,
                    .watts = m->candidates[place].watts};
  m->attempts = a;
  return a;
}

ts_result ts_attempt_new(ts_measurer *m, unsigned place, ts_attempt **out) {
  ts_trial *t = &m->trials[place];
  *t = (ts_trial){.parameters = m->candidates[place].parameters,
                  .pipeline = m->candidates[place].pipeline,
                  .verdict = TS_VERDICT_LOST,
                  .when = (int64_t)time(NULL)};
  double begin = ts_time_now();
  *out = link_new(m, place);
  ts_result result = ts_attempt_make(m, *out);
  t->pass_seconds = ts_time_now() - begin;
  return result;
}

void ts_attempt_drop(ts_measurer *m, ts_attempt *a) {
  ts_attempt **link = &m->attempts;
  while (*link != a)
    link = &(*link)->next;
  *link = a->next;
  if (m->best == a) m->best = NULL;
  ts_crew_end(a);
  ts_context_destroy(a->ctx);
  ts_free(&m->ctx->memory, a, sizeof *a);
}

static bool is_waited_for(const ts_measurer *m, const ts_attempt *a) {
  return a->stage == TS_STAGE_QUEUED || a->stage == TS_STAGE_COMPILING ||
         (!m->apart && ts_crew_busy(m));
}

ts_result ts_attempt_wait(ts_measurer *m, const ts_attempt *a) {
  ts_answer none;
  while (is_waited_for(m, a))
    if (ts_crew_listen(m, NULL, INFINITY, &none) == TS_INTERRUPTED) return TS_LIMIT;
  return TS_OK;
}

/* A child that compiled waits where it disturbs nobody; from here on it is alone on its processors. */
ts_result ts_attempt_load(ts_measurer *m, ts_attempt *a) {
  ts_answer answer;
  double begin = ts_time_now();
  if (m->apart) (void)sched_setaffinity(a->pid, sizeof m->measuring, &m->measuring);
  a->left = m->limit;
  if (a->stage == TS_STAGE_READY) return TS_OK;
  a->stage = TS_STAGE_READY;
  ts_result result = ts_attempt_ask(m, a, TS_TELL_LOAD, 0, TS_SAID_READY, &answer);
  a->trial->compile_seconds += ts_time_now() - begin;
  return result;
}
