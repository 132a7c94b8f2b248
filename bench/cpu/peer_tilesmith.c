/* Tilesmith, through its public API: the case's program is parsed, taken through the pipeline that
 * is `config`, compiled and run on the case's arrays. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tilesmith.h"
#include "bench.h"

enum { MOST_TEXT = 2048 };

typedef struct tilesmith {
  ts_context *ctx;
  ts_module *module;
  ts_executable *exe;
  ts_tensor tensors[BENCH_MOST_INPUTS + 1];
  unsigned num_tensors;
} tilesmith;

static void release(bench_entry *e) {
  tilesmith *t = e->state;
  if (!t) return;
  ts_executable_destroy(t->exe);
  ts_module_destroy(t->module);
  if (t->ctx) ts_context_destroy(t->ctx);
  free(t);
  e->state = NULL;
}

/* The programs: %1$ld is M, %2$ld K, %3$ld N, %4$.9g the scale. */
#define MLP(rest)                                                                                  \
  "func @mlp(%%X: tensor<%1$ldx%2$ldxf32>, %%W: tensor<%2$ldx%3$ldxf32>, %%b: tensor<%3$ldxf32>)"  \
  " -> tensor<%1$ldx%3$ldxf32> {\n  %%0 = matmul %%X, %%W\n  %%1 = add %%0, %%b\n" rest "}\n"
static const char *const mlps[] = {[BENCH_GELU] = MLP("  %%2 = gelu %%1\n  return %%2\n"),
                                   [BENCH_RELU] = MLP("  %%2 = relu %%1\n  return %%2\n"),
                                   [BENCH_LINEAR] = MLP("  return %%1\n")};
static const char mlp_bf16[] =
    "func @mlp(%%X: tensor<%1$ldx%2$ldxbf16>, %%W: tensor<%2$ldx%3$ldxbf16>,"
    " %%b: tensor<%3$ldxbf16>) -> tensor<%1$ldx%3$ldxbf16> {\n"
    "  %%0 = matmul %%X, %%W\n  %%1 = add %%0, %%b\n  %%2 = gelu %%1\n  return %%2\n}\n";
static const char mlp_int8[] =
    "func @mlp(%%X: tensor<%1$ldx%2$ldxi8>, %%W: tensor<%2$ldx%3$ldxi8>, %%b: tensor<%3$ldxi32>)"
    " -> tensor<%1$ldx%3$ldxf32> {\n"
    "  %%0 = matmul %%X, %%W\n  %%1 = add %%0, %%b\n"
    "  %%2 = cast %%1 : tensor<%1$ldx%3$ldxf32>\n  %%3 = mul %%2, %4$.9e\n  %%4 = gelu %%3\n"
    "  return %%4\n}\n";
static const char ffn[] =
    "func @ffn(%%X: tensor<%1$ldx%2$ldxf32>, %%W: tensor<%2$ldx%3$ldxf32>, %%b: tensor<%3$ldxf32>,"
    " %%V: tensor<%3$ldx%2$ldxf32>, %%c: tensor<%2$ldxf32>) -> tensor<%1$ldx%2$ldxf32> {\n"
    "  %%up = matmul %%X, %%W\n  %%up_bias = add %%up, %%b\n  %%hidden = gelu %%up_bias\n"
    "  %%down = matmul %%hidden, %%V\n  %%out = add %%down, %%c\n  return %%out\n}\n";

static ts_tensor tensor_of(const bench_array *a, void *data) {
  static const ts_dtype types[] = {TS_F32, TS_BF16, TS_I8, TS_I32};
  return ts_tensor_of(types[a->type], a->rank, a->dims, data);
}

/* Reads a pipeline from a file when `config` is "@path". */
static bool pipeline_text(const bench_entry *e, char *text, size_t size) {
  if (e->config[0] != '@') return (size_t)snprintf(text, size, "%s", e->config) < size;
  FILE *file = fopen(e->config + 1, "r");
  size_t n = file ? fread(text, 1, size - 1, file) : 0;
  if (file) fclose(file);
  while (n && text[n - 1] == '\n')
    n--;
  text[n] = 0;
  return n > 0;
}

static bool failed(bench_entry *e, tilesmith *t, const char *what) {
  const ts_diag *d = ts_diagnostic_next(t->ctx, NULL);
  while (d && ts_diagnostic_severity(d) != TS_SEV_ERROR)
    d = ts_diagnostic_next(t->ctx, d);
  return bench_leave_out(e, "%s: %s", what, d ? ts_diagnostic_message(d) : "failed");
}

static bool prepare(bench_entry *e) {
  const char *const programs[] = {mlps[e->peer->activation], mlp_bf16, mlp_int8, ffn};
  const bench_case *c = e->c;
  char text[MOST_TEXT], pipeline[8 * MOST_TEXT];
  tilesmith *t = e->state = calloc(1, sizeof *t);
  if (!t || !(t->ctx = ts_context_create())) return bench_leave_out(e, "no memory");
  if (!e->config || !pipeline_text(e, pipeline, sizeof pipeline))
    return bench_leave_out(e, "cannot read the pipeline %s", e->config ? e->config : "");
  int n = snprintf(text, sizeof text, programs[c->kind], (long)c->m, (long)c->k, (long)c->n,
                   (double)c->scale);
  if (ts_module_parse(t->ctx, "case", text, (size_t)n, &t->module)) return failed(e, t, "parse");
  if (ts_module_run_passes(t->module, pipeline)) return failed(e, t, "passes");
  if (ts_compile(t->module, NULL, "native", &t->exe)) return failed(e, t, "compile");
  for (unsigned i = 0; i < c->num_inputs; i++)
    t->tensors[t->num_tensors++] = tensor_of(&c->in[i], c->in[i].data);
  t->tensors[t->num_tensors++] = tensor_of(&c->out, e->out);
  ts_limits limits = {.size = sizeof limits, .threads = c->threads};
  return ts_execute(t->exe, t->num_tensors, t->tensors, &limits) ? failed(e, t, "run") : true;
}

static double run(bench_entry *e, unsigned times) {
  tilesmith *t = e->state;
  ts_limits limits = {.size = sizeof limits, .threads = e->c->threads};
  ts_result result = TS_OK;
  double begin = bench_now();
  for (unsigned i = 0; i < times && !result; i++)
    result = ts_execute(t->exe, t->num_tensors, t->tensors, &limits);
  return result ? 1e9 : bench_now() - begin;
}

const bench_peer bench_tilesmith = {.name = "tilesmith",
                                    .kinds = (1 << BENCH_NUM_KINDS) - 1,
                                    .prepare = prepare,
                                    .time = run,
                                    .release = release};
const bench_peer bench_tilesmith_relu = {.name = "relu",
                                         .kinds = 1 << BENCH_MLP,
                                         .activation = BENCH_RELU,
                                         .prepare = prepare,
                                         .time = run,
                                         .release = release};
const bench_peer bench_tilesmith_linear = {.name = "linear",
                                           .kinds = 1 << BENCH_MLP,
                                           .activation = BENCH_LINEAR,
                                           .prepare = prepare,
                                           .time = run,
                                           .release = release};
