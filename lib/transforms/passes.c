/* The table of all passes, made from passes.def. */
#include "transforms/passes.h"

/* The options of each pass, and what they may do to the answer; a sentinel keeps the tables of those without
 * options from being empty. */
#define PASS(id, ...) static const ts_option options_of_##id[] = {
#define OPTION(id, name, kind, rounding, otherwise, summary)                                       \
  {#name,     TS_OPT_##kind, offsetof(struct ts_##id##_options, name), otherwise, summary,         \
   INT64_MIN, INT64_MAX},
#define NUMBER(id, name, rounding, otherwise, least, most, summary)                                \
  {#name, TS_OPT_INT, offsetof(struct ts_##id##_options, name), otherwise, summary, least, most},
#define END(id)                                                                                    \
  {                                                                                                \
    NULL                                                                                           \
  }                                                                                                \
  }                                                                                                \
  ;
#include "transforms/passes.def"
#undef PASS
#undef OPTION
#undef NUMBER
#undef END

#define PASS(id, ...) static const ts_rounding roundings_of_##id[] = {
#define OPTION(id, name, kind, rounding, ...) TS_ROUNDING_##rounding,
#define NUMBER(id, name, rounding, ...) TS_ROUNDING_##rounding,
#define END(id)                                                                                    \
  TS_ROUNDING_EXACT                                                                                \
  }                                                                                                \
  ;
#include "transforms/passes.def"
#undef PASS
#undef OPTION
#undef NUMBER
#undef END

enum { IS_PUBLIC, IS_RECIPE = 1, IS_TESTING = 2, IS_TESTING_RECIPE = IS_RECIPE | IS_TESTING };

static const ts_pass_info passes[] = {
#define T TS_LEVEL_T
#define L TS_LEVEL_L
#define TL TS_LEVEL_TL
#define PASS(id, flag, in, out, rounding, category, summary, example)                              \
  {flag,                                                                                           \
   ts_pass_##id,                                                                                   \
   in,                                                                                             \
   out,                                                                                            \
   TS_ROUNDING_##rounding,                                                                         \
   (IS_##category & IS_TESTING) != 0,                                                              \
   (IS_##category & IS_RECIPE) != 0,                                                               \
   summary,                                                                                        \
   example,                                                                                        \
   {options_of_##id, ts_countof(options_of_##id) - 1, sizeof(struct ts_##id##_options)},           \
   roundings_of_##id},
#define OPTION(...)
#define END(id)
#include "transforms/passes.def"
#undef T
#undef L
#undef TL
};

/* What others call what is here. */
static const ts_pass_synonym_row synonyms[] = {
    {"interchange", "reorder"},
    {"loop-interchange", "reorder"},
    {"permute", "reorder"},
    {"fission", "distribute"},
    {"loop-fission", "distribute"},
    {"loop-distribute", "distribute"},
    {"fusion", "fuse"},
    {"loop-fusion", "fuse-loops"},
    {"fuse-loop", "fuse-loops"},
    {"cache-read", "stage"},
    {"cache_read", "stage"},
    {"cache-write", "stage"},
    {"cache_write", "stage"},
    {"pack", "stage"},
    {"tiling", "tile"},
    {"loop-tile", "tile"},
    {"block", "tile"},
    {"blocking", "tile"},
    {"strip-mine", "split"},
    {"stripmine", "split"},
    {"vectorise", "vectorize"},
    {"vectorization", "vectorize"},
    {"vectorisation", "vectorize"},
    {"loop-vectorize", "vectorize"},
    {"simd", "vectorize"},
    {"unrolling", "unroll"},
    {"loop-unroll", "unroll"},
    {"unroll-and-jam", "unroll-jam"},
    {"parallelise", "parallel"},
    {"parallelize", "parallel"},
    {"parallelization", "parallel"},
    {"licm", "hoist"},
    {"loop-invariant-code-motion", "hoist"},
    {"mem2reg", "promote"},
    {"sroa", "promote"},
    {"constant-fold", "fold"},
    {"constant-folding", "fold"},
    {"sccp", "fold"},
    {"gvn", "cse"},
    {"adce", "dce"},
    {"symbol-dce", "dce"},
    {"instcombine", "canonicalize"},
    {"canonicalise", "canonicalize"},
    {"loop-peel", "peel"},
    {"compute_at", "compute-at"},
    {"lowering", "lower"},
    {"convert-to-loops", "lower"},
    {"O1", "recipe=cpu"},
    {"O2", "recipe=cpu"},
    {"O3", "recipe=cpu"},
};

const ts_pass_table ts_all_passes = {
    .rows = passes,
    .n = ts_countof(passes),
    .synonyms = synonyms,
    .num_synonyms = ts_countof(synonyms),
};
