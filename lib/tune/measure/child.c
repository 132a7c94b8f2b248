/* The process that runs a candidate, from the inside.
 *
 * It was forked from the tuner with everything in place: program, options, buffers. So it needs no file but those of the
 * compiler, and from its first run on nothing at all but the socket on which it is told what to do. Whatever ends it
 * unasked it tells there, if it still can: the address of a fault, the call that is not allowed, the status of an
 * exit. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "tune/measure/measure_impl.h"

/* Of this process: what its signals' handlers need, which get no argument. */
static struct {
  int fd;
  ts_stop *stop;
} self;

typedef struct child {
  ts_measurer *measurer;
  ts_attempt *attempt;
  int fd;
  bool loaded, locked;
} child;

/* ---- talking ---- */

/* Safe in a signal's handler. */
static void say(const ts_answer *answer) {
  while (write(self.fd, answer, sizeof *answer) < 0 && errno == EINTR) {
  }
}

/* False: nobody is there any more, or the work is to be stopped. */
static bool hear(child *c, ts_command *command) {
  while (true) {
    ssize_t n = read(c->fd, command, sizeof *command);
    if (n == (ssize_t)sizeof *command) return true;
    if (n >= 0 || errno != EINTR || ts_stop_raised(self.stop)) return false;
  }
}

/* The first error, and the first note that belongs to it: the compiler's own words. */
static void say_result(const child *c, ts_said said, ts_result result) {
  const ts_diag *d = c->attempt->ctx->first;
  ts_answer answer = {.said = said, .code = (int32_t)result};
  while (d && d->severity != TS_SEV_ERROR)
    d = d->next;
  if (result && d)
    snprintf(answer.text, sizeof answer.text, "%s%s%s", d->message, d->notes ? ": " : "",
             d->notes ? d->notes->message : "");
  say(&answer);
}

/* ---- unwanted ends ---- */

/* On return the instruction faults again, and that ends the process. */
static void on_fault(int signal, siginfo_t *info, void *context) {
  (void)context;
  say(&(ts_answer){
      .said = TS_SAID_FAULT, .code = signal, .number = (uint64_t)(uintptr_t)info->si_addr});
}

static void on_call(int signal, siginfo_t *info, void *context) {
  (void)signal, (void)context;
  say(&(ts_answer){.said = TS_SAID_CALL, .number = (uint64_t)info->si_syscall});
  _exit(1);
}

static void on_ended(int status, void *user) {
  (void)user;
  say(&(ts_answer){.said = TS_SAID_EXIT, .code = status});
  _exit(status);
}

static void on_term(int signal) {
  (void)signal;
  ts_stop_ask(self.stop);
}

static void handle(int signal, void (*action)(int, siginfo_t *, void *), int flags) {
  struct sigaction a = {.sa_sigaction = action, .sa_flags = SA_SIGINFO | flags};
  sigemptyset(&a.sa_mask);
  (void)sigaction(signal, &a, NULL);
}

static void watch_ends(ts_arena *arena) {
  static const int faults[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE};
  const size_t bytes = 64 << 10;
  stack_t other = {.ss_sp = ts_arena_alloc(arena, bytes), .ss_size = bytes};
  (void)sigaltstack(&other, NULL);
  for (unsigned i = 0; i < ts_countof(faults); i++)
    handle(faults[i], on_fault, SA_ONSTACK | (int)SA_RESETHAND);
  handle(SIGSYS, on_call, SA_ONSTACK);
  (void)on_exit(on_ended, NULL);
}

/* ---- beginning ---- */

/* Nothing of the tuner stays open but the socket, which becomes file 3. */
static void keep_only(child *c) {
  int null = open("/dev/null", O_RDWR);
  for (int fd = STDIN_FILENO; null >= 0 && fd <= STDERR_FILENO; fd++)
    (void)dup2(null, fd);
  if (c->fd != 3) (void)dup2(c->fd, 3);
  c->fd = self.fd = 3;
  (void)fcntl(3, F_SETFD, FD_CLOEXEC);
  (void)close_range(4, ~0u, 0);
}

