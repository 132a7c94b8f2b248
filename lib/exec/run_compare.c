/* Holding the outputs of a run against what another engine makes of the same data. */
#include <math.h>

#include "exec/bound.h"
#include "exec/run_internal.h"
#include "pass/pass.h"

/* ---- the longest reduction ---- */

typedef struct reductions {
  const ts_bindings *bindings;
  int64_t length;
  ts_dtype acc;
  double inexact; /* of functions such as exp, relative to their results */
} reductions;

static int64_t extent_value(const reductions *r, ts_extent e) {
  return ts_is_symbolic(e) ? ts_binding_value(r->bindings, ts_extent_name(e)) : e;
}

static void note(reductions *r, int64_t length, ts_dtype acc) {
  r->length = ts_max(r->length, length);
  if (ts_is_float(acc) && ts_dtype_bytes(acc) < ts_dtype_bytes(r->acc)) r->acc = acc;
}

static bool multiplies(const ts_op *op) {
  return op->opcode == TS_OP_MATMUL || op->opcode == TS_OP_FUSED_MLP ||
         (op->opcode == TS_OP_FUSED && ts_attr_find(op, TS_ATTR_ROOT));
}

static void note_tensor_op(void *user, ts_op *op) {
  reductions *r = user;
  int64_t length = 1;
  if (multiplies(op)) {
    const ts_type *x = ts_operand(op, 0)->type;
    note(r, x->rank ? extent_value(r, x->dims[x->rank - 1]) : 1, ts_acc_dtype(op));
    return;
  }
  ts_rule rule = ts_info(op)->rule;
  if (rule != TS_RULE_REDUCE && rule != TS_RULE_SOFTMAX && rule != TS_RULE_LAYERNORM) return;
  unsigned axes[TS_MAX_RANK], n = ts_op_axes(op, axes);
  for (unsigned i = 0; i < n; i++)
    length *= extent_value(r, ts_operand(op, 0)->type->dims[axes[i]]);
  note(r, length, op->opcode == TS_OP_REDUCE_MAX ? TS_F64 : ts_acc_dtype(op));
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
      !ts_aff_eval(f.hi[0], NULL, symbol_value, r, &hi) || hi <= lo)
    return 1;
  return (hi - lo - 1) / f.step + 1;
}

static bool is_dot(const ts_op *op) {
  return op && op->opcode == TS_OP_DOT;
}

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

static reductions find_reductions(const ts_func *func, const ts_bindings *bindings) {
  reductions r = {bindings, 1, TS_F64, 0};
  ts_walk(func->body, ts_func_level(func) == TS_LEVEL_L ? note_store : note_tensor_op, &r);
  return r;
}

/* ---- how far two engines may be apart ---- */

static double unit_roundoff(ts_dtype type) {
  switch (type) {
  case TS_F64: return 0x1p-53;
  case TS_F32: return 0x1p-24;
  case TS_F16: return 0x1p-11;
  case TS_BF16: return 0x1p-8;
  default: return 0;
  }
}

/* Two runs of a reduction of K steps in a type of unit roundoff u are each within γ(K) = K u / (1 −
 * K u) of the exact value, relative to the sum of the terms' magnitudes (Higham, Accuracy and
 * Stability of Numerical Algorithms, 2nd ed., section 3.1), for which, in a loop function, the
 * output's largest magnitude stands; each is rounded once more to the output's type. */
static double loop_tolerance(const ts_array *want, const reductions *r) {
  double ku = (double)(r->length + 2) * unit_roundoff(r->acc);
  ts_array_summary s = ts_array_summarize(want);
  double gamma = ku < 1 ? ku / (1 - ku) : INFINITY;
  return 2 * (gamma + r->inexact) * ts_max(fabs(s.min), fabs(s.max));
}

/* Two engines that run the same loops do the same operations in the same order. What they may differ in
 * are functions such as exp, of which each engine has its own, the order of atomic additions, and subnormal
 * numbers in a `dot` of floats. */
typedef struct freedom {
  ts_module *module;
  double math_error; /* of the less precise engine, in ULPs */
  double inexact;    /* what all functions together may be off, relative to their results */
  bool any;
  ts_ptrmap seen; /* functions */
} freedom;

