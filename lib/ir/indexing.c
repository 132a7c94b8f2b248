/* Iteration spaces and indexing maps of the tensor ops, a family of ops at a time. The row of an op names its
 * family where its class does not tell it (tir.def). */
#include "ir/indexing.h"

/* The map that is being made: of which operand, and its subscripts so far. */
typedef struct mapper {
  ts_module *m;
  const ts_op *op;
  unsigned operand; /* num_plain: the result */
  unsigned n;
  const ts_aff *at[TS_MAX_RANK];
} mapper;

struct ts_maps {
  void (*space)(const ts_op *, ts_iter_space *);
  void (*map)(mapper *);
};

/* ---- helpers of the families ---- */

static const ts_type *result_type(const ts_op *op) { return ts_op_result(op, 0)->type; }

static void add_dim(ts_iter_space *s, ts_extent extent) { s->extents[s->n++] = extent; }

static void add_parallel(ts_iter_space *s, ts_extent extent) {
  add_dim(s, extent);
  s->num_parallel = s->n;
}

static void add_subscript(mapper *x, unsigned dim) { x->at[x->n++] = ts_aff_dim(x->m, dim); }

static bool is_result(const mapper *x) { return x->operand == x->op->num_plain; }

static const ts_type *operand_type(const mapper *x) {
  return is_result(x) ? result_type(x->op) : ts_operand(x->op, x->operand)->type;
}

/* The operand's axes are the last of the result's; one of extent 1 stays at its element. A literal has none. */
static void broadcast(mapper *x) {
  const ts_type *t = operand_type(x);
  unsigned lead = result_type(x->op)->rank - t->rank;
  for (unsigned i = 0; i < t->rank; i++)
    x->at[x->n++] = t->dims[i] == 1 ? ts_aff_const(x->m, 0) : ts_aff_dim(x->m, lead + i);
}

/* The reduced axes of operand 0, as a set. */
static unsigned reduced_axes(const ts_op *op) {
  unsigned axes[TS_MAX_RANK], n = ts_op_axes(op, axes), set = 0;
  for (unsigned i = 0; i < n; i++)
    set |= 1u << axes[i];
  return set;
}

/* Kept axes become the parallel dims, reduced ones the reduced dims, each in order. */
static void reduced_space(const ts_op *op, ts_iter_space *s) {
  const ts_type *t = ts_operand(op, 0)->type;
  unsigned reduced = reduced_axes(op);
  for (unsigned i = 0; i < t->rank; i++)
    if (!(reduced >> i & 1)) add_parallel(s, t->dims[i]);
  for (unsigned i = 0; i < t->rank; i++)
    if (reduced >> i & 1) add_dim(s, t->dims[i]);
}

/* Every axis of operand 0. */
static void reduced_operand(mapper *x) {
  unsigned rank = ts_operand(x->op, 0)->type->rank, reduced = reduced_axes(x->op);
  unsigned kept_dim = 0, reduced_dim = rank - (unsigned)__builtin_popcount(reduced);
  for (unsigned i = 0; i < rank; i++)
    add_subscript(x, reduced >> i & 1 ? reduced_dim++ : kept_dim++);
}

/* ---- elementwise ops, broadcast: Y[i, j] = f(A[i, j], B[0, j]) ---- */

static void elementwise_space(const ts_op *op, ts_iter_space *s) {
  const ts_type *t = result_type(op);
  for (unsigned i = 0; i < t->rank; i++)
    add_parallel(s, t->dims[i]);
}

static void result_map(mapper *x) {
  for (unsigned i = 0; i < result_type(x->op)->rank; i++)
    add_subscript(x, i);
}

static void elementwise_map(mapper *x) { is_result(x) ? result_map(x) : broadcast(x); }

const ts_maps ts_maps_elementwise = {elementwise_space, elementwise_map};

/* ---- transpose: Y[i, j] = X[j, i] ---- */

static void transpose_map(mapper *x) {
  int64_t perm[TS_MAX_RANK];
  if (is_result(x)) {
    result_map(x);
    return;
  }
  ts_op_perm(x->op, perm);
  x->n = result_type(x->op)->rank;
  for (unsigned i = 0; i < x->n; i++)
    x->at[perm[i]] = ts_aff_dim(x->m, i);
}

const ts_maps ts_maps_transpose = {elementwise_space, transpose_map};

/* ---- products: Y[b, i, j] = Σ over k of X[b, i, k] W[b, k, j]; further operands are elementwise ---- */

static void product_space(const ts_op *op, ts_iter_space *s) {
  const ts_type *x = ts_operand(op, 0)->type;
  elementwise_space(op, s);
  add_dim(s, x->dims[x->rank - 1]);
}

static void product_map(mapper *x) {
  elementwise_map(x);
  if (!is_result(x) && x->operand < 2)
    x->at[x->n - 1 - x->operand] = ts_aff_dim(x->m, result_type(x->op)->rank);
}

const ts_maps ts_maps_product = {product_space, product_map};

/* ---- reductions: Y[i] = combined over r of X[i, r] ---- */

static void reduce_map(mapper *x) {
  unsigned rank = ts_operand(x->op, 0)->type->rank, reduced = reduced_axes(x->op);
  bool keep = ts_attr_find(x->op, TS_ATTR_KEEPDIMS) != NULL;
  if (!is_result(x)) {
    reduced_operand(x);
    return;
  }
  for (unsigned i = 0, dim = 0; i < rank; i++)
    if (!(reduced >> i & 1))
      add_subscript(x, dim++);
    else if (keep)
      x->at[x->n++] = ts_aff_const(x->m, 0);
}

static const ts_maps reduce_maps = {reduced_space, reduce_map};

/* ---- normalisations: Y[i, r] = f(X[i, r], figures of X[i, …], A[r]) ---- */

static void normalize_map(mapper *x) {
  if (is_result(x) || x->operand == 0)
    reduced_operand(x);
  else
    add_subscript(x, ts_operand(x->op, 0)->type->rank - 1u);
}

static const ts_maps normalize_maps = {reduced_space, normalize_map};

/* ---- which family ---- */

const ts_op_info *ts_root_info(const ts_op *op) {
  bool product = op->opcode == TS_OP_FUSED && ts_attr_find(op, TS_ATTR_ROOT);
  return product ? &ts_op_infos[TS_OP_MATMUL] : ts_info(op);
}

static const ts_maps *const maps_by_class[TS_OC_END + 1] = {
    [TS_OC_ARITH] = &ts_maps_elementwise,    [TS_OC_CONVERT] = &ts_maps_elementwise,
    [TS_OC_QUANTIZE] = &ts_maps_elementwise, [TS_OC_FUSED] = &ts_maps_elementwise,
    [TS_OC_REDUCE] = &reduce_maps,           [TS_OC_NORMALIZE] = &normalize_maps,
};

static const ts_maps *maps_of(const ts_op *op) {
  const ts_op_info *info = ts_root_info(op);
  return info->maps ? info->maps : maps_by_class[info->class];
}

bool ts_has_maps(const ts_op *op) { return maps_of(op) != NULL; }

ts_iter_space ts_op_iter_space(const ts_op *op) {
  const ts_maps *maps = maps_of(op);
  ts_iter_space s = {0};
  if (maps)
    maps->space(op, &s);
  else
    elementwise_space(op, &s);
  return s;
}

const ts_map *ts_op_indexing(ts_module *m, const ts_op *op, unsigned operand) {
  mapper x = {.m = m, .op = op, .operand = operand};
  maps_of(op)->map(&x);
  return ts_map_get(m, x.n, x.at);
}
