/* The VM's compiler: buffers and what reads and writes them.
 *
 * An access becomes at most a bounds check for every subscript that the ranges do not prove, a
 * check of the shadow bytes where the scan found that elements may not be written, and one load or
 * store at an address register plus a constant. */
#include <inttypes.h>

#include "engine/vm/code.h"

/* One access taken apart. A vector is one row; a fragment `rows` rows in the last but one
 * dimension. */
typedef struct access {
  const ts_op *op;
  unsigned index; /* which of the op's accesses */
  ts_access parts;
  ts_vm_buffer *buffer;
  ts_linear subs[TS_MAX_RANK];
  int64_t rows, cols;        /* elements of the buffer */
  bool wide;                 /* rows and cols matter */
  int32_t mask;              /* register; 0: none */
  ts_linear address, shadow; /* in bytes; the second when the buffer has one */
} access;

static int64_t width_of(const access *a, unsigned dim) {
  unsigned rank = a->parts.n;
  return dim + 1 == rank ? a->cols : dim + 2 == rank ? a->rows : 1;
}

static void shape_access(access *a) {
  const ts_type *t = a->parts.type;
  a->rows = a->cols = 1;
  if (a->op->opcode == TS_OP_ASYNC_COPY) {
    a->cols = ts_attr_int(a->op, TS_ATTR_COUNT, 1);
    a->wide = true;
    return;
  }
  a->wide = !a->buffer->type->elem && !ts_is_kind(t, TS_TYPE_SCALAR);
  if (!a->wide) return;
  if (ts_is_kind(t, TS_TYPE_FRAGMENT)) {
    a->rows = t->dims[t->role == TS_FRAG_B ? 2 : 0];
    a->cols = t->dims[t->role == TS_FRAG_A ? 2 : 1];
  } else {
    a->cols = t->dims[0];
  }
}

static ts_linear address_form(ts_vmc *c, const access *a, int32_t atom, int64_t bytes) {
  ts_linear address = ts_vmc_form_atom(c, atom - 1);
  for (unsigned i = 0; i < a->parts.n; i++)
    ts_vmc_form_add(c, &address, &a->subs[i], a->buffer->strides[i] * bytes);
  return address;
}

/* 0 <= subscript and subscript + width <= extent, proved or tested. */
static void check_subscript(ts_vmc *c, const access *a, unsigned dim, uint32_t *site) {
  const ts_linear *f = &a->subs[dim];
  int64_t width = width_of(a, dim), extent = a->buffer->dims[dim];
  bool masked = a->mask && dim + 1 == a->parts.n;
  int64_t limit = ts_max(extent - width + 1, (int64_t)0);
  if (ts_vmc_proved(c, f, limit)) return;
  if (!*site) *site = ts_vmc_site(c, a->op, a->index);
  const __int128 wraps = (__int128)3 << 62; /* nothing this small wraps around into a buffer */
  bool exact = ts_vmc_max(c, f) > wraps || ts_vmc_min(c, f) < -wraps;
  ts_insn *insn;
  if (masked) {
    int32_t r = ts_vmc_whole(c, f), lanes = a->wide ? 1 : (int32_t)a->buffer->lanes;
    for (int32_t l = 0; l < lanes;
         l++) { /* an element that is a vector is touched if any lane is */
      insn = ts_vmc_emit(c, TS_VM_OP_CHKM, r, a->mask + l, (int32_t)width, (int32_t)dim, extent);
      insn->site = *site;
    }
    return;
  } else if (exact) {
    insn = ts_vmc_emit(c, TS_VM_OP_CHKX, 0, (int32_t)dim, 0, 0, limit);
  } else {
    bool small = f->n > 0 && f->constant == (int32_t)f->constant;
    int32_t r = small ? ts_vmc_linear(c, f) : ts_vmc_whole(c, f);
    insn =
        ts_vmc_emit(c, TS_VM_OP_CHK, r, (int32_t)dim, small ? (int32_t)f->constant : 0, 0, limit);
  }
  insn->site = *site;
}

/* Takes access `index` of the op apart and emits its bounds checks. */
static void open_access(ts_vmc *c, const ts_op *op, unsigned index, access *a) {
  a->op = op;
  a->index = index;
  if (!ts_access_parts(op, index, &a->parts)) ts_unreachable("not an access");
  a->buffer = ts_vmc_buffer(c, a->parts.memref);
  shape_access(a);
  a->mask = op->has_mask ? ts_vmc_use(c, ts_operand(op, op->num_plain - 1u)) : 0;
  for (unsigned i = 0; i < a->parts.n; i++)
    a->subs[i] = ts_vmc_form_of(c, op, a->parts.subscripts[i]);
  if (a->buffer->promoted) return;
  uint32_t site = 0;
  for (unsigned i = 0; i < a->parts.n; i++)
    check_subscript(c, a, i, &site);
  a->address = address_form(c, a, a->buffer->atom, a->buffer->bytes);
  if (a->buffer->shadowed) a->shadow = address_form(c, a, a->buffer->shadow_atom, 1);
}

