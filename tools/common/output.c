/* Writing files that are there whole or not at all. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "private.h"

/* ---- removal on a signal ---- */

/* Outputs whose temporary file is there now. Changed only with the signals below blocked. */
static ts_output *pending;

static const int deadly[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};

static void on_signal(int number) {
  for (const ts_output *o = pending; o; o = o->next)
    unlink(o->temporary);
  raise(number); /* SA_RESETHAND has put the default back; it acts when this returns */
}

static void install_handlers(void) {
  struct sigaction old, action = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND};
  sigemptyset(&action.sa_mask);
  for (size_t i = 0; i < ts_countof(deadly); i++)
    if (sigaction(deadly[i], NULL, &old) == 0 && old.sa_handler == SIG_DFL)
      sigaction(deadly[i], &action, NULL);
}

static sigset_t block_signals(void) {
  sigset_t set, old;
  sigemptyset(&set);
  for (size_t i = 0; i < ts_countof(deadly); i++)
    sigaddset(&set, deadly[i]);
  sigprocmask(SIG_BLOCK, &set, &old);
  return old;
}

static void unlist(ts_output *o) {
  ts_output **link = &pending;
  while (*link && *link != o)
    link = &(*link)->next;
  if (*link) *link = o->next;
}

/* ---- opening ---- */

static ts_result cannot_write(ts_tool *t, const ts_output *o, int error) {
  if (o->path) return ts_error_plain(t->ctx, "cannot write '%s': %s", o->path, strerror(error));
  return ts_error_plain(t->ctx, "cannot write standard output: %s", strerror(error));
}

/* A new file beside the final one; its name is left in o->temporary. */
static int create_temporary(ts_output *o, mode_t mode) {
  size_t n = strlen(o->path) + 40;
  o->temporary = malloc(n);
  for (unsigned attempt = 0; o->temporary && attempt < 100; attempt++) {
    snprintf(o->temporary, n, "%s.%ld-%u.tmp", o->path, (long)getpid(), attempt);
    int fd = open(o->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (fd >= 0 || errno != EEXIST) return fd;
  }
  return -1;
}

/* A descriptor for the file at o->path, by way of a temporary one unless it is a device or a
 * pipe. */
static int open_path(ts_output *o) {
  struct stat st;
  bool exists = stat(o->path, &st) == 0;
  if (exists && !S_ISREG(st.st_mode)) return open(o->path, O_WRONLY | O_CLOEXEC);
  if (exists && access(o->path, W_OK) != 0) return -1;
  sigset_t old = block_signals();
  int fd = create_temporary(o, 0666);
  if (fd >= 0) {
    o->next = pending;
    pending = o;
    if (exists) (void)!fchmod(fd, st.st_mode & 0777);
  } else {
    free(o->temporary);
    o->temporary = NULL;
  }
  sigprocmask(SIG_SETMASK, &old, NULL);
  return fd;
}

static void release(ts_output *o) {
  ts_sink_drop(&o->sink);
  free(o->temporary);
  free(o->path);
  o->temporary = o->path = NULL;
  o->file = NULL;
}

ts_result ts_output_open(ts_tool *t, ts_output *o, const char *path) {
  *o = (ts_output){.file = stdout};
  if (strcmp(path, "-") != 0) {
    install_handlers();
    /* Through a symbolic link the file that it leads to is replaced, not the link. */
    char *real = realpath(path, NULL);
    o->path = real ? real : strdup(path);
    int fd = o->path ? open_path(o) : -1;
    o->file = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (!o->file) {
      int error = errno;
      if (fd >= 0) close(fd);
      ts_result r = cannot_write(t, o, error);
      ts_output_discard(o);
      return r;
    }
  }
  ts_sink_file(&o->sink, NULL, o->file);
  return TS_OK;
}

/* ---- closing ---- */

/* Ends the temporary file's life: under its final name, or not at all. */
static bool settle(ts_output *o, bool keep) {
  if (!o->temporary) return true;
  sigset_t old = block_signals();
  bool ok = keep && rename(o->temporary, o->path) == 0;
  int error = errno;
  if (!ok) unlink(o->temporary);
  unlist(o);
  sigprocmask(SIG_SETMASK, &old, NULL);
  errno = error;
  return ok;
}

ts_result ts_output_commit(ts_tool *t, ts_output *o) {
  bool written = ts_sink_finish(&o->sink) == TS_OK;
  int error = o->sink.error;
  if (o->file != stdout && fclose(o->file) != 0 && written) {
    error = errno;
    written = false;
  }
  if (!settle(o, written) && written) {
    error = errno;
    written = false;
  }
  if (!written) (void)cannot_write(t, o, error);
  release(o);
  return written ? TS_OK : TS_ERR;
}

void ts_output_discard(ts_output *o) {
  if (o->file && o->file != stdout) fclose(o->file);
  settle(o, false);
  release(o);
}
