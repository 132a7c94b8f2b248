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

ts_inexact ts_inexact_product(ts_inexact a, ts_inexact b) {
  return (ts_inexact){a.value * b.value,
                      fabs(a.value) * b.error + a.error * fabs(b.value) + a.error * b.error};
}

static ts_inexact divide(ts_inexact a, ts_inexact b) {
  double least = fabs(b.value) - b.error, q = a.value / b.value;
  if (b.error == 0 && a.error == 0) return (ts_inexact){q, 0};
  if (!(least > 0)) return unknown;
  return (ts_inexact){q, (a.error + fabs(q) * b.error) / least};
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

static ts_inexact int_op(const ts_op *op, ts_inexact a, ts_inexact b) {
  int64_t y;
  if (a.error != 0 || b.error != 0) return unknown;
  if (isnan(a.value) || isnan(b.value)) return (ts_inexact){NAN, 0};
  ts_dtype d = (ts_dtype)ts_op_result(op, 0)->type->dtype;
  bool good = ts_eval_int((ts_opcode)op->opcode, d, (int64_t)a.value, (int64_t)b.value, &y);
  return good ? (ts_inexact){(double)y, 0} : unknown;
}

/* Functions of one number, as the largest change over [x - e, x + e]. The constants are the largest
 * slopes: of gelu 1.129 (at √2), of silu 1.0999, of erf 2/√π. */
static double carried(ts_opcode op, double x, double e) {
  if (e == 0) return 0;
  switch (op) {
  case TS_OP_NEG:
  case TS_OP_NEGF:
  case TS_OP_ABS:
  case TS_OP_RELU:
  case TS_OP_TANH: return e;
  case TS_OP_EXP: return exp(x) * expm1(e);
  case TS_OP_LOG: return x > e ? -log1p(-e / x) : INFINITY;
  case TS_OP_SQRT: return x > e ? e / sqrt(x) : INFINITY;
  case TS_OP_RSQRT: return x > e ? 1 / sqrt(x - e) - 1 / sqrt(x) : INFINITY;
  case TS_OP_ERF: return 1.1284 * e;
  case TS_OP_SIGMOID: return e / 4;
  case TS_OP_SILU: return 1.1 * e;
  case TS_OP_GELU: return 1.13 * e;
  case TS_OP_ROUNDEVEN: return ceil(e);
  default: return INFINITY;
  }
}

ts_inexact ts_inexact_op(const ts_op *op, bool tanh_form, ts_inexact a, ts_inexact b,
                         ts_inexact c) {
  switch (op->opcode) {
  case TS_OP_ADD:
  case TS_OP_ADDF:
  case TS_OP_ADDI: return (ts_inexact){a.value + b.value, a.error + b.error};
  case TS_OP_SUB:
  case TS_OP_SUBF:
  case TS_OP_SUBI: return (ts_inexact){a.value - b.value, a.error + b.error};
  case TS_OP_MUL:
  case TS_OP_MULF:
  case TS_OP_MULI: return ts_inexact_product(a, b);
  case TS_OP_DIV:
  case TS_OP_DIVF: return divide(a, b);
  case TS_OP_MAX:
  case TS_OP_MAXF:
  case TS_OP_MAXI: return (ts_inexact){ts_fmax(a.value, b.value), fmax(a.error, b.error)};
  case TS_OP_MIN:
  case TS_OP_MINF:
  case TS_OP_MINI: return (ts_inexact){ts_fmin(a.value, b.value), fmax(a.error, b.error)};
  case TS_OP_FMA: {
    ts_inexact p = ts_inexact_product(a, b);
    return (ts_inexact){p.value + c.value, p.error + c.error};
  }
  case TS_OP_NEG:
  case TS_OP_NEGF: return (ts_inexact){-a.value, a.error};
  case TS_OP_CAST:
  case TS_OP_EXTF:
  case TS_OP_TRUNCF:
  case TS_OP_SITOFP:
  case TS_OP_FPTOSI:
  case TS_OP_EXTSI:
  case TS_OP_TRUNCI: return convert(op, a);
  case TS_OP_CMPF:
  case TS_OP_CMPI: return compare(op, a, b);
  case TS_OP_SELECT:
    if (a.error != 0) return ts_inexact_either(b, c);
    return a.value != 0 ? b : c;
  case TS_OP_ANDI:
  case TS_OP_ORI:
  case TS_OP_XORI: return int_op(op, a, b);
  default:
    if (op->num_plain != 1 || carried((ts_opcode)op->opcode, 1, 0.5) == INFINITY) return unknown;
    return (ts_inexact){ts_eval_float((ts_opcode)op->opcode, TS_F64, a.value, 0, 0, tanh_form),
                        carried((ts_opcode)op->opcode, a.value, a.error)};
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
