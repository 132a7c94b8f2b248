/* Linear forms of index values: their ranges, and the registers that hold them.
 *
 * A form is computed at the outermost level at which all its atoms are known. Where it depends on
 * the level's own loop variable it gets a register that starts at the form's first value and is
 * bumped at the loop's back-edge (strength reduction); forms that differ by a constant share
 * one. */
#include "support/arith.h"
#include "engine/vm/code.h"

/* ---- algebra ---- */

int32_t ts_vmc_new_atom(ts_vmc *c, int32_t reg, int level, int64_t lo, int64_t hi) {
  ts_push(c->arena, &c->atoms, (ts_vm_atom){.reg = reg, .level = level, .lo = lo, .hi = hi});
  return (int32_t)c->atoms.n - 1;
}

static int64_t wrap_add(int64_t a, int64_t b) { return (int64_t)((uint64_t)a + (uint64_t)b); }
static int64_t wrap_mul(int64_t a, int64_t b) { return (int64_t)((uint64_t)a * (uint64_t)b); }

void ts_vmc_form_atom(ts_vm_form *f, int32_t atom, int64_t k) {
  f->c = 0;
  f->n = 1;
  f->t[0].atom = atom;
  f->t[0].k = k;
}

/* Replaces the form by one opaque atom plus its constant. */
static void collapse(ts_vmc *c, ts_vm_form *f) {
  int64_t k = f->c;
  f->c = 0;
  __int128 lo = ts_vmc_min(c, f), hi = ts_vmc_max(c, f);
  int32_t r = ts_vmc_linear(c, f);
  bool fits = lo >= INT64_MIN && hi <= INT64_MAX;
  int32_t atom = ts_vmc_new_atom(c, r, c->depth, fits ? (int64_t)lo : INT64_MIN,
                                 fits ? (int64_t)hi : INT64_MAX);
  ts_vmc_form_atom(f, atom, 1);
  f->c = k;
}

static bool merged_too_long(const ts_vm_form *f, const ts_vm_form *g) {
  uint32_t i = 0, j = 0, n = 0;
  for (; i < f->n || j < g->n; n++) {
    int32_t a = i < f->n ? f->t[i].atom : INT32_MAX, b = j < g->n ? g->t[j].atom : INT32_MAX;
    i += a <= b;
    j += b <= a;
  }
  return n > TS_VM_TERMS;
}

void ts_vmc_form_add(ts_vmc *c, ts_vm_form *f, const ts_vm_form *g, int64_t times) {
  ts_vm_form with = *g, out = {.c = wrap_add(f->c, wrap_mul(g->c, times))};
  if (merged_too_long(f, &with)) {
    int64_t constant = f->c;
    collapse(c, f);
    f->c = constant;
    if (merged_too_long(f, &with)) collapse(c, &with);
  }
  for (uint32_t i = 0, j = 0; i < f->n || j < with.n;) {
    int32_t a = i < f->n ? f->t[i].atom : INT32_MAX, b = j < with.n ? with.t[j].atom : INT32_MAX;
    int64_t k = 0;
    if (a <= b) k = f->t[i++].k;
    if (b <= a) k = wrap_add(k, wrap_mul(with.t[j++].k, times));
    if (k != 0) {
      out.t[out.n].atom = ts_min(a, b);
      out.t[out.n++].k = k;
    }
  }
  *f = out;
}

void ts_vmc_form_of_value(ts_vmc *c, const ts_value *v, ts_vm_form *out) {
  *out = (ts_vm_form){0};
  if (ts_is_literal(v)) {
    out->c = (int64_t)v->bits;
    return;
  }
  ts_vm_val *val = ts_vmc_val(c, v);
  if (val->form) {
    *out = *val->form;
    return;
  }
  if (!val->atom) val->atom = 1 + ts_vmc_new_atom(c, val->reg, val->level, INT64_MIN, INT64_MAX);
  ts_vmc_form_atom(out, val->atom - 1, 1);
}

static int32_t linear_at(ts_vmc *c, int depth, const ts_vm_form *f);

static int deepest(const ts_vmc *c, const ts_vm_form *f) {
  int depth = 0;
  for (uint32_t i = 0; i < f->n; i++)
    depth = ts_max(depth, c->atoms.at[f->t[i].atom].level);
  return depth;
}

/* floordiv, ceildiv and mod by a constant: a register of their own, made as far out as it can
 * be. */
