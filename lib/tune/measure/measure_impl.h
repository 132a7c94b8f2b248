/* What the files that try candidates share.
 *
 * An attempt is a candidate on its way: its passes run in a context of its own, so that all it said and took goes with it;
 * then a child, forked with everything in place, has the engine prepare it and runs it when told to. */
#ifndef TS_TUNE_MEASURE_MEASURE_IMPL_H
#define TS_TUNE_MEASURE_MEASURE_IMPL_H

#include <sched.h>
#include <sys/types.h>

#include "run/judge.h"
#include "tune/measure/measure.h"

/* ---- buffers.c: what candidates run on ---- */

/* Pages between two that nobody may touch. The array stands at their end, as far as an alignment to 64 bytes allows;
 * what is before and behind it in its pages holds a known byte. */
typedef struct ts_guarded {
  const char *name;
  char *pages;
  size_t n; /* bytes of them */
  ts_array array;
  size_t shown; /* where the pages are seen in the window */
} ts_guarded;

/* Of the signature's entries. Inputs can be read only; outputs are a child's own, which it copies to the window, where the
 * parent sees them: shared pages would be small ones, and take their time. */
typedef struct ts_buffers {
  const ts_signature *sig;
  ts_guarded *at, *initial; /* initial: of inout entries, as they are before a run */
  char *window;
  size_t window_bytes;
} ts_buffers;

/* Makes them, filled as the run's arrays are before it. TS_LIMIT where there is no memory. */
ts_result ts_buffers_open(ts_arena *, const ts_run *, ts_buffers *);
void ts_buffers_close(ts_buffers *);
/* In a child: what has to lie around and in outputs before a run that is judged; and showing what it left. The window
 * is out of reach but while it shows. */
void ts_buffers_lay(const ts_buffers *, unsigned poison);
void ts_buffers_show(const ts_buffers *);
/* In the parent: the output as shown; and what was written around one, in words, NULL: nothing was. */
ts_array ts_buffers_shown(const ts_buffers *, unsigned i);
const char *ts_buffers_trespass(const ts_buffers *, ts_arena *);
/* What an address that could not be touched is: beside a buffer, or in what may not be written. NULL: neither. */
const char *ts_buffers_place(const ts_buffers *, ts_arena *, uint64_t address);

/* ---- limits.c, filter.c: what a child may do ---- */

/* Limits: no core, no byte written to a file, `memory` bytes and what so many threads need more than it has now. */
void ts_sandbox_limit(uint64_t memory, unsigned threads);
/* From here on nothing but computing, and reading and writing `fd`: anything else sends SIGSYS. Nothing happens where the
 * build is without libseccomp, or the system has no filters. */
void ts_sandbox_close(int fd);
/* "openat"; in the arena. */
const char *ts_sandbox_call_name(ts_arena *, uint64_t number);

/* ---- child.c: the process that runs a candidate ---- */

typedef enum {
  TS_TELL_LOAD,   /* what was compiled */
  TS_TELL_RUN,    /* once, over poison `n` */
  TS_TELL_FIT,    /* find how many runs make a sample */
  TS_TELL_SAMPLE, /* of n runs */
  TS_TELL_SHOW,   /* what the last of them left */
} ts_tell;

typedef struct ts_command {
  uint32_t tell, n;
} ts_command;

typedef enum {
  TS_SAID_COMPILED, /* it waits to be told to load it */
  TS_SAID_READY,    /* it waits to be told to run */
  TS_SAID_FAILED,   /* to get there: result `code`, and the text */
  TS_SAID_RAN,      /* result `code`, and the text when that is not TS_OK */
  TS_SAID_FITS,     /* `number` runs a sample */
  TS_SAID_SAMPLE,   /* `ms` a run */
  TS_SAID_FAULT,    /* signal `code` at address `number` */
  TS_SAID_CALL,     /* asked the system for call `number` */
  TS_SAID_EXIT,     /* ended itself, with status `code` */
} ts_said;

typedef struct ts_answer {
  uint32_t said;
  int32_t code;
  uint64_t number;
  double ms;
  char text[232];
} ts_answer;

typedef struct ts_measurer ts_measurer;
typedef struct ts_attempt ts_attempt;

/* The life of a child, at this end of `fd`. */
_Noreturn void ts_child_live(ts_measurer *, ts_attempt *, int fd);

/* ---- passes.c: from a candidate to what an engine takes ---- */

typedef enum {
  TS_STAGE_MADE, /* nothing is to be done with it yet */
  TS_STAGE_QUEUED,
  TS_STAGE_COMPILING,
  TS_STAGE_COMPILED, /* and not loaded */
  TS_STAGE_READY,
  TS_STAGE_OVER, /* the trial says what became of it */
} ts_stage;

struct ts_attempt {
  ts_attempt *next;
  const ts_candidate *candidate;
  ts_trial *trial, own; /* own: where it is once the batch is over */
  double watts;         /* of the candidate */
  unsigned place;       /* in the batch */
  ts_stage stage;
  ts_context *ctx;
  ts_run run;
  ts_dtype
      acc; /* the least precise that sums of floats are in; TS_NUM_DTYPES: as the program says */
  const ts_func *func;   /* that the engine takes */
  ts_run_timing counted; /* what a run does; where energy is modelled by it */
  /* its child */
  pid_t pid; /* 0: there is none */
  int fd;
  bool asleep;  /* stopped between answers */
  int status;   /* of waitpid, once it has ended */
  double began; /* when the child was started, to compile */
  double left;  /* seconds that its runs may still take */
  unsigned batch;
};

