/* Any bytes as a trial or a candidate that another rank sent: refused, or something that is read again as it was. */
#include "fuzz.h"
#include "tune/spread/wire.h"

typedef struct sent {
  ts_trial trial;
  ts_candidate candidate;
} sent;

static bool read_sent(ts_arena *arena, unsigned parameters, const void *bytes, size_t n,
                      sent *out) {
  ts_wire w = ts_wire_read(arena, bytes, n);
  ts_wire_trial(&w, &out->trial);
  ts_wire_candidate(&w, parameters, &out->candidate);
  return ts_wire_is_whole(&w);
}

static ts_wire write_sent(ts_arena *arena, unsigned parameters, sent *s) {
  ts_wire w = ts_wire_write(arena);
  ts_wire_trial(&w, &s->trial);
  ts_wire_candidate(&w, parameters, &s->candidate);
  return w;
}

typedef struct given {
  ts_context *ctx;
  const uint8_t *data;
  size_t size;
} given;

static ts_result try_bytes(void *arg) {
  const given *g = arg;
  ts_arena *arena = &g->ctx->arena;
  unsigned parameters = g->data[0] % 4;
  sent first, second;
  if (!read_sent(arena, parameters, g->data + 1, g->size - 1, &first)) return TS_OK;
  ts_wire once = write_sent(arena, parameters, &first);
  if (!read_sent(arena, parameters, once.written.at, once.written.n, &second)) abort();
  ts_wire twice = write_sent(arena, parameters, &second);
  if (once.written.n != twice.written.n ||
      memcmp(once.written.at, twice.written.at, once.written.n) != 0)
    abort();
  return TS_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size == 0) return 0;
  ts_context *ctx = fuzz_context(FUZZ_MEMORY);
  given g = {ctx, data, size};
  fuzz_finish(ctx, ts_protect(ctx, try_bytes, &g));
  return 0;
}
