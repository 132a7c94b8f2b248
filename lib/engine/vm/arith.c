/* The VM's compiler: arithmetic, comparisons, conversions and what vectors and fragments add. */
#include "engine/vm/code.h"

static ts_dtype dtype_of(const ts_value *v) { return (ts_dtype)v->type->dtype; }

/* Emits a op with up to three operands over the result's lanes. */
static void elementwise(ts_vmc *c, const ts_op *op, ts_vm_opcode vm_op, int32_t lo) {
  int32_t r[3] = {0};
  for (unsigned i = 0; i < 3; i++)
    r[i] = i < op->num_plain ? ts_vmc_use(c, ts_operand(op, i)) : r[0];
  int64_t lanes = ts_vmc_lanes(ts_op_result(op, 0)->type);
  ts_vmc_emit_lanes(c, vm_op, lanes, ts_vmc_dest(c, op), r[0], r[1], r[2], lo);
}

/* ---- multiply-add of two loads ---- */

/* The load that alone gives `v`, through an extension that is free; NULL when it has other uses. */
static const ts_op *sole_load(ts_vmc *c, const ts_value *v) {
  if (v->kind != TS_VALUE_RESULT || !ts_has_one_use(v)) return NULL;
  const ts_op *op = v->def;
  if (op->opcode == TS_OP_EXTF || op->opcode == TS_OP_EXTSI) {
    const ts_value *from = ts_operand(op, 0);
    if (from->kind != TS_VALUE_RESULT || !ts_has_one_use(from)) return NULL;
    op = from->def;
  }
  return op->opcode == TS_OP_LOAD && ts_vmc_val(c, v)->reg == ts_vmc_op(c, op)->reg ? op : NULL;
}

static ts_vm_opcode mac_of(uint32_t load, bool sums_f32) {
  switch (load) {
  case TS_VM_OP_LD_F32X: return TS_VM_OP_MAC_F32X;
  case TS_VM_OP_LD_BF16: return sums_f32 ? TS_VM_NUM : TS_VM_OP_MAC_BF16X;
  case TS_VM_OP_LD_F64: return TS_VM_OP_MAC_F64;
  case TS_VM_OP_LD_F32: return sums_f32 ? TS_VM_OP_MAC_F32 : TS_VM_NUM;
  case TS_VM_OP_LD_I8: return TS_VM_OP_MAC_I8;
  case TS_VM_OP_LD_I32: return TS_VM_OP_MAC_I32;
  default: return TS_VM_NUM;
  }
}

bool ts_vmc_try_mac(ts_vmc *c, const ts_op *op, int32_t acc, const ts_value *x, const ts_value *y) {
  ts_vm_level *l = c->levels[c->depth];
  if (l->body.n < l->fence + 2 || ts_vmc_op(c, op)->into != acc || !sole_load(c, x) ||
      !sole_load(c, y))
    return false;
  ts_insn *p = &l->body.at[l->body.n - 2], *q = p + 1;
  int32_t rx = ts_vmc_use(c, x), ry = ts_vmc_use(c, y);
  bool loads = (p->a == rx && q->a == ry) || (p->a == ry && q->a == rx);
  ts_vm_opcode mac = mac_of(p->op, dtype_of(ts_op_result(op, 0)) == TS_F32);
  if (!loads || p->op != q->op || mac == TS_VM_NUM || rx == ry || p->imm != (int32_t)p->imm ||
      q->imm != (int32_t)q->imm)
    return false;
  ts_insn m = {.op = mac, .a = ts_vmc_dest(c, op), .b = p->b, .c = q->b};
  m.lo = (int32_t)p->imm;
  m.hi = (int32_t)q->imm;
  *p = m;
  l->body.n--;
  return true;
}

/* ---- floats ---- */

static bool fits_f32(const ts_value *v) {
  return ts_is_literal(v) && (double)(float)ts_literal_as_double(v) == ts_literal_as_double(v);
}

static bool is_narrow(ts_vmc *c, const ts_value *v) {
  return ts_is_literal(v) ? fits_f32(v) : ts_vmc_val(c, v)->narrow;
}

