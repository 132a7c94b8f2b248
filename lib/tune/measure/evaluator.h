/* Who tries candidates: this machine (measure.h), other ranks (spread/), or records (session/replay.h). */
#ifndef TS_TUNE_MEASURE_EVALUATOR_H
#define TS_TUNE_MEASURE_EVALUATOR_H

#include "records/trial.h"
#include "tune/space/domain.h"

/* A candidate as an evaluator gets it: parameters, the point's power in watts (0: the space says nothing), and the
 * pipeline before it ran. */
typedef struct ts_candidate {
  const ts_choice *point;
  const char *parameters, *pipeline;
  double watts;
} ts_candidate;

/* Tells of each trial as soon as it is whole, in any order, so that it can be kept: `i` is its place in the batch. What the
 * function returns, when it is not TS_OK, ends the evaluation. */
typedef ts_result (*ts_trial_done)(void *user, unsigned i, const ts_trial *);

typedef struct ts_evaluator {
  void *state;
  /* Tries n candidates and fills a trial for each, whatever becomes of it; texts in the arena. TS_LIMIT when it was
   * interrupted: what is done by then has been told. Other results, with a message, when nothing can be tried here. */
  ts_result (*evaluate)(void *state, ts_arena *, unsigned n, const ts_candidate *, ts_trial *trials,
                        ts_trial_done, void *user);
  /* Measures candidates that are good already against each other once more, with more samples in turns, and puts
   * the times of their trials right: what stood out among many by luck does not any more. NULL: there is nothing
   * to be learned from that. */
  ts_result (*settle)(void *state, ts_arena *, unsigned n, const ts_candidate *, ts_trial *trials);
  void (*close)(void *state);
} ts_evaluator;

#endif
