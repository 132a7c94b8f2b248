/* The assembler of the loop VM: registers, instructions and the places they fail for, and the account of what they
 * cost. */
#include "engine/vm/code.h"

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

void ts_vmc_open_region(ts_vmc *c) {
  ts_push(&c->prog->arena, &c->prog->regions, (ts_vm_region){0});
  c->region = (uint32_t)c->prog->regions.n - 1;
}
