/* The flag, and the thread that raises it when time is over: it sleeps until then, or until the watch ends. */
#include "support/stop.h"

#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct ts_watch {
  ts_stop *stop;
  struct timespec deadline;
  pthread_t thread;
  pthread_mutex_t mutex;
  pthread_cond_t ended;
  int over; /* under the mutex */
};

static void change(ts_stop *s, int32_t from, int32_t to) {
  (void)__atomic_compare_exchange_n(&s->raised, &from, to, 0, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
}

void ts_stop_ask(ts_stop *s) { __atomic_store_n(&s->raised, TS_STOP_ASKED, __ATOMIC_RELAXED); }

void ts_stop_unask(ts_stop *s) { change(s, TS_STOP_ASKED, TS_STOP_NOT); }

void ts_stop_text(const ts_stop *s, char *text, unsigned size) {
  if (ts_stop_raised(s) == TS_STOP_LATE)
    snprintf(text, size, "the time limit of %g s is over", s->seconds);
  else
    snprintf(text, size, "interrupted");
}

static void *watch(void *arg) {
  ts_watch *w = arg;
  int late = 0;
  pthread_mutex_lock(&w->mutex);
  while (!w->over && !late)
    late = pthread_cond_timedwait(&w->ended, &w->mutex, &w->deadline);
  if (!w->over) change(w->stop, TS_STOP_NOT, TS_STOP_LATE);
  pthread_mutex_unlock(&w->mutex);
  return NULL;
}

static struct timespec after(double seconds) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  double whole = floor(fmin(seconds, 1e9));
  t.tv_sec += (time_t)whole;
  t.tv_nsec += (long)((fmin(seconds, 1e9) - whole) * 1e9);
  if (t.tv_nsec >= 1000000000) {
    t.tv_nsec -= 1000000000;
    t.tv_sec++;
  }
  return t;
}

/* Signals are for the program's own threads. */
static int start(ts_watch *w) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, &before);
  int error = pthread_create(&w->thread, NULL, watch, w);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  return error;
}

static void drop(ts_watch *w) {
  pthread_cond_destroy(&w->ended);
  pthread_mutex_destroy(&w->mutex);
  free(w);
}

ts_watch *ts_watch_begin(ts_stop *stop, double seconds) {
  ts_watch *w = calloc(1, sizeof *w);
  if (!w) return NULL;
  w->stop = stop;
  w->deadline = after(seconds);
  pthread_condattr_t monotonic;
  pthread_condattr_init(&monotonic);
  pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
  pthread_mutex_init(&w->mutex, NULL);
  pthread_cond_init(&w->ended, &monotonic);
  pthread_condattr_destroy(&monotonic);
  if (start(w)) {
    drop(w);
    return NULL;
  }
  stop->seconds = seconds;
  return w;
}

void ts_watch_end(ts_watch *w) {
  if (!w) return;
  pthread_mutex_lock(&w->mutex);
  w->over = 1;
  pthread_cond_signal(&w->ended);
  pthread_mutex_unlock(&w->mutex);
  pthread_join(w->thread, NULL);
  change(w->stop, TS_STOP_LATE, TS_STOP_NOT);
  w->stop->seconds = 0;
  drop(w);
}
