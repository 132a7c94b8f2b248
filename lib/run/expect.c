/* What comes of holding an output against something; and holding outputs against expectations. */
#include <math.h>

#include "run/run_impl.h"

/* "0.0123", "9306112", "1.3e+09": up to four digits that count, whole numbers whole. */
const char *ts_run_figure(ts_arena *arena, double x) {
  bool whole = x == floor(x) && fabs(x) < 1e9;
  return ts_sprintf(arena, whole ? "%.0f" : "%.4g", x);
}

/* Why no distance says how far apart these are; NULL when one does. */
static const char *not_finite(double got, double want) {
  if (isnan(got)) return isnan(want) ? NULL : "a NaN where none is wanted";
  if (isnan(want)) return "no NaN where one is wanted";
  if (isinf(got) && isinf(want)) return got == want ? NULL : "the other infinity";
  if (isinf(got)) return "infinite where a finite number is wanted";
  return isinf(want) ? "finite where an infinity is wanted" : NULL;
}

static const char *distance_text(ts_arena *arena, ts_dtype type, const ts_difference *d) {
  const char *why = not_finite(d->got, d->want);
  if (why) return why;
  const char *text = ts_sprintf(arena, "off by %s", ts_run_figure(arena, d->apart));
  if (ts_is_float(type))
    text = ts_sprintf(arena, "%s, %s ULP", text,
                      ts_run_figure(arena, d->apart / ts_ulp(type, d->want)));
  if (d->allowed > 0)
    text = ts_sprintf(arena, "%s, where %s is allowed", text, ts_run_figure(arena, d->allowed));
  return text;
}

const char *ts_run_check_name(const ts_run_check *c) {
  static const char *const names[] = {[TS_CHECK_EXPECTED] = "expected",
                                      [TS_CHECK_ENGINE] = "engine",
                                      [TS_CHECK_PROGRAM] = "program"};
  return names[c->kind];
}

static const char *wrong_text(ts_arena *arena, const ts_array *got, const ts_difference *d) {
  const char *text = ts_sprintf(arena, "%lld wrong", (long long)d->wrong);
  if (!got->rank) return text;
  return ts_sprintf(arena, "%s, all in %s", text, ts_array_box_text(arena, got, d->lo, d->hi));
}

const char *ts_run_difference_text(ts_arena *a, const ts_array *got, const ts_array *want,
                                   const ts_difference *d) {
  char shape[TS_SHAPE_TEXT];
  ts_shape_text(shape, sizeof shape, got->dtype, got->rank, got->dims);
  const char *strange =
      d->not_finite && d->wrong > 1
          ? ts_sprintf(a, ", %lld of them NaN or infinite on one side", (long long)d->not_finite)
          : "";
  return ts_sprintf(a, "%s of %s%s; worst%s%s: got %s, wanted %s: %s", wrong_text(a, got, d), shape,
                    strange, got->rank ? " at " : "", ts_array_index_text(a, got, d->worst),
                    ts_array_value_text(a, got, d->worst), ts_array_value_text(a, want, d->worst),
                    distance_text(a, got->dtype, d));
}

static void report_wrong(ts_run *run, const ts_array *got, const ts_array *want,
                         const ts_run_check *c) {
  const char *text = ts_run_difference_text(&run->ctx->arena, got, want, &c->difference);
  (void)ts_error_plain(run->ctx, "%s: %s %s: %s", c->output, ts_run_check_name(c), c->with, text);
}

/* Nothing was found wrong, since whatever differs may differ by any amount. */
static void report_unjudged(ts_run *run, const ts_array *got, const ts_run_check *c) {
  (void)ts_error_plain(
      run->ctx,
      "%s: %s %s: nothing was compared: all %lld elements differ, and rounding has no "
      "finite bound for them",
      c->output, ts_run_check_name(c), c->with, (long long)ts_array_count(got));
}

ts_result ts_run_conclude(ts_run *run, const ts_array *got, const ts_array *want, ts_run_check c) {
  const ts_difference *d = &c.difference;
  bool judged = d->unjudged < ts_array_count(got);
  c.ok = d->wrong == 0 && judged;
  c.rank = got->rank;
  c.in_ulps = ts_is_float(got->dtype);
  if (d->worst >= 0) ts_array_index(got, d->worst, c.at);
  if (d->worst >= 0 && isfinite(d->want)) c.bound_ulp = d->allowed / ts_ulp(got->dtype, d->want);
  if (d->wrong) c.wrong = wrong_text(&run->ctx->arena, got, d);
  ts_push(&run->ctx->arena, &run->checks, c);
  if (c.ok) return TS_OK;
  if (judged)
    report_wrong(run, got, want, &c);
  else
    report_unjudged(run, got, &c);
  return TS_CHECK;
}

/* ---- expectations ---- */

static ts_result read_expected(ts_run *run, const ts_setting *expect, ts_array *out) {
  if (expect->text[0] == '@') return ts_array_read(run->ctx, expect->text + 1, out);
  if (strchr(expect->text, '=')) return ts_array_parse(run->ctx, expect->text, out);
  return ts_run_usage(run->ctx, "'%s%s=%s': wanted @FILE or a literal such as 3xf32=1 2 3",
                      run->request->words->expect, expect->name, expect->text);
}

static ts_result check_expected(ts_run *run, const ts_setting *expect) {
  unsigned i = 0;
  ts_result result = ts_run_entry_named(run, run->request->words->expect, expect->name, true, &i);
  if (result) return result;
  ts_array want = {0};
  const ts_array *got = &run->arrays[i];
  ts_run_check check = {.kind = TS_CHECK_EXPECTED, .output = run->names[i], .with = expect->text};
  result = read_expected(run, expect, &want);
  if (!result)
    result = ts_array_compare(run->ctx, got, &want, run->request->rtol, run->request->atol,
                              &check.difference);
  if (!result) result = ts_run_conclude(run, got, &want, check);
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
