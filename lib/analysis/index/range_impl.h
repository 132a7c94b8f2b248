/* What range.c (scopes), range_form.c (atoms, intervals and forms of expressions) and range_prove.c (proofs)
 * share. */
#ifndef TS_ANALYSIS_INDEX_RANGE_IMPL_H
#define TS_ANALYSIS_INDEX_RANGE_IMPL_H

#include "analysis/index/linear.h"
#include "analysis/index/range.h"

typedef enum {
  TS_RANGE_VALUE,
  TS_RANGE_SYM,
  TS_RANGE_FLOORDIV,
  TS_RANGE_CEILDIV,
  TS_RANGE_MOD
} ts_range_kind;

/* What a term of a form counts. */
typedef struct ts_range_atom {
  ts_range_kind kind;
  int order; /* bound further inside: larger; a division comes after what is divided */
  ts_range range;
  bool lo_taken, hi_taken; /* the end is a value of the variable in every run of its loop */
  const ts_op *loop;       /* VALUE: the for or launch that binds it; NULL: any other value */
  unsigned which;          /* which argument of the launch */
  ts_linear inner;         /* FLOORDIV, CEILDIV, MOD: inner by divisor */
  int64_t divisor;
} ts_range_atom;
static inline ts_range_atom *ts_range_atom_of(const ts_linear_term *t) {
  return (ts_range_atom *)t->atom;
}

typedef struct ts_range_scope {
  size_t num_facts, num_undo; /* on entry */
  bool certain;               /* every iteration of the loops around is run, and there is one */
  bool dead;                  /* never run */
  bool masked;                /* only a condition computed at run time says whether it runs */
} ts_range_scope;

struct ts_ranges {
  ts_arena *arena;
  ts_ptrmap atoms; /* of values, and of symbols under odd keys */
  TS_VEC(ts_range_scope) scopes;
  TS_VEC(ts_linear) facts; /* each is <= 0 */
  struct {
    struct {
      ts_range_atom *atom;
      ts_range old;
    } *at;
    size_t n, cap;
  } undo;    /* narrowed by conditions */
  int steps; /* of the interval that is asked for */
};

static inline ts_range_scope *ts_ranges_scope(ts_ranges *r) {
  return &r->scopes.at[r->scopes.n - 1];
}

ts_range_atom *ts_range_atom_of_value(ts_ranges *, const ts_value *);
ts_range_atom *ts_range_atom_of_symbol(ts_ranges *, ts_str);
/* From the intervals of its atoms. */
ts_range ts_range_of_form(const ts_linear *);

/* ---- questions about forms ---- */

enum { TS_RANGE_MAX_DIVISIONS = 8 };

/* The forms and divisions that a question makes go with it; most fit `room`. */
typedef struct ts_range_question {
  ts_ranges *ranges;
  ts_arena arena;
  unsigned num_divisions;
  ts_range_atom *divisions[TS_RANGE_MAX_DIVISIONS];
  int steps; /* of the running proof */
  uint64_t room[128];
} ts_range_question;

void ts_range_ask(ts_range_question *, ts_ranges *);
void ts_range_answered(ts_range_question *);
/* The expression over op's dims as a form; false: too long, or numbers past int64. */
bool ts_range_form(ts_range_question *, const ts_op *op, const ts_aff *, ts_linear *out);
/* a += times * b; false likewise. */
bool ts_range_form_add(ts_range_question *, ts_linear *a, const ts_linear *b, int64_t times);
/* A copy that outlives the question. */
ts_linear ts_range_form_keep(ts_range_question *, const ts_linear *);

#endif
