/* What an op makes of the bounds of its operands.
 *
 * Every function is monotonic in each operand where the signs of the others are fixed, and rounding keeps that, so the
 * corners of a box bound what is inside. Single values are the case of a box without extent; that is how points are
 * evaluated too, so both can never differ. */
#include <float.h>
#include <math.h>

#include "tune/space/expr_impl.h"

/* ---- values ---- */

ts_space_range ts_space_number(double v) {
  return (ts_space_range){.type = TS_SPACE_NUMBER, .lo = v, .hi = v, .integer = floor(v) == v};
}
ts_space_range ts_space_truth(bool v) {
  return (ts_space_range){.type = TS_SPACE_TRUTH, .lo = v, .hi = v};
}
ts_space_range ts_space_word(const char *word) {
  return (ts_space_range){.type = TS_SPACE_WORD, .word = word};
}

static ts_space_range no_value(ts_space_type type) {
  return (ts_space_range){.type = type, .lo = 1, .hi = 0};
}
static ts_space_range truth_of(bool may_be_true, bool may_be_false) {
  if (!may_be_true && !may_be_false) return no_value(TS_SPACE_TRUTH);
  return (ts_space_range){.type = TS_SPACE_TRUTH, .lo = !may_be_false, .hi = may_be_true};
}
static bool may_be(const ts_space_range *r, bool truth) {
  return ts_space_has_value(r) && (truth ? r->hi == 1 : r->lo == 0);
}

ts_space_range ts_space_hull(ts_space_range a, ts_space_range b) {
  ts_space_range r = ts_space_has_value(&a) ? a : b;
  if (ts_space_has_value(&a) && ts_space_has_value(&b)) {
    r.lo = fmin(a.lo, b.lo);
    r.hi = fmax(a.hi, b.hi);
    r.integer = a.integer && b.integer;
    if (r.type == TS_SPACE_WORD && a.word != b.word) r.word = NULL, r.hi = 1;
  }
  r.type = a.type;
  r.undefined = a.undefined || b.undefined;
  r.absent = a.absent || b.absent;
  return r;
}

/* Bounds as computed: what is past the range of numbers has no value, and -0 is 0. */
static ts_space_range numbers(double lo, double hi, bool integer) {
  if (!(lo <= DBL_MAX && hi >= -DBL_MAX)) {
    ts_space_range none = no_value(TS_SPACE_NUMBER);
    none.undefined = true;
    return none;
  }
  return (ts_space_range){.type = TS_SPACE_NUMBER,
                          .lo = fmax(lo, -DBL_MAX) + 0.0,
                          .hi = fmin(hi, DBL_MAX) + 0.0,
                          .integer = lo == hi ? floor(lo) == lo : integer,
                          .undefined = lo < -DBL_MAX || hi > DBL_MAX};
}

/* ---- arithmetic ---- */

static ts_space_range hull_of_corners(const double c[4], bool integer) {
  return numbers(fmin(fmin(c[0], c[1]), fmin(c[2], c[3])), fmax(fmax(c[0], c[1]), fmax(c[2], c[3])),
                 integer);
}

static ts_space_range multiply(const ts_space_range *a, const ts_space_range *b) {
  double c[4] = {a->lo * b->lo, a->lo * b->hi, a->hi * b->lo, a->hi * b->hi};
  return hull_of_corners(c, a->integer && b->integer);
}

static ts_space_range negate(const ts_space_range *a) {
  return numbers(-a->hi, -a->lo, a->integer);
}

/* As in Python: the sign of what is left is that of the divisor. */
static double mod(double a, double b) {
  double r = fmod(a, b);
  return r != 0 && (r < 0) != (b < 0) ? r + b : r;
}
static double floor_divide(double a, double b) { return round((a - mod(a, b)) / b); }

/* Takes zero away from the divisors where it is at their end; false where that leaves none or it is between them. */
static bool without_zero(ts_space_range *b, bool *has_zero) {
  double least = b->integer ? 1 : DBL_TRUE_MIN;
  *has_zero = b->lo <= 0 && b->hi >= 0;
  if (b->lo == 0) b->lo = least;
  if (b->hi == 0) b->hi = -least;
  return b->lo <= b->hi && (b->lo > 0 || b->hi < 0);
}

/* Rounding of the quotient down is exact below 2^53. */
static bool divides_exactly(const ts_space_range *a, const ts_space_range *b) {
  return a->integer && b->integer && fmax(fabs(a->lo), fabs(a->hi)) < 0x1p53;
}

