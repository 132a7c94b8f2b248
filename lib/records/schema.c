/* Rows of a store: a table of what a session has, the one of what a trial has, and SQL made from both. */
#include <math.h>

#include "support/digest.h"
#include "support/json.h"
#include "records/schema_impl.h"
#include "records/trial_fields_impl.h"

/* ---- a session's fields ---- */

/* Those that sessions are told apart by, and those that are for people or follow from the others. */
static const struct key_field {
  const char *name;
  size_t at;
  bool tells;
} key_fields[] = {
    {"program", offsetof(ts_session_key, program), true},
    {"loops", offsetof(ts_session_key, loops), false},
    {"function", offsetof(ts_session_key, function), false},
    {"shape", offsetof(ts_session_key, shape), false},
    {"space", offsetof(ts_session_key, space), true},
    {"target", offsetof(ts_session_key, target), true},
    {"versions", offsetof(ts_session_key, versions), true},
    {"engine", offsetof(ts_session_key, engine), true},
    {"measure", offsetof(ts_session_key, measure), true},
};
enum { NUM_TEXTS = ts_countof(key_fields), KEY_COLUMNS = NUM_TEXTS + 2 };

static const char *key_text(const ts_session_key *key, unsigned i) {
  return *(const char *const *)((const char *)key + key_fields[i].at);
}

void ts_store_key_digest(const ts_session_key *key, char out[]) {
  uint8_t bytes[TS_DIGEST_BYTES];
  ts_digest d;
  ts_digest_begin(&d);
  for (unsigned i = 0; i < NUM_TEXTS; i++)
    if (key_fields[i].tells) ts_digest_add_text(&d, key_text(key, i) ? key_text(key, i) : "");
  ts_digest_add(&d, &key->seed, sizeof key->seed);
  ts_digest_end(&d, bytes);
  ts_digest_hex(bytes, out);
}

int ts_store_key_columns(void) { return KEY_COLUMNS + 1; }

int ts_store_bind_key(sqlite3_stmt *statement, int first, const ts_session_key *key) {
  int code = SQLITE_OK;
  for (unsigned i = 0; i < NUM_TEXTS && code == SQLITE_OK; i++)
    code = sqlite3_bind_text(statement, first + (int)i, key_text(key, i), -1, SQLITE_STATIC);
  if (code == SQLITE_OK) code = sqlite3_bind_int64(statement, first + NUM_TEXTS, key->loop_steps);
  if (code == SQLITE_OK)
    code = sqlite3_bind_int64(statement, first + NUM_TEXTS + 1, (int64_t)key->seed);
  return code;
}

static ts_result broken_row(ts_store *s) {
  return ts_error_plain(s->ctx, "%s: the store of trials is damaged: a row does not fit its seal",
                        s->path);
}

ts_result ts_store_key_of_row(ts_store *s, ts_arena *arena, sqlite3_stmt *statement,
                              ts_session_key *key) {
  *key = (ts_session_key){0};
  for (unsigned i = 0; i < NUM_TEXTS; i++)
    *(const char **)((char *)key + key_fields[i].at) = ts_sql_text(arena, statement, (int)i);
  key->loop_steps = (unsigned)sqlite3_column_int64(statement, NUM_TEXTS);
  key->seed = (uint64_t)sqlite3_column_int64(statement, NUM_TEXTS + 1);
  return sqlite3_column_int(statement, KEY_COLUMNS) ? TS_OK : broken_row(s);
}

/* ---- a trial's fields ---- */

/* SQLite keeps no NaN, and no sign of a zero. */
static int bind_real(sqlite3_stmt *statement, int at, double value) {
  return isnan(value) ? sqlite3_bind_null(statement, at)
                      : sqlite3_bind_double(statement, at, value + 0.0);
}

static int bind_samples(sqlite3_stmt *statement, int at, const ts_trial *t, ts_sink *scratch) {
  ts_json_numbers(scratch, t->num_samples, t->samples);
  if (ts_sink_finish(scratch)) return SQLITE_NOMEM;
  return sqlite3_bind_text(statement, at, scratch->buf, -1, SQLITE_TRANSIENT);
}

