/* Differences between texts, nearest words, annotated messages, divided sources. */
#include "support/diff.h"
#include "support/expect.h"
#include "support/remarks.h"
#include "support/spelling.h"
#include "unit.h"

static ts_context *ctx;

static void setup(void) {
  ctx = ts_context_create();
  ck_assert_ptr_nonnull(ctx);
}

/* ---- diff ---- */

static char *diff_of(const char *a, const char *b) {
  ts_sink s;
  ts_sink_buffer(&s, NULL);
  ts_diff_print(&s, &ctx->memory, "a", a, strlen(a), "b", b, strlen(b));
  ck_assert_int_eq(ts_sink_finish(&s), TS_OK);
  char *text = strdup(s.buf ? s.buf : "");
  ts_sink_drop(&s);
  return text;
}

START_TEST(diff_has_the_unified_form) {
  setup();
  char *d = diff_of("1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nfive\n6\n7\n8\n9\n");
  ck_assert_str_eq(d, "--- a\n+++ b\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n");
  free(d);
  d = diff_of("", "new\n");
  ck_assert_str_eq(d, "--- a\n+++ b\n@@ -0,0 +1,1 @@\n+new\n");
  free(d);
  d = diff_of("same\n", "same\n");
  ck_assert_str_eq(d, "");
  free(d);
  ts_context_destroy(ctx);
}
END_TEST

/* Applies a unified diff of one-letter lines to `a`; counts the lines it adds and removes. */
static size_t apply(const char *a, const char *diff, char *out) {
  size_t at = 0, edits = 0, lines = 0;
  for (const char *p = diff; *p; p = strchr(p, '\n') + 1) {
    int start, count;
    if (!strncmp(p, "---", 3) || !strncmp(p, "+++", 3)) continue;
    if (sscanf(p, "@@ -%d,%d", &start, &count) == 2) {
      size_t first = (size_t)start - (count > 0);
      for (; lines < first; lines++, at += 2)
        out += sprintf(out, "%.2s", a + at);
      continue;
    }
    edits += *p != ' ';
    if (*p != '-') out += sprintf(out, "%.2s", p + 1);
    if (*p != '+') {
      ck_assert_int_eq(p[1], a[at]);
      at += 2, lines++;
    }
  }
  strcpy(out, a + at);
  return edits;
}

static size_t longest_common(const char *a, const char *b) {
  size_t table[64][64] = {{0}}, n = strlen(a) / 2, m = strlen(b) / 2;
  for (size_t i = n; i-- > 0;)
    for (size_t j = m; j-- > 0;)
      table[i][j] =
          a[2 * i] == b[2 * j] ? table[i + 1][j + 1] + 1 : ts_max(table[i + 1][j], table[i][j + 1]);
  return table[0][0];
}

static void random_text(char *out, unsigned *state) {
  *state = *state * 1103515245u + 12345u;
  unsigned n = (*state >> 16) % 40;
  for (unsigned i = 0; i < n; i++) {
    *state = *state * 1103515245u + 12345u;
    *out++ = (char)('a' + (*state >> 16) % 5);
    *out++ = '\n';
  }
  *out = '\0';
}

START_TEST(diff_is_shortest_and_applies) {
  setup();
  unsigned state = 7;
  for (int i = 0; i < 20000; i++) {
    char a[128], b[128], out[256];
    random_text(a, &state);
    random_text(b, &state);
    char *d = diff_of(a, b);
    size_t edits = apply(a, d, out);
    ck_assert_str_eq(out, b);
    ck_assert_uint_eq(edits, strlen(a) / 2 + strlen(b) / 2 - 2 * longest_common(a, b));
    free(d);
  }
  ts_context_destroy(ctx);
}
END_TEST

START_TEST(diff_of_far_apart_texts_stays_cheap) {
  setup();
  enum { LINES = 20000 };
  char *a = malloc(LINES * 8 + 1), *b = malloc(LINES * 8 + 1);
  for (int i = 0; i < LINES; i++) {
    sprintf(a + 8 * i, "a%06d\n", i);
    sprintf(b + 8 * i, "b%06d\n", i);
  }
  char *d = diff_of(a, b);
  ck_assert_uint_gt(strlen(d), 2 * LINES * 9);
  free(d), free(a), free(b);
  ts_context_destroy(ctx);
}
END_TEST

/* ---- spelling ---- */

START_TEST(distances_between_words) {
  ck_assert_uint_eq(ts_word_distance("", "abc"), 3);
  ck_assert_uint_eq(ts_word_distance("lower", "lower"), 0);
  ck_assert_uint_eq(ts_word_distance("lwoer", "lower"), 1);
  ck_assert_uint_eq(ts_word_distance("kitten", "sitting"), 3);
  ts_nearest n = ts_nearest_to("fues");
  ts_nearest_offer(&n, "lower");
  ts_nearest_offer(&n, "fuse");
  ck_assert_str_eq(n.best, "fuse");
  n = ts_nearest_to("nothing-like-it");
  ts_nearest_offer(&n, "fuse");
  ck_assert_ptr_null(n.best);
}
END_TEST

