/* The body of a vectorized loop: which values differ between lanes, and their vector forms.
 *
 * Uniform ops stay as they are. A branch that lanes take differently is run by all of them, its
 * memory accesses under a mask. Buffers allocated in the body become buffers of vectors where lanes
 * put different values into them. */
#include "ir/scalar.h"
#include "analysis/poly/dependence.h"
#include "transforms/vectors/vectorize_impl.h"

/* ---- analysis ---- */

typedef struct analysis {
  ts_vector_plan *v;
  bool changed;
} analysis;

static void mark(analysis *a, const void *value) {
  if (ts_is_varying(a->v, value)) return;
  ts_ptrmap_put(&a->v->varying, value, a);
  a->changed = true;
}

static bool uses_varying(const ts_vector_plan *v, const ts_op *op) {
  for (unsigned i = 0; i < op->num_operands; i++)
    if (ts_is_varying(v, ts_operand(op, i))) return true;
  return false;
}

/* Under a condition, what may fail for the lanes left out is done lane by lane though it be
 * uniform. */
static bool is_guarded(const ts_vector_plan *v, const ts_op *op, bool conditional) {
  if (!conditional) return false;
  if (op->opcode == TS_OP_LOAD) return !ts_is_private(v, ts_operand(op, 0));
  return ts_divides(op);
}

static void mark_block(analysis *a, const ts_block *block, bool conditional);

/* `conditional`: inside a branch that only some lanes take. */
static void mark_op(analysis *a, const ts_op *op, bool conditional) {
  bool varying = uses_varying(a->v, op);
  const ts_reduction *r = ts_reduction_of(a->v, op);
  if (op->opcode == TS_OP_STORE && !r) {
    const ts_value *memref = ts_operand(op, 1);
    bool differs = conditional || ts_is_varying(a->v, ts_operand(op, 0));
    if (differs && ts_is_private(a->v, memref)) mark(a, memref);
  }
  if (op->num_results == 1 && op->opcode != TS_OP_ALLOC &&
      (varying || r || is_guarded(a->v, op, conditional)))
    mark(a, ts_op_result(op, 0));
  for (unsigned i = 0; i < op->num_regions; i++)
    mark_block(a, ts_op_regions(op)[i], conditional || (varying && op->opcode == TS_OP_IF));
}

static void mark_block(analysis *a, const ts_block *block, bool conditional) {
  for (const ts_op *op = block->first; op; op = op->next)
    mark_op(a, op, conditional);
}

/* ---- what has no vector form ---- */

static ts_result refuse(ts_vector_plan *v, const ts_op *op, const char *why) {
  return ts_schedule_refuse(&v->s, op, "cannot vectorize %%%s: %s", ts_loop_name(v->loop), why);
}

/* With what keeps the order of the iterations instead. */
static ts_result refuse_order(ts_vector_plan *v, const ts_op *op, const char *why) {
  refuse(v, op, why);
  ts_note(v->s.m->ctx, v->loop->loc, "legal instead: %s",
          ts_schedule_unroll(&v->s, v->loop, v->lanes));
  return TS_ERR;
}

/* A store that all iterations send to one place. */
static ts_result refuse_store(ts_vector_plan *v, const ts_op *op) {
  ts_verdict verdict;
  ts_arena *a = v->s.pass->scratch;
  ts_result result = ts_dep_repeat(v->s.m->ctx, a, v->loop, op, &verdict);
  if (result || verdict.legal) return refuse_order(v, op, "all its iterations write this element");
  refuse(v, op, "all its iterations write this element");
  ts_dep_explain(v->s.m->ctx, v->loop->loc, &verdict, ts_schedule_unroll(&v->s, v->loop, v->lanes));
  return TS_ERR;
}

static bool is_elementwise(const ts_op *op) {
  if (!ts_is_pointwise(op)) return op->opcode == TS_OP_DOT;
  return !ts_is_kind(ts_op_result(op, 0)->type, TS_TYPE_FRAGMENT);
}

