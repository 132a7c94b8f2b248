/* What becomes of a candidate, in words. */
#include <math.h>
#include <signal.h>
#include <sys/wait.h>

#include "support/clock.h"
#include "tune/measure/measure_impl.h"

ts_result ts_attempt_over(ts_measurer *m, ts_attempt *a, ts_verdict verdict, const char *fmt, ...) {
  va_list args;
  va_start(args, fmt);
  char *text = ts_vsprintf(m->texts, fmt, args);
  va_end(args);
  for (char *p = text; *p; p++)
    if (*p == '\n' || *p == '\t') *p = ' ';
  a->trial->verdict = verdict;
  a->trial->reason = text;
  ts_crew_end(a);
  a->stage = TS_STAGE_OVER;
  return TS_CHECK;
}

static const char *signal_text(ts_arena *arena, int number) {
  const char *name = sigabbrev_np(number);
  return name ? ts_sprintf(arena, "SIG%s", name) : ts_sprintf(arena, "signal %d", number);
}

/* ---- what it said ---- */

static ts_result fault(ts_measurer *m, ts_attempt *a, const ts_answer *said) {
  const char *where = ts_buffers_place(&m->buffers, m->texts, said->number);
  if (where) return ts_attempt_over(m, a, TS_VERDICT_OUTSIDE, "%s", where);
  return ts_attempt_over(m, a, TS_VERDICT_FAULT, "%s at address 0x%llx",
                         signal_text(m->texts, said->code), (unsigned long long)said->number);
}

static ts_result failed_run(ts_measurer *m, ts_attempt *a, const ts_answer *said) {
  ts_verdict verdict = said->code == TS_LIMIT ? TS_VERDICT_MEMORY : TS_VERDICT_RUN;
  return ts_attempt_over(m, a, verdict, "%s", said->text);
}

ts_result ts_attempt_said(ts_measurer *m, ts_attempt *a, const ts_answer *said) {
  switch ((ts_said)said->said) {
  case TS_SAID_FAILED:
    m->unusable |= said->code == TS_USAGE;
    return ts_attempt_over(m, a, TS_VERDICT_COMPILE, "%s", said->text);
  case TS_SAID_RAN: return failed_run(m, a, said);
  case TS_SAID_FAULT: return fault(m, a, said);
  case TS_SAID_CALL:
    return ts_attempt_over(m, a, TS_VERDICT_FORBIDDEN, "asked the system for %s",
                           ts_sandbox_call_name(m->texts, said->number));
  case TS_SAID_EXIT:
    return ts_attempt_over(m, a, TS_VERDICT_ENDED, "ended its process with status %d", said->code);
  default: return ts_attempt_over(m, a, TS_VERDICT_ENDED, "answered what was not asked");
  }
}

/* ---- how it ended ---- */

/* By a limit on what it may write to files, or a filter of calls. */
static bool is_forbidden(int signal) { return signal == SIGSYS || signal == SIGXFSZ; }

ts_result ts_attempt_gone(ts_measurer *m, ts_attempt *a) {
  bool compiling = a->stage == TS_STAGE_COMPILING;
  ts_crew_end(a);
  if (compiling)
    return ts_attempt_over(m, a, TS_VERDICT_COMPILE, "the process that compiled it ended (%s)",
                           WIFSIGNALED(a->status) ? signal_text(m->texts, WTERMSIG(a->status))
                                                  : "by itself");
  if (WIFEXITED(a->status))
    return ts_attempt_over(m, a, TS_VERDICT_ENDED, "ended its process with status %d",
                           WEXITSTATUS(a->status));
  int signal = WTERMSIG(a->status);
  if (is_forbidden(signal))
    return ts_attempt_over(m, a, TS_VERDICT_FORBIDDEN, "%s",
                           signal == SIGXFSZ ? "wrote to a file" : "asked the system for a call");
  return ts_attempt_over(m, a, TS_VERDICT_FAULT, "%s%s", signal_text(m->texts, signal),
                         signal == SIGKILL ? ", which the tuner did not send" : "");
}
