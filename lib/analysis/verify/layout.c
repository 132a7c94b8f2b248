/* The verifier's rule about layouts: no two elements of a buffer lie in one place.
 *
 * Elements i and j of strides s collide where Σ s (i − j) = 0. So the question is whether Σ s d = 0 has an
 * integer solution other than 0 with |d| < extent along each dimension. The differences are tried from the
 * largest stride to the smallest: what those behind can still make up for leaves few values, one where each
 * stride is beyond the reach of the smaller ones together, as in any layout that one would write. */
#include <inttypes.h>

#include "support/arith.h"
#include "analysis/verify/verify_impl.h"

/* Sums tried before the layout counts as one that nobody can vouch for: some ms. */
enum { MOST_TRIES = 1000000 };

typedef struct dimension {
  int64_t stride, most; /* |d| <= most */
  unsigned axis;
} dimension;

typedef struct search {
  unsigned n;
  dimension dims[TS_MAX_RANK];      /* by falling strides */
  int64_t reach[TS_MAX_RANK + 1];   /* of dimension k and those behind it */
  int64_t divisor[TS_MAX_RANK + 1]; /* of their strides */
  int64_t d[TS_MAX_RANK];
  unsigned tries;
} search;

/* Is there a d from dimension k on that sums to -sum, and is not 0 altogether? Of d and -d it tries the one
 * whose first difference is above 0. */
static bool collides(search *s, unsigned k, int64_t sum, bool nonzero) {
  if (k == s->n) return nonzero && sum == 0;
  if (sum % s->divisor[k] != 0 || ++s->tries > MOST_TRIES) return false;
  const dimension *x = &s->dims[k];
  int64_t lo = -ts_floor_div(sum + s->reach[k + 1], x->stride),
          hi = ts_floor_div(s->reach[k + 1] - sum, x->stride);
  lo = ts_max(lo, nonzero ? -x->most : 0);
  hi = ts_min(hi, x->most);
  for (int64_t d = lo; d <= hi && s->tries <= MOST_TRIES; d++) {
    s->d[x->axis] = d;
    if (collides(s, k + 1, sum + d * x->stride, nonzero || d != 0)) return true;
  }
  return false;
}

/* Dimensions of one element stand still. A symbolic extent may be 1, so nothing is proved of it. */
static void start(search *s, const ts_type *t) {
  for (unsigned i = 0; i < t->rank; i++) {
    if (ts_is_symbolic(t->dims[i]) || t->dims[i] == 1) continue;
    unsigned at = s->n++;
    for (; at > 0 && s->dims[at - 1].stride < t->layout_args[i]; at--)
      s->dims[at] = s->dims[at - 1];
    s->dims[at] = (dimension){t->layout_args[i], t->dims[i] - 1, i};
  }
  for (unsigned k = s->n; k-- > 0;) {
    s->reach[k] = s->reach[k + 1] + s->dims[k].most * s->dims[k].stride;
    s->divisor[k] = ts_gcd(s->dims[k].stride, s->divisor[k + 1]);
  }
}

/* [0, 1] where the differences are above 0 (sign 1) or below. */
static const char *index_text(ts_verifier *v, const search *s, unsigned rank, int64_t sign) {
  const char *text = "";
  for (unsigned i = 0; i < rank; i++)
    text = ts_sprintf(&v->scratch, "%s%s%" PRId64, text, i ? ", " : "",
                      ts_max(s->d[i] * sign, (int64_t)0));
  return text;
}

bool ts_verify_layout(ts_verifier *v, ts_loc loc, const ts_type *t) {
  search s = {0};
  if (t->kind != TS_TYPE_MEMREF || t->layout != TS_LAYOUT_STRIDES) return true;
  start(&s, t);
  if (collides(&s, 0, 0, false))
    return ts_verify_error(v, loc, "%s puts elements [%s] and [%s] in one place", t->text,
                           index_text(v, &s, t->rank, -1), index_text(v, &s, t->rank, 1));
  if (s.tries <= MOST_TRIES) return true;
  return ts_verify_error(
      v, loc,
      "%s: too many ways in which elements might lie in one place; let each stride "
      "pass what the smaller ones reach together",
      t->text);
}
