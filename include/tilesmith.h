/* Tilesmith: parse, build, transform and run tensor programs.
 *
 * Everything hangs off a context, which one thread uses at a time; two contexts in two threads share
 * nothing. Functions that can fail return a ts_result and leave messages in the context; nothing
 * here prints, exits or keeps global state. A pointer that is NULL where none may be is TS_USAGE, without a
 * message when there is no context to take it.
 *
 * Structs begin with their size, so that later versions may add members behind the others: set it to
 * sizeof before a struct is handed over, to be read or to be filled. */
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
  TS_LIMIT = 3, /* memory, fuel or time ran out, or somebody interrupted */
  TS_CHECK = 4, /* a check failed: out of bounds, uninitialised read, a wrong answer */
} ts_result;

typedef struct ts_context ts_context;
typedef struct ts_module ts_module;

/* ---- contexts ---- */

/* NULL when there is no memory. */
TS_API ts_context *ts_context_create(void);
/* The same with an allocator of the caller's: for a block, or NULL, it gives one of so many bytes that begins with
 * what the old one held, aligned as malloc's are, or NULL, and the old one stays; for 0 bytes it frees the block. It
 * is called in the threads that work with the context. What other libraries hold (isl, jansson, the C library), and
 * the texts that the caller gets, come from malloc. */
typedef void *(*ts_reallocate)(void *user, void *block, size_t bytes);
TS_API ts_context *ts_context_create_with(ts_reallocate, void *user);
/* Executables and modules of the context must have been destroyed before. NULL is allowed. */
TS_API void ts_context_destroy(ts_context *);
/* The most bytes the context may hold at a time; 0, the default, for no cap. What would pass it fails
 * with TS_LIMIT. */
TS_API void ts_context_set_memory_cap(ts_context *, size_t bytes);
/* Stops what runs in the context: its call soon ends with TS_LIMIT, and so does every later one, at once, until
 * ts_context_resume. What was being worked on is as after any TS_LIMIT: a module that passes changed is good for
 * destroying, the outputs of a run hold anything, everything else stays good. Both may be called in any thread, and
 * in a signal's handler, as long as the context lives. Machine code stops only where it was compiled so: see
 * ts_compile. */
TS_API void ts_context_interrupt(ts_context *);
TS_API void ts_context_resume(ts_context *);
/* Wall-clock seconds that each call may take before it is stopped in the same way; 0, the default, for no limit. A
 * thread of the library's counts them. */
TS_API void ts_context_set_time_limit(ts_context *, double seconds);
/* Bytes held now, and the most held at any time. */
TS_API size_t ts_context_memory_used(const ts_context *);
TS_API size_t ts_context_memory_peak(const ts_context *);

/* ---- messages ---- */

typedef enum ts_severity { TS_SEV_ERROR, TS_SEV_WARNING, TS_SEV_REMARK, TS_SEV_NOTE } ts_severity;
typedef struct ts_diag ts_diag; /* a message with its notes; lives until they are cleared */

/* The message after `previous`, the first one for NULL, NULL after the last. Oldest first. */
TS_API const ts_diag *ts_diagnostic_next(const ts_context *, const ts_diag *previous);
TS_API ts_severity ts_diagnostic_severity(const ts_diag *);
TS_API const char *ts_diagnostic_message(const ts_diag *); /* the words alone */
/* The note behind `previous`, the first one for NULL, NULL after the last: notes say more about their message. */
TS_API const ts_diag *ts_diagnostic_note(const ts_diag *, const ts_diag *previous);
/* Of a remark, which is what a pass has to say of its work: the pass, and "passed", "missed" or "analysis". NULL
 * for others. */
TS_API const char *ts_diagnostic_pass(const ts_diag *);
TS_API const char *ts_diagnostic_kind(const ts_diag *);

/* Where a message is: a range of a text, half open. Lines and columns count from 1, columns by code points, bytes
 * from 0. */
