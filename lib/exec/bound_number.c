/* Numbers with error bounds: see bound_number.h. */
#include "exec/bound_number.h"

#include <math.h>

#include "exec/math.h"

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
  case TS_OP_TRUNCI: return a;
  default:
    if (op->num_plain != 1 || carried((ts_opcode)op->opcode, 1, 0.5) == INFINITY) return unknown;
    return (ts_inexact){ts_eval_float((ts_opcode)op->opcode, TS_F64, a.value, 0, 0, tanh_form),
                        carried((ts_opcode)op->opcode, a.value, a.error)};
  }
}

ts_inexact ts_inexact_settle(ts_dtype dtype, ts_inexact x) {
  if (ts_is_float(dtype))
    return (ts_inexact){x.value, ts_bound_rounded(ts_bound_format(dtype), x.value, x.error)};
  return (ts_inexact){trunc(x.value), x.error > 0 ? floor(x.error) + 1 : 0};
}

/* An ULP of x is at most 2u|x|. */
ts_inexact ts_inexact_math(double math_error, const ts_op *op, ts_dtype dtype, ts_inexact x) {
  if (!(ts_info(op)->flags & TS_FLAG_MATH) || !(math_error > 0.5)) return x;
  ts_bound_form f = ts_bound_format(dtype == TS_F64 ? TS_F64 : TS_F32);
  double ulps = math_error - 0.5;
  return (ts_inexact){x.value, x.error + ulps * (2 * f.u * (fabs(x.value) + x.error) + f.tiny)};
}
