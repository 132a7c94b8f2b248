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

#include "analysis/index/range.h"
#include "emit/emit.h"

/* How tightly the outermost operator of an expression binds. */
typedef enum c_prec {
  C_COND,
  C_OR,
  C_AND,
  C_BIT,
  C_EQUAL,
  C_LESS,
  C_SHIFT,
  C_ADD,
  C_MUL,
  C_UNARY,
  C_ATOM
} c_prec;

typedef struct c_text {
  const char *s;
  c_prec prec;
  unsigned ops; /* how many ops stand in it; 0 for names and literals */
} c_text;

/* What a value is in C. */
typedef enum c_base { C_F64, C_F32, C_I64, C_I32, C_I16, C_I8, C_BOOL, C_NUM_BASES } c_base;
typedef struct c_rep {
  c_base base;
  int64_t lanes; /* of the C vector, a power of two; 0: a scalar */
} c_rep;

typedef struct c_out {
  char *at;
  size_t n, cap;
} c_out;

/* Where the elements of a buffer are. */
typedef enum c_place {
  C_VARIABLE, /* a local of one element: a C variable */
  C_VALUES,   /* a C array of values; elements that are vectors stay in registers */
  C_ARRAY,    /* a C array of elements as they lie in memory */
  C_POINTER   /* row-major behind a pointer */
} c_place;
typedef struct c_buffer {
  c_place place;
  const char *name;
  const ts_type *type;
  int64_t pad;     /* C_ARRAY, C_VALUES: elements more in a row */
  bool packed;     /* C_VARIABLE, C_VALUES of vectors of bf16: they are held packed */
  bool undeclared; /* C_VARIABLE: the store that comes next declares it */
} c_buffer;

/* What a failing statement inside a parallel loop does: fills `record` and goes to `label`. */
typedef struct c_fail {
  const char *record, *label;
  bool used;
} c_fail;

typedef struct c_nest c_nest;

typedef struct c_func {
  const ts_func *func;
  const char *name;
  ts_signature sig;
  unsigned num_extents;
  ts_str *extents; /* in order of first appearance in the signature */
  const char **extent_names, **param_names;
  c_out body;
  const char *prototype;
  unsigned num_parallel; /* loops that run in parallel, so far */
  bool done, fails;
  int64_t stack;                     /* bytes of its arrays, and of the most that a callee has */
  int64_t nest_stack;                /* the most that one of its nests has */
  unsigned num_nests, printed_nests; /* functions of their own; 0: it is printed in one piece */
  c_nest *nests;
} c_func;

typedef struct c_helper c_helper;

typedef struct c_emit {
  ts_context *ctx;
  ts_module *m;
  ts_arena *arena;
  const ts_emit_c_options *options;
  ts_ranges *ranges;
  c_out *out; /* the statements being printed */
  int indent;
  c_func *funcs, *current;
  c_nest *nest;           /* being printed; NULL: the function itself is */
  TS_VEC(c_nest *) nests; /* that have a function of their own, of all functions */
  ts_ptrmap nest_of;      /* those, by the hash of their text */
  unsigned num_funcs;
  ts_ptrmap func_of, values, buffers, globals;
  ts_ptrmap reps;       /* of vectors that are what their uses want */
  ts_ptrmap taken;      /* identifiers in scope */
  TS_VEC(ts_str) scope; /* those, in the order they came */
  ts_ptrmap helper_of;  /* by name */
  TS_VEC(c_helper *) helpers;
  bool *sections;                          /* of the prelude, which of them are used */
  TS_VEC(c_rep) vectors, unsigned_vectors; /* vector types that need a typedef */
  unsigned next_number;
  c_fail *fail;           /* of the parallel loop around; NULL: a failing statement returns */
  bool parallel;          /* inside a loop that runs in parallel */
  bool tiles;             /* there are register tiles: buffers that are arrays of vectors */
  uint32_t line_at, line; /* #line: the last place asked for and its line */
  ts_result result;       /* the first error; printing goes on */
} c_emit;

/* ---- c_text.c: text, names, types ---- */

