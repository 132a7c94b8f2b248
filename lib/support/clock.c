/* The system's monotonic clock. */
#include "support/clock.h"

#include <time.h>

double ts_time_now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}
