/* Arithmetic on intervals and their ends; see interval.h. */
#include "analysis/index/interval.h"

#include "support/arith.h"
#include "support/support.h"

int64_t ts_sat_add(int64_t a, int64_t b) {
  if (a == INT64_MIN || a == INT64_MAX) return a;
  if (b == INT64_MIN || b == INT64_MAX) return b;
  int64_t sum;
  if (!__builtin_add_overflow(a, b, &sum)) return sum;
  return a < 0 ? INT64_MIN : INT64_MAX;
}

int64_t ts_sat_mul(int64_t a, int64_t b) {
  int64_t product;
  if (a == 0 || b == 0) return 0;
  bool unbounded = a == INT64_MIN || a == INT64_MAX || b == INT64_MIN || b == INT64_MAX;
  if (!unbounded && !__builtin_mul_overflow(a, b, &product)) return product;
  return (a < 0) == (b < 0) ? INT64_MAX : INT64_MIN;
}

ts_range ts_range_add(ts_range a, ts_range b) {
  return (ts_range){ts_sat_add(a.lo, b.lo), ts_sat_add(a.hi, b.hi)};
}

ts_range ts_range_scale(ts_range a, int64_t c) {
  int64_t x = ts_sat_mul(a.lo, c), y = ts_sat_mul(a.hi, c);
  return c >= 0 ? (ts_range){x, y} : (ts_range){y, x};
}

bool ts_sat_is_end(int64_t x) { return x == INT64_MIN || x == INT64_MAX; }

int64_t ts_sat_floor_div(int64_t x, int64_t c) { return ts_sat_is_end(x) ? x : ts_floor_div(x, c); }
int64_t ts_sat_ceil_div(int64_t x, int64_t c) { return ts_sat_is_end(x) ? x : ts_ceil_div(x, c); }

ts_range ts_range_floordiv(ts_range a, int64_t c) {
  return (ts_range){ts_sat_floor_div(a.lo, c), ts_sat_floor_div(a.hi, c)};
}

ts_range ts_range_ceildiv(ts_range a, int64_t c) {
  return (ts_range){ts_sat_ceil_div(a.lo, c), ts_sat_ceil_div(a.hi, c)};
}

ts_range ts_range_mod(ts_range a, int64_t c) {
  int64_t q = ts_sat_floor_div(a.lo, c);
  bool one_period = !ts_sat_is_end(a.lo) && !ts_sat_is_end(a.hi) && q == ts_sat_floor_div(a.hi, c);
  return one_period ? (ts_range){a.lo - q * c, a.hi - q * c} : (ts_range){0, c - 1};
}

ts_range ts_range_meet(ts_range a, ts_range b) {
  return (ts_range){ts_max(a.lo, b.lo), ts_min(a.hi, b.hi)};
}
