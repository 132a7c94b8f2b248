/* The last few against each other: more samples, in turns. */
#include <math.h>

#include "tune/measure/measure_impl.h"
#include "tune/measure/samples.h"

enum { LEAST_ROUNDS = 16 };

typedef struct finalist {
  ts_attempt *attempt;
  bool out;
  double *ms; /* of the first n rounds */
  unsigned n;
  double least;
} finalist;

typedef struct final {
  ts_measurer *measurer;
  finalist *of;
  ts_trial *trials; /* as they were given */
  unsigned rounds;
} final;

/* ---- before ---- */

/* Compiled before, so that the compiler's cache has them where it is in use. */
static ts_result begin(final *f) {
  ts_measurer *m = f->measurer;
  ts_result result = TS_OK;
  for (unsigned i = 0; i < m->n && !result; i++) {
    finalist *p = &f->of[i];
    *p = (finalist){.ms = ts_new_array(m->texts, double, f->rounds), .least = INFINITY};
    result = ts_attempt_new(m, i, &p->attempt);
    if (!result && p->attempt->stage == TS_STAGE_MADE) p->attempt->stage = TS_STAGE_QUEUED;
  }
  if (!result) result = ts_crew_start(m);
  for (unsigned i = 0; i < m->n && !result; i++)
    result = ts_attempt_wait(m, f->of[i].attempt);
  return result;
}

/* Loads and judges them; who was good and is not now is out of it. */
static ts_result admit(final *f) {
  ts_measurer *m = f->measurer;
  for (unsigned i = 0; i < m->n; i++) {
    ts_attempt *a = f->of[i].attempt;
    ts_result result = a->stage == TS_STAGE_OVER ? TS_CHECK : ts_attempt_load(m, a);
    if (!result) result = ts_gate(m, a);
    if (!result) result = ts_warm_up(m, a);
    if (result == TS_LIMIT) return result;
    f->of[i].out = result != TS_OK;
  }
  return TS_OK;
}

/* ---- rounds ---- */

static ts_result take_turn(final *f, finalist *p) {
  ts_measurer *m = f->measurer;
  if (p->out) return TS_OK;
  p->attempt->left = m->limit;
  ts_result result = ts_take_sample(m, p->attempt, &p->ms[p->n]);
  p->out = result == TS_CHECK;
  if (result) return result == TS_CHECK ? TS_OK : result;
  p->least = ts_min(p->least, p->ms[p->n]);
  p->n++;
  return TS_OK;
}

/* Who is behind by so much that more samples change nothing, by the rule of ts_race_margin, has had enough. */
static void send_home(final *f, unsigned rounds) {
  const ts_measurer *m = f->measurer;
  const finalist *first = NULL;
  for (unsigned i = 0; i < m->n; i++)
    if (f->of[i].n == rounds && (!first || f->of[i].least < first->least)) first = &f->of[i];
  if (!first || m->setup.by_energy) return;
  double ahead = ts_estimate_of(m->texts, rounds, first->ms, m->setup.terms.take).value;
  for (unsigned i = 0; i < m->n; i++)
    f->of[i].out |= f->of[i].least > ts_race_margin(rounds) * ahead;
}

/* Each round begins with another one. */
static ts_result take_rounds(final *f) {
  unsigned n = f->measurer->n;
  for (unsigned k = 0; k < f->rounds; k++) {
    for (unsigned i = 0; i < n; i++) {
      ts_result result = take_turn(f, &f->of[(i + k) % n]);
      if (result) return result;
    }
    send_home(f, k + 1);
  }
  return TS_OK;
}

/* ---- after ---- */

/* All of it was measured in the same rounds: the times stand as they are. */
static void put_right(final *f, const finalist *p) {
  ts_measurer *m = f->measurer;
  ts_trial *t = &f->trials[p->attempt->place];
  t->samples = p->ms;
  t->num_samples = p->n;
  t->ms = ts_estimate_of(m->texts, p->n, p->ms, m->setup.terms.take);
  if (!m->setup.meter) t->energy = ts_power_modelled(m, p->attempt, t->ms.value);
}

ts_result ts_final(ts_measurer *m) {
  final f = {.measurer = m, .trials = m->trials};
  f.rounds = ts_max(2 * m->setup.repeats, (unsigned)LEAST_ROUNDS);
  f.of = ts_new_array(m->texts, finalist, m->n + 1);
  m->trials = ts_new_array(m->texts, ts_trial, m->n + 1);
  ts_result result = begin(&f);
  if (!result) result = admit(&f);
  if (!result) result = take_rounds(&f);
  for (unsigned i = 0; i < m->n && !result; i++)
    if (f.of[i].n) put_right(&f, &f.of[i]);
  return result;
}
