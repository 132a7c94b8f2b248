/* How far from the exact answer rounding may have carried what a run computed. */
#include <math.h>

#include "ir/calls.h"
#include "ir/indexing.h"
#include "check/inexact.h"
#include "run/run_impl.h"

/* ---- the longest reduction ---- */

enum { MOST_CALLS = 1000 };

typedef struct reductions {
  ts_arena *arena;
  const ts_bindings *bindings;             /* of the function being looked at */
  void (*note)(void *reductions, ts_op *); /* of an op of the functions' level */
  unsigned calls;                          /* gone into so far */
  int64_t length;
  ts_dtype acc;
  double inexact; /* of functions such as exp, relative to their results */
} reductions;

static void note(reductions *r, int64_t length, ts_dtype acc) {
  r->length = ts_max(r->length, length);
  if (ts_is_float(acc) && ts_dtype_bytes(acc) < ts_dtype_bytes(r->acc)) r->acc = acc;
}

/* What combines exactly rounds nothing, however long it is. */
static void note_tensor_op(void *user, ts_op *op) {
  reductions *r = user;
  const ts_op_info *info = ts_root_info(op);
  int64_t length = 1;
  if (info->class != TS_OC_PRODUCT && info->class != TS_OC_REDUCE && info->class != TS_OC_NORMALIZE)
    return;
  ts_iter_space space = ts_op_iter_space(op);
  for (unsigned d = space.num_parallel; d < space.n; d++)
    length *= ts_bound_extent(r->bindings, space.extents[d]);
  note(r, length, ts_takes_attr(op->opcode, TS_ATTR_ACC) ? ts_acc_dtype(op) : TS_F64);
}

static int64_t symbol_value(void *user, ts_str name) {
  return ts_binding_value(((reductions *)user)->bindings, name);
}

/* Iterations of a loop whose bounds need no other variable; 1 otherwise. */
static int64_t trip_count(reductions *r, const ts_op *loop) {
  ts_for f = ts_for_parts(loop);
  int64_t lo, hi;
  if (ts_num_dims(loop) || f.num_lo != 1 || f.num_hi != 1) return 1;
  if (!ts_aff_eval(f.lo[0], NULL, symbol_value, r, &lo) ||
      !ts_aff_eval(f.hi[0], NULL, symbol_value, r, &hi))
    return 1;
  return (int64_t)ts_max(ts_trip_count(lo, hi, f.step), UINT64_C(1));
}

static bool is_dot(const ts_op *op) { return op && op->opcode == TS_OP_DOT; }

/* Terms that one step of a reduction adds. */
static int64_t terms_of(const ts_value *v) {
  const ts_op *op = v->kind == TS_VALUE_RESULT ? v->def : NULL;
  return is_dot(op)
             ? ts_dot_group((ts_dtype)ts_operand(op, 0)->type->dtype, (ts_dtype)v->type->dtype)
             : 1;
}

/* A store is the step of a reduction over the loops around it, inside the block of its buffer's
 * allocation, whose variables its subscripts do not use. */
static void note_store(void *user, ts_op *op) {
  reductions *r = user;
  ts_access access;
  if (op->opcode != TS_OP_STORE || !ts_access_parts(op, 0, &access)) return;
  const ts_value *buffer = access.memref;
  const ts_block *home = buffer->kind == TS_VALUE_RESULT ? buffer->def->block : buffer->block;
  int64_t length = terms_of(ts_operand(op, 0));
  for (const ts_block *b = op->block; b != home && b->parent; b = b->parent->block)
    if (b->parent->opcode == TS_OP_FOR && !ts_has_dim(op, b->args[0]) &&
        __builtin_mul_overflow(length, trip_count(r, b->parent), &length))
      return;
  note(r, length, length > 1 ? (ts_dtype)buffer->type->dtype : TS_F64);
}

static void note_func(reductions *r, const ts_func *func, const ts_bindings *bindings);

static void note_op(void *user, ts_op *op) {
  reductions *r = user;
  const ts_func *callee = ts_callee(op);
  if (!callee) {
    r->note(r, op);
  } else if (r->calls++ < MOST_CALLS) {
    ts_bindings bindings = ts_bind_call(r->arena, op, callee, r->bindings);
    note_func(r, callee, &bindings);
  }
}

static void note_func(reductions *r, const ts_func *func, const ts_bindings *bindings) {
  const ts_bindings *outer = r->bindings;
  r->bindings = bindings;
  ts_walk(func->body, note_op, r);
  r->bindings = outer;
}

static reductions find_reductions(ts_arena *arena, const ts_func *func,
                                  const ts_bindings *bindings) {
  bool loops = ts_func_level(func) == TS_LEVEL_L;
  reductions r = {
      .arena = arena, .note = loops ? note_store : note_tensor_op, .length = 1, .acc = TS_F64};
  note_func(&r, func, bindings);
  return r;
}

