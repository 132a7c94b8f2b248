/* BLAKE2s-256, from RFC 7693. */
#include "support/digest.h"

enum { BLOCK = 64, ROUNDS = 10 };

static const uint32_t iv[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                               0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

/* Section 2.7: the order of the message words in each round. */
static const uint8_t sigma[ROUNDS][16] = {
    {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
    {14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3},
    {11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4},
    {7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8},
    {9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13},
    {2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9},
    {12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11},
    {13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10},
    {6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5},
    {10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0},
};

static uint32_t rotate(uint32_t x, int n) { return x >> n | x << (32 - n); }

/* Section 3.1. */
static inline void mix(uint32_t v[16], int a, int b, int c, int d, uint32_t x, uint32_t y) {
  v[a] += v[b] + x;
  v[d] = rotate(v[d] ^ v[a], 16);
  v[c] += v[d];
  v[b] = rotate(v[b] ^ v[c], 12);
  v[a] += v[b] + y;
  v[d] = rotate(v[d] ^ v[a], 8);
  v[c] += v[d];
  v[b] = rotate(v[b] ^ v[c], 7);
}

static uint32_t word(const uint8_t *p) {
  return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

/* Section 3.2. `n` of the block's bytes count. */
static void compress(ts_digest *d, const uint8_t *block, size_t n, bool last) {
  uint32_t v[16], m[16];
  d->total += n;
  for (int i = 0; i < 8; i++) {
    v[i] = d->h[i];
    v[i + 8] = iv[i];
  }
  for (int i = 0; i < 16; i++)
    m[i] = word(block + 4 * i);
  v[12] ^= (uint32_t)d->total;
  v[13] ^= (uint32_t)(d->total >> 32);
  if (last) v[14] = ~v[14];
  for (int r = 0; r < ROUNDS; r++) {
    const uint8_t *s = sigma[r];
    mix(v, 0, 4, 8, 12, m[s[0]], m[s[1]]);
    mix(v, 1, 5, 9, 13, m[s[2]], m[s[3]]);
    mix(v, 2, 6, 10, 14, m[s[4]], m[s[5]]);
    mix(v, 3, 7, 11, 15, m[s[6]], m[s[7]]);
    mix(v, 0, 5, 10, 15, m[s[8]], m[s[9]]);
    mix(v, 1, 6, 11, 12, m[s[10]], m[s[11]]);
    mix(v, 2, 7, 8, 13, m[s[12]], m[s[13]]);
    mix(v, 3, 4, 9, 14, m[s[14]], m[s[15]]);
  }
  for (int i = 0; i < 8; i++)
    d->h[i] ^= v[i] ^ v[i + 8];
}

void ts_digest_begin(ts_digest *d) {
  *d = (ts_digest){0};
  memcpy(d->h, iv, sizeof iv);
  d->h[0] ^= 0x01010000 ^ TS_DIGEST_BYTES; /* no key, sequential */
}

/* A full block waits until more comes: the last one is compressed in another way. */
void ts_digest_add(ts_digest *d, const void *bytes, size_t n) {
  const uint8_t *p = bytes;
  while (n > 0) {
    if (d->n == BLOCK) {
      compress(d, d->block, BLOCK, false);
      d->n = 0;
    }
    size_t k = ts_min(n, BLOCK - d->n);
    memcpy(d->block + d->n, p, k);
    d->n += k;
    p += k;
    n -= k;
  }
}

void ts_digest_add_text(ts_digest *d, const char *text) {
  uint64_t n = strlen(text);
  ts_digest_add(d, &n, sizeof n);
  ts_digest_add(d, text, n);
}

void ts_digest_end(ts_digest *d, uint8_t out[TS_DIGEST_BYTES]) {
  memset(d->block + d->n, 0, BLOCK - d->n);
  compress(d, d->block, d->n, true);
  for (int i = 0; i < TS_DIGEST_BYTES; i++)
    out[i] = (uint8_t)(d->h[i / 4] >> 8 * (i % 4));
}

void ts_digest_hex(const uint8_t digest[TS_DIGEST_BYTES], char out[TS_DIGEST_HEX]) {
  static const char digits[] = "0123456789abcdef";
  for (int i = 0; i < TS_DIGEST_BYTES; i++) {
    out[2 * i] = digits[digest[i] >> 4];
    out[2 * i + 1] = digits[digest[i] & 15];
  }
  out[TS_DIGEST_HEX - 1] = '\0';
}
