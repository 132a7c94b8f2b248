/* What each lane of a vectorized loop sees: strides of subscripts, index vectors, masks, and
 * accesses that have no vector form and are made one lane after the other. */
#include "transforms/vectors/vectorize_impl.h"

bool ts_is_varying(const ts_vector_plan *v, const void *value) {
  return ts_ptrmap_get(&v->varying, value) != NULL;
}

/* ---- strides ---- */

/* Is the value of the expression in the first lane a multiple of the number of lanes, in every
 * iteration? */
static bool starts_aligned(const ts_vector_plan *v, const ts_op *op, const ts_aff *a) {
  switch ((ts_aff_kind)a->kind) {
  case TS_AFF_CONST: return a->value % v->lanes == 0;
  case TS_AFF_ADD: return starts_aligned(v, op, a->lhs) && starts_aligned(v, op, a->rhs);
  case TS_AFF_MUL: return a->rhs->value % v->lanes == 0 || starts_aligned(v, op, a->lhs);
  case TS_AFF_DIM: {
    const ts_value *x = ts_dim(op, (unsigned)a->value);
    if (x->kind != TS_VALUE_ARG || !ts_is_loop(x->block->parent)) return false;
    ts_for f = ts_for_parts(x->block->parent);
    int64_t lo, step = x == v->iv ? v->lanes * v->step : f.step;
    return f.num_lo == 1 && ts_aff_is_const(f.lo[0], &lo) && lo % v->lanes == 0 &&
           step % v->lanes == 0;
  }
  default: return false;
  }
}

bool ts_lane_stride(const ts_vector_plan *v, const ts_op *op, const ts_aff *a, int64_t *out) {
  int64_t x, y;
  *out = 0;
  switch ((ts_aff_kind)a->kind) {
  case TS_AFF_CONST:
  case TS_AFF_SYM: return true;
  case TS_AFF_DIM:
    if (ts_dim(op, (unsigned)a->value) == v->iv) *out = v->step;
    return *out || !ts_is_varying(v, ts_dim(op, (unsigned)a->value));
  case TS_AFF_ADD:
    return ts_lane_stride(v, op, a->lhs, &x) && ts_lane_stride(v, op, a->rhs, &y) &&
           !__builtin_add_overflow(x, y, out);
  case TS_AFF_MUL:
    return ts_lane_stride(v, op, a->lhs, &x) && !__builtin_mul_overflow(x, a->rhs->value, out);
  default: break;
  }
  if (!ts_lane_stride(v, op, a->lhs, &x)) return false;
  if (x == 0) return true;
  /* Lanes n·c … n·c + lanes-1 divided by a multiple of `lanes`: one quotient, remainders in a
   * row. */
  *out = a->kind == TS_AFF_MOD;
  return x == 1 && a->kind != TS_AFF_CEILDIV && a->rhs->value % v->lanes == 0 &&
         starts_aligned(v, op, a->lhs);
}

bool ts_is_private(const ts_vector_plan *v, const ts_value *memref) {
  return memref->kind == TS_VALUE_RESULT && memref->def->opcode == TS_OP_ALLOC &&
         ts_is_ancestor(v->iv->block, memref->def);
}

ts_reach ts_reach_of(const ts_vector_plan *v, const ts_op *op) {
  ts_access a;
  if (!ts_access_parts(op, 0, &a)) ts_unreachable("not an access");
  int64_t stride = 0, group = ts_group_of(a.type), all;
  bool uniform = true, row = !__builtin_mul_overflow(v->lanes, group, &all);
  for (unsigned i = 0; i < a.n; i++) {
    bool known = ts_lane_stride(v, op, a.subscripts[i], &stride);
    uniform = uniform && known && stride == 0;
    row = row && known && stride == (i + 1 == a.n ? group : 0);
  }
  bool own = ts_is_private(v, a.memref);
  if (uniform) return own && ts_is_varying(v, a.memref) ? TS_REACH_PRIVATE : TS_REACH_UNIFORM;
  if (own) return TS_REACH_NONE;
  const ts_type *t = a.memref->type;
  bool dense = t->layout != TS_LAYOUT_STRIDES || t->layout_args[t->rank - 1] == 1;
  bool holds = ts_is_symbolic(t->dims[t->rank - 1]) || t->dims[t->rank - 1] >= all || v->masked;
  return row && dense && holds && !t->elem ? TS_REACH_CONTIGUOUS : TS_REACH_LANES;
}

/* ---- vectors ---- */

const ts_type *ts_vector_of(const ts_vector_plan *v, ts_dtype d) {
  return ts_type_vector(v->s.m, v->lanes, d);
}

