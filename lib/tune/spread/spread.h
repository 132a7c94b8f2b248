/* Candidates spread over the ranks of an MPI job: rank 0 searches and keeps the records, the others try candidates. */
#ifndef TS_TUNE_SPREAD_SPREAD_H
#define TS_TUNE_SPREAD_SPREAD_H

#include "tune/measure/evaluator.h"

/* Whether this process is one of several that mpirun started, and which one. TS_USAGE, with a message, in such a job when
 * the build is without MPI. To be called before any other thread is started. */
ts_result ts_spread_begin(ts_context *, unsigned *rank, unsigned *ranks);
/* On rank 0: an evaluator that hands candidates to the other ranks, each to the next that is free, and hands those of a
 * rank that does not answer within `patience` seconds to another. With all of them gone it takes `local` itself. */
ts_result ts_spread_open(ts_context *, ts_evaluator *local, double patience, ts_evaluator *);
/* On the others: tries what rank 0 sends, by this evaluator, until it says that all is done. */
ts_result ts_spread_serve(ts_context *, ts_evaluator *);
void ts_spread_end(void);

#endif
