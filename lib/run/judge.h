/* The answer of a program, held against what another way of computing it gives. */
#ifndef TS_RUN_JUDGE_H
#define TS_RUN_JUDGE_H

#include "run/run.h"

/* How far each element of the signature's outputs may be from the answer, where sums may be in `acc`. */
typedef struct ts_allowance {
  struct ts_allowance *next;
  ts_dtype acc;
  double **at;
} ts_allowance;

typedef struct ts_judge {
  ts_arena *arena;
  ts_run run;     /* of the oracle: inputs as they were given, and its answer */
  ts_array *want; /* of the signature's entries: the answer that outputs are held against */
  double tolerance, math_error;
  ts_allowance *allowances; /* found so far */
  double seconds;           /* that the oracle took */
} ts_judge;

/* Runs the request's function on the interpreter of its level, from the request's inputs, and works out how far rounding
 * may carry an answer of the request's engine, which may have scheduled the program in any way: as far as when engines
 * are compared. With a tolerance of 0 or more that is what may differ, absolutely, and the answer is the program's in
 * f64 where it is known, as of tensor functions. TS_ERR also for a program that leaves outputs unwritten, and for one
 * whose rounding errors nothing bounds. Lives in the arena; ts_judge_close is due whatever it returns. */
ts_result ts_judge_open(ts_judge *, ts_arena *, ts_module *, const ts_run_request *,
                        double tolerance);
/* Holds `got`, the result of a schedule whose sums are no less precise than `acc` (TS_NUM_DTYPES: as the program says),
 * against the answer for entry i. What that allows is worked out when it is first asked for. */
ts_result ts_judge_output(ts_judge *, ts_context *, ts_dtype acc, unsigned i, const ts_array *got,
                          ts_difference *);
void ts_judge_close(ts_judge *);

#endif
