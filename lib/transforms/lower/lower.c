/* The pass `lower`: tensor functions to loops, buffers and accumulators.
 *
 * requires   tensor functions that verify; loop functions are left as they are
 * preserves  results to the last bit (docs/semantics.md), signatures as callers see them, names
 * rewrite    func @f(%x: tensor<…>) -> tensor<…>   →   func @f(%x: memref<…>, %Y: out memref<…>)
 *            %v = op …          →   %v = alloc; a loop nest that fills it
 *            return %v          →   the nest fills the out argument itself
 *            %c = const […]     →   global @f_c …; %c = get_global @f_c
 *            %c = const splat   →   a literal wherever an element of it is read
 *            %v = call @g(%x)   →   %v = alloc; call @g(%x, %v)
 *
 * Ops whose results nothing needs leave no trace. Every op gets a nest of its own, in one walk, so
 * time and memory are linear in the module. */
#include "transforms/lower/lower_impl.h"
#include "transforms/passes.h"

/* ---- constants ---- */

static void fill(ts_lower *L, ts_value *buffer, ts_value *literal) {
  ts_subs subs = ts_lower_nest(L, buffer->type);
  ts_lower_store(L, literal, buffer, &subs);
  ts_lower_end(L, subs.n);
}

/* Brings the constants that an op reads from memory into view, before its loops. A splat is read as
 * a literal, except by a call, which takes buffers only; and a global has no symbolic extents. */
static void fetch_operands(ts_lower *L, ts_op *op) {
  for (unsigned i = 0; i < op->num_plain; i++) {
    ts_value *v = ts_operand(op, i);
    if (!ts_lower_is_const(v) || ts_ptrmap_get(&L->buffers, v)) continue;
    ts_value *splat = ts_lower_splat(L, v);
    if (splat && op->opcode != TS_OP_CALL) continue;
    if (splat && ts_type_num_elements(v->type) == 0)
      fill(L, ts_lower_result(L, v), splat);
    else
      ts_lower_fetch_const(L, v);
  }
}

/* ---- calls, results ---- */

static void lower_call(ts_lower *L, ts_op *op) {
  unsigned n = 0;
  ts_value **operands = ts_new_array(L->scratch, ts_value *, op->num_plain + op->num_results + 1u);
  for (unsigned i = 0; i < op->num_plain; i++)
    operands[n++] = ts_lower_buffer(L, ts_operand(op, i));
  for (unsigned i = 0; i < op->num_results; i++)
    operands[n++] = ts_lower_result(L, ts_op_result(op, i));
  ts_op *call = ts_op_create(L->m, TS_OP_CALL, op->loc, n, operands, 0, NULL, 0, NULL, 0);
  ts_attr_set(L->m, call, *ts_attr_find(op, TS_ATTR_CALLEE));
  ts_op_insert(&L->b, call);
}

/* A result that no nest wrote: a parameter, a constant, or a value that is returned already. */
static void copy_result(ts_lower *L, ts_value *v, ts_value *out) {
  ts_value *literal = ts_lower_splat(L, v);
  if (literal && !ts_ptrmap_get(&L->buffers, v)) {
    fill(L, out, literal);
    return;
  }
  ts_value *operands[] = {ts_lower_buffer(L, v), out};
  ts_op_insert(&L->b, ts_op_create(L->m, TS_OP_COPY, L->b.loc, 2, operands, 0, NULL, 0, NULL, 0));
}

/* ---- one op ---- */

static void lower_normalize(ts_lower *L, ts_op *op) {
  if (op->opcode == TS_OP_SOFTMAX)
    ts_lower_softmax(L, op);
  else
    ts_lower_layernorm(L, op);
}

static void lower_op(ts_lower *L, ts_op *op) {
  L->b.loc = op->loc;
  if (op->opcode != TS_OP_RETURN) fetch_operands(L, op);
  switch (ts_root_info(op)->class) {
  case TS_OC_CONSTANT: return; /* where it is used */
  case TS_OC_CALL: lower_call(L, op); return;
  case TS_OC_FUSED: ts_lower_fused(L, op); return;
  case TS_OC_PRODUCT:
  case TS_OC_REDUCE: ts_lower_combined(L, op); return;
  case TS_OC_NORMALIZE: lower_normalize(L, op); return;
  case TS_OC_QUANTIZE: ts_lower_quantize(L, op); return;
  case TS_OC_VIEW:
    if (ts_has_maps(op))
      ts_lower_moved(L, op);
    else
      ts_lower_reshape(L, op);
    return;
  default: ts_lower_elementwise(L, op); return;
  }
}

/* Tags the ops to lower with 1, others with 0: needed are calls, the return, and what they use. */
static void mark_needed(ts_func *f) {
  for (ts_op *op = f->body->first; op; op = op->next)
    op->tag = 0;
  for (ts_op *op = f->body->last; op; op = op->prev) {
    bool needed = op->tag == 1 || !ts_has_flag(op, TS_FLAG_PURE);
    op->tag = needed;
    for (unsigned i = 0; needed && i < op->num_plain; i++) {
      ts_value *v = ts_operand(op, i);
      if (v->kind == TS_VALUE_RESULT) v->def->tag = 1;
    }
  }
}

/* ---- one function ---- */

static const void *str_key(ts_str s) { return (const void *)(uintptr_t)s; }

static void take_names(ts_lower *L) {
  const ts_block *body = L->func->body;
  for (unsigned i = 0; i < body->num_args; i++)
    if (body->args[i]->name) ts_ptrmap_put(&L->taken, str_key(body->args[i]->name), L);
  for (ts_op *op = body->first; op; op = op->next)
    for (unsigned i = 0; i < op->num_results; i++)
      if (ts_op_result(op, i)->name)
        ts_ptrmap_put(&L->taken, str_key(ts_op_result(op, i)->name), L);
}

