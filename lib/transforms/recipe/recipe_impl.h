/* What recipes share: recognising nests by what they compute, and writing steps. */
#ifndef TS_TRANSFORMS_RECIPE_RECIPE_IMPL_H
#define TS_TRANSFORMS_RECIPE_RECIPE_IMPL_H

#include "target/target.h"
#include "transforms/loops/loops.h"
#include "transforms/recipe/choice.h"

typedef enum {
  TS_NEST_PRODUCT,     /* sums of products (or of single elements), many of them side by side */
  TS_NEST_ELEMENTWISE, /* a perfect nest of straight code, sums among it */
  TS_NEST_ROWS,        /* anything else with loops inside: softmax, layernorm, … */
} ts_nest_kind;

/* A loop of a function's body and what is in it. */
typedef struct ts_nest {
  ts_nest_kind kind;
  unsigned n;
  /* The perfect nest from the outside in; of a product those over its output, and in the order that it
   * is scheduled in: with %i, over rows, and %j, over what lies side by side, last. */
  ts_op *loops[TS_MAX_NESTING];
  bool moved; /* that is not the order they stand in */
  /* of a product */
  ts_op *i, *j; /* i: NULL where the panel is used once for each sum */
  unsigned num_sums;
  ts_op *sums[TS_MAX_NESTING]; /* loops over what is added up, outermost first */
  /* Sums are added up where they stay, in a buffer of several nests; else in one of their own, with
   * what sets them out and what follows on them beside the sum's loops. */
  bool in_place;
  /* Loops that hold more than those of the sum: these come apart first. */
  unsigned num_around;
  ts_op *around[TS_MAX_NESTING];
  ts_value *panel, *rows; /* the operand that lies along %j; the other one, NULL: a plain sum */
  ts_op *panel_load, *rows_load;
  ts_value *sum;         /* the buffer that is added to */
  ts_dtype data, acc;    /* of the operands and of the sum */
  bool fused;            /* it adds by fma */
  const ts_block *whole; /* body of the outermost loop */
  bool multiplies;       /* it adds up products, whether or not it is scheduled as such */
  const char *why;       /* not a product: what is missing; NULL: nothing is added up */
  const ts_op *what;     /* the op that `why` speaks of */
} ts_nest;
ts_nest ts_nest_of(ts_op *loop);

/* The one subscript of the load that is the variable itself while no other mentions it; the number
 * of subscripts when there is no such one. */
unsigned ts_nest_subscript(const ts_op *load, const ts_value *iv);
/* Does the access step from element to element with the variable, or (`still`) stay where it is? */
bool ts_nest_lies_along(const ts_op *access, const ts_access *, const ts_value *iv);
bool ts_nest_stays(const ts_op *access, const ts_access *, const ts_value *iv);

/* ---- choices ---- */

typedef enum {
#define CHOICE(id, ...) TS_CHOICE_##id,
#include "transforms/recipe/choices.def"
#undef CHOICE
} ts_recipe_choice_id;

/* The words of PARALLEL, in their order. */
typedef enum {
  TS_PARALLEL_NONE,
  TS_PARALLEL_OUTER,
  TS_PARALLEL_PANELS,
  TS_PARALLEL_TILES,
} ts_recipe_parallel_loop;

/* What an option says: the value of a choice. */
typedef struct ts_recipe_option {
  const char *nest; /* without %; NULL: all that have the choice */
  ts_recipe_choice_id id;
  int64_t value;
  bool found, used; /* there is such a nest; it has the choice, which can have the value */
} ts_recipe_option;

typedef TS_VEC(const char *) ts_recipe_names;

/* ---- recipes ---- */

/* Steps being written for one function. */
typedef struct ts_recipe {
  ts_pass_ctx *pass;
  ts_module *m;
  ts_func *func;
  ts_target target;
  unsigned threads;
  bool several;    /* functions: every step says which one it is for */
  ts_ptrmap names; /* loop → its name once each has one of its own */
  /* names of the function's values, and of copies that steps will make, by ts_str */
  ts_ptrmap taken;
  TS_VEC(ts_recipe_option) options;
  const char *nests;         /* what options may name, "%i, %j" */
  ts_recipe_choices *listed; /* receives choices, and no step is written; NULL: steps are */
  ts_arena *list_arena;
  ts_recipe_names left_out; /* parameters that are not listed */
  ts_result result;
} ts_recipe;
/* The steps for a function. */
void ts_recipe_cpu(ts_recipe *);
/* Those of records for all functions of the module, and where there are none these. */
ts_result ts_recipe_tuned(ts_recipe *, const ts_recipe_options *);
/* Reads "j.vectors=3". TS_USAGE, with a message, for a choice that there is not or a value that it cannot have. */
ts_result ts_recipe_add_option(ts_recipe *, const ts_loop_item *);
/* A nest that options may name. Nests are called as ts_recipe_loop calls their loops. */
void ts_recipe_note_nest(ts_recipe *, const char *nest);
/* TS_USAGE, at the function, for an option about a nest that there is not; a remark where it was of no use. */
ts_result ts_recipe_check_options(const ts_recipe *, const ts_func *);
/* The value of a nest's choice: what an option says, or `own`. `worth`: n values worth trying beside it; of words,
 * those that it may have. */
int64_t ts_recipe_choose(ts_recipe *, const char *nest, ts_recipe_choice_id, int64_t own,
                         unsigned n, const int64_t *worth);
/* Does anybody want to know more of a choice than what the recipe decides? */
bool ts_recipe_is_asked(ts_recipe *, const char *nest, ts_recipe_choice_id);
/* The parameter of a choice that is among those listed; NULL: it is not, or none are. */
const char *ts_recipe_listed(ts_recipe *, const char *nest, ts_recipe_choice_id);
/* That parameter, or the number that the choice has only. */
const char *ts_recipe_term(ts_recipe *, const char *nest, ts_recipe_choice_id, int64_t own);
/* And what must hold between them. */
void ts_recipe_rule(ts_recipe *, const char *fmt, ...) TS_PRINTF(2, 3);
/* Adds the step PASS{OPTIONS}. */
void ts_recipe_step(ts_recipe *, const char *pass, const char *options, ...) TS_PRINTF(3, 4);
/* "%i", as steps name a loop: with the % no loop is taken for an option of the same name. */
const char *ts_recipe_loop(ts_recipe *, const ts_op *loop);
/* "%j:i", what an earlier step made of %j in this role (transforms/loops/roles.h), whatever it has called it. */
const char *ts_recipe_made(ts_recipe *, const char *of, const char *role);
/* The first of n loops that has more than one iteration, or may have; NULL: none. */
ts_op *ts_recipe_first_long(unsigned n, ts_op *const *loops);

/* The steps for one product; see cpu_product.c. */
void ts_recipe_product(ts_recipe *, const ts_nest *);
/* The steps for a perfect nest of straight code, called `name`; see cpu_elementwise.c. */
void ts_recipe_elementwise(ts_recipe *, const ts_nest *, const char *name);
/* Iterations of all loops of the nest; -1 when one is symbolic. */
int64_t ts_recipe_work(const ts_nest *);
/* Lets the first of n loops of a nest that may be parallel and has several iterations run so, where `work`
 * (iterations in all; -1: unknown) pays for it, or an option says so. False: none does. */
bool ts_recipe_parallel(ts_recipe *, const char *nest, unsigned n, ts_op *const *loops,
                        int64_t work);

#endif