typedef struct ts_location {
  size_t size;      /* sizeof(ts_location) */
  const char *file; /* as given to ts_module_parse; lives as long as the context */
  unsigned line, column, end_line, end_column;
  size_t begin, end;
} ts_location;
/* False, and nothing filled, for a message without a place. */
TS_API bool ts_diagnostic_location(const ts_diag *, ts_location *out);
/* With its place, source line, carets and notes, ending in a newline. The text belongs to the context
 * until the messages are cleared. */
TS_API const char *ts_diagnostic_text(ts_context *, const ts_diag *);
/* Errors so far, those past the kept 20 included. */
TS_API unsigned ts_context_num_errors(const ts_context *);
TS_API void ts_context_clear_diagnostics(ts_context *);

/* Is called with each message, in the thread that works with the context: at the end of the call that gave it, and
 * after each step of a pipeline. It may look at the message and clear all of them; it must call nothing else of
 * the context. */
typedef void (*ts_handler)(void *user, const ts_diag *);
/* Messages from here on go to the handler, too; NULL for none. */
TS_API void ts_context_set_handler(ts_context *, ts_handler, void *user);
/* Of the remarks from here on only these kinds are kept, "missed,passed"; "" for none, NULL, as at first, for
 * all. TS_LIMIT without memory. */
TS_API ts_result ts_context_set_remarks(ts_context *, const char *kinds);

/* ---- modules ---- */

/* Reads a program; `name` stands in messages. The text is copied and, with what the messages quote of
 * it, stays in the context. TS_ERR for text that is wrong; the module is then NULL. What reads well is
 * not yet verified. */
TS_API ts_result ts_module_parse(ts_context *, const char *name, const char *text, size_t n,
                                 ts_module **out);
/* A module without functions. */
TS_API ts_result ts_module_new(ts_context *, ts_module **out);
/* An independent copy in the same context: to try a schedule on it, say. */
TS_API ts_result ts_module_copy(const ts_module *, ts_module **out);
/* TS_USAGE, and nothing done, while an executable runs it. NULL is allowed. */
TS_API ts_result ts_module_destroy(ts_module *);
/* TS_ERR when the program breaks a rule of the language; every breach is a message. */
TS_API ts_result ts_module_verify(ts_module *);
/* Verifies, then runs a pipeline such as "fuse,lower{acc=f32}" with verification after every pass.
 * TS_USAGE for an unknown pass or option. After a failure the module is only good for destroying. */
TS_API ts_result ts_module_run_passes(ts_module *, const char *pipeline);
/* The program's text, NUL-terminated, for the caller to give to ts_text_free; `n` may be NULL. */
TS_API ts_result ts_module_text(ts_module *, char **text, size_t *n);
/* The functions as a C file, which gcc and clang take (docs/c.md says what it is like), as ts_module_text gives
 * the program. Verifies first, also that iterations of loops marked `parallel` may run at once. TS_ERR for what
 * has no form in C, such as a tensor function: it is to be lowered first. */
TS_API ts_result ts_module_emit_c(ts_module *, unsigned flags, char **text, size_t *n);
enum {
  TS_C_HEADER = 1, /* the prototypes alone, for a header */
  TS_C_LINES = 2,  /* #line directives, so that debuggers show the program */
  TS_C_SERIAL = 4, /* no OpenMP pragmas */
};
TS_API void ts_text_free(char *); /* NULL is allowed */

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

/* ---- looking at a module ---- */

/* The scalar types, in the order of the language's table; later versions have more. i1 takes one byte in an
 * array. */
typedef enum ts_dtype {
  TS_F64,
  TS_F32,
  TS_F16,
  TS_BF16,
  TS_I64,
  TS_I32,
  TS_I8,
  TS_I1,
  TS_INDEX
} ts_dtype;
enum { TS_MAX_RANK = 16 };
typedef enum ts_role { TS_ROLE_IN, TS_ROLE_OUT, TS_ROLE_INOUT } ts_role;

/* What a function takes: its parameters in order and then, for a tensor function, its results, named Y
 * (one) or Y0, Y1, … (several). It stays the same when passes lower the function to loops. */
typedef struct ts_param {
  size_t size;      /* sizeof(ts_param) */
  const char *name; /* without %; lives as long as the module */
  ts_role role;
  ts_dtype dtype;
  unsigned rank;
  int64_t dims[TS_MAX_RANK]; /* 0 where the extent is symbolic */
} ts_param;

