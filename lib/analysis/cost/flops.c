/* Counting operations from the text of a function.
 *
 * A loop around which nothing depends on the variable counts once, times its iterations; otherwise
 * its values are gone through. Tiled loops with ragged edges are followed tile by tile that way,
 * never element by element. */
#include "analysis/cost/flops.h"

#include "ir/calls.h"
#include "ir/indexing.h"
#include "ir/scalar.h"

enum { MOST_STEPS = 1 << 20, REGISTER_BYTES = 2 << 10 };

typedef struct counter {
  const ts_bindings *bindings;
  ts_arena *arena;
  ts_ptrmap values; /* of variables: pointers to int64_t */
  unsigned steps, depth;
  bool failed;
} counter;

/* ---- one op ---- */

static bool is_float_op(const ts_op *op) {
  return ts_is_float((ts_dtype)ts_op_result(op, 0)->type->dtype);
}

/* Operations at each point, of whatever type: none where elements only move or change their type. */
static uint64_t work_at_point(const ts_op *op) {
  switch (ts_root_info(op)->class) {
  case TS_OC_CONSTANT:
  case TS_OC_CONVERT:
  case TS_OC_VIEW: return 0;
  case TS_OC_PRODUCT: return 2;
  default: return 1;
  }
}

uint64_t ts_tensor_op_points(const ts_op *op, const ts_bindings *b) {
  ts_iter_space space = ts_op_iter_space(op);
  uint64_t n = 1;
  for (unsigned d = 0; d < space.n; d++)
    if (__builtin_mul_overflow(n, (uint64_t)ts_bound_extent(b, space.extents[d]), &n))
      return UINT64_MAX;
  return n;
}

uint64_t ts_tensor_op_flops(const ts_op *op, uint64_t points) {
  return is_float_op(op) ? points * work_at_point(op) : 0;
}

static uint64_t lanes_of(const ts_type *t) {
  return ts_is_kind(t, TS_TYPE_VECTOR) ? (uint64_t)t->dims[0] : 1;
}

/* An op of n operands joins them by n - 1 operations; signs and roundings to integers count none. */
static uint64_t loop_op_work(const ts_op *op) {
  const ts_type *t = ts_op_results(op)->type;
  uint64_t each = 0;
  if (ts_is_class(op, TS_OC_ARITH)) each = ts_has_flag(op, TS_FLAG_MATH) ? 1 : op->num_plain - 1u;
  switch (op->opcode) {
  case TS_OP_MMA: return 2 * (uint64_t)(t->dims[0] * t->dims[1] * t->dims[2]);
  case TS_OP_DOT: return 2 * lanes_of(ts_operand(op, 0)->type);
  case TS_OP_REDUCE_ADD:
  case TS_OP_REDUCE_MAXIMUM: return lanes_of(ts_operand(op, 0)->type) - 1;
  default: return each * lanes_of(t);
  }
}

uint64_t ts_loop_op_flops(const ts_op *op) {
  return op->num_results == 1 && is_float_op(op) ? loop_op_work(op) : 0;
}

/* By the type of the result; of subscripts and conditions it is not counted. */
static ts_work sorted(const ts_op *op, uint64_t n) {
  ts_dtype type = (ts_dtype)ts_op_result(op, 0)->type->dtype;
  if (ts_is_float(type)) return (ts_work){.flops = n};
  return (ts_work){.int_ops = type == TS_INDEX || type == TS_I1 ? 0 : n};
}

static ts_work plus(ts_work a, ts_work b) {
  return (ts_work){a.flops + b.flops, a.int_ops + b.int_ops, a.moved + b.moved};
}

/* Whole bytes of a memref with extents that are numbers; 0 for others. */
static uint64_t bytes_of(const ts_type *t) {
  uint64_t n = ts_dtype_bytes((ts_dtype)t->dtype) * (t->elem ? lanes_of(t->elem) : 1);
  for (unsigned d = 0; d < t->rank; d++)
    n *= ts_is_symbolic(t->dims[d]) ? 0 : (uint64_t)t->dims[d];
  return n;
}

static bool is_in_registers(const ts_value *memref) {
  uint64_t bytes = bytes_of(memref->type);
  return memref->kind == TS_VALUE_RESULT && memref->def->opcode == TS_OP_ALLOC && bytes &&
         bytes <= REGISTER_BYTES;
}

static uint64_t moved_by(const ts_op *op) {
  uint64_t n = 0;
  ts_access a;
  if (op->opcode == TS_OP_PREFETCH) return 0;
  if (op->opcode == TS_OP_COPY) return 2 * bytes_of(ts_operand(op, 0)->type);
  for (unsigned i = 0; ts_access_parts(op, i, &a); i++)
    if (!is_in_registers(a.memref))
      n += ((uint64_t)a.reads + a.writes) * lanes_of(a.type) *
           ts_dtype_bytes((ts_dtype)a.type->dtype);
  return n;
}

/* ---- tensor functions ---- */

static ts_work count_func(counter *c, const ts_func *f, const ts_bindings *b);

static ts_work tensor_op(const counter *c, const ts_op *op) {
  return sorted(op, ts_tensor_op_points(op, c->bindings) * work_at_point(op));
}

static ts_work call(counter *c, const ts_op *op) {
  const ts_func *f = ts_callee(op);
  ts_bindings b = ts_bind_call(c->arena, op, f, c->bindings);
  return count_func(c, f, &b);
}

/* ---- loops ---- */

static ts_work count_block(counter *c, const ts_block *block);

static int64_t symbol_value(void *user, ts_str name) {
  return ts_binding_value(((counter *)user)->bindings, name);
}

