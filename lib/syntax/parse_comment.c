/* Comments while reading. The scanner notes each; what is built next takes those in front of it and within
 * it, and what stands before one on its line takes that one. Blank lines in front are kept with them, one
 * for any number. */
#include "syntax/parser_impl.h"

static bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

/* Does a line without text stand in front of byte `at`? */
static bool after_blank(const ts_parser *p, uint32_t at) {
  unsigned lines = 0;
  if (!p->may_have_blanks) return false; /* asked for every op */
  for (const char *c = p->base + at; c > p->base && is_space(c[-1]);)
    lines += *--c == '\n';
  return lines > 1;
}

static bool begins_line(const ts_parser *p, uint32_t at) {
  const char *c = p->base + at;
  while (c > p->base && (c[-1] == ' ' || c[-1] == '\t' || c[-1] == '\r'))
    c--;
  return c == p->base || c[-1] == '\n';
}

void ts_parser_comment(ts_parser *p, ts_loc loc) {
  p->has_comments = true;
  if (loc.begin < p->comments_from) return; /* of the file */
  bool own = begins_line(p, loc.begin);
  ts_push(&p->scratch, &p->comments,
          (ts_comment){loc, own ? 0 : p->this_end, !own && p->last_token == '{'});
}

/* ---- giving them to their owners ---- */

static void put_line(ts_parser *p, ts_sink *s, ts_loc line) {
  const char *at = p->base + line.begin;
  size_t n = line.end - line.begin;
  while (n && is_space(at[n - 1]))
    n--;
  ts_sink_write(s, at, n);
  ts_sink_putc(s, '\n');
}

static void begin_lines(ts_parser *p, ts_sink *s, const char *already) {
  ts_sink_buffer(s, &p->ctx->memory);
  if (already) ts_sink_puts(s, already);
}

static const char *end_lines(ts_parser *p, ts_sink *s) {
  const char *text = s->n ? ts_strndup(&p->m->arena, s->buf, s->n) : NULL;
  ts_sink_drop(s);
  return text;
}

static void add_trail(ts_parser *p, ts_comments *to, ts_loc line) {
  ts_sink s;
  begin_lines(p, &s, to->trail);
  put_line(p, &s, line);
  to->trail = end_lines(p, &s);
}

/* Comments on the line of something that is complete; false when it is for what comes next. */
static bool give_trailing(ts_parser *p, const ts_comment *c, ts_op *op, uint32_t op_end) {
  const ts_block *block = p->scopes.n ? p->scopes.at[p->scopes.n - 1].block : NULL;
  if (!c->behind) return false;
  if (c->opens && block)
    add_trail(p, ts_comments_add(p->m, block), c->loc);
  else if (op && c->behind == op_end)
    add_trail(p, ts_op_comments(p->m, op), c->loc);
  else if (p->last_owner && c->behind == p->last_owner_end) {
    if (p->last_owner_is_op) ((ts_op *)p->last_owner)->has_comment = true;
    add_trail(p, ts_comments_add(p->m, p->last_owner), c->loc);
  } else
    return false;
  return true;
}

static void remember(ts_parser *p, void *owner, bool is_op, uint32_t end) {
  p->last_owner = owner;
  p->last_owner_is_op = is_op;
  p->last_owner_end = end;
}

static const char *lead_of(ts_parser *p, const void *owner) {
  const ts_comments *c = ts_comments_of(p->m, owner);
  return c ? c->lead : NULL;
}

/* Those before byte `end` that nothing took, and with `blank` an empty line: in front of `owner`, which is
 * `op` when it is one. */
static void take(ts_parser *p, void *owner, ts_op *op, uint32_t end, uint32_t op_end, bool blank) {
  size_t kept = 0;
  ts_sink lines;
  if (!p->comments.n && !blank) return;
  begin_lines(p, &lines, lead_of(p, owner));
  for (size_t i = 0; i < p->comments.n; i++) {
    ts_comment c = p->comments.at[i];
    if (give_trailing(p, &c, op, op_end)) continue;
    if (c.loc.begin >= end) {
      p->comments.at[kept++] = c;
      continue;
    }
    if (after_blank(p, c.loc.begin)) ts_sink_putc(&lines, '\n');
    put_line(p, &lines, c.loc);
  }
  p->comments.n = kept;
  if (blank) ts_sink_putc(&lines, '\n');
  const char *lead = end_lines(p, &lines);
  if (lead) (op ? ts_op_comments(p->m, op) : ts_comments_add(p->m, owner))->lead = lead;
}

void ts_parser_comment_op(ts_parser *p, ts_op *op) {
  bool blank = after_blank(p, op->loc.begin);
  if (p->comments.n || blank) {
    take(p, op, op, op->loc.begin, op->loc.end, blank);
    take(p, op, op, op->loc.end, op->loc.end, false);
  }
  remember(p, op, true, op->loc.end);
}

void ts_parser_comment_item(ts_parser *p, void *item, uint32_t begin, uint32_t end) {
  take(p, item, NULL, begin, 0, after_blank(p, begin));
  take(p, item, NULL, end, 0, false);
  remember(p, item, false, end);
}

void ts_parser_comment_close(ts_parser *p, ts_block *block, void *owner, bool is_op, ts_loc brace) {
  take(p, block, NULL, brace.begin, 0, false);
  remember(p, owner, is_op, brace.end);
}

void ts_parser_comment_end(ts_parser *p) {
  take(p, p->m, NULL, UINT32_MAX, 0, false);
  if (p->has_comments && p->base == p->m->source.text)
    p->m->check_prefixes = ts_check_prefixes(&p->m->arena, p->base, (size_t)(p->limit - p->base));
}
