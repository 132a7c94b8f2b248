/* Ranges of an extent: which are read, and where in them schedules are tried. */
#include "tune/session/buckets.h"
#include "unit.h"

static ts_context *ctx;

static void setup(void) { ctx = ts_context_create(); }
static void teardown(void) { ts_context_destroy(ctx); }

static ts_buckets read(const char *text) {
  ts_buckets b;
  ck_assert_msg(ts_buckets_parse(ctx, text, &b) == TS_OK, "%s: %s", text,
                ctx->last ? ctx->last->message : "");
  return b;
}

/* Wrong, with this message about the columns begin to end - 1, counted from 1. */
static void refuse(const char *text, unsigned begin, unsigned end, const char *message) {
  ts_buckets b;
  ck_assert_int_eq(ts_buckets_parse(ctx, text, &b), TS_USAGE);
  ck_assert_msg(strstr(ctx->last->message, message), "%s: %s", text, ctx->last->message);
  ck_assert_uint_eq(ctx->last->loc.begin + 1, begin);
  ck_assert_uint_eq(ctx->last->loc.end + 1, end);
}

START_TEST(ranges_are_written_whole_or_by_their_ends) {
  static const int64_t ends[][2] = {{1, 16}, {17, 128}, {129, 4096}};
  const char *const texts[] = {"M=1..16,17..128,129..4096", "M=16,128,4096", "M=16,17..128,4096"};
  for (unsigned i = 0; i < ts_countof(texts); i++) {
    ts_buckets b = read(texts[i]);
    ck_assert_uint_eq(b.n, 3);
    for (unsigned k = 0; k < b.n; k++) {
      ck_assert_str_eq(b.at[k].extent, "M");
      ck_assert_int_eq(b.at[k].low, ends[k][0]);
      ck_assert_int_eq(b.at[k].high, ends[k][1]);
    }
  }
}
END_TEST

START_TEST(between_ranges_may_be_gaps) {
  ts_buckets b = read("HEAD_DIM=2..3,9223372036854775807..9223372036854775807");
  ck_assert_int_eq(b.at[0].low, 2);
  ck_assert_int_eq(b.at[1].tried, INT64_MAX);
}
END_TEST

START_TEST(what_is_wrong_is_pointed_at) {
  refuse("M=1..16,9..20", 9, 14, "begins at 9, and the one before ends at 16");
  refuse("M=128,16", 7, 9, "begins at 16, and the one before ends at 128");
  refuse("M=16,32..17", 6, 12, "empty");
  refuse("M=0..4", 3, 4, "at least 1");
  refuse("M=1..9223372036854775808", 6, 25, "within 64 bits");
  refuse("M=1..", 6, 6, "expected a number, found the end");
  refuse("M=1-4", 4, 5, "expected ',' or '..' and a number, found '-'");
  refuse("M=", 3, 3, "expected a number");
  refuse("16,128", 3, 4, "expected an extent and its ranges");
}
END_TEST

/* √(17·128) = 46.6…, √(129·4096) = 726.9… */
START_TEST(candidates_are_tried_at_the_geometric_mean) {
  ts_buckets b = read("M=1..16,17..128,129..4096");
  ck_assert_int_eq(b.at[0].tried, 4);
  ck_assert_int_eq(b.at[1].tried, 47);
  ck_assert_int_eq(b.at[2].tried, 727);
}
END_TEST

static void check_probes(const char *text, unsigned n, const int64_t *want) {
  int64_t probes[TS_MAX_PROBES];
  ck_assert_uint_eq(ts_bucket_probes(read(text).at, probes), n);
  for (unsigned i = 0; i < n; i++)
    ck_assert_int_eq(probes[i], want[i]);
}

/* 71 and 2111 are the greatest primes up to the middle; of 4..5 the mean is 4. */
START_TEST(winners_are_judged_at_both_ends_and_between) {
  check_probes("M=17..128", 3, (int64_t[]){17, 71, 128});
  check_probes("M=129..4096", 3, (int64_t[]){129, 2111, 4096});
  check_probes("M=1..16", 3, (int64_t[]){1, 7, 16});
  check_probes("M=4..5", 1, (int64_t[]){5});
  check_probes("M=7..7", 0, NULL);
}
END_TEST

int main(void) {
  const TTest *const tests[] = {ranges_are_written_whole_or_by_their_ends,
                                between_ranges_may_be_gaps, what_is_wrong_is_pointed_at,
                                candidates_are_tried_at_the_geometric_mean,
                                winners_are_judged_at_both_ends_and_between};
  TCase *all = unit_case("buckets", ts_countof(tests), tests);
  tcase_add_checked_fixture(all, setup, teardown);
  return unit_run("buckets", all);
}
