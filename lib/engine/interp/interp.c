/* Running tensor functions op by op on whole arrays; see interp.h.
 *
 * A call has a frame with one slot for each value of the callee. An array lives in its slot from
 * the op that makes it to the last op that uses it. All frames hang off the run, so that whatever
 * ends it, a refused request for memory included, every array is given back. */
#include "engine/interp/interp.h"

#include <inttypes.h>

#include "analysis/cost/flops.h"

typedef struct slot {
  ts_array array;
  unsigned uses; /* still to come */
  int entry;     /* of the signature of the run's function; -1: none */
} slot;

typedef struct frame {
  struct frame *outer;
  const ts_func *func;
  ts_ptrmap index; /* value → slot + 1 */
  TS_VEC(slot) slots;
  ts_bindings bindings;
} frame;

typedef struct run_state {
  ts_context *ctx;
  ts_module *module;
  ts_interp_eval *eval;
  const ts_func *func;
  ts_run_args *args;
  ts_arena arena, scratch; /* of the frames; of the op under way */
  frame *top;
  unsigned depth;
  uint64_t fuel; /* left */
} run_state;

static slot *slot_of(const frame *f, const ts_value *v) {
  return &f->slots.at[(uintptr_t)ts_ptrmap_get(&f->index, v) - 1];
}

static unsigned count_uses(const ts_value *v) {
  unsigned n = 0;
  for (const ts_use *u = v->uses; u; u = u->next)
    n++;
  return n;
}

static slot *add_slot(run_state *s, frame *f, const ts_value *v) {
  ts_push(&s->arena, &f->slots, (slot){.uses = count_uses(v), .entry = -1});
  ts_ptrmap_put(&f->index, v, (void *)(uintptr_t)f->slots.n);
  return &f->slots.at[f->slots.n - 1];
}

static void drop_frame(run_state *s) {
  frame *f = s->top;
  for (size_t i = 0; i < f->slots.n; i++)
    ts_array_drop(s->ctx, &f->slots.at[i].array);
  s->top = f->outer;
  s->depth--;
}

/* A use of v is over; its array goes with the last one. */
static void release(run_state *s, frame *f, const ts_value *v) {
  if (ts_is_literal(v)) return;
  slot *x = slot_of(f, v);
  if (x->uses && --x->uses == 0) ts_array_drop(s->ctx, &x->array);
}

/* ---- accounting ---- */

/* A point costs one, also where it multiplies and adds. */
static ts_result burn(run_state *s, const ts_op *op, uint64_t points) {
  if (!s->args->limits.fuel) return TS_OK;
  if (points < s->fuel) {
    s->fuel -= points;
    return TS_OK;
  }
  ts_error(s->ctx, op->loc,
           "the fuel of %" PRIu64 " scalar operations ends at this `%s`, which takes "
           "%" PRIu64,
           s->args->limits.fuel, ts_info(op)->name, points);
  return TS_LIMIT;
}

static uint64_t bytes_of(const ts_array *a) {
  return (uint64_t)ts_array_count(a) * ts_dtype_bytes(a->dtype);
}

static void count_op(run_state *s, const frame *f, const ts_op *op, const ts_array *in,
                     const ts_array *out, uint64_t points) {
  ts_run_stats *stats = s->args->stats;
  if (!stats) return;
  stats->ops++;
  stats->flops += ts_tensor_op_flops(op, points);
  stats->stores += (uint64_t)ts_array_count(out);
  for (unsigned i = 0; i < op->num_plain; i++) {
    if (ts_is_literal(ts_operand(op, i))) continue;
    stats->loads += (uint64_t)ts_array_count(&in[i]);
    int entry = slot_of(f, ts_operand(op, i))->entry;
    if (entry >= 0) stats->buffers[entry].bytes_read += bytes_of(&in[i]);
  }
}

static void start_stats(run_state *s, const ts_signature *sig) {
  ts_run_stats *stats = s->args->stats;
  if (!stats) return;
  *stats = (ts_run_stats){.num_buffers = sig->n};
  stats->buffers = ts_arena_alloc(&s->ctx->arena, sig->n * sizeof *stats->buffers);
  for (unsigned i = 0; i < sig->n; i++)
    stats->buffers[i].name = ts_str_text(s->module, sig->entries[i].name);
}

/* ---- running ---- */

static ts_result run_func(run_state *s, const ts_func *func, ts_array *arrays, bool outermost);

/* Extents of a result; every symbol in it must have come from the signature. */
static ts_result result_dims(run_state *s, const frame *f, const ts_op *op, const ts_type *t,
                             int64_t *dims) {
  ts_bound_dims(&f->bindings, t, dims);
  for (unsigned i = 0; i < t->rank; i++)
    if (dims[i] == 0)
      return ts_error(s->ctx, op->loc, "no input of @%s binds the extent %s",
                      ts_str_text(s->module, f->func->name),
                      ts_str_text(s->module, ts_extent_name(t->dims[i])));
  return TS_OK;
}

static ts_array *operands_of(run_state *s, const frame *f, const ts_op *op, unsigned more) {
  ts_array *in = ts_new_array(&s->scratch, ts_array, op->num_plain + more + 1);
  for (unsigned i = 0; i < op->num_plain; i++)
    if (!ts_is_literal(ts_operand(op, i))) {
      in[i] = slot_of(f, ts_operand(op, i))->array;
      in[i].owned = false;
    }
  return in;
}

