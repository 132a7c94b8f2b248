/* What scalar ops mean, from one table (scalar.def) that the folder, the tensor interpreter and the loop VM
 * compile and the C emitter prints, so that they cannot disagree. Floats are held as f64 images: the value of
 * an f32 `addf` is ts_round_to(f32, a + b), which is the correctly rounded f32 sum (Figueroa 1995: f64 holds
 * more than 2p + 2 bits, so the double rounding of + - * / and sqrt is innocuous). */
#ifndef TS_IR_SCALAR_H
#define TS_IR_SCALAR_H

#include "ir/ir.h"

typedef enum ts_scalar {
#define SCALAR(name, ...) TS_SCALAR_##name,
#include "ir/scalar.def"
  TS_NUM_SCALARS
} ts_scalar;

/* A row of scalar.def. */
typedef struct ts_scalar_info {
  uint8_t arity;
  uint16_t tensor, on_float, on_int; /* opcodes; TS_NUM_OPCODES: there is none */
  /* its meaning as C; NULL: it has none on such numbers */
  const char *float_meaning, *int_meaning;
  bool exact;   /* on floats: of its operands' type without being rounded */
  bool divides; /* on integers: b = 0 is an error */
} ts_scalar_info;
extern const ts_scalar_info ts_scalar_infos[TS_NUM_SCALARS];
/* fptosi as C, of a float a; T, LEAST and MOST are the integer's. */
extern const char ts_fptosi_meaning[];

/* What an op of either level computes; TS_NUM_SCALARS where it is no arithmetic on elements. */
ts_scalar ts_scalar_of(const ts_op *);
/* The same of an opcode whose attributes stand on `op`: of a fused_mlp's activation. */
ts_scalar ts_scalar_with(ts_opcode, const ts_op *op);

/* The tensor op that a scalar op is one element of: addf and addi give add, every conversion gives
 * cast, an op of both levels gives itself. TS_NUM_OPCODES when there is none (fma, select, …). */
ts_opcode ts_tensor_form(ts_opcode);
/* The scalar op that computes one element of an elementwise tensor op whose elements are `dtype`;
 * TS_NUM_OPCODES when it takes more than one op (neg of integers) or is cast. */
ts_opcode ts_scalar_form(ts_opcode, ts_dtype);
/* The scalar op that converts `from` to `to`; TS_NUM_OPCODES when there is none (to i1: a
 * comparison; between index and i64; equal types). */
ts_opcode ts_scalar_cast(ts_dtype from, ts_dtype to);
/* Is it a division of integers, which stops where the divisor is 0? */
bool ts_divides(const ts_op *);

/* Transcendentals in f64. gelu: x/2 · erfc(-x/√2), with no cancellation in the negative tail: rounded to
 * f32, f16 or bf16 the error is at most 0.51 ULP over all inputs (bench/ulp checks all 2^32). */
double ts_gelu(double x);
/* x/2 · (1 + tanh(√(2/π) (x + 0.044715 x³))), Hendrycks & Gimpel 2016 */
double ts_gelu_tanh(double x);
double ts_sigmoid(double x); /* no overflow for any x */
double ts_silu(double x);
double ts_rsqrt(double x);

/* One number while it is worked on: float types as their f64 value, the others as an int64. */
typedef union ts_cell {
  double f;
  int64_t i;
} ts_cell;

/* One float op on f64 images, rounded once to `type`. `b` and `c` are read as the op's arity says. */
double ts_eval_float(ts_scalar, ts_dtype type, double a, double b, double c);
/* The same of n elements, not yet rounded to `type` where the op is not exact; every operand can be read. */
void ts_eval_floats(ts_scalar, ts_dtype type, unsigned n, const ts_cell *a, const ts_cell *b,
                    const ts_cell *c, ts_cell *out);
/* The number of the type that an op of two operands that may be taken in any order leaves every other with as it
 * is: 0 of a sum, 1 of a product, the least number for the largest (of floats, infinities). */
ts_cell ts_neutral(ts_scalar, ts_dtype type);
/* a * b + c rounded once to `type`, for a, b and c of that type. */
double ts_fma_to(ts_dtype type, double a, double b, double c);
/* One integer op, wrapped to `type`; false for a division by zero. */
bool ts_eval_int(ts_scalar, ts_dtype type, int64_t a, int64_t b, int64_t *out);
int64_t ts_wrap_int(ts_dtype, int64_t);
bool ts_eval_cmp_float(ts_pred, double, double);
bool ts_eval_cmp_int(ts_pred, int64_t, int64_t);
int64_t ts_float_to_int(ts_dtype to, double); /* as fptosi; to i1: x != 0 */
double ts_int_to_float(ts_dtype to, int64_t); /* to nearest even, rounded once */
/* One number in another type. To i1 a cast asks whether it is 0, trunci keeps the low bit. */
ts_cell ts_eval_convert(ts_opcode, ts_dtype from, ts_dtype to, ts_cell);
/* An op that works element by element, of scalars or tensors, on one element of each operand; false for a
 * division by zero. */
bool ts_eval_op(const ts_op *, const ts_cell in[3], ts_cell *out);
/* Saturated rounded x/scale + zero_point, the division and rounding in f64; of a NaN, zero_point. */
int64_t ts_quantize(double x, double scale, int64_t zero_point);

#endif
