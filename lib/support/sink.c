/* Buffered text output to a FILE or to memory. */
#include <errno.h>

#include "support/support.h"

enum { BLOCK = 64 << 10 };

/* Room for `bytes` in all. Inside an entry function a refusal jumps to its recovery point;
 * elsewhere the sink fails. */
static bool reserve(ts_sink *s, size_t bytes) {
  bool jumps = s->memory && s->memory->recover;
  char *buf = jumps ? ts_realloc(s->memory, s->buf, s->cap, bytes)
                    : ts_try_realloc(s->memory, s->buf, s->cap, bytes);
  if (!buf) return false;
  s->buf = buf;
  s->cap = bytes;
  return true;
}

void ts_sink_file(ts_sink *s, ts_memory *memory, FILE *file) {
  *s = (ts_sink){.file = file, .memory = memory};
}

void ts_sink_buffer(ts_sink *s, ts_memory *memory) { *s = (ts_sink){.memory = memory}; }

static void fail(ts_sink *s) {
  if (!s->failed) s->error = errno;
  s->failed = true;
}

static void put(ts_sink *s, const char *text, size_t n) {
  if (n && !s->failed && fwrite(text, 1, n, s->file) != n) fail(s);
}

static void flush(ts_sink *s) {
  put(s, s->buf, s->n);
  s->n = 0;
}

/* A file's block is full, or not there yet. */
static void write_file(ts_sink *s, const char *text, size_t n) {
  if (!s->cap && !reserve(s, BLOCK)) {
    fail(s);
    return;
  }
  flush(s);
  if (n >= s->cap) {
    put(s, text, n);
    return;
  }
  memcpy(s->buf, text, n);
  s->n = n;
}

static void write_buffer(ts_sink *s, const char *text, size_t n) {
  size_t need = s->n + n + 2; /* with the NULs of ts_sink_finish */
  if (need < n || s->failed || !reserve(s, ts_max(need, ts_max(2 * s->cap, 256)))) {
    errno = ENOMEM;
    fail(s);
    return;
  }
  memcpy(s->buf + s->n, text, n);
  s->n += n;
}

void ts_sink_write_slow(ts_sink *s, const char *text, size_t n) {
  if (s->file)
    write_file(s, text, n);
  else
    write_buffer(s, text, n);
}

void ts_sink_printf(ts_sink *s, const char *fmt, ...) {
  char small[256];
  va_list args, again;
  va_start(args, fmt);
  va_copy(again, args);
  int n = vsnprintf(small, sizeof small, fmt, args);
  if (n >= (int)sizeof small) {
    char *big = ts_try_realloc(s->memory, NULL, 0, (size_t)n + 1);
    if (big) {
      vsnprintf(big, (size_t)n + 1, fmt, again);
      ts_sink_write(s, big, (size_t)n);
      ts_free(s->memory, big, (size_t)n + 1);
    }
    if (!big) fail(s);
  } else if (n > 0) {
    ts_sink_write(s, small, (size_t)n);
  }
  va_end(again);
  va_end(args);
}

void ts_sink_int(ts_sink *s, int64_t value) {
  char digits[20], *p = digits + sizeof digits;
  uint64_t rest = value < 0 ? -(uint64_t)value : (uint64_t)value;
  do
    *--p = (char)('0' + rest % 10);
  while (rest /= 10);
  if (value < 0) *--p = '-';
  ts_sink_write(s, p, (size_t)(digits + sizeof digits - p));
}

ts_result ts_sink_finish(ts_sink *s) {
  if (s->file) {
    flush(s);
    if (fflush(s->file) != 0) fail(s);
  } else if (s->n + 2 <= s->cap || reserve(s, s->n + 2)) {
    s->buf[s->n] = s->buf[s->n + 1] = '\0';
  } else {
    fail(s);
  }
  return s->failed ? TS_ERR : TS_OK;
}

void ts_sink_drop(ts_sink *s) {
  ts_free(s->memory, s->buf, s->cap);
  *s = (ts_sink){.file = s->file, .memory = s->memory};
}
