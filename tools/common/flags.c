/* The command line: a table of options, acted on in the order given. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "support/spelling.h"
#include "private.h"

const ts_flag ts_tool_common_flags[TS_TOOL_NUM_COMMON_FLAGS] = {
    {"help", TS_FLAG_CALL_OPTIONAL, "option", "print this, or all about one option", .also = "h"},
    {"help-hidden", TS_FLAG_BOOL, NULL, "print this, with options for developers"},
    {"version", TS_FLAG_BOOL, NULL, "print the version, and what this build lacks"},
    {"color", TS_FLAG_WORD, NULL,
     "messages, programs and diffs in colour (auto: on a terminal, unless NO_COLOR is set)",
     .words = "auto|always|never"},
    {"completion", TS_FLAG_WORD, NULL, "print a script that lets the shell complete options",
     .words = "bash|zsh|fish"},
};

/* ---- looking options up ---- */

static bool is_word(const char *word, const char *text, size_t n) {
  return strlen(word) == n && memcmp(word, text, n) == 0;
}

static const ts_flag *find_in(const ts_flag *flags, size_t num, const char *name, size_t n) {
  for (size_t i = 0; i < num; i++)
    if (is_word(flags[i].name, name, n) || (flags[i].also && is_word(flags[i].also, name, n)))
      return &flags[i];
  return NULL;
}

static const ts_flag *find_flag(const ts_tool *t, const char *name, size_t n) {
  const ts_flag *f = find_in(t->flags, t->num_flags, name, n);
  return f ? f : find_in(ts_tool_common_flags, TS_TOOL_NUM_COMMON_FLAGS, name, n);
}

/* -Dvalue: the longest name that allows it. */
static const ts_flag *find_joined(const ts_tool *t, const char *text) {
  const ts_flag *best = NULL;
  for (const ts_flag *f = t->flags; f < t->flags + t->num_flags; f++) {
    size_t n = strlen(f->name);
    if (f->joined && strncmp(f->name, text, n) == 0 && (!best || n > strlen(best->name))) best = f;
  }
  return best;
}

static ts_result unknown_flag(ts_tool *t, const char *arg, const char *name, size_t n) {
  const char *word = ts_strndup(&t->ctx->arena, name, n);
  ts_nearest near = ts_nearest_to(word);
  for (size_t i = 0; i < t->num_flags; i++)
    ts_nearest_offer(&near, t->flags[i].name);
  for (size_t i = 0; i < TS_TOOL_NUM_COMMON_FLAGS; i++)
    ts_nearest_offer(&near, ts_tool_common_flags[i].name);
  const char *synonym = t->synonym ? t->synonym(&t->ctx->arena, word) : NULL;
  int shown = (int)(name + n - arg);
  if (synonym || near.best)
    return ts_tool_usage(t, "unknown option '%.*s'; did you mean '%.*s%s'?", shown, arg,
                         (int)(name - arg), arg, synonym ? synonym : near.best);
  return ts_tool_usage(t, "unknown option '%.*s'; -help lists them", shown, arg);
}

/* ---- values ---- */

static ts_result bad_value(ts_tool *t, const ts_flag *f, const char *value, const char *wanted) {
  return ts_tool_usage(t, "option '-%s' cannot be '%s': expected %s", f->name, value, wanted);
}

static ts_result set_bool(ts_tool *t, const ts_flag *f, const char *value) {
  bool yes = !value || strcmp(value, "true") == 0 || strcmp(value, "1") == 0;
  if (!yes && strcmp(value, "false") != 0 && strcmp(value, "0") != 0)
    return bad_value(t, f, value, "true or false");
  *(bool *)f->at = yes;
  return TS_OK;
}

static ts_result set_int(ts_tool *t, const ts_flag *f, const char *value) {
  char *end, wanted[96] = "an integer";
  int64_t v;
  bool limited = f->min || f->max;
  if (limited && f->max == INT64_MAX)
    snprintf(wanted, sizeof wanted, "an integer of at least %lld", (long long)f->min);
  else if (limited)
    snprintf(wanted, sizeof wanted, "an integer from %lld to %lld", (long long)f->min,
             (long long)f->max);
  const char *digits = value + (*value == '-' || *value == '+');
  errno = 0;
  v = strtoll(value, &end, 10);
  bool is_int = *digits >= '0' && *digits <= '9' && errno == 0 && !*end;
  if (!is_int || (limited && (v < f->min || v > f->max))) return bad_value(t, f, value, wanted);
  *(int64_t *)f->at = v;
  return TS_OK;
}

