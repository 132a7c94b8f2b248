/* Symbolic extents get their values from the shapes of the inputs: M of tensor<MxKxf32> from an
 * array 512x768xf32. Every extent keeps what bound it, so that a clash can name both sides. */
#include "data/shape_binding.h"

#include <inttypes.h>

typedef struct binder {
  ts_context *ctx;
  const ts_func *func;
  ts_arena *arena; /* of the bindings and their `who` */
  const ts_array *arrays;
  const ts_bindings *fixed;
  TS_VEC(struct ts_binding) found;
} binder;

static const char *name_of(const binder *b, ts_str s) { return ts_str_text(b->func->module, s); }

static struct ts_binding *find(binder *b, ts_str name) {
  for (size_t i = 0; i < b->found.n; i++)
    if (b->found.at[i].name == name) return &b->found.at[i];
  return NULL;
}

/* All extents of the signature in order of appearance, those of -D with their values. */
static void collect(binder *b, const ts_signature *sig) {
  for (unsigned i = 0; i < sig->n; i++) {
    const ts_type *t = sig->entries[i].type;
    for (unsigned d = 0; d < t->rank; d++) {
      if (!ts_is_symbolic(t->dims[d]) || find(b, ts_extent_name(t->dims[d]))) continue;
      struct ts_binding fresh = {.name = ts_extent_name(t->dims[d])};
      for (unsigned k = 0; b->fixed && k < b->fixed->n; k++)
        if (b->fixed->at[k].name == fresh.name) fresh = b->fixed->at[k];
      ts_push(b->arena, &b->found, fresh);
    }
  }
}

static ts_result bad_shape(binder *b, const ts_sig_entry *e, const ts_array *a) {
  char has[TS_SHAPE_TEXT];
  ts_shape_text(has, sizeof has, a->dtype, a->rank, a->dims);
  return ts_error_plain(b->ctx, "%%%s is %s, but @%s takes %s", name_of(b, e->name), has,
                        name_of(b, b->func->name), e->type->text);
}

static ts_result bind_extent(binder *b, const ts_sig_entry *e, unsigned axis, int64_t extent) {
  struct ts_binding *x = find(b, ts_extent_name(e->type->dims[axis]));
  if (x->value == extent) return TS_OK;
  const char *who = ts_sprintf(b->arena, "dimension %u of %%%s", axis, name_of(b, e->name));
  if (extent == 0)
    return ts_error_plain(b->ctx, "%s is 0, but the extent %s is at least 1", who,
                          name_of(b, x->name));
  if (x->value)
    return ts_error_plain(b->ctx, "the extent %s is %" PRId64 " by %s, but %" PRId64 " by %s",
                          name_of(b, x->name), x->value, x->who ? x->who : "the caller", extent,
                          who);
  x->value = extent;
  x->who = who;
  return TS_OK;
}

/* i64 data serves as index values: files know no index. */
static bool suits(ts_dtype has, ts_dtype wants) {
  return has == wants || (has == TS_I64 && wants == TS_INDEX);
}

static ts_result bind_entry(binder *b, const ts_sig_entry *e, const ts_array *a) {
  if (!suits(a->dtype, (ts_dtype)e->type->dtype) || a->rank != e->type->rank)
    return bad_shape(b, e, a);
  for (unsigned d = 0; d < a->rank; d++)
    if (!ts_is_symbolic(e->type->dims[d]) && e->type->dims[d] != a->dims[d])
      return bad_shape(b, e, a);
  for (unsigned d = 0; d < a->rank; d++) {
    if (!ts_is_symbolic(e->type->dims[d])) continue;
    ts_result r = bind_extent(b, e, d, a->dims[d]);
    if (r != TS_OK) return r;
  }
  return TS_OK;
}

static ts_result bind_all(void *arg) {
  binder *b = arg;
  ts_signature sig = ts_func_signature(b->func);
  collect(b, &sig);
  for (unsigned i = 0; i < sig.n; i++) {
    if (!b->arrays[i].data) continue;
    ts_result r = bind_entry(b, &sig.entries[i], &b->arrays[i]);
    if (r != TS_OK) return r;
  }
  return TS_OK;
}

ts_result ts_bind(ts_context *ctx, const ts_func *func, const ts_array *arrays,
                  const ts_bindings *fixed, ts_bindings *out) {
  binder b = {.ctx = ctx, .func = func, .arena = &ctx->arena, .arrays = arrays, .fixed = fixed};
  ts_result r = ts_protect(ctx, bind_all, &b);
  out->n = (unsigned)b.found.n;
  out->at = b.found.at;
  return r;
}

int64_t ts_binding_value(const ts_bindings *b, ts_str name) {
  for (unsigned i = 0; i < b->n; i++)
    if (b->at[i].name == name) return b->at[i].value;
  return 0;
}

int64_t ts_bound_extent(const ts_bindings *b, ts_extent e) {
  return ts_is_symbolic(e) ? ts_binding_value(b, ts_extent_name(e)) : e;
}

void ts_bound_dims(const ts_bindings *b, const ts_type *t, int64_t dims[TS_MAX_RANK]) {
  for (unsigned i = 0; i < t->rank; i++)
    dims[i] = ts_bound_extent(b, t->dims[i]);
}

ts_bindings ts_bind_call(ts_arena *arena, const ts_op *call, const ts_func *callee,
                         const ts_bindings *caller) {
  TS_VEC(struct ts_binding) found = {0};
  for (unsigned i = 0; i < callee->body->num_args && i < call->num_plain; i++) {
    const ts_type *to = callee->body->args[i]->type;
    int64_t dims[TS_MAX_RANK];
    ts_bound_dims(caller, ts_operand(call, i)->type, dims);
    for (unsigned d = 0; d < to->rank; d++)
      if (ts_is_symbolic(to->dims[d]))
        ts_push(arena, &found, (struct ts_binding){ts_extent_name(to->dims[d]), dims[d], NULL});
  }
  return (ts_bindings){(unsigned)found.n, found.at};
}

ts_result ts_check_arrays(ts_context *ctx, const ts_func *func, const ts_bindings *bindings,
                          const ts_array *arrays) {
  ts_signature sig = ts_func_signature(func);
  for (unsigned i = 0; i < sig.n; i++) {
    const ts_type *t = sig.entries[i].type;
    const ts_array *a = &arrays[i];
    const char *name = ts_str_text(func->module, sig.entries[i].name);
    if (t->elem)
      return ts_error(ctx, func->loc, "%%%s is no array of scalars, so @%s cannot be run alone",
                      name, ts_str_text(func->module, func->name));
    int64_t dims[TS_MAX_RANK];
    ts_bound_dims(bindings, t, dims);
    bool same = a->data && a->rank == t->rank && ts_array_suits(a, (ts_dtype)t->dtype);
    for (unsigned d = 0; same && d < t->rank; d++)
      same = a->dims[d] == dims[d] && dims[d] > 0;
    if (!same)
      return ts_error(ctx, func->loc, "the array given for %%%s is not a %s", name, t->text);
  }
  return TS_OK;
}