static void note_freedom(void *user, ts_op *op) {
  freedom *f = user;
  const ts_attr *callee = op->opcode == TS_OP_CALL ? ts_attr_find(op, TS_ATTR_CALLEE) : NULL;
  ts_func *func = callee ? ts_func_find(f->module, callee->word) : NULL;
  if (func && !ts_ptrmap_get(&f->seen, func)) {
    ts_ptrmap_put(&f->seen, func, func);
    ts_walk(func->body, note_freedom, f);
  }
  f->any |= op->opcode == TS_OP_ATOMIC_ADD;
  f->any |= is_dot(op) && ts_is_float((ts_dtype)ts_op_result(op, 0)->type->dtype);
  if (!ts_has_flag(op, TS_FLAG_MATH) || f->math_error <= 0.5) return;
  f->any = true;
  bool wide = ts_op_result(op, 0)->type->dtype == TS_F64;
  f->inexact += 2 * f->math_error * unit_roundoff(wide ? TS_F64 : TS_F32);
}

typedef struct tolerances {
  reductions longest;
  bool exact;               /* not a bit may differ */
  const ts_bounded *bounds; /* of the signature's outputs: of any evaluation from the exact one */
} tolerances;

/* Of a loop function; short ones are analysed. */
static ts_result find_loop_tolerances(ts_run *run, double math_error, tolerances *t) {
  enum { STEPS = 20000000 }; /* a second */
  freedom f = {.module = run->module, .math_error = math_error};
  ts_ptrmap_init(&f.seen, &run->scratch);
  ts_walk(run->func->body, note_freedom, &f);
  t->exact = !f.any;
  t->longest.inexact = f.inexact;
  if (t->exact) return TS_OK;
  bool known;
  ts_array *inputs = ts_new_array(&run->scratch, ts_array, run->sig.n);
  for (unsigned i = 0; i < run->sig.n; i++)
    inputs[i] = run->initial[i].data ? run->initial[i] : run->arrays[i];
  ts_bounded *bounds = ts_new_array(&run->scratch, ts_bounded, run->sig.n);
  ts_result result = ts_bound_loops(run->ctx, &run->scratch, run->func, inputs, &run->bindings,
                                    math_error, STEPS, bounds, &known);
  if (known) t->bounds = bounds;
  return result;
}

/* Of a tensor function, from an analysis of the errors of all its ops on these inputs. */
static ts_result find_tolerances(ts_run *run, const ts_run *other, tolerances *t) {
  double math_error = ts_max(run->engine->math_error, other->engine->math_error);
  t->longest = find_reductions(run->func, &run->bindings);
  if (ts_func_level(run->func) != TS_LEVEL_T) return find_loop_tolerances(run, math_error, t);
  unsigned inputs = run->func->body->num_args;
  ts_bounded *bounds = ts_new_array(&run->scratch, ts_bounded, inputs + run->func->num_results);
  t->bounds = bounds;
  return ts_bound_results(run->ctx, &run->scratch, run->func, run->arrays, &run->bindings,
                          TS_NUM_DTYPES, math_error, bounds + inputs);
}

/* What the two values at element k of output i may differ by. */
static double allowed(const ts_run *run, const tolerances *t, double loop, unsigned i, int64_t k) {
  const ts_array *want = &run->arrays[i];
  double u = unit_roundoff(want->dtype);
  if (u == 0 || t->exact) return 0;
  if (t->bounds) return 2 * t->bounds[i].error[k];
  return 2 * u * fabs(ts_array_get(want, k)) + loop;
}

static double in_ulp(ts_dtype type, double want, double difference) {
  double u = unit_roundoff(type);
  if (u == 0 || want == 0 || !isfinite(want)) return 0;
  return difference / ldexp(2 * u, ilogb(want));
}

/* Counts the elements that are further apart than allowed, and finds the one that is furthest in
 * terms of what is allowed. */
static void judge(const ts_run *run, const ts_array *got, unsigned i, const tolerances *t,
                  ts_run_check *c) {
  const ts_array *want = &run->arrays[i];
  ts_difference *d = &c->difference;
  double loop = t->bounds ? 0 : loop_tolerance(want, &t->longest), furthest = 0;
  d->mismatches = 0;
  for (int64_t k = 0, n = ts_array_count(want); k < n && d->worst >= 0; k++) {
    double a = ts_array_get(got, k), b = ts_array_get(want, k);
    if (a == b || (isnan(a) && isnan(b))) continue;
    double may = allowed(run, t, loop, i, k), apart = isfinite(a - b) ? fabs(a - b) : INFINITY;
    d->mismatches += !(apart <= may);
    double excess = may > 0 ? apart / may : INFINITY;
    if (excess < furthest) continue;
    furthest = excess;
    *d = (ts_difference){d->mismatches, k, a, b, d->max_abs, d->max_rel, d->max_ulp};
    c->bound_ulp = in_ulp(want->dtype, b, may);
  }
  c->ok = d->mismatches == 0;
}