static void fma_op(ts_vmc *c, const ts_op *op) {
  const ts_value *x = ts_operand(op, 0), *y = ts_operand(op, 1), *z = ts_operand(op, 2);
  ts_dtype d = dtype_of(ts_op_result(op, 0));
  bool scalar = ts_is_kind(z->type, TS_TYPE_SCALAR);
  if (scalar && (d == TS_F32 || d == TS_F64) && !ts_is_literal(z) &&
      ts_vmc_try_mac(c, op, ts_vmc_use(c, z), x, y))
    return;
  if (d == TS_F32)
    elementwise(c, op, TS_VM_OP_FMA_F32, 0);
  else if (d == TS_F64)
    /* Of two factors of 24 bits the product is exact in 53: multiply, add, and it is rounded
     * once. */
    elementwise(c, op, is_narrow(c, x) && is_narrow(c, y) ? TS_VM_OP_FMAX_F64 : TS_VM_OP_FMA_F64,
                0);
  else
    elementwise(c, op, TS_VM_OP_EVAL_F64, ts_vmc_row(ts_scalar_of(op), d));
}

/* The VM's own instruction for a float op on f64; the f32 ones stand in the same order. */
static ts_vm_opcode float_op(ts_opcode op) {
  switch (op) {
  case TS_OP_ADDF: return TS_VM_OP_ADD_F64;
  case TS_OP_SUBF: return TS_VM_OP_SUB_F64;
  case TS_OP_MULF: return TS_VM_OP_MUL_F64;
  case TS_OP_DIVF: return TS_VM_OP_DIV_F64;
  case TS_OP_NEGF: return TS_VM_OP_NEG_F64;
  default: return TS_VM_NUM;
  }
}

static ts_vm_opcode for_f32(ts_vm_opcode op, ts_dtype d) {
  return d == TS_F32 ? op - TS_VM_OP_ADD_F64 + TS_VM_OP_ADD_F32 : op;
}

static void float_arith(ts_vmc *c, const ts_op *op) {
  ts_dtype d = dtype_of(ts_op_result(op, 0));
  ts_vm_opcode own = float_op((ts_opcode)op->opcode);
  if (op->opcode == TS_OP_FMA)
    fma_op(c, op);
  else if (own != TS_VM_NUM && (d == TS_F64 || d == TS_F32))
    elementwise(c, op, for_f32(own, d), 0);
  else
    elementwise(c, op, d == TS_F32 ? TS_VM_OP_EVAL_F32 : TS_VM_OP_EVAL_F64,
                ts_vmc_row(ts_scalar_of(op), d));
}

/* ---- integers ---- */

/* acc + x * y with the product made just before: one instruction when both factors were loaded. */
static bool integer_mac(ts_vmc *c, const ts_op *op) {
  if (!ts_is_kind(ts_op_result(op, 0)->type, TS_TYPE_SCALAR) ||
      dtype_of(ts_op_result(op, 0)) != TS_I32)
    return false;
  for (unsigned i = 0; i < 2; i++) {
    const ts_value *product = ts_operand(op, i), *acc = ts_operand(op, 1 - i);
    ts_vm_level *l = c->levels[c->depth];
    if (ts_is_literal(product) || ts_is_literal(acc) || product->kind != TS_VALUE_RESULT ||
        product->def->opcode != TS_OP_MULI || !ts_has_one_use(product) || l->body.n == 0 ||
        l->body.n <= l->fence || l->body.at[l->body.n - 1].op != TS_VM_OP_MUL_I32 ||
        l->body.at[l->body.n - 1].a != ts_vmc_val(c, product)->reg)
      continue;
    ts_insn product_insn = l->body.at[--l->body.n];
    if (ts_vmc_try_mac(c, op, ts_vmc_use(c, acc), ts_operand(product->def, 0),
                       ts_operand(product->def, 1)))
      return true;
    l->body.at[l->body.n++] = product_insn;
  }
  return false;
}

static ts_vm_opcode int_op(ts_opcode op, ts_dtype d) {
  int narrow = d == TS_I32 ? 1 : d == TS_I8 ? 2 : 0;
  switch (op) {
  case TS_OP_ADDI:
    return (ts_vm_opcode[]){TS_VM_OP_ADD_I64, TS_VM_OP_ADD_I32, TS_VM_OP_ADD_I8}[narrow];
  case TS_OP_SUBI:
    return (ts_vm_opcode[]){TS_VM_OP_SUB_I64, TS_VM_OP_SUB_I32, TS_VM_OP_SUB_I8}[narrow];
  case TS_OP_MULI:
    return (ts_vm_opcode[]){TS_VM_OP_MUL_I64, TS_VM_OP_MUL_I32, TS_VM_OP_MUL_I8}[narrow];
  case TS_OP_MAXI: return TS_VM_OP_MAX_I;
  case TS_OP_MINI: return TS_VM_OP_MIN_I;
  case TS_OP_ANDI: return TS_VM_OP_AND_I;
  case TS_OP_ORI: return TS_VM_OP_OR_I;
  case TS_OP_XORI: return TS_VM_OP_XOR_I;
  default: return TS_VM_NUM;
  }
}

