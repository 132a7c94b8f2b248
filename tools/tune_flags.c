/* The command line of ts-tune. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "analysis/poly/marks.h"
#include "tune.h"

/* ---- options that are more than a value ---- */

static ts_result add_extent(ts_tool *t, const ts_flag *flag, const char *text) {
  return ts_run_add_extent(t->ctx, flag->at, text);
}

static ts_result add_input(ts_tool *t, const ts_flag *flag, const char *text) {
  return ts_run_add_named(t->ctx, flag->at, "--input=", text);
}

static ts_result set_engine(ts_tool *t, const ts_flag *flag, const char *text) {
  return ts_run_set_engine(t->ctx, flag->at, text);
}

static ts_result set_duration(ts_tool *t, const ts_flag *flag, const char *text) {
  if (ts_parse_seconds(text, flag->at)) return TS_OK;
  return ts_tool_usage(t, "'--%s=%s': wanted %s", flag->name, text, TS_SECONDS_WANTED);
}

static ts_result add_constant(ts_tool *t, const ts_flag *flag, const char *text) {
  tune *o = t->user;
  (void)flag;
  const char *equals = strchr(text, '=');
  double value;
  if (!equals || equals == text || !ts_parse_double(equals + 1, strlen(equals + 1), &value) ||
      !isfinite(value))
    return ts_tool_usage(t, "'--set=%s': wanted NAME=NUMBER, a constant of the space", text);
  const char *name = ts_strndup(&t->ctx->arena, text, (size_t)(equals - text));
  ts_push(&t->ctx->arena, &o->constants, (struct ts_tune_space_constant){name, value});
  return TS_OK;
}

static ts_result set_buckets(ts_tool *t, const ts_flag *flag, const char *text) {
  return ts_buckets_parse(t->ctx, text, flag->at);
}

static ts_result set_plot(ts_tool *t, const ts_flag *flag, const char *text) {
  tune *o = t->user;
  (void)flag;
  if (text && !ts_report_plot_kind(text, &(ts_plot){0}))
    return ts_tool_usage(
        t, "'--plot=%s': wanted a file that ends in .svg or .png, or nothing, for the terminal",
        text);
  o->plot = true;
  o->plot_path = text;
  return TS_OK;
}

/* ---- tables ---- */

#define ENERGIES "auto|rapl|nvml|work|proxy"

static void add_flags(tune *o, const ts_flag *flags, size_t n) {
  for (size_t i = 0; i < n; i++)
    ts_push(&o->tool.ctx->arena, &o->flags, flags[i]);
}

static void add_space(tune *o) {
  const ts_flag flags[] = {
      {"space", TS_FLAG_STRING, "file",
       "the parameters, what holds between them, and the pipeline; without it the recipe's choices for the "
       "program's nests",
       "Space", .at = &o->space},
      {"D", TS_FLAG_CALL, "NAME=n", "the value of a symbolic extent, put in before anything else",
       "Space", .at = &o->request, .call = add_extent, .joined = true},
      {"buckets", TS_FLAG_CALL, "M=1..16,17..128",
       "tune a program for each of these ranges of an extent that is not known, and make of it one that chooses",
       "Space", .at = &o->symbolic.buckets, .call = set_buckets},
      {"set", TS_FLAG_CALL, "NAME=x", "another value for a constant of the space", "Space",
       .call = add_constant},
      {"target", TS_FLAG_STRING, "cpu",
       "processor by the name that -march= has for it (default native)", "Space",
       .at = &o->job.target},
      {"print-space", TS_FLAG_BOOL, NULL, "print the space and do nothing else", "Space",
       .at = &o->print_space},
      {"count", TS_FLAG_BOOL, NULL, "print how many legal points it has and do nothing else",
       "Space", .at = &o->count},
  };
  add_flags(o, flags, ts_countof(flags));
}

/* "exhaustive, random, …: " and what each does. */
static const char *search_summary(ts_arena *arena) {
  const char *text =
      "which points are tried; without it all of them where there are few, else the first of: ";
  ts_search_name name;
  for (unsigned i = 0; ts_search_list(i, &name); i++)
    text = ts_sprintf(arena, "%s%s%s", text, i ? ", " : "", name.name);
  return text;
}

