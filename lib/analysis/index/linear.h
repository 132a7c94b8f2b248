/* Linear forms: constant + the sum of coefficient * atom.
 *
 * What an atom is, its reader decides: a loop's variable, a symbolic extent, the quotient of another form, a
 * register. Here atoms are only told apart, by a number or an address that each has for itself.
 *
 * A form is a value. Its terms are in an arena, in the order in which they were added, and never change, so
 * forms may share them. */
#ifndef TS_ANALYSIS_INDEX_LINEAR_H
#define TS_ANALYSIS_INDEX_LINEAR_H

#include "ir/ir.h"

typedef struct ts_linear_term {
  intptr_t atom;
  int64_t coef;
} ts_linear_term;

typedef struct ts_linear {
  int64_t constant;
  unsigned n;
  const ts_linear_term *terms; /* each atom once; no coefficient is 0 */
} ts_linear;

/* The atom once. */
ts_linear ts_linear_atom(ts_arena *, intptr_t atom);
/* *a += times * b. False when a number passes int64; *a then holds what wraps around. */
bool ts_linear_add(ts_arena *, ts_linear *a, const ts_linear *b, int64_t times);
ts_linear ts_linear_without(ts_arena *, const ts_linear *, unsigned term);
/* a = divisor * whole + rest: what the divisor does not divide is in `rest`, whose constant is from 0 to
 * divisor - 1. */
void ts_linear_split(ts_arena *, const ts_linear *a, int64_t divisor, ts_linear *whole,
                     ts_linear *rest);
/* 0 when the atom is not in it. */
int64_t ts_linear_coef(const ts_linear *, intptr_t atom);
/* The same terms, in any order; and constants. */
bool ts_linear_same_terms(const ts_linear *, const ts_linear *);
bool ts_linear_same(const ts_linear *, const ts_linear *);

/* ---- from affine expressions ---- */

/* Who reads an expression as a form: says what its dims, symbols and divisions are. The functions set `failed`
 * when there is no form; what they return then does not matter. */
typedef struct ts_linear_reader ts_linear_reader;
struct ts_linear_reader {
  ts_arena *arena;
  unsigned applies; /* that may still be looked through, one inside another */
  int *steps;       /* counted down, one for each part of an expression; below 0 reading fails */
  bool failed;
  ts_linear (*leaf)(ts_linear_reader *, const ts_op *, const ts_aff *dim_or_symbol);
  /* a + times * b */
  ts_linear (*sum)(ts_linear_reader *, const ts_linear *a, const ts_linear *b, int64_t times);
  ts_linear (*division)(ts_linear_reader *, ts_aff_kind, const ts_linear *, int64_t divisor);
};

/* An expression over the dims of `op`. */
ts_linear ts_linear_of(ts_linear_reader *, const ts_op *op, const ts_aff *);
/* For `leaf`: is the value known by what defines it, a number or an apply that may be looked through? */
bool ts_linear_of_definition(ts_linear_reader *, const ts_value *, ts_linear *out);
/* For `sum`, where nothing but numbers past int64 stands in the way. */
ts_linear ts_linear_read_sum(ts_linear_reader *, const ts_linear *a, const ts_linear *b,
                             int64_t times);

#endif