static void int_arith(ts_vmc *c, const ts_op *op) {
  ts_dtype d = dtype_of(ts_op_result(op, 0));
  if (op->opcode == TS_OP_ADDI && integer_mac(c, op)) return;
  ts_vm_opcode own = int_op((ts_opcode)op->opcode, d);
  if (own != TS_VM_NUM) {
    elementwise(c, op, own, 0);
    return;
  }
  uint32_t site = ts_vmc_site(c, op, 0);
  elementwise(c, op, TS_VM_OP_EVAL_I, ts_vmc_row(ts_scalar_of(op), d));
  ts_vm_list *body = &c->levels[c->depth]->body;
  body->at[body->n - 1].site = site;
}

/* ---- comparisons and choice ---- */

/* Each predicate's scalar and lane form stand side by side, in the order of ts_pred. */
static void compare(ts_vmc *c, const ts_op *op) {
  ts_dtype d = dtype_of(ts_operand(op, 0));
  ts_vm_opcode first = op->opcode == TS_OP_CMPI ? TS_VM_OP_CMP_EQ_I
                       : d == TS_F32            ? TS_VM_OP_CMP_EQ_F32
                                                : TS_VM_OP_CMP_EQ_F64;
  elementwise(c, op, first + 2 * ts_op_pred(op), 0);
}

static void select_op(ts_vmc *c, const ts_op *op) {
  int64_t lanes = ts_vmc_lanes(ts_op_result(op, 0)->type);
  if (lanes == 1 || !ts_is_kind(ts_operand(op, 0)->type, TS_TYPE_SCALAR)) {
    elementwise(c, op, TS_VM_OP_SELECT, 0);
    return;
  }
  int32_t flag = ts_vmc_use(c, ts_operand(op, 0)), x = ts_vmc_use(c, ts_operand(op, 1)),
          y = ts_vmc_use(c, ts_operand(op, 2));
  ts_vmc_emit(c, TS_VM_OP_SELECTV, ts_vmc_dest(c, op), flag, x, y, 0)->hi = (int32_t)lanes;
}

/* ---- conversions ---- */

/* The result is the operand's register, unless a later store may change that. */
static void same_register(ts_vmc *c, const ts_op *op, int32_t r) {
  const ts_value *from = ts_operand(op, 0);
  ts_vm_val *val = ts_vmc_op(c, op);
  if (!ts_is_literal(from) && ts_vmc_val(c, from)->pinned) {
    int64_t lanes = ts_vmc_lanes(ts_op_result(op, 0)->type);
    ts_vmc_emit_lanes(c, TS_VM_OP_MOV, lanes, ts_vmc_dest(c, op), r, 0, 0, 0);
    return;
  }
  val->reg = r;
  val->level = c->depth;
}

static void extend(ts_vmc *c, const ts_op *op) {
  const ts_value *from = ts_operand(op, 0);
  ts_dtype d = dtype_of(from), to = dtype_of(ts_op_result(op, 0));
  bool as_f64 = !ts_is_literal(from) && ts_vmc_val(c, from)->as_f64;
  if (to == TS_F32)
    elementwise(c, op, TS_VM_OP_TRUNC_F32, 0);
  else if (d == TS_F32 && !as_f64)
    elementwise(c, op, TS_VM_OP_EXT_F32, 0);
  else
    same_register(c, op, ts_vmc_use(c, from));
  ts_vmc_op(c, op)->narrow = true;
}