static void add_search(tune *o) {
  const ts_flag flags[] = {
      {"objective", TS_FLAG_WORD, NULL,
       "what is to be least: time (the default), energy, or their product", "Search",
       .at = &o->objective, .words = "time|energy|edp"},
      {"search", TS_FLAG_STRING, "name", search_summary(&o->tool.ctx->arena), "Search",
       .at = &o->job.search},
      {"trials", TS_FLAG_INT, "n",
       "candidates to try at most (default 64, or any number within --time-budget)", "Search",
       .at = &o->trials, .min = 1, .max = INT64_MAX},
      {"time-budget", TS_FLAG_CALL, "time", "begin no further round after this, such as 60s or 5m",
       "Search", .at = &o->job.seconds, .call = set_duration},
      {"batch", TS_FLAG_INT, "n",
       "candidates that are chosen together, before their times are known (default 4, of a replay 1, under mpirun 16)",
       "Search", .at = &o->batch, .min = 1, .max = 4096},
      {"seed", TS_FLAG_INT, "n", "of the search and of random inputs (default 2025)", "Search",
       .at = &o->seed, .min = 0, .max = INT64_MAX},
  };
  add_flags(o, flags, ts_countof(flags));
}

static void add_measuring(tune *o) {
  ts_run_request *q = &o->request;
  const ts_flag flags[] = {
      {"engine", TS_FLAG_CALL, "name",
       "what runs candidates, with options: native (the default), native{cc=clang}", "Measuring",
       .at = q, .call = set_engine},
      {"entry", TS_FLAG_STRING, "function",
       "tune this function; without it the one that no other calls", "Measuring", .at = &q->entry},
      {"input", TS_FLAG_CALL, "X=from", "fill input X as ts-run does (default normal)", "Measuring",
       .at = &q->inputs, .call = add_input},
      {"data-dir", TS_FLAG_STRING, "dir", "where the @files that the program names are",
       "Measuring", .at = &q->data_dir},
      {"repeats", TS_FLAG_INT, "n", "samples of each candidate (default 10)", "Measuring",
       .at = &o->repeats, .min = 1, .max = 1000000},
      {"threads", TS_FLAG_INT, "n", "threads a candidate may use; 0: as many as the machine has",
       "Measuring", .at = &o->threads, .min = 0, .max = 4096},
      {"j", TS_FLAG_INT, "n", "candidates compiled at once; 0: as many as there are processors",
       "Measuring", .at = &o->jobs, .min = 0, .max = 4096, .joined = true},
      {"energy", TS_FLAG_WORD, NULL,
       "where energy comes from: rapl or nvml, measured; work or proxy, modelled; auto: measured where the machine "
       "can",
       "Measuring", .at = &o->energy, .words = ENERGIES},
      {"model", TS_FLAG_STRING, "file",
       "weights of modelled energy, as ts-tune calibrate writes them", "Measuring",
       .at = &o->job.energy_model},
      {"candidate-time", TS_FLAG_CALL, "time", "wall-clock time that one candidate may take",
       "Measuring", .at = &o->job.candidate_seconds, .call = set_duration},
      {"candidate-memory", TS_FLAG_SIZE, "size",
       "bytes that one candidate may take besides its arrays (default 1G)", "Measuring",
       .at = &o->job.candidate_memory},
      {"verify-parallel", TS_FLAG_WORD, NULL,
       "a mark 'parallel' on a loop whose iterations conflict: error (the default), warn or off",
       "Measuring", .at = &o->marks, .words = TS_MARKS_WORDS},
      {"max-memory", TS_FLAG_SIZE, "size",
       "bytes it may hold itself, with K, M or G (default 8G; 0: no limit)", "Measuring",
       .at = &o->max_memory},
  };
  add_flags(o, flags, ts_countof(flags));
}

static void add_records(tune *o) {
  const ts_flag flags[] = {
      {"db", TS_FLAG_STRING, "file",
       "where trials are kept, and known ones taken from (default tilesmith/tune.db in the cache folder); none: "
       "nowhere",
       "Records", .at = &o->job.store_path},
      {"cold", TS_FLAG_BOOL, NULL, "do not begin with what was best for other shapes", "Records",
       .at = &o->job.cold},
      {"replay", TS_FLAG_STRING, "file",
       "search over recorded results (T4 or Kernel Tuner JSON, also gzipped, or a store), without a program",
       "Records", .at = &o->replay},
      {"replay-delay", TS_FLAG_CALL, "time", "how long each recorded answer takes", "Records",
       .at = &o->replay_delay, .call = set_duration},
  };
  add_flags(o, flags, ts_countof(flags));
}

