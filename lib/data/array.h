/* Arrays: what engines read and write, and the files and generators they come from.
 *
 * Always row-major and contiguous; i1 is one byte of 0 or 1. Extents are ≥ 0 and at most TS_MAX_RANK
 * of them (a file may hold an extent of 0; a program's types may not). */
#ifndef TS_DATA_ARRAY_H
#define TS_DATA_ARRAY_H

#include "ir/ir.h"

typedef struct ts_array {
  ts_dtype dtype;
  unsigned rank;
  int64_t dims[TS_MAX_RANK];
  void *data; /* 64-byte aligned when made by ts_array_create */
  bool owned; /* ts_array_drop frees data */
} ts_array;

/* Elements; -1 when past int64. Rank 0 has one. */
int64_t ts_array_count(const ts_array *);
/* Whether its elements can be taken for that type as they are: i64 data serves as index values, since
 * files know no index. */
static inline bool ts_array_suits(const ts_array *a, ts_dtype wanted) {
  return a->dtype == wanted || (a->dtype == TS_I64 && wanted == TS_INDEX);
}
/* Zeroed. Charged to the context's memory cap; TS_LIMIT with a message before anything is allocated
 * when it does not fit. */
ts_result ts_array_create(ts_context *, ts_dtype, unsigned rank, const int64_t *dims,
                          ts_array *out);
void ts_array_drop(ts_context *, ts_array *);
/* One element as f64 (exact but for i64 past 2^53) and from f64 with the rounding and saturation of
 * `cast`. */
double ts_array_get(const ts_array *, int64_t i);
void ts_array_set(ts_array *, int64_t i, double);
int64_t ts_array_get_int(const ts_array *, int64_t i); /* integer, index and i1 arrays */

void ts_array_set_int(ts_array *, int64_t i, int64_t); /* the same arrays; keeps the low bits */
/* "2x3xf32", or "f32" for rank 0, cut to `size` with its NUL; returns the length. */
enum { TS_SHAPE_TEXT = TS_MAX_RANK * 21 + 8 }; /* holds any */
size_t ts_shape_text(char *out, size_t size, ts_dtype, unsigned rank, const int64_t *dims);

/* ---- files ---- */

/* .npy 1.0 to 3.0, both orders, both byte orders, and our f16 ('<f2') and bf16 (descr 'bfloat16' or
 * the raw '<V2'); index and i64 are '<i8', i1 is '|b1'. The header is checked against the file's size
 * before data is allocated. */
ts_result ts_npy_read(ts_context *, const char *path, ts_array *out);
/* Written to a temporary beside it and renamed: no half file. "-" is refused. */
ts_result ts_npy_write(ts_context *, const char *path, const ts_array *);
/* The in-memory forms, for fuzzing and for embedding. */
ts_result ts_npy_read_bytes(ts_context *, const char *name, const void *bytes, size_t n,
                            ts_array *out);
/* One tensor of a safetensors file. When `name` is NULL the file must hold exactly one. */
ts_result ts_safetensors_read(ts_context *, const char *path, const char *name, ts_array *out);
ts_result ts_safetensors_read_bytes(ts_context *, const char *file_name, const void *bytes,
                                    size_t n, const char *name, ts_array *out);
/* Several tensors as one file. */
ts_result ts_safetensors_write(ts_context *, const char *path, unsigned n, const char *const *names,
                               const ts_array *arrays);
/* How much of "w.safetensors#name" is the path; *tensor is the name behind it, NULL when there is none. */
size_t ts_array_path_length(const char *, const char **tensor);
/* "x.npy" or "w.safetensors#name" by ending and content. */
ts_result ts_array_read(ts_context *, const char *path, ts_array *out);
ts_result ts_array_write(ts_context *, const char *path, const ts_array *);

/* ---- generators ---- */

/* Deterministic on every machine: element i depends on (seed, name, i) alone, by counter-based hashing,
 * so neither order nor threads matter. normal: mean 0, deviation 1 (Box–Muller in f64, rounded once);
 * uniform: [0, 1); iota: 0 1 2 …; zeros. For integer types normal is rounded(8 × normal) saturated,
 * uniform is the whole i8 range −128…127 (0…1 for i1). Both are multiplied by `scale` before they are
 * rounded; the others do not look at it. */
typedef enum { TS_FILL_ZEROS, TS_FILL_IOTA, TS_FILL_UNIFORM, TS_FILL_NORMAL } ts_fill;
void ts_array_fill(ts_array *, ts_fill, double scale, uint64_t seed, const char *name);
/* "2x3xf32=1 2 3 4 5 6": white space or commas between; one value fills all. */
ts_result ts_array_parse(ts_context *, const char *text, ts_array *out);

/* ---- looking and comparing ---- */

typedef struct ts_array_summary {
  double min, max, sum; /* in f64, NaNs skipped in min and max; sum compensated */
  int64_t nans, infs;
  uint64_t hash; /* of dtype, shape and bytes; the same on every machine */
} ts_array_summary;
ts_array_summary ts_array_summarize(const ts_array *);
/* Elements in nested brackets, as the language writes dense data. */
void ts_array_print(ts_sink *, const ts_array *);
/* type, corner elements, min, max, sum, hash: a few lines, each starting with `name`. */
void ts_array_print_summary(ts_sink *, const char *name, const ts_array *);

/* The gap between neighbours of a float type around x, which is finite: its unit in the last place. 1 for
 * integers. */
double ts_ulp(ts_dtype, double x);

/* Two arrays, element by element. An element that is infinite or NaN in only one of them counts as
 * infinitely far off. */
typedef struct ts_difference {
  int64_t wrong; /* elements further apart than is allowed, or NaN or infinite on one side only */
  int64_t not_finite; /* of those: NaN or infinite on one side, or two infinities */
  int64_t unjudged;   /* elements that differ where any difference is allowed */
  int64_t lo[TS_MAX_RANK],
      hi[TS_MAX_RANK]; /* the smallest box that holds the wrong ones, half open */
  /* index of the element whose difference is largest relative to what is allowed there; -1 when all
   * are equal */
  int64_t worst;
  double got, want, apart, allowed; /* there; `apart` exact for integers, too */
  /* there: the difference divided by what is allowed; infinite when nothing is allowed */
  double used;
  double max_abs, max_rel, max_ulp; /* of all elements; ULPs of got's type around what is wanted */
} ts_difference;
/* By how much `got` and `want`, the elements at index i, may differ: 0 or more. */
typedef double (*ts_allowed_fn)(const void *user, int64_t i, double want);
/* Same dtype class and shape, or TS_ERR. */
ts_result ts_array_judge(ts_context *, const ts_array *got, const ts_array *want, ts_allowed_fn,
                         const void *user, ts_difference *);
/* The same with atol + rtol |want| allowed. */
ts_result ts_array_compare(ts_context *, const ts_array *got, const ts_array *want, double rtol,
                           double atol, ts_difference *);

/* The index along each axis of element i. */
void ts_array_index(const ts_array *, int64_t i, int64_t at[TS_MAX_RANK]);
/* "[3, 0]" of the element with this index, "" for rank 0; its value as ts_array_print writes it; and
 * "[510:512, :]" of a box of this array's shape, ":" being a whole axis. */
const char *ts_array_index_text(ts_arena *, const ts_array *, int64_t i);
const char *ts_array_value_text(ts_arena *, const ts_array *, int64_t i);
const char *ts_array_box_text(ts_arena *, const ts_array *, const int64_t *lo, const int64_t *hi);

#endif