/* Makes the attempt's context and, in it, takes the program through the candidate's pipeline. Its trial gets `pipeline` and
 * `code`, or that it was refused. TS_LIMIT for memory. */
ts_result ts_attempt_make(ts_measurer *, ts_attempt *);

/* ---- attempt.c ---- */

/* Begins the trial of the batch's candidate at that place, and makes the attempt. */
ts_result ts_attempt_new(ts_measurer *, unsigned place, ts_attempt **);
/* Ends the child and forgets the attempt. */
void ts_attempt_drop(ts_measurer *, ts_attempt *);
/* Waits until it is compiled or over; and all others, too, where those that measure have no processors of their own.
 * TS_LIMIT: interrupted. */
ts_result ts_attempt_wait(ts_measurer *, const ts_attempt *);
/* Has the code loaded, on the processors that measure. As ts_attempt_ask. */
ts_result ts_attempt_load(ts_measurer *, ts_attempt *);

/* ---- crew.c: children, seen from the parent ---- */

struct ts_measurer {
  ts_context *ctx;
  ts_arena arena;
  ts_measure_setup setup;
  ts_run_request request; /* of candidates */
  ts_source program;
  ts_judge judge;
  ts_buffers buffers;
  const char *folder; /* where children put temporary files; NULL: none yet */
  unsigned threads, jobs;
  double limit;    /* seconds of a candidate's runs */
  bool limit_told; /* it does not change any more */
  /* The processors: all that there are, and, when some are left, which measure and which compile. */
  cpu_set_t all, measuring, compiling;
  bool apart;
  TS_VEC(ts_trial) known;    /* by code */
  ts_attempt *attempts;      /* all there are, the latest first */
  ts_attempt *best;          /* whose child stays; NULL: there is none */
  double best_ms, best_cost; /* infinite while nothing was good; they stay when its child is lost */
  TS_VEC(double)
  best_samples; /* milliseconds of all runs of the best since it is that: best_ms is theirs */
  bool opened;
  bool unusable; /* the engine cannot be used as it was asked for */
  /* of the evaluation under way */
  ts_arena *texts; /* of trials */
  unsigned n;
  const ts_candidate *candidates;
  ts_trial *trials;
  ts_trial_done done;
  void *user;
};

bool ts_measurer_interrupted(const ts_measurer *);
/* Starts children for queued attempts, as many as may compile now. TS_LIMIT where none can be started. */
ts_result ts_crew_start(ts_measurer *);
/* Whether any is compiling. */
bool ts_crew_busy(const ts_measurer *);

typedef enum { TS_HEARD, TS_LATE, TS_GONE, TS_INTERRUPTED } ts_hearing;
/* Waits for what the attempt's child says, and sees meanwhile to those that compile. With no attempt: until one of those
 * says something. */
ts_hearing ts_crew_listen(ts_measurer *, ts_attempt *, double seconds, ts_answer *);
/* False: it is not there any more. */
bool ts_crew_tell(ts_attempt *, ts_tell, unsigned n);
/* Ends the child, if there is one, and whatever it started. */
void ts_crew_end(ts_attempt *);
/* Whether it has ended, and nobody has waited for it. */
bool ts_crew_ended(const ts_attempt *);

/* ---- verdict.c ---- */

/* What became of the attempt; its child ends. TS_CHECK. */
ts_result ts_attempt_over(ts_measurer *, ts_attempt *, ts_verdict, const char *fmt, ...)
    TS_PRINTF(4, 5);
/* The same from what its child said last, or how it ended. */
ts_result ts_attempt_said(ts_measurer *, ts_attempt *, const ts_answer *);
ts_result ts_attempt_gone(ts_measurer *, ts_attempt *);
/* Tells the child and waits for its answer of that kind. TS_CHECK: it is over, and the trial says why; TS_LIMIT:
 * interrupted. */
ts_result ts_attempt_ask(ts_measurer *, ts_attempt *, ts_tell, unsigned n, ts_said, ts_answer *);

/* ---- gate.c, race.c, final.c, power.c: results as of ts_attempt_ask ---- */

/* Runs it over poison and holds what it leaves against the oracle. */
ts_result ts_gate(ts_measurer *, ts_attempt *);
/* The same of what its last run left, without another. */
ts_result ts_gate_again(ts_measurer *, ts_attempt *);
/* Takes its samples, turn by turn with the best. */
ts_result ts_race(ts_measurer *, ts_attempt *);
/* How many times what the best takes the least of k samples has to be for more of them to be of no use. */
double ts_race_margin(unsigned k);
/* More samples of the best: what it is known by is what all of them say. */
void ts_race_note(ts_measurer *, unsigned n, const double *ms);
/* Before that: how many runs make a sample, and the runs that warm it up; and one sample, milliseconds a run. */
ts_result ts_warm_up(ts_measurer *, ts_attempt *);
ts_result ts_take_sample(ts_measurer *, ts_attempt *, double *ms);
/* Measures the batch, good candidates all, once more, and puts the trials right. */
ts_result ts_final(ts_measurer *);
/* The energy of a run, measured or by a model: in the trial. */
ts_result ts_power(ts_measurer *, ts_attempt *);
/* The same by the model that there is, were a run to take so long. */
ts_energy ts_power_modelled(const ts_measurer *, const ts_attempt *, double ms);

#endif
