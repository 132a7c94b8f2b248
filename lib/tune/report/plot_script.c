/* What gnuplot is to do: data, then a page of three plots. Colours are those of Okabe and Ito (Color universal design, 2008),
 * which colour-blind people tell apart; marks differ in shape, too. */
#include <math.h>

#include "tune/report/report_impl.h"

enum { ROWS_OF_TEXT = 22 };
/* An axis is logarithmic when its figures are further apart. */
#define WIDE 20

typedef struct script {
  ts_sink *out;
  const ts_tune_report *report;
  ts_energy energy; /* of kind NONE: times by trial are drawn */
  ts_report_unit unit;
  bool text;
  const ts_report_bars *bars;
} script;

/* In quotes, as gnuplot takes them literally. */
static void put_quoted(ts_sink *out, const char *text) {
  ts_sink_putc(out, '\'');
  for (; *text; text++) {
    if (*text == '\'') ts_sink_putc(out, '\'');
    ts_sink_putc(out, *text);
  }
  ts_sink_putc(out, '\'');
}

/* ---- data ---- */

static bool is_drawn(const script *s, const ts_tuned_point *p) {
  return ts_trial_ok(&p->trial) &&
         (s->energy.kind == TS_ENERGY_NONE || p->trial.energy.kind == s->energy.kind);
}

/* Time and energy; without energy trial and time. */
static void put_point(const script *s, size_t at) {
  const ts_trial *t = ts_report_trial(s->report, at);
  if (s->energy.kind == TS_ENERGY_NONE)
    ts_sink_printf(s->out, "%zu %.9g\n", at + 1, t->ms.value);
  else
    ts_sink_printf(s->out, "%.9g %.9g\n", t->ms.value, t->energy.joules * s->unit.factor);
}

static void begin_data(const script *s, const char *name) {
  ts_sink_printf(s->out, "$%s << END\n", name);
}

/* gnuplot takes no plot of nothing: a place that is not a number is drawn nowhere. */
static void end_data(const script *s) { ts_sink_puts(s->out, "NaN NaN\nEND\n"); }

static void put_one(const script *s, const char *name, size_t at) {
  begin_data(s, name);
  if (at < s->report->outcome->points.n && is_drawn(s, &s->report->outcome->points.at[at]))
    put_point(s, at);
  end_data(s);
}

static void put_points(const script *s) {
  const ts_tune_outcome *o = s->report->outcome;
  const ts_frontier *f = &s->report->frontier;
  begin_data(s, "all");
  for (size_t i = 0; i < o->points.n; i++)
    if (is_drawn(s, &o->points.at[i])) put_point(s, i);
  end_data(s);
  begin_data(s, "frontier");
  for (size_t i = 0; i < f->n && s->energy.kind != TS_ENERGY_NONE; i++)
    put_point(s, f->at[i]);
  end_data(s);
  put_one(s, "knee",
          f->knee == SIZE_MAX || s->energy.kind == TS_ENERGY_NONE ? SIZE_MAX : f->at[f->knee]);
  put_one(s, "best", o->best);
  put_one(s, "recipe", s->report->recipe);
}

/* Where the curve changes, and its end. */
static void put_curve(const script *s) {
  const ts_tune_outcome *o = s->report->outcome;
  double least = INFINITY;
  begin_data(s, "curve");
  for (size_t i = 0; i < o->points.n; i++) {
    bool better = o->points.at[i].cost < least;
    if (better) least = o->points.at[i].cost;
    if (isfinite(least) && (better || i + 1 == o->points.n))
      ts_sink_printf(s->out, "%zu %.9g\n", i + 1, least);
  }
  end_data(s);
}

/* ---- axes ---- */

static bool is_wide(const script *s, double (*value)(const ts_trial *)) {
  const ts_tune_outcome *o = s->report->outcome;
  double low = INFINITY, high = 0;
  for (size_t i = 0; i < o->points.n; i++) {
    if (!is_drawn(s, &o->points.at[i])) continue;
    low = fmin(low, value(&o->points.at[i].trial));
    high = fmax(high, value(&o->points.at[i].trial));
  }
  return low > 0 && high > WIDE * low;
}