/* Elements from one row of the access to the next. */
static int64_t row_stride(const access *a) {
  return a->parts.n >= 2 ? a->buffer->strides[a->parts.n - 2] : 0;
}

static void check_written(ts_vmc *c, const access *a) {
  ts_insn *insn;
  uint32_t site = ts_vmc_site(c, a->op, a->index);
  if (!a->wide) {
    int32_t r = ts_vmc_linear(c, &a->shadow);
    insn = ts_vmc_emit(c, TS_VM_OP_SHCHK, r, 0, 0, 0, a->shadow.constant);
  } else {
    int32_t r = ts_vmc_whole(c, &a->shadow);
    insn = ts_vmc_emit(c, TS_VM_OP_SHCHKV, r, a->mask ? a->mask : -1, (int32_t)a->rows,
                       (int32_t)a->cols, row_stride(a));
  }
  insn->site = site;
}

static void mark_written(ts_vmc *c, const access *a) {
  if (!a->buffer->shadowed) return;
  if (!a->wide)
    ts_vmc_emit(c, TS_VM_OP_SHSET, ts_vmc_linear(c, &a->shadow), 0, 0, 0, a->shadow.constant);
  else
    ts_vmc_emit(c, TS_VM_OP_SHSETV, ts_vmc_whole(c, &a->shadow), a->mask ? a->mask : -1,
                (int32_t)a->rows, (int32_t)a->cols, row_stride(a));
}

static void watch(ts_vmc *c, const access *a, ts_vm_race_kind kind) {
  if (!c->watch || a->rows != 1) return;
  int64_t lanes = a->wide ? a->cols : 1;
  ts_vmc_race_access(c, a->parts.memref, &a->address, a->mask, (int32_t)lanes,
                     (int32_t)a->buffer->bytes, kind, ts_vmc_site(c, a->op, a->index));
}

/* ---- loads and stores ---- */

/* The three forms stand in this order in ops.def. */
static ts_vm_opcode load_op(ts_dtype d) {
  static const ts_vm_opcode ops[] = {
      [TS_F64] = TS_VM_OP_LD_F64,   [TS_F32] = TS_VM_OP_LD_F32, [TS_F16] = TS_VM_OP_LD_F16,
      [TS_BF16] = TS_VM_OP_LD_BF16, [TS_I64] = TS_VM_OP_LD_I64, [TS_I32] = TS_VM_OP_LD_I32,
      [TS_I8] = TS_VM_OP_LD_I8,     [TS_I1] = TS_VM_OP_LD_I1,   [TS_INDEX] = TS_VM_OP_LD_I64};
  return ops[d];
}

static ts_vm_opcode store_op(ts_dtype d) { return load_op(d) - TS_VM_OP_LD_F64 + TS_VM_OP_ST_F64; }

/* Moves the access's elements between `reg` and memory; op is the scalar form. */
static void transfer(ts_vmc *c, const access *a, ts_vm_opcode op, int32_t reg) {
  int64_t lanes = a->buffer->lanes;
  if (!a->wide && lanes == 1)
    ts_vmc_emit(c, op, reg, ts_vmc_linear(c, &a->address), 0, 0, a->address.constant);
  else if (a->mask)
    ts_vmc_emit(c, op + 2, reg, ts_vmc_linear(c, &a->address), a->mask,
                (int32_t)(a->wide ? a->cols : lanes), a->address.constant);
  else
    ts_vmc_emit(c, op + 1, reg, ts_vmc_whole(c, &a->address), (int32_t)a->rows,
                (int32_t)(a->wide ? a->cols : lanes), row_stride(a) * a->buffer->bytes);
}

static bool only_extended(const ts_value *v) {
  for (const ts_use *u = v->uses; u; u = u->next)
    if (u->owner->opcode != TS_OP_EXTF || ts_op_results(u->owner)->type->dtype != TS_F64)
      return false;
  return v->uses != NULL;
}

static int32_t promoted_slot(const access *a, ts_vm_elem **elem) {
  int64_t place = 0;
  for (unsigned i = 0; i < a->parts.n; i++)
    place += a->subs[i].constant * a->buffer->strides[i];
  *elem = &a->buffer->elems[place];
  return a->buffer->slots + (int32_t)(place * a->buffer->lanes);
}

