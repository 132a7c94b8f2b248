/* matmul, fused_mlp and fused {root = matmul}.
 *
 * Every element of the product is s = 0; for k ascending: s = fma(x, w, s), whatever the blocking,
 * so the bits do not depend on it. Rows and columns are cut into tiles whose sums stay in
 * registers; the operands are copied into tile order, converted to the accumulator type on the way.
 * Where the product of two elements is exact in the accumulator (f32, f16 and bf16 in f64), a
 * multiplication and an addition give the bits of an fma, and vectors do both without one. */
#include <math.h>

#include "eval/tensor.h"

enum {
  ROWS = 4,        /* of a tile */
  NARROW_COLS = 8, /* of a tile: one 64-byte vector of f64 */
  BLOCK_COLS = 128,
  BLOCK_ROWS = 256,
  BLOCK_K = 512
};

typedef enum { KIND_EXACT, KIND_FMA64, KIND_FMA32, KIND_NARROW, KIND_INT } kind;

/* What the kernels work on: C[ROWS][cols] += A[k][ROWS] · B[k][cols]. */
typedef struct tile {
  int64_t k;
  unsigned cols;
  const void *a, *b;
  void *c;
  ts_dtype acc;
} tile;

/* Vectors of 64 bytes: the compiler cuts them to what the target has. */
typedef double v8d __attribute__((vector_size(64), aligned(8)));
typedef uint64_t v8u __attribute__((vector_size(64), aligned(8)));

#define TILE_KERNEL(name, T, V)                                                                    \
  static inline __attribute__((always_inline)) void name(const tile *t) {                          \
    const T *a = t->a;                                                                             \
    const V *b = t->b;                                                                             \
    V *c = t->c, c0 = c[0], c1 = c[1], c2 = c[2], c3 = c[3];                                       \
    for (int64_t k = 0; k < t->k; k++, a += ROWS) {                                                \
      V w = b[k];                                                                                  \
      c0 += a[0] * w;                                                                              \
      c1 += a[1] * w;                                                                              \
      c2 += a[2] * w;                                                                              \
      c3 += a[3] * w;                                                                              \
    }                                                                                              \
    c[0] = c0, c[1] = c1, c[2] = c2, c[3] = c3;                                                    \
  }
TILE_KERNEL(exact_tile, double, v8d)
TILE_KERNEL(int_tile, uint64_t, v8u)

#define ROW_KERNEL(name, T, fma_of)                                                                \
  static inline __attribute__((always_inline)) void name(const tile *t) {                          \
    for (unsigned r = 0; r < ROWS; r++) {                                                          \
      T *restrict c = (T *)t->c + r * BLOCK_COLS;                                                  \
      for (int64_t k = 0; k < t->k; k++) {                                                         \
        const T x = ((const T *)t->a)[k * ROWS + r], *b = (const T *)t->b + k * BLOCK_COLS;        \
        for (unsigned j = 0; j < BLOCK_COLS; j++)                                                  \
          c[j] = fma_of(x, b[j], c[j]);                                                            \
      }                                                                                            \
    }                                                                                              \
  }
ROW_KERNEL(fma64_rows, double, __builtin_fma)
ROW_KERNEL(fma32_rows, float, __builtin_fmaf)

/* f16 and bf16 accumulators: one element at a time. */
static void narrow_rows(const tile *t) {
  const double *a = t->a, *b = t->b;
  for (unsigned r = 0; r < ROWS; r++)
    for (unsigned j = 0; j < t->cols; j++) {
      double *c = (double *)t->c + r * t->cols + j;
      for (int64_t k = 0; k < t->k; k++)
        *c = ts_fma_to(t->acc, a[k * ROWS + r], b[k * t->cols + j], *c);
    }
}

/* The same code for three levels of the instruction set; the bits are the same by construction. */
#define TARGETS(X)                                                                                 \
  X(exact_tile)                                                                                    \
  X(int_tile)                                                                                      \
  X(fma64_rows)                                                                                    \
  X(fma32_rows)
#define PLAIN(name)                                                                                \
  static void name##_plain(const tile *t) { name(t); }
