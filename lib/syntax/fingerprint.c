/* The digest of a function's text. */
#include "syntax/fingerprint.h"

#include "ir/calls.h"
#include "syntax/syntax.h"

static ts_result add_func(ts_digest *digest, const ts_func *f) {
  ts_sink text;
  ts_sink_buffer(&text, &f->module->ctx->memory);
  ts_print_func_bare(&text, f);
  ts_sink_write(&text, "", 1);
  ts_result result = ts_sink_finish(&text);
  if (!result) ts_digest_add_text(digest, text.buf);
  ts_sink_drop(&text);
  return result;
}

ts_result ts_func_fingerprint(const ts_func *func, char hex[TS_DIGEST_HEX]) {
  ts_digest digest;
  uint8_t bytes[TS_DIGEST_BYTES];
  ts_arena scratch;
  ts_ptrmap reached;
  ts_arena_init(&scratch, &func->module->ctx->memory);
  ts_ptrmap_init(&reached, &scratch);
  ts_walk_reached((ts_func *)func, &reached, NULL, NULL);
  ts_digest_begin(&digest);
  ts_result result = add_func(&digest, func);
  for (const ts_func *f = func->module->first_func; f && !result; f = f->next)
    if (f != func && ts_ptrmap_get(&reached, f)) result = add_func(&digest, f);
  ts_digest_end(&digest, bytes);
  ts_digest_hex(bytes, hex);
  ts_arena_drop(&scratch);
  return result;
}