void c_put(c_emit *, const char *text);
void c_printf(c_emit *, const char *fmt, ...) TS_PRINTF(2, 3);
/* One line, indented. */
void c_stmt(c_emit *, const char *fmt, ...) TS_PRINTF(2, 3);
void c_out_add(ts_arena *, c_out *, const char *text, size_t n);
/* Appends an item to a list with `between` in front of all but the first. */
void c_list_add(c_emit *, c_out *list, const char *between, const char *fmt, ...) TS_PRINTF(4, 5);
const char *c_list_text(const c_out *); /* "" of an empty one */
c_text c_expr(c_emit *, c_prec, const char *fmt, ...) TS_PRINTF(3, 4);
c_text c_atom(const char *);
/* The text, in parentheses where it binds less tightly than `prec`. */
const char *c_paren(c_emit *, c_text, c_prec);
bool c_is_number(c_text, int64_t *value);
void c_refuse(c_emit *, ts_loc, const char *fmt, ...) TS_PRINTF(3, 4);

/* An identifier close to `text` that nothing in scope has; it is then in scope. Where many have the
 * same name they are told apart by a number that counts through the function. */
const char *c_unique(c_emit *, const char *text);
/* The same for a value's or a loop's name. */
const char *c_name(c_emit *, const ts_value *);
size_t c_scope_open(const c_emit *);
void c_scope_close(c_emit *, size_t mark);
/* Puts into scope what no emitted name may be: C's own words; what no function or array of the file
 * may be called; one name. */
void c_reserve_words(c_emit *);
void c_reserve_library(c_emit *);
void c_reserve(c_emit *, const char *);

/* ---- c_type.c ---- */

int64_t c_padded(int64_t lanes); /* to a power of two */
c_rep c_rep_of(c_emit *, const ts_value *);
c_rep c_rep_of_type(const ts_type *); /* masks get lanes of 4 bytes */
c_rep c_packed_rep(const ts_type *);  /* of a vector of bf16: integers of 16 bits */
bool c_is_packed(c_rep);
bool c_same_rep(c_rep, c_rep);
unsigned c_base_bytes(c_base);
bool c_is_float(c_rep);
c_rep c_mask_of(c_rep); /* what comparing two of these gives */
/* "float", "ts_f32x16"; a vector type is noted as used. */
const char *c_type(c_emit *, c_rep);
/* "f32x16": what helpers' names end in. */
const char *c_suffix(c_emit *, c_rep);
const char *c_memory_type(ts_dtype); /* "float", "ts_bf16" */
/* Where narrow floats are concerned: "f16" or "bf16"; else NULL. */
const char *c_narrow(ts_dtype);
c_text c_literal(c_emit *, c_rep, ts_dtype, uint64_t image);
const char *c_unsigned(c_base);                 /* "uint32_t" for an f32 */
const char *c_unsigned_vector(c_emit *, c_rep); /* "ts_bits32x16" for a ts_f32x16 */
/* The typedefs of the vectors in use. */
void c_print_vector_types(c_emit *);

/* ---- c_helper.c ---- */

/* The C name of helper `name` on values of `rep`; its text and that of those it needs come into the
 * file. `lanes` is how many lanes count, `dtype` the type in memory, where the helper is about
 * memory. */
const char *c_helper_name(c_emit *, const char *name, c_rep, int64_t lanes, ts_dtype dtype);
/* One that has no type: "ts_floordiv". */
const char *c_plain_helper(c_emit *, const char *name);
/* A call of it. */
c_text c_call_helper(c_emit *, const char *name, c_rep, int64_t lanes, ts_dtype, const char *args);
void c_print_helpers(c_emit *);
/* Brings in the prelude's section of that name, with what it needs; false when there is none. */
bool c_use_section(c_emit *, const char *name);
void c_print_sections(c_emit *);

/* ---- c_affine.c ---- */

/* The expression over the op's dims, as int64_t. */
c_text c_affine(c_emit *, const ts_op *, const ts_aff *);
/* As __int128, which holds whatever it may come to. */
c_text c_affine_wide(c_emit *, const ts_op *, const ts_aff *);
bool c_affine_fits(c_emit *, const ts_op *, const ts_aff *); /* in int64_t, whatever the values */
c_text c_extent(c_emit *, ts_extent);
c_text c_add(c_emit *, c_text, c_text);
c_text c_mul(c_emit *, c_text, c_text);
c_text c_number(c_emit *, int64_t);
/* Largest of the lower, least of the upper bounds. */
c_text c_bound(c_emit *, const ts_op *, unsigned n, const ts_aff *const *, bool lower);

