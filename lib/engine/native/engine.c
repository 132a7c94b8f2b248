/* The native engine: loops printed as C, compiled by the system's compiler, loaded into the
 * process.
 *
 * What was compiled before is taken from the cache. Its key is the digest of all that the machine
 * code depends on: the C text, the compiler and its flags, and the processor. A hit starts no
 * program. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "support/cache.h"
#include "support/clock.h"
#include "support/files.h"
#include "data/global.h"
#include "data/shape_binding.h"
#include "syntax/syntax.h"
#include "target/machine.h"
#include "emit/emit.h"
#include "engine/native/native_impl.h"

/* Part of the key: to be changed with the meaning of the entry's arguments or of the kept files. */
static const char abi[] = "tilesmith native 1";

typedef struct compiled {
  ts_context *ctx;
  ts_arena arena;
  const char *compiler;   /* its path */
  bool cached;            /* the code was compiled by an earlier run */
  bool openmp;            /* loops marked parallel run on threads */
  double compile_seconds; /* of the compiler; 0 when cached */
  void *handle;
  ts_entry_fn entry;
  void **pointers; /* of the signature's arrays, then of the hidden globals */
  unsigned num_arrays, num_hidden;
  ts_array *hidden;
  ts_array *shapes; /* of the last run, whose extents are in `extents` */
  int64_t *extents; /* NULL: there was none */
  bool warned, stoppable;
  /* while compiling */
  ts_arena scratch;
  ts_module *module;
  const ts_func *func;
  ts_native_job job;
  ts_cache cache;
} compiled;

/* ---- from the program to C ---- */

/* Whether the machine code may run here: its function names what the processor lacks, NULL for
 * nothing. */
static const char suits_text[] = "\nconst char *ts_cpu_lacks(void) {\n"
                                 "  __builtin_cpu_init();\n"
#define NEEDS(macro, name)                                                                         \
  "#ifdef " macro "\n  if (!__builtin_cpu_supports(\"" name "\")) return \"" name "\";\n#endif\n"
    NEEDS("__SSE4_2__", "sse4.2") NEEDS("__POPCNT__", "popcnt") NEEDS("__AVX__", "avx")
        NEEDS("__AVX2__", "avx2") NEEDS("__FMA__", "fma") NEEDS("__BMI__", "bmi") NEEDS(
            "__BMI2__", "bmi2") NEEDS("__AVX512F__", "avx512f") NEEDS("__AVX512BW__", "avx512bw")
            NEEDS("__AVX512DQ__", "avx512dq") NEEDS("__AVX512VL__",
                                                    "avx512vl") NEEDS("__AVX512CD__", "avx512cd")
                NEEDS("__AVX512VBMI__", "avx512vbmi") NEEDS("__AVX512VNNI__", "avx512vnni") NEEDS(
                    "__AVX512BF16__", "avx512bf16") NEEDS("__AVX512VBMI2__", "avx512vbmi2")
                    NEEDS("__AVX512IFMA__", "avx512ifma") NEEDS("__AVX512BITALG__", "avx512bitalg")
                        NEEDS("__AVX512ER__", "avx512er") NEEDS("__AVX512PF__", "avx512pf") NEEDS(
                            "__SSE4A__", "sse4a") NEEDS("__FMA4__", "fma4") NEEDS("__XOP__", "xop")
#undef NEEDS
                            "#ifdef __AVX512FP16__\n" /* a name that older clangs do not know: leaf
                                                         7, EDX bit 23 */
                            "  unsigned a = 7, b, c = 0, d;\n"
                            "  __asm__(\"cpuid\" : \"+a\"(a), \"=b\"(b), \"+c\"(c), \"=d\"(d));\n"
                            "  if (!(d >> 23 & 1)) return \"avx512fp16\";\n"
                            "#endif\n"
                            "  return 0;\n}\n";

