/* Linear forms and the arithmetic below them, against what their formulas say of numbers put for the atoms. */
#include "support/arith.h"
#include "analysis/index/linear.h"
#include "unit.h"

enum { X = 1, Y = 2, Z = -3 }; /* atoms, which any numbers may be */

static ts_memory memory;
static ts_arena arena;

static void open(void) { ts_arena_init(&arena, &memory); }
static void close(void) { ts_arena_drop(&arena); }

/* constant + x X + y Y */
static ts_linear form(int64_t constant, int64_t x, int64_t y) {
  ts_linear f = {.constant = constant}, of_x = ts_linear_atom(&arena, X),
            of_y = ts_linear_atom(&arena, Y);
  ck_assert(ts_linear_add(&arena, &f, &of_x, x) && ts_linear_add(&arena, &f, &of_y, y));
  return f;
}

static int64_t value(const ts_linear *f, int64_t x, int64_t y) {
  return f->constant + x * ts_linear_coef(f, X) + y * ts_linear_coef(f, Y);
}

START_TEST(a_sum_has_the_value_of_the_sum) {
  ts_linear a = form(5, 3, -2), b = form(-1, 4, 7), sum = a;
  ck_assert(ts_linear_add(&arena, &sum, &b, -6));
  ck_assert_int_eq(value(&sum, 10, 100), value(&a, 10, 100) - 6 * value(&b, 10, 100));
  ck_assert_int_eq(value(&a, 10, 100), 5 + 30 - 200); /* as it was */
}
END_TEST

START_TEST(what_cancels_is_gone_and_the_rest_keeps_its_order) {
  ts_linear a = form(0, 3, 5), x = ts_linear_atom(&arena, X), z = ts_linear_atom(&arena, Z);
  ck_assert(ts_linear_add(&arena, &a, &z, 1) && ts_linear_add(&arena, &a, &x, -3));
  ck_assert_uint_eq(a.n, 2);
  ck_assert_int_eq(a.terms[0].atom, Y);
  ck_assert_int_eq(a.terms[1].atom, Z);
  ck_assert_int_eq(ts_linear_coef(&a, X), 0);
}
END_TEST

START_TEST(forms_are_the_same_in_any_order) {
  ts_linear a = form(1, 2, 3), b = {.constant = 1}, y = ts_linear_atom(&arena, Y),
            x = ts_linear_atom(&arena, X);
  ck_assert(ts_linear_add(&arena, &b, &y, 3) && ts_linear_add(&arena, &b, &x, 2));
  ck_assert(ts_linear_same(&a, &b));
  b.constant = 2;
  ck_assert(!ts_linear_same(&a, &b) && ts_linear_same_terms(&a, &b));
  ck_assert(ts_linear_add(&arena, &b, &x, 1));
  ck_assert(!ts_linear_same_terms(&a, &b));
  b = form(0, 2, 0); /* a part of a */
  ck_assert(!ts_linear_same_terms(&a, &b) && !ts_linear_same_terms(&b, &a));
}
END_TEST

START_TEST(a_number_past_int64_is_told_and_wraps) {
  ts_linear a = form(INT64_MAX, 1, 0), b = form(1, INT64_MAX, 0), c = a;
  ck_assert(!ts_linear_add(&arena, &c, &b, 1));
  ck_assert_int_eq(c.constant, INT64_MIN);
  ck_assert_int_eq(ts_linear_coef(&c, X), INT64_MIN);
  c = form(0, 0, 1);
  ck_assert(!ts_linear_add(&arena, &c, &b, 2)); /* the product alone */
  ck_assert_int_eq(ts_linear_coef(&c, X), -2);
}
END_TEST

START_TEST(a_form_is_split_by_what_the_divisor_divides) {
  ts_linear a = form(-5, 8, 3), whole, rest;
  ts_linear_split(&arena, &a, 4, &whole, &rest);
  ck_assert_int_eq(value(&whole, 10, 100), -2 + 2 * 10); /* -5 = 4 * -2 + 3 */
  ck_assert_int_eq(value(&rest, 10, 100), 3 + 3 * 100);
}
END_TEST

START_TEST(a_term_can_be_left_out) {
  ts_linear a = form(7, 2, 3), first = ts_linear_without(&arena, &a, 0),
            last = ts_linear_without(&arena, &a, 1);
  ck_assert_int_eq(value(&first, 10, 100), 307);
  ck_assert_int_eq(value(&last, 10, 100), 27);
}
END_TEST

START_TEST(division_rounds_down_or_up_for_either_sign) {
  for (int64_t a = -20; a <= 20; a++)
    for (int64_t b = 1; b <= 7; b++) {
      int64_t q = ts_floor_div(a, b), up = ts_ceil_div(a, b);
      ck_assert(q * b <= a && a < (q + 1) * b);
      ck_assert((up - 1) * b < a && a <= up * b);
      ck_assert_int_eq(ts_floor_mod(a, b), a - q * b);
    }
}
END_TEST

START_TEST(the_greatest_divisor_divides_both) {
  ck_assert_int_eq(ts_gcd(12, -18), 6);
  ck_assert_int_eq(ts_gcd(0, -7), 7);
  ck_assert_int_eq(ts_gcd(0, 0), 0);
}
END_TEST

START_TEST(an_arena_begins_in_room_and_goes_on_in_chunks) {
  uint64_t room[8];
  ts_arena small;
  memset(room, 0xff, sizeof room);
  ts_arena_over(&small, &memory, room, sizeof room);
  uint64_t *first = ts_arena_alloc(&small, 5 * sizeof *first);
  ck_assert(first == room && first[4] == 0);
  ck_assert_uint_eq(memory.used, 0);
  uint64_t *more = ts_arena_alloc(&small, 4 * sizeof *more);
  ck_assert(more < room || more >= room + 8);
  ck_assert(more[3] == 0 && memory.used > 0);
  ts_arena_drop(&small);
  ck_assert_uint_eq(memory.used, 0);
}
END_TEST

int main(void) {
  const TTest *const tests[] = {a_sum_has_the_value_of_the_sum,
                                what_cancels_is_gone_and_the_rest_keeps_its_order,
                                forms_are_the_same_in_any_order,
                                a_number_past_int64_is_told_and_wraps,
                                a_form_is_split_by_what_the_divisor_divides,
                                a_term_can_be_left_out,
                                division_rounds_down_or_up_for_either_sign,
                                the_greatest_divisor_divides_both,
                                an_arena_begins_in_room_and_goes_on_in_chunks};
  TCase *all = unit_case("linear", ts_countof(tests), tests);
  tcase_add_checked_fixture(all, open, close);
  return unit_run("linear", all);
}
