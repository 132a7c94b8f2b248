/* ts-tune: searches for the fastest or the most frugal schedule of a program. */
#include <signal.h>

#include "analysis/poly/marks.h"
#include "tune.h"
#include "tune/session/replay.h"

/* ---- ending early ---- */

static volatile int interrupted;

static void handle_signals(void (*handler)(int)) {
  struct sigaction action = {.sa_handler = handler};
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, NULL);
  sigaction(SIGTERM, &action, NULL);
}

/* The first signal ends the session with the best so far, a second one the tool. */
static void note_signal(int number) {
  (void)number;
  interrupted = 1;
  handle_signals(SIG_DFL);
}

/* ---- over records ---- */

static ts_result replay(tune *o) {
  ts_context *ctx = o->tool.ctx;
  ts_arena *arena = &ctx->arena;
  ts_evaluator evaluator = {0};
  ts_result result = ts_recorded_read(ctx, arena, o->replay, &o->recorded);
  if (!result)
    result =
        ts_replay_open(ctx, arena, &o->recorded, 1e3 * o->replay_delay, &o->job.domain, &evaluator);
  if (result) return result;
  if (!tune_is_first(o)) return tune_serve(o, &evaluator);
  if (o->count) {
    printf("%llu\n", (unsigned long long)o->job.domain.count);
    return TS_OK;
  }
  ts_evaluator spread;
  (void)tune_spread(o, &evaluator, &spread);
  ts_tune_plan plan = {.domain = &o->job.domain,
                       .evaluator = spread,
                       .objective = o->job.objective,
                       .search = o->job.search,
                       .setup = {.seed = o->job.seed},
                       .trials = o->trials ? (uint64_t)o->trials : TS_TUNE_USUAL_TRIALS,
                       .seconds = o->job.seconds,
                       .batch = o->batch    ? (unsigned)o->batch
                                : o->spread ? TS_SPREAD_BATCH
                                            : 1,
                       .interrupt = &interrupted,
                       .progress = tune_progress,
                       .user = o};
  result = ts_tune(ctx, arena, &plan, &o->job.outcome);
  tune_end_progress(o);
  if (result) return result;
  tune_say_end(o, &o->job.outcome);
  tune_say_ranks(o);
  double optimum = ts_replay_optimum(&o->recorded, o->job.objective);
  return tune_tell(o, o->recorded.name, &o->job.domain, &o->job.outcome, SIZE_MAX, optimum, NULL);
}

/* ---- of a program ---- */

static ts_result read_inputs(tune *o) {
  ts_result result = ts_tool_read_module(&o->tool, o->tool.inputs[0], o->marks, &o->job.module);
  if (result || !o->space) return result;
  ts_source *source = ts_new(&o->tool.ctx->arena, ts_source);
  result = ts_tool_read(&o->tool, o->space, source);
  if (!result) result = ts_source_check(o->tool.ctx, source);
  o->job.space_source = source;
  return result;
}

static ts_result tell_winner(tune *o) {
  ts_tune_job *job = &o->job;
  ts_module *won = NULL;
  tune_say_end(o, &job->outcome);
  tune_say_ranks(o);
  ts_result result = ts_tune_job_apply(job, &job->outcome.points.at[job->outcome.best].trial, &won);
  if (!result)
    result = tune_tell(o, ts_tune_job_title(job), &job->domain, &job->outcome, job->recipe, 0, won);
  ts_module_drop(won);
  return result;
}

static ts_result tune_program(tune *o) {
  ts_tune_job *job = &o->job;
  ts_result result = read_inputs(o);
  job->interrupt = &interrupted;
  if (!result && o->symbolic.buckets.n) return tune_buckets(o);
  if (!result) result = ts_tune_job_open(job);
  if (result) return result;
  if (!tune_is_first(o)) return tune_serve_job(o);
  if (o->print_space) return tune_print_space(o, job);
  if (o->count) return tune_print_count(job);
  if (o->spread) {
    job->spread = tune_spread;
    job->spreader = o;
    if (!job->batch) job->batch = TS_SPREAD_BATCH;
  }
  result = ts_tune_job_run(job);
  tune_end_progress(o);
  return result ? result : tell_winner(o);
}

static ts_result run(void *arg) {
  tune *o = arg;
  handle_signals(note_signal);
  o->interrupt = &interrupted;
  ts_result result = tune_join(o);
  if (result) return result;
  return tune_hand_on(o, o->replay ? replay(o) : tune_program(o));
}

static void clean_up(void *arg) {
  tune *o = arg;
  ts_tool_print_diagnostics(&o->tool);
  ts_tune_symbolic_close(&o->symbolic);
  ts_tune_job_close(&o->job);
  if (o->job.module) ts_module_drop(o->job.module);
  tune_part(o);
}

/* ---- subcommands ---- */

/* Each is a tool of its own, whose name is its first word. */
static const struct {
  const char *name;
  int (*main)(int argc, char **argv);
} subcommands[] = {
    {"show", tune_show_main},
    {"merge", tune_merge_main},
    {"prune", tune_prune_main},
    {"calibrate", tune_calibrate_main},
    {NULL, NULL},
};

int main(int argc, char **argv) {
  for (unsigned i = 0; argc > 1 && subcommands[i].name; i++)
    if (!strcmp(argv[1], subcommands[i].name)) return subcommands[i].main(argc - 1, argv + 1);
  tune o = {.output = "-",
            .export = TUNE_EXPORT_NOTHING,
            .max_memory = UINT64_C(8) << 30,
            .patience = 30};
  ts_result result = ts_tool_begin(
      &o.tool, "ts-tune",
      "search for the fastest or the most frugal schedule; ts-tune show, merge, prune and calibrate have a -help of their own",
      &o);
  if (!result) result = tune_parse(&o, argc, argv);
  if (!result && !o.tool.done) result = ts_protect_cleanup(o.tool.ctx, run, clean_up, &o);
  int status = ts_tool_end(&o.tool, result);
  tune_leave(&o, status);
  return status;
}
