/* Sessions and trials of a store. */
#include "support/digest.h"
#include "records/schema_impl.h"

/* ---- sessions ---- */

static ts_result bind_session(ts_store *s, sqlite3_stmt *statement, const char *digest,
                              const ts_session_key *key) {
  int code = sqlite3_bind_text(statement, 1, digest, -1, SQLITE_STATIC);
  if (code == SQLITE_OK) code = ts_store_bind_key(statement, 2, key);
  return code == SQLITE_OK ? TS_OK : ts_sql_failed(s, code);
}

static ts_result find_session(ts_store *s, const char *digest, int64_t *id) {
  sqlite3_stmt *statement;
  bool row = false;
  ts_result result = ts_sql_prepare(s, "SELECT id FROM session WHERE digest = ?1", &statement);
  if (result) return result;
  sqlite3_bind_text(statement, 1, digest, -1, SQLITE_STATIC);
  result = ts_sql_step(s, statement, &row);
  *id = row ? sqlite3_column_int64(statement, 0) : 0;
  sqlite3_finalize(statement);
  return result;
}

static ts_result add_session(ts_store *s, const char *digest, const ts_session_key *key) {
  sqlite3_stmt *statement;
  ts_result result = ts_sql_prepare(s, s->sql->add_session, &statement);
  if (result) return result;
  result = bind_session(s, statement, digest, key);
  if (!result) return ts_sql_finish(s, statement);
  sqlite3_finalize(statement);
  return result;
}

ts_result ts_store_session(ts_store *s, ts_arena *arena, const ts_session_key *key,
                           ts_session_store **out) {
  char digest[TS_DIGEST_HEX];
  ts_session_store *session = ts_new(arena, ts_session_store);
  *session = (ts_session_store){.store = s};
  *out = session;
  ts_store_key_digest(key, digest);
  ts_result result = find_session(s, digest, &session->id);
  if (result || session->id) return result;
  result = add_session(s, digest, key);
  if (!result) result = find_session(s, digest, &session->id);
  return result;
}

/* ---- trials ---- */

/* Runs a statement over all fields of a trial. */
static ts_result run_about_trial(const ts_session_store *session, const char *sql,
                                 const ts_trial *t) {
  ts_store *s = session->store;
  sqlite3_stmt *statement;
  ts_sink scratch;
  ts_result result = ts_sql_prepare(s, sql, &statement);
  if (result) return result;
  ts_sink_buffer(&scratch, NULL);
  int code = sqlite3_bind_int64(statement, 1, session->id);
  if (code == SQLITE_OK) code = ts_store_bind_trial(statement, 2, t, &scratch);
  ts_sink_drop(&scratch);
  if (code == SQLITE_OK) return ts_sql_finish(s, statement);
  sqlite3_finalize(statement);
  return ts_sql_failed(s, code);
}

static ts_result keep(const ts_session_store *session, const char *sql, const ts_trial *t) {
  ts_result result = run_about_trial(session, sql, t);
  if (!result && sqlite3_get_autocommit(session->store->db)) ts_sql_settle(session->store);
  return result;
}

ts_result ts_session_keep(ts_session_store *session, const ts_trial *t) {
  return keep(session, session->store->sql->add_trial, t);
}

ts_result ts_session_correct(ts_session_store *session, const ts_trial *t) {
  return keep(session, session->store->sql->change_trial, t);
}

static ts_result prepare_trials(ts_store *s, int64_t session, const char *where,
                                sqlite3_stmt **statement) {
  char *sql = sqlite3_mprintf("SELECT %s FROM trial WHERE session = ?1 %s ORDER BY id",
                              s->sql->trial_columns, where);
  if (!sql) return ts_sql_failed(s, SQLITE_NOMEM);
  ts_result result = ts_sql_prepare(s, sql, statement);
  sqlite3_free(sql);
  if (!result) sqlite3_bind_int64(*statement, 1, session);
  return result;
}

ts_result ts_session_recall(ts_session_store *session, ts_arena *arena, const char *parameters,
                            bool *found, ts_trial *out) {
  ts_store *s = session->store;
  sqlite3_stmt *statement;
  *found = false;
  ts_result result = prepare_trials(s, session->id, "AND \"parameters\" = ?2", &statement);
  if (result) return result;
  sqlite3_bind_text(statement, 2, parameters, -1, SQLITE_STATIC);
  result = ts_sql_step(s, statement, found);
  if (!result && *found) result = ts_store_trial_of_row(s, arena, statement, out);
  sqlite3_finalize(statement);
  return result;
}

ts_result ts_store_trials(ts_store *s, ts_arena *arena, int64_t session,
                          ts_result (*each)(void *user, const ts_trial *), void *user) {
  sqlite3_stmt *statement;
  bool row = true;
  if (!s) return TS_OK;
  ts_result result = prepare_trials(s, session, "", &statement);
  if (result) return result;
  while (!result && !(result = ts_sql_step(s, statement, &row)) && row) {
    ts_trial *t = ts_new(arena, ts_trial);
    result = ts_store_trial_of_row(s, arena, statement, t);
    if (!result) result = each(user, t);
  }
  sqlite3_finalize(statement);
  return result;
}

