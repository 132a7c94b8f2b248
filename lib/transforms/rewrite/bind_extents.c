/* tensor<MxKxf32>, for %i = 0 to M  →  tensor<512xKxf32>, for %i = 0 to 512
 *
 * requires: a module that verifies. preserves: both levels, names, locations. Types and maps are
 * uniqued, so each distinct one is rebuilt once. */
#include "transforms/rewrite/bind_extents.h"

#include <errno.h>
#include <stdlib.h>

#include "analysis/verify/verify.h"

static bool is_extent_name(const char *p, size_t n) {
  for (size_t i = 0; i < n; i++) {
    bool upper = p[i] >= 'A' && p[i] <= 'Z', rest = (p[i] >= '0' && p[i] <= '9') || p[i] == '_';
    if (!upper && !(i && rest)) return false;
  }
  return n > 0;
}

struct parse_call {
  ts_context *ctx;
  const char *text;
  ts_extent_value *out;
};

static ts_result parse_body(void *arg) {
  struct parse_call *c = arg;
  const char *equals = strchr(c->text, '=');
  if (!equals || !is_extent_name(c->text, (size_t)(equals - c->text))) {
    ts_error_plain(c->ctx, "an extent is bound as NAME=n, such as M=512, not '%s'", c->text);
    return TS_USAGE;
  }
  char *end;
  errno = 0;
  long long value = strtoll(equals + 1, &end, 10);
  bool digits = equals[1] >= '0' && equals[1] <= '9';
  if (!digits || *end || errno || value < 1) {
    ts_error_plain(c->ctx, "an extent is an integer of at least 1, not '%s'", equals + 1);
    return TS_USAGE;
  }
  *c->out =
      (ts_extent_value){ts_strndup(&c->ctx->arena, c->text, (size_t)(equals - c->text)), value};
  return TS_OK;
}

ts_result ts_extent_parse(ts_context *ctx, const char *text, ts_extent_value *out) {
  return ts_protect(ctx, parse_body, &(struct parse_call){ctx, text, out});
}

typedef struct binder {
  ts_module *m;
  unsigned n;
  const ts_extent_value *values;
  ts_str *names; /* of the values; 0: nowhere in the module's text */
  bool *used;
  ts_arena scratch;
  ts_ptrmap types, maps; /* old to new */
} binder;

/* The value bound to a symbol, or 0. */
static int64_t lookup(binder *b, ts_str name) {
  int64_t value = 0;
  for (unsigned i = 0; i < b->n; i++)
    if (b->names[i] == name) {
      b->used[i] = true;
      value = b->values[i].value;
    }
  return value;
}

static const ts_aff *symbol(void *ctx, ts_str name) {
  binder *b = ctx;
  int64_t value = lookup(b, name);
  return value ? ts_aff_const(b->m, value) : ts_aff_sym(b->m, name);
}

static const ts_type *rebuild_type(binder *b, const ts_type *t, const ts_extent *dims) {
  if (t->kind == TS_TYPE_TENSOR) return ts_type_tensor(b->m, t->rank, dims, t->dtype);
  return ts_type_memref(b->m, t->rank, dims, t->dtype, t->elem, t->space, t->layout,
                        t->num_layout_args, t->layout_args);
}

static const ts_type *bind_type(binder *b, const ts_type *t) {
  if (t->kind != TS_TYPE_TENSOR && t->kind != TS_TYPE_MEMREF) return t;
  const ts_type *known = ts_ptrmap_get(&b->types, t);
  if (known) return known;
  ts_extent dims[TS_MAX_RANK];
  bool changed = false;
  for (unsigned i = 0; i < t->rank; i++) {
    int64_t value = ts_is_symbolic(t->dims[i]) ? lookup(b, ts_extent_name(t->dims[i])) : 0;
    dims[i] = value ? value : t->dims[i];
    changed |= value != 0;
  }
  const ts_type *bound = changed ? rebuild_type(b, t, dims) : t;
  ts_ptrmap_put(&b->types, t, (void *)bound);
  return bound;
}

