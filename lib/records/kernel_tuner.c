/* Kernel Tuner's caches (kernel_tuner/util.py, process_cache and store_cache). */
#include <math.h>
#include <stdlib.h>

#include "support/json.h"
#include "records/fields_impl.h"

/* ---- reading ---- */

/* A value of `tune_params` as it stands in keys, which is how Python prints it. */
typedef struct key_word {
  const char *text;
  size_t n;
  double number;
  ts_choice place;
} key_word;

typedef struct cache_reader {
  ts_rows *rows;
  ts_recorded *out;
  TS_VEC(key_word) * words; /* of each parameter */
} cache_reader;

static const char *python_text(const ts_value *value) {
  static const char *const words[][2] = {{"true", "True"}, {"false", "False"}, {"null", "None"}};
  for (unsigned i = 0; i < ts_countof(words); i++)
    if (strcmp(value->text, words[i][0]) == 0) return words[i][1];
  return value->text;
}

/* Gives the values their places in the order that the file has them in. */
static ts_result declare_values(cache_reader *r, unsigned j, const json_t *list) {
  ts_rows *rows = r->rows;
  for (size_t i = 0; i < json_array_size(list); i++) {
    ts_value value;
    ts_choice place;
    if (!ts_field_value(&rows->scratch, json_array_get(list, i), &value))
      return ts_error_plain(rows->ctx, "%s: 'tune_params' has a list or an object among '%s'",
                            rows->file, rows->columns.at[j].name);
    ts_result result = ts_rows_place(rows, j, value, &place);
    if (result) return result;
    const char *text = python_text(&value);
    key_word word = {ts_strdup(&rows->scratch, text), strlen(text), value.number, place};
    ts_push(&rows->scratch, &r->words[j], word);
  }
  return TS_OK;
}

static ts_result read_parameters(cache_reader *r, const json_t *root) {
  ts_rows *rows = r->rows;
  const json_t *keys = json_object_get(root, "tune_params_keys");
  json_t *lists = json_object_get(root, "tune_params"), *list;
  const char *name;
  for (size_t i = 0; i < json_array_size(keys); i++) {
    name = json_string_value(json_array_get(keys, i));
    if (!name)
      return ts_error_plain(rows->ctx, "%s: 'tune_params_keys' holds what is no name", rows->file);
    ts_rows_column(rows, name);
  }
  if (!keys) json_object_foreach(lists, name, list) ts_rows_column(rows, name);
  if (!rows->columns.n)
    return ts_error_plain(rows->ctx, "%s: a Kernel Tuner cache that names no parameters",
                          rows->file);
  r->words = ts_arena_alloc(&rows->scratch, ts_size_mul(sizeof *r->words, rows->columns.n));
  ts_result result = TS_OK;
  for (unsigned j = 0; !result && j < rows->columns.n; j++)
    result = declare_values(r, j, json_object_get(lists, rows->columns.at[j].name));
  return result;
}

/* The longest value that stands at `at` up to a comma or the end, since texts may hold commas; else the number that is
 * written there otherwise. NULL: neither. */
static const key_word *find_word(const cache_reader *r, unsigned j, const char *at, size_t *n) {
  const key_word *best = NULL;
  double number;
  *n = strcspn(at, ",");
  bool is_number = ts_parse_double(at, *n, &number);
  for (size_t i = 0; i < r->words[j].n; i++) {
    const key_word *word = &r->words[j].at[i];
    bool stands = strncmp(word->text, at, word->n) == 0 && (!at[word->n] || at[word->n] == ',');
    if (stands && (!best || word->n >= *n)) {
      best = word;
      *n = word->n;
    } else if (!best && is_number && word->number == number) {
      best = word;
    }
  }
  return best;
}

/* Entries that hold no parameters, as some do, have them in their key alone. */
static ts_result push_key(cache_reader *r, const char *key) {
  const char *at = key;
  for (unsigned j = 0; j < r->rows->columns.n; j++) {
    size_t n = 0;
    const key_word *word = find_word(r, j, at, &n);
    if (!word)
      return ts_rows_error(r->rows,
                           "has the key \"%.200s\", whose value of '%s' is none of its list", key,
                           r->rows->columns.at[j].name);
    ts_rows_push_place(r->rows, word->place);
    at += n + (at[n] == ',');
  }
  if (*at) return ts_rows_error(r->rows, "has the key \"%.200s\", which has too many values", key);
  return TS_OK;
}

