/* Floats to text and back, against strtod and printf of the C library. */
#include <locale.h>
#include <math.h>

#include "support/floats.h"
#include "unit.h"

static const char *text_of(double value, int bits) {
  static char text[41];
  memset(text, '#', sizeof text);
  text[ts_format_float(text, value, bits)] = '\0';
  return text;
}

static uint64_t bits_of(double d) {
  uint64_t u;
  memcpy(&u, &d, 8);
  return u;
}

/* A fixed sequence of well-mixed numbers (Steele et al., SplitMix64, 2014). */
static uint64_t random64(uint64_t *state) {
  uint64_t z = *state += 0x9e3779b97f4a7c15;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
  z = (z ^ z >> 27) * 0x94d049bb133111eb;
  return z ^ z >> 31;
}

START_TEST(numbers_print_as_people_write_them) {
  static const struct {
    double value;
    int bits;
    const char *text;
  } cases[] = {
      {1, 32, "1.0"},
      {0.5, 64, "0.5"},
      {-0.0, 64, "-0.0"},
      {0, 16, "0.0"},
      {1e-5f, 32, "1e-05"},
      {1.5e30f, 32, "1.5e+30"},
      {0.1, 64, "0.1"},
      {0.1f, 32, "0.1"},
      {0.1f, 64, "0.10000000149011612"},
      {1234567, 32, "1234567.0"},
      {65504, 16, "65500.0"},
      {0.0001, 64, "0.0001"},
      {1e15, 64, "1000000000000000.0"},
      {1e16, 64, "1e+16"},
      {120.25, 64, "120.25"},
      {5e-324, 64, "5e-324"},
      {2.2250738585072014e-308, 64, "2.2250738585072014e-308"},
      {0x1.fffffffffffffp1023, 64, "1.7976931348623157e+308"},
      {(double)9007199254740993, 64, "9007199254740992.0"},
      {1e23, 64, "1e+23"},
      {0x1p-149, 32, "1e-45"},
      {0x1.fffffep127, 32, "3.4028235e+38"},
      {0x1p-24, 16, "6e-08"},
      {INFINITY, 32, "inf"},
      {-INFINITY, 16, "-inf"},
      {-1.5, 17, "-1.5"},
      {16777216, 32, "16777216.0"},
      {9.5e-7f, 32, "9.5e-07"},
  };
  for (size_t i = 0; i < ts_countof(cases); i++)
    ck_assert_str_eq(text_of(cases[i].value, cases[i].bits), cases[i].text);
}
END_TEST

START_TEST(nans_keep_their_bits) {
  ck_assert_str_eq(text_of(NAN, 64), "nan");
  ck_assert_str_eq(text_of(NAN, 16), "nan");
  ck_assert_str_eq(text_of(-NAN, 32), "0xFFC00000");
  ck_assert_str_eq(text_of(ts_float_decode(TS_FORMAT_F16, 0x7c01), 16), "0x7C01");
  ck_assert_str_eq(text_of(ts_float_decode(TS_FORMAT_BF16, 0xff81), 17), "0xFF81");
  ck_assert_str_eq(text_of(ts_float_decode(TS_FORMAT_F64, 0x7ff0000000000001), 64),
                   "0x7FF0000000000001");
}
END_TEST

static bool has_mark(const char *text) {
  return strpbrk(text, ".e") || strstr(text, "inf") || strstr(text, "nan") || text[1] == 'x';
}

/* The digits of a decimal text without sign, point, exponent and the zeros around; returns how many. */
static int significant_digits(const char *text, char digits[40]) {
  int n = 0, last = 0;
  for (const char *p = text; *p && *p != 'e'; p++)
    if (*p >= '0' && *p <= '9' && (n || *p != '0')) {
      digits[n++] = *p;
      last = *p == '0' ? last : n;
    }
  digits[last] = '\0';
  return last;
}

/* Every 16-bit float reads back, by the C library too, and no text of fewer digits does. */
static void check_all_of(ts_float_format f, int bits) {
  for (uint64_t image = 0; image < 65536; image++) {
    double value = ts_float_decode(f, image), back, shorter;
    const char *text = text_of(value, bits);
    unit_check(has_mark(text), "%s", text);
    if (isnan(value)) continue;
    unit_check(ts_parse_double(text, strlen(text), &back), "%s", text);
    unit_check(ts_float_encode(f, back) == image, "%s", text);
    unit_check(ts_float_encode(f, strtod(text, NULL)) == image, "%s", text);
    char other[40], digits[40];
    int n = significant_digits(text, digits);
    if (n > 1 && isfinite(value)) {
      snprintf(other, sizeof other, "%.*e", n - 2, value);
      shorter = strtod(other, NULL);
      unit_check(ts_float_encode(f, shorter) != image, "%s is as good as %s", other, text);
    }
  }
}

