/* The printer: the one canonical text of a module.
 *
 * Values keep their names. Where a pass left a value without one, it gets the next number that no
 * value of the function is named; where it made two of one name visible at once, the inner gets
 * _1, _2, …. While printing both are settled in a side table: printing changes nothing. After each
 * pass ts_name_values settles them for good, by the same walk, so that the next pass can be told of
 * every value that a reader sees. */
#include "ir/outline.h"
#include "syntax/syntax.h"

typedef struct {
  ts_sink *out;
  const ts_module *m;
  ts_arena scratch;
  uint8_t *names;   /* by ts_str: NAME_USED, NAME_VISIBLE */
  size_t num_names; /* strings interned after the printer was set up name no value */
  const ts_func *func;
  bool used_known;  /* NAME_USED is set: only once a name has to be made up */
  ts_ptrmap given;  /* value → text, for values printed under another name than their own */
  ts_ptrmap suffix; /* ts_str → last suffix tried */
  /* where the names of the rest of the function stand; NULL: all is walked */
  struct ts_outline *outline;
  const ts_part *part; /* that is being named then */
  uint64_t next_number;
  unsigned depth;
  bool bare;      /* without comments */
  bool may_blank; /* a blank line may come: not at the start of a block, nor behind another */
} printer;

enum { NAME_USED = 1, NAME_VISIBLE = 2 };

static void put(printer *p, const char *text) { ts_sink_puts(p->out, text); }

static void put_str(printer *p, ts_str s) {
  const struct ts_interned *e = ts_interned_of(&p->m->strings, s);
  ts_sink_write(p->out, e->text, e->len);
}

static void put_type(printer *p, const ts_type *t) { ts_sink_write(p->out, t->text, t->text_len); }

static void put_indent(printer *p) {
  for (unsigned i = 0; i < p->depth; i++)
    ts_sink_write(p->out, "  ", 2);
}

/* ---- comments ---- */

/* The next line of `*at`; its length, without the newline. */
static size_t next_line(const char **at, const char **line) {
  *line = *at;
  size_t n = strcspn(*at, "\n");
  *at += n + ((*at)[n] == '\n');
  return n;
}

static bool is_shown(const printer *p, const char *line, size_t n) {
  return p->m->test_lines || !ts_is_test_line(p->m, line, n);
}

/* Lines in front of something, or with `last` in front of nothing more. */
static void put_lead(printer *p, const ts_comments *c, bool last) {
  if (p->bare || !c || !c->lead) return;
  const char *at = c->lead, *line;
  bool blank = false;
  while (*at) {
    size_t n = next_line(&at, &line);
    if (n && !is_shown(p, line, n)) continue;
    blank |= !n;
    if (!n) continue;
    if (blank && p->may_blank) put(p, "\n");
    blank = false;
    p->may_blank = true;
    put_indent(p);
    ts_sink_write(p->out, line, n);
    put(p, "\n");
  }
  if (blank && p->may_blank && !last) {
    put(p, "\n");
    p->may_blank = false;
  }
}

static bool any_shown(const printer *p, const char *lines) {
  const char *at = lines, *line;
  while (at && *at) {
    size_t n = next_line(&at, &line);
    if (n && is_shown(p, line, n)) return true;
  }
  return false;
}

static void put_trail(printer *p, const ts_comments *c) {
  if (p->bare || !c || !c->trail) return;
  const char *at = c->trail, *line;
  while (*at) {
    size_t n = next_line(&at, &line);
    if (!is_shown(p, line, n)) continue;
    put(p, " ");
    ts_sink_write(p->out, line, n);
  }
}

/* ---- names ---- */

static void mark_value(printer *p, const ts_value *v, bool used) {
  if (!v->name || v->name >= p->num_names) return;
  if (used)
    p->names[v->name] |= NAME_USED;
  else
    p->names[v->name] = 0;
}

