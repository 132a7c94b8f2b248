/* The C emitter: buffers, and what reads and writes them.
 *
 * A parameter, a global and a large buffer are pointers to row-major memory. A small buffer of the
 * function's own is a C array, with rows as long as its pad() says; when only whole elements of it
 * are read and written, one of vectors is an array of vectors, and one of a single element a
 * variable. */
#include <inttypes.h>

#include "emit/c_emit.h"

/* Bytes on the stack: of one buffer; of a function and what it calls. What is more is allocated. */
enum { MAX_ARRAY_BYTES = 64 << 10, MAX_STACK_BYTES = 1 << 20 };

ts_c_buffer *ts_c_buffer_of(ts_c_emit *e, const ts_value *v) {
  return ts_c_nest_buffer(e, v, ts_ptrmap_get(&e->buffers, v));
}

static ts_c_buffer *new_buffer(ts_c_emit *e, const ts_value *v, ts_c_place place,
                               const char *name) {
  ts_c_buffer *b = ts_new(e->arena, ts_c_buffer);
  *b = (ts_c_buffer){.place = place, .name = name, .type = v->type};
  ts_ptrmap_put(&e->buffers, v, b);
  return b;
}

void ts_c_param(ts_c_emit *e, const ts_value *v, const char *name) {
  new_buffer(e, v, TS_C_POINTER, name);
}

/* ---- places ---- */

/* Elements in memory that one element of the buffer takes: lanes of a vector. */
static int64_t lanes_of(const ts_type *t) { return t->elem ? t->elem->dims[0] : 1; }

/* Elements of the last dimension as declared. */
static int64_t row_of(const ts_c_buffer *b) { return b->type->dims[b->type->rank - 1] + b->pad; }

/* Product of the extents behind dimension `d`, times lanes. */
static ts_c_text stride_of(ts_c_emit *e, const ts_c_buffer *b, unsigned d) {
  ts_c_text s = ts_c_number(e, lanes_of(b->type));
  for (unsigned i = b->type->rank; i-- > d + 1;)
    s = ts_c_mul(e, ts_c_extent(e, b->type->dims[i]), s);
  return s;
}

/* i * 768 + k: of the element, or of the first scalar of one that is a vector. */
static ts_c_text flat_index(ts_c_emit *e, const ts_op *op, const ts_c_buffer *b,
                            const ts_access *a) {
  ts_c_text at = ts_c_number(e, 0);
  for (unsigned d = 0; d < a->n; d++)
    at = ts_c_add(e, at, ts_c_mul(e, ts_c_affine(e, op, a->subscripts[d]), stride_of(e, b, d)));
  return at;
}

/* A[i][k] */
static ts_c_text array_place(ts_c_emit *e, const ts_op *op, const ts_c_buffer *b,
                             const ts_access *a) {
  const char *text = b->name;
  for (unsigned d = 0; d < a->n; d++)
    text = ts_sprintf(e->arena, "%s[%s]", text, ts_c_affine(e, op, a->subscripts[d]).s);
  if (a->n == 0) text = ts_sprintf(e->arena, "%s[0]", text);
  if (b->place == TS_C_ARRAY && b->type->elem) text = ts_sprintf(e->arena, "%s[0]", text);
  return ts_c_atom(text);
}

static ts_c_text place_of(ts_c_emit *e, const ts_op *op, const ts_c_buffer *b, const ts_access *a) {
  switch (b->place) {
  case TS_C_VARIABLE: return ts_c_atom(b->name);
  case TS_C_POINTER: return ts_c_expr(e, TS_C_ATOM, "%s[%s]", b->name, flat_index(e, op, b, a).s);
  default: return array_place(e, op, b, a);
  }
}