/* The function behind `previous`, the first one for NULL, NULL after the last. */
TS_API ts_func *ts_module_next_func(const ts_module *, const ts_func *previous);
/* By its name without @; NULL for none. */
TS_API ts_func *ts_module_find_func(const ts_module *, const char *name);
/* Without @; lives as long as the module. NULL when there is no memory. */
TS_API const char *ts_func_name(const ts_func *);
TS_API unsigned ts_func_num_params(const ts_func *);
/* False past the last. */
TS_API bool ts_func_param(const ts_func *, unsigned i, ts_param *out);

/* Ops, and what hangs on them, live until something changes the module. NULL where there is none.
 *
 *   for (const ts_op *op = ts_func_first_op(func); op; op = ts_op_after(op)) … */
typedef struct ts_op ts_op;
TS_API const ts_op *ts_func_first_op(const ts_func *);
TS_API const ts_op *ts_op_after(const ts_op *);
/* The first op of one of its regions, such as a loop's body (0) or the other branch of an `if` (1); and the op
 * whose region it stands in. */
TS_API const ts_op *ts_op_inside(const ts_op *, unsigned region);
TS_API const ts_op *ts_op_around(const ts_op *);
TS_API unsigned ts_op_num_regions(const ts_op *);
TS_API const char *ts_op_name(const ts_op *); /* "matmul" */
/* Operands are values: results of other ops, arguments, literals. Subscripts and bounds are not among them. */
TS_API unsigned ts_op_num_operands(const ts_op *);
TS_API ts_value *ts_op_operand(const ts_op *, unsigned i);
/* Its results. */
TS_API unsigned ts_op_num_values(const ts_op *);
TS_API ts_value *ts_op_value(const ts_op *, unsigned i);
/* The op, with all inside it, as the module's text has it; as ts_module_text. */
TS_API ts_result ts_op_text(const ts_op *, char **text, size_t *n);
TS_API const char *ts_value_type(const ts_value *); /* "tensor<4x8xf32>" */
TS_API const ts_op *ts_value_op(const ts_value *);  /* that it is a result of; NULL for others */

/* ---- running ---- */

/* A function made ready to run. */
typedef struct ts_executable ts_executable;

/* `entry`: the function's name; NULL for the only one, or the one that no other calls. `engine`: "interp"
 * (NULL too) picks by the function's level, "tensor" is the tensor interpreter, "loop" the loop VM,
 * "native" machine code made by the system's C compiler, as TS_CC, PATH, TMPDIR and XDG_CACHE_HOME of
 * the environment say; it does not count fuel. Options stand in braces behind the name, as those of a pipeline's
 * steps do: "native{cc=clang cache_dir=/tmp/c}" (ts_list_engine_option); a wrong one is TS_USAGE, with its place.
 * Machine code stops for ts_context_interrupt, and takes a time limit, only with the option `stoppable`; without it
 * a time limit is TS_USAGE, and an interrupt waits for the end of the run.
 * Until the executable is destroyed the module can be neither changed nor destroyed: both are TS_USAGE. */
TS_API ts_result ts_compile(ts_module *, const char *entry, const char *engine,
                            ts_executable **out);
TS_API unsigned ts_executable_num_params(const ts_executable *);
/* NULL past the last; lives as long as the context. */
TS_API const ts_param *ts_executable_param(const ts_executable *, unsigned i);
/* NULL is allowed. */
TS_API void ts_executable_destroy(ts_executable *);

/* Where data lies. Later versions may know other devices. */
enum { TS_DEVICE_HOST = 0 };

/* An array of the caller's, aligned as its elements are. */
typedef struct ts_tensor {
  size_t size; /* sizeof(ts_tensor) */
  ts_dtype dtype;
  unsigned rank;
  const int64_t *dims;
  /* The element whose indices are all 0: read for in, written for out, both for inout. */
  void *data;
  /* How many elements further the next index of each dimension is, which may be negative; NULL: row-major,
   * without gaps. A run works on a copy of an array with strides, so each costs its size and one pass over it.
   * Elements of what is written must not share a place: TS_USAGE. */
  const int64_t *strides;
  int32_t device; /* TS_DEVICE_HOST; TS_USAGE for others */
} ts_tensor;

