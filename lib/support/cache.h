/* Files kept between runs, such as compiled code, in a folder that several programs may use at once. */
#ifndef TS_SUPPORT_CACHE_H
#define TS_SUPPORT_CACHE_H

#include "support/diag.h"

typedef struct ts_cache {
  ts_context *ctx;
  const char *dir;
  int fd;        /* of the folder; -1: none is used */
  uint64_t most; /* bytes */
} ts_cache;

/* tilesmith/NAME in $XDG_CACHE_HOME or ~/.cache; NULL where neither is a full path. */
const char *ts_cache_default(ts_arena *, const char *name);
/* Opens `dir`, or with NULL what ts_cache_default says, and makes it when it is not there. `most`
 * is how many bytes it may hold, 0: 512 MiB. A folder that cannot be used is a warning, and nothing is kept. */
void ts_cache_open(ts_context *, ts_arena *, const char *name, const char *dir, uint64_t most,
                   ts_cache *out);
void ts_cache_close(ts_cache *);
/* What is kept under the name (a file name without a dot in front), in the arena, a NUL after its
 * `n` bytes; NULL when there is nothing. What is there and damaged is a warning, and removed. */
const char *ts_cache_get(const ts_cache *, ts_arena *, const char *name, size_t *n);
/* Keeps it, and takes away what was not used for longest when the cache has grown too large. A
 * failure is a warning, and false. */
bool ts_cache_put(const ts_cache *, ts_arena *, const char *name, const void *bytes, size_t n);
void ts_cache_remove(const ts_cache *, const char *name);
/* The file that keeps it. */
const char *ts_cache_path(const ts_cache *, ts_arena *, const char *name);

#endif