static int bind_field(sqlite3_stmt *statement, int at, const ts_trial *t, const ts_trial_field *f,
                      ts_sink *scratch) {
  switch (f->kind) {
  case TS_FIELD_REAL: return bind_real(statement, at, ts_trial_real(t, f));
  case TS_FIELD_FLAG: return sqlite3_bind_int(statement, at, ts_trial_flag(t, f));
  case TS_FIELD_TIME: return sqlite3_bind_int64(statement, at, t->when);
  case TS_FIELD_SAMPLES: return bind_samples(statement, at, t, scratch);
  default: return sqlite3_bind_text(statement, at, ts_trial_text(t, f), -1, SQLITE_STATIC);
  }
}

int ts_store_bind_trial(sqlite3_stmt *statement, int first, const ts_trial *t, ts_sink *scratch) {
  int code = SQLITE_OK;
  for (unsigned i = 0; i < TS_NUM_TRIAL_FIELDS && code == SQLITE_OK; i++)
    code = bind_field(statement, first + (int)i, t, &ts_trial_fields[i], scratch);
  return code;
}

/* As ts_json_numbers wrote them. */
static void read_samples(ts_arena *arena, const char *text, ts_trial *t) {
  unsigned most = 1;
  for (const char *at = text; *at; at++)
    most += *at == ',';
  t->samples = ts_new_array(arena, double, most);
  for (const char *at = text + strspn(text, "[ "); *at && *at != ']'; at += strspn(at, ", ")) {
    size_t n = strcspn(at, ",]");
    if (!ts_parse_double(at, n, &t->samples[t->num_samples])) t->samples[t->num_samples] = NAN;
    t->num_samples++;
    at += n;
  }
}

static double real_of_column(sqlite3_stmt *statement, int at) {
  return sqlite3_column_type(statement, at) == SQLITE_NULL ? NAN
                                                           : sqlite3_column_double(statement, at);
}

static bool read_field(ts_arena *arena, sqlite3_stmt *statement, int column,
                       const ts_trial_field *f, ts_trial *t) {
  void *at = (char *)t + f->at;
  const char *text = (const char *)sqlite3_column_text(statement, column);
  switch (f->kind) {
  case TS_FIELD_REAL: *(double *)at = real_of_column(statement, column); return true;
  case TS_FIELD_FLAG: *(bool *)at = sqlite3_column_int(statement, column); return true;
  case TS_FIELD_TIME: t->when = sqlite3_column_int64(statement, column); return true;
  case TS_FIELD_TEXT: *(const char **)at = ts_sql_text(arena, statement, column); return true;
  case TS_FIELD_VERDICT: return text && ts_verdict_find(text, at);
  case TS_FIELD_ENERGY: return !text || ts_energy_find(text, at);
  case TS_FIELD_SAMPLES: read_samples(arena, text ? text : "", t); return true;
  case TS_FIELD_DIGEST: snprintf(at, TS_DIGEST_HEX, "%s", text ? text : ""); return true;
  }
  ts_unreachable("kind of field");
}

ts_result ts_store_trial_of_row(ts_store *s, ts_arena *arena, sqlite3_stmt *statement,
                                ts_trial *t) {
  *t = (ts_trial){0};
  bool sound = sqlite3_column_int(statement, TS_NUM_TRIAL_FIELDS);
  for (int i = 0; sound && i < TS_NUM_TRIAL_FIELDS; i++)
    sound = read_field(arena, statement, i, &ts_trial_fields[i], t);
  return sound ? TS_OK : broken_row(s);
}

/* ---- seals ---- */

/* seal(…): a digest of its arguments with their types. */
static void seal(sqlite3_context *call, int n, sqlite3_value **values) {
  uint8_t bytes[TS_DIGEST_BYTES];
  ts_digest d;
  ts_digest_begin(&d);
  for (int i = 0; i < n; i++) {
    int type = sqlite3_value_type(values[i]);
    int64_t integer = type == SQLITE_INTEGER ? sqlite3_value_int64(values[i]) : 0;
    double real = type == SQLITE_FLOAT ? sqlite3_value_double(values[i]) : 0;
    const void *blob =
        type == SQLITE_TEXT || type == SQLITE_BLOB ? sqlite3_value_blob(values[i]) : NULL;
    int64_t length = blob ? sqlite3_value_bytes(values[i]) : 0;
    ts_digest_add(&d, &type, sizeof type);
    ts_digest_add(&d, &integer, sizeof integer);
    ts_digest_add(&d, &real, sizeof real);
    ts_digest_add(&d, &length, sizeof length);
    if (length) ts_digest_add(&d, blob, (size_t)length);
  }
  ts_digest_end(&d, bytes);
  sqlite3_result_blob(call, bytes, sizeof bytes, SQLITE_TRANSIENT);
}

