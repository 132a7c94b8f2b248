/* Messages: collecting, positions, carets. */
#include "unit.h"

static ts_source source_of(const char *text) {
  return (ts_source){.name = "a.tir", .text = text, .n = strlen(text), .first_line = 1};
}

/* The rendered text of one error about bytes [begin, end) of `text`. */
static const char *render(const char *text, uint32_t begin, uint32_t end) {
  static char out[4096];
  ts_source source = source_of(text);
  ts_context *ctx = ts_context_create();
  ctx->source = &source;
  (void)ts_error(ctx, (ts_loc){begin, end}, "wrong");
  snprintf(out, sizeof out, "%s", ts_diagnostic_text(ctx, ctx->first));
  ts_context_destroy(ctx);
  return out;
}

START_TEST(carets_stand_under_the_range) {
  ck_assert_str_eq(render("one\n%0 = matmul %X, %Z\n", 20, 22), "a.tir:2:17: error: wrong\n"
                                                                "%0 = matmul %X, %Z\n"
                                                                "                ^~\n");
}
END_TEST

START_TEST(tabs_before_the_range_are_kept) {
  ck_assert_str_eq(render("\tadd\t%x\n", 5, 7), "a.tir:1:6: error: wrong\n"
                                                "\tadd\t%x\n"
                                                "\t   \t^~\n");
}
END_TEST

START_TEST(columns_count_code_points) {
  /* é has two bytes, ∑ three, 𝄞 four; the range is ∑𝄞 */
  ck_assert_str_eq(render("// é∑𝄞 x\n", 5, 12), "a.tir:1:5: error: wrong\n"
                                                "// é∑𝄞 x\n"
                                                "    ^~\n");
}
END_TEST

START_TEST(a_range_over_lines_is_underlined_to_the_end_of_its_first) {
  ck_assert_str_eq(render("ab cd\r\nef\n", 3, 9), "a.tir:1:4: error: wrong\n"
                                                  "ab cd\n"
                                                  "   ^~\n");
}
END_TEST

START_TEST(the_end_of_the_text_has_a_place) {
  ck_assert_str_eq(render("ab", 2, 2), "a.tir:1:3: error: wrong\nab\n  ^\n");
  ck_assert_str_eq(render("ab\n", 3, 3), "a.tir:2:1: error: wrong\n\n^\n");
  ck_assert_str_eq(render("ab\n", 900, 999), "a.tir:2:1: error: wrong\n\n^\n");
}
END_TEST

START_TEST(nothing_reaches_the_terminal_as_a_command) {
  ck_assert_str_eq(render("a\033[2Jb\xff\xc2\x9b z\x7f\n", 10, 11), "a.tir:1:10: error: wrong\n"
                                                                    "a?[2Jb?? z?\n"
                                                                    "         ^\n");
}
END_TEST

START_TEST(of_a_long_line_the_surroundings_are_shown) {
  char text[3001];
  memset(text, 'x', 3000);
  text[3000] = '\0';
  memcpy(text + 2000, "HERE", 4);
  const char *out = render(text, 2000, 2004);
  const char *line = strchr(out, '\n') + 1, *carets = strchr(line, '\n') + 1;
  ck_assert_int_lt(carets - line, 110);
  ck_assert(strncmp(line, "...x", 4) == 0 && strncmp(carets - 5, "x...\n", 5) == 0);
  ck_assert_int_eq(strchr(line, 'H') - line, strchr(carets, '^') - carets);
  ck_assert_ptr_nonnull(strstr(carets, " ^~~~\n"));
  /* A range that leaves the window is cut with it. */
  ck_assert_int_lt(strlen(render(text, 2000, 3000)), 300);
}
END_TEST

START_TEST(a_later_part_of_a_file_keeps_its_line_numbers) {
  ts_source part = source_of("a\nb\n");
  part.first_line = 41;
  unsigned line, column;
  ts_source_position(&part, 2, &line, &column);
  ck_assert_uint_eq(line, 42);
  ck_assert_uint_eq(column, 1);
}
END_TEST

START_TEST(notes_belong_to_what_they_follow) {
  ts_source source = source_of("let x\n");
  ts_context *ctx = ts_context_create();
  ctx->source = &source;
  (void)ts_error(ctx, (ts_loc){0, 3}, "first");
  ts_note(ctx, (ts_loc){4, 5}, "see %c", 'x');
  ts_note_plain(ctx, "and nowhere");
  ts_warning(ctx, (ts_loc){4, 5}, "second");
  ts_remark(ctx, (ts_loc){4, 5}, "fuse", "missed", "third");
  ts_note(ctx, (ts_loc){0, 1}, "of the third");
  ck_assert_str_eq(ts_diagnostic_text(ctx, ctx->first), "a.tir:1:1: error: first\nlet x\n^~~\n"
                                                        "a.tir:1:5: note: see x\nlet x\n    ^\n"
                                                        "note: and nowhere\n");
  const ts_diag *second = ts_diagnostic_next(ctx, ctx->first),
                *third = ts_diagnostic_next(ctx, second);
  ck_assert_int_eq(ts_diagnostic_severity(second), TS_SEV_WARNING);
  ck_assert_ptr_null(second->notes);
  ck_assert_str_eq(ts_diagnostic_message(third), "third");
  ck_assert(strstr(ts_diagnostic_text(ctx, third), "remark: third [fuse: missed]\n") != NULL);
  ck_assert_ptr_null(ts_diagnostic_next(ctx, third));
  ck_assert_uint_eq(ts_context_num_errors(ctx), 1);
  ts_context_destroy(ctx);
}
END_TEST

