/* Inside the C emitter.
 *
 * A function's body is printed op by op into a text buffer, callees before callers, so that by the
 * time the prototypes are printed it is known which functions can fail and which helpers they use.
 *
 * Values: f16 and bf16 values are held as floats that the narrow type can hold, rounded after every
 * op; so arithmetic, constants and conversions know four kinds of numbers less. But a vector of bf16
 * that is only moved and multiplied by `dot` stays packed, as the integers that lie in memory.
 * Vectors are GCC's, padded to a power of two of lanes; what the lanes past the last hold means nothing. A vector of
 * i1 is an integer vector of 0 and -1, with lanes as wide as those of what it chooses between. */
#ifndef TS_EMIT_C_EMIT_H
#define TS_EMIT_C_EMIT_H

#include "ir/scalar.h"
#include "analysis/index/range.h"
#include "emit/emit.h"

/* How tightly the outermost operator of an expression binds. */
typedef enum ts_c_prec {
  TS_C_COND,
  TS_C_OR,
  TS_C_AND,
  TS_C_BIT,
  TS_C_EQUAL,
  TS_C_LESS,
  TS_C_SHIFT,
  TS_C_ADD,
  TS_C_MUL,
  TS_C_UNARY,
  TS_C_ATOM
} ts_c_prec;

typedef struct ts_c_text {
  const char *s;
  ts_c_prec prec;
  unsigned ops; /* how many ops stand in it; 0 for names and literals */
} ts_c_text;

/* What a value is in C. */
typedef enum ts_c_base {
  TS_C_F64,
  TS_C_F32,
  TS_C_I64,
  TS_C_I32,
  TS_C_I16,
  TS_C_I8,
  TS_C_BOOL,
  TS_C_NUM_BASES
} ts_c_base;
typedef struct ts_c_rep {
  ts_c_base base;
  int64_t lanes; /* of the C vector, a power of two; 0: a scalar */
} ts_c_rep;

typedef struct ts_c_out {
  char *at;
  size_t n, cap;
} ts_c_out;

/* Where the elements of a buffer are. */
typedef enum ts_c_place {
  TS_C_VARIABLE, /* a local of one element: a C variable */
  TS_C_VALUES,   /* a C array of values; elements that are vectors stay in registers */
  TS_C_ARRAY,    /* a C array of elements as they lie in memory */
  TS_C_POINTER   /* row-major behind a pointer */
} ts_c_place;
typedef struct ts_c_buffer {
  ts_c_place place;
  const char *name;
  const ts_type *type;
  int64_t pad;     /* TS_C_ARRAY, TS_C_VALUES: elements more in a row */
  bool packed;     /* TS_C_VARIABLE, TS_C_VALUES of vectors of bf16: they are held packed */
  bool undeclared; /* TS_C_VARIABLE: the store that comes next declares it */
} ts_c_buffer;

/* What a failing statement inside a parallel loop does: fills `record` and goes to `label`. */
typedef struct ts_c_fail {
  const char *record, *label;
  bool used;
} ts_c_fail;

typedef struct ts_c_nest ts_c_nest;

typedef struct ts_c_func {
  const ts_func *func;
  const char *name;
  ts_signature sig;
  unsigned num_extents;
  ts_str *extents; /* in order of first appearance in the signature */
  const char **extent_names, **param_names;
  ts_c_out body;
  const char *prototype;
  unsigned num_parallel; /* loops that run in parallel, so far */
  bool done, fails;
  int64_t stack;                     /* bytes of its arrays, and of the most that a callee has */
  int64_t nest_stack;                /* the most that one of its nests has */
  unsigned num_nests, printed_nests; /* functions of their own; 0: it is printed in one piece */
  ts_c_nest *nests;
} ts_c_func;

typedef struct ts_c_helper ts_c_helper;