static ts_result emit(compiled *c) {
  ts_emit_c_options options = {.line_directives = true,
                               .source_name = TS_NATIVE_SOURCE,
                               .entries = true,
                               .openmp = true,
                               .stoppable = c->stoppable};
  ts_native_job *job = &c->job;
  ts_result result =
      ts_emit_c_units(&c->scratch, c->module, &options, &job->num_units, &job->units);
  if (result || !job->options->target_cpu) return result;
  ts_c_unit *first = &job->units[0];
  first->text = ts_sprintf(&c->scratch, "%s%s", first->text, suits_text);
  first->n += sizeof suits_text - 1;
  return TS_OK;
}

/* The arrays that the entry takes besides the run's, and the flag that ends it. */
static ts_result read_hidden(compiled *c) {
  unsigned n = 0;
  for (const ts_global *g = c->module->first_global; g; g = g->next)
    n += ts_emit_c_is_hidden(g);
  c->hidden = ts_new_array(&c->arena, ts_array, n + 1);
  c->pointers = ts_new_array(&c->arena, void *, c->num_arrays + n + 2);
  for (const ts_global *g = c->module->first_global; g; g = g->next) {
    if (!ts_emit_c_is_hidden(g)) continue;
    ts_array *a = &c->hidden[c->num_hidden];
    ts_result result = ts_global_read(c->ctx, g, a);
    if (result) return result;
    c->pointers[c->num_arrays + c->num_hidden++] = a->data;
  }
  if (c->stoppable) c->pointers[c->num_arrays + n] = &c->ctx->stop.raised;
  return TS_OK;
}

/* ---- loading ---- */

/* The threads of an OpenMP library wait in its code between runs, and after the last. */
static void keep_openmp(void) {
  static const char *const names[] = {"libgomp.so.1", "libomp.so.5", "libiomp5.so"};
  for (unsigned i = 0; i < ts_countof(names); i++) {
    void *handle = dlopen(names[i], RTLD_LAZY | RTLD_NOLOAD | RTLD_NODELETE);
    if (handle) dlclose(handle);
  }
}

/* dlopen replaces $ORIGIN and the like in a path; one with a dollar is reached through its
 * folder. */
static void *open_object(ts_arena *arena, const char *path) {
  if (!strchr(path, '$')) return dlopen(path, RTLD_NOW | RTLD_LOCAL);
  const char *slash = strrchr(path, '/');
  const char *dir = slash ? ts_strndup(arena, path, (size_t)(slash - path)) : ".";
  char through[64 + TS_DIGEST_HEX];
  int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  snprintf(through, sizeof through, "/proc/self/fd/%d/%s", fd, slash ? slash + 1 : path);
  void *handle = dlopen(through, RTLD_NOW | RTLD_LOCAL);
  if (fd >= 0) close(fd);
  return handle;
}

static bool load(compiled *c, const char *path) {
  if (c->ctx->loading) c->ctx->loading(c->ctx->loading_user);
  c->handle = open_object(&c->scratch, path);
  if (!c->handle) return false;
  keep_openmp();
  const char *symbol = ts_emit_c_entry_name(&c->scratch, c->module, c->func);
  *(void **)&c->entry = dlsym(c->handle, symbol);
  return c->entry != NULL;
}

static void unload(compiled *c) {
  if (c->handle) dlclose(c->handle);
  c->handle = NULL;
  c->entry = NULL;
}

/* Code for another processor ends in a signal. */
static ts_result check_cpu(compiled *c) {
  const char *(*lacks)(void);
  const char *target = c->job.options->target_cpu;
  if (!target) return TS_OK;
  *(void **)&lacks = dlsym(c->handle, "ts_cpu_lacks");
  const char *what = lacks ? lacks() : NULL;
  if (!what) return TS_OK;
  (void)ts_error_plain(c->ctx, "code for '%s' does not run on this machine, which lacks %s", target,
                       what);
  return TS_USAGE;
}

/* ---- the cache ---- */

/* What is known of the compiler from earlier runs: whether it is without OpenMP, and its
 * version. */
