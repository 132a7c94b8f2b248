/* What the grammar did not expect: one message for each mistake, and getting on after it. */
#include "syntax/parse_advice_impl.h"

/* ---- what was expected ---- */

static const struct {
  const char *token; /* as the grammar names it */
  unsigned wants;
} tokens[] = {
    {"an op", TS_WANTS_OP},
    {"'for'", TS_WANTS_STATEMENT},
    {"'func'", TS_WANTS_TOP},
    {"a scalar type", TS_WANTS_TYPE},
    {"an extent", TS_WANTS_SHAPE},
    {"an extent's name", TS_WANTS_INDEX},
    {"'+'", TS_WANTS_OPERATOR},
    {"a value (%name)", TS_WANTS_VALUE},
    {"a symbol (@name)", TS_WANTS_SYMBOL},
    {"a word", TS_WANTS_WORD},
    {"'step'", TS_WANTS_MARK},
    {"a comparison", TS_WANTS_RELATION},
    {"','", TS_WANTS_COMMA},
    {"'->'", TS_WANTS_ARROW},
    {"'to'", TS_WANTS_TO},
};

static unsigned wants_of(int n, const char *const *expected) {
  unsigned wants = 0;
  for (int i = 0; i < n; i++)
    for (size_t k = 0; k < ts_countof(tokens); k++)
      if (!strcmp(tokens[k].token, expected[i])) wants |= tokens[k].wants;
  return wants;
}

/* ---- messages ---- */

/* The text of a token, cut to the buffer at a character's edge. */
static void copy_token(ts_parser *p, ts_loc loc, char *buf, size_t cap) {
  size_t n = ts_min((size_t)(loc.end - loc.begin), cap - 1);
  while (n > 0 && n < loc.end - loc.begin && (p->base[loc.begin + n] & 0xc0) == 0x80)
    n--;
  memcpy(buf, p->base + loc.begin, n);
  buf[n] = 0;
}

static const char *word_to(ts_parser *p, const char *end) {
  const char *at = end;
  while (at > p->base && ts_parser_skip_name(at - 1) > at - 1)
    at--;
  return ts_strndup(&p->scratch, at, (size_t)(end - at));
}

/* More than a few say nothing. */
enum { MOST_LISTED = 6 };

static void unexpected(ts_parser *p, ts_loc loc, ts_surprise_kind kind, const char *found, int n,
                       const char *const *expected) {
  char list[256] = "";
  if (n == 1 && !strcmp(expected[0], "':'")) {
    bool type = strchr(found, '<') || !strncmp(p->base + loc.begin, "out ", 4) ||
                !strncmp(p->base + loc.begin, "inout ", 6);
    ts_error(p->ctx, loc,
             type ? "a ':' is missing before this" : "a ':' and a type are missing before this");
    return;
  }
  for (int i = 0; n <= MOST_LISTED && i < n; i++) {
    strncat(list,
            i == 0      ? "; expected "
            : i + 1 < n ? ", "
                        : " or ",
            sizeof list - strlen(list) - 1);
    strncat(list, expected[i], sizeof list - strlen(list) - 1);
  }
  if (kind == TS_SURPRISE_ATTRS)
    ts_error(p->ctx, loc, "attributes do not stand here%s", list);
  else
    ts_error(p->ctx, loc, "unexpected '%s'%s", found, list);
}

/* The place of the innermost block that is still open. */
static void note_open_block(ts_parser *p) {
  const ts_scope *scope = p->scopes.n ? &p->scopes.at[p->scopes.n - 1] : NULL;
  if (!scope) return;
  ts_loc loc = scope->op            ? scope->op->loc
               : scope->block->func ? scope->block->func->loc
                                    : (ts_loc){0};
  if (loc.end) ts_note(p->ctx, loc, "the block of this is still open");
}

/* A function within a function, or the end: a brace is missing, and is missed once. */
static void missing_brace(ts_parser *p, ts_loc loc, ts_surprise_kind kind) {
  if (p->brace_missed) return;
  p->brace_missed = true;
  if (kind == TS_SURPRISE_END)
    ts_error(p->ctx, loc, "the input ends too early: a '}' is missing");
  else
    ts_error(p->ctx, loc, "a function begins inside of another: a '}' is missing before it");
  note_open_block(p);
}

