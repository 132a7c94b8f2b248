/* Stores put together and cleared out. */
#include "records/sql_impl.h"

/* ---- merging ---- */

typedef struct merge {
  ts_store *into, *from;
  ts_arena *arena;
  ts_session_store *session; /* of the store that grows */
  ts_merge_counts *counts;
} merge;

static ts_result merge_trial(void *user, const ts_trial *t) {
  merge *m = user;
  int64_t before = sqlite3_total_changes64(m->into->db);
  ts_result result = ts_session_keep(m->session, t);
  m->counts->trials++;
  m->counts->added += (uint64_t)(sqlite3_total_changes64(m->into->db) - before);
  return result;
}

static ts_result merge_session(void *user, const ts_kept_session *session) {
  merge *m = user;
  m->counts->sessions++;
  ts_result result = ts_store_session(m->into, m->arena, &session->key, &m->session);
  return result ? result : ts_store_trials(m->from, m->arena, session->id, merge_trial, m);
}

ts_result ts_store_merge(ts_store *into, ts_arena *arena, ts_store *from, ts_merge_counts *counts) {
  merge m = {into, from, arena, NULL, counts};
  *counts = (ts_merge_counts){0};
  ts_result result = ts_sql_begin(into);
  if (result) return result;
  result = ts_sql_end(into, ts_store_sessions(from, arena, NULL, merge_session, &m));
  ts_sql_settle(into);
  return result;
}

/* ---- pruning ---- */

static ts_result remove_rows(ts_store *s, const char *sql, int64_t number, uint64_t *gone) {
  sqlite3_stmt *statement;
  int64_t before = sqlite3_total_changes64(s->db);
  ts_result result = ts_sql_prepare(s, sql, &statement);
  if (result) return result;
  if (sqlite3_bind_parameter_count(statement)) sqlite3_bind_int64(statement, 1, number);
  result = ts_sql_finish(s, statement);
  *gone += (uint64_t)(sqlite3_total_changes64(s->db) - before);
  return result;
}

static ts_result prune_rows(ts_store *s, const ts_prune *plan, ts_prune_counts *counts) {
  ts_result result = TS_OK;
  if (plan->failed)
    result = remove_rows(s, "DELETE FROM trial WHERE verdict <> 'ok'", 0, &counts->trials);
  if (!result && plan->before)
    result = remove_rows(s, "DELETE FROM trial WHERE \"when\" < ?1", plan->before, &counts->trials);
  if (!result && plan->keeps)
    result = remove_rows(s,
                         "DELETE FROM trial WHERE id IN (SELECT id FROM (SELECT id, row_number() "
                         "OVER (PARTITION BY session ORDER BY verdict <> 'ok', hopeless, ms, id) "
                         "AS place FROM trial) WHERE place > ?1)",
                         (int64_t)plan->keep, &counts->trials);
  if (!result)
    result = remove_rows(s, "DELETE FROM session WHERE id NOT IN (SELECT session FROM trial)", 0,
                         &counts->sessions);
  return result;
}

ts_result ts_store_prune(ts_store *s, const ts_prune *plan, ts_prune_counts *counts) {
  int64_t before = 0, after = 0;
  *counts = (ts_prune_counts){0};
  ts_result result = ts_sql_size(s, &before);
  if (!result) result = ts_sql_begin(s);
  if (result) return result;
  result = ts_sql_end(s, prune_rows(s, plan, counts));
  if (!result) result = ts_sql_run(s, "VACUUM");
  ts_sql_settle(s);
  if (!result) result = ts_sql_size(s, &after);
  counts->bytes = (uint64_t)ts_max(before - after, 0);
  return result;
}
