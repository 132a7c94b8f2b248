/* Names that steps gave to what they made.
 *
 * A recipe writes its steps before the first of them runs, and cannot know what a step will call the loops that
 * it makes: the usual name may be taken. Its steps therefore say how a loop was made. j:i:o is the loop in the
 * role o that some step made of the loop in the role i that some step made of %j. Passes note which names they
 * gave, and before a step of a recipe runs, the runner puts these names in: what it prints, and what a reader
 * may run by hand, has names only. */
#ifndef TS_PASS_MADE_H
#define TS_PASS_MADE_H

#include "pass/pass.h"

typedef struct ts_made {
  ts_arena *arena;
  ts_ptrmap funcs; /* function → what was made in it (ts_ptrmap: usual name → name) */
} ts_made;
void ts_made_init(ts_made *, ts_arena *);

/* For passes: what is usually called `usual`, "j.i" for the role i of %j, is now called `name`. */
void ts_made_note(ts_pass_ctx *, const ts_func *, ts_str usual, ts_str name);

/* The step with names in place of such references; the given one where it has none. What no step has made (one
 * that did not run, say) gets its usual name. */
ts_pipeline_step ts_made_resolve(const ts_made *, const ts_module *, const ts_pipeline_step *);

#endif
