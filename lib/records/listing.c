/* Sessions and trials as tables. */
#include "records/listing.h"

#include <stdlib.h>
#include <time.h>

#include "support/json.h"
#include "records/fields_impl.h"
#include "records/sql_impl.h"
#include "records/trial_fields_impl.h"

/* ---- tables ---- */

typedef struct table {
  ts_arena *arena;
  unsigned n; /* columns */
  TS_VEC(const char *) cells;
} table;

static void add_cell(table *t, const char *text) { ts_push(t->arena, &t->cells, text); }

/* In columns two blanks apart, the last as long as it is. */
static void print_table(ts_sink *sink, const table *t) {
  size_t *widths = ts_new_array(t->arena, size_t, t->n);
  for (size_t i = 0; i < t->cells.n; i++)
    widths[i % t->n] = ts_max(widths[i % t->n], strlen(t->cells.at[i]));
  for (size_t i = 0; i < t->cells.n; i++) {
    bool last = i % t->n == t->n - 1;
    ts_sink_puts(sink, t->cells.at[i]);
    for (size_t k = strlen(t->cells.at[i]); !last && k < widths[i % t->n] + 2; k++)
      ts_sink_putc(sink, ' ');
    if (last) ts_sink_putc(sink, '\n');
  }
}

static const char *moment(ts_arena *arena, int64_t when) {
  char text[32];
  time_t seconds = (time_t)when;
  struct tm t = {0};
  if (!when || !gmtime_r(&seconds, &t)) return "-";
  strftime(text, sizeof text, "%Y-%m-%d %H:%M", &t);
  return ts_strdup(arena, text);
}

static const char *figure(ts_arena *arena, const char *format, double value) {
  return value > 0 ? ts_sprintf(arena, format, value) : "-";
}

/* ---- sessions ---- */

typedef struct listing {
  ts_arena *arena;
  ts_sink *sink;
  ts_list_form form;
  table table;
  unsigned n;
} listing;

static const char *const session_columns[] = {"id",     "function", "shape",   "target",   "engine",
                                              "trials", "good",     "best ms", "last, UTC"};

static void list_in_table(listing *l, const ts_kept_session *s) {
  ts_arena *a = l->arena;
  const char *const cells[] = {ts_sprintf(a, "%lld", (long long)s->id),
                               s->key.function,
                               s->key.shape,
                               s->key.target,
                               s->key.engine,
                               ts_sprintf(a, "%llu", (unsigned long long)s->trials),
                               ts_sprintf(a, "%llu", (unsigned long long)s->good),
                               figure(a, "%.4g", s->best),
                               moment(a, s->last)};
  for (unsigned i = 0; i < ts_countof(cells); i++)
    add_cell(&l->table, cells[i]);
}

static const char *const text_names[] = {"function", "shape",   "target", "engine", "measure",
                                         "versions", "program", "loops",  "space"};
enum { NUM_SESSION_TEXTS = ts_countof(text_names) };

static void session_texts(const ts_session_key *key, const char *out[NUM_SESSION_TEXTS]) {
  const char *const texts[NUM_SESSION_TEXTS] = {key->function, key->shape,   key->target,
                                                key->engine,   key->measure, key->versions,
                                                key->program,  key->loops,   key->space};
  memcpy(out, texts, sizeof texts);
}

static void list_as_csv(listing *l, const ts_kept_session *s) {
  const char *texts[NUM_SESSION_TEXTS];
  session_texts(&s->key, texts);
  ts_sink_printf(l->sink, "%lld,%llu,%llu,", (long long)s->id, (unsigned long long)s->trials,
                 (unsigned long long)s->good);
  ts_json_number(l->sink, s->best);
  ts_sink_printf(l->sink, ",%lld,%lld,%llu", (long long)s->first, (long long)s->last,
                 (unsigned long long)s->key.seed);
  for (unsigned i = 0; i < NUM_SESSION_TEXTS; i++) {
    ts_sink_putc(l->sink, ',');
    ts_write_cell(l->sink, texts[i] ? texts[i] : "");
  }
  ts_sink_puts(l->sink, "\r\n");
}

static void list_as_json(listing *l, const ts_kept_session *s) {
  const char *texts[NUM_SESSION_TEXTS];
  session_texts(&s->key, texts);
  ts_sink_printf(l->sink, "%s  {\"id\": %lld, \"trials\": %llu, \"good\": %llu", l->n ? ",\n" : "",
                 (long long)s->id, (unsigned long long)s->trials, (unsigned long long)s->good);
  ts_field_write_number(l->sink, "best_ms", s->best);
  ts_sink_printf(l->sink, ", \"first\": %lld, \"last\": %lld, \"seed\": %llu", (long long)s->first,
                 (long long)s->last, (unsigned long long)s->key.seed);
  for (unsigned i = 0; i < NUM_SESSION_TEXTS; i++) {
    ts_sink_printf(l->sink, ", \"%s\": ", text_names[i]);
    if (texts[i])
      ts_json_text(l->sink, texts[i]);
    else
      ts_sink_puts(l->sink, "null");
  }
  ts_sink_puts(l->sink, "}");
}

