/* In place of filter.c where there is no libseccomp: limits alone hold a candidate. */
#include "tune/measure/measure_impl.h"

void ts_sandbox_close(int fd) { (void)fd; }

const char *ts_sandbox_call_name(ts_arena *arena, uint64_t number) {
  return ts_sprintf(arena, "system call %llu", (unsigned long long)number);
}
