/* What passes counted and how long things took, as tables. */
#include "pass/pass.h"

void ts_time_add(ts_time_table *table, const char *what, double seconds) {
  if (!table) return;
  for (size_t i = 0; i < table->n; i++) {
    ts_time *row = &table->rows[i];
    if (strcmp(row->what, what)) continue;
    row->seconds += seconds;
    row->runs++;
    return;
  }
  if (table->n < TS_MAX_TIMES) table->rows[table->n++] = (ts_time){what, seconds, 1};
}

void ts_time_print(ts_sink *s, const ts_time_table *table) {
  double total = 0;
  for (size_t i = 0; i < table->n; i++)
    total += table->rows[i].seconds;
  ts_sink_puts(s, "   seconds  percent  runs  what\n");
  for (size_t i = 0; i < table->n; i++) {
    const ts_time *row = &table->rows[i];
    double percent = total > 0 ? 100 * row->seconds / total : 0;
    ts_sink_printf(s, "%10.6f  %6.1f%%  %4u  %s\n", row->seconds, percent, row->runs, row->what);
  }
  ts_sink_printf(s, "%10.6f  %6.1f%%        total\n", total, 100.0);
}

void ts_stat_print(ts_sink *s, const ts_stat_table *table) {
  ts_sink_puts(s, "     count  pass: what\n");
  for (size_t i = 0; i < table->rows.n; i++) {
    const ts_stat *row = &table->rows.at[i];
    ts_sink_printf(s, "%10llu  %s: %s\n", (unsigned long long)row->n, row->pass, row->what);
  }
}