static const char *compiler_file(compiled *c) {
  ts_digest d;
  uint8_t digest[TS_DIGEST_BYTES];
  char hex[TS_DIGEST_HEX];
  ts_digest_begin(&d);
  ts_digest_add_text(&d, c->job.compiler.file);
  ts_digest_end(&d, digest);
  ts_digest_hex(digest, hex);
  return ts_sprintf(&c->scratch, "%.32s.compiler", hex);
}

static void keep_compiler(compiled *c) {
  const ts_native_compiler *cc = &c->job.compiler;
  const char *text = ts_sprintf(&c->scratch, "%s%s", cc->no_openmp ? "-" : "+", cc->version);
  (void)ts_cache_put(&c->cache, &c->scratch, compiler_file(c), text, strlen(text));
}

static void recall_compiler(compiled *c) {
  ts_native_compiler *cc = &c->job.compiler;
  size_t n;
  if (c->cache.fd < 0) return;
  const char *text = ts_cache_get(&c->cache, &c->scratch, compiler_file(c), &n);
  if (text && n > 0) {
    cc->no_openmp = *text == '-';
    cc->version = text + 1;
    return;
  }
  ts_native_ask_version(&c->job);
  keep_compiler(c);
}

static const char *object_file(compiled *c) {
  ts_digest d;
  uint8_t digest[TS_DIGEST_BYTES];
  char hex[TS_DIGEST_HEX];
  ts_digest_begin(&d);
  ts_digest_add_text(&d, abi);
  ts_native_add_circumstances(&c->job, &d);
  for (unsigned i = 0; i < c->job.num_units; i++)
    ts_digest_add(&d, c->job.units[i].text, c->job.units[i].n);
  ts_digest_end(&d, digest);
  ts_digest_hex(digest, hex);
  return ts_sprintf(&c->scratch, "%s.so", hex);
}

static bool load_kept(compiled *c) {
  size_t n;
  const char *name = object_file(c);
  if (!ts_cache_get(&c->cache, &c->scratch, name, &n)) return false;
  if (load(c, ts_cache_path(&c->cache, &c->scratch, name))) return true;
  unload(c);
  return false;
}

static bool keep_object(compiled *c, const char *object) {
  const char *bytes;
  size_t n;
  return c->cache.fd >= 0 && ts_file_read(&c->scratch, AT_FDCWD, object, &bytes, &n) &&
         ts_cache_put(&c->cache, &c->scratch, object_file(c), bytes, n);
}

/* ---- compiling ---- */

/* The folder's name is another one each time, so it does not belong in a message. */
static const char *load_error(const char *object) {
  const char *why = dlerror();
  size_t n = strlen(object);
  if (!why) return "it has no entry";
  return strncmp(why, object, n) == 0 && why[n] == ':' ? why + n + 2 : why;
}

/* Where code may not be loaded from the folder for temporary files, the cache may do. */
static ts_result load_fresh(compiled *c, const char *object) {
  if (c->entry || load(c, object)) {
    (void)keep_object(c, object);
    return TS_OK;
  }
  const char *why = ts_strdup(&c->scratch, load_error(object));
  unload(c);
  if (keep_object(c, object)) {
    const char *name = object_file(c);
    if (load(c, ts_cache_path(&c->cache, &c->scratch, name))) return TS_OK;
    unload(c);
    ts_cache_remove(&c->cache, name);
  }
  return ts_error_plain(c->ctx, "what the compiler %s made cannot be loaded: %s",
                        c->job.compiler.path, why);
}

/* A compiler's OpenMP may be missing when it links, or only when its code is loaded. */
static ts_result compile_fresh(compiled *c) {
  const char *object;
  ts_native_compiler *cc = &c->job.compiler;
  bool had_openmp = !cc->no_openmp;
  double begin = ts_time_now();
  ts_result result = ts_native_compile(&c->job, &object);
  if (!result && !cc->no_openmp && !load(c, object)) {
    unload(c);
    cc->no_openmp = !ts_native_has_openmp(&c->job);
    if (cc->no_openmp) result = ts_native_compile(&c->job, &object);
  }
  c->compile_seconds = ts_time_now() - begin;
  if (result) return result;
  if (had_openmp && cc->no_openmp && c->cache.fd >= 0) keep_compiler(c);
  return load_fresh(c, object);
}

