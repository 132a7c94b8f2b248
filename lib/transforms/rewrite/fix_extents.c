/* tensor<MxKxf32>, for %i = 0 to M  →  tensor<512xKxf32>, for %i = 0 to 512
 *
 * requires: a module that verifies. preserves: both levels, names, locations. Types and maps are
 * uniqued, so each distinct one is rebuilt once. */
#include "transforms/rewrite/fix_extents.h"

#include "analysis/verify/verify.h"

typedef struct fixer {
  ts_module *m;
  unsigned n;
  const ts_extent_value *values;
  ts_str *names; /* of the values; 0: nowhere in the module's text */
  bool *used;
  ts_arena scratch;
  ts_ptrmap types, maps; /* old to new */
} fixer;

/* The value of a symbol, or 0. */
static int64_t lookup(fixer *x, ts_str name) {
  int64_t value = 0;
  for (unsigned i = 0; i < x->n; i++)
    if (x->names[i] == name) {
      x->used[i] = true;
      value = x->values[i].value;
    }
  return value;
}

static const ts_aff *symbol(void *ctx, ts_str name) {
  fixer *x = ctx;
  int64_t value = lookup(x, name);
  return value ? ts_aff_const(x->m, value) : ts_aff_sym(x->m, name);
}

static const ts_type *rebuild_type(fixer *x, const ts_type *t, const ts_extent *dims) {
  if (t->kind == TS_TYPE_TENSOR) return ts_type_tensor(x->m, t->rank, dims, t->dtype);
  return ts_type_memref(x->m, t->rank, dims, t->dtype, t->elem, t->space, t->layout,
                        t->num_layout_args, t->layout_args);
}

static const ts_type *fix_type(fixer *x, const ts_type *t) {
  if (t->kind != TS_TYPE_TENSOR && t->kind != TS_TYPE_MEMREF) return t;
  const ts_type *known = ts_ptrmap_get(&x->types, t);
  if (known) return known;
  ts_extent dims[TS_MAX_RANK];
  bool changed = false;
  for (unsigned i = 0; i < t->rank; i++) {
    int64_t value = ts_is_symbolic(t->dims[i]) ? lookup(x, ts_extent_name(t->dims[i])) : 0;
    dims[i] = value ? value : t->dims[i];
    changed |= value != 0;
  }
  const ts_type *fixed = changed ? rebuild_type(x, t, dims) : t;
  ts_ptrmap_put(&x->types, t, (void *)fixed);
  return fixed;
}

static const ts_map *fix_map(fixer *x, const ts_map *map) {
  const ts_map *known = ts_ptrmap_get(&x->maps, map);
  if (known) return known;
  const ts_aff **exprs = ts_new_array(&x->scratch, const ts_aff *, map->n);
  for (uint32_t i = 0; i < map->n; i++)
    exprs[i] = ts_aff_substitute(x->m, map->exprs[i], NULL, symbol, x);
  const ts_map *fixed = ts_map_get(x->m, map->n, exprs);
  ts_ptrmap_put(&x->maps, map, (void *)fixed);
  return fixed;
}

static void fix_args(fixer *x, ts_block *block) {
  for (uint32_t i = 0; i < block->num_args; i++)
    block->args[i]->type = fix_type(x, block->args[i]->type);
}

static void fix_op(void *ctx, ts_op *op) {
  fixer *x = ctx;
  for (unsigned i = 0; i < op->num_results; i++) {
    ts_value *v = ts_op_result(op, i);
    v->type = fix_type(x, v->type);
  }
  if (op->map) op->map = fix_map(x, op->map);
  for (unsigned i = 0; i < op->num_regions; i++)
    fix_args(x, ts_op_regions(op)[i]);
  for (unsigned i = 0; i < op->num_attrs; i++) {
    ts_attr attr = op->attrs[i];
    if (ts_attr_infos[attr.key].kind != TS_AK_TYPE) continue;
    attr.type = fix_type(x, attr.type);
    ts_attr_set(x->m, op, attr);
  }
}

static void fix_func(fixer *x, ts_func *f) {
  fix_args(x, f->body);
  for (uint32_t i = 0; i < f->num_results; i++)
    f->results[i] = fix_type(x, f->results[i]);
  ts_walk(f->body, fix_op, x);
}

static ts_result check_values(fixer *x) {
  for (unsigned i = 0; i < x->n; i++)
    for (unsigned j = 0; j < i; j++)
      if (!strcmp(x->values[i].name, x->values[j].name) && x->values[i].value != x->values[j].value)
        return ts_error_plain(x->m->ctx, "extent %s is bound to both %lld and %lld",
                              x->values[i].name, (long long)x->values[j].value,
                              (long long)x->values[i].value);
  return TS_OK;
}

static ts_result check_used(fixer *x) {
  ts_result result = TS_OK;
  for (unsigned i = 0; i < x->n; i++)
    if (!x->used[i])
      result = ts_error_plain(x->m->ctx, "the module has no symbolic extent %s to bind to %lld",
                              x->values[i].name, (long long)x->values[i].value);
  return result;
}

static void drop_scratch(void *arg) { ts_arena_drop(&((fixer *)arg)->scratch); }

static ts_result fix_body(void *arg) {
  fixer *x = arg;
  ts_result result = check_values(x);
  if (result) return result;
  x->names = ts_new_array(&x->scratch, ts_str, x->n);
  x->used = ts_new_array(&x->scratch, bool, x->n);
  ts_ptrmap_init(&x->types, &x->scratch);
  ts_ptrmap_init(&x->maps, &x->scratch);
  for (unsigned i = 0; i < x->n; i++)
    x->names[i] = ts_intern_find(&x->m->strings, x->values[i].name, strlen(x->values[i].name));
  for (ts_func *f = x->m->first_func; f; f = f->next)
    fix_func(x, f);
  result = check_used(x);
  return result ? result : ts_verify(x->m);
}

ts_result ts_fix_extents(ts_module *m, unsigned n, const ts_extent_value *values) {
  if (!n) return TS_OK;
  m->as_parsed = false;
  fixer x = {.m = m, .n = n, .values = values};
  ts_arena_init(&x.scratch, &m->ctx->memory);
  return ts_protect_cleanup(m->ctx, fix_body, drop_scratch, &x);
}
