/* SQLite's calls, with its codes as messages that name the store. */
#include <errno.h>

#include "records/sql_impl.h"

static ts_result say(ts_store *s, const char *what) {
  return ts_error_plain(s->ctx, "%s: %s", s->path, what);
}

/* What the system said, for codes behind which it stands. */
static const char *system_said(ts_store *s) {
  int error = sqlite3_system_errno(s->db);
  return error ? strerror(error) : sqlite3_errmsg(s->db);
}

ts_result ts_sql_failed(ts_store *s, int code) {
  switch (code & 0xff) {
  case SQLITE_NOMEM: (void)say(s, "out of memory while using the store of trials"); return TS_LIMIT;
  case SQLITE_BUSY:
  case SQLITE_LOCKED: return say(s, "another program has locked the store for ten seconds");
  case SQLITE_FULL: return say(s, "the disk is full");
  case SQLITE_NOTADB: return say(s, "not a store of trials, or one whose beginning is damaged");
  case SQLITE_READONLY:
  case SQLITE_PERM: return say(s, "the store of trials cannot be written");
  case SQLITE_CANTOPEN:
    return ts_error_plain(s->ctx, "cannot open the store of trials '%s': %s", s->path,
                          system_said(s));
  case SQLITE_IOERR:
    return ts_error_plain(s->ctx, "%s: the store of trials cannot be %s: %s", s->path,
                          code == SQLITE_IOERR_READ || code == SQLITE_IOERR_SHORT_READ ? "read"
                                                                                       : "written",
                          system_said(s));
  default:
    return ts_error_plain(s->ctx, "%s: the store of trials is damaged: %s", s->path,
                          sqlite3_errmsg(s->db));
  }
}

ts_result ts_sql_prepare(ts_store *s, const char *sql, sqlite3_stmt **out) {
  int code = sqlite3_prepare_v2(s->db, sql, -1, out, NULL);
  return code == SQLITE_OK ? TS_OK : ts_sql_failed(s, code);
}

ts_result ts_sql_run(ts_store *s, const char *sql) {
  int code = sqlite3_exec(s->db, sql, NULL, NULL, NULL);
  return code == SQLITE_OK ? TS_OK : ts_sql_failed(s, sqlite3_extended_errcode(s->db));
}

ts_result ts_sql_step(ts_store *s, sqlite3_stmt *statement, bool *row) {
  int code = sqlite3_step(statement);
  *row = code == SQLITE_ROW;
  return *row || code == SQLITE_DONE ? TS_OK : ts_sql_failed(s, sqlite3_extended_errcode(s->db));
}

ts_result ts_sql_finish(ts_store *s, sqlite3_stmt *statement) {
  bool row;
  ts_result result = ts_sql_step(s, statement, &row);
  sqlite3_finalize(statement);
  return result;
}

/* The statement at its first row, if it has one; to be finalized where TS_OK is returned. */
static ts_result first_row(ts_store *s, const char *query, sqlite3_stmt **statement, bool *row) {
  *row = false;
  ts_result result = ts_sql_prepare(s, query, statement);
  if (result) return result;
  result = ts_sql_step(s, *statement, row);
  if (result) sqlite3_finalize(*statement);
  return result;
}

ts_result ts_sql_number(ts_store *s, const char *query, int64_t *out) {
  sqlite3_stmt *statement;
  bool row;
  *out = 0;
  ts_result result = first_row(s, query, &statement, &row);
  if (result) return result;
  if (row) *out = sqlite3_column_int64(statement, 0);
  sqlite3_finalize(statement);
  return TS_OK;
}

ts_result ts_sql_one_text(ts_store *s, ts_arena *arena, const char *query, const char **out) {
  sqlite3_stmt *statement;
  bool row;
  *out = NULL;
  ts_result result = first_row(s, query, &statement, &row);
  if (result) return result;
  if (row) *out = ts_sql_text(arena, statement, 0);
  sqlite3_finalize(statement);
  return TS_OK;
}

ts_result ts_sql_size(ts_store *s, int64_t *bytes) {
  return ts_sql_number(s, "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size",
                       bytes);
}

const char *ts_sql_text(ts_arena *arena, sqlite3_stmt *statement, int column) {
  const char *text = (const char *)sqlite3_column_text(statement, column);
  return text ? ts_strdup(arena, text) : NULL;
}

ts_result ts_sql_begin(ts_store *s) { return ts_sql_run(s, "BEGIN IMMEDIATE"); }

ts_result ts_sql_end(ts_store *s, ts_result result) {
  if (!result) result = ts_sql_run(s, "COMMIT");
  if (result) (void)sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
  return result;
}

/* Where another program reads or writes meanwhile, the log stays, and that one or the next brings it in. */
void ts_sql_settle(ts_store *s) {
  enum { SHORT_WAIT_MS = 50 };
  sqlite3_busy_timeout(s->db, SHORT_WAIT_MS);
  (void)sqlite3_wal_checkpoint_v2(s->db, "main", SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
  sqlite3_busy_timeout(s->db, TS_STORE_WAIT_MS);
}
