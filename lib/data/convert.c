/* f16 and bf16 as bit images. */
#include "support/floats.h"
#include "data/array.h"

uint16_t ts_f16_from_double(double x) { return (uint16_t)ts_float_encode(TS_FORMAT_F16, x); }
uint16_t ts_bf16_from_double(double x) { return (uint16_t)ts_float_encode(TS_FORMAT_BF16, x); }
double ts_f16_to_double(uint16_t bits) { return ts_float_decode(TS_FORMAT_F16, bits); }
double ts_bf16_to_double(uint16_t bits) { return ts_float_decode(TS_FORMAT_BF16, bits); }