START_TEST(every_f16_reads_back) { check_all_of(TS_FORMAT_F16, 16); }
END_TEST

START_TEST(every_bf16_reads_back) { check_all_of(TS_FORMAT_BF16, 17); }
END_TEST

/* Reads back; one digit fewer does not; and no text of as many digits is nearer: printf's nearest is the
 * same if it reads back at all. */
static void check_f64(double value) {
  char other[40], digits[40], others[40];
  const char *text = text_of(value, 64);
  int n = significant_digits(text, digits);
  double back;
  unit_check(ts_parse_double(text, strlen(text), &back) && bits_of(back) == bits_of(value), "%s",
             text);
  unit_check(bits_of(strtod(text, NULL)) == bits_of(value), "%s", text);
  snprintf(other, sizeof other, "%.*e", n - 1, value);
  significant_digits(other, others);
  if (strtod(other, NULL) == value)
    unit_check(strcmp(digits, others) == 0, "%s is nearer than %s", other, text);
  snprintf(other, sizeof other, "%.*e", ts_max(n - 2, 0), value);
  unit_check(n == 1 || strtod(other, NULL) != value, "%s is as good as %s", other, text);
}

START_TEST(random_f64_read_back) {
  uint64_t state = 1;
  for (int i = 0; i < 300000; i++) {
    uint64_t image = random64(&state);
    if (i % 3 == 1) image &= ~0ull << 40; /* short binary fractions */
    double value;
    memcpy(&value, &image, 8);
    if (isfinite(value) && value != 0) check_f64(value);
  }
  for (int e = -1074; e < 1024; e++) /* powers of two have uneven neighbours */
    check_f64(ldexp(1, e));
}
END_TEST

START_TEST(random_f32_read_back) {
  uint64_t state = 2;
  for (int i = 0; i < 2000000; i++) {
    uint32_t image = (uint32_t)random64(&state);
    float value;
    memcpy(&value, &image, 4);
    if (isnan(value)) continue;
    const char *text = text_of((double)value, 32);
    double back;
    unit_check(ts_parse_double(text, strlen(text), &back), "%s", text);
    unit_check((float)back == value && strtof(text, NULL) == value, "%s", text);
    char shorter[40], digits[40];
    int n = significant_digits(text, digits);
    if (i % 8 == 0 && n > 1 && isfinite(value)) {
      snprintf(shorter, sizeof shorter, "%.*e", n - 2, (double)value);
      unit_check(strtof(shorter, NULL) != value, "%s could be %s", text, shorter);
    }
  }
}
END_TEST

/* ---- reading ---- */

static double read_text(const char *text) {
  double value = 12345;
  unit_check(ts_parse_double(text, strlen(text), &value), "%s", text);
  return value;
}

START_TEST(decimals_are_read_as_strtod_does) {
  static const char *const texts[] = {
      "0",
      "-0",
      "1",
      "-1.5",
      "+2.5",
      "1.",
      ".5",
      "1e5",
      "1E-5",
      "123456789012345678901234567890",
      "1e308",
      "1.7976931348623158e308",
      "1e-400",
      "4.9e-324",
      "2.4703282292062327e-324",
      "2.4703282292062328e-324",
      "2.2250738585072011e-308",
      "2.2250738585072012e-308",
      "9007199254740993",
      "9007199254740992.999999999999999999999",
      "9007199254740993.0000000000000000000001",
      "8.5e22",
      "8.5e23",
      "1e22",
      "1e23",
      "0e999999999999",
      "1e-99999999999999999999",
      "0.000000000000000000000000000001",
      "100000000000000000000000e-20",
      "3.14159265358979323846264338327950288",
      "18446744073709551615",
      "18446744073709551616",
      "7.2057594037927933e16",
      "1e-22",
      "5e-23",
  };
  for (size_t i = 0; i < ts_countof(texts); i++)
    unit_check(bits_of(read_text(texts[i])) == bits_of(strtod(texts[i], NULL)), "%s", texts[i]);
  ck_assert(isinf(read_text("inf")) && isinf(read_text("-inf")) && isnan(read_text("nan")));
}
END_TEST