static bool is_silent(ts_parser *p, ts_loc loc, unsigned wants) {
  const ts_diag *last = p->ctx->last;
  bool error = last && last->severity == TS_SEV_ERROR && last->source == p->ctx->source;
  if (error && last->loc.begin == loc.begin)
    return true; /* what recovery hands out again may surprise again */
  if (error && last->loc.end == p->last_end) return true; /* the token before was wrong already */
  bool was_lost = p->lost;
  if (!p->scopes.n) p->lost = true;
  return was_lost && (wants & TS_WANTS_TOP);
}

void ts_parse_syntax_error(ts_parser *p, ts_loc loc, ts_surprise_kind kind, int n,
                           const char *const *expected) {
  unsigned wants = wants_of(n, expected);
  p->surprise = loc;
  if (is_silent(p, loc, wants)) return;
  bool in_block = p->scopes.n && wants & TS_WANTS_STATEMENT;
  if (in_block && (kind == TS_SURPRISE_END || kind == TS_SURPRISE_FUNC)) {
    missing_brace(p, loc, kind);
    return;
  }
  if (kind == TS_SURPRISE_END) {
    ts_error(p->ctx, loc, "the input ends too early");
    return;
  }
  char found[64];
  copy_token(p, loc, found, sizeof found);
  const char *before = p->base + p->last_end, *at = p->base + loc.begin;
  bool new_line = before < at && memchr(before, '\n', (size_t)(at - before));
  const char *advice = kind == TS_SURPRISE_ATTRS
                           ? NULL
                           : ts_parse_advice(&(ts_surprise){
                                 p, at, found, before, word_to(p, before), kind == TS_SURPRISE_WORD,
                                 new_line || !p->last_end, wants});
  p->module_brace = !strcmp(found, "module") && wants & TS_WANTS_TOP;
  if (advice)
    ts_error(p->ctx, loc, "%s", advice);
  else
    unexpected(p, loc, kind, found, n, expected);
}

void ts_parse_parentheses(ts_parser *p, ts_opcode opcode, ts_loc op, ts_loc paren) {
  const char *inside = p->base + paren.begin + 1;
  int n = (int)strcspn(inside, ")\n"), head = (int)(op.end - op.begin);
  bool access = opcode == TS_OP_LOAD || opcode == TS_OP_STORE || opcode == TS_OP_ATOMIC_ADD;
  p->surprise = paren;
  if (p->word.name)
    ts_parser_wrong_word(p, opcode);
  else if (access && p->items.n)
    ts_error(p->ctx, paren, "subscripts stand in brackets: %.*s[%.*s]", head, p->base + op.begin, n,
             inside);
  else
    ts_error(p->ctx, paren, "operands stand without parentheses: %s %.*s", ts_op_infos[opcode].name,
             n, inside);
}

void ts_parser_wrong_word(ts_parser *p, ts_opcode opcode) {
  const char *word = ts_parser_text(p, p->word.name);
  bool visible = ts_parser_find(p, word, strlen(word)) != NULL;
  if (!p->poisoned)
    ts_error(p->ctx, p->word.loc, "%s", ts_parse_word_advice(p, opcode, word, visible));
}

/* ---- getting on ---- */

static void poison_name(ts_parser *p, const char *name, size_t n, ts_loc at) {
  ts_str s = ts_intern_n(&p->m->strings, name, n, true);
  if (!ts_parser_find(p, name, n)) ts_parser_define(p, (ts_named){s, at}, ts_parser_poison(p, s));
}

/* Names that the line of a surprise would have defined are taken as defined, so that their uses are
 * not reported too: every %name, and the surprise itself, which may lack its %. */
static void poison_line(ts_parser *p, ts_loc at) {
  if (ts_parser_skip_name(p->base + at.begin) == p->base + at.end)
    poison_name(p, p->base + at.begin, at.end - at.begin, at);
  const char *begin = p->base + at.begin;
  while (begin > p->base && begin[-1] != '\n')
    begin--;
  for (const char *c = begin; c < p->limit && *c != '\n'; c++) {
    const char *end = *c == '%' ? ts_parser_skip_name(c + 1) : c;
    if (end <= c + 1) continue;
    poison_name(p, c + 1, (size_t)(end - c) - 1, at);
    c = end - 1;
  }
}

void ts_parse_recover(ts_parser *p) {
  for (size_t i = 0; i < p->results.n; i++)
    ts_parser_define(p, p->results.at[i], ts_parser_poison(p, p->results.at[i].name));
  if (p->surprise.end && p->scopes.n) poison_line(p, p->surprise);
  p->surprise = (ts_loc){0};
  p->without_region = NULL;
  ts_parser_forget_head(p);
}
