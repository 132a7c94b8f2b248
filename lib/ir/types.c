/* Types: scalars, vectors, tensors, memrefs and fragments, uniqued with their text. */
#include "ir/uniquer_impl.h"

static const struct {
  const char *name;
  unsigned bits;
  ts_class cls;
} dtypes[TS_NUM_DTYPES] = {
#define DTYPE(e, name, bits, cls) {name, bits, TS_CLASS_##cls},
#include "ir/types.def"
#undef DTYPE
};

const char *ts_dtype_name(ts_dtype d) { return dtypes[d].name; }
unsigned ts_dtype_bytes(ts_dtype d) { return dtypes[d].bits / 8; }
ts_class ts_dtype_class(ts_dtype d) { return dtypes[d].cls; }

static uint64_t hash_type(const ts_type *t) {
  const uint8_t head[] = {t->kind, t->dtype, t->space, t->layout, t->role, t->rank};
  uint64_t h = ts_hash(head, sizeof head, t->elem ? (uint64_t)t->elem->dims[0] : 0);
  h = ts_hash(t->dims, t->rank * sizeof *t->dims, h);
  return ts_hash(t->layout_args, t->num_layout_args * sizeof *t->layout_args, h);
}

static bool same_type(const void *key, const void *item) {
  const ts_type *a = key, *b = item;
  return a->kind == b->kind && a->dtype == b->dtype && a->space == b->space &&
         a->layout == b->layout && a->role == b->role && a->rank == b->rank && a->elem == b->elem &&
         a->num_layout_args == b->num_layout_args &&
         (!a->rank || memcmp(a->dims, b->dims, a->rank * sizeof *a->dims) == 0) &&
         (!a->num_layout_args ||
          memcmp(a->layout_args, b->layout_args, a->num_layout_args * sizeof(int64_t)) == 0);
}

static void print_dims(ts_sink *s, const ts_module *m, const ts_type *t) {
  for (unsigned i = 0; i < t->rank; i++) {
    if (ts_is_symbolic(t->dims[i])) {
      const struct ts_interned *e = ts_interned_of(&m->strings, ts_extent_name(t->dims[i]));
      ts_sink_write(s, e->text, e->len);
    } else {
      ts_sink_int(s, t->dims[i]);
    }
    if (t->kind != TS_TYPE_FRAGMENT || i + 1 < t->rank) ts_sink_puts(s, "x");
  }
}

static void print_layout(ts_sink *s, const ts_type *t) {
  static const char *const names[] = {"", ", pad(", ", swizzle(", ", strides("};
  if (t->layout == TS_LAYOUT_ROWMAJOR) return;
  ts_sink_puts(s, names[t->layout]);
  for (unsigned i = 0; i < t->num_layout_args; i++) {
    if (i) ts_sink_puts(s, ", ");
    ts_sink_int(s, t->layout_args[i]);
  }
  ts_sink_puts(s, ")");
}

static void print_type(ts_sink *s, const ts_module *m, const ts_type *t) {
  static const char *const heads[] = {[TS_TYPE_VECTOR] = "vector<",
                                      [TS_TYPE_TENSOR] = "tensor<",
                                      [TS_TYPE_MEMREF] = "memref<",
                                      [TS_TYPE_FRAGMENT] = "fragment<"};
  static const char *const roles[] = {", a, ", ", b, ", ", c, "};
  static const char *const spaces[] = {"", ", shared", ", local"};
  ts_sink_puts(s, heads[t->kind]);
  print_dims(s, m, t);
  if (t->kind == TS_TYPE_FRAGMENT) ts_sink_puts(s, roles[t->role]);
  ts_sink_puts(s, t->elem ? t->elem->text : ts_dtype_name(t->dtype));
  if (t->kind == TS_TYPE_MEMREF) {
    ts_sink_puts(s, spaces[t->space]);
    print_layout(s, t);
  }
  ts_sink_puts(s, ">");
}

/* The uniqued copy of `key`, whose arrays may be the caller's. */
static const ts_type *unique_type(ts_module *m, const ts_type *key) {
  uint64_t hash = hash_type(key);
  struct ts_uniq_slot *slot = ts_uniq_slot(m, &m->uniquer->types, hash, key, same_type);
  if (slot->item) return slot->item;
  ts_type *t = ts_new(&m->arena, ts_type);
  *t = *key;
  t->dims = ts_new_array(&m->arena, ts_extent, t->rank ? t->rank : 1);
  if (t->rank) memcpy(t->dims, key->dims, t->rank * sizeof *t->dims);
  if (t->num_layout_args) {
    t->layout_args = ts_new_array(&m->arena, int64_t, t->num_layout_args);
    memcpy(t->layout_args, key->layout_args, t->num_layout_args * sizeof(int64_t));
  }
  ts_sink text;
  ts_sink_buffer(&text, &m->ctx->memory);
  print_type(&text, m, t);
  t->text = ts_strndup(&m->arena, text.buf, text.n);
  t->text_len = (uint32_t)text.n;
  ts_sink_drop(&text);
  ts_uniq_fill(&m->uniquer->types, slot, hash, t);
  return t;
}

