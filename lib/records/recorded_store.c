/* Sessions of a store as recorded spaces. */
#include <math.h>
#include <stdlib.h>

#include "records/fields_impl.h"

/* ---- parameters as text ---- */

/* The next "name=value" of a trial's parameters; false at the end. */
static bool next_pair(ts_arena *arena, const char **at, const char **name, const char **value) {
  *at += strspn(*at, " ");
  size_t n = strcspn(*at, " ");
  const char *equals = memchr(*at, '=', n);
  if (!equals) return false;
  *name = ts_strndup(arena, *at, (size_t)(equals - *at));
  *value = ts_strndup(arena, equals + 1, n - (size_t)(equals + 1 - *at));
  *at += n;
  return true;
}

typedef struct gathering {
  ts_arena scratch;
  TS_VEC(const char *) names;
  TS_VEC(ts_trial) trials;
} gathering;

/* Points leave out what has no effect, so that a later one may have a name that the first ones lack: it belongs behind
 * the one that it follows there. */
static void gather_names(gathering *g, const char *parameters) {
  const char *name, *value;
  size_t after = 0;
  while (next_pair(&g->scratch, &parameters, &name, &value)) {
    size_t i = 0;
    while (i < g->names.n && strcmp(g->names.at[i], name) != 0)
      i++;
    if (i == g->names.n) {
      ts_push(&g->scratch, &g->names, name);
      memmove(g->names.at + after + 1, g->names.at + after,
              (g->names.n - 1 - after) * sizeof *g->names.at);
      g->names.at[after] = name;
      i = after;
    }
    after = i + 1;
  }
}

static ts_result gather(void *user, const ts_trial *t) {
  gathering *g = user;
  ts_push(&g->scratch, &g->trials, *t);
  gather_names(g, t->parameters);
  return TS_OK;
}

static ts_result push_row(gathering *g, ts_rows *rows, const char *parameters) {
  const char *name, *value;
  const char **values = ts_new_array(&g->scratch, const char *, g->names.n);
  while (next_pair(&g->scratch, &parameters, &name, &value))
    for (size_t i = 0; i < g->names.n; i++)
      if (strcmp(g->names.at[i], name) == 0) values[i] = value;
  for (size_t i = 0; i < g->names.n; i++) {
    double number;
    if (!values[i]) {
      ts_rows_push_place(rows, 0);
      continue;
    }
    bool is_number = ts_parse_double(values[i], strlen(values[i]), &number);
    ts_result result = ts_rows_push(rows, (ts_value){values[i], is_number ? number : NAN});
    if (result) return result;
  }
  return TS_OK;
}

/* ---- a session ---- */

/* The extents in "X=512x768xf32 b=512xf32", in order. */
static void read_sizes(ts_arena *arena, const char *shape, ts_recorded *out) {
  out->sizes = ts_new_array(arena, int64_t, strlen(shape) / 2 + 1);
  for (const char *at = strchr(shape, '='); at; at = strchr(at, '=')) {
    char *end = (char *)(uintptr_t)at;
    do {
      at = end + 1;
      long long extent = strtoll(at, &end, 10);
      if (end == at) break;
      out->sizes[out->num_sizes++] = extent;
    } while (*end == 'x');
  }
}

typedef struct session_reading {
  ts_context *ctx;
  ts_store *store;
  const ts_kept_session *session;
  ts_arena *arena;
  gathering gathered;
  ts_rows rows;
  ts_recorded *out;
} session_reading;

static ts_result read_session(void *arg) {
  session_reading *r = arg;
  gathering *g = &r->gathered;
  const ts_session_key *key = &r->session->key;
  *r->out = (ts_recorded){.name = ts_sprintf(r->arena, "%s on %s", key->function, key->target),
                          .kernel = key->function,
                          .device = key->target,
                          .objective = "time"};
  read_sizes(r->arena, key->shape, r->out);
  ts_result result = ts_store_trials(r->store, r->arena, r->session->id, gather, g);
  if (result) return result;
  ts_rows_begin(&r->rows, r->ctx, r->arena, r->out->name, "trial");
  for (size_t i = 0; i < g->names.n; i++)
    ts_rows_column(&r->rows, g->names.at[i]);
  for (size_t i = 0; i < g->trials.n && !result; i++) {
    result = push_row(g, &r->rows, g->trials.at[i].parameters);
    *ts_rows_trial(&r->rows) = g->trials.at[i];
  }
  return result ? result : ts_rows_end(&r->rows, true, r->out);
}

static void end_session(void *arg) {
  session_reading *r = arg;
  ts_rows_drop(&r->rows);
  ts_arena_drop(&r->gathered.scratch);
}

ts_result ts_recorded_of_session(ts_context *ctx, ts_arena *arena, ts_store *store,
                                 const ts_kept_session *session, ts_recorded *out) {
  session_reading r = {.ctx = ctx, .store = store, .session = session, .arena = arena, .out = out};
  ts_arena_init(&r.gathered.scratch, &ctx->memory);
  return ts_protect_cleanup(ctx, read_session, end_session, &r);
}

/* ---- a file ---- */

typedef struct store_reading {
  ts_context *ctx;
  ts_arena *arena;
  const char *path;
  int64_t wanted; /* 0: the only one */
  ts_store *store;
  ts_kept_session found;
  uint64_t sessions;
  ts_recorded *out;
} store_reading;

static ts_result look_at(void *user, const ts_kept_session *session) {
  store_reading *r = user;
  r->found = *session;
  r->sessions++;
  return TS_OK;
}

static ts_result find_only(store_reading *r) {
  ts_result result = ts_store_sessions(r->store, r->arena, NULL, look_at, r);
  if (result) return result;
  if (!r->sessions) return ts_error_plain(r->ctx, "%s: has no trials", r->path);
  if (r->sessions > 1)
    return ts_error_plain(r->ctx, "%s: has %llu sessions; '%s:%lld' would be the last of them",
                          r->path, (unsigned long long)r->sessions, r->path,
                          (long long)r->found.id);
  return TS_OK;
}

static ts_result read_store(void *arg) {
  store_reading *r = arg;
  ts_result result = ts_store_open(r->ctx, r->path, TS_STORE_READ, &r->store);
  if (!result && r->wanted) result = ts_store_find(r->store, r->arena, r->wanted, &r->found);
  if (!result && !r->wanted) result = find_only(r);
  if (result) return result;
  return ts_recorded_of_session(r->ctx, r->arena, r->store, &r->found, r->out);
}

static void end_store(void *arg) { ts_store_close(((store_reading *)arg)->store); }

ts_result ts_recorded_of_store(ts_context *ctx, ts_arena *arena, const char *path, int64_t session,
                               ts_recorded *out) {
  store_reading r = {.ctx = ctx, .arena = arena, .path = path, .wanted = session, .out = out};
  return ts_protect_cleanup(ctx, read_store, end_store, &r);
}