static bool holds_parameters(const cache_reader *r, const json_t *entry) {
  for (unsigned j = 0; j < r->rows->columns.n; j++)
    if (!json_object_get(entry, r->rows->columns.at[j].name)) return false;
  return true;
}

static ts_result push_entry(cache_reader *r, const char *key, const json_t *entry) {
  ts_rows *rows = r->rows;
  if (!holds_parameters(r, entry)) return push_key(r, key);
  for (unsigned j = 0; j < rows->columns.n; j++) {
    ts_value value;
    const char *name = rows->columns.at[j].name;
    if (!ts_field_value(&rows->scratch, json_object_get(entry, name), &value))
      return ts_rows_error(rows, "has a list or an object for '%s'", name);
    ts_result result = ts_rows_push(rows, value);
    if (result) return result;
  }
  return TS_OK;
}

/* The word that stands for a failure. NULL: there is none. */
static const char *failure_of(const json_t *entry, const char *objective) {
  const char *const fields[] = {"__error__", objective, "time"};
  for (unsigned i = 0; i < ts_countof(fields); i++) {
    const char *word = json_string_value(json_object_get(entry, fields[i]));
    if (word) return word;
  }
  return NULL;
}

static void read_trial(cache_reader *r, const json_t *entry, ts_trial *t) {
  ts_arena *arena = r->rows->arena;
  const char *failure = failure_of(entry, r->out->objective);
  double value;
  if (!failure && ts_field_measured(json_object_get(entry, r->out->objective), &value) &&
      ts_field_cost(value, r->out->higher, &t->ms)) {
    ts_field_samples(arena, json_object_get(entry, "times"), 1, t);
    for (ts_energy_kind kind = TS_ENERGY_MEASURED; kind <= TS_ENERGY_MODELLED; kind++)
      ts_field_energy(json_object_get(entry, ts_field_energy_name(kind)), kind, t);
  } else {
    t->reason = ts_strdup(arena, failure ? failure : "the objective is not a number");
    if (!failure || !ts_verdict_find_term(failure, TS_TERMS_KERNEL_TUNER, &t->verdict) ||
        ts_trial_ok(t))
      t->verdict = TS_VERDICT_RUN;
  }
  t->compile_seconds = ts_field_number(entry, "compile_time") / 1e3;
  t->check_seconds = ts_field_number(entry, "verification_time") / 1e3;
  t->measure_seconds = ts_field_number(entry, "benchmark_time") / 1e3;
  t->pass_seconds = ts_field_number(entry, "framework_time") / 1e3;
  t->when = ts_field_when(json_string_value(json_object_get(entry, "timestamp")));
}

static void read_sizes(ts_rows *rows, const json_t *json, ts_recorded *out) {
  size_t n = json_is_array(json) ? json_array_size(json) : json_is_integer(json);
  out->sizes = ts_new_array(rows->arena, int64_t, n);
  for (size_t i = 0; i < n; i++)
    out->sizes[i] = json_integer_value(json_is_array(json) ? json_array_get(json, i) : json);
  out->num_sizes = (unsigned)n;
}

static void read_header(ts_rows *rows, const json_t *root, ts_recorded *out) {
  const json_t *objective = json_object_get(root, "objective");
  if (json_is_array(objective)) objective = json_array_get(objective, 0);
  const char *name = json_string_value(objective);
  out->objective = ts_strdup(rows->arena, name ? name : "time");
  out->higher = ts_field_is_higher_better(out->objective);
  out->kernel = ts_field_text(rows->arena, root, "kernel_name", NULL);
  out->device = ts_field_text(rows->arena, root, "device_name", NULL);
  read_sizes(rows, json_object_get(root, "problem_size"), out);
}

ts_result ts_read_kernel_tuner(ts_rows *rows, const json_t *root, ts_recorded *out) {
  cache_reader r = {.rows = rows, .out = out};
  const char *key;
  json_t *entry;
  read_header(rows, root, out);
  ts_result result = read_parameters(&r, root);
  if (result) return result;
  json_object_foreach(json_object_get(root, "cache"), key, entry) {
    result = push_entry(&r, key, entry);
    if (result) return result;
    read_trial(&r, entry, ts_rows_trial(rows));
  }
  return ts_rows_end(rows, false, out);
}

/* ---- writing ---- */

static void write_list(ts_sink *sink, const ts_parameter *p) {
  ts_json_text(sink, p->name);
  ts_sink_puts(sink, ": [");
  for (unsigned i = 0; i < p->n; i++) {
    if (i) ts_sink_puts(sink, ", ");
    ts_field_write_value(sink, p, i);
  }
  ts_sink_puts(sink, "]");
}

