/* Several schedules of one function in one program, of which each call takes one by an extent. */
#ifndef TS_TRANSFORMS_REWRITE_VERSIONS_H
#define TS_TRANSFORMS_REWRITE_VERSIONS_H

#include "ir/ir.h"

/* The function in one of its versions. */
typedef struct ts_func_version {
  ts_module *module; /* a copy of one program, verified; is not changed */
  int64_t most;      /* the version is for extents up to here; the last one for all */
  /* lines of what is said of it, each with its slashes and newline; NULL: nothing */
  const char *comment;
} ts_func_version;

/* The program of the first version with @func in all n of them, rising by `most`, as @func.M16 and so on, and a new
 * @func that calls the first one whose `most` is not less than the extent. A version alone stays @func. Verified. TS_ERR
 * for a version whose @func is no loop function or takes other arguments than the first's. */
ts_result ts_join_versions(ts_context *, const char *func, const char *extent, unsigned n,
                           const ts_func_version *, ts_module **out);

#endif