START_TEST(errors_past_the_limit_are_counted_with_their_notes_dropped) {
  ts_context *ctx = ts_context_create();
  for (int i = 0; i < 50; i++) {
    ck_assert_int_eq(ts_error_plain(ctx, "error %d", i), TS_ERR);
    ts_note_plain(ctx, "note %d", i);
  }
  ts_warning(ctx, (ts_loc){0, 0}, "still kept");
  unsigned kept = 0, notes = 0;
  for (const ts_diag *d = NULL; (d = ts_diagnostic_next(ctx, d));) {
    kept++;
    for (const ts_diag *n = d->notes; n; n = n->next)
      notes++;
  }
  ck_assert_uint_eq(kept, 21);
  ck_assert_uint_eq(notes, 20);
  ck_assert_uint_eq(ts_context_num_errors(ctx), 50);
  ts_context_clear_diagnostics(ctx);
  ck_assert_ptr_null(ts_diagnostic_next(ctx, NULL));
  ck_assert_uint_eq(ts_context_num_errors(ctx), 0);
  (void)ts_error_plain(ctx, "again");
  ck_assert_str_eq(ts_diagnostic_text(ctx, ctx->first), "error: again\n");
  ts_context_destroy(ctx);
}
END_TEST

START_TEST(colour_is_only_added) {
  ts_source source = source_of("let x\n");
  ts_context *ctx = ts_context_create();
  ctx->source = &source;
  (void)ts_error(ctx, (ts_loc){4, 5}, "bad");
  ts_sink s;
  ts_sink_buffer(&s, NULL);
  ts_diag_render(&s, ctx->first, true);
  ck_assert_int_eq(ts_sink_finish(&s), TS_OK);
  char plain[256], *q = plain;
  for (const char *p = s.buf; *p; p++) /* take ESC [ … m out */
    if (*p == '\033')
      p = strchr(p, 'm');
    else
      *q++ = *p;
  *q = '\0';
  ck_assert_str_eq(plain, "a.tir:1:5: error: bad\nlet x\n    ^\n");
  ck_assert_str_eq(plain, ts_diagnostic_text(ctx, ctx->first));
  ts_sink_drop(&s);
  ts_context_destroy(ctx);
}
END_TEST

/* ---- ts_protect ---- */

struct nested {
  ts_context *ctx;
  bool came_back;
};

static ts_result refuse_now(void *arg) {
  ts_context *ctx = ((struct nested *)arg)->ctx;
  ts_arena_alloc(&ctx->arena, 1 << 20);
  return TS_OK;
}

static ts_result enter_again(void *arg) {
  struct nested *n = arg;
  (void)ts_protect(n->ctx, refuse_now, n);
  n->came_back = true;
  return TS_OK;
}

START_TEST(a_nested_entry_keeps_the_outer_recovery_point) {
  struct nested n = {.ctx = ts_context_create()};
  ts_context_set_memory_cap(n.ctx, 1000);
  ck_assert_int_eq(ts_protect(n.ctx, enter_again, &n), TS_LIMIT);
  ck_assert(!n.came_back);
  ck_assert_ptr_null(n.ctx->memory.recover);
  ts_context_set_memory_cap(n.ctx, 0);
  ck_assert_int_eq(ts_protect(n.ctx, enter_again, &n), TS_OK);
  ck_assert(n.came_back);
  ts_context_destroy(n.ctx);
}
END_TEST

/* A message that finds no memory becomes the one about memory. */
START_TEST(messages_can_run_out_of_memory_too) {
  ts_context *ctx = ts_context_create();
  ts_context_set_memory_cap(ctx, 100);
  ck_assert_int_eq(ts_error_plain(ctx, "lost"), TS_ERR);
  ck_assert_ptr_nonnull(strstr(ctx->first->message, "out of memory"));
  ck_assert_ptr_nonnull(strstr(ts_diagnostic_text(ctx, ctx->first), "out of memory"));
  ts_context_destroy(ctx);
}
END_TEST

UNIT_MAIN("diag", carets_stand_under_the_range, tabs_before_the_range_are_kept,
          columns_count_code_points, a_range_over_lines_is_underlined_to_the_end_of_its_first,
          the_end_of_the_text_has_a_place, nothing_reaches_the_terminal_as_a_command,
          of_a_long_line_the_surroundings_are_shown, a_later_part_of_a_file_keeps_its_line_numbers,
          notes_belong_to_what_they_follow,
          errors_past_the_limit_are_counted_with_their_notes_dropped, colour_is_only_added,
          a_nested_entry_keeps_the_outer_recovery_point, messages_can_run_out_of_memory_too)
