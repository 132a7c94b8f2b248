/* Contexts and the public view of their messages. */
#include <stdlib.h>

#include "support/diag.h"

ts_context *ts_context_create(void) { return ts_context_create_with(NULL, NULL); }

ts_context *ts_context_create_with(ts_reallocate reallocate, void *user) {
  ts_context *ctx = reallocate ? reallocate(user, NULL, sizeof *ctx) : malloc(sizeof *ctx);
  if (!ctx) return NULL;
  *ctx = (ts_context){.memory = {.reallocate = reallocate, .allocator = user}};
  ts_arena_init(&ctx->arena, &ctx->memory);
  ts_arena_init(&ctx->messages, &ctx->memory);
  ctx->max_errors = 20;
  return ctx;
}

void ts_context_destroy(ts_context *ctx) {
  if (!ctx) return;
  ts_reallocate reallocate = ctx->memory.reallocate;
  ts_memory_drop(&ctx->memory);
  if (reallocate)
    (void)reallocate(ctx->memory.allocator, ctx, 0);
  else
    free(ctx);
}

void ts_context_set_memory_cap(ts_context *ctx, size_t bytes) {
  if (ctx) ctx->memory.cap = bytes;
}

void ts_context_interrupt(ts_context *ctx) {
  if (ctx) ts_stop_ask(&ctx->stop);
}

void ts_context_resume(ts_context *ctx) {
  if (ctx) ts_stop_unask(&ctx->stop);
}

void ts_context_set_time_limit(ts_context *ctx, double seconds) {
  if (ctx) ctx->seconds = seconds;
}

size_t ts_context_memory_used(const ts_context *ctx) { return ctx ? ctx->memory.used : 0; }

size_t ts_context_memory_peak(const ts_context *ctx) { return ctx ? ctx->memory.peak : 0; }

const ts_diag *ts_diagnostic_next(const ts_context *ctx, const ts_diag *previous) {
  if (previous) return previous->next;
  return ctx ? ctx->first : NULL;
}

ts_severity ts_diagnostic_severity(const ts_diag *d) { return d ? d->severity : TS_SEV_NOTE; }

const char *ts_diagnostic_message(const ts_diag *d) { return d ? d->message : NULL; }

const ts_diag *ts_diagnostic_note(const ts_diag *d, const ts_diag *previous) {
  if (previous) return previous->next;
  return d ? d->notes : NULL;
}

const char *ts_diagnostic_pass(const ts_diag *d) { return d ? d->pass : NULL; }

const char *ts_diagnostic_kind(const ts_diag *d) { return d ? d->kind : NULL; }

struct rendering {
  ts_context *ctx;
  const ts_diag *diag;
  ts_sink sink;
  const char *text;
};

static ts_result render(void *arg) {
  struct rendering *r = arg;
  ts_sink_buffer(&r->sink, &r->ctx->memory);
  ts_diag_render(&r->sink, r->diag, false);
  r->text = ts_strndup(&r->ctx->messages, r->sink.buf, r->sink.n);
  return TS_OK;
}

const char *ts_diagnostic_text(ts_context *ctx, const ts_diag *d) {
  if (!ctx || !d) return NULL;
  struct rendering r = {.ctx = ctx, .diag = d};
  if (ts_protect(ctx, render, &r) != TS_OK) r.text = d->message;
  ts_sink_drop(&r.sink);
  return r.text;
}

unsigned ts_context_num_errors(const ts_context *ctx) { return ctx ? ctx->num_errors : 0; }

void ts_context_clear_diagnostics(ts_context *ctx) {
  if (!ctx) return;
  ctx->first = ctx->last = ctx->delivered = NULL;
  ctx->num_errors = 0;
  ctx->dropping = false;
  ctx->out_of_memory = (ts_diag){0};
  ts_arena_drop(&ctx->messages);
}
