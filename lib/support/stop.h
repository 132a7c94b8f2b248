/* Stopping what runs: a flag that another thread, or a signal's handler, may raise at any time, and that whatever
 * takes long looks at. */
#ifndef TS_SUPPORT_STOP_H
#define TS_SUPPORT_STOP_H

#include <stdint.h>

typedef enum { TS_STOP_NOT, TS_STOP_ASKED, TS_STOP_LATE } ts_stop_reason;

typedef struct ts_stop {
  int32_t
      raised; /* ts_stop_reason; read and written as an atomic: machine code of programs reads it, too */
  double seconds; /* of the watch under way, for the message; 0: there is none */
} ts_stop;

static inline ts_stop_reason ts_stop_raised(const ts_stop *s) {
  return (ts_stop_reason)__atomic_load_n(&s->raised, __ATOMIC_RELAXED);
}
void ts_stop_ask(ts_stop *); /* until it is taken back; safe in a signal's handler */
void ts_stop_unask(ts_stop *);
/* "interrupted", or how much time was over. */
void ts_stop_text(const ts_stop *, char *text, unsigned size);

/* A clock that raises the flag after some seconds. */
typedef struct ts_watch ts_watch;
/* NULL when there is no memory or no thread for it. One at a time. */
ts_watch *ts_watch_begin(ts_stop *, double seconds);
/* Takes back what the clock raised. NULL is allowed. */
void ts_watch_end(ts_watch *);

#endif