static void load_promoted(ts_vmc *c, const access *a) {
  ts_vm_elem *e;
  int32_t slot = promoted_slot(a, &e);
  ts_vm_val *val = ts_vmc_op(c, a->op);
  if (val->unsure)
    ts_vmc_emit(c, TS_VM_OP_WRITTEN, e->flag, 0, 0, 0, 0)->site = ts_vmc_site(c, a->op, 0);
  if (val->aliased) {
    val->reg = slot;
    val->pinned = true;
    val->level = c->depth;
    return;
  }
  int32_t r = ts_vmc_dest(c, a->op);
  ts_vmc_emit_lanes(c, TS_VM_OP_MOV, a->buffer->lanes, r, slot, 0, 0, 0);
}

void ts_vmc_load(ts_vmc *c, const ts_op *op) {
  access a;
  open_access(c, op, 0, &a);
  if (a.buffer->promoted) {
    load_promoted(c, &a);
    return;
  }
  ts_vm_val *val = ts_vmc_op(c, op);
  if (val->unsure) check_written(c, &a);
  watch(c, &a, TS_VM_RACE_READ);
  ts_vm_opcode ld = load_op((ts_dtype)a.parts.type->dtype);
  if (ld == TS_VM_OP_LD_F32 && !val->into && only_extended(ts_op_result(op, 0))) {
    val->as_f64 = true;
    ld = TS_VM_OP_LD_F32X;
  }
  transfer(c, &a, ld, ts_vmc_dest(c, op));
}

static void store_promoted(ts_vmc *c, const access *a) {
  ts_vm_elem *e;
  int32_t slot = promoted_slot(a, &e), r = ts_vmc_use(c, ts_operand(a->op, 0));
  if (r != slot) ts_vmc_emit_lanes(c, TS_VM_OP_MOV, a->buffer->lanes, slot, r, 0, 0, 0);
  if (e->flag) ts_vmc_emit(c, TS_VM_OP_LDI, e->flag, 0, 0, 0, 1);
}

void ts_vmc_store(ts_vmc *c, const ts_op *op) {
  access a;
  open_access(c, op, 0, &a);
  if (a.buffer->promoted) {
    store_promoted(c, &a);
    return;
  }
  int32_t r = ts_vmc_use(c, ts_operand(op, 0));
  watch(c, &a, TS_VM_RACE_WRITE);
  transfer(c, &a, store_op((ts_dtype)a.parts.type->dtype), r);
  mark_written(c, &a);
}

static void add_values(ts_vmc *c, ts_dtype d, int32_t to, int32_t x, int32_t y) {
  switch (d) {
  case TS_F64: ts_vmc_emit(c, TS_VM_OP_ADD_F64, to, x, y, 0, 0); break;
  case TS_F32: ts_vmc_emit(c, TS_VM_OP_ADD_F32, to, x, y, 0, 0); break;
  case TS_I32: ts_vmc_emit(c, TS_VM_OP_ADD_I32, to, x, y, 0, 0); break;
  case TS_I8: ts_vmc_emit(c, TS_VM_OP_ADD_I8, to, x, y, 0, 0); break;
  case TS_F16:
  case TS_BF16:
    ts_vmc_emit(c, TS_VM_OP_EVAL_F64, to, x, y, y, 0)->lo = ts_vmc_row(TS_SCALAR_ADD, d);
    break;
  default: ts_vmc_emit(c, TS_VM_OP_ADD_I64, to, x, y, 0, 0); break;
  }
}

void ts_vmc_atomic_add(ts_vmc *c, const ts_op *op) {
  access a;
  open_access(c, op, 0, &a);
  if (ts_vmc_op(c, op)->unsure) check_written(c, &a);
  ts_dtype d = (ts_dtype)a.parts.type->dtype;
  int32_t value = ts_vmc_use(c, ts_operand(op, 0)), sum = ts_vmc_slots(c, 1);
  watch(c, &a, TS_VM_RACE_ADD);
  transfer(c, &a, load_op(d), sum);
  add_values(c, d, sum, sum, value);
  transfer(c, &a, store_op(d), sum);
}

/* ---- whole buffers ---- */

/* The register of an address. */
static int32_t address_of(ts_vmc *c, int32_t atom) {
  ts_linear f = ts_vmc_form_atom(c, atom - 1);
  return ts_vmc_linear(c, &f);
}

