/* What a child that runs a candidate may take. */
#include <sys/resource.h>
#include <unistd.h>

#include "tune/measure/measure_impl.h"

/* Sanitizers take terabytes of address space for their shadows: there no limit means anything. */
static const uint64_t most_limited = UINT64_C(1) << 40;

/* A thread's stack and the part of the heap that the C library sets aside for it. */
static const uint64_t thread_bytes = 80 << 20;

/* Bytes of address space in use; 0: not known. */
static uint64_t address_space(void) {
  unsigned long long pages = 0;
  FILE *f = fopen("/proc/self/statm", "re");
  if (!f) return 0;
  if (fscanf(f, "%llu", &pages) != 1) pages = 0;
  fclose(f);
  return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

static void limit(int what, uint64_t most) {
  struct rlimit old;
  if (getrlimit((__rlimit_resource_t)what, &old) || old.rlim_max < most) return;
  (void)setrlimit((__rlimit_resource_t)what, &(struct rlimit){most, most});
}

void ts_sandbox_limit(uint64_t memory, unsigned threads) {
  uint64_t now = address_space();
  if (now && now < most_limited) limit(RLIMIT_AS, now + memory + threads * thread_bytes);
  limit(RLIMIT_CORE, 0);
  limit(RLIMIT_FSIZE, 0);
}
