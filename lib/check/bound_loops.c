/* Running error analysis of loop functions: an interpreter whose numbers carry a bound on their
 * error.
 *
 * Sums may be put in another order. So a value that is a sum remembers how many additions made it
 * and the sum of its terms' magnitudes: n additions of terms x in any order are off by at most γ(n)
 * Σ|x|. Any other op takes the sum as a number with that error, adds its own rounding, and what it
 * gives is a term again. A product that is added is taken to be rounded, fused or not.
 *
 * What depends on a comparison that errors may turn, and what is not known for other reasons, gets
 * an infinite bound. */
#include <float.h>
#include <math.h>

#include "ir/calls.h"
#include "ir/scalar.h"
#include "data/global.h"
#include "check/bound.h"
#include "check/inexact.h"

/* One element. Integers, index and i1 are exact (`whole`) unless `error` is not 0. */
typedef struct cell {
  union {
    double value;
    int64_t whole;
  };
  double error; /* carried over from the terms */
  double size;  /* Σ|terms|, when there are additions */
  int64_t adds; /* that rounded on the way to it, INT64_MAX: so many or more */
} cell;

typedef struct buffer {
  ts_dtype dtype;
  unsigned rank;
  int64_t dims[TS_MAX_RANK], lanes, count; /* elements; cells = count · lanes */
  cell *cells;
} buffer;

/* One call. An op's results start at slot op->tag, as does the variable of a for; parameters come
 * first. */
typedef struct frame {
  const ts_func *func;
  const ts_bindings *bindings;
  cell *cells;
  buffer **buffers;
} frame;

typedef struct bounder {
  ts_context *ctx;
  ts_arena *arena;
  double math_error;
  int64_t steps; /* what may still be done */
  bool gave_up;
  ts_result result;
  frame *f;
} bounder;

/* ---- values ---- */

static int64_t lanes_of(const ts_type *t) { return t->kind == TS_TYPE_VECTOR ? t->dims[0] : 1; }

static bool is_float(const ts_value *v) { return ts_is_float((ts_dtype)v->type->dtype); }

static uint32_t slot_of(const ts_value *v) {
  if (v->kind == TS_VALUE_RESULT) return v->def->tag + v->index;
  return v->block->parent ? v->block->parent->tag + v->index : v->index;
}

/* Lane `i`; a scalar has one for all. */
static cell get(const bounder *b, const ts_value *v, int64_t i) {
  if (ts_is_literal(v)) {
    cell c = {.whole = (int64_t)v->bits};
    if (is_float(v)) c.value = ts_literal_as_double(v);
    return c;
  }
  return b->f->cells[slot_of(v) + (lanes_of(v->type) > 1 ? i : 0)];
}

static cell *result_of(const bounder *b, const ts_op *op) { return &b->f->cells[op->tag]; }

static const cell unknown_float = {.error = INFINITY};

/* A sum as a number. */
static ts_inexact collapse(ts_dtype d, cell c) {
  double own = c.adds ? ts_bound_gamma(d, c.adds) * c.size : 0;
  return (ts_inexact){c.value, c.error + own};
}

static cell term(ts_inexact x) {
  return (cell){.value = x.value, .error = isnan(x.error) ? INFINITY : x.error};
}

static double size_of(cell c) { return c.adds ? c.size : fabs(c.value) + c.error; }

static cell add(cell x, cell y, double sign) {
  int64_t adds; /* doubles with each step of a loop that adds a sum to itself */
  if (__builtin_add_overflow(x.adds, y.adds, &adds) || __builtin_add_overflow(adds, 1, &adds))
    adds = INT64_MAX;
  return (cell){.value = x.value + sign * y.value,
                .error = x.error + y.error,
                .size = size_of(x) + size_of(y),
                .adds = adds};
}

/* ---- arithmetic ---- */

static cell product_term(ts_dtype d, ts_inexact x, ts_inexact y) {
  ts_inexact p = ts_inexact_product(x, y);
  return term((ts_inexact){p.value, p.error + ts_bound_format(d).u * (fabs(p.value) + p.error)});
}

