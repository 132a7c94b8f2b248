/* What the files run_*.c share. */
#ifndef TS_RUN_INTERNAL_H
#define TS_RUN_INTERNAL_H

#include "exec/run.h"

/* A message without a place, and TS_USAGE. */
#define ts_run_usage(ctx, ...) ((void)ts_error_plain((ctx), __VA_ARGS__), TS_USAGE)

/* "a, b, c" of n names in the context's arena; "none" when there are none. */
const char *ts_run_join(ts_context *, unsigned n, const char *const *names);
const char *ts_setting_find(const ts_settings *, const char *name); /* NULL when absent */
static inline bool ts_run_is_input(const ts_run *run, unsigned i) {
  return run->sig.entries[i].role != TS_ROLE_OUT;
}
static inline bool ts_run_is_output(const ts_run *run, unsigned i) {
  return run->sig.entries[i].role != TS_ROLE_IN;
}
/* The entry called `name` on the wanted side, or the message that lists those there are. */
ts_result ts_run_entry_named(ts_run *, const char *option, const char *name, bool output,
                             unsigned *i);

const ts_engine *ts_run_engine_called(const char *name); /* NULL: chosen by level, or unknown */
void ts_run_close_other(ts_run *);                       /* of a comparison */
/* run_inputs.c: reads what has a shape of its own, binds the extents, fills the rest. */
ts_result ts_run_read_inputs(ts_run *);
/* run_check.c and run_compare.c, after a run */
ts_result ts_run_expectations(ts_run *);
ts_result ts_run_comparisons(ts_run *);
/* Adds the check of output `got`; when it failed, the message too: TS_CHECK. */
ts_result ts_run_conclude(ts_run *, const ts_array *got, ts_run_check, const char *what);
/* The parts of ts_run_once: inout arrays as they were given, and the run. */
void ts_run_put_back(ts_run *);
ts_result ts_run_again(ts_run *, ts_run_stats *);
/* run_time.c */
ts_result ts_run_measure(ts_run *);

#endif
