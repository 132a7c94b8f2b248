/* Interned strings: one table entry of 16 bytes a string, found through a hash table of 4-byte ids.
 *
 * An entry keeps its hash, so a probe touches a string's text only when the 32 bits agree, and
 * growing the table touches none. */
#include "support/support.h"

enum { MIN_SLOTS = 64 };

void ts_interner_init(ts_interner *in, ts_memory *memory, ts_arena *arena) {
  *in = (ts_interner){.memory = memory, .arena = arena};
}

void ts_interner_drop(ts_interner *in) {
  ts_free(in->memory, in->entries, in->entries_cap * sizeof *in->entries);
  ts_free(in->memory, in->slots, in->slots_cap * sizeof *in->slots);
  ts_interner_init(in, in->memory, in->arena);
}

/* Names tend to be numbered (%v1, %v2, …) and used near where they are defined. So the number at
 * the end is added to the hash of the rest: neighbours in the text get neighbouring slots, and
 * look-ups stay in the cache. What that costs in spread is made good by double hashing (Knuth,
 * TAOCP vol. 3, 6.4). */
static uint32_t hash_of(const char *text, size_t n) {
  uint64_t rest = n;
  uint32_t number = 0;
  for (size_t i = 0; i < n; i++) {
    uint32_t c = (unsigned char)text[i], digit = c - '0';
    if (digit <= 9) {
      number = number * 10 + digit;
    } else {
      rest = (rest ^ (uint64_t)number << 8 ^ c) * 0x9E3779B97F4A7C15u;
      number = 0;
    }
  }
  return (uint32_t)((rest ^ rest >> 29) * 0xBF58476D1CE4E5B9u >> 32) + number;
}

/* How far apart the slots are that a hash tries: odd, so that it gets to all of them, and the same
 * for neighbours, so that a run of names that meets another moves on as a run. */
static size_t stride_of(uint32_t hash) { return ((size_t)(hash >> 20) * 0x9E3779B1u >> 7) | 1; }

/* The slot that holds the string's id, or the free one (0) where it belongs. */
static uint32_t *find(const ts_interner *in, const char *text, size_t n, uint32_t hash) {
  size_t mask = in->slots_cap - 1;
  for (size_t i = hash & mask;; i = (i + stride_of(hash)) & mask) {
    uint32_t id = in->slots[i];
    if (!id) return &in->slots[i];
    const struct ts_interned *e = &in->entries[id - 1];
    if (e->hash == hash && e->len == n && memcmp(e->text, text, n) == 0) return &in->slots[i];
  }
}

static void grow_slots(ts_interner *in) {
  size_t cap = in->slots_cap ? in->slots_cap * 2 : MIN_SLOTS, mask = cap - 1;
  size_t old_bytes = in->slots_cap * sizeof *in->slots, bytes = cap * sizeof *in->slots;
  in->slots = ts_realloc(in->memory, in->slots, old_bytes, bytes);
  in->slots_cap = cap;
  memset(in->slots, 0, bytes);
  for (uint32_t id = 1; id <= in->n; id++) {
    uint32_t hash = in->entries[id - 1].hash;
    size_t i = hash & mask;
    while (in->slots[i])
      i = (i + stride_of(hash)) & mask;
    in->slots[i] = id;
  }
}

/* By a quarter once large: entries are most of what a name costs. */
static void grow_entries(ts_interner *in) {
  size_t cap = in->entries_cap + ts_max(in->entries_cap / 4, MIN_SLOTS);
  size_t size = sizeof *in->entries;
  in->entries = ts_realloc(in->memory, in->entries, in->entries_cap * size, cap * size);
  in->entries_cap = cap;
}

ts_str ts_intern_n(ts_interner *in, const char *text, size_t n, bool stable) {
  if (4 * (in->n + 1) > 3 * in->slots_cap) grow_slots(in);
  uint32_t hash = hash_of(text, n), *slot = find(in, text, n, hash);
  if (*slot) return *slot;
  if (in->n == in->entries_cap) grow_entries(in);
  if (!stable) text = ts_strndup(in->arena, text, n);
  in->entries[in->n++] = (struct ts_interned){
      .text = text, .len = (uint32_t)n & INT32_MAX, .terminated = !stable, .hash = hash};
  return *slot = (ts_str)in->n;
}

const char *ts_intern_text(const ts_interner *in, ts_str id) {
  struct ts_interned *e = &in->entries[id - 1];
  if (!e->terminated) {
    e->text = ts_strndup(in->arena, e->text, e->len);
    e->terminated = true;
  }
  return e->text;
}

ts_str ts_intern(ts_interner *in, const char *text) {
  return ts_intern_n(in, text, strlen(text), false);
}

ts_str ts_intern_find(const ts_interner *in, const char *text, size_t n) {
  return in->slots_cap ? *find(in, text, n, hash_of(text, n)) : 0;
}
