/* A signal handler that only calls what POSIX lets handlers call, on a stack of its own, so that an
 * overflowing stack is caught too. A process has one, hence the file-level state. */
#include "crash.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "tilesmith.h"

enum { STACK_BYTES = 65536 };

static const int caught[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
static const char *path, *text, *what;
static size_t bytes;
static char stack[STACK_BYTES];

static void put(int fd, const char *p, size_t n) {
  while (n) {
    ssize_t written = write(fd, p, n);
    if (written <= 0) return;
    p += written;
    n -= (size_t)written;
  }
}

static void say(const char *words) { put(STDERR_FILENO, words, strlen(words)); }

static void on_crash(int number) {
  (void)number;
  int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (fd >= 0) put(fd, text, bytes);
  say("error: pass '");
  say(what);
  say(fd >= 0 ? "' crashed; reproducer written to " : "' crashed; cannot write the reproducer ");
  say(path);
  say("\n");
  _exit(TS_CHECK);
}

void ts_crash_arm(const char *to, const char *prepared, size_t n, const char *running) {
  path = to, text = prepared, bytes = n, what = running;
  const stack_t alternate = {.ss_sp = stack, .ss_size = sizeof stack};
  sigaltstack(&alternate, NULL);
  struct sigaction action = {.sa_handler = on_crash, .sa_flags = SA_ONSTACK};
  sigemptyset(&action.sa_mask);
  for (size_t i = 0; i < sizeof caught / sizeof *caught; i++)
    sigaction(caught[i], &action, NULL);
}

void ts_crash_disarm(void) {
  for (size_t i = 0; i < sizeof caught / sizeof *caught; i++)
    signal(caught[i], SIG_DFL);
}
