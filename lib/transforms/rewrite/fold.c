/* fold: ops on constants become constants.
 *
 * requires:  nothing; both levels and the regions of fused ops.
 * preserves: every result to the last bit, by computing with the functions that the interpreters
 *            use.
 * rewrite:   %c = add (const 1.0), 2.0  →  %c = const 3.0
 *            addf 1.0, 2.0              →  3.0
 *
 * Splats stay splats, whatever their shape, symbolic ones too. Other constants are computed where
 * every operand and the result have at most max_elements elements, so that folding never fills
 * memory with what a loop makes at run time. Files (`const @w.npy`) are not read here. A division
 * by zero is left for the run to report. */
#include "ir/scalar.h"
#include "eval/tensor.h"
#include "transforms/rewrite/rewrite.h"

typedef struct folder {
  ts_pass_ctx *pass;
  ts_module *m;
  int64_t max_elements;
  ts_result result; /* of what ran out of memory */
} folder;

static ts_value *result(const ts_op *op) { return ts_op_result(op, 0); }

/* ---- one element ---- */

static ts_constant convert(ts_opcode op, ts_constant x, ts_dtype to) {
  ts_constant y = {.is_float = ts_is_float(to)};
  if (x.is_float && y.is_float)
    y.f = ts_round_to(to, x.f);
  else if (x.is_float)
    y.i = ts_float_to_int(to, x.f);
  else if (y.is_float)
    y.f = ts_int_to_float(to, x.i);
  else
    y.i = to == TS_I1 && op == TS_OP_CAST ? x.i != 0 : ts_wrap_int(to, x.i);
  return y;
}

static bool divides_by_zero(const ts_op *op, const ts_constant *x) {
  bool divides = op->opcode == TS_OP_DIV || op->opcode == TS_OP_DIVI || op->opcode == TS_OP_REMI;
  return divides && !x[1].is_float && x[1].i == 0;
}

/* Ops that compute one number from up to three. */
static bool is_scalar_math(const ts_op *op) {
  switch ((ts_opcode)op->opcode) {
  case TS_OP_FMA:
  case TS_OP_CMPF:
  case TS_OP_CMPI:
  case TS_OP_REMI:
  case TS_OP_ANDI:
  case TS_OP_ORI:
  case TS_OP_XORI:
  case TS_OP_MAXI:
  case TS_OP_MINI:
  case TS_OP_ROUNDEVEN: return true;
  default: return ts_tensor_form(op->opcode) != TS_NUM_OPCODES;
  }
}

/* False when it cannot be computed: a division by zero. */
static bool evaluate(const ts_op *op, const ts_constant *x, ts_constant *y) {
  ts_dtype type = result(op)->type->dtype;
  *y = (ts_constant){.is_float = ts_is_float(type)};
  if (divides_by_zero(op, x)) return false;
  if (op->opcode == TS_OP_CMPF) {
    y->i = ts_eval_cmp_float(ts_op_pred(op), x[0].f, x[1].f);
  } else if (op->opcode == TS_OP_CMPI) {
    y->i = ts_eval_cmp_int(ts_op_pred(op), x[0].i, x[1].i);
  } else if (ts_tensor_form(op->opcode) == TS_OP_CAST) {
    *y = convert(op->opcode, x[0], type);
  } else if (y->is_float) {
    bool tanh_form = ts_is_tanh_form(op);
    y->f = ts_eval_float(op->opcode, type, x[0].f, x[1].f, x[2].f, tanh_form);
  } else {
    return ts_eval_int(op->opcode, type, x[0].i, x[1].i, &y->i);
  }
  return true;
}

/* An op on splats and literals as one element; NULL when it is not that. */
static ts_value *fold_splats(ts_builder *b, ts_op *op) {
  ts_constant x[3] = {{0}}, y;
  if (!is_scalar_math(op) || op->num_plain > 3) return NULL;
  for (unsigned i = 0; i < op->num_plain; i++)
    if (!ts_as_constant(ts_operand(op, i), &x[i])) return NULL;
  return evaluate(op, x, &y) ? ts_build_constant(b, result(op)->type, y) : NULL;
}

/* ---- shapes ---- */

/* reshape of any constant but a file, transpose and broadcast of a splat: the data stays as it
 * is. */
static ts_value *fold_shape(ts_builder *b, ts_op *op) {
  if (op->opcode != TS_OP_RESHAPE && op->opcode != TS_OP_TRANSPOSE && op->opcode != TS_OP_BROADCAST)
    return NULL;
  ts_op *from = ts_def(ts_operand(op, 0));
  const ts_data *data = ts_attr_find(from, TS_ATTR_VALUE)->data;
  if (data->form == TS_DATA_FILE) return NULL;
  if (data->form == TS_DATA_DENSE && op->opcode != TS_OP_RESHAPE) return NULL;
  ts_value *v = ts_build(b, TS_OP_CONST, result(op)->type, 0, NULL);
  ts_attr_copy(b->module, ts_def(v), from, TS_ATTR_VALUE);
  return v;
}

static ts_value *fold_apply(ts_builder *b, ts_op *op) {
  int64_t value;
  if (op->opcode != TS_OP_APPLY || !ts_aff_is_const(op->map->exprs[0], &value)) return NULL;
  return ts_build_int(b, result(op)->type, value);
}

/* One lane of a vector literal. */
static ts_value *fold_extract(ts_builder *b, ts_op *op) {
  ts_constant n;
  if (op->opcode != TS_OP_EXTRACT || !ts_as_constant(ts_operand(op, 0), &n)) return NULL;
  return ts_build_constant(b, result(op)->type, n);
}

/* ---- whole tensors ---- */

