/* Parallel loops of which nothing proves that their iterations may run at once: while one runs, here one
 * iteration after another, it is noted which iterations read and wrote each element of the buffers that
 * it writes and does not allocate. Two that touch one element, one of them to write, end the run, unless
 * all that is done to it is atomic_add.
 *
 * Only loops with a subscript of the run or a condition on a value are looked at: everywhere else the
 * verifier has the answer (analysis/marks.h). Of calls it is noted what each of them writes for sure, the same
 * elements each time, since all that a function is told are its buffers; what else it touches is not, nor
 * what a copy or a fragment does. */
#include "analysis/poly/dependence.h"
#include "engine/vm/code.h"

/* ---- which loops, which buffers ---- */

typedef struct looker {
  ts_module *module;
  const ts_block *body;
  ts_arena *arena;
  ts_ptrmap *written;
  bool open; /* holds what the analysis cannot see through */
} looker;

static bool is_of_the_run(const ts_value *v) {
  return v->kind == TS_VALUE_RESULT && v->def->opcode != TS_OP_APPLY;
}

static bool is_outside(const looker *l, const ts_value *memref) {
  return memref->kind == TS_VALUE_ARG || !ts_is_ancestor(l->body, memref->def);
}

/* Runs its body at least once, by its text. */
static bool surely_runs(const ts_op *op) {
  if (op->opcode != TS_OP_FOR) return false;
  ts_for loop = ts_for_parts(op);
  if (loop.num_lo != 1 || loop.num_hi != 1) return false;
  const ts_aff *lo = loop.lo[0], *hi = loop.hi[0];
  return lo->kind == TS_AFF_CONST && lo->value == 0 &&
         (hi->kind == TS_AFF_SYM || (hi->kind == TS_AFF_CONST && hi->value > 0));
}

/* A store that every call comes to, and whose elements are the same in each. */
static bool is_sure_store(const ts_op *op) {
  if (op->opcode != TS_OP_STORE) return false;
  for (unsigned i = 0; i < ts_num_dims(op); i++)
    if (is_of_the_run(ts_dim(op, i))) return false;
  for (const ts_op *up = op->block->parent; up; up = up->block->parent)
    if (!surely_runs(up)) return false;
  return true;
}

/* Does every call store to the parameter? */
static bool call_writes(const ts_func *callee, unsigned i) {
  const ts_value *param = callee->body->args[i];
  for (const ts_use *u = param->uses; u; u = u->next)
    if (is_sure_store(u->owner) && ts_operand(u->owner, 1) == param) return true;
  return false;
}

static void look_at_call(looker *l, const ts_op *op) {
  const ts_func *callee = ts_func_find(l->module, ts_attr_find(op, TS_ATTR_CALLEE)->word);
  for (unsigned i = 0; i < op->num_plain; i++) {
    if (!is_outside(l, ts_operand(op, i)) || !call_writes(callee, i)) continue;
    ts_ptrmap_put(l->written, ts_operand(op, i), l);
    l->open = true;
  }
}

static void look_at(void *ctx, ts_op *op) {
  looker *l = ctx;
  ts_access a;
  if (op->opcode == TS_OP_CALL) look_at_call(l, op);
  l->open |= op->opcode == TS_OP_IF && ts_if_parts(op).n == 0;
  for (unsigned i = 0; i < ts_num_dims(op); i++)
    l->open |= is_of_the_run(ts_dim(op, i));
  for (unsigned i = 0; op->subscripted && ts_access_parts(op, i, &a); i++) {
    if (a.writes && is_outside(l, a.memref)) ts_ptrmap_put(l->written, a.memref, l);
  }
}

void ts_vmc_race_open(ts_vmc *c, const ts_op *loop, ts_vm_watch *w) {
  ts_verdict verdict;
  *w = (ts_vm_watch){.outer = c->watch};
  if (!ts_attr_find(loop, TS_ATTR_PARALLEL) || c->launch) return;
  looker l = {c->module, ts_for_parts(loop).body, c->arena, &w->written, false};
  ts_ptrmap_init(&w->written, c->arena);
  ts_walk(ts_for_parts(loop).body, look_at, &l);
  if (!l.open || !w->written.n) return;
  ts_result result = ts_dep_marked(c->ctx, c->arena, (ts_op *)loop, &verdict);
  if (!result && verdict.legal) return;
  ts_vm_race *race = ts_new(&c->prog->arena, ts_vm_race);
  race->loop = loop;
  w->index = (int32_t)c->prog->races.n;
  ts_push(&c->prog->arena, &c->prog->races, race);
  ts_vmc_emit(c, TS_VM_OP_RACECLEAR, w->index, 0, 0, 0, 0);
  c->watch = w;
}

