/* Any bytes as a program, for the targets that read one. */
#ifndef FUZZ_PROGRAM_H
#define FUZZ_PROGRAM_H

#include "syntax/syntax.h"
#include "analysis/verify/verify.h"
#include "pass/pass.h"
#include "fuzz.h"

typedef struct fuzz_program {
  ts_context *ctx;
  const uint8_t *data;
  size_t size;
  ts_source source;
  ts_module *module; /* NULL until it is read */
} fuzz_program;

/* Reads text as ts_parse_source wants it: writable, with two NULs behind. */
static inline ts_result fuzz_parse(ts_context *ctx, const char *text, size_t n, ts_source *source,
                                   ts_module **out) {
  *source = (ts_source){"fuzz.tir", ts_strndup(&ctx->arena, text, n), n, 1};
  ctx->source = source;
  ts_result r = ts_source_check(ctx, source);
  return r == TS_OK ? ts_parse_source(ctx, source, out) : r;
}

/* For ts_protect: reads and verifies. */
static inline ts_result fuzz_read(void *program) {
  fuzz_program *p = program;
  ts_result r = fuzz_parse(p->ctx, (const char *)p->data, p->size, &p->source, &p->module);
  return r == TS_OK ? ts_verify(p->module) : r;
}

#endif
