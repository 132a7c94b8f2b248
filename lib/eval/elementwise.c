/* Elementwise ops and fused regions, as one thing: a program of scalar ops that runs on strips of
 * elements. A lone op is a program of one step; quantize takes its scales and zero points as
 * further broadcast inputs.
 *
 * The result's index space is first collapsed: neighbouring axes along which every input moves
 * evenly become one, so that strips are long whatever the shapes are. */
#include <inttypes.h>

#include "eval/tensor.h"

typedef struct step {
  const ts_op *op;
  ts_dtype from, type; /* of the first operand, of the result */
  ts_scalar scalar;    /* of arithmetic */
  ts_pred pred;        /* of a comparison */
  const ts_cell *args[3];
  ts_cell *result;
} step;

typedef struct input {
  ts_dtype dtype;
  const void *data;
  int64_t strides[TS_MAX_RANK]; /* along the result's axes, in elements */
  ts_cell *strip;
} input;

typedef struct program {
  ts_eval *e;
  input *inputs;
  unsigned num_inputs;
  TS_VEC(step) steps;
  const ts_cell *result;
  unsigned rank; /* of the collapsed index space */
  int64_t dims[TS_MAX_RANK];
} program;

static ts_cell *new_strip(program *p) { return ts_new_array(p->e->scratch, ts_cell, TS_STRIP); }

/* ---- one step on a strip ---- */

static void float_step(const step *s, unsigned n) {
  const ts_cell *a = s->args[0], *b = s->args[1] ? s->args[1] : a, *c = s->args[2] ? s->args[2] : a;
  ts_eval_floats(s->scalar, s->type, n, a, b, c, s->result);
  if (!ts_scalar_infos[s->scalar].exact) ts_strip_round(s->type, n, s->result);
}

static ts_result int_step(ts_eval *e, const step *s, unsigned n) {
  const ts_cell *a = s->args[0], *b = s->args[1];
  for (unsigned k = 0; k < n; k++) {
    if (ts_eval_int(s->scalar, s->type, a[k].i, b ? b[k].i : 0, &s->result[k].i)) continue;
    ts_error(e->ctx, s->op->loc, "`%s` divides %" PRId64 " by zero", ts_info(s->op)->name, a[k].i);
    return TS_CHECK;
  }
  return TS_OK;
}

static void convert_step(const step *s, unsigned n) {
  for (unsigned k = 0; k < n; k++)
    s->result[k] = ts_eval_convert((ts_opcode)s->op->opcode, s->from, s->type, s->args[0][k]);
}

static void quantize_step(const step *s, unsigned n) {
  const ts_cell *x = s->args[0], *scale = s->args[1], *zero = s->args[2];
  ts_cell *r = s->result;
  if (s->op->opcode == TS_OP_QUANTIZE) {
    for (unsigned k = 0; k < n; k++)
      r[k].i = ts_quantize(x[k].f, scale[k].f, zero[k].i);
    return;
  }
  for (unsigned k = 0; k < n; k++)
    r[k].f = (double)(x[k].i - zero[k].i) * scale[k].f;
  ts_strip_round(s->type, n, r);
}

static void compare_step(const step *s, unsigned n) {
  const ts_cell *a = s->args[0], *b = s->args[1];
  bool is_float = ts_is_float(s->from);
  for (unsigned k = 0; k < n; k++)
    s->result[k].i = is_float ? ts_eval_cmp_float(s->pred, a[k].f, b[k].f)
                              : ts_eval_cmp_int(s->pred, a[k].i, b[k].i);
}

static void select_step(const step *s, unsigned n) {
  for (unsigned k = 0; k < n; k++)
    s->result[k] = s->args[0][k].i ? s->args[1][k] : s->args[2][k];
}

static ts_result run_step(ts_eval *e, const step *s, unsigned n) {
  switch (ts_info(s->op)->class) {
  case TS_OC_CONVERT: convert_step(s, n); return TS_OK;
  case TS_OC_QUANTIZE: quantize_step(s, n); return TS_OK;
  case TS_OC_COMPARE: compare_step(s, n); return TS_OK;
  case TS_OC_SELECT: select_step(s, n); return TS_OK;
  default: break;
  }
  if (!ts_is_float(s->type)) return int_step(e, s, n);
  float_step(s, n);
  return TS_OK;
}

/* ---- building a program ---- */

static void add_input(program *p, ts_dtype dtype, const ts_array *a) {
  input *in = &p->inputs[p->num_inputs++];
  in->dtype = dtype;
  in->data = a->data;
  in->strip = new_strip(p);
  ts_broadcast_strides(a, p->e->out->rank, in->strides);
}

