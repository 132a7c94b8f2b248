/* The table at the end of a session. */
#include <math.h>

#include "tune/report/report_impl.h"

enum { COLUMNS = 100 };

/* ---- best and recipe ---- */

/* Figures in columns, without an interval that says no more than the figure; the parameters behind them, or below when
 * the line would be too long. */
static void print_trial(ts_sink *sink, const char *label, const ts_trial *t, ts_report_unit unit) {
  char interval[64] = "", line[160];
  if (t->ms.low < t->ms.high)
    snprintf(interval, sizeof interval, "[%.4g, %.4g]", t->ms.low, t->ms.high);
  int n = snprintf(line, sizeof line, "  %-8s %8.4g ms  %-18s", label, t->ms.value, interval);
  if (t->energy.kind != TS_ENERGY_NONE)
    n += snprintf(line + n, sizeof line - (size_t)n, " %8.4g %s", t->energy.joules * unit.factor,
                  unit.name);
  bool fits = (size_t)n + 2 + strlen(t->parameters) <= COLUMNS;
  while (!fits && line[n - 1] == ' ')
    n--;
  ts_sink_write(sink, line, (size_t)n);
  ts_sink_printf(sink, "%s%s\n", fits ? "  " : "\n           ", t->parameters);
}

static void print_gain(ts_sink *sink, const ts_tune_report *r, double best) {
  const ts_tuned_point *recipe = &r->outcome->points.at[r->recipe];
  if (!isfinite(recipe->cost)) return;
  ts_sink_printf(sink, "  gain     %8.4g times less %s than the recipe\n", recipe->cost / best,
                 ts_report_objective_word(r->objective));
}

static void print_energy(ts_sink *sink, const ts_energy *e, ts_report_unit unit) {
  if (e->kind == TS_ENERGY_NONE) return;
  ts_sink_printf(sink, "  energy   %s, %s", ts_report_kind_word(e->kind), e->how);
  if (e->kind == TS_ENERGY_MEASURED && isfinite(e->high))
    ts_sink_printf(sink, "; of the best 95 %% within [%.4g, %.4g] %s", e->low * unit.factor,
                   e->high * unit.factor, unit.name);
  ts_sink_puts(sink, "\n");
}

static void print_best(ts_sink *sink, const ts_tune_report *r) {
  const ts_tuned_point *best = &r->outcome->points.at[r->outcome->best];
  ts_report_unit unit = ts_report_energy_unit(best->trial.energy.joules);
  print_trial(sink, "best", &best->trial, unit);
  if (ts_report_has_recipe(r) && r->recipe == r->outcome->best) {
    ts_sink_puts(sink, "  recipe   its own choice is the best of them\n");
  } else if (ts_report_has_recipe(r)) {
    print_trial(sink, "recipe", ts_report_trial(r, r->recipe), unit);
    print_gain(sink, r, best->cost);
  }
  if (r->optimum > 0)
    ts_sink_printf(sink, "  optimum  %8.4g %s; reached %.4g of it\n", r->optimum,
                   ts_objective_unit(r->objective), r->optimum / best->cost);
  print_energy(sink, &best->trial.energy, unit);
}

/* ---- what was tried ---- */

static void print_failures(ts_sink *sink, const ts_tune_outcome *o) {
  size_t counts[TS_NUM_VERDICTS] = {0};
  const char *label = "failed";
  for (size_t i = 0; i < o->points.n; i++)
    counts[o->points.at[i].trial.verdict]++;
  for (unsigned v = 0; v < TS_NUM_VERDICTS; v++) {
    if (v == TS_VERDICT_OK || !counts[v]) continue;
    ts_sink_printf(sink, "  %-8s %8zu %s: %s\n", label, counts[v], ts_verdict_word((ts_verdict)v),
                   ts_verdict_summary((ts_verdict)v));
    label = "";
  }
}

static void print_tried(ts_sink *sink, const ts_tune_report *r) {
  static const char *const ends[] = {"the whole space", "", "the time is over", "interrupted"};
  const ts_tune_outcome *o = r->outcome;
  ts_sink_printf(sink, "  tried    %8zu", o->points.n);
  if (r->domain->count < UINT64_MAX)
    ts_sink_printf(sink, " of %llu", (unsigned long long)r->domain->count);
  ts_sink_printf(sink, " in %.3g s", o->seconds);
  if (o->recalled)
    ts_sink_printf(sink, ", %llu known from before", (unsigned long long)o->recalled);
  ts_sink_printf(sink, "%s%s\n", *ends[o->end] ? "; " : "", ends[o->end]);
  print_failures(sink, o);
}

