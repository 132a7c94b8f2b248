/* Reading and printing the options of passes and engines. */
#include "syntax/options.h"

#include <errno.h>
#include <stdlib.h>

#include "support/spelling.h"

/* ---- text ---- */

static ts_loc range(size_t begin, size_t end) { return (ts_loc){(uint32_t)begin, (uint32_t)end}; }

bool ts_text_at_end(const ts_text_reader *r) { return r->at >= r->source->n; }
char ts_text_peek(const ts_text_reader *r) {
  return ts_text_at_end(r) ? '\0' : r->source->text[r->at];
}

static bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
static bool is_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_';
}
static bool is_bare_value(char c) { return c && !is_space(c) && !strchr("{}'\"#", c); }

void ts_text_skip_space(ts_text_reader *r) {
  while (!ts_text_at_end(r) && (is_space(ts_text_peek(r)) || ts_text_peek(r) == '#')) {
    if (ts_text_peek(r) != '#') {
      r->at++;
      continue;
    }
    while (!ts_text_at_end(r) && ts_text_peek(r) != '\n')
      r->at++;
  }
}

static const char *text_between(const ts_text_reader *r, size_t begin, size_t end) {
  return ts_strndup(&r->ctx->arena, r->source->text + begin, end - begin);
}

const char *ts_text_name(ts_text_reader *r) {
  size_t begin = r->at;
  while (is_name(ts_text_peek(r)))
    r->at++;
  return text_between(r, begin, r->at);
}

/* The name of a value: it may hold dots and does not hold a minus. Or how it was made. */
static const char *read_loop_name(ts_text_reader *r) {
  size_t begin = r->at;
  while ((is_name(ts_text_peek(r)) && ts_text_peek(r) != '-') || ts_text_peek(r) == '.' ||
         ts_text_peek(r) == '$' || (r->refers && ts_text_peek(r) == ':'))
    r->at++;
  return text_between(r, begin, r->at);
}

/* What stands here, for a message: one character, quoted, or "the end". */
static const char *found(const ts_text_reader *r) {
  if (ts_text_at_end(r)) return "the end";
  size_t n = 1;
  while (r->at + n < r->source->n && ((unsigned char)r->source->text[r->at + n] & 0xC0) == 0x80)
    n++;
  return ts_sprintf(&r->ctx->arena, "'%s'", text_between(r, r->at, r->at + n));
}

ts_result ts_text_expected(ts_text_reader *r, const char *what) {
  size_t end = ts_text_at_end(r) ? r->at : r->at + 1;
  ts_error(r->ctx, range(r->at, end), "expected %s, found %s", what, found(r));
  return TS_USAGE;
}

const ts_source *ts_text_source(ts_context *ctx, const char *name, const char *text) {
  ts_source *source = ts_new(&ctx->arena, ts_source);
  *source = (ts_source){.name = ts_strdup(&ctx->arena, name),
                        .text = ts_strdup(&ctx->arena, text),
                        .n = strlen(text),
                        .first_line = 1};
  return source;
}

/* ---- values ---- */

static void *slot(void *values, const ts_option *o) { return (char *)values + o->offset; }

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

static bool in_range(const ts_option *o, int64_t n) { return n >= o->least && n <= o->most; }

/* A comma divides what a step is told as white space does, but within a text only where `name=` follows:
 * ops=gelu,softmax is one. */
static bool is_divided(const ts_text_reader *r, ts_opt_kind kind) {
  if (ts_text_peek(r) != ',') return false;
  const char *at = r->source->text + r->at + 1;
  while (is_space(*at))
    at++;
  while (is_name(*at))
    at++;
  return (kind != TS_OPT_STRING && kind != TS_OPT_LOOP) || *at == '=';
}

