/* Type rules of the loop ops: scalars, register vectors, fragments, buffers and their accesses,
 * loops and launches. Elementwise ops take scalars or vectors of one type; nothing converts by
 * itself. */
#include <inttypes.h>

#include "ir/infer_impl.h"

/* ---- scalars and vectors ---- */

static bool is_scalar_or_vector(const ts_type *t) {
  return t->kind == TS_TYPE_SCALAR || t->kind == TS_TYPE_VECTOR;
}

static const char *op_name(const ts_inf *f) { return ts_info(f->op)->name; }

/* "operand 2 of `addf` has type X; it takes Y". */
static const ts_type *wrong_operand(ts_inf *f, unsigned i, const char *takes) {
  const ts_type *t = ts_inf_type(f, i);
  return ts_inf_error(f, "operand %u of `%s` has type %s; it takes %s%s", i + 1, op_name(f),
                      t->text, takes, ts_inf_other_level(f, t));
}

/* The one type of operands first…last-1; literals among them take it, or `hint` where all are
 * literals (NULL: no hint). NULL: reported. */
static const ts_type *one_type(ts_inf *f, unsigned first, unsigned last, const ts_type *hint) {
  const ts_type *type = NULL;
  bool pending = false;
  for (unsigned i = first; i < last; i++) {
    const ts_type *t = ts_inf_type(f, i);
    if (!t)
      pending = true;
    else if (!type)
      type = t;
  }
  if (!type) type = hint;
  if (!type) return ts_inf_untold(f);
  for (unsigned i = first; i < last; i++) {
    const ts_type *t = ts_inf_type(f, i);
    if (t && !is_scalar_or_vector(t)) return wrong_operand(f, i, "a scalar or vector");
    if (t && t != type)
      return ts_inf_error(f, "operands of `%s` have types %s and %s; they must be the same",
                          op_name(f), type->text, t->text);
  }
  if (pending && !is_scalar_or_vector(type)) return ts_inf_untold(f);
  for (unsigned i = first; pending && i < last; i++)
    if (!ts_inf_settle(f, i, type)) return NULL;
  return type;
}

static const ts_type *wrong_dtype(ts_inf *f, const ts_type *t, const char *takes) {
  return ts_inf_error(f, "`%s` takes %s, not %s", op_name(f), takes, t->text);
}

const ts_type *ts_rule_binary_f(ts_inf *f) {
  const ts_type *t = one_type(f, 0, f->op->num_plain, f->given);
  return !t || ts_is_float(t->dtype) ? t : wrong_dtype(f, t, "a float type");
}

const ts_type *ts_rule_binary_i(ts_inf *f) {
  const ts_type *t = one_type(f, 0, 2, f->given);
  if (!t || ts_is_int(t->dtype)) return t;
  bool bitwise =
      f->op->opcode == TS_OP_ANDI || f->op->opcode == TS_OP_ORI || f->op->opcode == TS_OP_XORI;
  if (bitwise && t->dtype == TS_I1) return t;
  return wrong_dtype(f, t, bitwise ? "an integer type or i1" : "an integer type");
}

static const ts_type *compare(ts_inf *f, const ts_type *t) {
  const ts_attr *pred = ts_attr_find(f->op, TS_ATTR_PRED);
  if (!pred) return ts_inf_error(f, "`%s` needs a predicate: eq ne lt le gt ge", op_name(f));
  if (pred->i >= 0) return ts_type_with_dtype(f->m, t, TS_I1);
  return ts_inf_error(f, "`%s` has no predicate %s; it is eq ne lt le gt ge", op_name(f),
                      ts_inf_word(f, TS_ATTR_PRED));
}

const ts_type *ts_rule_compare_f(ts_inf *f) {
  const ts_type *t = one_type(f, 0, 2, NULL);
  if (!t) return NULL;
  return ts_is_float(t->dtype) ? compare(f, t) : wrong_dtype(f, t, "a float type");
}

const ts_type *ts_rule_compare_i(ts_inf *f) {
  const ts_type *t = one_type(f, 0, 2, NULL);
  if (!t) return NULL;
  return ts_is_float(t->dtype) ? wrong_dtype(f, t, "an integer type") : compare(f, t);
}

