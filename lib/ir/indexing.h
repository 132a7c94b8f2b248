/* Tensor ops as loop nests: over which points an op computes, and which element of each operand and of the
 * result a point has to do with. Flop counts, error bounds, tolerances and the lowering ask here, so that an
 * op of a known kind needs no line of theirs.
 *
 * The idea is that of MLIR's linalg dialect: Vasilache et al., "Composable and Modular Code Generation in
 * MLIR" (arXiv:2202.03293), where an op is its iterators and its indexing maps. */
#ifndef TS_IR_INDEXING_H
#define TS_IR_INDEXING_H

#include "ir/ir.h"

/* An op has at most one dim for each axis of its result and one for each reduced axis. */
enum { TS_MAX_ITER_DIMS = 2 * TS_MAX_RANK };

/* A family of ops that are indexed alike. A row of tir.def names its family where the class does not tell it. */
typedef struct ts_maps ts_maps;
extern const ts_maps ts_maps_elementwise, ts_maps_transpose, ts_maps_product;

/* The points of an op. The parallel dims come first, in the order of the result's axes; the others are
 * reduced, and what their points give is combined in ascending order, the last dim the fastest. */
typedef struct ts_iter_space {
  unsigned n, num_parallel;
  ts_extent extents[TS_MAX_ITER_DIMS];
} ts_iter_space;

/* The kind of op that decides the points: the op itself, but for a fused op with a root, which is the root with
 * work at its end. */
const ts_op_info *ts_root_info(const ts_op *);

/* The space of an op with one result, a tensor. Where the op has no maps, the elements of its result. */
ts_iter_space ts_op_iter_space(const ts_op *);

/* Are the subscripts that a point reads and writes linear in the point? False for const and reshape. */
bool ts_has_maps(const ts_op *);

/* For an op with maps: the subscripts of plain operand `operand`, or for operand = num_plain of the result, over
 * the dims of the space; one expression for each axis. An axis of extent 1 that is broadcast has the subscript 0,
 * and a literal none. Of NORMALIZE ops the result's subscripts mention the reduced dim: its elements are written
 * when figures of the whole axis are known, which takes one more walk along it. */
const ts_map *ts_op_indexing(ts_module *, const ts_op *, unsigned operand);

#endif
