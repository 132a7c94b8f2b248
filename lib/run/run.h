/* A run: which function, on which engine and arrays, and what is done with the results. This is
 * ts-run without its command line; ts_execute of the public API stands on the same parts.
 *
 * The order is ts_run_open (everything a wrong call or bad input can fail at), ts_run_execute (the
 * run itself, then timing, expectations and comparisons), the reports, ts_run_close. Texts such as
 * input specifications are kept by reference. */
#ifndef TS_RUN_RUN_H
#define TS_RUN_RUN_H

#include "data/shape_binding.h"
#include "syntax/extent.h"
#include "target/machine.h"
#include "analysis/cost/flops.h"
#include "pass/pass.h"
#include "engine/engine.h"

/* NAME=TEXT of the command line; the name stands without its %. */
typedef struct ts_setting {
  const char *name, *text;
} ts_setting;
typedef TS_VEC(ts_setting) ts_settings;

typedef enum { TS_PRINT_SUMMARY, TS_PRINT_FULL, TS_PRINT_NONE } ts_print_how;

/* Another program, parsed and verified, whose outputs are wanted. */
typedef struct ts_against {
  const char *text;  /* as given, for messages */
  const char *entry; /* as in the request */
  ts_module *module;
} ts_against;

/* How the caller writes what a request is made of, for messages: what stands before a name or a value. */
typedef struct ts_run_words {
  const char *entry, *define, *input, *output, *expect, *compare, *against, *stats, *json;
} ts_run_words;
/* As flags of a tool. */
extern const ts_run_words ts_run_flag_words;

typedef struct ts_run_request {
  const ts_run_words *words;
  const char *engine;              /* or a family of engines */
  const char *entry;               /* NULL: the only function, or the one that no other calls */
  ts_settings inputs;              /* X → "@x.npy", "normal", "2x3xf32=1 2 3 4 5 6", … */
  ts_settings outputs, expects;    /* Y → "@y.npy" */
  TS_VEC(ts_extent_value) defines; /* M → 512 */
  bool bound;                      /* the defines stand in the program's types (ts_run_transform) */
  ts_pipeline passes;              /* what the program goes through first */
  TS_VEC(const char *) compare;    /* engine names */
  TS_VEC(ts_against) against;
  const char *data_dir; /* where the program's @files are; NULL: the working directory */
  uint64_t seed;
  double rtol, atol;  /* of expects */
  unsigned time_runs; /* 0: not timed */
  ts_run_limits limits;
  ts_engine_options options;
  bool lowers; /* a tensor function is lowered for an engine of loops, without being asked to */
  bool stats;
  /* outputs that are not wholly written fail the run, as they do where it is compared */
  bool check_outputs;
  ts_print_how print;
  const char *json; /* where the figures go; NULL: nowhere */
} ts_run_request;
/* Everything at its default, the words those of a caller of functions. */
void ts_run_request_init(ts_context *, ts_run_request *);
/* Sets the engine and its options from a text such as "native{cc=clang}". TS_USAGE as of ts_engine_read. */
ts_result ts_run_set_engine(ts_context *, ts_run_request *, const char *text);
/* Splits "X=TEXT" or "%X=TEXT" (`option` for the message) and adds it; TS_USAGE when there is no
 * name, no text or the name is there already. */
ts_result ts_run_add_named(ts_context *, ts_settings *, const char *option, const char *text);
/* Adds "M=512". */
ts_result ts_run_add_extent(ts_context *, ts_run_request *, const char *text);
/* Adds each name of "interp,loop". */
ts_result ts_run_add_engines(ts_context *, ts_run_request *, const char *text);

/* Splits "ref.tir:FUNC" into a path and the name of a function, NULL when there is none: what is a file as it
 * stands has none, and neither has what has a slash behind its last colon. */
void ts_run_split_program(ts_context *, const char *text, const char **path, const char **func);

/* One output held against an expectation, another engine or another program. */
typedef enum { TS_CHECK_EXPECTED, TS_CHECK_ENGINE, TS_CHECK_PROGRAM } ts_check_kind;
typedef struct ts_run_check {
  ts_check_kind kind;
  const char *output;
  const char *with; /* the file or literal, the engine, the program */
  bool ok;
  bool in_ulps;            /* of floats */
  const char *wrong;       /* "18 wrong, all in [510:512, :]"; NULL: nothing is */
  double bound_ulp;        /* what the error at the worst element may be, in ULPs there */
  int64_t reduction;       /* engines and programs: length of the longest reduction */
  int64_t at[TS_MAX_RANK]; /* index of the worst element */
  unsigned rank;
  ts_difference difference;
} ts_run_check;

/* Elements of an output that the run did not write. */
typedef struct ts_unwritten {
  int64_t n, first;
} ts_unwritten;

typedef struct ts_run_timing {
  unsigned runs, batch; /* samples, and runs in each */
  unsigned threads;
  double median_ms, min_ms;
  /* of one run */
  ts_work work;
  uint64_t bytes_read, bytes_written; /* each input and constant once, each output once */
  /* what this process measured on as many threads: f32 multiply-adds, and bytes of data as large */
  double peak_gflops;
  ts_bandwidth bandwidth;
  /* meanwhile, in processors: what others used, and what a host took; of `processors`, 0 when not known */
  unsigned processors;
  double others, steal;
} ts_run_timing;
/* 10^9 a second: `n` things a run, of the median time and of the least. */
typedef struct ts_run_rate {
  double median, least;
} ts_run_rate;
ts_run_rate ts_run_rate_of(const ts_run_timing *, uint64_t n);
/* Bytes read and written; and the bandwidth measured for so much of each: that of copying when at least a quarter
 * is written, else that of reading. */
