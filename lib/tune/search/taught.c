/* Hints with costs, as rows for a surrogate: costs of another shape say by what factor one point is better than another,
 * and nothing of what they are here, so each shape has its own scale. */
#include <math.h>
#include <stdlib.h>

#include "tune/search/targets_impl.h"
#include "tune/search/taught_impl.h"

enum { MOST = 300, LEAST_GOOD = 5 };

static bool is_alike(const ts_search *s, const ts_hint *a, const ts_hint *b) {
  for (unsigned i = 0; i < s->setup.num_traits; i++)
    if (a->traits[i] != b->traits[i]) return false;
  return true;
}

static bool is_of_use(const ts_search *s, const ts_hint *hint) {
  return !isnan(hint->cost) && (hint->traits || !s->setup.num_traits);
}

/* Better before worse; stable by place. */
static int compare_hints(const void *a, const void *b) {
  const ts_hint *x = *(const ts_hint *const *)a, *y = *(const ts_hint *const *)b;
  if (x->cost != y->cost) return x->cost < y->cost ? -1 : 1;
  return (x > y) - (x < y);
}

/* Those with the traits of `first` that come from it on, sorted; the number of them. */
static size_t gather(const ts_search *s, unsigned first, bool *done, const ts_hint **out) {
  size_t n = 0;
  for (unsigned i = first; i < s->setup.num_hints; i++) {
    const ts_hint *hint = &s->setup.hints[i];
    if (done[i] || !is_of_use(s, hint) || !is_alike(s, hint, &s->setup.hints[first])) continue;
    done[i] = true;
    out[n++] = hint;
  }
  qsort(out, n, sizeof(*out), compare_hints);
  return n;
}

/* Half of the share are the best, the others lie evenly among the rest. Shapes with hardly a good point teach nothing. */
static void add_shape(ts_taught *t, ts_arena *scratch, const ts_hint **of, size_t n, size_t share) {
  if (n < LEAST_GOOD || !isfinite(of[LEAST_GOOD - 1]->cost)) return;
  double *costs = ts_new_array(scratch, double, n);
  for (size_t i = 0; i < n; i++)
    costs[i] = of[i]->cost;
  ts_scale scale = ts_scale_of(scratch, n, costs);
  size_t best = n <= share ? n : share / 2;
  for (size_t i = 0; i < ts_min(n, share); i++) {
    size_t at = i < best ? i : best + (i - best) * (n - best) / (share - best);
    t->hints[t->n] = of[at];
    t->targets[t->n++] = ts_scale_target(&scale, costs[at]);
  }
}

static unsigned num_shapes(const ts_search *s, bool *done, const ts_hint **room) {
  unsigned n = 0;
  for (unsigned i = 0; i < s->setup.num_hints; i++)
    if (!done[i] && is_of_use(s, &s->setup.hints[i])) n += gather(s, i, done, room) > 0;
  memset(done, 0, s->setup.num_hints * sizeof *done);
  return n;
}

void ts_taught_init(ts_taught *t, ts_search *s) {
  ts_arena scratch;
  unsigned n = s->setup.num_hints;
  *t = (ts_taught){.hints = ts_new_array(s->arena, const ts_hint *, MOST + 1),
                   .targets = ts_new_array(s->arena, double, MOST + 1)};
  ts_arena_init(&scratch, &s->ctx->memory);
  bool *done = ts_new_array(&scratch, bool, n + 1);
  const ts_hint **room = ts_new_array(&scratch, const ts_hint *, n + 1);
  unsigned shapes = num_shapes(s, done, room);
  for (unsigned i = 0; i < n && shapes <= MOST / LEAST_GOOD; i++) {
    if (done[i] || !is_of_use(s, &s->setup.hints[i])) continue;
    size_t num_alike = gather(s, i, done, room);
    add_shape(t, &scratch, room, num_alike, MOST / shapes);
  }
  ts_arena_drop(&scratch);
}
