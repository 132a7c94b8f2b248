/* What the VM's compiler learns from one look over a function before it emits anything.
 *
 * Promotion: a small buffer that is read and written at constant places only becomes registers. A
 * load from it then is no instruction at all while nothing is stored there before the load's last
 * use, and a value that is stored there is computed right in place if nothing touches the element
 * in between; so `load %acc[0]; fma; store %acc[0]` is one fma.
 *
 * Initialisation: a read is sure to find written elements when the buffer comes in written, when a
 * store with the same subscripts precedes it in its own or an enclosing block, or when a loop nest
 * before it wrote the whole buffer. All other reads are `unsure` and give their buffer a shadow
 * byte an element. */
#include "engine/vm/code.h"

/* An enclosing op of the place that the scan is at. */
typedef struct frame {
  const ts_op *op;
  bool counted; /* a for with constant bounds and at least one iteration */
  int64_t lo, trip, step;
  TS_VEC(uint32_t) fills; /* buffers that are wholly written once the loop is over */
} frame;

/* A store that every later place of the open blocks comes after. */
typedef struct known_store {
  const ts_op *op;
  unsigned access;
  uint64_t hash;
  struct known_store *next;
} known_store;

typedef struct scan {
  ts_vmc *c;
  uint32_t next_tag;
  frame frames[TS_MAX_NESTING + 2];
  unsigned depth;
  known_store **table;
  size_t table_size;
  TS_VEC(known_store *) stores;
  TS_VEC(uint32_t) filled; /* buffers made `full` in the open blocks */
} scan;

/* ---- numbering ---- */

static void add_buffer(scan *s, ts_value *v, const ts_op *alloc) {
  ts_vmc *c = s->c;
  ts_vm_buffer b = {.value = v, .alloc = alloc, .type = v->type, .lanes = 1};
  const ts_type *t = v->type;
  if (t->elem) b.lanes = t->elem->dims[0];
  b.name = v->name ? ts_str_text(c->module, v->name) : "a buffer";
  b.bytes = b.lanes * ts_dtype_bytes((ts_dtype)t->dtype);
  __int128 count = 1;
  for (unsigned i = t->rank; i-- > 0;) {
    b.dims[i] = ts_vmc_extent(c, t->dims[i]);
    b.strides[i] = (int64_t)count;
    count = count > INT64_MAX ? count : count * b.dims[i];
  }
  if (count * b.bytes > INT64_MAX / 4) {
    ts_vmc_limit(c, alloc ? alloc->loc : c->func->loc, "%s has more elements than memory can hold",
                 b.name);
    count = 1;
  }
  b.count = (int64_t)count;
  ts_vmc_val(c, v)->buffer = (int32_t)c->buffers.n + 1;
  ts_push(c->arena, &c->buffers, b);
}

static uint32_t op_width(const ts_op *op) {
  uint32_t n = ts_max(1u, (uint32_t)op->num_results);
  return op->num_regions ? ts_max(n, ts_op_regions(op)[0]->num_args) : n;
}

static void number_block(scan *s, const ts_block *block) {
  for (ts_op *op = block->first; op; op = op->next) {
    op->tag = s->next_tag;
    s->next_tag += op_width(op);
    for (unsigned i = 0; i < op->num_regions; i++)
      number_block(s, ts_op_regions(op)[i]);
  }
}

static void note_block(scan *s, const ts_block *block) {
  for (ts_op *op = block->first; op; op = op->next) {
    if (ts_is_class(op, TS_OC_BUFFER))
      add_buffer(s, ts_op_result(op, 0), op->opcode == TS_OP_ALLOC ? op : NULL);
    for (unsigned i = 0; i < op->num_regions; i++)
      note_block(s, ts_op_regions(op)[i]);
    ts_vm_val *val = ts_vmc_op(s->c, op);
    val->end = op->tag;
    for (unsigned i = 0; i < op->num_regions; i++) {
      const ts_op *last = ts_op_regions(op)[i]->last;
      if (last) val->end = ts_max(val->end, ts_vmc_op(s->c, last)->end);
    }
  }
}

/* ---- promotion ---- */

static const ts_op *enclosing_launch(const ts_op *op) {
  while (op && op->opcode != TS_OP_LAUNCH)
    op = op->block->parent;
  return op;
}

