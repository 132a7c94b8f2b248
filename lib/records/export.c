/* Which writer an export is. */
#include "records/fields_impl.h"

void ts_recorded_write(ts_sink *sink, ts_export format, const ts_recorded *r) {
  static void (*const writers[])(ts_sink *, const ts_recorded *) = {
      [TS_EXPORT_T4] = ts_write_t4,
      [TS_EXPORT_KERNEL_TUNER] = ts_write_kernel_tuner,
      [TS_EXPORT_CSV] = ts_write_csv,
      [TS_EXPORT_JSON] = ts_write_json,
  };
  writers[format](sink, r);
}
