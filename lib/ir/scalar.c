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

double ts_relu(double x) { return isnan(x) ? x : x > 0 ? x : 0.0; }

double ts_fmax(double a, double b) {
  if (isnan(a) || isnan(b)) return a + b;
  if (a == b) return signbit(a) ? b : a;
  return a > b ? a : b;
}

double ts_fmin(double a, double b) {
  if (isnan(a) || isnan(b)) return a + b;
  if (a == b) return signbit(a) ? a : b;
  return a < b ? a : b;
}

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

static double eval_unary(ts_opcode op, double a, bool approx_tanh, bool *known) {
  *known = true;
  switch (op) {
  case TS_OP_NEG:
  case TS_OP_NEGF: return -a;
  case TS_OP_ABS: return fabs(a);
  case TS_OP_EXP: return exp(a);
  case TS_OP_LOG: return log(a);
  case TS_OP_SQRT: return sqrt(a);
  case TS_OP_RSQRT: return (double)(1 / sqrtl(a));
  case TS_OP_TANH: return tanh(a);
  case TS_OP_ERF: return erf(a);
  case TS_OP_RELU: return ts_relu(a);
  case TS_OP_SIGMOID: return ts_sigmoid(a);
  case TS_OP_SILU: return ts_silu(a);
  case TS_OP_GELU: return approx_tanh ? ts_gelu_tanh(a) : ts_gelu(a);
  case TS_OP_ROUNDEVEN: return rint(a);
  default: *known = false; return 0;
  }
}

double ts_eval_float(ts_opcode op, ts_dtype type, double a, double b, double c, bool approx_tanh) {
  switch (op) {
  case TS_OP_ADD:
  case TS_OP_ADDF: return ts_round_to(type, a + b);
  case TS_OP_SUB:
  case TS_OP_SUBF: return ts_round_to(type, a - b);
  case TS_OP_MUL:
  case TS_OP_MULF: return ts_round_to(type, a * b);
  case TS_OP_DIV:
  case TS_OP_DIVF: return ts_round_to(type, a / b);
  case TS_OP_MAX:
  case TS_OP_MAXF: return ts_fmax(a, b);
  case TS_OP_MIN:
  case TS_OP_MINF: return ts_fmin(a, b);
  case TS_OP_FMA: return ts_fma_to(type, a, b, c);
  default: break;
  }
  bool known;
  double y = eval_unary(op, a, approx_tanh, &known);
  if (!known) ts_unreachable("not a float op");
  return ts_round_to(type, y);
}

int64_t ts_wrap_int(ts_dtype type, int64_t x) {
  switch (type) {
  case TS_I32: return (int32_t)(uint32_t)x;
  case TS_I8: return (int8_t)(uint8_t)x;
  case TS_I1: return x & 1;
  default: return x;
  }
}

/* Wraps for the least value / -1; the caller has refused b = 0. */
static int64_t divide(int64_t a, int64_t b) { return b == -1 ? (int64_t)(0 - (uint64_t)a) : a / b; }

bool ts_eval_int(ts_opcode op, ts_dtype type, int64_t a, int64_t b, int64_t *out) {
  uint64_t ua = (uint64_t)a, ub = (uint64_t)b, r;
  switch (op) {
  case TS_OP_ADD:
  case TS_OP_ADDI: r = ua + ub; break;
  case TS_OP_SUB:
  case TS_OP_SUBI: r = ua - ub; break;
  case TS_OP_MUL:
  case TS_OP_MULI: r = ua * ub; break;
  case TS_OP_DIV:
  case TS_OP_DIVI:
    if (b == 0) return false;
    r = (uint64_t)divide(a, b);
    break;
  case TS_OP_REMI:
    if (b == 0) return false;
    r = ua - ub * (uint64_t)divide(a, b);
    break;
  case TS_OP_MAX:
  case TS_OP_MAXI: r = a > b ? ua : ub; break;
  case TS_OP_MIN:
  case TS_OP_MINI: r = a < b ? ua : ub; break;
  case TS_OP_ANDI: r = ua & ub; break;
  case TS_OP_ORI: r = ua | ub; break;
  case TS_OP_XORI: r = ua ^ ub; break;
  case TS_OP_NEG: r = 0 - ua; break;
  case TS_OP_ABS: r = a < 0 ? 0 - ua : ua; break;
  case TS_OP_RELU: r = a > 0 ? ua : 0; break;
  default: ts_unreachable("not an integer op");
  }
  *out = ts_wrap_int(type, (int64_t)r);
  return true;
}

bool ts_eval_cmp_float(ts_pred pred, double a, double b) {
  switch (pred) {
  case TS_EQ: return a == b;
  case TS_NE: return a != b;
  case TS_LT: return a < b;
  case TS_LE: return a <= b;
  case TS_GT: return a > b;
  case TS_GE: return a >= b;
  }
  ts_unreachable("not a comparison");
}

bool ts_eval_cmp_int(ts_pred pred, int64_t a, int64_t b) {
  switch (pred) {
  case TS_EQ: return a == b;
  case TS_NE: return a != b;
  case TS_LT: return a < b;
  case TS_LE: return a <= b;
  case TS_GT: return a > b;
  case TS_GE: return a >= b;
  }
  ts_unreachable("not a comparison");
}

int64_t ts_float_to_int(ts_dtype to, double x) {
  if (to == TS_I1) return x != 0;
  if (isnan(x)) return 0;
  int64_t least = INT64_MIN, most = INT64_MAX;
  if (to == TS_I32) least = INT32_MIN, most = INT32_MAX;
  if (to == TS_I8) least = INT8_MIN, most = INT8_MAX;
  if (x <= (double)least) return least;
  if (x >= (double)most) return most;
  return (int64_t)x;
}

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

int64_t ts_quantize(double x, double scale, int64_t zero_point) {
  double steps = isnan(x) ? 0 : rint(x / scale);
  return ts_float_to_int(TS_I8, steps + (double)zero_point);
}