static double time_of(const ts_trial *t) { return t->ms.value; }
static double energy_of(const ts_trial *t) { return t->energy.joules; }

static void put_energy_label(const script *s) {
  ts_sink_printf(s->out, "energy of a run, %s (%s)", s->unit.name,
                 ts_report_kind_word(s->energy.kind));
}

static void put_axes(const script *s) {
  ts_sink *out = s->out;
  ts_sink_puts(out, "set key outside right top\nunset logscale\n");
  if (s->energy.kind == TS_ENERGY_NONE) {
    ts_sink_printf(out, "set xrange [0:%zu]\n", s->report->outcome->points.n + 1);
    ts_sink_puts(out, "set xlabel 'trial'\nset ylabel 'time of a run, ms'\n");
    if (is_wide(s, time_of)) ts_sink_puts(out, "set logscale y\n");
    return;
  }
  ts_sink_puts(out, "set xlabel 'time of a run, ms'\nset ylabel '");
  put_energy_label(s);
  ts_sink_puts(out, "'\n");
  if (is_wide(s, time_of)) ts_sink_puts(out, "set logscale x\n");
  if (is_wide(s, energy_of)) ts_sink_puts(out, "set logscale y\n");
}

/* ---- plots ---- */

/* How each kind of point looks: as a picture, and as a character. */
static const struct look {
  const char *data, *title, *picture, *character;
} looks[] = {
    {"all", "candidates", "pt 7 ps 0.5 lc rgb '#999999'", "pt '.'"},
    {"frontier", "frontier", "pt 7 ps 0.8 lc rgb '#0072B2'", "pt 'o'"},
    {"recipe", "recipe", "pt 5 ps 1.1 lc rgb '#009E73'", "pt 'R'"},
    {"best", "best", "pt 9 ps 1.5 lc rgb '#D55E00'", "pt 'B'"},
    {"knee", "knee", "pt 12 ps 2.2 lw 2 lc rgb '#000000'", "pt 'K'"},
};

static bool is_there(const script *s, const struct look *look) {
  const ts_tune_report *r = s->report;
  bool energy = s->energy.kind != TS_ENERGY_NONE;
  if (strcmp(look->data, "recipe") == 0) return ts_report_has_recipe(r);
  if (strcmp(look->data, "frontier") == 0) return energy && r->frontier.n > 0;
  return strcmp(look->data, "knee") != 0 || (energy && r->frontier.knee != SIZE_MAX);
}

static void put_knee_label(const script *s) {
  const ts_tune_report *r = s->report;
  ts_sink_puts(s->out, "unset label\n");
  if (s->text || s->energy.kind == TS_ENERGY_NONE || r->frontier.knee == SIZE_MAX) return;
  const ts_trial *t = ts_report_trial(r, r->frontier.at[r->frontier.knee]);
  char label[64];
  snprintf(label, sizeof label, "  knee: %.48s", t->parameters);
  ts_sink_puts(s->out, "set label 1 ");
  put_quoted(s->out, label);
  ts_sink_printf(s->out, " at %.9g,%.9g left offset 1,0.6 front\n", t->ms.value,
                 t->energy.joules * s->unit.factor);
}

static void put_scatter(const script *s) {
  const char *before = "plot";
  put_axes(s);
  put_knee_label(s);
  for (unsigned i = 0; i < ts_countof(looks); i++) {
    const struct look *l = &looks[i];
    if (!is_there(s, l)) continue;
    if (i == 1 && !s->text)
      ts_sink_printf(s->out, "%s $frontier with lines lw 1.5 lc rgb '#0072B2' notitle", before);
    ts_sink_printf(s->out, "%s $%s with points %s title '%s'", i == 1 && !s->text ? "," : before,
                   l->data, s->text ? l->character : l->picture, l->title);
    before = ",";
  }
  ts_sink_puts(s->out, "\nunset label\nset autoscale x\n");
}

/* The recipe's cost as a line across. */
static void put_recipe_line(const script *s) {
  const ts_tune_report *r = s->report;
  if (!ts_report_has_recipe(r) || !isfinite(r->outcome->points.at[r->recipe].cost)) return;
  ts_sink_printf(s->out, ", %.9g with lines %s title 'recipe'",
                 r->outcome->points.at[r->recipe].cost,
                 s->text ? "" : "dt 2 lw 1.5 lc rgb '#009E73'");
}

