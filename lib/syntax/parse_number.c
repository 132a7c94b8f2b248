/* Parser actions for numbers. */
#include <math.h>

#include "syntax/parser_impl.h"

bool ts_parser_float_word(const char *text, size_t n, double *value) {
  bool inf = n == 3 && memcmp(text, "inf", 3) == 0, nan = n == 3 && memcmp(text, "nan", 3) == 0;
  *value = inf ? (double)INFINITY : (double)NAN;
  return inf || nan;
}

ts_number ts_parse_number_word(ts_parser *p, ts_named word) {
  const struct ts_interned *e = ts_interned_of(&p->m->strings, word.name);
  double value;
  ts_number n = ts_number_make(TS_NUMBER_FLOAT, 0, word.loc);
  if (!ts_parser_float_word(e->text, e->len, &value))
    ts_error(p->ctx, word.loc, "'%s' is not a number", ts_parser_text(p, word.name));
  memcpy(&n.bits, &value, sizeof value);
  return n;
}

ts_number ts_parse_negate(ts_parser *p, ts_number n) {
  double d;
  switch (n.form) {
  case TS_NUMBER_INT:
    if (n.bits > 1ull << 63)
      ts_error(p->ctx, ts_number_loc(n), "number is past the range of 64 bits");
    if (n.bits == 0) { /* an integer has no -0, but the float that it may become does */
      d = -0.0;
      memcpy(&n.bits, &d, sizeof d);
      n.form = TS_NUMBER_FLOAT;
      return n;
    }
    n.bits = -n.bits;
    n.negative = true;
    break;
  case TS_NUMBER_FLOAT:
    memcpy(&d, &n.bits, sizeof d);
    d = -d;
    memcpy(&n.bits, &d, sizeof d);
    break;
  case TS_NUMBER_HEX:
    ts_error(p->ctx, ts_number_loc(n), "hex is the bits of the number: set its sign bit instead");
    break;
  }
  return n;
}

int64_t ts_parse_int(ts_parser *p, ts_number n, int64_t least, const char *what) {
  bool whole = n.form == TS_NUMBER_INT || (n.form == TS_NUMBER_FLOAT && n.bits == 1ull << 63);
  int64_t v = n.form == TS_NUMBER_INT ? (int64_t)n.bits : 0;
  if (n.form == TS_NUMBER_INT && !n.negative && n.bits > INT64_MAX)
    ts_error(p->ctx, ts_number_loc(n), "number is past the range of 64 bits");
  else if (!whole)
    ts_error(p->ctx, ts_number_loc(n), "%s is an integer", what);
  else if (v < least)
    ts_error(p->ctx, ts_number_loc(n), "%s is at least %lld, not %lld", what, (long long)least,
             (long long)v);
  else
    return v;
  return least;
}
