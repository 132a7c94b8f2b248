/* How many threads a program may run at once. */
#include <sched.h>

#include "target/machine.h"

unsigned ts_machine_threads(unsigned asked) {
  cpu_set_t set;
  if (asked) return asked;
  if (sched_getaffinity(0, sizeof set, &set) != 0) return 1;
  int n = CPU_COUNT(&set);
  return n < 1 ? 1 : (unsigned)n;
}
