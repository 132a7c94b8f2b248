/* By what records know a program: by its text and that of what it calls, not by comments or what stands beside it. */
#include "syntax/fingerprint.h"
#include "syntax/syntax.h"
#include "unit.h"

/* The fingerprint of @f in this text. */
static const char *print_of(ts_context *ctx, const char *program) {
  ts_module *m;
  char *text = ts_sprintf(&ctx->arena, "%s%c", program, 0);
  ts_source *source = ts_new(&ctx->arena, ts_source);
  *source = (ts_source){.name = "t", .text = text, .n = strlen(text), .first_line = 1};
  ck_assert_int_eq(ts_parse_source(ctx, source, &m), TS_OK);
  char *hex = ts_arena_alloc(&m->arena, TS_DIGEST_HEX);
  ck_assert_int_eq(ts_func_fingerprint(ts_func_find(m, ts_intern(&m->strings, "f")), hex), TS_OK);
  ck_assert_uint_eq(strlen(hex), TS_DIGEST_HEX - 1);
  return hex;
}

#define F(body) "func @f(%A: memref<8xf32>, %B: out memref<8xf32>) {\n" body "}\n"
#define COPY(from, to, n)                                                                          \
  "  for %i = 0 to " #n " {\n    %a = load %" #from "[%i]\n    store %a, %" #to "[%i]\n  }\n"
#define OTHER "func @g(%x: memref<4xf32>) {\n}\n"
#define CALLED(n) "func @h(%A: memref<8xf32>, %B: out memref<8xf32>) {\n" COPY(A, B, n) "}\n"
#define CALL "  call @h(%A, %B)\n"

START_TEST(programs_are_one_when_their_text_is) {
  ts_context *ctx = ts_context_create();
  const char *plain = print_of(ctx, F(COPY(A, B, 8)));
  ck_assert_str_eq(plain, print_of(ctx, "// a copy\n" F("  // of all\n\n" COPY(A, B, 8))));
  ck_assert_str_eq(plain, print_of(ctx, OTHER F(COPY(A, B, 8))));
  ck_assert_str_ne(plain, print_of(ctx, F(COPY(A, B, 7))));
  ts_context_destroy(ctx);
}
END_TEST

START_TEST(what_is_called_belongs_to_the_program) {
  ts_context *ctx = ts_context_create();
  const char *eight = print_of(ctx, CALLED(8) F(CALL));
  ck_assert_str_eq(eight, print_of(ctx, OTHER CALLED(8) F(CALL)));
  ck_assert_str_ne(eight, print_of(ctx, CALLED(7) F(CALL)));
  ts_context_destroy(ctx);
}
END_TEST

UNIT_MAIN("fingerprint", programs_are_one_when_their_text_is, what_is_called_belongs_to_the_program)