const ts_type *ts_rule_select(ts_inf *f) {
  const ts_type *t = one_type(f, 1, 3, f->given);
  if (!t || !ts_inf_settle(f, 0, ts_type_scalar(f->m, TS_I1))) return NULL;
  const ts_type *c = ts_inf_type(f, 0);
  if (c->kind == TS_TYPE_SCALAR && c->dtype == TS_I1) return t;
  if (c == ts_type_with_dtype(f->m, t, TS_I1)) return t;
  return wrong_operand(f, 0,
                       ts_sprintf(&f->m->arena, "i1 or as many of them as %s has lanes", t->text));
}

/* ---- conversions ---- */

/* A conversion's operand, the type it is to give having the same lanes; NULL: reported. */
static const ts_type *conversion(ts_inf *f, const char *example) {
  if (!ts_inf_no_literals(f)) return NULL;
  const ts_type *from = ts_inf_type(f, 0);
  if (!is_scalar_or_vector(from)) return wrong_operand(f, 0, "a scalar or vector");
  const ts_type *to = ts_inf_need_given(f, example);
  if (!to) return NULL;
  if (is_scalar_or_vector(to) && ts_type_with_dtype(f->m, from, to->dtype) == to) return from;
  return ts_inf_error(f, "`%s` of %s cannot give %s: their shapes differ", op_name(f), from->text,
                      to->text);
}

static const ts_type *converted(ts_inf *f, const ts_type *from, bool legal, const char *does) {
  if (legal) return f->given;
  return ts_inf_error(f, "`%s` goes %s, not from %s to %s", op_name(f), does,
                      ts_dtype_name(from->dtype), ts_dtype_name(f->given->dtype));
}

const ts_type *ts_rule_extf(ts_inf *f) {
  const ts_type *t = conversion(f, "f64");
  if (!t) return NULL;
  ts_dtype a = t->dtype, b = f->given->dtype;
  bool legal = ts_is_float(a) && ts_is_float(b) && ts_dtype_width(b) > ts_dtype_width(a);
  return converted(f, t, legal, "to a wider float type");
}

const ts_type *ts_rule_truncf(ts_inf *f) {
  const ts_type *t = conversion(f, "f32");
  if (!t) return NULL;
  ts_dtype a = t->dtype, b = f->given->dtype;
  bool legal = ts_is_float(a) && ts_is_float(b) && a != b && ts_dtype_width(b) <= ts_dtype_width(a);
  return converted(f, t, legal, "to a narrower float type");
}

const ts_type *ts_rule_sitofp(ts_inf *f) {
  const ts_type *t = conversion(f, "f32");
  if (!t) return NULL;
  return converted(f, t, !ts_is_float(t->dtype) && ts_is_float(f->given->dtype),
                   "from an integer to a float type");
}

const ts_type *ts_rule_fptosi(ts_inf *f) {
  const ts_type *t = conversion(f, "i32");
  if (!t) return NULL;
  return converted(f, t, ts_is_float(t->dtype) && ts_is_int(f->given->dtype),
                   "from a float to an integer type");
}

/* index has 64 bits: it and i64 turn into each other with extsi. */
const ts_type *ts_rule_extsi(ts_inf *f) {
  const ts_type *t = conversion(f, "i64");
  if (!t) return NULL;
  ts_dtype a = t->dtype, b = f->given->dtype;
  bool legal = !ts_is_float(a) && ts_is_int(b) && a != b && ts_dtype_width(b) >= ts_dtype_width(a);
  return converted(f, t, legal, "to a wider integer type");
}

const ts_type *ts_rule_trunci(ts_inf *f) {
  const ts_type *t = conversion(f, "i32");
  if (!t) return NULL;
  ts_dtype a = t->dtype, b = f->given->dtype;
  bool legal = ts_is_int(a) && ts_is_int(b) && ts_dtype_width(b) < ts_dtype_width(a);
  return converted(f, t, legal, "to a narrower integer type");
}

/* ---- vectors and fragments ---- */

