/* A store's file: opened, made, and looked at before it is trusted. */
#include "records/store.h"

#include <errno.h>
#include <sys/stat.h>

#include "support/cache.h"
#include "support/files.h"
#include "records/schema_impl.h"

/* Stores up to this many bytes are read whole when they are opened: 1.7 MB, 5000 trials, take 0.03 s. Of larger ones each
 * row is looked at when it is asked for. */
#define CHECKED_WHOLE (INT64_C(16) << 20)

typedef struct opening {
  ts_context *ctx;
  const char *path; /* NULL: the usual place */
  ts_store_access access;
  ts_store *store; /* closed at the end unless it is whole */
  bool whole;
} opening;

/* ---- the connection ---- */

/* The path as a URI: other characters than these could mean something there. */
static const char *uri_of(ts_arena *arena, const char *path, const char *query) {
  static const char plain[] = "/._-ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  char *uri = ts_arena_alloc(arena, 3 * strlen(path) + strlen(query) + sizeof "file:");
  char *to = stpcpy(uri, "file:");
  while (path[0] == '/' && path[1] == '/')
    path++; /* what follows two would be a host */
  for (; *path; path++)
    to += sprintf(to, strchr(plain, *path) ? "%c" : "%%%02X", (unsigned char)*path);
  strcpy(to, query);
  return uri;
}

static int connect_to(ts_store *s, const char *query) {
  int flags = SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE |
              (s->access == TS_STORE_WRITE ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
                                           : SQLITE_OPEN_READONLY);
  sqlite3_close(s->db);
  int code = sqlite3_open_v2(uri_of(&s->arena, s->path, query), &s->db, flags, NULL);
  if (code == SQLITE_OK) sqlite3_busy_timeout(s->db, TS_STORE_WAIT_MS);
  return code;
}

