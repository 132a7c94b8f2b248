/* The registers that values are in. */
#include "engine/vm/code.h"

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
