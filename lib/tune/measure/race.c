/* The clock: a candidate's samples, turn by turn with those of the best so far.
 *
 * Both then see the same machine: what others take from it meanwhile, and how its clock wanders, is in the samples of the
 * best too, and the candidate's time is put right by what those say against all that the best has taken since it is the
 * best. Those are times as they were measured: were they put right ones, an error would be handed from best to best and
 * grow. Nor is any time less than the least sample: nobody has seen it run that fast. */
#include <math.h>
#include <time.h>

#include "support/clock.h"
#include "tune/measure/measure_impl.h"
#include "tune/measure/samples.h"

typedef struct race {
  ts_measurer *measurer;
  ts_attempt *attempt;
  double *mine, *its; /* milliseconds a run, of each round */
  unsigned n, paired; /* rounds; those in which the best ran too */
  double longest;     /* seconds of a round of the candidate's */
} race;

/* ---- one sample ---- */

ts_result ts_take_sample(ts_measurer *m, ts_attempt *a, double *ms) {
  enum { MOST_TRIES = 8 };
  ts_answer answer;
  for (unsigned i = 0; i < MOST_TRIES; i++) {
    double begin = ts_time_now();
    ts_result result = ts_attempt_ask(m, a, TS_TELL_SAMPLE, a->batch, TS_SAID_SAMPLE, &answer);
    if (result) return result;
    *ms = answer.ms;
    if (ts_sample_is_possible(*ms, a->batch, 1e3 * (ts_time_now() - begin))) return TS_OK;
  }
  return ts_attempt_over(m, a, TS_VERDICT_RUN, "no clock can be relied on: %g ms for %u runs",
                         *ms * a->batch, a->batch);
}

/* The best is lost where it fails now: what comes later is held against its time alone. */
static ts_result sample_best(race *r) {
  ts_measurer *m = r->measurer;
  if (!m->best) return TS_OK;
  m->best->left = m->limit;
  ts_result result = ts_take_sample(m, m->best, &r->its[r->paired]);
  if (result == TS_CHECK) m->best = NULL;
  r->paired += !result;
  return result == TS_CHECK ? TS_OK : result;
}

/* Who goes first changes from round to round. */
static ts_result take_round(race *r) {
  bool first = r->n % 2;
  double begin;
  ts_result result = first ? sample_best(r) : TS_OK;
  if (result) return result;
  begin = ts_time_now();
  result = ts_take_sample(r->measurer, r->attempt, &r->mine[r->n]);
  if (result) return result;
  r->longest = ts_max(r->longest, ts_time_now() - begin);
  r->n++;
  return first ? TS_OK : sample_best(r);
}

/* ---- when to end ---- */

static double cost(const ts_measurer *m, const ts_attempt *a, double ms) {
  ts_energy e = m->setup.by_energy ? ts_power_modelled(m, a, ms) : (ts_energy){0};
  return e.kind == TS_ENERGY_NONE ? ms : e.joules;
}

/* The time that the best takes as things are in these rounds. */
static double best_now(const race *r) {
  const ts_measurer *m = r->measurer;
  if (!r->paired) return m->best_ms;
  return ts_estimate_of(m->texts, r->paired, r->its, m->setup.terms.take).value;
}

/* Others can only make a run slower, so that the least sample is an upper bound of what the candidate takes undisturbed.
 * That all of k samples were slowed is the less likely the more there are: twice the cost of the best after one, one and
 * a half times after two, a third more after three are too much, and so on. */
double ts_race_margin(unsigned k) { return 1 + 1.0 / k; }

/* What costs measured energy is not known by its time. */
static bool is_hopeless(const race *r) {
  const ts_measurer *m = r->measurer;
  if (isinf(m->best_ms) || (m->setup.by_energy && m->setup.meter)) return false;
  double least = INFINITY, scale = best_now(r) / m->best_ms;
  for (unsigned i = 0; i < r->n; i++)
    least = ts_min(least, r->mine[i]);
  return cost(m, r->attempt, least / scale) > ts_race_margin(r->n) * m->best_cost;
}

/* Slow is not the same as stuck: it has as many samples as it has time for. */
static bool has_time(const race *r) { return r->n == 0 || r->attempt->left > 1.5 * r->longest; }