/* One condition for a group of elements would have to be repeated for each of them. */
static bool chooses_groups(const ts_vector_plan *v, const ts_op *op) {
  return op->opcode == TS_OP_SELECT && ts_is_varying(v, ts_operand(op, 0)) &&
         ts_operand(op, 0)->type->kind != ts_op_result(op, 0)->type->kind;
}

static ts_result check_access(ts_vector_plan *v, const ts_op *op, bool conditional) {
  bool stores = op->opcode == TS_OP_STORE;
  const ts_value *x = stores ? ts_operand(op, 0) : ts_op_result(op, 0);
  ts_reach reach = ts_reach_of(v, op);
  bool involved = reach != TS_REACH_UNIFORM || ts_is_varying(v, x) || conditional;
  if (involved && !ts_is_kind(x->type, TS_TYPE_SCALAR)) {
    bool groups = ts_is_kind(x->type, TS_TYPE_VECTOR) && !conditional;
    if (!groups || reach == TS_REACH_NONE || reach == TS_REACH_PRIVATE)
      return refuse(v, op, "it works on vectors already");
    if (reach == TS_REACH_LANES)
      return refuse(v, op,
                    ts_sprintf(v->s.pass->scratch,
                               "its vectors of %lld do not lie side by side, the last subscript "
                               "growing by %lld an iteration and no other by anything",
                               (long long)ts_group_of(x->type), (long long)ts_group_of(x->type)));
  }
  if (reach == TS_REACH_NONE)
    return refuse(v, op, "its iterations index a buffer of their own by it");
  if (reach == TS_REACH_UNIFORM && stores && (ts_is_varying(v, x) || conditional))
    return refuse_store(v, op);
  bool by_lane =
      reach == TS_REACH_LANES || (reach == TS_REACH_UNIFORM && is_guarded(v, op, conditional));
  if (by_lane && v->strict)
    return refuse(v, op,
                  "this access has no vector form (strict = true), since its elements do not lie "
                  "side by side");
  return by_lane && !ts_lanes_fit(v, op) ? refuse(v, op, "the lanes' subscripts get too large")
                                         : TS_OK;
}

static ts_result check_block(ts_vector_plan *v, const ts_block *block, bool conditional);

static ts_result check_op(ts_vector_plan *v, const ts_op *op, bool conditional) {
  bool varying = uses_varying(v, op);
  switch (op->opcode) {
  case TS_OP_LOAD:
  case TS_OP_STORE: return ts_reduction_of(v, op) ? TS_OK : check_access(v, op, conditional);
  case TS_OP_FOR:
    if (varying) return refuse_order(v, op, "how often this loop runs depends on it");
    return check_block(v, ts_op_regions(op)[0], conditional);
  case TS_OP_IF: {
    ts_if parts = ts_if_parts(op);
    ts_result result = check_block(v, parts.then_block, conditional || varying);
    return result ? result : check_block(v, parts.else_block, conditional || varying);
  }
  case TS_OP_ALLOC:
    if (ts_is_varying(v, ts_op_result(op, 0)) && ts_op_result(op, 0)->type->elem)
      return refuse(v, op, "it works on vectors already");
    return TS_OK;
  case TS_OP_CONST:
  case TS_OP_PREFETCH:
  case TS_OP_GLOBAL: return TS_OK;
  case TS_OP_APPLY:
    return ts_lanes_fit(v, op) ? TS_OK : refuse(v, op, "the lanes' values get too large");
  default: break;
  }
  if (!varying && !conditional && ts_has_flag(op, TS_FLAG_PURE)) return TS_OK;
  if (op->num_results == 1 && is_elementwise(op) && !chooses_groups(v, op)) return TS_OK;
  if (!varying && ts_has_flag(op, TS_FLAG_PURE)) return TS_OK;
  const char *what = ts_sprintf(v->s.pass->scratch, "`%s` has no vector form", ts_info(op)->name);
  return refuse(v, op, what);
}

