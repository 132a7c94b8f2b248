/* Looking on while passes run: dumps before and after passes, what changed, and a numbered file for
 * every stage. Each dump begins with a comment that holds the command that gets there. */
#ifndef TS_PASS_INSTRUMENT_H
#define TS_PASS_INSTRUMENT_H

#include "pass/pass.h"

typedef enum { TS_CHANGED_OFF, TS_CHANGED_PRINT, TS_CHANGED_DIFF } ts_changed;

typedef struct ts_instrument {
  ts_context *ctx;
  ts_sink *out;      /* dumps go here */
  const char *input; /* the input as the command line has it */
  const char *flags; /* what else the command needs to get there, "-D M=512"; "" for nothing */
  const char *before, *after; /* passes to dump around, "fuse,lower"; NULL: none */
  bool before_all, after_all;
  ts_changed changed;
  bool colour;          /* dumps and diffs in colour */
  bool diff_failures;   /* say in `failure_diff` what a step that failed its check had changed */
  const char *tree_dir; /* where numbered files go; NULL: none */
  ts_result result;     /* TS_ERR, with a message, once a file could not be written */
  ts_sink text;         /* the module before the step */
  ts_sink failure_diff;
} ts_instrument;

/* Sets everything off. */
void ts_instrument_init(ts_instrument *, ts_context *, ts_sink *out);
void ts_instrument_drop(ts_instrument *);
/* TS_USAGE when `before` or `after` names a pass that the table lacks. */
ts_result ts_instrument_check(ts_instrument *, const ts_pass_table *);
/* The command that gets to the module after `steps` steps. */
void ts_instrument_command(ts_sink *, const ts_instrument *, const ts_pipeline *, size_t steps);
/* Once, before the pipeline: file 00 of the tree. TS_ERR, with a message, when it cannot be
 * written. */
ts_result ts_instrument_input(ts_instrument *, const ts_module *);
/* The module as text, in colour or not. */
void ts_instrument_print(ts_sink *, const ts_module *, bool colour);
/* For the runner's callbacks. */
void ts_instrument_before(ts_instrument *, const ts_pass_event *);
void ts_instrument_after(ts_instrument *, const ts_pass_event *);
void ts_instrument_refused(ts_instrument *, const ts_pass_event *);
void ts_instrument_failed(ts_instrument *, const ts_pass_event *);

#endif
