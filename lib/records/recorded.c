/* Files of other tuners: unpacked, their JSON made such as jansson takes, and handed to who reads it. */
#include "records/recorded.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <zlib.h>

#include "support/files.h"
#include "records/fields_impl.h"

#define MOST_TEXT (UINT64_C(1) << 30)

typedef struct reading {
  ts_context *ctx;
  ts_arena *arena, scratch;
  const char *name;
  const char *bytes;
  size_t n;
  char *text; /* unpacked: a buffer of `room` bytes */
  size_t length, room;
  json_t *root;
  ts_rows rows;
  ts_recorded *out;
} reading;

/* ---- unpacking ---- */

static void want_room(reading *r, size_t bytes) {
  if (bytes <= r->room) return;
  r->text = ts_realloc(&r->ctx->memory, r->text, r->room, bytes);
  r->room = bytes;
}

/* zlib's memory comes from the arena, so that it needs no end. */
static void *give(void *arena, unsigned n, unsigned bytes) {
  return ts_arena_alloc(arena, (size_t)n * bytes);
}

static void take(void *arena, void *p) {
  (void)arena;
  (void)p;
}

static ts_result bad_gzip(reading *r, const z_stream *z, int status) {
  if (status == Z_BUF_ERROR || status == Z_OK)
    return ts_error_plain(r->ctx, "%s: the gzipped file ends too early", r->name);
  return ts_error_plain(r->ctx, "%s: is not a sound gzipped file: %s", r->name,
                        z->msg ? z->msg : "damaged");
}

/* A file of records packs 6 to 30 times; what unpacks to far more is made to do so. */
static ts_result unpack(reading *r) {
  enum { STEP = 1 << 16, GZIP = 16, MOST_RATIO = 100 };
  uint64_t most = ts_min(ts_max((uint64_t)r->n * MOST_RATIO, (uint64_t)1 << 20), MOST_TEXT);
  z_stream z = {.zalloc = give, .zfree = take, .opaque = &r->scratch};
  z.next_in = (Bytef *)(uintptr_t)r->bytes;
  z.avail_in = (uInt)r->n;
  int status = inflateInit2(&z, GZIP + MAX_WBITS);
  while (status == Z_OK || (status == Z_STREAM_END && z.avail_in)) {
    /* one gzipped file may follow another */
    if (status == Z_STREAM_END && (status = inflateReset(&z)) != Z_OK) break;
    want_room(r, r->length + STEP <= r->room ? r->room : ts_max(2 * r->room, (size_t)STEP));
    size_t space = ts_min(r->room - r->length, (size_t)1 << 30);
    z.next_out = (Bytef *)r->text + r->length;
    z.avail_out = (uInt)space;
    status = inflate(&z, Z_NO_FLUSH);
    r->length += space - z.avail_out;
    if (r->length > most)
      return ts_error_plain(r->ctx, "%s: unpacks to more than %llu bytes, which records do not",
                            r->name, (unsigned long long)most);
  }
  return status == Z_STREAM_END ? TS_OK : bad_gzip(r, &z, status);
}

static ts_result take_text(reading *r) {
  bool packed = r->n > 2 && (uint8_t)r->bytes[0] == 0x1f && (uint8_t)r->bytes[1] == 0x8b;
  ts_result result = TS_OK;
  if (packed) {
    result = unpack(r);
  } else {
    want_room(r, r->n);
    if (r->n) memcpy(r->text, r->bytes, r->n);
    r->length = r->n;
  }
  want_room(r, r->length + 2);
  return result;
}

/* ---- what Python writes and JSON does not know ---- */

/* Python's json writes numbers that are not finite as these words; as texts of the same length they are no numbers, and
 * what has one failed. */
static void quote_words(char *text, size_t n) {
  static const struct {
    const char *word, *text;
  } words[] = {{"NaN", "\"\" "}, {"Infinity", "\"inf\"   "}};
  bool quoted = false;
  for (size_t i = 0; i < n; i++) {
    quoted ^= text[i] == '"';
    if (quoted && text[i] == '\\') i++;
    for (unsigned k = 0; !quoted && k < ts_countof(words); k++) {
      size_t length = strlen(words[k].word);
      if (n - i < length || memcmp(text + i, words[k].word, length) != 0) continue;
      memcpy(text + i, words[k].text, length);
      if (i && text[i - 1] == '-') text[i - 1] = ' ';
      i += length - 1;
    }
  }
}

/* A cache of Kernel Tuner is appended to, an entry and a comma at a time, and gets its last braces when the tuner
 * ends. */
static void close_cache(reading *r) {
  size_t n = r->length;
  while (n && isspace((unsigned char)r->text[n - 1]))
    n--;
  if (!n || (r->text[n - 1] != ',' && r->text[n - 1] != '{')) return;
  n -= r->text[n - 1] == ',';
  memcpy(r->text + n, "}}", 2);
  r->length = n + 2;
}

static ts_result parse(reading *r) {
  json_error_t error;
  quote_words(r->text, r->length);
  close_cache(r);
  r->root = json_loadb(r->text, r->length, 0, &error);
  if (r->root) return TS_OK;
  if (json_error_code(&error) == json_error_out_of_memory) {
    (void)ts_error_plain(r->ctx, "%s: out of memory while reading JSON", r->name);
    return TS_LIMIT;
  }
  return ts_error_plain(r->ctx, "%s:%d:%d: not JSON: %s", r->name, error.line, error.column,
                        error.text);
}