/* ---- the frontier ---- */

typedef struct columns {
  const ts_tune_report *report;
  ts_report_unit unit;
  int widths[TS_MAX_PARAMETERS];
  bool fit; /* the parameters have columns of their own */
} columns;

static const char *value_of(const ts_domain *domain, const ts_choice *point, unsigned p) {
  return ts_domain_is_absent(domain, point, p) ? "-" : domain->parameters[p].texts[point[p]];
}

static void measure_columns(columns *c) {
  const ts_domain *domain = c->report->domain;
  const ts_frontier *f = &c->report->frontier;
  int sum = 42;
  for (unsigned p = 0; p < domain->n; p++) {
    c->widths[p] = (int)strlen(domain->parameters[p].name);
    for (size_t i = 0; i < f->n; i++) {
      const ts_choice *point = c->report->outcome->points.at[f->at[i]].point;
      c->widths[p] = ts_max(c->widths[p], (int)strlen(value_of(domain, point, p)));
    }
    sum += c->widths[p] + 2;
  }
  c->fit = sum <= COLUMNS;
}

static void print_head(ts_sink *sink, const columns *c) {
  char energy[16];
  const ts_domain *domain = c->report->domain;
  ts_sink_puts(sink, "     trial");
  for (unsigned p = 0; p < domain->n && c->fit; p++)
    ts_sink_printf(sink, "  %*s", c->widths[p], domain->parameters[p].name);
  snprintf(energy, sizeof energy, "energy/%s", c->unit.name);
  ts_sink_printf(sink, "  %8s  %8s  %9s%s\n", "time/ms", "power/W", energy,
                 c->fit ? "" : "  parameters");
}

/* Power: mean over a run, without what the machine takes at rest when it is measured. */
static void print_point(ts_sink *sink, const columns *c, size_t i) {
  const ts_frontier *f = &c->report->frontier;
  const ts_tuned_point *point = &c->report->outcome->points.at[f->at[i]];
  const ts_trial *t = &point->trial;
  ts_sink_printf(sink, "  %c %6zu", i == f->knee ? '*' : ' ', f->at[i] + 1);
  for (unsigned p = 0; p < c->report->domain->n && c->fit; p++)
    ts_sink_printf(sink, "  %*s", c->widths[p], value_of(c->report->domain, point->point, p));
  ts_sink_printf(sink, "  %8.4g  %8.4g  %9.4g", t->ms.value, t->energy.joules / t->ms.value * 1e3,
                 t->energy.joules * c->unit.factor);
  ts_sink_printf(sink, "%s%s\n", c->fit ? "" : "  ", c->fit ? "" : t->parameters);
}

static void print_frontier(ts_sink *sink, const ts_tune_report *r) {
  const ts_frontier *f = &r->frontier;
  if (f->n == 0) {
    ts_sink_puts(sink, "  there is no frontier: energy is neither measured nor modelled\n");
    return;
  }
  const ts_energy *least = &ts_report_trial(r, f->at[f->n - 1])->energy;
  columns c = {.report = r, .unit = ts_report_energy_unit(least->joules)};
  measure_columns(&c);
  ts_sink_printf(sink, "\nno other is quicker and more frugal; energy %s, %s%s\n",
                 ts_report_kind_word(least->kind), least->how,
                 f->knee == SIZE_MAX ? "" : "; * the knee");
  print_head(sink, &c);
  for (size_t i = 0; i < f->n; i++)
    print_point(sink, &c, i);
}

void ts_report_table(ts_sink *sink, const ts_tune_report *r, bool frontier) {
  ts_sink_printf(sink, "%s (%s)\n", r->title, r->taken);
  if (r->outcome->best == SIZE_MAX)
    ts_sink_puts(sink, "  no candidate is good\n");
  else
    print_best(sink, r);
  print_tried(sink, r);
  if (frontier && r->outcome->best != SIZE_MAX) print_frontier(sink, r);
}
