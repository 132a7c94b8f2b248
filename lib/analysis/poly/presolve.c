/* Making a system smaller before isl sees it; most systems that loops give rise to vanish
 * altogether.
 *
 * Every rule keeps exactly whether there is an integer solution:
 *  - an equality with a coefficient of 1 or -1 is solved for that variable and put into all other
 * rows;
 *  - rows are divided by the common divisor of their coefficients, constants rounded down (an
 * equality whose constant is no multiple has no solution);
 *  - a variable that is only bounded from below, or only from above, can always be chosen: its rows
 * go;
 *  - a variable is eliminated by adding each lower bound to each upper bound (Fourier, Motzkin)
 * where that is exact over the integers: all coefficients on one side are 1 (Pugh, "The Omega
 * Test", 1991, section 2.3), and where it makes the system no larger. */
#include "support/arith.h"
#include "analysis/poly/poly_impl.h"

static int64_t *row_of(ts_poly_system *s, size_t i) { return s->rows + i * s->cap_cols; }

static void drop_row(ts_poly_system *s, size_t i) {
  s->n--;
  if (i == s->n) return;
  memcpy(row_of(s, i), row_of(s, s->n), s->cols * sizeof(int64_t));
  s->eqs[i] = s->eqs[s->n];
}

static uint64_t magnitude(int64_t x) { return x < 0 ? -(uint64_t)x : (uint64_t)x; }

static uint64_t gcd(uint64_t a, uint64_t b) {
  while (b) {
    uint64_t r = a % b;
    a = b;
    b = r;
  }
  return a;
}

typedef enum { KEPT, GONE, WRONG } fate;

/* Divides the row by the common divisor of its coefficients. GONE: it always holds; WRONG:
 * never. */
static fate reduce(ts_poly_system *s, size_t i) {
  int64_t *row = row_of(s, i);
  uint64_t g = 0;
  for (unsigned c = 1; c < s->cols && g != 1; c++)
    if (row[c]) g = gcd(g, magnitude(row[c]));
  if (g == 1 || g > INT64_MAX) return KEPT;
  if (g == 0) return (s->eqs[i] ? row[0] == 0 : row[0] >= 0) ? GONE : WRONG;
  int64_t d = (int64_t)g, rest = row[0] % d;
  if (s->eqs[i] && rest) return WRONG;
  row[0] = ts_floor_div(row[0], d);
  for (unsigned c = 1; c < s->cols; c++)
    row[c] /= d;
  return KEPT;
}

/* False: some row never holds. */
static bool reduce_all(ts_poly_system *s) {
  for (size_t i = s->n; i-- > 0;) {
    fate f = reduce(s, i);
    if (f == WRONG) return false;
    if (f == GONE) drop_row(s, i);
  }
  return true;
}

/* to += times * from; false past int64. */
static bool add_row(const ts_poly_system *s, int64_t *to, const int64_t *from, int64_t times) {
  bool fits = true;
  for (unsigned c = 0; c < s->cols; c++)
    fits &= ts_add_scaled(&to[c], from[c], times);
  return fits;
}

/* A column in which the row has 1 or -1; 0: none. */
static unsigned unit_column(const ts_poly_system *s, const int64_t *row) {
  for (unsigned c = s->cols; c-- > 1;) /* helpers, which stand last, first */
    if (row[c] == 1 || row[c] == -1) return c;
  return 0;
}

/* Uses equality i up. False past int64. */
static bool substitute(ts_poly_system *s, size_t i, unsigned c) {
  const int64_t *eq = row_of(s, i);
  for (size_t k = 0; k < s->n; k++) {
    int64_t *row = row_of(s, k);
    if (k == i || row[c] == 0) continue;
    if (row[c] == INT64_MIN || !add_row(s, row, eq, -row[c] * eq[c])) return false;
  }
  drop_row(s, i);
  return true;
}

/* Uses up the equalities that can be. False past int64. */
static bool substitute_all(ts_poly_system *s) {
  for (size_t i = 0; i < s->n;) {
    unsigned c = s->eqs[i] ? unit_column(s, row_of(s, i)) : 0;
    if (c == 0) {
      i++;
      continue;
    }
    if (!substitute(s, i, c)) return false;
    i = 0;
  }
  return true;
}

/* How a variable is bounded. */
typedef struct bounds {
  unsigned lower, upper;
  bool in_equality, unit_lower, unit_upper; /* all coefficients of that side are 1 */
} bounds;

static bounds bounds_of(ts_poly_system *s, unsigned c) {
  bounds b = {.unit_lower = true, .unit_upper = true};
  for (size_t i = 0; i < s->n; i++) {
    int64_t x = row_of(s, i)[c];
    if (x == 0) continue;
    b.in_equality |= s->eqs[i];
    if (x > 0)
      b.lower++, b.unit_lower &= x == 1;
    else
      b.upper++, b.unit_upper &= x == -1;
  }
  return b;
}

/* Adds each lower bound of the variable to each upper one, and drops them. False past int64. */
static bool combine(ts_poly_system *s, unsigned c) {
  size_t n = s->n;
  bool fits = true;
  for (size_t i = 0; i < n && fits; i++)
    for (size_t k = 0; k < n && fits; k++) {
      if (row_of(s, i)[c] <= 0 || row_of(s, k)[c] >= 0) continue;
      int64_t *sum = ts_poly_push(s, false);
      int64_t up = row_of(s, k)[c], lo = row_of(s, i)[c];
      fits = up != INT64_MIN && add_row(s, sum, row_of(s, i), -up) &&
             add_row(s, sum, row_of(s, k), lo);
    }
  for (size_t i = s->n; fits && i-- > 0;)
    if (row_of(s, i)[c]) drop_row(s, i);
  return fits;
}

/* Eliminates what variables it can; sets *changed. False past int64. */
static bool eliminate(ts_poly_system *s, bool *changed) {
  for (unsigned c = s->cols; c-- > 1;) {
    bounds b = bounds_of(s, c);
    if (b.in_equality || b.lower + b.upper == 0) continue;
    if (b.lower && b.upper && !b.unit_lower && !b.unit_upper) continue;
    if (b.lower * b.upper > b.lower + b.upper) continue;
    *changed = true;
    if (!combine(s, c)) return false;
  }
  return true;
}

bool ts_poly_presolve(ts_poly_system *s, ts_poly_answer *answer) {
  for (bool changed = true; changed;) {
    changed = false;
    if (!reduce_all(s)) {
      *answer = TS_POLY_EMPTY;
      return true;
    }
    if (!substitute_all(s) || !eliminate(s, &changed)) {
      s->n = SIZE_MAX;
      return false;
    }
  }
  *answer = TS_POLY_FOUND;
  return s->n == 0;
}