int64_t ts_group_of(const ts_type *t) { return ts_is_kind(t, TS_TYPE_VECTOR) ? t->dims[0] : 1; }

const ts_type *ts_widened(const ts_vector_plan *v, const ts_type *t) {
  return ts_type_vector(v->s.m, v->lanes * ts_group_of(t), (ts_dtype)t->dtype);
}

static bool is_visible(const ts_vector_writer *w, const ts_value *x) {
  return ts_is_ancestor(x->def->block, w->b.block->parent) || x->def->block == w->b.block;
}

static ts_value *vector_literal(const ts_vector_plan *v, const ts_value *x) {
  const ts_type *t = ts_widened(v, x->type);
  return ts_is_float(t->dtype) ? ts_literal_float(v->s.m, t, ts_literal_as_double(x))
                               : ts_literal_int(v->s.m, t, (int64_t)x->bits);
}

ts_value *ts_as_vector(ts_vector_writer *w, ts_value *x, bool literal) {
  ts_value *have = ts_ptrmap_get(&w->vectors, x);
  if (have) return have;
  if (x == w->plan->iv) {
    const ts_aff *self = ts_aff_dim(w->plan->s.m, 0);
    ts_value *apply = ts_build_apply(&w->b, self, 1, &x);
    ts_value *lanes = ts_lane_indices(w, apply->def, self);
    ts_op_erase(apply->def);
    return lanes;
  }
  if (ts_is_literal(x) && literal) return vector_literal(w->plan, x);
  have = ts_ptrmap_get(&w->splats, x);
  if (have && is_visible(w, have)) return have;
  have = ts_build1(&w->b, TS_OP_SPLAT, ts_widened(w->plan, x->type), x);
  ts_ptrmap_put(&w->splats, x, have);
  return have;
}

static ts_value *extract(ts_vector_writer *w, ts_value *vector, int64_t lane) {
  const ts_type *t = ts_type_scalar(w->plan->s.m, (ts_dtype)vector->type->dtype);
  ts_value *x = ts_build1(&w->b, TS_OP_EXTRACT, t, vector);
  ts_attr_set_int(w->plan->s.m, x->def, TS_ATTR_LANE, lane);
  return x;
}

static ts_value *insert(ts_vector_writer *w, ts_value *x, ts_value *vector, int64_t lane) {
  ts_value *y = ts_build2(&w->b, TS_OP_INSERT, vector->type, x, vector);
  ts_attr_set_int(w->plan->s.m, y->def, TS_ATTR_LANE, lane);
  return y;
}

/* The vector with one more lane; the first is a splat. */
static ts_value *grow(ts_vector_writer *w, ts_value *vector, ts_value *x, int64_t lane) {
  return lane ? insert(w, x, vector, lane)
              : ts_build1(&w->b, TS_OP_SPLAT, ts_vector_of(w->plan, (ts_dtype)x->type->dtype), x);
}

/* ---- index values ---- */

void ts_lane_map(ts_vector_writer *w, const ts_op *op, int64_t lane, ts_dims *d,
                 const ts_aff **exprs) {
  const ts_aff *with[TS_MAX_DIMS];
  for (unsigned i = 0; i < ts_num_dims(op); i++) {
    ts_value *x = ts_dim(op, i), *vector = ts_ptrmap_get(&w->vectors, x);
    with[i] = ts_dims_value(d, vector ? extract(w, vector, lane) : x);
    if (x == w->plan->iv)
      with[i] = ts_dims_add(d, with[i], ts_aff_const(w->plan->s.m, lane * w->plan->step));
  }
  for (unsigned i = 0; i < op->map->n; i++)
    exprs[i] = ts_aff_substitute(w->plan->s.m, op->map->exprs[i], with, NULL, NULL);
}

bool ts_lanes_fit(const ts_vector_plan *v, const ts_op *op) {
  for (int64_t lane = 0; lane < v->lanes; lane++) {
    ts_dims d = ts_dims_none(v->s.m);
    const ts_aff *with[TS_MAX_DIMS];
    int64_t offset;
    if (__builtin_mul_overflow(lane, v->step, &offset)) return false;
    for (unsigned i = 0; i < ts_num_dims(op); i++) {
      with[i] = ts_dims_value(&d, ts_dim(op, i));
      if (ts_dim(op, i) == v->iv) with[i] = ts_dims_add(&d, with[i], ts_aff_const(v->s.m, offset));
    }
    for (unsigned i = 0; i < op->map->n; i++)
      if (!ts_aff_substitute(v->s.m, op->map->exprs[i], with, NULL, NULL)) return false;
  }
  return true;
}

