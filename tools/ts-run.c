/* ts-run: executes a function of a program and says what came out. The options are turned into a
 * ts_run_request; everything else is lib/run. */
#include <math.h>
#include <stdlib.h>

#include "analysis/poly/marks.h"
#include "transforms/passes.h"
#include "run/run.h"
#include "common/tool.h"

typedef TS_VEC(ts_flag) flag_list;

typedef struct options {
  flag_list flags;
  ts_run_request request;
  int64_t seed, fuel, threads;
  uint64_t max_memory;
  int print, check, marks;
  bool told; /* the JSON is written, or could not be */
  ts_tool *tool;
  ts_run run;
} options;

enum { DEFAULT_RUNS = 5, MOST_RUNS = 1000000 };
#define DEFAULT_FUEL 100000000000
#define DEFAULT_MEMORY (UINT64_C(4) << 30)

/* ---- options that are more than a value ---- */

static ts_result add_named(ts_tool *t, const ts_flag *flag, const char *text) {
  return ts_run_add_named(t->ctx, flag->at, ts_sprintf(&t->ctx->arena, "--%s=", flag->name), text);
}

static ts_result add_extent(ts_tool *t, const ts_flag *flag, const char *text) {
  return ts_run_add_extent(t->ctx, flag->at, text);
}

static ts_result add_compare(ts_tool *t, const ts_flag *flag, const char *text) {
  return ts_run_add_engines(t->ctx, flag->at, text);
}

static ts_result add_passes(ts_tool *t, const ts_flag *flag, const char *text) {
  return ts_tool_add_pipeline(t, flag->at, text);
}

static ts_result add_recipe(ts_tool *t, const ts_flag *flag, const char *text) {
  return ts_pipeline_add(t->ctx, flag->at, flag->name, text);
}

static ts_result add_against(ts_tool *t, const ts_flag *flag, const char *text) {
  (void)flag;
  options *o = t->user;
  ts_push(&t->ctx->arena, &o->request.against, (ts_against){.text = text});
  return TS_OK;
}

static ts_result set_time(ts_tool *t, const ts_flag *flag, const char *text) {
  unsigned *runs = flag->at;
  char *end = NULL;
  long n = text ? strtol(text, &end, 10) : DEFAULT_RUNS;
  if (text && (end == text || *end || n < 1 || n > MOST_RUNS))
    return ts_tool_usage(t, "'--time=%s': wanted a number of runs from 1 to %d", text, MOST_RUNS);
  *runs = (unsigned)n;
  return TS_OK;
}

static ts_result set_tolerance(ts_tool *t, const ts_flag *flag, const char *text) {
  double value;
  if (!ts_parse_double(text, strlen(text), &value) || !(value >= 0) || isinf(value))
    return ts_tool_usage(t, "'--%s=%s': wanted a number that is 0 or more", flag->name, text);
  *(double *)flag->at = value;
  return TS_OK;
}

static ts_result set_duration(ts_tool *t, const ts_flag *flag, const char *text) {
  if (ts_parse_seconds(text, flag->at)) return TS_OK;
  return ts_tool_usage(t, "'--%s=%s': wanted %s", flag->name, text, TS_SECONDS_WANTED);
}

/* ---- the run ---- */

/* The other programs, with the same --data-dir. */
static ts_result read_against(options *o) {
  ts_context *ctx = o->tool->ctx;
  const ts_source *outer = ctx->source;
  ts_result result = TS_OK;
  bool taken = !strcmp(o->tool->inputs[0], "-");
  for (size_t k = 0; k < o->request.against.n && !result; k++) {
    ts_against *a = &o->request.against.at[k];
    const char *path;
    ts_run_split_program(ctx, a->text, &path, &a->entry);
    if (taken && !strcmp(path, "-"))
      return ts_tool_usage(o->tool, "'--against=%s': standard input holds one program only",
                           a->text);
    taken |= !strcmp(path, "-");
    result = ts_tool_read_module(o->tool, path, o->marks, &a->module);
    if (!result && o->request.data_dir) ts_run_rebase_files(a->module, o->request.data_dir);
  }
  ctx->source = outer;
  return result;
}

static ts_result write_json(options *o, ts_result status) {
  ts_output out;
  if (!o->request.json || o->told) return TS_OK;
  o->told = true;
  ts_result result = ts_output_open(o->tool, &out, o->request.json);
  if (result) return result;
  result = ts_run_json(&out.sink, o->tool->ctx, &o->request, &o->run, status);
  if (!result) return ts_output_commit(o->tool, &out);
  ts_output_discard(&out);
  return result;
}

/* Prints even when a check failed: what came out is what one then wants to see. Files are only kept
 * of a run that is right. */
static ts_result report(options *o, ts_result status) {
  ts_output out;
  ts_result result = ts_output_open(o->tool, &out, "-");
  if (result) return result;
  ts_run_print(&out.sink, &o->run);
  result = ts_output_commit(o->tool, &out);
  if (!result) result = write_json(o, status);
  if (!result && !status) result = ts_run_write_outputs(&o->run);
  return result ? result : status;
}

