/* -help and -version. */
#include "private.h"

enum { WIDTH = 80, INDENT = 2, MAX_COLUMN = 32 };

/* "-o=<file>" into `text`; returns its length. */
static size_t spelling(const ts_flag *f, char *text, size_t n) {
  const char *value = f->value_name ? f->value_name : f->words;
  bool optional = f->kind == TS_FLAG_BOOL || f->kind == TS_FLAG_CALL_OPTIONAL;
  int len;
  if (!value)
    len = snprintf(text, n, "-%s", f->name);
  else if (f->joined)
    len = snprintf(text, n, "-%s %s", f->name, value);
  else
    len = snprintf(text, n, optional ? "-%s[=%s]" : "-%s=%s", f->name, value);
  size_t used = ts_min((size_t)len, n - 1);
  if (f->also) used += (size_t)snprintf(text + used, n - used, ", -%s", f->also);
  return ts_min(used, n - 1);
}

static void blanks(ts_sink *out, size_t n) {
  while (n--)
    ts_sink_putc(out, ' ');
}

/* Words of `text` from column `at` on, broken before WIDTH and indented to `column`. */
static void wrap(ts_sink *out, const char *text, size_t column, size_t at) {
  for (bool first = true; *text; first = false) {
    size_t n = strcspn(text, " ");
    if (!first && at + 1 + n > WIDTH) {
      ts_sink_putc(out, '\n');
      blanks(out, column);
      at = column;
    } else if (!first) {
      ts_sink_putc(out, ' ');
      at++;
    }
    ts_sink_write(out, text, n);
    at += n;
    text += n + strspn(text + n, " ");
  }
  ts_sink_putc(out, '\n');
}

static void print_flag(ts_sink *out, const ts_flag *f, size_t column) {
  char text[128];
  size_t n = spelling(f, text, sizeof text);
  blanks(out, INDENT);
  ts_sink_write(out, text, n);
  if (INDENT + n + 2 > column) {
    ts_sink_putc(out, '\n');
    n = 0;
    blanks(out, column);
  } else {
    blanks(out, column - INDENT - n);
  }
  wrap(out, f->summary, column, column);
}

static const char *category_of(const ts_flag *f) {
  return f->category ? f->category : "General options";
}

typedef struct {
  const ts_flag *const *at;
  size_t n;
} flag_list;

static void print_category(ts_sink *out, flag_list flags, const char *category, size_t column) {
  ts_sink_printf(out, "\n%s:\n", category);
  for (size_t i = 0; i < flags.n; i++)
    if (strcmp(category_of(flags.at[i]), category) == 0) print_flag(out, flags.at[i], column);
}

static bool is_first_of_category(flag_list flags, size_t i) {
  for (size_t j = 0; j < i; j++)
    if (strcmp(category_of(flags.at[j]), category_of(flags.at[i])) == 0) return false;
  return true;
}

static void print_help(ts_tool *t, ts_sink *out, flag_list flags) {
  char text[128];
  size_t column = 0;
  for (size_t i = 0; i < flags.n; i++) {
    size_t n = INDENT + spelling(flags.at[i], text, sizeof text) + 2;
    column = n <= MAX_COLUMN ? ts_max(column, n) : column;
  }
  ts_sink_printf(out, "%s: ", t->name);
  wrap(out, t->overview, 0, strlen(t->name) + 2);
  const char *inputs = t->max_inputs == 0   ? ""
                       : t->input_name      ? t->input_name
                       : t->max_inputs == 1 ? "[input]"
                                            : "[inputs]";
  ts_sink_printf(out, "\nusage: %s [options]%s%s\n", t->name, *inputs ? " " : "", inputs);
  if (t->max_inputs && !t->input_name)
    ts_sink_puts(out, "Without an input, or with -, standard input is read.\n");
  for (size_t i = 0; i < flags.n; i++)
    if (is_first_of_category(flags, i))
      print_category(out, flags, category_of(flags.at[i]), column);
  ts_sink_puts(out, "\nOptions take one dash or two; @file reads more of them from a file.\n");
}

ts_result ts_tool_help(ts_tool *t, bool hidden) {
  ts_arena *arena = &t->ctx->arena;
  TS_VEC(const ts_flag *) shown = {0};
  for (size_t i = 0; i < TS_TOOL_NUM_COMMON_FLAGS; i++)
    ts_push(arena, &shown, &ts_tool_common_flags[i]);
  for (size_t i = 0; i < t->num_flags; i++)
    if (hidden || !t->flags[i].hidden) ts_push(arena, &shown, &t->flags[i]);
  ts_output out;
  ts_result r = ts_output_open(t, &out, "-");
  if (r != TS_OK) return r;
  print_help(t, &out.sink, (flag_list){shown.at, shown.n});
  return ts_output_commit(t, &out);
}

ts_result ts_tool_help_on(ts_tool *t, const ts_flag *f) {
  char text[128];
  ts_output out;
  ts_result r = ts_output_open(t, &out, "-");
  if (r != TS_OK) return r;
  spelling(f, text, sizeof text);
  ts_sink_printf(&out.sink, "%s\n  ", text);
  wrap(&out.sink, f->summary, INDENT, INDENT);
  if (t->describe) t->describe(&out.sink, f);
  return ts_output_commit(t, &out);
}

ts_result ts_tool_version(ts_tool *t) {
  ts_output out;
  ts_result r = ts_output_open(t, &out, "-");
  if (r != TS_OK) return r;
  ts_sink_printf(&out.sink, "%s, of tilesmith %s\n", t->name, TS_VERSION);
  ts_sink_printf(&out.sink, "left out of this build: %s\n", *TS_LEFT_OUT ? TS_LEFT_OUT : "nothing");
  return ts_output_commit(t, &out);
}