/* A contiguous array on the host. */
static inline ts_tensor ts_tensor_of(ts_dtype dtype, unsigned rank, const int64_t *dims,
                                     void *data) {
  ts_tensor tensor;
  tensor.size = sizeof tensor;
  tensor.dtype = dtype;
  tensor.rank = rank;
  tensor.dims = dims;
  tensor.data = data;
  tensor.strides = NULL;
  tensor.device = TS_DEVICE_HOST;
  return tensor;
}

typedef struct ts_limits {
  size_t size;      /* sizeof(ts_limits) */
  uint64_t fuel;    /* loop iterations and ops together; 0: no limit */
  unsigned threads; /* 0: as many as the machine has */
  double seconds;   /* of wall-clock time; 0: what ts_context_set_time_limit says */
} ts_limits;

/* Runs on one tensor for each parameter, in order, all of one size. Their shapes give the symbolic extents their
 * values; a shape or type that does not fit is TS_ERR. `limits` may be NULL. After a failure the outputs hold
 * anything, and the executable may run again. */
TS_API ts_result ts_execute(ts_executable *, unsigned n, const ts_tensor *tensors,
                            const ts_limits *limits);

/* ---- tuning ---- */

/* What a schedule is to be least in: time, energy, or their product. */
typedef enum ts_objective { TS_OBJECTIVE_TIME, TS_OBJECTIVE_ENERGY, TS_OBJECTIVE_EDP } ts_objective;
/* Where a figure of energy comes from: counters of the machine, or a model. */
typedef enum ts_energy_kind {
  TS_ENERGY_NONE,
  TS_ENERGY_MEASURED,
  TS_ENERGY_MODELLED
} ts_energy_kind;

/* A schedule that was tried. The texts live as long as what ts_autotune made. */
typedef struct ts_trial_row {
  size_t size;            /* sizeof(ts_trial_row) */
  const char *parameters; /* "tileM=8 tileN=16" */
  const char *pipeline;   /* as ts_module_run_passes takes it */
  const char *verdict;    /* "ok"; else in one word why it is no good, and in `reason` in more */
  const char *reason;
  double ms, ms_low, ms_high; /* of a run; interval of 95 % */
  ts_energy_kind energy;
  double joules; /* of a run */
  double cost;   /* by the objective: ms, J or J s; infinite for what is no good */
} ts_trial_row;

/* How to tune. What is 0 or NULL is as ts-tune has it (docs/tuning.md). */
typedef struct ts_autotune_options {
  size_t size;         /* sizeof(ts_autotune_options) */
  const char *entry;   /* the function; NULL: the only one, or the one that no other calls */
  const char *extents; /* "M=512 K=768 N=512": values for symbolic ones */
  const char *inputs;  /* "X=normal W=normal:0.05", as ts-run's --input; others are normal */
  const char *space; /* the text of a space; NULL: the recipe's choices for the function's nests */
  ts_objective objective;
  const char *energy; /* "rapl", "nvml", "work" or "proxy"; NULL: measured where the machine can */
  const char *engine; /* NULL: "native" */
  const char *search; /* NULL: all points where they are few, else the best search */
  uint64_t trials, seed;
  double seconds; /* of wall-clock time, after which no further round is begun */
  unsigned repeats, threads, jobs;
  const char *store; /* a file that trials are kept in and known ones taken from; NULL: none */
  /* Hears of each trial; false ends the search with the best so far. NULL: nobody does. */
  bool (*progress)(void *user, const ts_trial_row *);
  void *user;
} ts_autotune_options;

/* Searches for the schedule of a verified module's function; the module stays as it is. Candidates are compiled and
 * run in processes of their own, made by fork. `options` may be NULL. TS_CHECK when no candidate was good, with what
 * became of the first. */