/* Parameters become memrefs; results become out arguments with the names that callers know. Gives the out
 * arguments; NULL when the function takes and returns nothing. */
static ts_value **lower_signature(ts_lower *L) {
  ts_func *f = L->func;
  ts_signature sig = ts_func_signature(f);
  unsigned n = f->body->num_args;
  uint8_t *roles = ts_new_array(&L->m->arena, uint8_t, sig.n + 1);
  ts_changed_func(f);
  for (unsigned i = 0; i < n; i++) {
    ts_value *arg = f->body->args[i];
    arg->type = ts_lower_buffer_type(L, arg->type);
    ts_ptrmap_put(&L->buffers, arg, arg);
  }
  for (unsigned i = n; i < sig.n; i++) {
    ts_block_add_arg(L->m, f->body, ts_lower_buffer_type(L, sig.entries[i].type),
                     sig.entries[i].name);
    roles[i] = TS_ROLE_OUT;
  }
  f->roles = roles;
  f->num_results = 0;
  f->results = NULL;
  return sig.n ? f->body->args + n : NULL;
}

/* A value computed here and returned is computed into the out argument, once. */
static void place_results(ts_lower *L, const ts_op *ret, ts_value *const *outs) {
  for (unsigned i = 0; i < ret->num_plain; i++) {
    ts_value *v = ts_operand(ret, i);
    if (v->kind == TS_VALUE_RESULT && !ts_lower_is_const(v) && !ts_ptrmap_get(&L->buffers, v))
      ts_ptrmap_put(&L->buffers, v, outs[i]);
  }
}

static void copy_results(ts_lower *L, ts_op *ret, ts_value *const *outs) {
  L->b.loc = ret->loc;
  for (unsigned i = 0; i < ret->num_plain; i++) {
    ts_value *v = ts_operand(ret, i);
    if (ts_ptrmap_get(&L->buffers, v) == outs[i]) continue;
    if (ts_lower_is_const(v) && !ts_lower_splat(L, v) && !ts_ptrmap_get(&L->buffers, v))
      ts_lower_fetch_const(L, v);
    copy_result(L, v, outs[i]);
  }
}

static void lower_body(ts_lower *L, ts_op *ret, ts_value *const *outs) {
  ts_op *first = L->func->body->first;
  mark_needed(L->func);
  L->b = ts_builder_at_end(L->m, L->func->body, ret->loc);
  for (ts_op *op = first; op != ret; op = op->next) {
    ts_op *before = L->func->body->last;
    if (op->tag) lower_op(L, op);
    if (before->next) ts_comments_move(L->m, op, before->next);
  }
  copy_results(L, ret, outs);
  for (ts_op *op = ret, *prev; op; op = prev) {
    prev = op->prev;
    ts_op_erase(op);
  }
}

/* A function without results may leave its return out; the walk needs one to end at. */
static ts_op *return_of(ts_lower *L, ts_func *f) {
  ts_op *last = f->body->last;
  if (last && last->opcode == TS_OP_RETURN) return last;
  ts_builder end = ts_builder_at_end(L->m, f->body, f->loc);
  return ts_build_terminator(&end, TS_OP_RETURN, 0, NULL);
}

static void lower_func(ts_lower *L, ts_func *f) {
  L->func = f;
  L->num_consts = L->num_renamed = L->num_nests = L->depth = L->num_dims = 0;
  ts_ptrmap_init(&L->buffers, L->scratch);
  ts_ptrmap_init(&L->taken, L->scratch);
  ts_op *ret = return_of(L, f);
  ts_value **outs = lower_signature(L);
  take_names(L);
  place_results(L, ret, outs);
  lower_body(L, ret, outs);
}

/* ---- the acc option ---- */

static bool has_acc(const ts_op *op) {
  return ts_takes_attr(op->opcode, TS_ATTR_ACC) && ts_root_info(op)->class != TS_OC_FUSED;
}

/* Gives the type to every op of its class: acc = f32 leaves a module's integer products alone. */
static ts_result override_acc(ts_lower *L, ts_func *f, ts_dtype acc) {
  ts_result result = TS_OK;
  for (ts_op *op = f->body->first; op; op = op->next) {
    if (!has_acc(op)) continue;
    ts_dtype in = ts_operand(op, 0)->type->dtype;
    if (ts_is_float(in) != ts_is_float(acc)) continue;
    ts_attr_set_dtype(L->m, op, TS_ATTR_ACC, acc);
    if (ts_dtype_holds(acc, in)) continue;
    result =
        ts_error(L->m->ctx, op->loc, "acc = %s does not hold the %s inputs of this `%s` exactly",
                 ts_dtype_name(acc), ts_dtype_name(in), ts_info(op)->name);
  }
  return result;
}

/* ---- the pass ---- */

ts_result ts_pass_lower(ts_pass_ctx *pass, ts_module *m, const void *options) {
  ts_dtype acc = ((const ts_lower_options *)options)->acc;
  ts_lower L = {.m = m, .scratch = pass->scratch};
  if (acc == TS_I1)
    return ts_error_plain(m->ctx, "acc = i1 is no number type; try f64, f32 or i32");
  for (ts_func *f = m->first_func; f; f = f->next) {
    if (ts_func_level(f) != TS_LEVEL_T) continue;
    if (acc != TS_NUM_DTYPES && override_acc(&L, f, acc) != TS_OK) return TS_ERR;
    lower_func(&L, f);
    ts_count(pass, "functions lowered", 1);
    pass->changed = true;
  }
  return TS_OK;
}
