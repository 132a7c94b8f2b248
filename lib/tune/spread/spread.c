/* What all ranks do alike: signs of life, listening, sharing input, parting. */
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "support/clock.h"
#include "tune/spread/spread_impl.h"

/* Nanoseconds. Naps grow by an eighth each, so that what comes is heard late by an eighth of the wait at most, and
 * waiting takes little from those who measure. */
enum { LEAST_NAP = 20000, MOST_NAP = 5000000 };
/* What one look for messages adds to the silence of others, at most: a process that was itself held up has not listened. */
static const double MOST_LISTENED = 0.1;
/* How often the thread looks whether rank 0 wants an end, seconds. */
static const double TICK = 0.1;

void ts_peer_set_state(ts_peer *p, ts_peer_state state) {
  __atomic_store_n(&p->state, (int)state, __ATOMIC_RELAXED);
}

bool ts_peer_is_there(const ts_peer *p) {
  ts_peer_state state = ts_peer_state_of(p);
  return state == TS_PEER_COMING || state == TS_PEER_FREE || state == TS_PEER_BUSY;
}

static bool is_first(const ts_spread *s) { return s->setup.ranks->rank == 0; }

void ts_spread_say(ts_spread *s, unsigned to, ts_say what, const ts_wire *wire) {
  const ts_ranks *r = s->setup.ranks;
  r->send(r->state, to, what, wire ? wire->written.at : NULL, wire ? wire->written.n : 0);
}

/* ---- signs of life ---- */

static void say_alive(ts_spread *s) {
  unsigned n = is_first(s) ? s->setup.ranks->n : 1;
  for (unsigned i = 0; i < n; i++)
    if (i != s->setup.ranks->rank && ts_peer_state_of(&s->peers[i]) != TS_PEER_GONE)
      ts_spread_say(s, i, TS_SAY_ALIVE, NULL);
}

static struct timespec after(double seconds) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  long nanoseconds = t.tv_nsec + (long)(seconds * 1e9);
  return (struct timespec){t.tv_sec + nanoseconds / 1000000000, nanoseconds % 1000000000};
}

static void *live(void *arg) {
  ts_spread *s = arg;
  const ts_ranks *r = s->setup.ranks;
  double said = -INFINITY, now;
  pthread_mutex_lock(&s->mutex);
  while (!s->ending) {
    now = ts_time_now();
    if (now - said >= s->setup.patience / 4) {
      say_alive(s);
      said = now;
    }
    if (!is_first(s) && r->is_here(r->state, 0, TS_SAY_END))
      __atomic_store_n(s->setup.interrupt, 1, __ATOMIC_RELAXED);
    struct timespec until = after(fmin(TICK, s->setup.patience / 4));
    (void)pthread_cond_timedwait(&s->ended, &s->mutex, &until);
  }
  pthread_mutex_unlock(&s->mutex);
  return NULL;
}

/* Signals are for the program's own threads. */
static int start_thread(ts_spread *s) {
  sigset_t all, before;
  pthread_condattr_t monotonic;
  pthread_condattr_init(&monotonic);
  pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
  pthread_mutex_init(&s->mutex, NULL);
  pthread_cond_init(&s->ended, &monotonic);
  pthread_condattr_destroy(&monotonic);
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, &before);
  int error = pthread_create(&s->thread, NULL, live, s);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  return error;
}

static void end_thread(ts_spread *s) {
  pthread_mutex_lock(&s->mutex);
  s->ending = true;
  pthread_cond_signal(&s->ended);
  pthread_mutex_unlock(&s->mutex);
  pthread_join(s->thread, NULL);
  pthread_cond_destroy(&s->ended);
  pthread_mutex_destroy(&s->mutex);
}

/* ---- listening ---- */

static void count_silence(ts_spread *s) {
  double now = ts_time_now();
  for (unsigned i = 0; i < s->setup.ranks->n; i++)
    s->peers[i].silence += fmin(now - s->listened, MOST_LISTENED);
  s->listened = now;
}