/* Values of an op's affine variables; false when one is not known. */
static bool take_dims(counter *c, const ts_op *op, int64_t dims[TS_MAX_DIMS]) {
  if (ts_num_dims(op) > TS_MAX_DIMS) return false;
  for (unsigned i = 0; i < ts_num_dims(op); i++) {
    const int64_t *v = ts_ptrmap_get(&c->values, ts_dim(op, i));
    if (!v) return false;
    dims[i] = *v;
  }
  return true;
}

static bool bounds_of(counter *c, const ts_op *op, const ts_for *f, int64_t *lo, int64_t *hi) {
  int64_t dims[TS_MAX_DIMS], v;
  bool ok = take_dims(c, op, dims);
  *lo = INT64_MIN;
  *hi = INT64_MAX;
  for (unsigned i = 0; ok && i < f->num_lo; i++, *lo = ts_max(*lo, v))
    ok = ts_aff_eval(f->lo[i], dims, symbol_value, c, &v);
  for (unsigned i = 0; ok && i < f->num_hi; i++, *hi = ts_min(*hi, v))
    ok = ts_aff_eval(f->hi[i], dims, symbol_value, c, &v);
  return ok;
}

typedef struct search {
  const ts_value *v;
  bool found;
} search;

/* Accesses do not matter, only what decides how often something is done. */
static void look_for(void *user, ts_op *op) {
  search *s = user;
  if (op->opcode != TS_OP_FOR && op->opcode != TS_OP_IF) return;
  for (unsigned i = 0; i < ts_num_dims(op); i++)
    s->found |= ts_dim(op, i) == s->v;
}

static ts_work loop(counter *c, const ts_op *op) {
  ts_for f = ts_for_parts(op);
  int64_t lo, hi, at;
  if (!bounds_of(c, op, &f, &lo, &hi)) c->failed = true;
  ts_work n = {0};
  if (c->failed || lo >= hi) return n;
  uint64_t trips = ((uint64_t)hi - (uint64_t)lo - 1) / (uint64_t)f.step + 1;
  search s = {f.iv, false};
  ts_walk(f.body, look_for, &s);
  ts_ptrmap_put(&c->values, f.iv, &at);
  at = lo;
  if (!s.found) {
    n = count_block(c, f.body);
    return (ts_work){trips * n.flops, trips * n.int_ops, trips * n.moved};
  }
  for (uint64_t i = 0; i < trips && !c->failed; i++, at += f.step)
    n = plus(n, count_block(c, f.body));
  return n;
}

static ts_work branch(counter *c, const ts_op *op) {
  ts_if f = ts_if_parts(op);
  int64_t dims[TS_MAX_DIMS], a, b;
  bool taken = true;
  if (f.n == 0 || !take_dims(c, op, dims)) c->failed = true;
  for (unsigned i = 0; i < f.n && taken && !c->failed; i++) {
    c->failed = !ts_aff_eval(f.sides[2 * i], dims, symbol_value, c, &a) ||
                !ts_aff_eval(f.sides[2 * i + 1], dims, symbol_value, c, &b);
    taken = !c->failed && ts_eval_cmp_int((ts_pred)f.preds[i], a, b);
  }
  if (c->failed) return (ts_work){0};
  return count_block(c, taken ? f.then_block : f.else_block);
}

static ts_work work_of_op(const counter *c, const ts_op *op) {
  if (op->num_results != 1) return (ts_work){0};
  if (ts_is_kind(ts_op_result(op, 0)->type, TS_TYPE_TENSOR)) return tensor_op(c, op);
  return sorted(op, loop_op_work(op));
}

static ts_work count_op(counter *c, const ts_op *op) {
  switch (op->opcode) {
  case TS_OP_FOR: return loop(c, op);
  case TS_OP_IF: return branch(c, op);
  case TS_OP_CALL: return call(c, op);
  case TS_OP_LAUNCH: c->failed = true; return (ts_work){0};
  default: return plus(work_of_op(c, op), (ts_work){.moved = moved_by(op)});
  }
}

static ts_work count_block(counter *c, const ts_block *block) {
  ts_work n = {0};
  for (const ts_op *op = block ? block->first : NULL; op && !c->failed; op = op->next) {
    if (++c->steps > MOST_STEPS) c->failed = true;
    n = plus(n, count_op(c, op));
  }
  return n;
}

static ts_work count_func(counter *c, const ts_func *f, const ts_bindings *b) {
  if (c->depth >= TS_MAX_NESTING) c->failed = true;
  if (c->failed) return (ts_work){0};
  const ts_bindings *outer = c->bindings;
  c->bindings = b;
  c->depth++;
  ts_work n = count_block(c, f->body);
  c->depth--;
  c->bindings = outer;
  return n;
}

typedef struct count_call {
  counter c;
  ts_arena arena;
  const ts_func *f;
  const ts_bindings *b;
  ts_work n;
} count_call;

static ts_result count_protected(void *arg) {
  count_call *call_ = arg;
  call_->c.arena = &call_->arena;
  ts_ptrmap_init(&call_->c.values, &call_->arena);
  call_->n = count_func(&call_->c, call_->f, call_->b);
  return TS_OK;
}

static void drop_arena(void *arg) { ts_arena_drop(&((count_call *)arg)->arena); }

bool ts_count_work(ts_context *ctx, const ts_func *f, const ts_bindings *b, ts_work *out) {
  count_call call_ = {.f = f, .b = b};
  ts_arena_init(&call_.arena, &ctx->memory);
  ts_result result = ts_protect_cleanup(ctx, count_protected, drop_arena, &call_);
  *out = call_.n;
  return !result && !call_.c.failed;
}
