/* What an oracle says, and how far others may be from it. */
#include "run/judge.h"

#include <math.h>

#include "support/clock.h"
#include "run/run_impl.h"

/* The request without what is not about its inputs. */
static const ts_run_request *oracle_request(ts_arena *arena, const ts_run_request *from) {
  ts_run_request *q = ts_new(arena, ts_run_request);
  *q = (ts_run_request){.words = from->words,
                        .engine = "interp",
                        .entry = from->entry,
                        .inputs = from->inputs,
                        .defines = from->defines,
                        .bound = from->bound,
                        .seed = from->seed,
                        .limits = from->limits,
                        .options = from->options,
                        .check_outputs = true};
  return q;
}

static ts_result ask_oracle(ts_judge *j, ts_arena *arena, ts_module *module,
                            const ts_run_request *request) {
  double begin = ts_time_now();
  ts_result result = ts_run_open(&j->run, module->ctx, module, oracle_request(arena, request));
  if (!result) result = ts_run_execute(&j->run);
  j->seconds = ts_time_now() - begin;
  return result == TS_CHECK ? TS_ERR : result;
}

/* Both the oracle and who is judged round. */
static ts_result allow_rounding(ts_judge *j, ts_arena *arena, const ts_margin *m, unsigned i) {
  const ts_array *a = &j->want[i];
  ts_output_margin margin = ts_run_output_margin(&j->run, m, i);
  int64_t n = ts_array_count(a), known = 0;
  j->allowed[i] = ts_new_array(arena, double, n);
  for (int64_t k = 0; k < n; k++) {
    j->allowed[i][k] = 2 * ts_output_margin_at(&margin, k);
    known += isfinite(j->allowed[i][k]);
  }
  if (known) return TS_OK;
  return ts_error_plain(
      j->run.ctx, "output %s cannot be judged: with these inputs rounding has no finite bound",
      j->run.names[i]);
}

static void allow_tolerance(ts_judge *j, ts_arena *arena, const ts_margin *m, unsigned i,
                            double tolerance) {
  ts_array *a = &j->want[i];
  int64_t n = ts_array_count(a);
  j->allowed[i] = ts_new_array(arena, double, n);
  for (int64_t k = 0; k < n; k++)
    j->allowed[i][k] = tolerance;
  if (!m->bounds || !ts_is_float(a->dtype)) return;
  a->dtype = TS_F64;
  a->data = m->bounds[i].value;
}

static ts_result find_allowed(ts_judge *j, ts_arena *arena, double math_error, double tolerance) {
  ts_run *run = &j->run;
  ts_margin margin;
  ts_result result = ts_run_margin(run, arena, math_error, false, &margin);
  for (unsigned i = 0; !result && i < run->sig.n; i++) {
    if (!ts_run_is_output(run, i)) continue;
    j->want[i] = run->arrays[i];
    j->want[i].owned = false;
    if (tolerance >= 0)
      allow_tolerance(j, arena, &margin, i, tolerance);
    else
      result = allow_rounding(j, arena, &margin, i);
  }
  return result;
}

ts_result ts_judge_open(ts_judge *j, ts_arena *arena, ts_module *module,
                        const ts_run_request *request, double tolerance) {
  *j = (ts_judge){.run.ctx = module->ctx};
  ts_arena_init(&j->run.scratch, &module->ctx->memory);
  ts_result result = ask_oracle(j, arena, module, request);
  if (result) return result;
  const ts_engine *engine = ts_engine_find(request->engine, j->run.func);
  double math_error = ts_max(j->run.engine->math_error, engine ? engine->math_error : 0);
  j->want = ts_new_array(arena, ts_array, j->run.sig.n + 1);
  j->allowed = ts_new_array(arena, double *, j->run.sig.n + 1);
  return find_allowed(j, arena, math_error, tolerance);
}

static double allowed_at(const void *user, int64_t k, double want) {
  (void)want;
  return ((const double *)user)[k];
}

ts_result ts_judge_output(const ts_judge *j, ts_context *ctx, unsigned i, const ts_array *got,
                          ts_difference *d) {
  return ts_array_judge(ctx, got, &j->want[i], allowed_at, j->allowed[i], d);
}

void ts_judge_close(ts_judge *j) { ts_run_close(&j->run); }
