/* Emitting C: loop IR as a C file that any C compiler with GNU extensions (gcc, clang) takes.
 *
 * The ABI of the emitted functions, for the native engine and for users (docs/c.md says the same to
 * them):
 *
 *   int32_t f(const float *restrict X, float *restrict Y, int64_t M, struct ts_failure *failure);
 *
 * Parameters stand in the order of ts_func_signature, in parameters as pointers to const. Arrays
 * are row-major and contiguous, aligned as their elements are. The symbolic extents follow as
 * int64_t, in order of first appearance in the signature (ts_bindings). With `entries`, the data of
 * the module's hidden globals (ts_emit_c_is_hidden) follow, all of them, in the order of the
 * module. Last comes a `struct ts_failure *failure`, which may be NULL. Every function returns int32_t: 0 when
 * it ran, 1 when it failed, so that its type does not depend on how it was scheduled.
 *
 * Elements: f64 double, f32 float, f16 _Float16 (uint16_t where the compiler has none), bf16
 * uint16_t, i64 and index int64_t, i32 int32_t, i8 int8_t, i1 uint8_t of 0 or 1. */
#ifndef TS_EMIT_EMIT_H
#define TS_EMIT_EMIT_H

#include "ir/ir.h"

typedef enum ts_failure_kind {
  TS_FAILURE_NONE,
  TS_FAILURE_BOUNDS,   /* subscript `index` (INT64_MIN: past 64 bits) and extent `extent` */
  TS_FAILURE_DIVISION, /* an integer division by zero; index is the lane */
  TS_FAILURE_MEMORY,   /* no memory for a buffer of `extent` bytes */
  TS_FAILURE_STOPPED,  /* the caller wished so */
} ts_failure_kind;

enum { TS_FAILURE_VARIABLES = 8 };

/* What ended a run. Emitted code defines the same struct. */
typedef struct ts_failure {
  int32_t kind;
  uint32_t begin, end; /* byte range of the op in the module's source */
  int32_t dimension;   /* of the buffer, whose subscript it is */
  int64_t index, extent;
  int64_t variables[TS_FAILURE_VARIABLES]; /* values of the first dims of the op's subscripts */
} ts_failure;

typedef struct ts_emit_c_options {
  bool line_directives;    /* #line before every statement, to the module's source */
  const char *source_name; /* what they call it; NULL: as the module does */
  bool entries;            /* ts_entry_NAME for each function */
  bool header_only;        /* the prototypes, for users to include, and nothing else */
  bool openmp;             /* pragmas for parallel loops */
  bool stoppable;          /* with entries: long loops look whether they are to stop */
  const char *comment; /* how the text came to be, for its leading comment: lines without slashes;
                           or NULL */
} ts_emit_c_options;

/* Every function of the module, which must have been verified. TS_ERR with a message for what has
 * no form in C: a tensor-level function, launches with barriers, shared memory or fragments. Reads
 * the files of the globals whose data is printed. */
ts_result ts_emit_c(ts_sink *, ts_module *, const ts_emit_c_options *);

/* The same as several files, to be compiled apart and linked together, their texts in `arena`: a long module
 * takes as many compilers at once. How it is divided depends on nothing but the text. */
typedef struct ts_c_unit {
  const char *text;
  size_t n;
} ts_c_unit;
ts_result ts_emit_c_units(ts_arena *, ts_module *, const ts_emit_c_options *, unsigned *n,
                          ts_c_unit **units);

/* Of a module emitted with `entries`, for each function @f whose C name is NAME:
 *
 *   int32_t ts_entry_NAME(void *const *arrays, const int64_t *extents, int32_t threads,
 *                         struct ts_failure *failure);
 *
 * `arrays` holds the signature's arrays, then the data of every hidden global of the module, in its
 * order, and with `stoppable` an int32_t, which another thread may set to a number other than 0 to end the run.
 * `threads` is OpenMP's (0: its default). 0 when the function ran; 1, with `failure` filled,
 * when not. */
typedef int32_t (*ts_entry_fn)(void *const *arrays, const int64_t *extents, int32_t threads,
                               ts_failure *failure);

/* The symbol of the function's entry. In `arena`. */
const char *ts_emit_c_entry_name(ts_arena *, ts_module *, const ts_func *);
/* Is the global's data handed over by the caller of an entry? So it is when it comes from a file or
 * takes more than 4 KiB; other globals are printed as initialisers. */
bool ts_emit_c_is_hidden(const ts_global *);

#endif
