/* Starting a program and reading all it says.
 *
 * One pipe takes both of its output streams. What is past the cap is read too, and dropped, because
 * a program whose pipe is full would wait for ever. The end of the output is not the end of the
 * program (it may close its streams and go on), and the end of the program is not the end of the
 * output (what it started may hold the pipe), so both are watched. */
#include "support/process.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "support/clock.h"

enum { MOST_AT_ONCE = 64 };

typedef struct reader {
  const ts_process *spec;
  ts_process_report *report;
  int fd; /* -1: its end was read */
  pid_t pid;
  bool ended;
  double deadline;
} reader;

/* ---- starting ---- */

/* Signals as a program expects to find them, whatever ours are, and a group of its own. */
static int set_attributes(posix_spawnattr_t *attr) {
  sigset_t none, all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(attr, &none);
  posix_spawnattr_setsigdefault(attr, &all);
  posix_spawnattr_setpgroup(attr, 0);
  return posix_spawnattr_setflags(attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
                                            POSIX_SPAWN_SETPGROUP);
}

static int set_actions(posix_spawn_file_actions_t *actions, const ts_process *spec, int out) {
  int error = posix_spawn_file_actions_addopen(actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  if (!error) error = posix_spawn_file_actions_adddup2(actions, out, STDOUT_FILENO);
  if (!error) error = posix_spawn_file_actions_adddup2(actions, out, STDERR_FILENO);
  if (!error && spec->dir) error = posix_spawn_file_actions_addchdir_np(actions, spec->dir);
  return error;
}

static int spawn(const ts_process *spec, int out, pid_t *pid) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attr;
  int error = posix_spawn_file_actions_init(&actions);
  if (error) return error;
  error = posix_spawnattr_init(&attr);
  if (!error) {
    error = set_attributes(&attr);
    if (!error) error = set_actions(&actions, spec, out);
    if (!error)
      error = posix_spawn(pid, spec->path, &actions, &attr, (char *const *)spec->argv,
                          (char *const *)spec->env);
    posix_spawnattr_destroy(&attr);
  }
  posix_spawn_file_actions_destroy(&actions);
  return error;
}

/* Should we be killed while it runs, it does not compute for ever. */
static void limit_processor_time(pid_t pid, double seconds) {
  if (seconds <= 0 || seconds > 1e6) return;
  rlim_t most = (rlim_t)ceil(seconds) + 1;
  (void)prlimit(pid, RLIMIT_CPU, &(struct rlimit){most, most}, NULL);
}

/* ---- reading and waiting ---- */

static void read_some(reader *r) {
  char chunk[1 << 14];
  ssize_t got = read(r->fd, chunk, sizeof chunk);
  if (got < 0 && (errno == EINTR || errno == EAGAIN)) return;
  if (got <= 0) {
    close(r->fd);
    r->fd = -1;
    return;
  }
  ts_process_report *p = r->report;
  size_t n = ts_min((size_t)got, r->spec->keep - p->n);
  memcpy(p->output + p->n, chunk, n);
  p->n += n;
  p->dropped += (size_t)got - n;
}

/* Leaves it as a zombie, so that its group's number stays taken. */
static void look_for_end(reader *r) {
  siginfo_t info = {0};
  if (r->ended) return;
  int failed = waitid(P_PID, (id_t)r->pid, &info, WEXITED | WNOWAIT | WNOHANG);
  r->ended = failed || info.si_pid != 0;
}

static bool is_over(const reader *r) {
  return r->ended || (r->spec->stop && ts_stop_raised(r->spec->stop)) ||
         (r->spec->seconds > 0 && ts_time_now() >= r->deadline);
}

/* Waits a little for output or the end of any of these, and reads what came. */
static void wait_a_little(reader *const *running, unsigned n, double *nap) {
  struct pollfd polled[MOST_AT_ONCE];
  double left = 0.02;
  unsigned open = 0;
  for (unsigned i = 0; i < n; i++) {
    if (running[i]->spec->seconds > 0) left = ts_min(left, running[i]->deadline - ts_time_now());
    polled[i] = (struct pollfd){.fd = running[i]->fd, .events = POLLIN}; /* -1: is passed over */
    open += running[i]->fd >= 0;
  }
  left = ts_max(left, 0);
  if (open < n) { /* the end of one is not heard of */
    left = ts_min(*nap, left);
    *nap = ts_min(2 * *nap, 0.01);
  }
  if (open)
    poll(polled, n, (int)(left * 1e3) + (open == n));
  else
    nanosleep(&(struct timespec){0, (long)(left * 1e9)}, NULL);
  for (unsigned i = 0; i < n; i++) {
    if (running[i]->fd >= 0 && polled[i].revents) read_some(running[i]);
    look_for_end(running[i]);
  }
}

