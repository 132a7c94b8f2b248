/* Deep copies: of a module, and of functions from one module into another.
 *
 * A module's copy gets an interner with the same strings in the same order, so ids, and all that holds them, can be
 * copied as they are; only pointers into the old arena are mapped. Another module has its own ids. */
#include "ir/calls.h"
#include "ir/uniquer_impl.h"

typedef struct {
  const ts_module *from;
  ts_module *to;
  bool other; /* a module with ids of its own */
  ts_ptrmap types, affs, maps, values;
  ts_ptrmap names; /* of functions and globals of `from` that have another in `to` */
  ts_arena scratch;
} copier;

static ts_str copy_str(const copier *c, ts_str s) {
  return s && c->other ? ts_intern(&c->to->strings, ts_str_text(c->from, s)) : s;
}

static void *name_key(ts_str name) { return (void *)(uintptr_t)name; }

/* Of a function or global. */
static ts_str copy_name(const copier *c, ts_str name) {
  ts_str other = (ts_str)(uintptr_t)ts_ptrmap_get(&c->names, name_key(name));
  return other ? other : copy_str(c, name);
}

static void copy_strings(const ts_module *from, ts_module *to) {
  const char *begin = from->source.text, *end = begin + from->source.n;
  for (size_t i = 1; i <= from->strings.n; i++) {
    const struct ts_interned *e = ts_interned_of(&from->strings, i);
    ts_intern_n(&to->strings, e->text, e->len, e->text >= begin && e->text < end);
  }
}

static const ts_extent *copy_dims(copier *c, const ts_type *t, ts_extent dims[TS_MAX_RANK]) {
  for (unsigned i = 0; i < t->rank; i++)
    dims[i] = ts_is_symbolic(t->dims[i])
                  ? ts_extent_of_name(copy_str(c, ts_extent_name(t->dims[i])))
                  : t->dims[i];
  return dims;
}

static const ts_type *copy_type(copier *c, const ts_type *t) {
  ts_extent dims[TS_MAX_RANK];
  if (!t) return NULL;
  if (t->kind == TS_TYPE_ERROR) return ts_type_error(c->to);
  if (t->kind == TS_TYPE_SCALAR) return ts_type_scalar(c->to, t->dtype);
  const ts_type *copy = ts_ptrmap_get(&c->types, t);
  if (copy) return copy;
  switch ((ts_type_kind)t->kind) {
  case TS_TYPE_VECTOR: copy = ts_type_vector(c->to, t->dims[0], t->dtype); break;
  case TS_TYPE_TENSOR:
    copy = ts_type_tensor(c->to, t->rank, copy_dims(c, t, dims), t->dtype);
    break;
  case TS_TYPE_FRAGMENT: copy = ts_type_fragment(c->to, t->dims, t->role, t->dtype); break;
  default:
    copy = ts_type_memref(c->to, t->rank, copy_dims(c, t, dims), t->dtype, copy_type(c, t->elem),
                          t->space, t->layout, t->num_layout_args, t->layout_args);
  }
  ts_ptrmap_put(&c->types, t, (void *)copy);
  return copy;
}

static const ts_aff *copy_aff(copier *c, const ts_aff *a) {
  switch ((ts_aff_kind)a->kind) {
  case TS_AFF_CONST: return ts_aff_const(c->to, a->value);
  case TS_AFF_DIM: return ts_aff_dim(c->to, (unsigned)a->value);
  case TS_AFF_SYM: return ts_aff_sym(c->to, copy_str(c, (ts_str)a->value));
  default: break;
  }
  const ts_aff *copy = ts_ptrmap_get(&c->affs, a);
  if (!copy) {
    copy = ts_aff_binary(c->to, a->kind, copy_aff(c, a->lhs), copy_aff(c, a->rhs));
    ts_ptrmap_put(&c->affs, a, (void *)copy);
  }
  return copy;
}

static const ts_map *copy_map(copier *c, const ts_map *map) {
  if (!map) return NULL;
  const ts_map *copy = ts_ptrmap_get(&c->maps, map);
  if (copy) return copy;
  const ts_aff **exprs = ts_new_array(&c->to->arena, const ts_aff *, map->n ? map->n : 1);
  for (unsigned i = 0; i < map->n; i++)
    exprs[i] = copy_aff(c, map->exprs[i]);
  copy = ts_map_get(c->to, map->n, exprs);
  ts_ptrmap_put(&c->maps, map, (void *)copy);
  return copy;
}

static void *copy_bytes(copier *c, const void *bytes, size_t n) {
  void *copy = ts_arena_alloc(&c->to->arena, n ? n : 1);
  if (n) memcpy(copy, bytes, n);
  return copy;
}

