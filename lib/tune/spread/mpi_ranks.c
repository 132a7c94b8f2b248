/* Messages by MPI.
 *
 * Ranks may end or stand still at any time, so nothing here waits for another rank: sends are not followed up (their bytes
 * stay), a message that has begun to come is received in the background, and no collective call is made after the beginning.
 * Errors are left to the silence of the rank that they are about. */
#include "tune/spread/mpi_ranks.h"

#include <mpi.h>
#include <pthread.h>
#include <stdlib.h>

/* A message that was matched and is coming. */
typedef struct coming {
  ts_message message;
  MPI_Request request;
  bool here;
} coming;

typedef struct mpi {
  ts_context *ctx;
  pthread_mutex_t
      mutex; /* around every call of MPI: the thread that gives signs of life makes some, too */
  TS_VEC(coming) coming; /* in the order matched */
} mpi;

/* ---- messages ---- */

static void send_message(void *state, unsigned to, unsigned kind, const void *bytes, size_t n) {
  mpi *m = state;
  MPI_Request request = MPI_REQUEST_NULL;
  pthread_mutex_lock(&m->mutex);
  (void)MPI_Isend(bytes, (int)n, MPI_BYTE, (int)to, (int)kind, MPI_COMM_WORLD, &request);
  if (request != MPI_REQUEST_NULL) MPI_Request_free(&request);
  pthread_mutex_unlock(&m->mutex);
}

/* Claims the next message that has begun to come. */
static bool match(mpi *m, MPI_Message *handle, MPI_Status *status) {
  int found = 0;
  pthread_mutex_lock(&m->mutex);
  if (MPI_Improbe(MPI_ANY_SOURCE, MPI_ANY_TAG, MPI_COMM_WORLD, &found, handle, status)) found = 0;
  pthread_mutex_unlock(&m->mutex);
  return found;
}

/* Memory is asked for with the mutex free, since running out of it does not come back. */
static void begin_receiving(mpi *m) {
  MPI_Message handle;
  MPI_Status status;
  int n = 0;
  while (match(m, &handle, &status)) {
    MPI_Get_count(&status, MPI_BYTE, &n);
    void *bytes = ts_arena_alloc(&m->ctx->arena, (size_t)n + 2);
    coming c = {{(unsigned)status.MPI_SOURCE, (unsigned)status.MPI_TAG, bytes, (size_t)n},
                MPI_REQUEST_NULL,
                false};
    ts_push(&m->ctx->arena, &m->coming, c);
    pthread_mutex_lock(&m->mutex);
    (void)MPI_Imrecv(bytes, n, MPI_BYTE, &handle, &m->coming.at[m->coming.n - 1].request);
    pthread_mutex_unlock(&m->mutex);
  }
}

static bool is_whole(mpi *m, coming *c) {
  int here = 0;
  if (c->here) return true;
  pthread_mutex_lock(&m->mutex);
  c->here = MPI_Test(&c->request, &here, MPI_STATUS_IGNORE) == MPI_SUCCESS && here;
  pthread_mutex_unlock(&m->mutex);
  return c->here;
}

static bool is_overtaking(const mpi *m, size_t at) {
  for (size_t i = 0; i < at; i++)
    if (m->coming.at[i].message.from == m->coming.at[at].message.from) return true;
  return false;
}

static bool receive(void *state, ts_message *out) {
  mpi *m = state;
  begin_receiving(m);
  for (size_t i = 0; i < m->coming.n; i++) {
    coming *c = &m->coming.at[i];
    if (!is_whole(m, c) || is_overtaking(m, i)) continue;
    *out = c->message;
    memmove(c, c + 1, (m->coming.n - i - 1) * sizeof *c);
    m->coming.n--;
    return true;
  }
  return false;
}

static bool is_here(void *state, unsigned from, unsigned kind) {
  mpi *m = state;
  int found = 0;
  pthread_mutex_lock(&m->mutex);
  if (MPI_Iprobe((int)from, (int)kind, MPI_COMM_WORLD, &found, MPI_STATUS_IGNORE)) found = 0;
  pthread_mutex_unlock(&m->mutex);
  return found;
}

/* ---- beginning and end ---- */

/* Whether mpirun was told to. */
static bool survives(void) {
  const char *recovery = getenv("OMPI_MCA_orte_enable_recovery");
  return recovery && strcmp(recovery, "0") != 0;
}

ts_result ts_mpi_open(ts_context *ctx, ts_ranks *out) {
  int given = 0, rank = 0, n = 0;
  if (MPI_Init_thread(NULL, NULL, MPI_THREAD_SERIALIZED, &given) || given < MPI_THREAD_SERIALIZED)
    return ts_error_plain(ctx, "MPI cannot be begun, or has no threads");
  MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &n);
  mpi *m = ts_new(&ctx->arena, mpi);
  *m = (mpi){.ctx = ctx};
  pthread_mutex_init(&m->mutex, NULL);
  *out = (ts_ranks){(unsigned)rank, (unsigned)n, survives(), m, send_message, receive, is_here};
  return TS_OK;
}

void ts_mpi_close(const ts_ranks *ranks, bool together, int status) {
  fflush(NULL); /* MPI_Abort does not come back */
  if (together)
    MPI_Finalize();
  else if (!ranks->survives && ranks->rank == 0)
    MPI_Abort(MPI_COMM_WORLD, status);
}