static ts_result set_size(ts_tool *t, const ts_flag *f, const char *value) {
  return ts_parse_size(value, f->at) ? TS_OK : bad_value(t, f, value, TS_SIZE_WANTED);
}

static ts_result set_double(ts_tool *t, const ts_flag *f, const char *value) {
  double v;
  if (!ts_parse_double(value, strlen(value), &v) || isnan(v))
    return bad_value(t, f, value, "a number");
  *(double *)f->at = v;
  return TS_OK;
}

static ts_result set_word(ts_tool *t, const ts_flag *f, const char *value) {
  size_t n = strlen(value);
  const char *word = f->words;
  for (int i = 0;; i++) {
    size_t m = strcspn(word, "|");
    if (m == n && memcmp(word, value, n) == 0) {
      *(int *)f->at = i;
      return TS_OK;
    }
    if (!word[m]) return bad_value(t, f, value, f->words);
    word += m + 1;
  }
}

static ts_result apply(ts_tool *t, const ts_flag *f, const char *value) {
  switch (f->kind) {
  case TS_FLAG_BOOL: return set_bool(t, f, value);
  case TS_FLAG_INT: return set_int(t, f, value);
  case TS_FLAG_SIZE: return set_size(t, f, value);
  case TS_FLAG_DOUBLE: return set_double(t, f, value);
  case TS_FLAG_WORD: return set_word(t, f, value);
  case TS_FLAG_STRING: *(const char **)f->at = value; return TS_OK;
  case TS_FLAG_CALL:
  case TS_FLAG_CALL_OPTIONAL: return f->call(t, f, value);
  }
  ts_unreachable("unknown kind of option");
}

/* ---- the command line ---- */

typedef struct {
  ts_tool *tool;
  word_list words;
  size_t next;
  TS_VEC(const char *) inputs;
} parse;

static size_t dashes(const char *arg) { return arg[0] != '-' ? 0 : arg[1] == '-' ? 2 : 1; }

static ts_result answer_help_on(ts_tool *t, const char *topic) {
  const char *name = topic + dashes(topic);
  const ts_flag *f = find_flag(t, name, strlen(name));
  return f ? ts_tool_help_on(t, f) : unknown_flag(t, topic, name, strlen(name));
}

static ts_result answer_common(ts_tool *t, const ts_flag *f, const char *value) {
  bool help = strcmp(f->name, "help") == 0;
  if (f->kind == TS_FLAG_WORD) {
    int which = 0;
    ts_flag chosen = *f;
    chosen.at = strcmp(f->name, "color") == 0 ? &t->colour : &which;
    ts_result r = set_word(t, &chosen, value);
    if (r != TS_OK || chosen.at != &which) return r;
    t->done = true;
    return ts_tool_completion(t, value);
  }
  if (value && !help) return ts_tool_usage(t, "option '-%s' takes no value", f->name);
  t->done = true;
  if (value) return answer_help_on(t, value);
  if (strcmp(f->name, "version") == 0) return ts_tool_version(t);
  return ts_tool_help(t, strcmp(f->name, "help-hidden") == 0);
}

static bool is_common(const ts_flag *f) {
  return f >= ts_tool_common_flags && f < ts_tool_common_flags + TS_TOOL_NUM_COMMON_FLAGS;
}

/* The next argument as the value of `f`. A known option is none: "-o -fuse" forgot the file. */
static ts_result take_value(parse *p, const ts_flag *f, const char **value) {
  if (p->next < p->words.n) {
    const char *v = p->words.at[p->next];
    size_t skip = dashes(v);
    if (!skip || !find_flag(p->tool, v + skip, strcspn(v + skip, "="))) {
      p->next++;
      *value = v;
      return TS_OK;
    }
  }
  return ts_tool_usage(p->tool, "option '-%s' needs a value: -%s=%s", f->name, f->name,
                       f->value_name ? f->value_name
                       : f->words    ? f->words
                                     : "value");
}

