/* A store's connection: its statements, and what became of them as messages. */
#ifndef TS_RECORDS_SQL_IMPL_H
#define TS_RECORDS_SQL_IMPL_H

#include <sqlite3.h>

#include "records/store.h"

struct ts_store {
  ts_context *ctx;
  ts_arena arena; /* of what lives as long */
  sqlite3 *db;
  const char *path; /* for messages */
  ts_store_access access;
  const struct ts_store_sql *sql; /* schema_impl.h */
};

struct ts_session_store {
  ts_store *store;
  int64_t id;
};

/* How long a store that another program has locked is waited for. */
enum { TS_STORE_WAIT_MS = 10000 };

/* Says what SQLite's code means for the store. TS_ERR; TS_LIMIT for memory. */
ts_result ts_sql_failed(ts_store *, int code);
/* A statement, or several that give no row. */
ts_result ts_sql_prepare(ts_store *, const char *sql, sqlite3_stmt **);
ts_result ts_sql_run(ts_store *, const char *sql);
/* The next row: *row is false past the last. */
ts_result ts_sql_step(ts_store *, sqlite3_stmt *, bool *row);
/* Runs one that gives no row, and finalizes it. */
ts_result ts_sql_finish(ts_store *, sqlite3_stmt *);
/* The first column of a query's first row, a number or a text in the arena. */
ts_result ts_sql_number(ts_store *, const char *query, int64_t *out);
ts_result ts_sql_one_text(ts_store *, ts_arena *, const char *query, const char **out);
/* Bytes of the file, when its log has been brought in. */
ts_result ts_sql_size(ts_store *, int64_t *bytes);
/* The text of a column in the arena; NULL of none. */
const char *ts_sql_text(ts_arena *, sqlite3_stmt *, int column);
/* Opens a transaction that writes, and ends it, by a commit if `result` is TS_OK: what is returned is that, or what the
 * commit came to. */
ts_result ts_sql_begin(ts_store *);
ts_result ts_sql_end(ts_store *, ts_result);
/* Brings what was committed from the log into the file, so that the file alone holds it: a log that is lost or damaged
 * after that takes nothing with it. */
void ts_sql_settle(ts_store *);

#endif
