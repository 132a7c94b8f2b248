/* What ts-opt does around passes: dumps, and the reproducer, which is printed before each pass so
 * that it can be written whatever the pass does to its module or to the process. */
#include "check/semantics.h"
#include "crash.h"
#include "opt.h"

static void before_pass(void *user, const ts_pass_event *e) {
  opt *o = user;
  ts_instrument_before(&o->instrument, e);
  if (!o->reproducer || o->reproduced) return;
  const ts_pipeline_step *step = &e->pipeline->steps.at[e->step];
  ts_sink_drop(&o->prepared);
  ts_sink_buffer(&o->prepared, &o->tool.ctx->memory);
  ts_reproducer_print(&o->prepared, o->reproducer, e->module, step, &o->checks);
  ts_crash_arm(o->reproducer, o->prepared.buf, o->prepared.n, step->pass->flag);
}

static void after_pass(void *user, const ts_pass_event *e) {
  opt *o = user;
  if (o->reproducer) ts_crash_disarm();
  ts_instrument_after(&o->instrument, e);
}

static void refused_pass(void *user, const ts_pass_event *e) {
  opt *o = user;
  if (o->reproducer) ts_crash_disarm();
  ts_instrument_refused(&o->instrument, e);
}

static void failed_pass(void *user, const ts_pass_event *e) {
  opt *o = user;
  if (o->reproducer) ts_crash_disarm();
  ts_instrument_failed(&o->instrument, e);
  ts_output file;
  if (!o->reproducer || o->reproduced || ts_output_open(&o->tool, &file, o->reproducer)) return;
  ts_sink_write(&file.sink, o->prepared.buf, o->prepared.n);
  o->reproduced = ts_output_commit(&o->tool, &file) == TS_OK;
  if (o->reproduced) ts_note_plain(o->tool.ctx, "reproducer written to %s", o->reproducer);
}

static void log_line(void *user, const char *line) {
  opt *o = user;
  ts_sink_printf(&o->messages, "%s\n", line);
}

void opt_set_up(opt *o) {
  ts_pass_runner *r = &o->runner;
  ts_pass_runner_init(r);
  r->ran = &o->ran;
  r->verify_each = o->checks.verify_each;
  r->verify_roundtrip = o->checks.verify_roundtrip;
  r->bisect_limit = o->bisect_limit;
  if (o->checks.verify_semantics) r->check = ts_semantics_check;
  o->instrument.diff_failures = o->checks.verify_semantics;
  r->user = o;
  r->before = before_pass, r->after = after_pass, r->failed = failed_pass,
  r->refused = refused_pass, r->log = log_line;
  o->stats.arena = &o->tool.ctx->arena;
  r->stats = o->count ? &o->stats : NULL;
  r->times = o->time ? &o->times : NULL;
  o->instrument.colour = ts_tool_wants_colour(&o->tool, stderr);
  o->instrument.input = o->tool.inputs[0];
}
