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

ts_linear ts_vmc_form_atom(ts_vmc *c, int32_t atom) { return ts_linear_atom(c->arena, atom); }

/* Replaces the form by one opaque atom plus its constant. */
static void collapse(ts_vmc *c, ts_linear *f) {
  int64_t constant = f->constant;
  f->constant = 0;
  __int128 lo = ts_vmc_min(c, f), hi = ts_vmc_max(c, f);
  int32_t r = ts_vmc_linear(c, f);
  bool fits = lo >= INT64_MIN && hi <= INT64_MAX;
  *f = ts_vmc_form_atom(c, ts_vmc_new_atom(c, r, c->depth, fits ? (int64_t)lo : INT64_MIN,
                                           fits ? (int64_t)hi : INT64_MAX));
  f->constant = constant;
}

/* Have both together more atoms than a form may? */
static bool is_too_long_with(const ts_linear *f, const ts_linear *g) {
  unsigned n = f->n;
  if (n + g->n <= TS_VM_TERMS) return false;
  for (unsigned i = 0; i < g->n; i++)
    n += !ts_linear_coef(f, g->terms[i].atom);
  return n > TS_VM_TERMS;
}

void ts_vmc_form_add(ts_vmc *c, ts_linear *f, const ts_linear *g, int64_t times) {
  ts_linear with = *g;
  if (is_too_long_with(f, &with)) collapse(c, f);
  if (is_too_long_with(f, &with)) collapse(c, &with);
  (void)ts_linear_add(c->arena, f, &with, times); /* wraps */
}

static ts_linear form_of_value(ts_vmc *c, const ts_value *v) {
  if (ts_is_literal(v)) return (ts_linear){.constant = (int64_t)v->bits};
  ts_vm_val *val = ts_vmc_val(c, v);
  if (val->form) return *val->form;
  if (!val->atom) val->atom = 1 + ts_vmc_new_atom(c, val->reg, val->level, INT64_MIN, INT64_MAX);
  return ts_vmc_form_atom(c, val->atom - 1);
}

static int32_t register_at(ts_vmc *c, int depth, const ts_linear *f);

static int deepest(const ts_vmc *c, const ts_linear *f) {
  int depth = 0;
  for (unsigned i = 0; i < f->n; i++)
    depth = ts_max(depth, c->atoms.at[ts_vm_atom_of(&f->terms[i])].level);
  return depth;
}

/* floordiv, ceildiv and mod by a constant: a register of their own, made as far out as it can
 * be. */
static ts_linear divided(ts_vmc *c, ts_aff_kind kind, int64_t by, const ts_linear *f) {
  static const ts_vm_opcode ops[] = {[TS_AFF_FLOORDIV] = TS_VM_OP_FLOORDIVK,
                                     [TS_AFF_CEILDIV] = TS_VM_OP_CEILDIVK,
                                     [TS_AFF_MOD] = TS_VM_OP_MODK};
  __int128 lo = ts_vmc_min(c, f), hi = ts_vmc_max(c, f);
  if (kind == TS_AFF_MOD && lo >= 0 && hi < by) return *f;
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
  ts_vmc_emit_at(c, depth, TS_VM_OP_ADDK, r, register_at(c, depth, f), 0, 0, f->constant);
  ts_vmc_emit_at(c, depth, ops[kind], r, r, 0, 0, by);
  return ts_vmc_form_atom(c, ts_vmc_new_atom(c, r, depth, l, h));
}

static int64_t divided_constant(ts_aff_kind kind, int64_t a, int64_t by) {
  return kind == TS_AFF_FLOORDIV ? ts_floor_div(a, by)
         : kind == TS_AFF_MOD    ? ts_floor_mod(a, by)
                                 : ts_ceil_div(a, by);
}

typedef struct reader {
  ts_linear_reader base;
  ts_vmc *c;
} reader;

static ts_linear leaf(ts_linear_reader *r, const ts_op *op, const ts_aff *a) {
  ts_vmc *c = ((reader *)r)->c;
  if (a->kind == TS_AFF_SYM) return (ts_linear){.constant = ts_vmc_symbol(c, (ts_str)a->value)};
  return form_of_value(c, ts_dim(op, (unsigned)a->value));
}

