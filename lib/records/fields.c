/* Fields of other tuners' JSON. */
#include <math.h>
#include <time.h>

#include "support/json.h"
#include "records/fields_impl.h"

/* What Kernel Tuner once wrote for the time of a configuration that failed. */
#define FAILED_TIME 1e20

bool ts_field_value(ts_arena *arena, const json_t *json, ts_value *out) {
  *out = (ts_value){.number = NAN};
  switch (json_typeof(json)) {
  case JSON_STRING: out->text = json_string_value(json); return true;
  case JSON_TRUE: out->text = "true"; return true;
  case JSON_FALSE: out->text = "false"; return true;
  case JSON_NULL: out->text = "null"; return true;
  case JSON_INTEGER:
    out->number = (double)json_integer_value(json);
    out->text = ts_sprintf(arena, "%" JSON_INTEGER_FORMAT, json_integer_value(json));
    return true;
  case JSON_REAL: {
    char text[40];
    out->number = json_real_value(json);
    out->text = ts_strndup(arena, text, ts_format_float(text, out->number, 64));
    return true;
  }
  default: return false;
  }
}

static bool is_measured(const json_t *json) {
  return json_is_number(json) && isfinite(json_number_value(json)) &&
         fabs(json_number_value(json)) < FAILED_TIME;
}

bool ts_field_measured(const json_t *json, double *out) {
  double sum = 0;
  size_t n = json_array_size(json);
  if (is_measured(json)) {
    *out = json_number_value(json);
    return true;
  }
  for (size_t i = 0; i < n; i++) {
    if (!is_measured(json_array_get(json, i))) return false;
    sum += json_number_value(json_array_get(json, i));
  }
  *out = sum / (double)n;
  return n > 0;
}

double ts_field_number(const json_t *object, const char *name) {
  double value = json_number_value(json_object_get(object, name));
  return isfinite(value) ? value : 0;
}

const char *ts_field_text(ts_arena *arena, const json_t *object, const char *name,
                          const char *otherwise) {
  const char *text = json_string_value(json_object_get(object, name));
  return text && *text ? ts_strdup(arena, text) : otherwise;
}

bool ts_field_is_higher_better(const char *objective) {
  static const char *const rates[] = {"/s", "/W", "/J"};
  for (unsigned i = 0; i < ts_countof(rates); i++)
    if (strstr(objective, rates[i])) return true;
  return strcmp(objective, "fitness") == 0;
}

void ts_field_samples(ts_arena *arena, const json_t *list, double scale, ts_trial *trial) {
  size_t n = json_array_size(list);
  trial->samples = ts_new_array(arena, double, n);
  for (size_t i = 0; i < n; i++)
    if (is_measured(json_array_get(list, i)))
      trial->samples[trial->num_samples++] = json_number_value(json_array_get(list, i)) * scale;
  if (!trial->num_samples) trial->samples = NULL;
}

const char *ts_field_energy_name(ts_energy_kind kind) {
  return kind == TS_ENERGY_MODELLED ? "energy_modelled" : "energy";
}

void ts_field_energy(const json_t *json, ts_energy_kind kind, ts_trial *trial) {
  double joules;
  if (ts_field_measured(json, &joules))
    trial->energy = (ts_energy){kind, joules, joules, joules, "recorded"};
}

bool ts_field_cost(double value, bool higher, ts_estimate *out) {
  double cost = higher ? 1 / value : value;
  if (!(value > 0 && value < FAILED_TIME && isfinite(cost))) return false;
  *out = (ts_estimate){cost, cost, cost};
  return true;
}

double ts_field_objective(const ts_recorded *r, const ts_trial *trial) {
  return r->higher ? 1 / trial->ms.value : trial->ms.value;
}

/* ---- moments ---- */

int64_t ts_field_when(const char *text) {
  struct tm t = {0};
  int hours = 0, minutes = 0, end = 0;
  char sign[2];
  if (!text || sscanf(text, "%4d-%2d-%2d%*1[ T]%2d:%2d:%2d%n", &t.tm_year, &t.tm_mon, &t.tm_mday,
                      &t.tm_hour, &t.tm_min, &t.tm_sec, &end) != 6)
    return 0;
  t.tm_year -= 1900;
  t.tm_mon -= 1;
  text += end;
  if (*text == '.') text += 1 + strspn(text + 1, "0123456789");
  int64_t local = timegm(&t);
  if (sscanf(text, "%1[+-]%2d:%2d", sign, &hours, &minutes) != 3) return local;
  int64_t ahead = INT64_C(3600) * hours + INT64_C(60) * minutes;
  return sign[0] == '-' ? local + ahead : local - ahead;
}

void ts_field_write_when(ts_sink *sink, int64_t when) {
  time_t seconds = (time_t)when;
  struct tm t = {0};
  gmtime_r(&seconds, &t);
  ts_sink_printf(sink, "\"%04d-%02d-%02d %02d:%02d:%02d+00:00\"", t.tm_year + 1900, t.tm_mon + 1,
                 t.tm_mday, t.tm_hour, t.tm_min, t.tm_sec);
}

/* ---- values ---- */

void ts_field_write_number(ts_sink *sink, const char *name, double value) {
  ts_sink_printf(sink, ", \"%s\": ", name);
  ts_json_number(sink, value);
}

/* As JSON takes it: no sign but '-', no zero in front. */
static bool is_integer(const char *text) {
  const char *digits = text + (*text == '-');
  size_t n = strspn(digits, "0123456789");
  return n && !digits[n] && (n == 1 || *digits != '0');
}

void ts_field_write_value(ts_sink *sink, const ts_parameter *p, unsigned place) {
  const char *text = p->texts[place];
  if (p->numbers && is_integer(text))
    ts_sink_puts(sink, text);
  else if (p->numbers)
    ts_json_number(sink, p->numbers[place]);
  else if (strcmp(text, "true") == 0 || strcmp(text, "false") == 0)
    ts_sink_puts(sink, text);
  else
    ts_json_text(sink, text);
}
