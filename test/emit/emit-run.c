/* emit-run FILE DIR COMPILER FLAG…: every function of a loop program, on the loop VM and as C that
 * the compiler has made into a library under DIR. Both must end the same way, a failure at the same
 * op and subscript, with the same bits in every array; NaNs count as one.
 *
 * Arrays are filled by their names: E… with the values at which ops go wrong, D… with those but 0,
 * F… with those but subnormal numbers, P… with 0 1 2 …, others with normal numbers. Functions called approx… may be off by 2 units in
 * the last place, f64 by 4. Symbolic extents are 5, 7, 12, 17, … in order.
 *
 * The library is kept in the native engine's cache: builds with and without sanitizers emit the same C. */
#include <dlfcn.h>
#include <fcntl.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/cache.h"
#include "support/files.h"
#include "data/global.h"
#include "data/shape_binding.h"
#include "analysis/verify/verify.h"
#include "emit/emit.h"
#include "engine/native/native_impl.h"

enum { MAX_ARRAYS = 16, MAX_FAILURES = 20 };

typedef struct program {
  ts_context *ctx;
  ts_module *module;
  void *library;
  unsigned num_hidden;
  ts_array hidden[MAX_ARRAYS];
  unsigned ran, failed;
} program;

/* ---- inputs ---- */

static const double edge_floats[] = {
    0,         -0.0,    1,          -1,     0.5,   1.5,    2.5,        -2.5,         INFINITY,
    -INFINITY, NAN,     3.0000002,  65504,  65519, 65520,  1e-8,       6e-8,         -6.2e-5,
    3.4e38,    -1e39,   1e-40,      126.75, 128,   -128.5, 2147483520, 2147483648.0, -2147483904.0,
    9.3e18,    -9.3e18, 0.33333334, 1e-300, 257};
static const int64_t edge_ints[] = {
    1,  -1, INT64_MIN, INT64_MAX,       INT32_MIN, INT32_MAX, 127, -128, 2,
    -2, 7,  -7,        (1LL << 53) + 1, 33554433,  100,       255, 0};

/* The i-th of `n` values, or in arrays that meet another (E2, D) the one of the i / n-th: so all
 * pairs come up. */
static size_t nth(const char *name, int64_t i, size_t n) {
  bool second = name[0] == 'D' || name[1];
  return (size_t)i / (second ? ts_countof(edge_floats) : 1) % n;
}

static void fill_edges(ts_array *a, const char *name) {
  bool zeros = name[0] != 'D';
  for (int64_t i = 0; i < ts_array_count(a); i++) {
    if (ts_is_float(a->dtype))
      ts_array_set(a, i, edge_floats[nth(name, i, ts_countof(edge_floats))]);
    else
      ts_array_set_int(a, i, edge_ints[nth(name, i, ts_countof(edge_ints) - !zeros)]);
    double size = fabs(ts_array_get(a, i));
    bool left_out = name[0] == 'F' ? size > 0 && size < FLT_MIN : !zeros && size == 0;
    if (left_out) ts_array_set(a, i, 3);
  }
}

static void fill(ts_array *a, const char *name) {
  if (strchr("EDF", name[0]))
    fill_edges(a, name);
  else
    ts_array_fill(a, name[0] == 'P' ? TS_FILL_IOTA : TS_FILL_NORMAL, 1, 2025, name);
}

/* ---- comparing ---- */

static bool same(const ts_array *got, const ts_array *want, int64_t i, bool approx) {
  size_t bytes = ts_dtype_bytes(got->dtype), at = (size_t)i * bytes;
  if (memcmp((char *)got->data + at, (char *)want->data + at, bytes) == 0) return true;
  if (!ts_is_float(got->dtype)) return false;
  double g = ts_array_get(got, i), w = ts_array_get(want, i);
  if (isnan(g) && isnan(w)) return true;
  static const int digits[] = {[TS_F64] = 53, [TS_F32] = 24, [TS_F16] = 11, [TS_BF16] = 8};
  static const int least[] = {[TS_F64] = -1074, [TS_F32] = -149, [TS_F16] = -24, [TS_BF16] = -133};
  double ulp = ldexp(1, ts_max(isfinite(w) && w != 0 ? ilogb(w) - digits[got->dtype] + 1 : -2000,
                               least[got->dtype]));
  return approx && fabs(g - w) <= (got->dtype == TS_F64 ? 4 : 2) * ulp;
}

