/* A second oracle for tensor functions, as plain as can be: an op is run from its row alone, point by point. Its
 * points and the elements that they read and write are those of its indexing maps (ir/indexing.h), what the points of
 * one element give is joined by the row's `.combine`, and numbers are what ir/scalar.h says (docs/semantics.md). The
 * kernels of lib/eval, with their strips, tiles and vectors, have no part in it, so that each is held against
 * something else that computes the same. */
#include <inttypes.h>

#include "ir/constant.h"
#include "ir/indexing.h"
#include "eval/points.h"
#include "engine/interp/interp.h"

/* The loops of one op, at a point. */
typedef struct loops {
  const ts_eval *e;
  ts_points p;
  ts_dtype acc;        /* of a reduction or product */
  const ts_map **maps; /* of each operand, then of the result */
  /* of a fused op: what its region computes at the point, in the order of its arguments and ops */
  ts_cell *cells;
  ts_ptrmap places; /* value → place in `cells` + 1 */
} loops;

/* ---- elements and numbers ---- */

static ts_cell element(const ts_array *a, int64_t i) {
  if (ts_is_float(a->dtype)) return (ts_cell){.f = ts_array_get(a, i)};
  return (ts_cell){.i = ts_array_get_int(a, i)};
}

/* Of a literal, or of a const in a region. */
static ts_cell number(const ts_value *v) {
  ts_constant c;
  if (!ts_as_constant(v, &c)) ts_unreachable("a number that is not known");
  return c.is_float ? (ts_cell){.f = c.f} : (ts_cell){.i = c.i};
}

static ts_cell read(const loops *l, unsigned operand) {
  const ts_value *v = ts_operand(l->e->op, operand);
  if (ts_is_literal(v)) return number(v);
  const ts_array *a = &l->e->in[operand];
  return element(a, ts_point_element(l->maps[operand], l->p.index, a->dims));
}

/* Rounds a float to the result's type, and wraps an integer. */
static void write(const loops *l, ts_cell x) {
  ts_array *a = l->e->out;
  int64_t i = ts_point_element(l->maps[l->e->op->num_plain], l->p.index, a->dims);
  if (ts_is_float(a->dtype))
    ts_array_set(a, i, x.f);
  else
    ts_array_set_int(a, i, x.i);
}

/* A step in the accumulator's type that cannot fail. */
static ts_cell step(const loops *l, ts_scalar scalar, ts_cell a, ts_cell b) {
  ts_cell x;
  if (ts_is_float(l->acc))
    x.f = ts_eval_float(scalar, l->acc, a.f, b.f, 0);
  else
    (void)ts_eval_int(scalar, l->acc, a.i, b.i, &x.i);
  return x;
}

static ts_result compute(const loops *l, const ts_op *op, const ts_cell in[3], ts_cell *out) {
  if (ts_eval_op(op, in, out)) return TS_OK;
  ts_error(l->e->ctx, op->loc, "`%s` divides %" PRId64 " by zero", ts_info(op)->name, in[0].i);
  return TS_CHECK;
}

/* ---- what the points of one element give ---- */

/* s, and the point's term: of a product one fma. */
static ts_cell add_term(const loops *l, bool product, ts_scalar combine, ts_cell s) {
  ts_cell x = read(l, 0);
  if (!product) return step(l, combine, s, x);
  ts_cell w = read(l, 1);
  if (ts_is_float(l->acc)) return (ts_cell){.f = ts_fma_to(l->acc, x.f, w.f, s.f)};
  return step(l, combine, s, step(l, TS_SCALAR_MUL, x, w));
}

static ts_cell combined(loops *l) {
  const ts_op_info *root = ts_root_info(l->e->op);
  ts_scalar combine = ts_scalar_with((ts_opcode)root->combine, l->e->op);
  ts_cell s = ts_neutral(combine, l->acc);
  int64_t terms = 0;
  do {
    s = add_term(l, root->class == TS_OC_PRODUCT, combine, s);
    terms++;
  } while (ts_points_next(&l->p, l->p.num_parallel, l->p.n));
  if (l->e->op->opcode != TS_OP_REDUCE_MEAN) return s;
  return step(l, TS_SCALAR_DIV, s, (ts_cell){.f = ts_round_to(l->acc, (double)terms)});
}

/* The bias and the activation of a fused_mlp, in the accumulator's type. */
static ts_cell finished(const loops *l, ts_cell s) {
  ts_scalar act = ts_scalar_with(ts_op_activation(l->e->op), l->e->op);
  s = step(l, TS_SCALAR_ADD, s, read(l, 2));
  return act == TS_NUM_SCALARS ? s : step(l, act, s, s);
}

/* ---- regions ---- */

static ts_cell *place(const loops *l, const ts_value *v) {
  return &l->cells[(uintptr_t)ts_ptrmap_get(&l->places, v) - 1];
}

static void add_place(loops *l, const ts_value *v) {
  ts_ptrmap_put(&l->places, v, (void *)(uintptr_t)(l->places.n + 1));
}

