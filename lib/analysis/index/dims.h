/* Affine expressions over values rather than over one op's dims: what maps of new ops are made of. */
#ifndef TS_ANALYSIS_INDEX_DIMS_H
#define TS_ANALYSIS_INDEX_DIMS_H

#include "ir/ir.h"

/* The dims of an op being made: each value once, numbered in the order they are first asked for. */
typedef struct ts_dims {
  ts_module *m;
  unsigned n;
  ts_value *at[TS_MAX_DIMS];
  bool overflow; /* more than TS_MAX_DIMS were asked for, or an expression did not fit */
} ts_dims;
ts_dims ts_dims_none(ts_module *);
/* The value (of type index) as an expression over these dims. A constant is one. */
const ts_aff *ts_dims_value(ts_dims *, ts_value *);
/* An expression over the dims of `op`, over these instead. */
const ts_aff *ts_dims_import(ts_dims *, const ts_op *op, const ts_aff *);
/* Whether dim `i` stands anywhere in the expression. */
bool ts_dims_mentions(const ts_aff *, unsigned i);
/* Like ts_aff_binary, but where that would fail (not affine, a number past int64) it sets
 * `overflow` and gives 0. */
const ts_aff *ts_dims_binary(ts_dims *, ts_aff_kind, const ts_aff *, const ts_aff *);
const ts_aff *ts_dims_add(ts_dims *, const ts_aff *, const ts_aff *);
const ts_aff *ts_dims_sub(ts_dims *, const ts_aff *, const ts_aff *);
const ts_aff *ts_dims_scale(ts_dims *, const ts_aff *, int64_t);
/* a / n where n divides a whatever the variables are; else NULL. */
const ts_aff *ts_dims_quotient(ts_dims *, const ts_aff *a, int64_t n);

/* Room for a list of n expressions, as long as the module lives: a condition or a bound may have any
 * number of them. */
static inline const ts_aff **ts_new_exprs(ts_module *m, size_t n) {
  return ts_new_array(&m->arena, const ts_aff *, n);
}
/* Gives an op a map of expressions over these dims; dims that no expression uses are left out.
 * False on overflow, the op is then as it was. */
bool ts_dims_set_map(ts_dims *, ts_op *, unsigned n, const ts_aff *const *exprs);

/* Puts the expression `with`, over `dims`, in the place of `v` (an index value) everywhere: in
 * subscripts and bounds in place, elsewhere as an apply in front. `v` has no uses afterwards. False
 * when an expression gets too large or too deep; uses replaced until then stay replaced. */
bool ts_replace_by_affine(ts_value *v, const ts_aff *with, const ts_dims *dims);

#endif
