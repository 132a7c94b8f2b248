/* From loop IR to the VM's bytecode: functions, blocks and the account of what ops cost. */
#include <inttypes.h>

#include "analysis/cost/flops.h"
#include "engine/vm/code.h"

/* ---- counting ---- */

static void count_access(ts_vmc *c, ts_vm_region *r, const ts_value *memref, int64_t bytes,
                         bool reads, bool writes) {
  r->loads += reads;
  r->stores += writes;
  ts_vm_traffic t = {c->region, ts_vmc_buffer(c, memref)->stat, reads ? (uint64_t)bytes : 0,
                     writes ? (uint64_t)bytes : 0};
  ts_push(&c->prog->arena, &c->prog->traffic, t);
}

/* Adds one op to the static account of the straight-line code it stands in. */
static void count_op(ts_vmc *c, const ts_op *op) {
  ts_vm_region *r = &c->prog->regions.at[c->region];
  r->ops++;
  r->flops += ts_loop_op_flops(op);
  ts_access a;
  for (unsigned i = 0; i < 2; i++) {
    if (op->opcode == TS_OP_COPY) {
      const ts_vm_buffer *b = ts_vmc_buffer(c, ts_operand(op, i));
      count_access(c, r, b->value, b->count * b->bytes, i == 0, i == 1);
    } else if (op->subscripted && ts_access_parts(op, i, &a)) {
      int64_t n = ts_vmc_lanes(a.type) * ts_dtype_bytes((ts_dtype)a.type->dtype);
      if (op->opcode == TS_OP_ASYNC_COPY) n *= ts_attr_int(op, TS_ATTR_COUNT, 1);
      count_access(c, r, a.memref, n, a.reads, a.writes);
    }
  }
}

/* ---- ops ---- */

/* Fuel of one execution, nested regions left out. */
static double op_cost(ts_vmc *c, const ts_op *op) {
  double n = 1;
  for (unsigned i = 0; i < op->num_results; i++)
    if (!ts_is_kind(ts_op_results(op)[i].type, TS_TYPE_MEMREF))
      n += (double)ts_vmc_lanes(ts_op_results(op)[i].type) - 1;
  if (op->opcode == TS_OP_STORE) n += (double)ts_vmc_lanes(ts_operand(op, 0)->type) - 1;
  if (op->opcode == TS_OP_MMA) n = (double)ts_loop_op_flops(op);
  if (op->opcode == TS_OP_DOT) n = (double)ts_vmc_lanes(ts_operand(op, 0)->type);
  if (op->opcode == TS_OP_COPY) n += (double)ts_vmc_buffer(c, ts_operand(op, 0))->count / 16;
  if (op->opcode == TS_OP_ASYNC_COPY) n += (double)ts_attr_int(op, TS_ATTR_COUNT, 1) / 16;
  if (op->opcode == TS_OP_ALLOC && ts_vmc_buffer(c, ts_op_result(op, 0))->shadowed)
    n += (double)ts_vmc_buffer(c, ts_op_result(op, 0))->count / 16;
  return n;
}

static void compile_op(ts_vmc *c, const ts_op *op) {
  c->levels[c->depth]->cost += op_cost(c, op);
  if (c->prog->counting) count_op(c, op);
  switch (op->opcode) {
  case TS_OP_FOR: ts_vmc_for(c, op); break;
  case TS_OP_IF: ts_vmc_if(c, op); break;
  case TS_OP_LAUNCH: ts_vmc_launch_op(c, op); break;
  case TS_OP_CALL: ts_vmc_call(c, op); break;
  case TS_OP_ALLOC: ts_vmc_alloc(c, op); break;
  case TS_OP_GLOBAL: ts_vmc_get_global(c, op); break;
  case TS_OP_LOAD: ts_vmc_load(c, op); break;
  case TS_OP_STORE: ts_vmc_store(c, op); break;
  case TS_OP_ATOMIC_ADD: ts_vmc_atomic_add(c, op); break;
  case TS_OP_COPY: ts_vmc_copy(c, op); break;
  case TS_OP_ASYNC_COPY: ts_vmc_async_copy(c, op); break;
  case TS_OP_BARRIER:
    ts_vmc_emit(c, TS_VM_OP_BARRIER, 0, 0, 0, 0, 0)->site = ts_vmc_site(c, op, 0);
    ts_vmc_fence(c);
    break;
  case TS_OP_PREFETCH:     /* nothing is read */
  case TS_OP_ASYNC_COMMIT: /* a copy is done at once */
  case TS_OP_ASYNC_WAIT:
  case TS_OP_RETURN: break;
  default: ts_vmc_arith(c, op); break;
  }
}