START_TEST(what_is_no_number_is_refused) {
  static const char *const texts[] = {"",
                                      "-",
                                      ".",
                                      "e5",
                                      "1e",
                                      "1e+",
                                      "1x",
                                      " 1",
                                      "1 ",
                                      "0x1",
                                      "--1",
                                      "1.2.3",
                                      "1e5.",
                                      "1,5",
                                      "infinity",
                                      "INF",
                                      "na",
                                      "1_0",
                                      "1.7976931348623159e308",
                                      "1e400",
                                      "-1e400",
                                      "1e99999999999999999999"};
  double value;
  for (size_t i = 0; i < ts_countof(texts); i++)
    unit_check(!ts_parse_double(texts[i], strlen(texts[i]), &value), "%s", texts[i]);
  ck_assert(ts_parse_double("12", 1, &value) && value == 1); /* the length counts, not a NUL */
  ck_assert(!ts_parse_double("1\0"
                             "5",
                             3, &value));
}
END_TEST

START_TEST(random_decimals_are_read_as_strtod_does) {
  uint64_t state = 3;
  for (int i = 0; i < 1000000; i++) {
    char text[64];
    uint64_t digits = random64(&state) >> random64(&state) % 64;
    int e = (int)(random64(&state) % (i % 2 ? 700 : 60)) - (i % 2 ? 360 : 30);
    snprintf(text, sizeof text, "%llu%se%d", (unsigned long long)digits, i % 5 ? "" : ".625", e);
    double value, want = strtod(text, NULL);
    bool fits = ts_parse_double(text, strlen(text), &value);
    unit_check(isinf(want) ? !fits : fits && bits_of(value) == bits_of(want), "%s", text);
  }
}
END_TEST

/* Halves between neighbours, written out in full, and just beside: the hardest cases there are. */
START_TEST(ties_go_to_even) {
  uint64_t state = 4;
  for (int i = 0; i < 20000; i++) {
    uint64_t image = random64(&state) >> 1;
    double value, above;
    memcpy(&value, &image, 8);
    above = nextafter(value, INFINITY);
    if (!isfinite(above) || fabs(value) > 1e300) continue;
    char text[1300];
    long double half = ((long double)value + (long double)above) / 2;
    snprintf(text, sizeof text, "%.800Le", half);
    char *e = strchr(text, 'e');
    const char *marks[] = {"", "0000001", "0000000"};
    for (int m = 0; m < 3; m++) {
      char full[1400];
      snprintf(full, sizeof full, "%.*s%s%s", (int)(e - text), text, marks[m], e);
      unit_check(bits_of(read_text(full)) == bits_of(strtod(full, NULL)), "%s", full);
    }
  }
}
END_TEST

START_TEST(a_megabyte_of_digits_is_read_in_linear_time) {
  size_t n = 1 << 20;
  char *text = malloc(n);
  memset(text, '7', n);
  text[1] = '.';
  double value;
  for (int i = 0; i < 50; i++) {
    ck_assert(ts_parse_double(text, n, &value));
    ck_assert_double_eq(value, 7.7777777777777777);
  }
  memset(text, '0', n);
  text[n - 1] = '1';
  ck_assert(ts_parse_double(text, n, &value) && value == 1);
  free(text);
}
END_TEST

/* Whatever locale a program that embeds us has set. Skipped where none with a comma is installed. */
START_TEST(the_locale_does_not_matter) {
  static const char *const commas[] = {"de_DE.UTF-8", "fr_FR.UTF-8", "de_DE.utf8"};
  for (size_t i = 0; i < ts_countof(commas); i++)
    if (setlocale(LC_ALL, commas[i])) {
      ck_assert_str_eq(text_of(1.5, 64), "1.5");
      ck_assert_double_eq(read_text("1.5000000000000000000000000000000001"), 1.5);
    }
  setlocale(LC_ALL, "C");
}
END_TEST

UNIT_MAIN("float", numbers_print_as_people_write_them, nans_keep_their_bits, every_f16_reads_back,
          every_bf16_reads_back, random_f64_read_back, random_f32_read_back,
          decimals_are_read_as_strtod_does, what_is_no_number_is_refused,
          random_decimals_are_read_as_strtod_does, ties_go_to_even,
          a_megabyte_of_digits_is_read_in_linear_time, the_locale_does_not_matter)