const ts_type *ts_type_error(ts_module *m) { return &m->uniquer->error; }

const ts_type *ts_type_scalar(ts_module *m, ts_dtype d) { return m->uniquer->scalars[d]; }

const ts_type *ts_type_vector(ts_module *m, int64_t lanes, ts_dtype d) {
  return unique_type(
      m, &(ts_type){.kind = TS_TYPE_VECTOR, .dtype = (uint8_t)d, .rank = 1, .dims = &lanes});
}

const ts_type *ts_type_tensor(ts_module *m, unsigned rank, const ts_extent *dims, ts_dtype d) {
  return unique_type(m, &(ts_type){.kind = TS_TYPE_TENSOR,
                                   .dtype = (uint8_t)d,
                                   .rank = (uint8_t)rank,
                                   .dims = (ts_extent *)dims});
}

const ts_type *ts_type_fragment(ts_module *m, const int64_t mnk[3], ts_frag_role role, ts_dtype d) {
  return unique_type(m, &(ts_type){.kind = TS_TYPE_FRAGMENT,
                                   .dtype = (uint8_t)d,
                                   .role = (uint8_t)role,
                                   .rank = 3,
                                   .dims = (ts_extent *)mnk});
}

const ts_type *ts_type_memref(ts_module *m, unsigned rank, const ts_extent *dims, ts_dtype d,
                              const ts_type *elem, ts_space space, ts_layout layout,
                              unsigned num_layout_args, const int64_t *layout_args) {
  return unique_type(m, &(ts_type){.kind = TS_TYPE_MEMREF,
                                   .dtype = elem ? elem->dtype : (uint8_t)d,
                                   .space = (uint8_t)space,
                                   .layout = (uint8_t)layout,
                                   .rank = (uint8_t)rank,
                                   .num_layout_args = (uint8_t)num_layout_args,
                                   .elem = elem,
                                   .dims = (ts_extent *)dims,
                                   .layout_args = (int64_t *)layout_args});
}

const ts_type *ts_type_buffer(ts_module *m, unsigned rank, const ts_extent *dims, ts_dtype d,
                              ts_space space) {
  return ts_type_memref(m, rank, dims, d, NULL, space, TS_LAYOUT_ROWMAJOR, 0, NULL);
}

const ts_type *ts_type_element(ts_module *m, const ts_type *t) {
  return t->elem ? t->elem : ts_type_scalar(m, t->dtype);
}

const ts_type *ts_type_with_dtype(ts_module *m, const ts_type *t, ts_dtype d) {
  if (t->dtype == d) return t;
  if (t->kind == TS_TYPE_SCALAR) return ts_type_scalar(m, d);
  ts_type key = *t;
  key.dtype = (uint8_t)d;
  if (t->elem) key.elem = ts_type_with_dtype(m, t->elem, d);
  return unique_type(m, &key);
}

int64_t ts_type_num_elements(const ts_type *t) {
  int64_t n = 1;
  bool symbolic = false;
  for (unsigned i = 0; i < t->rank; i++) {
    if (ts_is_symbolic(t->dims[i]))
      symbolic = true;
    else if (__builtin_mul_overflow(n, t->dims[i], &n))
      return -1;
  }
  if (t->elem && __builtin_mul_overflow(n, t->elem->dims[0], &n)) return -1;
  return symbolic ? 0 : n;
}

bool ts_is_number(ts_dtype d) { return ts_is_float(d) || ts_is_int(d); }

unsigned ts_dtype_width(ts_dtype d) { return d == TS_I1 ? 1 : ts_dtype_bytes(d) * 8; }

bool ts_dtype_holds(ts_dtype wide, ts_dtype narrow) {
  if (wide == narrow) return true;
  if (ts_is_float(wide) != ts_is_float(narrow)) return false;
  if (ts_is_float(wide)) return ts_dtype_bytes(wide) > ts_dtype_bytes(narrow);
  return ts_dtype_width(wide) >= ts_dtype_width(narrow);
}

void ts_uniquer_init(ts_module *m) {
  m->uniquer = ts_new(&m->arena, ts_uniquer);
  m->uniquer->error = (ts_type){.kind = TS_TYPE_ERROR, .text = "<error>", .text_len = 7};
  for (int d = 0; d < (int)TS_NUM_DTYPES; d++) {
    ts_type *t = ts_new(&m->arena, ts_type);
    *t = (ts_type){.kind = TS_TYPE_SCALAR, .dtype = (uint8_t)d, .text = ts_dtype_name(d)};
    t->text_len = (uint32_t)strlen(t->text);
    m->uniquer->scalars[d] = t;
  }
}
