/* Tuning a program from its text to the schedule that won: what ts-tune and ts_autotune stand on. */
#ifndef TS_TUNE_SESSION_JOB_H
#define TS_TUNE_SESSION_JOB_H

#include "run/run.h"
#include "tune/measure/measure.h"
#include "tune/session/buckets.h"
#include "tune/session/tune.h"

typedef struct ts_tune_job {
  /* What is wanted; texts are kept by reference. */
  ts_module *module; /* verified; extents of request->defines are put in by ts_tune_job_open */
  ts_run_request *request; /* engine and its options, entry, inputs, seed, threads, -D */
  /* Of an extent that stays a name: candidates are judged and timed where it is `tried`. NULL: there is none. */
  const ts_bucket *bucket;
  const ts_source *space_source; /* NULL: the space of the program's nests */
  unsigned num_constants;        /* in place of the space's */
  const struct ts_tune_space_constant *constants;
  const char *target; /* processor, as ts_target_find has it; "native" */
  ts_objective objective;
  const char *search; /* NULL: all points where there are no more than `trials`, else the default */
  uint64_t seed;
  uint64_t trials;  /* 0: what is usual */
  double seconds;   /* 0: no limit */
  unsigned batch;   /* 0: what is usual */
  unsigned repeats; /* samples a candidate; 0: what is usual */
  unsigned jobs;    /* compilations at once; 0: by the machine */
  double candidate_seconds;
  uint64_t candidate_memory;
  const char *energy;       /* "auto", "rapl", "nvml", "work" or "proxy" */
  const char *energy_model; /* file of calibrate; NULL: default weights */
  const char *store_path;   /* NULL: the usual place; "none": nothing is kept */
  bool cold;                /* does not look at what other shapes taught */
  const volatile int *interrupt;
  void (*progress)(void *user, const ts_tune_progress *);
  void *user;
  /* On rank 0 of several: stands between the session and this machine's evaluator. NULL: nothing does. */
  ts_result (*spread)(void *spreader, ts_evaluator *local, ts_evaluator *out);
  void *spreader;

  /* What came of it. */
  ts_context *ctx;
  ts_arena arena;
  const ts_func *func;
  TS_VEC(ts_extent_value) extents; /* as candidates are tried: those put in, and the bucket's */
  ts_target machine;
  ts_tune_space *space;
  const char *space_text; /* as it was given, or made */
  ts_domain domain;
  const char *first; /* the recipe's own point as text; NULL: there is none */
  ts_energy_meter *meter;
  ts_energy_model model;
  ts_evaluator local, evaluator;
  ts_store *store;
  ts_session_store *session;
  ts_tune_outcome outcome;
  size_t
      recipe; /* place of the recipe's own point in outcome.points; SIZE_MAX: it is not among them */
} ts_tune_job;

/* Everything at its default. */
void ts_tune_job_init(ts_context *, ts_tune_job *);
/* Puts the extents in, finds the function, the target and the space. TS_USAGE for a wrong request, TS_ERR for a wrong
 * space. ts_tune_job_close is due whatever it returns. */
ts_result ts_tune_job_open(ts_tune_job *);
/* Its legal points. TS_ERR where there is none. */
ts_result ts_tune_job_count(ts_tune_job *);
/* An evaluator of this machine for the job; what ranks beside the first serve. */
ts_result ts_tune_job_evaluator(ts_tune_job *);
/* Counts, opens evaluator and store, and runs the session. TS_CHECK when no candidate was good. */
ts_result ts_tune_job_run(ts_tune_job *);
/* The program after the pipeline of a good trial. */
ts_result ts_tune_job_apply(ts_tune_job *, const ts_trial *, ts_module **out);
/* "median of 10" for n samples, and what was tuned: "mlp M=512 K=768 N=512, native, 2 threads". In the job's arena. */
const char *ts_tune_job_taken(ts_tune_job *, unsigned n);
const char *ts_tune_job_title(ts_tune_job *);
/* Closes evaluator and store; what came of it stays. */
void ts_tune_job_end(ts_tune_job *);
void ts_tune_job_close(ts_tune_job *);

/* key.c: what the session is kept under. */
ts_result ts_tune_job_key(ts_tune_job *, ts_session_key *);
/* hints.c: what is to be tried first, and what other shapes taught. */
ts_result ts_tune_job_hints(ts_tune_job *, const ts_session_key *, ts_search_setup *);

#endif
