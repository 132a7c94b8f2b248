/* Spaces that somebody has measured whole, as other tuners write them: T4 JSON, Kernel Tuner's cache files; plain or
 * gzipped. */
#ifndef TS_RECORDS_RECORDED_H
#define TS_RECORDS_RECORDED_H

#include "support/diag.h"
#include "records/parameter.h"
#include "records/trial.h"

typedef struct ts_recorded {
  const char *name;        /* kernel and device, or the file's name */
  const char *objective;   /* "time" */
  bool higher;             /* is better, of the objective */
  unsigned num_parameters; /* those with more than one value */
  ts_parameter *parameters;
  size_t num_rows;
  ts_choice *choices; /* num_rows · num_parameters */
  ts_trial *trials;   /* of each row; milliseconds */
} ts_recorded;

/* What the file is, by its content. Everything in the arena. TS_ERR, with the place, for what is neither, for a row that
 * does not fit the others, for one without a good row; fields that are not known are left aside. */
ts_result ts_recorded_read(ts_context *, ts_arena *, const char *path, ts_recorded *);
ts_result ts_recorded_read_bytes(ts_context *, ts_arena *, const char *name, const void *bytes,
                                 size_t n, ts_recorded *);

typedef enum { TS_EXPORT_T4, TS_EXPORT_KERNEL_TUNER, TS_EXPORT_CSV, TS_EXPORT_JSON } ts_export;
/* Writes it, the trials by rows, as one of these. */
void ts_recorded_write(ts_sink *, ts_export, const ts_recorded *);

#endif
