/* Candidates tried on this machine: the gate before the clock.
 *
 * A candidate's passes run here; what they refuse is recorded and nothing else done. Then a child process compiles it, as
 * many at once as there are processors that no measurement has. Then another child, which may write no file, open no
 * connection, and take no more memory and time than it is given, loads the code and runs it on request: first once on
 * inputs of the session, with poisoned outputs and guards around every buffer, which this process holds against the
 * oracle; only what is right is timed, turn by turn with the best so far, whose child stays. */
#ifndef TS_TUNE_MEASURE_MEASURE_H
#define TS_TUNE_MEASURE_MEASURE_H

#include "run/run.h"
#include "tune/energy/energy.h"
#include "tune/measure/evaluator.h"
#include "tune/space/space.h"

typedef struct ts_measure_setup {
  ts_module *module;             /* verified, extents put in; is not changed */
  const ts_run_request *request; /* engine, its options, entry, inputs, seed, threads */
  ts_tune_space_terms terms;
  unsigned repeats; /* samples a candidate, at most */
  unsigned jobs;    /* compilations at once; 0: as many as there are processors */
  double
      seconds; /* of wall-clock time that one candidate's runs may take together; 0: 20 times the first good one's, at least 2 */
  uint64_t memory; /* bytes that a candidate may take besides its buffers; 0: 1 GiB */
  /* Energy by the meter; without one by the model; without that by the candidate's watts, if it has any. */
  ts_energy_meter *meter;
  const ts_energy_model *model;
  /* what candidates are compared by, so that hopeless ones are soon done: time, or energy */
  bool by_energy;
  const volatile int *interrupt;
} ts_measure_setup;

/* Runs the oracle on the inputs and opens the evaluator. TS_USAGE for a wrong request, TS_ERR where the oracle itself
 * fails, TS_LIMIT for memory. */
ts_result ts_measure_open(ts_context *, const ts_measure_setup *, ts_evaluator *);

#endif
