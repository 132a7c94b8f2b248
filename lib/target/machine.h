/* What this machine can do, measured: the upper limits that measured times are compared with, and
 * how busy it is with other work. */
#ifndef TS_TARGET_MACHINE_H
#define TS_TARGET_MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* As many threads as were asked for; of 0, as many as there are processors that this process may run on. */
unsigned ts_machine_threads(unsigned asked);

/* Sums over threads, in 10^9 a second. */
typedef struct ts_rates {
  double best; /* of each thread's quickest call */
  double mean; /* over all its calls */
} ts_rates;
/* On as many threads at once, 64 at most: calls kernel(states[i]) until it was called `least` times and
 * `seconds` have passed, and once before that. The kernel returns how much it did. */
ts_rates ts_measure(unsigned threads, int least, double seconds, double (*kernel)(void *state),
                    void *const *states);

/* Peak rate of f32 fused multiply-adds (two operations each) on `threads` threads, in 10^9 a
 * second, the best of several short measurements. Takes about 50 ms. */
double ts_peak_gflops(unsigned threads);
/* The mean rate over the next `seconds`, which neighbours on a shared machine change all the time. */
double ts_peak_gflops_now(unsigned threads, double seconds);

/* How many bytes a second, in 10^9, can be read, and read and written when copying (both count). */
typedef struct ts_bandwidth {
  double read, copy; /* 0: no memory for it */
} ts_bandwidth;
/* On data of `bytes` bytes in all, gone through again and again, so that it comes from the caches if it fits
 * there: at least 32 KiB a thread and at most 128 MiB are used. Takes 20 ms, with the most some 200 ms. */
ts_bandwidth ts_measure_bandwidth(unsigned threads, uint64_t bytes);

/* Processor seconds so far, on all processors together. */
typedef struct ts_cpu_times {
  bool known;
  double wall;
  double busy;  /* of all programs */
  double steal; /* taken by the host of a virtual machine */
  double own;   /* of this process */
} ts_cpu_times;
/* Takes busy and steal from the text of /proc/stat, with so many ticks a second; false when it is none. */
bool ts_cpu_times_parse(const char *text, double ticks, ts_cpu_times *);
ts_cpu_times ts_cpu_times_now(void);

/* The clock of processor `cpu` now, in MHz; 0 where it cannot be read. Takes it from the text of /proc/cpuinfo where
 * there is no governor to ask. */
double ts_cpu_mhz(unsigned cpu);
double ts_cpuinfo_mhz(FILE *text, unsigned cpu);

#endif