uint64_t ts_run_bytes(const ts_run_timing *);
double ts_run_bandwidth(const ts_run_timing *);
/* A warning when the times are 1.3 times apart, or others used a tenth of the machine. */
void ts_run_warn_busy(ts_context *, const ts_run_timing *);

typedef struct ts_run {
  ts_context *ctx;
  const ts_run_request *request;
  ts_module *module;
  const ts_func *func;
  const ts_engine *engine;
  ts_signature sig;
  const char **names; /* of the signature's entries */
  ts_array *arrays;
  ts_array *initial;       /* inout arrays as they were given */
  ts_unwritten *unwritten; /* of the signature's entries */
  const char **sources;    /* of inputs: what they were filled from */
  ts_bindings fixed, bindings;
  ts_module *lowered; /* what the engine was given, a copy; NULL: the module itself */
  void *compiled;
  double prepare_ms; /* what the engine took to compile */
  bool ran;          /* the outputs are those of a run */
  ts_run_stats stats;
  ts_run_timing timing;
  TS_VEC(ts_run_check) checks;
  ts_arena scratch;     /* of a comparison */
  struct ts_run *other; /* of the comparison under way */
} ts_run;

/* TS_USAGE when two of the request's options write one file, or one tensor of a file, however its name is
 * spelled. */
ts_result ts_run_check_outputs(ts_context *, const ts_run_request *);
/* Takes the program, verified, through the request's passes, its -D put in before the first. `fuse,lower` comes
 * of itself before a recipe, and before an engine that runs loops only, when the function to run is one of
 * tensors still; a message says so. Its @files are those of the request's data_dir from here on. */
ts_result ts_run_transform(ts_module *, ts_run_request *);
/* Chooses the function and the engine, reads and generates the inputs, binds the extents, allocates
 * the outputs and compiles. TS_USAGE for a wrong request, TS_ERR for bad files, TS_LIMIT for
 * memory. ts_run_close is due whatever it returns. */
ts_result ts_run_open(ts_run *, ts_context *, ts_module *, const ts_run_request *);
/* Runs, and does what the request asks for besides. TS_CHECK when an expectation or a comparison
 * fails; what failed stands in the messages and in `checks`. */
ts_result ts_run_execute(ts_run *);
/* The outputs as the request says, then checks, statistics and times. */
void ts_run_print(ts_sink *, const ts_run *);
/* Writes the request's --output files. Several tensors for one safetensors file go there
 * together. */
ts_result ts_run_write_outputs(ts_run *);
/* Every figure of the run as JSON, ending in a newline. `status` is what came of it; of a run that
 * failed, even before it was opened, what there is, and the first error message. */
ts_result ts_run_json(ts_sink *, ts_context *, const ts_run_request *, const ts_run *,
                      ts_result status);
void ts_run_close(ts_run *);

/* ---- parts that the public API uses too ---- */

/* ts_run_open in two parts: up to the choice of function and engine, with no arrays yet; and the
 * end. */
ts_result ts_run_open_bare(ts_run *, ts_context *, ts_module *, const ts_run_request *);
ts_result ts_run_compile(ts_run *);
/* The two steps of that: the function that the engine is to be given, in run->lowered where it is a copy; and what
 * the engine makes of it. */
ts_result ts_run_lower(ts_run *, const ts_func **);
ts_result ts_run_prepare(ts_run *, const ts_func *);
/* One run on run->arrays from the inputs as they were given. `stats` may be NULL. */
ts_result ts_run_once(ts_run *, ts_run_stats *stats);
/* How many runs make a sample of a millisecond, found by trying more and more, which warms the caches, too; and the
 * milliseconds that each of `n` runs in a row takes. */
ts_result ts_run_find_batch(ts_run *, unsigned *batch);
ts_result ts_run_sample(ts_run *, unsigned n, double *ms);
/* What a run does: `work`, `bytes_read` and `bytes_written`. */
void ts_run_count(ts_run *, ts_run_timing *);
/* Patterns that lie in an output before a run, so that what no run writes shows: an element that holds the first
 * after one run and the second after another. */
enum { TS_NUM_POISONS = 2 };
void ts_array_poison(ts_array *, unsigned which);
bool ts_array_is_poisoned(const ts_array *, int64_t k, unsigned which);
/* How an output that is wrong differs: "18 wrong, all in [510:512, :] of 512x8xf32; worst at [511, 3]: got 7,
 * wanted 2.5: off by 4.5, where 1e-06 is allowed". */
const char *ts_run_difference_text(ts_arena *, const ts_array *got, const ts_array *want,
                                   const ts_difference *);
/* The function called `name`, or with NULL the only one or the only one that no other calls.
 * TS_USAGE with the candidates in the message. */
ts_result ts_run_find_entry(ts_context *, ts_module *, const char *name, const ts_run_words *,
                            const ts_func **out);
/* Makes every relative @file of the module's constants and globals relative to `dir`. */
void ts_run_rebase_files(ts_module *, const char *dir);

#endif
