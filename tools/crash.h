/* The last words of a pass that crashes: a file prepared beforehand. */
#ifndef TS_TOOLS_CRASH_H
#define TS_TOOLS_CRASH_H

#include <stddef.h>

/* From now on, when the process gets SIGSEGV, SIGBUS, SIGFPE, SIGILL or SIGABRT, it writes `n`
 * bytes at `text` to `path`, names `what` on stderr and ends with status 4. All must stay where
 * they are until disarmed. */
void ts_crash_arm(const char *path, const char *text, size_t n, const char *what);
void ts_crash_disarm(void);

#endif
