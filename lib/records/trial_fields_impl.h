/* The fields of a trial as a table, for whoever keeps or writes all of them. */
#ifndef TS_RECORDS_TRIAL_FIELDS_IMPL_H
#define TS_RECORDS_TRIAL_FIELDS_IMPL_H

#include "records/trial.h"

typedef enum ts_field_kind {
  TS_FIELD_TEXT,    /* const char *, may be NULL */
  TS_FIELD_REAL,    /* double */
  TS_FIELD_FLAG,    /* bool */
  TS_FIELD_TIME,    /* int64_t */
  TS_FIELD_VERDICT, /* by its word */
  TS_FIELD_ENERGY,  /* ts_energy_kind, by its word */
  TS_FIELD_DIGEST,  /* hex, in place */
  TS_FIELD_SAMPLES, /* with their number beside them */
} ts_field_kind;

typedef struct ts_trial_field {
  const char *name;
  ts_field_kind kind;
  size_t at; /* in ts_trial */
} ts_trial_field;

enum {
#define FIELD(kind, name, member) TS_TRIAL_FIELD_##name,
#include "records/trial_fields.def"
#undef FIELD
  TS_NUM_TRIAL_FIELDS
};
extern const ts_trial_field ts_trial_fields[TS_NUM_TRIAL_FIELDS];

static inline const void *ts_trial_at(const ts_trial *t, const ts_trial_field *f) {
  return (const char *)t + f->at;
}
static inline double ts_trial_real(const ts_trial *t, const ts_trial_field *f) {
  return *(const double *)ts_trial_at(t, f);
}
static inline bool ts_trial_flag(const ts_trial *t, const ts_trial_field *f) {
  return *(const bool *)ts_trial_at(t, f);
}
/* Of texts, verdicts, kinds of energy and digests; NULL: there is none. */
const char *ts_trial_text(const ts_trial *, const ts_trial_field *);
/* "measured", "modelled"; NULL of none. And back: false for another word. */
const char *ts_energy_word(ts_energy_kind);
bool ts_energy_find(const char *word, ts_energy_kind *out);

#endif
