/* BLAKE2s-256 against its RFC and Python's hashlib. */
#include "support/digest.h"
#include "unit.h"

/* hashlib.blake2s(bytes(i * 7 & 255 for i in range(n))).hexdigest(): around the ends of blocks. */
static const struct {
  size_t n;
  const char *hex;
} known[] = {
    {0, "69217a3079908094e11121d042354a7c1f55b6482ca1a51e1b250dfd1ed0eef9"},
    {1, "e34d74dbaf4ff4c6abd871cc220451d2ea2648846c7757fbaac82fe51ad64bea"},
    {63, "8711b32e3542deae1acce6409fec6577d9ca7daf80e1dcb5534236beea38e6b3"},
    {64, "b09537398e20f8cd56dca19d34b4b467633721bef880f40f2f707ebffd097551"},
    {65, "8936ffcf32a157440820fc06674e4682f76fe78fa7184bfad264c2f6eff6a151"},
    {127, "e75dc97ed5109a0511a064ffecc29b07676d5532ab9d1455aa18ec998a3020e6"},
    {128, "9462ab46c9c7779556af81a31d87fe184e631d5e4836bbda5998669d86a6544b"},
    {129, "9f8fd169776b12dcccd43b31edd795c1542759f975cc5842e88355a96c38234b"},
    {1000, "864cc6649876b99e9f3f8519efaeb794ad1808c9af52b996583fb5a54c74a46d"},
};

/* The digest of `n` bytes that are given in pieces of `step`. */
static const char *digest_of(const uint8_t *bytes, size_t n, size_t step) {
  static char hex[TS_DIGEST_HEX];
  uint8_t out[TS_DIGEST_BYTES];
  ts_digest d;
  ts_digest_begin(&d);
  for (size_t i = 0; i < n; i += step)
    ts_digest_add(&d, bytes + i, ts_min(step, n - i));
  ts_digest_end(&d, out);
  ts_digest_hex(out, hex);
  return hex;
}

START_TEST(of_abc_as_in_rfc_7693_appendix_b) {
  ck_assert_str_eq(digest_of((const uint8_t *)"abc", 3, 3),
                   "508c5e8c327c14e2e1a72ba34eeb452f37458b209ed63a294d999b4c86675982");
}
END_TEST

START_TEST(of_every_length_and_in_any_pieces) {
  uint8_t bytes[1000];
  for (size_t i = 0; i < sizeof bytes; i++)
    bytes[i] = (uint8_t)(i * 7);
  for (unsigned k = 0; k < ts_countof(known); k++)
    for (size_t step = 1; step <= 130; step++)
      ck_assert_str_eq(digest_of(bytes, known[k].n, step), known[k].hex);
}
END_TEST

START_TEST(lists_of_texts_do_not_run_together) {
  uint8_t a[TS_DIGEST_BYTES], b[TS_DIGEST_BYTES];
  ts_digest d;
  ts_digest_begin(&d);
  ts_digest_add_text(&d, "ab");
  ts_digest_add_text(&d, "c");
  ts_digest_end(&d, a);
  ts_digest_begin(&d);
  ts_digest_add_text(&d, "a");
  ts_digest_add_text(&d, "bc");
  ts_digest_end(&d, b);
  ck_assert_int_ne(memcmp(a, b, sizeof a), 0);
}
END_TEST

UNIT_MAIN("digest", of_abc_as_in_rfc_7693_appendix_b, of_every_length_and_in_any_pieces,
          lists_of_texts_do_not_run_together)
