/* The option structs and functions of all passes, and the table of them, made from passes.def:
 *   typedef struct ts_lower_options { ts_dtype acc; } ts_lower_options;
 *   ts_result ts_pass_lower(ts_pass_ctx *, ts_module *, const void *options); */
#ifndef TS_TRANSFORMS_PASSES_H
#define TS_TRANSFORMS_PASSES_H

#include "pass/pass.h"

#define TS_OPTION_BOOL bool
#define TS_OPTION_INT int64_t
#define TS_OPTION_DTYPE ts_dtype
#define TS_OPTION_STRING const char *
#define TS_OPTION_FUNC const char *
#define TS_OPTION_LOOP const char *
#define TS_OPTION_LOOPS ts_loop_list

#define PASS(id, ...) typedef struct ts_##id##_options {
#define OPTION(id, name, kind, ...) TS_OPTION_##kind name;
#define END(id)                                                                                    \
  }                                                                                                \
  ts_##id##_options;                                                                               \
  ts_result ts_pass_##id(ts_pass_ctx *, ts_module *, const void *options);
#include "transforms/passes.def"
#undef PASS
#undef OPTION
#undef END

extern const ts_pass_table ts_all_passes;

#endif
