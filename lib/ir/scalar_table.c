/* The table of scalar ops as data. Nothing here may include <math.h>, whose macros would change the meanings'
 * text. */
#include "ir/scalar.h"

enum { TS_OP_NONE = TS_NUM_OPCODES };

// clang-format off
const ts_scalar_info ts_scalar_infos[TS_NUM_SCALARS] = {
#define SCALAR(name, n, tensor_op, float_op, int_op)                                               \
  [TS_SCALAR_##name].arity = n, [TS_SCALAR_##name].tensor = TS_OP_##tensor_op,                     \
  [TS_SCALAR_##name].on_float = TS_OP_##float_op, [TS_SCALAR_##name].on_int = TS_OP_##int_op,
#define FLOAT(name, rounding, meaning)                                                             \
  [TS_SCALAR_##name].exact = rounding, [TS_SCALAR_##name].float_meaning = #meaning,
#define INT(name, dividing, meaning)                                                               \
  [TS_SCALAR_##name].divides = dividing, [TS_SCALAR_##name].int_meaning = #meaning,
#include "ir/scalar.def"
};

const char ts_fptosi_meaning[] =
#define CONVERT(op, meaning) #meaning
#include "ir/scalar.def"
;

/* Row + 1 of each opcode. An op of both levels stands in several columns. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Woverride-init"
static const uint8_t row_of[TS_NUM_OPCODES + 1] = {
#define SCALAR(name, n, tensor_op, float_op, int_op)                                               \
  [TS_OP_##tensor_op] = TS_SCALAR_##name + 1, [TS_OP_##float_op] = TS_SCALAR_##name + 1,           \
  [TS_OP_##int_op] = TS_SCALAR_##name + 1,
#include "ir/scalar.def"
};
#pragma GCC diagnostic pop
// clang-format on

ts_scalar ts_scalar_with(ts_opcode opcode, const ts_op *op) {
  if (opcode >= TS_NUM_OPCODES || !row_of[opcode]) return TS_NUM_SCALARS;
  bool tanh_form = opcode == TS_OP_GELU && ts_is_tanh_form(op);
  return tanh_form ? TS_SCALAR_GELU_TANH : (ts_scalar)(row_of[opcode] - 1);
}

ts_scalar ts_scalar_of(const ts_op *op) { return ts_scalar_with((ts_opcode)op->opcode, op); }

ts_opcode ts_tensor_form(ts_opcode op) {
  if (ts_op_infos[op].class == TS_OC_CONVERT) return TS_OP_CAST;
  return row_of[op] ? (ts_opcode)ts_scalar_infos[row_of[op] - 1].tensor : TS_NUM_OPCODES;
}

ts_opcode ts_scalar_form(ts_opcode op, ts_dtype dtype) {
  const ts_scalar_info *row = row_of[op] ? &ts_scalar_infos[row_of[op] - 1] : NULL;
  if (!row || row->tensor != op) return TS_NUM_OPCODES;
  return (ts_opcode)(ts_is_float(dtype) ? row->on_float : row->on_int);
}

ts_opcode ts_scalar_cast(ts_dtype from, ts_dtype to) {
  if (from == to || to == TS_I1) return TS_NUM_OPCODES;
  if (ts_is_float(from) && ts_is_float(to))
    return ts_dtype_width(to) > ts_dtype_width(from) ? TS_OP_EXTF : TS_OP_TRUNCF;
  if (ts_is_float(to)) return TS_OP_SITOFP;
  if (ts_is_float(from)) return TS_OP_FPTOSI;
  if (ts_dtype_width(to) == ts_dtype_width(from)) return TS_NUM_OPCODES;
  return ts_dtype_width(to) > ts_dtype_width(from) ? TS_OP_EXTSI : TS_OP_TRUNCI;
}

bool ts_divides(const ts_op *op) {
  unsigned row = row_of[op->opcode];
  return row && ts_scalar_infos[row - 1].divides &&
         !ts_is_float((ts_dtype)ts_op_result(op, 0)->type->dtype);
}
