/* A trial: one point of a space, and what came of trying it. */
#ifndef TS_RECORDS_TRIAL_H
#define TS_RECORDS_TRIAL_H

#include "support/support.h"

/* What became of a candidate. The words stand in verdicts.def. */
typedef enum {
#define VERDICT(id, word, t4, kernel_tuner, summary) TS_VERDICT_##id,
#include "records/verdicts.def"
#undef VERDICT
  TS_NUM_VERDICTS
} ts_verdict;
const char *ts_verdict_word(ts_verdict);
const char *ts_verdict_summary(ts_verdict);
bool ts_verdict_find(const char *word, ts_verdict *out); /* false: there is none of that name */

/* The same in files of other tuners, which tell fewer apart. */
typedef enum { TS_TERMS_T4, TS_TERMS_KERNEL_TUNER } ts_verdict_terms;
const char *ts_verdict_term(ts_verdict, ts_verdict_terms);
bool ts_verdict_find_term(const char *term, ts_verdict_terms, ts_verdict *out);

/* Of one run. Measured and modelled ones are never put into one list. */
typedef struct ts_energy {
  ts_energy_kind kind;
  double joules;
  double low, high; /* of a measured one, 95 %; both `joules` of a modelled one */
  const char *how;  /* "RAPL package-0 dram", "proxy", "work"; NULL of none */
} ts_energy;

/* A figure and its interval of confidence, 95 %. */
typedef struct ts_estimate {
  double value, low, high;
} ts_estimate;

/* Texts and lists live in whoever's arena made the trial. What was not measured is 0 or NULL. */
typedef struct ts_trial {
  const char *
      parameters; /* "tileM=8 tileN=16", by the order of the space; an absent parameter is left out */
  const char *pipeline; /* the steps, the recipe's written out, as ts_pipeline_parse reads them */
  ts_verdict verdict;
  const char *reason; /* in words; NULL when all is well */
  unsigned num_samples;
  double *samples; /* milliseconds a run, in the order measured */
  ts_estimate
      ms; /* as the space takes it: the median or the least of the samples, put right by what the
                             best so far took meanwhile */
  ts_energy energy;
  double error;   /* the largest, divided by what is allowed there */
  bool hopeless;  /* stopped early: it is slower than `ms` says or as slow */
  char code[65];  /* digest of the generated code, hex; "": there is none */
  bool duplicate; /* its samples are those of an earlier trial with the same code */
  double pass_seconds, compile_seconds, check_seconds, measure_seconds;
  double clock_mhz; /* of the processor while it was measured; 0: cannot be read */
  double load;      /* processors that others used meanwhile; 0 too where it cannot be read */
  int64_t when;     /* seconds since 1970, UTC; 0: not yet tried */
} ts_trial;

static inline bool ts_trial_ok(const ts_trial *t) { return t->verdict == TS_VERDICT_OK; }

#endif
