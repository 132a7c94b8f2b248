/* The polyhedral model of a stretch of code: what the files poly_*.c and dependence*.c share.
 * Private to lib/analysis.
 *
 * A stretch is a run of ops of one block. Its model is a tree of scopes, one for each loop and
 * branch of an if, with the linear conditions under which its body runs, and the list of its
 * accesses. Variables are of two kinds: *parameters* (what is fixed around the stretch: loops
 * outside, symbolic extents, run-time values) and *locals* of a path from the stretch's root to an
 * access, numbered from the outside in: iterations, and helpers such as the quotient of a division.
 *
 * A question about two accesses becomes one system of equations and inequalities over parameters,
 * the locals of the first and the locals of the second, and isl says whether it has an integer
 * solution. isl's objects live inside ts_poly_solve and ts_poly_extreme only, so that a jump for
 * lack of memory never leaves one behind. */
#ifndef TS_ANALYSIS_POLY_POLY_IMPL_H
#define TS_ANALYSIS_POLY_POLY_IMPL_H

#include "analysis/index/linear.h"

struct isl_ctx;

/* ---- forms ---- */

/* The atoms of forms are variables: >= 0 a local, < 0 the parameter ~var. */
static inline int32_t ts_poly_var_of(const ts_linear_term *t) { return (int32_t)t->atom; }
/* form >= 0, or form == 0. */
typedef struct ts_poly_row {
  ts_linear form;
  bool eq;
} ts_poly_row;
/* One of the alternatives holds, all of its rows together. */
typedef struct ts_poly_alt {
  unsigned n;
  ts_poly_row *rows;
} ts_poly_alt;
typedef struct ts_poly_clause {
  TS_VEC(ts_poly_alt) alts;
} ts_poly_clause;

/* ---- scopes and accesses ---- */

typedef struct ts_poly_scope ts_poly_scope;
struct ts_poly_scope {
  ts_poly_scope *parent; /* NULL: the root, or the surroundings */
  const ts_op *op;       /* the for, if or launch; an access' leaf has the access' op */
  const ts_block *block; /* the region */
  unsigned depth;        /* scopes above */
  unsigned num_loops;    /* loops around, this one included */
  ts_value *iv;          /* NULL: not a loop */
  ts_linear value;       /* of the iv: its variable, or start + step * count */
  bool counted;          /* `count` is there: number of the iteration, from 0 */
  ts_linear count;
  int32_t num_locals;
  bool inexact; /* what is not affine was left out: it may run less often than its rows say */
  TS_VEC(ts_poly_row) rows;
  TS_VEC(ts_poly_clause) clauses;
};

typedef struct ts_poly_access {
  const ts_op *op;
  ts_value *memref; /* NULL: everything (a barrier) */
  bool reads, writes;
  unsigned position; /* in the order of the text */
  unsigned piece;    /* for distribute and fuse: which part of the stretch it stands in */
  ts_poly_scope *leaf;
  unsigned n; /* subscripts: it touches at[d] to at[d] + widths[d] - 1 of dimension d */
  ts_linear *at;
  int64_t *widths;
  bool whole;       /* touches any element: `at` are free locals */
  ts_opcode update; /* which combines the element with a value in any order; else TS_NUM_OPCODES */
} ts_poly_access;

/* ---- a model ---- */

/* What is the same throughout the stretch, and has a name. */
typedef struct ts_poly_fixed {
  ts_value *value; /* NULL: a symbol */
  ts_str symbol;
  ts_linear form;
} ts_poly_fixed;

typedef struct ts_poly {
  ts_context *ctx;
  ts_arena *arena; /* of the query; dropped after it */
  ts_module *module;
  ts_ptrmap values;  /* ts_value of a loop around, or of a parameter → its ts_linear */
  ts_ptrmap symbols; /* ts_str → parameter */
  int32_t num_params;
  TS_VEC(ts_poly_fixed) fixed;
  ts_poly_scope outside; /* rows and clauses of the parameters alone */
  ts_poly_scope *root;
  const ts_op *count_a, *count_b; /* loops whose iterations must be numbered */
  TS_VEC(ts_poly_access) accesses;
  unsigned position, piece;
  bool saw_unknown; /* an expression held a value that is not affine */
} ts_poly;

/* An empty model of code in `block`, which knows all that holds around it. */
void ts_poly_init(ts_poly *, ts_context *, ts_arena *, const ts_block *block);
/* Adds one op of the stretch, with all that is inside it. */
void ts_poly_add(ts_poly *, const ts_op *);
/* The region of a for, if or launch that stands in `parent`, as a new scope of the model. */
ts_poly_scope *ts_poly_enter(ts_poly *, ts_poly_scope *parent, const ts_op *, const ts_block *);

/* An expression over the dims of `op` in `scope`, to which helpers of divisions are added. False when a number passes int64. A value
 * that is not affine becomes a parameter when it is computed outside the stretch, else a new local;
 * either sets saw_unknown. */
bool ts_poly_aff(ts_poly *, ts_poly_scope *, const ts_op *op, const ts_aff *, ts_linear *out);
int32_t ts_poly_new_var(ts_poly *, ts_poly_scope *);
void ts_poly_row_add(ts_poly *, ts_poly_scope *, ts_linear, bool eq);
/* lhs PRED rhs as alternatives of which one holds (an unequal has two); false past int64. */
bool ts_poly_relation(ts_poly *, const ts_linear *lhs, ts_pred, const ts_linear *rhs,
                      ts_poly_clause *out);
ts_pred ts_poly_negated(ts_pred);

/* ---- systems ---- */

/* What a query may do besides isl's work: about a second. */
enum { TS_POLY_MAX_EFFORT = 100000000 };

typedef enum { TS_POLY_EMPTY, TS_POLY_FOUND, TS_POLY_BUDGET } ts_poly_answer;

/* Rows over columns: 0 the constant, then the variables. */
typedef struct ts_poly_system {
  ts_arena *arena;
  struct isl_ctx *isl;
  unsigned cols, cap_cols;
  size_t n, cap;
  int64_t *rows; /* n rows of `cols` numbers, `cap_cols` apart */
  bool *eqs;
  struct ts_poly_system *work; /* copy that ts_poly_solve takes apart */
  struct ts_poly_known *known; /* answers, by hash of the rows */
  uint64_t effort;             /* so far: numbers looked at */
  int64_t *point;              /* a solution, by column, after TS_POLY_FOUND of ts_poly_least */
} ts_poly_system;

/* Makes the system smaller, keeping whether it has a solution. True: `answer` is known. False with
 * s->n rows that isl must judge; or, when a number passes int64, with none that are good for
 * anything: s->n is then SIZE_MAX. */
bool ts_poly_presolve(ts_poly_system *, ts_poly_answer *answer);
void ts_poly_open(ts_poly_system *,
                  ts_arena *);        /* makes the isl context; NULL `isl` when refused */
void ts_poly_close(ts_poly_system *); /* may be called twice */
void ts_poly_reset(ts_poly_system *, unsigned cols);
/* A new row of zeros. */
int64_t *ts_poly_push(ts_poly_system *, bool eq);
/* Is there an integer solution? */
ts_poly_answer ts_poly_solve(ts_poly_system *);
/* The lexicographically least solution in the order of the columns, into `point`. A column without
 * a least value takes some value that it can have. */
ts_poly_answer ts_poly_least(ts_poly_system *);
/* Least (or greatest) value of a column; false when there is none, or the budget is spent. */
bool ts_poly_extreme(ts_poly_system *, unsigned col, bool greatest, int64_t *out);

#endif
