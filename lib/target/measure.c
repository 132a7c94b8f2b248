/* Rates of a kernel on several threads at once. */
#include <pthread.h>

#include "support/clock.h"
#include "target/machine.h"

typedef struct worker {
  pthread_t thread;
  double (*kernel)(void *state);
  void *state;
  int least;
  double seconds;
  ts_rates rates; /* a second */
} worker;

static void *work(void *arg) {
  worker *w = arg;
  double all = 0;
  w->kernel(w->state); /* lets the clock settle */
  double begin = ts_time_now(), end = begin;
  for (int i = 0; i < w->least || end - begin < w->seconds; i++) {
    double start = end, done = w->kernel(w->state);
    end = ts_time_now();
    all += done;
    if (done / (end - start) > w->rates.best) w->rates.best = done / (end - start);
  }
  w->rates.mean = all / (end - begin);
  return NULL;
}

ts_rates ts_measure(unsigned threads, int least, double seconds, double (*kernel)(void *),
                    void *const *states) {
  enum { MOST = 64 };
  unsigned n = threads < 1 ? 1 : threads > MOST ? MOST : threads, started = 0;
  worker workers[MOST];
  for (unsigned i = 0; i < n; i++)
    workers[i] = (worker){
        .kernel = kernel, .state = states ? states[i] : NULL, .least = least, .seconds = seconds};
  while (started + 1 < n &&
         pthread_create(&workers[started].thread, NULL, work, &workers[started]) == 0)
    started++;
  work(&workers[n - 1]);
  ts_rates sum = {1e-9 * workers[n - 1].rates.best, 1e-9 * workers[n - 1].rates.mean};
  for (unsigned i = 0; i < started; i++) {
    pthread_join(workers[i].thread, NULL);
    sum.best += 1e-9 * workers[i].rates.best;
    sum.mean += 1e-9 * workers[i].rates.mean;
  }
  return sum;
}
