/* Decimal text to double, correctly rounded, whatever the locale.
 *
 * Short numbers take one exact multiplication or division (Clinger 1990, "How to read floating
 * point numbers accurately": both operands are exact, so the one rounding is the right one). Up to
 * 19 digits take a multiplication with a table of powers. What is left is written out for strtod in
 * the C locale. */
#include <locale.h>
#include <math.h>
#include <stdlib.h>

#include "support/pow10.h"
#include "support/support.h"

/* Halfway points between doubles have at most 767 significant digits, so what follows the first 800
 * matters only by being zero or not. */
enum { MAX_DIGITS = 800 };
static const int64_t MAX_EXPONENT = 1000000000;

/* The number  0.DIGITS × 10^point. */
typedef struct {
  int64_t point;
  uint64_t leading;        /* the first 19 digits */
  size_t n;                /* significant digits, without leading zeros */
  char digits[MAX_DIGITS]; /* the last may stand for those that follow */
} decimal;

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

static void add_digit(decimal *d, char c) {
  if (d->n < 19) d->leading = d->leading * 10 + (uint64_t)(c - '0');
  if (d->n < MAX_DIGITS)
    d->digits[d->n] = c;
  else if (c != '0' && d->digits[MAX_DIGITS - 1] == '0')
    d->digits[MAX_DIGITS - 1] = '1';
  d->n++;
}

/* A run of digits; returns what follows it. */
static const char *scan_digits(decimal *d, const char *p, const char *end, bool fraction) {
  for (; p < end && is_digit(*p); p++) {
    bool leading_zero = d->n == 0 && *p == '0';
    if (!leading_zero) add_digit(d, *p);
    d->point += fraction ? -leading_zero : !leading_zero;
  }
  return p;
}

/* e+12; false when digits are missing. An exponent past the limit stays there. */
static bool scan_exponent(decimal *d, const char *p, const char *end) {
  bool negative = p < end && *p == '-';
  if (p < end && (*p == '-' || *p == '+')) p++;
  int64_t e = 0;
  const char *start = p;
  for (; p < end && is_digit(*p); p++)
    e = ts_min(e * 10 + (*p - '0'), MAX_EXPONENT * 4);
  d->point += negative ? -e : e;
  return p == end && p > start;
}

static bool scan(decimal *d, const char *text, const char *end) {
  const char *p = scan_digits(d, text, end, false);
  size_t digits = (size_t)(p - text);
  if (p < end && *p == '.') {
    const char *start = p + 1;
    p = scan_digits(d, start, end, true);
    digits += (size_t)(p - start);
  }
  if (digits == 0) return false;
  if (p < end && (*p == 'e' || *p == 'E')) return scan_exponent(d, p + 1, end);
  return p == end;
}

static bool exact(const decimal *d, double *out) {
  static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                  1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                  1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
  if (d->n > 19 || d->leading > (uint64_t)1 << 53) return false;
  int64_t e = d->point - (int64_t)d->n;
  if (e < -22 || e > 22) return d->leading == 0 ? (*out = 0, true) : false;
  *out = e < 0 ? (double)d->leading / powers[-e] : (double)d->leading * powers[e];
  return true;
}

/* w × 10^e for a w of at most 64 bits by one or two multiplications with the table of powers,
 * rounded to nearest (D. Lemire, "Number parsing at a gigabyte per second", 2021). False where the
 * cut-off powers leave the rounding open, and for results that are not normal. */
static bool by_table(uint64_t w, int64_t e, double *out) {
  if (w == 0 || e < TS_POW10_LEAST || e > 308) return false;
  const uint64_t *power = ts_pow10_bits[e - TS_POW10_LEAST];
  int zeros = __builtin_clzll(w);
  w <<= zeros;
  unsigned __int128 product = (unsigned __int128)w * power[0];
  if ((product >> 64 & 0x1ff) == 0x1ff) /* the cut-off half of the power could carry into bit 9 */
    product += (unsigned __int128)w * power[1] >> 64;
  uint64_t high = (uint64_t)(product >> 64), low = (uint64_t)product;
  /* 54 bits: the 53 of a double and the one that decides. */
  int top = (int)(high >> 63), drop = top + 9;
  uint64_t bits = high >> drop, rest = high & (((uint64_t)1 << drop) - 1);
  bool maybe_tie = (bits & 1) && rest == 0 && low <= 1;
  int64_t binary = ts_log2_of_pow10((int)e) + 64 - zeros + top; /* the value lies below 2^binary */
  if (maybe_tie || low == UINT64_MAX || binary < -1020 || binary > 1023) return false;
  *out = ldexp((double)(bits / 2 + bits % 2), (int)binary - 53);
  return true;
}

static double slow(const decimal *d) {
  char text[MAX_DIGITS + 32];
  size_t n = ts_min(d->n, (size_t)MAX_DIGITS);
  int64_t e = ts_max(ts_min(d->point - (int64_t)n, MAX_EXPONENT), -MAX_EXPONENT);
  memcpy(text, d->digits, n);
  snprintf(text + n, sizeof text - n, "e%lld", (long long)e);
  locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
  double value = strtod_l(text, NULL, c);
  freelocale(c);
  return value;
}

static bool is_word(const char *text, const char *end, const char *word) {
  size_t n = (size_t)(end - text);
  return n == strlen(word) && memcmp(text, word, n) == 0;
}

bool ts_parse_double(const char *text, size_t n, double *out) {
  const char *end = text + n;
  bool negative = n && *text == '-';
  if (n && (*text == '-' || *text == '+')) text++;
  decimal d;
  d.n = 0;
  d.point = 0;
  d.leading = 0;
  double value;
  if (is_word(text, end, "inf"))
    value = INFINITY;
  else if (is_word(text, end, "nan"))
    value = NAN;
  else if (!scan(&d, text, end))
    return false;
  else if (!exact(&d, &value) &&
           !(d.n <= 19 && by_table(d.leading, d.point - (int64_t)d.n, &value)))
    value = slow(&d);
  *out = negative ? -value : value;
  return !isinf(value) || is_word(text, end, "inf");
}
