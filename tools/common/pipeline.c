/* Passes on the command line of a tool. */
#include "pass/pass.h"
#include "tool.h"

ts_result ts_tool_add_pipeline(ts_tool *t, ts_pipeline *pipeline, const char *text) {
  ts_source *source = ts_new(&t->ctx->arena, ts_source);
  *source =
      (ts_source){.name = "--pass-pipeline", .text = text, .n = strlen(text), .first_line = 1};
  ts_result result = TS_OK;
  if (*text == '@') result = ts_tool_read(t, text + 1, source);
  return result ? result : ts_pipeline_parse_source(t->ctx, pipeline, source);
}