/* Asked to end, it lets the engine take away its files first; should the tuner be gone, it is asked. */
static void begin(child *c) {
  static const int usual[] = {SIGINT, SIGHUP, SIGQUIT, SIGABRT, SIGALRM, SIGCHLD, SIGPIPE};
  sigset_t none;
  self.stop = &c->attempt->ctx->stop;
  c->attempt->ctx->memory.stop = self.stop;
  setpgid(0, 0);
  for (unsigned i = 0; i < ts_countof(usual); i++)
    (void)signal(usual[i], SIG_DFL);
  struct sigaction a = {.sa_handler = on_term}; /* and a call that waits ends */
  (void)sigaction(SIGTERM, &a, NULL);
  sigemptyset(&none);
  (void)sigprocmask(SIG_SETMASK, &none, NULL);
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  keep_only(c);
  (void)setenv("TMPDIR", c->measurer->folder, 1);
}

/* Called by an engine that has code to load. Whoever measures now is not to be disturbed. */
static void wait_to_load(void *user) {
  child *c = user;
  ts_command command;
  if (c->loaded) return;
  c->loaded = true;
  say(&(ts_answer){.said = TS_SAID_COMPILED});
  if (hear(c, &command)) return;
  ts_stop_ask(self.stop);
  ts_memory_look(
      &c->attempt->ctx->memory); /* takes the engine's files away, and does not come back */
}

static void lock(child *c) {
  const ts_measurer *m = c->measurer;
  watch_ends(&c->attempt->ctx->arena);
  ts_sandbox_limit(m->setup.memory, m->threads);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (m->buffers.window) (void)mprotect(m->buffers.window, m->buffers.window_bytes, PROT_NONE);
  c->locked = true;
  ts_sandbox_close(c->fd);
}

/* ---- obeying ---- */

static void show(const child *c) {
  ts_buffers_show(&c->measurer->buffers);
  say_result(c, TS_SAID_RAN, TS_OK);
}

static void run_once(child *c, unsigned poison) {
  ts_run *run = &c->attempt->run;
  ts_context_clear_diagnostics(c->attempt->ctx);
  ts_buffers_lay(&c->measurer->buffers, poison);
  ts_result result = ts_run_once(run, NULL);
  ts_buffers_show(&c->measurer->buffers);
  say_result(c, TS_SAID_RAN, result);
}

static void fit(child *c) {
  unsigned batch;
  ts_result result = ts_run_find_batch(&c->attempt->run, &batch);
  if (result)
    say_result(c, TS_SAID_RAN, result);
  else
    say(&(ts_answer){.said = TS_SAID_FITS, .number = batch});
}

static void sample(child *c, unsigned n) {
  double ms;
  ts_result result = ts_run_sample(&c->attempt->run, n, &ms);
  if (result)
    say_result(c, TS_SAID_RAN, result);
  else
    say(&(ts_answer){.said = TS_SAID_SAMPLE, .ms = ms});
}

static void serve(child *c) {
  ts_command command;
  while (hear(c, &command)) {
    switch ((ts_tell)command.tell) {
    case TS_TELL_RUN: run_once(c, command.n); break;
    case TS_TELL_FIT: fit(c); break;
    case TS_TELL_SAMPLE: sample(c, command.n); break;
    case TS_TELL_SHOW: show(c); break;
    default: return;
    }
  }
}

static ts_result live(void *arg) {
  child *c = arg;
  ts_result result = ts_run_prepare(&c->attempt->run, c->attempt->func);
  if (result) return result;
  lock(c);
  say(&(ts_answer){.said = TS_SAID_READY});
  serve(c);
  return TS_OK;
}

void ts_child_live(ts_measurer *m, ts_attempt *a, int fd) {
  child c = {.measurer = m, .attempt = a, .fd = fd};
  begin(&c);
  a->ctx->loading = wait_to_load;
  a->ctx->loading_user = &c;
  ts_result result = ts_protect(a->ctx, live, &c);
  if (result) say_result(&c, c.locked ? TS_SAID_RAN : TS_SAID_FAILED, result);
  _exit(0);
}
