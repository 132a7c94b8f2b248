/* Ops with their operands and results, blocks, functions, modules, and the table of ops.
 *
 *     %v = load %A[%i * 4, %k] mask %m : vector<8xf32>
 *
 *     ts_op   opcode LOAD, num_plain 2, has_mask, subscripted 0b01 (the first plain operand)
 *       operands --> [0] value %A   plain operands, in the order of the text;
 *                    [1] value %m     the mask is the last
 *                    [2] value %i   dims, each once: d0 of the map
 *                    [3] value %k                    d1
 *       map      --> (d0 * 4, d1)   here two subscripts; of a for its bounds, of an if its sides
 *       attrs    --> none           {lane = 3}, the step of a for, the predicate of a comparison ...
 *       results  --> ts_value %v    regions --> none; of a for its body, a ts_block
 *
 *     ts_value %v   kind RESULT, def the load        ts_value %i   kind ARG, block the body of its for
 *       uses --> ts_use --> ts_use --> NULL            uses --> &operands[2] of the load --> ...
 *
 * A ts_use is an operand's place in its op and a link of its value's list at once: owner says whose
 * operand, value says of what. Maps, types and literals are uniqued, so equal ones are one pointer. A
 * block is a list of ops (prev, next) and belongs to an op (parent) or is the body of a function. */
#ifndef TS_IR_OP_H
#define TS_IR_OP_H

#include "ir/affine.h"

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
  uint16_t combine; /* ts_opcode, of tensors; of what joins points or lanes */
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

/* Does it compute each element from one of each operand? */
static inline bool ts_is_pointwise(const ts_op *op) {
  unsigned class = ts_info(op)->class;
  return class == TS_OC_ARITH || class == TS_OC_CONVERT || class == TS_OC_COMPARE ||
         class == TS_OC_SELECT;
}

/* What the op does to the memory of plain operand i: as its row says; a call and a launch may do anything. */
typedef struct ts_effect {
  bool reads, writes; /* neither: only a hint */
} ts_effect;
ts_effect ts_op_effect(const ts_op *, unsigned i);
ts_effect ts_use_effect(const ts_use *);

/* ---- modules ---- */

ts_module *ts_module_create(ts_context *);
void ts_module_drop(ts_module *); /* with all that is in it; NULL is allowed */
/* A deep copy in the same context, sharing the source text (which must outlive both). */
ts_module *ts_module_clone(const ts_module *);
const char *ts_str_text(const ts_module *,
                        ts_str); /* NUL-terminated, as long as the module lives */
ts_func *ts_func_find(const ts_module *, ts_str name);
ts_global *ts_global_find(const ts_module *, ts_str name);
ts_func *ts_func_create(ts_module *, ts_str name, ts_loc, unsigned num_params,
                        const ts_type *const *params, const ts_str *names, const uint8_t *roles,
                        unsigned num_results, const ts_type *const *results);
void ts_func_remove(ts_func *);
/* Calls go on naming the function as before. */
void ts_func_rename(ts_func *, ts_str name);
/* `text`, or that with _1, _2, … where a function or global is called so. */
ts_str ts_free_name(ts_module *, const char *text);
/* A copy of the function in another module, which has the same source text, with what it calls and the globals that they
 * use: functions with the suffix to their names, globals too where `to` has another of that name. */
ts_func *ts_func_link(ts_module *to, ts_func *, const char *suffix);
/* A copy of the function's body, parameters included, that stands in no function: what is done to the
 * body later can be taken back by putting the copy in its place. */
ts_block *ts_func_copy_body(ts_func *);
ts_global *ts_global_create(ts_module *, ts_str name, ts_loc, const ts_type *, const ts_data *);
/* TS_LEVEL_T, TS_LEVEL_L, or both bits for a function that has ops of both kinds (an error), judged by
 * its parameters and ops. */
unsigned ts_func_level(const ts_func *);
/* The same of one op: by its row, or of an op of both levels by what it works on; 0 when that is unknown. */
unsigned ts_op_level(const ts_op *);

/* ---- attributes ---- */

const ts_attr *ts_attr_find(const ts_op *, ts_attr_key); /* NULL when absent */
int64_t ts_attr_int(const ts_op *, ts_attr_key, int64_t otherwise);
double ts_attr_float(const ts_op *, ts_attr_key, double otherwise);
/* A word of an ENUM, ENUMS or OPCODE attribute as the number that stands for it in ts_attr, and back. */
int64_t ts_attr_number(const ts_module *, ts_attr_key, ts_str word);
const char *ts_attr_word(const ts_module *, ts_attr_key, int64_t number);
/* The type in which sums of elements of a type accumulate unless they say `acc`: f64 for floats, i32 for i8, i64 for
 * other integers. */
ts_dtype ts_default_acc(ts_dtype);
/* The accumulator type of a PRODUCT, REDUCE or NORMALIZE op, or a fused one with a root: acc, or the default. An op
 * without that attribute, such as reduce_max, combines elements exactly, in their own type. */
ts_dtype ts_acc_dtype(const ts_op *);
/* How many products of two lanes of type `factor` a `dot` adds to each lane of type `sum`; 0: it has
 * no such form. */
unsigned ts_dot_group(ts_dtype factor, ts_dtype sum);
/* The axes of a reduction, softmax, layernorm, quantize or dequantize as 0-based, ascending, in `axes`
 * (TS_MAX_RANK entries); returns how many. */
unsigned ts_op_axes(const ts_op *, unsigned axes[TS_MAX_RANK]);
/* The permutation of a transpose: axis i of the result is axis perm[i] of the operand. */
void ts_op_perm(const ts_op *, int64_t perm[TS_MAX_RANK]);

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
/* How often a loop from lo to hi runs. */
static inline uint64_t ts_trip_count(int64_t lo, int64_t hi, int64_t step) {
  return hi <= lo ? 0 : ((uint64_t)hi - (uint64_t)lo - 1) / (uint64_t)step + 1;
}
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
