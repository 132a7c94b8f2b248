/* Runs a pipeline and does everything around its passes: verification, the round trip through
 * text, the check of the answer, timing, and the bisect limit. After each pass every value has the
 * name that a reader of the printed module would see, so a pipeline in one process does what its
 * passes do through a pipe. */
#include "support/clock.h"
#include "support/remarks.h"
#include "ir/outline.h"
#include "syntax/syntax.h"
#include "analysis/verify/verify.h"
#include "pass/made.h"

/* A function as it was before the steps of a recipe. */
typedef struct snapshot {
  ts_func *func;
  ts_block *body;
} snapshot;

typedef struct run {
  ts_context *ctx;
  ts_module *module;
  const ts_pipeline *given;
  ts_pipeline pipeline; /* the given one, recipes replaced by their steps as they are met */
  ts_pass_runner *runner;
  ts_name_marks marks;
  ts_made made;
  size_t recipe_begin, recipe_end; /* the steps of the last recipe: a pass may refuse these */
  TS_VEC(snapshot) snapshots;      /* before recipe_begin */
  bool partly; /* some step was followed by less than the verification of the module */
  /* of the running step; dropped after it, also when memory runs out in its midst */
  ts_arena scratch;
  ts_module *reread;
  ts_sink text, reread_text;
} run;

void ts_pass_runner_init(ts_pass_runner *r) {
  *r = (ts_pass_runner){.verify_each = true, .bisect_limit = -1};
}

static void drop_step(void *arg) {
  run *s = arg;
  ts_arena_drop(&s->scratch);
  if (s->reread) ts_module_drop(s->reread);
  s->reread = NULL;
  ts_sink_drop(&s->text);
  ts_sink_drop(&s->reread_text);
}

/* ---- checks ---- */

/* What the step has not changed need not be looked at again: many steps, for a nest each, then take time in
 * proportion to the module. Who says that something changed and has not noted what is not believed. */
static bool all_changed(const run *s, bool changed) {
  ts_func *const *funcs;
  return ts_changes_of_module(s->module) || (changed && !ts_changes_funcs(s->module, &funcs));
}

static ts_result verify_changes(run *s) {
  ts_func *const *funcs;
  unsigned n = ts_changes_funcs(s->module, &funcs);
  ts_result result = TS_OK;
  s->partly |= n > 0;
  for (unsigned i = 0; i < n; i++) {
    ts_part_list parts = {0};
    bool known = ts_changes_parts(funcs[i], &s->scratch, &parts);
    if (known ? ts_verify_parts(funcs[i], &parts) : ts_verify_func(funcs[i])) result = TS_ERR;
  }
  return result;
}

static ts_result verify(run *s, const ts_pipeline_step *step, bool all) {
  double start = ts_time_now();
  ts_result result = all ? ts_verify(s->module) : verify_changes(s);
  ts_time_add(s->runner->times, "verify", ts_time_now() - start);
  if (result == TS_ERR) {
    ts_note_plain(s->ctx, "the module does not verify after pass '%s'", step->pass->flag);
    return TS_CHECK;
  }
  return result;
}

/* After the last step once more all of it: nothing that a step left out can be wrong and stay so. */
static ts_result verify_whole(run *s) {
  if (!s->partly || !s->runner->verify_each) return TS_OK;
  double start = ts_time_now();
  ts_result result = ts_verify(s->module);
  ts_time_add(s->runner->times, "verify", ts_time_now() - start);
  if (result != TS_ERR) return result;
  ts_note_plain(s->ctx, "the module does not verify after the last pass");
  return TS_CHECK;
}

static size_t first_difference(const ts_sink *a, const ts_sink *b) {
  size_t i = 0;
  while (i < a->n && i < b->n && a->buf[i] == b->buf[i])
    i++;
  return i;
}

/* The line of `text` that byte `at` stands in. */
static const char *line_at(ts_arena *arena, const ts_sink *text, size_t at) {
  size_t begin = at, end = at;
  while (begin > 0 && text->buf[begin - 1] != '\n')
    begin--;
  while (end < text->n && text->buf[end] != '\n')
    end++;
  return end > begin ? ts_strndup(arena, text->buf + begin, end - begin) : "(nothing)";
}

