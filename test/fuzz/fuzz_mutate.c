/* Changes programs word by word and line by line, so that many still read and verify; one time in
 * three libFuzzer changes bytes as it always does. A word takes the place of one of its kind: a name
 * of a name, a number of a number, an op of an op. */
#include "ir/ir.h"
#include "data/array.h"
#include "fuzz.h"

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);

typedef struct span {
  size_t begin, end;
} span;

typedef struct text {
  char *at;
  size_t n, max;
  uint64_t random;
} text;

static size_t below(text *t, size_t n) {
  t->random = t->random * 6364136223846793005u + 1442695040888963407u;
  return n ? (size_t)(t->random >> 33) % n : 0;
}

static bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* The word at or after a random place; empty when there is none. A sigil belongs to it. */
static span pick_word(text *t) {
  size_t at = below(t, t->n);
  while (at > 0 && is_word(t->at[at - 1]))
    at--;
  while (at < t->n && !is_word(t->at[at]))
    at++;
  span s = {at, at};
  while (s.end < t->n && is_word(t->at[s.end]))
    s.end++;
  if (at > 0 && at < t->n && (t->at[at - 1] == '%' || t->at[at - 1] == '@')) s.begin--;
  return s;
}

static span pick_line(text *t) {
  size_t at = below(t, t->n);
  while (at > 0 && t->at[at - 1] != '\n')
    at--;
  span s = {at, at};
  while (s.end < t->n && t->at[s.end] != '\n')
    s.end++;
  if (s.end < t->n) s.end++;
  return s;
}

static void replace(text *t, span old, const char *with, size_t n) {
  size_t rest = t->n - old.end;
  if (old.begin + n + rest > t->max) return;
  memmove(t->at + old.begin + n, t->at + old.end, rest);
  memcpy(t->at + old.begin, with, n);
  t->n = old.begin + n + rest;
}

static char kind_of(const text *t, span s) {
  char c = s.begin < s.end ? t->at[s.begin] : 0;
  return c >= '0' && c <= '9' ? '0' : is_word(c) ? 'a' : c;
}

/* Copies the span first: it may lie in what moves. */
static void replace_by(text *t, span old, span from) {
  char copy[512];
  size_t n = ts_min(from.end - from.begin, sizeof copy);
  memcpy(copy, t->at + from.begin, n);
  replace(t, old, copy, n);
}

static void change_word(text *t) {
  static const char *const numbers[] = {"0", "1", "2",  "3",  "4",     "5",
                                        "7", "8", "16", "64", "65536", "4294967296"};
  span old = pick_word(t);
  char kind = kind_of(t, old);
  const char *word = NULL;
  if (kind == '0' && below(t, 2)) word = numbers[below(t, ts_countof(numbers))];
  if (kind == 'a' && below(t, 2))
    word = below(t, 4) ? ts_op_infos[below(t, TS_NUM_OPCODES)].name
                       : ts_dtype_name((ts_dtype)below(t, TS_NUM_DTYPES));
  if (word) {
    replace(t, old, word, strlen(word));
    return;
  }
  for (int tries = 0; tries < 16; tries++) {
    span from = pick_word(t);
    if (kind_of(t, from) != kind || from.begin == old.begin) continue;
    replace_by(t, old, from);
    return;
  }
}

static void change_line(text *t) {
  span line = pick_line(t), to = pick_line(t);
  if (below(t, 3) == 0) {
    replace(t, line, "", 0);
  } else {
    if (below(t, 3)) to.end = to.begin;
    replace_by(t, to, line);
  }
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed) {
  text t = {(char *)data, size, max_size, seed};
  if (size == 0 || below(&t, 3) == 0) return LLVMFuzzerMutate(data, size, max_size);
  for (size_t n = 1 + below(&t, 3); n > 0 && t.n > 0; n--)
    if (below(&t, 4))
      change_word(&t);
    else
      change_line(&t);
  return t.n;
}
