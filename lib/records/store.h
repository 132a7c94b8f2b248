/* Where trials are kept: an SQLite file (WAL, synchronous=FULL) that several tuners may use at once.
 *
 * A session is what was tuned: a program, a space, a target and how it was measured. A trial belongs to a session and is
 * there once; one is written whole, in a transaction of its own, before the search hears of it. */
#ifndef TS_RECORDS_STORE_H
#define TS_RECORDS_STORE_H

#include "support/diag.h"
#include "records/trial.h"

typedef struct ts_store ts_store;
typedef struct ts_session_store ts_session_store;

/* What a session is about. Two sessions with the same key (the digest of everything here but the texts for people) are
 * one. */
typedef struct ts_session_key {
  /* digest, in hex, of the program's text without comments, extents put in, and the range of one that stays a name */
  const char *program;
  const char *
      loops; /* the same once it is loops (`loop_steps` steps of every pipeline later); NULL: unknown */
  unsigned loop_steps;
  const char *function; /* the name of what was tuned */
  const char *shape;  /* "M=512 K=768 N=512": extents of its symbols, then its parameters' shapes */
  const char *space;  /* the space's text */
  const char *target; /* processor, vector bits, threads: what -recipe=tuned looks for */
  const char *versions; /* of the library, the compiler, the kernel */
  const char *engine;   /* "native{cc=gcc}" */
  const char *measure;  /* how: repeats, warm-ups, objective's energy */
  uint64_t seed;        /* of the inputs */
} ts_session_key;

typedef enum { TS_STORE_READ, TS_STORE_WRITE } ts_store_access;
/* Opens the file, NULL: $XDG_CACHE_HOME/tilesmith/tune.db or that in ~/.cache; made when it is to be written and is not
 * there. A store at that usual place which is only to be read and is not there is NULL, and empty for what reads below.
 * TS_ERR with its name for one that is damaged, of another version, not a store, locked for ten seconds, or not
 * writable. One of up to 16 MiB is read whole, to see whether it is damaged; of larger ones each row that is asked
 * for. Whoever opens one sees to it that it is closed also when memory runs out (ts_protect_cleanup). */
ts_result ts_store_open(ts_context *, const char *path, ts_store_access, ts_store **);
void ts_store_close(ts_store *); /* NULL is allowed */
/* The session of that key, begun where there is none. */
ts_result ts_store_session(ts_store *, ts_arena *, const ts_session_key *, ts_session_store **);
/* The trial of these parameters, texts in the arena; *found says whether there is one. */
ts_result ts_session_recall(ts_session_store *, ts_arena *, const char *parameters, bool *found,
                            ts_trial *);
/* Keeps a trial: on return it is on the disk. One of the same parameters that is there already stays as it is. TS_ERR,
 * with a message, when it could not be written. */
ts_result ts_session_keep(ts_session_store *, const ts_trial *);

/* Puts a kept trial's times right after more of it was measured. */
ts_result ts_session_correct(ts_session_store *, const ts_trial *);

/* A session as it is found in a store, with the trials that are asked for. */
typedef struct ts_kept_session {
  int64_t id;
  ts_session_key key;
  uint64_t trials, good;
  double best;         /* milliseconds of the quickest good one; 0: there is none */
  int64_t first, last; /* seconds since 1970 */
} ts_kept_session;
/* Calls `each` for every session, oldest first; a NULL program, target or function means any. A result other than TS_OK
 * ends it and is returned. */
ts_result ts_store_sessions(ts_store *, ts_arena *, const ts_session_key *like,
                            ts_result (*each)(void *user, const ts_kept_session *), void *user);
/* The session of that number. TS_ERR: there is none. */
ts_result ts_store_find(ts_store *, ts_arena *, int64_t id, ts_kept_session *);
/* Calls `each` for the trials of a session, in the order they were kept. */
ts_result ts_store_trials(ts_store *, ts_arena *, int64_t session,
                          ts_result (*each)(void *user, const ts_trial *), void *user);
/* The pipeline with the least time kept for a program (or loops: `from` is then how many of its steps come before, and
 * were run already) on this target; NULL: none is kept. */
ts_result ts_store_best(ts_store *, ts_arena *, const char *digest, const char *target,
                        const char **pipeline, unsigned *from);

typedef struct ts_merge_counts {
  uint64_t sessions, trials; /* looked at */
  uint64_t added;            /* of the trials: the others were there already */
} ts_merge_counts;
/* Puts the trials of another store into this one, all of them or none. A session that is in both is one; of a trial that
 * is in both, this store's stays. */
ts_result ts_store_merge(ts_store *, ts_arena *, ts_store *from, ts_merge_counts *);

/* Which trials go. */
typedef struct ts_prune {
  bool keeps; /* all but the `keep` best of each session: good ones by time, then the others */
  uint64_t keep;
  int64_t before; /* tried before this moment, seconds since 1970; 0: none for that */
  bool failed;
} ts_prune;
typedef struct ts_prune_counts {
  uint64_t trials, sessions; /* gone; a session goes with its last trial */
  uint64_t bytes;            /* that the file is smaller */
} ts_prune_counts;
/* Removes them, and gives the room back to the disk. */
ts_result ts_store_prune(ts_store *, const ts_prune *, ts_prune_counts *);

#endif
