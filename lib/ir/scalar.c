/* The scalar meaning of ops. What f64 alone would get wrong is evaluated in long double and rounded
 * to f64 once: the tails of gelu, where the condition number of erfc reaches 1500, and quotients of
 * sums such as the sigmoid. Where long double is no wider than f64 the results are a few ULP worse,
 * still far below half an ULP of f32. */
#include "ir/scalar.h"

#include <math.h>

/* 1/√2 in two pieces: the first has 9 bits, so its product with an f64 is exact in a long double of
 * 64 bits. */
static const long double sqrt_half_hi = 0x1.6ap-1L;
static const long double sqrt_half_lo = 0x4.f333f9de6484597d89b3754abe9f1dp-16L;
static const long double two_over_sqrt_pi_half =
    0.79788456080286535587989211986876373L; /* √(2/π) */

/* erfc(hi + lo) for a tiny lo: erfc'(t)/erfc(t) lies within a few percent of
 * -(t + √(t² + 4/π)) for t > 0 (Komatu's bound on Mills' ratio). */
static long double erfc_pair(long double hi, long double lo) {
  long double y = erfcl(hi);
  if (hi <= 1 || y == 0) return y;
  return y - y * (lo * (hi + sqrtl(hi * hi + 1.2732395447351628L)));
}

double ts_gelu(double x) {
  if (isinf(x)) return x > 0 ? x : -0.0;
  long double head = -x * sqrt_half_hi, tail = -x * sqrt_half_lo;
  long double hi = head + tail;
  long double lo = tail - (hi - head);
  return (double)(0.5L * x * erfc_pair(hi, lo));
}

/* 1 + tanh(u) = 2 sigmoid(2u), which has no cancellation for u < 0. */
double ts_gelu_tanh(double x) {
  if (isinf(x)) return x > 0 ? x : -0.0;
  long double wide = x;
  long double u = two_over_sqrt_pi_half * (wide + 0.044715L * wide * wide * wide);
  return (double)(wide / (1 + expl(-2 * u)));
}

double ts_sigmoid(double x) { return (double)(1 / (1 + expl(-(long double)x))); }

double ts_silu(double x) {
  if (isinf(x)) return x > 0 ? x : -0.0;
  return (double)(x / (1 + expl(-(long double)x)));
}

double ts_rsqrt(double x) { return (double)(1 / sqrtl(x)); }

/* a + b rounded to odd: when inexact, the neighbour whose last bit is 1. Rounding that to a type at
 * least two bits narrower equals rounding the exact sum (Boldo & Melquiond 2008). TwoSum is
 * Knuth's. */
static double add_to_odd(double a, double b) {
  double sum = a + b;
  if (!isfinite(sum)) return sum;
  double bb = sum - a;
  double error = (a - (sum - bb)) + (b - bb);
  uint64_t bits;
  memcpy(&bits, &sum, sizeof bits);
  if (error == 0 || (bits & 1)) return sum;
  bool grows = (error > 0) == (sum > 0);
  bits += grows ? 1 : -1;
  memcpy(&sum, &bits, sizeof bits);
  return sum;
}

/* The product of two floats of at most 24 bits is exact in f64. */
double ts_fma_to(ts_dtype type, double a, double b, double c) {
  if (type == TS_F64) return fma(a, b, c);
  return ts_round_to(type, add_to_odd(a * b, c));
}

/* ---- arithmetic ---- */

/* What the table calls fma rounds to the type at hand. */
#define fma(a, b, c) ts_fma_to(type, a, b, c)

double ts_eval_float(ts_scalar scalar, ts_dtype type, double a, double b, double c) {
  switch (scalar) {
#define FLOAT(name, exact, meaning)                                                                \
  case TS_SCALAR_##name: return exact ? (meaning) : ts_round_to(type, meaning);
#include "ir/scalar.def"
  default: ts_unreachable("not a float op");
  }
}

void ts_eval_floats(ts_scalar scalar, ts_dtype type, unsigned n, const ts_cell *x, const ts_cell *y,
                    const ts_cell *z, ts_cell *out) {
  switch (scalar) {
#define FLOAT(name, exact, meaning)                                                                \
  case TS_SCALAR_##name:                                                                           \
    for (unsigned k = 0; k < n; k++) {                                                             \
      double a = x[k].f, b = y[k].f, c = z[k].f;                                                   \
      (void)b, (void)c;                                                                            \
      out[k].f = meaning;                                                                          \
    }                                                                                              \
    break;
#include "ir/scalar.def"
  default: ts_unreachable("not a float op");
  }
}

#undef fma

int64_t ts_wrap_int(ts_dtype type, int64_t x) {
  switch (type) {
  case TS_I32: return (int32_t)(uint32_t)x;
  case TS_I8: return (int8_t)(uint8_t)x;
  case TS_I1: return x & 1;
  default: return x;
  }
}

