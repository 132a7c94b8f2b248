/* Pipelines as text: "fuse,lower{acc=f32}" to steps with filled option structs, and back.
 *
 * One reader serves both the text of a whole pipeline and the options of a single flag; every
 * message points into what the user wrote. */
#include <errno.h>
#include <stdlib.h>

#include "support/spelling.h"
#include "pass/pass.h"

typedef struct reader {
  ts_context *ctx;
  const ts_pass_table *table;
  const ts_source *source;
  size_t at;
  ts_pipeline_step step; /* being read */
} reader;

static ts_loc range(size_t begin, size_t end) { return (ts_loc){(uint32_t)begin, (uint32_t)end}; }

static bool at_end(const reader *r) { return r->at >= r->source->n; }
static char peek(const reader *r) { return at_end(r) ? '\0' : r->source->text[r->at]; }

static bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
static bool is_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_';
}
static bool is_bare_value(char c) { return c && !is_space(c) && !strchr("{}'\"#", c); }

static void skip_space(reader *r) {
  while (!at_end(r) && (is_space(peek(r)) || peek(r) == '#')) {
    if (peek(r) != '#') {
      r->at++;
      continue;
    }
    while (!at_end(r) && peek(r) != '\n')
      r->at++;
  }
}

static const char *text_between(const reader *r, size_t begin, size_t end) {
  return ts_strndup(&r->ctx->arena, r->source->text + begin, end - begin);
}

static const char *read_name(reader *r) {
  size_t begin = r->at;
  while (is_name(peek(r)))
    r->at++;
  return text_between(r, begin, r->at);
}

/* The name of a value: it may hold dots and does not hold a minus. */
static const char *read_loop_name(reader *r) {
  size_t begin = r->at;
  while ((is_name(peek(r)) && peek(r) != '-') || peek(r) == '.' || peek(r) == '$')
    r->at++;
  return text_between(r, begin, r->at);
}

/* What stands here, for a message: one character, quoted, or "the end". */
static const char *found(const reader *r) {
  if (at_end(r)) return "the end";
  size_t n = 1;
  while (r->at + n < r->source->n && ((unsigned char)r->source->text[r->at + n] & 0xC0) == 0x80)
    n++;
  return ts_sprintf(&r->ctx->arena, "'%s'", text_between(r, r->at, r->at + n));
}

static ts_result expected(reader *r, const char *what) {
  size_t end = at_end(r) ? r->at : r->at + 1;
  ts_error(r->ctx, range(r->at, end), "expected %s, found %s", what, found(r));
  return TS_USAGE;
}

/* ---- option values ---- */

static void *slot(const ts_pipeline_step *step, const ts_pass_option *o) {
  return (char *)step->options + o->offset;
}

static bool parse_bool(const char *text, bool *out) {
  *out = !strcmp(text, "true");
  return *out || !strcmp(text, "false");
}

static bool parse_int(const char *text, int64_t *out) {
  char *end;
  errno = 0;
  *out = strtoll(text, &end, 10);
  return *text && !is_space(*text) && !*end && !errno;
}

static bool parse_dtype(const char *text, ts_dtype *out) {
  for (*out = 0; *out < TS_NUM_DTYPES; (*out)++)
    if (!strcmp(text, ts_dtype_name(*out))) return true;
  return !*text; /* unset: TS_NUM_DTYPES */
}

static bool in_range(const ts_pass_option *o, int64_t n) { return n >= o->least && n <= o->most; }

/* A comma divides what a step is told as white space does, but within a text only where `name=` follows:
 * ops=gelu,softmax is one. */
static bool is_divided(const reader *r, ts_opt_kind kind) {
  if (peek(r) != ',') return false;
  const char *at = r->source->text + r->at + 1;
  while (is_space(*at))
    at++;
  while (is_name(*at))
    at++;
  return kind != TS_OPT_STRING || *at == '=';
}

static bool set_value(const ts_pipeline_step *step, const ts_pass_option *o, const char *text) {
  void *to = slot(step, o);
  switch (o->kind) {
  case TS_OPT_BOOL: return parse_bool(text, to);
  case TS_OPT_INT: return parse_int(text, to) && in_range(o, *(int64_t *)to);
  case TS_OPT_DTYPE: return parse_dtype(text, to);
  case TS_OPT_STRING: *(const char **)to = text; return true;
  case TS_OPT_FUNC: *(const char **)to = text + (*text == '@'); return true;
  case TS_OPT_LOOPS: return !*text; /* its items are added one by one */
  }
  ts_unreachable("option kind");
}

