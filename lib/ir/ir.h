/* The IR: one set of structures for both levels.
 *
 * A module holds functions and globals. A function's body is a block; an op holds blocks (regions) of
 * its own, so control flow is structured and one block is a region. Values are results, block
 * arguments and literals (uniqued constants written in place of an operand). Every operand is on its
 * value's use list.
 *
 * Memory: everything lives in the module's arena. An op, its results and its first operand array are
 * one allocation; S3 in docs/benchmarks.md holds the budget per op. */
#ifndef TS_IR_IR_H
#define TS_IR_IR_H

#include "ir/affine.h"
#include "ir/build.h"
#include "ir/op.h"
#include "ir/type.h"

#endif
