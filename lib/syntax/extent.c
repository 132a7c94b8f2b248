/* Reading the values of symbolic extents. */
#include "syntax/extent.h"

#include <errno.h>
#include <stdlib.h>

static bool is_extent_name(const char *p, size_t n) {
  for (size_t i = 0; i < n; i++) {
    bool upper = p[i] >= 'A' && p[i] <= 'Z', rest = (p[i] >= '0' && p[i] <= '9') || p[i] == '_';
    if (!upper && !(i && rest)) return false;
  }
  return n > 0;
}

typedef struct extent_call {
  ts_context *ctx;
  const char *text;
  ts_extent_value *out;
} extent_call;

static ts_result parse_body(void *arg) {
  extent_call *c = arg;
  const char *equals = strchr(c->text, '=');
  if (!equals || !is_extent_name(c->text, (size_t)(equals - c->text))) {
    ts_error_plain(c->ctx, "an extent is bound as NAME=n, such as M=512, not '%s'", c->text);
    return TS_USAGE;
  }
  char *end;
  errno = 0;
  long long value = strtoll(equals + 1, &end, 10);
  bool digits = equals[1] >= '0' && equals[1] <= '9';
  if (!digits || *end || errno || value < 1) {
    ts_error_plain(c->ctx, "an extent is an integer of at least 1, not '%s'", equals + 1);
    return TS_USAGE;
  }
  *c->out =
      (ts_extent_value){ts_strndup(&c->ctx->arena, c->text, (size_t)(equals - c->text)), value};
  return TS_OK;
}

ts_result ts_extent_parse(ts_context *ctx, const char *text, ts_extent_value *out) {
  return ts_protect(ctx, parse_body, &(extent_call){ctx, text, out});
}
