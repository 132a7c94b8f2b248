/* Children, seen from the parent: starting them, hearing what they say, ending them. */
#include <errno.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "support/clock.h"
#include "tune/measure/measure_impl.h"

/* Seconds between two looks at the interrupt flag, and at children whose end cannot be heard of because something that
 * they started holds their socket. */
static const double slice = 0.05;

bool ts_measurer_interrupted(const ts_measurer *m) {
  const ts_stop *stop = m->ctx->memory.stop;
  return (m->setup.interrupt && *m->setup.interrupt) || (stop && ts_stop_raised(stop));
}

enum { MOST_POLLED = 130 };

/* ---- starting ---- */

static unsigned count_stage(const ts_measurer *m, ts_stage stage) {
  unsigned n = 0;
  for (const ts_attempt *a = m->attempts; a; a = a->next)
    n += a->stage == stage;
  return n;
}

bool ts_crew_busy(const ts_measurer *m) { return count_stage(m, TS_STAGE_COMPILING) > 0; }

/* The one that was made first. */
static ts_attempt *next_queued(const ts_measurer *m) {
  ts_attempt *found = NULL;
  for (ts_attempt *a = m->attempts; a; a = a->next)
    if (a->stage == TS_STAGE_QUEUED) found = a;
  return found;
}

static ts_result start(ts_measurer *m, ts_attempt *a) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends)) {
    (void)ts_error_plain(m->ctx, "cannot talk to a process of its own: %s", strerror(errno));
    return TS_LIMIT;
  }
  a->began = ts_time_now();
  a->pid = fork();
  if (a->pid == 0) ts_child_live(m, a, ends[1]);
  int error = errno;
  close(ends[1]);
  if (a->pid > 0) {
    (void)setpgid(a->pid, a->pid);
    a->fd = ends[0];
    a->stage = TS_STAGE_COMPILING;
    return TS_OK;
  }
  a->pid = 0;
  close(ends[0]);
  (void)ts_error_plain(m->ctx, "cannot start a process for a candidate: %s", strerror(error));
  return TS_LIMIT;
}

ts_result ts_crew_start(ts_measurer *m) {
  ts_attempt *a;
  unsigned most = ts_min(m->jobs, (unsigned)MOST_POLLED - 1);
  while (count_stage(m, TS_STAGE_COMPILING) < most && (a = next_queued(m))) {
    ts_result result = start(m, a);
    if (result) return result;
  }
  return TS_OK;
}

/* ---- hearing ---- */

/* False: there is none, and there will be none. What is no answer, from who is not to be trusted, counts as an end. */
static bool receive(ts_attempt *a, ts_answer *out) {
  ssize_t n;
  do
    n = recv(a->fd, out, sizeof *out, MSG_DONTWAIT);
  while (n < 0 && errno == EINTR);
  if (n != (ssize_t)sizeof *out || out->said > TS_SAID_EXIT) return false;
  out->text[sizeof out->text - 1] = '\0';
  return true;
}

/* One that compiles said something, or ended. */
static void note(ts_measurer *m, ts_attempt *a) {
  ts_answer answer;
  if (!receive(a, &answer))
    (void)ts_attempt_gone(m, a);
  else if (answer.said == TS_SAID_COMPILED)
    a->stage = TS_STAGE_COMPILED;
  else if (answer.said == TS_SAID_READY)
    a->stage = TS_STAGE_READY;
  else
    (void)ts_attempt_said(m, a, &answer);
  a->trial->compile_seconds = ts_time_now() - a->began;
}

/* Those that compile, behind `awaited`, which may be NULL. */
static unsigned list(const ts_measurer *m, ts_attempt *awaited, ts_attempt **out) {
  unsigned n = 0;
  if (awaited) out[n++] = awaited;
  for (ts_attempt *a = m->attempts; a && n < MOST_POLLED; a = a->next)
    if (a->stage == TS_STAGE_COMPILING && a != awaited) out[n++] = a;
  return n;
}

static bool look(ts_attempt *const *listed, unsigned n, double seconds, bool *ready) {
  struct pollfd polled[MOST_POLLED];
  bool any = false;
  for (unsigned i = 0; i < n; i++)
    polled[i] = (struct pollfd){.fd = listed[i]->fd, .events = POLLIN};
  (void)poll(polled, n, (int)ceil(1e3 * ts_max(seconds, 0)));
  for (unsigned i = 0; i < n; i++) {
    ready[i] = polled[i].revents != 0 || ts_crew_ended(listed[i]);
    any |= ready[i];
  }
  return any;
}

ts_hearing ts_crew_listen(ts_measurer *m, ts_attempt *awaited, double seconds, ts_answer *out) {
  ts_attempt *listed[MOST_POLLED];
  bool ready[MOST_POLLED];
  double deadline = ts_time_now() + seconds;
  while (true) {
    if (ts_measurer_interrupted(m)) return TS_INTERRUPTED;
    double left = deadline - ts_time_now();
    unsigned n = list(m, awaited, listed);
    bool any = look(listed, n, ts_min(left, slice), ready);
    for (unsigned i = awaited != NULL; i < n; i++)
      if (ready[i]) note(m, listed[i]);
    if (any && ts_crew_start(m)) return TS_INTERRUPTED;
    if (awaited && ready[0]) return receive(awaited, out) ? TS_HEARD : TS_GONE;
    if (!awaited && (any || !n)) return TS_HEARD;
    if (left <= 0) return TS_LATE;
  }
}