const char *ts_c_base_address(ts_c_emit *e, const ts_c_buffer *b) {
  if (b->place == TS_C_POINTER) return b->name;
  const char *text = ts_sprintf(e->arena, "&%s[0]", b->name);
  unsigned more = (b->type->rank > 1 ? b->type->rank - 1 : 0) + (b->type->elem != NULL);
  for (unsigned i = 0; i < more; i++)
    text = ts_sprintf(e->arena, "%s[0]", text);
  return text;
}

/* ---- checks ---- */

static void check_masked(ts_c_emit *e, const ts_op *op, const ts_access *a, const char *at,
                         const char *extent, int64_t width) {
  const ts_value *mask = ts_operand(op, op->num_plain - 1u);
  ts_c_rep r = ts_c_rep_of(e, mask);
  const char *args = ts_sprintf(e->arena, "%s, %s, %s", ts_c_use(e, mask).s, at, extent);
  ts_c_text lane = ts_c_call_helper(e, "outside", r, width, (ts_dtype)a->type->dtype, args);
  const char *name = ts_c_unique(e, "outside");
  ts_c_stmt(e, "const int64_t %s = %s > %s - %" PRId64 " || %s < 0 ? %s : -1;", name, at, extent,
            width, at, lane.s);
  ts_c_fail_bounds_if(e, op, ts_sprintf(e->arena, "%s >= 0", name), a->n - 1, at, extent);
}

/* The subscript as a variable that holds it exactly, or INT64_MIN when no int64_t does. */
static const char *wide_subscript(ts_c_emit *e, const ts_op *op, const ts_aff *s) {
  const char *wide = ts_c_unique(e, "wide"), *at = ts_c_unique(e, "at");
  ts_c_stmt(e, "const __int128 %s = %s;", wide, ts_c_affine_wide(e, op, s).s);
  ts_c_stmt(e, "const int64_t %s = %s == (int64_t)%s ? (int64_t)%s : INT64_MIN;", at, wide, wide,
            wide);
  return at;
}

/* 0 <= subscript and subscript + width <= extent, unless that is proved. */
static void check_subscript(ts_c_emit *e, const ts_op *op, const ts_access *a, unsigned d) {
  if (ts_range_in_bounds(e->ranges, op, a, d) == TS_PROVED) return;
  const ts_aff *s = a->subscripts[d];
  int64_t width = ts_access_width(op, a, d);
  const char *extent = ts_c_paren(e, ts_c_extent(e, a->memref->type->dims[d]), TS_C_UNARY);
  ts_c_text t =
      ts_c_affine_fits(e, op, s) ? ts_c_affine(e, op, s) : ts_c_atom(wide_subscript(e, op, s));
  const char *at = ts_c_paren(e, t, TS_C_UNARY);
  if (op->has_mask && d + 1 == a->n && width > 1) {
    check_masked(e, op, a, at, extent, width);
    return;
  }
  const char *condition =
      width == 1 ? ts_sprintf(e->arena, "(uint64_t)%s >= (uint64_t)%s", at, extent)
                 : ts_sprintf(e->arena, "%s < 0 || %s > %s - %" PRId64, at, at, extent, width);
  ts_c_fail_bounds_if(e, op, condition, d, at, extent);
}

/* Does the mask, lanes_below [extent - subscript], leave out every lane past the end? Sums of
 * expressions of two ops need one that has the dims of both. */
