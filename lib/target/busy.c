/* What a machine does besides: the processors' times as Linux counts them in /proc/stat. */
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "target/machine.h"

static double seconds(clockid_t clock) {
  struct timespec t;
  return clock_gettime(clock, &t) ? 0 : (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
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
  ts_cpu_times t = {.wall = seconds(CLOCK_MONOTONIC), .own = seconds(CLOCK_PROCESS_CPUTIME_ID)};
  char line[256];
  FILE *f = fopen("/proc/stat", "re");
  if (!f) return t;
  t.known =
      fgets(line, sizeof line, f) && ts_cpu_times_parse(line, (double)sysconf(_SC_CLK_TCK), &t);
  fclose(f);
  return t;
}
