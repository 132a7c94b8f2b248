/* T4: an open format for results of autotuning (KernelTuner's schema/T4/1.0.0/results-schema.json), and what files in
 * the wild make of it. */
#include <math.h>

#include "support/json.h"
#include "records/fields_impl.h"

/* ---- reading ---- */

typedef struct t4_reader {
  ts_rows *rows;
  const ts_recorded *out;
  double scale; /* to milliseconds */
} t4_reader;

/* Milliseconds of a unit; 0: none of time. Files say "miliseconds". */
static double unit_scale(const char *unit) {
  static const struct {
    const char *begin;
    double ms;
  } units[] = {{"mil", 1},    {"ms", 1},    {"mic", 1e-3}, {"us", 1e-3},
               {"nan", 1e-6}, {"ns", 1e-6}, {"s", 1e3}};
  for (unsigned i = 0; unit && i < ts_countof(units); i++)
    if (strncmp(unit, units[i].begin, strlen(units[i].begin)) == 0) return units[i].ms;
  return 0;
}

static const json_t *measurement(const json_t *result, const char *name) {
  const json_t *list = json_object_get(result, "measurements");
  for (size_t i = 0; i < json_array_size(list); i++) {
    const json_t *m = json_array_get(list, i);
    const char *its = json_string_value(json_object_get(m, "name"));
    if (its && strcmp(its, name) == 0) return m;
  }
  return NULL;
}

static ts_result push_values(t4_reader *r, const json_t *configuration) {
  ts_rows *rows = r->rows;
  if (json_object_size(configuration) > rows->columns.n)
    return ts_rows_error(rows, "has %zu parameters, the first %zu", json_object_size(configuration),
                         rows->columns.n);
  for (size_t j = 0; j < rows->columns.n; j++) {
    const char *name = rows->columns.at[j].name;
    const json_t *json = json_object_get(configuration, name);
    ts_value value;
    if (!json) return ts_rows_error(rows, "lacks the parameter '%s'", name);
    if (!ts_field_value(&rows->scratch, json, &value))
      return ts_rows_error(rows, "has a list or an object for '%s'", name);
    ts_result result = ts_rows_push(rows, value);
    if (result) return result;
  }
  return TS_OK;
}

/* What `invalidity` says: neither `correctness` nor the presence of times does, in some files. Without it, the
 * objective. */
static ts_verdict verdict_of(const json_t *result) {
  const char *word = json_string_value(json_object_get(result, "invalidity"));
  ts_verdict verdict = TS_VERDICT_OK;
  if (!word || ts_verdict_find_term(word, TS_TERMS_T4, &verdict)) return verdict;
  return TS_VERDICT_RUN;
}

/* The value of the objective, in milliseconds if it is a time. Without measurements, which the schema does not ask for,
 * the mean of the runs. */
static bool objective_of(const t4_reader *r, const json_t *result, ts_estimate *out) {
  double value;
  const json_t *m = measurement(result, r->out->objective);
  bool is_time = strcmp(r->out->objective, "time") == 0;
  const char *unit = json_string_value(json_object_get(m, "unit"));
  double scale = is_time ? unit_scale(unit) : 1;
  if (!m && is_time)
    m = json_object_get(json_object_get(result, "times"), "runtimes");
  else
    m = json_object_get(m, "value");
  return ts_field_measured(m, &value) &&
         ts_field_cost(value * (scale > 0 ? scale : r->scale), r->out->higher, out);
}

static void read_energy(const json_t *result, ts_trial *t) {
  for (ts_energy_kind kind = TS_ENERGY_MEASURED; kind <= TS_ENERGY_MODELLED; kind++) {
    const json_t *m = measurement(result, ts_field_energy_name(kind));
    const char *unit = json_string_value(json_object_get(m, "unit"));
    if (unit && strcmp(unit, "J") == 0) ts_field_energy(json_object_get(m, "value"), kind, t);
  }
}

static void read_trial(t4_reader *r, const json_t *result, ts_trial *t) {
  const json_t *times = json_object_get(result, "times");
  const char *word = json_string_value(json_object_get(result, "invalidity"));
  double seconds = r->scale / 1e3;
  ts_arena *arena = r->rows->arena;
  t->verdict = verdict_of(result);
  if (!ts_trial_ok(t)) {
    t->reason = ts_strdup(arena, word);
  } else if (!objective_of(r, result, &t->ms)) {
    t->verdict = TS_VERDICT_RUN;
    t->reason = "the objective is not a number";
  } else {
    ts_field_samples(arena, json_object_get(times, "runtimes"), r->scale, t);
    read_energy(result, t);
  }
  t->compile_seconds = seconds * (json_object_get(times, "compilation")
                                      ? ts_field_number(times, "compilation")
                                      : ts_field_number(times, "compilation_time"));
  t->check_seconds = seconds * ts_field_number(times, "validation");
  t->measure_seconds = seconds * ts_field_number(times, "benchmark");
  t->pass_seconds = seconds * ts_field_number(times, "framework");
  t->when = ts_field_when(json_string_value(json_object_get(result, "timestamp")));
}

static ts_result read_result(t4_reader *r, const json_t *result) {
  const json_t *configuration = json_object_get(result, "configuration");
  if (!json_is_object(configuration)) return ts_rows_error(r->rows, "has no 'configuration'");
  ts_result failed = push_values(r, configuration);
  if (!failed) read_trial(r, result, ts_rows_trial(r->rows));
  return failed;
}