/* The constant place of an access; -1 when it is not constant, or outside. */
static int64_t constant_place(const ts_vm_buffer *b, const ts_access *a) {
  int64_t place = 0;
  for (unsigned i = 0; i < a->n; i++) {
    int64_t v;
    if (!ts_aff_is_const(a->subscripts[i], &v) || v < 0 || v >= b->dims[i]) return -1;
    place += v * b->strides[i];
  }
  return place;
}

static bool promotable(ts_vmc *c, const ts_vm_buffer *b) {
  if (!b->alloc || b->type->space == TS_SPACE_SHARED || b->count * b->lanes > TS_VM_PROMOTED_SLOTS)
    return false;
  const ts_op *launch = enclosing_launch(b->alloc);
  for (const ts_use *u = b->value->uses; u; u = u->next) {
    const ts_op *op = u->owner;
    ts_access a;
    if ((op->opcode != TS_OP_LOAD && op->opcode != TS_OP_STORE) || op->has_mask ||
        !ts_access_parts(op, 0, &a) || a.memref != b->value ||
        a.type != ts_type_element(c->module, b->type) || constant_place(b, &a) < 0 ||
        enclosing_launch(op) != launch)
      return false;
  }
  return true;
}

static void promote(ts_vmc *c) {
  for (size_t i = 0; i < c->buffers.n && c->result == TS_OK; i++) {
    ts_vm_buffer *b = &c->buffers.at[i];
    if (!promotable(c, b)) continue;
    b->promoted = true;
    b->slots = ts_vmc_slots(c, b->count * b->lanes);
    b->elems = ts_new_array(c->arena, ts_vm_elem, b->count);
  }
}

static void touch(ts_vmc *c, const ts_op *op, ts_vm_elem *e) {
  ts_push(c->arena, &c->touches, (ts_vm_access){.op = op, .prev = e->last});
  uint32_t at = (uint32_t)c->touches.n;
  if (e->last)
    c->touches.at[e->last - 1].next = at;
  else
    e->first = at;
  e->last = at;
  if (!e->flag && e->wants_flag) e->flag = ts_vmc_slots(c, 1);
}

/* The last tag at which a use of `v` reads it, counted in its own block: an op with regions reads
 * at all of its inside. */
static uint32_t last_use(ts_vmc *c, const ts_value *v, const ts_block *block) {
  uint32_t last = 0;
  for (const ts_use *u = v->uses; u; u = u->next) {
    const ts_op *op = u->owner;
    uint32_t at = op->tag;
    if (op->block != block) {
      while (op->block != block)
        op = op->block->parent;
      at = ts_vmc_op(c, op)->end + 1;
    }
    last = ts_max(last, at);
  }
  return last;
}

/* Does the op compute its result into a register of its own? */
static bool makes_register(const ts_op *op) {
  switch (op->opcode) {
  case TS_OP_EXTF:
  case TS_OP_EXTSI:
  case TS_OP_EXTRACT:
  case TS_OP_APPLY:
  case TS_OP_CONST: return false;
  default: return op->num_results == 1 && ts_op_results(op)->type->dtype != TS_INDEX;
  }
}

/* Walks the accesses of one element from the last to the first. `next_write` is the tag at which
 * the element changes next. */
static void place_element(ts_vmc *c, ts_vm_elem *e, int32_t slot) {
  uint32_t next_write = UINT32_MAX;
  for (uint32_t i = e->last; i; i = c->touches.at[i - 1].prev) {
    const ts_vm_access *t = &c->touches.at[i - 1];
    const ts_op *op = t->op;
    if (op->opcode == TS_OP_LOAD) {
      const ts_value *v = ts_op_result(op, 0);
      if (v->type->dtype != TS_INDEX && last_use(c, v, op->block) <= next_write)
        ts_vmc_op(c, op)->aliased = true;
      continue;
    }
    const ts_value *v = ts_operand(op, 0);
    uint32_t before = t->prev ? c->touches.at[t->prev - 1].op->tag : 0;
    bool in_place = v->kind == TS_VALUE_RESULT && v->def->block == op->block &&
                    makes_register(v->def) && before < v->def->tag && !ts_vmc_op(c, v->def)->into &&
                    last_use(c, v, op->block) <= next_write;
    if (in_place) ts_vmc_op(c, v->def)->into = slot;
    next_write = in_place ? v->def->tag : op->tag;
  }
}

