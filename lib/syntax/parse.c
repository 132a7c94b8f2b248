/* Entry to the parser; words, scopes, functions, and getting on after an error. */
#include "syntax/parser_impl.h"
#include "ir_parser.h"

#define YYSTYPE TS_IR_STYPE
#define YYLTYPE TS_IR_LTYPE
#include "ir_lexer.h"

/* ---- words ---- */

static const struct {
  const char *word;
  int token;
} keywords[] = {
    {"func", FUNC}, {"global", GLOBAL}, {"for", FOR},           {"to", TO},
    {"step", STEP}, {"if", IF},         {"else", ELSE},         {"and", AND},
    {"in", IN},     {"launch", LAUNCH}, {"out", OUT},           {"inout", INOUT},
    {"mask", MASK}, {"const", CONST},   {"floordiv", FLOORDIV}, {"ceildiv", CEILDIV},
    {"mod", MOD},
};

enum { NUM_WORDS = ts_countof(keywords) + TS_NUM_DTYPES + TS_NUM_OPCODES };

static const char *word_text(size_t i) {
  if (i < ts_countof(keywords)) return keywords[i].word;
  i -= ts_countof(keywords);
  return i < TS_NUM_DTYPES ? ts_dtype_name((ts_dtype)i) : ts_op_infos[i - TS_NUM_DTYPES].name;
}

static struct ts_word word_meaning(size_t i) {
  if (i < ts_countof(keywords)) return (struct ts_word){keywords[i].token, 0};
  i -= ts_countof(keywords);
  if (i < TS_NUM_DTYPES) return (struct ts_word){DTYPE, (int)i};
  return (struct ts_word){OP, (int)i - TS_NUM_DTYPES};
}

/* The words are the first strings of a module that is read, so an id says at once what a word is. */
static void add_words(ts_parser *p) {
  ts_str ids[NUM_WORDS];
  for (size_t i = 0; i < NUM_WORDS; i++) {
    ids[i] = ts_intern_n(&p->m->strings, word_text(i), strlen(word_text(i)), true);
    p->last_word = ts_max(p->last_word, ids[i]);
  }
  p->words_by_id = ts_new_array(&p->scratch, struct ts_word, p->last_word + 1);
  for (size_t i = 0; i < NUM_WORDS; i++)
    if (!p->words_by_id[ids[i]].token) /* `for` is an op too, but first a keyword */
      p->words_by_id[ids[i]] = word_meaning(i);
}

int ts_parser_word(ts_parser *p, const char *text, size_t n, ts_loc loc, void *yylval) {
  TS_IR_STYPE *value = yylval;
  ts_str s = ts_intern_n(&p->m->strings, text, n, true);
  if (s > p->last_word || !p->words_by_id[s].token) {
    value->named = (ts_named){s, loc};
    return IDENT;
  }
  struct ts_word w = p->words_by_id[s];
  if (w.token == DTYPE) value->dtype = (ts_dtype)w.value;
  if (w.token == OP) value->opcode = (ts_opcode)w.value;
  return w.token;
}

static const char *skip_space(const char *at) {
  while (*at == ' ' || *at == '\n' || *at == '\t' || *at == '\r')
    at++;
  return at;
}

/* Where the next token begins. */
static const char *to_token(const char *at) {
  for (at = skip_space(at); at[0] == '/' && at[1] == '/'; at = skip_space(at + strcspn(at, "\n"))) {
  }
  return at;
}

static const char *skip_blanks(const char *at) {
  while (*at == ' ' || *at == '\t' || *at == '\r')
    at++;
  return at;
}

/* 1: letters, digits, '_', which make a word; 2: also '.' and '$', which make a name. By table, since names
 * are a third of the text. */
static const uint8_t name_chars[256] = {
    ['0' ... '9'] = 1, ['A' ... 'Z'] = 1, ['a' ... 'z'] = 1, ['_'] = 1, ['.'] = 2, ['$'] = 2};

static const char *skip_word(const char *at) {
  while (name_chars[(unsigned char)*at] == 1)
    at++;
  return at;
}

const char *ts_parser_skip_name(const char *at) {
  while (name_chars[(unsigned char)*at])
    at++;
  return at;
}

bool ts_parser_is_attr_open(ts_parser *p, const char *after_brace) {
  const char *word = to_token(after_brace);
  size_t n = (size_t)(skip_word(word) - word);
  if (n == 0) return false;
  const char *next = to_token(word + n);
  if (*next == '=') {
    char behind = *skip_blanks(after_brace); /* of the line of the brace */
    return (behind != '\n' && behind != '/') || ts_parser_is_attr(word, n);
  }
  if (*next == ':') return ts_parser_is_attr(word, n);
  if (*next != ',' && *next != '}') return false;
  ts_str s = ts_intern_find(&p->m->strings, word, n); /* `{ return }` is a block */
  return !s || s > p->last_word || p->words_by_id[s].token != OP;
}

/* One look ahead answers for every value it passes, so that long lists of operands take linear
 * time. */
