/* Holding the outputs of a run against those of another program on the same inputs. */
#include "run/run_impl.h"

/* ---- which array is which ---- */

static unsigned count_side(const ts_run *run, bool output) {
  unsigned n = 0;
  for (unsigned i = 0; i < run->sig.n; i++)
    n += output ? ts_run_is_output(run, i) : ts_run_is_input(run, i);
  return n;
}

static const char *side_names(const ts_run *run, bool output) {
  const char **names = ts_new_array(&run->ctx->arena, const char *, run->sig.n + 1);
  unsigned n = 0;
  for (unsigned i = 0; i < run->sig.n; i++)
    if (output ? ts_run_is_output(run, i) : ts_run_is_input(run, i)) names[n++] = run->names[i];
  return ts_run_join(run->ctx, n, names);
}

static const char *func_name(const ts_run *run) {
  return ts_str_text(run->module, run->func->name);
}

/* The inputs of both in order, or the outputs; inout arguments are of both. */
static ts_result match_side(const ts_run *run, const ts_run *other, bool output, unsigned *of) {
  unsigned n = count_side(run, output), m = count_side(other, output), i = 0;
  const char *side = output ? "output" : "input";
  if (n != m)
    return ts_error_plain(run->ctx, "@%s has %u %s%s (%s), but @%s has %u (%s)", func_name(run), n,
                          side, n == 1 ? "" : "s", side_names(run, output), func_name(other), m,
                          side_names(other, output));
  for (unsigned j = 0; j < other->sig.n; j++) {
    if (!(output ? ts_run_is_output(other, j) : ts_run_is_input(other, j))) continue;
    while (!(output ? ts_run_is_output(run, i) : ts_run_is_input(run, i)))
      i++;
    of[j] = i++;
  }
  return TS_OK;
}

/* "X as A, W as B" */
static const char *matching_text(const ts_run *run, const ts_run *other, const ts_matching *m) {
  const char *text = "";
  for (unsigned j = 0; j < other->sig.n; j++) {
    bool input = ts_run_is_input(other, j);
    const char *name = run->names[input ? m->input[j] : m->output[j]];
    text = ts_sprintf(&run->ctx->arena, "%s%s%%%s as %%%s", text, j ? ", " : "", name,
                      other->names[j]);
    if (input && ts_run_is_output(other, j) && m->input[j] != m->output[j])
      text = ts_sprintf(&run->ctx->arena, "%s and %%%s", text, run->names[m->output[j]]);
  }
  return text;
}

/* Types and extents of the other function, held against the run's arrays and bound by them. */
static ts_result bind(ts_run *run, ts_run *other, const ts_matching *m) {
  ts_array *arrays = ts_new_array(&run->ctx->arena, ts_array, other->sig.n + 1);
  for (unsigned j = 0; j < other->sig.n; j++)
    arrays[j] = run->arrays[ts_run_is_input(other, j) ? m->input[j] : m->output[j]];
  ts_result result = ts_bind(run->ctx, other->func, arrays, NULL, &other->bindings);
  if (result)
    ts_note_plain(run->ctx, "@%s gets the arrays of @%s by position: %s", func_name(other),
                  func_name(run), matching_text(run, other, m));
  return result;
}

static ts_result match(ts_run *run, ts_run *other, ts_matching *m) {
  m->input = ts_new_array(&run->ctx->arena, unsigned, other->sig.n + 1);
  m->output = ts_new_array(&run->ctx->arena, unsigned, other->sig.n + 1);
  ts_result result = match_side(run, other, false, m->input);
  if (!result) result = match_side(run, other, true, m->output);
  return result ? result : bind(run, other, m);
}

/* ---- the other program ---- */

/* On the engine that was asked for, or the interpreter where that does not run such a function. */
static ts_result open_other(ts_run *run, ts_run *other, const ts_against *a) {
  ts_run_request *request = ts_new(&run->ctx->arena, ts_run_request);
  const ts_engine *engine = ts_engine_find(run->request->engine, NULL);
  const ts_func *f;
  *request = (ts_run_request){.words = run->request->words,
                              .engine = run->request->engine,
                              .entry = a->entry,
                              .limits = run->request->limits,
                              .options = run->request->options};
  ts_result result = ts_run_find_entry(run->ctx, a->module, a->entry, request->words, &f);
  if (!result && engine && !(engine->levels & ts_func_level(f))) request->engine = "interp";
  return result ? result : ts_run_open_bare(other, run->ctx, a->module, request);
}

/* Messages are about the other program meanwhile, and say that it is one. */
static ts_result with_other(ts_run *run, const ts_against *a,
                            ts_result (*body)(ts_run *, ts_run *, const ts_matching *,
                                              const ts_against *)) {
  ts_context *ctx = run->ctx;
  const ts_source *outer = ctx->source;
  ts_run *other = run->other = ts_new(&ctx->arena, ts_run);
  ts_matching m;
  ctx->source = &a->module->source;
  ts_result result = open_other(run, other, a);
  if (!result) result = match(run, other, &m);
  if (result)
    ts_note_plain(ctx, "in %s%s%s", run->request->words->against, a->text,
                  other->func ? "" : "; :NAME behind the file names a function");
  if (!result && body) result = body(run, other, &m, a);
  ts_run_close_other(run);
  ctx->source = outer;
  return result;
}

static ts_result run_and_hold(ts_run *run, ts_run *other, const ts_matching *m,
                              const ts_against *a) {
  ts_rivals r = {.kind = TS_CHECK_PROGRAM, .name = a->text};
  ts_arena *scratch = &run->scratch;
  ts_result result = ts_run_share(run, other, m);
  if (!result) result = ts_run_keep_initial(other);
  if (!result) result = ts_run_compile(other);
  if (!result) result = ts_run_once(other, NULL);
  if (result) {
    ts_note_plain(run->ctx, "in %s%s", run->request->words->against, a->text);
    return result;
  }
  result = ts_run_margin(run, scratch, TS_NUM_DTYPES, run->engine->math_error, false, &r.run);
  if (!result)
    result =
        ts_run_margin(other, scratch, TS_NUM_DTYPES, other->engine->math_error, false, &r.other);
  return result ? result : ts_run_hold(run, other, m, &r);
}

ts_result ts_run_check_against(ts_run *run) {
  ts_result result = TS_OK;
  for (size_t k = 0; k < run->request->against.n && !result; k++)
    result = with_other(run, &run->request->against.at[k], NULL);
  return result;
}

ts_result ts_run_hold_against(ts_run *run) {
  ts_result worst = TS_OK;
  for (size_t k = 0; k < run->request->against.n; k++) {
    ts_result result = with_other(run, &run->request->against.at[k], run_and_hold);
    if (result && result != TS_CHECK) return result;
    worst = ts_max(worst, result);
  }
  return worst;
}