static void convert(ts_vmc *c, const ts_op *op) {
  ts_dtype d = dtype_of(ts_operand(op, 0)), to = dtype_of(ts_op_result(op, 0));
  switch (op->opcode) {
  case TS_OP_EXTF: extend(c, op); break;
  case TS_OP_TRUNCF:
    if (to == TS_F32)
      elementwise(c, op, TS_VM_OP_TRUNC_F32, 0);
    else
      elementwise(c, op, d == TS_F32 ? TS_VM_OP_ROUND_F32 : TS_VM_OP_ROUND, to);
    break;
  case TS_OP_SITOFP:
    elementwise(c, op,
                to == TS_F64   ? TS_VM_OP_SITOFP_F64
                : to == TS_F32 ? TS_VM_OP_SITOFP_F32
                               : TS_VM_OP_SITOFP,
                to);
    break;
  case TS_OP_FPTOSI:
    elementwise(c, op, d == TS_F32 ? TS_VM_OP_FPTOSI_F32 : TS_VM_OP_FPTOSI_F64, to);
    break;
  case TS_OP_EXTSI: same_register(c, op, ts_vmc_use(c, ts_operand(op, 0))); break;
  default: elementwise(c, op, TS_VM_OP_WRAP, to); break;
  }
}

/* ---- vectors and fragments ---- */

/* What joins a vector's lanes: the VM's own instruction for a sum, else one for any row of the table. */
static ts_vm_opcode reduction(ts_scalar scalar, ts_dtype d) {
  if (scalar != TS_SCALAR_ADD)
    return !ts_is_float(d) ? TS_VM_OP_FOLD_I : d == TS_F32 ? TS_VM_OP_FOLD_F32 : TS_VM_OP_FOLD_F64;
  switch (d) {
  case TS_F64: return TS_VM_OP_RED_F64;
  case TS_F32: return TS_VM_OP_RED_F32;
  default: return ts_is_float(d) ? TS_VM_OP_RED : TS_VM_OP_RED_I;
  }
}

static void across(ts_vmc *c, const ts_op *op) {
  int32_t r = ts_vmc_use(c, ts_operand(op, 0));
  ts_dtype d = dtype_of(ts_op_result(op, 0));
  ts_scalar scalar = ts_scalar_with((ts_opcode)ts_info(op)->combine, op);
  ts_insn *insn = ts_vmc_emit(c, reduction(scalar, d), ts_vmc_dest(c, op), r, 0, 0, 0);
  insn->lo = scalar == TS_SCALAR_ADD ? (int32_t)d : ts_vmc_row(scalar, d);
  insn->hi = (int32_t)ts_vmc_lanes(ts_operand(op, 0)->type);
}

static void splat(ts_vmc *c, const ts_op *op) {
  int32_t r = ts_vmc_use(c, ts_operand(op, 0));
  int32_t period = (int32_t)ts_vmc_lanes(ts_operand(op, 0)->type);
  ts_vm_opcode vm_op = period == 1 ? TS_VM_OP_SPLAT : TS_VM_OP_SPLATV;
  ts_vmc_emit(c, vm_op, ts_vmc_dest(c, op), r, period, 0, 0)->hi =
      (int32_t)ts_vmc_lanes(ts_op_result(op, 0)->type);
}

static void dot(ts_vmc *c, const ts_op *op) {
  ts_dtype d = dtype_of(ts_operand(op, 0));
  ts_vm_opcode vm_op = d == TS_BF16                         ? TS_VM_OP_VDOT_BF16
                       : ts_attr_find(op, TS_ATTR_UNSIGNED) ? TS_VM_OP_VDOT_U8
                                                            : TS_VM_OP_VDOT_I8;
  int32_t r[3];
  for (unsigned i = 0; i < 3; i++)
    r[i] = ts_vmc_use(c, ts_operand(op, i));
  ts_insn *insn = ts_vmc_emit(c, vm_op, ts_vmc_dest(c, op), r[0], r[1], r[2], 0);
  insn->lo = (int32_t)ts_vmc_lanes(ts_op_result(op, 0)->type);
  insn->hi = (int32_t)ts_dot_group(d, dtype_of(ts_op_result(op, 0)));
}

static void lanes_below(ts_vmc *c, const ts_op *op) {
  ts_linear f = ts_vmc_form_of(c, op, op->map->exprs[0]);
  int32_t r = ts_vmc_whole(c, &f);
  ts_vmc_emit(c, TS_VM_OP_BELOW, ts_vmc_dest(c, op), r, 0, 0, 0)->hi =
      (int32_t)ts_vmc_lanes(ts_op_result(op, 0)->type);
}

static void insert(ts_vmc *c, const ts_op *op) {
  int32_t x = ts_vmc_use(c, ts_operand(op, 0)), v = ts_vmc_use(c, ts_operand(op, 1));
  int64_t lanes = ts_vmc_lanes(ts_op_result(op, 0)->type);
  int32_t r = ts_vmc_dest(c, op);
  if (r != v) ts_vmc_emit_lanes(c, TS_VM_OP_MOV, lanes, r, v, 0, 0, 0);
  ts_vmc_emit(c, TS_VM_OP_MOV, r + (int32_t)ts_attr_int(op, TS_ATTR_LANE, 0), x, 0, 0, 0);
}

