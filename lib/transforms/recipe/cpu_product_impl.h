/* A product that is to be scheduled: what is known before the first step, and stays. */
#ifndef TS_TRANSFORMS_RECIPE_CPU_PRODUCT_IMPL_H
#define TS_TRANSFORMS_RECIPE_CPU_PRODUCT_IMPL_H

#include "transforms/recipe/recipe_impl.h"

typedef struct ts_product {
  ts_recipe *r;
  const ts_nest *nest;
  const char *rows_loop, *columns_loop, *sums_loop; /* %i (NULL: none), %j, %k by name */
  int64_t rows, columns, sums;                      /* 0: symbolic */
  int64_t lanes, vectors, tile_rows;                /* of a tile: its width is lanes · vectors */
  int64_t panels_together; /* panels that are copied at once; 1: each for itself */
  int64_t group;           /* of products that one `dot` adds up; 0: none is used */
  int64_t sum_block;       /* of sums, where a panel is cut into such; 0: it is whole */
  int64_t prefetch;        /* rows of the panel ahead; 0: none */
  int64_t unroll;          /* copies of the loop over sums */
  bool rows_outermost;     /* tiles of rows around panels, instead of the other way round */
  bool pack;               /* panels are copied */
  bool widen;              /* as elements of the sums' type */
  bool offset;             /* rows hold 128 more, for instructions that want the first factor so */
} ts_product;
ts_product ts_product_of(ts_recipe *, const ts_nest *);
/* One of the product's choices; see ts_recipe_choose. */
int64_t ts_product_choose(const ts_product *, ts_recipe_choice_id, int64_t own, unsigned n,
                          const int64_t *worth);
/* Is there enough work for a parallel loop? */
bool ts_product_is_parallel(const ts_product *);
/* Are there several panels of columns, or one that is not full? */
bool ts_product_has_panels(const ts_product *);
static inline bool ts_product_is_parameter(const ts_value *v) { return v->kind == TS_VALUE_ARG; }

#endif
