/* Processors: the table of named ones, and finding out about this one. */
#include "target/target.h"

#include <unistd.h>
#if defined(__x86_64__)
#include <cpuid.h>
#endif

enum { KIB = 1024 };

/* Cache sizes are those of the makers' optimisation manuals: L1 data and L2 of a core. A vdpbf16ps
 * does the work of two fma of f32. On Intel's cores (measured: Sapphire Rapids' generation) it
 * takes as long as four of them, on AMD's as long as one. */
static const ts_target targets[] = {
    {"x86-64", 128, 16, 32 * KIB, 256 * KIB, false, false, false, 0},
    {"x86-64-v3", 256, 16, 32 * KIB, 256 * KIB, false, false, false, 0},
    {"x86-64-v4", 512, 32, 32 * KIB, 1024 * KIB, false, false, false, 0},
    {"haswell", 256, 16, 32 * KIB, 256 * KIB, false, false, false, 0},
    {"skylake-avx512", 512, 32, 32 * KIB, 1024 * KIB, false, false, false, 0},
    {"icelake-server", 512, 32, 48 * KIB, 1280 * KIB, true, false, false, 0},
    {"sapphirerapids", 512, 32, 48 * KIB, 2048 * KIB, true, true, false, 0},
    {"znver3", 256, 16, 32 * KIB, 512 * KIB, false, false, false, 0},
    {"znver4", 512, 32, 32 * KIB, 1024 * KIB, true, true, true, 0},
    {"armv8-a", 128, 32, 32 * KIB, 512 * KIB, false, false, false, 0},
};

static int64_t system_value(int name, int64_t otherwise) {
  long value = sysconf(name);
  return value > 0 ? value : otherwise;
}

static void find_vectors(ts_target *t) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f"))
    *t = (ts_target){"native", 512, 32, 0, 0, false, false, false, 0};
  else if (__builtin_cpu_supports("avx2"))
    *t = (ts_target){"native", 256, 16, 0, 0, false, false, false, 0};
  else
    *t = (ts_target){"native", 128, 16, 0, 0, false, false, false, 0};
#else
  *t = (ts_target){"native", 128, 32, 0, 0, false, false, false, 0};
#endif
}

/* CPUID tells of AVX512-VNNI, AVX-VNNI and AVX512-BF16 (Intel SDM, volume 2A, CPUID, leaf 7); that
 * the system saves the registers is known from the vectors. */
static void find_dots(ts_target *t) {
#if defined(__x86_64__)
  unsigned a, b, c, d;
  if (__get_cpuid_count(7, 0, &a, &b, &c, &d)) t->dot_i8 = t->vector_bits == 512 && c >> 11 & 1;
  if (!__get_cpuid_count(7, 1, &a, &b, &c, &d)) return;
  t->dot_i8 |= t->vector_bits == 256 && a >> 4 & 1;
  t->dot_bf16 = t->vector_bits == 512 && a >> 5 & 1;
  if (__get_cpuid(0, &a, &b, &c, &d)) t->fast_bf16 = t->dot_bf16 && b == signature_AMD_ebx;
#else
  (void)t;
#endif
}

static void find_native(ts_target *t) {
  find_vectors(t);
  find_dots(t);
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

/* The brand string: 48 bytes, padded with blanks on either side (AMD64 APM, volume 3, E.4.2; Intel SDM, volume 2A,
 * CPUID, 80000002H). Elsewhere, or from processors that have none, the name of the architecture. */
static const char *native_name(ts_arena *arena) {
#if defined(__x86_64__)
  unsigned words[3][4];
  bool all = true;
  for (unsigned i = 0; i < 3; i++)
    all &= __get_cpuid(0x80000002 + i, &words[i][0], &words[i][1], &words[i][2], &words[i][3]) != 0;
  const char *name = ts_strndup(arena, (const char *)words, sizeof words);
  name += strspn(name, " ");
  size_t n = strlen(name);
  while (n && name[n - 1] == ' ')
    n--;
  return all && n ? ts_strndup(arena, name, n) : "x86-64";
#elif defined(__aarch64__)
  (void)arena;
  return "aarch64";
#else
  (void)arena;
  return "native";
#endif
}

const char *ts_target_text(ts_arena *arena, const ts_target *t, unsigned threads) {
  const char *name = strcmp(t->name, "native") ? t->name : native_name(arena);
  return ts_sprintf(arena, "%s, vectors of %u bits, %u thread%s", name, t->vector_bits, threads,
                    threads == 1 ? "" : "s");
}
