/* What a run leaves of its outputs unwritten.
 *
 * Before the run a pattern lies in every `out` array. Where it still lies afterwards, a second run over another
 * pattern tells a value that happens to look like it from an element that no run wrote. That asks nothing of the
 * engine, and costs a second run only where there is reason for it. What was not written then reads 0. */
#include "run/run_impl.h"

/* Floats first start as a NaN that no arithmetic makes. */
static int pattern_of(ts_dtype type, unsigned which) {
  static const int floats[TS_NUM_POISONS] = {0xff, 0xfe}, integers[TS_NUM_POISONS] = {0x5a, 0xa5};
  return (ts_is_float(type) ? floats : integers)[which];
}

static bool is_watched(const ts_run *run, unsigned i) {
  return run->sig.entries[i].role == TS_ROLE_OUT && ts_func_level(run->func) == TS_LEVEL_L;
}

void ts_array_poison(ts_array *a, unsigned which) {
  memset(a->data, pattern_of(a->dtype, which),
         (size_t)ts_array_count(a) * ts_dtype_bytes(a->dtype));
}

static void lay_pattern(ts_run *run, unsigned which) {
  for (unsigned i = 0; i < run->sig.n; i++)
    if (is_watched(run, i)) ts_array_poison(&run->arrays[i], which);
}

bool ts_array_is_poisoned(const ts_array *a, int64_t k, unsigned which) {
  size_t bytes = ts_dtype_bytes(a->dtype);
  const unsigned char *at = (const unsigned char *)a->data + (size_t)k * bytes;
  for (size_t b = 0; b < bytes; b++)
    if (at[b] != pattern_of(a->dtype, which)) return false;
  return true;
}

/* Of each watched array, which elements hold the first pattern; NULL: none does. In the scratch arena. */
static bool find_suspects(ts_run *run, bool **suspects) {
  bool any = false;
  for (unsigned i = 0; i < run->sig.n; i++) {
    const ts_array *a = &run->arrays[i];
    suspects[i] = NULL;
    for (int64_t k = 0, n = is_watched(run, i) ? ts_array_count(a) : 0; k < n; k++) {
      if (!ts_array_is_poisoned(a, k, 0)) continue;
      if (!suspects[i]) suspects[i] = ts_new_array(&run->scratch, bool, n);
      any = suspects[i][k] = true;
    }
  }
  return any;
}

/* Counts and zeroes what holds the second pattern too. */
static void settle(ts_run *run, unsigned i, const bool *suspects) {
  ts_array *a = &run->arrays[i];
  size_t bytes = ts_dtype_bytes(a->dtype);
  for (int64_t k = 0, n = ts_array_count(a); k < n; k++) {
    if (!suspects[k] || !ts_array_is_poisoned(a, k, 1)) continue;
    if (run->unwritten[i].n++ == 0) run->unwritten[i].first = k;
    memset((char *)a->data + (size_t)k * bytes, 0, bytes);
  }
}

ts_result ts_run_watched(ts_run *run, ts_run_stats *stats) {
  bool **suspects = ts_new_array(&run->ctx->arena, bool *, run->sig.n + 1);
  lay_pattern(run, 0);
  ts_result result = ts_run_once(run, stats);
  if (!result && find_suspects(run, suspects)) {
    lay_pattern(run, 1);
    result = ts_run_once(run, NULL);
    for (unsigned i = 0; !result && i < run->sig.n; i++)
      if (suspects[i]) settle(run, i, suspects[i]);
  }
  ts_arena_drop(&run->scratch);
  return result;
}

ts_result ts_run_check_written(ts_run *run) {
  ts_result result = TS_OK;
  const ts_run_request *request = run->request;
  bool demanded = request->check_outputs || request->compare.n || request->against.n;
  for (unsigned i = 0; i < run->sig.n; i++) {
    const ts_array *a = &run->arrays[i];
    const ts_unwritten *u = &run->unwritten[i];
    if (u->n == 0) continue;
    const char *text = ts_sprintf(
        &run->ctx->arena, "%s: %lld of %lld elements never written, the first %s%s; they read 0",
        run->names[i], (long long)u->n, (long long)ts_array_count(a), run->names[i],
        ts_array_index_text(&run->ctx->arena, a, u->first));
    if (demanded)
      (void)ts_error_plain(run->ctx, "%s", text);
    else
      ts_warning_plain(run->ctx, "%s", text);
    if (demanded) result = TS_CHECK;
  }
  return result;
}