static const ts_data *copy_data(copier *c, const ts_data *d) {
  ts_data *copy = ts_new(&c->to->arena, ts_data);
  *copy = *d;
  if (d->path) copy->path = ts_strdup(&c->to->arena, d->path);
  if (d->bytes) copy->bytes = copy_bytes(c, d->bytes, d->num_bytes);
  return copy;
}

static void copy_attrs(copier *c, const ts_op *from, ts_op *to) {
  if (!from->num_attrs) return;
  ts_attr *attrs = copy_bytes(c, from->attrs, from->num_attrs * sizeof *attrs);
  for (unsigned i = 0; i < from->num_attrs; i++) {
    ts_attr *a = &attrs[i];
    switch (ts_attr_infos[a->key].kind) {
    case TS_AK_ENUMS:
    case TS_AK_INTS: a->ints = copy_bytes(c, a->ints, a->n * sizeof *a->ints); break;
    case TS_AK_FLOATS: a->floats = copy_bytes(c, a->floats, a->n * sizeof *a->floats); break;
    case TS_AK_TYPE: a->type = copy_type(c, a->type); break;
    case TS_AK_DATA: a->data = copy_data(c, a->data); break;
    case TS_AK_SYMBOL: a->word = copy_name(c, a->word); break;
    default: break;
    }
  }
  to->attrs = attrs;
  to->num_attrs = from->num_attrs;
}

static ts_value *copy_operand(copier *c, const ts_value *v) {
  if (!ts_is_literal(v)) return ts_ptrmap_get(&c->values, v);
  const ts_type *type = copy_type(c, v->type);
  return ts_is_float(type->dtype) ? ts_literal_float(c->to, type, ts_literal_as_double(v))
                                  : ts_literal_int(c->to, type, (int64_t)v->bits);
}

static void copy_comments(copier *c, const void *from, const void *to) {
  const ts_comments *old = ts_comments_of(c->from, from);
  if (!old) return;
  ts_comments *copy = ts_comments_add(c->to, to);
  if (old->lead) copy->lead = ts_strdup(&c->to->arena, old->lead);
  if (old->trail) copy->trail = ts_strdup(&c->to->arena, old->trail);
}

static void copy_block(copier *c, const ts_block *from, ts_block *to);

static ts_op *copy_op(copier *c, const ts_op *op) {
  ts_value **operands = ts_new_array(&c->to->arena, ts_value *, op->num_operands + 1u);
  for (unsigned i = 0; i < op->num_operands; i++)
    operands[i] = copy_operand(c, ts_operand(op, i));
  ts_op *copy = ts_op_create(c->to, op->opcode, op->loc, op->num_plain, operands, ts_num_dims(op),
                             operands + op->num_plain, op->num_results, NULL, op->num_regions);
  copy_attrs(c, op, copy);
  copy->map = copy_map(c, op->map);
  copy->subscripted = op->subscripted;
  copy->has_mask = op->has_mask;
  copy->has_comment = op->has_comment;
  if (op->has_comment) copy_comments(c, op, copy);
  for (unsigned i = 0; i < op->num_results; i++) {
    ts_op_result(copy, i)->type = copy_type(c, ts_op_result(op, i)->type);
    ts_op_result(copy, i)->name = copy_str(c, ts_op_result(op, i)->name);
    ts_ptrmap_put(&c->values, ts_op_result(op, i), ts_op_result(copy, i));
  }
  for (unsigned i = 0; i < op->num_regions; i++)
    copy_block(c, ts_op_regions(op)[i], ts_op_regions(copy)[i]);
  return copy;
}

static void copy_ops(copier *c, const ts_block *from, ts_block *to) {
  ts_builder b = ts_builder_at_end(c->to, to, from->end);
  to->end = from->end;
  copy_comments(c, from, to);
  for (const ts_op *op = from->first; op; op = op->next)
    ts_op_insert(&b, copy_op(c, op));
}

static void copy_block(copier *c, const ts_block *from, ts_block *to) {
  for (unsigned i = 0; i < from->num_args; i++) {
    ts_value *a = from->args[i];
    ts_ptrmap_put(&c->values, a,
                  ts_block_add_arg(c->to, to, copy_type(c, a->type), copy_str(c, a->name)));
  }
  copy_ops(c, from, to);
}

static void copy_func(copier *c, const ts_func *f) {
  unsigned n = f->body->num_args;
  const ts_type **types = ts_new_array(&c->to->arena, const ts_type *, n + f->num_results + 1);
  ts_str *names = ts_new_array(&c->to->arena, ts_str, n + 1);
  for (unsigned i = 0; i < n; i++) {
    types[i] = copy_type(c, f->body->args[i]->type);
    names[i] = copy_str(c, f->body->args[i]->name);
  }
  for (unsigned i = 0; i < f->num_results; i++)
    types[n + i] = copy_type(c, f->results[i]);
  ts_func *to = ts_func_create(c->to, copy_name(c, f->name), f->loc, n, types, names, f->roles,
                               f->num_results, types + n);
  for (unsigned i = 0; i < n; i++)
    ts_ptrmap_put(&c->values, f->body->args[i], to->body->args[i]);
  copy_comments(c, f, to);
  copy_ops(c, f->body, to->body);
}