static void divided(ts_vmc *c, ts_aff_kind kind, int64_t by, ts_vm_form *f) {
  static const ts_vm_opcode ops[] = {[TS_AFF_FLOORDIV] = TS_VM_OP_FLOORDIVK,
                                     [TS_AFF_CEILDIV] = TS_VM_OP_CEILDIVK,
                                     [TS_AFF_MOD] = TS_VM_OP_MODK};
  __int128 lo = ts_vmc_min(c, f), hi = ts_vmc_max(c, f);
  if (kind == TS_AFF_MOD && lo >= 0 && hi < by) return;
  lo = ts_max(lo, (__int128)INT64_MIN);
  hi = ts_min(hi, (__int128)INT64_MAX);
  int64_t l = 0, h = by - 1;
  if (kind != TS_AFF_MOD) {
    l = (int64_t)(lo / by - 1);
    h = (int64_t)(hi / by + 1);
    if (lo >= 0) l = (int64_t)(kind == TS_AFF_CEILDIV ? (lo + by - 1) / by : lo / by);
    if (hi >= 0) h = (int64_t)(kind == TS_AFF_CEILDIV ? (hi + by - 1) / by : hi / by);
  }
  int depth = deepest(c, f);
  int32_t r = ts_vmc_slots(c, 1);
  ts_vmc_emit_at(c, depth, TS_VM_OP_ADDK, r, linear_at(c, depth, f), 0, 0, f->c);
  ts_vmc_emit_at(c, depth, ops[kind], r, r, 0, 0, by);
  ts_vmc_form_atom(f, ts_vmc_new_atom(c, r, depth, l, h), 1);
}

static int64_t divided_constant(ts_aff_kind kind, int64_t a, int64_t by) {
  int64_t q = ts_floor_div(a, by), r = a - q * by;
  return kind == TS_AFF_FLOORDIV ? q : kind == TS_AFF_MOD ? r : q + (r > 0);
}

void ts_vmc_form_of(ts_vmc *c, const ts_op *op, const ts_aff *e, ts_vm_form *out) {
  ts_vm_form rhs;
  *out = (ts_vm_form){0};
  switch (e->kind) {
  case TS_AFF_CONST: out->c = e->value; return;
  case TS_AFF_DIM: ts_vmc_form_of_value(c, ts_dim(op, (unsigned)e->value), out); return;
  case TS_AFF_SYM: out->c = ts_vmc_symbol(c, (ts_str)e->value); return;
  case TS_AFF_ADD:
    ts_vmc_form_of(c, op, e->lhs, out);
    ts_vmc_form_of(c, op, e->rhs, &rhs);
    ts_vmc_form_add(c, out, &rhs, 1);
    return;
  default: break;
  }
  ts_vmc_form_of(c, op, e->lhs, &rhs);
  ts_vm_form by;
  ts_vmc_form_of(c, op, e->rhs, &by);
  if (e->kind == TS_AFF_MUL)
    ts_vmc_form_add(c, out, &rhs, by.c);
  else if (rhs.n == 0)
    out->c = divided_constant(e->kind, rhs.c, by.c);
  else {
    divided(c, e->kind, by.c, &rhs);
    *out = rhs;
  }
}

/* ---- ranges ---- */

static __int128 term_bound(const ts_vmc *c, const ts_vm_form *f, uint32_t i, bool upper) {
  const ts_vm_atom *a = &c->atoms.at[f->t[i].atom];
  return (__int128)f->t[i].k * ((f->t[i].k > 0) == upper ? a->hi : a->lo);
}

static __int128 plain_bound(const ts_vmc *c, const ts_vm_form *f, bool upper) {
  const __int128 far = (__int128)1 << 120;
  __int128 sum = f->c;
  for (uint32_t i = 0; i < f->n; i++) {
    sum += term_bound(c, f, i, upper);
    sum = sum > far ? far : sum < -far ? -far : sum;
  }
  return sum;
}

static bool shares_atom(const ts_vm_form *f, const ts_vm_form *g) {
  for (uint32_t i = 0, j = 0; i < f->n && j < g->n;) {
    if (f->t[i].atom == g->t[j].atom) return true;
    if (f->t[i].atom < g->t[j].atom)
      i++;
    else
      j++;
  }
  return false;
}

