/* The vocabulary of `lower`: buffers, loops, element accesses and accumulators.
 *
 * A subscript is an affine expression over the index values that are visible, numbered in the order
 * they came into view. An access lists only the ones it uses, in the order it uses them, so each
 * access renumbers them (operand order is part of the text's meaning; see ir.h). */
#include "transforms/lower/lower_impl.h"

static ts_value *named(ts_lower *L, ts_value *v, const char *name) {
  v->name = ts_intern(&L->m->strings, name);
  return v;
}

bool ts_lower_has_word(const ts_lower *L, const ts_value *v) {
  if (!v->name) return false;
  char first = ts_interned_of(&L->m->strings, v->name)->text[0];
  return first < '0' || first > '9';
}

/* ---- buffers ---- */

ts_value *ts_lower_buffer(ts_lower *L, ts_value *tensor) {
  ts_value *buffer = ts_ptrmap_get(&L->buffers, tensor);
  if (!buffer) ts_unreachable("a tensor is used before it is lowered");
  return buffer;
}

ts_value *ts_lower_result(ts_lower *L, ts_value *tensor) {
  ts_value *buffer = ts_ptrmap_get(&L->buffers, tensor);
  if (buffer) return buffer;
  const ts_type *t = tensor->type;
  buffer = ts_build_alloc(&L->b, ts_type_buffer(L->m, t->rank, t->dims, t->dtype, TS_SPACE_GLOBAL));
  buffer->name = tensor->name;
  ts_ptrmap_put(&L->buffers, tensor, buffer);
  return buffer;
}

ts_value *ts_lower_local(ts_lower *L, const char *name, ts_extent extent, ts_dtype dtype) {
  const ts_type *type = ts_type_buffer(L->m, 1, &extent, dtype, TS_SPACE_LOCAL);
  return named(L, ts_build_alloc(&L->b, type), name);
}

/* ---- loops ---- */

static const ts_aff *push_dim(ts_lower *L, ts_value *index) {
  if (L->num_dims == TS_LOWER_DIMS) ts_unreachable("too many index values in one nest");
  L->dims[L->num_dims] = index;
  return ts_aff_dim(L->m, L->num_dims++);
}

const ts_aff *ts_lower_dim(ts_lower *L, ts_value *index) { return push_dim(L, index); }

void ts_lower_begin_nest(ts_lower *L) { L->num_nests++; }

static const ts_aff *extent_expr(ts_lower *L, ts_extent e) {
  return ts_is_symbolic(e) ? ts_aff_sym(L->m, ts_extent_name(e)) : ts_aff_const(L->m, e);
}

/* The nest's number is part of a loop's name; an author's value of that name makes it differ
 * more. */
static ts_str loop_name(ts_lower *L, const char *base) {
  const char *name = base;
  if (L->num_nests > 1) name = ts_sprintf(L->scratch, "%s_%u", base, L->num_nests - 1);
  for (;;) {
    ts_str s = ts_intern(&L->m->strings, name);
    if (!ts_ptrmap_get(&L->taken, (void *)(uintptr_t)s)) return s;
    name = ts_sprintf(L->scratch, "%s_", name);
  }
}

const ts_aff *ts_lower_loop(ts_lower *L, const char *name, ts_extent extent) {
  if (L->depth == TS_LOWER_SCOPES) ts_unreachable("too many loops in one nest");
  L->dims_outside[L->depth++] = L->num_dims;
  const ts_aff *lo = ts_aff_const(L->m, 0), *hi = extent_expr(L, extent);
  ts_op *loop = ts_build_for(&L->b, loop_name(L, name), 1, &lo, 1, &hi, 1, 0, NULL);
  L->b.block = ts_op_regions(loop)[0];
  return push_dim(L, ts_for_parts(loop).iv);
}

void ts_lower_end(ts_lower *L, unsigned n) {
  for (; n; n--) {
    L->num_dims = L->dims_outside[--L->depth];
    L->b.block = L->b.block->parent->block;
  }
}