typedef struct ts_tuned ts_tuned;
TS_API ts_result ts_autotune(ts_module *, const ts_autotune_options *, ts_tuned **out);
TS_API size_t ts_tuned_num_trials(const ts_tuned *);
/* In the order they were tried; false past the last. */
TS_API bool ts_tuned_trial(const ts_tuned *, size_t i, ts_trial_row *out);
/* The one of least cost. */
TS_API size_t ts_tuned_best(const ts_tuned *);
/* Those that no other beats in both time and energy, the quickest first: the trial of the k-th. SIZE_MAX past the
 * last. The knee, where more speed begins to cost much energy, is one of them; SIZE_MAX where no point
 * lies below the line between both ends. */
TS_API size_t ts_tuned_frontier(const ts_tuned *, size_t k);
TS_API size_t ts_tuned_knee(const ts_tuned *);
/* The program with that trial's schedule, with the extents put in; to be destroyed by the caller. TS_ERR for a trial that
 * a pass refused. */
TS_API ts_result ts_tuned_module(ts_tuned *, size_t i, ts_module **out);
TS_API void ts_tuned_destroy(ts_tuned *); /* NULL is allowed */

/* ---- arrays in files ---- */

/* Reads "x.npy", or "w.safetensors#name" (without #name the file must hold one tensor). The tensor and its data,
 * contiguous, are the context's until ts_tensor_destroy. TS_ERR for what cannot be read. */
TS_API ts_result ts_tensor_read(ts_context *, const char *path, ts_tensor **out);
/* Of one that ts_tensor_read made. NULL is allowed. */
TS_API void ts_tensor_destroy(ts_context *, ts_tensor *);
/* Writes it, to a file beside and then renamed, so that there is never half of one. A .safetensors file needs
 * #name. */
TS_API ts_result ts_tensor_write(ts_context *, const char *path, const ts_tensor *);

/* ---- what is there ---- */

/* The tables behind the language and the tools, a row at a time: false past the last, and nothing filled then.
 *
 *   ts_pass_row row = {.size = sizeof row};
 *   for (unsigned i = 0; ts_list_pass(i, &row); i++) puts(row.name);
 *
 * The texts are constants. `levels` holds bits for functions of tensors and of loops. */
enum { TS_TENSOR_LEVEL = 1, TS_LOOP_LEVEL = 2 };

typedef struct ts_engine_row {
  size_t size;
  const char *name, *summary;
  unsigned levels; /* of the functions it runs */
  unsigned num_options;
} ts_engine_row;
TS_API bool ts_list_engine(unsigned i, ts_engine_row *out);

typedef struct ts_pass_row {
  size_t size;
  const char *name, *summary;
  const char *example;     /* options as one may write them; "" where it takes none */
  unsigned levels, leaves; /* of the functions it works on, and that it leaves */
  bool rounds;             /* results may be rounded differently */
  unsigned num_options;
} ts_pass_row;
TS_API bool ts_list_pass(unsigned i, ts_pass_row *out);

typedef struct ts_option_row {
  size_t size;
  const char *name, *summary;
  const char
      *kind; /* "bool", "int", "size", "duration", "type", "text", "function", "loop" or "loops" */
  const char *otherwise; /* what it is when it is left out */
} ts_option_row;
TS_API bool ts_list_pass_option(const char *pass, unsigned i, ts_option_row *out);
TS_API bool ts_list_engine_option(const char *engine, unsigned i, ts_option_row *out);

typedef struct ts_op_row {
  size_t size;
  const char *name, *summary;
  unsigned levels;
  int min_operands, max_operands; /* -1: any number */
  int num_values;                 /* results; -1: as many as the function called */
  unsigned num_regions, num_attributes;
} ts_op_row;
TS_API bool ts_list_op(unsigned i, ts_op_row *out);

typedef struct ts_attribute_row {
  size_t size;
  const char *name, *summary;
} ts_attribute_row;
/* The attributes that the op called `op` takes in braces. */
TS_API bool ts_list_op_attribute(const char *op, unsigned i, ts_attribute_row *out);

typedef struct ts_dtype_row {
  size_t size;
  const char *name; /* "f32" */
  ts_dtype dtype;
  unsigned bytes; /* of an element in an array */
} ts_dtype_row;
TS_API bool ts_list_dtype(unsigned i, ts_dtype_row *out);

#ifdef __cplusplus
}
#endif
#endif
