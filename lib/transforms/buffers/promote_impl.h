/* What the files of `promote` share. */
#ifndef TS_TRANSFORMS_BUFFERS_PROMOTE_IMPL_H
#define TS_TRANSFORMS_BUFFERS_PROMOTE_IMPL_H

#include "transforms/loops/loops.h"

/* What keeps the buffer from becoming one of vectors, as a sentence's end ("its access here is no
 * full vector") and the op it speaks of; NULL when nothing does: it then is one, its loops counted
 * in vectors. */
const char *ts_promote_vectors(ts_pass_ctx *, ts_module *, ts_op *alloc, const ts_op **at);
/* The same for becoming values: each element a value where that is known, a buffer of its own
 * elsewhere. What was done is told in remarks. */
const char *ts_promote_values(ts_pass_ctx *, ts_func *, ts_op *alloc, const ts_op **at);

#endif
