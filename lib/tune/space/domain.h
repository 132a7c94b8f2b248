/* The legal points of a space, numbered.
 *
 * They are kept as a layered graph, a layer a parameter: a node stands for what the values chosen so far leave open, an
 * edge for a value of the layer's parameter, and equal futures share a node. So points are counted, numbered and drawn
 * at random without being listed. (Multi-valued decision diagrams: Srinivasan et al., Algorithms for discrete function
 * manipulation, ICCAD 1990. Numbering by counts of paths: Knuth, TAOCP 4A, 7.1.4, algorithm C.)
 *
 * A space of constraints is built layer by layer, where a node is the residue of the constraints after the values so far
 * (compile.c); a recorded space from its rows. */
#ifndef TS_TUNE_SPACE_DOMAIN_H
#define TS_TUNE_SPACE_DOMAIN_H

#include "support/diag.h"
#include "records/parameter.h"

typedef struct ts_domain {
  unsigned n;
  ts_parameter *parameters;
  struct ts_domain_graph *graph;
  uint64_t count; /* legal points; UINT64_MAX for as many or more */
} ts_domain;

/* From rows of choices, `num_rows` times domain->n, in any order; a row that is there twice is TS_ERR with its place.
 * `domain` holds the parameters already. Everything lives in the arena. */
ts_result ts_domain_of_rows(ts_context *, ts_arena *, ts_domain *, size_t num_rows,
                            const ts_choice *rows);
/* Whether the point is legal, and then its number: 0 to count - 1, by the order of the values, parameter by parameter in
 * the order of the layers (that of the space unless the graph is much smaller in another). O(parameters). */
bool ts_domain_number(const ts_domain *, const ts_choice *point, uint64_t *number);
/* The point of that number. */
void ts_domain_point(const ts_domain *, uint64_t number, ts_choice *point);
/* Whether the other choices leave this parameter out, so that it has no value in this legal point. */
bool ts_domain_is_absent(const ts_domain *, const ts_choice *point, unsigned parameter);
/* The same of all parameters of a legal point: bit i for parameter i. O(parameters). */
uint64_t ts_domain_absences(const ts_domain *, const ts_choice *point);

/* ---- moves (moves.c) ---- */

/* `from`, a legal point, with another choice of one parameter, in `to`: parameters that this makes absent hold 0, those
 * that it makes appear are drawn by `random`. False where a third choice would have to change. */
bool ts_domain_change(const ts_domain *, const ts_choice *from, unsigned parameter,
                      ts_choice choice, uint64_t random, ts_choice *to);
/* Makes any choices a legal point: one after the other, what those before it do not allow is replaced by the nearest that
 * they do, words by any, drawn by `random`. */
void ts_domain_mend(const ts_domain *, ts_choice *point, uint64_t random);

/* ---- points as text (point.c) ---- */

/* "tileM=8 tileN=16", without what is absent; values that are more than letters, digits and ". _ - +" stand in double
 * quotes, in which a backslash takes the next character as it is. */
const char *ts_domain_point_text(const ts_domain *, ts_arena *, const ts_choice *point);
/* Back, in any order, numbers however they are written. TS_USAGE with a message for what is no such list, an unknown name
 * or value, a missing parameter, one that is absent or there twice, a point that is not legal. */
ts_result ts_domain_read_point(ts_context *, const ts_domain *, const char *text, ts_choice *point);
/* The same without messages: false. */
bool ts_domain_find_point(ts_context *, const ts_domain *, const char *text, ts_choice *point);

#endif
