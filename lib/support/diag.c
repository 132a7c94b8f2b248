/* Collecting messages: errors up to the context's limit, everything else as it comes.
 *
 * Each function protects itself, so that messages can be given outside an entry function too; the
 * message about memory having run out stands ready in the context, since it can take none. */
#include "support/diag.h"

#include "support/stop.h"

struct report {
  ts_context *ctx;
  ts_diag head; /* what is copied */
  const char *fmt;
  va_list *args;
};

static ts_diag *make(const struct report *r) {
  ts_diag *d = ts_new(&r->ctx->messages, ts_diag);
  *d = r->head;
  d->message = ts_vsprintf(&r->ctx->messages, r->fmt, *r->args);
  return d;
}

static void append(ts_context *ctx, ts_diag *d) {
  if (ctx->last)
    ctx->last->next = d;
  else
    ctx->first = d;
  ctx->last = d;
}

static ts_result add(void *arg) {
  struct report *r = arg;
  ts_context *ctx = r->ctx;
  bool is_error = r->head.severity == TS_SEV_ERROR;
  ctx->dropping = is_error && ctx->num_errors >= ctx->max_errors;
  ctx->num_errors += is_error;
  if (!ctx->dropping) append(ctx, make(r));
  return TS_OK;
}

static ts_result add_note(void *arg) {
  struct report *r = arg;
  if (r->ctx->dropping || !r->ctx->last) return TS_OK;
  ts_diag **end = &r->ctx->last->notes;
  while (*end)
    end = &(*end)->next;
  *end = make(r);
  return TS_OK;
}

#define REPORT(ctx_, fn, ...)                                                                      \
  va_list args;                                                                                    \
  va_start(args, fmt);                                                                             \
  struct report r = {.ctx = (ctx_), .head = {__VA_ARGS__}, .fmt = fmt, .args = &args};             \
  (void)ts_protect(r.ctx, fn, &r);                                                                 \
  va_end(args)

ts_result ts_error(ts_context *ctx, ts_loc loc, const char *fmt, ...) {
  REPORT(ctx, add, .severity = TS_SEV_ERROR, .source = ctx->source, .loc = loc);
  return TS_ERR;
}

void ts_warning(ts_context *ctx, ts_loc loc, const char *fmt, ...) {
  REPORT(ctx, add, .severity = TS_SEV_WARNING, .source = ctx->source, .loc = loc);
}

void ts_note(ts_context *ctx, ts_loc loc, const char *fmt, ...) {
  REPORT(ctx, add_note, .severity = TS_SEV_NOTE, .source = ctx->source, .loc = loc);
}

void ts_remark(ts_context *ctx, ts_loc loc, const char *pass, const char *kind, const char *fmt,
               ...) {
  REPORT(ctx, add, .severity = TS_SEV_REMARK, .source = ctx->source, .loc = loc, .pass = pass,
         .kind = kind);
}

ts_result ts_error_plain(ts_context *ctx, const char *fmt, ...) {
  REPORT(ctx, add, .severity = TS_SEV_ERROR);
  return TS_ERR;
}

void ts_warning_plain(ts_context *ctx, const char *fmt, ...) {
  REPORT(ctx, add, .severity = TS_SEV_WARNING);
}

void ts_note_plain(ts_context *ctx, const char *fmt, ...) {
  REPORT(ctx, add_note, .severity = TS_SEV_NOTE);
}

void ts_inform_plain(ts_context *ctx, const char *fmt, ...) {
  REPORT(ctx, add, .severity = TS_SEV_NOTE);
}

/* ---- running out of memory, and being stopped ---- */

static void report_out_of_memory(ts_context *ctx) {
  const ts_memory *m = &ctx->memory;
  if (ctx->out_of_memory.message) return;
  ctx->num_errors++;
  char *text = ctx->out_of_memory_text;
  size_t n = sizeof ctx->out_of_memory_text;
  if (m->cap && (m->refused > m->cap || m->used > m->cap - m->refused))
    snprintf(text, n, "out of memory: %zu more bytes would pass the limit of %zu bytes", m->refused,
             m->cap);
  else
    snprintf(text, n, "out of memory: the system refused %zu bytes", m->refused);
  ctx->out_of_memory = (ts_diag){.severity = TS_SEV_ERROR, .message = text};
  append(ctx, &ctx->out_of_memory);
  ctx->dropping = false;
}

/* There is memory for saying so, once it is not refused because of the stop. */
static ts_result report_stop(ts_context *ctx, const ts_source *source, ts_loc loc) {
  char text[64];
  ts_stop *stop = ctx->memory.stop;
  const ts_source *outer = ctx->source;
  ts_stop_text(stop, text, sizeof text);
  ctx->memory.stop = NULL;
  ctx->source = source;
  ts_error(ctx, loc, "%s", text);
  ctx->source = outer;
  ctx->memory.stop = stop;
  return TS_LIMIT;
}

ts_result ts_stopped(ts_context *ctx, ts_loc loc) { return report_stop(ctx, ctx->source, loc); }

static void report_refusal(ts_context *ctx) {
  if (ctx->memory.stop && !ctx->memory.refused)
    (void)report_stop(ctx, NULL, (ts_loc){0, 0});
  else
    report_out_of_memory(ctx);
}

ts_result ts_protect(ts_context *ctx, ts_result (*body)(void *), void *arg) {
  if (ctx->memory.recover) return body(arg);
  jmp_buf here;
  ctx->memory.recover = &here;
  ts_result result = TS_LIMIT;
  bool refused = setjmp(here) != 0;
  if (!refused) result = body(arg);
  ctx->memory.recover = NULL;
  if (refused) report_refusal(ctx);
  return result;
}

ts_result ts_protect_about(ts_context *ctx, const ts_source *source, ts_result (*body)(void *),
                           void *arg) {
  const ts_source *outer = ctx->source;
  ctx->source = source;
  ts_result result = ts_protect(ctx, body, arg);
  ctx->source = outer;
  return result;
}

ts_result ts_protect_cleanup(ts_context *ctx, ts_result (*body)(void *), void (*cleanup)(void *),
                             void *arg) {
  jmp_buf *outer = ctx->memory.recover, here;
  ctx->memory.recover = &here;
  if (setjmp(here) == 0) {
    ts_result result = body(arg);
    ctx->memory.recover = outer;
    cleanup(arg);
    return result;
  }
  ctx->memory.recover = outer;
  cleanup(arg);
  if (outer) longjmp(*outer, 1);
  report_refusal(ctx);
  return TS_LIMIT;
}
