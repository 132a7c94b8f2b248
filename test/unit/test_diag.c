/* Messages: collecting, positions, carets. */
#include "unit.h"

static ts_source source_of(const char *text) {
  return (ts_source){.name = "a.tir", .text = text, .n = strlen(text), .first_line = 1};
}

/* The rendered text of one error at [begin, end) of `text`. */
static const char *render(const char *text, uint32_t begin, uint32_t end, const char *message) {
  static char out[4096];
  ts_source source = source_of(text);
  ts_context *ctx = ts_context_create();
  ctx->source = &source;
  (void)ts_error(ctx, (ts_loc){begin, end}, "%s", message);
  snprintf(out, sizeof out, "%s", ts_diagnostic_text(ctx, ctx->first));
  ts_context_destroy(ctx);
  return out;
}

START_TEST(carets_stand_under_the_range) {
  ck_assert_str_eq(render("one\n%0 = matmul %X, %Z\n", 20, 22, "unknown value %Z"),
                   "a.tir:2:17: error: unknown value %Z\n"
                   "%0 = matmul %X, %Z\n"
                   "                ^~\n");
}
END_TEST

UNIT_MAIN("diag", carets_stand_under_the_range)