/* The file may be anybody's: nothing in it is to run, and cells are looked at before they are believed. */
static ts_result set_up_connection(ts_store *s) {
  enum { MOST_BYTES = 64 << 20 };
  sqlite3_limit(s->db, SQLITE_LIMIT_LENGTH, MOST_BYTES);
  (void)sqlite3_db_config(s->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
  (void)sqlite3_db_config(s->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
  int code = ts_store_add_functions(s->db);
  if (code != SQLITE_OK) return ts_sql_failed(s, code);
  return ts_sql_run(s, "PRAGMA cell_size_check = ON; PRAGMA foreign_keys = ON; "
                       "PRAGMA synchronous = FULL");
}

/* A store that was left with a log cannot be read in a folder where no file can be made, but for what is in the file
 * itself; and that is all of it, unless its writer was ended in the middle of a trial. */
static ts_result connect_for_good(ts_store *s) {
  int64_t version;
  int code = connect_to(s, "");
  if (code == SQLITE_OK)
    code = sqlite3_exec(s->db, "SELECT 1 FROM sqlite_schema", NULL, NULL, NULL);
  bool shut = (code & 0xff) == SQLITE_CANTOPEN || (code & 0xff) == SQLITE_READONLY;
  if (shut && s->access == TS_STORE_READ) code = connect_to(s, "?immutable=1");
  if (code != SQLITE_OK) return ts_sql_failed(s, code);
  ts_result result = set_up_connection(s);
  if (result) return result;
  if (s->access == TS_STORE_WRITE && sqlite3_db_readonly(s->db, "main"))
    return ts_sql_failed(s, SQLITE_READONLY);
  return ts_sql_number(s, "PRAGMA user_version", &version);
}

/* ---- whether it is a store ---- */

static ts_result make_tables(ts_store *s) {
  int64_t tables;
  ts_result result = ts_sql_begin(s);
  if (result) return result;
  /* another program may have been quicker */
  result = ts_sql_number(s, "SELECT count(*) FROM sqlite_schema", &tables);
  if (!result && !tables) {
    result = ts_sql_run(s, s->sql->create);
    if (!result)
      result = ts_sql_run(s, ts_sprintf(&s->arena,
                                        "PRAGMA application_id = %d; PRAGMA user_version = %d",
                                        TS_STORE_APPLICATION, TS_STORE_VERSION));
  }
  return ts_sql_end(s, result);
}

static ts_result make_new(ts_store *s) {
  const char *mode;
  ts_result result = ts_sql_one_text(s, &s->arena, "PRAGMA journal_mode = WAL", &mode);
  if (result) return result;
  if (!mode || strcmp(mode, "wal") != 0)
    return ts_error_plain(s->ctx, "%s: this file system cannot keep a store with a log ahead of it",
                          s->path);
  result = make_tables(s);
  ts_sql_settle(s);
  return result;
}

static ts_result check_kind(ts_store *s) {
  int64_t application, version, tables;
  ts_result result = ts_sql_number(s, "PRAGMA application_id", &application);
  if (!result) result = ts_sql_number(s, "PRAGMA user_version", &version);
  if (!result) result = ts_sql_number(s, "SELECT count(*) FROM sqlite_schema", &tables);
  if (result) return result;
  if (!application && !version && !tables && s->access == TS_STORE_WRITE) return make_new(s);
  if (application != TS_STORE_APPLICATION)
    return ts_error_plain(s->ctx, "%s: an SQLite file, but not a store of trials", s->path);
  if (version != TS_STORE_VERSION)
    return ts_error_plain(s->ctx,
                          "%s: a store of trials of version %lld; this program knows version %d",
                          s->path, (long long)version, TS_STORE_VERSION);
  return TS_OK;
}

static ts_result check_schema(ts_store *s) {
  const char *schema;
  ts_result result = ts_sql_one_text(
      s, &s->arena,
      "SELECT group_concat(sql, char(10)) FROM (SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name)",
      &schema);
  if (!result && (!schema || strcmp(schema, s->sql->schema) != 0))
    result = ts_error_plain(s->ctx, "%s: the store of trials is damaged: its tables are others",
                            s->path);
  return result;
}

static ts_result check_rows(ts_store *s) {
  int64_t bytes, broken;
  const char *found;
  ts_result result = ts_sql_size(s, &bytes);
  if (result || bytes > CHECKED_WHOLE) return result;
  result = ts_sql_one_text(s, &s->arena, "PRAGMA integrity_check(1)", &found);
  if (result) return result;
  if (!found || strcmp(found, "ok") != 0)
    return ts_error_plain(s->ctx, "%s: the store of trials is damaged: %s", s->path,
                          found ? found : "it cannot be checked");
  result = ts_sql_number(s, s->sql->broken, &broken);
  if (!result && broken)
    result = ts_error_plain(s->ctx,
                            "%s: the store of trials is damaged: %lld rows do not fit their seals",
                            s->path, (long long)broken);
  return result;
}

/* ---- opening ---- */

static ts_result find_file(opening *o, ts_store *s, bool *absent) {
  struct stat st;
  s->path = o->path ? ts_strdup(&s->arena, o->path) : ts_cache_default(&s->arena, "tune.db");
  if (!s->path)
    return ts_error_plain(o->ctx, "no place for a store of trials: neither XDG_CACHE_HOME nor HOME "
                                  "is a folder");
  *absent = stat(s->path, &st) != 0 && errno == ENOENT;
  if (*absent && !o->path && s->access == TS_STORE_WRITE) {
    const char *slash = strrchr(s->path, '/');
    int error =
        ts_folders_make(&s->arena, ts_strndup(&s->arena, s->path, (size_t)(slash - s->path)));
    if (error)
      return ts_error_plain(o->ctx, "cannot make the folder of '%s': %s", s->path, strerror(error));
  }
  if (!*absent && !S_ISREG(st.st_mode))
    return ts_error_plain(o->ctx, "%s: not a regular file, as a store of trials is", s->path);
  return TS_OK;
}

static ts_result open_body(void *arg) {
  opening *o = arg;
  bool absent = false;
  ts_store *s = o->store = ts_realloc(&o->ctx->memory, NULL, 0, sizeof *s);
  *s = (ts_store){.ctx = o->ctx, .access = o->access};
  ts_arena_init(&s->arena, &o->ctx->memory);
  ts_result result = find_file(o, s, &absent);
  if (result) return result;
  if (absent && !o->path && o->access == TS_STORE_READ) return TS_OK;
  if (absent && o->access == TS_STORE_READ)
    return ts_error_plain(o->ctx, "cannot open the store of trials '%s': %s", s->path,
                          strerror(ENOENT));
  s->sql = ts_store_sql_make(&s->arena);
  result = connect_for_good(s);
  if (!result) result = check_kind(s);
  if (!result) result = check_schema(s);
  if (!result) result = check_rows(s);
  o->whole = !result;
  return result;
}

static void end_opening(void *arg) {
  opening *o = arg;
  if (o->whole) return;
  ts_store_close(o->store);
  o->store = NULL;
}

ts_result ts_store_open(ts_context *ctx, const char *path, ts_store_access access, ts_store **out) {
  opening o = {.ctx = ctx, .path = path, .access = access};
  ts_result result = ts_protect_cleanup(ctx, open_body, end_opening, &o);
  *out = o.store;
  return result;
}

/* Statements are left where memory ran out while one gave rows. */
void ts_store_close(ts_store *s) {
  if (!s) return;
  for (sqlite3_stmt *left; s->db && (left = sqlite3_next_stmt(s->db, NULL));)
    sqlite3_finalize(left);
  sqlite3_close(s->db);
  ts_context *ctx = s->ctx;
  ts_arena_drop(&s->arena);
  ts_free(&ctx->memory, s, sizeof *s);
}
