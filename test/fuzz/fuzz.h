/* What the fuzz targets share: a context with a cap, and the demand that nothing stays behind. */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdlib.h>

#include "data/array.h"

enum { FUZZ_MEMORY = 64 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline ts_context *fuzz_context(size_t memory) {
  ts_context *ctx = ts_context_create();
  if (!ctx) abort();
  ts_context_set_memory_cap(ctx, memory);
  return ctx;
}

/* A failure without a message, and memory that was not given back, are bugs. */
static inline void fuzz_finish(ts_context *ctx, ts_result result) {
  if (result != TS_OK && ts_context_num_errors(ctx) == 0) abort();
  ts_context_clear_diagnostics(ctx);
  ts_arena_drop(&ctx->arena);
  if (ts_context_memory_used(ctx) != 0) abort();
  ts_context_destroy(ctx);
}

/* Every element can be looked at, and the array is what its bytes were large enough for. */
static inline void fuzz_check_array(const ts_array *a, size_t file_bytes) {
  int64_t n = ts_array_count(a);
  if (n < 0 || (uint64_t)n * ts_dtype_bytes(a->dtype) > file_bytes) abort();
  (void)ts_array_summarize(a);
}

#endif