bool ts_eval_int(ts_scalar scalar, ts_dtype type, int64_t a, int64_t b, int64_t *out) {
  typedef int64_t T;
  typedef uint64_t U;
  int64_t y;
  switch (scalar) {
#define INT(name, divides, meaning)                                                                \
  case TS_SCALAR_##name:                                                                           \
    if (divides && b == 0) return false;                                                           \
    y = meaning;                                                                                   \
    break;
#include "ir/scalar.def"
  default: ts_unreachable("not an integer op");
  }
  *out = ts_wrap_int(type, y);
  return true;
}

static double neutral_float(ts_scalar scalar) {
  switch (scalar) {
  case TS_SCALAR_MUL: return 1;
  case TS_SCALAR_MAX: return -INFINITY;
  case TS_SCALAR_MIN: return INFINITY;
  default: return 0;
  }
}

static int64_t neutral_int(ts_scalar scalar, ts_dtype type) {
  unsigned unused = 64 - 8 * ts_dtype_bytes(type);
  switch (scalar) {
  case TS_SCALAR_MUL: return 1;
  case TS_SCALAR_MAX: return type == TS_I1 ? 0 : INT64_MIN >> unused;
  case TS_SCALAR_MIN: return type == TS_I1 ? 1 : INT64_MAX >> unused;
  case TS_SCALAR_AND: return type == TS_I1 ? 1 : -1;
  default: return 0;
  }
}

ts_cell ts_neutral(ts_scalar scalar, ts_dtype type) {
  return ts_is_float(type) ? (ts_cell){.f = neutral_float(scalar)}
                           : (ts_cell){.i = neutral_int(scalar, type)};
}

bool ts_eval_cmp_float(ts_pred pred, double a, double b) {
  switch (pred) {
#define COMPARE(e, word, op)                                                                       \
  case TS_##e: return a op b;
#include "ir/scalar.def"
  }
  ts_unreachable("not a comparison");
}

bool ts_eval_cmp_int(ts_pred pred, int64_t a, int64_t b) {
  switch (pred) {
#define COMPARE(e, word, op)                                                                       \
  case TS_##e: return a op b;
#include "ir/scalar.def"
  }
  ts_unreachable("not a comparison");
}

/* ---- conversions ---- */

#define LEAST (to == TS_I32 ? INT32_MIN : to == TS_I8 ? INT8_MIN : INT64_MIN)
#define MOST (to == TS_I32 ? INT32_MAX : to == TS_I8 ? INT8_MAX : INT64_MAX)

int64_t ts_float_to_int(ts_dtype to, double a) {
  typedef int64_t T;
  if (to == TS_I1) return a != 0;
#define CONVERT(op, meaning) return meaning;
#include "ir/scalar.def"
}

#undef LEAST
#undef MOST

double ts_int_to_float(ts_dtype to, int64_t x) {
  if (to == TS_F64) return (double)x;
  if (to == TS_F32) return (float)x;
  /* To odd at 53 bits first: what is cut off then leaves its mark for the rounding. */
  int64_t kept = x;
  if (x > INT64_C(1) << 53 || x < -(INT64_C(1) << 53)) {
    kept = x & ~INT64_C(0x7ff);
    if (kept != x) kept |= 0x800;
  }
  return ts_round_to(to, (double)kept);
}

ts_cell ts_eval_convert(ts_opcode opcode, ts_dtype from, ts_dtype to, ts_cell x) {
  if (ts_is_float(from))
    return ts_is_float(to) ? (ts_cell){.f = ts_round_to(to, x.f)}
                           : (ts_cell){.i = ts_float_to_int(to, x.f)};
  if (ts_is_float(to)) return (ts_cell){.f = ts_int_to_float(to, x.i)};
  return (ts_cell){.i = to == TS_I1 && opcode == TS_OP_CAST ? x.i != 0 : ts_wrap_int(to, x.i)};
}

/* ---- any op ---- */

static bool eval_arithmetic(const ts_op *op, ts_dtype type, const ts_cell in[3], ts_cell *out) {
  ts_scalar scalar = ts_scalar_of(op);
  if (!ts_is_float(type)) return ts_eval_int(scalar, type, in[0].i, in[1].i, &out->i);
  out->f = ts_eval_float(scalar, type, in[0].f, in[1].f, in[2].f);
  return true;
}

bool ts_eval_op(const ts_op *op, const ts_cell in[3], ts_cell *out) {
  ts_dtype from = (ts_dtype)ts_operand(op, 0)->type->dtype;
  ts_dtype type = (ts_dtype)ts_op_result(op, 0)->type->dtype;
  switch (ts_info(op)->class) {
  case TS_OC_COMPARE:
    out->i = ts_is_float(from) ? ts_eval_cmp_float(ts_op_pred(op), in[0].f, in[1].f)
                               : ts_eval_cmp_int(ts_op_pred(op), in[0].i, in[1].i);
    return true;
  case TS_OC_CONVERT: *out = ts_eval_convert((ts_opcode)op->opcode, from, type, in[0]); return true;
  case TS_OC_SELECT: *out = in[0].i ? in[1] : in[2]; return true;
  default: return eval_arithmetic(op, type, in, out);
  }
}

int64_t ts_quantize(double x, double scale, int64_t zero_point) {
  double steps = isnan(x) ? 0 : rint(x / scale);
  return ts_float_to_int(TS_I8, steps + (double)zero_point);
}
