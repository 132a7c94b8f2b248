/* Numbers with a bound on their error, and what rounding and the ops do to them: what the analyses
 * of tensor functions and of loop functions share.. */
#ifndef TS_CHECK_INEXACT_H
#define TS_CHECK_INEXACT_H

#include "ir/ir.h"

/* Unit roundoff, least positive number and largest finite number of a float type. */
typedef struct ts_bound_form {
  double u, tiny, huge;
} ts_bound_form;
ts_bound_form ts_bound_format(ts_dtype); /* of an integer type: nothing is rounded */
/* The error of a value after it is rounded to a type. */
double ts_bound_rounded(ts_bound_form, double value, double error);
/* γ(n) = n u / (1 − n u) of sums in a type; infinite once n u reaches 1. */
double ts_bound_gamma(ts_dtype, int64_t n);

/* A value computed in f64 and how far any evaluation may be from it; infinite: nothing is known. An integer
 * that f64 does not hold is a NaN without an error. */
typedef struct ts_inexact {
  double value, error;
} ts_inexact;

ts_inexact ts_inexact_product(ts_inexact, ts_inexact);
/* No error can turn a comparison of the two. */
bool ts_inexact_apart(ts_inexact, ts_inexact);
/* One of the two, and which is in doubt. */
ts_inexact ts_inexact_either(ts_inexact, ts_inexact);
/* One elementwise op of either level, before its own rounding. `b` and `c` as the op's arity
 * says. */
ts_inexact ts_inexact_op(const ts_op *, ts_inexact a, ts_inexact b, ts_inexact c);
/* An op's result in its type: integers are exact unless an inexact operand may tip them over. */
ts_inexact ts_inexact_settle(ts_dtype, ts_inexact);
/* What an op of TS_FLAG_MATH adds when it is off by `math_error` ULPs (see ts_bound_results). */
ts_inexact ts_inexact_math(double math_error, const ts_op *, ts_dtype, ts_inexact);

#endif
