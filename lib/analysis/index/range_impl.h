/* What range.c (scopes and intervals) and range_prove.c (linear forms and proofs) share. */
#ifndef TS_ANALYSIS_INDEX_RANGE_IMPL_H
#define TS_ANALYSIS_INDEX_RANGE_IMPL_H

#include "analysis/index/range.h"

enum {
  MAX_TERMS = 12,      /* of a linear form; longer ones are not looked at */
  MAX_OPAQUE = 8,      /* divisions and remainders in one question */
  MAX_FACTS = 8,       /* conditions tried in a proof: those of the innermost ifs */
  MAX_APPLY_DEPTH = 8, /* applies seen through, one inside another */
  MAX_STEPS = 48       /* of one proof */
};

typedef enum { ATOM_VALUE, ATOM_SYM, ATOM_FLOORDIV, ATOM_CEILDIV, ATOM_MOD } atom_kind;

/* What a linear form counts multiples of. */
typedef struct atom {
  atom_kind kind;
  int order; /* bound further inside: larger; a division comes after what is divided */
  ts_range range;
  bool lo_taken, hi_taken;    /* the end is a value of the variable in every run of its loop */
  const ts_op *loop;          /* VALUE: the for or launch that binds it; NULL: any other value */
  unsigned which;             /* which argument of the launch */
  const struct linear *inner; /* FLOORDIV, CEILDIV, MOD: inner by divisor */
  int64_t divisor;
} atom;

/* constant + sum of coef * atom, each atom once, no coef 0. */
typedef struct linear {
  int64_t constant;
  unsigned n;
  struct {
    atom *atom;
    int64_t coef;
  } terms[MAX_TERMS];
} linear;

typedef struct scope {
  size_t num_facts, num_undo; /* on entry */
  bool certain;               /* every iteration of the loops around is run, and there is one */
  bool dead;                  /* never run */
  bool masked;                /* only a condition computed at run time says whether it runs */
} scope;

struct ts_ranges {
  ts_arena *arena;
  ts_ptrmap atoms; /* of values, and of symbols under odd keys */
  TS_VEC(scope) scopes;
  TS_VEC(linear) facts; /* each is <= 0 */
  struct {
    struct {
      atom *atom;
      ts_range old;
    } *at;
    size_t n, cap;
  } undo; /* narrowed by conditions */
  /* of the running question */
  atom opaque[MAX_OPAQUE];
  linear inner[MAX_OPAQUE];
  unsigned num_opaque;
  int steps;
};

static inline scope *ts_ranges_scope(ts_ranges *r) { return &r->scopes.at[r->scopes.n - 1]; }

/* Saturating arithmetic: the ends of int64 stand for unbounded. */
int64_t ts_sat_add(int64_t, int64_t);
int64_t ts_sat_mul(int64_t, int64_t);
ts_range ts_range_add(ts_range, ts_range);
ts_range ts_range_scale(ts_range, int64_t);
ts_range ts_range_floordiv(ts_range, int64_t divisor);
ts_range ts_range_ceildiv(ts_range, int64_t divisor);
ts_range ts_range_mod(ts_range, int64_t divisor);
ts_range ts_range_meet(ts_range, ts_range);

atom *ts_atom_of_value(ts_ranges *, const ts_value *);
atom *ts_atom_of_symbol(ts_ranges *, ts_str);

/* The expression over op's dims as a linear form; false: too long, or numbers past int64. */
bool ts_range_linear_of(ts_ranges *, const ts_op *op, const ts_aff *, linear *out);
bool ts_range_linear_add(linear *a, const linear *b, int64_t times); /* a += times * b */
ts_range ts_range_linear_range(const linear *);
/* A copy whose divisions outlive the question. */
void ts_range_linear_keep(ts_ranges *, linear *);

#endif