/* Who a rank is. One of another version would not understand what is said. */
static void take_greeting(ts_spread *s, const ts_message *m) {
  ts_peer *p = &s->peers[m->from];
  ts_wire w = ts_wire_read(&s->ctx->arena, m->bytes, m->n);
  const char *version = NULL;
  ts_wire_text(&w, &version);
  ts_wire_text(&w, &p->host);
  ts_wire_number(&w, &p->process);
  if (ts_wire_is_whole(&w) && version && strcmp(version, ts_version()) == 0) return;
  ts_warning_plain(s->ctx, "rank %u is left out: it is of version %s, rank 0 of %s", m->from,
                   version ? version : "(unknown)", ts_version());
  ts_peer_set_state(p, TS_PEER_OUT);
}

bool ts_spread_hear(ts_spread *s, ts_message *m) {
  const ts_ranks *r = s->setup.ranks;
  while (r->receive(r->state, m)) {
    s->nap = LEAST_NAP;
    s->peers[m->from].silence = 0;
    if (m->kind == TS_SAY_GREETING && is_first(s))
      take_greeting(s, m);
    else if (m->kind != TS_SAY_ALIVE)
      return true;
  }
  count_silence(s);
  return false;
}

void ts_spread_nap(ts_spread *s) {
  struct timespec t = {0, (long)s->nap};
  nanosleep(&t, NULL);
  s->nap = ts_min(s->nap + s->nap / 8, (unsigned)MOST_NAP);
}

ts_result ts_spread_wait(ts_spread *s, ts_message *m) {
  double most = 4 * s->setup.patience;
  while (!ts_spread_hear(s, m)) {
    if (s->peers[0].silence > most)
      return ts_error_plain(s->ctx, "rank 0 has given no sign of life for %g s", most);
    ts_spread_nap(s);
  }
  s->over |= m->kind == TS_SAY_END;
  return TS_OK;
}

/* ---- joining ---- */

static void greet(ts_spread *s) {
  char name[256] = "";
  (void)gethostname(name, sizeof name - 1);
  const char *version = ts_version(), *host = name;
  uint64_t process = (uint64_t)getpid();
  ts_wire w = ts_wire_write(&s->ctx->arena);
  ts_wire_text(&w, &version);
  ts_wire_text(&w, &host);
  ts_wire_number(&w, &process);
  s->peers[s->setup.ranks->rank].host = ts_strdup(&s->ctx->arena, host);
  if (!is_first(s)) ts_spread_say(s, 0, TS_SAY_GREETING, &w);
}

ts_result ts_spread_begin(ts_context *ctx, const ts_spread_setup *setup, ts_spread **out) {
  ts_spread *s = ts_new(&ctx->arena, ts_spread);
  *s = (ts_spread){.ctx = ctx, .setup = *setup, .nap = LEAST_NAP, .listened = ts_time_now()};
  s->peers = ts_new_array(&ctx->arena, ts_peer, setup->ranks->n);
  greet(s);
  *out = NULL;
  if (start_thread(s)) {
    (void)ts_error_plain(ctx, "cannot start the thread that gives signs of life");
    return TS_LIMIT;
  }
  *out = s;
  return TS_OK;
}

/* ---- sharing ---- */

static ts_result take_input(ts_spread *s, const char **bytes, size_t *n) {
  ts_message m = {0};
  ts_result result = ts_spread_wait(s, &m);
  if (result) return result;
  if (m.kind != TS_SAY_INPUT) return TS_ERR;
  *bytes = m.bytes;
  *n = m.n;
  return TS_OK;
}

ts_result ts_spread_share(ts_spread *s, const char **bytes, size_t *n) {
  const ts_ranks *r = s->setup.ranks;
  if (!is_first(s)) return take_input(s, bytes, n);
  for (unsigned i = 1; i < r->n; i++) {
    r->send(r->state, i, TS_SAY_INPUT, *bytes, *n);
    s->tally.input_bytes += *n;
  }
  return TS_OK;
}

ts_spread_tally ts_spread_tally_of(const ts_spread *s) {
  ts_spread_tally tally = s->tally;
  for (unsigned i = 1; i < s->setup.ranks->n; i++)
    tally.ranks += s->peers[i].worked;
  return tally;
}

/* ---- parting ---- */

