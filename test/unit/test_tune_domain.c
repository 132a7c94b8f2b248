/* Domains: points and numbers against the sorted list of the rows that they were made from. */
#include <stdlib.h>

#include "tune/space/domain.h"
#include "unit.h"

enum { SIDE = 6, ALL = SIDE * SIDE * SIDE };

static ts_context *ctx;
static ts_arena arena;
static ts_domain domain;

static void open(void) {
  static const char *texts[] = {"1", "2", "4", "0.5", "a b", "q\"\\"};
  static double numbers[] = {1, 2, 4, 0.5, 0, 0};
  static ts_parameter parameters[] = {
      {"x", 4, texts, numbers}, {"y.z", SIDE, texts, NULL}, {"w", SIDE, texts, NULL}};
  ctx = ts_context_create();
  ts_arena_init(&arena, &ctx->memory);
  domain = (ts_domain){.n = 3, .parameters = parameters};
}
static void close(void) {
  ts_arena_drop(&arena);
  ts_context_destroy(ctx);
}

/* Every row but those that `keep` leaves out, in the order of their numbers. */
static size_t rows_where(bool (*keep)(const ts_choice *), ts_choice rows[][3]) {
  size_t n = 0;
  for (unsigned i = 0; i < 4; i++)
    for (unsigned j = 0; j < SIDE; j++)
      for (unsigned k = 0; k < SIDE; k++) {
        rows[n][0] = (ts_choice)i, rows[n][1] = (ts_choice)j, rows[n][2] = (ts_choice)k;
        n += keep(rows[n]);
      }
  return n;
}

static bool keep_all(const ts_choice *row) { return row[0] < 4; }
static bool keep_sparse(const ts_choice *row) {
  return (row[0] * 7 + row[1] * 5 + row[2] * 3) % 4 != 1;
}

static ts_result body(void *rows) {
  return ts_domain_of_rows(ctx, &arena, &domain, domain.count, rows);
}

static void make(ts_choice rows[][3], size_t n) {
  ts_choice shuffled[ALL][3];
  for (size_t i = 0; i < n; i++)
    memcpy(shuffled[(i * 5 + 3) % n], rows[i], sizeof rows[i]);
  domain.count = n;
  ck_assert_int_eq(ts_protect(ctx, body, shuffled), TS_OK);
}

static void check_numbers(bool (*keep)(const ts_choice *)) {
  ts_choice rows[ALL][3], point[3], all[ALL][3];
  size_t n = rows_where(keep, rows);
  make(rows, n);
  ck_assert_uint_eq(domain.count, n);
  uint64_t number, legal = 0;
  for (size_t i = 0; i < n; i++) {
    ts_domain_point(&domain, i, point);
    ck_assert_mem_eq(point, rows[i], sizeof point);
  }
  for (size_t i = rows_where(keep_all, all); i-- > 0;)
    if (ts_domain_number(&domain, all[i], &number)) {
      ck_assert_mem_eq(all[i], rows[number], sizeof all[i]);
      legal++;
    }
  ck_assert_uint_eq(legal, n);
}

START_TEST(rows_are_numbered_by_their_order) {
  check_numbers(keep_sparse);
  check_numbers(keep_all); /* edges are runs of choices here */
}
END_TEST

START_TEST(a_row_that_is_there_twice_is_told) {
  ts_choice rows[3][3] = {{1, 2, 3}, {0, 0, 0}, {1, 2, 3}};
  domain.count = 3;
  ck_assert_int_eq(ts_protect(ctx, body, rows), TS_ERR);
  ck_assert_str_eq(ctx->first->message, "rows 1 and 3 are the same point");
}
END_TEST

START_TEST(points_are_text_and_back) {
  ts_choice rows[ALL][3], point[3];
  size_t n = rows_where(keep_sparse, rows);
  make(rows, n);
  for (size_t i = 0; i < n; i++) {
    const char *text = ts_domain_point_text(&domain, &arena, rows[i]);
    ck_assert_int_eq(ts_domain_read_point(ctx, &domain, text, point), TS_OK);
    ck_assert_mem_eq(point, rows[i], sizeof point);
  }
  ck_assert_str_eq(ts_domain_point_text(&domain, &arena, (ts_choice[]){3, 4, 5}),
                   "x=0.5 y.z=\"a b\" w=\"q\\\"\\\\\"");
}
END_TEST

static const struct {
  const char *text, *message;
} wrong[] = {
    {"x=1 y.z=1 v=2", "the space has no parameter 'v'"},
    {"x=1 yz=1 w=2", "the space has no parameter 'yz'; did you mean 'y.z'?"},
    {"x=3", "'3' is no value of 'x', which is one of 1, 2, 4, 0.5"},
    {"x=1 x=1", "'x' is given twice"},
    {"x=1", "the point says nothing of 'y.z'"},
    {"x", "a point is written name=value name=value, not 'x'"},
    {"x=\"1", "a quote of 'x' is not closed"},
    {"w=1 y.z=2 x=1",
     "the rules of the space do not allow w=1 with the other values; it could be 2, 4, 0.5, q\"\\"},
};

START_TEST(text_that_is_no_point_is_told) {
  ts_choice rows[ALL][3], point[3];
  make(rows, rows_where(keep_sparse, rows));
  ck_assert_int_eq(ts_domain_read_point(ctx, &domain, wrong[_i].text, point), TS_USAGE);
  ck_assert_str_eq(ctx->first->message, wrong[_i].message);
}
END_TEST

START_TEST(numbers_may_be_written_in_any_way) {
  ts_choice rows[ALL][3], point[3];
  make(rows, rows_where(keep_all, rows));
  ck_assert_int_eq(ts_domain_read_point(ctx, &domain, "x=4.0, y.z=1 w=4", point), TS_OK);
  ck_assert_uint_eq(point[0], 2);
}
END_TEST

int main(void) {
  const TTest *const tests[] = {rows_are_numbered_by_their_order, a_row_that_is_there_twice_is_told,
                                points_are_text_and_back, numbers_may_be_written_in_any_way};
  TCase *all = unit_case("tune domain", ts_countof(tests), tests);
  tcase_add_loop_test(all, text_that_is_no_point_is_told, 0, ts_countof(wrong));
  tcase_add_checked_fixture(all, open, close);
  return unit_run("tune domain", all);
}
