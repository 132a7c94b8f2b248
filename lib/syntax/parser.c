/* What the files of the parser share: words, names in scope, what is known of the text around a token. */
#include "syntax/parser_impl.h"
#include "ir_parser.h"

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
void ts_parser_add_words(ts_parser *p) {
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

const char *ts_parser_skip_space(const char *at) {
  while (*at == ' ' || *at == '\n' || *at == '\t' || *at == '\r')
    at++;
  return at;
}

/* Where the next token begins. */
static const char *to_token(const char *at) {
  for (at = ts_parser_skip_space(at); at[0] == '/' && at[1] == '/';
       at = ts_parser_skip_space(at + strcspn(at, "\n"))) {
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

ts_attr_key ts_parser_attr(const char *word, size_t n) {
  for (ts_attr_key key = 0; key < TS_NUM_ATTRS; key++) {
    const ts_attr_info *a = &ts_attr_infos[key];
    if (a->where == TS_IN_BRACES && strlen(a->name) == n && memcmp(a->name, word, n) == 0)
      return key;
  }
  return TS_NUM_ATTRS;
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

ts_value *ts_parser_poison(ts_parser *p, ts_str name) {
  ts_value *v = ts_new(&p->m->arena, ts_value);
  *v = (ts_value){.type = ts_type_error(p->m), .kind = TS_VALUE_ARG, .name = name};
  return v;
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
