/* What stands around every entry point: the recovery point, the caller's handler of messages, and structs whose
 * size says which version of the header the caller has. */
#include <stdlib.h>

#include "support/remarks.h"
#include "api/api_impl.h"

/* ---- messages ---- */

void ts_api_deliver(ts_context *ctx) {
  if (ctx->wanted_remarks) ts_remarks_keep_after(ctx, ctx->delivered, ctx->wanted_remarks);
  for (ts_diag *d; (d = ctx->delivered ? ctx->delivered->next : ctx->first);) {
    ctx->delivered = d;
    if (ctx->handler) ctx->handler(ctx->handler_user, d);
  }
}

typedef struct entry {
  ts_context *ctx;
  ts_result (*body)(void *);
  void *arg;
} entry;

/* Nothing is begun that is to be stopped. */
static ts_result run_body(void *arg) {
  entry *e = arg;
  ts_memory_look(&e->ctx->memory);
  return e->body(e->arg);
}

ts_result ts_api_run_for(ts_context *ctx, double seconds, ts_result (*body)(void *), void *arg) {
  ts_watch *watch = seconds > 0 ? ts_watch_begin(&ctx->stop, seconds) : NULL;
  ts_result result = TS_LIMIT;
  ctx->memory.stop = &ctx->stop;
  if (seconds > 0 && !watch)
    (void)ts_error_plain(ctx, "there is no thread for the time limit");
  else
    result = ts_protect(ctx, run_body, &(entry){ctx, body, arg});
  ctx->memory.stop = NULL;
  ts_watch_end(watch);
  ts_api_deliver(ctx);
  return result;
}

ts_result ts_api_run(ts_context *ctx, ts_result (*body)(void *), void *arg) {
  return ts_api_run_for(ctx, ctx->seconds, body, arg);
}

/* ---- structs ---- */

static size_t size_of(const void *s) {
  size_t size;
  memcpy(&size, s, sizeof size);
  return size;
}

ts_result ts_api_take(ts_context *ctx, const char *name, const void *from, void *to, size_t known,
                      size_t least) {
  size_t size = size_of(from);
  if (size < least)
    return ts_api_usage(ctx, "the size of a %s is %zu: set it to sizeof(%s)", name, size, name);
  memset(to, 0, known);
  memcpy(to, from, ts_min(size, known));
  for (size_t i = known; i < size; i++)
    if (((const char *)from)[i])
      return ts_api_usage(ctx, "a %s of %zu bytes says what version %s does not know", name, size,
                          TS_VERSION);
  return TS_OK;
}

void ts_api_give(void *to, const void *from, size_t known) {
  size_t size = size_of(to);
  if (size <= sizeof size) return;
  memcpy((char *)to + sizeof size, (const char *)from + sizeof size,
         ts_min(size, known) - sizeof size);
}

/* ---- texts ---- */

ts_result ts_api_give_text(ts_sink *sink, ts_result result, char **text, size_t *n) {
  *text = NULL;
  if (!result) {
    *text = malloc(sink->n + 1);
    if (*text) memcpy(*text, sink->buf, sink->n);
    if (*text) (*text)[sink->n] = '\0';
    if (n) *n = sink->n;
    result = *text ? TS_OK : TS_LIMIT;
  }
  ts_sink_drop(sink);
  return result;
}

void ts_text_free(char *text) { free(text); }

/* ---- modules in use ---- */

ts_result ts_api_check_unused(const ts_module *module, const char *what) {
  if (!module->num_users) return TS_OK;
  ts_result result =
      ts_api_usage(module->ctx, "the module cannot be %s: %u executable%s of it must go first",
                   what, module->num_users, module->num_users == 1 ? "" : "s");
  ts_api_deliver(module->ctx);
  return result;
}
