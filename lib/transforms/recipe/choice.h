/* What a recipe decides, as options that say it in its place: -recipe="cpu j.vectors=3 pack=false".
 *
 * A nest is called by one of its loops: a product by the one over columns, others by their outermost one (as a schedule's
 * steps call it, so that each has a name of its own). Without a loop a choice is for all nests that have it. What
 * is left out, the recipe decides, knowing what was said. choices.def has the table of choices. */
#ifndef TS_TRANSFORMS_RECIPE_CHOICE_H
#define TS_TRANSFORMS_RECIPE_CHOICE_H

#include "ir/ir.h"
#include "target/target.h"

/* One choice of one nest, and the values worth trying for its loops on this target. */
typedef struct ts_recipe_choice {
  const char *option;    /* "j.vectors" */
  const char *parameter; /* the same as the name of a space's parameter: "j_vectors" */
  const char *summary;
  unsigned n;
  const char **values;
  const char *own; /* the recipe's: one of them */
  unsigned rank;   /* its row in choices.def */
} ts_recipe_choice;

/* A product: its extents (0: symbolic), and sides of a tile as expressions of space files over parameters. */
typedef struct ts_recipe_tiles {
  int64_t matrices, rows, columns, sums;
  const char *tile_rows, *tile_columns, *tile_sums;
} ts_recipe_tiles;

typedef struct ts_recipe_choices {
  TS_VEC(ts_recipe_choice) at;
  TS_VEC(const char *) rules; /* what must hold between them, as space files say it */
  TS_VEC(ts_recipe_tiles) products;
} ts_recipe_choices;
/* Of all nests of a loop function, in order: those of the recipe cpu with its own decisions. Where these have more than a
 * few 100,000 combinations, choices that matter less are left to the recipe. In the arena. */
ts_result ts_recipe_choices_of(ts_context *, ts_arena *, ts_func *, const ts_target *,
                               unsigned threads, ts_recipe_choices *);

#endif
