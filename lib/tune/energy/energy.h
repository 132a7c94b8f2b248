/* Energy of runs: measured by counters where the machine has them, modelled otherwise, never mixed. */
#ifndef TS_TUNE_ENERGY_ENERGY_H
#define TS_TUNE_ENERGY_ENERGY_H

#include "support/diag.h"
#include "records/trial.h"

/* ---- counters ---- */

typedef struct ts_energy_meter ts_energy_meter;
/* Opens the counters called `name`: "rapl" (powercap in `sysfs`, NULL: /sys; else perf's), "nvml", or "auto": the first
 * there is. *out is NULL, and TS_OK, when "auto" finds none; TS_ERR saying why for others. */
ts_result ts_energy_meter_open(ts_context *, ts_arena *, const char *name, const char *sysfs,
                               ts_energy_meter **out);
void ts_energy_meter_close(ts_energy_meter *);             /* NULL is allowed */
const char *ts_energy_meter_name(const ts_energy_meter *); /* "RAPL package-0 dram" */
/* Joules since it was opened, wraps of the counters seen to, and seconds of the moment they were read at: the counter's
 * last update where that can be told. False where a counter cannot be read any more. */
bool ts_energy_meter_read(ts_energy_meter *, double *joules, double *seconds);
/* Seconds that a window should take so that the counters' updates and steps are at most 1 % of it. */
double ts_energy_meter_window(const ts_energy_meter *);
/* Watts of the machine at rest, measured over a few windows when first asked. */
double ts_energy_meter_idle(ts_energy_meter *);
/* Energy of one run from windows of `runs` runs each: joules and seconds of each window, idle taken off, mean and
 * Student's interval of 95 %. */
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
ts_energy ts_energy_modelled(const ts_energy_model *, ts_arena *, const ts_counted *);
/* runtime · power of the space: the model of the small program that Tilesmith replaces. */
ts_energy ts_energy_proxy(double watts, double seconds);

/* Weights that fit n measurements best: least squares with no weight below 0 (Lawson & Hanson, Solving Least Squares
 * Problems, chapter 23). *error: root of the mean square of the relative residuals. TS_ERR for too few or dependent
 * ones. */
ts_result ts_energy_fit(ts_context *, unsigned n, const ts_counted *, const double *joules,
                        ts_energy_model *, double *error);
/* A model as a file of JSON. */
ts_result ts_energy_model_read(ts_context *, ts_arena *, const char *path, ts_energy_model *);
void ts_energy_model_print(ts_sink *, const ts_energy_model *);

#endif