static void mark_names(printer *p, const ts_block *block, bool used) {
  for (unsigned i = 0; i < block->num_args; i++)
    mark_value(p, block->args[i], used);
  for (const ts_op *op = block->first; op; op = op->next) {
    for (unsigned i = 0; i < op->num_results; i++)
      mark_value(p, ts_op_result(op, i), used);
    for (unsigned i = 0; i < op->num_regions; i++)
      mark_names(p, ts_op_regions(op)[i], used);
  }
}

static bool name_taken(printer *p, const char *text) {
  ts_str s = ts_intern_find(&p->m->strings, text, strlen(text));
  if (p->outline) return s && ts_outline_is_named(p->outline, s, true);
  if (!p->used_known) mark_names(p, p->func->body, true);
  p->used_known = true;
  return s && s < p->num_names && p->names[s];
}

static void give_number(printer *p, const ts_value *v) {
  char text[24];
  if (p->outline) p->next_number = ts_max(p->next_number, ts_outline_taken(p->outline, 0));
  do
    snprintf(text, sizeof text, "%llu", (unsigned long long)p->next_number++);
  while (name_taken(p, text));
  ts_ptrmap_put(&p->given, v, ts_strdup(&p->scratch, text));
}

static void give_suffix(printer *p, const ts_value *v) {
  const struct ts_interned *e = ts_interned_of(&p->m->strings, v->name);
  const void *key = (void *)(uintptr_t)v->name;
  uintptr_t n = (uintptr_t)ts_ptrmap_get(&p->suffix, key);
  char *text;
  if (p->outline) n = ts_max(n, (uintptr_t)ts_outline_taken(p->outline, v->name));
  do
    text = ts_sprintf(&p->scratch, "%.*s_%llu", (int)e->len, e->text, (unsigned long long)++n);
  while (name_taken(p, text));
  ts_ptrmap_put(&p->suffix, key, (void *)n);
  ts_ptrmap_put(&p->given, v, text);
}

static bool is_visible(printer *p, ts_str name) {
  return p->names[name] & NAME_VISIBLE ||
         (p->outline && ts_outline_is_outer(p->outline, name, p->part));
}

static void define(printer *p, const ts_value *v) {
  if (p->given.n && ts_ptrmap_get(&p->given, v)) return; /* named by an earlier round */
  if (!v->name)
    give_number(p, v);
  else if (is_visible(p, v->name))
    give_suffix(p, v);
  else
    p->names[v->name] |= NAME_VISIBLE;
}

static void undefine(printer *p, const ts_value *v) {
  if (v->name && !ts_ptrmap_get(&p->given, v)) p->names[v->name] &= ~NAME_VISIBLE;
}

/* ---- operands ---- */

static void put_value(printer *p, const ts_value *v) {
  if (ts_is_literal(v)) {
    ts_number_print(p->out, v->type->dtype, v->bits);
    return;
  }
  ts_sink_write(p->out, "%", 1);
  const char *given = p->given.n ? ts_ptrmap_get(&p->given, v) : NULL;
  if (given)
    put(p, given);
  else
    put_str(p, v->name);
}

static void put_aff(printer *p, const ts_op *op, const ts_aff *a, bool parens);

static bool is_sum(const ts_aff *a) { return a->kind == TS_AFF_ADD; }
static bool is_leaf(const ts_aff *a) { return a->kind <= TS_AFF_SYM; }

/* `lhs - x` for lhs + x * -1 and lhs + -3; a sum on the right keeps its parentheses. */
static void put_sum(printer *p, const ts_op *op, const ts_aff *a) {
  const ts_aff *r = a->rhs;
  put_aff(p, op, a->lhs, false);
  if (r->kind == TS_AFF_CONST && r->value < 0 && r->value != INT64_MIN) {
    put(p, " - ");
    ts_sink_int(p->out, -r->value);
  } else if (r->kind == TS_AFF_MUL && r->rhs->value == -1) {
    put(p, " - ");
    put_aff(p, op, r->lhs, is_sum(r->lhs));
  } else {
    put(p, " + ");
    put_aff(p, op, r, is_sum(r));
  }
}

