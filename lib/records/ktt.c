/* Results of KTT, the Kernel Tuning Toolkit, 2.1. */
#include "records/fields_impl.h"

static const json_t *configuration_of(const json_t *result) {
  return json_object_get(result, "Configuration");
}

static ts_result push_values(ts_rows *rows, const json_t *configuration) {
  size_t n = rows->columns.n;
  if (json_array_size(configuration) != n)
    return ts_rows_error(rows, "has %zu parameters, the first %zu", json_array_size(configuration),
                         n);
  for (size_t j = 0; j < n; j++) {
    const json_t *pair = json_array_get(configuration, j);
    const char *name = json_string_value(json_object_get(pair, "Name"));
    const json_t *json = json_object_get(pair, "Value");
    ts_value value;
    if (!name || strcmp(name, rows->columns.at[j].name) != 0)
      return ts_rows_error(rows, "lacks the parameter '%s' at its place", rows->columns.at[j].name);
    if (!json || !ts_field_value(&rows->scratch, json, &value))
      return ts_rows_error(rows, "has no value of '%s'", name);
    ts_result result = ts_rows_push(rows, value);
    if (result) return result;
  }
  return TS_OK;
}

/* Failed ones have no computation. */
static void read_trial(const json_t *result, double ms, ts_arena *arena, ts_trial *t) {
  const char *status = json_string_value(json_object_get(result, "Status"));
  double value;
  if (status && strcmp(status, "Ok") == 0 &&
      ts_field_measured(json_object_get(result, "TotalDuration"), &value) &&
      ts_field_cost(value * ms, false, &t->ms))
    return;
  t->verdict = TS_VERDICT_RUN;
  t->reason = ts_strdup(arena, status ? status : "it has no status");
}

static double ms_of_unit(const json_t *root) {
  static const struct {
    const char *word;
    double ms;
  } units[] = {{"Nanoseconds", 1e-6}, {"Microseconds", 1e-3}, {"Seconds", 1e3}};
  const char *word =
      json_string_value(json_object_get(json_object_get(root, "Metadata"), "TimeUnit"));
  for (unsigned i = 0; word && i < ts_countof(units); i++)
    if (strcmp(word, units[i].word) == 0) return units[i].ms;
  return 1;
}

ts_result ts_read_ktt(ts_rows *rows, const json_t *root, ts_recorded *out) {
  const json_t *results = json_object_get(root, "Results");
  const json_t *first = json_array_get(results, 0), *list = configuration_of(first);
  out->objective = "time";
  out->kernel = ts_field_text(rows->arena, first, "KernelName", NULL);
  out->device = ts_field_text(rows->arena, json_object_get(root, "Metadata"), "Device", NULL);
  for (size_t j = 0; j < json_array_size(list); j++) {
    const char *name = json_string_value(json_object_get(json_array_get(list, j), "Name"));
    if (!name) return ts_rows_error(rows, "has a parameter without a name");
    ts_rows_column(rows, name);
  }
  if (!rows->columns.n) return ts_rows_error(rows, "has no parameters");
  ts_result result = TS_OK;
  for (size_t i = 0; !result && i < json_array_size(results); i++) {
    result = push_values(rows, configuration_of(json_array_get(results, i)));
    if (!result)
      read_trial(json_array_get(results, i), ms_of_unit(root), rows->arena, ts_rows_trial(rows));
  }
  return result ? result : ts_rows_end(rows, true, out);
}