/* An expression over the op's dims, of which none is varying, as a scalar. */
static ts_value *build_index(ts_vector_writer *w, ts_dims *d, const ts_aff *a) {
  int64_t value;
  const ts_type *index = ts_type_scalar(w->plan->s.m, TS_INDEX);
  if (ts_aff_is_const(a, &value)) return ts_literal_int(w->plan->s.m, index, value);
  ts_value *x = ts_build_apply(&w->b, ts_aff_const(w->plan->s.m, 0), 0, NULL);
  if (!ts_dims_set_map(d, x->def, 1, &a))
    ts_unreachable("an expression that fitted no longer does");
  return x;
}

/* 0, stride, 2·stride, … in front of the loop. */
static ts_value *lane_offsets(const ts_vector_plan *v, int64_t stride) {
  ts_builder b = ts_builder_before(v->s.m, v->loop);
  int64_t *at = ts_new_array(&v->s.m->arena, int64_t, v->lanes);
  for (int64_t l = 0; l < v->lanes; l++)
    at[l] = (int64_t)((uint64_t)l * (uint64_t)stride);
  ts_data *data = ts_new(&v->s.m->arena, ts_data);
  *data = (ts_data){.form = TS_DATA_DENSE, .bytes = at, .num_bytes = (size_t)v->lanes * sizeof *at};
  ts_value *x = ts_build(&b, TS_OP_CONST, ts_vector_of(v, TS_INDEX), 0, NULL);
  ts_attr_set_data(v->s.m, x->def, TS_ATTR_VALUE, data);
  return x;
}

static ts_value *indices_by_lane(ts_vector_writer *w, const ts_op *op, const ts_aff *a) {
  ts_value *vector = NULL;
  for (int64_t l = 0; l < w->plan->lanes; l++) {
    ts_dims d = ts_dims_none(w->plan->s.m);
    ts_op one = *op; /* the same dims, one expression */
    one.map = ts_map_get(w->plan->s.m, 1, &a);
    const ts_aff *expr;
    ts_lane_map(w, &one, l, &d, &expr);
    vector = grow(w, vector, build_index(w, &d, expr), l);
  }
  return vector;
}

ts_value *ts_lane_indices(ts_vector_writer *w, const ts_op *op, const ts_aff *a) {
  int64_t stride;
  if (!ts_lane_stride(w->plan, op, a, &stride)) return indices_by_lane(w, op, a);
  ts_dims d = ts_dims_none(w->plan->s.m);
  const ts_type *t = ts_vector_of(w->plan, TS_INDEX);
  const ts_aff *first = ts_dims_import(&d, op, a);
  int64_t zero;
  bool from_zero = ts_aff_is_const(first, &zero) && zero == 0;
  if (from_zero && stride) return lane_offsets(w->plan, stride);
  ts_value *base = ts_build1(&w->b, TS_OP_SPLAT, t, build_index(w, &d, first));
  return stride ? ts_build2(&w->b, TS_OP_ADDI, t, base, lane_offsets(w->plan, stride)) : base;
}

/* ---- masks ---- */

ts_value *ts_mask_and(ts_vector_writer *w, ts_value *a, ts_value *b) {
  return a && b ? ts_build2(&w->b, TS_OP_ANDI, a->type, a, b) : a ? a : b;
}

ts_value *ts_mask_not(ts_vector_writer *w, ts_value *a) {
  const ts_type *t = ts_vector_of(w->plan, TS_I1);
  return ts_build2(&w->b, TS_OP_XORI, t, a, ts_literal_int(w->plan->s.m, t, 1));
}

ts_value *ts_lanes_below(ts_vector_writer *w, ts_dims *d, const ts_aff *end, int64_t group) {
  const ts_type *t = ts_type_vector(w->plan->s.m, w->plan->lanes * group, TS_I1);
  end = ts_dims_scale(d, end, group);
  ts_op *op = ts_op_create(w->plan->s.m, TS_OP_LANES_BELOW, w->b.loc, 0, NULL, 0, NULL, 1, &t, 0);
  ts_op_insert(&w->b, op);
  if (!ts_dims_set_map(d, op, 1, &end)) ts_unreachable("an expression that fitted no longer does");
  return ts_op_result(op, 0);
}

/* lhs < rhs where lhs grows by 1 a lane: the lanes below rhs - lhs. Other forms compare index
 * vectors. */
