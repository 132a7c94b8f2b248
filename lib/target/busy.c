/* What a machine does besides: the processors' times as Linux counts them in /proc/stat. */
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "support/clock.h"
#include "target/machine.h"

/* Of all threads of this process. */
static double seconds_used(void) {
  struct timespec t;
  return clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t) ? 0
                                                     : (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

bool ts_cpu_times_parse(const char *text, double ticks, ts_cpu_times *out) {
  unsigned long long user, nice, system, idle, wait, irq, soft, steal = 0;
  if (sscanf(text, "cpu %llu %llu %llu %llu %llu %llu %llu %llu", &user, &nice, &system, &idle,
             &wait, &irq, &soft, &steal) < 7)
    return false;
  out->busy = (double)(user + nice + system + irq + soft) / ticks;
  out->steal = (double)steal / ticks;
  return true;
}

ts_cpu_times ts_cpu_times_now(void) {
  ts_cpu_times t = {.wall = ts_time_now(), .own = seconds_used()};
  char line[256];
  FILE *f = fopen("/proc/stat", "re");
  if (!f) return t;
  t.known =
      fgets(line, sizeof line, f) && ts_cpu_times_parse(line, (double)sysconf(_SC_CLK_TCK), &t);
  fclose(f);
  return t;
}
