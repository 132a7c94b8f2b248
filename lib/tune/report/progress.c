/* The line that tells how a session goes. */
#include <math.h>

#include "tune/report/report_impl.h"

/* As long as people count in it. */
static int put_duration(char *to, size_t size, double seconds) {
  if (seconds < 99.5) return snprintf(to, size, "%.0f s", ceil(seconds));
  if (seconds < 99.5 * 60) return snprintf(to, size, "%.0f min", seconds / 60);
  return snprintf(to, size, "%.0f h", seconds / 3600);
}

static int put_count(char *to, size_t size, const ts_domain *domain, const ts_tune_progress *p) {
  uint64_t of = p->of && p->of < domain->count ? p->of : domain->count;
  int n = snprintf(to, size, "%llu", (unsigned long long)p->done);
  if (p->of || domain->count < UINT64_MAX)
    n += snprintf(to + n, size - (size_t)n, " of %llu", (unsigned long long)of);
  if (p->failed)
    n += snprintf(to + n, size - (size_t)n, ", %llu failed", (unsigned long long)p->failed);
  return n;
}

static int put_rate(char *to, size_t size, const ts_domain *domain, const ts_tune_progress *p) {
  uint64_t of = p->of && p->of < domain->count ? p->of : domain->count;
  double rate = (double)p->done / p->seconds;
  int n = snprintf(to, size, " | %.3g/s", rate);
  if (of == UINT64_MAX || of < p->done) return n;
  n += snprintf(to + n, size - (size_t)n, " | ");
  n += put_duration(to + n, size - (size_t)n, (double)(of - p->done) / rate);
  return n + snprintf(to + n, size - (size_t)n, " left");
}

void ts_report_progress(ts_sink *sink, const ts_domain *domain, ts_objective objective,
                        const ts_tune_progress *p, unsigned columns) {
  char line[512];
  size_t n = (size_t)put_count(line, sizeof line, domain, p);
  if (p->best)
    n += (size_t)snprintf(line + n, sizeof line - n, " | best %.4g %s", p->best->cost,
                          ts_objective_unit(objective));
  if (p->done > 0 && p->seconds > 0) n += (size_t)put_rate(line + n, sizeof line - n, domain, p);
  if (p->best) (void)snprintf(line + n, sizeof line - n, " | %s", p->best->trial.parameters);
  /* cut at a character, of which the bytes after the first are 10xxxxxx */
  const char *end = line;
  for (unsigned column = 0; *end && column < columns; column++)
    do
      end++;
    while ((*end & 0xc0) == 0x80);
  ts_sink_write(sink, line, (size_t)(end - line));
}
