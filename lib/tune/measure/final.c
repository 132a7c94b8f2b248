/* The last few against each other: more samples, in turns. */
#include "tune/measure/measure_impl.h"
#include "tune/measure/samples.h"

enum { LEAST_ROUNDS = 16 };

typedef struct final {
  ts_measurer *measurer;
  unsigned n; /* of those that are still in it */
  ts_attempt **of;
  double **ms;      /* of each, `rounds` */
  ts_trial *trials; /* as they were given, of all */
  unsigned rounds;
} final;

/* Compiled before, so that the compiler's cache has them where it is in use. */
static ts_result begin(final *f) {
  ts_measurer *m = f->measurer;
  ts_result result = TS_OK;
  for (unsigned i = 0; i < m->n && !result; i++) {
    result = ts_attempt_new(m, i, &f->of[i]);
    if (!result && f->of[i]->stage == TS_STAGE_MADE) f->of[i]->stage = TS_STAGE_QUEUED;
  }
  if (!result) result = ts_crew_start(m);
  for (unsigned i = 0; i < m->n && !result; i++)
    result = ts_attempt_wait(m, f->of[i]);
  return result;
}

/* Loads and judges them; who was good and is not now is out of it. */
static ts_result admit(final *f) {
  ts_measurer *m = f->measurer;
  for (unsigned i = 0; i < m->n; i++) {
    ts_attempt *a = f->of[i];
    ts_result result = a->stage == TS_STAGE_OVER ? TS_CHECK : ts_attempt_load(m, a);
    if (!result) result = ts_gate(m, a);
    if (!result) result = ts_warm_up(m, a);
    if (result == TS_LIMIT) return result;
    if (!result) f->of[f->n++] = a;
  }
  return TS_OK;
}

/* Each round begins with another one. */
static ts_result take_rounds(final *f) {
  for (unsigned k = 0; k < f->rounds; k++)
    for (unsigned i = 0; i < f->n; i++) {
      unsigned at = (i + k) % f->n;
      f->of[at]->left = f->measurer->limit;
      ts_result result = ts_take_sample(f->measurer, f->of[at], &f->ms[at][k]);
      if (result) return result;
    }
  return TS_OK;
}

static void put_right(final *f, unsigned i) {
  ts_measurer *m = f->measurer;
  ts_trial *t = &f->trials[f->of[i]->place];
  t->samples = f->ms[i];
  t->num_samples = f->rounds;
  t->hopeless = false;
  t->ms = ts_estimate_of(m->texts, f->rounds, f->ms[i], m->setup.terms.take);
  if (!m->setup.meter) t->energy = ts_power_modelled(m, f->of[i], t->ms.value);
}

ts_result ts_final(ts_measurer *m) {
  final f = {.measurer = m, .trials = m->trials, .rounds = 2 * m->setup.repeats};
  f.rounds = ts_max(f.rounds, (unsigned)LEAST_ROUNDS);
  f.of = ts_new_array(m->texts, ts_attempt *, m->n + 1);
  f.ms = ts_new_array(m->texts, double *, m->n + 1);
  m->trials = ts_new_array(m->texts, ts_trial, m->n + 1);
  for (unsigned i = 0; i < m->n; i++)
    f.ms[i] = ts_new_array(m->texts, double, f.rounds);
  ts_result result = begin(&f);
  if (!result) result = admit(&f);
  if (!result) result = take_rounds(&f);
  for (unsigned i = 0; i < f.n && !result; i++)
    put_right(&f, i);
  return result == TS_CHECK ? TS_OK : result;
}
