/* Spelling suggestions by edit distance, computed row by row. */
#include "support/suggest.h"

#include "support/support.h"

enum { MAX_WORD = 63 };

static unsigned least(unsigned a, unsigned b, unsigned c) {
  unsigned m = a < b ? a : b;
  return m < c ? m : c;
}

unsigned ts_edit_distance(const char *a, size_t na, const char *b, size_t nb) {
  unsigned rows[3][MAX_WORD + 1];
  if (na > MAX_WORD || nb > MAX_WORD) return UINT32_MAX;
  for (unsigned j = 0; j <= nb; j++) rows[0][j] = j;
  for (unsigned i = 1; i <= na; i++) {
    unsigned *row = rows[i % 3], *above = rows[(i + 2) % 3], *above2 = rows[(i + 1) % 3];
    row[0] = i;
    for (unsigned j = 1; j <= nb; j++) {
      row[j] = least(above[j] + 1, row[j - 1] + 1, above[j - 1] + (a[i - 1] != b[j - 1]));
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        row[j] = ts_min(row[j], above2[j - 2] + 1);
    }
  }
  return rows[na % 3][nb];
}

const char *ts_suggest(const char *word, size_t len, const char *const *words, size_t n) {
  const char *best = NULL;
  unsigned limit = len < 6 ? 1 : (unsigned)(len / 3);
  unsigned best_distance = limit + 1;
  for (size_t i = 0; i < n; i++) {
    unsigned d = ts_edit_distance(word, len, words[i], strlen(words[i]));
    if (d >= best_distance) continue;
    best = words[i];
    best_distance = d;
  }
  return best;
}
