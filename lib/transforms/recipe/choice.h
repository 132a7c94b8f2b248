/* What a recipe decides, as numbers that can be set: -recipe="cpu j.vectors=3 j.rows=8".
 *
 * A nest is called by its outermost loop over columns, as the recipe's remarks call it; without a name a choice is for all
 * nests of a kind that has it. What is left out the recipe chooses. choices.def has the table: kind of nest, name, values
 * that mean something, summary. */
#ifndef TS_TRANSFORMS_RECIPE_CHOICE_H
#define TS_TRANSFORMS_RECIPE_CHOICE_H

#include "ir/ir.h"
#include "target/target.h"

/* One choice of one nest, the values worth trying for its loops on this target, and the recipe's own. */
typedef struct ts_recipe_choice {
  const char *name; /* "j.vectors" as an option */
  const char *summary;
  unsigned n;
  const char **values;
  const char *own;     /* one of them */
  const char *only_if; /* an expression of space files over other choices, `pack`; NULL: always */
} ts_recipe_choice;
typedef struct ts_recipe_choices {
  TS_VEC(ts_recipe_choice) at;
  TS_VEC(const char *) rules; /* what must hold between them, as space files say it */
} ts_recipe_choices;
/* Of all nests of a loop function, in order. In the arena. */
ts_result ts_recipe_choices_of(ts_context *, ts_arena *, ts_func *, const ts_target *,
                               unsigned threads, ts_recipe_choices *);

#endif