static bool set_value(void *values, const ts_option *o, const char *text) {
  void *to = slot(values, o);
  switch (o->kind) {
  case TS_OPT_BOOL: return parse_bool(text, to);
  case TS_OPT_INT: return parse_int(text, to) && in_range(o, *(int64_t *)to);
  case TS_OPT_SIZE: return ts_parse_size(text, to);
  case TS_OPT_SECONDS: return ts_parse_seconds(text, to);
  case TS_OPT_DTYPE: return parse_dtype(text, to);
  case TS_OPT_STRING:
  case TS_OPT_LOOP: *(const char **)to = text; return true;
  case TS_OPT_FUNC: *(const char **)to = text + (*text == '@'); return true;
  case TS_OPT_LOOPS: return !*text; /* its items are added one by one */
  }
  ts_unreachable("option kind");
}

static const char *wanted(ts_context *ctx, const ts_option *o) {
  if (o->kind == TS_OPT_BOOL) return "true or false";
  if (o->kind == TS_OPT_INT && o->most < INT64_MAX)
    return ts_sprintf(&ctx->arena, "an integer from %lld to %lld", (long long)o->least,
                      (long long)o->most);
  if (o->kind == TS_OPT_INT && o->least > INT64_MIN)
    return ts_sprintf(&ctx->arena, "an integer of at least %lld", (long long)o->least);
  if (o->kind == TS_OPT_INT) return "an integer";
  if (o->kind == TS_OPT_SIZE) return TS_SIZE_WANTED;
  if (o->kind == TS_OPT_SECONDS) return TS_SECONDS_WANTED;
  const char *list = "one of";
  for (ts_dtype d = 0; d < TS_NUM_DTYPES; d++)
    list = ts_sprintf(&ctx->arena, "%s %s", list, ts_dtype_name(d));
  return list;
}

/* The value as the text that set_value reads; NULL: none. */
static const char *value_text(const void *values, const ts_option *o, char buf[32]) {
  const void *from = (const char *)values + o->offset;
  switch (o->kind) {
  case TS_OPT_BOOL: return *(const bool *)from ? "true" : "false";
  case TS_OPT_INT: snprintf(buf, 32, "%lld", (long long)*(const int64_t *)from); return buf;
  case TS_OPT_SIZE: snprintf(buf, 32, "%llu", *(const unsigned long long *)from); return buf;
  case TS_OPT_SECONDS: snprintf(buf, 32, "%gs", *(const double *)from); return buf;
  case TS_OPT_DTYPE: {
    ts_dtype d = *(const ts_dtype *)from;
    return d == TS_NUM_DTYPES ? "" : ts_dtype_name(d);
  }
  case TS_OPT_STRING:
  case TS_OPT_LOOP:
  case TS_OPT_FUNC: return *(const char *const *)from;
  case TS_OPT_LOOPS: return ((const ts_loop_list *)from)->items.n ? "…" : "";
  }
  ts_unreachable("option kind");
}

bool ts_option_is_default(const ts_option *o, const void *values) {
  char buf[32];
  const char *text = value_text(values, o, buf);
  return text && o->otherwise ? !strcmp(text, o->otherwise) : text == o->otherwise;
}

const char *ts_option_value_name(const ts_option *o) {
  switch (o->kind) {
  case TS_OPT_BOOL: return "true|false";
  case TS_OPT_INT: return "<int>";
  case TS_OPT_SIZE: return "<size>";
  case TS_OPT_SECONDS: return "<time>";
  case TS_OPT_DTYPE: return "<type>";
  case TS_OPT_STRING:
  case TS_OPT_LOOP: return "<text>";
  case TS_OPT_FUNC: return "<function>";
  case TS_OPT_LOOPS: return "";
  }
  ts_unreachable("option kind");
}

const ts_option *ts_option_find(const ts_option_table *table, const char *name) {
  for (unsigned i = 0; i < table->n; i++)
    if (!strcmp(table->at[i].name, name)) return &table->at[i];
  return NULL;
}

