/* Processors: the table of named ones, and finding out about this one. */
#include "analysis/target.h"

#include <unistd.h>

enum { KIB = 1024 };

/* Cache sizes are those of the makers' optimisation manuals: L1 data and L2 of a core. */
static const ts_target targets[] = {
    {"x86-64", 128, 16, 32 * KIB, 256 * KIB, 0},
    {"x86-64-v3", 256, 16, 32 * KIB, 256 * KIB, 0},
    {"x86-64-v4", 512, 32, 32 * KIB, 1024 * KIB, 0},
    {"haswell", 256, 16, 32 * KIB, 256 * KIB, 0},
    {"skylake-avx512", 512, 32, 32 * KIB, 1024 * KIB, 0},
    {"icelake-server", 512, 32, 48 * KIB, 1280 * KIB, 0},
    {"sapphirerapids", 512, 32, 48 * KIB, 2048 * KIB, 0},
    {"znver3", 256, 16, 32 * KIB, 512 * KIB, 0},
    {"znver4", 512, 32, 32 * KIB, 1024 * KIB, 0},
    {"armv8-a", 128, 32, 32 * KIB, 512 * KIB, 0},
};

static int64_t system_value(int name, int64_t otherwise) {
  long value = sysconf(name);
  return value > 0 ? value : otherwise;
}

static void find_vectors(ts_target *t) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f"))
    *t = (ts_target){"native", 512, 32, 0, 0, 0};
  else if (__builtin_cpu_supports("avx2"))
    *t = (ts_target){"native", 256, 16, 0, 0, 0};
  else
    *t = (ts_target){"native", 128, 16, 0, 0, 0};
#else
  *t = (ts_target){"native", 128, 32, 0, 0, 0};
#endif
}

static void find_native(ts_target *t) {
  find_vectors(t);
  t->l1_bytes = system_value(_SC_LEVEL1_DCACHE_SIZE, 32 * KIB);
  t->l2_bytes = system_value(_SC_LEVEL2_CACHE_SIZE, 256 * KIB);
}

ts_result ts_target_find(ts_context *ctx, const char *name, ts_target *out) {
  unsigned threads = (unsigned)system_value(_SC_NPROCESSORS_ONLN, 1);
  if (!strcmp(name, "native")) {
    find_native(out);
    out->threads = threads;
    return TS_OK;
  }
  const char *list = "native";
  for (size_t i = 0; i < ts_countof(targets); i++) {
    list = ts_sprintf(&ctx->messages, "%s, %s", list, targets[i].name);
    if (strcmp(name, targets[i].name)) continue;
    *out = targets[i];
    out->threads = threads;
    return TS_OK;
  }
  ts_error_plain(ctx, "there is no processor '%s' in the table; it has %s", name, list);
  return TS_USAGE;
}