static bool mask_keeps_inside(ts_c_emit *e, const ts_op *op, const ts_access *a, unsigned d) {
  const ts_value *mask = op->has_mask ? ts_operand(op, op->num_plain - 1u) : NULL;
  if (!mask || mask->kind != TS_VALUE_RESULT || mask->def->opcode != TS_OP_LANES_BELOW ||
      d + 1 < a->n || a->memref->type->elem)
    return false;
  const ts_op *below = mask->def;
  unsigned n = ts_num_dims(op), m = ts_num_dims(below);
  ts_value **dims = ts_new_array(e->arena, ts_value *, n + m + 1);
  const ts_aff **shifted = ts_new_array(e->arena, const ts_aff *, m + 1);
  for (unsigned i = 0; i < n + m; i++)
    dims[i] = i < n ? ts_dim(op, i) : ts_dim(below, i - n);
  for (unsigned i = 0; i < m; i++)
    shifted[i] = ts_aff_dim(e->m, n + i);
  ts_extent extent = a->memref->type->dims[d];
  const ts_aff *limit = ts_is_symbolic(extent) ? ts_aff_sym(e->m, ts_extent_name(extent))
                                               : ts_aff_const(e->m, extent),
               *lanes = ts_aff_substitute(e->m, below->map->exprs[0], shifted, NULL, NULL),
               *end = lanes ? ts_aff_binary(e->m, TS_AFF_ADD, a->subscripts[d], lanes) : NULL;
  if (!end || ts_range_of(e->ranges, op, a->subscripts[d]).lo < 0) return false;
  ts_op *both = ts_op_create(e->m, TS_OP_APPLY, op->loc, 0, NULL, n + m, dims, 0, NULL, 0);
  bool inside = ts_range_compare(e->ranges, both, end, TS_LE, limit) == TS_PROVED;
  ts_op_erase(both);
  return inside;
}

static ts_c_buffer *open_access(ts_c_emit *e, const ts_op *op, ts_access *a) {
  if (!ts_access_parts(op, 0, a)) ts_unreachable("not an access");
  for (unsigned d = 0; d < a->n; d++)
    if (!mask_keeps_inside(e, op, a, d)) check_subscript(e, op, a, d);
  return ts_c_buffer_of(e, a->memref);
}

/* ---- loads and stores ---- */

static bool is_direct(ts_dtype d) { return !ts_c_narrow(d) && d != TS_I1; }

/* What a TS_C_VARIABLE, or an element of TS_C_VALUES, is. */
static ts_c_rep rep_of_element(ts_c_emit *e, const ts_c_buffer *b) {
  const ts_type *t = ts_type_element(e->m, b->type);
  return b->packed ? ts_c_packed_rep(t) : ts_c_rep_of_type(t);
}

/* Does the access move one scalar element in memory? */
static bool is_scalar(const ts_access *a) { return ts_is_kind(a->type, TS_TYPE_SCALAR); }

static const ts_value *mask_of(const ts_op *op) {
  return op->has_mask ? ts_operand(op, op->num_plain - 1u) : NULL;
}

static ts_c_text load_vector(ts_c_emit *e, const ts_op *op, const char *address) {
  const ts_value *result = ts_op_result(op, 0), *mask = mask_of(op);
  ts_c_rep r = ts_c_rep_of(e, result);
  const char *args = address;
  if (mask) args = ts_sprintf(e->arena, "%s, %s", address, ts_c_use_mask(e, mask, r).s);
  return ts_c_call_helper(e, mask ? "load_masked" : "load", r, result->type->dims[0],
                          (ts_dtype)result->type->dtype, args);
}

static bool is_bf16_vector(const ts_type *t) {
  return t->kind == TS_TYPE_VECTOR && t->dtype == TS_BF16;
}

static ts_c_text load_value(ts_c_emit *e, const ts_op *op, const ts_c_buffer *b, ts_c_text place) {
  const ts_value *result = ts_op_result(op, 0), *mask = mask_of(op);
  ts_c_rep r = ts_c_rep_of(e, result);
  if (is_bf16_vector(result->type))
    place = ts_c_repack(e, rep_of_element(e, b), place, ts_c_is_packed(r));
  if (!mask) return place;
  return ts_c_call_helper(e, "select", r, r.lanes, TS_F32,
                          ts_sprintf(e->arena, "%s, %s, (%s){0}", ts_c_use_mask(e, mask, r).s,
                                     place.s, ts_c_type(e, r)));
}