__int128 ts_vmc_max(ts_vmc *c, const ts_vm_form *f) {
  __int128 best = plain_bound(c, f, true);
  size_t n = c->facts.n, from = n > TS_VM_FACTS ? n - TS_VM_FACTS : 0;
  for (size_t i = from; i < n; i++) {
    const ts_vm_form *fact = &c->facts.at[i].form;
    if (!shares_atom(f, fact) || merged_too_long(f, fact)) continue;
    ts_vm_form rest = *f; /* f = rest + fact <= rest */
    ts_vmc_form_add(c, &rest, fact, -1);
    best = ts_min(best, plain_bound(c, &rest, true));
  }
  return best;
}

bool ts_vmc_proved(ts_vmc *c, const ts_vm_form *f, int64_t limit) {
  if (plain_bound(c, f, false) >= 0 && plain_bound(c, f, true) < limit) return true;
  return ts_vmc_min(c, f) >= 0 && ts_vmc_max(c, f) < limit;
}

__int128 ts_vmc_min(ts_vmc *c, const ts_vm_form *f) {
  ts_vm_form negative = {0};
  ts_vmc_form_add(c, &negative, f, -1);
  return -ts_vmc_max(c, &negative);
}

void ts_vmc_assume(ts_vmc *c, const ts_vm_form *f) {
  if (f->n > 0) ts_push(c->arena, &c->facts, (ts_vm_fact){*f});
}

/* ---- registers ---- */

typedef struct ts_vm_cached {
  uint32_t level; /* id; 0: empty */
  int32_t reg;
  ts_vm_form form;
} ts_vm_cached;

static uint64_t form_hash(uint32_t level, const ts_vm_form *f) {
  uint64_t h = level * 0x9e3779b97f4a7c15ull;
  for (uint32_t i = 0; i < f->n; i++)
    h = (h ^ (uint64_t)f->t[i].atom ^ (uint64_t)f->t[i].k * 0xff51afd7ed558ccdull) *
        0x9e3779b97f4a7c15ull;
  return h ^ h >> 29;
}

static bool same_terms(const ts_vm_form *f, const ts_vm_form *g) {
  if (f->n != g->n) return false;
  for (uint32_t i = 0; i < f->n; i++)
    if (f->t[i].atom != g->t[i].atom || f->t[i].k != g->t[i].k) return false;
  return true;
}

/* The cache's slot for (level, form): filled or empty. */
static ts_vm_cached *cache_slot(ts_vm_cached *at, size_t cap, uint32_t level, const ts_vm_form *f) {
  size_t i = form_hash(level, f) & (cap - 1);
  while (at[i].level && !(at[i].level == level && same_terms(&at[i].form, f)))
    i = (i + 1) & (cap - 1);
  return &at[i];
}

static int32_t cached(ts_vmc *c, uint32_t level, const ts_vm_form *f) {
  return c->cache_cap ? cache_slot(c->cache, c->cache_cap, level, f)->reg : 0;
}

static void remember(ts_vmc *c, uint32_t level, const ts_vm_form *f, int32_t reg) {
  if (2 * (c->cache_n + 1) > c->cache_cap) {
    size_t cap = c->cache_cap ? 2 * c->cache_cap : 32;
    ts_vm_cached *bigger = ts_new_array(c->arena, ts_vm_cached, cap);
    for (size_t i = 0; i < c->cache_cap; i++)
      if (c->cache[i].level)
        *cache_slot(bigger, cap, c->cache[i].level, &c->cache[i].form) = c->cache[i];
    c->cache = bigger;
    c->cache_cap = cap;
  }
  *cache_slot(c->cache, c->cache_cap, level, f) = (ts_vm_cached){level, reg, *f};
  c->cache_n++;
}

/* Splits off the terms whose atoms are defined in the body of level `depth` and are not its own
 * index. */
static void split_local(const ts_vmc *c, int depth, const ts_vm_form *f, ts_vm_form *outer,
                        ts_vm_form *local) {
  *outer = *local = (ts_vm_form){0};
  for (uint32_t i = 0; i < f->n; i++) {
    const ts_vm_atom *a = &c->atoms.at[f->t[i].atom];
    ts_vm_form *to = a->level == depth && !a->inherent ? local : outer;
    to->t[to->n++] = f->t[i];
  }
}

/* Sum of the terms with `start` (0: none), one instruction each, appended by `emit`-ing at
 * depth. */
