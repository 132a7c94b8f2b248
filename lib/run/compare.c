/* Holding the outputs of a run against what another makes of the same data: another engine, or another
 * program. */
#include "run/run_impl.h"

/* ---- two runs ---- */

/* The other's inputs are the run's own arrays, as they were given. */
static ts_result share_input(ts_run *run, ts_run *other, const ts_matching *m, unsigned j) {
  unsigned i = m->input[j];
  const ts_array *from = run->initial[i].data ? &run->initial[i] : &run->arrays[i];
  ts_array *to = &other->arrays[j];
  if (other->sig.entries[j].role == TS_ROLE_IN) {
    *to = *from;
    to->owned = false;
    return TS_OK;
  }
  ts_result result = ts_array_create(run->ctx, from->dtype, from->rank, from->dims, to);
  if (!result)
    memcpy(to->data, from->data, (size_t)ts_array_count(from) * ts_dtype_bytes(from->dtype));
  return result;
}

ts_result ts_run_share(ts_run *run, ts_run *other, const ts_matching *m) {
  ts_result result = TS_OK;
  for (unsigned j = 0; j < other->sig.n && !result; j++) {
    const ts_array *like = &run->arrays[m->output[j]];
    if (ts_run_is_input(other, j))
      result = share_input(run, other, m, j);
    else
      result = ts_array_create(run->ctx, like->dtype, like->rank, like->dims, &other->arrays[j]);
  }
  return result;
}

/* Both sides may be off from the exact answer, each by its own rounding errors, so the bounds add
 * up. */
typedef struct margins {
  ts_output_margin run, other;
} margins;

static double allowed_between(const void *user, int64_t k, double want) {
  const margins *m = user;
  (void)want;
  return ts_output_margin_at(&m->run, k) + ts_output_margin_at(&m->other, k);
}

ts_result ts_run_hold(ts_run *run, ts_run *other, const ts_matching *m, const ts_rivals *r) {
  ts_result worst = TS_OK;
  for (unsigned j = 0; j < other->sig.n; j++) {
    if (!ts_run_is_output(other, j)) continue;
    unsigned i = m->output[j];
    const ts_array *mine = &run->arrays[i], *its = &other->arrays[j];
    bool engine = r->kind == TS_CHECK_ENGINE;
    margins may = {.run = ts_run_output_margin(run, &r->run, i)};
    may.other = engine ? may.run : ts_run_output_margin(other, &r->other, j);
    ts_run_check check = {.kind = r->kind,
                          .output = run->names[i],
                          .with = r->name,
                          .reduction = ts_max(r->run.reduction, r->other.reduction)};
    const ts_array *got = engine ? its : mine, *want = engine ? mine : its;
    ts_result result =
        ts_array_judge(run->ctx, got, want, allowed_between, &may, &check.difference);
    if (result) return result;
    if (ts_run_conclude(run, got, want, check)) worst = TS_CHECK;
  }
  return worst;
}

/* ---- another engine ---- */

/* Both may be off by what the less precise of the engines may be. */
static ts_result compare_outputs(ts_run *run, ts_run *other, const ts_matching *m,
                                 const char *engine) {
  ts_rivals r = {.kind = TS_CHECK_ENGINE, .name = engine};
  double math_error = ts_max(run->engine->math_error, other->engine->math_error);
  ts_result result = ts_run_margin(run, &run->scratch, TS_NUM_DTYPES, math_error, true, &r.run);
  return result ? result : ts_run_hold(run, other, m, &r);
}

/* Both have the same function. */
static ts_matching one_to_one(ts_run *run) {
  unsigned *same = ts_new_array(&run->ctx->arena, unsigned, run->sig.n + 1);
  for (unsigned i = 0; i < run->sig.n; i++)
    same[i] = i;
  return (ts_matching){same, same};
}

static ts_result run_other(ts_run *run, ts_run *other, const char *engine) {
  ts_run_request *request = ts_new(&run->ctx->arena, ts_run_request);
  *request = (ts_run_request){.words = run->request->words,
                              .engine = engine,
                              .entry = ts_str_text(run->module, run->func->name),
                              .limits = run->request->limits,
                              .options = run->request->options,
                              .lowers = true};
  ts_result result = ts_run_open_bare(other, run->ctx, run->module, request);
  ts_matching m = one_to_one(run);
  if (!result) result = ts_run_share(run, other, &m);
  if (!result) result = ts_run_compile(other);
  if (!result) result = ts_run_once(other, NULL);
  return result ? result : compare_outputs(run, other, &m, engine);
}

/* The other run hangs off this one, so that ts_run_close finds it when memory runs out on the
 * way. */
static ts_result compare_with(ts_run *run, const char *name) {
  ts_run *other = run->other = ts_new(&run->ctx->arena, ts_run);
  ts_result result = run_other(run, other, name);
  ts_run_close_other(run);
  return result;
}

ts_result ts_run_comparisons(ts_run *run) {
  ts_result worst = TS_OK;
  for (size_t k = 0; k < run->request->compare.n; k++) {
    ts_result result = compare_with(run, run->request->compare.at[k]);
    if (result && result != TS_CHECK) return result;
    worst = ts_max(worst, result);
  }
  return worst;
}
