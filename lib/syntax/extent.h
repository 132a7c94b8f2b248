/* The value of a symbolic extent as text: "M=512". */
#ifndef TS_SYNTAX_EXTENT_H
#define TS_SYNTAX_EXTENT_H

#include "ir/ir.h"

typedef struct ts_extent_value {
  const char *name;
  int64_t value;
} ts_extent_value;

/* "M=512" into name (in the context's arena) and value; TS_USAGE with a message when it is not of
 * that form, the name cannot be an extent's or the value is not in [1, 2^63). */
ts_result ts_extent_parse(ts_context *, const char *text, ts_extent_value *out);

#endif
