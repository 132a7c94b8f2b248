/* Ranges of an extent, and where to look in them. */
#include "tune/session/buckets.h"

#include <inttypes.h>
#include <math.h>

#include "syntax/extent.h"
#include "syntax/options.h"

/* ---- reading ---- */

typedef struct range_reader {
  ts_text_reader text;
  const char *extent;
  TS_VEC(ts_bucket) found;
} range_reader;

static ts_result bad_range(range_reader *r, size_t begin, const char *what) {
  ts_loc loc = {(uint32_t)begin, (uint32_t)r->text.at};
  (void)ts_error(r->text.ctx, loc, "%s", what);
  return TS_USAGE;
}

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

static ts_result read_number(range_reader *r, int64_t *out) {
  size_t begin = r->text.at;
  bool fits = true;
  *out = 0;
  if (!is_digit(ts_text_peek(&r->text))) return ts_text_expected(&r->text, "a number");
  for (; is_digit(ts_text_peek(&r->text)); r->text.at++)
    fits = fits && !__builtin_mul_overflow(*out, 10, out) &&
           !__builtin_add_overflow(*out, ts_text_peek(&r->text) - '0', out);
  if (fits && *out >= 1) return TS_OK;
  return bad_range(r, begin, "an extent is an integer of at least 1, within 64 bits");
}

static bool takes(range_reader *r, const char *word) {
  size_t n = strlen(word), left = r->text.source->n - r->text.at;
  bool here = left >= n && !memcmp(r->text.source->text + r->text.at, word, n);
  if (here) r->text.at += n;
  return here;
}

static int64_t mean_of(int64_t low, int64_t high) {
  double mean = sqrt((double)low) * sqrt((double)high);
  return mean < (double)high ? ts_max((int64_t)llround(mean), low) : high;
}

static ts_result read_range(range_reader *r) {
  size_t begin = r->text.at;
  int64_t above = r->found.n ? r->found.at[r->found.n - 1].high : 0, low = above + 1, high;
  ts_result result = read_number(r, &high);
  if (!result && takes(r, "..")) {
    low = high;
    result = read_number(r, &high);
  }
  if (result) return result;
  ts_arena *arena = &r->text.ctx->arena;
  if (low <= above || high <= above)
    return bad_range(r, begin,
                     ts_sprintf(arena,
                                "ranges rise: this one begins at %" PRId64
                                ", and the one before ends at %" PRId64,
                                ts_min(low, high), above));
  if (low > high) return bad_range(r, begin, "an empty range: it ends before it begins");
  if (r->found.n == TS_MAX_BUCKETS) return bad_range(r, begin, "more than 64 ranges");
  ts_push(arena, &r->found, (ts_bucket){r->extent, low, high, mean_of(low, high)});
  return TS_OK;
}

static ts_result read_ranges(range_reader *r) {
  const char *name = ts_text_name(&r->text);
  ts_extent_value ignored;
  if (!*name || !takes(r, "="))
    return ts_text_expected(&r->text, "an extent and its ranges, such as M=1..16,17..128");
  ts_result result =
      ts_extent_parse(r->text.ctx, ts_sprintf(&r->text.ctx->arena, "%s=1", name), &ignored);
  r->extent = name;
  while (!result) {
    result = read_range(r);
    if (result || ts_text_at_end(&r->text)) break;
    if (!takes(r, ",")) result = ts_text_expected(&r->text, "',' or '..' and a number");
  }
  return result;
}

ts_result ts_buckets_parse(ts_context *ctx, const char *text, ts_buckets *out) {
  const ts_source *outer = ctx->source;
  range_reader r = {.text = {.ctx = ctx, .source = ts_text_source(ctx, "<buckets>", text)}};
  ctx->source = r.text.source;
  ts_result result = read_ranges(&r);
  ctx->source = outer;
  *out = (ts_buckets){r.text.source, (unsigned)r.found.n, r.found.at};
  return result;
}

/* ---- probes ---- */

/* No number from 2 to 16 divides it. */
static bool is_ragged(int64_t n) {
  static const int64_t primes[] = {2, 3, 5, 7, 11, 13};
  for (unsigned i = 0; i < ts_countof(primes); i++)
    if (n % primes[i] == 0 && n != primes[i]) return false;
  return true;
}

unsigned ts_bucket_probes(const ts_bucket *b, int64_t probes[TS_MAX_PROBES]) {
  unsigned n = 0;
  int64_t ragged = b->low + (b->high - b->low) / 2;
  while (ragged > b->low && !is_ragged(ragged))
    ragged--;
  const int64_t wanted[TS_MAX_PROBES] = {b->low, ragged, b->high};
  for (unsigned i = 0; i < TS_MAX_PROBES; i++)
    if (wanted[i] != b->tried && (n == 0 || probes[n - 1] < wanted[i])) probes[n++] = wanted[i];
  return n;
}
