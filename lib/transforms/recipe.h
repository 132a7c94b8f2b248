/* What recipes share: recognising the nests that `lower` makes, and writing steps. */
#ifndef TS_RECIPE_H
#define TS_RECIPE_H

#include "analysis/target.h"
#include "transforms/loops.h"

typedef enum {
  TS_NEST_PRODUCT,     /* sums over a loop %k of elements that lie side by side along the last loop
                          around it */
  TS_NEST_ELEMENTWISE, /* a perfect nest of straight code */
  TS_NEST_ROWS,        /* anything else with loops inside: softmax, layernorm, reductions of rows */
} ts_nest_kind;

/* A loop of a function's body and what is in it. */
typedef struct ts_nest {
  ts_nest_kind kind;
  unsigned n;
  ts_op *loops[TS_MAX_NESTING]; /* the perfect nest from the outside in, without %k */
  /* of a product */
  ts_op *k;
  ts_value *panel,
      *rows; /* the operand that lies along the last loop; the other one, NULL: a plain sum */
  ts_op *panel_load, *rows_load;
  ts_value *sum;      /* the buffer that is added to */
  ts_dtype data, acc; /* of the operands and of the sum */
} ts_nest;
ts_nest ts_nest_of(ts_op *loop);

/* The only subscript of the load that speaks of the variable, which it is; the number of subscripts
 * where there is none. */
unsigned ts_nest_subscript(const ts_op *load, const ts_value *iv);

/* Steps being written for one function. */
typedef struct ts_recipe {
  ts_pass_ctx *pass;
  ts_module *m;
  ts_func *func;
  ts_target target;
  unsigned threads;
  bool several; /* functions: every step says which one it is for */
  ts_result result;
} ts_recipe;
/* Adds the step PASS{OPTIONS}. */
void ts_recipe_step(ts_recipe *, const char *pass, const char *options, ...) TS_PRINTF(3, 4);

/* The steps for one product; see recipe_product.c. */
void ts_recipe_product(ts_recipe *, const ts_nest *);

#endif
