/* Colouring is by the look of a word alone: it must never change what stands there. */
#include "support/colour.h"

static const char GREY[] = "\033[90m", CYAN[] = "\033[36m", BLUE[] = "\033[94m",
                  GREEN[] = "\033[32m", MAGENTA[] = "\033[35m", YELLOW[] = "\033[33m",
                  RED[] = "\033[31m", BOLD[] = "\033[1m", OFF[] = "\033[0m";

static bool is_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '.' || c == '$';
}

static void put(ts_sink *s, const char *colour, const char *text, size_t n) {
  ts_sink_puts(s, colour);
  ts_sink_write(s, text, n);
  ts_sink_puts(s, OFF);
}

static size_t skip_name(const char *at, size_t n) {
  size_t i = 0;
  while (i < n && is_name(at[i]))
    i++;
  return i;
}

static bool is_one_of(const char *list, const char *word, size_t n) {
  for (const char *at = list; *at; at += strcspn(at, " "), at += *at == ' ')
    if (strcspn(at, " ") == n && !memcmp(at, word, n)) return true;
  return false;
}

/* A type ends with its '>' or with the word. */
static size_t skip_type(const char *at, size_t n, size_t word) {
  if (word == n || at[word] != '<') return word;
  size_t i = word, depth = 0;
  do {
    depth += at[i] == '<';
    depth -= at[i] == '>';
    i++;
  } while (i < n && depth && at[i] != '\n');
  return i;
}

static size_t colour_word(ts_sink *s, const char *at, size_t n) {
  static const char types[] = "tensor memref vector fragment f64 f32 f16 bf16 i64 i32 i8 i1 index";
  static const char keywords[] =
      "func global for to step if else and in launch out inout mask return yield parallel "
      "unroll floordiv ceildiv mod blocks threads min max";
  size_t word = skip_name(at, n);
  if (is_one_of(types, at, word)) {
    word = skip_type(at, n, word);
    put(s, GREEN, at, word);
  } else if (at[0] >= '0' && at[0] <= '9') {
    put(s, MAGENTA, at, word);
  } else if (is_one_of(keywords, at, word)) {
    put(s, YELLOW, at, word);
  } else {
    ts_sink_write(s, at, word);
  }
  return word;
}

void ts_colour_program(ts_sink *s, const char *text, size_t n) {
  for (size_t i = 0, word; i < n; i += word) {
    const char *at = text + i;
    size_t rest = n - i;
    if (rest > 1 && at[0] == '/' && at[1] == '/') {
      const char *end = memchr(at, '\n', rest);
      word = end ? (size_t)(end - at) : rest;
      put(s, GREY, at, word);
    } else if (*at == '%' || *at == '@') {
      word = 1 + skip_name(at + 1, rest - 1);
      put(s, *at == '%' ? CYAN : BLUE, at, word);
    } else if (is_name(*at)) {
      word = colour_word(s, at, rest);
    } else {
      word = 1;
      ts_sink_putc(s, *at);
    }
  }
}

void ts_colour_diff(ts_sink *s, const char *text, size_t n) {
  for (size_t i = 0; i < n;) {
    const char *at = text + i, *end = memchr(at, '\n', n - i);
    size_t line = end ? (size_t)(end - at) : n - i;
    bool head = line > 3 && (!memcmp(at, "--- ", 4) || !memcmp(at, "+++ ", 4));
    const char *colour = head         ? BOLD
                         : *at == '-' ? RED
                         : *at == '+' ? GREEN
                         : *at == '@' ? CYAN
                                      : NULL;
    if (colour)
      put(s, colour, at, line);
    else
      ts_sink_write(s, at, line);
    if (end) ts_sink_putc(s, '\n');
    i += line + 1;
  }
}
