/* Symbolic extents given a number (`-D M=512`). */
#ifndef TS_TRANSFORMS_REWRITE_BIND_EXTENTS_H
#define TS_TRANSFORMS_REWRITE_BIND_EXTENTS_H

#include "ir/ir.h"

typedef struct ts_extent_value {
  const char *name;
  int64_t value;
} ts_extent_value;

/* "M=512" into name (in the context's arena) and value; TS_USAGE with a message when it is not of
 * that form, the name cannot be an extent's or the value is not in [1, 2^63). */
ts_result ts_extent_parse(ts_context *, const char *text, ts_extent_value *out);

/* Puts the numbers in place of the names in all types and affine expressions of the module, then
 * verifies it. TS_ERR when the module has no extent of a name, a name has two values, or what was
 * legal for every number is not for this one. */
ts_result ts_bind_extents(ts_module *, unsigned n, const ts_extent_value *values);

#endif
