/* Energy of runs: measured by counters where the machine has them, modelled otherwise, never mixed. */
#ifndef TS_TUNE_ENERGY_ENERGY_H
#define TS_TUNE_ENERGY_ENERGY_H

#include "support/diag.h"
#include "records/trial.h"

/* ---- counters ---- */

typedef struct ts_energy_meter ts_energy_meter;
/* Opens counters: "rapl" or "rapl{sysfs=DIR}", of processor packages and their memory, by powercap or by perf; "nvml" or
 * "nvml{device=1 library=FILE}", of one GPU; "any": the first that there is, of these. "auto", or NULL, is the same, but
 * that *out is NULL, and the result TS_OK, when there is none. TS_ERR says why each cannot be had: absent, not to be
 * read by this user, standing still. TS_USAGE, located in the text, for what is none of these. Takes some update periods
 * of the counters. */
ts_result ts_energy_meter_open(ts_context *, ts_arena *, const char *text, ts_energy_meter **out);
void ts_energy_meter_close(ts_energy_meter *);             /* NULL is allowed */
const char *ts_energy_meter_name(const ts_energy_meter *); /* "RAPL package-0 dram" */
/* Joules since it was opened, wraps of the counters seen to, and seconds (of ts_time_now) at which they were read. False
 * when what was used since the last reading cannot be told: a counter is gone, went back by more than a wrap explains, or
 * was left alone for longer than ts_energy_meter_patience. Differences of later readings are right again. */
bool ts_energy_meter_read(ts_energy_meter *, double *joules, double *seconds);
/* Seconds that a window should take so that one update, or one step, of the counters is at most 1 % of it. */
double ts_energy_meter_window(const ts_energy_meter *);
/* Seconds within which it must be read again: those in which a counter may wrap at 1 kW. Infinite: it does not wrap. */
double ts_energy_meter_patience(const ts_energy_meter *);
/* Watts of the machine at rest: the median of three windows, taken when first asked. 0 when it could not be read. */
double ts_energy_meter_idle(ts_energy_meter *);
/* Energy of one run from n windows of `runs` runs each: joules and seconds of each window, idle taken off, mean and
 * Student's interval of 95 %, [0, infinity) of a single window. Of kind TS_ENERGY_NONE when the windows hold no more than
 * the machine takes at rest. */
ts_energy ts_energy_of_windows(unsigned n, const double *joules, const double *seconds,
                               uint64_t runs, double idle_watts, const char *how);

/* ---- models ---- */

/* What one run does, counted. */
typedef struct ts_counted {
  double seconds;
  double flops;
  double bytes[3]; /* from and to the first-level cache, the second-level cache, memory */
} ts_counted;
/* Joules by counted work: flops · j_flop + Σ bytes · j_byte + seconds · watts. */
typedef struct ts_energy_model {
  double j_flop, j_byte[3], watts;
  const char *origin; /* "default", or the file that calibrate wrote */
} ts_energy_model;
ts_energy_model ts_energy_model_default(void);
double ts_energy_model_joules(const ts_energy_model *, const ts_counted *);
ts_energy ts_energy_modelled(const ts_energy_model *, ts_arena *, const ts_counted *);
/* runtime · power of the space: the model of the small program that Tilesmith replaces. */
ts_energy ts_energy_proxy(double watts, double seconds);

/* Weights that fit n measurements best: least squares of the relative residuals with no weight below 0 (Lawson & Hanson,
 * Solving Least Squares Problems, chapter 23). *error: root of the mean square of those residuals. TS_ERR for fewer than
 * five measurements, one whose figures are not finite or whose joules are not above 0, and such in which one kind of
 * work cannot be told from the others. */
ts_result ts_energy_fit(ts_context *, unsigned n, const ts_counted *, const double *joules,
                        ts_energy_model *, double *error);
/* A model as a file of JSON; so reads what ts_energy_model_print wrote. TS_ERR, located in the file, for what is none. */
ts_result ts_energy_model_read(ts_context *, ts_arena *, const char *path, ts_energy_model *);
void ts_energy_model_print(ts_sink *, const ts_energy_model *);

/* ---- calibration ---- */

typedef struct ts_energy_samples {
  unsigned n;
  const char **names; /* "memory, 2 threads" */
  ts_counted *counted;
  double *joules; /* all that the machine took, that at rest included */
} ts_energy_samples;
/* A JSON array of objects with name, flops, bytes (three numbers), seconds, joules. TS_ERR, located. */
ts_result ts_energy_samples_read(ts_context *, ts_arena *, const char *path, ts_energy_samples *);
void ts_energy_samples_print(ts_sink *, const ts_energy_samples *);
/* Runs small kernels of known work, compiled by the native engine, under the meter: arithmetic alone, a first-level and a
 * second-level cache full of data, memory, and rest. About ten seconds. */
ts_result ts_energy_samples_take(ts_context *, ts_arena *, ts_energy_meter *, ts_energy_samples *);

#endif