static const char *wanted(ts_context *ctx, const ts_pass_option *o) {
  if (o->kind == TS_OPT_BOOL) return "true or false";
  if (o->kind == TS_OPT_INT && o->most < INT64_MAX)
    return ts_sprintf(&ctx->arena, "an integer from %lld to %lld", (long long)o->least,
                      (long long)o->most);
  if (o->kind == TS_OPT_INT && o->least > INT64_MIN)
    return ts_sprintf(&ctx->arena, "an integer of at least %lld", (long long)o->least);
  if (o->kind == TS_OPT_INT) return "an integer";
  const char *list = "one of";
  for (ts_dtype d = 0; d < TS_NUM_DTYPES; d++)
    list = ts_sprintf(&ctx->arena, "%s %s", list, ts_dtype_name(d));
  return list;
}

/* The value as the text that set_value reads. */
static const char *value_text(const ts_pipeline_step *step, const ts_pass_option *o, char buf[32]) {
  const void *from = slot(step, o);
  switch (o->kind) {
  case TS_OPT_BOOL: return *(const bool *)from ? "true" : "false";
  case TS_OPT_INT: snprintf(buf, 32, "%lld", (long long)*(const int64_t *)from); return buf;
  case TS_OPT_DTYPE: {
    ts_dtype d = *(const ts_dtype *)from;
    return d == TS_NUM_DTYPES ? "" : ts_dtype_name(d);
  }
  case TS_OPT_STRING:
  case TS_OPT_FUNC: return *(const char *const *)from;
  case TS_OPT_LOOPS: return ((const ts_loop_list *)from)->items.n ? "…" : "";
  }
  ts_unreachable("option kind");
}

static bool is_default(const ts_pipeline_step *step, const ts_pass_option *o) {
  char buf[32];
  return !strcmp(value_text(step, o, buf), o->otherwise);
}

/* ---- reading options ---- */

static const ts_pass_option *find_option(const ts_pass_info *pass, const char *name) {
  for (unsigned i = 0; i < pass->num_options; i++)
    if (!strcmp(pass->options[i].name, name)) return &pass->options[i];
  return NULL;
}

static const ts_pass_option *loops_option(const ts_pass_info *pass) {
  for (unsigned i = 0; i < pass->num_options; i++)
    if (pass->options[i].kind == TS_OPT_LOOPS) return &pass->options[i];
  return NULL;
}

static ts_result unknown_option(reader *r, ts_loc loc, const char *name) {
  const ts_pass_info *pass = r->step.pass;
  if (!pass->num_options) {
    ts_error(r->ctx, loc, "pass '%s' takes no options, given '%s'", pass->flag, name);
    return TS_USAGE;
  }
  const char *list = "";
  ts_nearest near = ts_nearest_to(name);
  for (unsigned i = 0; i < pass->num_options; i++) {
    list = ts_sprintf(&r->ctx->arena, "%s%s%s", list, i ? ", " : "", pass->options[i].name);
    ts_nearest_offer(&near, pass->options[i].name);
  }
  if (near.best)
    ts_error(r->ctx, loc, "pass '%s' has no option '%s'; did you mean '%s'?", pass->flag, name,
             near.best);
  else
    ts_error(r->ctx, loc, "pass '%s' has no option '%s'; it has %s", pass->flag, name, list);
  return TS_USAGE;
}

static ts_result read_value(reader *r, ts_opt_kind kind, const char **out) {
  char quote = peek(r);
  size_t begin = r->at;
  if (quote != '\'' && quote != '"') {
    while (is_bare_value(peek(r)) && !is_divided(r, kind))
      r->at++;
    *out = text_between(r, begin, r->at);
    return TS_OK;
  }
  for (r->at++; !at_end(r) && peek(r) != quote && peek(r) != '\n';)
    r->at++;
  if (peek(r) != quote) {
    ts_error(r->ctx, range(begin, begin + 1), "this quote is not closed");
    return TS_USAGE;
  }
  *out = text_between(r, begin + 1, r->at++);
  return TS_OK;
}

/* NAME or NAME=VALUE for the option that takes such words. */
static ts_result read_item(reader *r, const ts_pass_option *o, const char *name) {
  ts_loop_item item = {.name = name};
  if (peek(r) == '=') {
    r->at++;
    ts_result result = read_value(r, TS_OPT_LOOPS, &item.value);
    if (result) return result;
    if (!*item.value) return expected(r, ts_sprintf(&r->ctx->arena, "a value for '%s'", name));
  }
  ts_loop_list *list = slot(&r->step, o);
  ts_push(&r->ctx->arena, &list->items, item);
  return TS_OK;
}

