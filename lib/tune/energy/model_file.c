/* Models and samples as files of JSON. */
#include <errno.h>
#include <fcntl.h>

#include <jansson.h>

#include "support/files.h"
#include "tune/energy/energy.h"

#define FORMAT "tilesmith energy model"
enum { VERSION = 1, LEVELS = 3 };

typedef struct reader {
  ts_context *ctx;
  ts_arena *arena;
  const char *path;
  json_t *root;
  ts_result (*read)(struct reader *, void *out);
  void *out;
} reader;

/* ---- reading ---- */

/* The text lives with the context, for messages to show. */
static ts_result load_text(reader *r, ts_source **out) {
  ts_arena *arena = &r->ctx->arena;
  const char *bytes;
  ts_source *s = *out = ts_new(arena, ts_source);
  if (!ts_file_read(arena, AT_FDCWD, r->path, &bytes, &s->n))
    return ts_error_plain(r->ctx, "cannot read '%s': %s", r->path, strerror(errno));
  *s = (ts_source){r->path, ts_strndup(arena, bytes, s->n), s->n, 1};
  return TS_OK;
}

static ts_result parse(reader *r, const ts_source *s) {
  json_error_t error;
  r->root = json_loadb(s->text, s->n, JSON_REJECT_DUPLICATES, &error);
  if (r->root) return r->read(r, r->out);
  uint32_t at = error.position > 0 ? (uint32_t)error.position - 1 : 0;
  return ts_error(r->ctx, ts_loc_at(ts_min(at, (uint32_t)s->n)), "this is not JSON: %s",
                  error.text);
}

static ts_result read_file(void *arg) {
  reader *r = arg;
  ts_source *s;
  const ts_source *outer = r->ctx->source;
  ts_result result = load_text(r, &s);
  r->ctx->source = s;
  if (!result) result = ts_source_check(r->ctx, s);
  if (!result) result = parse(r, s);
  r->ctx->source = outer;
  return result;
}

static void release(void *arg) { json_decref(((reader *)arg)->root); }

static ts_result run_reader(reader *r) { return ts_protect_cleanup(r->ctx, read_file, release, r); }

/* Where a name of the file, which is there once, stands; its beginning for one that is not there. */
static ts_loc place_of(const reader *r, const char *key) {
  const char *at = strstr(r->ctx->source->text, ts_sprintf(r->arena, "\"%s\"", key));
  uint32_t begin = at ? (uint32_t)(at - r->ctx->source->text) : 0;
  return (ts_loc){begin, begin + (at ? (uint32_t)strlen(key) + 2 : 1)};
}

/* ---- models ---- */

static bool get_weight(const json_t *value, double *out) {
  *out = json_number_value(value);
  return json_is_number(value) && *out >= 0;
}

static ts_result read_weight(reader *r, const char *key, double *out) {
  const json_t *value = json_object_get(r->root, key);
  if (!value) return ts_error(r->ctx, place_of(r, key), "there is no \"%s\"", key);
  if (get_weight(value, out)) return TS_OK;
  return ts_error(r->ctx, place_of(r, key), "\"%s\" should be a number from 0 on", key);
}

static ts_result read_levels(reader *r, const char *key, double *out) {
  const json_t *list = json_object_get(r->root, key);
  bool good = json_array_size(list) == LEVELS;
  for (unsigned i = 0; i < LEVELS && good; i++)
    good = get_weight(json_array_get(list, i), &out[i]);
  if (good) return TS_OK;
  return ts_error(r->ctx, place_of(r, key),
                  "\"%s\" should be a list of three numbers from 0 on: first-level cache, "
                  "second-level cache, memory",
                  key);
}

static ts_result check_format(reader *r) {
  const char *format = json_string_value(json_object_get(r->root, "format"));
  const json_t *version = json_object_get(r->root, "version");
  if (!format || strcmp(format, FORMAT) != 0)
    return ts_error(r->ctx, place_of(r, "format"), "\"format\" should be \"" FORMAT "\"");
  if (json_integer_value(version) == VERSION) return TS_OK;
  return ts_error(r->ctx, place_of(r, "version"), "\"version\" should be %d", VERSION);
}