static cell float_op(const bounder *b, const ts_op *op, const cell *in) {
  ts_dtype from = (ts_dtype)ts_operand(op, 0)->type->dtype;
  ts_dtype d = (ts_dtype)ts_op_result(op, 0)->type->dtype;
  ts_inexact x[3] = {{0, 0}};
  for (unsigned i = 0; i < op->num_plain && i < 3; i++)
    x[i] = collapse(from, in[i]);
  switch (op->opcode) {
  case TS_OP_ADDF: return add(in[0], in[1], 1);
  case TS_OP_SUBF: return add(in[0], in[1], -1);
  case TS_OP_FMA: return add(in[2], product_term(d, x[0], x[1]), 1);
  case TS_OP_NEGF: {
    cell c = in[0];
    c.value = -c.value;
    return c;
  }
  case TS_OP_EXTF: return term(x[0]);
  case TS_OP_SITOFP:
    if (in[0].error != 0) return unknown_float;
    x[0] = (ts_inexact){(double)in[0].whole, 0};
    break;
  default: break;
  }
  ts_inexact y = ts_inexact_op(op, x[0], x[1], x[2]);
  return term(ts_inexact_settle(d, ts_inexact_math(b->math_error, op, d, y)));
}

/* fptosi, and anything on whole numbers. */
static cell int_op(const ts_op *op, const cell *in) {
  ts_dtype d = (ts_dtype)ts_op_result(op, 0)->type->dtype;
  cell c = {0};
  for (unsigned i = 0; i < op->num_plain; i++)
    if (in[i].error != 0) c.error = INFINITY;
  switch (op->opcode) {
  case TS_OP_EXTSI:
  case TS_OP_TRUNCI: c.whole = ts_wrap_int(d, in[0].whole); break;
  default:
    if (!ts_eval_int(ts_scalar_of(op), d, in[0].whole, op->num_plain > 1 ? in[1].whole : 0,
                     &c.whole))
      c.error = INFINITY;
  }
  return c;
}

static cell float_to_int(const ts_op *op, cell x) {
  ts_inexact v = collapse((ts_dtype)ts_operand(op, 0)->type->dtype, x);
  ts_dtype d = (ts_dtype)ts_op_result(op, 0)->type->dtype;
  cell c = {.whole = ts_float_to_int(d, v.value)};
  if (v.error == INFINITY) {
    c.error = INFINITY;
    return c;
  }
  c.error = fmax((double)ts_float_to_int(d, v.value + v.error) - (double)c.whole,
                 (double)c.whole - (double)ts_float_to_int(d, v.value - v.error));
  return c;
}

/* Unsure where errors could turn it. */
static cell compare(const ts_op *op, const cell *in) {
  if (op->opcode == TS_OP_CMPI)
    return (cell){.whole = ts_eval_cmp_int(ts_op_pred(op), in[0].whole, in[1].whole),
                  .error = in[0].error != 0 || in[1].error != 0 ? INFINITY : 0};
  ts_dtype d = (ts_dtype)ts_operand(op, 0)->type->dtype;
  ts_inexact x = collapse(d, in[0]), y = collapse(d, in[1]);
  bool sure = ts_inexact_apart(x, y);
  return (cell){.whole = ts_eval_cmp_float(ts_op_pred(op), x.value, y.value),
                .error = sure ? 0 : INFINITY};
}

/* An unsure choice lies between its two sides. */
static cell choose(const ts_op *op, const cell *in) {
  if (in[0].error == 0) return in[0].whole ? in[1] : in[2];
  ts_value *v = ts_op_result(op, 0);
  if (!is_float(v))
    return (cell){.whole = in[1].whole, .error = in[1].whole == in[2].whole ? 0 : INFINITY};
  ts_dtype d = (ts_dtype)v->type->dtype;
  ts_inexact x = collapse(d, in[1]), y = collapse(d, in[2]);
  return term(ts_inexact_either(x, y));
}

static cell one_lane(const bounder *b, const ts_op *op, const cell *in) {
  switch (op->opcode) {
  case TS_OP_CMPF:
  case TS_OP_CMPI: return compare(op, in);
  case TS_OP_SELECT: return choose(op, in);
  case TS_OP_FPTOSI: return float_to_int(op, in[0]);
  default: return is_float(ts_op_result(op, 0)) ? float_op(b, op, in) : int_op(op, in);
  }
}