static void put_aff(printer *p, const ts_op *op, const ts_aff *a, bool parens) {
  static const char *const words[] = {[TS_AFF_MUL] = " * ",
                                      [TS_AFF_FLOORDIV] = " floordiv ",
                                      [TS_AFF_CEILDIV] = " ceildiv ",
                                      [TS_AFF_MOD] = " mod "};
  if (parens) put(p, "(");
  switch ((ts_aff_kind)a->kind) {
  case TS_AFF_CONST: ts_sink_int(p->out, a->value); break;
  case TS_AFF_DIM: put_value(p, ts_dim(op, (unsigned)a->value)); break;
  case TS_AFF_SYM: put_str(p, (ts_str)a->value); break;
  case TS_AFF_ADD: put_sum(p, op, a); break;
  default:
    put_aff(p, op, a->lhs, is_sum(a->lhs));
    put(p, words[a->kind]);
    put_aff(p, op, a->rhs, !is_leaf(a->rhs));
  }
  if (parens) put(p, ")");
}

static void put_affs(printer *p, const ts_op *op, unsigned n, const ts_aff *const *exprs) {
  for (unsigned i = 0; i < n; i++) {
    if (i) put(p, ", ");
    put_aff(p, op, exprs[i], false);
  }
}

static void put_subscripts(printer *p, const ts_op *op, unsigned n, const ts_aff *const *exprs) {
  put(p, "[");
  put_affs(p, op, n, exprs);
  put(p, "]");
}

static void put_operands(printer *p, const ts_op *op, bool first) {
  unsigned at = 0, n = op->num_plain - op->has_mask;
  for (unsigned i = 0; i < n; i++) {
    put(p, first ? " " : ", ");
    first = false;
    const ts_value *v = ts_operand(op, i);
    put_value(p, v);
    if (i < 8 && op->subscripted >> i & 1) {
      put_subscripts(p, op, v->type->rank, op->map->exprs + at);
      at += v->type->rank;
    }
  }
  if (!op->has_mask) return;
  put(p, " mask ");
  put_value(p, ts_operand(op, n));
}

/* ---- attributes and data ---- */

static void put_float(printer *p, double d) {
  char text[40];
  ts_sink_write(p->out, text, ts_format_float(text, d, 64));
}

static void put_list(printer *p, const ts_attr *a) {
  bool floats = ts_attr_infos[a->key].kind == TS_AK_FLOATS;
  if (!a->bare) put(p, "[");
  for (unsigned i = 0; i < a->n; i++) {
    if (i) put(p, ", ");
    if (floats)
      put_float(p, a->floats[i]);
    else
      ts_sink_int(p->out, a->ints[i]);
  }
  if (!a->bare) put(p, "]");
}

static void put_attr(printer *p, const ts_attr *a) {
  put(p, ts_attr_infos[a->key].name);
  if (ts_attr_infos[a->key].kind == TS_AK_UNIT) return;
  put(p, " = ");
  switch (ts_attr_infos[a->key].kind) {
  case TS_AK_DTYPE: put(p, ts_dtype_name(a->dtype)); break;
  case TS_AK_INT: ts_sink_int(p->out, a->i); break;
  case TS_AK_FLOAT: put_float(p, a->f); break;
  case TS_AK_INTS:
  case TS_AK_FLOATS: put_list(p, a); break;
  case TS_AK_ENUM:
  case TS_AK_OPCODE: put(p, ts_attr_word(p->m, a->key, a->i)); break;
  default: put_type(p, a->type); break;
  }
}

static void put_attrs(printer *p, const ts_op *op) {
  const char *before = " {";
  for (unsigned i = 0; i < op->num_attrs; i++) {
    if (ts_attr_infos[op->attrs[i].key].where != TS_IN_BRACES) continue;
    put(p, before);
    put_attr(p, &op->attrs[i]);
    before = ", ";
  }
  if (before[0] == ',') put(p, "}");
}