/* What the pipe still holds; not what one that left the group may add to it for ever. */
static void drain(reader *r) {
  enum { MOST_READS = 64 };
  struct pollfd p = {.fd = r->fd, .events = POLLIN};
  for (int i = 0; i < MOST_READS && r->fd >= 0 && poll(&p, 1, 0) > 0; i++)
    read_some(r);
  if (r->fd >= 0) close(r->fd);
}

static void finish(reader *r) {
  ts_process_report *p = r->report;
  int status = 0;
  bool killed = !r->ended;
  kill(-r->pid, SIGKILL);
  while (waitpid(r->pid, &status, 0) < 0 && errno == EINTR) {
  }
  drain(r);
  p->output[p->n] = '\0';
  p->end = killed              ? TS_PROCESS_TIMED_OUT
           : WIFEXITED(status) ? TS_PROCESS_EXITED
                               : TS_PROCESS_SIGNALLED;
  p->code = WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status);
}

/* Starts it with a pipe as its output, of which r->fd becomes the other end. An errno on
 * failure. */
static int start(reader *r) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return errno;
  int out = fcntl(ends[1], F_DUPFD_CLOEXEC, STDERR_FILENO + 1); /* clear of what is opened over */
  int error = out < 0 ? errno : spawn(r->spec, out, &r->pid);
  if (out >= 0) close(out);
  close(ends[1]);
  if (error) close(ends[0]);
  r->fd = error ? -1 : ends[0];
  return error;
}

/* False: it could not be started, or there is no time for it. */
static bool begin(ts_arena *arena, reader *r, const ts_process *spec, double deadline,
                  ts_process_report *out) {
  *out = (ts_process_report){.output = ts_arena_alloc(arena, spec->keep + 1)};
  *r = (reader){.spec = spec, .report = out, .deadline = deadline};
  if (is_over(r)) {
    out->end = TS_PROCESS_TIMED_OUT;
    return false;
  }
  int error = start(r);
  if (error) {
    out->end = TS_PROCESS_NOT_STARTED;
    out->code = error;
    return false;
  }
  limit_processor_time(r->pid, spec->seconds);
  return true;
}

void ts_process_run_all(ts_arena *arena, unsigned n, const ts_process *specs, unsigned most,
                        ts_process_report *out) {
  reader *readers = ts_new_array(arena, reader, n + 1), *running[MOST_AT_ONCE];
  double deadline = ts_time_now() + (n ? specs[0].seconds : 0), nap = 5e-5;
  unsigned started = 0, active = 0;
  most = ts_max(1u, ts_min(most, (unsigned)MOST_AT_ONCE));
  while (started < n || active) {
    for (; started < n && active < most; started++) {
      reader *r = &readers[started];
      if (begin(arena, r, &specs[started], deadline, &out[started])) running[active++] = r;
    }
    if (active) wait_a_little(running, active, &nap);
    for (unsigned i = active; i-- > 0;) {
      if (!is_over(running[i])) continue;
      finish(running[i]);
      running[i] = running[--active];
      nap = 5e-5;
    }
  }
}

ts_process_report ts_process_run(ts_arena *arena, const ts_process *spec) {
  ts_process_report report;
  ts_process_run_all(arena, 1, spec, 1, &report);
  return report;
}

/* ---- finding ---- */

static bool is_program(const char *path) {
  struct stat st;
  return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

const char *ts_find_program(ts_arena *arena, const char *name) {
  if (strchr(name, '/')) return is_program(name) ? name : NULL;
  const char *path = getenv("PATH");
  if (!path || !*name) return NULL;
  while (true) {
    size_t n = strcspn(path, ":");
    /* an empty entry is the working directory */
    const char *found =
        n ? ts_sprintf(arena, "%.*s/%s", (int)ts_min(n, (size_t)INT_MAX), path, name)
          : ts_sprintf(arena, "./%s", name);
    if (is_program(found)) return found;
    if (!path[n]) return NULL;
    path += n + 1;
  }
}