static void elementwise(bounder *b, const ts_op *op) {
  int64_t lanes = lanes_of(ts_op_result(op, 0)->type);
  b->steps -= lanes - 1;
  for (int64_t l = 0; l < lanes; l++) {
    cell in[3] = {{{0}, 0, 0, 0}};
    for (unsigned i = 0; i < op->num_plain && i < 3; i++)
      in[i] = get(b, ts_operand(op, i), l);
    result_of(b, op)[l] = one_lane(b, op, in);
  }
}

/* extract, insert */
static void move_lane(bounder *b, const ts_op *op) {
  int64_t lane = ts_attr_int(op, TS_ATTR_LANE, 0);
  cell *out = result_of(b, op);
  if (op->opcode == TS_OP_EXTRACT) {
    *out = get(b, ts_operand(op, 0), lane);
    return;
  }
  const ts_value *v = ts_operand(op, 1);
  for (int64_t l = 0; l < lanes_of(v->type); l++)
    out[l] = get(b, l == lane ? ts_operand(op, 0) : v, l);
}

/* Two lanes joined by an op that adds or, as a maximum does, gives one of its operands: nothing is rounded
 * but sums, and errors at most add up. */
static cell joined(ts_opcode combine, ts_dtype d, cell x, cell y) {
  ts_scalar scalar = ts_scalar_with(combine, NULL);
  if (ts_is_float(d) && scalar == TS_SCALAR_ADD) return add(x, y, 1);
  if (ts_is_float(d)) {
    const ts_op op = {.opcode = (uint16_t)combine, .num_plain = 2};
    return term(ts_inexact_op(&op, collapse(d, x), collapse(d, y), (ts_inexact){0, 0}));
  }
  cell c = {.error = x.error + y.error};
  (void)ts_eval_int(scalar, d, x.whole, y.whole, &c.whole);
  return c;
}

static void reduce_lanes(bounder *b, const ts_op *op) {
  const ts_value *v = ts_operand(op, 0);
  cell all = get(b, v, 0);
  for (int64_t l = 1; l < lanes_of(v->type); l++)
    all = joined((ts_opcode)ts_info(op)->combine, (ts_dtype)v->type->dtype, all, get(b, v, l));
  *result_of(b, op) = all;
}

/* What the processor's instruction may be off by where it takes subnormal numbers for 0: the
 * product with a factor that is one, and a sum that is one. */
static double flushed(ts_inexact x, ts_inexact y) {
  double tiny = FLT_MIN;
  bool may_flush = fabs(x.value) - x.error < tiny || fabs(y.value) - y.error < tiny;
  double most = (fabs(x.value) + x.error) * (fabs(y.value) + y.error);
  return (may_flush ? most : 0) + 2 * tiny;
}

static void dot_lane(bounder *b, const ts_op *op, int64_t l, int64_t group) {
  const ts_value *x = ts_operand(op, 0), *y = ts_operand(op, 1);
  int64_t mask = ts_attr_find(op, TS_ATTR_UNSIGNED) ? UINT8_MAX : -1;
  cell s = get(b, ts_operand(op, 2), l);
  for (int64_t g = (l + 1) * group; g-- > l * group;) {
    cell p = get(b, x, g), q = get(b, y, g);
    if (is_float(x)) {
      ts_inexact u = collapse(TS_BF16, p), v = collapse(TS_BF16, q);
      cell product = product_term(TS_F32, u, v);
      product.error += flushed(u, v);
      s = add(s, product, 1);
    } else {
      s.whole = (int32_t)(s.whole + (p.whole & mask) * q.whole);
      if (p.error != 0 || q.error != 0) s.error = INFINITY;
    }
  }
  result_of(b, op)[l] = s;
}

static void dot(bounder *b, const ts_op *op) {
  int64_t lanes = lanes_of(ts_op_result(op, 0)->type), all = lanes_of(ts_operand(op, 0)->type);
  b->steps -= all - 1;
  for (int64_t l = 0; l < lanes; l++)
    dot_lane(b, op, l, all / lanes);
}

/* A scalar, or a shorter vector, again and again. */
static void repeat(bounder *b, const ts_op *op) {
  const ts_value *v = ts_operand(op, 0);
  int64_t lanes = lanes_of(ts_op_result(op, 0)->type);
  b->steps -= lanes - 1;
  for (int64_t l = 0; l < lanes; l++)
    result_of(b, op)[l] = get(b, v, l % lanes_of(v->type));
}