static void put_path(printer *p, const char *path) {
  size_t plain =
      strspn(path, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./$#+-");
  put(p, "@");
  if (path[0] && !path[plain]) {
    put(p, path);
    return;
  }
  put(p, "\"");
  for (; *path; path++) {
    if (*path == '"' || *path == '\\') put(p, "\\");
    ts_sink_write(p->out, path, 1);
  }
  put(p, "\"");
}

/* Nested lists over the dims from `dim` on; returns the bytes after what it printed. */
static const char *put_dense(printer *p, const ts_type *t, unsigned dim, const char *bytes) {
  if (dim == t->rank) {
    ts_number_print(p->out, t->dtype, ts_number_load(t->dtype, bytes));
    return bytes + ts_dtype_bytes(t->dtype);
  }
  put(p, "[");
  for (int64_t i = 0; i < t->dims[dim]; i++) {
    if (i) put(p, ", ");
    bytes = put_dense(p, t, dim + 1, bytes);
  }
  put(p, "]");
  return bytes;
}

static void put_data(printer *p, const ts_type *t, const ts_data *d) {
  if (d->form == TS_DATA_FILE)
    put_path(p, d->path);
  else if (d->form == TS_DATA_SPLAT)
    ts_number_print(p->out, t->dtype, ts_number_load(t->dtype, d->bytes));
  else
    put_dense(p, t, 0, d->bytes);
}

/* ---- ops ---- */

static void put_op(printer *p, const ts_op *op);

static void put_block(printer *p, const ts_block *block) {
  const ts_comments *c = ts_comments_of(p->m, block);
  put(p, "{");
  put_trail(p, c);
  put(p, "\n");
  p->may_blank = false;
  p->depth++;
  for (const ts_op *op = block->first; op; op = op->next)
    put_op(p, op);
  put_lead(p, c, true);
  p->depth--;
  for (const ts_op *op = block->first; op; op = op->next)
    for (unsigned i = 0; i < op->num_results; i++)
      undefine(p, ts_op_result(op, i));
  for (unsigned i = 0; i < block->num_args; i++)
    undefine(p, block->args[i]);
  put_indent(p);
  put(p, "}");
}

static void define_args(printer *p, const ts_block *block) {
  for (unsigned i = 0; i < block->num_args; i++)
    define(p, block->args[i]);
}

static void put_params(printer *p, const ts_block *block, const uint8_t *roles) {
  static const char *const words[] = {"", "out ", "inout "};
  define_args(p, block);
  put(p, "(");
  for (unsigned i = 0; i < block->num_args; i++) {
    if (i) put(p, ", ");
    put_value(p, block->args[i]);
    put(p, ": ");
    if (roles) put(p, words[roles[i]]);
    put_type(p, block->args[i]->type);
  }
  put(p, ")");
}

static void put_bound(printer *p, const ts_op *op, const char *word, unsigned n,
                      const ts_aff *const *exprs) {
  if (n == 1) {
    put_aff(p, op, exprs[0], false);
    return;
  }
  put(p, word);
  put(p, "(");
  put_affs(p, op, n, exprs);
  put(p, ")");
}

static void put_for(printer *p, const ts_op *op) {
  ts_for f = ts_for_parts(op);
  define_args(p, f.body);
  put(p, "for ");
  put_value(p, f.iv);
  put(p, " = ");
  put_bound(p, op, "max", f.num_lo, f.lo);
  put(p, " to ");
  put_bound(p, op, "min", f.num_hi, f.hi);
  if (ts_attr_find(op, TS_ATTR_STEP)) ts_sink_printf(p->out, " step %lld", (long long)f.step);
  if (ts_attr_find(op, TS_ATTR_PARALLEL)) put(p, " parallel");
  if (ts_attr_find(op, TS_ATTR_UNROLL)) put(p, " unroll");
  const ts_attr *vector = ts_attr_find(op, TS_ATTR_VECTOR);
  if (vector) ts_sink_printf(p->out, " vector(%lld)", (long long)vector->i);
  put(p, " ");
  put_block(p, f.body);
}

static void put_if(printer *p, const ts_op *op) {
  ts_if f = ts_if_parts(op);
  put(p, "if ");
  if (!f.n) put_value(p, f.flag);
  for (unsigned i = 0; i < f.n; i++) {
    if (i) put(p, " and ");
    put_aff(p, op, f.sides[2 * i], false);
    ts_sink_printf(p->out, " %s ", ts_pred_symbol((ts_pred)f.preds[i]));
    put_aff(p, op, f.sides[2 * i + 1], false);
  }
  put(p, " ");
  put_block(p, f.then_block);
  const ts_comments *c = p->bare ? NULL : ts_comments_of(p->m, f.else_block);
  if (!f.else_block->first && !(c && (any_shown(p, c->lead) || any_shown(p, c->trail)))) return;
  put(p, " else ");
  put_block(p, f.else_block);
}

static void put_launch(printer *p, const ts_op *op) {
  ts_launch l = ts_launch_parts(op);
  put(p, "launch");
  /* Arguments are named before the extents, which cannot refer to them. */
  define_args(p, l.body);
  for (unsigned i = 0; i < l.n; i++) {
    bool opens = i == 0 || l.clauses[i] != l.clauses[i - 1];
    put(p, opens ? i ? ") " : " " : ", ");
    if (opens) {
      put(p, ts_attr_word(p->m, TS_ATTR_DIMS, l.clauses[i]));
      put(p, "(");
    }
    put_value(p, l.body->args[i]);
    put(p, " in ");
    put_aff(p, op, l.extents[i], false);
  }
  put(p, l.n ? ") " : " ");
  put_block(p, l.body);
}

static void put_call(printer *p, const ts_op *op) {
  put(p, " @");
  put_str(p, ts_attr_find(op, TS_ATTR_CALLEE)->word);
  put(p, "(");
  for (unsigned i = 0; i < op->num_plain; i++) {
    if (i) put(p, ", ");
    put_value(p, ts_operand(op, i));
  }
  put(p, ")");
}

/* What stands between the op's name and its attributes. */
static void put_items(printer *p, const ts_op *op) {
  const ts_attr *pred = ts_attr_find(op, TS_ATTR_PRED);
  if (op->opcode == TS_OP_CALL) {
    put_call(p, op);
    return;
  }
  if (op->opcode == TS_OP_CONST) {
    put(p, " ");
    put_data(p, ts_op_result(op, 0)->type, ts_attr_find(op, TS_ATTR_VALUE)->data);
    return;
  }
  if (op->opcode == TS_OP_GLOBAL) {
    put(p, " @");
    put_str(p, ts_attr_find(op, TS_ATTR_CALLEE)->word);
  }
  if (pred) {
    put(p, " ");
    put(p, ts_attr_word(p->m, TS_ATTR_PRED, pred->i));
  }
  if (op->map && !op->subscripted) {
    put(p, " ");
    put_subscripts(p, op, op->map->n, op->map->exprs);
  }
  put_operands(p, op, !pred);
}

static void put_generic(printer *p, const ts_op *op) {
  for (unsigned i = 0; i < op->num_results; i++) {
    if (i) put(p, ", ");
    put_value(p, ts_op_result(op, i));
  }
  if (op->num_results) put(p, " = ");
  put(p, ts_info(op)->name);
  put_items(p, op);
  put_attrs(p, op);
  for (unsigned i = 0; i < op->num_results; i++) {
    put(p, i ? ", " : " : ");
    put_type(p, ts_op_result(op, i)->type);
  }
  for (unsigned i = 0; i < op->num_regions; i++) {
    put(p, " ");
    if (ts_op_regions(op)[i]->num_args) {
      put_params(p, ts_op_regions(op)[i], NULL);
      put(p, " ");
    }
    put_block(p, ts_op_regions(op)[i]);
  }
}

static void put_op(printer *p, const ts_op *op) {
  const ts_comments *c = op->has_comment ? ts_comments_of(p->m, op) : NULL;
  if (c) put_lead(p, c, false);
  put_indent(p);
  for (unsigned i = 0; i < op->num_results; i++)
    define(p, ts_op_result(op, i));
  switch ((ts_opcode)op->opcode) {
  case TS_OP_FOR: put_for(p, op); break;
  case TS_OP_IF: put_if(p, op); break;
  case TS_OP_LAUNCH: put_launch(p, op); break;
  default: put_generic(p, op); break;
  }
  if (c) put_trail(p, c);
  ts_sink_write(p->out, "\n", 1);
  p->may_blank = true;
}

/* ---- functions and modules ---- */

/* Names are made up for each function as if it were alone. */
static void enter_func(printer *p, const ts_func *f) {
  p->next_number = 0;
  p->func = f;
  if (p->suffix.n) ts_ptrmap_init(&p->suffix, &p->scratch);
}

static void leave_func(printer *p) {
  if (p->used_known) mark_names(p, p->func->body, false);
  p->used_known = false;
}

static void put_func(printer *p, const ts_func *f) {
  const ts_comments *c = ts_comments_of(p->m, f);
  enter_func(p, f);
  put_lead(p, c, false);
  put(p, "func @");
  put_str(p, f->name);
  put_params(p, f->body, f->roles);
  if (f->num_results) put(p, " -> ");
  if (f->num_results > 1) put(p, "(");
  for (unsigned i = 0; i < f->num_results; i++) {
    if (i) put(p, ", ");
    put_type(p, f->results[i]);
  }
  if (f->num_results > 1) put(p, ")");
  put(p, " ");
  put_block(p, f->body);
  put_trail(p, c);
  put(p, "\n");
  p->may_blank = true;
}

static void init_without_names(printer *p, ts_sink *out, const ts_module *m) {
  *p = (printer){.out = out, .m = m, .num_names = m->strings.n + 1};
  ts_arena_init(&p->scratch, &m->ctx->memory);
  ts_ptrmap_init(&p->given, &p->scratch);
  ts_ptrmap_init(&p->suffix, &p->scratch);
}

static void printer_init(printer *p, ts_sink *out, const ts_module *m) {
  init_without_names(p, out, m);
  p->names = ts_new_array(&p->scratch, uint8_t, p->num_names);
}

static void put_global(printer *p, const ts_global *g) {
  const ts_comments *c = ts_comments_of(p->m, g);
  put_lead(p, c, false);
  put(p, "global @");
  put_str(p, g->name);
  put(p, " : ");
  put_type(p, g->type);
  put(p, " = ");
  put_data(p, g->type, g->data);
  put_trail(p, c);
  put(p, "\n");
  p->may_blank = true;
}

/* The lines that the file starts with. */
static void put_header(printer *p) {
  const char *at = p->m->comment, *line;
  while (at && *at) {
    size_t n = next_line(&at, &line);
    if (!is_shown(p, line, n)) continue;
    ts_sink_write(p->out, line, n);
    put(p, "\n");
    p->may_blank = true;
  }
}

void ts_print_module(ts_sink *out, const ts_module *m) {
  printer p;
  printer_init(&p, out, m);
  put_header(&p);
  for (const ts_global *g = m->first_global; g; g = g->next)
    put_global(&p, g);
  for (const ts_func *f = m->first_func; f; f = f->next) {
    if (f != m->first_func || m->first_global) {
      put(&p, "\n");
      p.may_blank = false;
    }
    put_func(&p, f);
    leave_func(&p);
  }
  put_lead(&p, ts_comments_of(m, m), true);
  ts_arena_drop(&p.scratch);
}

static void print_func(ts_sink *out, const ts_func *f, bool bare) {
  printer p;
  printer_init(&p, out, f->module);
  p.bare = bare;
  put_func(&p, f);
  ts_arena_drop(&p.scratch);
}

void ts_print_func(ts_sink *out, const ts_func *f) { print_func(out, f, false); }
void ts_print_func_bare(ts_sink *out, const ts_func *f) { print_func(out, f, true); }

/* A printer to `out` that has settled every name of the function by printing it to nowhere. */
static void name_function(printer *p, ts_sink *out, const ts_func *f) {
  ts_sink nowhere;
  ts_sink_buffer(&nowhere, &f->module->ctx->memory);
  printer_init(p, &nowhere, f->module);
  p->bare = true;
  put_func(p, f);
  ts_sink_drop(&nowhere);
  p->out = out;
}

void ts_print_op(ts_sink *out, const ts_func *f, const ts_op *op) {
  printer p;
  name_function(&p, out, f);
  put_op(&p, op);
  ts_arena_drop(&p.scratch);
}

void ts_print_value(ts_sink *out, const ts_func *f, const ts_value *v) {
  printer p;
  name_function(&p, out, f);
  put_value(&p, v);
  ts_arena_drop(&p.scratch);
}

void ts_print_aff(ts_sink *out, const ts_op *op, const ts_aff *a) {
  printer p;
  name_function(&p, out, op->block->func);
  put_aff(&p, op, a, false);
  ts_arena_drop(&p.scratch);
}

const char *ts_value_text(ts_arena *arena, const ts_func *f, const ts_value *v) {
  ts_sink text;
  ts_sink_buffer(&text, &f->module->ctx->memory);
  ts_print_value(&text, f, v);
  const char *copy = ts_strndup(arena, text.buf, text.n);
  ts_sink_drop(&text);
  return copy;
}

/* ---- names for good ---- */

static void name_value(printer *p, ts_value *v) {
  define(p, v);
  const char *given = p->given.n ? ts_ptrmap_get(&p->given, v) : NULL;
  if (given) v->name = ts_intern(&p->func->module->strings, given);
}

/* In the order in which the text defines them. */
static void name_block(printer *p, ts_block *block) {
  for (unsigned i = 0; i < block->num_args; i++)
    name_value(p, block->args[i]);
  for (ts_op *op = block->first; op; op = op->next) {
    for (unsigned i = 0; i < op->num_results; i++)
      name_value(p, ts_op_result(op, i));
    for (unsigned i = 0; i < op->num_regions; i++)
      name_block(p, ts_op_regions(op)[i]);
  }
  for (ts_op *op = block->first; op; op = op->next)
    for (unsigned i = 0; i < op->num_results; i++)
      undefine(p, ts_op_result(op, i));
  for (unsigned i = 0; i < block->num_args; i++)
    undefine(p, block->args[i]);
}

static void name_func(printer *p, ts_func *f) {
  enter_func(p, f);
  name_block(p, f->body);
  leave_func(p);
}

static void open_marks(printer *p, ts_func *f, ts_name_marks *marks) {
  init_without_names(p, NULL, f->module);
  if (marks->n < p->num_names) {
    marks->n = ts_size_mul(p->num_names, 2);
    marks->at = ts_new_array(marks->arena, uint8_t, marks->n);
  }
  p->names = marks->at;
}

void ts_name_func_values(ts_func *f, ts_name_marks *marks) {
  printer p;
  open_marks(&p, f, marks);
  name_func(&p, f);
  ts_arena_drop(&p.scratch);
}

static void name_part(printer *p, ts_part *part) {
  ts_op *op = part->op;
  p->part = part;
  for (unsigned i = 0; i < op->num_results; i++)
    name_value(p, ts_op_result(op, i));
  for (unsigned i = 0; i < op->num_regions; i++)
    name_block(p, ts_op_regions(op)[i]);
  for (unsigned i = 0; i < op->num_results; i++)
    undefine(p, ts_op_result(op, i));
  ts_outline_renamed(p->outline, part);
}

void ts_name_parts(ts_func *f, ts_name_marks *marks, const ts_part_list *changed) {
  printer p;
  ts_part_list all = {0};
  open_marks(&p, f, marks);
  enter_func(&p, f);
  p.outline = ts_outline_of(f);
  for (size_t i = 0; i < changed->parts.n; i++)
    ts_push(&p.scratch, &all.parts, changed->parts.at[i]);
  ts_outline_add_shadowed(p.outline, &p.scratch, &all);
  ts_part_list_sort(&all);
  for (size_t i = 0; i < all.parts.n; i++)
    if (i == 0 || all.parts.at[i] != all.parts.at[i - 1]) name_part(&p, all.parts.at[i]);
  ts_arena_drop(&p.scratch);
}

void ts_name_values(ts_module *m) {
  printer p;
  printer_init(&p, NULL, m);
  for (ts_func *f = m->first_func; f; f = f->next)
    name_func(&p, f);
  ts_arena_drop(&p.scratch);
}
