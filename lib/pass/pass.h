/* Passes and the runner that drives them.
 *
 * A pass does one thing to a module and says whether it changed it. It never verifies, times, prints
 * or frees: the runner does. What passes exist, and their options, stands in passes.def. */
#ifndef TS_PASS_H
#define TS_PASS_H

#include "ir/ir.h"

typedef struct ts_pass_ctx {
  ts_context *ctx;
  ts_arena *scratch; /* dropped after the pass */
  const char *name;  /* the running pass' flag */
  bool changed;      /* set by the pass */
  struct ts_stat_table *stats; /* NULL: not counted */
} ts_pass_ctx;

typedef ts_result (*ts_pass_fn)(ts_pass_ctx *, ts_module *, const void *options);

/* Adds to a named counter of the running pass (`-stats`). */
void ts_count(ts_pass_ctx *, const char *what, uint64_t n);

typedef enum { TS_OPT_BOOL, TS_OPT_INT, TS_OPT_DTYPE, TS_OPT_STRING } ts_opt_kind;

typedef struct ts_pass_option {
  const char *name;
  ts_opt_kind kind;
  size_t offset; /* in the option struct: bool, int64_t, ts_dtype or const char * */
  const char *otherwise, *summary; /* default as text ("" for none); one line */
} ts_pass_option;

typedef struct ts_pass_info {
  const char *flag;
  ts_pass_fn fn;
  unsigned level_in, level_out; /* TS_LEVEL_* the functions it works on, and leaves */
  const char *summary;
  size_t options_bytes;
  const ts_pass_option *options;
  unsigned num_options;
} ts_pass_info;
extern const ts_pass_info ts_passes[];
extern const unsigned ts_num_passes;
const ts_pass_info *ts_pass_find(const char *flag);

typedef struct ts_pipeline_step {
  const ts_pass_info *pass;
  void *options; /* the pass' option struct */
} ts_pipeline_step;
typedef struct ts_pipeline {
  TS_VEC(ts_pipeline_step) steps;
} ts_pipeline;

/* Adds one step: "lower", with options as "acc=f32 …" (NULL or "" for none). */
ts_result ts_pipeline_add(ts_context *, ts_pipeline *, const char *flag, const char *options);
/* Adds the steps of "fuse,lower{acc=f32}"; white space and # comments between steps are skipped. */
ts_result ts_pipeline_parse(ts_context *, ts_pipeline *, const char *text);
/* As text that ts_pipeline_parse reads back, options that differ from their defaults only. */
void ts_pipeline_print(ts_sink *, const ts_pipeline *);
/* One step as a command-line flag: -lower="acc=f32". */
void ts_pipeline_print_flag(ts_sink *, const ts_pipeline_step *);

/* What happens around passes. All off by default but verify_each. */
typedef struct ts_pass_runner {
  bool verify_each, verify_roundtrip, verify_semantics;
  bool time_passes, stats;
  int64_t bisect_limit; /* run only the first n steps; -1: all */
  const char *input_name; /* for the commands in dump headers; NULL: "-" */
  /* called around each step, in this order; any may be NULL */
  void *user;
  void (*before)(void *user, ts_module *, const ts_pipeline *, size_t step);
  void (*after)(void *user, ts_module *, const ts_pipeline *, size_t step, bool changed);
  void (*failed)(void *user, ts_module *before, const ts_pipeline *, size_t step, ts_result);
  void (*log)(void *user, const char *line); /* bisect lines and the like */
  uint64_t seed; /* of verify_semantics' inputs */
} ts_pass_runner;
void ts_pass_runner_init(ts_pass_runner *);
ts_result ts_run_pipeline(ts_module **, const ts_pipeline *, ts_pass_runner *);

#endif
