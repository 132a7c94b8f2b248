/* Entry to the parser; blocks and functions. */
#include "syntax/parser_impl.h"
#include "ir_parser.h"

#define YYSTYPE TS_IR_STYPE
#define YYLTYPE TS_IR_LTYPE
#include "ir_lexer.h"

/* ---- blocks ---- */

/* A block that belongs to nothing: after an error, or after an op that takes none. Read, kept nowhere. */
static ts_block *stray_block(ts_parser *p, ts_loc brace) {
  ts_block *block = ts_new(&p->m->arena, ts_block);
  const ts_block *outer = p->scopes.n ? p->scopes.at[p->scopes.n - 1].block : NULL;
  if (outer) {
    block->func = outer->func;
    block->parent = outer->parent;
  }
  if (p->without_region)
    ts_error(p->ctx, brace, "'%s' takes no block", ts_info(p->without_region)->name);
  ts_push(&p->scratch, &p->strays, block);
  return block;
}

bool ts_parse_block_open(ts_parser *p, ts_loc brace) {
  if (p->scopes.n > TS_MAX_NESTING) {
    ts_error(p->ctx, brace, "blocks nest deeper than %d", TS_MAX_NESTING);
    return false;
  }
  ts_block *block = p->pending_block ? p->pending_block : stray_block(p, brace);
  ts_push(&p->scratch, &p->scopes, (ts_scope){block, p->num_visible, p->pending_op, p->pending});
  for (size_t i = 0; i < p->arg_names.n && i < block->num_args; i++)
    ts_parser_define(p, p->arg_names.at[i], block->args[i]);
  p->pending_op = NULL;
  ts_parser_check_pending(p);
  ts_parser_forget_head(p);
  return true;
}

void ts_parse_block_close(ts_parser *p, ts_loc brace) {
  ts_parser_check_pending(p);
  ts_scope scope = p->scopes.at[p->scopes.n - 1];
  scope.block->end = brace;
  bool is_op = scope.op != NULL;
  ts_parser_comment_close(p, scope.block, is_op ? (void *)scope.op : (void *)scope.block->func,
                          is_op, brace);
  p->scopes.n--;
  while (p->num_visible > scope.outer_names)
    p->defs[p->visible[--p->num_visible]] = NULL;
  p->last_closed = scope.op;
  if (scope.pending) ts_parser_finish_pending(p, scope.pending);
}

/* ---- functions ---- */

void ts_parse_func_begin(ts_parser *p, ts_named name, ts_loc loc) {
  p->lost = false;
  if (name.name) ts_parser_check_name(p, name, "function");
  size_t n = p->arg_names.n;
  ts_str *names = ts_new_array(&p->scratch, ts_str, n + 1);
  for (size_t i = 0; i < n; i++)
    names[i] = p->arg_names.at[i].name;
  if (n > UINT16_MAX) {
    ts_error(p->ctx, name.loc, "%zu parameters are more than %d", n, UINT16_MAX);
    n = UINT16_MAX;
  }
  ts_func *f = ts_func_create(p->m, name.name, name.loc, (unsigned)n, p->arg_types.at, names,
                              p->arg_roles.at, (unsigned)p->types.n, p->types.at);
  p->pending_block = f->body;
  p->types.n = 0;
  ts_parser_comment_item(p, f, loc.begin, loc.end);
}

/* ---- entry ---- */

/* The comment lines that the text starts with, each ending in one newline. */
static uint32_t take_comment(ts_module *m) {
  const char *at = ts_parser_skip_space(m->source.text), *limit = m->source.text + m->source.n;
  ts_sink lines;
  ts_sink_buffer(&lines, &m->ctx->memory);
  while (at < limit && at[0] == '/' && at[1] == '/') {
    const char *end = memchr(at, '\n', (size_t)(limit - at));
    if (!end) end = limit;
    const char *trimmed = end;
    while (trimmed > at && strchr(" \t\r", trimmed[-1]))
      trimmed--;
    ts_sink_write(&lines, at, (size_t)(trimmed - at));
    ts_sink_puts(&lines, "\n");
    at = end < limit ? end + 1 : limit;
  }
  if (lines.n) m->comment = ts_strndup(&m->arena, lines.buf, lines.n);
  m->comment_len = lines.n;
  ts_sink_drop(&lines);
  return (uint32_t)(at - m->source.text);
}

typedef struct parse_call {
  ts_parser parser;
  const ts_source *source;
  void *scanner;
  ts_module *made; /* by this call; NULL once the caller has it */
  ts_module **out;
  ts_op *last_op;     /* ts_parse_ops: what was there before */
  ts_func *last_func; /* ts_parse_funcs: the same */
  bool done;
} parse_call;

