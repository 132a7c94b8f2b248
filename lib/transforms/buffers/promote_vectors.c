/* promote, first way: a buffer that is only touched by aligned full vectors becomes one of vectors.
 * Loops that step from vector to vector then count them. */
#include "transforms/buffers/promote_impl.h"
#include "transforms/rewrite/rewrite.h"

/* A loop that starts at a multiple of n and steps by one. */
static bool steps_by(const ts_value *x, int64_t n) {
  if (x->kind != TS_VALUE_ARG || !x->block->parent || !ts_is_loop(x->block->parent)) return false;
  ts_for f = ts_for_parts(x->block->parent);
  int64_t lo;
  return f.num_lo == 1 && f.step % n == 0 && ts_aff_is_const(f.lo[0], &lo) && lo % n == 0;
}

/* Is it a multiple of n, and its quotient an expression once the loops count vectors? */
static bool is_multiple(const ts_op *op, const ts_aff *a, int64_t n) {
  switch ((ts_aff_kind)a->kind) {
  case TS_AFF_CONST: return a->value % n == 0;
  case TS_AFF_ADD: return is_multiple(op, a->lhs, n) && is_multiple(op, a->rhs, n);
  case TS_AFF_MUL: return a->rhs->value % n == 0 || is_multiple(op, a->lhs, n);
  case TS_AFF_DIM: return steps_by(ts_dim(op, (unsigned)a->value), n);
  default: return false;
  }
}

static const ts_type *accessed(const ts_op *op) {
  ts_access a;
  return ts_access_parts(op, 0, &a) ? a.type : NULL;
}

/* The lanes of all accesses; NULL when they are in `lanes`, else what is in the way. */
static const char *find_lanes(const ts_op *alloc, int64_t *lanes, const ts_op **at) {
  const ts_value *buffer = ts_op_result(alloc, 0);
  const ts_type *t = buffer->type;
  if (t->elem) return "it holds vectors already";
  if (!t->rank || t->layout != TS_LAYOUT_ROWMAJOR) return "its elements do not lie in rows";
  *lanes = 0;
  for (const ts_use *u = buffer->uses; u; u = u->next) {
    const ts_op *op = *at = u->owner;
    if (op->opcode != TS_OP_LOAD && op->opcode != TS_OP_STORE)
      return "it is not only loaded and stored";
    const ts_type *v = accessed(op);
    if (!ts_is_kind(v, TS_TYPE_VECTOR)) return "not all accesses are vectors";
    if (op->has_mask) return "an access has a mask";
    if (*lanes && v->dims[0] != *lanes) return "its accesses are vectors of different widths";
    *lanes = v->dims[0];
    if (!is_multiple(op, op->map->exprs[op->map->n - 1], *lanes))
      return "a vector may start between two";
  }
  *at = alloc;
  ts_extent last = t->dims[t->rank - 1];
  if (*lanes < 2) return *lanes ? "its vectors have one element" : "nothing uses it";
  return ts_is_symbolic(last) || last % *lanes
             ? "its last extent is no multiple of the vectors' width"
             : NULL;
}

static bool mentions(const ts_aff *a, unsigned dim) {
  if (a->kind == TS_AFF_DIM) return a->value == dim;
  return a->lhs && (mentions(a->lhs, dim) || mentions(a->rhs, dim));
}

/* Loops that step through the last subscript count from 0 by 1 from now on. */
static bool normalize_loops(ts_pass_ctx *pass, ts_module *m, const ts_op *op, int64_t lanes) {
  for (unsigned i = 0; i < ts_num_dims(op); i++) {
    const ts_value *x = ts_dim(op, i);
    if (!mentions(op->map->exprs[op->map->n - 1], i) || !steps_by(x, lanes)) continue;
    if (!ts_loop_normalize(m, x->block->parent)) return false;
    pass->changed = true;
    i = (unsigned)-1; /* the map is another one */
  }
  return true;
}

static bool divide_subscript(ts_module *m, ts_op *op, int64_t lanes) {
  ts_dims d = ts_dims_none(m);
  const ts_aff *exprs[TS_MAX_RANK];
  for (unsigned i = 0; i < op->map->n; i++)
    exprs[i] = ts_dims_import(&d, op, op->map->exprs[i]);
  const ts_aff *q = ts_dims_quotient(&d, exprs[op->map->n - 1], lanes);
  if (!q) return false;
  exprs[op->map->n - 1] = q;
  return ts_dims_set_map(&d, op, op->map->n, exprs);
}

const char *ts_promote_vectors(ts_pass_ctx *pass, ts_module *m, ts_op *alloc, const ts_op **at) {
  ts_value *buffer = ts_op_result(alloc, 0);
  int64_t lanes;
  const char *no = find_lanes(alloc, &lanes, at);
  if (no) return no;
  TS_VEC(ts_op *) users = {0}; /* a change of a map may move an op's uses */
  for (const ts_use *u = buffer->uses; u; u = u->next)
    ts_push(pass->scratch, &users, u->owner);
  for (size_t i = 0; i < users.n; i++)
    if (!normalize_loops(pass, m, users.at[i], lanes)) return "its subscripts would get too large";
  for (size_t i = 0; i < users.n; i++)
    if (!divide_subscript(m, users.at[i], lanes)) ts_unreachable("a multiple has no quotient");
  const ts_type *t = buffer->type;
  ts_extent dims[TS_MAX_RANK];
  memcpy(dims, t->dims, t->rank * sizeof *dims);
  dims[t->rank - 1] /= lanes;
  ts_dtype d = (ts_dtype)t->dtype;
  ts_set_type(buffer, ts_type_memref(m, t->rank, dims, d, ts_type_vector(m, lanes, d),
                                     TS_SPACE_LOCAL, TS_LAYOUT_ROWMAJOR, 0, NULL));
  ts_remark(m->ctx, alloc->loc, pass->name, "passed", "%%%s holds vectors: %s",
            buffer->name ? ts_str_text(m, buffer->name) : "", buffer->type->text);
  ts_count(pass, "buffers made of vectors", 1);
  pass->changed = true;
  return NULL;
}
