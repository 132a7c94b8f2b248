/* Rules with values put in for some parameters.
 *
 * Terms are kept once each, in a normal form: what is constant is folded, sums and products of integers are flat, sorted, and
 * have one constant, bounds decide comparisons early. So two points that leave a rule open in the same way leave the same
 * term. A rule in which one parameter is left is the set of its choices that satisfy it. */
#ifndef TS_TUNE_SPACE_TERM_IMPL_H
#define TS_TUNE_SPACE_TERM_IMPL_H

#include "tune/space/space_impl.h"

typedef uint32_t ts_term; /* place in the table */
enum { TS_TERM_FALSE, TS_TERM_TRUE /* as rules: it fails, it holds */ };
enum { TS_TERM_MOST_OPERANDS = 64 /* of a flat sum; what would have more stays nested */ };

typedef struct ts_term_info {
  ts_space_op op; /* LITERAL, PARAMETER, or what is made of terms */
  uint32_t first,
      n; /* operands; of ONE_OF the ends of runs of choices: begin, end, begin, end, … */
  unsigned parameter; /* PARAMETER, GONE, ONE_OF */
  uint32_t
      become; /* of a rule: where in `became` stands what it becomes by each choice; 0: nowhere yet */
  uint64_t mask; /* the parameters in it */
  ts_space_range range;
} ts_term_info;

/* A hash table of numbers; 0 stands for none. */
typedef struct ts_term_map {
  uint64_t *keys;
  uint32_t *values;
  size_t n, cap;
} ts_term_map;

/* A parameter as terms see it. Its choices are the places of its values, and one past them where it is absent. */
typedef struct ts_term_parameter {
  const ts_space_parameter *from;
  unsigned n; /* choices */
} ts_term_parameter;

typedef struct ts_terms {
  ts_arena *arena;
  unsigned num_parameters;
  ts_term_parameter parameters[TS_MAX_PARAMETERS];
  TS_VEC(ts_term_info) at;
  TS_VEC(uint32_t) operands;
  TS_VEC(uint32_t) became; /* rules plus 1, in runs; 0: not known yet */
  uint32_t *table;         /* open addressing; 0: empty */
  size_t table_cap;
  ts_term_map solved; /* by rule of one parameter: its set, plus 1 */
  uint64_t steps;     /* terms made, replaced or bounded: what time goes into */
} ts_terms;

void ts_terms_init(ts_terms *, ts_arena *, const ts_tune_space *);
static inline const ts_term_info *ts_term_at(const ts_terms *t, ts_term term) {
  return &t->at.at[term];
}

/* An expression, the conditions of parameters left aside. */
ts_term ts_term_of_expr(ts_terms *, const ts_space_expr *);
ts_term ts_term_make(ts_terms *, ts_space_op, unsigned n, const ts_term *);
/* Whether the parameter is absent. */
ts_term ts_term_gone(ts_terms *, unsigned parameter);
/* With a choice put in for the parameter. */
ts_term ts_term_replace(ts_terms *, ts_term, unsigned parameter, unsigned choice);

uint32_t ts_term_map_get(const ts_term_map *, uint64_t key);
void ts_term_map_put(ts_arena *, ts_term_map *, uint64_t key, uint32_t value);
/* The term of this kind, operands and range, one for equal ones. */
ts_term ts_term_intern(ts_terms *, ts_term_info, const uint32_t *operands);

/* ---- rules (rule.c) ---- */

/* The term as a rule: TRUE or FALSE where it is decided, a set of choices where one parameter is left. */
ts_term ts_term_as_rule(ts_terms *, ts_term);
/* The rule that is left of a rule by a choice of the parameter, the first of its parameters in the order of layers. */
ts_term ts_term_rule_after(ts_terms *, ts_term, unsigned parameter, unsigned choice);
/* The range of a rule where the parameter is one of the choices [begin, end), of numbers that rise. */
ts_space_range ts_term_bound(ts_terms *, ts_term, unsigned parameter, unsigned begin, unsigned end);
/* Choices that are in both sets; FALSE: none. Either may be TRUE, all. */
ts_term ts_term_intersect(ts_terms *, ts_term, ts_term);
/* Whether a set holds a choice. */
bool ts_term_has_choice(const ts_terms *, ts_term set, unsigned choice);
/* A set of these runs, as ends of ONE_OF, of a parameter. */
ts_term ts_term_set(ts_terms *, unsigned parameter, unsigned n, const uint32_t *ends);

#endif
