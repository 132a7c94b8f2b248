/* Powers of ten to 128 bits, for reading and printing floats. */
#ifndef TS_SUPPORT_POW10_H
#define TS_SUPPORT_POW10_H

#include <stdint.h>

enum { TS_POW10_LEAST = -342, TS_POW10_MOST = 324 };

/* The 128 leading bits of 10^(i + LEAST), high half first, cut off: exact for 10^0 to 10^55
 * only. */
extern const uint64_t ts_pow10_bits[TS_POW10_MOST - TS_POW10_LEAST + 1][2];

/* Floor of log2(10^e), for |e| ≤ 1200: 1741647 / 2^19 is log2 of 10 to 8 digits. */
static inline int ts_log2_of_pow10(int e) { return (e * 1741647) >> 19; }

#endif
