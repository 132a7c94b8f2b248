/* The table of ops of space files, and the names of types. */
#include "tune/space/expr_impl.h"

const ts_space_op_info ts_space_ops[TS_SPACE_NUM_OPS] = {
#define OP(name, spelling, form, rank, least, most, operands, result)                              \
  {spelling, TS_SPACE_##form, rank, least, most, TS_SPACE_##operands, TS_SPACE_##result},
#include "tune/space/ops.def"
};

const char *ts_space_type_name(ts_space_type type) {
  static const char *const names[] = {"anything", "a condition", "a number", "a word"};
  return names[type];
}