/* ---- the other engine ---- */

static ts_result compare_outputs(ts_run *run, ts_run *other, const char *engine) {
  tolerances t = {0};
  ts_result worst = TS_OK, result = find_tolerances(run, other, &t);
  for (unsigned i = 0; !result && i < run->sig.n; i++) {
    if (!ts_run_is_output(run, i)) continue;
    const ts_array *got = &other->arrays[i];
    ts_run_check check = {
        .output = run->names[i], .with = engine, .is_engine = true, .reduction = t.longest.length};
    result = ts_array_compare(run->ctx, got, &run->arrays[i], 0, 0, &check.difference);
    if (result) break;
    judge(run, got, i, &t, &check);
    const char *what = ts_sprintf(&run->ctx->arena, "engine %s", engine);
    if (ts_run_conclude(run, got, check, what)) worst = TS_CHECK;
  }
  ts_arena_drop(&run->scratch);
  return result ? result : worst;
}

/* A tensor function is lowered, in a copy of the module, for an engine that runs loops. */
static ts_result module_for(ts_run *run, const ts_engine *engine, ts_module **out) {
  *out = ts_module_clone(run->module);
  if (!engine || (engine->levels & ts_func_level(run->func))) return TS_OK;
  ts_pipeline pipeline = {0};
  ts_pass_runner runner;
  ts_pass_runner_init(&runner);
  ts_result result = ts_pipeline_add(run->ctx, &pipeline, "lower", NULL);
  return result ? result : ts_run_pipeline(*out, &pipeline, &runner);
}

/* The other engine's inputs are the run's own arrays. */
static ts_result share_inputs(ts_run *run, ts_run *other) {
  for (unsigned i = 0; i < run->sig.n; i++) {
    const ts_array *from = run->initial[i].data ? &run->initial[i] : &run->arrays[i];
    ts_array *to = &other->arrays[i];
    if (run->sig.entries[i].role == TS_ROLE_IN) {
      *to = *from;
      to->owned = false;
      continue;
    }
    ts_result result = ts_array_create(run->ctx, from->dtype, from->rank, from->dims, to);
    if (result) return result;
    if (run->initial[i].data)
      memcpy(to->data, from->data, (size_t)ts_array_count(from) * ts_dtype_bytes(from->dtype));
  }
  return TS_OK;
}

static ts_result run_other(ts_run *run, ts_run *other, ts_module *module, const char *engine) {
  ts_run_request *request = ts_new(&run->ctx->arena, ts_run_request);
  *request = (ts_run_request){.engine = engine,
                              .entry = ts_str_text(run->module, run->func->name),
                              .limits = run->request->limits,
                              .options = run->request->options};
  ts_result result = ts_run_open_bare(other, run->ctx, module, request);
  if (!result) result = share_inputs(run, other);
  if (!result) result = ts_run_compile(other);
  if (!result) result = ts_run_once(other, NULL);
  return result ? result : compare_outputs(run, other, engine);
}

/* The other run hangs off this one, so that ts_run_close finds it when memory runs out on the way.
 */
static ts_result compare_with(ts_run *run, const char *name) {
  ts_run *other = run->other = ts_new(&run->ctx->arena, ts_run);
  const ts_engine *engine = ts_run_engine_called(name);
  ts_result result = module_for(run, engine, &run->other_module);
  if (!result) result = run_other(run, other, run->other_module, name);
  ts_run_close_other(run);
  return result;
}

ts_result ts_run_comparisons(ts_run *run) {
  ts_result worst = TS_OK;
  for (size_t k = 0; k < run->request->compare.n; k++) {
    ts_result result = compare_with(run, run->request->compare.at[k]);
    if (result && result != TS_CHECK) return result;
    worst = ts_max(worst, result);
  }
  return worst;
}
