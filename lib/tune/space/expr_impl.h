/* Expressions of space files: what they are made of, and what they can be. */
#ifndef TS_TUNE_SPACE_EXPR_IMPL_H
#define TS_TUNE_SPACE_EXPR_IMPL_H

#include "support/diag.h"

/* ---- types and ops ---- */

/* ANY: of an op's operands, not known; of an expression, in error. */
typedef enum { TS_SPACE_ANY, TS_SPACE_TRUTH, TS_SPACE_NUMBER, TS_SPACE_WORD } ts_space_type;
const char *ts_space_type_name(ts_space_type); /* "a number" */

typedef enum {
#define OP(name, ...) TS_SPACE_##name,
#include "tune/space/ops.def"
  TS_SPACE_NUM_OPS,
  TS_SPACE_LITERAL = TS_SPACE_NUM_OPS,
  TS_SPACE_CONSTANT,  /* a name for a value: of the space, an extent, a figure of the machine */
  TS_SPACE_PARAMETER, /* by its place */
  TS_SPACE_UNKNOWN,   /* a name that is not known, or a word */
  /* of terms alone (term_impl.h) */
  TS_SPACE_HOLDS, /* whether the operand is true: false also where it has no value */
  TS_SPACE_LACKS, /* whether the operand has no value */
  TS_SPACE_GONE,  /* whether the parameter is absent */
  TS_SPACE_ONE_OF /* whether the parameter is one of these choices */
} ts_space_op;

typedef enum {
  TS_SPACE_INFIX,
  TS_SPACE_PREFIX,
  TS_SPACE_CALL,
  TS_SPACE_LISTED, /* x in [..] */
  TS_SPACE_CHOICE  /* if c then a else b */
} ts_space_form;
typedef struct ts_space_op_info {
  const char *spelling;
  ts_space_form form;
  int rank;
  unsigned least, most;
  ts_space_type operands, result;
} ts_space_op_info;
extern const ts_space_op_info ts_space_ops[TS_SPACE_NUM_OPS];

/* ---- what an expression can be ---- */

/* A bound of the values of an expression, from bounds of its operands'; where those are single values, its value. Words are
 * compared by address. Numbers are finite. */
typedef struct ts_space_range {
  ts_space_type type;
  double lo,
      hi; /* of truths 0 and 1. A single value where they are equal, also of words; none where lo > hi */
  const char *word; /* a single one */
  bool integer;     /* all numbers are */
  bool
      undefined; /* it may have no value since something is divided by zero or past the range of numbers */
  bool absent; /* it may have no value since a parameter is absent */
} ts_space_range;

ts_space_range ts_space_number(double);
ts_space_range ts_space_truth(bool);
ts_space_range ts_space_word(const char *);
ts_space_range ts_space_hull(ts_space_range, ts_space_range); /* what is one or the other */
/* Of an op's n operands. */
ts_space_range ts_space_apply(ts_space_op, unsigned n, const ts_space_range *);

static inline bool ts_space_has_value(const ts_space_range *r) { return r->lo <= r->hi; }
/* It has this value and no other outcome. */
static inline bool ts_space_is_single(const ts_space_range *r) {
  return r->lo == r->hi && !r->undefined && !r->absent;
}
static inline bool ts_space_is_true(const ts_space_range *r) {
  return ts_space_is_single(r) && r->lo == 1;
}
/* Of a rule: it fails where it is false or undefined, and holds where it is true or says something of an absent
 * parameter. */
static inline bool ts_space_may_fail(const ts_space_range *r) {
  return (ts_space_has_value(r) && r->lo == 0) || r->undefined;
}
static inline bool ts_space_may_hold(const ts_space_range *r) {
  return (ts_space_has_value(r) && r->hi == 1) || r->absent;
}

/* ---- expressions as they are written ---- */

typedef struct ts_space_expr ts_space_expr;
struct ts_space_expr {
  ts_space_op op;
  ts_space_type type;
  unsigned depth, n;
  ts_space_expr **operands;
  ts_loc loc;
  ts_space_range value; /* LITERAL, CONSTANT */
  const char *name;     /* CONSTANT, PARAMETER, UNKNOWN */
  unsigned parameter;
};

/* The value at a point, of which `values` are the parameters'; one without a single value has none there. */
ts_space_range ts_space_eval(const ts_space_expr *, const ts_space_range *values);
/* The shortest decimal of a number, without a fraction if it has none. `out` holds 40 bytes. */
size_t ts_space_write_number(char *out, double);
const char *ts_space_number_text(ts_arena *, double);
/* A single value as it goes into a pipeline. */
const char *ts_space_value_text(ts_arena *, const ts_space_range *);

#endif
