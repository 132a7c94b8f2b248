/* Which shape binds which extent, and whether arrays fit a function's signature. */
#ifndef TS_DATA_SHAPE_BINDING_H
#define TS_DATA_SHAPE_BINDING_H

#include "data/array.h"

/* Values of the symbolic extents of one run, in the order of first appearance in the signature. */
typedef struct ts_bindings {
  unsigned n;
  struct ts_binding {
    ts_str name;
    int64_t value;   /* 0: not bound yet */
    const char *who; /* what bound it, for the message of a clash: "dimension 0 of %X" */
  } *at;
} ts_bindings;
/* Binds the signature's extents to the inputs' shapes; a wrong rank, type or extent and a clash are
 * errors that name both sides. Entries whose array has no data yet (outputs) only receive. `fixed` are
 * the -D bindings (may be NULL). */
ts_result ts_bind(ts_context *, const ts_func *, const ts_array *arrays, const ts_bindings *fixed,
                  ts_bindings *out);
int64_t ts_binding_value(const ts_bindings *, ts_str);
/* The extent with the bindings put in. */
int64_t ts_bound_extent(const ts_bindings *, ts_extent);
/* The same of the type's extents. */
void ts_bound_dims(const ts_bindings *, const ts_type *, int64_t dims[TS_MAX_RANK]);
/* The extents of a function that is called: those of the operands, of which the caller's bindings tell. In the arena. */
ts_bindings ts_bind_call(ts_arena *, const ts_op *call, const ts_func *callee,
                         const ts_bindings *caller);

/* Whether every array is of its entry's scalar type and bound extents; an error that names the first that
 * is not. One array for each entry of the function's signature. */
ts_result ts_check_arrays(ts_context *, const ts_func *, const ts_bindings *,
                          const ts_array *arrays);

#endif
