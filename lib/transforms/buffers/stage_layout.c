/* Blocked layouts as text: "[1/16][0][1%16]"; see stage_impl.h. */
#include "transforms/buffers/stage_impl.h"

static int64_t read_number(const char **at) {
  int64_t n = -1;
  while (**at >= '0' && **at <= '9' && n < INT64_MAX / 16) {
    n = (n < 0 ? 0 : n) * 10 + (**at - '0');
    ++*at;
  }
  return n;
}

/* Takes / and % one after another: each must divide what is left of the one before. */
static bool read_piece(const char **at, ts_piece *p) {
  if (*(*at)++ != '[') return false;
  int64_t dim = read_number(at);
  if (dim < 0 || dim >= TS_MAX_RANK) return false;
  *p = (ts_piece){.dim = (unsigned)dim, .div = 1};
  while (**at == '/' || **at == '%') {
    char op = *(*at)++;
    int64_t by = read_number(at);
    if (by < 1 || (p->mod && p->mod % by)) return false;
    if (op == '%') {
      p->mod = by;
      continue;
    }
    if (__builtin_mul_overflow(p->div, by, &p->div)) return false;
    if (p->mod) p->mod /= by;
  }
  return *(*at)++ == ']';
}

/* The piece of dimension d that counts blocks of `next` positions. Pieces of extent 1 are taken
 * before those that divide further. NULL when all that fit are `taken`. */
static ts_piece *next_piece(ts_pieces *pieces, unsigned d, int64_t next, const bool *taken) {
  ts_piece *found = NULL;
  for (unsigned i = 0; i < pieces->n; i++) {
    ts_piece *p = &pieces->at[i];
    if (p->dim == d && p->div == next && !taken[i] && (!found || p->mod == 1)) found = p;
  }
  return found;
}

/* Do the pieces of dimension d count its positions, each once? Sets their counts. */
static bool count_pieces(ts_pieces *pieces, unsigned d, ts_extent extent) {
  bool taken[TS_MAX_RANK] = {0};
  int64_t next = 1;
  unsigned left = 0;
  for (unsigned i = 0; i < pieces->n; i++)
    left += pieces->at[i].dim == d;
  while (left--) {
    ts_piece *p = next_piece(pieces, d, next, taken);
    if (!p || (left && !p->mod)) return false;
    taken[p - pieces->at] = true;
    if (ts_is_symbolic(extent)) {
      p->count = extent;
      return !left && p->div == 1 && !p->mod;
    }
    int64_t blocks = (extent - 1) / p->div + 1;
    p->count = p->mod ? p->mod : blocks;
    if (!left) {
      if (p->mod && p->mod < blocks) return false;
      p->mod = 0;
      return true;
    }
    if (__builtin_mul_overflow(next, p->mod, &next)) return false;
  }
  return false; /* the dimension is missing */
}

static const char *check_pieces(ts_arena *arena, ts_pieces *pieces, const char *text,
                                const ts_box *box) {
  for (unsigned i = 0; i < pieces->n; i++)
    if (pieces->at[i].dim >= box->rank)
      return ts_sprintf(arena, "'%s' speaks of dimension %u of %u", text, pieces->at[i].dim,
                        box->rank);
  for (unsigned d = 0; d < box->rank; d++) {
    ts_extent e = box->dims[d].extent;
    if (count_pieces(pieces, d, e)) continue;
    if (ts_is_symbolic(e))
      return ts_sprintf(arena, "'%s' must hold dimension %u as [%u]: its extent is no number", text,
                        d, d);
    return ts_sprintf(arena,
                      "'%s' does not give each of the %lld positions of dimension %u one place",
                      text, (long long)e, d);
  }
  return NULL;
}

const char *ts_pieces_parse(ts_arena *arena, const char *text, const ts_box *box, ts_pieces *out) {
  *out = (ts_pieces){0};
  for (unsigned d = 0; !*text && d < box->rank; d++)
    out->at[out->n++] = (ts_piece){.dim = d, .div = 1};
  for (const char *at = text; *at;)
    if (out->n == TS_MAX_RANK || !read_piece(&at, &out->at[out->n++]))
      return ts_sprintf(arena, "'%s' is not of the form [1/16][0][1%%16]", text);
  for (unsigned i = 0; i < out->n; i++)
    out->at[i].index = i;
  return check_pieces(arena, out, text, box);
}