static ts_linear sum(ts_linear_reader *r, const ts_linear *a, const ts_linear *b, int64_t times) {
  ts_linear sum = *a;
  ts_vmc_form_add(((reader *)r)->c, &sum, b, times);
  return sum;
}

static ts_linear division(ts_linear_reader *r, ts_aff_kind kind, const ts_linear *f, int64_t by) {
  if (f->n == 0) return (ts_linear){.constant = divided_constant(kind, f->constant, by)};
  return divided(((reader *)r)->c, kind, by, f);
}

ts_linear ts_vmc_form_of(ts_vmc *c, const ts_op *op, const ts_aff *e) {
  reader r = {.base = {.arena = c->arena, .leaf = leaf, .sum = sum, .division = division}, .c = c};
  return ts_linear_of(&r.base, op, e);
}

/* ---- ranges ---- */

static __int128 term_bound(const ts_vmc *c, intptr_t atom, int64_t coef, bool upper) {
  const ts_vm_atom *a = &c->atoms.at[atom];
  return (__int128)coef * ((coef > 0) == upper ? a->hi : a->lo);
}

static __int128 saturated(__int128 sum) {
  const __int128 far = (__int128)1 << 120;
  return sum > far ? far : sum < -far ? -far : sum;
}

/* The greatest or least value of  f + times * g  by the ranges of the atoms. */
static __int128 bound_of_sum(const ts_vmc *c, const ts_linear *f, const ts_linear *g, int64_t times,
                             bool upper) {
  int64_t constant = f->constant;
  (void)ts_add_scaled(&constant, g->constant, times);
  __int128 sum = constant;
  for (unsigned i = 0; i < f->n; i++) {
    int64_t coef = f->terms[i].coef;
    (void)ts_add_scaled(&coef, ts_linear_coef(g, f->terms[i].atom), times);
    sum = saturated(sum + term_bound(c, f->terms[i].atom, coef, upper));
  }
  for (unsigned i = 0; i < g->n; i++) {
    int64_t coef = 0;
    if (ts_linear_coef(f, g->terms[i].atom)) continue;
    (void)ts_add_scaled(&coef, g->terms[i].coef, times);
    sum = saturated(sum + term_bound(c, g->terms[i].atom, coef, upper));
  }
  return sum;
}

static __int128 plain_bound(const ts_vmc *c, const ts_linear *f, bool upper) {
  return bound_of_sum(c, f, &(ts_linear){0}, 0, upper);
}

static bool shares_atom(const ts_linear *f, const ts_linear *g) {
  for (unsigned i = 0; i < f->n; i++)
    if (ts_linear_coef(g, f->terms[i].atom)) return true;
  return false;
}

/* A fact is <= 0, so f is at most f - fact, and at least f + fact. */
static __int128 bound(const ts_vmc *c, const ts_linear *f, bool upper) {
  __int128 best = plain_bound(c, f, upper);
  size_t n = c->facts.n, from = n > TS_VM_FACTS ? n - TS_VM_FACTS : 0;
  for (size_t i = from; i < n; i++) {
    const ts_linear *fact = &c->facts.at[i];
    if (!shares_atom(f, fact) || is_too_long_with(f, fact)) continue;
    __int128 by_fact = bound_of_sum(c, f, fact, upper ? -1 : 1, upper);
    best = upper ? ts_min(best, by_fact) : ts_max(best, by_fact);
  }
  return best;
}

__int128 ts_vmc_max(ts_vmc *c, const ts_linear *f) { return bound(c, f, true); }
__int128 ts_vmc_min(ts_vmc *c, const ts_linear *f) { return bound(c, f, false); }

bool ts_vmc_proved(ts_vmc *c, const ts_linear *f, int64_t limit) {
  if (plain_bound(c, f, false) >= 0 && plain_bound(c, f, true) < limit) return true;
  return ts_vmc_min(c, f) >= 0 && ts_vmc_max(c, f) < limit;
}

void ts_vmc_assume(ts_vmc *c, const ts_linear *f) {
  if (f->n > 0) ts_push(c->arena, &c->facts, *f);
}