static void add_places(loops *l, const ts_block *body) {
  unsigned n = body->num_args;
  ts_ptrmap_init(&l->places, l->e->scratch);
  for (unsigned i = 0; i < body->num_args; i++)
    add_place(l, body->args[i]);
  for (const ts_op *op = body->first; op != body->last; op = op->next, n++)
    add_place(l, ts_op_result(op, 0));
  l->cells = ts_new_array(l->e->scratch, ts_cell, n);
}

static ts_cell value(const loops *l, const ts_value *v) {
  return ts_is_constant(v) ? number(v) : *place(l, v);
}

/* The elements of the operands; of a product, that of its sum, rounded as the matmul would have been. */
static void set_args(loops *l, const ts_block *body, const ts_cell *sum) {
  for (unsigned i = 0; i < body->num_args; i++) {
    ts_dtype dtype = (ts_dtype)body->args[i]->type->dtype;
    ts_cell *to = place(l, body->args[i]);
    if (!sum)
      *to = read(l, i);
    else if (i > 0)
      *to = read(l, i + 1);
    else if (ts_is_float(dtype))
      to->f = ts_round_to(dtype, sum->f);
    else
      to->i = ts_wrap_int(dtype, sum->i);
  }
}

/* `sum`: of a product at the root; NULL: there is none. */
static ts_result run_region(loops *l, const ts_cell *sum, ts_cell *out) {
  const ts_block *body = ts_op_regions(l->e->op)[0];
  set_args(l, body, sum);
  for (const ts_op *op = body->first; op != body->last; op = op->next) {
    ts_cell in[3];
    if (op->opcode == TS_OP_CONST) continue;
    for (unsigned i = 0; i < op->num_plain; i++)
      in[i] = value(l, ts_operand(op, i));
    ts_result r = compute(l, op, in, place(l, ts_op_result(op, 0)));
    if (r != TS_OK) return r;
  }
  *out = value(l, ts_operand(body->last, 0));
  return TS_OK;
}

/* ---- one op ---- */

static ts_result run_elementwise(loops *l, ts_cell *out) {
  const ts_op *op = l->e->op;
  ts_cell in[3];
  for (unsigned i = 0; i < op->num_plain; i++)
    in[i] = read(l, i);
  return compute(l, op, in, out);
}

static ts_result run_product(loops *l, ts_cell *out) {
  ts_cell s = combined(l);
  if (l->e->op->opcode == TS_OP_FUSED) return run_region(l, &s, out);
  *out = l->e->op->opcode == TS_OP_FUSED_MLP ? finished(l, s) : s;
  return TS_OK;
}

static ts_result run_point(loops *l, ts_cell *out) {
  switch (ts_root_info(l->e->op)->class) {
  case TS_OC_VIEW: *out = read(l, 0); return TS_OK;
  case TS_OC_REDUCE: *out = combined(l); return TS_OK;
  case TS_OC_PRODUCT: return run_product(l, out);
  case TS_OC_FUSED: return run_region(l, NULL, out);
  case TS_OC_ARITH:
  case TS_OC_CONVERT: return run_elementwise(l, out);
  default: break;
  }
  const char *name = ts_info(l->e->op)->name;
  return ts_error(
      l->e->ctx, l->e->op->loc,
      "engine 'maps' has no rule for `%s`; -decompose=ops=%s makes ops of it that it runs", name,
      name);
}

static loops loops_of(const ts_eval *e) {
  const ts_op *op = e->op;
  loops l = {.e = e, .p = ts_points_of(op, e->bindings)};
  l.maps = ts_new_array(e->scratch, const ts_map *, op->num_plain + 1);
  for (unsigned i = 0; i <= op->num_plain; i++)
    l.maps[i] = ts_op_indexing(e->module, op, i);
  if (ts_root_info(op)->combine) l.acc = ts_acc_dtype(op);
  if (op->opcode == TS_OP_FUSED) add_places(&l, ts_op_regions(op)[0]);
  return l;
}

static ts_result run_op(ts_eval *e) {
  if (e->op->opcode == TS_OP_CONST) return ts_eval_const(e);
  if (!ts_has_maps(e->op)) return ts_eval_reshape(e);
  loops l = loops_of(e);
  do {
    ts_cell x;
    ts_memory_look(&e->ctx->memory);
    ts_result r = run_point(&l, &x);
    if (r != TS_OK) return r;
    write(&l, x);
  } while (ts_points_next(&l.p, 0, l.p.num_parallel));
  return TS_OK;
}

/* ---- the row ---- */

static ts_result maps_prepare(ts_context *ctx, ts_module *m, const ts_func *func,
                              const void *options, void **compiled) {
  (void)m, (void)options;
  return ts_interp_prepare(ctx, func, "engine 'maps'", compiled);
}

static ts_result maps_run(ts_context *ctx, void *compiled, ts_run_args *args) {
  return ts_interp_run(ctx, compiled, args, run_op);
}

const ts_engine ts_engine_maps = {
    .name = "maps",
    .summary = "tensor ops from their indexing maps and scalar meanings alone, point by point",
    .levels = TS_LEVEL_T,
    .pipeline = "decompose{ops='softmax layernorm quantize dequantize'}",
    .counts = true,
    .math_error = 0.5,
    .prepare = maps_prepare,
    .run = maps_run,
    .release = ts_interp_release,
};