static void report(program *p, const char *name, const char *fmt, ...) {
  char text[512];
  va_list args;
  va_start(args, fmt);
  vsnprintf(text, sizeof text, fmt, args);
  va_end(args);
  if (p->failed++ < MAX_FAILURES) printf("@%s: %s\n", name, text);
}

static void compare(program *p, const char *name, const char *array, const ts_array *got,
                    const ts_array *want) {
  bool approx = strncmp(name, "approx", 6) == 0;
  for (int64_t i = 0; i < ts_array_count(want); i++)
    if (!same(got, want, i, approx)) {
      report(p, name, "%%%s element %ld is %.17g, not %.17g", array, (long)i, ts_array_get(got, i),
             ts_array_get(want, i));
      return;
    }
}

/* ---- running ---- */

/* The first subscript in a message such as "read out of bounds: %X[40], where …". */
static int64_t subscript_of(const char *message) {
  const char *at = strchr(message, '[');
  if (strstr(message, "past 64 bits")) return INT64_MIN;
  return at ? strtoll(at + 1, NULL, 10) : 0;
}

static ts_result run_vm(program *p, const ts_func *f, ts_array *arrays, ts_failure *failure) {
  void *compiled = NULL;
  ts_result result = ts_engine_loop.prepare(p->ctx, p->module, f, NULL, &compiled);
  ts_run_args args = {.func = f, .arrays = arrays};
  if (!result) result = ts_engine_loop.run(p->ctx, compiled, &args);
  if (compiled) ts_engine_loop.release(p->ctx, compiled);
  *failure = (ts_failure){0};
  if (result && p->ctx->first) {
    failure->kind =
        strstr(p->ctx->first->message, "division") ? TS_FAILURE_DIVISION : TS_FAILURE_BOUNDS;
    failure->begin = p->ctx->first->loc.begin;
    failure->end = p->ctx->first->loc.end;
    failure->index = subscript_of(p->ctx->first->message);
  }
  ts_context_clear_diagnostics(p->ctx);
  return result;
}

static int32_t run_native(program *p, const ts_func *f, const ts_array *arrays, unsigned n,
                          const ts_bindings *b, ts_failure *failure) {
  ts_entry_fn entry;
  *(void **)&entry = dlsym(p->library, ts_emit_c_entry_name(&p->ctx->arena, p->module, f));
  if (!entry) {
    report(p, ts_str_text(p->module, f->name), "has no entry");
    return 1;
  }
  void *data[2 * MAX_ARRAYS];
  int64_t extents[MAX_ARRAYS];
  for (unsigned i = 0; i < n; i++)
    data[i] = arrays[i].data;
  for (unsigned i = 0; i < p->num_hidden; i++)
    data[n + i] = p->hidden[i].data;
  for (unsigned i = 0; i < b->n; i++)
    extents[i] = b->at[i].value;
  return entry(data, extents, 2, failure);
}

static bool make_arrays(program *p, const ts_func *f, const ts_signature *sig, ts_array *arrays,
                        ts_bindings *b) {
  static const int64_t values[] = {5, 7, 12, 17, 33, 64, 100, 3};
  for (unsigned i = 0; i < sig->n; i++) {
    const ts_type *t = sig->entries[i].type;
    if (t->elem) return false;
    arrays[i] = (ts_array){0};
    for (unsigned d = 0; d < t->rank; d++) {
      if (!ts_is_symbolic(t->dims[d])) continue;
      unsigned k = 0;
      while (k < b->n && b->at[k].name != ts_extent_name(t->dims[d]))
        k++;
      b->at[k] = (struct ts_binding){ts_extent_name(t->dims[d]), values[k % ts_countof(values)],
                                     "emit-run"};
      b->n = ts_max(b->n, k + 1);
    }
    int64_t dims[TS_MAX_RANK];
    ts_bound_dims(b, t, dims);
    if (ts_array_create(p->ctx, (ts_dtype)t->dtype, t->rank, dims, &arrays[i])) return false;
    if (sig->entries[i].role != TS_ROLE_OUT)
      fill(&arrays[i], ts_str_text(f->module, sig->entries[i].name));
  }
  return true;
}