void ts_vmc_race_close(ts_vmc *c, const ts_vm_watch *w) { c->watch = w->outer; }

void ts_vmc_race_access(ts_vmc *c, const ts_value *memref, const ts_linear *address, int32_t mask,
                        int32_t lanes, int32_t lane_bytes, ts_vm_race_kind kind, uint32_t site) {
  for (const ts_vm_watch *w = c->watch; w; w = w->outer) {
    if (!ts_ptrmap_get(&w->written, memref)) continue;
    ts_linear iv = ts_vmc_form_atom(c, w->iv);
    int32_t at = ts_vmc_whole(c, address), iteration = ts_vmc_whole(c, &iv);
    ts_insn *insn = ts_vmc_emit(c, TS_VM_OP_RACE, at, iteration, mask ? mask : -1,
                                w->index << 2 | (int32_t)kind, 0);
    insn->lo = lanes;
    insn->hi = lane_bytes;
    insn->site = site;
  }
}

/* A call stands for one element of its own, behind all memory. */
void ts_vmc_race_call(ts_vmc *c, const ts_op *op, const ts_func *callee) {
  for (unsigned i = 0; c->watch && i < op->num_plain; i++) {
    const ts_value *memref = ts_operand(op, i);
    if (!call_writes(callee, i)) continue;
    ts_linear whole = ts_vmc_form_atom(c, ts_vmc_buffer(c, memref)->atom - 1);
    whole.constant = INT64_C(1) << 62;
    ts_vmc_race_access(c, memref, &whole, 0, 1, 0, TS_VM_RACE_WRITE, ts_vmc_site(c, op, i));
  }
}

/* ---- while it runs ---- */

enum { FIRST_CAP = 256 };

void ts_vm_race_clear(ts_vm_race *r) {
  if (r->n) memset(r->slots, 0, r->cap * sizeof *r->slots);
  r->n = 0;
}

void ts_vm_race_drop(ts_memory *m, ts_vm_race *r) {
  ts_free(m, r->slots, r->cap * sizeof *r->slots);
  r->slots = NULL;
  r->n = r->cap = 0;
}

static ts_vm_race_slot *find(ts_vm_race_slot *slots, size_t cap, const char *at) {
  size_t i = ((uintptr_t)at * UINT64_C(0x9E3779B97F4A7C15)) >> 20 & (cap - 1);
  while (slots[i].at && slots[i].at != at)
    i = (i + 1) & (cap - 1);
  return &slots[i];
}

/* False: there is no memory for more. */
static bool grow(ts_memory *m, ts_vm_race *r) {
  size_t cap = r->cap ? 2 * r->cap : FIRST_CAP;
  ts_vm_race_slot *slots = ts_try_realloc(m, NULL, 0, cap * sizeof *slots);
  if (!slots) return false;
  memset(slots, 0, cap * sizeof *slots);
  for (size_t i = 0; i < r->cap; i++)
    if (r->slots[i].at) *find(slots, cap, r->slots[i].at) = r->slots[i];
  size_t n = r->n;
  ts_vm_race_drop(m, r);
  r->slots = slots;
  r->cap = cap;
  r->n = n;
  return true;
}

/* An iteration other than `i` among those noted. */
static bool other_than(const ts_vm_race_set *s, int64_t i, int64_t *other) {
  for (unsigned k = 0; k < s->n; k++)
    if (s->at[k] != i) {
      *other = s->at[k];
      return true;
    }
  return false;
}

/* Two are enough to tell that there is another one. */
static void note(ts_vm_race_set *s, int64_t i) {
  if (s->n < 2 && (!s->n || s->at[0] != i)) s->at[s->n++] = i;
}

bool ts_vm_race_touch(ts_memory *m, ts_vm_race *r, const char *at, int64_t i,
                      ts_vm_race_kind kind) {
  /* races with accesses that are not noted go unseen */
  if (r->n * 2 >= r->cap && !grow(m, r)) return true;
  ts_vm_race_slot *s = find(r->slots, r->cap, at);
  if (!s->at) r->n++;
  s->at = at;
  for (unsigned k = 0; k < TS_VM_RACE_KINDS; k++) {
    bool harmless = k == (unsigned)kind && kind != TS_VM_RACE_WRITE;
    if (harmless || !other_than(&s->sets[k], i, &r->other)) continue;
    r->iteration = i;
    r->other_kind = (ts_vm_race_kind)k;
    r->kind = kind;
    return false;
  }
  note(&s->sets[kind], i);
  return true;
}