static void write_header(ts_sink *sink, const ts_recorded *r) {
  ts_sink_puts(sink, "{\n\"device_name\": ");
  ts_json_text(sink, r->device ? r->device : "");
  ts_sink_puts(sink, ",\n\"kernel_name\": ");
  ts_json_text(sink, r->kernel ? r->kernel : r->name);
  ts_sink_puts(sink, ",\n\"problem_size\": [");
  for (unsigned i = 0; i < r->num_sizes; i++)
    ts_sink_printf(sink, "%s%lld", i ? ", " : "", (long long)r->sizes[i]);
  ts_sink_puts(sink, "],\n\"tune_params_keys\": [");
  for (unsigned i = 0; i < r->num_parameters; i++) {
    if (i) ts_sink_puts(sink, ", ");
    ts_json_text(sink, r->parameters[i].name);
  }
  ts_sink_puts(sink, "],\n\"tune_params\": {");
  for (unsigned i = 0; i < r->num_parameters; i++) {
    ts_sink_puts(sink, i ? ",\n" : "\n");
    write_list(sink, &r->parameters[i]);
  }
  ts_sink_puts(sink, "\n},\n\"objective\": ");
  ts_json_text(sink, r->objective);
  ts_sink_puts(sink, ",\n\"cache\": {");
}

/* The key: values as Python prints them, in quotes as a whole. */
static void write_key(ts_sink *sink, const ts_recorded *r, const ts_choice *row) {
  ts_sink key;
  ts_sink_buffer(&key, sink->memory);
  for (unsigned i = 0; i < r->num_parameters; i++) {
    ts_value value = {r->parameters[i].texts[row[i]], NAN};
    if (i) ts_sink_putc(&key, ',');
    ts_sink_puts(&key, python_text(&value));
  }
  if (ts_sink_finish(&key))
    sink->failed = true;
  else
    ts_json_text(sink, key.buf);
  ts_sink_drop(&key);
}

static void write_outcome(ts_sink *sink, const ts_recorded *r, const ts_trial *t) {
  ts_sink_puts(sink, ", ");
  ts_json_text(sink, r->objective);
  ts_sink_puts(sink, ": ");
  if (!ts_trial_ok(t)) {
    ts_json_text(sink, ts_verdict_term(t->verdict, TS_TERMS_KERNEL_TUNER));
    return;
  }
  ts_json_number(sink, ts_field_objective(r, t));
  ts_sink_puts(sink, ", \"times\": ");
  ts_json_numbers(sink, t->num_samples, t->samples);
  if (t->energy.kind)
    ts_field_write_number(sink, ts_field_energy_name(t->energy.kind), t->energy.joules);
}

static void write_entry(ts_sink *sink, const ts_recorded *r, size_t at) {
  const ts_trial *t = &r->trials[at];
  const ts_choice *row = r->choices + at * r->num_parameters;
  write_key(sink, r, row);
  ts_sink_puts(sink, ": {");
  for (unsigned i = 0; i < r->num_parameters; i++) {
    if (i) ts_sink_puts(sink, ", ");
    ts_json_text(sink, r->parameters[i].name);
    ts_sink_puts(sink, ": ");
    ts_field_write_value(sink, &r->parameters[i], row[i]);
  }
  write_outcome(sink, r, t);
  ts_field_write_number(sink, "compile_time", t->compile_seconds * 1e3);
  ts_field_write_number(sink, "verification_time", t->check_seconds * 1e3);
  ts_field_write_number(sink, "benchmark_time", t->measure_seconds * 1e3);
  ts_field_write_number(sink, "strategy_time", 0);
  ts_field_write_number(sink, "framework_time", t->pass_seconds * 1e3);
  ts_sink_puts(sink, ", \"timestamp\": ");
  ts_field_write_when(sink, t->when);
  ts_sink_puts(sink, "}");
}

/* Ends without a new line: Kernel Tuner opens a cache again by cutting "}\n}" off. */
void ts_write_kernel_tuner(ts_sink *sink, const ts_recorded *r) {
  write_header(sink, r);
  for (size_t i = 0; i < r->num_rows; i++) {
    ts_sink_puts(sink, i ? ",\n" : "\n");
    write_entry(sink, r, i);
  }
  ts_sink_puts(sink, "}\n}");
}
