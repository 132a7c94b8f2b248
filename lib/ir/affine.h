/* Affine expressions: subscripts, bounds of loops, sides of conditions. */
#ifndef TS_IR_AFFINE_H
#define TS_IR_AFFINE_H

#include "ir/type.h"

typedef enum {
  TS_AFF_CONST,    /* value */
  TS_AFF_DIM,      /* value: which of the op's map operands */
  TS_AFF_SYM,      /* value: ts_str of a symbolic extent */
  TS_AFF_ADD,      /* lhs + rhs; a subtraction is lhs + rhs * -1 */
  TS_AFF_MUL,      /* lhs * constant */
  TS_AFF_FLOORDIV, /* lhs floordiv positive constant */
  TS_AFF_CEILDIV,
  TS_AFF_MOD /* lhs mod positive constant; result in [0, rhs) */
} ts_aff_kind;

/* Uniqued in its module: equal expressions are the same pointer. The makers fold constants and
 * x + 0, x * 1, x * 0, and put constants on the right; nothing else, so text stays as written. */
typedef struct ts_aff {
  uint16_t kind;  /* ts_aff_kind */
  uint16_t depth; /* at most TS_MAX_AFF_DEPTH, so recursion over it is safe */
  const struct ts_aff *lhs, *rhs;
  int64_t value;
} ts_aff;
const ts_aff *ts_aff_const(ts_module *, int64_t);
const ts_aff *ts_aff_dim(ts_module *, unsigned);
const ts_aff *ts_aff_sym(ts_module *, ts_str);
/* Any kind with two sides. NULL when it is not affine (product of two non-constants, a division by a
 * non-positive or non-constant), a constant overflows, or it gets too deep. */
const ts_aff *ts_aff_binary(ts_module *, ts_aff_kind, const ts_aff *lhs, const ts_aff *rhs);
/* Replaces dim i by with[i] and symbol s by sym(ctx, s) (either may be NULL). */
const ts_aff *ts_aff_substitute(ts_module *, const ts_aff *, const ts_aff *const *with,
                                const ts_aff *(*sym)(void *, ts_str), void *ctx);
/* Value with dims[i] and sym(ctx, s) put in; false on overflow. */
bool ts_aff_eval(const ts_aff *, const int64_t *dims, int64_t (*sym)(void *, ts_str), void *ctx,
                 int64_t *out);
bool ts_aff_is_const(const ts_aff *, int64_t *value);

/* A list of expressions, uniqued in its module. */
typedef struct ts_map {
  uint32_t n;
  const ts_aff *exprs[];
} ts_map;
const ts_map *ts_map_get(ts_module *, unsigned n, const ts_aff *const *exprs);

#endif
