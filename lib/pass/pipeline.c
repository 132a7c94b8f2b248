/* Pipelines as text: "fuse,lower{acc=f32}" to steps with filled option structs, and back.
 *
 * One reader serves both the text of a whole pipeline and the options of a single flag. */
#include "pass/pass.h"

static ts_options_owner owner_of(const ts_pass_info *pass) {
  return (ts_options_owner){"pass", pass->flag, &pass->options};
}

/* ---- reading steps ---- */

static ts_result begin_step(ts_text_reader *r, const ts_pass_table *table, const char *flag,
                            ts_loc loc, ts_pipeline_step *step) {
  const ts_pass_info *pass = ts_pass_find(table, flag);
  if (!pass) {
    const char *near = ts_pass_nearest(table, flag);
    const char *help = near ? ts_sprintf(&r->ctx->arena, "did you mean '%s'?", near)
                            : "-print-passes lists those there are";
    ts_error(r->ctx, loc, "there is no pass '%s'; %s", flag, help);
    return TS_USAGE;
  }
  *step = (ts_pipeline_step){pass, ts_options_default(&r->ctx->arena, &pass->options)};
  return TS_OK;
}

static ts_result read_step(ts_text_reader *r, const ts_pass_table *table, ts_pipeline_step *step) {
  uint32_t begin = (uint32_t)r->at;
  const char *name = ts_text_name(r);
  if (!*name) return ts_text_expected(r, "a pass");
  ts_result result = begin_step(r, table, name, (ts_loc){begin, (uint32_t)r->at}, step);
  if (result) return result;
  ts_options_owner owner = owner_of(step->pass);
  return ts_options_read_braced(r, &owner, step->options);
}

static ts_result read_steps(ts_text_reader *r, ts_pipeline *p) {
  ts_text_skip_space(r);
  if (ts_text_at_end(r)) return TS_OK;
  for (;;) {
    ts_pipeline_step step;
    ts_result result = read_step(r, p->table, &step);
    if (result) return result;
    ts_push(&r->ctx->arena, &p->steps, step);
    ts_text_skip_space(r);
    if (ts_text_at_end(r)) return TS_OK;
    if (ts_text_peek(r) != ',') return ts_text_expected(r, "',' or the end of the pipeline");
    r->at++;
    ts_text_skip_space(r);
  }
}

/* The work of the entry functions, under ts_protect. `flag` is NULL for a whole pipeline. */
typedef struct parse_call {
  ts_context *ctx;
  ts_pipeline *pipeline;
  const char *flag;
  const ts_source *source;
} parse_call;

static ts_result parse_body(void *arg) {
  parse_call *call = arg;
  ts_text_reader r = {.ctx = call->ctx, .source = call->source, .refers = call->pipeline->refers};
  ts_pipeline_step step;
  if (!call->flag) return read_steps(&r, call->pipeline);
  ts_result result =
      begin_step(&r, call->pipeline->table, call->flag, (ts_loc){0, (uint32_t)r.source->n}, &step);
  if (result) return result;
  ts_options_owner owner = owner_of(step.pass);
  result = ts_options_read(&r, &owner, step.options);
  if (!result) ts_push(&r.ctx->arena, &call->pipeline->steps, step);
  return result;
}

/* An empty text is nothing to point into. */
static ts_result parse_located(parse_call *call) {
  return ts_protect_about(call->ctx, call->source->n ? call->source : NULL, parse_body, call);
}

ts_result ts_pipeline_parse_source(ts_context *ctx, ts_pipeline *p, const ts_source *source) {
  return parse_located(&(parse_call){ctx, p, NULL, source});
}

/* Copies what a message may point to later into the context. */
typedef struct source_call {
  ts_context *ctx;
  const char *dash, *name, *text;
  const ts_source *out;
} source_call;

static ts_result source_body(void *arg) {
  source_call *call = arg;
  const char *name = ts_sprintf(&call->ctx->arena, "%s%s", call->dash, call->name);
  call->out = ts_text_source(call->ctx, name, call->text);
  return TS_OK;
}

ts_result ts_pipeline_parse(ts_context *ctx, ts_pipeline *p, const char *text) {
  source_call call = {ctx, "", "<pipeline>", text, NULL};
  ts_result result = ts_protect(ctx, source_body, &call);
  return result ? result : ts_pipeline_parse_source(ctx, p, call.out);
}

ts_result ts_pipeline_add(ts_context *ctx, ts_pipeline *p, const char *flag, const char *options) {
  source_call call = {ctx, "-", flag, options ? options : "", NULL};
  ts_result result = ts_protect(ctx, source_body, &call);
  return result ? result : parse_located(&(parse_call){ctx, p, flag, call.out});
}

/* ---- printing ---- */

void ts_pipeline_print_step(ts_sink *s, const ts_pipeline_step *step) {
  ts_sink_puts(s, step->pass->flag);
  if (ts_options_print(s, &step->pass->options, step->options, "{")) ts_sink_puts(s, "}");
}

void ts_pipeline_print(ts_sink *s, const ts_pipeline *p, const char *between) {
  for (size_t i = 0; i < p->steps.n; i++) {
    if (i) ts_sink_puts(s, between);
    ts_pipeline_print_step(s, &p->steps.at[i]);
  }
}

void ts_pipeline_print_flag(ts_sink *s, const ts_pipeline_step *step) {
  ts_sink options;
  ts_sink_buffer(&options, s->memory);
  ts_sink_printf(s, "-%s", step->pass->flag);
  if (ts_options_print(&options, &step->pass->options, step->options, "")) {
    ts_sink_puts(s, "=\"");
    for (size_t i = 0; i < options.n; i++) {
      if (strchr("\"\\$`", options.buf[i])) ts_sink_puts(s, "\\");
      ts_sink_write(s, options.buf + i, 1);
    }
    ts_sink_puts(s, "\"");
  }
  ts_sink_drop(&options);
}

/* ---- asking ---- */

bool ts_pipeline_step_exact(const ts_pipeline_step *step) {
  const ts_pass_info *pass = step->pass;
  bool exact = pass->rounding == TS_ROUNDING_EXACT;
  for (unsigned i = 0; i < pass->options.n; i++)
    if (pass->roundings[i] == TS_ROUNDING_ROUNDS)
      exact = exact && ts_option_is_default(&pass->options.at[i], step->options);
  return exact;
}

static const void *value_of(const ts_pipeline_step *step, const ts_option *o) {
  return (const char *)step->options + o->offset;
}

ts_dtype ts_pipeline_step_dtype(const ts_pipeline_step *step, const char *name) {
  const ts_option *o = ts_option_find(&step->pass->options, name);
  return o && o->kind == TS_OPT_DTYPE ? *(const ts_dtype *)value_of(step, o) : TS_NUM_DTYPES;
}

ts_func *ts_pipeline_step_func(const ts_pipeline_step *step, const ts_module *m) {
  const ts_option_table *options = &step->pass->options;
  for (unsigned i = 0; i < options->n; i++) {
    if (options->at[i].kind != TS_OPT_FUNC) continue;
    const char *name = *(const char *const *)value_of(step, &options->at[i]);
    return *name ? ts_first_asked(m, name) : NULL;
  }
  return NULL;
}