static ts_result list_session(void *user, const ts_kept_session *s) {
  static void (*const forms[])(listing *, const ts_kept_session *) = {list_in_table, list_as_csv,
                                                                      list_as_json};
  listing *l = user;
  forms[l->form](l, s);
  l->n++;
  return TS_OK;
}

static void begin_sessions(listing *l) {
  if (l->form == TS_LIST_JSON) ts_sink_puts(l->sink, "[\n");
  if (l->form == TS_LIST_CSV) {
    ts_sink_puts(l->sink, "id,trials,good,best_ms,first,last,seed");
    for (unsigned i = 0; i < NUM_SESSION_TEXTS; i++)
      ts_sink_printf(l->sink, ",%s", text_names[i]);
    ts_sink_puts(l->sink, "\r\n");
  }
  for (unsigned i = 0; l->form == TS_LIST_TABLE && i < ts_countof(session_columns); i++)
    add_cell(&l->table, session_columns[i]);
}

ts_result ts_list_sessions(ts_store *store, ts_arena *arena, ts_sink *sink, ts_list_form form) {
  listing l = {arena, sink, form, {.arena = arena, .n = ts_countof(session_columns)}, 0};
  begin_sessions(&l);
  ts_result result = ts_store_sessions(store, arena, NULL, list_session, &l);
  if (form == TS_LIST_JSON) ts_sink_puts(sink, l.n ? "\n]\n" : "]\n");
  if (form == TS_LIST_TABLE) print_table(sink, &l.table);
  return result;
}

/* ---- trials ---- */

/* Good ones by time, those that were stopped early behind; then the others, in the order tried. */
static int compare_trials(const void *a_, const void *b_) {
  const ts_trial *a = *(const ts_trial *const *)a_, *b = *(const ts_trial *const *)b_;
  int a_class = ts_trial_ok(a) ? a->hopeless : 2, b_class = ts_trial_ok(b) ? b->hopeless : 2;
  if (a_class != b_class) return a_class - b_class;
  if (a_class < 2 && a->ms.value != b->ms.value) return a->ms.value < b->ms.value ? -1 : 1;
  return a < b ? -1 : a > b;
}

static void list_trial(table *t, const ts_trial *trial) {
  ts_arena *a = t->arena;
  bool ok = ts_trial_ok(trial);
  add_cell(t, ok ? ts_sprintf(a, "%s%.4g", trial->hopeless ? ">= " : "", trial->ms.value) : "-");
  add_cell(t, ok ? ts_sprintf(a, "%.4g .. %.4g", trial->ms.low, trial->ms.high) : "-");
  add_cell(t, trial->energy.kind ? ts_sprintf(a, "%.4g %s", trial->energy.joules,
                                              ts_energy_word(trial->energy.kind))
                                 : "-");
  add_cell(t, ts_verdict_word(trial->verdict));
  add_cell(t, trial->reason && !ok ? ts_sprintf(a, "%s: %s", trial->parameters, trial->reason)
                                   : trial->parameters);
}

static void print_trials(ts_sink *sink, ts_arena *arena, const ts_recorded *r) {
  static const char *const columns[] = {"ms", "95 %", "J", "verdict", "parameters"};
  table t = {.arena = arena, .n = ts_countof(columns)};
  const ts_trial **sorted = ts_new_array(arena, const ts_trial *, r->num_rows + 1);
  for (size_t i = 0; i < r->num_rows; i++)
    sorted[i] = &r->trials[i];
  qsort(sorted, r->num_rows, sizeof *sorted, compare_trials);
  for (unsigned i = 0; i < ts_countof(columns); i++)
    add_cell(&t, columns[i]);
  for (size_t i = 0; i < r->num_rows; i++)
    list_trial(&t, sorted[i]);
  print_table(sink, &t);
}

ts_result ts_list_trials(ts_store *store, ts_arena *arena, ts_sink *sink, int64_t session,
                         ts_list_form form) {
  ts_kept_session found;
  ts_recorded r;
  ts_result result = ts_store_find(store, arena, session, &found);
  if (!result) result = ts_recorded_of_session(store->ctx, arena, store, &found, &r);
  if (result) return result;
  if (form == TS_LIST_TABLE)
    print_trials(sink, arena, &r);
  else
    ts_recorded_write(sink, form == TS_LIST_CSV ? TS_EXPORT_CSV : TS_EXPORT_JSON, &r);
  return TS_OK;
}
