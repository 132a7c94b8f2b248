/* What the files of the verifier share. Private to lib/analysis. */
#ifndef TS_ANALYSIS_VERIFY_VERIFY_IMPL_H
#define TS_ANALYSIS_VERIFY_VERIFY_IMPL_H

#include "ir/outline.h"
#include "analysis/index/range.h"

/* State of an op's tag while its function is verified. */
enum {
  TS_VERIFY_SEEN = 1, /* its results may be used from here on, while its block is open */
  TS_VERIFY_OPEN = 2, /* one of its regions is being walked */
  TS_VERIFY_VARIES =
      4, /* inside a launch: its results (or its loop's variable) differ between threads */
  TS_VERIFY_RUNTIME = 8 /* an apply of something that is read or computed at run time */
};

typedef struct ts_call_edge {
  const ts_op *op;
  const ts_func *from, *to;
} ts_call_edge;

typedef struct ts_verifier {
  ts_module *m;
  ts_arena scratch;
  const ts_func *func;
  ts_ranges *ranges;
  unsigned level; /* of func; 0: nothing has shown it yet */
  bool mixed;     /* reported for func */
  unsigned depth;
  const ts_op *launch, *fused; /* around */
  const ts_op *divergent;      /* the outermost if or for around that threads take differently */
  bool bound_known;            /* those of func are in `bound` */
  ts_ptrmap bound;          /* ts_str of an extent → the last function whose parameters bind it */
  ts_ptrmap maps;           /* map → function whose symbols are known to be bound */
  const ts_type *last_type; /* checked in func */
  TS_VEC(ts_call_edge) calls;
} ts_verifier;

/* Reports; always false. */
bool ts_verify_error(ts_verifier *, ts_loc, const char *fmt, ...) TS_PRINTF(3, 4);
/* "%name", or the number that the printer gives; for messages. */
const char *ts_verify_name(ts_verifier *, const ts_value *);
/* Do parameters of the function bind the extent? */
bool ts_verify_is_bound(ts_verifier *, ts_str symbol);
/* Do the bytes of an array of this type fit int64? Symbolic extents count as 1. */
bool ts_verify_size_fits(const ts_type *);
/* Rank, extents, size in bytes, and symbols bound by parameters. Reports at `loc`. */
bool ts_verify_type(ts_verifier *, ts_loc loc, const ts_type *);
/* Strides that keep all elements apart (of the extents that are known). Reports at `loc`. The size fits. */
bool ts_verify_layout(ts_verifier *, ts_loc loc, const ts_type *);
/* One op without its regions: uses, form, types, what stands in its place, accesses. False: its
 * regions cannot be entered. */
bool ts_verify_op(ts_verifier *, ts_op *);
/* What depends on launches: where an op may stand, sizes of launches, divergence. Marks TS_VERIFY_VARIES. */
void ts_verify_gpu(ts_verifier *, ts_op *);
/* Does the value differ between the threads of a block? */
bool ts_verify_varies(const ts_value *);
void ts_verify_call(ts_verifier *, const ts_op *);
/* Refuses writing to a buffer that is an input or a global. */
void ts_verify_written(ts_verifier *, const ts_op *, const ts_value *buffer);
/* After all functions: no function reaches itself through calls. */
void ts_verify_recursion(ts_verifier *);

#endif
