/* What the files of a run share. */
#ifndef TS_RUN_RUN_IMPL_H
#define TS_RUN_RUN_IMPL_H

#include "check/bound.h"
#include "run/run.h"

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

void ts_run_close_other(ts_run *); /* of a comparison */
/* inputs.c: reads what has a shape of its own, binds the extents, fills the rest. */
ts_result ts_run_read_inputs(ts_run *);
/* unwritten.c: ts_run_once that notes which elements of outputs it leaves unwritten; and what to say of them:
 * TS_CHECK where the request asks that there are none. */
ts_result ts_run_watched(ts_run *, ts_run_stats *);
ts_result ts_run_check_written(ts_run *);
/* expect.c and compare.c, after a run */
ts_result ts_run_expectations(ts_run *);
ts_result ts_run_comparisons(ts_run *);
/* against.c: before a run, whether the other programs' functions take its arrays, TS_ERR when not; after it,
 * their answers. */
ts_result ts_run_check_against(ts_run *);
ts_result ts_run_hold_against(ts_run *);
/* Adds the check of output `got`, whose `difference` from `want` is known; when it failed, the message too:
 * TS_CHECK. */
ts_result ts_run_conclude(ts_run *, const ts_array *got, const ts_array *want, ts_run_check);
const char *ts_run_check_name(const ts_run_check *); /* "expected", "engine", "program" */
const char *ts_run_figure(ts_arena *, double);
/* What the engine tells of what it compiled, in the context's arena. */
ts_engine_account ts_run_account(const ts_run *);

/* tolerance.c: how far from the exact answer rounding may have carried the outputs of a run. */
typedef struct ts_margin {
  int64_t reduction;        /* length of the longest one */
  bool exact;               /* not a bit may differ */
  const ts_bounded *bounds; /* of the signature's outputs; NULL: not known */
  double relative;          /* then: error by the output's largest magnitude */
} ts_margin;
/* `acc` is the least precise accumulator that sums of floats of a tensor function may have; TS_NUM_DTYPES: each op's own.
 * `math_error` is that of the less precise engine. `same_program`: what the run is held against ran the same
 * loops, in the same order; all they may differ in are functions such as exp, of which each engine has its own,
 * the order of atomic additions, and subnormal numbers in a `dot` of floats. In the arena. */
ts_result ts_run_margin(ts_run *, ts_arena *, ts_dtype acc, double math_error, bool same_program,
                        ts_margin *);
typedef struct ts_output_margin {
  const ts_array *array;
  bool inexact;
  const double *error; /* of each element; NULL: not known */
  double roundoff, everywhere;
} ts_output_margin;
ts_output_margin ts_run_output_margin(const ts_run *, const ts_margin *, unsigned i);
/* Of element k: 0 or more. */
double ts_output_margin_at(const ts_output_margin *, int64_t k);

/* Which entries of a run's signature stand for those of another's: input[j] and output[j] for its entry j. */
typedef struct ts_matching {
  unsigned *input, *output;
} ts_matching;
/* Gives the other run, which has no arrays yet, the run's inputs as they were given, and outputs of its own. */
ts_result ts_run_share(ts_run *, ts_run *other, const ts_matching *);
/* How far either may be from the exact answer; of engines, both as far as `run`. */
typedef struct ts_rivals {
  ts_check_kind kind;
  const char *name; /* of the engine or the program */
  ts_margin run, other;
} ts_rivals;
/* Adds a check of each output: TS_CHECK when one fails. An engine is held against the run, and the run against
 * another program. */
ts_result ts_run_hold(ts_run *, ts_run *other, const ts_matching *, const ts_rivals *);
/* Keeps inout arrays as they are now, so that every run starts from them. */
ts_result ts_run_keep_initial(ts_run *);

/* The parts of ts_run_once: inout arrays as they were given, and the run. */
void ts_run_put_back(ts_run *);
ts_result ts_run_again(ts_run *, ts_run_stats *);
/* time.c */
ts_result ts_run_measure(ts_run *);

#endif