static ts_result check_block(ts_vector_plan *v, const ts_block *block, bool conditional) {
  for (const ts_op *op = block->first; op; op = op->next) {
    ts_result result = check_op(v, op, conditional);
    if (result) return result;
  }
  return TS_OK;
}

ts_result ts_analyze_lanes(ts_vector_plan *v) {
  analysis a = {.v = v, .changed = true};
  ts_ptrmap_put(&v->varying, v->iv, &a);
  while (a.changed) {
    a.changed = false;
    mark_block(&a, v->iv->block, false);
  }
  return check_block(v, v->iv->block, false);
}

/* ---- masks ---- */

/* The lanes before the end, computed at the top of the body; of groups of that many elements. */
static ts_value *build_tail(ts_vector_writer *w, int64_t group) {
  ts_value *tail = NULL;
  ts_builder here = w->b;
  w->b = ts_builder_before(w->plan->s.m, w->plan->iv->block->first);
  w->b.loc = w->plan->loop->loc;
  for (unsigned i = 0; i < w->plan->num_ragged; i++) {
    ts_dims d = *w->plan->outside;
    const ts_aff *left = ts_dims_sub(&d, w->plan->ragged[i], ts_dims_value(&d, w->plan->iv));
    left = ts_dims_binary(&d, TS_AFF_CEILDIV, left, ts_aff_const(w->plan->s.m, w->plan->step));
    tail = ts_mask_and(w, tail, ts_lanes_below(w, &d, left, group));
  }
  w->b = here;
  return tail;
}

static ts_value *tail_mask(ts_vector_writer *w) {
  if (w->plan->masked && !w->tail) w->tail = build_tail(w, 1);
  return w->tail;
}

static ts_value *group_tail(ts_vector_writer *w, int64_t group) {
  if (group == 1) return tail_mask(w);
  int64_t all = w->plan->lanes * group;
  bool other = w->group_tail && w->group_tail->type->dims[0] != all;
  if (w->plan->masked && (!w->group_tail || other)) w->group_tail = build_tail(w, group);
  return w->group_tail;
}

/* Lanes past the end and those left out by conditions must not touch memory that lives outside. */
static ts_value *access_mask(ts_vector_writer *w, const ts_op *op, const ts_value *memref,
                             const ts_type *type) {
  if (w->condition) return w->condition;
  ts_value *own = op->has_mask ? ts_as_vector(w, ts_operand(op, op->num_plain - 1), false) : NULL;
  if (ts_ptrmap_get(&w->plan->unchecked, memref)) return own;
  if (op->opcode == TS_OP_LOAD && ts_ptrmap_get(&w->plan->padded, memref)) return own;
  return ts_mask_and(w, own, group_tail(w, ts_group_of(type)));
}

/* ---- rewriting ---- */

static void settle(ts_vector_writer *w, ts_op *op, ts_value *vector) {
  ts_value *old = ts_op_result(op, 0);
  if (vector->kind == TS_VALUE_RESULT) ts_take_name(vector, old);
  ts_ptrmap_put(&w->vectors, old, vector);
  ts_push(w->plan->s.pass->scratch, &w->dead, op);
}

static ts_value *private_buffer(ts_vector_writer *w, ts_value *memref) {
  return ts_ptrmap_get(&w->privates, memref);
}

static void rewrite_alloc(ts_vector_writer *w, ts_op *op) {
  ts_value *old = ts_op_result(op, 0);
  if (!ts_is_varying(w->plan, old)) return;
  const ts_type *t = old->type;
  const ts_type *vectors = ts_type_memref(
      w->plan->s.m, t->rank, t->dims, (ts_dtype)t->dtype, ts_vector_of(w->plan, (ts_dtype)t->dtype),
      (ts_space)t->space, (ts_layout)t->layout, t->num_layout_args, t->layout_args);
  ts_value *buffer = ts_build_alloc(&w->b, vectors);
  ts_take_name(buffer, old);
  ts_ptrmap_put(&w->privates, old, buffer);
  ts_push(w->plan->s.pass->scratch, &w->dead, op);
}

