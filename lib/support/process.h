/* Other programs: started without a shell, their output kept up to a cap, their time limited. */
#ifndef TS_SUPPORT_PROCESS_H
#define TS_SUPPORT_PROCESS_H

#include "support/stop.h"
#include "support/support.h"

typedef struct ts_process {
  const char *path;        /* of the program; names are looked up by ts_find_program */
  const char *const *argv; /* ending in NULL; argv[0] by custom the path */
  const char *const *env;  /* ending in NULL */
  const char *dir;         /* where it works; NULL: here */
  double seconds;          /* before it is killed with all that it started; 0: no limit */
  const ts_stop *stop;     /* kills it too when it is raised; NULL: nothing does */
  size_t keep;             /* most bytes of output to keep */
} ts_process;

typedef enum {
  TS_PROCESS_EXITED,
  TS_PROCESS_SIGNALLED,
  TS_PROCESS_TIMED_OUT,
  TS_PROCESS_NOT_STARTED,
} ts_process_end;

typedef struct ts_process_report {
  ts_process_end end;
  int code;     /* exit status, signal, or errno of what could not be started */
  char *output; /* standard output and error as they came, `n` bytes and a NUL, in the arena */
  size_t n;
  uint64_t dropped; /* bytes of output past `keep` */
} ts_process_report;

/* Starts the program with standard input at its end, and waits for it. It has a process group of
 * its own, which is killed when the time is over, and when the program has ended and left others
 * behind. */
ts_process_report ts_process_run(ts_arena *, const ts_process *);

/* The same of n programs, at most `most` at a time. The seconds of the first are the time that all of them have
 * together: what runs then is killed, what has not been started is not, and both are reported as timed
 * out. */
void ts_process_run_all(ts_arena *, unsigned n, const ts_process *, unsigned most,
                        ts_process_report *out);

/* The path of program `name`: itself when it has a slash, else the first of the folders in $PATH
 * that has such an executable. NULL: there is none. */
const char *ts_find_program(ts_arena *, const char *name);

#endif
