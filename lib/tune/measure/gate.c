/* The gate before the clock: only what is right is timed. */
#include "support/clock.h"
#include "tune/measure/measure_impl.h"

typedef struct check {
  ts_measurer *measurer;
  ts_attempt *attempt;
  ts_arena scratch;
  bool **suspects; /* of each entry: elements that held the first poison; NULL: there are none */
} check;

static bool is_output(const ts_measurer *m, unsigned i) {
  return m->judge.run.sig.entries[i].role != TS_ROLE_IN;
}

/* Has it run over that poison, or show what it left. */
static ts_result look(check *c, ts_tell tell, unsigned poison) {
  ts_answer answer;
  ts_measurer *m = c->measurer;
  ts_result result = ts_attempt_ask(m, c->attempt, tell, poison, TS_SAID_RAN, &answer);
  if (result) return result;
  const char *trespass = ts_buffers_trespass(&m->buffers, m->texts);
  return trespass ? ts_attempt_over(m, c->attempt, TS_VERDICT_OUTSIDE, "%s", trespass) : TS_OK;
}

/* ---- what was not written ---- */

static bool find_suspects(check *c) {
  const ts_measurer *m = c->measurer;
  bool any = false;
  for (unsigned i = 0; i < m->buffers.sig->n; i++) {
    if (m->buffers.sig->entries[i].role != TS_ROLE_OUT) continue;
    ts_array a = ts_buffers_shown(&m->buffers, i);
    for (int64_t k = 0, n = ts_array_count(&a); k < n; k++) {
      if (!ts_array_is_poisoned(&a, k, 0)) continue;
      if (!c->suspects[i]) c->suspects[i] = ts_new_array(&c->scratch, bool, n);
      any = c->suspects[i][k] = true;
    }
  }
  return any;
}

static ts_result judge_suspects(check *c, unsigned i) {
  ts_measurer *m = c->measurer;
  ts_array a = ts_buffers_shown(&m->buffers, i);
  int64_t n = ts_array_count(&a), unwritten = 0, first = 0;
  for (int64_t k = 0; k < n; k++)
    if (c->suspects[i][k] && ts_array_is_poisoned(&a, k, 1) && unwritten++ == 0) first = k;
  if (!unwritten) return TS_OK;
  const char *name = m->buffers.at[i].name;
  return ts_attempt_over(m, c->attempt, TS_VERDICT_UNWRITTEN,
                         "%lld of %lld elements of %s, the first %s%s", (long long)unwritten,
                         (long long)n, name, name, ts_array_index_text(&c->scratch, &a, first));
}

/* A value may look like the poison: it does not look like another one, too. */
static ts_result check_written(check *c) {
  if (!find_suspects(c)) return TS_OK;
  ts_result result = look(c, TS_TELL_RUN, 1);
  for (unsigned i = 0; !result && i < c->measurer->buffers.sig->n; i++)
    if (c->suspects[i]) result = judge_suspects(c, i);
  return result;
}

/* ---- what is wrong ---- */

static ts_result judge_output(check *c, unsigned i) {
  ts_difference d;
  ts_measurer *m = c->measurer;
  ts_array got = ts_buffers_shown(&m->buffers, i);
  ts_result result = ts_judge_output(&m->judge, m->ctx, c->attempt->acc, i, &got, &d);
  if (result) return result;
  double used = d.worst >= 0 ? d.used : 0;
  c->attempt->trial->error = ts_max(c->attempt->trial->error, used);
  if (!d.wrong) return TS_OK;
  return ts_attempt_over(m, c->attempt, TS_VERDICT_WRONG, "%s: %s", m->buffers.at[i].name,
                         ts_run_difference_text(&c->scratch, &got, &m->judge.want[i], &d));
}

static ts_result judge_outputs(check *c) {
  const ts_measurer *m = c->measurer;
  ts_result result = TS_OK;
  for (unsigned i = 0; !result && i < m->buffers.sig->n; i++)
    if (is_output(m, i)) result = judge_output(c, i);
  return result;
}

static ts_result judge_run(void *arg) {
  check *c = arg;
  c->suspects = ts_new_array(&c->scratch, bool *, c->measurer->buffers.sig->n + 1);
  ts_result result = look(c, TS_TELL_RUN, 0);
  if (!result) result = check_written(c);
  return result ? result : judge_outputs(c);
}

static ts_result judge_last(void *arg) {
  ts_result result = look(arg, TS_TELL_SHOW, 0);
  return result ? result : judge_outputs(arg);
}

static void drop(void *arg) { ts_arena_drop(&((check *)arg)->scratch); }

static ts_result judge(ts_measurer *m, ts_attempt *a, ts_result (*body)(void *)) {
  check c = {.measurer = m, .attempt = a};
  double begin = ts_time_now();
  ts_arena_init(&c.scratch, &m->ctx->memory);
  ts_result result = ts_protect_cleanup(m->ctx, body, drop, &c);
  a->trial->check_seconds += ts_time_now() - begin;
  return result;
}

ts_result ts_gate(ts_measurer *m, ts_attempt *a) { return judge(m, a, judge_run); }

ts_result ts_gate_again(ts_measurer *m, ts_attempt *a) { return judge(m, a, judge_last); }