TARGETS(PLAIN)
#if defined __x86_64__
#define WIDE(name)                                                                                 \
  __attribute__((target("avx2,fma"))) static void name##_avx2(const tile *t) { name(t); }          \
  __attribute__((target("avx512f,avx512dq,avx512vl,fma"))) static void name##_avx512(              \
      const tile *t) {                                                                             \
    name(t);                                                                                       \
  }
TARGETS(WIDE)
#endif

typedef void kernel(const tile *);

static kernel *choose(kernel *plain, kernel *avx2, kernel *avx512) {
#if defined __x86_64__
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("fma"))
    return avx512;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return avx2;
#endif
  (void)avx2, (void)avx512;
  return plain;
}
#if defined __x86_64__
#define CHOOSE(name) choose(name##_plain, name##_avx2, name##_avx512)
#else
#define CHOOSE(name) choose(name##_plain, NULL, NULL)
#endif

static kernel *kernel_of(kind k) {
  switch (k) {
  case KIND_EXACT: return CHOOSE(exact_tile);
  case KIND_INT: return CHOOSE(int_tile);
  case KIND_FMA64: return CHOOSE(fma64_rows);
  case KIND_FMA32: return CHOOSE(fma32_rows);
  default: return narrow_rows;
  }
}

static kind kind_of(ts_dtype input, ts_dtype acc) {
  if (!ts_is_float(input)) return KIND_INT;
  if (acc == TS_F64) return input == TS_F64 ? KIND_FMA64 : KIND_EXACT;
  return acc == TS_F32 ? KIND_FMA32 : KIND_NARROW;
}

/* ---- one matrix product ---- */

typedef struct product {
  ts_eval *e;
  ts_dtype dtype, acc; /* of the operands, of the sums */
  kind kind;
  kernel *run;
  int64_t m, n, k;
  unsigned cols; /* of a tile */
  const ts_array *x, *w;
  int64_t x_at, w_at, out_at; /* where this batch's matrices start */
  void *a, *b, *c; /* tile order: a[k][ROWS], b[tile][k][cols], c[rows/ROWS][tile][ROWS][cols] */
  /* fused_mlp */
  const ts_array *bias;
  ts_scalar act; /* TS_NUM_SCALARS: none */
  ts_array *to;  /* the result, or the product that a region works on */
} product;

static void put(const product *p, void *to, int64_t at, ts_cell c) {
  if (p->kind == KIND_FMA32)
    ((float *)to)[at] = (float)c.f;
  else
    ((ts_cell *)to)[at] = c;
}

/* Rows [i, i + ROWS) of x, columns [k0, k0 + n), interleaved; rows past the end are zeros. */
static void pack_a(const product *p, int64_t i, int64_t k0, int64_t n) {
  ts_cell strip[TS_STRIP] = {{0}};
  for (unsigned r = 0; r < ROWS; r++)
    for (int64_t k = 0; k < n; k += TS_STRIP) {
      unsigned len = (unsigned)ts_min(n - k, TS_STRIP);
      if (i + r < p->m)
        ts_strip_load(p->dtype, p->x->data, p->x_at + (i + r) * p->k + k0 + k, 1, len, strip);
      else
        memset(strip, 0, sizeof strip);
      for (unsigned l = 0; l < len; l++)
        put(p, p->a, (k + l) * ROWS + r, strip[l]);
    }
}

/* Rows [k0, k0 + n) of w, columns [j, j + BLOCK_COLS); columns past the end are zeros. */
static void pack_b(const product *p, int64_t j, int64_t k0, int64_t n) {
  ts_cell strip[BLOCK_COLS];
  unsigned len = (unsigned)ts_min(p->n - j, BLOCK_COLS);
  memset(strip, 0, sizeof strip);
  for (int64_t k = 0; k < n; k++) {
    ts_strip_load(p->dtype, p->w->data, p->w_at + (k0 + k) * p->n + j, 1, len, strip);
    for (unsigned l = 0; l < BLOCK_COLS; l++)
      put(p, p->b, ((int64_t)(l / p->cols) * BLOCK_K + k) * p->cols + l % p->cols, strip[l]);
  }
}

