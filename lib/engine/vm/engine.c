/* The loop VM as an engine: compiles for the extents of the run's arrays (once, unless they
 * change), hands the arrays' memory to the entry's frame, runs, and adds up the counts that were
 * asked for. */
#include <inttypes.h>

#include "ir/scalar.h"
#include "engine/vm/vm.h"

/* Registers, buffers and shadows of one run, as one allocation. */
typedef struct space {
  char *base; /* NULL: none */
  size_t bytes;
  ts_slot *frame;
} space;

typedef struct compiled {
  ts_vm_program prog;
  space space; /* of the running run; of a run that was cut short, until the next */
  const ts_func *func;
  bool there; /* prog holds code for prog.entry->bindings */
} compiled;

/* ---- code ---- */

static bool same_bindings(const ts_bindings *a, const ts_bindings *b) {
  for (unsigned i = 0; i < a->n && a->n == b->n; i++)
    if (a->at[i].name != b->at[i].name || a->at[i].value != b->at[i].value) return false;
  return a->n == b->n;
}

/* Code for these extents and this mode: the code of the last run if it was the same. */
static ts_result ready(compiled *c, const ts_bindings *b, bool counting) {
  bool stoppable = c->prog.ctx->memory.stop != NULL;
  if (c->there && c->prog.counting == counting && c->prog.stoppable == stoppable &&
      same_bindings(&c->prog.entry->bindings, b))
    return TS_OK;
  ts_context *ctx = c->prog.ctx;
  ts_module *module = c->prog.module;
  c->there = false;
  ts_vm_program_close(&c->prog);
  ts_vm_program_open(&c->prog, ctx, module);
  c->prog.counting = counting;
  c->prog.stoppable = stoppable;
  ts_result r = ts_vm_program_compile(&c->prog, c->func, b);
  c->there = r == TS_OK;
  return r;
}

/* ---- running ---- */

static int64_t shadow_bytes(const ts_vm_code *code) {
  int64_t n = 0;
  for (unsigned i = 0; i < code->func->body->num_args; i++)
    if (code->shadow_regs[i]) n += code->param_counts[i];
  return n;
}

static ts_result make_space(ts_context *ctx, const ts_vm_code *code, space *out) {
  __int128 need = (__int128)code->total_slots * (int64_t)sizeof(ts_slot) + code->total_mem +
                  shadow_bytes(code) + 128;
  out->bytes = (size_t)need;
  out->base = need < INT64_MAX ? ts_try_realloc(&ctx->memory, NULL, 0, out->bytes) : NULL;
  if (!out->base) {
    ts_loc loc = code->largest ? code->largest->loc : code->func->loc;
    (void)ts_error(ctx, loc, "the buffers of this run need %" PRId64 " bytes, more than there are",
                   (int64_t)ts_min(need, (__int128)INT64_MAX));
    return TS_LIMIT;
  }
  out->frame = (ts_slot *)out->base;
  return TS_OK;
}

static void drop_space(ts_context *ctx, space *s) {
  ts_free(&ctx->memory, s->base, s->bytes);
  *s = (space){0};
}

static void set_arguments(const ts_vm_code *code, const ts_array *arrays, space *s) {
  char *at = s->base + (size_t)code->total_slots * sizeof(ts_slot);
  at += 64 - (uintptr_t)at % 64;
  s->frame[TS_VM_MEM].p = at;
  at += code->total_mem;
  for (unsigned i = 0; i < code->func->body->num_args; i++) {
    s->frame[code->param_regs[i]].p = arrays[i].data;
    if (!code->shadow_regs[i]) continue;
    s->frame[code->shadow_regs[i]].p = at;
    at += code->param_counts[i];
  }
}

static void reset_counts(ts_vm_program *p) {
  for (size_t i = 0; i < p->regions.n; i++)
    p->regions.at[i].count = 0;
}