static ts_result compile(compiled *c) {
  ts_native_job *job = &c->job;
  const ts_native_options *options = job->options;
  ts_result result = ts_native_find_compiler(job);
  if (result) return result;
  if (!options->no_cache)
    ts_cache_open(c->ctx, &c->arena, "native", options->cache_dir, options->cache_size, &c->cache);
  recall_compiler(c);
  c->compiler = ts_strdup(&c->arena, job->compiler.path);
  c->cached = load_kept(c);
  if (!c->cached) result = compile_fresh(c);
  c->openmp = !job->compiler.no_openmp;
  return result ? result : check_cpu(c);
}

/* ---- prepare and release ---- */

static ts_result build(void *arg) {
  compiled *c = arg;
  c->num_arrays = ts_func_signature(c->func).n;
  c->shapes = ts_new_array(&c->arena, ts_array, c->num_arrays + 1);
  ts_result result = emit(c);
  if (!result) result = read_hidden(c);
  return result ? result : compile(c);
}

static void end_build(void *arg) {
  compiled *c = arg;
  ts_native_remove_folder(&c->job);
  ts_cache_close(&c->cache);
  ts_arena_drop(&c->scratch);
  c->job = (ts_native_job){0};
}

typedef struct prepare_call {
  ts_context *ctx;
  ts_module *module;
  const ts_func *func;
  const ts_native_options *options;
  void **out;
} prepare_call;

static ts_result prepare_protected(void *arg) {
  prepare_call *call = arg;
  compiled *c = ts_realloc(&call->ctx->memory, NULL, 0, sizeof *c);
  *c = (compiled){.ctx = call->ctx,
                  .module = call->module,
                  .func = call->func,
                  .stoppable = call->options->stoppable};
  *call->out = c;
  ts_arena_init(&c->arena, &c->ctx->memory);
  ts_arena_init(&c->scratch, &c->ctx->memory);
  c->cache.fd = -1;
  c->job = (ts_native_job){.ctx = c->ctx,
                           .arena = &c->scratch,
                           .options = call->options,
                           .source = c->ctx->source,
                           .name = ts_str_text(c->func->module, c->func->name),
                           .loc = c->func->loc};
  return ts_protect_cleanup(c->ctx, build, end_build, c);
}

static ts_result native_prepare(ts_context *ctx, ts_module *module, const ts_func *func,
                                const void *options, void **out) {
  prepare_call call = {ctx, module, func, options, out};
  return ts_protect(ctx, prepare_protected, &call);
}

static void native_release(ts_context *ctx, void *handle) {
  compiled *c = handle;
  unload(c);
  for (unsigned i = 0; c->hidden && i < c->num_hidden; i++)
    ts_array_drop(ctx, &c->hidden[i]);
  ts_arena_drop(&c->scratch);
  ts_arena_drop(&c->arena);
  ts_free(&ctx->memory, c, sizeof *c);
}

static const char *native_version(ts_context *ctx, ts_arena *arena, const void *options) {
  ts_native_job job = {.ctx = ctx, .arena = arena, .options = options};
  if (ts_native_find_compiler(&job)) return "";
  ts_native_ask_version(&job);
  const char *version = job.compiler.version;
  return version && *version ? ts_strndup(arena, version, strcspn(version, "\n"))
                             : job.compiler.path;
}