bool ts_parser_is_result(ts_parser *p, const char *after_value) {
  if (after_value <= p->results_until) return true;
  if (after_value <= p->operands_until) return false;
  const char *at = after_value;
  for (;;) {
    const char *next = to_token(at);
    if (*next == '=') {
      p->results_until = next[1] == '=' ? p->results_until : next;
      if (next[1] == '=') p->operands_until = next;
      return next[1] != '=';
    }
    if (*next == ',') next = to_token(next + 1);
    if (*next != '%' || *to_token(at) != ',') break;
    at = ts_parser_skip_name(next + 1);
  }
  p->operands_until = at;
  return false;
}

/* ---- names in scope ---- */

void ts_parser_forget_head(ts_parser *p) {
  p->results.n = p->items.n = p->dims.n = p->exprs.n = p->attrs.n = p->types.n = 0;
  p->numbers.n = p->clauses.n = p->arg_names.n = p->arg_types.n = p->arg_roles.n = p->preds.n = 0;
  p->subscripted = 0;
  p->has_mask = false;
  p->symbol = p->word = (ts_named){0};
  if (p->list_dims[0] || p->list_depth) memset(p->list_dims, 0, sizeof p->list_dims);
  p->list_depth = p->list_rank = p->list_too_deep = 0;
  p->in_upper_bound = false;
  p->list_ragged = false;
}

static ts_value **def_of(ts_parser *p, ts_str name) {
  if (name >= p->defs_cap) {
    size_t cap = ts_max((size_t)256, p->defs_cap);
    while (cap <= name)
      cap *= 2;
    p->defs =
        ts_realloc(&p->ctx->memory, p->defs, p->defs_cap * sizeof *p->defs, cap * sizeof *p->defs);
    memset(p->defs + p->defs_cap, 0, (cap - p->defs_cap) * sizeof *p->defs);
    p->defs_cap = cap;
  }
  return &p->defs[name];
}

static ts_loc place_of(const ts_value *v) {
  if (v->kind == TS_VALUE_RESULT) return v->def->loc;
  if (v->block && v->block->parent) return v->block->parent->loc;
  return v->block ? v->block->func->loc : (ts_loc){0};
}

void ts_parser_define(ts_parser *p, ts_named n, ts_value *v) {
  ts_value **def = def_of(p, n.name);
  if (*def && (*def)->type && (*def)->type->kind != TS_TYPE_ERROR) {
    ts_error(p->ctx, n.loc, "%%%s is defined already", ts_parser_text(p, n.name));
    ts_note(p->ctx, place_of(*def), "by this");
  }
  if (p->num_visible == p->visible_cap) {
    size_t cap = p->visible_cap ? p->visible_cap * 2 : 256, size = sizeof *p->visible;
    p->visible = ts_realloc(&p->ctx->memory, p->visible, p->visible_cap * size, cap * size);
    p->visible_cap = cap;
  }
  p->visible[p->num_visible++] = n.name;
  *def = v;
}

ts_value *ts_parser_find(ts_parser *p, const char *name, size_t n) {
  ts_str s = ts_intern_find(&p->m->strings, name, n);
  return s ? *def_of(p, s) : NULL;
}

ts_value *ts_parser_use(ts_parser *p, ts_named n) {
  ts_value *v = *def_of(p, n.name);
  if (v) return v;
  if (!p->poisoned) ts_error(p->ctx, n.loc, "%%%s is not defined here", ts_parser_text(p, n.name));
  return ts_parser_poison(p, n.name);
}

const char *ts_parser_text(ts_parser *p, ts_str s) {
  const struct ts_interned *e = ts_interned_of(&p->m->strings, s);
  return ts_strndup(&p->scratch, e->text, e->len);
}

void ts_parser_check_pending(ts_parser *p) {
  if (p->pending_op)
    ts_error(p->ctx, p->pending_op->loc, "'%s' needs a block", ts_info(p->pending_op)->name);
  p->pending_op = NULL;
  p->pending_block = NULL;
  p->pending = NULL;
  p->without_region = NULL;
}

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

static bool is_identifier(const struct ts_interned *e) {
  bool ok = e->len > 0 && !(e->text[0] >= '0' && e->text[0] <= '9');
  for (uint32_t i = 0; i < e->len; i++)
    ok &= name_chars[(unsigned char)e->text[i]] != 0;
  return ok;
}

void ts_parser_check_name(ts_parser *p, ts_named n, const char *what) {
  if (!is_identifier(ts_interned_of(&p->m->strings, n.name)))
    ts_error(
        p->ctx, n.loc,
        "a %s's name is made of letters, digits, '_', '.' and '$', and does not start with a digit",
        what);
  ts_func *f = ts_func_find(p->m, n.name);
  ts_global *g = ts_global_find(p->m, n.name);
  if (!f && !g) return;
  ts_error(p->ctx, n.loc, "@%s is defined already", ts_parser_text(p, n.name));
  ts_note(p->ctx, f ? f->loc : g->loc, "by this");
}

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
  const char *at = skip_space(m->source.text), *limit = m->source.text + m->source.n;
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
  add_words(p);
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