static bool same_failure(const ts_failure *a, const ts_failure *b) {
  return a->kind == b->kind && a->begin == b->begin && a->end == b->end &&
         (a->kind != TS_FAILURE_BOUNDS || a->index == b->index);
}

static void run_func(program *p, const ts_func *f) {
  const char *name = ts_str_text(p->module, f->name);
  ts_signature sig = ts_func_signature(f);
  ts_array want[MAX_ARRAYS], got[MAX_ARRAYS];
  struct ts_binding at[2][MAX_ARRAYS] = {0};
  ts_bindings b[2] = {{0, at[0]}, {0, at[1]}};
  ts_failure expected, failure;
  if (!make_arrays(p, f, &sig, want, &b[0]) || !make_arrays(p, f, &sig, got, &b[1])) return;
  ts_result vm = run_vm(p, f, want, &expected);
  int32_t status = run_native(p, f, got, sig.n, &b[0], &failure);
  p->ran++;
  if (status != (vm != TS_OK))
    report(p, name, "returns %d, the VM %d", status, vm);
  else if (status && !same_failure(&failure, &expected))
    report(p, name, "fails with %d at byte %u with %ld, the VM with %d at byte %u with %ld",
           failure.kind, failure.begin, (long)failure.index, expected.kind, expected.begin,
           (long)expected.index);
  for (unsigned i = 0; i < sig.n; i++) {
    if (!status) compare(p, name, ts_str_text(p->module, sig.entries[i].name), &got[i], &want[i]);
    ts_array_drop(p->ctx, &got[i]);
    ts_array_drop(p->ctx, &want[i]);
  }
}

/* ---- building ---- */

