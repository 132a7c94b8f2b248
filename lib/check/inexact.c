/* Numbers with error bounds: see inexact.h. */
#include "check/inexact.h"

#include <math.h>

#include "ir/scalar.h"

ts_bound_form ts_bound_format(ts_dtype d) {
  switch (d) {
  case TS_F64: return (ts_bound_form){0x1p-53, 0x1p-1074, 0x1.fffffffffffffp1023};
  case TS_F32: return (ts_bound_form){0x1p-24, 0x1p-149, 0x1.fffffep127};
  case TS_F16: return (ts_bound_form){0x1p-11, 0x1p-24, 65504.0};
  case TS_BF16: return (ts_bound_form){0x1p-8, 0x1p-133, 0x1.fep127};
  default: return (ts_bound_form){0, 0, INFINITY};
  }
}

double ts_bound_rounded(ts_bound_form f, double value, double error) {
  double reach = fabs(value) + error;
  if (!(reach <= f.huge)) return INFINITY;
  return error + f.u * reach + f.tiny / 2;
}

double ts_bound_gamma(ts_dtype d, int64_t n) {
  double nu = (double)n * ts_bound_format(d).u;
  return nu < 1 ? nu / (1 - nu) : INFINITY;
}

static const ts_inexact unknown = {0, INFINITY};

static double product_error(ts_inexact a, ts_inexact b) {
  return fabs(a.value) * b.error + a.error * fabs(b.value) + a.error * b.error;
}

ts_inexact ts_inexact_product(ts_inexact a, ts_inexact b) {
  return (ts_inexact){a.value * b.value, product_error(a, b)};
}

static double quotient_error(ts_inexact a, ts_inexact b) {
  double least = fabs(b.value) - b.error;
  if (b.error == 0 && a.error == 0) return 0;
  return least > 0 ? (a.error + fabs(a.value / b.value) * b.error) / least : INFINITY;
}

bool ts_inexact_apart(ts_inexact a, ts_inexact b) {
  double error = a.error + b.error;
  return error == 0 || fabs(a.value - b.value) > error;
}

ts_inexact ts_inexact_either(ts_inexact a, ts_inexact b) {
  double error = fabs(a.value - b.value) + fmax(a.error, b.error);
  return (ts_inexact){a.value, isnan(error) ? INFINITY : error};
}

/* 0 or 1. */
static ts_inexact compare(const ts_op *op, ts_inexact a, ts_inexact b) {
  ts_pred p = ts_op_pred(op);
  bool nan_is_unknown = op->opcode == TS_OP_CMPI && (isnan(a.value) || isnan(b.value));
  bool sure = ts_inexact_apart(a, b) && !nan_is_unknown;
  return (ts_inexact){ts_eval_cmp_float(p, a.value, b.value), sure ? 0 : 1};
}

/* Conversions of floats to integers keep the order, so the result lies between those of the ends. */
static ts_inexact convert(const ts_op *op, ts_inexact a) {
  ts_dtype from = (ts_dtype)ts_operand(op, 0)->type->dtype;
  ts_dtype to = (ts_dtype)ts_op_result(op, 0)->type->dtype;
  if (to == TS_I1 && op->opcode == TS_OP_CAST)
    return (ts_inexact){a.value != 0, ts_inexact_apart(a, (ts_inexact){0, 0}) ? 0 : 1};
  if (!ts_is_float(from) || ts_is_float(to) || a.error == INFINITY) return a;
  double value = (double)ts_float_to_int(to, a.value);
  double low = (double)ts_float_to_int(to, a.value - a.error);
  double high = (double)ts_float_to_int(to, a.value + a.error);
  return (ts_inexact){value, fmax(high - value, value - low)};
}

/* Of bits, nothing is known once one may be another. */
static ts_inexact int_op(ts_scalar scalar, ts_dtype d, ts_inexact a, ts_inexact b) {
  int64_t y;
  if (a.error != 0 || b.error != 0) return unknown;
  if (isnan(a.value) || isnan(b.value)) return (ts_inexact){NAN, 0};
  return ts_eval_int(scalar, d, (int64_t)a.value, (int64_t)b.value, &y) ? (ts_inexact){(double)y, 0}
                                                                        : unknown;
}

/* The largest change of a function of one number over [x - e, x + e]. The constants are the largest
 * slopes: of gelu 1.129 (at √2), of silu 1.0999, of erf 2/√π. */