int ts_store_add_functions(sqlite3 *db) {
  return sqlite3_create_function(db, "seal", -1, SQLITE_UTF8 | SQLITE_DETERMINISTIC, NULL, seal,
                                 NULL, NULL);
}

/* ---- statements ---- */

static const char *type_of(ts_field_kind kind) {
  switch (kind) {
  case TS_FIELD_REAL: return "REAL";
  case TS_FIELD_FLAG:
  case TS_FIELD_TIME: return "INTEGER";
  default: return "TEXT";
  }
}

/* Names in quotes, as `when` needs them, with commas between; `typed` with the type of each. */
static const char *key_columns(ts_arena *arena, bool typed) {
  const char *text = "";
  for (unsigned i = 0; i < NUM_TEXTS; i++)
    text = ts_sprintf(arena, "%s\"%s\"%s, ", text, key_fields[i].name, typed ? " TEXT" : "");
  return ts_sprintf(arena, typed ? "%sloop_steps INTEGER, seed INTEGER" : "%sloop_steps, seed",
                    text);
}

static const char *trial_columns(ts_arena *arena, bool typed) {
  const char *text = "";
  for (unsigned i = 0; i < TS_NUM_TRIAL_FIELDS; i++)
    text = ts_sprintf(arena, "%s%s\"%s\"%s%s", text, i ? ", " : "", ts_trial_fields[i].name,
                      typed ? " " : "", typed ? type_of(ts_trial_fields[i].kind) : "");
  return text;
}

/* "?1, ?2 … ?n" */
static const char *places(ts_arena *arena, unsigned n) {
  const char *text = "?1";
  for (unsigned i = 2; i <= n; i++)
    text = ts_sprintf(arena, "%s, ?%u", text, i);
  return text;
}

static void make_schema(ts_arena *a, ts_store_sql *sql) {
  const char *session = ts_sprintf(
      a,
      "CREATE TABLE session (id INTEGER PRIMARY KEY, digest TEXT NOT NULL UNIQUE, %s, seal BLOB NOT NULL) STRICT",
      key_columns(a, true));
  const char *trial = ts_sprintf(
      a,
      "CREATE TABLE trial (id INTEGER PRIMARY KEY, session INTEGER NOT NULL REFERENCES session (id) ON DELETE CASCADE, "
      "%s, seal BLOB NOT NULL, UNIQUE (session, \"parameters\")) STRICT",
      trial_columns(a, true));
  sql->create = ts_sprintf(a, "%s; %s", session, trial);
  sql->schema = ts_sprintf(a, "%s\n%s", session, trial);
}

const ts_store_sql *ts_store_sql_make(ts_arena *a) {
  ts_store_sql *sql = ts_new(a, ts_store_sql);
  const char *key = key_columns(a, false), *trial = trial_columns(a, false);
  const char *key_places = places(a, KEY_COLUMNS + 1);
  const char *trial_places = places(a, TS_NUM_TRIAL_FIELDS + 1);
  make_schema(a, sql);
  sql->add_session = ts_sprintf(a,
                                "INSERT INTO session (digest, %s, seal) VALUES (%s, seal(%s)) "
                                "ON CONFLICT (digest) DO NOTHING",
                                key, key_places, key_places);
  sql->add_trial = ts_sprintf(a,
                              "INSERT INTO trial (session, %s, seal) VALUES (%s, seal(%s)) "
                              "ON CONFLICT (session, \"parameters\") DO NOTHING",
                              trial, trial_places, trial_places);
  sql->change_trial = ts_sprintf(a,
                                 "UPDATE trial SET (session, %s, seal) = (%s, seal(%s)) "
                                 "WHERE session = ?1 AND \"parameters\" = ?2",
                                 trial, trial_places, trial_places);
  sql->broken = ts_sprintf(a,
                           "SELECT (SELECT count(*) FROM session WHERE seal <> seal(digest, %s)) + "
                           "(SELECT count(*) FROM trial WHERE seal <> seal(session, %s))",
                           key, trial);
  sql->session_columns = ts_sprintf(a, "%s, seal = seal(digest, %s)", key, key);
  sql->trial_columns = ts_sprintf(a, "%s, seal = seal(session, %s)", trial, trial);
  return sql;
}
