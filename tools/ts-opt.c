/* ts-opt: parse → verify → passes → print. With no pass it formats its input. */
#include <sys/stat.h>
#include <unistd.h>

#include "support/clock.h"
#include "support/expect.h"
#include "support/remarks.h"
#include "syntax/syntax.h"
#include "analysis/poly/marks.h"
#include "analysis/verify/verify.h"
#include "transforms/passes.h"
#include "transforms/rewrite/fix_extents.h"
#include "check/semantics.h"
#include "run/run.h"
#include "opt.h"

/* ---- one module ---- */

typedef struct part {
  opt *o;
  const ts_source *source;
  ts_module *module;
} part;

static ts_result print_module(void *arg) {
  part *p = arg;
  opt *o = p->o;
  bool to_user = o->out.file == stdout && ts_tool_wants_colour(&o->tool, stdout);
  ts_instrument_print(&o->out.sink, p->module, to_user);
  return TS_OK;
}

static void print_steps(opt *o, const ts_pipeline *pipeline) {
  /* a person reads it step by step; a script takes one line */
  ts_pipeline_print(&o->out.sink, pipeline, isatty(fileno(o->out.file)) ? ",\n" : ",");
  ts_sink_puts(&o->out.sink, "\n");
}

static ts_result print_result(opt *o, ts_module *m) {
  ts_result result = o->opened ? TS_OK : ts_output_open(&o->tool, &o->out, o->output);
  if (result) return result;
  if (o->opened) ts_sink_puts(&o->out.sink, "// -----\n");
  o->opened = true;
  double start = ts_time_now();
  if (o->print_pipeline)
    print_steps(o, &o->ran);
  else
    result = ts_protect(o->tool.ctx, print_module, &(part){o, NULL, m});
  ts_time_add(o->runner.times, "print", ts_time_now() - start);
  return result;
}

static ts_result read_module(void *arg) {
  part *p = arg;
  ts_time_table *times = p->o->runner.times;
  double start = ts_time_now();
  ts_result result = ts_parse_source(p->o->tool.ctx, p->source, &p->module);
  ts_time_add(times, "parse", ts_time_now() - start);
  start = ts_time_now();
  if (!result) p->module->test_lines = p->o->in_place;
  if (!result) result = ts_verify(p->module);
  if (!result) result = ts_verify_marks(p->module, (ts_marks)p->o->marks);
  if (!result && p->o->data_dir) ts_run_rebase_files(p->module, p->o->data_dir);
  ts_time_add(times, "verify", ts_time_now() - start);
  return result;
}

static ts_result transform(opt *o, const ts_source *source, ts_module **m) {
  part p = {o, source, NULL};
  ts_result result = ts_protect(o->tool.ctx, read_module, &p);
  *m = p.module;
  if (!result) result = ts_fix_extents(*m, (unsigned)o->extents.n, o->extents.at);
  if (!result) result = ts_instrument_input(&o->instrument, *m);
  ts_semantics *semantics = NULL;
  if (!result && o->checks.verify_semantics)
    result = ts_semantics_create(o->tool.ctx, o->checks.seed, &semantics);
  o->runner.checker = semantics;
  if (!result) result = ts_run_pipeline(*m, &o->pipeline, &o->runner);
  ts_semantics_destroy(semantics);
  return result ? result : o->instrument.result;
}

/* Messages and what else a part leaves behind. */
static void report(opt *o) {
  ts_context *ctx = o->tool.ctx;
  if (o->remarks_file) {
    ts_remarks_print_yaml(&o->yaml, ctx);
    ts_remarks_keep(ctx, "");
  }
  (void)!ts_sink_finish(&o->messages);
  ts_tool_print_diagnostics(&o->tool);
  ts_sink_write(&o->messages, o->instrument.failure_diff.buf, o->instrument.failure_diff.n);
  o->instrument.failure_diff.n = 0;
}

