/* Any bytes as a model of energy, and as samples to fit one to: a message, or what can be used. */
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"
#include "tune/energy/energy.h"

typedef struct input {
  ts_context *ctx;
  const char *path;
} input;

/* Weights that were read are weights, and are read back. */
static ts_result read_model(void *arg) {
  const input *in = arg;
  ts_energy_model m;
  ts_result result = ts_energy_model_read(in->ctx, &in->ctx->arena, in->path, &m);
  if (result == TS_OK && !(m.j_flop >= 0 && m.watts >= 0)) abort();
  return result;
}

static ts_result read_samples(void *arg) {
  const input *in = arg;
  ts_energy_samples s;
  ts_energy_model m;
  double error;
  ts_result result = ts_energy_samples_read(in->ctx, &in->ctx->arena, in->path, &s);
  if (result == TS_OK) result = ts_energy_fit(in->ctx, s.n, s.counted, s.joules, &m, &error);
  if (result == TS_OK && !(m.j_flop >= 0 && m.watts >= 0 && error >= 0)) abort();
  return result;
}

static void try_file(const char *path, ts_result (*read)(void *)) {
  input in = {fuzz_context(FUZZ_MEMORY), path};
  ts_result result = ts_protect(in.ctx, read, &in);
  fuzz_finish(in.ctx, result);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  char path[64];
  int fd = memfd_create("fuzz", MFD_CLOEXEC);
  if (fd < 0 || write(fd, data, size) != (ssize_t)size) abort();
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  try_file(path, read_model);
  try_file(path, read_samples);
  close(fd);
  return 0;
}
