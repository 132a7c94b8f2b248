/* A tool's beginning and end, and its messages. */
#include "tool.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "private.h"

/* A closed standard stream would let the next file opened take its number. What stands in cannot be
 * used, so that reading or writing it is still the error that it was. */
static void occupy_standard_descriptors(void) {
  for (int fd = 0; fd <= 2; fd++)
    if (fcntl(fd, F_GETFD) == -1 && errno == EBADF)
      (void)!open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

ts_result ts_tool_begin(ts_tool *t, const char *name, const char *overview, void *user) {
  *t = (ts_tool){.name = name, .overview = overview, .user = user};
  occupy_standard_descriptors();
  signal(SIGPIPE, SIG_IGN);
  signal(SIGXFSZ, SIG_IGN);
  t->ctx = ts_context_create();
  if (t->ctx) return TS_OK;
  fprintf(stderr, "%s: error: out of memory\n", name);
  return TS_LIMIT;
}

ts_result ts_tool_usage(ts_tool *t, const char *fmt, ...) {
  char text[512];
  va_list args;
  va_start(args, fmt);
  vsnprintf(text, sizeof text, fmt, args);
  va_end(args);
  (void)ts_error_plain(t->ctx, "%s", text);
  return TS_USAGE;
}

bool ts_tool_wants_colour(const ts_tool *t, FILE *file) {
  const char *term = getenv("TERM"), *no_colour = getenv("NO_COLOR");
  if (t->colour) return t->colour == 1;
  return isatty(fileno(file)) && term && strcmp(term, "dumb") != 0 && !(no_colour && *no_colour);
}

void ts_tool_print_diagnostics(ts_tool *t) {
  if (!t->ctx->first) return;
  ts_sink err;
  ts_sink_file(&err, NULL, stderr);
  bool colour = ts_tool_wants_colour(t, stderr);
  unsigned shown = 0;
  for (const ts_diag *d = t->ctx->first; d; d = d->next) {
    if (!d->source) ts_sink_printf(&err, "%s: ", t->name);
    ts_diag_render(&err, d, colour);
    shown += d->severity == TS_SEV_ERROR;
  }
  unsigned more = t->ctx->num_errors - shown;
  if (more)
    ts_sink_printf(&err, "%s: %u more error%s not shown\n", t->name, more,
                   more == 1 ? " is" : "s are");
  (void)!ts_sink_finish(&err); /* there is nowhere left to say so */
  ts_sink_drop(&err);
  ts_context_clear_diagnostics(t->ctx);
}

int ts_tool_end(ts_tool *t, ts_result r) {
  if (!t->ctx) return (int)r;
  ts_tool_print_diagnostics(t);
  ts_tool_free_texts(t);
  ts_context_destroy(t->ctx);
  return (int)r;
}