static ts_c_text load_scalar(ts_c_emit *e, ts_c_text place, ts_dtype d) {
  if (d == TS_I1) return ts_c_expr(e, TS_C_EQUAL, "%s != 0", place.s);
  if (is_direct(d)) return place;
  return ts_c_call_helper(e, "load_scalar", (ts_c_rep){TS_C_F32, 0}, 0, d,
                          ts_sprintf(e->arena, "&%s", place.s));
}

void ts_c_load(ts_c_emit *e, const ts_op *op) {
  ts_access a;
  ts_c_buffer *b = open_access(e, op, &a);
  if (!ts_has_uses(ts_op_result(op, 0))) return;
  ts_c_text place = place_of(e, op, b, &a);
  ts_dtype d = (ts_dtype)a.type->dtype;
  place.ops = 1;
  if (b->place == TS_C_VARIABLE || b->place == TS_C_VALUES)
    ts_c_define_load(e, op, load_value(e, op, b, place));
  else if (is_scalar(&a) && b->place == TS_C_ARRAY)
    ts_c_define_load(e, op, load_scalar(e, place, d));
  else if (is_scalar(&a))
    ts_c_define(e, op, load_scalar(e, place, d));
  else
    ts_c_define(e, op, load_vector(e, op, ts_sprintf(e->arena, "&%s", place.s)));
}

static void store_value(ts_c_emit *e, const ts_op *op, ts_c_buffer *b, ts_c_text place) {
  const ts_value *v = ts_operand(op, 0), *mask = mask_of(op);
  bool narrow = is_bf16_vector(v->type);
  ts_c_text x = narrow ? ts_c_use_bf16(e, v, b->packed) : ts_c_use(e, v);
  if (b->undeclared) {
    ts_c_rep r = narrow ? rep_of_element(e, b) : ts_c_rep_of(e, v);
    ts_c_stmt(e, "%s %s = %s;", ts_c_type(e, r), place.s, x.s);
    b->undeclared = false;
    return;
  }
  if (!mask) {
    ts_c_stmt(e, "%s = %s;", place.s, x.s);
    return;
  }
  ts_c_rep r = narrow ? rep_of_element(e, b) : ts_c_rep_of(e, v);
  ts_c_text chosen = ts_c_call_helper(
      e, "select", r, r.lanes, TS_F32,
      ts_sprintf(e->arena, "%s, %s, %s", ts_c_use_mask(e, mask, r).s, x.s, place.s));
  ts_c_stmt(e, "%s = %s;", place.s, chosen.s);
}

static void store_vector(ts_c_emit *e, const ts_op *op, const char *address) {
  const ts_value *v = ts_operand(op, 0), *mask = mask_of(op);
  ts_c_rep r = ts_c_rep_of(e, v);
  const char *args = ts_sprintf(e->arena, "%s, %s", address, ts_c_use(e, v).s);
  if (mask) args = ts_sprintf(e->arena, "%s, %s", args, ts_c_use_mask(e, mask, r).s);
  ts_c_text call = ts_c_call_helper(e, mask ? "store_masked" : "store", r, v->type->dims[0],
                                    (ts_dtype)v->type->dtype, args);
  ts_c_stmt(e, "%s;", call.s);
}

static void store_scalar(ts_c_emit *e, ts_c_text place, ts_dtype d, ts_c_text x) {
  if (is_direct(d) || d == TS_I1) {
    ts_c_stmt(e, "%s = %s;", place.s, x.s);
    return;
  }
  ts_c_text call = ts_c_call_helper(e, "store_scalar", (ts_c_rep){TS_C_F32, 0}, 0, d,
                                    ts_sprintf(e->arena, "&%s, %s", place.s, x.s));
  ts_c_stmt(e, "%s;", call.s);
}

void ts_c_store(ts_c_emit *e, const ts_op *op) {
  ts_access a;
  ts_c_buffer *b = open_access(e, op, &a);
  ts_c_text place = place_of(e, op, b, &a);
  if (b->place == TS_C_VARIABLE || b->place == TS_C_VALUES)
    store_value(e, op, b, place);
  else if (is_scalar(&a))
    store_scalar(e, place, (ts_dtype)a.type->dtype, ts_c_use(e, ts_operand(op, 0)));
  else
    store_vector(e, op, ts_sprintf(e->arena, "&%s", place.s));
}

