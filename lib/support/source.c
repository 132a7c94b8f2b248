/* What every source must be before it is scanned: UTF-8 without NUL. */
#include "support/diag.h"

/* Bytes of the well-formed code point at `p`, 0 when there is none (Unicode 15, table 3-7). */
static size_t code_point(const unsigned char *p, size_t n) {
  unsigned char c = p[0];
  if (c < 0x80) return c != 0;
  size_t length = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : 2;
  if (c < 0xc2 || c > 0xf4 || length > n) return 0;
  for (size_t i = 1; i < length; i++)
    if ((p[i] & 0xc0) != 0x80) return 0;
  bool overlong = (c == 0xe0 && p[1] < 0xa0) || (c == 0xf0 && p[1] < 0x90);
  bool surrogate = c == 0xed && p[1] >= 0xa0, beyond = c == 0xf4 && p[1] >= 0x90;
  return overlong || surrogate || beyond ? 0 : length;
}

/* Eight bytes at a time: all ASCII, none of them NUL. */
static bool is_plain(const unsigned char *p) {
  const uint64_t high = 0x8080808080808080u, ones = 0x0101010101010101u;
  uint64_t word;
  memcpy(&word, p, sizeof word);
  return !((word | (word - ones)) & high);
}

static size_t first_bad(const unsigned char *p, size_t n) {
  for (size_t i = 0; i < n;) {
    if (n - i >= 8 && is_plain(p + i)) {
      i += 8;
      continue;
    }
    size_t length = code_point(p + i, n - i);
    if (!length) return i;
    i += length;
  }
  return n;
}

ts_result ts_source_check(ts_context *ctx, ts_source *s) {
  if (s->n >= 3 && !memcmp(s->text, "\xef\xbb\xbf", 3)) {
    s->text += 3;
    s->n -= 3;
  }
  size_t at = first_bad((const unsigned char *)s->text, s->n);
  if (at == s->n) return TS_OK;
  const ts_source *outer = ctx->source;
  ctx->source = s;
  unsigned char c = (unsigned char)s->text[at];
  ts_loc loc = ts_loc_at((uint32_t)at);
  if (c)
    ts_error(ctx, loc, "byte 0x%02x is not UTF-8 here", c);
  else
    ts_error(ctx, loc, "a NUL byte cannot stand in text");
  ctx->source = outer;
  return TS_ERR;
}