static void native_describe(const void *handle, ts_arena *arena, ts_engine_account *out) {
  const compiled *c = handle;
  const ts_fact facts[] = {
      {"compiler", TS_FACT_TEXT, .text = c->compiler},
      {"cached", TS_FACT_FLAG, .flag = c->cached},
      {"openmp", TS_FACT_FLAG, .flag = c->openmp},
      {"compile_ms", TS_FACT_NUMBER, .number = 1e3 * c->compile_seconds},
  };
  for (unsigned i = 0; i < ts_countof(facts); i++)
    ts_push(arena, &out->facts, facts[i]);
  out->origin = c->cached ? "compiled code was in the cache"
                          : ts_sprintf(arena, "compiled by %s", c->compiler);
}

/* ---- running ---- */

static bool same_shape(const ts_array *a, const ts_array *b) {
  return a->dtype == b->dtype && a->rank == b->rank &&
         memcmp(a->dims, b->dims, a->rank * sizeof *a->dims) == 0;
}

/* Extents and checks are those of the last run while the shapes are. */
static ts_result take_arrays(compiled *c, const ts_run_args *args) {
  const ts_array *arrays = args->arrays;
  bool same = c->extents != NULL;
  for (unsigned i = 0; i < c->num_arrays; i++) {
    same &= arrays[i].data && same_shape(&arrays[i], &c->shapes[i]);
    c->pointers[i] = arrays[i].data;
  }
  if (same) return TS_OK;
  ts_bindings b;
  c->extents = NULL;
  ts_result result = ts_bind(c->ctx, args->func, arrays, NULL, &b);
  if (!result) result = ts_check_arrays(c->ctx, args->func, &b, arrays);
  if (result) return result;
  int64_t *extents = ts_new_array(&c->arena, int64_t, b.n + 1);
  for (unsigned i = 0; i < b.n; i++)
    extents[i] = b.at[i].value;
  memcpy(c->shapes, arrays, c->num_arrays * sizeof *arrays);
  c->extents = extents;
  return TS_OK;
}

/* The op of the program that failed; NULL when several stand there. */
typedef struct failed_op {
  const ts_failure *failure;
  const ts_op *op;
  unsigned n;
} failed_op;

static void look_for_failed(void *arg, ts_op *op) {
  failed_op *f = arg;
  ts_access a;
  if (op->loc.begin != f->failure->begin || op->loc.end != f->failure->end) return;
  if (!ts_access_parts(op, 0, &a)) return;
  f->op = op;
  f->n++;
}

static const char *name_text(compiled *c, const ts_op *op, const ts_value *v) {
  return ts_value_text(&c->ctx->messages, op->block->func, v);
}

/* Buffer, dimension and subscript, and the values of the variables that the subscripts are made of: what the
 * loop VM says, but for the other subscripts. */
static void explain_bounds(compiled *c, const ts_func *func, ts_loc loc, const ts_failure *f) {
  failed_op found = {.failure = f};
  ts_access a;
  for (const ts_func *at = func->module->first_func; at; at = at->next)
    ts_walk(at->body, look_for_failed, &found);
  if (found.n != 1 || !ts_access_parts(found.op, 0, &a)) {
    (void)ts_error(c->ctx, loc,
                   "access out of bounds: subscript %lld of dimension %d, whose extent is %lld",
                   (long long)f->index, f->dimension, (long long)f->extent);
    return;
  }
  (void)ts_error(c->ctx, loc,
                 "%s out of bounds: subscript %lld of dimension %d of %s, whose extent is %lld",
                 a.writes ? "write" : "read", (long long)f->index, f->dimension,
                 name_text(c, found.op, a.memref), (long long)f->extent);
  const char *text = NULL;
  for (unsigned i = 0; i < ts_num_dims(found.op) && i < TS_FAILURE_VARIABLES; i++)
    text = ts_sprintf(&c->ctx->messages, "%s%s%s = %lld", text ? text : "", text ? ", " : "",
                      name_text(c, found.op, ts_dim(found.op, i)), (long long)f->variables[i]);
  if (text) ts_note(c->ctx, loc, "here %s", text);
}