void ts_vmc_copy(ts_vmc *c, const ts_op *op) {
  const ts_vm_buffer *from = ts_vmc_buffer(c, ts_operand(op, 0)),
                     *to = ts_vmc_buffer(c, ts_operand(op, 1));
  if (ts_vmc_op(c, op)->unsure)
    ts_vmc_emit(c, TS_VM_OP_SHCHKALL, address_of(c, from->shadow_atom), 0, 0, 0, from->count)
        ->site = ts_vmc_site(c, op, 0);
  int32_t src = address_of(c, from->atom);
  ts_vmc_emit(c, TS_VM_OP_COPY, address_of(c, to->atom), src, 0, 0,
              ts_min(from->count, to->count) * to->bytes);
  if (to->shadowed)
    ts_vmc_emit(c, TS_VM_OP_SHSETALL, address_of(c, to->shadow_atom), 0, 0, 0, to->count);
}

void ts_vmc_async_copy(ts_vmc *c, const ts_op *op) {
  access from = {0}, to = {0};
  int64_t count = ts_attr_int(op, TS_ATTR_COUNT, 1);
  open_access(c, op, 0, &from);
  open_access(c, op, 1, &to);
  if (ts_vmc_op(c, op)->unsure) check_written(c, &from);
  int32_t src = ts_vmc_whole(c, &from.address), dst = ts_vmc_whole(c, &to.address);
  ts_vmc_emit(c, TS_VM_OP_COPY, dst, src, 0, 0, count * to.buffer->bytes);
  mark_written(c, &to);
}

/* Where in the frame's memory `bytes` more go. */
static int64_t reserve(ts_vmc *c, const ts_op *op, const ts_vm_buffer *b, int64_t bytes,
                       bool shared) {
  int64_t *at = shared ? &c->shared_at : &c->mem_at,
          *peak = shared ? &c->shared_peak : &c->mem_peak;
  int64_t begin = (*at + 63) & ~(int64_t)63;
  if (bytes > (INT64_MAX / 8) - begin) {
    ts_vmc_limit(c, op->loc, "the buffers of @%s need more memory than there can be",
                 ts_str_text(c->module, c->func->name));
    return 0;
  }
  *at = begin + bytes;
  *peak = ts_max(*peak, *at);
  if (b->count * b->bytes > c->code->largest_bytes) {
    c->code->largest_bytes = b->count * b->bytes;
    c->code->largest = op;
  }
  return begin;
}

void ts_vmc_alloc(ts_vmc *c, const ts_op *op) {
  ts_vm_buffer *b = ts_vmc_buffer(c, ts_op_result(op, 0));
  for (int64_t k = 0; b->promoted && k < b->count; k++)
    if (b->elems[k].flag) ts_vmc_emit(c, TS_VM_OP_LDI, b->elems[k].flag, 0, 0, 0, 0);
  if (b->promoted) return;
  bool shared = b->type->space == TS_SPACE_SHARED && c->launch;
  int32_t base = shared ? TS_VM_SHARED : TS_VM_MEM, r = ts_vmc_slots(c, 1);
  int64_t at = reserve(c, op, b, b->count * b->bytes, shared);
  ts_vmc_emit(c, TS_VM_OP_ADDK, r, base, 0, 0, at);
  b->atom = 1 + ts_vmc_new_atom(c, r, c->depth, 0, INT64_MAX);
  if (!b->shadowed) return;
  int32_t shadow = ts_vmc_slots(c, 1);
  at = reserve(c, op, b, b->count, shared);
  ts_vmc_emit(c, TS_VM_OP_ADDK, shadow, base, 0, 0, at);
  b->shadow_atom = 1 + ts_vmc_new_atom(c, shadow, c->depth, 0, INT64_MAX);
  if (shared)
    ts_push(c->arena, &c->shared_shadows, (ts_vm_range){at, b->count});
  else
    ts_vmc_emit(c, TS_VM_OP_SHCLEAR, shadow, 0, 0, 0, b->count);
}

void ts_vmc_get_global(ts_vmc *c, const ts_op *op) {
  const ts_array *data;
  unsigned index;
  ts_result result = ts_vm_global(c->prog, op, &data, &index);
  if (result != TS_OK) {
    c->result = result;
    return;
  }
  ts_vm_buffer *b = ts_vmc_buffer(c, ts_op_result(op, 0));
  int32_t r = ts_vmc_slots(c, 1);
  ts_push(
      c->arena, &c->levels[0]->pre,
      (ts_insn){
          .op = TS_VM_OP_LDG, .a = r, .b = (int32_t)index, .imm = (int64_t)(intptr_t)data->data});
  b->atom = 1 + ts_vmc_new_atom(c, r, 0, 0, INT64_MAX);
}
