/* What the CPU benchmark's parts share: a case (a computation with its data), and peers, which are
 * the implementations that compute it.
 *
 * Each peer gets the same input arrays and an output of its own; what it computes is held against a
 * reference before its time counts. */
#ifndef BENCH_CPU_H
#define BENCH_CPU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum bench_type { BENCH_F32, BENCH_BF16, BENCH_I8, BENCH_I32 } bench_type;

typedef struct bench_array {
  bench_type type;
  unsigned rank; /* 1 or 2 */
  int64_t dims[2];
  void *data; /* on a page's boundary */
} bench_array;

typedef enum bench_kind {
  BENCH_MLP,      /* Y = GELU(X W + b), all f32 */
  BENCH_MLP_BF16, /* the same, all bf16 */
  BENCH_MLP_I8,   /* Y = GELU(scale (X W + b)); X, W i8, b i32, Y f32 */
  BENCH_FFN,      /* Y = GELU(X W + b) V + c, all f32: a block of two layers */
  BENCH_NUM_KINDS
} bench_kind;

/* What BENCH_MLP ends with: GELU but where the epilogue's cost is measured. */
typedef enum bench_activation { BENCH_GELU, BENCH_RELU, BENCH_LINEAR } bench_activation;

enum { BENCH_MOST_INPUTS = 5 };

typedef struct bench_case {
  bench_kind kind;
  int64_t m, k, n; /* X is m by k, W is k by n */
  float scale;     /* of BENCH_MLP_I8 */
  unsigned num_inputs;
  bench_array in[BENCH_MOST_INPUTS];
  bench_array out; /* type and shape; every entry has its own data */
  double flops;
  unsigned threads;
  char shape[80]; /* "512x768x512" */
} bench_case;

/* A peer made ready for a case. */
typedef struct bench_entry {
  const struct bench_peer *peer;
  const char *name;   /* of the peer, or what the command line calls it */
  const char *config; /* the peer's: a pipeline, a library, a program; may be NULL */
  const bench_case *c;
  void *out;
  void *state;   /* the peer's own */
  char why[400]; /* why it is left out */
} bench_entry;

typedef struct bench_peer {
  const char *name;
  unsigned kinds; /* 1 << bench_kind each */
  bool no_result; /* measures the machine: leaves no output to check */
  bench_activation activation;
  int64_t most_rows; /* for m up to this; 0: any */
  /* False with `why` filled when the peer cannot take part. */
  bool (*prepare)(bench_entry *);
  /* Seconds that `times` runs took. */
  double (*time)(bench_entry *, unsigned times);
  void (*release)(bench_entry *);
} bench_peer;

extern const bench_peer bench_tilesmith, bench_tilesmith_relu, bench_tilesmith_linear, bench_onednn,
    bench_blas, bench_object, bench_numpy, bench_peak, bench_read;

const char *bench_kind_name(bench_kind);
size_t bench_bytes(const bench_array *);
/* Memory for the array, as ts-run would have it: in large pages. Masked loads and prefetches of peers may
 * touch the page behind it, so there is one. NULL: none to be had. */
void *bench_allocate(const bench_array *);
double bench_now(void);
/* Sets `why` and returns false. */
bool bench_leave_out(bench_entry *, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Makes the case's inputs, such that X W has a standard deviation of `spread`; false without
 * memory. */
bool bench_case_make(bench_case *, bench_kind, int64_t m, int64_t k, int64_t n, unsigned threads,
                     double spread);
void bench_case_drop(bench_case *);
/* The largest |error| of an output over rows of the result that are computed here in f64, divided
 * by what rounding allows there: more than 1 is wrong. `worst` takes the error itself. */
double bench_case_error(const bench_case *, bench_activation, const void *out, double *worst);

/* In place, y = GELU(y + b) for rows of n, on the case's threads. */
void bench_bias_gelu(const bench_case *, float *y, const float *b);

#endif
