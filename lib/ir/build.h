/* Making ops and literals, changing what is there, and inferring types. */
#ifndef TS_IR_BUILD_H
#define TS_IR_BUILD_H

#include "ir/op.h"

/* Where new ops go: before `before`, or at the end of `block` when that is NULL. */
typedef struct ts_builder {
  ts_module *module;
  ts_block *block;
  ts_op *before;
  ts_loc loc; /* given to new ops */
} ts_builder;
ts_builder ts_builder_at_end(ts_module *, ts_block *, ts_loc);
ts_builder ts_builder_before(ts_module *, ts_op *);
ts_builder ts_builder_after(ts_module *, ts_op *);

/* The general maker: a detached op. `types` has one entry a result. Regions get empty blocks. */
ts_op *ts_op_create(ts_module *, ts_opcode, ts_loc, unsigned num_plain, ts_value *const *plain,
                    unsigned num_dims, ts_value *const *dims, unsigned num_results,
                    const ts_type *const *types, unsigned num_regions);
void ts_op_insert(ts_builder *, ts_op *);
/* Creates and inserts an op with one result of type `type`. */
ts_value *ts_build(ts_builder *, ts_opcode, const ts_type *type, unsigned n,
                   ts_value *const *operands);
ts_value *ts_build1(ts_builder *, ts_opcode, const ts_type *, ts_value *);
ts_value *ts_build2(ts_builder *, ts_opcode, const ts_type *, ts_value *, ts_value *);
ts_value *ts_build3(ts_builder *, ts_opcode, const ts_type *, ts_value *, ts_value *, ts_value *);

/* for %NAME = lo to hi step step. Expressions are over `dims`. The returned op's region has the
 * induction variable as its argument. */
ts_op *ts_build_for(ts_builder *, ts_str name, unsigned num_lo, const ts_aff *const *lo,
                    unsigned num_hi, const ts_aff *const *hi, int64_t step, unsigned num_dims,
                    ts_value *const *dims);
ts_value *ts_build_load(ts_builder *, const ts_type *type, ts_value *memref, unsigned n,
                        const ts_aff *const *subscripts, unsigned num_dims, ts_value *const *dims,
                        ts_value *mask);
ts_op *ts_build_store(ts_builder *, ts_value *value, ts_value *memref, unsigned n,
                      const ts_aff *const *subscripts, unsigned num_dims, ts_value *const *dims,
                      ts_value *mask);
ts_value *ts_build_alloc(ts_builder *, const ts_type *memref);
ts_value *ts_build_apply(ts_builder *, const ts_aff *, unsigned num_dims, ts_value *const *dims);
ts_op *ts_build_terminator(ts_builder *, ts_opcode, unsigned n, ts_value *const *operands);

ts_value *ts_literal_float(ts_module *, const ts_type *, double);
ts_value *ts_literal_int(ts_module *, const ts_type *, int64_t);
double ts_literal_as_double(const ts_value *);
/* A literal as the text has it, before the type rule of its op gives it a type (type is NULL until
 * then). ts_infer replaces every one of them among an op's operands. */
ts_value *ts_literal_pending(ts_module *, ts_number_form,
                             uint64_t bits); /* int64, f64 image, bits */
/* The typed literal (scalar or splat of a vector); NULL when the number does not fit: a fraction for
 * an integer type, out of its range, too many bits. Hex is the bit image of the type. */
ts_value *ts_literal_resolve(ts_module *, const ts_value *pending, const ts_type *);
ts_value *ts_block_add_arg(ts_module *, ts_block *, const ts_type *, ts_str name);

/* Notes that something of the op changes, of the function besides its ops, or which functions and globals there
 * are (ir/outline.h): for who writes to a field; what stands below does it by itself. */
void ts_changed_op(ts_op *);
void ts_changed_func(ts_func *);
void ts_changed_module(ts_module *);
void ts_set_operand(ts_op *, unsigned i, ts_value *);
void ts_set_name(ts_value *, ts_str);
void ts_set_type(ts_value *, const ts_type *);
/* Puts another map, over other dims, in the place of the op's. Plain operands stay. */
void ts_op_set_map(ts_module *, ts_op *, const ts_map *, unsigned num_dims, ts_value *const *dims);
void ts_replace_all_uses(ts_value *from, ts_value *to);
void ts_op_unlink(ts_op *); /* takes it out of its block; operands stay on their use lists */
void ts_op_move_before(ts_op *, ts_op *before);
/* Unlinks, drops its operands' uses and those of its regions. Its results must have no uses. */
void ts_op_erase(ts_op *);
/* Deep copy, detached; operands and types mapped through `map` (value → value; NULL: the same). Results
 * and block arguments of the copy are added to `map`. */
ts_op *ts_op_clone(ts_module *, const ts_op *, ts_ptrmap *map);

void ts_attr_set(ts_module *, ts_op *, ts_attr); /* replaces one of the same key */
void ts_attr_remove(ts_module *, ts_op *, ts_attr_key);
void ts_attr_set_int(ts_module *, ts_op *, ts_attr_key, int64_t);
void ts_attr_set_unit(ts_module *, ts_op *, ts_attr_key);
void ts_attr_set_dtype(ts_module *, ts_op *, ts_attr_key, ts_dtype);
void ts_attr_set_ints(ts_module *, ts_op *, ts_attr_key, unsigned n, const int64_t *);
void ts_attr_set_data(ts_module *, ts_op *, ts_attr_key, const ts_data *);

/* ---- inference ---- */

/* Result types of an op whose operands, attributes, map and regions are set: writes `types` (the
 * op table's number of them, or the callee's). `given` are the types in the text (NULL entries where
 * left out). On a type error reports at the op and returns TS_ERR. Also replaces pending literal
 * operands by typed ones. With an operand of type TS_TYPE_ERROR it is silent and gives error types.
 * The parser calls it for each op as it is read, ts_verify again for each op, passes through
 * ts_build_infer. */
ts_result ts_infer(ts_module *, ts_op *, unsigned num_given, const ts_type *const *given,
                   const ts_type **types);

/* ts_infer for a freshly created op with one result whose type is not known: sets the result's type.
 * For passes: inference must succeed, or it is a bug of the pass. */
ts_value *ts_build_infer(ts_builder *, ts_opcode, unsigned n, ts_value *const *operands,
                         unsigned num_attrs, const ts_attr *attrs);

#endif