static ts_result report_round_trip(run *s, const char *after) {
  size_t at = first_difference(&s->text, &s->reread_text);
  unsigned line = 1;
  for (size_t i = 0; i < at; i++)
    line += s->text.buf[i] == '\n';
  ts_error_plain(s->ctx, "%s%s, the module changes when it is printed and read back, in line %u",
                 after ? "after pass " : "before any pass", after ? after : "", line);
  ts_note_plain(s->ctx, "printed:   %s", line_at(&s->scratch, &s->text, at));
  ts_note_plain(s->ctx, "read back: %s", line_at(&s->scratch, &s->reread_text, at));
  return TS_CHECK;
}

/* print → parse → verify → print again: the same bytes. */
static ts_result round_trip(run *s, const char *after) {
  ts_sink_buffer(&s->text, &s->ctx->memory);
  ts_print_module(&s->text, s->module);
  if (ts_sink_finish(&s->text)) return TS_LIMIT;
  ts_source *source = ts_new(&s->ctx->arena, ts_source);
  *source =
      (ts_source){.name = "<printed module>", .text = s->text.buf, .n = s->text.n, .first_line = 1};
  const ts_source *outer = s->ctx->source;
  ts_result result = ts_parse_source(s->ctx, source, &s->reread);
  if (!result) result = ts_verify(s->reread);
  s->ctx->source = outer;
  if (result) /* the messages about this text outlive it */
    source->text = ts_strndup(&s->ctx->arena, s->text.buf, s->text.n);
  if (result == TS_ERR) {
    ts_note_plain(s->ctx, "the module as printed %s%s is not valid",
                  after ? "after pass " : "before any pass", after ? after : "");
    return TS_CHECK;
  }
  if (result) return result;
  s->reread->test_lines = s->module->test_lines;
  ts_sink_buffer(&s->reread_text, &s->ctx->memory);
  ts_print_module(&s->reread_text, s->reread);
  if (ts_sink_finish(&s->reread_text)) return TS_LIMIT;
  bool same = s->text.n == s->reread_text.n &&
              (!s->text.n || !memcmp(s->text.buf, s->reread_text.buf, s->text.n));
  return same ? TS_OK : report_round_trip(s, after);
}

static ts_result check_answers(run *s, const ts_pipeline_step *step, bool after) {
  ts_pass_runner *r = s->runner;
  if (!r->check) return TS_OK;
  double start = ts_time_now();
  ts_result result = r->check(r->checker, s->module, step, after);
  ts_time_add(r->times, "verify semantics", ts_time_now() - start);
  return result;
}

/* The checks of the module after a step that are on, cheapest first. */
static ts_result check(run *s, const ts_pipeline_step *step, bool all) {
  const ts_pass_runner *r = s->runner;
  ts_result result = r->verify_each ? verify(s, step, all) : TS_OK;
  if (!result && r->verify_roundtrip) result = round_trip(s, step->pass->flag);
  return result ? result : check_answers(s, step, true);
}

/* ---- steps ---- */

/* Whether the bisect limit lets the step run; says so when there is a limit. */
static bool may_run(run *s, const ts_pipeline_step *step) {
  ts_pass_runner *r = s->runner;
  int64_t n = ++r->steps_counted;
  if (r->bisect_limit < 0) return true;
  bool yes = n <= r->bisect_limit;
  if (!r->log) return yes;
  char line[160];
  snprintf(line, sizeof line, "BISECT: %srunning pass (%lld) %s", yes ? "" : "NOT ", (long long)n,
           step->pass->flag);
  r->log(r->user, line);
  return yes;
}

static void name_all(run *s) {
  for (ts_func *f = s->module->first_func; f; f = f->next)
    ts_changed_func(f); /* what is known of its names is no longer true */
  ts_name_values(s->module);
}

static void name_changes(run *s) {
  ts_func *const *funcs;
  unsigned n = ts_changes_funcs(s->module, &funcs);
  for (unsigned i = 0; i < n; i++) {
    ts_part_list parts = {0};
    if (ts_changes_parts(funcs[i], &s->scratch, &parts))
      ts_name_parts(funcs[i], &s->marks, &parts);
    else
      ts_name_func_values(funcs[i], &s->marks);
  }
}

/* The first op inside the block that has one too deep; NULL: none. A function's body is at depth 1. */
static const ts_op *too_deep_in(const ts_block *block, unsigned depth);

static const ts_op *too_deep_at(const ts_op *op, unsigned depth) {
  if (depth == TS_MAX_NESTING) return op->num_regions ? op : NULL;
  const ts_op *deep = NULL;
  for (unsigned i = 0; i < op->num_regions && !deep; i++)
    deep = too_deep_in(ts_op_regions(op)[i], depth + 1);
  return deep;
}