/* OpenMP's atomics know the numbers that C has; the others take a lock. */
void ts_c_atomic_add(ts_c_emit *e, const ts_op *op) {
  ts_access a;
  ts_c_buffer *b = open_access(e, op, &a);
  ts_c_text place = place_of(e, op, b, &a), x = ts_c_use(e, ts_operand(op, 0));
  ts_dtype d = (ts_dtype)a.type->dtype;
  ts_c_rep r = ts_c_rep_of_type(a.type);
  if (ts_c_narrow(d)) {
    ts_c_text old = load_scalar(e, place, d);
    const char *sum = ts_sprintf(e->arena, "%s + %s", old.s, ts_c_paren(e, x, TS_C_MUL));
    if (e->options->openmp) ts_c_stmt(e, "#pragma omp critical(ts_atomic_add)");
    store_scalar(
        e, place, d,
        ts_c_call_helper(e, ts_sprintf(e->arena, "round_%s", ts_c_narrow(d)), r, 0, d, sum));
    return;
  }
  if (e->options->openmp) ts_c_stmt(e, "#pragma omp atomic");
  if (ts_c_is_float(r))
    ts_c_stmt(e, "%s += %s;", place.s, x.s);
  else
    ts_c_stmt(e, "*(%s *)&%s += (%s)%s;", ts_c_unsigned(r.base), place.s, ts_c_unsigned(r.base),
              ts_c_paren(e, x, TS_C_UNARY));
}

/* ---- whole buffers ---- */

static bool is_contiguous(const ts_c_buffer *b) { return b->pad == 0 || b->type->rank < 2; }

static ts_c_text product(ts_c_emit *e, const ts_type *t, unsigned dims) {
  ts_c_text n = ts_c_number(e, 1);
  for (unsigned i = 0; i < dims; i++)
    n = ts_c_mul(e, n, ts_c_extent(e, t->dims[i]));
  return n;
}

/* Row by row where the rows of one side are padded. */
void ts_c_copy(ts_c_emit *e, const ts_op *op) {
  const ts_c_buffer *from = ts_c_buffer_of(e, ts_operand(op, 0)),
                    *to = ts_c_buffer_of(e, ts_operand(op, 1));
  const ts_type *t = from->type;
  const char *src = ts_c_base_address(e, from), *dst = ts_c_base_address(e, to);
  bool whole = is_contiguous(from) && is_contiguous(to);
  int64_t bytes = lanes_of(t) * ts_dtype_bytes((ts_dtype)t->dtype);
  if (whole) {
    ts_c_text n = ts_c_mul(e, product(e, t, t->rank), ts_c_number(e, bytes));
    ts_c_stmt(e, "memmove(%s, %s, (size_t)%s);", dst, src, ts_c_paren(e, n, TS_C_UNARY));
    return;
  }
  const char *i = ts_c_unique(e, "row");
  ts_c_text row = ts_c_mul(e, ts_c_extent(e, t->dims[t->rank - 1]), ts_c_number(e, bytes));
  ts_c_stmt(e, "for (int64_t %s = 0; %s < %s; %s++)", i, i, product(e, t, t->rank - 1).s, i);
  ts_c_stmt(e, "  memmove(%s + %s * %" PRId64 ", %s + %s * %" PRId64 ", (size_t)%s);", dst, i,
            row_of(to), src, i, row_of(from), ts_c_paren(e, row, TS_C_UNARY));
}

/* Only of memory behind pointers, what is on the stack being near. The address, which may be
 * anywhere, is no C pointer until it is handed over. */
