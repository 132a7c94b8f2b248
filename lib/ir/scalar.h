/* The scalar meaning of every op, shared by the folder, the tensor interpreter and the loop VM, so that
 * they cannot disagree. Floats are held as f64 images: the value of an f32 `addf` is
 * ts_round_to(f32, a + b), which is the correctly rounded f32 sum (Figueroa 1995: f64 holds more than
 * 2p + 2 bits, so the double rounding of + - * / and sqrt is innocuous). */
#ifndef TS_IR_SCALAR_H
#define TS_IR_SCALAR_H

#include "ir/ir.h"

/* Transcendentals in f64. gelu: x/2 · erfc(-x/√2), with no cancellation in the negative tail: rounded to
 * f32, f16 or bf16 the error is at most 0.51 ULP over all inputs (bench/ulp checks all 2^32). */
double ts_gelu(double x);
double ts_gelu_tanh(
    double x); /* x/2 · (1 + tanh(√(2/π) (x + 0.044715 x³))), Hendrycks & Gimpel 2016 */
double ts_sigmoid(double x); /* no overflow for any x */
double ts_silu(double x);
double ts_relu(double x);       /* NaN stays NaN */
double ts_fmax(double, double); /* NaN if either is; +0 > -0 */
double ts_fmin(double, double);

/* One float op on f64 images, rounded once to `type`: add … gelu, negf, addf … minf, fma,
 * roundeven. `b` and `c` are read as the op's arity says; `approx_tanh` chooses gelu's form. */
double ts_eval_float(ts_opcode, ts_dtype type, double a, double b, double c, bool approx_tanh);
/* a * b + c rounded once to `type`, for a, b and c of that type. */
double ts_fma_to(ts_dtype type, double a, double b, double c);
/* One integer op (add … min, addi … xori, abs, relu, neg), wrapped to `type`; false for a division by zero. */
bool ts_eval_int(ts_opcode, ts_dtype type, int64_t a, int64_t b, int64_t *out);
int64_t ts_wrap_int(ts_dtype, int64_t);
bool ts_eval_cmp_float(ts_pred, double, double);
bool ts_eval_cmp_int(ts_pred, int64_t, int64_t);
int64_t ts_float_to_int(ts_dtype to, double); /* toward zero, saturating, NaN to 0; to i1: x != 0 */
double ts_int_to_float(ts_dtype to, int64_t); /* to nearest even, rounded once */
/* Saturated rounded x/scale + zero_point, the division and rounding in f64; of a NaN, zero_point. */
int64_t ts_quantize(double x, double scale, int64_t zero_point);

#endif
