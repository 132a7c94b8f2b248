/* A question about pairs of accesses, between query.c (its machinery), dependence.c and
 * dependence_legal.c (which pairs a step would reverse) and dependence_report.c (saying so). */
#ifndef TS_ANALYSIS_POLY_DEPENDENCE_IMPL_H
#define TS_ANALYSIS_POLY_DEPENDENCE_IMPL_H

#include "analysis/poly/dependence.h"
#include "analysis/poly/poly_impl.h"

/* An iteration of a loop around both accesses: that of the first against that of the second. */
typedef enum { TS_SIGN_SAME, TS_SIGN_BEFORE, TS_SIGN_AFTER } ts_sign;

typedef struct ts_query ts_query;

/* What is asked: nothing of it changes while it is. */
typedef struct ts_question {
  const ts_op *at;           /* the stretch begins here */
  void (*model)(ts_query *); /* makes the model of the stretch */
  void (*ask)(ts_query *); /* of each ordered pair of accesses to one buffer, of which one writes */
  unsigned n;              /* the nest, or the one loop, that the step is about */
  ts_op *const *loops;
  union {                  /* the step, by `ask` */
    const unsigned *order; /* reorder */
    int64_t factor;        /* jam */
    struct {
      unsigned num_cuts;
      ts_op *const *cuts;
    } distribute;
    struct {
      const ts_op *first, *second;
      int64_t lag;
    } fuse;
    struct {
      const ts_op *first, *last, *nest;
    } move;
    struct {
      const ts_op *first, *second;
    } meet;
    const ts_op *repeated;
    bool *vectors; /* nearest order: sign vectors, by their digits in base 3, are noted here */
  };
  unsigned num_ignore; /* accesses of these ops are left out */
  ts_op *const *ignore;
  bool whole;  /* the step keeps updates whole: those that may be taken in any order commute */
  bool marked; /* so do all atomic additions */
  const ts_value *apart; /* but not updates of this buffer; NULL: no exception */
  bool afterwards;       /* the pair's loops are those that the step makes */
  bool quiet;            /* no message when isl's budget is spent */
  bool brief; /* the verdict goes without the conflict, which can take longer to say than to find */
  uint64_t effort; /* spent already by questions that share the budget */
} ts_question;

/* The ordered pair of accesses at hand. */
typedef struct ts_pair {
  const ts_poly_access *a, *b;
  unsigned num_common, cap_common; /* loops around both, outer first */
  const ts_poly_scope **common;
  const ts_poly_scope *fused[2]; /* of a and of b: loops that the step makes one; NULL: none */
  ts_sign *signs;                /* of the nest's loops, for reorder */
  unsigned first_a, first_b;     /* columns: where the variables of a and of b begin, */
  unsigned extra;                /* and what ts_query_base was asked for besides */
} ts_pair;

/* Where the verdict goes. */
typedef struct ts_answer {
  ts_arena *arena; /* of its texts */
  ts_verdict *verdict;
  bool found;    /* a violation */
  int64_t *best; /* while it is told: the least solution so far; NULL: none yet */
} ts_answer;

/* The machinery: a model, the system of the pair at hand, and isl's budget. It goes when the question is
 * answered. */
struct ts_query {
  ts_context *ctx;
  const ts_question *question;
  ts_answer answer;
  ts_arena scratch;
  ts_poly poly;
  ts_poly_system sys;
  bool spent; /* isl's budget */
  ts_pair pair;
  TS_VEC(ts_poly_clause) clauses; /* of parameters, of a, of b */
  size_t clauses_b;               /* where those of b begin */
};

/* Column of a variable of access a (or b). */
unsigned ts_query_column(const ts_query *, int32_t var, bool of_b);
/* row += times * form, whose locals are of a (or b). */
void ts_query_add(const ts_query *, int64_t *row, const ts_linear *, int64_t times, bool of_b);
/* Pushes rows, and those of a scope; clauses are kept for ts_query_choices. */
void ts_query_rows(ts_query *, unsigned n, const ts_poly_row *, bool of_b);
void ts_query_scope(ts_query *, const ts_poly_scope *, bool of_b);
/* The rows of both accesses and of their meeting, without any order between them. */
void ts_query_base(ts_query *, unsigned extra);
/* Calls `fn` for every way to choose one alternative of each clause, the rows of the choice pushed;
 * stops when it returns true. */
bool ts_query_choices(ts_query *, size_t clause, bool (*fn)(ts_query *));
/* a's iteration of a loop around both against b's, as a row. */
void ts_query_sign(ts_query *, unsigned loop, ts_sign);
/* Can all rows pushed so far hold, with some choice of alternatives? */
bool ts_query_possible(ts_query *);
/* Can no other pair change the verdict? */
bool ts_query_is_decided(const ts_query *);
/* A model of loops[0] with all inside. */
void ts_query_model_loop(ts_query *);
/* A question about one loop whose iterations run at once. */
ts_question ts_question_parallel(ts_op **loop);
/* Runs the question to its verdict. `effort` (may be NULL) gets what has been spent then. */
ts_result ts_query_run(ts_context *, ts_arena *out, const ts_question *, ts_verdict *,
                       uint64_t *effort);
/* Writes the verdict for the pair at hand, whose violating rows are pushed. */
void ts_query_report(ts_query *);

#endif
