/* What the files of the pass `lower` share: the state of lowering one function, and a vocabulary
 * for writing loop nests.
 *
 * A nest is written top-down. ts_lower_loop opens a loop and gives its variable as a subscript,
 * ts_lower_end closes loops; everything in between lands in the innermost open one. Elements of
 * tensors are fetched with ts_lower_load, which gives a literal where the tensor is a splat. Values
 * are simply named after what they are: the printer tells those of one name apart. Only loops get
 * unique names here, because schedules speak of loops by them. */
#ifndef TS_TRANSFORMS_LOWER_LOWER_IMPL_H
#define TS_TRANSFORMS_LOWER_LOWER_IMPL_H

#include "ir/indexing.h"
#include "ir/scalar.h"
#include "pass/pass.h"

/* A matmul of the largest rank nests TS_MAX_RANK + 1 loops; fusing it may broadcast it once
 * more. */
enum { TS_LOWER_SCOPES = TS_MAX_RANK + 4, TS_LOWER_DIMS = 4 * TS_MAX_RANK };

/* Subscripts of one element; dims are numbered as in ts_lower.dims. */
typedef struct ts_subs {
  unsigned n;
  const ts_aff *at[TS_MAX_RANK];
} ts_subs;

typedef struct ts_lower {
  ts_module *m;
  ts_arena *scratch;
  ts_func *func;
  ts_builder b;      /* at the end of the innermost open block */
  ts_ptrmap buffers; /* tensor value → memref value that holds it */
  ts_ptrmap taken;   /* names (ts_str) that loops must not have → anything */
  unsigned num_consts, num_renamed, num_nests;
  unsigned depth, num_dims;
  unsigned dims_outside[TS_LOWER_SCOPES]; /* num_dims where each open loop began */
  /* index values that subscripts speak of: loop variables and others */
  ts_value *dims[TS_LOWER_DIMS];
} ts_lower;

/* Whether the author named it, rather than the printer by a number. */
bool ts_lower_has_word(const ts_lower *, const ts_value *);

/* ---- buffers ---- */

/* Where the tensor value is; a constant is fetched by get_global, so outside of loops only. */
ts_value *ts_lower_buffer(ts_lower *, ts_value *tensor);
/* Where a result is to be written: an out argument or a new alloc named after it. */
ts_value *ts_lower_result(ts_lower *, ts_value *tensor);
/* A buffer of the current block: %name = alloc : memref<extent x dtype, local>. */
ts_value *ts_lower_local(ts_lower *, const char *name, ts_extent, ts_dtype);
/* Shape and elements of a tensor type as a buffer in global memory. */
const ts_type *ts_lower_buffer_type(ts_lower *, const ts_type *tensor);
bool ts_lower_is_const(const ts_value *);
/* Makes the constant a global of its own and its buffer what get_global gives; once, outside of loops. */
void ts_lower_fetch_const(ts_lower *, ts_value *constant);
/* The buffer of a new module-level global @FUNCTION_name that holds `n` f64 values. */
ts_value *ts_lower_table(ts_lower *, const char *name, unsigned n, const double *values);

/* ---- loops ---- */

/* for %name = 0 to extent { …; the variable as a subscript. */
const ts_aff *ts_lower_loop(ts_lower *, const char *name, ts_extent);
/* Closes the `n` innermost loops. */
void ts_lower_end(ts_lower *, unsigned n);
/* Starts the nest of one op: its loops share a number, so that a schedule can name every loop of a
 * function (%i, %j of the first nest, %i_1, %j_1 of the second, …). */
void ts_lower_begin_nest(ts_lower *);
/* Begins a nest with one loop (%i, %j, …) an axis of `shape`. */
ts_subs ts_lower_nest(ts_lower *, const ts_type *shape);
/* The name of the loop over axis `axis` of `rank`: i, j, … n, or i0, i1, … past six axes. */
const char *ts_lower_axis_name(ts_lower *, unsigned axis, unsigned rank);
/* An index value that is not a loop variable, as a subscript. */
const ts_aff *ts_lower_dim(ts_lower *, ts_value *index);
/* The subscript as an index value. */
ts_value *ts_lower_index(ts_lower *, const char *name, const ts_aff *);

/* ---- points: the iteration space of an op, as its maps tell it (ir/indexing.h) ---- */