static void place_promoted(ts_vmc *c) {
  for (size_t i = 0; i < c->buffers.n; i++) {
    ts_vm_buffer *b = &c->buffers.at[i];
    for (int64_t k = 0; b->promoted && k < b->count; k++)
      place_element(c, &b->elems[k], b->slots + (int32_t)(k * b->lanes));
  }
}

/* ---- initialisation ---- */

static uint64_t place_hash(const ts_op *op, const ts_access *a) {
  uint64_t h = ts_hash(a->subscripts, a->n * sizeof *a->subscripts, (uint64_t)(uintptr_t)a->memref);
  for (unsigned i = 0; i < ts_num_dims(op); i++)
    h = h * 31 + (uint64_t)(uintptr_t)ts_dim(op, i);
  return h;
}

/* Do both name the same place? Expressions are uniqued; the dims must be the same values. */
static bool same_place(const ts_op *p, const ts_access *a, const ts_op *q, const ts_access *b) {
  if (a->memref != b->memref || a->n != b->n || ts_num_dims(p) != ts_num_dims(q) ||
      a->type != b->type)
    return false;
  if (p->has_mask != q->has_mask ||
      (p->has_mask && ts_operand(p, p->num_plain - 1u) != ts_operand(q, q->num_plain - 1u)))
    return false;
  for (unsigned i = 0; i < ts_num_dims(p); i++)
    if (ts_dim(p, i) != ts_dim(q, i)) return false;
  return memcmp(a->subscripts, b->subscripts, a->n * sizeof *a->subscripts) == 0;
}

static bool stored_before(scan *s, const ts_op *op, const ts_access *a) {
  uint64_t h = place_hash(op, a);
  for (const known_store *k = s->table[h & (s->table_size - 1)]; k; k = k->next) {
    ts_access b;
    if (k->hash == h && ts_access_parts(k->op, k->access, &b) && same_place(op, a, k->op, &b))
      return true;
  }
  return false;
}

static void remember_store(scan *s, const ts_op *op, unsigned access, const ts_access *a) {
  known_store *k = ts_new(s->c->arena, known_store);
  *k = (known_store){op, access, place_hash(op, a), NULL};
  known_store **head = &s->table[k->hash & (s->table_size - 1)];
  k->next = *head;
  *head = k;
  ts_push(s->c->arena, &s->stores, k);
}

static void close_scope(scan *s, size_t stores, size_t filled) {
  for (; s->stores.n > stores; s->stores.n--) {
    known_store *k = s->stores.at[s->stores.n - 1];
    s->table[k->hash & (s->table_size - 1)] = k->next;
  }
  for (; s->filled.n > filled; s->filled.n--)
    s->c->buffers.at[s->filled.at[s->filled.n - 1]].full = false;
}

static void fill(scan *s, uint32_t buffer) {
  if (s->c->buffers.at[buffer].full) return;
  s->c->buffers.at[buffer].full = true;
  ts_push(s->c->arena, &s->filled, buffer);
}

/* A subscript as constant plus multiples of enclosing counted loops' variables. */
typedef struct span {
  int64_t base;
  unsigned n;
  struct {
    unsigned frame;
    int64_t stride, trip;
  } part[4];
} span;

static bool add_part(scan *s, const ts_value *iv, int64_t k, span *out) {
  for (unsigned f = s->depth; f-- > 0 && s->frames[f].counted;) {
    frame *fr = &s->frames[f];
    if (ts_op_regions(fr->op)[0]->args[0] != iv) continue;
    if (out->n == ts_countof(out->part) || k <= 0 || k > INT32_MAX || fr->step > INT32_MAX ||
        fr->lo > INT32_MAX || fr->lo < 0)
      return false;
    out->base += k * fr->lo;
    out->part[out->n].frame = f;
    out->part[out->n].stride = k * fr->step;
    out->part[out->n++].trip = fr->trip;
    return true;
  }
  return false;
}

