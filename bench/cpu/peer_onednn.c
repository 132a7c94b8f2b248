/* oneDNN: matmul with bias and erf-GELU as a post-op, weights row-major as a user has them. The
 * primitive is made once and run many times. */
#include <dnnl.h>
#include <stdlib.h>

#include "bench.h"

enum { MOST_LAYERS = 2 };

typedef struct onednn {
  dnnl_engine_t engine;
  dnnl_stream_t stream;
  unsigned num_layers;
  struct {
    dnnl_primitive_t primitive;
    dnnl_memory_t memory[4]; /* X, W, b, Y */
  } layer[MOST_LAYERS];
  void *between; /* what the first layer of two gives */
} onednn;

static void release(bench_entry *e) {
  onednn *o = e->state;
  if (!o) return;
  for (unsigned l = 0; l < MOST_LAYERS; l++) {
    for (unsigned i = 0; i < 4; i++)
      if (o->layer[l].memory[i]) dnnl_memory_destroy(o->layer[l].memory[i]);
    if (o->layer[l].primitive) dnnl_primitive_destroy(o->layer[l].primitive);
  }
  if (o->stream) dnnl_stream_destroy(o->stream);
  if (o->engine) dnnl_engine_destroy(o->engine);
  free(o->between);
  free(o);
  e->state = NULL;
}

static dnnl_data_type_t type_of(bench_type type) {
  static const dnnl_data_type_t types[] = {dnnl_f32, dnnl_bf16, dnnl_s8, dnnl_s32};
  return types[type];
}

/* A bias is a matrix of one row. */
static dnnl_status_t describe(dnnl_memory_desc_t *desc, const bench_array *a) {
  dnnl_dims_t dims = {a->rank == 1 ? 1 : a->dims[0], a->dims[a->rank - 1]};
  return dnnl_memory_desc_init_by_tag(desc, 2, dims, type_of(a->type), dnnl_ab);
}

static dnnl_status_t attributes(dnnl_primitive_attr_t attr, const bench_case *c, bool gelu) {
  dnnl_post_ops_t ops = NULL;
  dnnl_status_t status = dnnl_success;
  if (c->kind == BENCH_MLP_I8)
    status = dnnl_primitive_attr_set_output_scales(attr, 1, 0, &c->scale);
  if (status || !gelu) return status;
  status = dnnl_post_ops_create(&ops);
  if (!status) status = dnnl_post_ops_append_eltwise(ops, 1, dnnl_eltwise_gelu_erf, 0, 0);
  if (!status) status = dnnl_primitive_attr_set_post_ops(attr, ops);
  dnnl_post_ops_destroy(ops);
  return status;
}

static dnnl_status_t make_primitive(onednn *o, unsigned l, const bench_case *c,
                                    const dnnl_memory_desc_t desc[4], bool gelu) {
  dnnl_matmul_desc_t op;
  dnnl_primitive_attr_t attr = NULL;
  dnnl_primitive_desc_t made = NULL;
  dnnl_status_t status = dnnl_matmul_desc_init(&op, &desc[0], &desc[1], &desc[2], &desc[3]);
  if (!status) status = dnnl_primitive_attr_create(&attr);
  if (!status) status = attributes(attr, c, gelu);
  if (!status) status = dnnl_primitive_desc_create(&made, &op, attr, o->engine, NULL);
  if (!status) status = dnnl_primitive_create(&o->layer[l].primitive, made);
  if (made) dnnl_primitive_desc_destroy(made);
  if (attr) dnnl_primitive_attr_destroy(attr);
  return status;
}

static dnnl_status_t make_layer(onednn *o, const bench_case *c, const bench_array *arrays[4],
                                bool gelu) {
  unsigned l = o->num_layers++;
  dnnl_memory_desc_t desc[4];
  dnnl_status_t status = dnnl_success;
  for (unsigned i = 0; !status && i < 4; i++)
    status = describe(&desc[i], arrays[i]);
  if (!status) status = make_primitive(o, l, c, desc, gelu);
  for (unsigned i = 0; !status && i < 4; i++)
    status = dnnl_memory_create(&o->layer[l].memory[i], &desc[i], o->engine, arrays[i]->data);
  return status;
}

static dnnl_status_t make_layers(onednn *o, bench_entry *e) {
  const bench_case *c = e->c;
  bench_array out = c->out, between = {BENCH_F32, 2, {c->m, c->n}, NULL};
  out.data = e->out;
  if (c->kind != BENCH_FFN)
    return make_layer(o, c, (const bench_array *[]){&c->in[0], &c->in[1], &c->in[2], &out}, true);
  if (posix_memalign(&o->between, 64, bench_bytes(&between))) return dnnl_out_of_memory;
  between.data = o->between;
  dnnl_status_t status =
      make_layer(o, c, (const bench_array *[]){&c->in[0], &c->in[1], &c->in[2], &between}, true);
  if (status) return status;
  return make_layer(o, c, (const bench_array *[]){&between, &c->in[3], &c->in[4], &out}, false);
}

static bool prepare(bench_entry *e) {
  onednn *o = e->state = calloc(1, sizeof *o);
  if (!o) return bench_leave_out(e, "no memory");
  dnnl_status_t status = dnnl_engine_create(&o->engine, dnnl_cpu, 0);
  if (!status) status = dnnl_stream_create(&o->stream, o->engine, dnnl_stream_default_flags);
  if (!status) status = make_layers(o, e);
  return status ? bench_leave_out(e, "oneDNN has no primitive for it (status %d)", status) : true;
}

static double run(bench_entry *e, unsigned times) {
  static const int roles[4] = {DNNL_ARG_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_BIAS, DNNL_ARG_DST};
  onednn *o = e->state;
  dnnl_exec_arg_t args[MOST_LAYERS][4];
  for (unsigned l = 0; l < o->num_layers; l++)
    for (unsigned i = 0; i < 4; i++)
      args[l][i] = (dnnl_exec_arg_t){roles[i], o->layer[l].memory[i]};
  double begin = bench_now();
  for (unsigned t = 0; t < times; t++) {
    for (unsigned l = 0; l < o->num_layers; l++)
      dnnl_primitive_execute(o->layer[l].primitive, o->stream, 4, args[l]);
    dnnl_stream_wait(o->stream);
  }
  return bench_now() - begin;
}

const bench_peer bench_onednn = {.name = "oneDNN",
                                 .kinds = (1 << BENCH_NUM_KINDS) - 1,
                                 .prepare = prepare,
                                 .time = run,
                                 .release = release};