static const ts_op *too_deep_in(const ts_block *block, unsigned depth) {
  const ts_op *deep = NULL;
  for (const ts_op *op = block->first; op && !deep; op = op->next)
    deep = too_deep_at(op, depth);
  return deep;
}

static const ts_op *too_deep_in_changes(run *s) {
  ts_func *const *funcs;
  const ts_op *deep = NULL;
  unsigned n = ts_changes_funcs(s->module, &funcs);
  for (unsigned i = 0; i < n && !deep; i++) {
    ts_part_list parts = {0};
    if (!ts_changes_parts(funcs[i], &s->scratch, &parts)) deep = too_deep_in(funcs[i]->body, 1);
    for (size_t p = 0; p < parts.parts.n && !deep; p++)
      deep = too_deep_at(parts.parts.at[p]->op, 1);
  }
  return deep;
}

/* A pass may put a loop or a condition around what stands as deep as it may: that is a refusal like others,
 * and here for all of them. */
static ts_result check_nesting(run *s, bool changed) {
  const ts_op *deep = NULL;
  bool all = all_changed(s, changed);
  for (ts_func *f = s->module->first_func; all && f && !deep; f = f->next)
    deep = too_deep_in(f->body, 1);
  if (!all) deep = too_deep_in_changes(s);
  if (!deep) return TS_OK;
  ts_error(s->ctx, deep->loc, "cannot go on: blocks would nest deeper than %d", TS_MAX_NESTING);
  return TS_ERR;
}

static ts_result call_pass(run *s, const ts_pipeline_step *step, bool *changed) {
  ts_pass_ctx pc = {.ctx = s->ctx,
                    .scratch = &s->scratch,
                    .name = step->pass->flag,
                    .stats = s->runner->stats,
                    .made = &s->made};
  unsigned errors = s->ctx->num_errors;
  double start = ts_time_now();
  ts_result result = step->pass->fn(&pc, s->module, step->options);
  ts_time_add(s->runner->times, step->pass->flag, ts_time_now() - start);
  *changed = pc.changed;
  if (!result) result = check_nesting(s, pc.changed);
  if (!result && all_changed(s, pc.changed))
    name_all(s);
  else if (!result)
    name_changes(s);
  if (result && s->ctx->num_errors == errors)
    ts_error_plain(s->ctx, "pass '%s' failed", step->pass->flag);
  else if (result)
    ts_note_plain(s->ctx, "in pass '%s'", step->pass->flag);
  return result;
}

/* ---- steps of recipes that a pass refuses ---- */

/* Where messages and module stood before a step. */
typedef struct moment {
  ts_diag *last;
  uint64_t edits;
} moment;

static void take_snapshots(run *s) {
  s->snapshots.n = 0;
  for (ts_func *f = s->module->first_func; f; f = f->next)
    ts_push(&s->module->arena, &s->snapshots, ((snapshot){f, ts_func_copy_body(f)}));
}

/* A pass that refused had changed something by then. Its functions go back to what they were before the
 * recipe, and through the recipe's steps up to here again. */
static ts_result take_back(run *s, size_t refused) {
  ts_func *only = ts_pipeline_step_func(&s->pipeline.steps.at[refused], s->module);
  for (size_t i = 0; i < s->snapshots.n; i++) {
    snapshot *was = &s->snapshots.at[i];
    if (only && was->func != only) continue;
    was->func->body = was->body;
    ts_changed_func(was->func);
    was->body = ts_func_copy_body(was->func);
  }
  ts_result result = TS_OK;
  bool changed;
  for (size_t i = s->recipe_begin; i < refused && !result; i++) {
    const ts_pipeline_step *step = &s->pipeline.steps.at[i];
    ts_func *func = ts_pipeline_step_func(step, s->module);
    if (only && func && func != only) continue;
    result = call_pass(s, step, &changed);
    ts_changes_settle(s->module);
    drop_step(s);
  }
  return result;
}

static void say_refused(run *s, const ts_pipeline_step *step, ts_diag *last) {
  ts_remarks_drop_after(s->ctx, last);
  ts_errors_to_remarks(s->ctx, last, step->pass->flag);
  ts_pipeline_print_step(&s->text, step);
  ts_note_plain(s->ctx, "the recipe goes on without %.*s", (int)s->text.n, s->text.buf);
}

