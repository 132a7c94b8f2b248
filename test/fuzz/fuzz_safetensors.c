/* Any bytes as a safetensors file: its only tensor, one called w, or a message. */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const char *const names[] = {NULL, "w"};
  for (size_t i = 0; i < ts_countof(names); i++) {
    ts_context *ctx = fuzz_context(FUZZ_MEMORY);
    ts_array a;
    ts_result result = ts_safetensors_read_bytes(ctx, "fuzz.safetensors", data, size, names[i], &a);
    if (result == TS_OK) fuzz_check_array(&a, size);
    ts_array_drop(ctx, &a);
    fuzz_finish(ctx, result);
  }
  return 0;
}