typedef struct ts_c_emit {
  ts_context *ctx;
  ts_module *m;
  ts_arena *arena;
  const ts_emit_c_options *options;
  ts_ranges *ranges;
  ts_c_out *out; /* the statements being printed */
  int indent;
  ts_c_func *funcs, *current;
  bool nest_polls;           /* the nest being printed looks whether it is to stop */
  ts_c_nest *nest;           /* being printed; NULL: the function itself is */
  TS_VEC(ts_c_nest *) nests; /* that have a function of their own, of all functions */
  ts_ptrmap nest_of;         /* those, by the hash of their text */
  unsigned num_funcs;
  ts_ptrmap func_of, values, buffers, globals;
  ts_ptrmap reps;       /* of vectors that are what their uses want */
  ts_ptrmap taken;      /* identifiers in scope */
  TS_VEC(ts_str) scope; /* those, in the order they came */
  ts_ptrmap helper_of;  /* by name */
  TS_VEC(ts_c_helper *) helpers;
  bool *sections;                             /* of the prelude, which of them are used */
  TS_VEC(ts_c_rep) vectors, unsigned_vectors; /* vector types that need a typedef */
  unsigned next_number;
  ts_c_fail *fail;        /* of the parallel loop around; NULL: a failing statement returns */
  bool parallel;          /* inside a loop that runs in parallel */
  bool tiles;             /* there are register tiles: buffers that are arrays of vectors */
  uint32_t line_at, line; /* #line: the last place asked for and its line */
  ts_result result;       /* the first error; printing goes on */
} ts_c_emit;

/* ---- c_text.c: text, names, types ---- */

void ts_c_put(ts_c_emit *, const char *text);
void ts_c_printf(ts_c_emit *, const char *fmt, ...) TS_PRINTF(2, 3);
/* One line, indented. */
void ts_c_stmt(ts_c_emit *, const char *fmt, ...) TS_PRINTF(2, 3);
void ts_c_out_add(ts_arena *, ts_c_out *, const char *text, size_t n);
/* Appends an item to a list with `between` in front of all but the first. */
void ts_c_list_add(ts_c_emit *, ts_c_out *list, const char *between, const char *fmt, ...)
    TS_PRINTF(4, 5);
const char *ts_c_list_text(const ts_c_out *); /* "" of an empty one */
ts_c_text ts_c_expr(ts_c_emit *, ts_c_prec, const char *fmt, ...) TS_PRINTF(3, 4);
ts_c_text ts_c_atom(const char *);
/* The text, in parentheses where it binds less tightly than `prec`. */
const char *ts_c_paren(ts_c_emit *, ts_c_text, ts_c_prec);
bool ts_c_is_number(ts_c_text, int64_t *value);
void ts_c_refuse(ts_c_emit *, ts_loc, const char *fmt, ...) TS_PRINTF(3, 4);

/* An identifier close to `text` that nothing in scope has; it is then in scope. Where many have the
 * same name they are told apart by a number that counts through the function. */
const char *ts_c_unique(ts_c_emit *, const char *text);
/* The same for a value's or a loop's name. */
const char *ts_c_name(ts_c_emit *, const ts_value *);
size_t ts_c_scope_open(const ts_c_emit *);
void ts_c_scope_close(ts_c_emit *, size_t mark);
/* Puts into scope what no emitted name may be: C's own words; what no function or array of the file
 * may be called; one name. */
void ts_c_reserve_words(ts_c_emit *);
void ts_c_reserve_library(ts_c_emit *);
void ts_c_reserve(ts_c_emit *, const char *);

/* ---- c_type.c ---- */

int64_t ts_c_padded(int64_t lanes); /* to a power of two */
ts_c_rep ts_c_rep_of(ts_c_emit *, const ts_value *);
ts_c_rep ts_c_rep_of_type(const ts_type *); /* masks get lanes of 4 bytes */
ts_c_rep ts_c_packed_rep(const ts_type *);  /* of a vector of bf16: integers of 16 bits */
bool ts_c_is_packed(ts_c_rep);
bool ts_c_same_rep(ts_c_rep, ts_c_rep);
unsigned ts_c_base_bytes(ts_c_base);
bool ts_c_is_float(ts_c_rep);
ts_c_rep ts_c_mask_of(ts_c_rep); /* what comparing two of these gives */
/* "float", "ts_f32x16"; a vector type is noted as used. */
const char *ts_c_type(ts_c_emit *, ts_c_rep);
/* "f32x16": what helpers' names end in. */
const char *ts_c_suffix(ts_c_emit *, ts_c_rep);
const char *ts_c_memory_type(ts_dtype); /* "float", "ts_bf16" */
/* Where narrow floats are concerned: "f16" or "bf16"; else NULL. */
const char *ts_c_narrow(ts_dtype);
ts_c_text ts_c_literal(ts_c_emit *, ts_c_rep, ts_dtype, uint64_t image);
const char *ts_c_unsigned(ts_c_base);                    /* "uint32_t" for an f32 */
const char *ts_c_unsigned_vector(ts_c_emit *, ts_c_rep); /* "ts_bits32x16" for a ts_f32x16 */
/* The typedefs of the vectors in use. */
void ts_c_print_vector_types(ts_c_emit *);

