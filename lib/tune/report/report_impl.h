/* Between the files of the reports. */
#ifndef TS_TUNE_REPORT_REPORT_IMPL_H
#define TS_TUNE_REPORT_REPORT_IMPL_H

#include "tune/report/report.h"

/* A unit in which figures have few zeros, "mJ", and what joules are multiplied by. */
typedef struct ts_report_unit {
  const char *name;
  double factor;
} ts_report_unit;
ts_report_unit ts_report_energy_unit(double joules);

/* The energy of the outcome's first good trial that has one; of kind NONE: there is none. */
ts_energy ts_report_energy_of(const ts_tune_outcome *);
/* "measured", "modelled". */
const char *ts_report_kind_word(ts_energy_kind);
/* "time", "energy", "energy-delay product". */
const char *ts_report_objective_word(ts_objective);
static inline const ts_trial *ts_report_trial(const ts_tune_report *r, size_t at) {
  return &r->outcome->points.at[at].trial;
}
/* Whether the recipe's own point is there and good. */
bool ts_report_has_recipe(const ts_tune_report *);

/* ---- bars.c ---- */

/* The parameters that matter most, those first. */
typedef struct ts_report_bars {
  unsigned n;
  struct ts_report_bar {
    const char *name;
    double part;
  } at[12];
} ts_report_bars;
ts_report_bars ts_report_bars_of(ts_context *, const ts_tune_report *);
/* A line each. */
void ts_report_print_bars(ts_sink *, const ts_report_bars *);

/* ---- plot_script.c ---- */

/* What gnuplot is to do. `output` is the file that it writes. */
void ts_report_plot_script(ts_sink *, const ts_tune_report *, const ts_report_bars *, ts_plot,
                           unsigned columns, const char *output);

#endif
