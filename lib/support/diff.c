/* Unified diffs: E. W. Myers, "An O(ND) difference algorithm and its variations", Algorithmica 1,
 * 1986, in the linear-space form of its section 4b: find the middle of a shortest edit, divide
 * there. */
#include "support/diff.h"

enum {
  CONTEXT = 3,
  MAX_EDITS = 1024 /* of each half of a search; beyond that a block counts as replaced */
};

typedef struct line {
  const char *text;
  size_t n;
  uint64_t hash;
  bool changed; /* deleted from a, or inserted in b */
} line;

typedef struct lines {
  line *at;
  size_t n;
} lines;

typedef struct diff {
  lines a, b;
  int64_t *forward, *backward; /* furthest x on each diagonal, index 0 is diagonal -MAX_EDITS - 1 */
} diff;

/* A part of both texts: lines [a, a + n) against [b, b + m). */
typedef struct subproblem {
  size_t a, n, b, m;
} subproblem;

static lines split(ts_arena *arena, const char *text, size_t n) {
  lines out = {0};
  TS_VEC(line) v = {0};
  for (size_t at = 0; at < n;) {
    const char *newline = memchr(text + at, '\n', n - at);
    size_t len = newline ? (size_t)(newline - (text + at)) : n - at;
    ts_push(arena, &v, (line){text + at, len, ts_hash(text + at, len, 0), false});
    at += len + 1;
  }
  out.at = v.at;
  out.n = v.n;
  return out;
}

static bool equal(const diff *d, size_t i, size_t j) {
  const line *a = &d->a.at[i], *b = &d->b.at[j];
  return a->hash == b->hash && a->n == b->n && !memcmp(a->text, b->text, a->n);
}

static void mark(diff *d, subproblem w) {
  for (size_t i = 0; i < w.n; i++)
    d->a.at[w.a + i].changed = true;
  for (size_t j = 0; j < w.m; j++)
    d->b.at[w.b + j].changed = true;
}

/* Line `i` of a against `j` of b within the box, from its far corner when `back`. */
static bool equal_in(const diff *d, const subproblem *w, int64_t i, int64_t j, bool back) {
  if (i >= (int64_t)w->n || j >= (int64_t)w->m) return false;
  if (back) return equal(d, w->a + w->n - 1 - (size_t)i, w->b + w->m - 1 - (size_t)j);
  return equal(d, w->a + (size_t)i, w->b + (size_t)j);
}

/* One more edit on every diagonal of one direction. True when it meets the other direction's paths:
 * *x, *y is then where, counted from this direction's corner. */
static bool extend(diff *d, const subproblem *w, int64_t edits, bool back, int64_t *x, int64_t *y) {
  int64_t *mine = (back ? d->backward : d->forward) + MAX_EDITS + 1;
  const int64_t *other = (back ? d->forward : d->backward) + MAX_EDITS + 1;
  int64_t n = (int64_t)w->n, m = (int64_t)w->m, delta = n - m;
  int64_t reach = back ? edits : edits - 1; /* how far the other direction has come */
  bool odd = (delta & 1) != 0;
  for (int64_t k = -edits; k <= edits; k += 2) {
    bool down = k == -edits || (k != edits && mine[k - 1] < mine[k + 1]);
    int64_t i = down ? mine[k + 1] : mine[k - 1] + 1, j = i - k;
    while (equal_in(d, w, i, j, back))
      i++, j++;
    mine[k] = i;
    int64_t facing = delta - k;
    if (odd == back || facing < -reach || facing > reach || i > n || j > m) continue;
    if (i + other[facing] < n) continue;
    *x = i;
    *y = j;
    return true;
  }
  return false;
}

/* A point that a shortest edit passes through; false when the texts are too far apart. */
static bool middle(diff *d, const subproblem *w, size_t *at_a, size_t *at_b) {
  int64_t x, y;
  d->forward[MAX_EDITS + 2] = d->backward[MAX_EDITS + 2] = 0;
  for (int64_t edits = 0; edits <= MAX_EDITS; edits++) {
    if (extend(d, w, edits, false, &x, &y)) {
      *at_a = (size_t)x, *at_b = (size_t)y;
      return true;
    }
    if (extend(d, w, edits, true, &x, &y)) {
      *at_a = w->n - (size_t)x, *at_b = w->m - (size_t)y;
      return true;
    }
  }
  return false;
}

