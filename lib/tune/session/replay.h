/* Searching over what was measured before. */
#ifndef TS_TUNE_SESSION_REPLAY_H
#define TS_TUNE_SESSION_REPLAY_H

#include "records/recorded.h"
#include "tune/measure/evaluator.h"
#include "tune/session/tune.h"

/* The recorded points as a domain and an evaluator that answers from them. `milliseconds`: how long each answer takes, so
 * that the spreading over ranks can be measured; 0 for no time. */
ts_result ts_replay_open(ts_context *, ts_arena *, const ts_recorded *, double milliseconds,
                         ts_domain *, ts_evaluator *);
/* The least cost of any row. */
double ts_replay_optimum(const ts_recorded *, ts_objective);

#endif
