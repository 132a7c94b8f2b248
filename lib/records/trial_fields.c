/* The table of a trial's fields. */
#include "records/trial_fields_impl.h"

const ts_trial_field ts_trial_fields[TS_NUM_TRIAL_FIELDS] = {
#define FIELD(kind, name, member) {#name, TS_FIELD_##kind, offsetof(ts_trial, member)},
#include "records/trial_fields.def"
#undef FIELD
};

static const char *const energy_words[] = {NULL, "measured", "modelled"};

const char *ts_energy_word(ts_energy_kind kind) { return energy_words[kind]; }

bool ts_energy_find(const char *word, ts_energy_kind *out) {
  for (unsigned i = 1; i < ts_countof(energy_words); i++)
    if (strcmp(word, energy_words[i]) == 0) {
      *out = (ts_energy_kind)i;
      return true;
    }
  return false;
}

const char *ts_trial_text(const ts_trial *t, const ts_trial_field *f) {
  const void *at = ts_trial_at(t, f);
  switch (f->kind) {
  case TS_FIELD_TEXT: return *(const char *const *)at;
  case TS_FIELD_VERDICT: return ts_verdict_word(*(const ts_verdict *)at);
  case TS_FIELD_ENERGY: return ts_energy_word(*(const ts_energy_kind *)at);
  case TS_FIELD_DIGEST: return *(const char *)at ? at : NULL;
  default: ts_unreachable("not a text");
  }
}
