/* The energy of a candidate's runs. */
#include <math.h>

#include "support/clock.h"
#include "tune/measure/measure_impl.h"

enum { WINDOWS = 3 };

/* ---- measured ---- */

typedef struct window {
  double joules, seconds;
} window;

static bool read_meter(ts_energy_meter *meter, window *now) {
  return ts_energy_meter_read(meter, &now->joules, &now->seconds);
}

/* Runs in a row for as long as the counters need. *known: they could be read. Counters that were left alone for so long that
 * they may have wrapped say so once, and are right again from then on. */
static ts_result take_window(ts_measurer *m, ts_attempt *a, unsigned runs, window *out,
                             bool *known) {
  window begin, end;
  ts_answer answer;
  *known = read_meter(m->setup.meter, &begin) || read_meter(m->setup.meter, &begin);
  ts_result result = ts_attempt_ask(m, a, TS_TELL_SAMPLE, runs, TS_SAID_SAMPLE, &answer);
  *known = !result && *known && read_meter(m->setup.meter, &end);
  if (*known) *out = (window){end.joules - begin.joules, end.seconds - begin.seconds};
  return result;
}

static ts_result measure(ts_measurer *m, ts_attempt *a) {
  ts_energy_meter *meter = m->setup.meter;
  double joules[WINDOWS], seconds[WINDOWS], idle = ts_energy_meter_idle(meter);
  double length = ts_energy_meter_window(meter), runs = ceil(1e3 * length / a->trial->ms.value);
  runs = ts_min(ts_max(runs, 1), 1e9);
  bool known = true;
  for (unsigned i = 0; i < WINDOWS && known; i++) {
    window w;
    a->left = m->limit + 2 * length;
    ts_result result = take_window(m, a, (unsigned)runs, &w, &known);
    if (result) return result;
    if (!known) return TS_OK;
    joules[i] = w.joules;
    seconds[i] = w.seconds;
  }
  a->trial->energy = ts_energy_of_windows(WINDOWS, joules, seconds, (uint64_t)runs, idle,
                                          ts_energy_meter_name(meter));
  return TS_OK;
}

/* ---- modelled ---- */

/* The first-level cache sees what loops load and store. Memory sees at least what a run reads and writes, once, and the
 * second-level cache no less than that: lower bounds, which are the same for all schedules. */
ts_energy ts_power_modelled(const ts_measurer *m, const ts_attempt *a, double ms) {
  if (!m->setup.model) return a->watts > 0 ? ts_energy_proxy(a->watts, ms / 1e3) : (ts_energy){0};
  double bytes = (double)ts_run_bytes(&a->counted);
  ts_counted counted = {.seconds = ms / 1e3,
                        .flops = (double)a->counted.work.flops,
                        .bytes = {fmax((double)a->counted.work.moved, bytes), bytes, bytes}};
  return ts_energy_modelled(m->setup.model, m->texts, &counted);
}

/* What is hopeless by its time is so by its energy, unless that is what is wanted. */
ts_result ts_power(ts_measurer *m, ts_attempt *a) {
  double begin = ts_time_now();
  ts_result result = TS_OK;
  if (!m->setup.meter)
    a->trial->energy = ts_power_modelled(m, a, a->trial->ms.value);
  else if (!a->trial->hopeless)
    result = measure(m, a);
  a->trial->measure_seconds += ts_time_now() - begin;
  return result;
}
