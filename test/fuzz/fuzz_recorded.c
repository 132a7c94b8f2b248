/* Any bytes as a file of another tuner: a recorded space or a message. What is read can be written in every form, and
 * what other tuners read is read back. */
#include "fuzz.h"
#include "records/recorded.h"

static void check_rows(const ts_recorded *r) {
  for (size_t i = 0; i < r->num_rows * r->num_parameters; i++)
    if (r->choices[i] >= r->parameters[i % r->num_parameters].n) abort();
  for (size_t i = 0; i < r->num_rows; i++)
    if (ts_trial_ok(&r->trials[i]) && !(r->trials[i].ms.value >= 0)) abort();
}

/* A text of two bytes a parameter cannot be told from two parameters in a key, so that caches may be refused. */
static void write_and_read(ts_context *ctx, ts_arena *arena, const ts_recorded *r) {
  for (ts_export format = TS_EXPORT_T4; format <= TS_EXPORT_JSON; format++) {
    ts_recorded back;
    ts_sink sink;
    ts_sink_buffer(&sink, &ctx->memory);
    ts_recorded_write(&sink, format, r);
    if (ts_sink_finish(&sink)) abort();
    if (format == TS_EXPORT_T4 &&
        (ts_recorded_read_bytes(ctx, arena, "back", sink.buf, sink.n, &back) ||
         back.num_rows != r->num_rows))
      abort();
    ts_sink_drop(&sink);
  }
}

typedef struct input {
  ts_context *ctx;
  ts_arena arena;
  const uint8_t *data;
  size_t size;
} input;

static ts_result read_input(void *arg) {
  input *in = arg;
  ts_recorded r;
  ts_result result =
      ts_recorded_read_bytes(in->ctx, &in->arena, "fuzz.json", in->data, in->size, &r);
  if (result) return result;
  check_rows(&r);
  write_and_read(in->ctx, &in->arena, &r);
  return TS_OK;
}

static void drop_input(void *arg) { ts_arena_drop(&((input *)arg)->arena); }

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  input in = {.ctx = fuzz_context(FUZZ_MEMORY), .data = data, .size = size};
  ts_arena_init(&in.arena, &in.ctx->memory);
  fuzz_finish(in.ctx, ts_protect_cleanup(in.ctx, read_input, drop_input, &in));
  return 0;
}
