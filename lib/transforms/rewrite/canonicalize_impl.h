/* What the files of canonicalize share. */
#ifndef TS_TRANSFORMS_REWRITE_CANONICALIZE_IMPL_H
#define TS_TRANSFORMS_REWRITE_CANONICALIZE_IMPL_H

#include "transforms/rewrite/rewrite.h"

/* One run over a function: the ops to look at (each once at a time, marked by its tag), and where
 * the replacement of the op at hand goes. */
typedef struct ts_rewriter {
  ts_pass_ctx *pass;
  ts_module *m;
  ts_builder b;
  TS_VEC(ts_op *) work;
} ts_rewriter;

/* Equal operands of a fused op become one, and those that its region does not read go where the
 * shape of the result does not need them. The replacement, or NULL. */
ts_value *ts_simplify_fused(ts_rewriter *, ts_op *);

#endif
