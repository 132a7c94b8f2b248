/* Engines: what runs a function on arrays. */
#ifndef TS_ENGINE_ENGINE_H
#define TS_ENGINE_ENGINE_H

#include "data/array.h"

typedef struct ts_run_limits {
  uint64_t fuel;    /* loop iterations and ops together; 0: none */
  unsigned threads; /* 0: as many as the machine has */
} ts_run_limits;

/* Counted only when asked for. */
typedef struct ts_run_stats {
  uint64_t ops, loads, stores, flops;
  unsigned num_buffers;
  struct ts_buffer_stats {
    const char *name;
    uint64_t bytes_read, bytes_written;
  } *buffers; /* in the context's arena */
} ts_run_stats;

typedef struct ts_run_args {
  const ts_func *func;
  /* one for each entry of the function's signature, in order; outputs allocated */
  ts_array *arrays;
  ts_run_limits limits;
  ts_run_stats *stats; /* or NULL */
} ts_run_args;

/* How the native engine compiles, and where it keeps what it compiled. Texts are kept by reference. */
typedef struct ts_native_options {
  const char *cc; /* the C compiler, a path or a name on PATH; NULL: $TS_CC, or cc, gcc, clang */
  const char *target_cpu; /* a name that the compiler's -march= takes; NULL: this machine's */
  const char *cache_dir;  /* NULL: tilesmith/native in $XDG_CACHE_HOME, or in ~/.cache */
  bool no_cache;
  uint64_t cache_bytes;   /* what the cache may hold; 0: 512 MiB */
  double compile_seconds; /* what the compiler may take; 0: 60 */
} ts_native_options;

typedef struct ts_engine_options {
  ts_native_options native;
} ts_engine_options;

typedef struct ts_engine {
  const char *name;
  const char *summary;
  unsigned levels;   /* TS_LEVEL_* of the functions it runs */
  bool counts;       /* fills ts_run_stats */
  double math_error; /* of exp, erf and their kin on f32, in ULPs; 0.5 when correctly rounded */
  /* Compiles once, runs many times (timing). TS_CHECK for what a run discovers. The options may be
   * NULL, and need not outlive the call. What it leaves in `compiled` is to be released also when it
   * fails. */
  ts_result (*prepare)(ts_context *, ts_module *, const ts_func *, const ts_engine_options *,
                       void **compiled);
  ts_result (*run)(ts_context *, void *compiled, ts_run_args *);
  void (*release)(ts_context *, void *compiled);
} ts_engine;
extern const ts_engine ts_engine_tensor; /* engine/interp/engine.c: the oracle */
extern const ts_engine ts_engine_loop;   /* vm_*.c */
extern const ts_engine ts_engine_native; /* native*.c: tensor functions are lowered by it */
/* "interp" is the tensor interpreter or the loop VM, by the function's level. NULL: unknown. */
const ts_engine *ts_engine_find(const char *name, const ts_func *);

/* Values of the symbolic extents of one run, in the order of first appearance in the signature. */
typedef struct ts_bindings {
  unsigned n;
  struct ts_binding {
    ts_str name;
    int64_t value;   /* 0: not bound yet */
    const char *who; /* what bound it, for the message of a clash: "dimension 0 of %X" */
  } *at;
} ts_bindings;
/* Binds the signature's extents to the inputs' shapes; a wrong rank, type or extent and a clash are
 * errors that name both sides. Entries whose array has no data yet (outputs) only receive. `fixed` are
 * the -D bindings (may be NULL). */
ts_result ts_bind(ts_context *, const ts_func *, const ts_array *arrays, const ts_bindings *fixed,
                  ts_bindings *out);
int64_t ts_binding_value(const ts_bindings *, ts_str);
/* The extent with the bindings put in. */
int64_t ts_bound_extent(const ts_bindings *, ts_extent);
/* The same of the type's extents. */
void ts_bound_dims(const ts_bindings *, const ts_type *, int64_t dims[TS_MAX_RANK]);

/* Whether every array is of its entry's scalar type and bound extents; an error that names the first that
 * is not. One array for each entry of the function's signature. */
ts_result ts_check_arrays(ts_context *, const ts_func *, const ts_bindings *,
                          const ts_array *arrays);
/* The data of a global, which may be a file's; the caller drops the array. TS_ERR with a message. */
ts_result ts_global_read(ts_context *, const ts_global *, ts_array *out);
/* Calls `run` on what an engine compiled, with `source`, the text of its module, for messages to point
 * into; a refusal of memory ends it with TS_LIMIT. */
ts_result ts_run_compiled(ts_context *, const ts_source *source,
                          ts_result (*run)(void *compiled, ts_run_args *), void *compiled,
                          ts_run_args *);
/* As many threads as a run uses: those asked for, or all that this process may run on. */
unsigned ts_threads_of(const ts_run_limits *);

/* ---- the native engine's account of itself ---- */

typedef struct ts_native_facts {
  const char *compiler;   /* its path */
  bool cached;            /* the code was compiled by an earlier run */
  bool openmp;            /* loops marked parallel run on threads */
  double compile_seconds; /* of the compiler; 0 when cached */
} ts_native_facts;
/* Of what ts_engine_native.prepare left. */
const ts_native_facts *ts_native_facts_of(const void *compiled);

#endif
