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

/* ---- what is allowed ---- */

/* Both the oracle and who is judged round. */
static ts_result allow_rounding(ts_judge *j, const ts_margin *m, unsigned i, double *allowed) {
  ts_output_margin margin = ts_run_output_margin(&j->run, m, i);
  int64_t n = ts_array_count(&j->want[i]), known = 0;
  for (int64_t k = 0; k < n; k++) {
    allowed[k] = 2 * ts_output_margin_at(&margin, k);
    known += isfinite(allowed[k]);
  }
  if (known) return TS_OK;
  return ts_error_plain(
      j->run.ctx, "output %s cannot be judged: with these inputs rounding has no finite bound",
      j->run.names[i]);
}

static double *new_allowed(ts_judge *j, unsigned i) {
  return ts_new_array(j->arena, double, ts_array_count(&j->want[i]));
}

/* A tolerance holds for the answer in f64, where that is known. */
static void allow_tolerance(ts_judge *j, const ts_margin *m, unsigned i, double *allowed) {
  ts_array *a = &j->want[i];
  int64_t n = ts_array_count(a);
  for (int64_t k = 0; k < n; k++)
    allowed[k] = j->tolerance;
  if (!m->bounds || !ts_is_float(a->dtype)) return;
  a->dtype = TS_F64;
  a->data = m->bounds[i].value;
}

static ts_result find_allowance(ts_judge *j, ts_allowance *w) {
  ts_margin margin;
  w->at = ts_new_array(j->arena, double *, j->run.sig.n + 1);
  ts_result result = ts_run_margin(&j->run, j->arena, w->acc, j->math_error, false, &margin);
  for (unsigned i = 0; !result && i < j->run.sig.n; i++) {
    if (!ts_run_is_output(&j->run, i)) continue;
    w->at[i] = new_allowed(j, i);
    if (j->tolerance >= 0)
      allow_tolerance(j, &margin, i, w->at[i]);
    else
      result = allow_rounding(j, &margin, i, w->at[i]);
  }
  return result;
}

/* With a tolerance all are alike. */
static ts_result allowance_of(ts_judge *j, ts_dtype acc, const ts_allowance **out) {
  if (j->tolerance >= 0) acc = TS_NUM_DTYPES;
  for (*out = j->allowances; *out; *out = (*out)->next)
    if ((*out)->acc == acc) return TS_OK;
  ts_allowance *w = ts_new(j->arena, ts_allowance);
  w->acc = acc;
  ts_result result = find_allowance(j, w);
  if (result) return result;
  w->next = j->allowances;
  *out = j->allowances = w;
  return TS_OK;
}

/* ---- opening and judging ---- */

static void take_answer(ts_judge *j) {
  j->want = ts_new_array(j->arena, ts_array, j->run.sig.n + 1);
  for (unsigned i = 0; i < j->run.sig.n; i++) {
    if (!ts_run_is_output(&j->run, i)) continue;
    j->want[i] = j->run.arrays[i];
    j->want[i].owned = false;
  }
}

ts_result ts_judge_open(ts_judge *j, ts_arena *arena, ts_module *module,
                        const ts_run_request *request, double tolerance) {
  *j = (ts_judge){.arena = arena, .run.ctx = module->ctx, .tolerance = tolerance};
  ts_arena_init(&j->run.scratch, &module->ctx->memory);
  ts_result result = ask_oracle(j, arena, module, request);
  if (result) return result;
  const ts_engine *engine = ts_engine_find(request->engine, j->run.func);
  j->math_error = ts_max(j->run.engine->math_error, engine ? engine->math_error : 0);
  take_answer(j);
  const ts_allowance *allowance;
  return allowance_of(j, TS_NUM_DTYPES, &allowance);
}

static double allowed_at(const void *user, int64_t k, double want) {
  (void)want;
  return ((const double *)user)[k];
}

ts_result ts_judge_output(ts_judge *j, ts_context *ctx, ts_dtype acc, unsigned i,
                          const ts_array *got, ts_difference *d) {
  const ts_allowance *w;
  ts_result result = allowance_of(j, acc, &w);
  return result ? result : ts_array_judge(ctx, got, &j->want[i], allowed_at, w->at[i], d);
}

void ts_judge_close(ts_judge *j) { ts_run_close(&j->run); }