static void add_output(tune *o) {
  const ts_flag flags[] = {
      {"o", TS_FLAG_STRING, "file", "where the result goes", "Output", .at = &o->output},
      {"emit", TS_FLAG_WORD, NULL,
       "what the result is: the tuned program (the default), its pipeline, or all figures",
       "Output", .at = &o->emit, .words = "ir|pipeline|json"},
      {"export", TS_FLAG_WORD, NULL,
       "the trials as the result instead, in the form of another tool", "Output", .at = &o->export,
       .words = "t4|kt-cache|csv|json"},
      {"frontier", TS_FLAG_BOOL, NULL,
       "print the points that no other beats in both time and energy", "Output",
       .at = &o->frontier},
      {"plot", TS_FLAG_CALL_OPTIONAL, "file.svg",
       "draw the trials, through gnuplot: to .svg or .png, or in the terminal", "Output",
       .call = set_plot},
  };
  add_flags(o, flags, ts_countof(flags));
}

static void add_ranks(tune *o) {
  const ts_flag flags[] = {
      {"patience", TS_FLAG_CALL, "time",
       "under mpirun, how long a rank may give no sign of life before its candidates go to others (default 30s)",
       "Ranks", .at = &o->patience, .call = set_duration},
  };
  add_flags(o, flags, ts_countof(flags));
}

/* ---- reading ---- */

static ts_result make_flags(void *arg) {
  tune *o = arg;
  ts_run_request_init(o->tool.ctx, &o->request);
  ts_tune_job_init(o->tool.ctx, &o->job);
  o->request.engine = "native";
  o->request.words = &ts_run_flag_words;
  o->seed = (int64_t)o->request.seed;
  add_space(o);
  add_search(o);
  add_measuring(o);
  add_records(o);
  add_output(o);
  add_ranks(o);
  return TS_OK;
}

static void take_options(tune *o) {
  static const char *const energies[] = {"auto", "rapl", "nvml", "work", "proxy"};
  ts_tune_job *job = &o->job;
  job->energy = energies[o->energy];
  o->request.seed = job->seed = (uint64_t)o->seed;
  o->request.limits = (ts_run_limits){0, (unsigned)o->threads};
  job->request = &o->request;
  job->objective = (ts_objective)o->objective;
  job->trials = (uint64_t)o->trials;
  job->batch = (unsigned)o->batch;
  job->repeats = (unsigned)o->repeats;
  job->jobs = (unsigned)o->jobs;
  job->num_constants = (unsigned)o->constants.n;
  job->constants = o->constants.at;
  job->progress = tune_progress;
  job->user = o;
  o->tool.ctx->memory.cap = o->max_memory;
}

static ts_result check_replay(tune *o) {
  if (o->space || o->print_space || o->job.store_path)
    return ts_tool_usage(
        &o->tool, "'--replay' has a space of its own, and keeps nothing: no --space, no --db");
  if (strcmp(o->tool.inputs[0], "-") != 0)
    return ts_tool_usage(&o->tool, "'--replay' searches over records, without the program '%s'",
                         o->tool.inputs[0]);
  return TS_OK;
}

/* Whether a file can come to be there, before the work is done that it is to hold. */
static ts_result check_writable(tune *o, const char *path) {
  struct stat st;
  if (!path || strcmp(path, "-") == 0) return TS_OK;
  const char *slash = strrchr(path, '/');
  const char *folder =
      slash ? ts_strndup(&o->tool.ctx->arena, path, (size_t)(slash - path) + 1) : ".";
  bool there = stat(path, &st) == 0;
  if (there && S_ISDIR(st.st_mode))
    errno = EISDIR;
  else if (access(there && !S_ISREG(st.st_mode) ? path : folder, W_OK) == 0)
    return TS_OK;
  return ts_error_plain(o->tool.ctx, "cannot write '%s': %s", path, strerror(errno));
}

static ts_result check_plot(tune *o) {
  ts_result result = check_writable(o, o->plot_path);
  return result || !o->plot ? result : ts_report_check_plot(o->tool.ctx);
}

static ts_result check_options(void *arg) {
  tune *o = arg;
  if (o->job.store_path && !*o->job.store_path)
    return ts_tool_usage(&o->tool, "'--db=': wanted a file, or none");
  if (o->symbolic.buckets.n && (o->replay || o->export != TUNE_EXPORT_NOTHING || o->plot))
    return ts_tool_usage(
        &o->tool,
        "'--buckets' tunes a program for each range: no --replay, no --export, no --plot");
  ts_result result = o->replay ? check_replay(o) : TS_OK;
  if (!result) result = check_writable(o, o->output);
  return result ? result : check_plot(o);
}

ts_result tune_parse(tune *o, int argc, char **argv) {
  ts_result result = ts_protect(o->tool.ctx, make_flags, o);
  if (!result) result = ts_tool_parse(&o->tool, argc, argv, o->flags.at, o->flags.n, 1);
  if (result || o->tool.done) return result;
  take_options(o);
  return ts_protect(o->tool.ctx, check_options, o);
}
