/* What ts-opt's command line sets, and what a run of it holds. */
#ifndef TS_TOOLS_OPT_H
#define TS_TOOLS_OPT_H

#include "syntax/extent.h"
#include "pass/instrument.h"
#include "pass/reproducer.h"
#include "tool.h"

typedef struct opt {
  ts_tool tool;
  /* the command line */
  ts_pipeline pipeline;
  ts_checks checks;
  int64_t bisect_limit;
  int marks; /* ts_marks: what wrong ones are */
  TS_VEC(ts_extent_value) extents;
  const char *output, *reproducer, *remarks_file, *data_dir; /* NULL: not asked for */
  bool print_pipeline, split, verify_diagnostics, run_reproducer, count, time;
  const char *remarks; /* the kinds shown, "missed,passed"; NULL: none */
  /* the run */
  ts_source source;
  ts_source *parts; /* of the source, when it is split */
  size_t num_parts;
  ts_instrument instrument;
  ts_pass_runner runner;
  ts_pipeline ran; /* the steps, with those of recipes in their place */
  ts_stat_table stats;
  ts_time_table times;
  ts_sink messages; /* stderr: everything but diagnostics */
  ts_sink prepared; /* the reproducer of the running step */
  ts_sink yaml;
  ts_output out;
  bool in_place;   /* the output is the input: nothing of it may be lost */
  bool opened;     /* out is open */
  bool reproduced; /* the file of the first failure stands */
} opt;

/* Fills `o` from the command line, passes in the order given. */
ts_result opt_parse(opt *o, int argc, char **argv);
/* Sets up the runner and the instruments as the command line says. */
void opt_set_up(opt *o);

#endif