/* ---- what is there ---- */

static ts_result prepare_sessions(ts_store *s, const ts_session_key *like,
                                  sqlite3_stmt **statement) {
  char *sql = sqlite3_mprintf(
      "SELECT %s, id, (SELECT count(*) FROM trial WHERE session = s.id), "
      "(SELECT count(*) FROM trial WHERE session = s.id AND verdict = 'ok'), "
      "(SELECT min(\"when\") FROM trial WHERE session = s.id), "
      "(SELECT max(\"when\") FROM trial WHERE session = s.id), "
      "(SELECT min(ms) FROM trial WHERE session = s.id AND verdict = 'ok') FROM session s "
      "WHERE (?1 IS NULL OR program = ?1) AND (?2 IS NULL OR target = ?2) "
      "AND (?3 IS NULL OR function = ?3) ORDER BY id",
      s->sql->session_columns);
  if (!sql) return ts_sql_failed(s, SQLITE_NOMEM);
  ts_result result = ts_sql_prepare(s, sql, statement);
  sqlite3_free(sql);
  if (result || !like) return result;
  sqlite3_bind_text(*statement, 1, like->program, -1, SQLITE_STATIC);
  sqlite3_bind_text(*statement, 2, like->target, -1, SQLITE_STATIC);
  sqlite3_bind_text(*statement, 3, like->function, -1, SQLITE_STATIC);
  return TS_OK;
}

static ts_result session_of_row(ts_store *s, ts_arena *arena, sqlite3_stmt *statement,
                                ts_kept_session *out) {
  int at = ts_store_key_columns();
  ts_result result = ts_store_key_of_row(s, arena, statement, &out->key);
  out->id = sqlite3_column_int64(statement, at);
  out->trials = (uint64_t)sqlite3_column_int64(statement, at + 1);
  out->good = (uint64_t)sqlite3_column_int64(statement, at + 2);
  out->first = sqlite3_column_int64(statement, at + 3);
  out->last = sqlite3_column_int64(statement, at + 4);
  out->best = sqlite3_column_double(statement, at + 5);
  return result;
}

ts_result ts_store_sessions(ts_store *s, ts_arena *arena, const ts_session_key *like,
                            ts_result (*each)(void *user, const ts_kept_session *), void *user) {
  sqlite3_stmt *statement;
  bool row = true;
  if (!s) return TS_OK;
  ts_result result = prepare_sessions(s, like, &statement);
  if (result) return result;
  while (!result && !(result = ts_sql_step(s, statement, &row)) && row) {
    ts_kept_session *session = ts_new(arena, ts_kept_session);
    result = session_of_row(s, arena, statement, session);
    if (!result) result = each(user, session);
  }
  sqlite3_finalize(statement);
  return result;
}

typedef struct finding {
  int64_t wanted;
  ts_kept_session *found;
} finding;

static ts_result look_at(void *user, const ts_kept_session *session) {
  finding *f = user;
  if (session->id == f->wanted) *f->found = *session;
  return TS_OK;
}

ts_result ts_store_find(ts_store *s, ts_arena *arena, int64_t id, ts_kept_session *out) {
  finding f = {id, out};
  *out = (ts_kept_session){0};
  ts_result result = ts_store_sessions(s, arena, NULL, look_at, &f);
  if (result || out->id) return result;
  return ts_error_plain(s->ctx, "%s: has no session %lld", s->path, (long long)id);
}

ts_result ts_store_best(ts_store *s, ts_arena *arena, const char *digest, const char *target,
                        const char **pipeline, unsigned *from) {
  static const char sql[] =
      "SELECT pipeline, CASE WHEN program = ?1 THEN 0 ELSE loop_steps END "
      "FROM trial JOIN session ON session.id = trial.session "
      "WHERE (program = ?1 OR loops = ?1) AND target = ?2 AND verdict = 'ok' "
      "AND NOT hopeless AND pipeline IS NOT NULL ORDER BY ms, trial.id LIMIT 1";
  sqlite3_stmt *statement;
  bool row = false;
  *pipeline = NULL;
  *from = 0;
  if (!s) return TS_OK;
  ts_result result = ts_sql_prepare(s, sql, &statement);
  if (result) return result;
  sqlite3_bind_text(statement, 1, digest, -1, SQLITE_STATIC);
  sqlite3_bind_text(statement, 2, target, -1, SQLITE_STATIC);
  result = ts_sql_step(s, statement, &row);
  if (row) {
    *pipeline = ts_sql_text(arena, statement, 0);
    *from = (unsigned)sqlite3_column_int64(statement, 1);
  }
  sqlite3_finalize(statement);
  return result;
}