static void add_counts(ts_context *ctx, const ts_vm_program *p, ts_run_stats *out) {
  *out = (ts_run_stats){.num_buffers = (unsigned)p->buffers.n};
  out->buffers = ts_new_array(&ctx->arena, struct ts_buffer_stats, p->buffers.n + 1);
  for (size_t i = 0; i < p->buffers.n; i++)
    out->buffers[i].name = ts_strdup(&ctx->arena, p->buffers.at[i]);
  for (size_t i = 0; i < p->regions.n; i++) {
    const ts_vm_region *r = &p->regions.at[i];
    out->ops += r->count * r->ops;
    out->loads += r->count * r->loads;
    out->stores += r->count * r->stores;
    out->flops += r->count * r->flops;
  }
  for (size_t i = 0; i < p->traffic.n; i++) {
    const ts_vm_traffic *t = &p->traffic.at[i];
    out->buffers[t->buffer].bytes_read += p->regions.at[t->region].count * t->read;
    out->buffers[t->buffer].bytes_written += p->regions.at[t->region].count * t->written;
  }
}

static ts_result execute(compiled *c, ts_run_args *args) {
  ts_vm_program *p = &c->prog;
  drop_space(p->ctx, &c->space);
  ts_result r = make_space(p->ctx, p->entry, &c->space);
  if (r != TS_OK) return r;
  set_arguments(p->entry, args->arrays, &c->space);
  ts_vm vm = {.prog = p, .fuel_given = args->limits.fuel, .stop = p->ctx->memory.stop};
  vm.fuel = args->limits.fuel ? args->limits.fuel : UINT64_MAX;
  if (args->stats) reset_counts(p);
  ts_vm_status status = ts_vm_exec(&vm, p->entry, p->entry->insns, c->space.frame);
  drop_space(p->ctx, &c->space);
  if (status == TS_VM_DONE && args->stats) add_counts(p->ctx, p, args->stats);
  return status == TS_VM_DONE ? TS_OK : status == TS_VM_FAILED_LIMIT ? TS_LIMIT : TS_CHECK;
}

typedef struct prepare_call {
  ts_context *ctx;
  ts_module *module;
  const ts_func *func;
  void **out;
} prepare_call;

static ts_result prepare_protected(void *arg) {
  prepare_call *call = arg;
  compiled *c = ts_realloc(&call->ctx->memory, NULL, 0, sizeof *c);
  *c = (compiled){.func = call->func};
  *call->out = c;
  ts_vm_program_open(&c->prog, call->ctx, call->module);
  return TS_OK;
}

static ts_result loop_prepare(ts_context *ctx, ts_module *module, const ts_func *f,
                              const void *options, void **out) {
  (void)options;
  prepare_call call = {ctx, module, f, out};
  return ts_protect(ctx, prepare_protected, &call);
}

typedef struct run_call {
  compiled *compiled;
  ts_run_args *args;
} run_call;

static ts_result run_protected(void *arg) {
  const run_call *call = arg;
  compiled *c = call->compiled;
  const ts_array *arrays = call->args->arrays;
  ts_bindings b;
  ts_result r = ts_bind(c->prog.ctx, c->func, arrays, NULL, &b);
  if (r == TS_OK) r = ts_check_arrays(c->prog.ctx, c->func, &b, arrays);
  if (r == TS_OK) r = ready(c, &b, call->args->stats != NULL);
  return r == TS_OK ? execute(c, call->args) : r;
}

static ts_result loop_run(ts_context *ctx, void *handle, ts_run_args *args) {
  run_call call = {handle, args};
  return ts_protect_about(ctx, &args->func->module->source, run_protected, &call);
}

static void loop_release(ts_context *ctx, void *handle) {
  compiled *c = handle;
  drop_space(ctx, &c->space);
  ts_vm_program_close(&c->prog);
  ts_free(&ctx->memory, c, sizeof *c);
}

const ts_engine ts_engine_loop = {
    .name = "loop",
    .family = "interp",
    .summary = "the loop VM: bytecode with every access proved in bounds or checked",
    .levels = TS_LEVEL_L,
    .pipeline = "lower",
    .counts = true,
    .math_error = 0.5,
    .prepare = loop_prepare,
    .run = loop_run,
    .release = loop_release,
};
