/* Between the files of spread/: what a rank knows of the others. */
#ifndef TS_TUNE_SPREAD_SPREAD_IMPL_H
#define TS_TUNE_SPREAD_SPREAD_IMPL_H

#include <pthread.h>

#include "tune/spread/spread.h"
#include "tune/spread/wire.h"

typedef enum {
  TS_SAY_ALIVE,    /* nothing */
  TS_SAY_GREETING, /* version, host, process */
  TS_SAY_INPUT,    /* bytes that rank 0 has read */
  TS_SAY_READY,    /* target */
  TS_SAY_WORK,     /* round, parameters, number of candidates; of each its place and itself */
  TS_SAY_TRIAL,    /* round, place, trial */
  TS_SAY_FAILED,   /* why */
  TS_SAY_END,      /* nothing: rank 0 wants no more */
  TS_SAY_BYE,      /* nothing: the answer */
  TS_SAY_LEAVE, /* whether all are there; else number of those that are gone; of each host and process */
} ts_say;

typedef enum {
  TS_PEER_COMING, /* not ready yet */
  TS_PEER_FREE,
  TS_PEER_BUSY,
  TS_PEER_OUT,    /* can try nothing, or must not */
  TS_PEER_PARTED, /* said good-bye */
  TS_PEER_GONE,
} ts_peer_state;

typedef struct ts_peer {
  int state;      /* ts_peer_state; changed by set_state only: another thread reads it */
  double silence; /* seconds since it was heard, as far as this rank was listening */
  const char *host;
  uint64_t process;
  unsigned holds; /* candidates that it has */
  bool worked;
} ts_peer;

struct ts_spread {
  ts_context *ctx;
  ts_spread_setup setup;
  ts_peer *peers;
  double listened; /* when it last looked for messages */
  unsigned nap;    /* nanoseconds, when there is none */
  bool over;       /* rank 0 said so */
  ts_spread_tally tally;
  /* signs of life */
  pthread_t thread;
  pthread_mutex_t mutex;
  pthread_cond_t ended;
  bool ending; /* under the mutex */
};

static inline ts_peer_state ts_peer_state_of(const ts_peer *p) {
  return (ts_peer_state)__atomic_load_n(&p->state, __ATOMIC_RELAXED);
}
void ts_peer_set_state(ts_peer *, ts_peer_state);
/* Free, busy or coming. */
bool ts_peer_is_there(const ts_peer *);

/* Sends what was written in the context's arena, or nothing with a NULL wire. */
void ts_spread_say(ts_spread *, unsigned to, ts_say, const ts_wire *);
/* The next message but signs of life and greetings; false: there is none now. Counts silence. */
bool ts_spread_hear(ts_spread *, ts_message *);
/* Sleeps, longer the longer there was nothing to hear. */
void ts_spread_nap(ts_spread *);
/* On ranks but the first: the next message of rank 0, or TS_ERR with a message when it is gone. */
ts_result ts_spread_wait(ts_spread *, ts_message *);

#endif