static ts_result parse_flag(parse *p, const char *arg) {
  const char *name = arg + dashes(arg);
  size_t n = strcspn(name, "=");
  const char *value = name[n] ? name + n + 1 : NULL;
  const ts_flag *f = find_flag(p->tool, name, n);
  if (!f && dashes(arg) == 1 && (f = find_joined(p->tool, name))) value = name + strlen(f->name);
  if (!f) return unknown_flag(p->tool, arg, name, n);
  if (!value && f->takes && p->next < p->words.n && f->takes(f, p->words.at[p->next]))
    value = p->words.at[p->next++];
  if (!value && f->kind != TS_FLAG_BOOL && f->kind != TS_FLAG_CALL_OPTIONAL) {
    ts_result r = take_value(p, f, &value);
    if (r != TS_OK) return r;
  }
  return is_common(f) ? answer_common(p->tool, f, value) : apply(p->tool, f, value);
}

static ts_result parse_words(parse *p) {
  ts_tool *t = p->tool;
  bool only_inputs = false;
  while (p->next < p->words.n && !t->done) {
    const char *arg = p->words.at[p->next++];
    ts_result r = TS_OK;
    if (only_inputs || arg[0] != '-' || !arg[1])
      ts_push(&t->ctx->arena, &p->inputs, arg);
    else if (strcmp(arg, "--") == 0)
      only_inputs = true;
    else
      r = parse_flag(p, arg);
    if (r != TS_OK) return r;
    if (p->inputs.n > t->max_inputs) return ts_tool_usage(t, "one input too many: '%s'", arg);
  }
  if (p->inputs.n == 0 && t->max_inputs && !t->input_name) ts_push(&t->ctx->arena, &p->inputs, "-");
  t->inputs = p->inputs.at;
  t->num_inputs = p->inputs.n;
  return TS_OK;
}

/* As a shell would have to be given it. */
static void quote(ts_sink *s, const char *word) {
  static const char plain[] =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@%+=:,./-";
  if (*word && word[strspn(word, plain)] == '\0') {
    ts_sink_puts(s, word);
    return;
  }
  ts_sink_putc(s, '\'');
  for (const char *p = word; *p; p++)
    if (*p == '\'')
      ts_sink_puts(s, "'\\''");
    else
      ts_sink_putc(s, *p);
  ts_sink_putc(s, '\'');
}

struct arguments {
  ts_tool *tool;
  int argc;
  char **argv;
};

static ts_result describe_command(ts_tool *t, const word_list *words) {
  ts_sink s;
  ts_sink_buffer(&s, NULL);
  ts_sink_puts(&s, t->name);
  for (size_t i = 0; i < words->n; i++) {
    ts_sink_putc(&s, ' ');
    quote(&s, words->at[i]);
  }
  ts_result r = ts_sink_finish(&s);
  if (r == TS_OK) t->command_line = ts_strndup(&t->ctx->arena, s.buf, s.n);
  ts_sink_drop(&s);
  return r == TS_OK ? r : TS_LIMIT;
}

static ts_result parse_arguments(void *arg) {
  struct arguments *a = arg;
  parse p = {.tool = a->tool};
  for (int i = 1; i < a->argc; i++) {
    if (a->argv[i][0] != '@' || !a->argv[i][1]) {
      ts_push(&a->tool->ctx->arena, &p.words, a->argv[i]);
      continue;
    }
    ts_result r = ts_tool_expand_file(a->tool, a->argv[i] + 1, 0, &p.words);
    if (r != TS_OK) return r;
  }
  ts_result r = describe_command(a->tool, &p.words);
  return r == TS_OK ? parse_words(&p) : r;
}

ts_result ts_tool_parse(ts_tool *t, int argc, char **argv, const ts_flag *flags, size_t num_flags,
                        size_t max_inputs) {
  t->flags = flags;
  t->num_flags = num_flags;
  t->max_inputs = max_inputs;
  struct arguments a = {t, argc, argv};
  return ts_protect(t->ctx, parse_arguments, &a);
}
