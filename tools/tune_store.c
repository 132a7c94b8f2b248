/* ts-tune show, merge and prune: what is in a store of trials, put together and cleared out. */
#include <stdlib.h>
#include <time.h>

#include "records/listing.h"
#include "tune.h"

typedef struct store_tool {
  ts_tool tool;
  const char *db, *output; /* db NULL: the usual place */
  ts_store *store, *other;
  bool json, csv, failed;
  int64_t keep;
  double older_than; /* seconds */
} store_tool;

#define DB_FLAG                                                                                    \
  {"db",      TS_FLAG_STRING, "file", "the store (default tilesmith/tune.db in the cache folder)", \
   "Records", .at = &o.db}

static void close_stores(void *arg) {
  store_tool *o = arg;
  ts_store_close(o->store);
  ts_store_close(o->other);
}

typedef struct subcommand {
  const char *name, *overview, *input;
  size_t max_inputs;
  ts_result (*run)(void *);
} subcommand;

static int run_tool(store_tool *o, const subcommand *c, int argc, char **argv, const ts_flag *flags,
                    size_t num_flags) {
  ts_result result = ts_tool_begin(&o->tool, c->name, c->overview, o);
  o->tool.input_name = c->input;
  if (!result) result = ts_tool_parse(&o->tool, argc, argv, flags, num_flags, c->max_inputs);
  if (!result && !o->tool.done) result = ts_protect_cleanup(o->tool.ctx, c->run, close_stores, o);
  return ts_tool_end(&o->tool, result);
}

/* ---- show ---- */

static ts_result read_session(store_tool *o, int64_t *id) {
  const char *text = o->tool.num_inputs ? o->tool.inputs[0] : NULL;
  char *end = NULL;
  *id = text ? strtoll(text, &end, 10) : 0;
  if (text && (*end || *id <= 0))
    return ts_tool_usage(
        &o->tool, "'%s': wanted the number of a session, as 'ts-tune show' lists them", text);
  if (o->json && o->csv) return ts_tool_usage(&o->tool, "'--json' and '--csv' are two forms");
  return TS_OK;
}

static ts_result show(void *arg) {
  store_tool *o = arg;
  ts_output out;
  int64_t id;
  ts_arena *arena = &o->tool.ctx->arena;
  ts_list_form form = o->json ? TS_LIST_JSON : o->csv ? TS_LIST_CSV : TS_LIST_TABLE;
  ts_result result = read_session(o, &id);
  if (!result) result = ts_store_open(o->tool.ctx, o->db, TS_STORE_READ, &o->store);
  if (!result && id && !o->store)
    result = ts_error_plain(o->tool.ctx, "there is no store of trials yet at the usual place");
  if (!result) result = ts_output_open(&o->tool, &out, o->output);
  if (result) return result;
  result = id ? ts_list_trials(o->store, arena, &out.sink, id, form)
              : ts_list_sessions(o->store, arena, &out.sink, form);
  if (!result) return ts_output_commit(&o->tool, &out);
  ts_output_discard(&out);
  return result;
}

int tune_show_main(int argc, char **argv) {
  store_tool o = {.output = "-"};
  const ts_flag flags[] = {
      DB_FLAG,
      {"json", TS_FLAG_BOOL, NULL, "as JSON", "Output", .at = &o.json},
      {"csv", TS_FLAG_BOOL, NULL, "as CSV (RFC 4180)", "Output", .at = &o.csv},
      {"o", TS_FLAG_STRING, "file", "where the list goes", "Output", .at = &o.output},
  };
  const subcommand c = {"ts-tune show",
                        "list the sessions of a store, or with a number the trials of one",
                        "[session]", 1, show};
  return run_tool(&o, &c, argc, argv, flags, ts_countof(flags));
}

/* ---- merge ---- */

static ts_result merge_file(store_tool *o, const char *path, ts_merge_counts *total) {
  ts_merge_counts counts;
  ts_result result = ts_store_open(o->tool.ctx, path, TS_STORE_READ, &o->other);
  if (!result) result = ts_store_merge(o->store, &o->tool.ctx->arena, o->other, &counts);
  ts_store_close(o->other);
  o->other = NULL;
  if (result) return result;
  total->sessions += counts.sessions;
  total->trials += counts.trials;
  total->added += counts.added;
  return TS_OK;
}

static ts_result merge(void *arg) {
  store_tool *o = arg;
  ts_merge_counts total = {0};
  if (!o->tool.num_inputs) return ts_tool_usage(&o->tool, "no store to merge: name one or more");
  ts_result result = ts_store_open(o->tool.ctx, o->db, TS_STORE_WRITE, &o->store);
  for (size_t i = 0; !result && i < o->tool.num_inputs; i++)
    result = merge_file(o, o->tool.inputs[i], &total);
  if (result) return result;
  ts_inform_plain(o->tool.ctx, "%llu of %llu trials added, the others were there; %llu sessions",
                  (unsigned long long)total.added, (unsigned long long)total.trials,
                  (unsigned long long)total.sessions);
  return TS_OK;
}

int tune_merge_main(int argc, char **argv) {
  store_tool o = {0};
  const ts_flag flags[] = {DB_FLAG};
  const subcommand c = {"ts-tune merge",
                        "put the trials of other stores into one; those that are there stay",
                        "stores", SIZE_MAX, merge};
  return run_tool(&o, &c, argc, argv, flags, ts_countof(flags));
}

/* ---- prune ---- */

enum { KEEP_ALL = -1 };

static ts_result set_age(ts_tool *t, const ts_flag *flag, const char *text) {
  if (ts_parse_seconds(text, flag->at)) return TS_OK;
  return ts_tool_usage(t, "'--older-than=%s': wanted an age such as 30d or 12h", text);
}

static ts_result prune(void *arg) {
  store_tool *o = arg;
  ts_prune plan = {.keeps = o->keep != KEEP_ALL, .keep = (uint64_t)o->keep, .failed = o->failed};
  ts_prune_counts counts;
  if (o->older_than > 0) plan.before = (int64_t)time(NULL) - (int64_t)ts_min(o->older_than, 1e15);
  if (!plan.keeps && !plan.failed && !plan.before)
    return ts_tool_usage(&o->tool, "'--keep', '--older-than' or '--failed' says what goes");
  ts_result result = ts_store_open(o->tool.ctx, o->db, TS_STORE_WRITE, &o->store);
  if (!result) result = ts_store_prune(o->store, &plan, &counts);
  if (result) return result;
  ts_inform_plain(o->tool.ctx,
                  "%llu trials and %llu sessions are gone; the file is %llu bytes smaller",
                  (unsigned long long)counts.trials, (unsigned long long)counts.sessions,
                  (unsigned long long)counts.bytes);
  return TS_OK;
}

int tune_prune_main(int argc, char **argv) {
  store_tool o = {.keep = KEEP_ALL};
  const ts_flag flags[] = {
      DB_FLAG,
      {"keep", TS_FLAG_INT, "n", "keep the n best trials of each session", "What goes",
       .at = &o.keep, .min = 0, .max = INT64_MAX},
      {"older-than", TS_FLAG_CALL, "age", "remove what was tried before that, such as 30d or 12h",
       "What goes", .at = &o.older_than, .call = set_age},
      {"failed", TS_FLAG_BOOL, NULL, "remove trials that failed; a search tries them again",
       "What goes", .at = &o.failed},
  };
  const subcommand c = {"ts-tune prune", "remove trials from a store", "", 0, prune};
  return run_tool(&o, &c, argc, argv, flags, ts_countof(flags));
}
