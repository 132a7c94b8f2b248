/* Distances between words: the usual table of prefixes, three rows of it at a time. */
#include "support/spelling.h"

#include "support/support.h"

enum { MAX_WORD = 63 };

unsigned ts_word_distance(const char *a, const char *b) {
  size_t n = strlen(a), m = strlen(b);
  if (n > MAX_WORD || m > MAX_WORD) return MAX_WORD + 1;
  unsigned rows[3][MAX_WORD + 1];
  for (size_t j = 0; j <= m; j++)
    rows[0][j] = (unsigned)j;
  for (size_t i = 1; i <= n; i++) {
    unsigned *row = rows[i % 3], *up = rows[(i + 2) % 3], *up2 = rows[(i + 1) % 3];
    row[0] = (unsigned)i;
    for (size_t j = 1; j <= m; j++) {
      unsigned best = ts_min(up[j], row[j - 1]) + 1;
      best = ts_min(best, up[j - 1] + (a[i - 1] != b[j - 1]));
      bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      row[j] = swapped ? ts_min(best, up2[j - 2] + 1) : best;
    }
  }
  return rows[n % 3][m];
}

bool ts_list_has(const char *list, const char *word) {
  size_t n = strlen(word);
  for (const char *p = list; p && *p; p = strchr(p, ',') ? strchr(p, ',') + 1 : NULL)
    if (!strncmp(p, word, n) && (!p[n] || p[n] == ',')) return true;
  return false;
}

ts_nearest ts_nearest_to(const char *word) {
  unsigned far = (unsigned)ts_max(strlen(word) / 3, (size_t)1) + 1;
  return (ts_nearest){.word = word, .distance = far};
}

void ts_nearest_offer(ts_nearest *n, const char *candidate) {
  unsigned d = ts_word_distance(n->word, candidate);
  if (d >= n->distance || d >= strlen(n->word)) return; /* not every letter replaced */
  n->distance = d;
  n->best = candidate;
}
