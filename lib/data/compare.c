/* How far two arrays are apart: by tolerance, and in units in the last place of the type at
 * hand. */
#include <float.h>
#include <math.h>

#include "data/array.h"

/* Stored significand bits, and the exponent of the smallest normal number. */
static void format_of(ts_dtype dtype, int *mantissa, int *least) {
  switch (dtype) {
  case TS_F64: *mantissa = 52, *least = -1022; break;
  case TS_F32: *mantissa = 23, *least = -126; break;
  case TS_F16: *mantissa = 10, *least = -14; break;
  default: *mantissa = 7, *least = -126; break;
  }
}

double ts_ulp(ts_dtype type, double x) {
  if (!ts_is_float(type)) return 1;
  int mantissa, least, e = 0;
  format_of(type, &mantissa, &least);
  if (x != 0) e = ilogb(x);
  if (x == 0 || e < least) e = least;
  return ldexp(1, e - mantissa);
}

typedef struct pair {
  double got, want, diff, ulps;
  bool differ; /* not the same value, NaN being the same as NaN */
} pair;

static pair compare_floats(ts_dtype type, double got, double want) {
  pair p = {.got = got, .want = want};
  if ((isnan(got) && isnan(want)) || got == want) return p;
  p.differ = true;
  p.diff = isnan(got) || isnan(want) ? INFINITY : fabs(got - want);
  p.ulps = isinf(p.diff) ? INFINITY : p.diff / ts_ulp(type, want);
  return p;
}

static pair compare_ints(int64_t got, int64_t want) {
  pair p = {.got = (double)got, .want = (double)want};
  uint64_t gap = got > want ? (uint64_t)got - (uint64_t)want : (uint64_t)want - (uint64_t)got;
  p.differ = gap != 0;
  p.diff = p.ulps = (double)gap;
  return p;
}

static bool same_shape(const ts_array *a, const ts_array *b) {
  return a->rank == b->rank &&
         (a->rank == 0 || memcmp(a->dims, b->dims, a->rank * sizeof *a->dims) == 0);
}

/* i64 and index are one kind here: files know no index. */
static bool comparable(ts_dtype a, ts_dtype b) {
  if (ts_is_int(a) && ts_is_int(b)) return true;
  return ts_dtype_class(a) == ts_dtype_class(b);
}

static void note_wrong(const ts_array *a, int64_t i, ts_difference *d) {
  int64_t at[TS_MAX_RANK];
  ts_array_index(a, i, at);
  for (unsigned k = 0; k < a->rank; k++) {
    d->lo[k] = d->wrong ? ts_min(d->lo[k], at[k]) : at[k];
    d->hi[k] = d->wrong ? ts_max(d->hi[k], at[k] + 1) : at[k] + 1;
  }
  d->wrong++;
}

/* No tolerance covers a NaN or an infinity, but where anything is allowed. */
static void note_difference(const ts_array *got, int64_t i, const pair *p, double allowed,
                            ts_difference *d) {
  double used = allowed == INFINITY ? 0 : allowed > 0 ? p->diff / allowed : INFINITY;
  d->unjudged += allowed == INFINITY;
  if (allowed < INFINITY && !(p->diff <= allowed)) {
    d->not_finite += isinf(p->diff) != 0;
    note_wrong(got, i, d);
  }
  if (d->worst < 0 || used > d->used || (used == d->used && p->diff > d->apart)) {
    d->worst = i;
    d->apart = p->diff;
    d->got = p->got;
    d->want = p->want;
    d->allowed = allowed;
    d->used = used;
  }
  d->max_abs = fmax(d->max_abs, p->diff);
  d->max_rel = fmax(d->max_rel, p->want == 0 ? INFINITY : p->diff / fabs(p->want));
  d->max_ulp = fmax(d->max_ulp, p->ulps);
}

ts_result ts_array_judge(ts_context *ctx, const ts_array *got, const ts_array *want,
                         ts_allowed_fn allowed, const void *user, ts_difference *d) {
  *d = (ts_difference){.worst = -1};
  if (!same_shape(got, want) || !comparable(got->dtype, want->dtype)) {
    char a[TS_SHAPE_TEXT], b[TS_SHAPE_TEXT];
    ts_shape_text(a, sizeof a, got->dtype, got->rank, got->dims);
    ts_shape_text(b, sizeof b, want->dtype, want->rank, want->dims);
    return ts_error_plain(ctx, "%s cannot be compared with the expected %s", a, b);
  }
  bool is_float = ts_is_float(got->dtype);
  for (int64_t i = 0, n = ts_array_count(got); i < n; i++) {
    pair p = is_float ? compare_floats(got->dtype, ts_array_get(got, i), ts_array_get(want, i))
                      : compare_ints(ts_array_get_int(got, i), ts_array_get_int(want, i));
    if (p.differ) note_difference(got, i, &p, allowed(user, i, p.want), d);
  }
  return TS_OK;
}

typedef struct tolerances {
  double rtol, atol;
} tolerances;

static double within_tolerances(const void *user, int64_t i, double want) {
  const tolerances *t = user;
  (void)i;
  return isfinite(want) ? fmin(t->atol + t->rtol * fabs(want), DBL_MAX) : t->atol;
}

ts_result ts_array_compare(ts_context *ctx, const ts_array *got, const ts_array *want, double rtol,
                           double atol, ts_difference *d) {
  tolerances t = {rtol, atol};
  return ts_array_judge(ctx, got, want, within_tolerances, &t, d);
}