static ts_result run_op(run_state *s, frame *f, const ts_op *op) {
  const ts_type *t = ts_op_result(op, 0)->type;
  slot *to = add_slot(s, f, ts_op_result(op, 0));
  int64_t dims[TS_MAX_RANK];
  ts_result r = result_dims(s, f, op, t, dims);
  if (r == TS_OK) r = ts_array_create(s->ctx, (ts_dtype)t->dtype, t->rank, dims, &to->array);
  if (r != TS_OK) return r;
  ts_array *in = operands_of(s, f, op, 0);
  uint64_t points = ts_tensor_op_points(op, &f->bindings);
  r = burn(s, op, points);
  if (r != TS_OK) return r;
  count_op(s, f, op, in, &to->array, points);
  ts_eval e = {s->ctx, s->module, op, &f->bindings, in, &to->array, &s->scratch};
  r = s->eval(&e);
  if (r == TS_OK && to->uses == 0) ts_array_drop(s->ctx, &to->array);
  return r;
}

/* The callee works on the caller's arrays and leaves its results in the caller's slots. */
static ts_result run_call(run_state *s, frame *f, const ts_op *op) {
  const ts_func *callee = ts_func_find(s->module, ts_attr_find(op, TS_ATTR_CALLEE)->word);
  if (s->depth >= TS_MAX_NESTING) {
    ts_error(s->ctx, op->loc, "calls nest deeper than %d", TS_MAX_NESTING);
    return TS_LIMIT;
  }
  ts_array *arrays = operands_of(s, f, op, op->num_results);
  for (unsigned i = 0; i < op->num_results; i++) {
    const ts_value *v = ts_op_result(op, i);
    int64_t dims[TS_MAX_RANK];
    slot *to = add_slot(s, f, v);
    ts_result r = result_dims(s, f, op, v->type, dims);
    if (r == TS_OK)
      r = ts_array_create(s->ctx, (ts_dtype)v->type->dtype, v->type->rank, dims, &to->array);
    if (r != TS_OK) return r;
    arrays[op->num_plain + i] = to->array;
    arrays[op->num_plain + i].owned = false;
  }
  ts_array *kept = ts_new_array(&s->arena, ts_array, op->num_plain + op->num_results);
  memcpy(kept, arrays, (op->num_plain + op->num_results) * sizeof *kept);
  ts_result r = run_func(s, callee, kept, false);
  for (unsigned i = 0; r == TS_OK && i < op->num_results; i++) {
    slot *to = slot_of(f, ts_op_result(op, i));
    if (to->uses == 0) ts_array_drop(s->ctx, &to->array);
  }
  return r;
}

static void return_values(run_state *s, frame *f, const ts_op *op, ts_array *results,
                          bool outermost) {
  for (unsigned i = 0; i < op->num_plain; i++) {
    const ts_array *a = &slot_of(f, ts_operand(op, i))->array;
    memcpy(results[i].data, a->data, bytes_of(a));
    if (outermost && s->args->stats)
      s->args->stats->buffers[f->func->body->num_args + i].bytes_written += bytes_of(a);
  }
}

static ts_result run_block(run_state *s, frame *f, ts_array *results, bool outermost) {
  for (const ts_op *op = f->func->body->first; op; op = op->next) {
    ts_result r = TS_OK;
    if (op->opcode == TS_OP_RETURN)
      return_values(s, f, op, results, outermost);
    else
      r = op->opcode == TS_OP_CALL ? run_call(s, f, op) : run_op(s, f, op);
    if (r != TS_OK) return r;
    for (unsigned i = 0; i < op->num_plain; i++)
      release(s, f, ts_operand(op, i));
    ts_arena_drop(&s->scratch);
  }
  return TS_OK;
}

/* arrays: one for each entry of the signature, results last. */
static ts_result run_func(run_state *s, const ts_func *func, ts_array *arrays, bool outermost) {
  frame *f = ts_new(&s->arena, frame);
  f->func = func;
  f->outer = s->top;
  ts_ptrmap_init(&f->index, &s->arena);
  s->top = f;
  s->depth++;
  ts_result r = ts_bind(s->ctx, func, arrays, NULL, &f->bindings);
  const ts_block *body = func->body;
  for (unsigned i = 0; i < body->num_args; i++) {
    slot *x = add_slot(s, f, body->args[i]);
    x->array = arrays[i];
    x->array.owned = false;
    if (outermost) x->entry = (int)i;
  }
  if (r == TS_OK) r = run_block(s, f, arrays + body->num_args, outermost);
  if (r == TS_OK) drop_frame(s);
  return r;
}

static ts_result run_body(void *arg) {
  run_state *s = arg;
  ts_signature sig = ts_func_signature(s->func);
  start_stats(s, &sig);
  return run_func(s, s->func, s->args->arrays, true);
}

ts_result ts_interp_run(ts_context *ctx, void *compiled, ts_run_args *args, ts_interp_eval *eval) {
  const ts_func *func = compiled;
  run_state s = {ctx, func->module, eval, func, args, .fuel = args->limits.fuel};
  jmp_buf *outer = ctx->memory.recover;
  ts_arena_init(&s.arena, &ctx->memory);
  ts_arena_init(&s.scratch, &ctx->memory);
  ctx->memory.recover = NULL; /* so that a refusal comes back here, to the arrays */
  ts_result r = ts_protect(ctx, run_body, &s);
  ctx->memory.recover = outer;
  while (s.top)
    drop_frame(&s);
  ts_arena_drop(&s.scratch);
  ts_arena_drop(&s.arena);
  return r;
}

ts_result ts_interp_prepare(ts_context *ctx, const ts_func *func, const char *who,
                            void **compiled) {
  *compiled = (void *)func;
  if (ts_func_level(func) == TS_LEVEL_T) return TS_OK;
  return ts_error(ctx, func->loc, "%s runs tensor functions; @%s holds loops", who,
                  ts_str_text(func->module, func->name));
}

void ts_interp_release(ts_context *ctx, void *compiled) { (void)ctx, (void)compiled; }
