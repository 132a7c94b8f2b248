/* Intervals of int64. Nothing overflows: ends saturate, and an end of int64 means unbounded. */
#ifndef TS_ANALYSIS_INDEX_INTERVAL_H
#define TS_ANALYSIS_INDEX_INTERVAL_H

#include <stdbool.h>
#include <stdint.h>

/* All of lo … hi, both included; lo > hi: no value at all (the code is never run). */
typedef struct ts_range {
  int64_t lo, hi;
} ts_range;
#define TS_RANGE_ALL ((ts_range){INT64_MIN, INT64_MAX})

/* ---- ends ---- */

bool ts_sat_is_end(int64_t); /* unbounded */
int64_t ts_sat_add(int64_t, int64_t);
int64_t ts_sat_mul(int64_t, int64_t);
int64_t ts_sat_floor_div(int64_t, int64_t divisor);
int64_t ts_sat_ceil_div(int64_t, int64_t divisor);

/* ---- intervals ---- */

ts_range ts_range_add(ts_range, ts_range);
ts_range ts_range_scale(ts_range, int64_t);
ts_range ts_range_floordiv(ts_range, int64_t divisor);
ts_range ts_range_ceildiv(ts_range, int64_t divisor);
ts_range ts_range_mod(ts_range, int64_t divisor);
ts_range ts_range_meet(ts_range, ts_range);

#endif
