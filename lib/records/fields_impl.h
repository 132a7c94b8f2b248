/* Fields of other tuners' JSON, as they are found in the wild. */
#ifndef TS_RECORDS_FIELDS_IMPL_H
#define TS_RECORDS_FIELDS_IMPL_H

#include <jansson.h>

#include "records/rows_impl.h"

/* The value of a parameter. False for what is none: a list, an object. */
bool ts_field_value(ts_arena *, const json_t *, ts_value *);
/* A finite number below 1e20, which stood for failures once; a list of such gives its mean. */
bool ts_field_measured(const json_t *, double *);
/* The number, 0 where there is none. */
double ts_field_number(const json_t *object, const char *name);
/* The text in the arena; `otherwise` where there is none, or an empty one. */
const char *ts_field_text(ts_arena *, const json_t *object, const char *name,
                          const char *otherwise);
/* Whether there is more of what is called so when the tuning was better: a rate ("GFLOP/s"), per joule or watt, a
 * "fitness". As Kernel Tuner has it (objective_default_map of util.py, 1.5.0). */
bool ts_field_is_higher_better(const char *objective);
/* The trial's samples, numbers of a list times `scale`; others are left out. */
void ts_field_samples(ts_arena *, const json_t *list, double scale, ts_trial *);
/* What joules of this kind are called, and the trial's energy from such a field, if it is a number. */
const char *ts_field_energy_name(ts_energy_kind);
void ts_field_energy(const json_t *, ts_energy_kind, ts_trial *);
/* The estimate of a value of the objective, as ts_recorded has it. False, and nothing set, for a value that is none. */
bool ts_field_cost(double value, bool higher, ts_estimate *);
/* Seconds since 1970 of "2023-06-02 08:19:33.666834+00:00", and back; 0: none of that form. */
int64_t ts_field_when(const char *);
void ts_field_write_when(ts_sink *, int64_t);
/* The name of a field, quoted, and a number, after a comma. */
void ts_field_write_number(ts_sink *, const char *name, double);
/* A parameter's value as JSON: a number, true or false, a text. */
void ts_field_write_value(ts_sink *, const ts_parameter *, unsigned place);
/* The value of the objective behind a cost. */
double ts_field_objective(const ts_recorded *, const ts_trial *);

/* The readers, of a file's JSON. `rows` has begun. */
ts_result ts_read_t4(ts_rows *, const json_t *root, ts_recorded *);
ts_result ts_read_kernel_tuner(ts_rows *, const json_t *root, ts_recorded *);
ts_result ts_read_ktt(ts_rows *, const json_t *root, ts_recorded *);
/* The one session of the store in this file, or that of this number. */
ts_result ts_recorded_of_store(ts_context *, ts_arena *, const char *path, int64_t session,
                               ts_recorded *);
/* The writers. */
void ts_write_t4(ts_sink *, const ts_recorded *);
void ts_write_kernel_tuner(ts_sink *, const ts_recorded *);
void ts_write_csv(ts_sink *, const ts_recorded *);
void ts_write_json(ts_sink *, const ts_recorded *);
/* A cell of CSV, quoted where it has to be. */
void ts_write_cell(ts_sink *, const char *text);

#endif
