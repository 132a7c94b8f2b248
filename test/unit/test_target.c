/* What is known of processors: of named ones by the makers' manuals, of this one by the compiler. */
#include "target/target.h"
#include "unit.h"

static ts_target find(const char *name) {
  ts_context *ctx = ts_context_create();
  ts_target t = {0};
  ck_assert_int_eq(ts_target_find(ctx, name, &t), TS_OK);
  ts_context_destroy(ctx);
  return t;
}

/* AVX512-VNNI came with Ice Lake, AVX512-BF16 to servers with Sapphire Rapids; Zen 4 has both. */
START_TEST(who_has_instructions_for_dot) {
  static const struct {
    const char *name;
    bool i8, bf16;
  } known[] = {{"x86-64", false, false},         {"haswell", false, false},
               {"skylake-avx512", false, false}, {"icelake-server", true, false},
               {"sapphirerapids", true, true},   {"znver3", false, false},
               {"znver4", true, true},           {"armv8-a", false, false}};
  for (size_t i = 0; i < ts_countof(known); i++) {
    ts_target t = find(known[i].name);
    ck_assert_int_eq(t.dot_i8, known[i].i8);
    ck_assert_int_eq(t.dot_bf16, known[i].bf16);
  }
}
END_TEST

START_TEST(this_one_has_what_the_compiler_finds) {
  ts_target t = find("native");
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (t.vector_bits == 512) {
    ck_assert_int_eq(t.dot_i8, __builtin_cpu_supports("avx512vnni") != 0);
    ck_assert_int_eq(t.dot_bf16, __builtin_cpu_supports("avx512bf16") != 0);
  }
#endif
  ck_assert(!(t.dot_bf16 && t.vector_bits < 512));
  ck_assert_uint_ge(t.threads, 1);
}
END_TEST

/* A named one by its name; this one by what the system reads of it, too. */
START_TEST(measurements_are_kept_by_processor_and_threads) {
  ts_context *ctx = ts_context_create();
  ts_arena arena;
  ts_arena_init(&arena, &ctx->memory);
  ts_target named = find("znver4"), native = find("native");
  ck_assert_str_eq(ts_target_text(&arena, &named, 1), "znver4, vectors of 512 bits, 1 thread");
  const char *text = ts_target_text(&arena, &native, 3);
  const char *end = strstr(text, ", vectors of ");
  ck_assert_ptr_nonnull(end);
  ck_assert_ptr_nonnull(strstr(end, ", 3 threads"));
  ck_assert(end > text && end[-1] != ' ' && *text != ' ');
  char line[256];
  FILE *cpus = fopen("/proc/cpuinfo", "r");
  while (cpus && fgets(line, sizeof line, cpus)) /* of x86: "model name : NAME" */
    if (!strncmp(line, "model name", 10) && strchr(line, ':')) {
      ck_assert_int_eq(strncmp(strchr(line, ':') + 2, text, (size_t)(end - text)), 0);
      break;
    }
  if (cpus) fclose(cpus);
  ts_arena_drop(&arena);
  ts_context_destroy(ctx);
}
END_TEST

UNIT_MAIN("target", who_has_instructions_for_dot, this_one_has_what_the_compiler_finds,
          measurements_are_kept_by_processor_and_threads)
