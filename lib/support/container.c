/* Hashing and the map from pointers to pointers: open addressing with linear probing, at most
 * three quarters full. Iteration is not offered, so the order of addresses cannot leak into
 * results. */
#include <endian.h>

#include "support/support.h"

/* ---- hashing ---- */

/* Odd constants with well-mixed bits: the fractional parts of √2, √3 and √5. */
static const uint64_t K0 = 0x6a09e667f3bcc909, K1 = 0xbb67ae8584caa73b, K2 = 0x3c6ef372fe94f82b;

/* Both halves of the 128-bit product, folded: every input bit reaches every output bit. */
static uint64_t fold(uint64_t a, uint64_t b) {
  unsigned __int128 p = (unsigned __int128)a * b;
  return (uint64_t)p ^ (uint64_t)(p >> 64);
}

/* Little-endian on every machine, so that hashes can be printed and stored. */
static uint64_t load64(const unsigned char *p) {
  uint64_t w;
  memcpy(&w, p, 8);
  return le64toh(w);
}

static uint32_t load32(const unsigned char *p) {
  uint32_t w;
  memcpy(&w, p, 4);
  return le32toh(w);
}

uint64_t ts_hash(const void *bytes, size_t n, uint64_t seed) {
  const unsigned char *p = bytes;
  uint64_t h = seed ^ K0, lo = 0, hi = 0;
  for (size_t left = n; left > 16; left -= 16, p += 16)
    h = fold(load64(p) ^ K1, load64(p + 8) ^ h);
  size_t left = n ? (n - 1) % 16 + 1 : 0;
  if (left >= 8) {
    lo = load64(p);
    hi = load64(p + left - 8);
  } else if (left >= 4) {
    lo = load32(p);
    hi = load32(p + left - 4);
  } else if (left) {
    lo = (uint64_t)p[0] << 16 | (uint64_t)p[left / 2] << 8 | p[left - 1];
  }
  return fold(fold(lo ^ K1, hi ^ h), K2 ^ n);
}

/* ---- pointer maps ---- */

void ts_ptrmap_init(ts_ptrmap *m, ts_arena *arena) { *m = (ts_ptrmap){.arena = arena}; }

/* The slot that holds `key`, or the free one where it belongs. */
static struct ts_ptrmap_slot *find(const ts_ptrmap *m, const void *key) {
  size_t mask = m->cap - 1;
  size_t i = (size_t)fold((uint64_t)(uintptr_t)key ^ K1, K0) & mask;
  while (m->slots[i].key && m->slots[i].key != key)
    i = (i + 1) & mask;
  return &m->slots[i];
}

void *ts_ptrmap_get(const ts_ptrmap *m, const void *key) {
  return m->cap ? find(m, key)->value : NULL;
}

static void grow(ts_ptrmap *m) {
  ts_ptrmap old = *m;
  m->cap = old.cap ? ts_size_mul(old.cap, 2) : 16;
  m->slots = ts_new_array(m->arena, struct ts_ptrmap_slot, m->cap);
  for (size_t i = 0; i < old.cap; i++)
    if (old.slots[i].key) *find(m, old.slots[i].key) = old.slots[i];
}

void ts_ptrmap_put(ts_ptrmap *m, const void *key, void *value) {
  if (4 * (m->n + 1) > 3 * m->cap) grow(m);
  struct ts_ptrmap_slot *slot = find(m, key);
  if (!slot->key) m->n++;
  *slot = (struct ts_ptrmap_slot){key, value};
}