/* The op's map as it is, for another access of the same elements. */
static void same_place(const ts_op *op, ts_value **dims) {
  for (unsigned i = 0; i < ts_num_dims(op); i++)
    dims[i] = ts_dim(op, i);
}

static ts_value *build_load(ts_vector_writer *w, const ts_op *op, ts_value *memref,
                            ts_value *mask) {
  ts_value *dims[TS_MAX_DIMS];
  same_place(op, dims);
  const ts_type *t = ts_widened(w->plan, ts_op_result(op, 0)->type);
  return ts_build_load(&w->b, t, memref, op->map->n, op->map->exprs, ts_num_dims(op), dims, mask);
}

static void build_store(ts_vector_writer *w, const ts_op *op, ts_value *x, ts_value *memref,
                        ts_value *mask) {
  ts_value *dims[TS_MAX_DIMS];
  same_place(op, dims);
  ts_build_store(&w->b, x, memref, op->map->n, op->map->exprs, ts_num_dims(op), dims, mask);
}

static void rewrite_load(ts_vector_writer *w, ts_op *op) {
  ts_value *memref = ts_operand(op, 0);
  ts_reach reach = ts_reach_of(w->plan, op);
  bool guarded = w->condition && !ts_is_private(w->plan, memref);
  ts_value *x;
  if (reach == TS_REACH_UNIFORM && !guarded) return;
  if (reach == TS_REACH_PRIVATE) {
    x = build_load(w, op, private_buffer(w, memref), NULL);
  } else if (reach == TS_REACH_CONTIGUOUS) {
    x = build_load(w, op, memref, access_mask(w, op, memref, ts_op_result(op, 0)->type));
    w->num_vectors++;
  } else {
    x = ts_load_lanes(w, op, access_mask(w, op, memref, ts_op_result(op, 0)->type));
  }
  settle(w, op, x);
}

static void rewrite_store(ts_vector_writer *w, ts_op *op) {
  ts_value *memref = ts_operand(op, 1);
  const ts_type *type = ts_operand(op, 0)->type;
  ts_reach reach = ts_reach_of(w->plan, op);
  if (reach == TS_REACH_UNIFORM) return;
  if (reach == TS_REACH_PRIVATE) {
    build_store(w, op, ts_as_vector(w, ts_operand(op, 0), false), private_buffer(w, memref),
                w->condition);
  } else if (reach == TS_REACH_CONTIGUOUS) {
    build_store(w, op, ts_as_vector(w, ts_operand(op, 0), false), memref,
                access_mask(w, op, memref, type));
    w->num_vectors++;
  } else {
    ts_store_lanes(w, op, access_mask(w, op, memref, type));
  }
  ts_push(w->plan->s.pass->scratch, &w->dead, op);
}

/* A lane that is left out must not fail for its divisor. */
static ts_value *safe_divisor(ts_vector_writer *w, ts_value *x) {
  ts_value *mask = w->condition ? w->condition : tail_mask(w);
  if (!mask || ts_is_literal(x)) return x;
  return ts_build3(&w->b, TS_OP_SELECT, x->type, mask, x, ts_literal_int(w->plan->s.m, x->type, 1));
}

static void rewrite_elementwise(ts_vector_writer *w, ts_op *op) {
  ts_value *in[3];
  for (unsigned i = 0; i < op->num_plain; i++) {
    bool choice = op->opcode == TS_OP_SELECT && i == 0;
    bool scalar = choice && !ts_is_varying(w->plan, ts_operand(op, i)) &&
                  ts_is_kind(ts_operand(op, i)->type, TS_TYPE_SCALAR);
    in[i] = scalar ? ts_operand(op, i) : ts_as_vector(w, ts_operand(op, i), true);
  }
  if (ts_divides(op)) in[1] = safe_divisor(w, in[1]);
  const ts_type *t = ts_widened(w->plan, ts_op_result(op, 0)->type);
  ts_value *x = ts_build(&w->b, (ts_opcode)op->opcode, t, op->num_plain, in);
  for (unsigned i = 0; i < op->num_attrs; i++)
    ts_attr_set(w->plan->s.m, x->def, op->attrs[i]);
  settle(w, op, x);
}