static ts_result explain(compiled *c, const ts_func *func, const ts_failure *f) {
  ts_loc loc = {f->begin, f->end};
  switch ((ts_failure_kind)f->kind) {
  case TS_FAILURE_BOUNDS: explain_bounds(c, func, loc, f); return TS_CHECK;
  case TS_FAILURE_DIVISION: (void)ts_error(c->ctx, loc, "division by zero"); return TS_CHECK;
  case TS_FAILURE_MEMORY:
    (void)ts_error(c->ctx, loc, "there is no memory for this buffer of %lld bytes",
                   (long long)f->extent);
    return TS_LIMIT;
  case TS_FAILURE_STOPPED: return ts_stopped(c->ctx, loc);
  default:
    return ts_error(c->ctx, func->loc, "the machine code failed for an unknown reason (%d)",
                    f->kind);
  }
}

static int32_t threads_for(compiled *c, const ts_run_limits *limits) {
  if (c->openmp) return (int32_t)ts_machine_threads(limits->threads);
  if (limits->threads > 1 && !c->warned)
    ts_warning_plain(c->ctx, "the compiler %s is without OpenMP: this runs on one thread",
                     c->compiler);
  c->warned = true;
  return 1;
}

typedef struct run_call {
  compiled *compiled;
  const ts_run_args *args;
} run_call;

static ts_result run_protected(void *arg) {
  const run_call *call = arg;
  compiled *c = call->compiled;
  if (c->ctx->stop.seconds > 0 && !c->stoppable) {
    (void)ts_error_plain(c->ctx,
                         "this machine code cannot be stopped after a time: compile it with "
                         "the engine 'native{stoppable}'");
    return TS_USAGE;
  }
  ts_result result = take_arrays(c, call->args);
  if (result) return result;
  int32_t threads = threads_for(c, &call->args->limits);
  ts_failure failure = {0};
  if (c->entry(c->pointers, c->extents, threads, &failure))
    return explain(c, call->args->func, &failure);
  return TS_OK;
}

static ts_result native_run(ts_context *ctx, void *handle, ts_run_args *args) {
  run_call call = {handle, args};
  return ts_protect_about(ctx, &args->func->module->source, run_protected, &call);
}

#define OPTION(kind, field, value, otherwise, summary)                                             \
  {#field,    TS_OPT_##kind, offsetof(ts_native_options, field),                                   \
   otherwise, summary,       .value_name = value}
static const ts_option options[] = {
    OPTION(
        STRING, cc, "compiler", NULL,
        "the C compiler of the native engine, a path or a name on PATH; without it TS_CC says, or "
        "cc, gcc or clang is taken"),
    OPTION(STRING, target_cpu, "name", NULL,
           "the processor to compile for, as the compiler's -march names it (default: this one)"),
    OPTION(SECONDS, compile_timeout, "time", "60s",
           "end with exit code 3 when the compiler takes longer: 60s (the default), 500ms, 2m"),
    OPTION(STRING, cache_dir, "dir", NULL,
           "where compiled code is kept (default: tilesmith/native in XDG_CACHE_HOME or ~/.cache)"),
    OPTION(
        SIZE, cache_size, "size", "0",
        "what may be kept there, with K, M or G; the least recently used goes first (default 512M)"),
    OPTION(BOOL, no_cache, NULL, "false", "compile always, and keep nothing"),
    {"stoppable", TS_OPT_BOOL, offsetof(ts_native_options, stoppable), "false",
     "code that looks in its long loops whether it is to stop, as a program that runs it may wish",
     .embedded = true},
};
#undef OPTION

const ts_engine ts_engine_native = {
    .name = "native",
    .summary = "machine code: printed as C, compiled by the system's compiler",
    .levels = TS_LEVEL_T | TS_LEVEL_L,
    .pipeline = "fuse,lower,recipe{cpu}",
    .counts = false,
    .math_error = 2,
    .options = TS_OPTIONS(options, ts_native_options),
    .options_heading = "Compiling",
    .prepare = native_prepare,
    .run = native_run,
    .release = native_release,
    .describe = native_describe,
    .version = native_version,
};