static bool span_of(scan *s, const ts_op *op, const ts_aff *e, int64_t k, span *out) {
  int64_t v;
  if (e->kind == TS_AFF_CONST && (e->value > INT32_MAX || e->value < INT32_MIN)) return false;
  switch (e->kind) {
  case TS_AFF_CONST: out->base += k * e->value; return true;
  case TS_AFF_DIM: return add_part(s, ts_dim(op, (unsigned)e->value), k, out);
  case TS_AFF_ADD: return span_of(s, op, e->lhs, k, out) && span_of(s, op, e->rhs, k, out);
  case TS_AFF_MUL:
    return k == 1 && ts_aff_is_const(e->rhs, &v) && v > 0 && v < INT32_MAX &&
           span_of(s, op, e->lhs, v, out);
  default: return false;
  }
}

/* Does the span reach every one of 0 … extent-1, `width` at a time? */
static bool span_covers(span *p, int64_t width, int64_t extent) {
  int64_t covered = width;
  for (unsigned done = 0; done < p->n; done++) {
    unsigned least = done;
    for (unsigned i = done + 1; i < p->n; i++)
      if (p->part[i].stride < p->part[least].stride) least = i;
    __typeof__(p->part[0]) t = p->part[least];
    p->part[least] = p->part[done];
    p->part[done] = t;
    if (t.stride > covered || t.trip - 1 > INT64_MAX / 4 / t.stride) return false;
    covered += t.stride * (t.trip - 1);
  }
  return p->base == 0 && covered >= extent;
}

/* After which enclosing loop has this store, run in all its iterations, written the whole buffer?
 * The index of its frame; s->depth: at once; -1: it does not. */
static int fills_after(scan *s, const ts_op *op, const ts_vm_buffer *b, const ts_access *a) {
  unsigned outermost = s->depth;
  uint64_t used[(TS_MAX_NESTING + 65) / 64] = {0};
  if (op->has_mask || ts_is_kind(a->type, TS_TYPE_FRAGMENT)) return -1;
  for (unsigned i = 0; i < a->n; i++) {
    span p = {0};
    int64_t width = i + 1 == a->n && !b->type->elem ? ts_vmc_lanes(a->type) : 1;
    if (!span_of(s, op, a->subscripts[i], 1, &p) || !span_covers(&p, width, b->dims[i])) return -1;
    for (unsigned k = 0; k < p.n; k++) {
      unsigned f = p.part[k].frame;
      if (used[f / 64] >> (f % 64) & 1) return -1;
      used[f / 64] |= 1ull << (f % 64);
      outermost = ts_min(outermost, f);
    }
  }
  return (int)outermost;
}

static void note_write(scan *s, const ts_op *op, unsigned access, const ts_access *a) {
  ts_vmc *c = s->c;
  uint32_t index = (uint32_t)(ts_vmc_val(c, a->memref)->buffer - 1);
  const ts_vm_buffer *b = &c->buffers.at[index];
  if (b->written) return;
  remember_store(s, op, access, a);
  int after = fills_after(s, op, b, a);
  if (after == (int)s->depth)
    fill(s, index);
  else if (after >= 0)
    ts_push(c->arena, &s->frames[after].fills, index);
}

static void note_read(scan *s, const ts_op *op, const ts_access *a) {
  ts_vm_buffer *b = ts_vmc_buffer(s->c, a->memref);
  if (b->written || b->full || stored_before(s, op, a)) return;
  ts_vmc_op(s->c, op)->unsure = true;
  if (b->promoted)
    b->elems[constant_place(b, a)].wants_flag = true;
  else
    b->shadowed = true;
}

static void need_full(scan *s, const ts_op *op, const ts_value *memref) {
  ts_vm_buffer *b = ts_vmc_buffer(s->c, memref);
  if (b->written || b->full) return;
  b->shadowed = true;
  ts_vmc_op(s->c, op)->unsure = true;
}

static void scan_access(scan *s, const ts_op *op) {
  ts_access a;
  bool async = op->opcode == TS_OP_ASYNC_COPY;
  if (!ts_access_parts(op, 0, &a)) return;
  ts_vm_buffer *b = ts_vmc_buffer(s->c, a.memref);
  if (async) {
    need_full(s, op, a.memref);
    return;
  }
  if (a.reads) note_read(s, op, &a);
  if (b->promoted) touch(s->c, op, &b->elems[constant_place(b, &a)]);
  if (a.writes) note_write(s, op, 0, &a);
}