/* ---- c_helper.c ---- */

/* What the helper of a row is called before its type: as the row's op, with an i where that is the op of floats
 * too. */
const char *ts_c_scalar_helper(ts_c_emit *e, ts_scalar, bool on_int);
/* The C name of helper `name` on values of `rep`; its text and that of those it needs come into the
 * file. `lanes` is how many lanes count, `dtype` the type in memory, where the helper is about
 * memory. */
const char *ts_c_helper_name(ts_c_emit *, const char *name, ts_c_rep, int64_t lanes,
                             ts_dtype dtype);
/* One that has no type: "ts_floordiv". */
const char *ts_c_plain_helper(ts_c_emit *, const char *name);
/* A call of it. */
ts_c_text ts_c_call_helper(ts_c_emit *, const char *name, ts_c_rep, int64_t lanes, ts_dtype,
                           const char *args);
void ts_c_print_helpers(ts_c_emit *);
/* Brings in the prelude's section of that name, with what it needs; false when there is none. */
bool ts_c_use_section(ts_c_emit *, const char *name);
void ts_c_print_sections(ts_c_emit *);

/* ---- c_affine.c ---- */

/* The expression over the op's dims, as int64_t. */
ts_c_text ts_c_affine(ts_c_emit *, const ts_op *, const ts_aff *);
/* As __int128, which holds whatever it may come to. */
ts_c_text ts_c_affine_wide(ts_c_emit *, const ts_op *, const ts_aff *);
bool ts_c_affine_fits(ts_c_emit *, const ts_op *,
                      const ts_aff *); /* in int64_t, whatever the values */
ts_c_text ts_c_extent(ts_c_emit *, ts_extent);
ts_c_text ts_c_add(ts_c_emit *, ts_c_text, ts_c_text);
ts_c_text ts_c_mul(ts_c_emit *, ts_c_text, ts_c_text);
ts_c_text ts_c_number(ts_c_emit *, int64_t);
/* Largest of the lower, least of the upper bounds. */
ts_c_text ts_c_bound(ts_c_emit *, const ts_op *, unsigned n, const ts_aff *const *, bool lower);

/* ---- c_memory.c ---- */

void ts_c_param(ts_c_emit *, const ts_value *, const char *name);
/* The declaration of a parameter that hands on a buffer of another function. */
const char *ts_c_buffer_param(ts_c_emit *, const ts_c_buffer *, bool read_only);
void ts_c_alloc(ts_c_emit *, const ts_op *);
void ts_c_get_global(ts_c_emit *, const ts_op *);
void ts_c_load(ts_c_emit *, const ts_op *);
void ts_c_store(ts_c_emit *, const ts_op *);
void ts_c_atomic_add(ts_c_emit *, const ts_op *);
void ts_c_copy(ts_c_emit *, const ts_op *);
void ts_c_prefetch(ts_c_emit *, const ts_op *);
ts_c_buffer *ts_c_buffer_of(ts_c_emit *, const ts_value *);
/* The address of a buffer's first element, as elements in memory. */
const char *ts_c_base_address(ts_c_emit *, const ts_c_buffer *);

/* ---- c_arith.c ---- */

/* A value as an expression; literals of its type included. */
ts_c_text ts_c_use(ts_c_emit *, const ts_value *);
/* A vector of bf16, packed or as floats. */
ts_c_text ts_c_use_bf16(ts_c_emit *, const ts_value *, bool packed);
/* A text that is such a vector, `from` being what it is. */
ts_c_text ts_c_repack(ts_c_emit *, ts_c_rep from, ts_c_text, bool packed);
/* A mask with lanes as wide as those of `rep`. */
ts_c_text ts_c_use_mask(ts_c_emit *, const ts_value *, ts_c_rep);
/* The op's result is `text`: put into its only use, or into a variable. */
void ts_c_define(ts_c_emit *, const ts_op *, ts_c_text);
/* The same for a load of a buffer of the function's own. */
void ts_c_define_load(ts_c_emit *, const ts_op *, ts_c_text);
void ts_c_arith(ts_c_emit *, const ts_op *);

