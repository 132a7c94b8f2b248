/* The system's monotonic clock. */
#include "support/clock.h"

#include <math.h>
#include <time.h>

double ts_time_now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

void ts_time_sleep(double seconds) {
  if (!(seconds > 0)) return;
  struct timespec t = {(time_t)seconds, (long)(1e9 * (seconds - floor(seconds)))};
  while (nanosleep(&t, &t) != 0)
    ;
}
