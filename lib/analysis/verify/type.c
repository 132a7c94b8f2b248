/* The verifier's rules about types: their extents are bound, their sizes fit, their layouts can be. */
#include "analysis/verify/verify_impl.h"

static void bind_symbols(ts_verifier *v, const ts_type *t) {
  for (unsigned i = 0; i < t->rank; i++)
    if (ts_is_symbolic(t->dims[i]))
      ts_ptrmap_put(&v->bound, (const void *)(uintptr_t)ts_extent_name(t->dims[i]),
                    (void *)(uintptr_t)v->func);
}

bool ts_verify_is_bound(ts_verifier *v, ts_str symbol) {
  const ts_block *body = v->func->body;
  for (unsigned i = 0; i < body->num_args && !v->bound_known; i++)
    bind_symbols(v, body->args[i]->type);
  v->bound_known = true;
  return ts_ptrmap_get(&v->bound, (const void *)(uintptr_t)symbol) == v->func;
}

static bool unbound(ts_verifier *v, ts_loc loc, ts_str symbol) {
  return ts_verify_error(v, loc, "no parameter of @%s has the symbolic extent %s",
                         ts_str_text(v->m, v->func->name), ts_str_text(v->m, symbol));
}

/* Elements from the first to the last, holes of the layout included; false: past int64. */
static bool span_of(const ts_type *t, int64_t *span) {
  int64_t last = 0;
  *span = 1;
  for (unsigned i = 0; i < t->rank; i++) {
    int64_t e = ts_is_symbolic(t->dims[i]) ? 1 : t->dims[i];
    if (t->layout == TS_LAYOUT_STRIDES &&
        (__builtin_mul_overflow(e - 1, t->layout_args[i], &last) ||
         __builtin_add_overflow(*span, last, span)))
      return false;
    if (t->layout == TS_LAYOUT_PAD && i + 1 == t->rank &&
        __builtin_add_overflow(e, t->layout_args[0], &e))
      return false;
    if (t->layout != TS_LAYOUT_STRIDES && __builtin_mul_overflow(*span, e, span)) return false;
  }
  return true;
}

bool ts_verify_size_fits(const ts_type *t) {
  int64_t n, bytes = ts_dtype_bytes(t->dtype);
  if (t->elem && __builtin_mul_overflow(bytes, t->elem->dims[0], &bytes)) return false;
  return span_of(t, &n) && !__builtin_mul_overflow(n, bytes, &n);
}

static bool swizzle_fits(const ts_type *t) {
  if (t->kind != TS_TYPE_MEMREF || t->layout != TS_LAYOUT_SWIZZLE) return true;
  int64_t bytes = t->layout_args[0];
  return bytes == 32 || bytes == 64 || bytes == 128;
}

static bool vector_fits(const ts_type *t) {
  const ts_type *vector = t->kind == TS_TYPE_VECTOR ? t : t->elem;
  return !vector || (vector->dims[0] >= 1 && vector->dims[0] <= 4096);
}

bool ts_verify_type(ts_verifier *v, ts_loc loc, const ts_type *t) {
  if (t == v->last_type || t->kind == TS_TYPE_SCALAR) return true;
  for (unsigned i = 0; i < t->rank; i++) {
    if (t->dims[i] == 0)
      return ts_verify_error(v, loc, "extent %u of %s must be at least 1", i, t->text);
    if (ts_is_symbolic(t->dims[i]) && !ts_verify_is_bound(v, ts_extent_name(t->dims[i])))
      return unbound(v, loc, ts_extent_name(t->dims[i]));
  }
  if (!vector_fits(t)) return ts_verify_error(v, loc, "%s: a vector has 1 to 4096 lanes", t->text);
  if (!swizzle_fits(t))
    return ts_verify_error(v, loc, "%s: a swizzle spans 32, 64 or 128 bytes", t->text);
  if (!ts_verify_size_fits(t))
    return ts_verify_error(v, loc, "%s takes more bytes than 64 bits can count", t->text);
  if (!ts_verify_layout(v, loc, t)) return false;
  v->last_type = t;
  return true;
}
