/* Sizes and durations as people write them. */
#include <errno.h>
#include <stdlib.h>

#include "support/support.h"

bool ts_parse_size(const char *text, uint64_t *out) {
  static const char units[] = "KMGT";
  char *end;
  const char *digits = text + (*text == '-' || *text == '+');
  errno = 0;
  int64_t n = strtoll(text, &end, 10);
  if (*digits < '0' || *digits > '9' || errno != 0 || n < 0) return false;
  uint64_t factor = 1;
  const char *unit = *end ? strchr(units, *end) : NULL;
  if (unit) {
    factor = (uint64_t)1 << (10 * (unit - units + 1));
    end++;
    end += *end == 'i' ? end[1] == 'B' ? 2 : 0 : *end == 'B';
  }
  if (*end || (uint64_t)n > UINT64_MAX / factor) return false;
  *out = (uint64_t)n * factor;
  return true;
}

bool ts_parse_seconds(const char *text, double *out) {
  static const struct {
    const char *name;
    double seconds;
  } units[] = {{"ms", 1e-3}, {"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86400}, {"", 1}};
  size_t n = strspn(text, "0123456789.");
  double value;
  if (!ts_parse_double(text, n, &value) || !(value > 0)) return false;
  for (unsigned i = 0; i < ts_countof(units); i++) {
    if (strcmp(text + n, units[i].name) != 0) continue;
    *out = value * units[i].seconds;
    return true;
  }
  return false;
}
