/* Passes and the runner that drives them.
 *
 * A pass does one thing to a module and says whether it changed it. It never verifies, times,
 * prints or frees: the runner does. The caller decides which passes exist: a pipeline is given a
 * table of them. */
#ifndef TS_PASS_PASS_H
#define TS_PASS_PASS_H

#include "syntax/options.h"

/* ---- what a pass is ---- */

/* The functions that a pass with the option func= works on: the one of that name, or all when it is
 * empty.  for (ts_func *f = ts_first_asked(m, func); f; f = ts_next_asked(f, func)) */
ts_func *ts_first_asked(const ts_module *, const char *func);
ts_func *ts_next_asked(const ts_func *, const char *func);

/* Named counters of passes (`-stats`), in the order of their first increment. */
typedef struct ts_stat {
  const char *pass, *what;
  uint64_t n;
} ts_stat;
typedef struct ts_stat_table {
  ts_arena *arena;
  TS_VEC(ts_stat) rows;
} ts_stat_table;

typedef struct ts_pass_ctx {
  ts_context *ctx;
  ts_arena *scratch;             /* dropped after the pass */
  const char *name;              /* the running pass' flag */
  bool changed;                  /* set by the pass */
  ts_stat_table *stats;          /* NULL: not counted */
  struct ts_made *made;          /* names of what steps made (made.h); NULL for recipes */
  struct ts_pipeline *expansion; /* recipes: where the steps go that run in their place */
} ts_pass_ctx;

typedef ts_result (*ts_pass_fn)(ts_pass_ctx *, ts_module *, const void *options);

/* Adds to a named counter of the running pass (`-stats`). `what` is a string constant. */
void ts_count(ts_pass_ctx *, const char *what, uint64_t n);

/* What a pass may do to the answer: nothing, or round it differently. */
typedef enum { TS_ROUNDING_EXACT, TS_ROUNDING_ROUNDS } ts_rounding;

typedef struct ts_pass_info {
  const char *flag;
  ts_pass_fn fn;
  unsigned level_in, level_out; /* TS_LEVEL_* the functions it works on, and leaves */
  ts_rounding rounding;
  bool testing; /* for tests of the pass manager: not in -help */
  bool recipe;  /* looks at the module and says which steps to run; changes nothing itself */
  const char *summary, *example; /* options as one may write them; "": none */
  ts_option_table options;
  /* one for each option; ROUNDS: another value than the default gives up an exact pass' bits */
  const ts_rounding *roundings;
} ts_pass_info;
/* What another compiler calls a pass of the table. */
typedef struct ts_pass_synonym_row {
  const char *word;
  const char *here; /* the flag, with options where it takes some */
} ts_pass_synonym_row;
typedef struct ts_pass_table {
  const ts_pass_info *rows;
  unsigned n;
  const ts_pass_synonym_row *synonyms;
  unsigned num_synonyms;
} ts_pass_table;
const ts_pass_info *ts_pass_find(const ts_pass_table *, const char *flag); /* NULL: unknown */
/* What does here what another compiler calls `word`; NULL: nothing. */
const char *ts_pass_synonym(const ts_pass_table *, const char *word);
/* That, or the flag of the public pass spelled most like `flag`; NULL when none is near. */
const char *ts_pass_nearest(const ts_pass_table *, const char *flag);
/* What one may want to know of a pass: levels, options, an example and the page about it. */
void ts_pass_describe(ts_sink *, const ts_pass_info *);
/* The table as text: by level with options, or as the rows of a Markdown table. */
void ts_passes_print(ts_sink *, const ts_pass_table *, bool markdown, bool testing);

/* ---- pipelines ---- */

typedef struct ts_pipeline_step {
  const ts_pass_info *pass;
  void *options; /* the pass' option struct */
} ts_pipeline_step;
typedef struct ts_pipeline {
  const ts_pass_table *table; /* the passes that its steps may name */
  bool refers;                /* of a recipe: loops may be called by how they were made (made.h) */
  TS_VEC(ts_pipeline_step) steps;
} ts_pipeline;

/* Adds one step: "lower", with options as "acc=f32 …" (NULL or "" for none). TS_USAGE, with a
 * message, for an unknown pass or option and a bad value. Steps live in the context's arena. */
