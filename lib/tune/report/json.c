/* A session as JSON. Numbers that it cannot hold are null. */
#include <math.h>

#include <jansson.h>

#include "tune/report/report_impl.h"

static json_t *real(double value) { return isfinite(value) ? json_real(value) : json_null(); }

static json_t *integer(uint64_t value) { return json_integer((json_int_t)value); }

static void set(json_t *o, const char *key, json_t *value) { json_object_set_new(o, key, value); }

/* A number where the value is one, so that programs need not read texts. */
static json_t *value_json(const ts_parameter *p, ts_choice choice) {
  double number = p->numbers ? p->numbers[choice] : 0;
  if (!p->numbers) return json_string(p->texts[choice]);
  return number == floor(number) && fabs(number) < 0x1p53 ? json_integer((json_int_t)number)
                                                          : json_real(number);
}

static json_t *configuration_json(const ts_domain *domain, const ts_choice *point) {
  json_t *o = json_object();
  for (unsigned i = 0; i < domain->n; i++)
    if (!ts_domain_is_absent(domain, point, i))
      set(o, domain->parameters[i].name, value_json(&domain->parameters[i], point[i]));
  return o;
}

static json_t *energy_json(const ts_energy *e) {
  json_t *o = json_object();
  set(o, "kind", json_string(ts_report_kind_word(e->kind)));
  set(o, "how", json_string(e->how ? e->how : ""));
  set(o, "joules", real(e->joules));
  set(o, "low", real(e->low));
  set(o, "high", real(e->high));
  return o;
}

static json_t *samples_json(const ts_trial *t) {
  json_t *list = json_array();
  for (unsigned i = 0; i < t->num_samples; i++)
    json_array_append_new(list, real(t->samples[i]));
  return list;
}

static void add_good(json_t *o, const ts_trial *t) {
  set(o, "ms", real(t->ms.value));
  set(o, "low", real(t->ms.low));
  set(o, "high", real(t->ms.high));
  set(o, "samples", samples_json(t));
  if (t->energy.kind != TS_ENERGY_NONE) set(o, "energy", energy_json(&t->energy));
  if (t->hopeless) set(o, "hopeless", json_true());
  if (t->duplicate) set(o, "duplicate", json_true());
}

static json_t *point_json(const ts_tune_report *r, size_t at) {
  const ts_tuned_point *p = &r->outcome->points.at[at];
  json_t *o = json_object();
  set(o, "trial", integer(at + 1));
  set(o, "parameters", json_string(p->trial.parameters));
  set(o, "configuration", configuration_json(r->domain, p->point));
  set(o, "verdict", json_string(ts_verdict_word(p->trial.verdict)));
  if (p->trial.reason) set(o, "reason", json_string(p->trial.reason));
  if (p->trial.pipeline) set(o, "pipeline", json_string(p->trial.pipeline));
  set(o, "cost", real(p->cost));
  if (ts_trial_ok(&p->trial)) add_good(o, &p->trial);
  return o;
}

/* The least cost after each trial; with an optimum, that divided by it, 0 while nothing is good. */
static json_t *curve_json(const ts_tune_report *r, double optimum) {
  json_t *list = json_array();
  double least = INFINITY;
  for (size_t i = 0; i < r->outcome->points.n; i++) {
    least = fmin(least, r->outcome->points.at[i].cost);
    json_array_append_new(list, real(optimum > 0 ? optimum / least : least));
  }
  return list;
}

static json_t *frontier_json(const ts_tune_report *r) {
  json_t *o = json_object(), *list = json_array();
  for (size_t i = 0; i < r->frontier.n; i++)
    json_array_append_new(list, integer(r->frontier.at[i] + 1));
  set(o, "trials", list);
  if (r->frontier.knee != SIZE_MAX) set(o, "knee", integer(r->frontier.at[r->frontier.knee] + 1));
  return o;
}

static void add_outcome(json_t *root, const ts_tune_report *r) {
  static const char *const ends[] = {"exhausted", "trials", "time", "interrupted"};
  const ts_tune_outcome *o = r->outcome;
  set(root, "end", json_string(ends[o->end]));
  set(root, "seconds", real(o->seconds));
  set(root, "searching", real(o->searching));
  set(root, "recalled", integer(o->recalled));
  if (o->best != SIZE_MAX) set(root, "best", point_json(r, o->best));
  if (ts_report_has_recipe(r)) {
    set(root, "recipe", point_json(r, r->recipe));
    if (o->best != SIZE_MAX)
      set(root, "gain", real(o->points.at[r->recipe].cost / o->points.at[o->best].cost));
  }
  if (r->optimum > 0) {
    set(root, "optimum", real(r->optimum));
    set(root, "fraction", real(o->best == SIZE_MAX ? 0 : r->optimum / o->points.at[o->best].cost));
  }
  set(root, "curve", curve_json(r, r->optimum));
}

static int write_text(const char *text, size_t n, void *sink) {
  ts_sink_write(sink, text, n);
  return 0;
}

void ts_report_json(ts_sink *sink, const ts_tune_report *r) {
  static const char *const objectives[] = {"time", "energy", "edp"};
  json_t *root = json_object(), *points = json_array();
  set(root, "title", json_string(r->title));
  set(root, "objective", json_string(objectives[r->objective]));
  set(root, "unit", json_string(ts_objective_unit(r->objective)));
  set(root, "taken", json_string(r->taken));
  if (r->domain->count < UINT64_MAX) set(root, "count", integer(r->domain->count));
  add_outcome(root, r);
  set(root, "frontier", frontier_json(r));
  for (size_t i = 0; i < r->outcome->points.n; i++)
    json_array_append_new(points, point_json(r, i));
  set(root, "points", points);
  if (json_dump_callback(root, write_text, sink, JSON_INDENT(1)) != 0) sink->failed = true;
  json_decref(root);
  ts_sink_puts(sink, "\n");
}