/* The op whose nest is open, and a subscript for each dim of its space. */
typedef struct ts_point {
  ts_op *op;
  ts_value *result; /* memref */
  ts_iter_space space;
  const ts_aff *at[TS_MAX_ITER_DIMS];
} ts_point;
/* Finds the result's buffer and the space. Where the nest needs values from outside of it, they come next. */
ts_point ts_lower_point(ts_lower *, ts_op *);
/* Begins the op's nest with the loops over the parallel dims. */
void ts_lower_parallel(ts_lower *, ts_point *);
/* The loops over the reduced dims, inside. */
void ts_lower_reduced(ts_lower *, ts_point *);
/* The element of a plain operand at the point, in its type; see ts_lower_load. */
ts_value *ts_lower_element(ts_lower *, const char *name, const ts_point *, unsigned operand);
/* Converts the scalar to the result's type and stores it at the point. */
void ts_lower_give(ts_lower *, ts_value *scalar, const ts_point *);

/* ---- scalars ---- */

/* An element of a tensor, in its type: a load named after `name`, or a literal for a splat. */
ts_value *ts_lower_load(ts_lower *, const char *name, ts_value *tensor, const ts_subs *);
ts_value *ts_lower_load_memref(ts_lower *, const char *name, ts_value *memref, const ts_subs *);
void ts_lower_store(ts_lower *, ts_value *scalar, ts_value *memref, const ts_subs *);
/* The same number in another type, as `cast` says; named after it: %x as f64 is %x.f64. */
ts_value *ts_lower_convert(ts_lower *, ts_value *scalar, ts_dtype to);
/* One scalar op whose result has the type of the operands; literals among them are fine. */
ts_value *ts_lower_op(ts_lower *, const char *name, ts_opcode, ts_dtype, unsigned n,
                      ts_value *const *operands);
ts_value *ts_lower_op1(ts_lower *, const char *name, ts_opcode, ts_dtype, ts_value *);
ts_value *ts_lower_op2(ts_lower *, const char *name, ts_opcode, ts_dtype, ts_value *, ts_value *);
/* Gives `approx`, where the tensor op has it, to the scalar op that computes `scalar`. */
void ts_lower_copy_approx(ts_lower *, const ts_op *from, ts_value *scalar);
ts_value *ts_lower_float(ts_lower *, ts_dtype, double);
/* What sums, largest elements and the like start from (ts_neutral). */
ts_value *ts_lower_neutral(ts_lower *, ts_opcode combine, ts_dtype);
/* 0 in any type. */
ts_value *ts_lower_zero(ts_lower *, ts_dtype);
/* The literal that all elements of a constant are; NULL for other values. */
ts_value *ts_lower_splat(ts_lower *, const ts_value *tensor);
/* An op whose operands are all literals has no type to be read back from: the first becomes a
 * const. */
void ts_lower_unliteral(ts_lower *, ts_op *);

/* ---- accumulators: one element of local memory ---- */

typedef struct ts_acc {
  ts_value *memref;
  ts_dtype dtype;
} ts_acc;
ts_acc ts_lower_acc(ts_lower *, const char *name, ts_value *init, ts_dtype);
ts_value *ts_lower_acc_load(ts_lower *, const char *name, ts_acc);
void ts_lower_acc_store(ts_lower *, ts_acc, ts_value *);
/* acc = op(acc, x) */
void ts_lower_acc_update(ts_lower *, ts_acc, ts_opcode, ts_value *x);
/* How many reduced points an element has, as a value of type `dtype`; call it outside of the nest. */
ts_value *ts_lower_count(ts_lower *, const ts_iter_space *, ts_dtype);

/* ---- families: each writes the nest of one op ---- */

void ts_lower_elementwise(ts_lower *, ts_op *); /* unary, binary, cast */
void ts_lower_fused(ts_lower *, ts_op *);
void ts_lower_quantize(ts_lower *, ts_op *); /* and dequantize */
void ts_lower_combined(ts_lower *, ts_op *); /* products and reductions */
void ts_lower_softmax(ts_lower *, ts_op *);
void ts_lower_layernorm(ts_lower *, ts_op *);
void ts_lower_reshape(ts_lower *, ts_op *);
void ts_lower_moved(ts_lower *, ts_op *); /* views with maps: transpose, broadcast */
/* Clones the region of a fused op with its arguments replaced by `args`; the value it yields. */
ts_value *ts_lower_region(ts_lower *, ts_op *, ts_value *const *args);
/* The element at the point for the region argument `arg`, which plain operand `operand` feeds: named after the
 * argument, or %b.e as an element of %b. */
ts_value *ts_lower_region_arg(ts_lower *, const ts_point *, unsigned arg, unsigned operand);

#endif