static bool is_small(const folder *f, const ts_type *type) {
  int64_t n = ts_type_num_elements(type);
  return n > 0 && n <= f->max_elements;
}

/* The constant as an array; a splat is spread out in scratch memory. */
static bool as_array(folder *f, const ts_value *v, ts_array *out) {
  const ts_type *type = v->type;
  size_t each = ts_dtype_bytes(type->dtype), n = (size_t)ts_type_num_elements(type);
  *out = (ts_array){.dtype = type->dtype, .rank = type->rank};
  if (type->rank) memcpy(out->dims, type->dims, type->rank * sizeof *out->dims);
  const ts_op *op = ts_def_as(v, TS_OP_CONST);
  const ts_data *data = op ? ts_attr_find(op, TS_ATTR_VALUE)->data : NULL;
  if (data && data->form == TS_DATA_DENSE) out->data = (void *)data->bytes;
  if (data && data->form != TS_DATA_SPLAT) return out->data != NULL;
  char element[8];
  if (data)
    memcpy(element, data->bytes, each);
  else
    ts_number_store(type->dtype, v->bits, element);
  out->data = ts_arena_alloc(f->pass->scratch, n * each);
  for (size_t i = 0; i < n; i++)
    memcpy((char *)out->data + i * each, element, each);
  return true;
}

/* A const op with the array's contents, as a splat when all elements have the same bytes. */
static ts_value *build_array(ts_builder *b, const ts_type *type, const ts_array *a) {
  size_t each = ts_dtype_bytes(type->dtype), n = (size_t)ts_type_num_elements(type), i = 1;
  const char *from = a->data;
  while (i < n && memcmp(from, from + i * each, each) == 0)
    i++;
  bool splat = i == n;
  ts_data *data = ts_new(&b->module->arena, ts_data);
  size_t bytes = splat ? each : n * each;
  char *to = ts_arena_alloc(&b->module->arena, bytes);
  memcpy(to, from, bytes);
  *data = (ts_data){.form = splat ? TS_DATA_SPLAT : TS_DATA_DENSE, .bytes = to, .num_bytes = bytes};
  ts_value *v = ts_build(b, TS_OP_CONST, type, 0, NULL);
  ts_attr_set_data(b->module, ts_def(v), TS_ATTR_VALUE, data);
  return v;
}

/* An integer division, at the top or in a region, may have a zero among its divisors. */
static bool may_fail(const ts_op *op) {
  if (op->opcode == TS_OP_DIVI || op->opcode == TS_OP_REMI) return true;
  if (op->opcode == TS_OP_DIV) return !ts_is_float(result(op)->type->dtype);
  for (unsigned i = 0; i < op->num_regions; i++)
    for (const ts_op *in = ts_op_regions(op)[i]->first; in; in = in->next)
      if (may_fail(in)) return true;
  return false;
}

static ts_value *fold_arrays(folder *f, ts_builder *b, ts_op *op) {
  if (!is_small(f, result(op)->type) || may_fail(op)) return NULL;
  ts_array *operands = ts_new_array(f->pass->scratch, ts_array, op->num_plain + 1);
  for (unsigned i = 0; i < op->num_plain; i++)
    if (!is_small(f, ts_operand(op, i)->type) || !as_array(f, ts_operand(op, i), &operands[i]))
      return NULL;
  ts_array y;
  f->result = ts_eval_tensor_op(f->m->ctx, op, operands, &y);
  if (f->result != TS_OK) return NULL;
  ts_value *v = build_array(b, result(op)->type, &y);
  ts_array_drop(f->m->ctx, &y);
  return v;
}

/* ---- the pass ---- */

static bool on_constants(const ts_op *op) {
  for (unsigned i = 0; i < op->num_operands; i++)
    if (!ts_is_constant(ts_operand(op, i))) return false;
  return true;
}

/* Ops whose result depends on their operands alone; divi and remi too, once their divisor is
 * known. */
static bool is_foldable(const ts_op *op) {
  if (op->opcode == TS_OP_CONST || op->opcode == TS_OP_GLOBAL || op->num_results != 1) return false;
  return ts_has_flag(op, TS_FLAG_PURE) || op->opcode == TS_OP_DIVI || op->opcode == TS_OP_REMI;
}

static void visit(void *arg, ts_op *op) {
  folder *f = arg;
  if (f->result != TS_OK || !is_foldable(op) || !on_constants(op)) return;
  ts_builder b = ts_builder_before(f->m, op);
  ts_value *v = fold_splats(&b, op);
  if (!v) v = fold_shape(&b, op);
  if (!v) v = fold_apply(&b, op);
  if (!v) v = fold_extract(&b, op);
  if (!v && ts_is_kind(result(op)->type, TS_TYPE_TENSOR)) v = fold_arrays(f, &b, op);
  if (!v) return;
  TS_VEC(ts_op *) inputs = {0};
  for (unsigned i = 0; i < op->num_operands; i++)
    if (ts_def(ts_operand(op, i))) ts_push(f->pass->scratch, &inputs, ts_def(ts_operand(op, i)));
  ts_replace_op(&b, op, v, true);
  for (size_t i = 0; i < inputs.n; i++)
    ts_erase_if_dead(f->pass->scratch, inputs.at[i]);
  f->pass->changed = true;
  ts_count(f->pass, "ops folded", 1);
}

ts_result ts_pass_fold(ts_pass_ctx *pass, ts_module *m, const void *options) {
  const ts_fold_options *o = options;
  folder f = {.pass = pass, .m = m, .max_elements = o->max_elements};
  for (ts_func *func = m->first_func; func; func = func->next)
    ts_walk_post(func->body, visit, &f);
  return f.result;
}