const char *ts_lower_axis_name(ts_lower *L, unsigned axis, unsigned rank) {
  return rank <= 6 ? ts_sprintf(L->scratch, "%c", "ijklmn"[axis])
                   : ts_sprintf(L->scratch, "i%u", axis);
}

ts_subs ts_lower_nest(ts_lower *L, const ts_type *shape) {
  ts_subs subs = {.n = shape->rank};
  ts_lower_begin_nest(L);
  for (unsigned i = 0; i < subs.n; i++)
    subs.at[i] = ts_lower_loop(L, ts_lower_axis_name(L, i, subs.n), shape->dims[i]);
  return subs;
}

/* ---- subscripts as the ops want them ---- */

/* An access's own numbering: which visible index values it uses, in order, and what replaces
 * each. */
typedef struct used {
  unsigned n;
  ts_value *dims[TS_LOWER_DIMS];
  const ts_aff *with[TS_LOWER_DIMS];
} used;

static void collect(ts_lower *L, used *u, const ts_aff *a) {
  if (a->kind == TS_AFF_CONST || a->kind == TS_AFF_SYM) return;
  if (a->kind == TS_AFF_DIM) {
    if (u->with[a->value]) return;
    u->with[a->value] = ts_aff_dim(L->m, u->n);
    u->dims[u->n++] = L->dims[a->value];
    return;
  }
  collect(L, u, a->lhs);
  collect(L, u, a->rhs);
}

static ts_subs renumber(ts_lower *L, used *u, const ts_subs *subs) {
  ts_subs own = {.n = subs->n};
  *u = (used){0};
  for (unsigned i = 0; i < subs->n; i++) {
    collect(L, u, subs->at[i]);
    own.at[i] = ts_aff_substitute(L->m, subs->at[i], u->with, NULL, NULL);
  }
  return own;
}

ts_value *ts_lower_index(ts_lower *L, const char *name, const ts_aff *a) {
  if (a->kind == TS_AFF_DIM) return L->dims[a->value];
  used u;
  ts_subs own = renumber(L, &u, &(ts_subs){.n = 1, .at = {a}});
  return named(L, ts_build_apply(&L->b, own.at[0], u.n, u.dims), name);
}

ts_value *ts_lower_load_memref(ts_lower *L, const char *name, ts_value *memref,
                               const ts_subs *subs) {
  used u;
  ts_subs own = renumber(L, &u, subs);
  const ts_type *type = ts_type_scalar(L->m, memref->type->dtype);
  return named(L, ts_build_load(&L->b, type, memref, own.n, own.at, u.n, u.dims, NULL), name);
}

void ts_lower_store(ts_lower *L, ts_value *scalar, ts_value *memref, const ts_subs *subs) {
  used u;
  ts_subs own = renumber(L, &u, subs);
  ts_build_store(&L->b, scalar, memref, own.n, own.at, u.n, u.dims, NULL);
}

ts_value *ts_lower_load(ts_lower *L, const char *name, ts_value *tensor, const ts_subs *subs) {
  ts_value *literal = ts_lower_splat(L, tensor);
  return literal ? literal : ts_lower_load_memref(L, name, ts_lower_buffer(L, tensor), subs);
}

/* ---- points ---- */

ts_point ts_lower_point(ts_lower *L, ts_op *op) {
  return (ts_point){
      .op = op, .result = ts_lower_result(L, ts_op_result(op, 0)), .space = ts_op_iter_space(op)};
}

/* The last two dims of a product are its rows and columns, those before are batches. */
static const char *parallel_name(ts_lower *L, const ts_point *p, unsigned d) {
  unsigned n = p->space.num_parallel;
  if (ts_root_info(p->op)->class != TS_OC_PRODUCT) return ts_lower_axis_name(L, d, n);
  return d + 2 < n ? ts_sprintf(L->scratch, "b%u", d) : d + 2 == n ? "i" : "j";
}