static ts_result read_option(reader *r, uint64_t *seen) {
  size_t begin = r->at;
  const ts_pass_info *pass = r->step.pass;
  const ts_pass_option *loops = loops_option(pass);
  bool marked = loops && peek(r) == '%'; /* %name is never an option */
  if (marked) r->at++;
  const char *name = loops ? read_loop_name(r) : read_name(r);
  if (!*name) return expected(r, loops ? "a loop's or an option's name" : "an option's name");
  const ts_pass_option *o = marked ? NULL : find_option(pass, name);
  if (o && o->kind == TS_OPT_LOOPS) o = NULL;
  if (!o && loops) {
    *seen |= UINT64_C(1) << (loops - pass->options);
    return read_item(r, loops, name);
  }
  if (!o) return unknown_option(r, range(begin, r->at), name);
  uint64_t bit = UINT64_C(1) << (o - pass->options);
  if (*seen & bit) {
    ts_error(r->ctx, range(begin, r->at), "option '%s' is given twice", name);
    return TS_USAGE;
  }
  *seen |= bit;
  const char *value = o->kind == TS_OPT_BOOL ? "true" : "";
  size_t value_at = begin;
  if (peek(r) == '=') {
    value_at = ++r->at;
    ts_result result = read_value(r, o->kind, &value);
    if (result) return result;
  } else if (o->kind != TS_OPT_BOOL) {
    return expected(r, ts_sprintf(&r->ctx->arena, "'=' after option '%s'", name));
  }
  if (set_value(&r->step, o, value)) return TS_OK;
  ts_error(r->ctx, range(value_at, r->at), "option '%s' of pass '%s' wants %s, not '%s'", name,
           pass->flag, wanted(r->ctx, o), value);
  return TS_USAGE;
}

/* Options up to `close` ('}', or '\0' for none) or the end, which are left in place. */
static ts_result read_options(reader *r, char close) {
  uint64_t seen = 0;
  for (;;) {
    size_t before = r->at;
    skip_space(r);
    if (seen && peek(r) == ',') {
      r->at++;
      skip_space(r);
      if (at_end(r) || peek(r) == close) return expected(r, "an option after the comma");
    }
    if (at_end(r) || (close && peek(r) == close)) return TS_OK;
    if (seen && before == r->at) return expected(r, "white space or a comma between options");
    ts_result result = read_option(r, &seen);
    if (result) return result;
  }
}

/* ---- reading steps ---- */

static ts_result begin_step(reader *r, const char *flag, ts_loc loc) {
  const ts_pass_info *pass = ts_pass_find(r->table, flag);
  if (!pass) {
    const char *near = ts_pass_nearest(r->table, flag);
    const char *help = near ? ts_sprintf(&r->ctx->arena, "did you mean '%s'?", near)
                            : "-print-passes lists those there are";
    ts_error(r->ctx, loc, "there is no pass '%s'; %s", flag, help);
    return TS_USAGE;
  }
  r->step.pass = pass;
  r->step.options = ts_arena_alloc(&r->ctx->arena, ts_max(pass->options_bytes, (size_t)1));
  for (unsigned i = 0; i < pass->num_options; i++)
    if (!set_value(&r->step, &pass->options[i], pass->options[i].otherwise))
      ts_unreachable("a default in the table of passes does not parse");
  return TS_OK;
}

static ts_result read_step(reader *r) {
  size_t begin = r->at;
  const char *name = read_name(r);
  if (!*name) return expected(r, "a pass");
  ts_result result = begin_step(r, name, range(begin, r->at));
  if (result) return result;
  skip_space(r);
  if (peek(r) != '{') return TS_OK;
  size_t open = r->at++;
  result = read_options(r, '}');
  if (result) return result;
  if (at_end(r)) {
    ts_error(r->ctx, range(open, open + 1), "this '{' is not closed");
    return TS_USAGE;
  }
  r->at++;
  return TS_OK;
}

