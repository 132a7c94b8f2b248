/* A space of pipelines: parameters with their values, what holds between them, and a pipeline with holes.
 *
 *   space tiles
 *   const base = 1e-3                            # may be set from outside
 *   param rows in [8, 16, 32, 64]
 *   param width in 16 .. 128 by *2               # powers; `by 8` or nothing: steps
 *   param pack in [true, false]
 *   param ahead in [0, 2, 4] if pack             # absent, and of no effect, where the condition does not hold
 *   require rows * width <= 2048 and K % width == 0
 *   require (rows + 1) * width * 4 <= l1_bytes "the tile does not fit the first-level cache"
 *   pipeline { fuse, lower{acc=f32}, tile{i=$rows j=$width k=$(2 * width)}, $if(pack){ stage{W at=j.o}, } promote }
 *   power base + ceildiv(M, rows) * 2e-6         # watts, of the modelled energy
 *   tolerance 1e-5                               # absolute, against the graph in f64, in place of the bounds
 *   warmup 1
 *   take least                                   # of the samples; or median
 *
 * Expressions know the parameters before them, constants, the program's extents (by the names of its symbols), and the
 * machine's figures. docs/tuning.md has the grammar. */
#ifndef TS_TUNE_SPACE_SPACE_H
#define TS_TUNE_SPACE_SPACE_H

#include "syntax/extent.h"
#include "target/target.h"
#include "tune/space/domain.h"

typedef enum { TS_TAKE_MEDIAN, TS_TAKE_LEAST } ts_take;

typedef struct ts_tune_space ts_tune_space;

/* What expressions may name besides parameters. */
typedef struct ts_tune_space_setting {
  const ts_target *target;
  unsigned num_extents;
  const ts_extent_value *extents; /* of the program: M, K, N */
  unsigned num_constants;
  const struct ts_tune_space_constant {
    const char *name;
    double value;
  } *constants;        /* in place of the file's */
  uint64_t most_nodes; /* of the graph of legal points; 0: 2^18 */
} ts_tune_space_setting;

/* Reads one; the source must live as long as the context's messages. TS_ERR, located, for text that is wrong: an unknown
 * name, also in a hole, a condition that hangs on itself, an empty list. Constants of the setting that the file lacks
 * are TS_USAGE. */
ts_result ts_tune_space_parse(ts_context *, ts_arena *, const ts_source *,
                              const ts_tune_space_setting *, ts_tune_space **);
/* As text that ts_tune_space_parse reads back. */
void ts_tune_space_print(ts_sink *, const ts_tune_space *);
const char *ts_tune_space_name(const ts_tune_space *);
/* Its legal points. TS_ERR for a space without any, saying which rule takes the last ones away; TS_LIMIT where the rules
 * hang together so much that the graph passes `most_nodes`. */
ts_result ts_tune_space_domain(ts_context *, ts_arena *, const ts_tune_space *, ts_domain *);
/* The pipeline of a legal point. */
const char *ts_tune_space_pipeline(const ts_tune_space *, ts_arena *, const ts_choice *point);
/* How candidates are to be judged and timed. */
typedef struct ts_tune_space_terms {
  double tolerance; /* absolute, against the graph in f64; < 0: the bounds of rounding */
  int warmups;      /* runs before the first sample; -1: not said */
  ts_take take;
  bool has_power;
} ts_tune_space_terms;
ts_tune_space_terms ts_tune_space_terms_of(const ts_tune_space *);
/* Watts at a point, where the space has a `power`. */
double ts_tune_space_power(const ts_tune_space *, const ts_choice *point);

/* The space of the nests of a function: parameters of the recipe (transforms/recipe/choice.h) with the values worth
 * trying for these loops on this machine, as text that ts_tune_space_parse reads. `first` is the point that the recipe itself
 * would choose, as ts_domain_read_point reads it. In the arena. TS_ERR for a function without loops to schedule. */
struct ts_module;
ts_result ts_tune_space_of_module(ts_context *, ts_arena *, struct ts_module *, const ts_target *,
                                  unsigned threads, const char **text, const char **first);

#endif