/* What the first result says counts for all. */
static ts_result read_first(t4_reader *r, const json_t *result, ts_recorded *out) {
  const json_t *objectives = json_object_get(result, "objectives");
  const char *objective = json_string_value(json_array_get(objectives, 0)), *name;
  json_t *value;
  out->objective = ts_strdup(r->rows->arena, objective ? objective : "time");
  out->higher = ts_field_is_higher_better(out->objective);
  json_object_foreach((json_t *)json_object_get(result, "configuration"), name, value)
      ts_rows_column(r->rows, name);
  return r->rows->columns.n ? TS_OK : ts_rows_error(r->rows, "has no parameters");
}

ts_result ts_read_t4(ts_rows *rows, const json_t *root, ts_recorded *out) {
  const json_t *results = json_object_get(root, "results");
  const json_t *metadata = json_object_get(root, "metadata");
  t4_reader r = {rows, out, unit_scale(json_string_value(json_object_get(metadata, "timeunit")))};
  if (r.scale <= 0) r.scale = 1;
  out->kernel = ts_field_text(rows->arena, metadata, "kernel", NULL);
  out->device = ts_field_text(rows->arena, metadata, "device", NULL);
  ts_result result = TS_OK;
  for (size_t i = 0; !result && i < json_array_size(results); i++) {
    if (i == 0) result = read_first(&r, json_array_get(results, i), out);
    if (!result) result = read_result(&r, json_array_get(results, i));
  }
  return result ? result : ts_rows_end(rows, true, out);
}

/* ---- writing ---- */

static void write_times(ts_sink *sink, const ts_trial *t) {
  static const struct {
    const char *name;
    size_t at;
  } fields[] = {{"compilation", offsetof(ts_trial, compile_seconds)},
                {"benchmark", offsetof(ts_trial, measure_seconds)},
                {"framework", offsetof(ts_trial, pass_seconds)},
                {"validation", offsetof(ts_trial, check_seconds)}};
  ts_sink_puts(sink, "\"times\": {");
  for (unsigned i = 0; i < ts_countof(fields); i++) {
    ts_sink_printf(sink, "\"%s\": ", fields[i].name);
    ts_json_number(sink, *(const double *)((const char *)t + fields[i].at) * 1e3);
    ts_sink_puts(sink, ", ");
  }
  ts_sink_puts(sink, "\"search_algorithm\": 0, \"runtimes\": ");
  ts_json_numbers(sink, ts_trial_ok(t) ? t->num_samples : 0, t->samples);
  ts_sink_puts(sink, "}");
}

static void write_measurement(ts_sink *sink, const char *name, double value, const char *unit) {
  ts_sink_puts(sink, "{\"name\": ");
  ts_json_text(sink, name);
  ts_sink_puts(sink, ", \"value\": ");
  ts_json_number(sink, value);
  ts_sink_printf(sink, ", \"unit\": \"%s\"}", unit);
}

static void write_measurements(ts_sink *sink, const ts_recorded *r, const ts_trial *t) {
  ts_sink_puts(sink, "\"measurements\": [");
  if (ts_trial_ok(t)) {
    const char *unit = strcmp(r->objective, "time") == 0 ? "ms" : "";
    write_measurement(sink, r->objective, ts_field_objective(r, t), unit);
    if (t->energy.kind) ts_sink_puts(sink, ", ");
    if (t->energy.kind)
      write_measurement(sink, ts_field_energy_name(t->energy.kind), t->energy.joules, "J");
  }
  ts_sink_puts(sink, "]");
}

static void write_result(ts_sink *sink, const ts_recorded *r, size_t row) {
  const ts_trial *t = &r->trials[row];
  ts_sink_puts(sink, "    {\"timestamp\": ");
  ts_field_write_when(sink, t->when);
  ts_sink_puts(sink, ", \"configuration\": {");
  for (unsigned i = 0; i < r->num_parameters; i++) {
    if (i) ts_sink_puts(sink, ", ");
    ts_json_text(sink, r->parameters[i].name);
    ts_sink_puts(sink, ": ");
    ts_field_write_value(sink, &r->parameters[i], r->choices[row * r->num_parameters + i]);
  }
  ts_sink_puts(sink, "},\n     ");
  write_times(sink, t);
  ts_sink_printf(sink, ",\n     \"invalidity\": \"%s\", \"correctness\": %d,\n     ",
                 ts_verdict_term(t->verdict, TS_TERMS_T4), ts_trial_ok(t));
  write_measurements(sink, r, t);
  ts_sink_puts(sink, ", \"objectives\": [");
  ts_json_text(sink, r->objective);
  ts_sink_puts(sink, "]}");
}

static void write_named(ts_sink *sink, const char *name, const char *text) {
  if (!text) return;
  ts_sink_printf(sink, ", \"%s\": ", name);
  ts_json_text(sink, text);
}

void ts_write_t4(ts_sink *sink, const ts_recorded *r) {
  ts_sink_puts(sink, "{\n  \"metadata\": {\"timeunit\": \"milliseconds\"");
  write_named(sink, "kernel", r->kernel);
  write_named(sink, "device", r->device);
  ts_sink_puts(sink, "},\n  \"results\": [\n");
  for (size_t i = 0; i < r->num_rows; i++) {
    write_result(sink, r, i);
    ts_sink_puts(sink, i + 1 < r->num_rows ? ",\n" : "\n");
  }
  ts_sink_puts(sink, "  ],\n  \"schema_version\": \"1.0.0\"\n}\n");
}
