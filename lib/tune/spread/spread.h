/* Candidates spread over the ranks of a job: rank 0 searches and keeps the records, the others try candidates.
 *
 * All ranks are the same program with the same command line. Rank 0 reads what there is to read and shares it, so that each
 * makes the same job of it. Then the others wait for candidates, of which rank 0 hands several at once to each that is free
 * (a share of what is left, after Polychronopoulos & Kuck, Guided self-scheduling, IEEE Trans. Computers 36(12), 1987); a
 * trial is sent back and told as soon as it is there. Every rank gives a sign of life four times in `patience`, also while it
 * tries something; one that gives none for that long is gone: what it has goes to others, and what it says later is not heard. */
#ifndef TS_TUNE_SPREAD_SPREAD_H
#define TS_TUNE_SPREAD_SPREAD_H

#include "tune/measure/evaluator.h"
#include "tune/spread/ranks.h"

/* Candidates of a round when nobody says how many: always the same, so that the result does not hang on the ranks. */
enum { TS_SPREAD_BATCH = 16 };

typedef struct ts_spread ts_spread;
typedef struct ts_spread_setup {
  const ts_ranks *ranks;
  double patience; /* seconds */
  volatile int
      *interrupt; /* ends what is waited for; on ranks but the first, set when rank 0 ends */
} ts_spread_setup;

/* Joins the others. It lives in the context; ts_spread_end is due. TS_LIMIT where there is no thread for signs of life. */
ts_result ts_spread_begin(ts_context *, const ts_spread_setup *, ts_spread **);
/* From rank 0 `n` bytes to all, on the others those bytes, two NULs behind them, in the context's arena. Each rank shares the same
 * things in the same order. TS_ERR when rank 0 has ended, without a message, or is gone. */
ts_result ts_spread_share(ts_spread *, const char **bytes, size_t *n);
/* On rank 0: an evaluator over the others. Those whose `target` (processor and threads, as text) is not this one are left
 * out, with a warning, since times of different machines are not to be compared. With all of them gone or left out it takes
 * `local` itself, as it does to settle. A candidate with which three ranks were lost in turn is not tried again: its verdict is
 * TS_VERDICT_LOST. `num_parameters`: choices of a point. */
void ts_spread_open(ts_spread *, unsigned num_parameters, const char *target,
                    const ts_evaluator *local, ts_evaluator *);
/* On the others: tries what rank 0 sends, by this evaluator, until it ends. TS_ERR when rank 0 is gone. */
ts_result ts_spread_serve(ts_spread *, const char *target, const ts_evaluator *);
/* On the others: tells rank 0 that nothing can be tried here: the context's last error. */
void ts_spread_refuse(ts_spread *);

typedef struct ts_spread_tally {
  unsigned ranks; /* that tried something, but the first */
  uint64_t trials, input_bytes, candidate_bytes, trial_bytes;
} ts_spread_tally;
ts_spread_tally ts_spread_tally_of(const ts_spread *);

/* Parts from the others, who all call it. Whether all were there to the end. Those that are gone, as far as they
 * run on this or another rank's machine, are killed there, because mpirun waits for them; unless that ended all, for which
 * see ts_mpi_close. */
bool ts_spread_end(ts_spread *);

#endif
