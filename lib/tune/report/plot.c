/* Plots, drawn by gnuplot. Script and picture are files in memory, which the process of gnuplot gets as descriptors, so
 * that nothing is left in any folder, whatever happens. */
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "support/process.h"
#include "tune/report/report_impl.h"

enum { MOST_SECONDS = 60, KEPT_OUTPUT = 4 << 10, MOST_WORDS = 300 };

bool ts_report_plot_kind(const char *path, ts_plot *out) {
  size_t n = strlen(path);
  bool svg = n > 4 && strcmp(path + n - 4, ".svg") == 0;
  bool png = n > 4 && strcmp(path + n - 4, ".png") == 0;
  *out = png ? TS_PLOT_PNG : TS_PLOT_SVG;
  return svg || png;
}

typedef struct drawing {
  ts_context *ctx;
  const ts_tune_report *report;
  ts_plot kind;
  unsigned columns;
  ts_sink *out;
  ts_report_bars bars;
  ts_arena arena;
  ts_sink script;
  int script_fd, picture_fd; /* -1: not open */
} drawing;

static const char *fd_path(drawing *d, int fd) {
  return ts_sprintf(&d->arena, "/proc/self/fd/%d", fd);
}

static bool write_whole(int fd, const char *text, size_t n) {
  for (ssize_t put; n; text += put, n -= (size_t)put)
    if ((put = write(fd, text, n)) <= 0) return false;
  return true;
}

/* Descriptors that gnuplot inherits. */
static ts_result open_files(drawing *d) {
  d->script_fd = memfd_create("script", 0);
  d->picture_fd = memfd_create("picture", 0);
  if (d->script_fd < 0 || d->picture_fd < 0)
    return ts_error_plain(d->ctx, "cannot draw: no file in memory: %s", strerror(errno));
  ts_report_plot_script(&d->script, d->report, &d->bars, d->kind, d->columns,
                        fd_path(d, d->picture_fd));
  bool whole =
      ts_sink_finish(&d->script) == TS_OK && write_whole(d->script_fd, d->script.buf, d->script.n);
  return whole ? TS_OK : ts_error_plain(d->ctx, "cannot draw: no memory for the script");
}

static ts_result describe_failure(drawing *d, const ts_process_report *r) {
  char *words = ts_strndup(&d->arena, r->output, ts_min(r->n, (size_t)MOST_WORDS));
  for (char *c = words; *c; c++)
    if (*c == '\n' || *c == '\t' || *c == '\r') *c = ' ';
  if (r->end == TS_PROCESS_TIMED_OUT)
    return ts_error_plain(d->ctx, "gnuplot took longer than %d seconds", MOST_SECONDS);
  if (r->end == TS_PROCESS_NOT_STARTED)
    return ts_error_plain(d->ctx, "gnuplot cannot be started: %s", strerror(r->code));
  return ts_error_plain(d->ctx, "gnuplot failed (%s %d): %s",
                        r->end == TS_PROCESS_EXITED ? "exit code" : "signal", r->code, words);
}

ts_result ts_report_check_plot(ts_context *ctx) {
  if (ts_find_program(&ctx->arena, "gnuplot")) return TS_OK;
  return ts_error_plain(ctx, "gnuplot is not installed; it draws the plots (package gnuplot-nox)");
}

static ts_result run_gnuplot(drawing *d) {
  if (ts_report_check_plot(d->ctx)) return TS_ERR;
  const char *path = ts_find_program(&d->arena, "gnuplot");
  const char *argv[] = {path, "-d", fd_path(d, d->script_fd), NULL};
  const char *fonts = getenv("HOME"), *env[] = {"LC_ALL=C.UTF-8", NULL, NULL};
  if (fonts)
    env[1] = ts_sprintf(&d->arena, "HOME=%s", fonts); /* where fontconfig keeps its cache */
  ts_process p = {.path = path,
                  .argv = argv,
                  .env = env,
                  .seconds = MOST_SECONDS,
                  .stop = d->ctx->memory.stop,
                  .keep = KEPT_OUTPUT};
  ts_process_report r = ts_process_run(&d->arena, &p);
  ts_memory_look(&d->ctx->memory);
  return r.end == TS_PROCESS_EXITED && r.code == 0 ? TS_OK : describe_failure(d, &r);
}

/* Without the space at the ends of lines, and without empty lines. */
static void copy_text(ts_sink *out, const char *text, size_t n) {
  for (size_t begin = 0, end; begin < n; begin = end + 1) {
    for (end = begin; end < n && text[end] != '\n'; end++)
      ;
    size_t last = end;
    while (last > begin && (text[last - 1] == ' ' || text[last - 1] == '\f'))
      last--;
    if (last == begin) continue;
    ts_sink_write(out, text + begin, last - begin);
    ts_sink_putc(out, '\n');
  }
}

static ts_result copy_picture(drawing *d) {
  off_t size = lseek(d->picture_fd, 0, SEEK_END);
  if (size <= 0) return ts_error_plain(d->ctx, "gnuplot drew nothing");
  char *picture = ts_arena_alloc(&d->arena, (size_t)size);
  if (pread(d->picture_fd, picture, (size_t)size, 0) != size)
    return ts_error_plain(d->ctx, "cannot read what gnuplot drew: %s", strerror(errno));
  if (d->kind == TS_PLOT_TEXT)
    copy_text(d->out, picture, (size_t)size);
  else
    ts_sink_write(d->out, picture, (size_t)size);
  return TS_OK;
}

static ts_result draw(void *arg) {
  drawing *d = arg;
  if (d->report->outcome->best == SIZE_MAX)
    return ts_error_plain(d->ctx, "there is nothing to draw: no candidate is good");
  d->bars = ts_report_bars_of(d->ctx, d->report);
  ts_result result = open_files(d);
  if (!result) result = run_gnuplot(d);
  if (!result) result = copy_picture(d);
  if (!result && d->kind == TS_PLOT_TEXT) ts_report_print_bars(d->out, &d->bars);
  return result;
}

static void clean_up(void *arg) {
  drawing *d = arg;
  if (d->script_fd >= 0) close(d->script_fd);
  if (d->picture_fd >= 0) close(d->picture_fd);
  ts_sink_drop(&d->script);
  ts_arena_drop(&d->arena);
}

ts_result ts_report_plot(ts_context *ctx, const ts_tune_report *report, ts_plot kind,
                         unsigned columns, ts_sink *out) {
  drawing d = {.ctx = ctx,
               .report = report,
               .kind = kind,
               .columns = columns,
               .out = out,
               .script_fd = -1,
               .picture_fd = -1};
  ts_arena_init(&d.arena, &ctx->memory);
  ts_sink_buffer(&d.script, &ctx->memory);
  return ts_protect_cleanup(ctx, draw, clean_up, &d);
}
