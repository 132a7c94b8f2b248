/* ts-tune as one of several ranks that mpirun started: the first is the tool that everybody knows, the others work for it. */
#include "tune.h"
#include "tune/spread/mpi_ranks.h"

/* ---- joining ---- */

static bool is_first(const tune *o) { return o->ranks.rank == 0; }

/* In place of reading a file: rank 0, which has standard input and the files of this machine, reads it for all. */
static ts_result read_for_all(ts_tool *t, const char *path, ts_source *out) {
  tune *o = t->user;
  if (is_first(o)) {
    ts_result result = ts_tool_read_here(t, path, out);
    return result ? result : ts_spread_share(o->spread, &out->text, &out->n);
  }
  *out = (ts_source){.name = strcmp(path, "-") ? path : "<stdin>", .first_line = 1};
  return ts_spread_share(o->spread, &out->text, &out->n);
}

ts_result tune_join(tune *o) {
  unsigned rank;
  if (!ts_mpi_is_job(&rank)) return TS_OK;
  if (o->symbolic.buckets.n)
    return ts_tool_usage(&o->tool, "'--buckets' is for one rank: without mpirun");
  ts_result result = ts_mpi_open(o->tool.ctx, &o->ranks);
  if (result || o->ranks.n < 2) return result;
  ts_spread_setup setup = {&o->ranks, o->patience, o->interrupt};
  result = ts_spread_begin(o->tool.ctx, &setup, &o->spread);
  o->tool.read = read_for_all;
  return result;
}

bool tune_is_first(const tune *o) { return !o->spread || is_first(o); }

/* ---- candidates ---- */

static const char *target_of(tune *o) {
  if (o->replay) return "recorded";
  return ts_target_text(&o->tool.ctx->arena, &o->job.machine, o->job.machine.threads);
}

ts_result tune_spread(void *user, ts_evaluator *local, ts_evaluator *out) {
  tune *o = user;
  if (o->spread)
    ts_spread_open(o->spread, o->job.domain.n, target_of(o), local, out);
  else
    *out = *local;
  return TS_OK;
}

ts_result tune_serve(tune *o, const ts_evaluator *evaluator) {
  return ts_spread_serve(o->spread, target_of(o), evaluator);
}

ts_result tune_serve_job(tune *o) {
  ts_result result = ts_tune_job_evaluator(&o->job);
  return result ? result : tune_serve(o, &o->job.local);
}

void tune_say_ranks(tune *o) {
  if (!o->spread) return;
  ts_spread_tally t = ts_spread_tally_of(o->spread);
  ts_inform_plain(
      o->tool.ctx,
      "%llu trials by %u other rank%s; bytes sent: %llu of input, %llu of candidates, %llu of trials",
      (unsigned long long)t.trials, t.ranks, t.ranks == 1 ? "" : "s",
      (unsigned long long)t.input_bytes, (unsigned long long)t.candidate_bytes,
      (unsigned long long)t.trial_bytes);
}

/* ---- parting ---- */

/* What goes wrong on a rank but the first is told by that one. */
ts_result tune_hand_on(tune *o, ts_result result) {
  if (!result || tune_is_first(o)) return result;
  ts_spread_refuse(o->spread);
  ts_context_clear_diagnostics(o->tool.ctx);
  return TS_OK;
}

static ts_result part(void *arg) {
  tune *o = arg;
  o->together = ts_spread_end(o->spread);
  return TS_OK;
}

void tune_part(tune *o) {
  if (o->spread) (void)ts_protect(o->tool.ctx, part, o);
}

void tune_leave(const tune *o, int status) {
  if (o->ranks.n) ts_mpi_close(&o->ranks, o->together || !o->spread, status);
}