static const ts_cell *constant_strip(program *p, ts_cell value) {
  ts_cell *c = new_strip(p);
  for (unsigned k = 0; k < TS_STRIP; k++)
    c[k] = value;
  return c;
}

static const ts_cell *literal_strip(program *p, const ts_value *v) {
  ts_cell c;
  if (ts_is_float(v->type->dtype))
    c.f = ts_literal_as_double(v);
  else
    c.i = (int64_t)v->bits;
  return constant_strip(p, c);
}

static step *add_step(program *p, const ts_op *op) {
  ts_push(p->e->scratch, &p->steps, (step){.op = op, .scalar = ts_scalar_of(op)});
  step *s = &p->steps.at[p->steps.n - 1];
  s->from = ts_operand(op, 0)->type->dtype;
  s->type = ts_op_result(op, 0)->type->dtype;
  if (ts_info(op)->class == TS_OC_COMPARE) s->pred = ts_op_pred(op);
  s->result = new_strip(p);
  return s;
}

/* ---- running it ---- */

/* Can axis i + 1 follow axis i as one, for every input? */
static bool is_even(const program *p, unsigned i) {
  for (unsigned k = 0; k < p->num_inputs; k++)
    if (p->inputs[k].strides[i] != p->inputs[k].strides[i + 1] * p->dims[i + 1]) return false;
  return true;
}

static void remove_axis(program *p, unsigned i) {
  p->rank--;
  memmove(p->dims + i, p->dims + i + 1, (p->rank - i) * sizeof *p->dims);
  for (unsigned k = 0; k < p->num_inputs; k++)
    memmove(p->inputs[k].strides + i, p->inputs[k].strides + i + 1,
            (p->rank - i) * sizeof *p->dims);
}

static void collapse(program *p) {
  p->rank = p->e->out->rank;
  memcpy(p->dims, p->e->out->dims, sizeof p->dims);
  for (unsigned i = p->rank; i-- > 0;)
    if (p->dims[i] == 1) remove_axis(p, i);
  for (unsigned i = p->rank; i-- > 1;)
    if (is_even(p, i - 1)) {
      p->dims[i] *= p->dims[i - 1];
      remove_axis(p, i - 1);
    }
}

/* n elements of the result from linear index `at` on, their innermost coordinate being j. */
static ts_result run_strip(program *p, const int64_t *starts, int64_t j, int64_t at, unsigned n) {
  unsigned inner = p->rank - 1;
  for (unsigned k = 0; k < p->num_inputs; k++) {
    input *in = &p->inputs[k];
    int64_t stride = p->rank ? in->strides[inner] : 0;
    ts_strip_load(in->dtype, in->data, starts[k] + j * stride, stride, n, in->strip);
  }
  for (size_t i = 0; i < p->steps.n; i++) {
    ts_result r = run_step(p->e, &p->steps.at[i], n);
    if (r != TS_OK) return r;
  }
  ts_strip_store(p->e->out->dtype, p->e->out->data, at, n, p->result);
  return TS_OK;
}

/* Steps the outer coordinates; `starts` follow. */
static void next_row(program *p, int64_t *index, int64_t *starts) {
  for (unsigned i = p->rank - 1; i-- > 0;) {
    bool wraps = ++index[i] == p->dims[i];
    for (unsigned k = 0; k < p->num_inputs; k++)
      starts[k] += p->inputs[k].strides[i] * (wraps ? 1 - p->dims[i] : 1);
    if (!wraps) return;
    index[i] = 0;
  }
}

static ts_result run_program(program *p) {
  collapse(p);
  int64_t count = ts_array_count(p->e->out), row = p->rank ? p->dims[p->rank - 1] : 1;
  int64_t index[TS_MAX_RANK] = {0},
          *starts = ts_new_array(p->e->scratch, int64_t, p->num_inputs + 1);
  for (int64_t at = 0; at < count; at += row) {
    for (int64_t j = 0; j < row; j += TS_STRIP) {
      ts_memory_look(&p->e->ctx->memory);
      ts_result r = run_strip(p, starts, j, at + j, (unsigned)ts_min(row - j, TS_STRIP));
      if (r != TS_OK) return r;
    }
    if (p->rank > 1) next_row(p, index, starts);
  }
  return TS_OK;
}

/* ---- entry points ---- */

/* The values of a FLOATS or INTS attribute along its axis, as an array that broadcasts to the
 * result. */