static ts_result run(void *arg) {
  options *o = arg;
  ts_context *ctx = o->tool->ctx;
  ts_module *module;
  ts_result result = ts_run_check_outputs(ctx, &o->request);
  if (result) {
    o->request.json = NULL; /* its file may be the one that is named twice */
    return result;
  }
  result = ts_tool_read_module(o->tool, o->tool->inputs[0], o->marks, &module);
  if (!result) result = read_against(o);
  if (!result) result = ts_run_transform(module, &o->request);
  if (!result) result = ts_run_open(&o->run, ctx, module, &o->request);
  if (!result) result = ts_run_execute(&o->run);
  /* A failed run has no outputs to show; a failed check has. */
  return result == TS_OK || (result == TS_CHECK && o->run.ran) ? report(o, result) : result;
}

typedef struct failure {
  options *o;
  ts_result status;
} failure;

static ts_result tell_failure(void *arg) {
  const failure *f = arg;
  return write_json(f->o, f->status);
}

/* A run that fails leaves its JSON, too, memory permitting. */
static ts_result run_and_tell(options *o) {
  ts_context *ctx = o->tool->ctx;
  ts_result result = ts_protect(ctx, run, o);
  if (result) (void)!ts_protect(ctx, tell_failure, &(failure){o, result});
  ts_run_close(&o->run);
  return result;
}

/* Passes are options of ts-opt; here they stand in a pipeline. */
static const char *synonym(ts_arena *arena, const char *word) {
  const ts_pass_info *pass = ts_pass_find(&ts_all_passes, word);
  if (!pass) return NULL;
  return ts_sprintf(arena, "pass-pipeline=%s%s", word, pass->options.n ? "{…}" : "");
}

/* ---- the command line ---- */

static const ts_flag_kind flag_kinds[] = {
    [TS_OPT_BOOL] = TS_FLAG_BOOL,    [TS_OPT_INT] = TS_FLAG_INT,       [TS_OPT_SIZE] = TS_FLAG_SIZE,
    [TS_OPT_SECONDS] = TS_FLAG_CALL, [TS_OPT_STRING] = TS_FLAG_STRING,
};

/* Option cache_dir of an engine as --cache-dir. */
static ts_flag engine_flag(ts_arena *arena, const ts_engine *engine, const ts_option *o,
                           void *values) {
  char *name = ts_strdup(arena, o->name);
  for (char *c = name; *c; c++)
    if (*c == '_') *c = '-';
  return (ts_flag){.name = name,
                   .kind = flag_kinds[o->kind],
                   .value_name = o->value_name,
                   .summary = o->summary,
                   .category = engine->options_heading,
                   .at = (char *)values + o->offset,
                   .call = o->kind == TS_OPT_SECONDS ? set_duration : NULL,
                   .min = o->least,
                   .max = o->most};
}

static void add_engine_flags(ts_arena *arena, const ts_engine_options *all, flag_list *out) {
  for (unsigned e = 0; e < TS_NUM_ENGINES; e++)
    for (unsigned i = 0; i < ts_engines[e]->options.n; i++) {
      const ts_option *o = &ts_engines[e]->options.at[i];
      if (!o->embedded) ts_push(arena, out, engine_flag(arena, ts_engines[e], o, all->of[e]));
    }
}

static void add_flags(ts_arena *arena, const ts_flag *flags, size_t n, flag_list *out) {
  for (size_t i = 0; i < n; i++)
    ts_push(arena, out, flags[i]);
}

static void add_running(options *o, flag_list *out) {
  ts_run_request *q = &o->request;
  const ts_flag flags[] = {
      {"engine", TS_FLAG_STRING, "name",
       "interp: the tensor interpreter or the loop VM, by the function's level; tensor or loop: "
       "that one; native: machine code, by the C compiler",
       "Running", .at = &q->engine},
      {"entry", TS_FLAG_STRING, "function",
       "run this function; without it the only one, or the one that no other calls", "Running",
       .at = &q->entry},
      {"pass-pipeline", TS_FLAG_CALL, "text|@file",
       "passes before the run, as ts-opt's: 'fuse,lower{acc=f32}', or from a file", "Running",
       .at = &q->passes, .call = add_passes, .also = "passes"},
      {"recipe", TS_FLAG_CALL, "name",
       "the recipe of this name before the run, as ts-opt's, such as cpu or 'cpu threads=2'",
       "Running", .at = &q->passes, .call = add_recipe},
      {"D", TS_FLAG_CALL, "NAME=n",
       "the value of a symbolic extent that no input's shape gives; put in before the first pass",
       "Running", .at = q, .call = add_extent, .joined = true},
      {"data-dir", TS_FLAG_STRING, "dir", "where the @files that the program names are", "Running",
       .at = &q->data_dir},
      {"threads", TS_FLAG_INT, "n", "threads an engine may use; 0: as many as the machine has",
       "Running", .at = &o->threads, .min = 0, .max = 4096},
  };
  add_flags(&o->tool->ctx->arena, flags, ts_countof(flags), out);
}

