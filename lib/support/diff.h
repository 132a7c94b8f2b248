/* Differences between two texts, line by line. */
#ifndef TS_SUPPORT_DIFF_H
#define TS_SUPPORT_DIFF_H

#include "support/support.h"

/* Prints what turns `a` into `b` in the unified format, with three lines of context and the names
 * in the header; nothing when they are equal. Memory is linear in the texts. Texts that differ in
 * more than a few thousand lines get a coarser diff, so that time stays bounded; it is right all
 * the same. */
void ts_diff_print(ts_sink *, ts_memory *, const char *name_a, const char *a, size_t bytes_a,
                   const char *name_b, const char *b, size_t bytes_b);

#endif