static void constant(bounder *b, const ts_op *op) {
  const ts_data *data = ts_attr_find(op, TS_ATTR_VALUE)->data;
  const ts_type *t = ts_op_result(op, 0)->type;
  ts_array a = {.dtype = (ts_dtype)t->dtype, .data = (void *)data->bytes};
  if (data->form == TS_DATA_FILE) {
    b->gave_up = true;
    return;
  }
  for (int64_t l = 0; l < lanes_of(t); l++) {
    int64_t at = data->form == TS_DATA_SPLAT ? 0 : l;
    cell c = {0};
    if (ts_is_float(a.dtype))
      c.value = ts_array_get(&a, at);
    else
      c.whole = ts_array_get_int(&a, at);
    result_of(b, op)[l] = c;
  }
}

/* ---- index values ---- */

static int64_t symbol_value(void *user, ts_str name) {
  return ts_binding_value(((bounder *)user)->f->bindings, name);
}

static int64_t affine(bounder *b, const ts_op *op, const ts_aff *a) {
  int64_t dims[TS_MAX_DIMS], value = 0;
  for (unsigned i = 0; i < ts_num_dims(op); i++) {
    cell c = get(b, ts_dim(op, i), 0);
    if (c.error != 0) b->gave_up = true;
    dims[i] = c.whole;
  }
  if (!ts_aff_eval(a, dims, symbol_value, b, &value)) b->gave_up = true;
  return value;
}

/* ---- memory ---- */

static buffer *new_buffer(bounder *b, const ts_type *t) {
  buffer *m = ts_new(b->arena, buffer);
  *m = (buffer){.dtype = (ts_dtype)t->dtype,
                .rank = t->rank,
                .lanes = t->elem ? t->elem->dims[0] : 1,
                .count = 1};
  ts_bound_dims(b->f->bindings, t, m->dims);
  for (unsigned i = 0; i < m->rank; i++)
    m->count *= m->dims[i];
  m->cells = ts_new_array(b->arena, cell, m->count * m->lanes);
  return m;
}

static void fill_buffer(buffer *m, const ts_array *a) {
  for (int64_t i = 0; i < m->count; i++) {
    m->cells[i] = (cell){0};
    if (ts_is_float(m->dtype))
      m->cells[i].value = ts_array_get(a, i);
    else
      m->cells[i].whole = ts_array_get_int(a, i);
  }
}

static buffer *buffer_of(const bounder *b, const ts_value *memref) {
  return b->f->buffers[slot_of(memref)];
}

/* The first cell of an access; -1 when it lies outside, which a run has found already. */
static int64_t place(bounder *b, const ts_op *op, const buffer *m) {
  int64_t at = 0;
  for (unsigned i = 0; i < m->rank; i++) {
    int64_t x = affine(b, op, op->map->exprs[i]);
    if (x < 0 || x >= m->dims[i]) return -1;
    at = at * m->dims[i] + x;
  }
  return at * m->lanes;
}

/* Whether lane l of a masked access takes part; an unsure mask ends the analysis. */
static bool takes_part(bounder *b, const ts_op *op, int64_t l) {
  if (!op->has_mask) return true;
  cell c = get(b, ts_operand(op, op->num_plain - 1u), l);
  if (c.error != 0) b->gave_up = true;
  return c.whole != 0;
}

static void load(bounder *b, const ts_op *op) {
  const buffer *m = buffer_of(b, ts_operand(op, 0));
  int64_t at = place(b, op, m);
  for (int64_t l = 0; l < lanes_of(ts_op_result(op, 0)->type); l++) {
    bool there = takes_part(b, op, l) && at >= 0 && at + l < m->count * m->lanes;
    result_of(b, op)[l] = there ? m->cells[at + l] : (cell){0};
  }
}