void ts_vmc_block(ts_vmc *c, const ts_block *block) {
  int64_t mem = c->mem_at, shared = c->shared_at;
  if (++c->prog->nesting > TS_VM_MAX_NESTING)
    ts_vmc_limit(c, c->func->loc, "loops and calls nest more than %d deep", TS_VM_MAX_NESTING);
  for (const ts_op *op = block->first; op && c->result == TS_OK; op = op->next)
    compile_op(c, op);
  c->mem_at = mem;
  c->shared_at = shared;
  c->prog->nesting--;
}

/* ---- functions ---- */

static void set_up_params(ts_vmc *c) {
  ts_vm_code *code = c->code;
  const ts_block *body = c->func->body;
  code->param_regs = ts_new_array(&c->prog->arena, int32_t, body->num_args + 1);
  code->shadow_regs = ts_new_array(&c->prog->arena, int32_t, body->num_args + 1);
  code->param_counts = ts_new_array(&c->prog->arena, int64_t, body->num_args + 1);
  for (unsigned i = 0; i < body->num_args; i++) {
    ts_vm_val *val = &c->vals[i];
    int32_t r = code->param_regs[i] = val->reg = ts_vmc_slots(c, 1);
    ts_vm_buffer *b = &c->buffers.at[val->buffer - 1];
    code->param_counts[i] = b->count;
    b->atom = 1 + ts_vmc_new_atom(c, r, 0, 0, INT64_MAX);
    if (!b->shadowed) continue;
    code->shadow_regs[i] = ts_vmc_slots(c, 1);
    b->shadow_atom = 1 + ts_vmc_new_atom(c, code->shadow_regs[i], 0, 0, INT64_MAX);
  }
}

/* Names every buffer for the account of bytes: those of the entry by their own name. */
static void name_buffers(ts_vmc *c, bool entry) {
  for (size_t i = 0; i < c->buffers.n; i++) {
    ts_vm_buffer *b = &c->buffers.at[i];
    const char *name = b->name;
    if (!entry)
      name = ts_sprintf(&c->prog->arena, "%s.%s", ts_str_text(c->module, c->func->name), b->name);
    b->stat = (uint32_t)c->prog->buffers.n;
    ts_push(&c->prog->arena, &c->prog->buffers, name);
  }
}

/* The finished code: instructions and, beside them, what each may fail for. */
static void finish_code(ts_vmc *c) {
  ts_vm_code *code = c->code;
  const ts_vm_list *pre = &c->levels[0]->pre, *body = &c->levels[0]->body;
  code->n = pre->n + body->n;
  code->insns = ts_new_array(&c->prog->arena, ts_insn, code->n);
  code->sites_of = ts_new_array(&c->prog->arena, uint32_t, code->n);
  code->ops = ts_new_array(&c->prog->arena, uint16_t, code->n);
  for (size_t i = 0; i < code->n; i++) {
    ts_insn *insn = &code->insns[i];
    *insn = i < pre->n ? pre->at[i] : body->at[i - pre->n];
    code->sites_of[i] = insn->site;
    code->ops[i] = (uint16_t)insn->op;
    if (insn->op == TS_VM_OP_CALL) insn->b = (int32_t)c->next_slot;
  }
  code->num_slots = code->total_slots = c->next_slot;
  code->mem_bytes = code->total_mem = ts_vmc_aligned(c->mem_peak);
  for (size_t i = 0; i < code->calls.n; i++) {
    const ts_vm_code *callee = code->calls.at[i]->callee;
    code->total_slots = ts_max(code->total_slots, code->num_slots + callee->total_slots);
    code->total_mem = ts_max(code->total_mem, code->mem_bytes + callee->total_mem);
    if (callee->largest_bytes > code->largest_bytes) {
      code->largest_bytes = callee->largest_bytes;
      code->largest = callee->largest;
    }
  }
}

/* The entry pays for its straight-line code and the calls in it; a callee is paid for by its
 * callers. */
