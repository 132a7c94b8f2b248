/* Building ops. */
#include "ir/uniquer_impl.h"

ts_value *ts_build(ts_builder *b, ts_opcode opcode, const ts_type *type, unsigned n,
                   ts_value *const *operands) {
  ts_op *op = ts_op_create(b->module, opcode, b->loc, n, operands, 0, NULL, 1, &type,
                           ts_op_infos[opcode].num_regions);
  ts_op_insert(b, op);
  return ts_op_result(op, 0);
}

ts_value *ts_build1(ts_builder *b, ts_opcode opcode, const ts_type *type, ts_value *x) {
  return ts_build(b, opcode, type, 1, (ts_value *[]){x});
}

ts_value *ts_build2(ts_builder *b, ts_opcode opcode, const ts_type *type, ts_value *x,
                    ts_value *y) {
  return ts_build(b, opcode, type, 2, (ts_value *[]){x, y});
}

ts_value *ts_build3(ts_builder *b, ts_opcode opcode, const ts_type *type, ts_value *x, ts_value *y,
                    ts_value *z) {
  return ts_build(b, opcode, type, 3, (ts_value *[]){x, y, z});
}

ts_value *ts_build_infer(ts_builder *b, ts_opcode opcode, unsigned n, ts_value *const *operands,
                         unsigned num_attrs, const ts_attr *attrs) {
  ts_op *op = ts_op_create(b->module, opcode, b->loc, n, operands, 0, NULL, 1, NULL,
                           ts_op_infos[opcode].num_regions);
  for (unsigned i = 0; i < num_attrs; i++)
    ts_attr_set(b->module, op, attrs[i]);
  const ts_type *type = NULL;
  if (ts_infer(b->module, op, 0, NULL, &type) != TS_OK)
    ts_unreachable("a pass built an op whose type cannot be inferred");
  ts_op_result(op, 0)->type = type;
  ts_op_insert(b, op);
  return ts_op_result(op, 0);
}

ts_op *ts_build_terminator(ts_builder *b, ts_opcode opcode, unsigned n, ts_value *const *operands) {
  ts_op *op = ts_op_create(b->module, opcode, b->loc, n, operands, 0, NULL, 0, NULL, 0);
  ts_op_insert(b, op);
  return op;
}

ts_op *ts_build_for(ts_builder *b, ts_str name, unsigned num_lo, const ts_aff *const *lo,
                    unsigned num_hi, const ts_aff *const *hi, int64_t step, unsigned num_dims,
                    ts_value *const *dims) {
  ts_module *m = b->module;
  ts_op *op = ts_op_create(m, TS_OP_FOR, b->loc, 0, NULL, num_dims, dims, 0, NULL, 1);
  const ts_aff **bounds = ts_new_array(&m->arena, const ts_aff *, num_lo + num_hi);
  memcpy(bounds, lo, num_lo * sizeof *lo);
  memcpy(bounds + num_lo, hi, num_hi * sizeof *hi);
  op->map = ts_map_get(m, num_lo + num_hi, bounds);
  if (num_lo != 1) ts_attr_set_int(m, op, TS_ATTR_NUM_LO, num_lo);
  if (step != 1) ts_attr_set_int(m, op, TS_ATTR_STEP, step);
  ts_op_insert(b, op);
  ts_block_add_arg(m, ts_op_regions(op)[0], ts_type_scalar(m, TS_INDEX), name);
  return op;
}

ts_value *ts_build_load(ts_builder *b, const ts_type *type, ts_value *memref, unsigned n,
                        const ts_aff *const *subscripts, unsigned num_dims, ts_value *const *dims,
                        ts_value *mask) {
  ts_value *plain[] = {memref, mask};
  ts_op *op =
      ts_op_create(b->module, TS_OP_LOAD, b->loc, mask ? 2 : 1, plain, num_dims, dims, 1, &type, 0);
  op->map = ts_map_get(b->module, n, subscripts);
  op->subscripted = 1;
  op->has_mask = mask != NULL;
  ts_op_insert(b, op);
  return ts_op_result(op, 0);
}

ts_op *ts_build_store(ts_builder *b, ts_value *value, ts_value *memref, unsigned n,
                      const ts_aff *const *subscripts, unsigned num_dims, ts_value *const *dims,
                      ts_value *mask) {
  ts_value *plain[] = {value, memref, mask};
  ts_op *op =
      ts_op_create(b->module, TS_OP_STORE, b->loc, mask ? 3 : 2, plain, num_dims, dims, 0, NULL, 0);
  op->map = ts_map_get(b->module, n, subscripts);
  op->subscripted = 2;
  op->has_mask = mask != NULL;
  ts_op_insert(b, op);
  return op;
}

ts_value *ts_build_alloc(ts_builder *b, const ts_type *memref) {
  return ts_build(b, TS_OP_ALLOC, memref, 0, NULL);
}

ts_value *ts_build_apply(ts_builder *b, const ts_aff *expr, unsigned num_dims,
                         ts_value *const *dims) {
  const ts_type *type = ts_type_scalar(b->module, TS_INDEX);
  ts_op *op = ts_op_create(b->module, TS_OP_APPLY, b->loc, 0, NULL, num_dims, dims, 1, &type, 0);
  op->map = ts_map_get(b->module, 1, &expr);
  ts_op_insert(b, op);
  return ts_op_result(op, 0);
}