/* ---- registers ---- */

/* From here on forms have no constant, and their terms in the order of their atoms, so that equal sums have one
 * register. */
typedef struct ordered {
  unsigned n;
  ts_linear_term terms[TS_VM_TERMS];
} ordered;

static ordered order(const ts_linear *f) {
  ordered o = {.n = f->n};
  for (unsigned i = 0; i < f->n; i++) {
    unsigned k = i;
    for (; k > 0 && o.terms[k - 1].atom > f->terms[i].atom; k--)
      o.terms[k] = o.terms[k - 1];
    o.terms[k] = f->terms[i];
  }
  return o;
}

static const ts_vm_atom *atom_of(const ts_vmc *c, const ts_linear_term *t) {
  return &c->atoms.at[t->atom];
}

/* A register that is known to hold a sum. */
typedef struct ts_vm_cached {
  uint32_t level; /* id; 0: empty */
  int32_t reg;
  unsigned n;
  const ts_linear_term *terms;
} ts_vm_cached;

static uint64_t sum_hash(uint32_t level, unsigned n, const ts_linear_term *terms) {
  uint64_t h = level * 0x9e3779b97f4a7c15ull;
  for (unsigned i = 0; i < n; i++)
    h = (h ^ (uint64_t)terms[i].atom ^ (uint64_t)terms[i].coef * 0xff51afd7ed558ccdull) *
        0x9e3779b97f4a7c15ull;
  return h ^ h >> 29;
}

/* The cache's slot for (level, sum): filled or empty. */
static ts_vm_cached *cache_slot(ts_vm_cached *at, size_t cap, uint32_t level, unsigned n,
                                const ts_linear_term *terms) {
  size_t i = sum_hash(level, n, terms) & (cap - 1);
  while (at[i].level && !(at[i].level == level && at[i].n == n &&
                          memcmp(at[i].terms, terms, n * sizeof *terms) == 0))
    i = (i + 1) & (cap - 1);
  return &at[i];
}

static int32_t cached(ts_vmc *c, uint32_t level, const ordered *f) {
  return c->cache_cap ? cache_slot(c->cache, c->cache_cap, level, f->n, f->terms)->reg : 0;
}

static void remember(ts_vmc *c, uint32_t level, const ordered *f, int32_t reg) {
  if (2 * (c->cache_n + 1) > c->cache_cap) {
    size_t cap = c->cache_cap ? 2 * c->cache_cap : 32;
    ts_vm_cached *bigger = ts_new_array(c->arena, ts_vm_cached, cap);
    for (size_t i = 0; i < c->cache_cap; i++) {
      const ts_vm_cached *old = &c->cache[i];
      if (old->level) *cache_slot(bigger, cap, old->level, old->n, old->terms) = *old;
    }
    c->cache = bigger;
    c->cache_cap = cap;
  }
  ts_linear_term *terms = ts_new_array(c->arena, ts_linear_term, f->n);
  memcpy(terms, f->terms, f->n * sizeof *terms);
  *cache_slot(c->cache, c->cache_cap, level, f->n, terms) = (ts_vm_cached){level, reg, f->n, terms};
  c->cache_n++;
}

static int32_t linear_at(ts_vmc *c, int depth, const ordered *f);

/* Sum of the terms with `start` (0: none), one instruction each, appended by `emit`-ing at
 * depth. */
static int32_t sum_terms(ts_vmc *c, int depth, const ordered *f, int32_t start) {
  int32_t sum = start;
  for (unsigned i = 0; i < f->n; i++) {
    int32_t r = ts_vmc_slots(c, 1), atom = atom_of(c, &f->terms[i])->reg;
    if (sum)
      ts_vmc_emit_at(c, depth, TS_VM_OP_MADK, r, sum, atom, 0, f->terms[i].coef);
    else
      ts_vmc_emit_at(c, depth, TS_VM_OP_MULK, r, atom, 0, 0, f->terms[i].coef);
    sum = r;
  }
  return sum;
}

/* A register that starts with the form's value in the first iteration and moves on with the
 * loop. */