void ts_c_prefetch(ts_c_emit *e, const ts_op *op) {
  ts_value *memref = ts_operand(op, 0);
  ts_access a = {
      .memref = memref, .n = memref->type->rank, .subscripts = op->map ? op->map->exprs : NULL};
  const ts_c_buffer *b = ts_c_buffer_of(e, a.memref);
  if (b->place != TS_C_POINTER) return;
  ts_c_text at = flat_index(e, op, b, &a);
  ts_c_stmt(e, "__builtin_prefetch((const void *)((uintptr_t)%s + sizeof *%s * (uintptr_t)%s));",
            b->name, b->name, ts_c_paren(e, at, TS_C_UNARY));
}

/* ---- allocation ---- */

/* Are only whole elements read and written, in place? */
static bool is_plain(ts_c_emit *e, const ts_value *v) {
  const ts_type *element = ts_type_element(e->m, v->type);
  for (const ts_use *u = v->uses; u; u = u->next) {
    ts_access a;
    if (u->owner->opcode == TS_OP_PREFETCH) continue;
    if ((u->owner->opcode != TS_OP_LOAD && u->owner->opcode != TS_OP_STORE) ||
        !ts_access_parts(u->owner, 0, &a) || a.type != element)
      return false;
  }
  return element->kind == TS_TYPE_SCALAR || element->dtype != TS_I1;
}

static bool is_read(const ts_value *v) {
  for (const ts_use *u = v->uses; u; u = u->next)
    if (u->owner->opcode != TS_OP_STORE && u->owner->opcode != TS_OP_PREFETCH) return true;
  return false;
}

/* Does the op after the alloc store into it? */
static bool is_set_next(const ts_op *op) {
  const ts_op *next = op->next;
  return next && next->opcode == TS_OP_STORE && !next->has_mask &&
         ts_operand(next, 1) == ts_op_result(op, 0);
}

/* Does all that is loaded from the buffer want to be packed? */
static bool holds_packed(ts_c_emit *e, const ts_value *v) {
  if (!is_bf16_vector(ts_type_element(e->m, v->type)) || !is_read(v)) return false;
  for (const ts_use *u = v->uses; u; u = u->next)
    if (u->owner->opcode == TS_OP_LOAD &&
        !ts_c_is_packed(ts_c_rep_of(e, ts_op_result(u->owner, 0))))
      return false;
  return true;
}

/* Bytes with padding; -1: not known yet, or too many to count. */
static int64_t bytes_of(const ts_type *t, int64_t pad) {
  int64_t n = lanes_of(t) * ts_dtype_bytes((ts_dtype)t->dtype);
  for (unsigned i = 0; i < t->rank; i++) {
    int64_t extent = t->dims[i];
    if (ts_is_symbolic(extent) ||
        (i + 1 == t->rank && __builtin_add_overflow(extent, pad, &extent)) ||
        __builtin_mul_overflow(n, extent, &n))
      return -1;
  }
  return n;
}

/* [6][16], `qualifier` being put into the first brackets. */
static const char *array_dims(ts_c_emit *e, const ts_c_buffer *b, const char *qualifier) {
  const ts_type *t = b->type;
  const char *dims = t->rank ? "" : ts_sprintf(e->arena, "[%s1]", qualifier);
  for (unsigned i = 0; i < t->rank; i++)
    dims = ts_sprintf(e->arena, "%s[%s%" PRId64 "]", dims, i ? "" : qualifier,
                      i + 1 < t->rank ? t->dims[i] : row_of(b));
  return b->place == TS_C_ARRAY && t->elem
             ? ts_sprintf(e->arena, "%s[%" PRId64 "]", dims, lanes_of(t))
             : dims;
}

const char *ts_c_buffer_param(ts_c_emit *e, const ts_c_buffer *b, bool read_only) {
  bool values = b->place == TS_C_VARIABLE || b->place == TS_C_VALUES,
       array = b->place == TS_C_ARRAY || b->place == TS_C_VALUES;
  const char *type =
      values ? ts_c_type(e, rep_of_element(e, b)) : ts_c_memory_type((ts_dtype)b->type->dtype);
  if (array) return ts_sprintf(e->arena, "%s %s%s", type, b->name, array_dims(e, b, "restrict "));
  return ts_sprintf(e->arena, "%s%s *restrict %s", read_only ? "const " : "", type, b->name);
}

