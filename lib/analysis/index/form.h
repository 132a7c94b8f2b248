/* Linear forms over index values, and their bounds as forms over fewer of them.
 *
 * An atom is an index value, a symbolic extent, or the quotient or remainder of another form by a constant.
 * Forms are immutable. A function that cannot give one (a number past int64, too many terms) gives NULL, and
 * takes NULL for an answer of another such function.
 *
 * A bound replaces variables, the innermost first, by the bounds of their loops. Each gives a true
 * statement about the form whenever the code it stands in runs; a loop with several bounds gives
 * several. */
#ifndef TS_ANALYSIS_INDEX_FORM_H
#define TS_ANALYSIS_INDEX_FORM_H

#include "analysis/index/linear.h"

enum { TS_FORM_MAX_TERMS = 32, TS_FORM_MAX_BOUNDS = 16 };

typedef enum {
  TS_FORM_VALUE,
  TS_FORM_SYM,
  TS_FORM_FLOORDIV,
  TS_FORM_CEILDIV,
  TS_FORM_MOD
} ts_form_kind;

/* What a term counts. Equal atoms of one ts_forms are one. */
typedef struct ts_form_atom ts_form_atom;
struct ts_form_atom {
  ts_form_kind kind;
  ts_value *value;        /* VALUE */
  ts_str sym;             /* SYM */
  const ts_linear *inner; /* the divisions: inner by divisor */
  int64_t divisor;
  ts_form_atom *next; /* another division with the same key */
};
static inline const ts_form_atom *ts_form_atom_of(const ts_linear_term *t) {
  return (const ts_form_atom *)t->atom;
}

/* Where forms are made, and how many steps the running question may still take. Forms of two of them do not
 * mix. */
typedef struct ts_forms {
  ts_arena *arena;
  ts_ptrmap leaves;    /* value, or odd key of a symbol → its atom */
  ts_ptrmap divisions; /* key → the first of its atoms */
  int steps, depth;
} ts_forms;
ts_forms ts_forms_in(ts_arena *);

const ts_linear *ts_form_const(ts_forms *, int64_t);
const ts_linear *ts_form_value(ts_forms *, ts_value *);
const ts_linear *ts_form_extent(ts_forms *, ts_extent); /* a number or a symbol */
/* An expression over the dims of `op`; applies and constants are seen through. */
const ts_linear *ts_form_of(ts_forms *, const ts_op *op, const ts_aff *);
const ts_linear *ts_form_add(ts_forms *, const ts_linear *a, const ts_linear *b,
                             int64_t times); /* a + times b */
/* a by a positive divisor. Multiples of it are divided exactly, and what is known to lie between 0
 * and the divisor goes: (64 o + i) floordiv 16 is 4 o for i below 16. */
const ts_linear *ts_form_div(ts_forms *, ts_form_kind, const ts_linear *a, int64_t divisor);
/* How often the value itself is in it. */
int64_t ts_form_coef(ts_forms *, const ts_linear *, const ts_value *);
bool ts_form_mentions(const ts_linear *, const ts_value *); /* at any depth */
bool ts_form_is_const(const ts_linear *, int64_t *out);

/* Is the value bound to more than one number while `scope` runs once: an argument of a block inside
 * it, or a result of an op inside it? */
bool ts_form_varies(const ts_block *scope, const ts_value *);

typedef struct ts_form_list {
  unsigned n;
  const ts_linear *at[TS_FORM_MAX_BOUNDS];
} ts_form_list;
/* Forms that `a` is at most (`upper`) or at least, without values that vary in `scope` (NULL:
 * without any, so over symbols alone). None: there is no such form. */
ts_form_list ts_form_bounds(ts_forms *, const ts_linear *a, bool upper, const ts_block *scope);
/* The least constant that `a` never exceeds, as far as its bounds tell. Extents are at least 1. */
bool ts_form_most(ts_forms *, const ts_linear *a, int64_t *out);
bool ts_form_least(ts_forms *, const ts_linear *a, int64_t *out);
/* Is a <= b whenever both are there? */
bool ts_form_le(ts_forms *, const ts_linear *a, const ts_linear *b);

#endif