/* ---- how far two engines may be apart ---- */

static double unit_roundoff(ts_dtype type) { return ts_bound_format(type).u; }

/* A reduction of K steps in a type of unit roundoff u is within γ(K) = K u / (1 − K u) of the exact
 * value, relative to the sum of the terms' magnitudes (Higham, Accuracy and Stability of Numerical
 * Algorithms, 2nd ed., section 3.1), for which, in a loop function, the output's largest magnitude
 * stands. */
static double relative_error(const reductions *r) {
  double ku = (double)(r->length + 2) * unit_roundoff(r->acc);
  return (ku < 1 ? ku / (1 - ku) : INFINITY) + r->inexact;
}

/* Two engines that run the same loops do the same operations in the same order. What they may differ in
 * are functions such as exp, of which each engine has its own, the order of atomic additions, and subnormal
 * numbers in a `dot` of floats. */
typedef struct rounding_sources {
  double math_error; /* of the less precise engine, in ULPs */
  double inexact;    /* what all functions together may be off, relative to their results */
  bool any;
} rounding_sources;

static void note_rounding_source(void *user, ts_op *op) {
  rounding_sources *f = user;
  f->any |= op->opcode == TS_OP_ATOMIC_ADD;
  f->any |= is_dot(op) && ts_is_float((ts_dtype)ts_op_result(op, 0)->type->dtype);
  if (!ts_has_flag(op, TS_FLAG_MATH) || f->math_error <= 0.5) return;
  f->any = true;
  bool wide = ts_op_result(op, 0)->type->dtype == TS_F64;
  f->inexact += 2 * f->math_error * unit_roundoff(wide ? TS_F64 : TS_F32);
}

/* Of a loop function; short ones are analysed. */
static ts_result find_loop_margin(ts_run *run, ts_arena *arena, double math_error, ts_margin *m) {
  enum { STEPS = 20000000 }; /* a second */
  bool known;
  ts_array *inputs = ts_new_array(arena, ts_array, run->sig.n);
  for (unsigned i = 0; i < run->sig.n; i++)
    inputs[i] = run->initial[i].data ? run->initial[i] : run->arrays[i];
  ts_bounded *bounds = ts_new_array(arena, ts_bounded, run->sig.n);
  ts_result result = ts_bound_loops(run->ctx, arena, run->func, inputs, &run->bindings, math_error,
                                    STEPS, bounds, &known);
  if (known) m->bounds = bounds;
  return result;
}

/* Of a tensor function, from an analysis of the errors of all its ops on these inputs. */
static ts_result find_tensor_margin(ts_run *run, ts_arena *arena, ts_dtype acc, double math_error,
                                    ts_margin *m) {
  unsigned inputs = run->func->body->num_args;
  ts_bounded *bounds = ts_new_array(arena, ts_bounded, inputs + run->func->num_results);
  m->bounds = bounds;
  return ts_bound_results(run->ctx, arena, run->func, run->arrays, &run->bindings, acc, math_error,
                          bounds + inputs);
}

ts_result ts_run_margin(ts_run *run, ts_arena *arena, ts_dtype acc, double math_error,
                        bool same_program, ts_margin *m) {
  reductions r = find_reductions(arena, run->func, &run->bindings);
  bool loops = ts_func_level(run->func) != TS_LEVEL_T;
  *m = (ts_margin){.reduction = r.length};
  if (loops) {
    rounding_sources f = {.math_error = math_error};
    ts_ptrmap reached;
    ts_ptrmap_init(&reached, arena);
    ts_walk_reached((ts_func *)run->func, &reached, note_rounding_source, &f);
    r.inexact = f.inexact;
    m->exact = same_program && !f.any;
  }
  m->relative = relative_error(&r);
  if (m->exact) return TS_OK;
  return loops ? find_loop_margin(run, arena, math_error, m)
               : find_tensor_margin(run, arena, acc, math_error, m);
}

ts_output_margin ts_run_output_margin(const ts_run *run, const ts_margin *m, unsigned i) {
  const ts_array *out = &run->arrays[i];
  double u = unit_roundoff(out->dtype);
  ts_output_margin o = {.array = out, .roundoff = u};
  if (m->exact || (u == 0 && !m->bounds)) return o;
  o.inexact = true;
  if (m->bounds) {
    o.error = m->bounds[i].error;
    return o;
  }
  ts_array_summary s = ts_array_summarize(out);
  o.everywhere = isinf(m->relative) ? INFINITY : m->relative * ts_max(fabs(s.min), fabs(s.max));
  return o;
}

double ts_output_margin_at(const ts_output_margin *o, int64_t k) {
  if (!o->inexact) return 0;
  if (o->error) return o->error[k];
  return o->roundoff * fabs(ts_array_get(o->array, k)) + o->everywhere;
}