static ts_array slices(ts_eval *e, ts_dtype dtype, const ts_attr *attr, ts_cell otherwise) {
  unsigned axes[TS_MAX_RANK], n = attr ? attr->n : 1;
  ts_array a = {.dtype = dtype};
  ts_cell *cells = ts_new_array(e->scratch, ts_cell, n);
  for (unsigned i = 0; i < n; i++) {
    if (!attr)
      cells[i] = otherwise;
    else if (dtype == TS_F64)
      cells[i].f = attr->floats[i];
    else
      cells[i].i = attr->ints[i];
  }
  a.data = cells;
  if (n > 1 && ts_op_axes(e->op, axes) == 1) {
    a.rank = e->out->rank - axes[0];
    for (unsigned i = 0; i < a.rank; i++)
      a.dims[i] = i ? 1 : n;
  }
  return a;
}

static void add_quantization(program *p) {
  ts_array scale = slices(p->e, TS_F64, ts_attr_find(p->e->op, TS_ATTR_SCALE), (ts_cell){.f = 1});
  ts_array zero =
      slices(p->e, TS_I64, ts_attr_find(p->e->op, TS_ATTR_ZERO_POINT), (ts_cell){.i = 0});
  add_input(p, TS_F64, &scale);
  add_input(p, TS_I64, &zero);
}

ts_result ts_eval_elementwise(ts_eval *e) {
  program p = {.e = e};
  const ts_op *op = e->op;
  const ts_cell *args[3] = {0};
  p.inputs = ts_new_array(e->scratch, input, op->num_plain + 2);
  for (unsigned i = 0; i < op->num_plain; i++) {
    const ts_value *v = ts_operand(op, i);
    if (ts_is_literal(v)) {
      args[i] = literal_strip(&p, v);
      continue;
    }
    add_input(&p, v->type->dtype, &e->in[i]);
    args[i] = p.inputs[p.num_inputs - 1].strip;
  }
  if (op->opcode == TS_OP_QUANTIZE || op->opcode == TS_OP_DEQUANTIZE) {
    add_quantization(&p);
    args[1] = p.inputs[1].strip;
    args[2] = p.inputs[2].strip;
  }
  step *s = add_step(&p, op);
  memcpy(s->args, args, sizeof args);
  p.result = s->result;
  return run_program(&p);
}

/* The strip of a region's value: an input, a constant or an earlier step's result. */
static const ts_cell *strip_of(program *p, ts_ptrmap *strips, const ts_value *v) {
  const ts_cell *c = ts_ptrmap_get(strips, v);
  if (!c && ts_is_literal(v)) {
    c = literal_strip(p, v);
    ts_ptrmap_put(strips, v, (void *)c);
  }
  return c;
}

static const ts_cell *const_strip(program *p, const ts_op *op) {
  ts_cell c;
  ts_strip_load(ts_op_result(op, 0)->type->dtype, ts_attr_find(op, TS_ATTR_VALUE)->data->bytes, 0,
                1, 1, &c);
  return constant_strip(p, c);
}

static void add_region(program *p, ts_ptrmap *strips, const ts_block *body) {
  for (const ts_op *op = body->first; op; op = op->next) {
    if (op->opcode == TS_OP_YIELD) {
      p->result = strip_of(p, strips, ts_operand(op, 0));
    } else if (op->opcode == TS_OP_CONST) {
      ts_ptrmap_put(strips, ts_op_result(op, 0), (void *)const_strip(p, op));
    } else {
      step *s = add_step(p, op);
      for (unsigned i = 0; i < op->num_plain; i++)
        s->args[i] = strip_of(p, strips, ts_operand(op, i));
      ts_ptrmap_put(strips, ts_op_result(op, 0), s->result);
    }
  }
}

ts_result ts_eval_fused(ts_eval *e, const ts_array *product) {
  program p = {.e = e};
  const ts_block *body = ts_op_regions(e->op)[0];
  ts_ptrmap strips;
  ts_ptrmap_init(&strips, e->scratch);
  p.inputs = ts_new_array(e->scratch, input, e->op->num_plain + 1);
  for (unsigned i = 0; i < body->num_args; i++) {
    const ts_array *a = !product ? &e->in[i] : i == 0 ? product : &e->in[i + 1];
    add_input(&p, body->args[i]->type->dtype, a);
    ts_ptrmap_put(&strips, body->args[i], p.inputs[i].strip);
  }
  add_region(&p, &strips, body);
  return run_program(&p);
}