static ts_result take_rounds(race *r) {
  const ts_measurer *m = r->measurer;
  ts_trial *t = r->attempt->trial;
  while (r->n < ts_max(m->setup.repeats, 1u) && !t->hopeless) {
    bool enough = has_time(r);
    ts_result result = enough ? take_round(r) : TS_OK;
    if (result) return result;
    t->hopeless = is_hopeless(r);
    if (!enough) break;
  }
  return TS_OK;
}

/* ---- what the machine did ---- */

/* Processor seconds of a child and its threads. */
static double seconds_of(const ts_attempt *a) {
  clockid_t clock;
  struct timespec t;
  if (!a || !a->pid || clock_getcpuclockid(a->pid, &clock) || clock_gettime(clock, &t)) return 0;
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

typedef struct moment {
  ts_cpu_times times;
  double ours;
  bool quiet; /* no compiler of ours runs */
} moment;

static moment look_around(const race *r) {
  const ts_measurer *m = r->measurer;
  moment now = {.times = ts_cpu_times_now(), .quiet = !ts_crew_busy(m)};
  now.ours = now.times.own + seconds_of(r->attempt) + seconds_of(m->best);
  return now;
}

static void note_machine(const race *r, const moment *begin) {
  const ts_measurer *m = r->measurer;
  moment end = look_around(r);
  ts_trial *t = r->attempt->trial;
  double wall = end.times.wall - begin->times.wall;
  for (unsigned cpu = 0; t->clock_mhz == 0 && cpu < CPU_SETSIZE; cpu++)
    if (CPU_ISSET(cpu, &m->measuring)) t->clock_mhz = ts_cpu_mhz(cpu);
  if (!begin->times.known || !end.times.known || !begin->quiet || !end.quiet || wall < 0.1) return;
  t->load = ts_max((end.times.busy - begin->times.busy - (end.ours - begin->ours)) / wall, 0.0);
}

/* ---- all of it ---- */

ts_result ts_warm_up(ts_measurer *m, ts_attempt *a) {
  ts_answer answer;
  ts_result result = ts_attempt_ask(m, a, TS_TELL_FIT, 0, TS_SAID_FITS, &answer);
  if (result) return result;
  a->batch = (unsigned)ts_min(ts_max(answer.number, UINT64_C(1)), UINT64_C(1000000));
  for (int i = 0; i < m->setup.terms.warmups && !result; i++)
    result = ts_attempt_ask(m, a, TS_TELL_SAMPLE, 1, TS_SAID_SAMPLE, &answer);
  return result;
}

static ts_estimate put_right(const race *r, ts_estimate raw) {
  const ts_measurer *m = r->measurer;
  double right = r->paired == r->n ? m->best_ms / best_now(r) : 1, least = INFINITY;
  for (unsigned i = 0; i < r->n; i++)
    least = ts_min(least, r->mine[i]);
  right = ts_max(right, ts_min(least / raw.value, 1.0));
  return (ts_estimate){right * raw.value, right * raw.low, right * raw.high};
}

static void conclude(race *r) {
  ts_measurer *m = r->measurer;
  ts_trial *t = r->attempt->trial;
  t->samples = r->mine;
  t->num_samples = r->n;
  t->ms = put_right(r, ts_estimate_of(m->texts, r->n, r->mine, m->setup.terms.take));
  if (m->best) ts_race_note(m, r->paired, r->its);
}

/* What it costs by the clock changes as its time does. */
void ts_race_note(ts_measurer *m, unsigned n, const double *ms) {
  double before = m->best_samples.n ? m->best_ms : 0;
  for (unsigned i = 0; i < n; i++)
    ts_push(&m->arena, &m->best_samples, ms[i]);
  if (!m->best_samples.n) return;
  m->best_ms =
      ts_estimate_of(m->texts, (unsigned)m->best_samples.n, m->best_samples.at, m->setup.terms.take)
          .value;
  bool measured = m->setup.by_energy && m->setup.meter;
  if (before > 0 && !measured) m->best_cost *= m->best_ms / before;
}

ts_result ts_race(ts_measurer *m, ts_attempt *a) {
  race r = {.measurer = m, .attempt = a};
  unsigned most = ts_max(m->setup.repeats, 1u);
  r.mine = ts_new_array(m->texts, double, most);
  r.its = ts_new_array(m->texts, double, most);
  double begin = ts_time_now();
  ts_result result = ts_warm_up(m, a);
  moment around = look_around(&r);
  if (!result) result = take_rounds(&r);
  if (!result) note_machine(&r, &around);
  if (!result) conclude(&r);
  a->trial->measure_seconds = ts_time_now() - begin;
  return result;
}
