/* What samples say of a time. */
#ifndef TS_TUNE_MEASURE_SAMPLES_H
#define TS_TUNE_MEASURE_SAMPLES_H

#include "records/trial.h"
#include "tune/space/space.h"

/* The median or the least of n samples, at least one, in their unit, with an interval of 95 % that supposes nothing about
 * how they are spread.
 *
 * Of the median it lies between two of the samples: as many of them fall below the true one as heads in n throws of a
 * coin (David & Nagaraja, Order Statistics, 3rd ed., section 7.1). Fewer than six cannot say that much, and it is from
 * the least to the largest. Of the least, which estimates the end of the distribution, it reaches from the least x down
 * to x - 19 (y - x), y being the second (Robson & Whitlock, Estimation of a truncation point, Biometrika 51, 1964), and
 * not below 0. One sample alone has no interval: both ends are the value. */
ts_estimate ts_estimate_of(ts_arena *, unsigned n, const double *samples, ts_take);

/* Whether `batch` runs of `ms` each can have taken place within `wall_ms`, by another look at the clock: a clock that was
 * set, or stood still, says what cannot be. */
bool ts_sample_is_possible(double ms, unsigned batch, double wall_ms);

#endif
