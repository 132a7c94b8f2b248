/* Messages as text, with the source line and carets under the range:
 *
 *   mlp.tir:3:18: error: unknown value %Z
 *     %0 = matmul %X, %Z : tensor<512x512xf32>
 *                     ^~
 *
 * Columns and carets count code points; tabs before the range are repeated so that the carets
 * stand right at any tab width. Of a long line only the surroundings of the range are shown. What a
 * terminal could take for a command, and bytes that are no UTF-8, show as '?'. */
#include "support/diag.h"

enum { MAX_SHOWN = 100, BEFORE_CARET = 40 };

/* Bytes of the code point at `p`; `*ok` is false for a byte that begins none. */
static size_t step(const char *p, const char *end, bool *ok) {
  unsigned char c = (unsigned char)*p;
  size_t n = c < 0x80 ? 1 : c >= 0xf0 && c < 0xf8 ? 4 : c >= 0xe0 ? 3 : 2;
  *ok = c < 0x80 || (c >= 0xc2 && c < 0xf8);
  for (size_t i = 1; *ok && i < n; i++)
    *ok = p + i < end && ((unsigned char)p[i] & 0xc0) == 0x80;
  return *ok ? n : 1;
}

static unsigned count_points(const char *p, const char *end) {
  unsigned n = 0;
  for (bool ok; p < end; n++)
    p += step(p, end, &ok);
  return n;
}

/* Start of the code point `n` points after `p`, or `end`. */
static const char *skip_points(const char *p, const char *end, unsigned n) {
  for (bool ok; p < end && n; n--)
    p += step(p, end, &ok);
  return p;
}

/* The line around byte `at`, without its line ending. */
static const char *line_around(const ts_source *s, size_t at, const char **end) {
  const char *p = s->text + at, *stop = memchr(p, '\n', s->n - at);
  *end = stop ? stop : s->text + s->n;
  const char *before = memrchr(s->text, '\n', at);
  const char *begin = before ? before + 1 : s->text;
  if (*end > begin && (*end)[-1] == '\r') --*end;
  return begin;
}

void ts_source_position(const ts_source *s, uint32_t at, unsigned *line, unsigned *column) {
  const char *target = s->text + ts_min((size_t)at, s->n), *begin = s->text;
  *line = ts_max(s->first_line, 1u);
  for (const char *p; (p = memchr(begin, '\n', (size_t)(target - begin))); begin = p + 1)
    ++*line;
  *column = count_points(begin, target) + 1;
}

static bool is_control(const char *p, size_t n) {
  unsigned char c = (unsigned char)p[0];
  return (n == 1 && (c < 0x20 || c == 0x7f) && c != '\t') ||
         (n == 2 && c == 0xc2 && (unsigned char)p[1] < 0xa0); /* C1 */
}

static void write_points(ts_sink *out, const char *p, const char *end) {
  bool ok;
  for (size_t n; p < end; p += n) {
    n = step(p, end, &ok);
    if (ok && !is_control(p, n))
      ts_sink_write(out, p, n);
    else
      ts_sink_putc(out, '?');
  }
}

static void write_repeated(ts_sink *out, char c, unsigned n) {
  while (n--)
    ts_sink_putc(out, c);
}

/* Blanks as wide as [p, end). */
static void write_blanks(ts_sink *out, const char *p, const char *end) {
  for (bool ok; p < end; p += step(p, end, &ok))
    ts_sink_putc(out, *p == '\t' ? '\t' : ' ');
}

static void write_snippet(ts_sink *out, const ts_source *s, ts_loc loc, bool colour) {
  size_t at = ts_min((size_t)loc.begin, s->n);
  const char *end, *begin = line_around(s, at, &end);
  const char *from = ts_min(s->text + at, end);
  const char *to = ts_max(from, ts_min(s->text + ts_min((size_t)loc.end, s->n), end));
  unsigned before = count_points(begin, from), skip = 0;
  if (before + count_points(from, end) > MAX_SHOWN && before > BEFORE_CARET)
    skip = before - BEFORE_CARET;
  const char *first = skip_points(begin, end, skip), *last = skip_points(first, end, MAX_SHOWN);
  const char *dots = skip ? "..." : "";
  ts_sink_puts(out, dots);
  write_points(out, first, last);
  ts_sink_puts(out, last < end ? "...\n" : "\n");
  write_repeated(out, ' ', (unsigned)strlen(dots));
  write_blanks(out, first, from);
  ts_sink_puts(out, colour ? "\033[1;32m^" : "^");
  unsigned width = count_points(from, ts_min(to, last));
  write_repeated(out, '~', width ? width - 1 : 0);
  ts_sink_puts(out, colour ? "\033[0m\n" : "\n");
}

static const struct {
  const char *word, *colour;
} severities[] = {
    [TS_SEV_ERROR] = {"error", "\033[1;31m"},
    [TS_SEV_WARNING] = {"warning", "\033[1;35m"},
    [TS_SEV_REMARK] = {"remark", "\033[1;34m"},
    [TS_SEV_NOTE] = {"note", "\033[1;36m"},
};

bool ts_diag_has_place(const ts_diag *d) {
  return d->source && d->source->text && (d->loc.begin || d->loc.end);
}

static void write_head(ts_sink *out, const ts_diag *d, bool colour) {
  ts_sink_puts(out, colour ? "\033[1m" : "");
  if (d->source && d->source->name) ts_sink_printf(out, "%s:", d->source->name);
  if (ts_diag_has_place(d)) {
    unsigned line, column;
    ts_source_position(d->source, d->loc.begin, &line, &column);
    ts_sink_printf(out, "%u:%u:", line, column);
  }
  ts_sink_puts(out, d->source && d->source->name ? " " : "");
  ts_sink_puts(out, colour ? severities[d->severity].colour : "");
  ts_sink_printf(out, "%s: ", severities[d->severity].word);
  ts_sink_puts(out, colour ? "\033[0;1m" : "");
  write_points(out, d->message, d->message + strlen(d->message));
  if (d->pass)
    ts_sink_printf(out, " [%s%s%s]", d->pass, d->kind ? ": " : "", d->kind ? d->kind : "");
  ts_sink_puts(out, colour ? "\033[0m\n" : "\n");
}

void ts_diag_render(ts_sink *out, const ts_diag *d, bool colour) {
  write_head(out, d, colour);
  if (ts_diag_has_place(d)) write_snippet(out, d->source, d->loc, colour);
  for (const ts_diag *note = d->notes; note; note = note->next)
    ts_diag_render(out, note, colour);
}