static parse_call new_call(ts_context *ctx, ts_module *m, const ts_source *source) {
  parse_call c = {.source = source};
  ctx->source = source;
  if (m) m->as_parsed = false;
  c.parser =
      (ts_parser){.ctx = ctx, .m = m, .base = source->text, .limit = source->text + source->n};
  ts_arena_init(&c.parser.scratch, &ctx->memory);
  return c;
}

/* Scans and parses the text. */
static ts_result parse_text(parse_call *c) {
  ts_parser *p = &c->parser;
  unsigned errors_before = p->ctx->num_errors;
  ts_parser_add_words(p);
  ts_ir_lex_init_extra(p, &c->scanner);
  if (!ts_ir__scan_buffer((char *)c->source->text, c->source->n + 2, c->scanner))
    ts_unreachable("a source that does not end in two NUL bytes");
  if (ts_ir_parse(c->scanner, p) || p->ctx->num_errors != errors_before) return TS_ERR;
  c->done = true;
  return TS_OK;
}

/* The scanner and the parser's stack are in the scratch arena. */
static void drop_parser(parse_call *c) {
  ts_parser *p = &c->parser;
  ts_ir_restore_text(c->scanner);
  ts_free(&p->ctx->memory, p->defs, p->defs_cap * sizeof *p->defs);
  ts_free(&p->ctx->memory, p->visible, p->visible_cap * sizeof *p->visible);
  ts_arena_drop(&p->scratch);
}

static ts_result parse_source(void *arg) {
  parse_call *c = arg;
  c->parser.m = c->made = ts_module_create(c->parser.ctx);
  c->made->source = *c->source;
  c->parser.comments_from = take_comment(c->made);
  ts_result result = parse_text(c);
  if (result) return result;
  c->made->as_parsed = true;
  *c->out = c->made;
  c->made = NULL;
  return TS_OK;
}

static void source_cleanup(void *arg) {
  parse_call *c = arg;
  drop_parser(c);
  ts_module_drop(c->made);
}

ts_result ts_parse_source(ts_context *ctx, const ts_source *source, ts_module **out) {
  *out = NULL;
  if (source->n > 1u << 30) return ts_error_plain(ctx, "%s is larger than 1 GiB", source->name);
  parse_call c = new_call(ctx, NULL, source);
  c.out = out;
  return ts_protect_cleanup(ctx, parse_source, source_cleanup, &c);
}

/* ---- parts of a module ---- */

static ts_result parse_part(void *arg) { return parse_text(arg); }

static void funcs_cleanup(void *arg) {
  parse_call *c = arg;
  ts_module *m = c->parser.m;
  while (!c->done && m->last_func != c->last_func)
    ts_func_remove(m->last_func);
  drop_parser(c);
}

ts_result ts_parse_funcs(ts_module *m, const ts_source *source) {
  parse_call c = new_call(m->ctx, m, source);
  c.last_func = m->last_func;
  return ts_protect_cleanup(m->ctx, parse_part, funcs_cleanup, &c);
}

bool ts_parse_ops_open(ts_parser *p) {
  p->pending_block = p->into->body;
  if (!ts_parse_block_open(p, (ts_loc){0})) return false;
  for (unsigned i = 0; i < p->num_given; i++)
    ts_parser_define(p, (ts_named){p->given[i].name, {0}}, p->given[i].value);
  return true;
}

static void erase_after(ts_block *block, const ts_op *last) {
  while (block->last != last)
    ts_op_erase(block->last);
}

static void forget_place(void *unused, ts_op *op) {
  (void)unused;
  op->loc = (ts_loc){0};
}

/* The text is not the module's, so the places of the new ops mean nothing later. */
static void forget_places(const parse_call *c) {
  ts_op *op = c->last_op ? c->last_op->next : c->parser.into->body->first;
  for (; op; op = op->next) {
    forget_place(NULL, op);
    for (unsigned i = 0; i < op->num_regions; i++)
      ts_walk(ts_op_regions(op)[i], forget_place, NULL);
  }
}

static void ops_cleanup(void *arg) {
  parse_call *c = arg;
  ts_parser *p = &c->parser;
  for (size_t i = 0; !c->done && i < p->strays.n; i++)
    erase_after(p->strays.at[i], NULL);
  if (!c->done) erase_after(p->into->body, c->last_op);
  forget_places(c);
  drop_parser(c);
}

ts_result ts_parse_ops(ts_func *func, const ts_source *source, unsigned n,
                       const ts_parse_name *visible) {
  parse_call c = new_call(func->module->ctx, func->module, source);
  c.last_op = func->body->last;
  c.parser.start = START_OPS;
  c.parser.into = func;
  c.parser.given = visible;
  c.parser.num_given = n;
  return ts_protect_cleanup(func->module->ctx, parse_part, ops_cleanup, &c);
}
