/* The IR: one set of structures for both levels.
 *
 * A module holds functions and globals. A function's body is a block; an op holds blocks (regions) of
 * its own, so control flow is structured and one block is a region. Values are results, block
 * arguments and literals (uniqued constants written in place of an operand). Every operand is on its
 * value's use list.
 *
 * Memory: everything lives in the module's arena. An op, its results and its first operand array are
 * one allocation; S3 in docs/benchmarks.md holds the budget per op. */
#ifndef TS_IR_IR_H
#define TS_IR_IR_H

#include "support/diag.h"

/* ---- types ---- */

/* ts_dtype stands in tilesmith.h, in the order of types.def. Here is how many there are: of its type, and one that
 * it never has. */
enum {
#define DTYPE(e, ...) TS_DTYPE_ROW_##e,
#include "ir/types.def"
#undef DTYPE
  TS_DTYPE_ROWS
};
#define TS_NUM_DTYPES ((ts_dtype)TS_DTYPE_ROWS)
#define DTYPE(e, ...)                                                                              \
  _Static_assert((int)TS_##e == (int)TS_DTYPE_ROW_##e, "ts_dtype is out of order");
#include "ir/types.def"
#undef DTYPE

typedef enum { TS_CLASS_FLOAT, TS_CLASS_INT, TS_CLASS_BOOL, TS_CLASS_INDEX } ts_class;

const char *ts_dtype_name(ts_dtype);
unsigned ts_dtype_bytes(ts_dtype); /* in an array; i1 takes one byte */
ts_class ts_dtype_class(ts_dtype);
static inline bool ts_is_float(ts_dtype d) { return ts_dtype_class(d) == TS_CLASS_FLOAT; }
/* Integers that arithmetic works on: i64 i32 i8 index. */
static inline bool ts_is_int(ts_dtype d) {
  return ts_dtype_class(d) == TS_CLASS_INT || ts_dtype_class(d) == TS_CLASS_INDEX;
}

typedef enum {
  TS_TYPE_ERROR, /* of a value whose op was in error: suppresses further messages */
  TS_TYPE_SCALAR,
  TS_TYPE_VECTOR,
  TS_TYPE_TENSOR,
  TS_TYPE_MEMREF,
  TS_TYPE_FRAGMENT
} ts_type_kind;

typedef enum { TS_SPACE_GLOBAL, TS_SPACE_SHARED, TS_SPACE_LOCAL } ts_space;
typedef enum { TS_LAYOUT_ROWMAJOR, TS_LAYOUT_PAD, TS_LAYOUT_SWIZZLE, TS_LAYOUT_STRIDES } ts_layout;
typedef enum { TS_FRAG_A, TS_FRAG_B, TS_FRAG_C } ts_frag_role;

/* An extent: > 0 the number itself; < 0 the symbolic extent whose name is interned as -e. */
typedef int64_t ts_extent;
static inline bool ts_is_symbolic(ts_extent e) { return e < 0; }
static inline ts_str ts_extent_name(ts_extent e) { return (ts_str)-e; }
static inline ts_extent ts_extent_of_name(ts_str s) { return -(ts_extent)s; }

/* Uniqued in its module: equal types are the same pointer. */
typedef struct ts_type {
  uint8_t kind;   /* ts_type_kind */
  uint8_t dtype;  /* ts_dtype of the (innermost) element */
  uint8_t space;  /* memref */
  uint8_t layout; /* memref */
  uint8_t role;   /* fragment */
  uint8_t rank;   /* at most TS_MAX_RANK; fragment: 3 (m, n, k); vector: 1 */
  uint8_t num_layout_args;
  uint32_t text_len;
  const char *text;           /* as written in the language */
  const struct ts_type *elem; /* memref of vectors: the vector type; else NULL */
  ts_extent *dims;
  int64_t *layout_args; /* pad: [elements]; swizzle: [bytes]; strides: rank of them */
} ts_type;

enum {
  TS_MAX_NESTING = 256,
  TS_MAX_OPERANDS = 65535,
  TS_MAX_AFF_DEPTH = 200,
  TS_MAX_DIMS = 64,
  TS_MAX_TOKEN = 4096
};

static inline bool ts_is_kind(const ts_type *t, ts_type_kind k) { return t->kind == k; }
const ts_type *ts_type_error(ts_module *);
const ts_type *ts_type_scalar(ts_module *, ts_dtype);
const ts_type *ts_type_vector(ts_module *, int64_t lanes, ts_dtype);
const ts_type *ts_type_tensor(ts_module *, unsigned rank, const ts_extent *dims, ts_dtype);
const ts_type *ts_type_fragment(ts_module *, const int64_t mnk[3], ts_frag_role, ts_dtype);
/* `elem` is NULL for scalars of type `dtype`. A row-major global memref has no layout args. */
const ts_type *ts_type_memref(ts_module *, unsigned rank, const ts_extent *dims, ts_dtype,
                              const ts_type *elem, ts_space, ts_layout, unsigned num_layout_args,
                              const int64_t *layout_args);
const ts_type *ts_type_buffer(ts_module *, unsigned rank, const ts_extent *dims, ts_dtype,
                              ts_space); /* a row-major memref of scalars */
/* What a load of one element gives: the scalar or the vector. */
const ts_type *ts_type_element(ts_module *, const ts_type *);
/* The same shape of another scalar type. */
const ts_type *ts_type_with_dtype(ts_module *, const ts_type *, ts_dtype);
/* Elements; 0 when an extent is symbolic; -1 when the product is past int64. */
int64_t ts_type_num_elements(const ts_type *);

/* ---- affine expressions ---- */

typedef enum {
  TS_AFF_CONST,    /* value */
  TS_AFF_DIM,      /* value: which of the op's map operands */
  TS_AFF_SYM,      /* value: ts_str of a symbolic extent */
  TS_AFF_ADD,      /* lhs + rhs; a subtraction is lhs + rhs * -1 */
  TS_AFF_MUL,      /* lhs * constant */
  TS_AFF_FLOORDIV, /* lhs floordiv positive constant */
  TS_AFF_CEILDIV,
  TS_AFF_MOD /* lhs mod positive constant; result in [0, rhs) */
} ts_aff_kind;

/* Uniqued in its module: equal expressions are the same pointer. The makers fold constants and
 * x + 0, x * 1, x * 0, and put constants on the right; nothing else, so text stays as written. */
typedef struct ts_aff {
  uint16_t kind;  /* ts_aff_kind */
  uint16_t depth; /* at most TS_MAX_AFF_DEPTH, so recursion over it is safe */
  const struct ts_aff *lhs, *rhs;
  int64_t value;
} ts_aff;
const ts_aff *ts_aff_const(ts_module *, int64_t);
const ts_aff *ts_aff_dim(ts_module *, unsigned);
const ts_aff *ts_aff_sym(ts_module *, ts_str);
/* Any kind with two sides. NULL when it is not affine (product of two non-constants, a division by a
 * non-positive or non-constant), a constant overflows, or it gets too deep. */
const ts_aff *ts_aff_binary(ts_module *, ts_aff_kind, const ts_aff *lhs, const ts_aff *rhs);
/* Replaces dim i by with[i] and symbol s by sym(ctx, s) (either may be NULL). */
const ts_aff *ts_aff_substitute(ts_module *, const ts_aff *, const ts_aff *const *with,
                                const ts_aff *(*sym)(void *, ts_str), void *ctx);
/* Value with dims[i] and sym(ctx, s) put in; false on overflow. */
bool ts_aff_eval(const ts_aff *, const int64_t *dims, int64_t (*sym)(void *, ts_str), void *ctx,
                 int64_t *out);
bool ts_aff_is_const(const ts_aff *, int64_t *value);

/* A list of expressions, uniqued in its module. */
typedef struct ts_map {
  uint32_t n;
  const ts_aff *exprs[];
} ts_map;
const ts_map *ts_map_get(ts_module *, unsigned n, const ts_aff *const *exprs);

/* ---- ops ---- */

typedef enum ts_opcode {
#define OP(e, ...) TS_OP_##e,
#include "ir/ops.def"
#undef OP
  TS_NUM_OPCODES
} ts_opcode;

typedef enum ts_attr_key {
#define ATTR(e, ...) TS_ATTR_##e,
#include "ir/attrs.def"
#undef ATTR
  TS_NUM_ATTRS
} ts_attr_key;

// clang-format off
typedef enum {
  TS_AK_DTYPE, TS_AK_INT, TS_AK_INTS, TS_AK_FLOAT, TS_AK_FLOATS, TS_AK_ENUM, TS_AK_ENUMS, TS_AK_OPCODE,
  TS_AK_UNIT, TS_AK_TYPE, TS_AK_DATA, TS_AK_SYMBOL
} ts_attr_kind;
// clang-format on

enum { TS_LEVEL_T = 1, TS_LEVEL_L = 2, TS_LEVEL_TL = 3 };
enum { TS_FLAG_NONE = 0, TS_FLAG_PURE = 1, TS_FLAG_COMM = 2, TS_FLAG_MATH = 4 };

/* What kind of op it is: what analyses and passes ask that treat all ops of a kind alike. */
typedef enum ts_op_class {
  TS_OC_CONSTANT,
  TS_OC_ARITH,   /* element by element, operands and result of one scalar type */
  TS_OC_CONVERT, /* element by element, to another scalar type */
  TS_OC_COMPARE, /* element by element, to i1 */
  TS_OC_SELECT,  /* element by element, by an i1 */
  TS_OC_VIEW,    /* the same elements in another order or shape */
  TS_OC_PRODUCT, /* sums of products */
  TS_OC_REDUCE,
  TS_OC_NORMALIZE, /* elementwise over a tensor, by figures reduced from it */
  TS_OC_QUANTIZE,  /* elementwise, by the scale of the element's slice */
  TS_OC_FUSED,     /* computes its region */
  TS_OC_LANES,     /* moves elements between scalars and lanes of vectors */
  TS_OC_INDEX,     /* a subscript as a value */
  TS_OC_BUFFER,    /* gives a buffer */
  TS_OC_MEMORY,    /* reads or writes buffers: .reads and .writes say which */
  TS_OC_SYNC,      /* threads wait, for each other or for copies */
  TS_OC_CONTROL,   /* runs its regions */
  TS_OC_CALL,
  TS_OC_END /* ends a block */
} ts_op_class;

typedef struct ts_attr_list {
  uint8_t n, keys[5]; /* ts_attr_key */
} ts_attr_list;

/* A type rule (infer_impl.h). */
struct ts_inf;
typedef const ts_type *ts_rule_fn(struct ts_inf *);
struct ts_maps; /* a family of indexing maps (indexing.h) */

/* A row of the op tables; tir.def says what the fields mean. */
typedef struct ts_op_info {
  const char *name, *summary;
  ts_rule_fn *rule;
  int8_t min_operands, max_operands; /* plain operands; max -1: any */
  int8_t num_results;                /* -1: as the callee */
  uint8_t num_regions;
  uint8_t levels, class, flags;
  uint8_t reads, writes, subscripted; /* sets of plain operands */
  bool masked, has_map;
  uint16_t combine; /* ts_opcode; of a REDUCE or PRODUCT */
  const struct ts_maps *maps;
  ts_attr_list attrs;
} ts_op_info;
extern const ts_op_info ts_op_infos[TS_NUM_OPCODES];

bool ts_takes_attr(ts_opcode, ts_attr_key);
/* Does an op of tensors work element by element? */
static inline bool ts_is_elementwise(ts_opcode opcode) {
  const ts_op_info *info = &ts_op_infos[opcode];
  return info->levels & TS_LEVEL_T && (info->class == TS_OC_ARITH || info->class == TS_OC_CONVERT);
}

/* What a fused_mlp may apply last. */
static inline bool ts_is_activation(ts_opcode opcode) {
  return opcode == TS_OP_RELU || ts_op_infos[opcode].flags & TS_FLAG_MATH;
}

typedef struct ts_attr_info {
  const char *name;
  ts_attr_kind kind;
  enum { TS_IN_BRACES, TS_IN_TEXT } where;
  const char *summary;
  const char *words[7]; /* ENUM, ENUMS: up to the first NULL */
} ts_attr_info;
extern const ts_attr_info ts_attr_infos[TS_NUM_ATTRS];

/* The words of ENUM attributes, in the order of attrs.def. */
typedef enum ts_pred { TS_EQ, TS_NE, TS_LT, TS_LE, TS_GT, TS_GE } ts_pred;
typedef enum ts_approx { TS_APPROX_NONE, TS_APPROX_TANH } ts_approx;
typedef enum ts_clause { TS_CLAUSE_BLOCKS, TS_CLAUSE_THREADS } ts_clause;
const char *ts_pred_word(ts_pred);   /* "lt" */
const char *ts_pred_symbol(ts_pred); /* "<" */

typedef struct ts_block ts_block;
typedef struct ts_global ts_global;

/* The contents of a const or global: exactly one form. */
typedef struct ts_data {
  enum { TS_DATA_SPLAT, TS_DATA_DENSE, TS_DATA_FILE } form;
  /* SPLAT: one element; DENSE: all, row-major, in the array format of the type */
  const void *bytes;
  size_t num_bytes;
  const char *path; /* FILE: as written after @, relative to the working directory */
} ts_data;

typedef struct ts_attr {
  ts_attr_key key;
  /* INTS, FLOATS, ENUMS: how many; a single one written without brackets has bare = 1 */
  uint32_t n;
  bool bare;
  union {
    ts_dtype dtype;
    /* INT; ENUM: which of the attribute's words; OPCODE: an opcode, TS_NUM_OPCODES for none. A word that
     * the attribute has not, which its op's type rule refuses, is minus the ts_str. */
    int64_t i;
    double f;
    const int64_t *ints; /* INTS, ENUMS */
    const double *floats;
    ts_str word; /* SYMBOL */
    const ts_type *type;
    const ts_data *data;
  };
} ts_attr;

typedef struct ts_use {
  ts_value *value;
  struct ts_use *next, **prev; /* of the same value's uses */
  ts_op *owner;
} ts_use;

typedef enum { TS_VALUE_RESULT, TS_VALUE_ARG, TS_VALUE_LITERAL } ts_value_kind;

struct ts_value {
  const ts_type *type;
  ts_use *uses;
  union {
    ts_op *def;      /* RESULT */
    ts_block *block; /* ARG */
    uint64_t bits;   /* LITERAL: an f64 image for float types, an int64 for the others */
  };
  ts_str name;    /* 0: numbered when printed */
  uint16_t index; /* which result or argument */
  uint8_t kind;   /* ts_value_kind */
  uint8_t form;   /* LITERAL without a type yet: ts_number_form */
};

/* Operands: first `num_plain` in the order of the text (memrefs, values, literals, last the mask),
 * then the map's dims in the order they first appear, each once. `map` holds, one after another, the
 * subscripts of the subscripted plain operands (bit i of `subscripted`), or a for's bounds, an if's
 * two sides, a launch's extents, an apply's expression. */
struct ts_op {
  ts_op *prev, *next;
  ts_block *block; /* NULL while detached */
  ts_use *operands;
  const ts_attr *attrs; /* num_attrs of them, in the order of attrs.def */
  const ts_map *map;
  ts_loc loc;
  uint32_t tag; /* scratch of the running pass; means nothing between passes */
  uint16_t opcode, num_results, num_operands, num_plain;
  uint8_t num_attrs, num_regions, subscripted;
  bool has_mask : 1;    /* the last plain operand is a mask */
  bool has_comment : 1; /* ts_comments_of knows of some */
  /* then num_results values, then num_regions block pointers */
};

struct ts_block {
  ts_op *parent; /* NULL: a function's body */
  ts_func *func;
  ts_op *first, *last;
  ts_value **args;
  uint32_t num_args;
  ts_loc end; /* of the closing brace */
};

struct ts_func {
  ts_func *prev, *next;
  ts_module *module;
  ts_str name;
  ts_loc loc;     /* of the name */
  ts_block *body; /* its arguments are the parameters */
  uint8_t *roles; /* ts_role of each parameter */
  const ts_type **results;
  uint32_t num_results;
  bool changed;               /* noted in the module's changes */
  struct ts_outline *outline; /* of its body; NULL: none is kept (outline.h) */
};

struct ts_global {
  ts_global *prev, *next;
  ts_str name;
  ts_loc loc;
  const ts_type *type; /* memref */
  const ts_data *data;
};

struct ts_module {
  ts_context *ctx;
  ts_arena arena;
  ts_interner strings;
  ts_source source;
  const char *comment; /* the leading file comment with its slashes, or NULL */
  size_t comment_len;
  ts_func *first_func, *last_func;
  ts_global *first_global, *last_global;
  ts_ptrmap funcs, globals; /* by name, the ts_str as a pointer */
  ts_ptrmap comments; /* ts_comments by owner: op, block, function, global, or the module itself */
  const char *check_prefixes; /* ts_check_prefixes of the source */
  bool test_lines;            /* lines for test tools (ts_is_test_line) are printed too */
  /* Nobody has touched what the parser built: every op was typed by ts_infer, links are right and tags 0.
   * The first ts_verify need not find that out again, and clears it; so does whatever changes a module
   * before. */
  bool as_parsed;
  /* Grows with every op that is made, moved, changed or taken away: where it has not grown, a pass that
   * refused has left the module alone. */
  uint64_t edits;
  unsigned num_users;         /* executables of the public API that run it */
  struct ts_uniquer *uniquer; /* types, expressions, maps, literals */
  struct ts_changes *changes; /* what passes changed; NULL: nobody asks (outline.h) */
};

static inline const ts_op_info *ts_info(const ts_op *op) { return &ts_op_infos[op->opcode]; }
static inline ts_value *ts_op_results(const ts_op *op) { return (ts_value *)(op + 1); }
static inline ts_value *ts_op_result(const ts_op *op, unsigned i) { return ts_op_results(op) + i; }
static inline ts_block **ts_op_regions(const ts_op *op) {
  return (ts_block **)(ts_op_results(op) + op->num_results);
}
static inline ts_value *ts_operand(const ts_op *op, unsigned i) { return op->operands[i].value; }
static inline unsigned ts_num_dims(const ts_op *op) { return op->num_operands - op->num_plain; }
static inline ts_value *ts_dim(const ts_op *op, unsigned i) {
  return ts_operand(op, op->num_plain + i);
}
static inline bool ts_is_literal(const ts_value *v) { return v->kind == TS_VALUE_LITERAL; }
static inline bool ts_has_uses(const ts_value *v) { return v->uses != NULL; }
static inline bool ts_has_one_use(const ts_value *v) { return v->uses && !v->uses->next; }
static inline bool ts_has_flag(const ts_op *op, unsigned flag) {
  return (ts_info(op)->flags & flag) != 0;
}
static inline bool ts_is_class(const ts_op *op, ts_op_class class) {
  return ts_info(op)->class == class;
}

/* ---- modules ---- */

ts_module *ts_module_create(ts_context *);
void ts_module_drop(ts_module *); /* with all that is in it; NULL is allowed */
/* A deep copy in the same context, sharing the source text (which must outlive both). */
ts_module *ts_module_clone(const ts_module *);
const char *ts_str_text(const ts_module *, ts_str); /* NUL-terminated copy in the arena */
ts_func *ts_func_find(const ts_module *, ts_str name);
ts_global *ts_global_find(const ts_module *, ts_str name);
ts_func *ts_func_create(ts_module *, ts_str name, ts_loc, unsigned num_params,
                        const ts_type *const *params, const ts_str *names, const uint8_t *roles,
                        unsigned num_results, const ts_type *const *results);
void ts_func_remove(ts_func *);
/* A copy of the function's body, parameters included, that stands in no function: what is done to the
 * body later can be taken back by putting the copy in its place. */
ts_block *ts_func_copy_body(ts_func *);
ts_global *ts_global_create(ts_module *, ts_str name, ts_loc, const ts_type *, const ts_data *);
/* TS_LEVEL_T, TS_LEVEL_L, or both bits for a function that has ops of both kinds (an error), judged by
 * its parameters and ops. */
unsigned ts_func_level(const ts_func *);

/* ---- building and changing ---- */

/* Where new ops go: before `before`, or at the end of `block` when that is NULL. */
typedef struct ts_builder {
  ts_module *module;
  ts_block *block;
  ts_op *before;
  ts_loc loc; /* given to new ops */
} ts_builder;
ts_builder ts_builder_at_end(ts_module *, ts_block *, ts_loc);
ts_builder ts_builder_before(ts_module *, ts_op *);
ts_builder ts_builder_after(ts_module *, ts_op *);

/* The general maker: a detached op. `types` has one entry a result. Regions get empty blocks. */
ts_op *ts_op_create(ts_module *, ts_opcode, ts_loc, unsigned num_plain, ts_value *const *plain,
                    unsigned num_dims, ts_value *const *dims, unsigned num_results,
                    const ts_type *const *types, unsigned num_regions);
void ts_op_insert(ts_builder *, ts_op *);
/* Creates and inserts an op with one result of type `type`. */
ts_value *ts_build(ts_builder *, ts_opcode, const ts_type *type, unsigned n,
                   ts_value *const *operands);
ts_value *ts_build1(ts_builder *, ts_opcode, const ts_type *, ts_value *);
ts_value *ts_build2(ts_builder *, ts_opcode, const ts_type *, ts_value *, ts_value *);
ts_value *ts_build3(ts_builder *, ts_opcode, const ts_type *, ts_value *, ts_value *, ts_value *);

/* for %NAME = lo to hi step step. Expressions are over `dims`. The returned op's region has the
 * induction variable as its argument. */
ts_op *ts_build_for(ts_builder *, ts_str name, unsigned num_lo, const ts_aff *const *lo,
                    unsigned num_hi, const ts_aff *const *hi, int64_t step, unsigned num_dims,
                    ts_value *const *dims);
ts_value *ts_build_load(ts_builder *, const ts_type *type, ts_value *memref, unsigned n,
                        const ts_aff *const *subscripts, unsigned num_dims, ts_value *const *dims,
                        ts_value *mask);
ts_op *ts_build_store(ts_builder *, ts_value *value, ts_value *memref, unsigned n,
                      const ts_aff *const *subscripts, unsigned num_dims, ts_value *const *dims,
                      ts_value *mask);
ts_value *ts_build_alloc(ts_builder *, const ts_type *memref);
ts_value *ts_build_apply(ts_builder *, const ts_aff *, unsigned num_dims, ts_value *const *dims);
ts_op *ts_build_terminator(ts_builder *, ts_opcode, unsigned n, ts_value *const *operands);

ts_value *ts_literal_float(ts_module *, const ts_type *, double);
ts_value *ts_literal_int(ts_module *, const ts_type *, int64_t);
double ts_literal_as_double(const ts_value *);
/* A literal as the text has it, before the type rule of its op gives it a type (type is NULL until
 * then). ts_infer replaces every one of them among an op's operands. */
typedef enum { TS_NUMBER_INT, TS_NUMBER_FLOAT, TS_NUMBER_HEX } ts_number_form;
ts_value *ts_literal_pending(ts_module *, ts_number_form,
                             uint64_t bits); /* int64, f64 image, bits */
/* The typed literal (scalar or splat of a vector); NULL when the number does not fit: a fraction for
 * an integer type, out of its range, too many bits. Hex is the bit image of the type. */
ts_value *ts_literal_resolve(ts_module *, const ts_value *pending, const ts_type *);
/* Numbers of a scalar type by image: f64 bits for floats, int64 for the rest. False when the number of
 * the text does not fit the type. */
bool ts_number_image(ts_dtype, ts_number_form, uint64_t bits, uint64_t *image);
void ts_number_store(ts_dtype, uint64_t image, void *out); /* in the array format of the type */
uint64_t ts_number_load(ts_dtype, const void *in);
double ts_round_to(ts_dtype, double); /* to a float type, to nearest even, and back */
void ts_number_print(ts_sink *, ts_dtype, uint64_t image);
ts_value *ts_block_add_arg(ts_module *, ts_block *, const ts_type *, ts_str name);

/* Notes that something of the op changes, of the function besides its ops, or which functions and globals there
 * are (ir/outline.h): for who writes to a field; what stands below does it by itself. */
void ts_changed_op(ts_op *);
void ts_changed_func(ts_func *);
void ts_changed_module(ts_module *);
void ts_set_operand(ts_op *, unsigned i, ts_value *);
void ts_set_name(ts_value *, ts_str);
void ts_set_type(ts_value *, const ts_type *);
/* Puts another map, over other dims, in the place of the op's. Plain operands stay. */
void ts_op_set_map(ts_module *, ts_op *, const ts_map *, unsigned num_dims, ts_value *const *dims);
void ts_replace_all_uses(ts_value *from, ts_value *to);
void ts_op_unlink(ts_op *); /* takes it out of its block; operands stay on their use lists */
void ts_op_move_before(ts_op *, ts_op *before);
/* Unlinks, drops its operands' uses and those of its regions. Its results must have no uses. */
void ts_op_erase(ts_op *);
/* Deep copy, detached; operands and types mapped through `map` (value → value; NULL: the same). Results
 * and block arguments of the copy are added to `map`. */
ts_op *ts_op_clone(ts_module *, const ts_op *, ts_ptrmap *map);

const ts_attr *ts_attr_find(const ts_op *, ts_attr_key); /* NULL when absent */
void ts_attr_set(ts_module *, ts_op *, ts_attr);         /* replaces one of the same key */
void ts_attr_remove(ts_module *, ts_op *, ts_attr_key);
void ts_attr_set_int(ts_module *, ts_op *, ts_attr_key, int64_t);
void ts_attr_set_unit(ts_module *, ts_op *, ts_attr_key);
void ts_attr_set_dtype(ts_module *, ts_op *, ts_attr_key, ts_dtype);
void ts_attr_set_ints(ts_module *, ts_op *, ts_attr_key, unsigned n, const int64_t *);
void ts_attr_set_data(ts_module *, ts_op *, ts_attr_key, const ts_data *);
int64_t ts_attr_int(const ts_op *, ts_attr_key, int64_t otherwise);
double ts_attr_float(const ts_op *, ts_attr_key, double otherwise);
/* A word of an ENUM, ENUMS or OPCODE attribute as the number that stands for it in ts_attr, and back. */
int64_t ts_attr_number(const ts_module *, ts_attr_key, ts_str word);
const char *ts_attr_word(const ts_module *, ts_attr_key, int64_t number);
/* The accumulator type of a matmul, reduction, softmax, layernorm, fused_mlp or fused: acc, or by
 * default f64 for floats, i32 for i8, and i64 for other integers. */
ts_dtype ts_acc_dtype(const ts_op *);
/* How many products of two lanes of type `factor` a `dot` adds to each lane of type `sum`; 0: it has
 * no such form. */
unsigned ts_dot_group(ts_dtype factor, ts_dtype sum);
/* The axes of a reduction, softmax, layernorm, quantize or dequantize as 0-based, ascending, in `axes`
 * (TS_MAX_RANK entries); returns how many. */
unsigned ts_op_axes(const ts_op *, unsigned axes[TS_MAX_RANK]);

/* The relation of a cmpf or cmpi. */
ts_pred ts_op_pred(const ts_op *);
/* Is a gelu, or the activation of a fused_mlp, of the tanh form? */
bool ts_is_tanh_form(const ts_op *);
/* The op that a fused_mlp applies last; TS_NUM_OPCODES: none. */
ts_opcode ts_op_activation(const ts_op *);

/* A for's parts. */
typedef struct ts_for {
  unsigned num_lo, num_hi;
  /* the loop starts at their largest, ends before their least */
  const ts_aff *const *lo, *const *hi;
  int64_t step;
  ts_value *iv;
  ts_block *body;
} ts_for;
ts_for ts_for_parts(const ts_op *);
/* A memory access's parts: the i-th subscripted operand of `op`. False when there are fewer. A prefetch
 * is no access. */
typedef struct ts_access {
  ts_value *memref;
  unsigned n; /* subscripts */
  const ts_aff *const *subscripts;
  bool reads, writes;
  /* of what is read or written: scalar, vector or fragment; of an async_copy, the element */
  const ts_type *type;
} ts_access;
bool ts_access_parts(const ts_op *, unsigned i, ts_access *);
/* Is the value one of the op's dims: do its subscripts, or a loop's bounds, speak of it? */
bool ts_has_dim(const ts_op *, const ts_value *);
/* Have both ops the same subscripts, expressions of the same values? */
bool ts_same_subscripts(const ts_op *, const ts_op *);

/* A launch's parts: block argument i of its region runs from 0 to extents[i]; clauses[i] says
 * whether it stands under blocks(…) or threads(…) (ts_clause). */
typedef struct ts_launch {
  unsigned n;
  const ts_aff *const *extents;
  const int64_t *clauses;
  ts_block *body;
} ts_launch;
ts_launch ts_launch_parts(const ts_op *);
/* An affine if's conditions: lhs[i] preds[i] rhs[i], all must hold. n = 0: it tests an i1 operand. */
typedef struct ts_if {
  unsigned n;
  const ts_aff *const *sides; /* lhs0 rhs0 lhs1 rhs1 … */
  const int64_t *preds;
  ts_value *flag;
  ts_block *then_block, *else_block; /* else_block may be empty */
} ts_if;
ts_if ts_if_parts(const ts_op *);

/* Calls `fn` for every op of the block and its regions, outer ops first (`ts_walk_post`: inner first).
 * `fn` may erase or replace the op it is given. */
void ts_walk(ts_block *, void (*fn)(void *, ts_op *), void *);
void ts_walk_post(ts_block *, void (*fn)(void *, ts_op *), void *);
bool ts_is_ancestor(const ts_block *, const ts_op *); /* the op is inside the block, at any depth */

/* ---- comments ---- */

/* The comments of one owner. A comment belongs to what follows it; one behind something on its line, to
 * that. `lead`: lines in front of an op, function or global; of a block, those before its closing brace; of
 * a module, those behind everything. An empty line stands for a blank one, kept in front of comments and of
 * things alike. `trail`: behind an op, function or global on its (last) line; of a block, behind the opening
 * brace. Every line ends in a newline; NULL: none. */
typedef struct ts_comments {
  const char *lead, *trail;
  struct ts_op *heir; /* of an op: its first copy, which has the comments once the op is erased */
} ts_comments;
ts_comments *ts_comments_of(const ts_module *, const void *owner); /* NULL: none */
ts_comments *ts_comments_add(ts_module *, const void *owner);      /* of an op: ts_op_comments */
ts_comments *ts_op_comments(ts_module *, ts_op *);
/* For an op that another takes the place of: what belongs to the one and its blocks belongs to the other. */
void ts_comments_move(ts_module *, ts_op *from, ts_op *to);
/* For ts_op_erase and ts_op_clone: to the first copy, or else to the first of the ops beside it that were
 * built at its place in the text; and who the first copy is. */
void ts_comments_hand_on(ts_op *);
void ts_comments_copied(const ts_module *, const ts_op *, ts_op *copy);
/* Is the comment for lit, FileCheck or -verify-diagnostics? Printed, it would be found by the check that it
 * holds. */
bool ts_is_test_line(const ts_module *, const char *line, size_t n);
/* The prefixes that the text's commands name with --check-prefix, "A,B"; NULL: none. */
const char *ts_check_prefixes(ts_arena *, const char *text, size_t n);

/* ---- reading, writing, checking ---- */

/* Parses text. On errors, messages stand in the context and *out is NULL. `source` is kept by
 * reference and must outlive the module; its text must end in two NUL bytes and lie in writable
 * memory (the scanner terminates each token in place while it reads, and restores it). Every op is typed by inference as it is read; the result
 * is verified only by ts_verify. */
ts_result ts_parse_source(ts_context *, const ts_source *source, ts_module **out);
/* Adds the functions and globals of a text to a module that was itself parsed. On errors no function is
 * added. What `source` is, ts_parse_source says. */
ts_result ts_parse_funcs(ts_module *, const ts_source *source);
/* Adds statements at the end of a function's body. They see the values named in `visible` and no others.
 * On errors nothing is added. The new ops have no place in the module's source. */
typedef struct ts_parse_name {
  ts_str name;
  ts_value *value;
} ts_parse_name;
ts_result ts_parse_ops(ts_func *, const ts_source *source, unsigned n,
                       const ts_parse_name *visible);
void ts_print_module(ts_sink *, const ts_module *);
void ts_print_func(ts_sink *, const ts_func *);
/* Gives every value the name that it is printed under: numbers to those without one, _1, _2 … to those
 * whose name is visible where they are defined. The module prints as before. */
void ts_name_values(ts_module *);
/* The same of one function, in time that depends on it alone. `marks` is all zeros, before and after:
 * what one call leaves another can use, as long as the arena lives. */
typedef struct ts_name_marks {
  ts_arena *arena;
  uint8_t *at; /* by ts_str */
  size_t n;
} ts_name_marks;
void ts_name_func_values(ts_func *, ts_name_marks *marks);
/* One op with its regions, named as in its function's text. Costs a walk over the function. */
void ts_print_op(ts_sink *, const ts_func *, const ts_op *);
/* A value as it is written in its function's text: %name or a literal; an expression with the op's dims in
 * place of d0, d1, …. As costly. */
void ts_print_value(ts_sink *, const ts_func *, const ts_value *);
void ts_print_aff(ts_sink *, const ts_op *, const ts_aff *);
const char *ts_value_text(ts_arena *, const ts_func *, const ts_value *);
ts_result ts_verify(ts_module *);
/* The same of one function of a module that verified before only this one changed. */
ts_result ts_verify_func(ts_func *);

/* Result types of an op whose operands, attributes, map and regions are set: writes `types` (the
 * op table's number of them, or the callee's). `given` are the types in the text (NULL entries where
 * left out). On a type error reports at the op and returns TS_ERR. Also replaces pending literal
 * operands by typed ones. With an operand of type TS_TYPE_ERROR it is silent and gives error types.
 * The parser calls it for each op as it is read, ts_verify again for each op, passes through
 * ts_build_infer. */
ts_result ts_infer(ts_module *, ts_op *, unsigned num_given, const ts_type *const *given,
                   const ts_type **types);

/* ts_infer for a freshly created op with one result whose type is not known: sets the result's type.
 * For passes: inference must succeed, or it is a bug of the pass. */
ts_value *ts_build_infer(ts_builder *, ts_opcode, unsigned n, ts_value *const *operands,
                         unsigned num_attrs, const ts_attr *attrs);
/* NumPy's broadcast of two shapes; false when they clash (or when it cannot be told: M against N). */
bool ts_broadcast_dims(unsigned rank_a, const ts_extent *a, unsigned rank_b, const ts_extent *b,
                       unsigned *rank, ts_extent dims[TS_MAX_RANK]);

/* ---- the tables as markdown ---- */

void ts_print_ops(ts_sink *, unsigned levels); /* the ops of exactly these levels */
void ts_print_attrs(ts_sink *);

/* ---- signatures ---- */

/* What a caller sees of a function, the same before and after `lower`: parameters in order, then, for
 * a tensor function, its results, named Y (one) or Y0, Y1, … (several), with _1, _2 … added where a
 * parameter has that name. */
typedef struct ts_sig_entry {
  ts_str name;
  const ts_type *type; /* tensor or memref */
  ts_role role;
} ts_sig_entry;
typedef struct ts_signature {
  unsigned n;
  ts_sig_entry *entries;
} ts_signature;
ts_signature ts_func_signature(const ts_func *);

#endif