const ts_type *ts_rule_splat(ts_inf *f) {
  const ts_type *to = ts_inf_need_given(f, "vector<16xf32>");
  if (!to) return NULL;
  if (to->kind != TS_TYPE_VECTOR && to->kind != TS_TYPE_FRAGMENT)
    return ts_inf_error(f, "`splat` gives a vector or fragment, not %s", to->text);
  const ts_type *scalar = ts_type_scalar(f->m, to->dtype);
  if (!ts_inf_settle(f, 0, scalar)) return NULL;
  const ts_type *from = ts_inf_type(f, 0);
  if (from == scalar) return to;
  if (from->kind != TS_TYPE_VECTOR || to->kind != TS_TYPE_VECTOR)
    return wrong_operand(f, 0, scalar->text);
  if (from->dtype == to->dtype && to->dims[0] % from->dims[0] == 0) return to;
  const char *takes =
      ts_sprintf(&f->m->arena, "%s, or a vector of it whose length divides %" PRId64, scalar->text,
                 to->dims[0]);
  return wrong_operand(f, 0, takes);
}

const ts_type *ts_rule_lanes(ts_inf *f) {
  if (!f->op->map || f->op->map->n != 1)
    return ts_inf_error(f, "`lanes_below` takes one expression");
  const ts_type *to = ts_inf_need_given(f, "vector<16xi1>");
  if (!to || (to->kind == TS_TYPE_VECTOR && to->dtype == TS_I1)) return to;
  return ts_inf_error(f, "`lanes_below` gives a vector of i1, not %s", to->text);
}

static const ts_type *vector_operand(ts_inf *f, unsigned i) {
  const ts_type *t = ts_inf_type(f, i);
  if (!t) return ts_inf_untold(f);
  return t->kind == TS_TYPE_VECTOR ? t : wrong_operand(f, i, "a vector");
}

static bool check_lane(ts_inf *f, const ts_type *v) {
  if (!ts_attr_find(f->op, TS_ATTR_LANE)) return ts_inf_refuse(f, "`%s` needs a lane", op_name(f));
  int64_t lane = ts_attr_int(f->op, TS_ATTR_LANE, 0);
  if (lane >= 0 && lane < v->dims[0]) return true;
  return ts_inf_refuse(f, "lane %" PRId64 " is outside %s: lanes count from 0 to %" PRId64, lane,
                       v->text, v->dims[0] - 1);
}

const ts_type *ts_rule_extract(ts_inf *f) {
  const ts_type *v = vector_operand(f, 0);
  return v && check_lane(f, v) ? ts_type_scalar(f->m, v->dtype) : NULL;
}

const ts_type *ts_rule_insert(ts_inf *f) {
  const ts_type *v = vector_operand(f, 1);
  if (!v || !check_lane(f, v)) return NULL;
  const ts_type *scalar = ts_type_scalar(f->m, v->dtype);
  if (!ts_inf_settle(f, 0, scalar)) return NULL;
  return ts_inf_type(f, 0) == scalar ? v : wrong_operand(f, 0, scalar->text);
}

const ts_type *ts_rule_reduce_v(ts_inf *f) {
  const ts_type *v = vector_operand(f, 0);
  if (!v) return NULL;
  return ts_is_number(v->dtype) ? ts_type_scalar(f->m, v->dtype) : wrong_dtype(f, v, "numbers");
}

/* Which scalar types a product of fragments sums in. */
static bool sums_in(ts_dtype in, ts_dtype sum) {
  if (in == TS_I8) return sum == TS_I32;
  return ts_is_float(in) && ts_is_float(sum) && ts_dtype_holds(sum, in) &&
         (ts_dtype_width(sum) >= 32 || in == TS_F16);
}

const ts_type *ts_rule_mma(ts_inf *f) {
  static const char *const takes[] = {"an a fragment", "a b fragment", "a c fragment"};
  if (!ts_inf_no_literals(f)) return NULL;
  const ts_type *t[3];
  for (unsigned i = 0; i < 3; i++) {
    t[i] = ts_inf_type(f, i);
    if (t[i]->kind != TS_TYPE_FRAGMENT || t[i]->role != i) return wrong_operand(f, i, takes[i]);
    for (unsigned d = 0; d < 3; d++)
      if (t[i]->dims[d] != t[0]->dims[d])
        return ts_inf_error(f, "fragments of `mma` have different shapes: %s and %s", t[0]->text,
                            t[i]->text);
  }
  if (t[0]->dtype != t[1]->dtype || !sums_in(t[0]->dtype, t[2]->dtype))
    return ts_inf_error(f, "`mma` cannot sum products of %s and %s in %s",
                        ts_dtype_name(t[0]->dtype), ts_dtype_name(t[1]->dtype),
                        ts_dtype_name(t[2]->dtype));
  return t[2];
}

