/* Reading whole files. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "private.h"

/* A text that ts_tool_read has given out. */
struct ts_tool_text {
  struct ts_tool_text *next;
  size_t cap;
  char bytes[];
};

enum { FIRST_GUESS = 64 << 10 };
static const size_t MAX_INPUT = (size_t)1 << 30;
static const char TOO_LARGE[] = "it is larger than 1 GiB", NO_MEMORY[] = "out of memory";

void ts_tool_free_texts(ts_tool *t) {
  for (struct ts_tool_text *x = t->texts, *next; x; x = next) {
    next = x->next;
    ts_free(&t->ctx->memory, x, sizeof *x + x->cap);
  }
  t->texts = NULL;
}

/* Gives the text room for `cap` bytes; NULL and the old one freed when there is no memory. */
static struct ts_tool_text *resize(ts_tool *t, struct ts_tool_text *x, size_t cap) {
  ts_memory *memory = &t->ctx->memory;
  size_t old = x ? sizeof *x + x->cap : 0;
  struct ts_tool_text *grown = ts_try_realloc(memory, x, old, sizeof *x + cap);
  if (grown)
    grown->cap = cap;
  else
    ts_free(memory, x, old);
  return grown;
}

struct reading {
  ts_tool *tool;
  int fd;
  struct ts_tool_text *text; /* NULL after running out of memory */
  size_t n;
};

/* Reads to the end. Returns NULL, or why it cannot. Two bytes more than what has come are always
 * free, for the closing NULs and to notice the end without growing. */
static const char *read_all(struct reading *r, size_t guess) {
  r->text = resize(r->tool, NULL, guess + 2);
  for (ssize_t got = 1; r->text && got;) {
    got = read(r->fd, r->text->bytes + r->n, r->text->cap - r->n - 1);
    if (got < 0 && errno != EINTR) return strerror(errno);
    r->n += got > 0 ? (size_t)got : 0;
    if (r->n > MAX_INPUT) return TOO_LARGE;
    if (r->n + 1 >= r->text->cap) r->text = resize(r->tool, r->text, 2 * r->text->cap);
  }
  return r->text ? NULL : NO_MEMORY;
}

static const char *read_open(struct reading *r) {
  struct stat st;
  if (fstat(r->fd, &st) != 0) return strerror(errno);
  if (S_ISDIR(st.st_mode)) return "it is a directory";
  bool sized = S_ISREG(st.st_mode) && st.st_size >= 0;
  if (sized && (uintmax_t)st.st_size > MAX_INPUT) return TOO_LARGE;
  return read_all(r, sized ? (size_t)st.st_size : FIRST_GUESS);
}

static const char *read_path(struct reading *r, const char *path) {
  bool standard = strcmp(path, "-") == 0;
  r->fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
  if (r->fd < 0) return strerror(errno);
  const char *why = read_open(r);
  if (!standard) close(r->fd);
  if (r->text) {
    r->text->bytes[r->n] = r->text->bytes[r->n + 1] = '\0';
    r->text->next = r->tool->texts;
    r->tool->texts = r->text;
  }
  return why;
}

struct request {
  ts_tool *tool;
  const char *path;
  ts_source *out;
};

static ts_result read_protected(void *arg) {
  struct request *q = arg;
  ts_context *ctx = q->tool->ctx;
  bool standard = strcmp(q->path, "-") == 0;
  const char *name = standard ? "<stdin>" : ts_strdup(&ctx->arena, q->path);
  struct reading r = {.tool = q->tool};
  const char *why = read_path(&r, q->path);
  if (why) {
    const char *quote = standard ? "" : "'";
    (void)ts_error_plain(ctx, "cannot read %s%s%s: %s", quote, standard ? "standard input" : name,
                         quote, why);
    return why == NO_MEMORY ? TS_LIMIT : TS_ERR;
  }
  if (standard && r.n == 0)
    return ts_error_plain(ctx, "standard input is empty: did the tool before the pipe fail?");
  *q->out = (ts_source){.name = name, .text = r.text->bytes, .n = r.n, .first_line = 1};
  return TS_OK;
}

ts_result ts_tool_read_here(ts_tool *t, const char *path, ts_source *out) {
  struct request q = {t, path, out};
  return ts_protect(t->ctx, read_protected, &q);
}

ts_result ts_tool_read(ts_tool *t, const char *path, ts_source *out) {
  return t->read ? t->read(t, path, out) : ts_tool_read_here(t, path, out);
}
