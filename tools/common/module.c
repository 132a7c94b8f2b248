/* Programs as inputs of a tool. */
#include "syntax/syntax.h"
#include "analysis/poly/marks.h"
#include "analysis/verify/verify.h"
#include "tool.h"

ts_result ts_tool_read_module(ts_tool *t, const char *path, int marks, ts_module **module) {
  ts_source *source = ts_new(&t->ctx->arena, ts_source);
  ts_result result = ts_tool_read(t, path, source);
  if (!result) result = ts_source_check(t->ctx, source);
  if (!result) result = ts_parse_source(t->ctx, source, module);
  if (!result) result = ts_verify(*module);
  return result ? result : ts_verify_marks(*module, (ts_marks)marks);
}
