/* What several transforms need: the correspondence between a tensor op and its scalar form,
 * constants, broadcasting, and replacing an op while keeping its author's name. */
#ifndef TS_TRANSFORMS_REWRITE_REWRITE_H
#define TS_TRANSFORMS_REWRITE_REWRITE_H

#include "ir/constant.h"
#include "ir/scalar.h"
#include "transforms/passes.h"

/* ---- one element of a tensor op ---- */

/* Whether ts_emit_scalar knows the op. */
bool ts_has_scalar_form(const ts_op *);
/* Emits the scalar form of the elementwise tensor op `op` on `operands` (one scalar for each
 * operand). */
ts_value *ts_emit_scalar(ts_builder *, const ts_op *op, ts_value *const *operands);

/* ---- numbers ---- */

/* A splat const of a tensor type, a literal of another. */
ts_value *ts_build_constant(ts_builder *, const ts_type *, ts_constant);
ts_value *ts_build_float(ts_builder *, const ts_type *, double);
ts_value *ts_build_int(ts_builder *, const ts_type *, int64_t);
/* `v` as elements of `dtype`: itself or a cast (tensor level). */
ts_value *ts_build_cast(ts_builder *, ts_value *v, ts_dtype);

/* ---- shapes ---- */

bool ts_same_shape(const ts_type *, const ts_type *);
/* Broadcasting `v` gives exactly the shape of `to`. */
bool ts_broadcasts_to(const ts_type *v, const ts_type *to);
/* The operands' shapes broadcast together give exactly the shape of `to`. */
bool ts_shapes_give(unsigned n, ts_value *const *operands, const ts_type *to);

/* ---- changing ---- */

/* Copies an attribute where `from` has it. */
void ts_attr_copy(ts_module *, ts_op *to, const ts_op *from, ts_attr_key);
/* Gives `v` the name of `from` unless it has one, when `from` is about to go. */
void ts_take_name(ts_value *v, ts_value *from);
/* Whether operand i of `op` may be a literal, which has no type of its own in the text. */
bool ts_takes_literal(const ts_op *op, unsigned i);
/* Puts a literal in place of `v` where it may stand; returns at how many places. */
unsigned ts_use_literal(ts_value *v, ts_value *literal);
/* Replaces the one result of `op` by `v`, which takes its name if it was made for it (`fresh`), and
 * erases `op`. Where a literal cannot stand, a const before `b` takes its place. Returns what
 * stands in for `op` now. */
ts_value *ts_replace_op(ts_builder *b, ts_op *op, ts_value *v, bool fresh);
/* False once the op, or one around it, is erased. */
bool ts_is_attached(const ts_op *op);
/* Erases `op` if it is pure and unused, and then what only it used. Returns how many went. */
unsigned ts_erase_if_dead(ts_arena *scratch, ts_op *op);

#endif
