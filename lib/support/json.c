/* Pieces of JSON: jansson escapes, float.c has the digits. */
#include "support/json.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include <jansson.h>

static int write_piece(const char *text, size_t n, void *sink) {
  ts_sink_write(sink, text, n);
  return 0;
}

/* NULL: no memory. */
static json_t *replaced(const char *text) {
  char *copy = strdup(text);
  for (char *at = copy; at && *at; at++)
    if (*at & 0x80) *at = '?';
  json_t *value = copy ? json_string(copy) : NULL;
  free(copy);
  return value;
}

void ts_json_text(ts_sink *sink, const char *text) {
  json_t *value = json_string(text);
  if (!value) value = replaced(text);
  if (!value || json_dump_callback(value, write_piece, sink, JSON_ENCODE_ANY)) {
    sink->failed = true;
    sink->error = ENOMEM;
  }
  json_decref(value);
}

void ts_json_number(ts_sink *sink, double value) {
  char text[40];
  if (isfinite(value))
    ts_sink_write(sink, text, ts_format_float(text, value, 64));
  else
    ts_sink_puts(sink, "null");
}

void ts_json_numbers(ts_sink *sink, unsigned n, const double *values) {
  ts_sink_putc(sink, '[');
  for (unsigned i = 0; i < n; i++) {
    if (i) ts_sink_puts(sink, ", ");
    ts_json_number(sink, values[i]);
  }
  ts_sink_putc(sink, ']');
}