ts_value *ts_lane_condition(ts_vector_writer *w, const ts_op *op, const ts_aff *lhs, ts_pred pred,
                            const ts_aff *rhs) {
  static const ts_pred swapped[] = {TS_EQ, TS_NE, TS_GT, TS_GE, TS_LT, TS_LE};
  int64_t x, y;
  bool known = ts_lane_stride(w->plan, op, lhs, &x) && ts_lane_stride(w->plan, op, rhs, &y);
  if (known && y - x == 1) {
    const ts_aff *t = lhs;
    lhs = rhs;
    rhs = t;
    x = y - x;
    y = 0;
    pred = swapped[pred];
  }
  if (known && x - y == 1 && pred >= TS_LT) {
    ts_dims d = ts_dims_none(w->plan->s.m);
    const ts_aff *end = ts_dims_sub(&d, ts_dims_import(&d, op, rhs), ts_dims_import(&d, op, lhs));
    if (pred == TS_LE || pred == TS_GT) end = ts_dims_add(&d, end, ts_aff_const(w->plan->s.m, 1));
    if (!d.overflow) {
      ts_value *below = ts_lanes_below(w, &d, end, 1);
      return pred == TS_LT || pred == TS_LE ? below : ts_mask_not(w, below);
    }
  }
  ts_value *a = ts_lane_indices(w, op, lhs), *b = ts_lane_indices(w, op, rhs);
  ts_value *mask = ts_build2(&w->b, TS_OP_CMPI, ts_vector_of(w->plan, TS_I1), a, b);
  ts_attr_set_int(w->plan->s.m, mask->def, TS_ATTR_PRED, pred);
  return mask;
}

/* ---- one lane after the other ---- */

/* if LANE OF MASK { …; the builder moves inside. */
static ts_op *open_if(ts_vector_writer *w, ts_value *mask, int64_t lane) {
  ts_value *flag = extract(w, mask, lane);
  ts_op *op = ts_op_create(w->plan->s.m, TS_OP_IF, w->b.loc, 1, &flag, 0, NULL, 0, NULL, 2);
  ts_op_insert(&w->b, op);
  w->b = ts_builder_at_end(w->plan->s.m, ts_op_regions(op)[0], w->b.loc);
  return op;
}

static void close_if(ts_vector_writer *w, ts_op *op) {
  if (!op) return;
  ts_loc loc = w->b.loc;
  w->b = ts_builder_after(w->plan->s.m, op);
  w->b.loc = loc;
}

static ts_value *load_lane(ts_vector_writer *w, const ts_op *op, int64_t lane) {
  ts_dims d = ts_dims_none(w->plan->s.m);
  const ts_aff *exprs[TS_MAX_RANK];
  ts_lane_map(w, op, lane, &d, exprs);
  return ts_build_load(&w->b, ts_op_result(op, 0)->type, ts_operand(op, 0), op->map->n, exprs, d.n,
                       d.at, NULL);
}

ts_value *ts_load_lanes(ts_vector_writer *w, ts_op *op, ts_value *mask) {
  const ts_type *t = ts_vector_of(w->plan, (ts_dtype)ts_op_result(op, 0)->type->dtype);
  ts_value *vector = NULL, *buffer = NULL;
  w->in_lanes++;
  if (mask)
    buffer = ts_build_alloc(&w->b, ts_type_buffer(w->plan->s.m, 1, &w->plan->lanes,
                                                  (ts_dtype)t->dtype, TS_SPACE_LOCAL));
  for (int64_t l = 0; l < w->plan->live; l++) {
    ts_op *guard = mask ? open_if(w, mask, l) : NULL;
    ts_value *x = load_lane(w, op, l);
    const ts_aff *at = ts_aff_const(w->plan->s.m, l);
    if (mask)
      ts_build_store(&w->b, x, buffer, 1, &at, 0, NULL, NULL);
    else
      vector = grow(w, vector, x, l);
    close_if(w, guard);
  }
  const ts_aff *zero = ts_aff_const(w->plan->s.m, 0);
  return mask ? ts_build_load(&w->b, t, buffer, 1, &zero, 0, NULL, mask) : vector;
}

void ts_store_lanes(ts_vector_writer *w, ts_op *op, ts_value *mask) {
  ts_value *x = ts_operand(op, 0), *vector = ts_ptrmap_get(&w->vectors, x);
  w->in_lanes++;
  if (x == w->plan->iv) vector = ts_as_vector(w, x, false);
  for (int64_t l = 0; l < w->plan->live; l++) {
    ts_op *guard = mask ? open_if(w, mask, l) : NULL;
    ts_dims d = ts_dims_none(w->plan->s.m);
    const ts_aff *exprs[TS_MAX_RANK];
    ts_lane_map(w, op, l, &d, exprs);
    ts_build_store(&w->b, vector ? extract(w, vector, l) : x, ts_operand(op, 1), op->map->n, exprs,
                   d.n, d.at, NULL);
    close_if(w, guard);
  }
}
