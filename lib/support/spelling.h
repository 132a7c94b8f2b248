/* Which known word a misspelt one was meant to be. */
#ifndef TS_SUPPORT_SPELLING_H
#define TS_SUPPORT_SPELLING_H

#include <stdbool.h>
#include <stddef.h>

/* Insertions, deletions, substitutions and swaps of neighbours between two words (optimal string
 * alignment); words longer than 63 bytes count as 64 apart. */
unsigned ts_word_distance(const char *a, const char *b);

/* Is `word` one of those in `list`, "fuse,lower"? NULL holds none. */
bool ts_list_has(const char *list, const char *word);

/* Keeps the nearest of the words offered to it, the first of equals:
 *   ts_nearest n = ts_nearest_to("lwoer"); for (…) ts_nearest_offer(&n, words[i]); n.best */
typedef struct ts_nearest {
  const char *word,
      *best; /* best: NULL while none is near: at most a third of the letters differ */
  unsigned distance;
} ts_nearest;
ts_nearest ts_nearest_to(const char *word);
void ts_nearest_offer(ts_nearest *, const char *candidate);

#endif