static void declare_array(ts_c_emit *e, const ts_c_buffer *b) {
  const ts_type *t = b->type;
  const char *dims = array_dims(e, b, "");
  if (b->place == TS_C_VALUES) {
    e->tiles = true;
    ts_c_stmt(e, "%s %s%s;", ts_c_type(e, rep_of_element(e, b)), b->name, dims);
    return;
  }
  ts_c_stmt(e, "%s %s%s __attribute__((aligned(64)));", ts_c_memory_type((ts_dtype)t->dtype),
            b->name, dims);
}

static void allocate(ts_c_emit *e, const ts_op *op, const ts_c_buffer *b) {
  const ts_type *t = b->type;
  const char *bytes = ts_c_number(e, lanes_of(t) * ts_dtype_bytes((ts_dtype)t->dtype)).s;
  for (unsigned i = 0; i < t->rank; i++)
    bytes = ts_sprintf(e->arena, "%s(%s, %s)", ts_c_plain_helper(e, "extents"), bytes,
                       ts_c_extent(e, t->dims[i]).s);
  int64_t constant = bytes_of(t, 0);
  if (constant >= 0) bytes = ts_c_number(e, constant).s;
  ts_c_stmt(e, "%s *%s __attribute__((cleanup(%s))) = %s(%s);",
            ts_c_memory_type((ts_dtype)t->dtype), b->name, ts_c_plain_helper(e, "release"),
            ts_c_plain_helper(e, "allocate"), bytes);
  ts_c_fail_if(e, op, ts_sprintf(e->arena, "!%s", b->name), TS_FAILURE_MEMORY, "0", bytes);
}

void ts_c_alloc(ts_c_emit *e, const ts_op *op) {
  const ts_value *v = ts_op_result(op, 0);
  const ts_type *t = v->type;
  if (!ts_has_uses(v)) return;
  bool plain = is_plain(e, v);
  ts_c_buffer *b = new_buffer(e, v, TS_C_POINTER, ts_c_name(e, v));
  int64_t pad = t->layout == TS_LAYOUT_PAD ? t->layout_args[0] : 0;
  int64_t bytes = bytes_of(t, pad);
  if (bytes < 0 || bytes > MAX_ARRAY_BYTES || e->current->stack + bytes > MAX_STACK_BYTES) {
    allocate(e, op, b);
    return;
  }
  e->current->stack += bytes;
  b->pad = pad;
  b->place = plain && ts_type_num_elements(t) == 1 ? TS_C_VARIABLE
             : plain && t->elem                    ? TS_C_VALUES
                                                   : TS_C_ARRAY;
  b->packed = (b->place == TS_C_VARIABLE || b->place == TS_C_VALUES) && holds_packed(e, v);
  b->undeclared = b->place == TS_C_VARIABLE && is_set_next(op) && is_read(v);
  if (b->undeclared) return;
  if (b->place == TS_C_VARIABLE)
    ts_c_stmt(e, "%s %s;", ts_c_type(e, rep_of_element(e, b)), b->name);
  else
    declare_array(e, b);
  if (!is_read(v)) ts_c_stmt(e, "(void)%s;", b->name);
}

void ts_c_get_global(ts_c_emit *e, const ts_op *op) {
  const ts_attr *callee = ts_attr_find(op, TS_ATTR_CALLEE);
  const ts_global *g = ts_global_find(e->m, callee->word);
  if (!g) {
    ts_c_refuse(e, op->loc, "there is no global @%s", ts_str_text(e->m, callee->word));
    return;
  }
  new_buffer(e, ts_op_result(op, 0), TS_C_POINTER, ts_c_global_name(e, g));
}
