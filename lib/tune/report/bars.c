/* Parameters by how much they matter. */
#include <math.h>

#include "tune/report/report_impl.h"

enum { LONGEST = 40 };

ts_report_bars ts_report_bars_of(ts_context *ctx, const ts_tune_report *r) {
  double parts[TS_MAX_PARAMETERS];
  ts_report_bars b = {0};
  ts_report_importance(ctx, r, parts);
  for (unsigned p = 0; p < r->domain->n; p++) {
    unsigned at = ts_min(b.n, (unsigned)ts_countof(b.at) - 1);
    if (b.n == ts_countof(b.at) && parts[p] <= b.at[at].part) continue;
    for (; at > 0 && b.at[at - 1].part < parts[p]; at--)
      b.at[at] = b.at[at - 1];
    b.at[at] = (struct ts_report_bar){r->domain->parameters[p].name, parts[p]};
    b.n += b.n < ts_countof(b.at);
  }
  return b;
}

void ts_report_print_bars(ts_sink *sink, const ts_report_bars *b) {
  static const char bar[LONGEST + 1] = "########################################";
  int width = 0;
  for (unsigned i = 0; i < b->n; i++)
    width = ts_max(width, (int)strlen(b->at[i].name));
  ts_sink_puts(sink, "part of the variance of log cost\n");
  for (unsigned i = 0; i < b->n; i++)
    ts_sink_printf(sink, "  %-*s  %4.2f  %.*s\n", width, b->at[i].name, b->at[i].part,
                   (int)lround(b->at[i].part * LONGEST), bar);
}