static double unary_error(ts_scalar scalar, double x, double e) {
  if (e == 0) return 0;
  switch (scalar) {
  case TS_SCALAR_NEG:
  case TS_SCALAR_ABS:
  case TS_SCALAR_RELU:
  case TS_SCALAR_TANH: return e;
  case TS_SCALAR_EXP: return exp(x) * expm1(e);
  case TS_SCALAR_LOG: return x > e ? -log1p(-e / x) : INFINITY;
  case TS_SCALAR_SQRT: return x > e ? e / sqrt(x) : INFINITY;
  case TS_SCALAR_RSQRT: return x > e ? 1 / sqrt(x - e) - 1 / sqrt(x) : INFINITY;
  case TS_SCALAR_ERF: return 1.1284 * e;
  case TS_SCALAR_SIGMOID: return e / 4;
  case TS_SCALAR_SILU: return 1.1 * e;
  case TS_SCALAR_GELU:
  case TS_SCALAR_GELU_TANH: return 1.13 * e;
  case TS_SCALAR_ROUNDEVEN: return ceil(e);
  case TS_SCALAR_SIGN: return fabs(x) > e ? 0 : 2;
  default: return INFINITY;
  }
}

/* How far errors of its operands can carry the value of a row of scalar.def. */
static double carried(ts_scalar scalar, ts_inexact a, ts_inexact b, ts_inexact c) {
  switch (scalar) {
  case TS_SCALAR_ADD:
  case TS_SCALAR_SUB: return a.error + b.error;
  case TS_SCALAR_MUL: return product_error(a, b);
  case TS_SCALAR_FMA: return product_error(a, b) + c.error;
  case TS_SCALAR_DIV: return quotient_error(a, b);
  case TS_SCALAR_MAX:
  case TS_SCALAR_MIN: return fmax(a.error, b.error);
  default: return unary_error(scalar, a.value, a.error);
  }
}

static ts_inexact arithmetic(const ts_op *op, ts_inexact a, ts_inexact b, ts_inexact c) {
  ts_scalar scalar = ts_scalar_of(op);
  if (scalar == TS_NUM_SCALARS) return unknown;
  if (!ts_scalar_infos[scalar].float_meaning)
    return int_op(scalar, (ts_dtype)ts_op_result(op, 0)->type->dtype, a, b);
  double error = carried(scalar, a, b, c);
  if (scalar == TS_SCALAR_DIV && error == INFINITY) return unknown;
  return (ts_inexact){ts_eval_float(scalar, TS_F64, a.value, b.value, c.value), error};
}

ts_inexact ts_inexact_op(const ts_op *op, ts_inexact a, ts_inexact b, ts_inexact c) {
  switch (ts_info(op)->class) {
  case TS_OC_CONVERT: return convert(op, a);
  case TS_OC_COMPARE: return compare(op, a, b);
  case TS_OC_SELECT:
    if (a.error != 0) return ts_inexact_either(b, c);
    return a.value != 0 ? b : c;
  default: return arithmetic(op, a, b, c);
  }
}

ts_inexact ts_inexact_settle(ts_dtype dtype, ts_inexact x) {
  if (ts_is_float(dtype))
    return (ts_inexact){x.value, ts_bound_rounded(ts_bound_format(dtype), x.value, x.error)};
  double most = 0x1p53, error = x.error > 0 ? floor(x.error) + 1 : 0, reach = fabs(x.value) + error;
  if (error == 0 && !(reach <= most)) return (ts_inexact){NAN, 0};
  if (!(reach <= most)) return unknown;
  double value = (double)ts_wrap_int(dtype, (int64_t)x.value);
  bool wraps = value != trunc(x.value) ||
               (double)ts_wrap_int(dtype, (int64_t)(value - error)) != value - error ||
               (double)ts_wrap_int(dtype, (int64_t)(value + error)) != value + error;
  return (ts_inexact){value, error > 0 && wraps ? INFINITY : error};
}

/* An ULP of x is at most 2u|x|. */
ts_inexact ts_inexact_math(double math_error, const ts_op *op, ts_dtype dtype, ts_inexact x) {
  if (!(ts_info(op)->flags & TS_FLAG_MATH) || !(math_error > 0.5)) return x;
  ts_bound_form f = ts_bound_format(dtype == TS_F64 ? TS_F64 : TS_F32);
  double ulps = math_error - 0.5;
  return (ts_inexact){x.value, x.error + ulps * (2 * f.u * (fabs(x.value) + x.error) + f.tiny)};
}