static void add_data(options *o, flag_list *out) {
  ts_run_request *q = &o->request;
  const ts_flag flags[] = {
      {"input", TS_FLAG_CALL, "X=from",
       "fill input X from @x.npy, @w.safetensors#name, normal, uniform, iota, zeros, 0.05 times as "
       "much with normal:0.05, or a literal "
       "such as '2x3xf32=1 2 3 4 5 6'; without it normal",
       "Data", .at = &q->inputs, .call = add_named},
      {"seed", TS_FLAG_INT, "n", "seed of normal and uniform (default 2025)", "Data",
       .at = &o->seed, .min = 0, .max = INT64_MAX},
      {"output", TS_FLAG_CALL, "Y=@file", "write output Y to a .npy or .safetensors#name file",
       "Data", .at = &q->outputs, .call = add_named},
      {"print", TS_FLAG_WORD, NULL, "how much of each output to print (default summary)", "Data",
       .at = &o->print, .words = "summary|full|none"},
  };
  add_flags(&o->tool->ctx->arena, flags, ts_countof(flags), out);
}

static void add_checking(options *o, flag_list *out) {
  ts_run_request *q = &o->request;
  const ts_flag flags[] = {
      {"expect", TS_FLAG_CALL, "Y=from",
       "output Y must equal @file or a literal within the tolerances, or the exit code is 4",
       "Checking", .at = &q->expects, .call = add_named},
      {"rtol", TS_FLAG_CALL, "x", "relative tolerance of expect (default 0)", "Checking",
       .at = &q->rtol, .call = set_tolerance},
      {"atol", TS_FLAG_CALL, "x", "absolute tolerance of expect (default 0)", "Checking",
       .at = &q->atol, .call = set_tolerance},
      {"compare", TS_FLAG_CALL, "engine,…",
       "run these engines on the same data too; the largest error in ULPs, held against the bound "
       "for the reduction length",
       "Checking", .at = q, .call = add_compare},
      {"check", TS_FLAG_WORD, NULL,
       "outputs: elements of outputs that are never written make the exit code 4, as with compare and "
       "against; without it they are a warning",
       "Checking", .at = &o->check, .words = "none|outputs"},
      {"against", TS_FLAG_CALL, "file[:func]",
       "run this program on the same inputs, matched by position, and hold the outputs to its",
       "Checking", .call = add_against},
  };
  add_flags(&o->tool->ctx->arena, flags, ts_countof(flags), out);
}

static void add_measuring(options *o, flag_list *out) {
  ts_run_request *q = &o->request;
  const ts_flag flags[] = {
      {"time", TS_FLAG_CALL_OPTIONAL, "n",
       "time n more runs (default 5): median, least, rates, and their part of what was measured "
       "to be possible",
       "Measuring", .at = &q->time_runs, .call = set_time},
      {"stats", TS_FLAG_BOOL, NULL, "count ops, loads, stores and bytes by buffer", "Measuring",
       .at = &q->stats},
      {"json", TS_FLAG_STRING, "file",
       "write every figure of the run as JSON; of one that fails, what there is and the error",
       "Measuring", .at = &q->json},
      {"verify-parallel", TS_FLAG_WORD, NULL,
       "a mark 'parallel' on a loop whose iterations conflict: error (the default), warn or off",
       "Running", .at = &o->marks, .words = TS_MARKS_WORDS},
      {"fuel", TS_FLAG_INT, "n",
       "end with exit code 3 after n loop iterations and ops (default 100000000000; 0: no limit)",
       "Limits", .at = &o->fuel, .min = 0, .max = INT64_MAX},
      {"max-memory", TS_FLAG_SIZE, "size",
       "bytes it may hold, with K, M or G (default 4G; 0: no limit)", "Limits",
       .at = &o->max_memory},
  };
  add_flags(&o->tool->ctx->arena, flags, ts_countof(flags), out);
}

static ts_result make_flags(void *arg) {
  options *o = arg;
  ts_run_request_init(o->tool->ctx, &o->request);
  o->request.words = &ts_run_flag_words;
  o->seed = (int64_t)o->request.seed;
  add_running(o, &o->flags);
  add_engine_flags(&o->tool->ctx->arena, &o->request.options, &o->flags);
  add_data(o, &o->flags);
  add_checking(o, &o->flags);
  add_measuring(o, &o->flags);
  return TS_OK;
}

int main(int argc, char **argv) {
  ts_tool t;
  options o = {.fuel = DEFAULT_FUEL, .max_memory = DEFAULT_MEMORY, .tool = &t};
  ts_run_request *q = &o.request;
  ts_result result =
      ts_tool_begin(&t, "ts-run", "execute a function of a tensor or loop program", &o);
  t.synonym = synonym;
  if (!result) result = ts_protect(t.ctx, make_flags, &o);
  if (!result) result = ts_tool_parse(&t, argc, argv, o.flags.at, o.flags.n, 1);
  if (!result && !t.done) {
    t.ctx->memory.cap = o.max_memory;
    q->seed = (uint64_t)o.seed;
    q->limits = (ts_run_limits){(uint64_t)o.fuel, (unsigned)o.threads};
    q->print = (ts_print_how)o.print;
    q->check_outputs = o.check != 0;
    result = run_and_tell(&o);
  }
  return ts_tool_end(&t, result);
}