static void compare(diff *d, subproblem w) {
  while (w.n && w.m && equal(d, w.a, w.b))
    w.a++, w.b++, w.n--, w.m--;
  while (w.n && w.m && equal(d, w.a + w.n - 1, w.b + w.m - 1))
    w.n--, w.m--;
  size_t x, y;
  bool whole = !w.n || !w.m || !middle(d, &w, &x, &y);
  if (whole || (x == 0 && y == 0) || (x == w.n && y == w.m)) {
    mark(d, w);
    return;
  }
  compare(d, (subproblem){w.a, x, w.b, y});
  compare(d, (subproblem){w.a + x, w.n - x, w.b + y, w.m - y});
}

/* ---- output ---- */

static void print_line(ts_sink *s, char sign, const line *l) {
  ts_sink_write(s, &sign, 1);
  ts_sink_write(s, l->text, l->n);
  ts_sink_puts(s, "\n");
}

/* The end of the hunk that starts at (i, j): the first run of more than two contexts of equal
 * lines. */
static void hunk_end(const diff *d, size_t *i, size_t *j) {
  size_t same = 0;
  while ((*i < d->a.n || *j < d->b.n) && same <= 2 * CONTEXT) {
    bool del = *i < d->a.n && d->a.at[*i].changed, ins = *j < d->b.n && d->b.at[*j].changed;
    same = del || ins ? 0 : same + 1;
    if (del || !ins) ++*i;
    if (!del) ++*j;
  }
  size_t extra = same > CONTEXT ? same - CONTEXT : 0;
  *i -= extra;
  *j -= extra;
}

static void print_hunk(ts_sink *s, const diff *d, subproblem w) {
  ts_sink_printf(s, "@@ -%zu,%zu +%zu,%zu @@\n", w.a + (w.n > 0), w.n, w.b + (w.m > 0), w.m);
  for (size_t i = w.a, j = w.b; i < w.a + w.n || j < w.b + w.m;) {
    if (i < w.a + w.n && d->a.at[i].changed)
      print_line(s, '-', &d->a.at[i++]);
    else if (j < w.b + w.m && d->b.at[j].changed)
      print_line(s, '+', &d->b.at[j++]);
    else
      print_line(s, ' ', &d->a.at[i++]), j++;
  }
}

static void print_hunks(ts_sink *s, const diff *d) {
  size_t i = 0, j = 0;
  while (i < d->a.n || j < d->b.n) {
    bool del = i < d->a.n && d->a.at[i].changed, ins = j < d->b.n && d->b.at[j].changed;
    if (!del && !ins) {
      i++, j++;
      continue;
    }
    size_t lead = ts_min(ts_min(i, j), (size_t)CONTEXT), end_i = i, end_j = j;
    hunk_end(d, &end_i, &end_j);
    print_hunk(s, d, (subproblem){i - lead, end_i - i + lead, j - lead, end_j - j + lead});
    i = end_i, j = end_j;
  }
}

void ts_diff_print(ts_sink *s, ts_memory *memory, const char *name_a, const char *a, size_t bytes_a,
                   const char *name_b, const char *b, size_t bytes_b) {
  if (bytes_a == bytes_b && (!bytes_a || !memcmp(a, b, bytes_a))) return;
  ts_arena arena;
  ts_arena_init(&arena, memory);
  diff d = {split(&arena, a, bytes_a), split(&arena, b, bytes_b),
            ts_new_array(&arena, int64_t, 2 * MAX_EDITS + 3),
            ts_new_array(&arena, int64_t, 2 * MAX_EDITS + 3)};
  compare(&d, (subproblem){0, d.a.n, 0, d.b.n});
  ts_sink_printf(s, "--- %s\n+++ %s\n", name_a, name_b);
  print_hunks(s, &d);
  ts_arena_drop(&arena);
}