static void copy_global(copier *c, const ts_global *g) {
  copy_comments(c, g,
                ts_global_create(c->to, copy_name(c, g->name), g->loc, copy_type(c, g->type),
                                 copy_data(c, g->data)));
}

static void copier_begin(copier *c) {
  ts_arena_init(&c->scratch, &c->from->ctx->memory);
  ts_ptrmap *const maps[] = {&c->types, &c->affs, &c->maps, &c->values, &c->names};
  for (unsigned i = 0; i < ts_countof(maps); i++)
    ts_ptrmap_init(maps[i], &c->scratch);
}

/* ---- modules ---- */

ts_module *ts_module_clone(const ts_module *from) {
  ts_module *to = ts_module_create(from->ctx);
  to->source = from->source;
  copy_strings(from, to);
  if (from->comment) to->comment = ts_strndup(&to->arena, from->comment, from->comment_len);
  to->comment_len = from->comment_len;
  to->check_prefixes = from->check_prefixes;
  to->test_lines = from->test_lines;
  copier c = {.from = from, .to = to};
  copier_begin(&c);
  for (const ts_global *g = from->first_global; g; g = g->next)
    copy_global(&c, g);
  copy_comments(&c, from, to);
  for (const ts_func *f = from->first_func; f; f = f->next)
    copy_func(&c, f);
  ts_arena_drop(&c.scratch);
  return to;
}

/* ---- functions ---- */

ts_str ts_free_name(ts_module *m, const char *text) {
  const char *name = text;
  for (unsigned i = 1;; i++) {
    ts_str s = ts_intern(&m->strings, name);
    if (!ts_func_find(m, s) && !ts_global_find(m, s)) return s;
    name = ts_sprintf(&m->arena, "%s_%u", text, i);
  }
}

/* The name in the other module is the one here with the suffix. */
static void rename_symbol(copier *c, ts_str name, const char *suffix) {
  const char *text = ts_sprintf(&c->scratch, "%s%s", ts_str_text(c->from, name), suffix);
  ts_str fresh = ts_free_name(c->to, text);
  ts_ptrmap_put(&c->names, name_key(name), name_key(fresh));
}

static bool same_text(const char *a, const char *b) { return a == b || (a && b && !strcmp(a, b)); }

static bool same_data(const ts_data *a, const ts_data *b) {
  return a->form == b->form && same_text(a->path, b->path) && a->num_bytes == b->num_bytes &&
         (!a->num_bytes || !memcmp(a->bytes, b->bytes, a->num_bytes));
}

/* Has the other module this one already? */
static bool is_shared(copier *c, const ts_global *g) {
  const ts_global *other = ts_global_find(c->to, copy_str(c, g->name));
  return other && other->type == copy_type(c, g->type) && same_data(other->data, g->data);
}

typedef struct linker {
  copier c;
  const char *suffix;
  ts_ptrmap globals; /* that are seen to */
} linker;

static void link_global(void *arg, ts_op *op) {
  linker *l = arg;
  if (op->opcode != TS_OP_GLOBAL) return;
  ts_global *g = ts_global_find(l->c.from, ts_attr_find(op, TS_ATTR_CALLEE)->word);
  if (ts_ptrmap_get(&l->globals, g)) return;
  ts_ptrmap_put(&l->globals, g, g);
  if (is_shared(&l->c, g)) return;
  ts_str same = copy_str(&l->c, g->name);
  bool taken = ts_func_find(l->c.to, same) || ts_global_find(l->c.to, same);
  if (taken) rename_symbol(&l->c, g->name, l->suffix);
  copy_global(&l->c, g);
}

ts_func *ts_func_link(ts_module *to, ts_func *func, const char *suffix) {
  linker l = {.c = {.from = func->module, .to = to, .other = true}, .suffix = suffix};
  ts_ptrmap reached;
  copier_begin(&l.c);
  ts_ptrmap_init(&reached, &l.c.scratch);
  ts_ptrmap_init(&l.globals, &l.c.scratch);
  ts_walk_reached(func, &reached, link_global, &l);
  for (ts_func *f = l.c.from->first_func; f; f = f->next)
    if (ts_ptrmap_get(&reached, f)) rename_symbol(&l.c, f->name, suffix);
  for (ts_func *f = l.c.from->first_func; f; f = f->next)
    if (ts_ptrmap_get(&reached, f)) copy_func(&l.c, f);
  ts_func *copy = ts_func_find(to, copy_name(&l.c, func->name));
  ts_arena_drop(&l.c.scratch);
  return copy;
}
