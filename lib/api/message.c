/* The public API: who hears of messages, and where they are. */
#include "api/api_impl.h"

void ts_context_set_handler(ts_context *ctx, ts_handler handler, void *user) {
  if (!ctx) return;
  ctx->delivered = ctx->last;
  ctx->handler = handler;
  ctx->handler_user = user;
}

typedef struct remarks_call {
  ts_context *ctx;
  const char *kinds;
} remarks_call;

static ts_result set_remarks(void *arg) {
  remarks_call *c = arg;
  c->ctx->wanted_remarks = c->kinds ? ts_strdup(&c->ctx->arena, c->kinds) : NULL;
  c->ctx->delivered = c->ctx->last;
  return TS_OK;
}

ts_result ts_context_set_remarks(ts_context *ctx, const char *kinds) {
  return ctx ? ts_protect(ctx, set_remarks, &(remarks_call){ctx, kinds}) : TS_USAGE;
}

bool ts_diagnostic_location(const ts_diag *d, ts_location *out) {
  if (!d || !out || !ts_diag_has_place(d)) return false;
  const ts_source *s = d->source;
  ts_location at = {.file = s->name, .begin = d->loc.begin, .end = d->loc.end};
  ts_source_position(s, d->loc.begin, &at.line, &at.column);
  ts_source_position(s, d->loc.end, &at.end_line, &at.end_column);
  ts_api_give(out, &at, sizeof at);
  return true;
}