static void put_best_so_far(const script *s) {
  const ts_tune_report *r = s->report;
  bool modelled = r->objective != TS_OBJECTIVE_TIME;
  ts_sink_puts(s->out, "unset logscale\nset key inside right top\nset xlabel 'trial'\n");
  ts_sink_printf(s->out, "set ylabel 'best %s so far, %s%s%s'\n",
                 ts_report_objective_word(r->objective), ts_objective_unit(r->objective),
                 modelled ? ", " : "", modelled ? ts_report_kind_word(s->energy.kind) : "");
  ts_sink_printf(s->out, "plot [1:%zu] $curve with steps %s title 'best so far'",
                 ts_max(r->outcome->points.n, (size_t)2), s->text ? "" : "lw 2 lc rgb '#D55E00'");
  put_recipe_line(s);
  ts_sink_puts(s->out, "\n");
}

/* Bars that lie, so that names have room. */
static void put_importance(const script *s) {
  const ts_report_bars *b = s->bars;
  ts_sink_puts(s->out, "$bars << END\n");
  for (unsigned i = 0; i < b->n; i++)
    ts_sink_printf(s->out, "%.6g %u\n", b->at[i].part, b->n - i);
  ts_sink_puts(s->out,
               "END\nset xlabel 'part of the variance of log cost'\nunset ylabel\nset ytics (");
  for (unsigned i = 0; i < b->n; i++) {
    ts_sink_puts(s->out, i ? ", " : "");
    put_quoted(s->out, b->at[i].name);
    ts_sink_printf(s->out, " %u", b->n - i);
  }
  ts_sink_printf(
      s->out,
      ")\nset xrange [0:1]\nset yrange [0.4:%u.6]\nset style fill solid 0.9 noborder\n"
      "plot $bars using (0):2:(0):1:($2-0.35):($2+0.35) with boxxyerror lc rgb '#0072B2' notitle\n",
      b->n);
}

/* ---- the page ---- */

static void put_picture(const script *s, ts_plot kind, const char *output) {
  ts_sink_printf(s->out,
                 "set terminal %s size 1000,760 font 'sans,%d' background 'white' noenhanced\n",
                 kind == TS_PLOT_SVG ? "svg" : "pngcairo", kind == TS_PLOT_SVG ? 13 : 10);
  ts_sink_printf(
      s->out,
      "set output '%s'\nset multiplot\nset grid back lt 1 lc rgb '#e0e0e0'\nset key opaque\nset offsets graph 0.02, graph 0.02, graph 0.06, graph 0.04\n",
      output);
  ts_sink_puts(s->out, "set origin 0,0.42\nset size 1,0.58\nset title ");
  put_quoted(s->out, s->report->title);
  ts_sink_puts(s->out, "\n");
  put_scatter(s);
  ts_sink_puts(s->out, "unset title\nset origin 0,0\nset size 0.54,0.42\n");
  put_best_so_far(s);
  ts_sink_puts(s->out, "set origin 0.54,0\nset size 0.46,0.42\n");
  put_importance(s);
  ts_sink_puts(s->out, "unset multiplot\n");
}

static void put_text(const script *s, unsigned columns, const char *output) {
  ts_sink_printf(s->out,
                 "set terminal dumb nofeed mono noenhanced size %u,%d\nset output '%s'\nset title ",
                 columns, ROWS_OF_TEXT, output);
  put_quoted(s->out, s->report->title);
  ts_sink_puts(s->out, "\n");
  put_scatter(s);
  ts_sink_puts(s->out, "unset title\n");
  put_best_so_far(s);
}

void ts_report_plot_script(ts_sink *sink, const ts_tune_report *r, const ts_report_bars *bars,
                           ts_plot kind, unsigned columns, const char *output) {
  script s = {.out = sink,
              .report = r,
              .bars = bars,
              .energy = ts_report_energy_of(r->outcome),
              .text = kind == TS_PLOT_TEXT};
  s.unit = ts_report_energy_unit(s.energy.joules);
  put_points(&s);
  put_curve(&s);
  if (s.text)
    put_text(&s, columns, output);
  else
    put_picture(&s, kind, output);
}