static void store(bounder *b, const ts_op *op) {
  const ts_value *v = ts_operand(op, 0);
  buffer *m = buffer_of(b, ts_operand(op, 1));
  int64_t at = place(b, op, m), lanes = ts_max(lanes_of(v->type), m->lanes);
  for (int64_t l = 0; l < lanes; l++) {
    if (!takes_part(b, op, l) || at < 0 || at + l >= m->count * m->lanes) continue;
    cell x = get(b, v, l), *to = &m->cells[at + l];
    if (op->opcode == TS_OP_STORE) {
      *to = x;
    } else if (is_float(v)) {
      *to = add(*to, x, 1);
    } else {
      to->whole = ts_wrap_int(m->dtype, (int64_t)((uint64_t)to->whole + (uint64_t)x.whole));
      to->error += x.error;
    }
  }
}

static void copy(bounder *b, const ts_op *op) {
  const buffer *from = buffer_of(b, ts_operand(op, 0));
  buffer *to = buffer_of(b, ts_operand(op, 1));
  memcpy(to->cells, from->cells, sizeof(cell) * (size_t)(to->count * to->lanes));
  b->steps -= to->count;
}

static void global(bounder *b, const ts_op *op) {
  buffer **m = &b->f->buffers[op->tag];
  const ts_global *g = ts_global_find(b->f->func->module, ts_attr_find(op, TS_ATTR_CALLEE)->word);
  ts_array a = {0};
  if (*m) return;
  b->result = ts_global_read(b->ctx, g, &a);
  if (b->result) return;
  *m = new_buffer(b, ts_op_result(op, 0)->type);
  fill_buffer(*m, &a);
  ts_array_drop(b->ctx, &a);
}

/* ---- calls ---- */

static void number_op(void *arg, ts_op *op) {
  uint32_t *next = arg;
  op->tag = *next;
  *next += 1;
  for (unsigned i = 0; i < op->num_results; i++)
    *next += (uint32_t)lanes_of(ts_op_result(op, i)->type);
}

/* A call of the function, which has no buffers yet. It costs as many steps as there are slots. */
static frame new_frame(bounder *b, const ts_func *func, const ts_bindings *bindings) {
  uint32_t slots = func->body->num_args;
  ts_walk(func->body, number_op, &slots);
  b->steps -= slots;
  return (frame){.func = func,
                 .bindings = bindings,
                 .cells = ts_new_array(b->arena, cell, slots + 1),
                 .buffers = ts_new_array(b->arena, buffer *, slots + 1)};
}

/* ---- control ---- */

static void run_block(bounder *b, const ts_block *block);

static void run_for(bounder *b, const ts_op *op) {
  ts_for f = ts_for_parts(op);
  int64_t lo = INT64_MIN, hi = INT64_MAX;
  for (unsigned i = 0; i < f.num_lo; i++)
    lo = ts_max(lo, affine(b, op, f.lo[i]));
  for (unsigned i = 0; i < f.num_hi; i++)
    hi = ts_min(hi, affine(b, op, f.hi[i]));
  for (int64_t i = lo; i < hi && !b->gave_up && !b->result;) {
    b->f->cells[op->tag] = (cell){.whole = i};
    run_block(b, f.body);
    if (__builtin_add_overflow(i, f.step, &i)) return;
  }
}

static void run_if(bounder *b, const ts_op *op) {
  ts_if f = ts_if_parts(op);
  bool yes = true;
  for (unsigned i = 0; i < f.n; i++)
    yes = yes && ts_eval_cmp_int((ts_pred)f.preds[i], affine(b, op, f.sides[2 * i]),
                                 affine(b, op, f.sides[2 * i + 1]));
  if (!f.n) {
    cell c = get(b, f.flag, 0);
    if (c.error != 0) b->gave_up = true;
    yes = c.whole != 0;
  }
  run_block(b, yes ? f.then_block : f.else_block);
}

/* The callee works on the caller's buffers. */
static void call(bounder *b, const ts_op *op) {
  const ts_func *callee = ts_callee(op);
  ts_bindings bindings = ts_bind_call(b->arena, op, callee, b->f->bindings);
  frame f = new_frame(b, callee, &bindings), *caller = b->f;
  for (unsigned i = 0; i < op->num_plain; i++)
    f.buffers[i] = buffer_of(b, ts_operand(op, i));
  b->f = &f;
  run_block(b, callee->body);
  b->f = caller;
}

