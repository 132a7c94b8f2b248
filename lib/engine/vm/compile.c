/* From loop IR to the VM's bytecode: functions, blocks, registers and the account of what ops
 * cost. */
#include <inttypes.h>

#include "analysis/cost/flops.h"
#include "engine/vm/code.h"

/* ---- values and registers ---- */

ts_vm_val *ts_vmc_val(ts_vmc *c, const ts_value *v) {
  if (v->kind == TS_VALUE_RESULT) return &c->vals[v->def->tag + v->index];
  return &c->vals[v->block->parent ? v->block->parent->tag + v->index : v->index];
}

ts_vm_buffer *ts_vmc_buffer(ts_vmc *c, const ts_value *memref) {
  return &c->buffers.at[ts_vmc_val(c, memref)->buffer - 1];
}

void ts_vmc_limit(ts_vmc *c, ts_loc loc, const char *fmt, ...) {
  if (c->result != TS_OK) return;
  va_list args;
  va_start(args, fmt);
  (void)ts_error(c->ctx, loc, "%s", ts_vsprintf(c->arena, fmt, args));
  va_end(args);
  c->result = TS_LIMIT;
}

int32_t ts_vmc_slots(ts_vmc *c, int64_t n) {
  int64_t at = c->next_slot;
  if (n > TS_VM_MAX_SLOTS - at) {
    ts_vmc_limit(c, c->func->loc, "function @%s needs more than %d registers",
                 ts_str_text(c->module, c->func->name), TS_VM_MAX_SLOTS);
    return TS_VM_FIRST;
  }
  c->next_slot += n;
  return (int32_t)at;
}

int64_t ts_vmc_lanes(const ts_type *t) {
  if (ts_is_kind(t, TS_TYPE_VECTOR)) return t->dims[0];
  if (!ts_is_kind(t, TS_TYPE_FRAGMENT)) return 1;
  int64_t a = t->dims[t->role == TS_FRAG_B ? 2 : 0], b = t->dims[t->role == TS_FRAG_A ? 2 : 1];
  return b > TS_VM_MAX_SLOTS / a ? TS_VM_MAX_SLOTS : a * b;
}

int64_t ts_vmc_symbol(void *c, ts_str name) {
  return ts_binding_value(&((ts_vmc *)c)->code->bindings, name);
}

int64_t ts_vmc_extent(ts_vmc *c, ts_extent e) {
  return ts_is_symbolic(e) ? ts_vmc_symbol(c, ts_extent_name(e)) : e;
}

ts_insn *ts_vmc_emit_at(ts_vmc *c, int depth, ts_vm_opcode op, int32_t ra, int32_t rb, int32_t rc,
                        int32_t rd, int64_t imm) {
  ts_vm_list *to = depth == c->depth ? &c->levels[depth]->body : &c->levels[depth + 1]->pre;
  ts_push(c->arena, to, (ts_insn){.op = op, .a = ra, .b = rb, .c = rc, .d = rd, .imm = imm});
  return &to->at[to->n - 1];
}

ts_insn *ts_vmc_emit(ts_vmc *c, ts_vm_opcode op, int32_t ra, int32_t rb, int32_t rc, int32_t rd,
                     int64_t imm) {
  return ts_vmc_emit_at(c, c->depth, op, ra, rb, rc, rd, imm);
}

ts_insn *ts_vmc_emit_lanes(ts_vmc *c, ts_vm_opcode op, int64_t lanes, int32_t ra, int32_t rb,
                           int32_t rc, int32_t rd, int32_t lo) {
  ts_insn *insn = ts_vmc_emit(c, lanes == 1 ? op : op + 1, ra, rb, rc, rd, 0);
  insn->lo = lo;
  insn->hi = (int32_t)lanes;
  return insn;
}

void ts_vmc_fence(ts_vmc *c) { c->levels[c->depth]->fence = c->levels[c->depth]->body.n; }

/* A constant's register is set once, before the function's body. */
static int32_t literal_slot(ts_vmc *c, const ts_value *v) {
  void *known = ts_ptrmap_get(&c->literals, v);
  if (known) return (int32_t)(intptr_t)known;
  int64_t lanes = ts_vmc_lanes(v->type);
  int32_t r = ts_vmc_slots(c, lanes);
  ts_slot s = {.i = (int64_t)v->bits};
  if (v->type->dtype == TS_F32) {
    float f = (float)s.d;
    s.i = 0;
    s.f = f;
  }
  ts_vm_list *pre = &c->levels[0]->pre;
  ts_push(c->arena, pre, (ts_insn){.op = TS_VM_OP_LDI, .a = r, .imm = s.i});
  if (lanes > 1)
    ts_push(c->arena, pre, (ts_insn){.op = TS_VM_OP_SPLAT, .a = r, .b = r, .hi = (int32_t)lanes});
  ts_ptrmap_put(&c->literals, v, (void *)(intptr_t)r);
  return r;
}

int32_t ts_vmc_use(ts_vmc *c, const ts_value *v) {
  if (ts_is_literal(v)) return literal_slot(c, v);
  ts_vm_val *val = ts_vmc_val(c, v);
  if (val->form) return ts_vmc_whole(c, val->form);
  if (val->reg == 0 && val->atom) {
    ts_linear f = ts_vmc_form_atom(c, val->atom - 1);
    return ts_vmc_linear(c, &f);
  }
  return val->reg;
}

int32_t ts_vmc_dest(ts_vmc *c, const ts_op *op) {
  ts_vm_val *val = ts_vmc_op(c, op);
  val->level = c->depth;
  val->pinned = val->into != 0;
  val->reg = val->into ? val->into : ts_vmc_slots(c, ts_vmc_lanes(ts_op_result(op, 0)->type));
  return val->reg;
}

uint32_t ts_vmc_site(ts_vmc *c, const ts_op *op, unsigned access) {
  unsigned n = ts_num_dims(op);
  int32_t *dims = ts_new_array(&c->prog->arena, int32_t, n + 1);
  for (unsigned i = 0; i < n; i++)
    dims[i] = ts_vmc_use(c, ts_dim(op, i));
  ts_push(&c->prog->arena, &c->code->sites, (ts_vm_site){op, access, dims});
  return (uint32_t)c->code->sites.n - 1;
}

void ts_vmc_add_cost(ts_vm_level *to, double cost, const ts_op *worst, double worst_trip) {
  to->cost += cost;
  if (worst_trip > to->worst_trip) {
    to->worst = worst;
    to->worst_trip = worst_trip;
  }
}

int64_t ts_vmc_saturate(double cost) { return cost < 9e18 ? (int64_t)cost : INT64_MAX; }

uint32_t ts_vmc_op_site(ts_vmc *c, const ts_op *op) {
  ts_push(&c->prog->arena, &c->code->sites, (ts_vm_site){op, 0, NULL});
  return (uint32_t)c->code->sites.n - 1;
}

int64_t ts_vmc_aligned(int64_t n) { return (n + 63) & ~(int64_t)63; }

/* ---- counting ---- */

void ts_vmc_open_region(ts_vmc *c) {
  ts_push(&c->prog->arena, &c->prog->regions, (ts_vm_region){0});
  c->region = (uint32_t)c->prog->regions.n - 1;
}

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