/* ---- c_memory.c ---- */

void c_param(c_emit *, const ts_value *, const char *name);
/* The declaration of a parameter that hands on a buffer of another function. */
const char *c_buffer_param(c_emit *, const c_buffer *, bool read_only);
void c_alloc(c_emit *, const ts_op *);
void c_get_global(c_emit *, const ts_op *);
void c_load(c_emit *, const ts_op *);
void c_store(c_emit *, const ts_op *);
void c_atomic_add(c_emit *, const ts_op *);
void c_copy(c_emit *, const ts_op *);
void c_prefetch(c_emit *, const ts_op *);
c_buffer *c_buffer_of(c_emit *, const ts_value *);
/* The address of a buffer's first element, as elements in memory. */
const char *c_base_address(c_emit *, const c_buffer *);

/* ---- c_arith.c ---- */

/* A value as an expression; literals of its type included. */
c_text c_use(c_emit *, const ts_value *);
/* A vector of bf16, packed or as floats. */
c_text c_use_bf16(c_emit *, const ts_value *, bool packed);
/* A text that is such a vector, `from` being what it is. */
c_text c_repack(c_emit *, c_rep from, c_text, bool packed);
/* A mask with lanes as wide as those of `rep`. */
c_text c_use_mask(c_emit *, const ts_value *, c_rep);
/* The op's result is `text`: put into its only use, or into a variable. */
void c_define(c_emit *, const ts_op *, c_text);
/* The same for a load of a buffer of the function's own. */
void c_define_load(c_emit *, const ts_op *, c_text);
void c_arith(c_emit *, const ts_op *);

/* ---- c_control.c ---- */

void c_block(c_emit *, const ts_block *);
void c_print_op(c_emit *, const ts_op *);
void c_fail_if(c_emit *, const ts_op *, const char *condition, ts_failure_kind, const char *index,
               const char *extent);
/* The same of a subscript, with the values of the variables in it. */
void c_fail_bounds_if(c_emit *, const ts_op *, const char *condition, unsigned dimension,
                      const char *index, const char *extent);
/* `if (condition) <the record is filled already> return or go`. */
void c_leave_if(c_emit *, const char *condition);
/* The record that a failing statement fills, as a pointer. */
const char *c_record(c_emit *);
void c_call(c_emit *, const ts_op *);

/* ---- c_global.c ---- */

/* Gives the globals their C names; puts these into scope. */
void c_name_globals(c_emit *);
void c_reserve_globals(c_emit *);
/* The name of a global that is used from now on. */
const char *c_global_name(c_emit *, const ts_global *);
/* Adds to arguments, or parameters, those that hand the hidden globals on. */
void c_add_hidden(c_emit *, c_out *list, bool params);
/* The data of globals, as initialisers or as declarations of what the user brings. */
void c_print_globals(c_emit *);

/* ---- c_nest.c ---- */

/* Names the functions that the function's nests become, if it is to be cut. */
void c_name_nests(c_emit *, c_func *);
/* The function of the nest `op`, if none before is the same, and in its place a call. */
void c_print_nest(c_emit *, const ts_op *);
const char *c_nest_prototype(c_emit *, const c_nest *);
c_out c_nest_text(c_emit *, const c_nest *);
/* While a nest is printed: the name is one of a parameter, or of something that it declares. */
void c_nest_name(c_emit *, const char *name);
/* While a nest is printed: what a buffer, a value or an extent of the function, or a global that is handed
 * over, is called there. */
c_buffer *c_nest_buffer(c_emit *, const ts_value *, c_buffer *outer);
c_text c_nest_value(c_emit *, const ts_value *, c_text outer);
void c_nest_extent(c_emit *, unsigned extent);
void c_nest_global(c_emit *, const ts_global *, const char *name);
/* Two arguments: the op's first byte in the program's text, and the one past its last. */
const char *c_nest_position(c_emit *, const ts_op *);

/* ---- c_module.c ---- */

/* Breaks a list, with `head` before it and ) behind, at its commas where it is too long for a line. */
const char *c_wrap(c_emit *, const char *head, const char *list);

/* `#line`, where the options ask for it. */
void c_line_directive(c_emit *, const ts_op *);

#endif