static ts_result read_model(reader *r, void *out) {
  ts_energy_model *m = out;
  m->origin = ts_strdup(r->arena, r->path);
  ts_result result = check_format(r);
  if (!result) result = read_weight(r, "joules_per_flop", &m->j_flop);
  if (!result) result = read_levels(r, "joules_per_byte", m->j_byte);
  if (!result) result = read_weight(r, "watts", &m->watts);
  return result;
}

ts_result ts_energy_model_read(ts_context *ctx, ts_arena *arena, const char *path,
                               ts_energy_model *out) {
  return run_reader(
      &(reader){.ctx = ctx, .arena = arena, .path = path, .read = read_model, .out = out});
}

static void print_number(ts_sink *sink, const char *before, double value, const char *after) {
  char text[40];
  ts_sink_puts(sink, before);
  ts_sink_write(sink, text, ts_format_float(text, value, 64));
  ts_sink_puts(sink, after);
}

static void print_levels(ts_sink *sink, const double *values) {
  for (unsigned i = 0; i < LEVELS; i++)
    print_number(sink, i ? ", " : "[", values[i], i + 1 < LEVELS ? "" : "]");
}

void ts_energy_model_print(ts_sink *sink, const ts_energy_model *m) {
  ts_sink_printf(sink, "{\n  \"format\": \"" FORMAT "\",\n  \"version\": %d,\n", VERSION);
  print_number(sink, "  \"joules_per_flop\": ", m->j_flop, ",\n  \"joules_per_byte\": ");
  print_levels(sink, m->j_byte);
  print_number(sink, ",\n  \"watts\": ", m->watts, "\n}\n");
}

/* ---- samples ---- */

static ts_result read_sample(reader *r, unsigned i, ts_energy_samples *s) {
  json_t *sample = json_array_get(r->root, i), *bytes = json_object_get(sample, "bytes");
  const char *name = json_string_value(json_object_get(sample, "name"));
  ts_counted *c = &s->counted[i];
  s->names[i] = name ? ts_strdup(r->arena, name) : "";
  bool good = get_weight(json_object_get(sample, "flops"), &c->flops) &&
              get_weight(json_object_get(sample, "seconds"), &c->seconds) &&
              get_weight(json_object_get(sample, "joules"), &s->joules[i]) &&
              json_array_size(bytes) == LEVELS;
  for (unsigned k = 0; k < LEVELS && good; k++)
    good = get_weight(json_array_get(bytes, k), &c->bytes[k]);
  if (good) return TS_OK;
  return ts_error_plain(
      r->ctx,
      "%s: sample %u should have flops, seconds and joules, numbers from 0 on, and bytes, "
      "three of them",
      r->path, i + 1);
}

static void make_room(ts_arena *arena, unsigned n, ts_energy_samples *out) {
  *out = (ts_energy_samples){n, ts_new_array(arena, const char *, n),
                             ts_new_array(arena, ts_counted, n), ts_new_array(arena, double, n)};
}

static ts_result read_samples(reader *r, void *out) {
  ts_energy_samples *s = out;
  ts_result result = TS_OK;
  if (!json_is_array(r->root)) return ts_error(r->ctx, ts_loc_at(0), "expected a list of samples");
  make_room(r->arena, (unsigned)json_array_size(r->root), s);
  for (unsigned i = 0; i < s->n && !result; i++)
    result = read_sample(r, i, s);
  return result;
}

ts_result ts_energy_samples_read(ts_context *ctx, ts_arena *arena, const char *path,
                                 ts_energy_samples *out) {
  return run_reader(
      &(reader){.ctx = ctx, .arena = arena, .path = path, .read = read_samples, .out = out});
}

/* Names are plain text: those of the kernels, or what a file had, whose quotes go. */
void ts_energy_samples_print(ts_sink *sink, const ts_energy_samples *s) {
  for (unsigned i = 0; i < s->n; i++) {
    ts_sink_printf(sink, "%s\n  {\"name\": \"%s\", ", i ? "," : "[", s->names[i]);
    print_number(sink, "\"flops\": ", s->counted[i].flops, ", \"bytes\": ");
    print_levels(sink, s->counted[i].bytes);
    print_number(sink, ", \"seconds\": ", s->counted[i].seconds, "");
    print_number(sink, ", \"joules\": ", s->joules[i], "}");
  }
  ts_sink_puts(sink, "\n]\n");
}
