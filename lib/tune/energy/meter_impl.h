/* Between the files of the counters. */
#ifndef TS_TUNE_ENERGY_METER_IMPL_H
#define TS_TUNE_ENERGY_METER_IMPL_H

#include "tune/energy/energy.h"

/* One counter: joules are its steps times `unit`. */
typedef struct ts_energy_counter ts_energy_counter;
struct ts_energy_counter {
  const char *name; /* "package-0" */
  double unit;      /* joules of one step */
  uint64_t range;   /* it goes from this value to 0; UINT64_MAX: never */
  /* What it shows; false: it cannot be read. */
  bool (*read)(const ts_energy_counter *, uint64_t *steps);
  int fd;        /* of counters that are files; -1: none */
  void *device;  /* of NVML */
  void *library; /* whose functions ask it */
  uint64_t last; /* what it showed last time */
};

struct ts_energy_meter {
  ts_arena *arena;
  const char *family, *name; /* "RAPL"; "RAPL package-0 dram" */
  TS_VEC(ts_energy_counter) counters;
  void (*close)(ts_energy_meter *); /* what is not a counter's descriptor; NULL: nothing */
  double joules, seconds;           /* since it was opened; of the last reading */
  double period;                    /* seconds between two changes of the counters */
  double idle;                      /* watts; < 0: not yet measured */
};

/* What is asked for. */
typedef struct ts_energy_rapl_options {
  const char *sysfs;
} ts_energy_rapl_options;
typedef struct ts_energy_nvml_options {
  const char *library;
  int64_t device;
} ts_energy_nvml_options;

/* Each adds the counters that there are. NULL, or why there are none, as a sentence without a capital: counters that
 * were added by then are closed with the meter. */
const char *ts_energy_add_powercap(ts_energy_meter *, const char *sysfs);
const char *ts_energy_add_perf(ts_energy_meter *, const char *sysfs);
const char *ts_energy_add_nvml(ts_energy_meter *, const ts_energy_nvml_options *);

/* ---- counter.c ---- */

ts_energy_counter *ts_energy_add_counter(ts_energy_meter *, const char *name, double unit,
                                         uint64_t range, int fd,
                                         bool (*read)(const ts_energy_counter *, uint64_t *));
/* Reads a small text file below a folder, without the newline at its end; NULL with errno set. */
const char *ts_energy_read_text(ts_arena *, const char *folder, const char *name);
/* Reads all counters anew: joules since the last time, `elapsed` seconds ago. False as ts_energy_meter_read. */
bool ts_energy_advance(ts_energy_meter *, double elapsed, double *joules);

#endif
