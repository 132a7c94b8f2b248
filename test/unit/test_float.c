/* Floats to text and back. */
#include <math.h>

#include "unit.h"

static const char *text_of(double value, int bits) {
  static char text[41];
  text[ts_format_float(text, value, bits)] = '\0';
  return text;
}

START_TEST(numbers_print_as_people_write_them) {
  ck_assert_str_eq(text_of(1, 32), "1.0");
  ck_assert_str_eq(text_of(0.5, 64), "0.5");
  ck_assert_str_eq(text_of(-0.0, 64), "-0.0");
  ck_assert_str_eq(text_of(1e-5f, 32), "1e-05");
  ck_assert_str_eq(text_of(1.5e30f, 32), "1.5e+30");
  ck_assert_str_eq(text_of(0.1, 64), "0.1");
  ck_assert_str_eq(text_of(0.1f, 64), "0.10000000149011612");
  ck_assert_str_eq(text_of(0.1f, 32), "0.1");
  ck_assert_str_eq(text_of(1234567, 32), "1234567.0");
  ck_assert_str_eq(text_of(INFINITY, 32), "inf");
  ck_assert_str_eq(text_of(-INFINITY, 16), "-inf");
  ck_assert_str_eq(text_of(65504, 16), "65500.0");
  ck_assert_str_eq(text_of(5e-324, 64), "5e-324");
}
END_TEST

UNIT_MAIN("float", numbers_print_as_people_write_them)
