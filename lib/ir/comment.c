/* Comments of a module: a side table by what they belong to, so that ops without any cost nothing. */
#include "ir/ir.h"

/* ---- the table ---- */

ts_comments *ts_comments_of(const ts_module *m, const void *owner) {
  return m->comments.n ? ts_ptrmap_get(&m->comments, owner) : NULL;
}

ts_comments *ts_comments_add(ts_module *m, const void *owner) {
  ts_comments *c = ts_comments_of(m, owner);
  if (c) return c;
  c = ts_new(&m->arena, ts_comments);
  ts_ptrmap_put(&m->comments, owner, c);
  return c;
}

ts_comments *ts_op_comments(ts_module *m, ts_op *op) {
  op->has_comment = true;
  return ts_comments_add(m, op);
}

/* What belongs to `from` belongs to `to`, unless that has its own. */
static void move(ts_module *m, const void *from, const void *to) {
  ts_comments *c = ts_comments_of(m, from);
  if (!c || ts_comments_of(m, to)) return;
  ts_ptrmap_put(&m->comments, to, c);
  ts_ptrmap_put(&m->comments, from, NULL);
}

void ts_comments_move(ts_module *m, ts_op *from, ts_op *to) {
  if (from->has_comment && !to->has_comment) {
    ts_comments_of(m, from)->heir = NULL;
    move(m, from, to);
    from->has_comment = false;
    to->has_comment = true;
  }
  for (unsigned i = 0; m->comments.n && i < ts_min(from->num_regions, to->num_regions); i++)
    move(m, ts_op_regions(from)[i], ts_op_regions(to)[i]);
}

static bool same_place(const ts_op *a, const ts_op *b) {
  return a && b && a->loc.begin == b->loc.begin && a->loc.end == b->loc.end && a->loc.end;
}

/* The op that stands for one that goes: its first copy, or the first of those built in its place. */
static ts_op *heir_of(const ts_module *m, const ts_op *op) {
  const ts_comments *c = op->has_comment ? ts_comments_of(m, op) : NULL;
  if (c && c->heir && c->heir->block) return c->heir;
  ts_op *heir = NULL;
  for (ts_op *at = op->prev; same_place(at, op); at = at->prev)
    heir = at;
  if (!heir && same_place(op->next, op)) heir = op->next;
  return heir;
}

void ts_comments_hand_on(ts_op *op) {
  ts_module *m = op->block && op->block->func ? op->block->func->module : NULL;
  bool any = op->has_comment;
  for (unsigned i = 0; m && m->comments.n && i < op->num_regions; i++)
    any = any || ts_comments_of(m, ts_op_regions(op)[i]);
  if (!m || !any) return;
  ts_op *heir = heir_of(m, op);
  if (heir) ts_comments_move(m, op, heir);
}

void ts_comments_copied(const ts_module *m, const ts_op *op, ts_op *copy) {
  ts_comments *c = op->has_comment ? ts_comments_of(m, op) : NULL;
  if (c && !c->heir) c->heir = copy;
}

/* ---- lines for test tools ---- */

static bool is_word_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

static bool begins(const char *at, const char *end, const char *word) {
  size_t n = strlen(word);
  return (size_t)(end - at) >= n && memcmp(at, word, n) == 0;
}

static bool ends(const char *at, size_t n, const char *word) {
  size_t m = strlen(word);
  return n >= m && memcmp(at + n - m, word, m) == 0;
}

/* Is the word [at, at + n) the prefix of checks: one that ends in CHECK, or that the file's own commands
 * name? */
static bool is_prefix(const ts_module *m, const char *at, size_t n) {
  if (ends(at, n, "CHECK")) return true;
  for (const char *p = m->check_prefixes; p && *p; p += *p == ',') {
    size_t len = strcspn(p, ",");
    if (len == n && memcmp(p, at, n) == 0) return true;
    p += len;
  }
  return false;
}

enum { MOST_PREFIXES = 4096 }; /* bytes; a test has a few */

const char *ts_check_prefixes(ts_arena *arena, const char *text, size_t n) {
  static const char option[] = "check-prefix";
  const char *limit = text + n, *p = text;
  char list[MOST_PREFIXES] = "";
  size_t used = 0;
  while ((p = memmem(p, (size_t)(limit - p), option, strlen(option)))) {
    p += strlen(option);
    if (limit - p > 2 && p[0] == 'e' && p[1] == 's') p += 2;
    if (p == limit || (*p != '=' && *p != ' ')) continue;
    const char *from = ++p;
    while (p < limit && (is_word_char(*p) || *p == '-' || *p == ','))
      p++;
    size_t len = (size_t)(p - from);
    if (!len || used + len + 2 > sizeof list) continue;
    if (used) list[used++] = ',';
    memcpy(list + used, from, len);
    used += len;
  }
  return used ? ts_strndup(arena, list, used) : NULL;
}

bool ts_is_test_line(const ts_module *m, const char *line, size_t n) {
  static const char *const lit_words[] = {"RUN",           "REQUIRES", "UNSUPPORTED", "XFAIL",
                                          "ALLOW_RETRIES", "DEFINE",   "REDEFINE"};
  static const char *const suffixes[] = {"-NEXT", "-SAME", "-DAG", "-NOT", "-LABEL", "-EMPTY"};
  const char *end = line + n, *at = line;
  while (at < end && (*at == '/' || *at == ' ' || *at == '\t'))
    at++;
  for (const char *w = at; w < end; w++)
    if (begins(w, end, "expected-") && w + 9 < end && memchr("ewnr", w[9], 4) &&
        memmem(w, (size_t)(end - w), "{{", 2))
      return true;
  const char *word = at;
  while (at < end && (is_word_char(*at) || *at == '-'))
    at++;
  const char *colon = at;
  if (at < end && *at == '{') colon = memchr(at, ':', (size_t)(end - at)); /* CHECK{LITERAL}: */
  if (!colon || colon == end || *colon != ':' || at == word) return false;
  size_t len = (size_t)(at - word);
  for (size_t i = 0; i < ts_countof(lit_words); i++)
    if (len == strlen(lit_words[i]) && memcmp(word, lit_words[i], len) == 0) return true;
  for (size_t i = 0; i < ts_countof(suffixes); i++)
    if (ends(word, len, suffixes[i]) && is_prefix(m, word, len - strlen(suffixes[i]))) return true;
  const char *count = memmem(word, len, "-COUNT", 6);
  return is_prefix(m, word, count ? (size_t)(count - word) : len);
}
