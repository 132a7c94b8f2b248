/* Starting a program and reading all it says.
 *
 * One pipe takes both of its output streams. What is past the cap is read too, and dropped, because
 * a program whose pipe is full would wait for ever. The end of the output is not the end of the
 * program (it may close its streams and go on), and the end of the program is not the end of the
 * output (what it started may hold the pipe), so both are watched. */
#define _GNU_SOURCE /* pipe2, prlimit, posix_spawn_file_actions_addchdir_np */
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

typedef struct reader {
  const ts_process *spec;
  ts_process_report *report;
  int fd; /* -1: its end was read */
  pid_t pid;
  bool ended;
  double deadline;
} reader;

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

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

/* Waits for output, the end or the deadline; false when there is nothing more to wait for. */
static bool wait_a_little(reader *r, double *nap) {
  double left = r->spec->seconds > 0 ? r->deadline - now() : 1;
  if (left <= 0) return false;
  if (r->fd < 0) {
    double s = ts_min(*nap, left);
    nanosleep(&(struct timespec){0, (long)(s * 1e9)}, NULL);
    *nap = ts_min(2 * *nap, 0.01);
  } else {
    struct pollfd p = {.fd = r->fd, .events = POLLIN};
    if (poll(&p, 1, (int)(ts_min(left, 0.02) * 1e3) + 1) > 0) read_some(r);
  }
  look_for_end(r);
  return !r->ended;
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

/* Starts it with a pipe as its output, of which r->fd becomes the other end. An errno on failure.
 */
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

ts_process_report ts_process_run(ts_arena *arena, const ts_process *spec) {
  ts_process_report p = {.output = ts_arena_alloc(arena, spec->keep + 1)};
  reader r = {.spec = spec, .report = &p, .deadline = now() + spec->seconds};
  int error = start(&r);
  if (error) {
    p.end = TS_PROCESS_NOT_STARTED;
    p.code = error;
    return p;
  }
  limit_processor_time(r.pid, spec->seconds);
  double nap = 5e-5;
  while (wait_a_little(&r, &nap)) {
  }
  finish(&r);
  return p;
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