unsigned ts_dot_group(ts_dtype factor, ts_dtype sum) {
  if (factor == TS_I8 && sum == TS_I32) return 4;
  return factor == TS_BF16 && sum == TS_F32 ? 2 : 0;
}

/* The operands of `dot` that are literals get the types that the others ask for. */
static bool settle_dot(ts_inf *f) {
  const ts_type *a = ts_inf_type(f, 0) ? ts_inf_type(f, 0) : ts_inf_type(f, 1), *c = f->given;
  if (!a || (!ts_inf_type(f, 2) && !c)) return ts_inf_untold(f), false;
  if (!is_scalar_or_vector(a)) return wrong_operand(f, ts_inf_type(f, 0) ? 0 : 1, "a vector");
  if (c && !ts_inf_type(f, 2) && !is_scalar_or_vector(c)) return ts_inf_untold(f), false;
  return ts_inf_settle(f, 0, a) && ts_inf_settle(f, 1, a) && ts_inf_settle(f, 2, c);
}

const ts_type *ts_rule_dot(ts_inf *f) {
  if (!settle_dot(f)) return NULL;
  const ts_type *t[3];
  for (unsigned i = 0; i < 3; i++) {
    t[i] = ts_inf_type(f, i);
    if (t[i]->kind != TS_TYPE_VECTOR) return wrong_operand(f, i, "a vector");
  }
  if (t[0] != t[1])
    return ts_inf_error(f, "factors of `dot` have types %s and %s; they must be the same",
                        t[0]->text, t[1]->text);
  unsigned group = ts_dot_group(t[0]->dtype, t[2]->dtype);
  if (!group)
    return ts_inf_error(f, "`dot` sums products of i8 in i32 and of bf16 in f32, not of %s in %s",
                        ts_dtype_name(t[0]->dtype), ts_dtype_name(t[2]->dtype));
  if (t[0]->dims[0] != t[2]->dims[0] * group)
    return ts_inf_error(f,
                        "`dot` adds %u products to each lane of %s: its factors have %" PRId64
                        " lanes, not %" PRId64,
                        group, t[2]->text, t[2]->dims[0] * group, t[0]->dims[0]);
  if (ts_attr_find(f->op, TS_ATTR_UNSIGNED) && t[0]->dtype != TS_I8)
    return ts_inf_error(f, "`unsigned` is for factors of type i8, not %s", t[0]->text);
  return t[2];
}

/* ---- buffers ---- */

static const ts_type *memref_operand(ts_inf *f, unsigned i) {
  const ts_type *t = ts_inf_type(f, i);
  if (!t) return ts_inf_untold(f);
  return t->kind == TS_TYPE_MEMREF ? t : wrong_operand(f, i, "a memref");
}

const ts_type *ts_rule_alloc(ts_inf *f) {
  const ts_type *t = ts_inf_need_given(f, "memref<4xf32, local>");
  if (!t || t->kind == TS_TYPE_MEMREF) return t;
  return ts_inf_error(f, "`alloc` gives a memref, not %s", t->text);
}

const ts_type *ts_rule_global(ts_inf *f) {
  const ts_attr *callee = ts_attr_find(f->op, TS_ATTR_CALLEE);
  if (!callee) return ts_inf_error(f, "`get_global` needs the name of a global");
  if (!callee->word) return NULL; /* the parser has missed the name already */
  const ts_global *g = ts_global_find(f->m, callee->word);
  if (g) return g->type;
  if (f->given) return f->given;
  return ts_inf_error(f, "@%s is not known here: write its type, or move the global up",
                      ts_str_text(f->m, callee->word));
}

/* As many subscripts as the buffer has axes. With two subscripted buffers the first takes the
 * first. */
static bool check_subscripts(ts_inf *f, unsigned have, const ts_type *memref) {
  if (have == memref->rank) return true;
  return ts_inf_refuse(f, "%u subscript%s for %s, which has %u ax%s", have, ts_plural(have),
                       memref->text, memref->rank, memref->rank == 1 ? "is" : "es");
}

