/* Any bytes as a store of trials: sessions and trials, or a message. */
#include <fcntl.h>
#include <unistd.h>

#include "support/files.h"
#include "fuzz.h"
#include "records/recorded.h"

typedef struct input {
  ts_context *ctx;
  ts_arena arena;
  const char *path;
  ts_store *store;
} input;

static ts_result note_session(void *user, const ts_kept_session *session) {
  input *in = user;
  ts_recorded r;
  if (ts_recorded_of_session(in->ctx, &in->arena, in->store, session, &r) == TS_OK)
    for (size_t i = 0; i < r.num_rows; i++)
      if (!r.trials[i].parameters) abort();
  return TS_OK;
}

static ts_result read_input(void *arg) {
  input *in = arg;
  ts_result result = ts_store_open(in->ctx, in->path, TS_STORE_READ, &in->store);
  return result ? result : ts_store_sessions(in->store, &in->arena, NULL, note_session, in);
}

static void drop_input(void *arg) {
  input *in = arg;
  ts_store_close(in->store);
  ts_arena_drop(&in->arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  char path[64];
  snprintf(path, sizeof path, "/dev/shm/ts-fuzz-store-%ld", (long)getpid());
  if (!ts_file_write(AT_FDCWD, path, O_TRUNC, data, size)) abort();
  input in = {.ctx = fuzz_context(FUZZ_MEMORY), .path = path};
  ts_arena_init(&in.arena, &in.ctx->memory);
  fuzz_finish(in.ctx, ts_protect_cleanup(in.ctx, read_input, drop_input, &in));
  (void)unlink(path);
  return 0;
}
