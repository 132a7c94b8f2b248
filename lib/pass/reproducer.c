/* Reproducers carry their settings in the leading comment, so they are modules like any other. */
#include "pass/reproducer.h"

#include <stdlib.h>

#include "syntax/syntax.h"

static const char pipeline_key[] = "// pipeline:", checks_key[] = "// checks:";

void ts_reproducer_print(ts_sink *s, const char *path, const ts_module *before,
                         const ts_pipeline_step *step, const ts_checks *checks) {
  ts_sink_printf(s, "// ts-opt -run-reproducer %s\n%s ", path, pipeline_key);
  ts_pipeline_print_step(s, step);
  ts_sink_printf(s, "\n%s", checks_key);
  if (checks->verify_each) ts_sink_puts(s, " verify-each");
  if (checks->verify_roundtrip) ts_sink_puts(s, " verify-roundtrip");
  if (checks->verify_semantics)
    ts_sink_printf(s, " verify-semantics-each=%llu", (unsigned long long)checks->seed);
  ts_sink_puts(s, "\n");
  ts_print_module(s, before);
}

/* What follows `key` on the first line of the leading comment that starts with it; false if none
 * does. */
static bool find_line(const ts_source *source, const char *key, ts_source *out) {
  const char *p = source->text, *end = p + source->n;
  for (uint32_t line = ts_max(source->first_line, 1u); p < end && *p == '/'; line++) {
    const char *newline = memchr(p, '\n', (size_t)(end - p)), *stop = newline ? newline : end;
    size_t n = strlen(key);
    if ((size_t)(stop - p) >= n && !memcmp(p, key, n)) {
      *out = (ts_source){source->name, p + n, (size_t)(stop - p) - n, line};
      return true;
    }
    p = newline ? newline + 1 : end;
  }
  return false;
}

static void read_check(const char *word, ts_checks *checks) {
  static const char semantics[] = "verify-semantics-each=";
  checks->verify_each |= !strcmp(word, "verify-each");
  checks->verify_roundtrip |= !strcmp(word, "verify-roundtrip");
  if (strncmp(word, semantics, sizeof semantics - 1)) return;
  checks->verify_semantics = true;
  checks->seed = strtoull(word + sizeof semantics - 1, NULL, 10);
}

typedef struct read_call {
  ts_context *ctx;
  const ts_source *source;
  ts_pipeline *pipeline;
  ts_checks *checks;
} read_call;

static ts_result read_body(void *arg) {
  read_call *c = arg;
  ts_arena *arena = &c->ctx->arena;
  ts_source *line = ts_new(arena, ts_source), found;
  if (!find_line(c->source, pipeline_key, line))
    return ts_error_plain(c->ctx,
                          "%s is not a reproducer: its leading comment has no line '%s ...'",
                          c->source->name, pipeline_key);
  line->text = ts_strndup(arena, line->text, line->n);
  if (ts_pipeline_parse_source(c->ctx, c->pipeline, line)) return TS_ERR;
  if (!find_line(c->source, checks_key, &found)) return TS_OK;
  *c->checks = (ts_checks){0};
  for (size_t i = 0; i < found.n;) {
    while (i < found.n && found.text[i] == ' ')
      i++;
    size_t begin = i;
    while (i < found.n && found.text[i] != ' ')
      i++;
    read_check(ts_strndup(arena, found.text + begin, i - begin), c->checks);
  }
  return TS_OK;
}

ts_result ts_reproducer_read(ts_context *ctx, const ts_source *source, ts_pipeline *p,
                             ts_checks *checks) {
  return ts_protect(ctx, read_body, &(read_call){ctx, source, p, checks});
}
