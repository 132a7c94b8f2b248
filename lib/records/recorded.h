/* Spaces that were measured before, as other tuners write them: T4 JSON, Kernel Tuner's caches, KTT's results; plain or
 * gzipped. docs/tuning.md has the formats. */
#ifndef TS_RECORDS_RECORDED_H
#define TS_RECORDS_RECORDED_H

#include "support/diag.h"
#include "records/parameter.h"
#include "records/store.h"
#include "records/trial.h"

typedef struct ts_recorded {
  const char *name;            /* kernel and device, or the file's name */
  const char *kernel, *device; /* NULL: the file does not say */
  unsigned num_sizes;
  int64_t *sizes;          /* of the problem */
  const char *objective;   /* "time" */
  bool higher;             /* is better, of the objective */
  unsigned num_parameters; /* those with more than one value; of a single row all */
  ts_parameter *parameters;
  size_t num_rows;
  ts_choice *choices; /* num_rows · num_parameters */
  ts_trial *
      trials; /* of each row. `ms` is milliseconds for "time"; for another objective its value, or 1 / value
                         where higher is better, so that less is better always */
} ts_recorded;

/* What the file is, by its content: one of those, or a store of trials, whose one session is meant, or with ":3" behind
 * the path session 3. Everything in the arena. TS_ERR, with the place, for what is none of them, for a row
 * that does not fit the others or is there twice, for a file without a good row, for a gzipped one of more than 1 GiB or
 * 100 times its own size; fields that are not known are left aside. A row whose time is not finite has failed. */
ts_result ts_recorded_read(ts_context *, ts_arena *, const char *path, ts_recorded *);
ts_result ts_recorded_read_bytes(ts_context *, ts_arena *, const char *name, const void *bytes,
                                 size_t n, ts_recorded *);
/* The trials of a session. A parameter that a point leaves out has its first value there. */
ts_result ts_recorded_of_session(ts_context *, ts_arena *, ts_store *, const ts_kept_session *,
                                 ts_recorded *);

typedef enum { TS_EXPORT_T4, TS_EXPORT_KERNEL_TUNER, TS_EXPORT_CSV, TS_EXPORT_JSON } ts_export;
/* Writes it, the trials by rows, as one of these. */
void ts_recorded_write(ts_sink *, ts_export, const ts_recorded *);

#endif