/* ---- annotations ---- */

static ts_source source_of(const char *text) {
  return (ts_source){.name = "t", .text = text, .n = strlen(text), .first_line = 1};
}

START_TEST(annotations_meet_messages) {
  setup();
  ts_source s = source_of("one // expected-error {{bad o}}\n"
                          "// expected-note@-1 {{see}} expected-warning@below {{odd}}\n"
                          "two\n");
  ctx->source = &s;
  (void)ts_error(ctx, (ts_loc){0, 3}, "bad one");
  ts_note(ctx, (ts_loc){0, 3}, "see there");
  uint32_t two = (uint32_t)(strstr(s.text, "two") - s.text);
  ts_warning(ctx, ts_loc_at(two), "an odd number");
  ts_remark(ctx, ts_loc_at(two), "p", "missed", "not looked at");
  ck_assert_int_eq(ts_expect_diagnostics(ctx, &s, false), TS_OK);
  ck_assert_ptr_null(ctx->first);
  ts_context_destroy(ctx);
}
END_TEST

static void check_first(const char *want) {
  ck_assert_ptr_nonnull(ctx->first);
  ck_assert_str_eq(ctx->first->message, want);
}

START_TEST(annotations_report_what_does_not_meet) {
  setup();
  ts_source s = source_of("one // expected-error@+1 {{bad}}\n");
  ctx->source = &s;
  (void)ts_error(ctx, (ts_loc){0, 3}, "bad one");
  ck_assert_int_eq(ts_expect_diagnostics(ctx, &s, false), TS_ERR);
  check_first("unexpected error: bad one");
  ck_assert_str_eq(ctx->first->next->message, "expected error was not given: bad");
  ts_context_clear_diagnostics(ctx);
  ts_remark(ctx, (ts_loc){0, 3}, "p", "missed", "said");
  ts_source quiet = source_of("one\n");
  ck_assert_int_eq(ts_expect_diagnostics(ctx, &quiet, true), TS_ERR);
  check_first("unexpected remark: said");
  ts_context_clear_diagnostics(ctx);
  static const char *const malformed[] = {"expected-error@ {{x}}", "expected-error@-1 {{x}}",
                                          "expected-error {{x", "expected-problem {{x}}"};
  for (size_t i = 0; i < ts_countof(malformed); i++) {
    ts_source bad = source_of(malformed[i]);
    ck_assert_int_eq(ts_expect_diagnostics(ctx, &bad, false), TS_ERR);
    check_first("an annotation reads expected-error@+1 {{text}}");
    ts_context_clear_diagnostics(ctx);
  }
  ts_context_destroy(ctx);
}
END_TEST

static ts_source *parts;
static size_t num_parts;

static ts_result split(void *s) {
  num_parts = ts_source_split(&ctx->arena, s, &parts);
  return TS_OK;
}

START_TEST(parts_keep_their_lines) {
  setup();
  ts_source s = source_of("a\n// -----\n// ------\nb\n// -----  \r\n");
  ck_assert_int_eq(ts_protect(ctx, split, &s), TS_OK);
  ck_assert_uint_eq(num_parts, 3);
  ck_assert_str_eq(parts[0].text, "a\n");
  ck_assert_str_eq(parts[1].text, "// ------\nb\n");
  ck_assert_uint_eq(parts[1].first_line, 3);
  ck_assert_str_eq(parts[2].text, "");
  ck_assert_uint_eq(parts[2].first_line, 6);
  ts_context_destroy(ctx);
}
END_TEST

START_TEST(remarks_as_yaml) {
  setup();
  ts_source s = source_of("one\ntwo\n");
  ctx->source = &s;
  (void)ts_error(ctx, (ts_loc){0, 3}, "stays");
  ts_remark(ctx, (ts_loc){5, 6}, "fuse", "missed", "%%0 isn't used once");
  ts_sink out;
  ts_sink_buffer(&out, NULL);
  ts_remarks_print_yaml(&out, ctx);
  ck_assert_int_eq(ts_sink_finish(&out), TS_OK);
  ck_assert_str_eq(out.buf, "--- !Missed\nPass: fuse\nDebugLoc: { File: 't', Line: 2, Column: 2 }\n"
                            "Message: '%0 isn''t used once'\n...\n");
  ts_sink_drop(&out);
  ts_remarks_keep(ctx, "");
  ck_assert_ptr_eq(ctx->first, ctx->last);
  check_first("stays");
  ts_context_destroy(ctx);
}
END_TEST

UNIT_MAIN("text", diff_has_the_unified_form, diff_is_shortest_and_applies,
          diff_of_far_apart_texts_stays_cheap, distances_between_words, annotations_meet_messages,
          annotations_report_what_does_not_meet, parts_keep_their_lines, remarks_as_yaml)