/* A process of the same parent: mpirun's, or its daemon's on this machine. */
static void kill_brother(uint64_t process) {
  char path[64], text[512];
  long parent = 0;
  snprintf(path, sizeof path, "/proc/%llu/stat", (unsigned long long)process);
  FILE *file = fopen(path, "re");
  if (!file) return;
  size_t n = fread(text, 1, sizeof text - 1, file);
  fclose(file);
  text[n] = '\0';
  const char *name_end = strrchr(text, ')'); /* "pid (name) state parent …" */
  if (name_end && sscanf(name_end + 1, " %*c %ld", &parent) == 1 && parent == (long)getppid())
    (void)kill((pid_t)process, SIGKILL);
}

static void kill_if_here(ts_spread *s, const char *host, uint64_t process) {
  const char *mine = s->peers[s->setup.ranks->rank].host;
  if (!s->setup.ranks->survives) return;
  if (host && process != (uint64_t)getpid() && strcmp(host, mine) == 0) kill_brother(process);
}

/* Waits until all that are there have answered the end; for half a minute at most, since what they try has limits. */
static void hear_byes(ts_spread *s) {
  const ts_ranks *r = s->setup.ranks;
  double until = ts_time_now() + fmin(s->setup.patience, 30);
  for (unsigned missing = r->n; missing && ts_time_now() < until;) {
    ts_message m;
    if (!ts_spread_hear(s, &m))
      ts_spread_nap(s);
    else if (m.kind == TS_SAY_BYE && ts_peer_state_of(&s->peers[m.from]) != TS_PEER_GONE)
      ts_peer_set_state(&s->peers[m.from], TS_PEER_PARTED);
    missing = 0;
    for (unsigned i = 1; i < r->n; i++)
      missing += ts_peer_is_there(&s->peers[i]) || ts_peer_state_of(&s->peers[i]) == TS_PEER_OUT;
  }
}

/* Tells all who is gone, so that they end what stands still on their machine. */
static bool let_go(ts_spread *s) {
  unsigned n = s->setup.ranks->n;
  ts_wire w = ts_wire_write(&s->ctx->arena);
  uint64_t gone = 0;
  for (unsigned i = 1; i < n; i++)
    gone += ts_peer_state_of(&s->peers[i]) != TS_PEER_PARTED;
  ts_wire_number(&w, &gone);
  for (unsigned i = 1; i < n; i++) {
    ts_peer *p = &s->peers[i];
    if (ts_peer_state_of(p) == TS_PEER_PARTED) continue;
    ts_wire_text(&w, &p->host);
    ts_wire_number(&w, &p->process);
    kill_if_here(s, p->host, p->process);
  }
  for (unsigned i = 1; i < n; i++)
    ts_spread_say(s, i, TS_SAY_LEAVE, &w);
  return gone == 0;
}

static bool take_leave(ts_spread *s) {
  ts_message m = {0};
  if (!s->over) ts_spread_say(s, 0, TS_SAY_FAILED, NULL);
  while (!s->over)
    if (ts_spread_wait(s, &m)) return false;
  ts_spread_say(s, 0, TS_SAY_BYE, NULL);
  while (m.kind != TS_SAY_LEAVE)
    if (ts_spread_wait(s, &m)) return false;
  ts_wire w = ts_wire_read(&s->ctx->arena, m.bytes, m.n);
  uint64_t gone = 0;
  ts_wire_number(&w, &gone);
  for (uint64_t i = 0; i < gone && !w.bad; i++) {
    const char *host = NULL;
    uint64_t process = 0;
    ts_wire_text(&w, &host);
    ts_wire_number(&w, &process);
    kill_if_here(s, host, process);
  }
  return gone == 0;
}

bool ts_spread_end(ts_spread *s) {
  if (is_first(s)) {
    for (unsigned i = 1; i < s->setup.ranks->n; i++)
      ts_spread_say(s, i, TS_SAY_END, NULL);
    hear_byes(s);
  }
  bool together = is_first(s) ? let_go(s) : take_leave(s);
  end_thread(s);
  ts_arena_drop(&s->ctx->arena);
  return together;
}
