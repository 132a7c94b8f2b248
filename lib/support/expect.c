/* Annotations are found by their text alone, so they work in inputs that do not even scan. */
#include "support/expect.h"

enum { NO_LINE = 0 };

typedef struct expectation {
  ts_severity severity;
  unsigned line; /* NO_LINE: of a message without a place */
  const char *text;
  size_t n;
  ts_loc loc;
  bool met;
} expectation;

typedef struct matcher {
  ts_context *ctx;
  const ts_source *source;
  bool remarks;
  TS_VEC(expectation) expected;
  const ts_diag *diags; /* what was collected */
} matcher;

static const char *const words[] = {[TS_SEV_ERROR] = "error",
                                    [TS_SEV_WARNING] = "warning",
                                    [TS_SEV_REMARK] = "remark",
                                    [TS_SEV_NOTE] = "note"};

/* ---- reading annotations ---- */

static bool take(const char **p, const char *word) {
  size_t n = strlen(word);
  if (strncmp(*p, word, n)) return false;
  *p += n;
  return true;
}

static bool take_severity(const char **p, ts_severity *out) {
  for (ts_severity s = TS_SEV_ERROR; s <= TS_SEV_NOTE; s++)
    if (take(p, words[s])) {
      *out = s;
      return true;
    }
  return false;
}

/* The line that an annotation of line `own` is about. */
static bool take_line(const char **p, unsigned own, unsigned *line) {
  *line = own;
  while (**p == ' ')
    ++*p;
  if (!take(p, "@")) return true;
  if (take(p, "unknown")) {
    *line = NO_LINE;
    return true;
  }
  if (take(p, "above")) return (*line = own - 1) != NO_LINE;
  if (take(p, "below")) return (*line = own + 1) != NO_LINE;
  bool minus = **p == '-';
  if (!minus && **p != '+') return false;
  unsigned n = 0;
  const char *digits = ++*p;
  for (; **p >= '0' && **p <= '9' && n < 1000000; ++*p)
    n = n * 10 + (unsigned)(**p - '0');
  if (*p == digits || (minus && n >= own)) return false;
  *line = minus ? own - n : own + n;
  return true;
}

static bool take_annotation(const char *p, unsigned own, expectation *e) {
  if (!take_severity(&p, &e->severity) || !take_line(&p, own, &e->line)) return false;
  while (*p == ' ')
    p++;
  if (!take(&p, "{{")) return false;
  const char *end = strstr(p, "}}");
  if (!end || memchr(p, '\n', (size_t)(end - p))) return false;
  e->text = p;
  e->n = (size_t)(end - p);
  return true;
}

static void read_annotations(matcher *m) {
  static const char marker[] = "expected-";
  const char *text = m->source->text, *counted = text;
  unsigned line = ts_max(m->source->first_line, 1u);
  for (const char *p = text; (p = strstr(p, marker)); p++) {
    for (; counted < p; counted++)
      line += *counted == '\n';
    size_t at = (size_t)(p - text);
    expectation e = {.loc = {(uint32_t)at, (uint32_t)(at + sizeof marker - 1)}};
    if (take_annotation(p + sizeof marker - 1, line, &e))
      ts_push(&m->ctx->messages, &m->expected, e);
    else
      ts_error(m->ctx, e.loc, "an annotation reads expected-error@+1 {{text}}");
  }
}

/* ---- matching ---- */

static bool contains(const char *text, const expectation *e) {
  for (;; text++) {
    if (!strncmp(text, e->text, e->n)) return true;
    if (!*text) return false;
  }
}

static unsigned line_of(const matcher *m, const ts_diag *d) {
  if (d->source != m->source) return NO_LINE;
  unsigned line, column;
  ts_source_position(d->source, d->loc.begin, &line, &column);
  return line;
}

static bool meets(matcher *m, const ts_diag *d) {
  unsigned line = line_of(m, d);
  for (size_t i = 0; i < m->expected.n; i++) {
    expectation *e = &m->expected.at[i];
    if (e->met || e->severity != d->severity || e->line != line || !contains(d->message, e))
      continue;
    e->met = true;
    return true;
  }
  return false;
}

static void match(matcher *m, const ts_diag *d) {
  bool wanted = d->severity != TS_SEV_NOTE && (d->severity != TS_SEV_REMARK || m->remarks);
  if (!meets(m, d) && wanted) {
    m->ctx->source = d->source;
    ts_error(m->ctx, d->loc, "unexpected %s: %s", words[d->severity], d->message);
    m->ctx->source = m->source;
  }
  for (const ts_diag *note = d->notes; note; note = note->next)
    match(m, note);
}

static ts_result expect_body(void *arg) {
  matcher *m = arg;
  read_annotations(m);
  for (const ts_diag *d = m->diags; d; d = d->next)
    match(m, d);
  for (size_t i = 0; i < m->expected.n; i++) {
    const expectation *e = &m->expected.at[i];
    if (!e->met)
      ts_error(m->ctx, e->loc, "expected %s was not given: %.*s", words[e->severity], (int)e->n,
               e->text);
  }
  return m->ctx->num_errors ? TS_ERR : TS_OK;
}

ts_result ts_expect_diagnostics(ts_context *ctx, const ts_source *source, bool remarks) {
  matcher m = {.ctx = ctx, .source = source, .remarks = remarks, .diags = ctx->first};
  const ts_source *outer = ctx->source;
  ctx->first = ctx->last = NULL;
  ctx->num_errors = 0;
  ctx->source = source;
  ts_result result = ts_protect(ctx, expect_body, &m);
  ctx->source = outer;
  return result;
}

/* ---- dividing ---- */

static bool divides(const char *line, size_t n) {
  static const char marker[] = "// -----";
  while (n && (line[n - 1] == '\r' || line[n - 1] == ' '))
    n--;
  return n == sizeof marker - 1 && !memcmp(line, marker, n);
}

static ts_source part_of(ts_arena *arena, const ts_source *source, const char *begin, size_t n,
                         unsigned line) {
  return (ts_source){source->name, ts_strndup(arena, begin, n), n, line};
}

size_t ts_source_split(ts_arena *arena, const ts_source *source, ts_source **parts) {
  TS_VEC(ts_source) v = {0};
  const char *end = source->text + source->n, *begin = source->text;
  unsigned line = ts_max(source->first_line, 1u), first = line;
  for (const char *p = begin; p < end; line++) {
    const char *newline = memchr(p, '\n', (size_t)(end - p)), *next = newline ? newline + 1 : end;
    if (divides(p, (size_t)((newline ? newline : end) - p))) {
      ts_push(arena, &v, part_of(arena, source, begin, (size_t)(p - begin), first));
      begin = next;
      first = line + 1;
    }
    p = next;
  }
  ts_push(arena, &v, part_of(arena, source, begin, (size_t)(end - begin), first));
  *parts = v.at;
  return v.n;
}
