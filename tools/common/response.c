/* @file: more arguments from a file, split into words as a shell does: white space separates,
 * single and double quotes join, a backslash takes the next character as it is (not inside single
 * quotes). */
#include "private.h"

enum { MAX_DEPTH = 16 };

typedef struct {
  const char *at, *end;
} cursor;

static bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

/* One word from where `c` stands, written over the text that it comes from, which is never shorter.
 * False when a quote is not closed. */
static bool take_word(cursor *c, char *word) {
  char quote = 0;
  for (; c->at < c->end && (quote || !is_space(*c->at)); c->at++) {
    bool escape = *c->at == '\\' && quote != '\'' && c->at + 1 < c->end;
    if (escape)
      *word++ = *++c->at;
    else if (*c->at == quote)
      quote = 0;
    else if (!quote && (*c->at == '\'' || *c->at == '"'))
      quote = *c->at;
    else
      *word++ = *c->at;
  }
  if (c->at < c->end) c->at++;
  *word = '\0';
  return !quote;
}

ts_result ts_tool_expand_file(ts_tool *t, const char *path, unsigned depth, word_list *words) {
  ts_source source;
  if (depth == MAX_DEPTH)
    return ts_tool_usage(t, "'@%s' is nested more than %d deep", path, MAX_DEPTH);
  ts_result r = ts_tool_read(t, path, &source);
  if (r != TS_OK) return r == TS_ERR ? TS_USAGE : r;
  if (memchr(source.text, '\0', source.n)) return ts_tool_usage(t, "'@%s' holds a NUL byte", path);
  char *copy = ts_strndup(&t->ctx->arena, source.text, source.n);
  cursor c = {copy, copy + source.n};
  while (c.at < c.end) {
    if (is_space(*c.at)) {
      c.at++;
      continue;
    }
    char *word = copy + (c.at - copy);
    bool nested = *c.at == '@';
    if (!take_word(&c, word)) return ts_tool_usage(t, "'@%s' leaves a quote open", path);
    r = nested && word[1] ? ts_tool_expand_file(t, word + 1, depth + 1, words) : TS_OK;
    if (r != TS_OK) return r;
    if (!nested) ts_push(&t->ctx->arena, words, word);
  }
  return TS_OK;
}