/* a / b, rounded down where `down`; the quotient of integers is no larger than the dividend. */
static ts_space_range divide(const ts_space_range *a, ts_space_range b, bool down) {
  bool has_zero;
  ts_space_range r = no_value(TS_SPACE_NUMBER);
  if (without_zero(&b, &has_zero)) {
    bool single = a->lo == a->hi && b.lo == b.hi;
    double c[4] = {a->lo / b.lo, a->lo / b.hi, a->hi / b.lo, a->hi / b.hi};
    for (int i = 0; down && i < 4; i++)
      c[i] = single ? floor_divide(a->lo, b.lo) : floor(c[i]);
    r = hull_of_corners(c, down);
    if (down && !single && !divides_exactly(a, &b)) r.lo -= 1, r.hi += 1;
  } else if (b.lo < b.hi) {
    double most = b.integer ? fmax(fabs(a->lo), fabs(a->hi)) + 1 : DBL_MAX;
    r = numbers(-most, most, down);
  }
  r.undefined |= has_zero;
  return r;
}

static ts_space_range modulo(const ts_space_range *a, ts_space_range b) {
  bool has_zero, integer = a->integer && b.integer;
  ts_space_range r = no_value(TS_SPACE_NUMBER);
  if (!without_zero(&b, &has_zero)) {
    if (b.lo < b.hi) r = numbers(b.lo, b.hi, integer);
  } else if (a->lo == a->hi && b.lo == b.hi) {
    double rest = mod(a->lo, b.lo);
    r = numbers(rest, rest, integer);
  } else if (a->lo >= 0 && a->hi < b.lo) {
    r = numbers(a->lo, a->hi, integer);
  } else if (b.lo > 0) {
    r = numbers(0, a->lo >= 0 ? fmin(b.hi - integer, a->hi) : b.hi - integer, integer);
  } else {
    r = numbers(b.lo + integer, 0, integer);
  }
  r.undefined |= has_zero;
  return r;
}

static ts_space_range ceil_divide(const ts_space_range *a, const ts_space_range *b) {
  ts_space_range minus = negate(a), quotient = divide(&minus, *b, true);
  if (!ts_space_has_value(&quotient)) return quotient;
  ts_space_range r = negate(&quotient);
  r.undefined |= quotient.undefined;
  return r;
}

/* log2 of the C library is exact at powers of two and off by less than the margin elsewhere. */
static ts_space_range logarithm(const ts_space_range *a) {
  const double margin = a->lo == a->hi ? 0 : 1e-9;
  ts_space_range r = no_value(TS_SPACE_NUMBER);
  double lo = a->integer ? fmax(a->lo, 1) : fmax(a->lo, DBL_TRUE_MIN);
  if (a->hi > 0) r = numbers(log2(lo) - margin, log2(a->hi) + margin, false);
  r.undefined = a->lo <= 0;
  return r;
}

static ts_space_range absolute(const ts_space_range *a) {
  double lo = a->lo > 0 ? a->lo : a->hi < 0 ? -a->hi : 0;
  return numbers(lo, fmax(fabs(a->lo), fabs(a->hi)), a->integer);
}

/* ---- comparisons ---- */

static ts_space_range equal(const ts_space_range *a, const ts_space_range *b) {
  bool single = a->lo == a->hi && b->lo == b->hi;
  if (a->type == TS_SPACE_WORD)
    return truth_of(!single || a->word == b->word, !single || a->word != b->word);
  return truth_of(a->lo <= b->hi && b->lo <= a->hi, !single || a->lo != b->lo);
}

static ts_space_range less(const ts_space_range *a, const ts_space_range *b) {
  return truth_of(a->lo < b->hi, a->hi >= b->lo);
}

static ts_space_range negation(ts_space_range r) {
  if (!ts_space_has_value(&r)) return r;
  double lo = r.lo;
  r.lo = 1 - r.hi;
  r.hi = 1 - lo;
  return r;
}

/* ---- ops ---- */