static int32_t induction(ts_vmc *c, int depth, const ordered *f) {
  ts_vm_level *level = c->levels[depth];
  ts_linear start = {.n = f->n, .terms = f->terms}, iv = ts_vmc_form_atom(c, level->iv);
  int64_t step = 0, k = ts_linear_coef(&start, level->iv);
  ts_vmc_form_add(c, &start, &iv, (int64_t)-(uint64_t)k);
  ts_vmc_form_add(c, &start, &level->lo, k);
  int32_t r = ts_vmc_slots(c, 1);
  if (start.n == 0)
    ts_vmc_emit_at(c, depth - 1, TS_VM_OP_LDI, r, 0, 0, 0, start.constant);
  else
    ts_vmc_emit_at(c, depth - 1, TS_VM_OP_ADDK, r, register_at(c, depth - 1, &start), 0, 0,
                   start.constant);
  (void)ts_add_scaled(&step, k, level->step);
  ts_push(c->arena, &level->bumps, (ts_vm_bump){r, step});
  return r;
}

/* The launch's indices are registers; their sums are made at the head of its body. */
static int32_t launch_sum(ts_vmc *c, int depth, const ordered *f) {
  ordered outer = {0}, ids = {0};
  for (unsigned i = 0; i < f->n; i++) {
    ordered *to = atom_of(c, &f->terms[i])->level == depth ? &ids : &outer;
    to->terms[to->n++] = f->terms[i];
  }
  int32_t sum = outer.n ? linear_at(c, depth - 1, &outer) : 0;
  for (unsigned i = 0; i < ids.n; i++) {
    int32_t atom = atom_of(c, &ids.terms[i])->reg;
    ts_insn insn = {.op = sum ? TS_VM_OP_MADK : TS_VM_OP_MULK, .a = ts_vmc_slots(c, 1)};
    insn.b = sum ? sum : atom;
    insn.c = atom;
    insn.imm = ids.terms[i].coef;
    ts_push(c->arena, &c->levels[depth]->head, insn);
    sum = insn.a;
  }
  return sum;
}

/* The terms whose atoms are defined in the body of level `depth` and are not its own index are summed there,
 * on top of the others. */
static int32_t linear_at(ts_vmc *c, int depth, const ordered *f) {
  if (f->n == 1 && f->terms[0].coef == 1 && atom_of(c, &f->terms[0])->reg >= 0)
    return atom_of(c, &f->terms[0])->reg;
  ts_vm_level *level = c->levels[depth];
  int32_t r = cached(c, level->id, f);
  if (r) return r;
  ordered outer = {0}, local = {0};
  int deepest = 0;
  for (unsigned i = 0; i < f->n; i++) {
    const ts_vm_atom *a = atom_of(c, &f->terms[i]);
    ordered *to = a->level == depth && !a->inherent ? &local : &outer;
    to->terms[to->n++] = f->terms[i];
    deepest = ts_max(deepest, a->level);
  }
  if (local.n > 0) return sum_terms(c, depth, &local, outer.n ? linear_at(c, depth, &outer) : 0);
  if (depth > 0 && deepest < depth)
    r = linear_at(c, depth - 1, f);
  else if (level->kind == TS_VM_IN_LOOP)
    r = induction(c, depth, f);
  else
    r = launch_sum(c, depth, f);
  remember(c, level->id, f, r);
  return r;
}

static int32_t register_at(ts_vmc *c, int depth, const ts_linear *f) {
  ordered o = order(f);
  return linear_at(c, depth, &o);
}

int32_t ts_vmc_linear(ts_vmc *c, const ts_linear *f) { return register_at(c, c->depth, f); }

int32_t ts_vmc_whole(ts_vmc *c, const ts_linear *f) {
  if (f->n > 0 && f->constant == 0) return ts_vmc_linear(c, f);
  int32_t r = ts_vmc_slots(c, 1);
  if (f->n == 0)
    ts_vmc_emit(c, TS_VM_OP_LDI, r, 0, 0, 0, f->constant);
  else
    ts_vmc_emit(c, TS_VM_OP_ADDK, r, ts_vmc_linear(c, f), 0, 0, f->constant);
  return r;
}
