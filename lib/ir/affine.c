/* Affine expressions and lists of them, uniqued. */
#include "support/arith.h"
#include "ir/uniquer_impl.h"

static uint64_t hash_aff(const ts_aff *a) {
  const int64_t words[] = {a->kind, (int64_t)(uintptr_t)a->lhs, (int64_t)(uintptr_t)a->rhs,
                           a->value};
  return ts_hash(words, sizeof words, 0);
}

static bool same_aff(const void *key, const void *item) {
  const ts_aff *a = key, *b = item;
  return a->kind == b->kind && a->lhs == b->lhs && a->rhs == b->rhs && a->value == b->value;
}

static const ts_aff *unique_aff(ts_module *m, ts_aff key) {
  uint64_t hash = hash_aff(&key);
  struct ts_uniq_slot *slot = ts_uniq_slot(m, &m->uniquer->affs, hash, &key, same_aff);
  if (slot->item) return slot->item;
  ts_aff *a = ts_new(&m->arena, ts_aff);
  *a = key;
  ts_uniq_fill(&m->uniquer->affs, slot, hash, a);
  return a;
}

const ts_aff *ts_aff_const(ts_module *m, int64_t value) {
  return unique_aff(m, (ts_aff){.kind = TS_AFF_CONST, .value = value});
}

const ts_aff *ts_aff_dim(ts_module *m, unsigned i) {
  return unique_aff(m, (ts_aff){.kind = TS_AFF_DIM, .value = i});
}

const ts_aff *ts_aff_sym(ts_module *m, ts_str name) {
  return unique_aff(m, (ts_aff){.kind = TS_AFF_SYM, .value = name});
}

bool ts_aff_is_const(const ts_aff *a, int64_t *value) {
  if (a->kind != TS_AFF_CONST) return false;
  *value = a->value;
  return true;
}

/* Divisors are positive. */
static bool fold(ts_aff_kind kind, int64_t a, int64_t b, int64_t *out) {
  switch (kind) {
  case TS_AFF_ADD: return !__builtin_add_overflow(a, b, out);
  case TS_AFF_MUL: return !__builtin_mul_overflow(a, b, out);
  case TS_AFF_FLOORDIV: *out = ts_floor_div(a, b); return true;
  case TS_AFF_CEILDIV: *out = ts_ceil_div(a, b); return true;
  case TS_AFF_MOD: *out = ts_floor_mod(a, b); return true;
  default: ts_unreachable("an affine leaf has no sides");
  }
}

const ts_aff *ts_aff_binary(ts_module *m, ts_aff_kind kind, const ts_aff *lhs, const ts_aff *rhs) {
  bool commutes = kind == TS_AFF_ADD || kind == TS_AFF_MUL;
  if (commutes && lhs->kind == TS_AFF_CONST) {
    const ts_aff *swap = lhs;
    lhs = rhs;
    rhs = swap;
  }
  int64_t a, b;
  bool const_rhs = ts_aff_is_const(rhs, &b);
  if (kind != TS_AFF_ADD && !const_rhs) return NULL;
  if (!commutes && b <= 0) return NULL;
  if (const_rhs && ts_aff_is_const(lhs, &a)) {
    int64_t value;
    /* The least int64 is refused too: its text could not be read back. */
    bool fits = fold(kind, a, b, &value) && value != INT64_MIN;
    return fits ? ts_aff_const(m, value) : NULL;
  }
  if (const_rhs) {
    if (kind == TS_AFF_ADD && b == 0) return lhs;
    if (kind == TS_AFF_MUL && b == 0) return rhs;
    if (kind == TS_AFF_MOD && b == 1) return ts_aff_const(m, 0);
    if (kind != TS_AFF_ADD && b == 1) return lhs;
  }
  unsigned depth = 1 + ts_max(lhs->depth, rhs->depth);
  if (depth > TS_MAX_AFF_DEPTH) return NULL;
  return unique_aff(m, (ts_aff){.kind = kind, .depth = (uint16_t)depth, .lhs = lhs, .rhs = rhs});
}

const ts_aff *ts_aff_substitute(ts_module *m, const ts_aff *a, const ts_aff *const *with,
                                const ts_aff *(*sym)(void *, ts_str), void *ctx) {
  switch ((ts_aff_kind)a->kind) {
  case TS_AFF_CONST: return a;
  case TS_AFF_DIM: return with ? with[a->value] : a;
  case TS_AFF_SYM: return sym ? sym(ctx, (ts_str)a->value) : a;
  default: break;
  }
  const ts_aff *lhs = ts_aff_substitute(m, a->lhs, with, sym, ctx);
  const ts_aff *rhs = lhs ? ts_aff_substitute(m, a->rhs, with, sym, ctx) : NULL;
  return rhs ? ts_aff_binary(m, a->kind, lhs, rhs) : NULL;
}

bool ts_aff_eval(const ts_aff *a, const int64_t *dims, int64_t (*sym)(void *, ts_str), void *ctx,
                 int64_t *out) {
  switch ((ts_aff_kind)a->kind) {
  case TS_AFF_CONST: *out = a->value; return true;
  case TS_AFF_DIM: *out = dims[a->value]; return true;
  case TS_AFF_SYM: *out = sym(ctx, (ts_str)a->value); return true;
  default: break;
  }
  int64_t lhs, rhs;
  return ts_aff_eval(a->lhs, dims, sym, ctx, &lhs) && ts_aff_eval(a->rhs, dims, sym, ctx, &rhs) &&
         fold(a->kind, lhs, rhs, out);
}

typedef struct {
  unsigned n;
  const ts_aff *const *exprs;
} map_key;

static bool same_map(const void *key, const void *item) {
  const map_key *k = key;
  const ts_map *map = item;
  return map->n == k->n && (!k->n || memcmp(map->exprs, k->exprs, k->n * sizeof *k->exprs) == 0);
}

const ts_map *ts_map_get(ts_module *m, unsigned n, const ts_aff *const *exprs) {
  map_key key = {n, exprs};
  uint64_t hash = ts_hash(exprs, n * sizeof *exprs, n);
  struct ts_uniq_slot *slot = ts_uniq_slot(m, &m->uniquer->maps, hash, &key, same_map);
  if (slot->item) return slot->item;
  ts_map *map = ts_arena_alloc(&m->arena, sizeof *map + n * sizeof *exprs);
  map->n = n;
  if (n) memcpy(map->exprs, exprs, n * sizeof *exprs);
  ts_uniq_fill(&m->uniquer->maps, slot, hash, map);
  return map;
}