static void pay_for_function(ts_vmc *c) {
  const ts_vm_level *l = c->levels[0];
  c->code->cost = l->cost;
  c->code->worst = l->worst;
  c->code->worst_trip = l->worst_trip;
  if (c->code != c->prog->entry) return;
  ts_insn charge = {.op = TS_VM_OP_CHARGE, .imm = ts_vmc_saturate(l->cost)};
  charge.site = l->worst ? ts_vmc_op_site(c, l->worst) : 0;
  ts_push(c->arena, &c->levels[0]->pre, charge);
}

static ts_result compile_func(ts_vmc *c, const ts_vm_state *states) {
  c->next_slot = TS_VM_FIRST;
  c->levels[0] = ts_new(c->arena, ts_vm_level);
  c->levels[0]->id = ++c->next_level;
  ts_ptrmap_init(&c->literals, c->arena);
  ts_vmc_scan(c, states);
  set_up_params(c);
  name_buffers(c, c->code == c->prog->entry);
  ts_vmc_op_site(c, NULL); /* site 0: never fails */
  if (c->prog->counting) {
    ts_vmc_open_region(c);
    ts_vmc_emit(c, TS_VM_OP_COUNT, 0, (int32_t)c->region, 0, 0, 0);
  }
  ts_vmc_block(c, c->func->body);
  ts_vmc_emit(c, TS_VM_OP_RET, 0, 0, 0, 0, 0);
  pay_for_function(c);
  if (c->result == TS_OK && c->next_slot > TS_VM_MAX_SLOTS) c->result = TS_LIMIT;
  if (c->result == TS_OK) finish_code(c);
  return c->result;
}

static bool same_request(const ts_vm_code *code, const ts_func *f, const ts_bindings *b,
                         const ts_vm_state *states) {
  if (code->func != f || code->bindings.n != b->n) return false;
  for (unsigned i = 0; i < b->n; i++)
    if (code->bindings.at[i].name != b->at[i].name || code->bindings.at[i].value != b->at[i].value)
      return false;
  for (unsigned i = 0; i < f->body->num_args; i++)
    if (code->states[i] != states[i]) return false;
  return true;
}

static ts_vm_code *new_code(ts_vm_program *p, const ts_func *f, const ts_bindings *b,
                            const ts_vm_state *states) {
  ts_vm_code *code = ts_new(&p->arena, ts_vm_code);
  code->func = f;
  code->bindings.n = b->n;
  code->bindings.at = ts_new_array(&p->arena, struct ts_binding, b->n + 1);
  for (unsigned i = 0; i < b->n; i++)
    code->bindings.at[i] = b->at[i];
  code->states = ts_new_array(&p->arena, ts_vm_state, f->body->num_args + 1);
  for (unsigned i = 0; i < f->body->num_args; i++)
    code->states[i] = states[i];
  code->next = p->first;
  p->first = code;
  if (!p->entry) p->entry = code;
  p->num_codes++;
  return code;
}

/* Depth of the chain of codes being compiled: what a call here would nest to. */
static unsigned busy_codes(const ts_vm_program *p) {
  unsigned n = 0;
  for (const ts_vm_code *k = p->first; k; k = k->next)
    n += k->busy;
  return n;
}

ts_result ts_vm_compile(ts_vm_program *p, const ts_func *f, const ts_bindings *b,
                        const ts_vm_state *states, ts_vm_code **out) {
  for (ts_vm_code *k = p->first; k; k = k->next) {
    if (k->busy && k->func == f)
      return ts_error(p->ctx, f->loc, "@%s calls itself", ts_str_text(p->module, f->name));
    if (same_request(k, f, b, states)) {
      *out = k;
      return TS_OK;
    }
  }
  if (p->num_codes >= TS_VM_MAX_CODES) {
    (void)ts_error(p->ctx, f->loc, "functions are called with more than %d combinations of shapes",
                   TS_VM_MAX_CODES);
    return TS_LIMIT;
  }
  if (busy_codes(p) >= TS_VM_MAX_DEPTH) {
    (void)ts_error(p->ctx, f->loc, "calls nest more than %d deep", TS_VM_MAX_DEPTH);
    return TS_LIMIT;
  }
  ts_vmc *c = ts_new(&p->scratch, ts_vmc);
  *out = new_code(p, f, b, states);
  *c = (ts_vmc){
      .prog = p, .ctx = p->ctx, .module = p->module, .arena = &p->scratch, .code = *out, .func = f};
  (*out)->busy = true;
  ts_result r = compile_func(c, states);
  (*out)->busy = false;
  if (r == TS_OK) ts_vm_load(*out);
  return r;
}
