/* Units and words of reports. */
#include "tune/report/report_impl.h"

ts_report_unit ts_report_energy_unit(double joules) {
  static const ts_report_unit units[] = {{"J", 1}, {"mJ", 1e3}, {"uJ", 1e6}, {"nJ", 1e9}};
  unsigned i = 0;
  while (i + 1 < ts_countof(units) && joules * units[i].factor < 1)
    i++;
  return units[i];
}

ts_energy ts_report_energy_of(const ts_tune_outcome *o) {
  for (size_t i = 0; i < o->points.n; i++) {
    const ts_trial *t = &o->points.at[i].trial;
    if (ts_trial_ok(t) && t->energy.kind != TS_ENERGY_NONE) return t->energy;
  }
  return (ts_energy){.kind = TS_ENERGY_NONE};
}

const char *ts_report_kind_word(ts_energy_kind kind) {
  return kind == TS_ENERGY_MEASURED ? "measured" : "modelled";
}

const char *ts_report_objective_word(ts_objective objective) {
  static const char *const words[] = {"time", "energy", "energy-delay product"};
  return words[objective];
}

bool ts_report_has_recipe(const ts_tune_report *r) {
  return r->recipe < r->outcome->points.n && ts_trial_ok(ts_report_trial(r, r->recipe));
}