void *ts_options_default(ts_arena *arena, const ts_option_table *table) {
  void *values = ts_arena_alloc(arena, ts_max(table->bytes, (size_t)1));
  for (unsigned i = 0; i < table->n; i++)
    if (table->at[i].otherwise && !set_value(values, &table->at[i], table->at[i].otherwise))
      ts_unreachable("a table of options: a default that does not parse");
  return values;
}

/* ---- reading ---- */

/* What is read: whose options, into which struct. */
typedef struct target {
  ts_text_reader *text;
  const ts_options_owner *owner;
  void *values;
  uint64_t seen; /* a bit for each option */
} target;

static const ts_option *loops_option(const ts_option_table *table) {
  for (unsigned i = 0; i < table->n; i++)
    if (table->at[i].kind == TS_OPT_LOOPS) return &table->at[i];
  return NULL;
}

static ts_result unknown_option(const target *t, ts_loc loc, const char *name) {
  ts_context *ctx = t->text->ctx;
  const ts_options_owner *owner = t->owner;
  if (!owner->table->n) {
    ts_error(ctx, loc, "%s '%s' takes no options, given '%s'", owner->kind, owner->name, name);
    return TS_USAGE;
  }
  const char *list = "";
  ts_nearest near = ts_nearest_to(name);
  for (unsigned i = 0; i < owner->table->n; i++) {
    const char *known = owner->table->at[i].name;
    list = ts_sprintf(&ctx->arena, "%s%s%s", list, i ? ", " : "", known);
    ts_nearest_offer(&near, known);
  }
  if (near.best)
    ts_error(ctx, loc, "%s '%s' has no option '%s'; did you mean '%s'?", owner->kind, owner->name,
             name, near.best);
  else
    ts_error(ctx, loc, "%s '%s' has no option '%s'; it has %s", owner->kind, owner->name, name,
             list);
  return TS_USAGE;
}

static ts_result read_value(ts_text_reader *r, ts_opt_kind kind, const char **out) {
  char quote = ts_text_peek(r);
  size_t begin = r->at;
  if (quote != '\'' && quote != '"') {
    while (is_bare_value(ts_text_peek(r)) && !is_divided(r, kind))
      r->at++;
    *out = text_between(r, begin, r->at);
    return TS_OK;
  }
  for (r->at++; !ts_text_at_end(r) && ts_text_peek(r) != quote && ts_text_peek(r) != '\n';)
    r->at++;
  if (ts_text_peek(r) != quote) {
    ts_error(r->ctx, range(begin, begin + 1), "this quote is not closed");
    return TS_USAGE;
  }
  *out = text_between(r, begin + 1, r->at++);
  return TS_OK;
}

/* NAME or NAME=VALUE for the option that takes such words. */
static ts_result read_item(target *t, const ts_option *o, const char *name) {
  ts_text_reader *r = t->text;
  ts_loop_item item = {.name = name};
  if (ts_text_peek(r) == '=') {
    r->at++;
    ts_result result = read_value(r, TS_OPT_LOOPS, &item.value);
    if (result) return result;
    if (!*item.value)
      return ts_text_expected(r, ts_sprintf(&r->ctx->arena, "a value for '%s'", name));
  }
  ts_loop_list *list = slot(t->values, o);
  ts_push(&r->ctx->arena, &list->items, item);
  return TS_OK;
}

/* =VALUE, or nothing where the name alone is one. `begin` is where the name stands. */
static ts_result read_assigned(target *t, const ts_option *o, size_t begin) {
  ts_text_reader *r = t->text;
  const char *value = o->kind == TS_OPT_BOOL ? "true" : "";
  size_t value_at = begin;
  if (ts_text_peek(r) == '=') {
    value_at = ++r->at;
    ts_result result = read_value(r, o->kind, &value);
    if (result) return result;
  } else if (o->kind != TS_OPT_BOOL) {
    return ts_text_expected(r, ts_sprintf(&r->ctx->arena, "'=' after option '%s'", o->name));
  }
  if (set_value(t->values, o, value)) return TS_OK;
  ts_error(r->ctx, range(value_at, r->at), "option '%s' of %s '%s' wants %s, not '%s'", o->name,
           t->owner->kind, t->owner->name, wanted(r->ctx, o), value);
  return TS_USAGE;
}

