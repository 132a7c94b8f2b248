/* Reordering a perfect nest if that is legal: for the passes reorder and tile. */
#ifndef TS_TRANSFORMS_LOOPS_REORDER_H
#define TS_TRANSFORMS_LOOPS_REORDER_H

#include "transforms/loops/loops.h"

/* Puts loops[order[p]] at depth p. TS_ERR with the reason when dependences or bounds forbid it; the
 * nest is then as it was. `before` is what made the nest, as flags, for the advice on what would be
 * legal; NULL: it stood there. */
ts_result ts_reorder_checked(ts_schedule *, unsigned n, ts_op **loops, const unsigned *order,
                             const char *before);

#endif
