/* What a schedule wants to know of a processor. */
#ifndef TS_TARGET_TARGET_H
#define TS_TARGET_TARGET_H

#include "support/diag.h"

typedef struct ts_target {
  const char *name;     /* as compilers call it: the text of -march= */
  unsigned vector_bits; /* of the widest register that arithmetic is fast on; 128, 256 or 512 */
  unsigned vector_registers;  /* 16 or 32 */
  int64_t l1_bytes, l2_bytes; /* data caches of one core */
  /* It has an instruction for `dot` on its widest vectors: of i8 (VNNI), of bf16 (AVX512-BF16). */
  bool dot_i8, dot_bf16;
  bool fast_bf16;   /* that of bf16 takes less time than two fma of f32 */
  unsigned threads; /* that run at once */
} ts_target;

/* The processor of that name, or with "native" the one this runs on (CPUID and sysconf; 32 KiB and
 * 256 KiB where the system does not tell). A named one has its maker's cache sizes and as many
 * threads as this machine. TS_USAGE with the names there are for others. */
ts_result ts_target_find(ts_context *, const char *name, ts_target *out);
/* What measurements are only good for, in words: "AMD EPYC 9R14, vectors of 512 bits, 2 threads". The processor that this
 * runs on is called by what it says of itself. In the arena. */
const char *ts_target_text(ts_arena *, const ts_target *, unsigned threads);

#endif
