/* Open-addressing tables of uniqued items. The full hash is kept, so that growing does not look at the
 * items and most unequal pairs are told apart without a call. */
#include "ir/uniquer_impl.h"

static struct ts_uniq_slot *find(struct ts_uniq_slot *slots, size_t cap, uint64_t hash,
                                 const void *key, bool (*equal)(const void *, const void *)) {
  for (size_t i = hash & (cap - 1);; i = (i + 1) & (cap - 1)) {
    struct ts_uniq_slot *s = &slots[i];
    if (!s->item || (s->hash == hash && key && equal(key, s->item))) return s;
  }
}

static void grow(ts_module *m, ts_uniq_table *t) {
  size_t cap = t->cap ? t->cap * 2 : 32;
  size_t bytes = cap * sizeof *t->slots;
  struct ts_uniq_slot *slots = ts_realloc(&m->ctx->memory, NULL, 0, bytes);
  memset(slots, 0, bytes);
  for (size_t i = 0; i < t->cap; i++)
    if (t->slots[i].item) *find(slots, cap, t->slots[i].hash, NULL, NULL) = t->slots[i];
  ts_free(&m->ctx->memory, t->slots, t->cap * sizeof *t->slots);
  t->slots = slots;
  t->cap = cap;
}

struct ts_uniq_slot *ts_uniq_slot(ts_module *m, ts_uniq_table *t, uint64_t hash, const void *key,
                                  bool (*equal)(const void *, const void *)) {
  if (t->n * 4 >= t->cap * 3) grow(m, t);
  return find(t->slots, t->cap, hash, key, equal);
}

void ts_uniq_fill(ts_uniq_table *t, struct ts_uniq_slot *slot, uint64_t hash, const void *item) {
  slot->hash = hash;
  slot->item = item;
  t->n++;
}

static void drop(ts_module *m, ts_uniq_table *t) {
  ts_free(&m->ctx->memory, t->slots, t->cap * sizeof *t->slots);
}

void ts_uniquer_drop(ts_module *m) {
  drop(m, &m->uniquer->types);
  drop(m, &m->uniquer->affs);
  drop(m, &m->uniquer->maps);
  drop(m, &m->uniquer->literals);
}
