/* Running tensor functions op by op on whole arrays: calls, how long an array lives, fuel and counts. What an op
 * computes is the evaluator's, which is what the engines on top of this differ in. */
#ifndef TS_ENGINE_INTERP_INTERP_H
#define TS_ENGINE_INTERP_INTERP_H

#include "eval/tensor.h"
#include "engine/engine.h"

/* As ts_eval_run: any tensor op but call and return, into `out`, which has its type and extents and is zeroed. */
typedef ts_result ts_interp_eval(ts_eval *);

/* There is nothing to compile: the function, which must outlive it, is what is run. Refuses one of loops; `who`
 * begins the message. */
ts_result ts_interp_prepare(ts_context *, const ts_func *, const char *who, void **compiled);
ts_result ts_interp_run(ts_context *, void *compiled, ts_run_args *, ts_interp_eval *);
void ts_interp_release(ts_context *, void *compiled);

#endif