ts_result ts_pipeline_add(ts_context *, ts_pipeline *, const char *flag, const char *options);
/* Adds the steps of "fuse,lower{acc=f32}"; white space and # comments between steps are skipped. A
 * value with white space, commas or braces stands in quotes. Errors are TS_USAGE, located in
 * `text`. */
ts_result ts_pipeline_parse(ts_context *, ts_pipeline *, const char *text);
/* The same from a named source, which must live as long as the context's messages. */
ts_result ts_pipeline_parse_source(ts_context *, ts_pipeline *, const ts_source *);
/* As text that ts_pipeline_parse reads back, options that differ from their defaults only; `between` the
 * steps stands "," or ",\n". */
void ts_pipeline_print(ts_sink *, const ts_pipeline *, const char *between);
void ts_pipeline_print_step(ts_sink *, const ts_pipeline_step *);
/* One step as a command-line flag: -lower="acc=f32". */
void ts_pipeline_print_flag(ts_sink *, const ts_pipeline_step *);
/* Must this step keep every answer to the last bit? */
bool ts_pipeline_step_exact(const ts_pipeline_step *);
/* The value of the step's option of kind DTYPE called `name`; TS_NUM_DTYPES when it has none or it
 * is not set. */
ts_dtype ts_pipeline_step_dtype(const ts_pipeline_step *, const char *name);
/* The one function that the step works on, by its option func=; NULL: any. */
ts_func *ts_pipeline_step_func(const ts_pipeline_step *, const ts_module *);

/* ---- running ---- */

/* Wall-clock seconds, by pass (runs add up) and by what the runner does around them. */
typedef struct ts_time {
  const char *what;
  double seconds;
  unsigned runs;
} ts_time;
enum { TS_MAX_TIMES = 128 }; /* more than there are passes; what comes later is left out */
typedef struct ts_time_table {
  ts_time rows[TS_MAX_TIMES];
  size_t n;
} ts_time_table;
void ts_time_add(ts_time_table *, const char *what, double seconds); /* the table may be NULL */
void ts_time_print(ts_sink *, const ts_time_table *);
void ts_stat_print(ts_sink *, const ts_stat_table *);

/* Where the runner stands when it calls back. Who needs the module as it was before a step keeps
 * its text in `before`: plain runs then copy nothing. */
typedef struct ts_pass_event {
  ts_module *module;
  const ts_pipeline *pipeline;
  size_t step;
  bool changed;     /* what the pass said */
  ts_result result; /* of a failed step */
} ts_pass_event;

/* What happens around passes. All off by default but verify_each. */
typedef struct ts_pass_runner {
  bool verify_each, verify_roundtrip;
  int64_t bisect_limit;  /* run only the first n steps; -1: all */
  int64_t steps_counted; /* toward the limit, over all runs with this runner */
  ts_stat_table *stats;  /* NULL: not counted */
  ts_time_table *times;  /* NULL: not taken */
  /* called around each step, in this order; any may be NULL. `check` is called before and after the
   * pass; its TS_CHECK says that the step changed the answer. */
  void *user, *checker;
  void (*before)(void *user, const ts_pass_event *);
  ts_result (*check)(void *checker, ts_module *, const ts_pipeline_step *, bool after);
  void (*after)(void *user, const ts_pass_event *);
  void (*failed)(void *user, const ts_pass_event *);
  void (*refused)(void *user,
                  const ts_pass_event *);    /* instead of after and failed: a recipe's step */
  void (*log)(void *user, const char *line); /* bisect lines */
  ts_pipeline *ran; /* receives the steps, with those of recipes in their place; NULL: not wanted */
} ts_pass_runner;
void ts_pass_runner_init(ts_pass_runner *);
/* Runs the steps in order until one fails; a step of a recipe that its pass refuses is none of these: the
 * module is as before, what the pass said becomes a "missed" remark, and the step is not among those that
 * `ran`. After each step, values have the names they are printed under
 * (ts_name_values). TS_CHECK when a pass leaves IR that does not verify or
 * does not read back as printed; otherwise what the pass or the checker returned. After a failure
 * the module is good for destroying (and for looking at), no more. */
ts_result ts_run_pipeline(ts_module *, const ts_pipeline *, ts_pass_runner *);

#endif