/* Last-dimension stride of a buffer is 1 unless its layout says otherwise. */
static bool is_contiguous(const ts_type *memref) {
  return memref->layout != TS_LAYOUT_STRIDES || memref->rank == 0 ||
         memref->layout_args[memref->rank - 1] == 1;
}

/* May `t` be read from or written to one place of the buffer? */
static bool check_accessed(ts_inf *f, const ts_type *memref, const ts_type *t) {
  if (t == ts_type_element(f->m, memref)) return true;
  if (memref->elem || !(t->kind == TS_TYPE_VECTOR || t->kind == TS_TYPE_FRAGMENT) ||
      t->dtype != memref->dtype)
    return ts_inf_refuse(f, "%s has elements of type %s, not %s%s", memref->text,
                         ts_type_element(f->m, memref)->text, t->text,
                         t->kind == TS_TYPE_MEMREF ? "; behind ':' stands the type of the result"
                                                   : "");
  unsigned axes = t->kind == TS_TYPE_FRAGMENT ? 2 : 1;
  if (memref->rank < axes)
    return ts_inf_refuse(f, "%s has too few axes for an access of %s", memref->text, t->text);
  if (!is_contiguous(memref))
    return ts_inf_refuse(f, "an access of %s needs a last stride of 1, which %s has not", t->text,
                         memref->text);
  ts_extent e = memref->dims[memref->rank - 1];
  if (t->kind == TS_TYPE_FRAGMENT || ts_is_symbolic(e) || t->dims[0] <= e || f->op->has_mask)
    return true;
  return ts_inf_refuse(f, "%s is wider than the last axis of %s", t->text, memref->text);
}

/* The last operand is a mask for an access of type t. */
static bool check_mask(ts_inf *f, const ts_type *t) {
  unsigned i = f->op->num_plain - 1u;
  if (t->kind != TS_TYPE_VECTOR)
    return ts_inf_refuse(f, "a mask belongs to an access of a vector, not of %s", t->text);
  const ts_type *want = ts_type_with_dtype(f->m, t, TS_I1);
  if (!ts_inf_settle(f, i, want)) return false;
  if (ts_inf_type(f, i) == want) return true;
  return ts_inf_refuse(f, "a mask of type %s for %s; it takes %s", ts_inf_type(f, i)->text, t->text,
                       want->text);
}

static unsigned map_size(const ts_op *op) { return op->map ? op->map->n : 0; }

/* Plain operands of an access but for its mask. */
static bool check_plain(ts_inf *f, unsigned n) {
  unsigned have = f->op->num_plain - (unsigned)f->op->has_mask;
  if (have == n) return true;
  return ts_inf_refuse(f, "`%s` takes %u operand%s and a mask, not %u", op_name(f), n, ts_plural(n),
                       have);
}

const ts_type *ts_rule_load(ts_inf *f) {
  const ts_type *memref = memref_operand(f, 0);
  if (!memref || !check_plain(f, 1) || !check_subscripts(f, map_size(f->op), memref)) return NULL;
  const ts_type *t = f->given ? f->given : ts_type_element(f->m, memref);
  if (!check_accessed(f, memref, t)) return NULL;
  return !f->op->has_mask || check_mask(f, t) ? t : NULL;
}

const ts_type *ts_rule_store(ts_inf *f) {
  const ts_type *memref = memref_operand(f, 1);
  if (!memref || !check_plain(f, 2) || !check_subscripts(f, map_size(f->op), memref)) return NULL;
  const ts_type *element = ts_type_element(f->m, memref);
  if (!ts_inf_settle(f, 0, element)) return NULL;
  const ts_type *t = ts_inf_type(f, 0);
  if (!check_accessed(f, memref, t)) return NULL;
  if (f->op->opcode == TS_OP_ATOMIC_ADD && (t->kind != TS_TYPE_SCALAR || !ts_is_number(t->dtype)))
    return ts_inf_error(f, "`atomic_add` adds a number, not %s", t->text);
  return !f->op->has_mask || check_mask(f, t) ? element : NULL;
}

const ts_type *ts_rule_prefetch(ts_inf *f) {
  const ts_type *memref = memref_operand(f, 0);
  return memref && check_subscripts(f, map_size(f->op), memref) ? memref : NULL;
}