void ts_lower_parallel(ts_lower *L, ts_point *p) {
  ts_lower_begin_nest(L);
  for (unsigned d = 0; d < p->space.num_parallel; d++)
    p->at[d] = ts_lower_loop(L, parallel_name(L, p, d), p->space.extents[d]);
}

void ts_lower_reduced(ts_lower *L, ts_point *p) {
  const char *name = ts_root_info(p->op)->class == TS_OC_PRODUCT ? "k" : "r";
  unsigned first = p->space.num_parallel, n = p->space.n - first;
  for (unsigned i = 0; i < n; i++)
    p->at[first + i] = ts_lower_loop(L, n == 1 ? name : ts_sprintf(L->scratch, "%s%u", name, i),
                                     p->space.extents[first + i]);
}

/* What the op's map gives at the point. */
static ts_subs subscripts(ts_lower *L, const ts_point *p, unsigned operand) {
  const ts_map *map = ts_op_indexing(L->m, p->op, operand);
  ts_subs subs = {.n = map->n};
  for (unsigned i = 0; i < map->n; i++)
    subs.at[i] = ts_aff_substitute(L->m, map->exprs[i], p->at, NULL, NULL);
  return subs;
}

ts_value *ts_lower_element(ts_lower *L, const char *name, const ts_point *p, unsigned operand) {
  ts_subs subs = subscripts(L, p, operand);
  return ts_lower_load(L, name, ts_operand(p->op, operand), &subs);
}

void ts_lower_give(ts_lower *L, ts_value *scalar, const ts_point *p) {
  ts_subs subs = subscripts(L, p, p->op->num_plain);
  ts_lower_store(L, ts_lower_convert(L, scalar, p->result->type->dtype), p->result, &subs);
}

/* ---- accumulators ---- */

static const ts_subs *first_element(ts_lower *L, ts_subs *subs) {
  *subs = (ts_subs){.n = 1, .at = {ts_aff_const(L->m, 0)}};
  return subs;
}

ts_acc ts_lower_acc(ts_lower *L, const char *name, ts_value *init, ts_dtype dtype) {
  ts_acc acc = {ts_lower_local(L, name, 1, dtype), dtype};
  ts_lower_acc_store(L, acc, init);
  return acc;
}

ts_value *ts_lower_acc_load(ts_lower *L, const char *name, ts_acc acc) {
  ts_subs subs;
  return ts_lower_load_memref(L, name, acc.memref, first_element(L, &subs));
}

void ts_lower_acc_store(ts_lower *L, ts_acc acc, ts_value *v) {
  ts_subs subs;
  ts_lower_store(L, v, acc.memref, first_element(L, &subs));
}

void ts_lower_acc_update(ts_lower *L, ts_acc acc, ts_opcode opcode, ts_value *x) {
  ts_value *before = ts_lower_acc_load(L, "s", acc);
  ts_lower_acc_store(L, acc, ts_lower_op2(L, "t", opcode, acc.dtype, before, x));
}

ts_value *ts_lower_count(ts_lower *L, const ts_iter_space *space, ts_dtype dtype) {
  int64_t known = 1;
  ts_value *count = NULL;
  const ts_type *index = ts_type_scalar(L->m, TS_INDEX);
  for (unsigned d = space->num_parallel; d < space->n; d++) {
    ts_extent e = space->extents[d];
    if (!ts_is_symbolic(e)) {
      known *= e;
      continue;
    }
    ts_value *extent = ts_lower_index(L, "n", extent_expr(L, e));
    count = count ? ts_lower_op2(L, "n", TS_OP_MULI, TS_INDEX, count, extent) : extent;
  }
  if (!count) return ts_lower_float(L, dtype, (double)known);
  if (known != 1)
    count = ts_lower_op2(L, "n", TS_OP_MULI, TS_INDEX, count, ts_literal_int(L->m, index, known));
  return ts_lower_convert(L, count, dtype);
}
