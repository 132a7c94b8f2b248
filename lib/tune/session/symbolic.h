/* Tuning a program one of whose extents is not known: a session for each range of it, and one program of what won. */
#ifndef TS_TUNE_SESSION_SYMBOLIC_H
#define TS_TUNE_SESSION_SYMBOLIC_H

#include "tune/session/job.h"

typedef struct ts_tuned_bucket {
  const ts_bucket *bucket;
  ts_run_request request;
  ts_tune_job job;        /* its session, ended */
  const ts_trial *winner; /* the best that is right in the whole range; that of the outcome, too */
  unsigned wrong;         /* candidates that were better, and wrong somewhere in it */
} ts_tuned_bucket;

typedef struct ts_tune_symbolic {
  /* What is wanted: a job that is not opened, but for its bucket and its module, which is not changed. */
  const ts_tune_job *like;
  ts_module *module;
  ts_buckets buckets;

  /* What came of it: the buckets that are done, in order. Fewer than were asked for when it was interrupted. */
  unsigned n, opened;
  ts_tuned_bucket *at;  /* in the context's arena */
  ts_tune_job *running; /* the session under way; NULL: none is */
} ts_tune_symbolic;

/* Finds out whether the program has that extent and no other without a value: TS_USAGE, located in the text of the
 * buckets. Then opens the job of bucket `i`, which ts_tune_symbolic_close closes. */
ts_result ts_tune_symbolic_open(ts_tune_symbolic *, unsigned i);
/* Runs the sessions one after the other, each knowing what the records say of those before. A winner is held against the
 * oracle at both ends of its range and between (ts_bucket_probes), as every candidate is where it is timed; what is
 * wrong there gives its place to the next best. TS_CHECK when all of a range are. */
ts_result ts_tune_symbolic_run(ts_tune_symbolic *);
/* The program whose function calls the schedule of the range that its extent is in: of none, that of the next range, or
 * of the last. Ranges beside each other with one pipeline share its function. In front of each stands what it is. */
ts_result ts_tune_symbolic_join(ts_tune_symbolic *, ts_module **out);
void ts_tune_symbolic_close(ts_tune_symbolic *);

#endif
