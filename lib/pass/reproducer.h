/* A failure as a file: the module before the pass that failed, the pass and the checks that were
 * on.
 *
 *   // ts-opt -run-reproducer fail.tir
 *   // pipeline: lower{acc=f32}
 *   // checks: verify-each verify-semantics-each=2025
 * func @f… */
#ifndef TS_PASS_REPRODUCER_H
#define TS_PASS_REPRODUCER_H

#include "pass/pass.h"

/* What of a run a reproducer carries besides its pipeline. */
typedef struct ts_checks {
  bool verify_each, verify_roundtrip, verify_semantics;
  uint64_t seed; /* of verify_semantics */
} ts_checks;

/* Prints the reproducer of one step on the module before it. `path` is where it will stand. */
void ts_reproducer_print(ts_sink *, const char *path, const ts_module *before,
                         const ts_pipeline_step *, const ts_checks *);
/* Adds the pipeline of a reproducer's text to `p` and sets `checks` as it says. TS_ERR, with a
 * message, when the text is not one. */
ts_result ts_reproducer_read(ts_context *, const ts_source *, ts_pipeline *p, ts_checks *checks);

#endif