static void note_argument(scan *s, const ts_op *op, unsigned i, ts_vm_buffer *b) {
  ts_vm_val *val = ts_vmc_op(s->c, op);
  if (!val->states) val->states = ts_new_array(s->c->arena, ts_vm_state, op->num_plain);
  val->states[i] = b->written || b->full ? TS_VM_WRITTEN : TS_VM_SHADOWED;
  b->shadowed |= val->states[i] == TS_VM_SHADOWED;
}

static void scan_op(scan *s, const ts_op *op) {
  switch (ts_info(op)->class) {
  case TS_OC_MEMORY:
    if (op->subscripted) {
      scan_access(s, op);
      break;
    }
    for (unsigned i = 0; i < op->num_plain; i++) {
      ts_effect e = ts_op_effect(op, i);
      if (e.reads) need_full(s, op, ts_operand(op, i));
      if (e.writes) fill(s, (uint32_t)(ts_vmc_val(s->c, ts_operand(op, i))->buffer - 1));
    }
    break;
  case TS_OC_CALL:
    for (unsigned i = 0; i < op->num_plain; i++)
      note_argument(s, op, i, ts_vmc_buffer(s->c, ts_operand(op, i)));
    break;
  default: break;
  }
}

/* The trip count and first value of a for whose bounds are constants. */
static void open_frame(scan *s, const ts_op *op) {
  frame *f = &s->frames[s->depth++];
  *f = (frame){.op = op};
  if (op->opcode != TS_OP_FOR || ts_num_dims(op) > 0) return;
  ts_for loop = ts_for_parts(op);
  int64_t lo = INT64_MIN, hi = INT64_MAX, v;
  for (unsigned i = 0; i < loop.num_lo + loop.num_hi; i++) {
    const ts_aff *e = i < loop.num_lo ? loop.lo[i] : loop.hi[i - loop.num_lo];
    if (!ts_aff_eval(e, NULL, ts_vmc_symbol, s->c, &v)) return;
    if (i < loop.num_lo)
      lo = ts_max(lo, v);
    else
      hi = ts_min(hi, v);
  }
  if (lo >= hi || lo < INT32_MIN || hi - lo < 0) return;
  f->counted = true;
  f->lo = lo;
  f->step = loop.step;
  f->trip = (hi - lo - 1) / loop.step + 1;
}

static void scan_block(scan *s, const ts_block *block) {
  size_t stores = s->stores.n, filled = s->filled.n;
  for (const ts_op *op = block->first; op; op = op->next) {
    scan_op(s, op);
    if (!op->num_regions) continue;
    open_frame(s, op);
    for (unsigned i = 0; i < op->num_regions; i++)
      scan_block(s, ts_op_regions(op)[i]);
    s->depth--;
    frame *f = &s->frames[s->depth];
    for (size_t i = 0; i < f->fills.n; i++)
      fill(s, f->fills.at[i]);
  }
  close_scope(s, stores, filled);
}

void ts_vmc_scan(ts_vmc *c, const ts_vm_state *states) {
  scan *s = ts_new(c->arena, scan);
  s->c = c;
  const ts_block *body = c->func->body;
  s->next_tag = body->num_args;
  number_block(s, body);
  c->vals = ts_new_array(c->arena, ts_vm_val, s->next_tag + 1);
  for (unsigned i = 0; i < body->num_args; i++) {
    add_buffer(s, body->args[i], NULL);
    c->buffers.at[i].written = states[i] == TS_VM_WRITTEN;
    c->buffers.at[i].shadowed = states[i] == TS_VM_SHADOWED;
  }
  note_block(s, body);
  for (size_t i = body->num_args; i < c->buffers.n; i++)
    c->buffers.at[i].written = !c->buffers.at[i].alloc;
  promote(c);
  for (s->table_size = 64; s->table_size < s->next_tag;)
    s->table_size *= 2;
  s->table = ts_new_array(c->arena, known_store *, s->table_size);
  scan_block(s, body);
  place_promoted(c);
}
