/* Whole files, relative to a folder that is open (AT_FDCWD: the working directory). */
#ifndef TS_SUPPORT_FILES_H
#define TS_SUPPORT_FILES_H

#include "support/support.h"

/* Reads a regular file of less than 2 GiB: its `n` bytes, with a NUL behind them, in the arena. False with errno
 * set. */
bool ts_file_read(ts_arena *, int folder, const char *path, const char **bytes, size_t *n);
/* Writes one, made when it is not there; `flags` are further ones of open. False with errno set. */
bool ts_file_write(int folder, const char *path, int flags, const void *bytes, size_t n);
/* Makes a folder, for its owner alone, and those above it where they are not there. An errno on failure, or 0. */
int ts_folders_make(ts_arena *, const char *dir);

#endif