static const ts_map *bind_map(binder *b, const ts_map *map) {
  const ts_map *known = ts_ptrmap_get(&b->maps, map);
  if (known) return known;
  const ts_aff **exprs = ts_new_array(&b->scratch, const ts_aff *, map->n);
  for (uint32_t i = 0; i < map->n; i++)
    exprs[i] = ts_aff_substitute(b->m, map->exprs[i], NULL, symbol, b);
  const ts_map *bound = ts_map_get(b->m, map->n, exprs);
  ts_ptrmap_put(&b->maps, map, (void *)bound);
  return bound;
}

static void bind_args(binder *b, ts_block *block) {
  for (uint32_t i = 0; i < block->num_args; i++)
    block->args[i]->type = bind_type(b, block->args[i]->type);
}

static void bind_op(void *ctx, ts_op *op) {
  binder *b = ctx;
  for (unsigned i = 0; i < op->num_results; i++) {
    ts_value *v = ts_op_result(op, i);
    v->type = bind_type(b, v->type);
  }
  if (op->map) op->map = bind_map(b, op->map);
  for (unsigned i = 0; i < op->num_regions; i++)
    bind_args(b, ts_op_regions(op)[i]);
  for (unsigned i = 0; i < op->num_attrs; i++) {
    ts_attr attr = op->attrs[i];
    if (ts_attr_infos[attr.key].kind != TS_AK_TYPE) continue;
    attr.type = bind_type(b, attr.type);
    ts_attr_set(b->m, op, attr);
  }
}

static void bind_func(binder *b, ts_func *f) {
  bind_args(b, f->body);
  for (uint32_t i = 0; i < f->num_results; i++)
    f->results[i] = bind_type(b, f->results[i]);
  ts_walk(f->body, bind_op, b);
}

static ts_result check_values(binder *b) {
  for (unsigned i = 0; i < b->n; i++)
    for (unsigned j = 0; j < i; j++)
      if (!strcmp(b->values[i].name, b->values[j].name) && b->values[i].value != b->values[j].value)
        return ts_error_plain(b->m->ctx, "extent %s is bound to both %lld and %lld",
                              b->values[i].name, (long long)b->values[j].value,
                              (long long)b->values[i].value);
  return TS_OK;
}

static ts_result check_used(binder *b) {
  ts_result result = TS_OK;
  for (unsigned i = 0; i < b->n; i++)
    if (!b->used[i])
      result = ts_error_plain(b->m->ctx, "the module has no symbolic extent %s to bind to %lld",
                              b->values[i].name, (long long)b->values[i].value);
  return result;
}

static void drop_scratch(void *arg) { ts_arena_drop(&((binder *)arg)->scratch); }

static ts_result bind_body(void *arg) {
  binder *b = arg;
  ts_result result = check_values(b);
  if (result) return result;
  b->names = ts_new_array(&b->scratch, ts_str, b->n);
  b->used = ts_new_array(&b->scratch, bool, b->n);
  ts_ptrmap_init(&b->types, &b->scratch);
  ts_ptrmap_init(&b->maps, &b->scratch);
  for (unsigned i = 0; i < b->n; i++)
    b->names[i] = ts_intern_find(&b->m->strings, b->values[i].name, strlen(b->values[i].name));
  for (ts_func *f = b->m->first_func; f; f = f->next)
    bind_func(b, f);
  result = check_used(b);
  return result ? result : ts_verify(b->m);
}

ts_result ts_bind_extents(ts_module *m, unsigned n, const ts_extent_value *values) {
  if (!n) return TS_OK;
  m->as_parsed = false;
  binder b = {.m = m, .n = n, .values = values};
  ts_arena_init(&b.scratch, &m->ctx->memory);
  return ts_protect_cleanup(m->ctx, bind_body, drop_scratch, &b);
}
