/* Tilesmith: parse, build, transform and run tensor programs.
 *
 * Everything hangs off a context, which one thread uses at a time; two contexts in two threads share
 * nothing. Functions that can fail return a ts_result and leave messages in the context; nothing
 * here prints, exits or keeps global state. */
#ifndef TILESMITH_H
#define TILESMITH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What a shared library exports: the functions below, and nothing else. */
#ifdef __GNUC__
#define TS_API __attribute__((visibility("default")))
#else
#define TS_API
#endif

/* Of this header; ts_version says which library runs. */
#define TS_VERSION "0.1.0"

/* The library's version, "MAJOR.MINOR.PATCH". */
TS_API const char *ts_version(void);
/* Whether the library has the part called `name`: an engine, such as "native". False for words it does not
 * know, so that a program may ask for what only later versions have. */
TS_API bool ts_has_feature(const char *name);

/* The values are the tools' exit codes. */
typedef enum ts_result {
  TS_OK = 0,
  TS_ERR = 1,   /* the input is bad */
  TS_USAGE = 2, /* the call is bad: an unknown pass, option or engine */
  TS_LIMIT = 3, /* memory, fuel or time ran out */
  TS_CHECK = 4, /* a check failed: out of bounds, uninitialised read, a wrong answer */
} ts_result;

typedef struct ts_context ts_context;
typedef struct ts_module ts_module;

/* ---- contexts and their messages ---- */

/* NULL when there is no memory. */
TS_API ts_context *ts_context_create(void);
/* Modules of the context must have been destroyed before. */
TS_API void ts_context_destroy(ts_context *);
/* The most bytes the context may hold at a time; 0, the default, for no cap. What would pass it fails
 * with TS_LIMIT. */
TS_API void ts_context_set_memory_cap(ts_context *, size_t bytes);
/* Bytes held now, and the most held at any time. */
TS_API size_t ts_context_memory_used(const ts_context *);
TS_API size_t ts_context_memory_peak(const ts_context *);

typedef enum ts_severity { TS_SEV_ERROR, TS_SEV_WARNING, TS_SEV_REMARK, TS_SEV_NOTE } ts_severity;
typedef struct ts_diag ts_diag; /* a message with its notes; lives until they are cleared */

/* The message after `previous`, the first one for NULL, NULL after the last. Oldest first. */
TS_API const ts_diag *ts_diagnostic_next(const ts_context *, const ts_diag *previous);
TS_API ts_severity ts_diagnostic_severity(const ts_diag *);
TS_API const char *ts_diagnostic_message(const ts_diag *); /* the words alone */
/* With its place, source line, carets and notes, ending in a newline. The text belongs to the context
 * until the messages are cleared. */
TS_API const char *ts_diagnostic_text(ts_context *, const ts_diag *);
/* Errors so far, those past the kept 20 included. */
TS_API unsigned ts_context_num_errors(const ts_context *);
TS_API void ts_context_clear_diagnostics(ts_context *);

/* ---- modules ---- */

/* Reads a program; `name` stands in messages. The text is copied and, with what the messages quote of
 * it, stays in the context. TS_ERR for text that is wrong; the module is then NULL. What reads well is
 * not yet verified. */
TS_API ts_result ts_module_parse(ts_context *, const char *name, const char *text, size_t n,
                                 ts_module **out);
/* A module without functions. */
TS_API ts_result ts_module_new(ts_context *, ts_module **out);
/* NULL is allowed. */
TS_API void ts_module_destroy(ts_module *);
/* TS_ERR when the program breaks a rule of the language; every breach is a message. */
TS_API ts_result ts_module_verify(ts_module *);
/* Verifies, then runs a pipeline such as "fuse,lower{acc=f32}" with verification after every pass.
 * TS_USAGE for an unknown pass or option. After a failure the module is only good for destroying. */
