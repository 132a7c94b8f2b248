/* Whether passes keep the meaning of a module: every function is run before and after, on the same
 * seeded inputs, and the answers are compared.
 *
 * A pass that is exact (passes.def) must keep every bit, NaN payloads aside. One that may round
 * differently must stay within twice the rounding error that any evaluation of the function before
 * it can have (exec/bound.h): both answers lie within that error of the exact one. */
#ifndef TS_CHECK_SEMANTICS_H
#define TS_CHECK_SEMANTICS_H

#include "pass/pass.h"
#include "engine/engine.h"

typedef struct ts_semantics ts_semantics;

/* Symbolic extents get 5, 7, 12, … in the order of their appearance in a signature; float inputs
 * are normal, the others as ts_array_fill has it. TS_LIMIT without memory. */
ts_result ts_semantics_create(ts_context *, uint64_t seed, ts_semantics **out);
void ts_semantics_destroy(ts_semantics *); /* NULL is fine */

/* For ts_pass_runner.check, on one module all along. Before a step, records the answers of
 * functions not seen yet; one that cannot be run gets a warning that says why, and is not compared
 * from then on. After the step, runs again and compares: TS_CHECK and an error that names pass,
 * function, element, both values and the bound when an answer differs, when a function that could
 * be run no longer can, and when a function or its signature is gone. */
ts_result ts_semantics_check(void *semantics, ts_module *, const ts_pipeline_step *, bool after);

#endif
