/* Buckets: ranges of an extent that is not known, each of which is tuned for itself. */
#ifndef TS_TUNE_SESSION_BUCKETS_H
#define TS_TUNE_SESSION_BUCKETS_H

#include "support/diag.h"

/* One of them, both ends in it. */
typedef struct ts_bucket {
  const char *extent; /* "M" */
  int64_t low, high;
  /* Where candidates are judged and timed: the geometric mean of the ends, so that the extents of the range are no further
   * off, as factors go, than they must. */
  int64_t tried;
} ts_bucket;

typedef struct ts_buckets {
  const ts_source *source; /* as it was written, for messages; the extent stands first */
  unsigned n;
  ts_bucket *at; /* rising, not overlapping */
} ts_buckets;

/* Reads "M=1..16,17..128"; a number alone, "M=16,128", is the upper end of a range that begins behind the one before, or
 * at 1. In the context's arena. TS_USAGE, located in the text, for anything else, an empty range, ranges that overlap
 * or fall, and more than TS_MAX_BUCKETS. */
enum { TS_MAX_BUCKETS = 64 };
ts_result ts_buckets_parse(ts_context *, const char *text, ts_buckets *);

/* Where a schedule must be right besides `tried` to be right in the whole bucket: at both ends, and at an extent between
 * that no side of a tile divides. Those of them that there are, each once, rising. */
enum { TS_MAX_PROBES = 3 };
unsigned ts_bucket_probes(const ts_bucket *, int64_t probes[TS_MAX_PROBES]);

#endif
