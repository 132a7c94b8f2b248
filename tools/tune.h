/* What the files of ts-tune share. */
#ifndef TS_TOOLS_TUNE_H
#define TS_TOOLS_TUNE_H

#include "common/tool.h"
#include "records/recorded.h"
#include "tune/report/report.h"
#include "tune/session/symbolic.h"
#include "tune/spread/spread.h"

typedef enum { TUNE_EMIT_IR, TUNE_EMIT_PIPELINE, TUNE_EMIT_JSON } tune_emit;
enum { TUNE_EXPORT_NOTHING = -1 };

typedef struct tune {
  ts_tool tool;
  TS_VEC(ts_flag) flags;
  ts_run_request request;
  ts_tune_job job;
  ts_tune_symbolic symbolic; /* with --buckets, for which the job is what they have in common */
  const char *space, *replay, *output, *plot_path;
  bool print_space, count, frontier, plot;
  double replay_delay; /* seconds an answer takes */
  int emit, export, objective, energy, marks;
  int64_t seed, trials, batch, repeats, jobs, threads;
  uint64_t max_memory;
  TS_VEC(struct ts_tune_space_constant) constants;
  ts_recorded recorded; /* of a replay */
  volatile int *interrupt;
  /* under mpirun; else 0 and NULL */
  ts_ranks ranks;
  ts_spread *spread;
  double patience; /* seconds */
  bool together;   /* all ranks were there to the end */
} tune;

/* tune_flags.c: reads the command line. */
ts_result tune_parse(tune *, int argc, char **argv);
/* tune_output.c: the table on stderr, then what was asked for on the output. `title` says what was tuned; `module` is what
 * won, NULL where there is no program. */
ts_result tune_tell(tune *, const char *title, const ts_domain *, const ts_tune_outcome *,
                    size_t recipe, double optimum, ts_module *module);
/* What --print-space and --count ask for, of a job that is open. */
ts_result tune_print_space(tune *, const ts_tune_job *);
ts_result tune_print_count(ts_tune_job *);
/* Why the session is over, where there is something to say. */
void tune_say_end(tune *, const ts_tune_outcome *);
/* tune_buckets.c: the same of a program with an extent that is not known, from the program to the output. */
ts_result tune_buckets(tune *);
/* Shows how it goes on a terminal; to be called after each trial. */
void tune_progress(void *tune_, const ts_tune_progress *);
void tune_end_progress(const tune *);
/* Subcommands: each the main of a tool of its own. */
int tune_calibrate_main(int argc, char **argv);

/* tune_store.c: the subcommands about a store, each a tool of its own whose name is its first word. */
int tune_show_main(int argc, char **argv);
int tune_merge_main(int argc, char **argv);
int tune_prune_main(int argc, char **argv);

/* ---- tune_ranks.c: under mpirun ---- */

/* Joins the other ranks, if there are any, and from then on reads files for all of them. TS_USAGE for what cannot be spread. */
ts_result tune_join(tune *);
/* Whether this is the process that searches. */
bool tune_is_first(const tune *);
/* On that one: what stands between the session and this machine's evaluator, as ts_tune_job.spread; `tune_` is a tune. */
ts_result tune_spread(void *tune_, ts_evaluator *local, ts_evaluator *out);
/* On the others: tries what comes, by this evaluator or by that of the job, until the first has done. */
ts_result tune_serve(tune *, const ts_evaluator *);
ts_result tune_serve_job(tune *);
/* Who tried how much, and what was sent for it. */
void tune_say_ranks(tune *);
/* What the tool's work came to: on ranks but the first, failures are told to the first and are none of the tool's. */
ts_result tune_hand_on(tune *, ts_result);
/* Parts from the other ranks, and at the very end ends MPI. */
void tune_part(tune *);
void tune_leave(const tune *, int status);

#endif
