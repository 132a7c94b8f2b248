/* Verdicts as words. */
#include "records/trial.h"

static const struct {
  const char *word, *summary;
} verdicts[] = {
#define VERDICT(id, word, summary) {word, summary},
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