/* One that has a value where all its operands have. */
static ts_space_range strict(ts_space_op op, const ts_space_range *a) {
  switch (op) {
  case TS_SPACE_ADD:
    return numbers(a[0].lo + a[1].lo, a[0].hi + a[1].hi, a[0].integer && a[1].integer);
  case TS_SPACE_SUB:
    return numbers(a[0].lo - a[1].hi, a[0].hi - a[1].lo, a[0].integer && a[1].integer);
  case TS_SPACE_MUL: return multiply(&a[0], &a[1]);
  case TS_SPACE_DIV: return divide(&a[0], a[1], false);
  case TS_SPACE_FLOORDIV: return divide(&a[0], a[1], true);
  case TS_SPACE_CEILDIV: return ceil_divide(&a[0], &a[1]);
  case TS_SPACE_MOD: return modulo(&a[0], a[1]);
  case TS_SPACE_NEG: return negate(&a[0]);
  case TS_SPACE_LOG2: return logarithm(&a[0]);
  case TS_SPACE_ABS: return absolute(&a[0]);
  case TS_SPACE_MIN:
    return numbers(fmin(a[0].lo, a[1].lo), fmin(a[0].hi, a[1].hi), a[0].integer && a[1].integer);
  case TS_SPACE_MAX:
    return numbers(fmax(a[0].lo, a[1].lo), fmax(a[0].hi, a[1].hi), a[0].integer && a[1].integer);
  case TS_SPACE_EQ: return equal(&a[0], &a[1]);
  case TS_SPACE_NE: return negation(equal(&a[0], &a[1]));
  case TS_SPACE_LT: return less(&a[0], &a[1]);
  case TS_SPACE_GT: return less(&a[1], &a[0]);
  case TS_SPACE_LE: return negation(less(&a[1], &a[0]));
  case TS_SPACE_GE: return negation(less(&a[0], &a[1]));
  case TS_SPACE_NOT: return negation(a[0]);
  default: ts_unreachable("an op of space files");
  }
}

static bool surely_undefined(const ts_space_range *r) {
  return !ts_space_has_value(r) && !r->absent;
}

/* Marks what operands without a value make of the result. Undefined comes before absent. */
static void pass_on(ts_space_range *r, unsigned n, const ts_space_range *a) {
  bool sure = false;
  for (unsigned i = 0; i < n; i++) {
    r->undefined |= a[i].undefined;
    r->absent |= a[i].absent;
    sure |= surely_undefined(&a[i]);
  }
  r->absent &= !sure;
}

static ts_space_range apply_strict(ts_space_op op, unsigned n, const ts_space_range *a) {
  bool has_values = true;
  for (unsigned i = 0; i < n; i++)
    has_values &= ts_space_has_value(&a[i]);
  ts_space_range r = has_values ? strict(op, a) : no_value(ts_space_ops[op].result);
  pass_on(&r, n, a);
  return r;
}

/* `and` for absorbing = false, `or` for true: that value of one operand decides, whatever the others are. */
static ts_space_range connect(bool absorbing, const ts_space_range *a) {
  for (unsigned i = 0; i < 2; i++)
    if (ts_space_is_single(&a[i]) && (a[i].lo == 1) == absorbing) return a[i];
  bool absorbs = may_be(&a[0], absorbing) || may_be(&a[1], absorbing);
  bool neutral = may_be(&a[0], !absorbing) && may_be(&a[1], !absorbing);
  ts_space_range r = absorbing ? truth_of(absorbs, neutral) : truth_of(neutral, absorbs);
  pass_on(&r, 2, a);
  return r;
}

static ts_space_range choose(const ts_space_range *a) {
  bool then = may_be(&a[0], true), otherwise = may_be(&a[0], false);
  ts_space_range r = then && otherwise ? ts_space_hull(a[1], a[2])
                     : then            ? a[1]
                     : otherwise       ? a[2]
                                       : no_value(a[1].type);
  r.undefined |= a[0].undefined;
  r.absent |= a[0].absent;
  return r;
}

static bool has_no_value(const ts_space_range *r) { return r->undefined || r->absent; }

static ts_space_range apply_once(ts_space_op op, unsigned n, const ts_space_range *a) {
  switch (op) {
  case TS_SPACE_AND: return connect(false, a);
  case TS_SPACE_OR: return connect(true, a);
  case TS_SPACE_IF: return choose(a);
  case TS_SPACE_HOLDS: return truth_of(may_be(a, true), may_be(a, false) || has_no_value(a));
  case TS_SPACE_LACKS: return truth_of(has_no_value(a), ts_space_has_value(a));
  default: return apply_strict(op, n, a);
  }
}

ts_space_range ts_space_apply(ts_space_op op, unsigned n, const ts_space_range *a) {
  if (n <= 2 || op == TS_SPACE_IF) return apply_once(op, n, a);
  ts_space_range pair[2] = {a[0]}; /* of as many as there are: one after the other */
  for (unsigned i = 1; i < n; i++) {
    pair[1] = a[i];
    pair[0] = apply_once(op, 2, pair);
  }
  return pair[0];
}