static ts_result read_steps(reader *r, ts_pipeline *p) {
  skip_space(r);
  if (at_end(r)) return TS_OK;
  for (;;) {
    ts_result result = read_step(r);
    if (result) return result;
    ts_push(&r->ctx->arena, &p->steps, r->step);
    skip_space(r);
    if (at_end(r)) return TS_OK;
    if (peek(r) != ',') return expected(r, "',' or the end of the pipeline");
    r->at++;
    skip_space(r);
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
  reader r = {.ctx = call->ctx, .table = call->pipeline->table, .source = call->source};
  if (!call->flag) return read_steps(&r, call->pipeline);
  ts_result result = begin_step(&r, call->flag, range(0, r.source->n));
  if (!result) result = read_options(&r, '\0');
  if (!result) ts_push(&r.ctx->arena, &call->pipeline->steps, r.step);
  return result;
}

static ts_result parse_located(parse_call *call) {
  const ts_source *outer = call->ctx->source;
  call->ctx->source = call->source->n ? call->source : NULL; /* no text: nothing to point into */
  ts_result result = ts_protect(call->ctx, parse_body, call);
  call->ctx->source = outer;
  return result;
}

ts_result ts_pipeline_parse_source(ts_context *ctx, ts_pipeline *p, const ts_source *source) {
  return parse_located(&(parse_call){ctx, p, NULL, source});
}

/* Copies what a message may point to later into the context. */
typedef struct source_call {
  ts_context *ctx;
  const char *dash, *name, *text;
  ts_source *out;
} source_call;

static ts_result source_body(void *arg) {
  source_call *call = arg;
  ts_arena *arena = &call->ctx->arena;
  call->out = ts_new(arena, ts_source);
  *call->out = (ts_source){.name = ts_sprintf(arena, "%s%s", call->dash, call->name),
                           .text = ts_strdup(arena, call->text),
                           .n = strlen(call->text),
                           .first_line = 1};
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

/* A value holds at most one sort of quote, since it was read between the other sort. */
static void print_value(ts_sink *s, const char *value) {
  bool bare = *value && !(strchr(value, ',') && strchr(value, '='));
  for (const char *c = value; *c; c++)
    bare = bare && is_bare_value(*c);
  const char *quote = bare ? "" : strchr(value, '\'') ? "\"" : "'";
  ts_sink_printf(s, "%s%s%s", quote, value, quote);
}

/* A loop that has an option's name keeps its %. */
static void print_items(ts_sink *s, const ts_pipeline_step *step, const ts_loop_list *list) {
  for (size_t i = 0; i < list->items.n; i++) {
    const ts_loop_item *item = &list->items.at[i];
    ts_sink_printf(s, "%s%s%s", i ? " " : "", find_option(step->pass, item->name) ? "%" : "",
                   item->name);
    if (!item->value) continue;
    ts_sink_puts(s, "=");
    print_value(s, item->value);
  }
}

/* "acc=f32 …"; nothing when all are at their defaults. */
static bool print_options(ts_sink *s, const ts_pipeline_step *step, const char *open) {
  bool any = false;
  for (unsigned i = 0; i < step->pass->num_options; i++) {
    const ts_pass_option *o = &step->pass->options[i];
    char buf[32];
    if (is_default(step, o)) continue;
    ts_sink_puts(s, any ? " " : open);
    if (o->kind == TS_OPT_LOOPS) {
      print_items(s, step, slot(step, o));
    } else {
      ts_sink_printf(s, "%s=", o->name);
      print_value(s, value_text(step, o, buf));
    }
    any = true;
  }
  return any;
}

void ts_pipeline_print_step(ts_sink *s, const ts_pipeline_step *step) {
  ts_sink_puts(s, step->pass->flag);
  if (print_options(s, step, "{")) ts_sink_puts(s, "}");
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
  if (print_options(&options, step, "")) {
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
  for (unsigned i = 0; i < pass->num_options; i++)
    if (pass->options[i].rounding == TS_ROUNDING_ROUNDS)
      exact = exact && is_default(step, &pass->options[i]);
  return exact;
}

ts_dtype ts_pipeline_step_dtype(const ts_pipeline_step *step, const char *name) {
  const ts_pass_option *o = find_option(step->pass, name);
  return o && o->kind == TS_OPT_DTYPE ? *(const ts_dtype *)slot(step, o) : TS_NUM_DTYPES;
}

ts_func *ts_pipeline_step_func(const ts_pipeline_step *step, const ts_module *m) {
  for (unsigned i = 0; i < step->pass->num_options; i++) {
    const ts_pass_option *o = &step->pass->options[i];
    if (o->kind != TS_OPT_FUNC) continue;
    const char *name = *(const char *const *)slot(step, o);
    return *name ? ts_first_asked(m, name) : NULL;
  }
  return NULL;
}
