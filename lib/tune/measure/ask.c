/* Asking a child and waiting for its answer, which takes from the time that its candidate has. */
#include <signal.h>

#include "support/clock.h"
#include "tune/measure/measure_impl.h"

static ts_result late(ts_measurer *m, ts_attempt *a) {
  return ts_attempt_over(m, a, TS_VERDICT_TIMEOUT, "its runs took longer than %.3g s", m->limit);
}

/* Its threads would else wait for work in a loop, on the processors of who is measured next. */
static void send_to_sleep(const ts_measurer *m, ts_attempt *a) {
  if (m->threads < 2) return;
  kill(a->pid, SIGSTOP);
  a->asleep = true;
}

ts_result ts_attempt_ask(ts_measurer *m, ts_attempt *a, ts_tell tell, unsigned n, ts_said wanted,
                         ts_answer *answer) {
  double begin = ts_time_now();
  (void)ts_crew_tell(a, tell, n); /* one that is gone is not heard of either */
  ts_hearing hearing = ts_crew_listen(m, a, a->left, answer);
  a->left -= ts_time_now() - begin;
  switch (hearing) {
  case TS_HEARD: break;
  case TS_LATE: return late(m, a);
  case TS_GONE: return ts_attempt_gone(m, a);
  default: return TS_LIMIT;
  }
  if (answer->said != wanted || (wanted == TS_SAID_RAN && answer->code))
    return ts_attempt_said(m, a, answer);
  send_to_sleep(m, a);
  return TS_OK;
}
