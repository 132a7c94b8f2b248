/* Any bytes as a .npy file: an array or a message. */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  ts_context *ctx = fuzz_context(FUZZ_MEMORY);
  ts_array a;
  ts_result result = ts_npy_read_bytes(ctx, "fuzz.npy", data, size, &a);
  if (result == TS_OK) fuzz_check_array(&a, size);
  ts_array_drop(ctx, &a);
  fuzz_finish(ctx, result);
  return 0;
}