/* Takes a refused step out of the pipeline: what is left runs again without being refused. */
static ts_result leave_out(run *s, size_t i, const moment *before) {
  say_refused(s, &s->pipeline.steps.at[i], before->last);
  drop_step(s);
  ts_diag *last = s->ctx->last;
  ts_result result = s->module->edits == before->edits ? TS_OK : take_back(s, i);
  ts_remarks_drop_after(s->ctx, last);
  memmove(&s->pipeline.steps.at[i], &s->pipeline.steps.at[i + 1],
          (--s->pipeline.steps.n - i) * sizeof *s->pipeline.steps.at);
  s->recipe_end--;
  return result;
}

static ts_result run_step(run *s, size_t *i) {
  ts_pass_runner *r = s->runner;
  ts_pipeline_step *step = &s->pipeline.steps.at[*i];
  if (*i < s->recipe_end) *step = ts_made_resolve(&s->made, s->module, step);
  if (!may_run(s, step)) {
    ++*i;
    return TS_OK;
  }
  ts_pass_event event = {.module = s->module, .pipeline = &s->pipeline, .step = *i};
  moment before = {s->ctx->last, s->module->edits};
  if (r->before) r->before(r->user, &event);
  event.result = check_answers(s, step, false);
  bool ready = !event.result;
  if (ready) event.result = call_pass(s, step, &event.changed);
  if (ready && event.result && *i < s->recipe_end) {
    if (r->refused) r->refused(r->user, &event);
    return leave_out(s, *i, &before);
  }
  if (!event.result) event.result = check(s, step, all_changed(s, event.changed));
  ts_changes_settle(s->module);
  if (event.result && r->failed) r->failed(r->user, &event);
  if (!event.result && r->after) r->after(r->user, &event);
  drop_step(s);
  ++*i;
  return event.result;
}

static void copy_steps(run *s, ts_pipeline *to, const ts_pipeline *from, size_t begin, size_t end) {
  for (size_t i = begin; i < end; i++)
    ts_push(&s->ctx->arena, &to->steps, from->steps.at[i]);
}

/* Puts what the recipe at step i says in its place. */
static ts_result expand(run *s, size_t i) {
  const ts_pipeline_step *recipe = &s->pipeline.steps.at[i];
  const ts_pass_table *table = s->given->table;
  ts_pipeline steps = {.table = table, .refers = true}, all = {.table = table};
  ts_pass_ctx pc = {.ctx = s->ctx,
                    .scratch = &s->scratch,
                    .name = recipe->pass->flag,
                    .stats = s->runner->stats,
                    .expansion = &steps};
  double start = ts_time_now();
  ts_result result = recipe->pass->fn(&pc, s->module, recipe->options);
  ts_time_add(s->runner->times, recipe->pass->flag, ts_time_now() - start);
  drop_step(s);
  copy_steps(s, &all, &s->pipeline, 0, i);
  copy_steps(s, &all, &steps, 0, steps.steps.n);
  copy_steps(s, &all, &s->pipeline, i + 1, s->pipeline.steps.n);
  s->pipeline = all;
  s->recipe_begin = i;
  s->recipe_end = ts_max(s->recipe_end, i + 1) - 1 + steps.steps.n;
  take_snapshots(s);
  return result;
}

static ts_result run_body(void *arg) {
  run *s = arg;
  copy_steps(s, &s->pipeline, s->given, 0, s->given->steps.n);
  ts_changes_begin(s->module);
  ts_result result = s->runner->verify_roundtrip ? round_trip(s, NULL) : TS_OK;
  drop_step(s);
  for (size_t i = 0; !result && i < s->pipeline.steps.n;)
    result = s->pipeline.steps.at[i].pass->recipe ? expand(s, i) : run_step(s, &i);
  if (!result) result = verify_whole(s);
  if (s->runner->ran) *s->runner->ran = s->pipeline;
  return result;
}

ts_result ts_run_pipeline(ts_module *module, const ts_pipeline *pipeline, ts_pass_runner *runner) {
  run s = {.ctx = module->ctx,
           .module = module,
           .given = pipeline,
           .pipeline.table = pipeline->table,
           .runner = runner};
  s.marks.arena = &module->arena;
  ts_made_init(&s.made, &module->arena);
  module->as_parsed = false;
  ts_arena_init(&s.scratch, &s.ctx->memory);
  ts_sink_buffer(&s.text, &s.ctx->memory);
  ts_sink_buffer(&s.reread_text, &s.ctx->memory);
  ts_result result = ts_protect_cleanup(s.ctx, run_body, drop_step, &s);
  ts_changes_end(module);
  return result;
}
