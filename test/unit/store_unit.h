/* What tests of stores share: a folder, a session's key, trials. */
#ifndef STORE_UNIT_H
#define STORE_UNIT_H

#include <unistd.h>

#include "records/store.h"
#include "unit.h"

/* A folder of its own, and a context. */
typedef struct place {
  char folder[64], path[96];
  ts_context *ctx;
  ts_arena arena;
} place;

static inline place *place_make(void) {
  place *p = calloc(1, sizeof *p);
  /* in memory if possible, where bringing data to the disk takes no time */
  bool memory = access("/dev/shm", W_OK) == 0;
  snprintf(p->folder, sizeof p->folder, "%s/ts-store-XXXXXX", memory ? "/dev/shm" : "/tmp");
  ck_assert_ptr_nonnull(mkdtemp(p->folder));
  snprintf(p->path, sizeof p->path, "%s/tune.db", p->folder);
  p->ctx = ts_context_create();
  ts_arena_init(&p->arena, &p->ctx->memory);
  return p;
}

static inline void place_drop(place *p) {
  static const char *const names[] = {"tune.db", "tune.db-wal", "tune.db-shm",
                                      "copy.db", "copy.db-wal", "copy.db-shm"};
  for (unsigned i = 0; i < ts_countof(names); i++) {
    char path[120];
    snprintf(path, sizeof path, "%s/%s", p->folder, names[i]);
    (void)unlink(path);
  }
  ck_assert_int_eq(rmdir(p->folder), 0);
  ts_arena_drop(&p->arena);
  ts_context_clear_diagnostics(p->ctx);
  ck_assert_uint_eq(ts_context_memory_used(p->ctx), 0);
  ts_context_destroy(p->ctx);
  free(p);
}

static inline ts_store *open_store(place *p, const char *path, ts_store_access access) {
  ts_store *s;
  ts_result result = ts_store_open(p->ctx, path, access, &s);
  if (result) ck_abort_msg("%s", p->ctx->first->message);
  return s;
}

static const ts_session_key a_key = {.program = "abc",
                                     .loops = "def",
                                     .loop_steps = 2,
                                     .function = "mlp",
                                     .shape = "M=512",
                                     .space = "space tiles",
                                     .target = "zen4",
                                     .versions = "gcc 12",
                                     .engine = "native",
                                     .measure = "median of 10",
                                     .seed = UINT64_MAX};

static inline ts_session_store *session_of(place *p, ts_store *s, const ts_session_key *key) {
  ts_session_store *session;
  ck_assert_int_eq(ts_store_session(s, &p->arena, key, &session), TS_OK);
  return session;
}

/* The n-th trial: x=n, of n milliseconds. */
static inline ts_trial nth_trial(place *p, int n) {
  return (ts_trial){.parameters = ts_sprintf(&p->arena, "x=%d", n),
                    .pipeline = ts_sprintf(&p->arena, "tile{i=%d}", n),
                    .ms = {n, n, n}};
}

static inline void keep_nth(place *p, ts_session_store *session, int n) {
  ts_trial t = nth_trial(p, n);
  ck_assert_int_eq(ts_session_keep(session, &t), TS_OK);
}

/* A store with trials 1 to n. */
static inline void fill(place *p, int n) {
  ts_store *s = open_store(p, p->path, TS_STORE_WRITE);
  ts_session_store *session = session_of(p, s, &a_key);
  for (int i = 1; i <= n; i++)
    keep_nth(p, session, i);
  ts_store_close(s);
}

#endif
