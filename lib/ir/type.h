/* Scalar types and the numbers of them, and the types of values. */
#ifndef TS_IR_TYPE_H
#define TS_IR_TYPE_H

#include "support/diag.h"

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

bool ts_is_number(ts_dtype);       /* what arithmetic works on: floats and integers, not i1 */
unsigned ts_dtype_width(ts_dtype); /* bits of a value: i1 has one, index 64 */
/* Can `wide` hold every value of `narrow`, both floats or both integers? */
bool ts_dtype_holds(ts_dtype wide, ts_dtype narrow);

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
/* Has it one element a column of the product: extents of 1, then the product's last? */
bool ts_is_bias(const ts_type *bias, const ts_type *product);
/* NumPy's broadcast of two shapes; false when they clash (or when it cannot be told: M against N). */
bool ts_broadcast_dims(unsigned rank_a, const ts_extent *a, unsigned rank_b, const ts_extent *b,
                       unsigned *rank, ts_extent dims[TS_MAX_RANK]);

/* ---- numbers ---- */

/* How a number is written: 3, 0.5 or 1e3, 0x3f. */
typedef enum { TS_NUMBER_INT, TS_NUMBER_FLOAT, TS_NUMBER_HEX } ts_number_form;
/* Numbers of a scalar type by image: f64 bits for floats, int64 for the rest. False when the number of
 * the text does not fit the type. */
bool ts_number_image(ts_dtype, ts_number_form, uint64_t bits, uint64_t *image);
void ts_number_store(ts_dtype, uint64_t image, void *out); /* in the array format of the type */
uint64_t ts_number_load(ts_dtype, const void *in);
double ts_round_to(ts_dtype, double); /* to a float type, to nearest even, and back */
void ts_number_print(ts_sink *, ts_dtype, uint64_t image);

#endif
