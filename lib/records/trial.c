/* Verdicts as words. */
#include "records/trial.h"

static const struct {
  const char *word, *summary, *terms[2];
} verdicts[] = {
#define VERDICT(id, word, t4, kernel_tuner, summary) {word, summary, {t4, kernel_tuner}},
#include "records/verdicts.def"
#undef VERDICT
};

const char *ts_verdict_word(ts_verdict v) { return verdicts[v].word; }
const char *ts_verdict_summary(ts_verdict v) { return verdicts[v].summary; }

bool ts_verdict_find(const char *word, ts_verdict *out) {
  for (unsigned i = 0; i < TS_NUM_VERDICTS; i++)
    if (strcmp(word, verdicts[i].word) == 0) {
      *out = (ts_verdict)i;
      return true;
    }
  return false;
}

const char *ts_verdict_term(ts_verdict v, ts_verdict_terms terms) {
  return verdicts[v].terms[terms];
}

bool ts_verdict_find_term(const char *term, ts_verdict_terms terms, ts_verdict *out) {
  for (unsigned i = 0; i < TS_NUM_VERDICTS; i++)
    if (strcmp(term, verdicts[i].terms[terms]) == 0) {
      *out = (ts_verdict)i;
      return true;
    }
  return false;
}