static bool compile(const char *source, const char *library, char **command, int n) {
  char *argv[64] = {0};
  int k = 0;
  for (int i = 0; i < n && k < 48; i++)
    argv[k++] = command[i];
  const char *const more[] = {"-Wall",           "-Wextra", "-Werror", "-ffp-contract=off",
                              "-fno-math-errno", "-fPIC",   "-shared", "-o",
                              library,           source,    "-lm"};
  for (size_t i = 0; i < ts_countof(more); i++)
    argv[k++] = (char *)more[i];
  pid_t child = fork();
  if (child == 0) {
    unsetenv("LD_PRELOAD"); /* a sanitizer is for what is compiled, not for the compiler */
    execvp(argv[0], argv);
    _exit(127);
  }
  int status;
  return waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static ts_result write_source(program *p, const char *path) {
  ts_sink s;
  FILE *file = fopen(path, "w");
  if (!file) return ts_error_plain(p->ctx, "cannot write %s", path);
  ts_sink_file(&s, NULL, file);
  ts_emit_c_options options = {.entries = true, .openmp = true, .comment = "a test"};
  ts_result result = ts_emit_c(&s, p->module, &options);
  if (ts_sink_finish(&s) && !result) result = TS_ERR;
  ts_sink_drop(&s);
  fclose(file);
  return result;
}

static ts_result read_program(program *p, const char *path) {
  static char text[1 << 22];
  FILE *file = fopen(path, "r");
  if (!file) return ts_error_plain(p->ctx, "cannot read %s", path);
  size_t n = fread(text, 1, sizeof text - 2, file);
  fclose(file);
  ts_result result = ts_module_parse(p->ctx, path, text, n, &p->module);
  if (!result) result = ts_verify(p->module);
  for (const ts_global *g = result ? NULL : p->module->first_global; g && !result; g = g->next)
    if (ts_emit_c_is_hidden(g)) result = ts_global_read(p->ctx, g, &p->hidden[p->num_hidden++]);
  return result;
}

typedef struct job {
  program p;
  int argc;
  char **argv;
} job;

/* The name under which the library is kept: the C, the compiler and its flags, and the processor. */
static ts_result cache_name(job *j, const char *source, char name[TS_DIGEST_HEX]) {
  ts_context *ctx = j->p.ctx;
  ts_native_options options = {.cc = j->argv[3], .compile_timeout = 60};
  ts_native_job compiled = {.ctx = ctx, .arena = &ctx->arena, .options = &options};
  const char *text;
  size_t n;
  ts_result result = ts_native_find_compiler(&compiled);
  if (result) return result;
  if (!ts_file_read(&ctx->arena, AT_FDCWD, source, &text, &n))
    return ts_error_plain(ctx, "cannot read %s", source);
  ts_native_ask_version(&compiled);
  ts_digest d;
  uint8_t digest[TS_DIGEST_BYTES];
  ts_digest_begin(&d);
  ts_digest_add_text(&d, "emit-run");
  ts_native_add_circumstances(&compiled, &d);
  for (int i = 3; i < j->argc; i++)
    ts_digest_add_text(&d, j->argv[i]);
  ts_digest_add(&d, text, n);
  ts_digest_end(&d, digest);
  ts_digest_hex(digest, name);
  return TS_OK;
}

/* Takes the library from the cache, or compiles and keeps it. */
static ts_result build(job *j, const char *source, const char *library) {
  ts_context *ctx = j->p.ctx;
  char name[TS_DIGEST_HEX];
  ts_result result = cache_name(j, source, name);
  if (result) return result;
  ts_cache cache;
  ts_cache_open(ctx, &ctx->arena, "native", NULL, 0, &cache);
  size_t n;
  const char *bytes = ts_cache_get(&cache, &ctx->arena, name, &n);
  if (bytes) {
    if (!ts_file_write(AT_FDCWD, library, O_TRUNC, bytes, n))
      result = ts_error_plain(ctx, "cannot write %s", library);
  } else if (!compile(source, library, j->argv + 3, j->argc - 3)) {
    result = ts_error_plain(ctx, "%s does not compile", source);
  } else if (ts_file_read(&ctx->arena, AT_FDCWD, library, &bytes, &n)) {
    ts_cache_put(&cache, &ctx->arena, name, bytes, n);
  }
  ts_cache_close(&cache);
  return result;
}

static ts_result run(void *arg) {
  job *j = arg;
  program *p = &j->p;
  const char *source = ts_sprintf(&p->ctx->arena, "%s/emitted.c", j->argv[2]);
  const char *library = ts_sprintf(&p->ctx->arena, "%s/emitted.so", j->argv[2]);
  ts_result result = read_program(p, j->argv[1]);
  if (!result) result = write_source(p, source);
  if (!result) result = build(j, source, library);
  if (result) return result;
  p->library = dlopen(library, RTLD_NOW | RTLD_LOCAL);
  if (!p->library) return ts_error_plain(p->ctx, "%s", dlerror());
  for (const ts_func *f = p->module->first_func; f; f = f->next)
    run_func(p, f);
  printf("%u functions ran, %u differ\n", p->ran, p->failed);
  return p->failed ? TS_CHECK : TS_OK;
}

int main(int argc, char **argv) {
  job j = {.p.ctx = ts_context_create(), .argc = argc, .argv = argv};
  if (argc < 4 || !j.p.ctx) return TS_USAGE;
  ts_result result = ts_protect(j.p.ctx, run, &j);
  for (const ts_diag *d = NULL; (d = ts_diagnostic_next(j.p.ctx, d));)
    fputs(ts_diagnostic_text(j.p.ctx, d), stdout);
  for (unsigned i = 0; i < j.p.num_hidden; i++)
    ts_array_drop(j.p.ctx, &j.p.hidden[i]);
  if (j.p.module) ts_module_destroy(j.p.module);
  ts_context_destroy(j.p.ctx);
  return (int)result;
}
