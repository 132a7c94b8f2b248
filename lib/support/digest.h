/* Digests of 256 bits: names for contents, and seals that show damage. */
#ifndef TS_SUPPORT_DIGEST_H
#define TS_SUPPORT_DIGEST_H

#include "support/support.h"

enum { TS_DIGEST_BYTES = 32, TS_DIGEST_HEX = 2 * TS_DIGEST_BYTES + 1 };

/* BLAKE2s-256 without a key: RFC 7693, sections 2 and 3. */
typedef struct ts_digest {
  uint32_t h[8];
  uint64_t total;    /* bytes that went through the compression */
  uint8_t block[64]; /* bytes not compressed yet */
  size_t n;
} ts_digest;

void ts_digest_begin(ts_digest *);
void ts_digest_add(ts_digest *, const void *bytes, size_t n);
/* A text with its length before it, so that no two lists of texts run into the same bytes. */
void ts_digest_add_text(ts_digest *, const char *);
void ts_digest_end(ts_digest *, uint8_t out[TS_DIGEST_BYTES]);
void ts_digest_hex(const uint8_t digest[TS_DIGEST_BYTES], char out[TS_DIGEST_HEX]);

#endif
