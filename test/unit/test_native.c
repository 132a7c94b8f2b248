/* The native engine inside one process: through the public API, from several threads, when memory
 * runs out at any point, and what it leaves open. */
#include <dirent.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/engine.h"
#include "tilesmith.h"
#include "unit.h"

static const char program[] =
    "func @f(%X: tensor<Mx8xf32>, %b: tensor<4xf32>) -> tensor<Mx4xf32> {\n"
    "  %w = const 0.5 : tensor<8x4xf32>\n"
    "  %0 = matmul %X, %w : tensor<Mx4xf32>\n"
    "  %1 = add %0, %b : tensor<Mx4xf32>\n"
    "  return %1\n"
    "}\n";

static char folder[64];

static void make_folder(void) {
  strcpy(folder, "/tmp/tilesmith-native-XXXXXX");
  ck_assert_ptr_nonnull(mkdtemp(folder));
  ck_assert_int_eq(setenv("XDG_CACHE_HOME", folder, 1), 0);
}

static void remove_folder(void) {
  char line[128];
  snprintf(line, sizeof line, "rm -rf %s", folder);
  ck_assert_int_eq(system(line), 0);
}

static unsigned open_files(void) {
  unsigned n = 0;
  DIR *dir = opendir("/proc/self/fd");
  while (dir && readdir(dir))
    n++;
  if (dir) closedir(dir);
  return n;
}

/* X = 1, b = 2: each result is 8 / 2 + 2. */
static ts_result run(ts_executable *exe, int64_t m) {
  float x[64 * 8], b[4], y[64 * 4] = {0};
  for (unsigned i = 0; i < ts_countof(x); i++)
    x[i] = 1;
  for (unsigned i = 0; i < ts_countof(b); i++)
    b[i] = 2;
  const int64_t xs[] = {m, 8}, bs[] = {4}, ys[] = {m, 4};
  const ts_tensor tensors[] = {ts_tensor_of(TS_F32, 2, xs, x), ts_tensor_of(TS_F32, 1, bs, b),
                               ts_tensor_of(TS_F32, 2, ys, y)};
  ts_result result =
      ts_execute(exe, 3, tensors, &(ts_limits){.size = sizeof(ts_limits), .threads = 2});
  for (int64_t i = 0; !result && i < m * 4; i++)
    if (y[i] != 6) return TS_CHECK;
  return result;
}

/* From text to results and back, with the n-th request for memory refused from `ts_compile` on (0:
 * none). */
static ts_result compile_and_run(uint64_t n) {
  ts_context *ctx = ts_context_create();
  ts_module *module = NULL;
  ts_executable *exe = NULL;
  ts_result result = ts_module_parse(ctx, "f.tir", program, sizeof program - 1, &module);
  ctx->memory.fail_after = n;
  if (!result) result = ts_compile(module, NULL, "native", &exe);
  for (int64_t m = 1; !result && m <= 64; m *= 4)
    result = run(exe, m);
  ctx->memory.fail_after = 0;
  if (result && result != TS_LIMIT)
    for (const ts_diag *d = NULL; (d = ts_diagnostic_next(ctx, d));)
      fputs(ts_diagnostic_text(ctx, d), stderr);
  ts_executable_destroy(exe);
  ts_module_destroy(module);
  ts_context_destroy(ctx);
  return result;
}

START_TEST(one_executable_serves_all_extents) {
  make_folder();
  ck_assert_int_eq(compile_and_run(0), TS_OK);
  remove_folder();
}
END_TEST

START_TEST(every_request_for_memory_can_be_refused) {
  make_folder();
  ck_assert_int_eq(compile_and_run(0), TS_OK); /* what follows finds the code in the cache */
  unsigned files = open_files();
  uint64_t n = 1;
  for (ts_result result = TS_LIMIT; result != TS_OK; n++) {
    result = compile_and_run(n);
    unit_check(result == TS_OK || result == TS_LIMIT, "request %zu: %d", (size_t)n, (int)result);
    unit_check(open_files() == files, "request %zu left a file open", (size_t)n);
  }
  ck_assert_uint_gt(n, 100);
  remove_folder();
}
END_TEST

/* Makes a compiler that is done at once: it copies what the cache holds, and leaves a mark. Returns
 * the folder in which it works, which is empty when nothing is left behind. */
