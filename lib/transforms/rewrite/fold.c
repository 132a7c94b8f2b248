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

/* Ops that compute one number from up to three; a choice is not one, since canonicalize makes it. */
static bool is_scalar_math(const ts_op *op) {
  unsigned class = ts_info(op)->class;
  return class == TS_OC_ARITH || class == TS_OC_CONVERT || class == TS_OC_COMPARE;
}

/* An op on splats and literals as one element; NULL when it is not that. */
static ts_value *fold_splats(ts_builder *b, ts_op *op) {
  ts_cell x[3] = {{0}}, y;
  ts_constant n;
  if (!is_scalar_math(op)) return NULL;
  for (unsigned i = 0; i < op->num_plain; i++) {
    if (!ts_as_constant(ts_operand(op, i), &n)) return NULL;
    x[i] = n.is_float ? (ts_cell){.f = n.f} : (ts_cell){.i = n.i};
  }
  if (!ts_eval_op(op, x, &y)) return NULL;
  bool is_float = ts_is_float((ts_dtype)result(op)->type->dtype);
  n = is_float ? (ts_constant){.is_float = true, .f = y.f} : (ts_constant){.i = y.i};
  return ts_build_constant(b, result(op)->type, n);
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
  if (op->num_results && ts_divides(op)) return true;
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
  return ts_has_flag(op, TS_FLAG_PURE) || ts_divides(op);
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