static ts_result read_option(target *t) {
  ts_text_reader *r = t->text;
  size_t begin = r->at;
  const ts_option_table *table = t->owner->table;
  const ts_option *loops = loops_option(table);
  bool marked = loops && ts_text_peek(r) == '%'; /* %name is never an option */
  if (marked) r->at++;
  const char *name = loops ? read_loop_name(r) : ts_text_name(r);
  if (!*name)
    return ts_text_expected(r, loops ? "a loop's or an option's name" : "an option's name");
  const ts_option *o = marked ? NULL : ts_option_find(table, name);
  if (o && o->kind == TS_OPT_LOOPS) o = NULL;
  if (!o && loops) {
    t->seen |= UINT64_C(1) << (loops - table->at);
    return read_item(t, loops, name);
  }
  if (!o) return unknown_option(t, range(begin, r->at), name);
  uint64_t bit = UINT64_C(1) << (o - table->at);
  if (t->seen & bit) {
    ts_error(r->ctx, range(begin, r->at), "option '%s' is given twice", name);
    return TS_USAGE;
  }
  t->seen |= bit;
  return read_assigned(t, o, begin);
}

/* Options up to `close` ('}', or '\0' for none) or the end, which are left in place. */
static ts_result read_options(target *t, char close) {
  ts_text_reader *r = t->text;
  for (;;) {
    size_t before = r->at;
    ts_text_skip_space(r);
    if (t->seen && ts_text_peek(r) == ',') {
      r->at++;
      ts_text_skip_space(r);
      if (ts_text_at_end(r) || ts_text_peek(r) == close)
        return ts_text_expected(r, "an option after the comma");
    }
    if (ts_text_at_end(r) || (close && ts_text_peek(r) == close)) return TS_OK;
    if (t->seen && before == r->at)
      return ts_text_expected(r, "white space or a comma between options");
    ts_result result = read_option(t);
    if (result) return result;
  }
}

ts_result ts_options_read(ts_text_reader *r, const ts_options_owner *owner, void *values) {
  return read_options(&(target){.text = r, .owner = owner, .values = values}, '\0');
}

ts_result ts_options_read_braced(ts_text_reader *r, const ts_options_owner *owner, void *values) {
  ts_text_skip_space(r);
  if (ts_text_peek(r) != '{') return TS_OK;
  size_t open = r->at++;
  ts_result result = read_options(&(target){.text = r, .owner = owner, .values = values}, '}');
  if (result) return result;
  if (ts_text_at_end(r)) {
    ts_error(r->ctx, range(open, open + 1), "this '{' is not closed");
    return TS_USAGE;
  }
  r->at++;
  return TS_OK;
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
static void print_items(ts_sink *s, const ts_option_table *table, const ts_loop_list *list) {
  for (size_t i = 0; i < list->items.n; i++) {
    const ts_loop_item *item = &list->items.at[i];
    ts_sink_printf(s, "%s%s%s", i ? " " : "", ts_option_find(table, item->name) ? "%" : "",
                   item->name);
    if (!item->value) continue;
    ts_sink_puts(s, "=");
    print_value(s, item->value);
  }
}

bool ts_options_print(ts_sink *s, const ts_option_table *table, const void *values,
                      const char *open) {
  bool any = false;
  for (unsigned i = 0; i < table->n; i++) {
    const ts_option *o = &table->at[i];
    char buf[32];
    if (ts_option_is_default(o, values)) continue;
    ts_sink_puts(s, any ? " " : open);
    if (o->kind == TS_OPT_LOOPS) {
      print_items(s, table, (const void *)((const char *)values + o->offset));
    } else {
      ts_sink_printf(s, "%s=", o->name);
      print_value(s, value_text(values, o, buf));
    }
    any = true;
  }
  return any;
}