/* ---- reading ---- */

static ts_result dispatch(reading *r) {
  static const struct {
    const char *field, *what;
    ts_result (*read)(ts_rows *, const json_t *, ts_recorded *);
  } formats[] = {{"cache", "entry", ts_read_kernel_tuner},
                 {"results", "result", ts_read_t4},
                 {"Results", "result", ts_read_ktt}};
  for (unsigned i = 0; i < ts_countof(formats); i++) {
    const json_t *field = json_object_get(r->root, formats[i].field);
    if (!json_is_array(field) && !json_is_object(field)) continue;
    ts_rows_begin(&r->rows, r->ctx, r->arena, r->name, formats[i].what);
    return formats[i].read(&r->rows, r->root, r->out);
  }
  return ts_error_plain(r->ctx,
                        "%s: neither T4 results ('results'), nor a cache of Kernel Tuner "
                        "('cache'), nor results of KTT ('Results')",
                        r->name);
}

static const char *base_name(ts_arena *arena, const char *path) {
  const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
  const char *dot = strchr(base + (*base == '.'), '.');
  return ts_strndup(arena, base, dot ? (size_t)(dot - base) : strlen(base));
}

static void name_it(reading *r) {
  ts_recorded *out = r->out;
  if (out->kernel && out->device)
    out->name = ts_sprintf(r->arena, "%s on %s", out->kernel, out->device);
  else
    out->name = base_name(r->arena, r->name);
}

static ts_result refuse_bad(ts_context *ctx, const char *name, const char *what,
                            const ts_recorded *r) {
  for (size_t i = 0; i < r->num_rows; i++)
    if (ts_trial_ok(&r->trials[i])) return TS_OK;
  return ts_error_plain(ctx, "%s: no %s of %zu is good: there is nothing to search for", name, what,
                        r->num_rows);
}

static ts_result read_body(void *arg) {
  reading *r = arg;
  ts_result result = take_text(r);
  if (!result) result = parse(r);
  if (!result) result = dispatch(r);
  if (!result) result = refuse_bad(r->ctx, r->name, r->rows.what, r->out);
  if (!result) name_it(r);
  return result;
}

static void end_reading(void *arg) {
  reading *r = arg;
  json_decref(r->root);
  ts_rows_drop(&r->rows);
  ts_free(&r->ctx->memory, r->text, r->room);
  ts_arena_drop(&r->scratch);
}

ts_result ts_recorded_read_bytes(ts_context *ctx, ts_arena *arena, const char *name,
                                 const void *bytes, size_t n, ts_recorded *out) {
  reading r = {.ctx = ctx, .arena = arena, .name = name, .bytes = bytes, .n = n, .out = out};
  *out = (ts_recorded){0};
  ts_arena_init(&r.scratch, &ctx->memory);
  return ts_protect_cleanup(ctx, read_body, end_reading, &r);
}

/* ---- files ---- */

typedef struct file_reading {
  ts_context *ctx;
  ts_arena *arena, scratch;
  const char *path;
  ts_recorded *out;
} file_reading;

static bool is_store(const char *bytes, size_t n) {
  static const char magic[] = "SQLite format 3";
  return n >= sizeof magic && memcmp(bytes, magic, sizeof magic) == 0;
}

/* "tune.db:3" is session 3 of the store tune.db. False: no such name. */
static bool names_session(file_reading *f, int64_t *session) {
  const char *colon = strrchr(f->path, ':');
  size_t digits = colon ? strspn(colon + 1, "0123456789") : 0;
  if (!digits || colon[1 + digits] || digits > 18) return false;
  *session = strtoll(colon + 1, NULL, 10);
  f->path = ts_strndup(&f->scratch, f->path, (size_t)(colon - f->path));
  return true;
}

static ts_result read_file(void *arg) {
  file_reading *f = arg;
  const char *bytes, *path = f->path;
  size_t n;
  int64_t session = 0;
  bool there = ts_file_read(&f->scratch, AT_FDCWD, f->path, &bytes, &n);
  if (!there && errno == ENOENT && names_session(f, &session))
    there = ts_file_read(&f->scratch, AT_FDCWD, f->path, &bytes, &n);
  if (!there)
    return ts_error_plain(f->ctx, "cannot read '%s': %s", path,
                          errno == EINVAL ? "not a file of less than 2 GiB" : strerror(errno));
  if (!is_store(bytes, n) && !session)
    return ts_recorded_read_bytes(f->ctx, f->arena, f->path, bytes, n, f->out);
  ts_result result = ts_recorded_of_store(f->ctx, f->arena, f->path, session, f->out);
  return result ? result : refuse_bad(f->ctx, path, "trial", f->out);
}

static void end_file(void *arg) { ts_arena_drop(&((file_reading *)arg)->scratch); }

ts_result ts_recorded_read(ts_context *ctx, ts_arena *arena, const char *path, ts_recorded *out) {
  file_reading f = {.ctx = ctx, .arena = arena, .path = path, .out = out};
  ts_arena_init(&f.scratch, &ctx->memory);
  return ts_protect_cleanup(ctx, read_file, end_file, &f);
}
