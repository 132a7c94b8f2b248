/* "Did you mean …?" */
#ifndef TS_SUGGEST_H
#define TS_SUGGEST_H

#include <stddef.h>

/* Edits (insert, delete, replace, swap of neighbours) that turn one word into the other: the restricted
 * Damerau–Levenshtein distance. Words past 63 bytes are infinitely far. */
unsigned ts_edit_distance(const char *a, size_t na, const char *b, size_t nb);
/* The nearest of `n` words at most a third of the word's length (at least 1) away; the first of equals;
 * NULL when none is near. */
const char *ts_suggest(const char *word, size_t len, const char *const *words, size_t n);

#endif
