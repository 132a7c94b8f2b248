/* A child's end, and what it is told. */
#include <errno.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "support/clock.h"
#include "tune/measure/measure_impl.h"

/* Seconds that a child has to end by itself when asked. */
static const double grace = 2;

/* ---- ending ---- */

/* Ended and not waited for, so that its number and its group's stay taken. */
bool ts_crew_ended(const ts_attempt *a) {
  siginfo_t info = {0};
  int failed = waitid(P_PID, (id_t)a->pid, &info, WEXITED | WNOWAIT | WNOHANG);
  return failed || info.si_pid != 0;
}

static void nap(double seconds) { nanosleep(&(struct timespec){0, (long)(seconds * 1e9)}, NULL); }

/* A compiler is in a group of its own, and has files: the child ends it. */
static void ask_to_end(const ts_attempt *a) {
  double deadline = ts_time_now() + grace;
  kill(a->pid, SIGCONT);
  kill(a->pid, SIGTERM);
  while (!ts_crew_ended(a) && ts_time_now() < deadline)
    nap(0.001);
}

void ts_crew_end(ts_attempt *a) {
  if (!a->pid) return;
  if (a->stage == TS_STAGE_COMPILING || a->stage == TS_STAGE_COMPILED) ask_to_end(a);
  kill(-a->pid, SIGKILL);
  kill(a->pid, SIGKILL);
  while (waitpid(a->pid, &a->status, 0) < 0 && errno == EINTR) {
  }
  close(a->fd);
  a->pid = 0;
}

/* ---- talking ---- */

bool ts_crew_tell(ts_attempt *a, ts_tell tell, unsigned n) {
  ts_command command = {.tell = tell, .n = n};
  if (a->asleep) kill(a->pid, SIGCONT);
  a->asleep = false;
  return send(a->fd, &command, sizeof command, MSG_NOSIGNAL) == (ssize_t)sizeof command;
}