static int32_t sum_terms(ts_vmc *c, int depth, const ts_vm_form *f, int32_t start) {
  int32_t sum = start;
  for (uint32_t i = 0; i < f->n; i++) {
    int32_t r = ts_vmc_slots(c, 1), atom = c->atoms.at[f->t[i].atom].reg;
    if (sum)
      ts_vmc_emit_at(c, depth, TS_VM_OP_MADK, r, sum, atom, 0, f->t[i].k);
    else
      ts_vmc_emit_at(c, depth, TS_VM_OP_MULK, r, atom, 0, 0, f->t[i].k);
    sum = r;
  }
  return sum;
}

/* A register that starts with the form's value in the first iteration and moves on with the
 * loop. */
static int32_t induction(ts_vmc *c, int depth, const ts_vm_form *f, int64_t k) {
  ts_vm_level *level = c->levels[depth];
  ts_vm_form start = *f, iv;
  ts_vmc_form_atom(&iv, level->iv, k);
  ts_vmc_form_add(c, &start, &iv, -1);
  ts_vmc_form_add(c, &start, &level->lo, k);
  int32_t r = ts_vmc_slots(c, 1);
  if (start.n == 0)
    ts_vmc_emit_at(c, depth - 1, TS_VM_OP_LDI, r, 0, 0, 0, start.c);
  else
    ts_vmc_emit_at(c, depth - 1, TS_VM_OP_ADDK, r, linear_at(c, depth - 1, &start), 0, 0, start.c);
  ts_push(c->arena, &level->bumps, (ts_vm_bump){r, wrap_mul(k, level->step)});
  return r;
}

static int64_t coefficient(const ts_vm_form *f, int32_t atom) {
  for (uint32_t i = 0; i < f->n; i++)
    if (f->t[i].atom == atom) return f->t[i].k;
  return 0;
}

/* The launch's indices are registers; their sums are made at the head of its body. */
static int32_t launch_sum(ts_vmc *c, int depth, const ts_vm_form *f) {
  ts_vm_form outer = {0}, ids = {0};
  for (uint32_t i = 0; i < f->n; i++) {
    ts_vm_form *to = c->atoms.at[f->t[i].atom].level == depth ? &ids : &outer;
    to->t[to->n++] = f->t[i];
  }
  int32_t sum = outer.n ? linear_at(c, depth - 1, &outer) : 0;
  for (uint32_t i = 0; i < ids.n; i++) {
    ts_insn insn = {.op = sum ? TS_VM_OP_MADK : TS_VM_OP_MULK, .a = ts_vmc_slots(c, 1)};
    insn.b = sum ? sum : c->atoms.at[ids.t[i].atom].reg;
    insn.c = c->atoms.at[ids.t[i].atom].reg;
    insn.imm = ids.t[i].k;
    ts_push(c->arena, &c->levels[depth]->head, insn);
    sum = insn.a;
  }
  return sum;
}

static int32_t linear_at(ts_vmc *c, int depth, const ts_vm_form *given) {
  ts_vm_form f = *given;
  f.c = 0;
  if (f.n == 1 && f.t[0].k == 1 && c->atoms.at[f.t[0].atom].reg >= 0)
    return c->atoms.at[f.t[0].atom].reg;
  ts_vm_level *level = c->levels[depth];
  int32_t r = cached(c, level->id, &f);
  if (r) return r;
  ts_vm_form outer, local;
  split_local(c, depth, &f, &outer, &local);
  if (local.n > 0) return sum_terms(c, depth, &local, outer.n ? linear_at(c, depth, &outer) : 0);
  if (depth > 0 && deepest(c, &f) < depth)
    r = linear_at(c, depth - 1, &f);
  else if (level->kind == TS_VM_IN_LOOP)
    r = induction(c, depth, &f, coefficient(&f, level->iv));
  else
    r = launch_sum(c, depth, &f);
  remember(c, level->id, &f, r);
  return r;
}

int32_t ts_vmc_linear(ts_vmc *c, const ts_vm_form *f) { return linear_at(c, c->depth, f); }

int32_t ts_vmc_whole(ts_vmc *c, const ts_vm_form *f) {
  if (f->n > 0 && f->c == 0) return ts_vmc_linear(c, f);
  int32_t r = ts_vmc_slots(c, 1);
  if (f->n == 0)
    ts_vmc_emit(c, TS_VM_OP_LDI, r, 0, 0, 0, f->c);
  else
    ts_vmc_emit(c, TS_VM_OP_ADDK, r, ts_vmc_linear(c, f), 0, 0, f->c);
  return r;
}
