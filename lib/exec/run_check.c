/* Holding the outputs of a run against expectations. */
#include "exec/run_internal.h"

static void unravel(const ts_array *a, int64_t flat, int64_t at[TS_MAX_RANK]) {
  for (unsigned d = a->rank; d-- > 0;) {
    at[d] = a->dims[d] ? flat % a->dims[d] : 0;
    flat = a->dims[d] ? flat / a->dims[d] : 0;
  }
}

static const char *index_text(ts_context *ctx, const ts_run_check *c) {
  const char *text = "";
  for (unsigned d = 0; d < c->rank; d++)
    text = ts_sprintf(&ctx->arena, "%s%s%lld", text, d ? ", " : "", (long long)c->at[d]);
  return text;
}

static const char *number(ts_context *ctx, ts_dtype type, double value) {
  char text[40];
  int bits = !ts_is_float(type) ? 64 : type == TS_BF16 ? 17 : (int)(8 * ts_dtype_bytes(type));
  return ts_strndup(&ctx->arena, text, ts_format_float(text, value, bits));
}

ts_result ts_run_conclude(ts_run *run, const ts_array *got, ts_run_check c, const char *what) {
  c.rank = got->rank;
  if (c.difference.worst >= 0) unravel(got, c.difference.worst, c.at);
  ts_push(&run->ctx->arena, &run->checks, c);
  if (c.ok) return TS_OK;
  (void)ts_error_plain(
      run->ctx, "%s: %s: %lld of %lld elements differ; worst at [%s]: got %s, wanted %s (%s ULP)",
      c.output, what, (long long)c.difference.mismatches, (long long)ts_array_count(got),
      index_text(run->ctx, &c), number(run->ctx, got->dtype, c.difference.got),
      number(run->ctx, got->dtype, c.difference.want),
      number(run->ctx, TS_F32, c.difference.max_ulp));
  return TS_CHECK;
}

/* ---- --expect ---- */

static ts_result read_expected(ts_run *run, const ts_setting *expect, ts_array *out) {
  if (expect->text[0] == '@') return ts_array_read(run->ctx, expect->text + 1, out);
  if (strchr(expect->text, '=')) return ts_array_parse(run->ctx, expect->text, out);
  return ts_run_usage(run->ctx, "'--expect=%s=%s': wanted @FILE or a literal such as 3xf32=1 2 3",
                      expect->name, expect->text);
}

static ts_result check_expected(ts_run *run, const ts_setting *expect) {
  unsigned i = 0;
  ts_result result = ts_run_entry_named(run, "--expect=", expect->name, true, &i);
  if (result) return result;
  ts_array want = {0};
  ts_run_check check = {.output = run->names[i], .with = expect->text};
  result = read_expected(run, expect, &want);
  if (!result)
    result = ts_array_compare(run->ctx, &run->arrays[i], &want, run->request->rtol,
                              run->request->atol, &check.difference);
  if (!result) {
    check.ok = check.difference.mismatches == 0;
    result = ts_run_conclude(run, &run->arrays[i], check,
                             ts_sprintf(&run->ctx->arena, "expected %s", expect->text));
  }
  ts_array_drop(run->ctx, &want);
  return result;
}

ts_result ts_run_expectations(ts_run *run) {
  ts_result worst = TS_OK;
  for (size_t k = 0; k < run->request->expects.n; k++) {
    ts_result result = check_expected(run, &run->request->expects.at[k]);
    if (result && result != TS_CHECK) return result;
    worst = ts_max(worst, result);
  }
  return worst;
}