static void run_op(bounder *b, const ts_op *op) {
  switch (op->opcode) {
  case TS_OP_FOR: run_for(b, op); return;
  case TS_OP_IF: run_if(b, op); return;
  case TS_OP_ALLOC:
    if (!b->f->buffers[op->tag]) b->f->buffers[op->tag] = new_buffer(b, ts_op_result(op, 0)->type);
    return;
  case TS_OP_GLOBAL: global(b, op); return;
  case TS_OP_LOAD: load(b, op); return;
  case TS_OP_ATOMIC_ADD:
  case TS_OP_STORE: store(b, op); return;
  case TS_OP_COPY: copy(b, op); return;
  case TS_OP_PREFETCH:
  case TS_OP_RETURN: return;
  case TS_OP_APPLY: *result_of(b, op) = (cell){.whole = affine(b, op, op->map->exprs[0])}; return;
  case TS_OP_CONST: constant(b, op); return;
  case TS_OP_LANES_BELOW: {
    int64_t end = affine(b, op, op->map->exprs[0]);
    for (int64_t l = 0; l < lanes_of(ts_op_result(op, 0)->type); l++)
      result_of(b, op)[l] = (cell){.whole = l < end};
    return;
  }
  case TS_OP_EXTRACT:
  case TS_OP_INSERT: move_lane(b, op); return;
  case TS_OP_REDUCE_ADD:
  case TS_OP_REDUCE_MAXIMUM: reduce_lanes(b, op); return;
  case TS_OP_SPLAT: repeat(b, op); return;
  case TS_OP_DOT: dot(b, op); return;
  case TS_OP_CALL: call(b, op); return;
  case TS_OP_LAUNCH: b->gave_up = true; return; /* and what stands only in one */
  default: break;
  }
  if (!ts_is_pointwise(op)) ts_unreachable("an op that has no bound");
  elementwise(b, op);
}

static void run_block(bounder *b, const ts_block *block) {
  for (const ts_op *op = block->first; op && !b->gave_up && !b->result; op = op->next) {
    if (--b->steps < 0) b->gave_up = true;
    run_op(b, op);
  }
}

/* ---- the whole ---- */

typedef struct bound_args {
  bounder b;
  const ts_func *f;
  const ts_array *arrays;
  const ts_bindings *bindings;
  ts_bounded *outs;
} bound_args;

static void take_bounds(bounder *b, const buffer *m, ts_bounded *out) {
  *out = (ts_bounded){.dtype = m->dtype, .rank = m->rank, .count = m->count};
  memcpy(out->dims, m->dims, sizeof out->dims);
  out->value = ts_new_array(b->arena, double, m->count);
  out->error = ts_new_array(b->arena, double, m->count);
  for (int64_t i = 0; i < m->count; i++) {
    bool flt = ts_is_float(m->dtype);
    ts_inexact x = flt ? collapse(m->dtype, m->cells[i])
                       : (ts_inexact){(double)m->cells[i].whole, m->cells[i].error};
    out->value[i] = x.value;
    out->error[i] =
        flt && !(fabs(x.value) + x.error <= ts_bound_format(m->dtype).huge) ? INFINITY : x.error;
  }
}

static ts_result bound_body(void *arg) {
  bound_args *a = arg;
  bounder *b = &a->b;
  const ts_block *body = a->f->body;
  frame f = new_frame(b, a->f, a->bindings);
  b->f = &f;
  for (uint32_t i = 0; i < body->num_args; i++) {
    f.buffers[i] = new_buffer(b, body->args[i]->type);
    if (f.buffers[i]->lanes != 1) b->gave_up = true;
    fill_buffer(f.buffers[i], &a->arrays[i]);
  }
  run_block(b, body);
  if (b->result) return b->result;
  for (uint32_t i = 0; i < body->num_args; i++)
    if (!b->gave_up && a->f->roles[i] != TS_ROLE_IN) take_bounds(b, f.buffers[i], &a->outs[i]);
  return TS_OK;
}

ts_result ts_bound_loops(ts_context *ctx, ts_arena *arena, const ts_func *f, const ts_array *arrays,
                         const ts_bindings *bindings, double math_error, int64_t steps,
                         ts_bounded *outs, bool *known) {
  bound_args a = {{.ctx = ctx, .arena = arena, .math_error = math_error, .steps = steps},
                  f,
                  arrays,
                  bindings,
                  outs};
  ts_result result = ts_protect(ctx, bound_body, &a);
  *known = !result && !a.b.gave_up;
  return result;
}