static size_t element_bytes(const product *p) { return p->kind == KIND_FMA32 ? 4 : 8; }

/* Adds the n packed values of k to the tiles of rows [i, i + ROWS). */
static void run_tiles(const product *p, int64_t i, int64_t j, int64_t n) {
  size_t bytes = element_bytes(p);
  unsigned tiles = (unsigned)((ts_min(p->n - j, BLOCK_COLS) + p->cols - 1) / p->cols);
  char *row = (char *)p->c + (size_t)(i % BLOCK_ROWS) * BLOCK_COLS * bytes;
  for (unsigned t = 0; t < tiles; t++) {
    tile one = {.k = n, .cols = p->cols, .a = p->a, .acc = p->acc};
    one.b = (const char *)p->b + (size_t)t * BLOCK_K * p->cols * bytes;
    one.c = row + (size_t)t * ROWS * p->cols * bytes;
    p->run(&one);
  }
}

static ts_cell sum_at(const product *p, int64_t row, unsigned col) {
  int64_t at = (row / ROWS * ROWS) * BLOCK_COLS;
  at += ((int64_t)(col / p->cols) * ROWS + row % ROWS) * p->cols + col % p->cols;
  if (p->kind == KIND_FMA32) return (ts_cell){.f = (double)((float *)p->c)[at]};
  return ((ts_cell *)p->c)[at];
}

static ts_cell activate(const product *p, ts_cell s) {
  if (p->act == TS_NUM_SCALARS) return s;
  if (p->kind == KIND_INT)
    (void)ts_eval_int(p->act, p->acc, s.i, 0, &s.i);
  else
    s.f = ts_eval_float(p->act, p->acc, s.f, 0, 0);
  return s;
}

/* Bias and activation in the accumulator type, on n sums of columns j …. */
static void finish_sums(const product *p, int64_t j, unsigned n, ts_cell *s) {
  ts_cell bias[BLOCK_COLS];
  if (p->kind == KIND_INT)
    for (unsigned l = 0; l < n; l++)
      s[l].i = ts_wrap_int(p->acc, s[l].i);
  if (!p->bias) return;
  ts_strip_load(p->bias->dtype, p->bias->data, j, 1, n, bias);
  for (unsigned l = 0; l < n; l++) {
    if (p->kind == KIND_INT)
      s[l].i = ts_wrap_int(p->acc, (int64_t)((uint64_t)s[l].i + (uint64_t)bias[l].i));
    else
      s[l].f = ts_round_to(p->acc, s[l].f + bias[l].f);
    s[l] = activate(p, s[l]);
  }
}

/* A block of rows and columns: all of k, then out. */
static void run_block(const product *p, int64_t i0, int64_t j) {
  ts_cell sums[BLOCK_COLS];
  int64_t rows = ts_min(p->m - i0, BLOCK_ROWS);
  unsigned cols = (unsigned)ts_min(p->n - j, BLOCK_COLS);
  memset(p->c, 0, (size_t)BLOCK_ROWS * BLOCK_COLS * element_bytes(p));
  for (int64_t k = 0; k < p->k; k += BLOCK_K) {
    int64_t n = ts_min(p->k - k, BLOCK_K);
    ts_memory_look(&p->e->ctx->memory);
    pack_b(p, j, k, n);
    for (int64_t i = 0; i < rows; i += ROWS) {
      pack_a(p, i0 + i, k, n);
      run_tiles(p, i, j, n);
    }
  }
  for (int64_t i = 0; i < rows; i++) {
    for (unsigned l = 0; l < cols; l++)
      sums[l] = sum_at(p, i, l);
    finish_sums(p, j, cols, sums);
    ts_strip_store(p->to->dtype, p->to->data, p->out_at + (i0 + i) * p->n + j, cols, sums);
  }
}

static void run_matrix(const product *p) {
  for (int64_t i = 0; i < p->m; i += BLOCK_ROWS)
    for (int64_t j = 0; j < p->n; j += BLOCK_COLS)
      run_block(p, i, j);
}

