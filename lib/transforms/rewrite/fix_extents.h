/* Symbolic extents given a number (`-D M=512`). */
#ifndef TS_TRANSFORMS_REWRITE_FIX_EXTENTS_H
#define TS_TRANSFORMS_REWRITE_FIX_EXTENTS_H

#include "ir/ir.h"
#include "syntax/extent.h"

/* Puts the numbers in place of the names in all types and affine expressions of the module, then
 * verifies it. TS_ERR when the module has no extent of a name, a name has two values, or what was
 * legal for every number is not for this one. */
ts_result ts_fix_extents(ts_module *, unsigned n, const ts_extent_value *values);

#endif
