/* The public API: which library this is, and what it has. */
#include "run/run.h"

const char *ts_version(void) { return TS_VERSION; }

bool ts_has_feature(const char *name) {
  for (unsigned i = 0; name && i < ts_num_engine_names; i++)
    if (!strcmp(name, ts_engine_names[i].name)) return true;
  return false;
}
