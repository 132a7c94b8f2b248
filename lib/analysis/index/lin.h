/* Linear forms over index values, and their bounds as forms over fewer of them.
 *
 * A form is  constant + sum of coefficient * atom;  an atom is an index value, a symbolic extent,
 * or the quotient or remainder of another form by a constant. Forms are immutable. A function that
 * cannot give one (a number past int64, too many terms) gives NULL, and takes NULL for an answer of
 * another such function.
 *
 * A bound replaces variables, the innermost first, by the bounds of their loops. Each gives a true
 * statement about the form whenever the code it stands in runs; a loop with several bounds gives
 * several. */
#ifndef TS_ANALYSIS_INDEX_LIN_H
#define TS_ANALYSIS_INDEX_LIN_H

#include "ir/ir.h"

enum { TS_LIN_MAX_TERMS = 32, TS_LIN_MAX_BOUNDS = 16 };

typedef enum { TS_LIN_VALUE, TS_LIN_SYM, TS_LIN_FLOORDIV, TS_LIN_CEILDIV, TS_LIN_MOD } ts_lin_kind;

typedef struct ts_lin ts_lin;
typedef struct ts_lin_term {
  ts_lin_kind kind;
  int64_t coef;
  ts_value *value;     /* VALUE */
  ts_str sym;          /* SYM */
  const ts_lin *inner; /* the divisions: inner by divisor */
  int64_t divisor;
} ts_lin_term;
struct ts_lin {
  int64_t constant;
  unsigned n;
  const ts_lin_term *terms; /* each atom once, no coefficient is 0, in the order they were added */
};

/* Where forms are made, and how many steps the running question may still take. */
typedef struct ts_lins {
  ts_arena *arena;
  int steps, depth;
} ts_lins;

const ts_lin *ts_lin_const(ts_lins *, int64_t);
const ts_lin *ts_lin_value(ts_lins *, ts_value *);
const ts_lin *ts_lin_extent(ts_lins *, ts_extent); /* a number or a symbol */
/* An expression over the dims of `op`; applies and constants are seen through. */
const ts_lin *ts_lin_of(ts_lins *, const ts_op *op, const ts_aff *);
const ts_lin *ts_lin_add(ts_lins *, const ts_lin *a, const ts_lin *b,
                         int64_t times); /* a + times b */
/* a by a positive divisor. Multiples of it are divided exactly, and what is known to lie between 0
 * and the divisor goes: (64 o + i) floordiv 16 is 4 o for i below 16. */
const ts_lin *ts_lin_div(ts_lins *, ts_lin_kind, const ts_lin *a, int64_t divisor);
bool ts_lin_same(const ts_lin *, const ts_lin *);
bool ts_lin_mentions(const ts_lin *, const ts_value *); /* at any depth */
bool ts_lin_is_const(const ts_lin *, int64_t *out);

/* Is the value bound to more than one number while `scope` runs once: an argument of a block inside
 * it, or a result of an op inside it? */
bool ts_lin_varies(const ts_block *scope, const ts_value *);

typedef struct ts_lin_list {
  unsigned n;
  const ts_lin *at[TS_LIN_MAX_BOUNDS];
} ts_lin_list;
/* Forms that `a` is at most (`upper`) or at least, without values that vary in `scope` (NULL:
 * without any, so over symbols alone). None: there is no such form. */
ts_lin_list ts_lin_bounds(ts_lins *, const ts_lin *a, bool upper, const ts_block *scope);
/* The least constant that `a` never exceeds, as far as its bounds tell. Extents are at least 1. */
bool ts_lin_most(ts_lins *, const ts_lin *a, int64_t *out);
bool ts_lin_least(ts_lins *, const ts_lin *a, int64_t *out);
/* Is a <= b whenever both are there? */
bool ts_lin_le(ts_lins *, const ts_lin *a, const ts_lin *b);

#endif