static const char *set_quick_compiler(void) {
  static char path[128], work[128];
  snprintf(path, sizeof path, "%s/cc", folder);
  snprintf(work, sizeof work, "%s/work", folder);
  FILE *f = fopen(path, "w");
  fprintf(f, "#!/bin/sh\n: >%s/started\ncp %s/tilesmith/native/*.so kernel.so\n", folder, folder);
  ck_assert_int_eq(fclose(f), 0);
  ck_assert_int_eq(chmod(path, 0755), 0);
  ck_assert_int_eq(mkdir(work, 0755), 0);
  setenv("TS_CC", path, 1);
  setenv("TMPDIR", work, 1);
  setenv("XDG_CACHE_HOME", "/dev/null", 1);
  return work;
}

static bool starts_compiler(uint64_t n) {
  char mark[128];
  snprintf(mark, sizeof mark, "%s/started", folder);
  compile_and_run(n);
  return unlink(mark) == 0;
}

/* The first request that comes after a compiler was started. */
static uint64_t first_after_start(void) {
  uint64_t most = 1, least;
  while (!starts_compiler(most))
    most *= 2;
  for (least = most / 2; most - least > 1;) {
    uint64_t middle = (least + most) / 2;
    if (starts_compiler(middle))
      most = middle;
    else
      least = middle;
  }
  return most;
}

/* The same, where there is no cache. Requests well before the compiler are as above, and left out. */
START_TEST(every_request_around_a_compiler_can_be_refused) {
  make_folder();
  ck_assert_int_eq(compile_and_run(0), TS_OK);
  const char *work = set_quick_compiler();
  uint64_t first = first_after_start() - 300, n = first;
  for (ts_result result = TS_LIMIT; result != TS_OK; n++) {
    result = compile_and_run(n);
    unit_check(result == TS_OK || result == TS_LIMIT, "request %zu: %d", (size_t)n, (int)result);
    unit_check(rmdir(work) == 0 && mkdir(work, 0755) == 0, "request %zu left files", (size_t)n);
  }
  ck_assert_uint_gt(n, first + 300);
  remove_folder();
}
END_TEST

static void *in_a_thread(void *result) {
  *(ts_result *)result = compile_and_run(0);
  return NULL;
}

START_TEST(contexts_in_threads_share_the_cache) {
  enum { THREADS = 4 };
  pthread_t threads[THREADS];
  ts_result results[THREADS];
  make_folder();
  for (int i = 0; i < THREADS; i++)
    ck_assert_int_eq(pthread_create(&threads[i], NULL, in_a_thread, &results[i]), 0);
  for (int i = 0; i < THREADS; i++) {
    pthread_join(threads[i], NULL);
    ck_assert_int_eq(results[i], TS_OK);
  }
  remove_folder();
}
END_TEST

START_TEST(arrays_that_do_not_fit_are_refused_each_time) {
  make_folder();
  ts_context *ctx = ts_context_create();
  ts_module *module;
  ts_executable *exe;
  float x[64] = {0};
  ck_assert_int_eq(ts_module_parse(ctx, "f.tir", program, sizeof program - 1, &module), TS_OK);
  ck_assert_int_eq(ts_compile(module, "f", "native", &exe), TS_OK);
  const int64_t xs[] = {2, 8}, bs[] = {4}, ys[] = {2, 4}, other[] = {3, 4};
  const ts_tensor good[] = {ts_tensor_of(TS_F32, 2, xs, x), ts_tensor_of(TS_F32, 1, bs, x),
                            ts_tensor_of(TS_F32, 2, ys, x + 32)};
  const ts_tensor rows[] = {good[0], good[1], ts_tensor_of(TS_F32, 2, other, x + 32)};
  const ts_tensor type[] = {good[0], ts_tensor_of(TS_F64, 1, bs, x), good[2]};
  for (int i = 0; i < 2; i++) {
    ck_assert_int_eq(ts_execute(exe, 3, rows, NULL), TS_ERR);
    ck_assert_int_eq(ts_execute(exe, 3, type, NULL), TS_ERR);
    ck_assert_int_eq(ts_execute(exe, 3, good, NULL), TS_OK);
  }
  ts_executable_destroy(exe);
  ts_module_destroy(module);
  ts_context_destroy(ctx);
  remove_folder();
}
END_TEST

UNIT_MAIN("native", one_executable_serves_all_extents, every_request_for_memory_can_be_refused,
          every_request_around_a_compiler_can_be_refused, contexts_in_threads_share_the_cache,
          arrays_that_do_not_fit_are_refused_each_time)