static void rewrite_block(ts_vector_writer *w, ts_block *block);

static ts_value *branch_mask(ts_vector_writer *w, const ts_op *op) {
  ts_if parts = ts_if_parts(op);
  if (!parts.n) return ts_as_vector(w, parts.flag, false);
  ts_value *mask = NULL;
  for (unsigned i = 0; i < parts.n; i++)
    mask = ts_mask_and(w, mask,
                       ts_lane_condition(w, op, parts.sides[2 * i], (ts_pred)parts.preds[i],
                                         parts.sides[2 * i + 1]));
  return mask;
}

/* Rewrites the branch under a mask and puts what it holds in front of the if. */
static void flatten_branch(ts_vector_writer *w, ts_op *op, ts_block *branch, ts_value *mask) {
  if (!branch->first) return;
  ts_value *outer = w->condition;
  w->condition = ts_mask_and(w, outer ? outer : tail_mask(w), mask);
  rewrite_block(w, branch);
  w->condition = outer;
  while (branch->first)
    ts_op_move_before(branch->first, op);
  w->b = ts_builder_before(w->plan->s.m, op);
}

static void rewrite_if(ts_vector_writer *w, ts_op *op) {
  ts_if parts = ts_if_parts(op);
  bool varying = false;
  for (unsigned i = 0; i < op->num_operands; i++)
    varying = varying || ts_is_varying(w->plan, ts_operand(op, i));
  if (!varying) {
    rewrite_block(w, parts.then_block);
    rewrite_block(w, parts.else_block);
    return;
  }
  ts_value *mask = branch_mask(w, op);
  ts_value *other = parts.else_block->first ? ts_mask_not(w, mask) : NULL;
  flatten_branch(w, op, parts.then_block, mask);
  flatten_branch(w, op, parts.else_block, other);
  ts_push(w->plan->s.pass->scratch, &w->dead, op);
}

static void rewrite_op(ts_vector_writer *w, ts_op *op) {
  if (ts_reduction_of(w->plan, op)) {
    ts_value *mask = w->condition ? w->condition : tail_mask(w);
    ts_value *x = ts_reduce_lanes(w, op, mask);
    if (x)
      settle(w, op, x);
    else
      ts_push(w->plan->s.pass->scratch, &w->dead, op);
    return;
  }
  switch (op->opcode) {
  case TS_OP_ALLOC: rewrite_alloc(w, op); return;
  case TS_OP_LOAD: rewrite_load(w, op); return;
  case TS_OP_STORE: rewrite_store(w, op); return;
  case TS_OP_IF: rewrite_if(w, op); return;
  case TS_OP_FOR: rewrite_block(w, ts_op_regions(op)[0]); return;
  default: break;
  }
  if (op->num_results != 1 || !ts_is_varying(w->plan, ts_op_result(op, 0))) return;
  if (op->opcode == TS_OP_APPLY)
    settle(w, op, ts_lane_indices(w, op, op->map->exprs[0]));
  else
    rewrite_elementwise(w, op);
}

static void rewrite_block(ts_vector_writer *w, ts_block *block) {
  for (ts_op *op = block->first, *next; op; op = next) {
    next = op->next;
    w->b = ts_builder_before(w->plan->s.m, op);
    rewrite_op(w, op);
  }
}

void ts_vectorize_body(ts_vector_writer *w) {
  ts_open_reductions(w);
  rewrite_block(w, w->plan->iv->block);
  ts_close_reductions(w);
  while (w->dead.n)
    ts_op_erase(w->dead.at[--w->dead.n]);
}