/* ---- c_control.c ---- */

void ts_c_block(ts_c_emit *, const ts_block *);
void ts_c_print_op(ts_c_emit *, const ts_op *);
void ts_c_fail_if(ts_c_emit *, const ts_op *, const char *condition, ts_failure_kind,
                  const char *index, const char *extent);
/* The same of a subscript, with the values of the variables in it. */
void ts_c_fail_bounds_if(ts_c_emit *, const ts_op *, const char *condition, unsigned dimension,
                         const char *index, const char *extent);
/* `if (condition) <the record is filled already> return or go`. */
void ts_c_leave_if(ts_c_emit *, const char *condition);
/* The record that a failing statement fills, as a pointer. */
const char *ts_c_record(ts_c_emit *);
void ts_c_call(ts_c_emit *, const ts_op *);

/* Does `i + step` stay in int64_t in every iteration, the last included? */
bool ts_c_step_fits(ts_c_emit *, const ts_op *loop, int64_t step);

/* ---- c_poll.c ---- */

/* Whether the iterations of a loop, or the threads of a launch, look whether they are to stop. */
bool ts_c_polls(const ts_c_emit *, const ts_op *);
/* Whether a loop looks once in a strip of iterations instead: ts_c_open_strips then begins a loop over strips, whose
 * bounds take the place of the loop's; its brace is for the caller to close. */
bool ts_c_polls_in_strips(ts_c_emit *, const ts_op *);
void ts_c_open_strips(ts_c_emit *, const ts_op *, const char *iv, ts_c_text *lo, ts_c_text *hi);
void ts_c_poll(ts_c_emit *, const ts_op *);

/* ---- c_global.c ---- */

/* Gives the globals their C names; puts these into scope. */
void ts_c_name_globals(ts_c_emit *);
void ts_c_reserve_globals(ts_c_emit *);
/* The name of a global that is used from now on. */
const char *ts_c_global_name(ts_c_emit *, const ts_global *);
/* Adds to arguments, or parameters, those that hand the hidden globals on, and the flag of code that can be
 * stopped. */
void ts_c_add_hidden(ts_c_emit *, ts_c_out *list, bool params);
/* The data of globals, as initialisers or as declarations of what the user brings. */
void ts_c_print_globals(ts_c_emit *);

/* ---- c_nest.c ---- */

/* Names the functions that the function's nests become, if it is to be cut. */
void ts_c_name_nests(ts_c_emit *, ts_c_func *);
/* The function of the nest `op`, if none before is the same, and in its place a call. */
void ts_c_print_nest(ts_c_emit *, const ts_op *);
const char *ts_c_nest_prototype(ts_c_emit *, const ts_c_nest *);
ts_c_out ts_c_nest_text(ts_c_emit *, const ts_c_nest *);
/* While a nest is printed: the name is one of a parameter, or of something that it declares. */
void ts_c_nest_name(ts_c_emit *, const char *name);
/* While a nest is printed: what a buffer, a value or an extent of the function, or a global that is handed
 * over, is called there. */
ts_c_buffer *ts_c_nest_buffer(ts_c_emit *, const ts_value *, ts_c_buffer *outer);
ts_c_text ts_c_nest_value(ts_c_emit *, const ts_value *, ts_c_text outer);
void ts_c_nest_extent(ts_c_emit *, unsigned extent);
void ts_c_nest_global(ts_c_emit *, const ts_global *, const char *name);
/* Two arguments: the op's first byte in the program's text, and the one past its last. */
const char *ts_c_nest_position(ts_c_emit *, const ts_op *);

/* ---- c_module.c ---- */

/* Breaks a list, with `head` before it and ) behind, at its commas where it is too long for a line. */
const char *ts_c_wrap(ts_c_emit *, const char *head, const char *list);

/* `#line`, where the options ask for it. */
void ts_c_line_directive(ts_c_emit *, const ts_op *);

#endif