const ts_type *ts_rule_copy(ts_inf *f) {
  const ts_type *a = memref_operand(f, 0), *b = a ? memref_operand(f, 1) : NULL;
  if (!b) return NULL;
  bool same = a->rank == b->rank && a->dtype == b->dtype && a->elem == b->elem;
  for (unsigned i = 0; same && i < a->rank; i++)
    same = a->dims[i] == b->dims[i];
  if (same) return a;
  return ts_inf_error(f, "`copy` from %s to %s: shapes and elements must be the same", a->text,
                      b->text);
}

const ts_type *ts_rule_async_copy(ts_inf *f) {
  const ts_type *a = memref_operand(f, 0), *b = a ? memref_operand(f, 1) : NULL;
  if (!b) return NULL;
  if (a->space != TS_SPACE_GLOBAL || b->space != TS_SPACE_SHARED)
    return ts_inf_error(f, "`async_copy` goes from global to shared memory, not from %s to %s",
                        a->text, b->text);
  if (a->dtype != b->dtype || a->elem != b->elem)
    return ts_inf_error(f, "`async_copy` from %s to %s: elements must be the same", a->text,
                        b->text);
  unsigned have = map_size(f->op), first = ts_min(have, (unsigned)a->rank);
  if (!check_subscripts(f, first, a) || !check_subscripts(f, have - first, b)) return NULL;
  int64_t count = ts_attr_int(f->op, TS_ATTR_COUNT, 1);
  for (unsigned i = 0; i < 2; i++) {
    const ts_type *t = i ? b : a;
    ts_extent e = t->rank ? t->dims[t->rank - 1] : 1;
    if (count < 1 || (!ts_is_symbolic(e) && count > e) || (count > 1 && !is_contiguous(t)))
      return ts_inf_error(f, "count = %" PRId64 " does not fit the last axis of %s", count,
                          t->text);
  }
  return a;
}

/* ---- loops, conditions, launches ---- */

const ts_type *ts_rule_for(ts_inf *f) {
  int64_t step = ts_attr_int(f->op, TS_ATTR_STEP, 1);
  int64_t num_lo = ts_attr_int(f->op, TS_ATTR_NUM_LO, 1);
  if (step < 1) return ts_inf_error(f, "a step of %" PRId64 "; it must be at least 1", step);
  if (num_lo < 1 || num_lo >= map_size(f->op))
    return ts_inf_error(f, "`for` needs a lower and an upper bound");
  int64_t lanes = ts_attr_int(f->op, TS_ATTR_VECTOR, 1);
  if (lanes < 1 || lanes > 4096)
    return ts_inf_error(f, "vector(%" PRId64 "): it takes 1 to 4096 iterations at once", lanes);
  return ts_type_error(f->m);
}

const ts_type *ts_rule_if(ts_inf *f) {
  const ts_attr *preds = ts_attr_find(f->op, TS_ATTR_PREDS);
  unsigned n = preds ? preds->n : 0;
  if (map_size(f->op) != 2 * n || (n == 0) != (f->op->num_plain == 1))
    return ts_inf_error(f, "`if` tests affine conditions or one i1 value");
  if (n > 0) return ts_type_error(f->m);
  const ts_type *i1 = ts_type_scalar(f->m, TS_I1);
  if (!ts_inf_settle(f, 0, i1)) return NULL;
  return ts_inf_type(f, 0) == i1 ? ts_type_error(f->m) : wrong_operand(f, 0, "i1");
}

const ts_type *ts_rule_launch(ts_inf *f) {
  const ts_attr *dims = ts_attr_find(f->op, TS_ATTR_DIMS);
  unsigned n = map_size(f->op);
  if (!dims || dims->n != n || n == 0)
    return ts_inf_error(f, "`launch` needs blocks(…) and threads(…)");
  return ts_type_error(f->m);
}

const ts_type *ts_rule_apply(ts_inf *f) {
  if (map_size(f->op) != 1) return ts_inf_error(f, "`apply` takes one expression");
  return ts_type_scalar(f->m, TS_INDEX);
}

const ts_type *ts_rule_barrier(ts_inf *f) {
  int64_t groups = ts_attr_int(f->op, TS_ATTR_GROUPS, 0);
  if (groups >= 0) return ts_type_error(f->m);
  return ts_inf_error(f, "groups = %" PRId64 "; it must be at least 0", groups);
}