static ts_result run_part(opt *o, const ts_source *source) {
  ts_module *m = NULL;
  o->tool.ctx->source = source;
  ts_result result = transform(o, source, &m);
  ts_remarks_keep(o->tool.ctx, o->remarks ? o->remarks : "");
  if (o->verify_diagnostics) {
    if (result != TS_LIMIT) result = ts_expect_diagnostics(o->tool.ctx, source, o->remarks != NULL);
  } else if (!result) {
    result = print_result(o, m);
  }
  report(o);
  if (m) ts_module_destroy(m);
  o->tool.ctx->source = NULL;
  return result;
}

/* ---- the whole input ---- */

/* A recipe's steps depend on the program, so that has to be read first. */
static bool has_recipe(const opt *o) {
  for (size_t i = 0; i < o->pipeline.steps.n; i++)
    if (o->pipeline.steps.at[i].pass->recipe) return true;
  return false;
}

static ts_result print_pipeline(opt *o) {
  ts_result result = ts_output_open(&o->tool, &o->out, o->output);
  if (result) return result;
  print_steps(o, &o->pipeline);
  return ts_output_commit(&o->tool, &o->out);
}

static ts_result write_remarks(opt *o) {
  ts_output file;
  if (!o->remarks_file) return TS_OK;
  ts_result result = ts_output_open(&o->tool, &file, o->remarks_file);
  if (result) return result;
  ts_sink_write(&file.sink, o->yaml.buf, o->yaml.n);
  return ts_output_commit(&o->tool, &file);
}

static ts_result split(void *arg) {
  opt *o = arg;
  o->num_parts = ts_source_split(&o->tool.ctx->arena, &o->source, &o->parts);
  return TS_OK;
}

static ts_result run_parts(opt *o) {
  o->parts = &o->source;
  o->num_parts = 1;
  ts_result worst = o->split ? ts_protect(o->tool.ctx, split, o) : TS_OK;
  for (size_t i = 0; i < o->num_parts && worst != TS_LIMIT; i++) {
    ts_result result = run_part(o, &o->parts[i]);
    worst = ts_max(worst, result);
  }
  return worst;
}

static bool is_same_file(const char *a, const char *b) {
  struct stat x, y;
  return !stat(a, &x) && !stat(b, &y) && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

static ts_result run(opt *o) {
  if (o->print_pipeline && !has_recipe(o)) return print_pipeline(o);
  ts_context *ctx = o->tool.ctx;
  ts_result result = ts_tool_read(&o->tool, o->tool.inputs[0], &o->source);
  ctx->source = &o->source;
  if (!result) result = ts_source_check(ctx, &o->source);
  if (!result && o->run_reproducer)
    result = ts_reproducer_read(ctx, &o->source, &o->pipeline, &o->checks);
  ctx->source = NULL;
  if (result) return result;
  if (o->verify_diagnostics) ctx->max_errors = UINT32_MAX;
  o->in_place = is_same_file(o->tool.inputs[0], o->output);
  opt_set_up(o);
  result = run_parts(o);
  if (o->count) ts_stat_print(&o->messages, &o->stats);
  if (o->time) ts_time_print(&o->messages, &o->times);
  (void)!ts_sink_finish(&o->messages);
  if (!result) result = write_remarks(o);
  if (!o->opened) return result;
  if (!result) return ts_output_commit(&o->tool, &o->out);
  ts_output_discard(&o->out);
  return result;
}

int main(int argc, char **argv) {
  opt o = {.pipeline.table = &ts_all_passes,
           .output = "-",
           .bisect_limit = -1,
           .checks = {.verify_each = true, .seed = 2025}};
  ts_result result = ts_tool_begin(&o.tool, "ts-opt", "runs passes over a program", &o);
  if (result) return ts_tool_end(&o.tool, result);
  ts_memory *memory = &o.tool.ctx->memory;
  ts_sink_file(&o.messages, memory, stderr);
  ts_sink_buffer(&o.prepared, memory);
  ts_sink_buffer(&o.yaml, memory);
  ts_instrument_init(&o.instrument, o.tool.ctx, &o.messages);
  result = opt_parse(&o, argc, argv);
  if (!result && !o.tool.done) result = run(&o);
  ts_instrument_drop(&o.instrument);
  ts_sink_drop(&o.prepared);
  ts_sink_drop(&o.yaml);
  ts_sink_drop(&o.messages);
  return ts_tool_end(&o.tool, result);
}
