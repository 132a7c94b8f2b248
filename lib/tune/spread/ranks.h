/* The ranks of a job, and messages between them. What carries the messages is whoever filled this in: MPI
 * (mpi_ranks.c), or threads of a test. */
#ifndef TS_TUNE_SPREAD_RANKS_H
#define TS_TUNE_SPREAD_RANKS_H

#include "support/diag.h"

typedef struct ts_message {
  unsigned from, kind; /* kind: what the sender called it, 0 to 255 */
  const void *bytes;   /* in the context's arena, two NULs behind them; never NULL */
  size_t n;
} ts_message;

typedef struct ts_ranks {
  unsigned rank, n; /* this process's place, from 0, and how many there are */
  bool survives; /* the others go on when one ends in a failure or is killed; else that ends all */
  void *state;
  /* Sends and never waits; the bytes must stay as they are while there is a context. Whether they ever come is not told: a rank
   * that is gone is noticed by its silence. From any thread. */
  void (*send)(void *state, unsigned to, unsigned kind, const void *bytes, size_t n);
  /* The next message that is here; those of one sender keep their order. False: there is none now. */
  bool (*receive)(void *state, ts_message *);
  /* Whether one of that kind from that rank is here and was not received. From any thread. */
  bool (*is_here)(void *state, unsigned from, unsigned kind);
} ts_ranks;

#endif