/* ---- batches ---- */

/* Element strides of an operand's matrices along the result's batch axes. */
static void batch_strides(const ts_array *a, unsigned batch_rank, int64_t *strides) {
  ts_array outer = *a;
  outer.rank = a->rank - 2;
  ts_broadcast_strides(&outer, batch_rank, strides);
  for (unsigned i = 0; i < batch_rank; i++)
    strides[i] *= a->dims[a->rank - 2] * a->dims[a->rank - 1];
}

static void run_batches(product *p) {
  unsigned batch_rank = p->to->rank - 2;
  int64_t xs[TS_MAX_RANK], ws[TS_MAX_RANK], index[TS_MAX_RANK] = {0}, batches = 1;
  batch_strides(p->x, batch_rank, xs);
  batch_strides(p->w, batch_rank, ws);
  for (unsigned i = 0; i < batch_rank; i++)
    batches *= p->to->dims[i];
  for (int64_t b = 0; b < batches; b++, p->out_at += p->m * p->n) {
    run_matrix(p);
    for (unsigned i = batch_rank; i-- > 0;) {
      p->x_at += xs[i], p->w_at += ws[i];
      if (++index[i] < p->to->dims[i]) break;
      p->x_at -= xs[i] * p->to->dims[i], p->w_at -= ws[i] * p->to->dims[i];
      index[i] = 0;
    }
  }
}

static void set_up(product *p) {
  ts_arena *s = p->e->scratch;
  p->x = &p->e->in[0], p->w = &p->e->in[1];
  p->dtype = p->x->dtype, p->acc = ts_acc_dtype(p->e->op);
  p->kind = kind_of(p->dtype, p->acc);
  p->run = kernel_of(p->kind);
  p->cols = p->kind == KIND_EXACT || p->kind == KIND_INT ? NARROW_COLS : BLOCK_COLS;
  p->m = p->x->dims[p->x->rank - 2], p->k = p->x->dims[p->x->rank - 1];
  p->n = p->w->dims[p->w->rank - 1];
  p->act = TS_NUM_SCALARS;
  p->a = ts_new_array(s, ts_cell, ROWS * BLOCK_K);
  p->b = ts_new_array(s, ts_cell, BLOCK_COLS * BLOCK_K);
  p->c = ts_new_array(s, ts_cell, BLOCK_ROWS * BLOCK_COLS);
}

/* The product's own array, as the first argument of a region. */
static ts_array product_array(ts_eval *e) {
  ts_array a = *e->out;
  const ts_value *arg = ts_op_regions(e->op)[0]->args[0];
  const ts_array *x = &e->in[0], *w = &e->in[1];
  unsigned batch = ts_max(x->rank, w->rank) - 2;
  a.dtype = arg->type->dtype;
  a.rank = batch + 2;
  for (unsigned i = 0; i < batch; i++) {
    int64_t dx = i + x->rank >= batch + 2 ? x->dims[i + x->rank - batch - 2] : 1;
    int64_t dw = i + w->rank >= batch + 2 ? w->dims[i + w->rank - batch - 2] : 1;
    a.dims[i] = dx == 1 ? dw : dx;
  }
  a.dims[batch] = x->dims[x->rank - 2];
  a.dims[batch + 1] = w->dims[w->rank - 1];
  a.owned = false;
  a.data =
      ts_arena_alloc(e->scratch, ts_size_mul((size_t)ts_array_count(&a), ts_dtype_bytes(a.dtype)));
  return a;
}

ts_result ts_eval_matmul(ts_eval *e) {
  product p = {.e = e, .to = e->out};
  ts_array whole;
  set_up(&p);
  if (e->op->opcode == TS_OP_FUSED_MLP) {
    p.bias = &e->in[2];
    p.act = ts_scalar_with(ts_op_activation(e->op), e->op);
  } else if (e->op->opcode == TS_OP_FUSED) {
    whole = product_array(e);
    p.to = &whole;
  }
  run_batches(&p);
  return e->op->opcode == TS_OP_FUSED ? ts_eval_fused(e, &whole) : TS_OK;
}
