"""Writes the table of powers of ten that reading and printing floats share: for each exponent the 128
leading bits of 10^exponent, cut off. Run by the build:  pow10.py OUTPUT"""

import sys

LEAST, MOST = -342, 324


def leading_bits(exponent):
    if exponent >= 0:
        power = 10**exponent
        shift = power.bit_length() - 128
        return power >> shift if shift >= 0 else power << -shift
    # Enough bits of the reciprocal that 128 are left after cutting.
    power = 10**-exponent
    return (1 << (power.bit_length() + 127)) // power


with open(sys.argv[1], "w") as out:
    out.write('/* Made by pow10.py. */\n#include "support/pow10.h"\n\n')
    out.write("const uint64_t ts_pow10_bits[TS_POW10_MOST - TS_POW10_LEAST + 1][2] = {\n")
    for exponent in range(LEAST, MOST + 1):
        bits = leading_bits(exponent)
        assert bits >> 127 == 1
        out.write(f"    {{0x{bits >> 64:016x}, 0x{bits & (1 << 64) - 1:016x}}}, /* {exponent} */\n")
    out.write("};\n")
