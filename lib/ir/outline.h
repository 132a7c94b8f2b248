/* What a step changed, and which names stand where, kept while passes run.
 *
 * The ops of a function's body, each with all that is inside it, are its parts: nests, buffers,
 * calls. While ts_changes_begin holds, everything in ir.h that changes an op notes the part it is in,
 * so that after a step the parts that changed can be verified and their names settled, and no others.
 * Names are indexed by part, so that loops are found without a walk over the function. A part's entries
 * are renewed when somebody asks after it has changed. */
#ifndef TS_IR_OUTLINE_H
#define TS_IR_OUTLINE_H

#include "ir/ir.h"

typedef struct ts_part {
  ts_op *op;
  uint64_t order; /* grows from the first op of the body to the last */
  bool stale;     /* changed since its names were noted */
  bool changed;   /* by the running step */
  bool runtime;   /* an apply of what is read or computed at run time */
  TS_VEC(struct ts_part_name {
    ts_str name;
    uint32_t at; /* in that name's list of parts */
  })
  names;
} ts_part;
typedef struct ts_part_list {
  TS_VEC(ts_part *) parts;
} ts_part_list;

/* ---- what changed ---- */

/* From here on changes are noted, to the end. Nothing counts as changed at first. */
void ts_changes_begin(ts_module *);
void ts_changes_end(ts_module *);
/* Did a function or global come or go, or change but for its body, since the last settling? */
bool ts_changes_of_module(const ts_module *);
/* The functions that changed since then, in the order in which they first did. */
unsigned ts_changes_funcs(const ts_module *, ts_func *const **out);
/* The parts that changed, in the order of the text, and those that use what such parts define, whatever is
 * between. False: the function is to be looked at as a whole. */
bool ts_changes_parts(ts_func *, ts_arena *, ts_part_list *out);
/* All of it has been looked at: nothing counts as changed. */
void ts_changes_settle(ts_module *);

/* Verifies these parts of a function of a module that verified before they changed: what ts_verify asks of them,
 * but for recursion through calls. */
ts_result ts_verify_parts(ts_func *, const ts_part_list *);

/* ---- names ---- */

/* The function's outline, made when there is none; NULL while changes are not noted. */
struct ts_outline *ts_outline_of(ts_func *);
/* Parts that hold a value of this name, in the order of the text. */
void ts_outline_find(struct ts_outline *, ts_arena *, unsigned n, const ts_str *names,
                     ts_part_list *out);
/* Is a parameter, or a value anywhere in the function, called so? `loops`: the variables of loops count. */
bool ts_outline_is_named(struct ts_outline *, ts_str, bool loops);
/* How many of NAME_1, NAME_2 … (no name: of 0, 1 …) are taken in the function before the first that is not. */
uint64_t ts_outline_taken(struct ts_outline *, ts_str name);
/* Is a parameter called so, or a result of an op of the body itself that stands before `part` (NULL:
 * anywhere)? */
bool ts_outline_is_outer(struct ts_outline *, ts_str, const ts_part *part);
/* The part's names are others now. */
void ts_outline_renamed(struct ts_outline *, ts_part *);
/* Adds to a list in the order of the text the parts behind each of it whose values are called as its results
 * are. */
void ts_outline_add_shadowed(struct ts_outline *, ts_arena *, ts_part_list *);
void ts_part_list_sort(ts_part_list *);
/* Is the value a result of an op of the body that stands before this part? */
bool ts_part_defines_before(struct ts_outline *, const ts_value *, const ts_part *);
/* The part that is this op; NULL: none. */
ts_part *ts_outline_part(struct ts_outline *, const ts_op *);

#endif
