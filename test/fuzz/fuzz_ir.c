/* Any bytes as a program: messages that can be shown, or a module that prints to text which reads
 * and prints the same. */
#include "syntax/syntax.h"
#include "fuzz_program.h"

static void print(ts_sink *s, const ts_module *m) {
  ts_sink_buffer(s, NULL);
  ts_print_module(s, m);
  if (ts_sink_finish(s) != TS_OK) abort();
}

static ts_result check_round_trip(void *program) {
  const ts_module *m = ((fuzz_program *)program)->module;
  ts_source source;
  ts_module *again = NULL;
  ts_sink first, second;
  print(&first, m);
  if (fuzz_parse(m->ctx, first.buf, first.n, &source, &again) != TS_OK) {
    fprintf(stderr, "what was printed does not read:\n%.*s\n", (int)first.n, first.buf);
    abort();
  }
  print(&second, again);
  if (first.n != second.n || memcmp(first.buf, second.buf, first.n) != 0) {
    fprintf(stderr, "printed:\n%.*s\nthen:\n%.*s\n", (int)first.n, first.buf, (int)second.n,
            second.buf);
    abort();
  }
  ts_module_destroy(again);
  ts_sink_drop(&first);
  ts_sink_drop(&second);
  return TS_OK;
}

static void show_messages(ts_context *ctx) {
  for (const ts_diag *d = NULL; (d = ts_diagnostic_next(ctx, d));)
    if (!*ts_diagnostic_text(ctx, d)) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  fuzz_program p = {.ctx = fuzz_context(FUZZ_MEMORY), .data = data, .size = size};
  ts_result r = ts_protect(p.ctx, fuzz_read, &p);
  if (r == TS_OK) r = ts_protect(p.ctx, check_round_trip, &p);
  show_messages(p.ctx);
  ts_module_destroy(p.module);
  fuzz_finish(p.ctx, r);
  return 0;
}