static void mma(ts_vmc *c, const ts_op *op) {
  const ts_type *t = ts_op_result(op, 0)->type;
  const int64_t *d = t->dims;
  if (d[0] > 1023 || d[1] > 1023 || d[2] > 1023) {
    ts_vmc_limit(c, op->loc, "a fragment has at most 1023 rows and columns here");
    return;
  }
  int32_t r[3];
  for (unsigned i = 0; i < 3; i++)
    r[i] = ts_vmc_use(c, ts_operand(op, i));
  ts_insn *insn = ts_vmc_emit(c, TS_VM_OP_MMA, ts_vmc_dest(c, op), r[0], r[1], r[2], 0);
  insn->lo = (int32_t)(d[0] << 20 | d[1] << 10 | d[2]);
  insn->hi = (int32_t)(dtype_of(ts_operand(op, 0)) | (unsigned)t->dtype << 8);
}

/* A scalar or vector constant: its lanes are set before the function's body. */
static void constant(ts_vmc *c, const ts_op *op) {
  const ts_type *t = ts_op_result(op, 0)->type;
  const ts_attr *value = ts_attr_find(op, TS_ATTR_VALUE);
  ts_dtype d = (ts_dtype)t->dtype;
  if (!value || value->data->form == TS_DATA_FILE) {
    (void)ts_error(c->ctx, op->loc, "a register constant cannot come from a file; a `global` can");
    c->result = TS_ERR;
    return;
  }
  int64_t lanes = ts_vmc_lanes(t);
  int32_t r = ts_vmc_dest(c, op);
  ts_array data = {.dtype = d, .rank = 1, .dims = {lanes}, .data = (void *)value->data->bytes};
  for (int64_t i = 0; i < lanes && c->result == TS_OK; i++) {
    int64_t at = value->data->form == TS_DATA_SPLAT ? 0 : i;
    ts_slot s = {0};
    if (d == TS_F32)
      s.f = (float)ts_array_get(&data, at);
    else if (ts_is_float(d))
      s.d = ts_array_get(&data, at);
    else
      s.i = ts_array_get_int(&data, at);
    ts_push(c->arena, &c->levels[0]->pre,
            (ts_insn){.op = TS_VM_OP_LDI, .a = r + (int32_t)i, .imm = s.i});
  }
  ts_vmc_op(c, op)->level = 0;
}

static void apply(ts_vmc *c, const ts_op *op) {
  ts_linear *f = ts_new(c->arena, ts_linear);
  *f = ts_vmc_form_of(c, op, op->map->exprs[0]);
  ts_vmc_op(c, op)->form = f;
}

void ts_vmc_arith(ts_vmc *c, const ts_op *op) {
  switch (op->opcode) {
  case TS_OP_APPLY: apply(c, op); return;
  case TS_OP_CONST: constant(c, op); return;
  case TS_OP_CMPF:
  case TS_OP_CMPI: compare(c, op); return;
  case TS_OP_SELECT: select_op(c, op); return;
  case TS_OP_EXTF:
  case TS_OP_TRUNCF:
  case TS_OP_SITOFP:
  case TS_OP_FPTOSI:
  case TS_OP_EXTSI:
  case TS_OP_TRUNCI: convert(c, op); return;
  case TS_OP_SPLAT: splat(c, op); return;
  case TS_OP_LANES_BELOW: lanes_below(c, op); return;
  case TS_OP_EXTRACT:
    same_register(c, op,
                  ts_vmc_use(c, ts_operand(op, 0)) + (int32_t)ts_attr_int(op, TS_ATTR_LANE, 0));
    return;
  case TS_OP_INSERT: insert(c, op); return;
  case TS_OP_REDUCE_ADD:
  case TS_OP_REDUCE_MAXIMUM: across(c, op); return;
  case TS_OP_MMA: mma(c, op); return;
  case TS_OP_DOT: dot(c, op); return;
  default: break;
  }
  if (!ts_is_class(op, TS_OC_ARITH)) ts_unreachable("an op the loop VM does not know");
  if (ts_is_float(dtype_of(ts_op_result(op, 0))))
    float_arith(c, op);
  else
    int_arith(c, op);
}
