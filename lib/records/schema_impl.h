/* The two tables of a store, and the statements about their rows. */
#ifndef TS_RECORDS_SCHEMA_IMPL_H
#define TS_RECORDS_SCHEMA_IMPL_H

#include "records/sql_impl.h"

/* In the header of the file: "TSMt", and the version of these tables. */
enum { TS_STORE_APPLICATION = 0x54534d74, TS_STORE_VERSION = 1 };

/* Texts, made from the tables of fields. Parameters: a session's digest and fields, or a trial's session and fields, in
 * their order; the trial's parameters are ?2. Every row has a seal, a digest of all else in it but its number. */
typedef struct ts_store_sql {
  const char *create; /* both tables */
  const char *schema; /* the text of both as SQLite keeps it, a newline behind each */
  const char *add_session, *add_trial, *change_trial;
  const char *broken;        /* how many rows do not fit their seals */
  const char *trial_columns; /* of a query: the fields, and whether the seal fits */
  const char *session_columns;
} ts_store_sql;

const ts_store_sql *ts_store_sql_make(ts_arena *);
/* Gives the connection the function that seals rows. A code of SQLite's. */
int ts_store_add_functions(sqlite3 *);

/* Binds what a statement takes, from parameter `first` on. A code of SQLite's. */
int ts_store_bind_key(sqlite3_stmt *, int first, const ts_session_key *);
int ts_store_bind_trial(sqlite3_stmt *, int first, const ts_trial *, ts_sink *scratch);
/* What the columns hold, from the first on. TS_ERR for a row that does not fit its seal. */
ts_result ts_store_key_of_row(ts_store *, ts_arena *, sqlite3_stmt *, ts_session_key *);
ts_result ts_store_trial_of_row(ts_store *, ts_arena *, sqlite3_stmt *, ts_trial *);
/* How many columns a session has there, the seal's included. */
int ts_store_key_columns(void);
/* What a session is known by, hex. */
void ts_store_key_digest(const ts_session_key *, char out[]);

#endif