TS_API ts_result ts_module_run_passes(ts_module *, const char *pipeline);
/* The program's text, NUL-terminated, for the caller to give to ts_text_free; `n` may be NULL. */
TS_API ts_result ts_module_text(ts_module *, char **text, size_t *n);
TS_API void ts_text_free(char *);

/* ---- building ---- */

typedef struct ts_func ts_func;
typedef struct ts_value ts_value;

/* Adds an empty function; `head` is written as in the language:
 * "@mlp(%X: tensor<4x8xf32>) -> tensor<4x4xf32>". */
TS_API ts_result ts_build_func(ts_module *, const char *head, ts_func **out);
/* The i-th argument; NULL when there are fewer. */
TS_API ts_value *ts_func_arg(const ts_func *, unsigned i);
/* Appends an op with one result to the function: its name, operands, attributes without their braces
 * ("axis = 1, keepdims"; NULL for none) and result type (NULL to infer it). A wrong op, attribute or
 * type is TS_ERR, with a message that quotes the op as text. */
TS_API ts_result ts_build_op(ts_func *, const char *op, unsigned n, ts_value *const *operands,
                             const char *attrs, const char *type, ts_value **out);
TS_API ts_result ts_build_return(ts_func *, unsigned n, ts_value *const *values);
/* Appends ops written as text, such as a whole loop; they see the function's arguments and named values
 * by their names. */
TS_API ts_result ts_build_text(ts_func *, const char *text);

/* ---- running ---- */

/* The scalar types, in the order of the language's table. i1 takes one byte in an array. */
typedef enum ts_dtype {
  TS_F64,
  TS_F32,
  TS_F16,
  TS_BF16,
  TS_I64,
  TS_I32,
  TS_I8,
  TS_I1,
  TS_INDEX,
  TS_NUM_DTYPES
} ts_dtype;
enum { TS_MAX_RANK = 16 };
typedef enum ts_role { TS_ROLE_IN, TS_ROLE_OUT, TS_ROLE_INOUT } ts_role;

/* What a function takes: its parameters in order and then, for a tensor function, its results, named Y
 * (one) or Y0, Y1, … (several). It stays the same when passes lower the function to loops. */
typedef struct ts_param {
  const char *name; /* without % */
  ts_role role;
  ts_dtype dtype;
  unsigned rank;
  int64_t dims[TS_MAX_RANK]; /* 0 where the extent is symbolic */
} ts_param;

/* A function made ready to run. */
typedef struct ts_executable ts_executable;

/* `entry`: the function's name; NULL for the only one, or the one that no other calls. `engine`: "interp"
 * (NULL too) picks by the function's level, "tensor" is the tensor interpreter, "loop" the loop VM,
 * "native" machine code made by the system's C compiler, as TS_CC, PATH, TMPDIR and XDG_CACHE_HOME of
 * the environment say; it does not count fuel.
 * The module must stay as it is, and outlive the executable. */
TS_API ts_result ts_compile(ts_module *, const char *entry, const char *engine,
                            ts_executable **out);
TS_API unsigned ts_executable_num_params(const ts_executable *);
TS_API const ts_param *ts_executable_param(const ts_executable *, unsigned i);
/* NULL is allowed. */
TS_API void ts_executable_destroy(ts_executable *);

/* An array of the caller's: row-major, contiguous, aligned as its elements are. */
typedef struct ts_tensor {
  ts_dtype dtype;
  unsigned rank;
  const int64_t *dims;
  void *data; /* read for in, written for out, both for inout */
} ts_tensor;

typedef struct ts_limits {
  uint64_t fuel;    /* loop iterations and ops together; 0: no limit */
  unsigned threads; /* 0: as many as the machine has */
} ts_limits;

/* Runs on one tensor for each parameter, in order. Their shapes give the symbolic extents their values; a
 * shape or type that does not fit is TS_ERR. `limits` may be NULL. */
TS_API ts_result ts_execute(ts_executable *, unsigned n, const ts_tensor *tensors,
                            const ts_limits *limits);

#ifdef __cplusplus
}
#endif
#endif
