/* Rank 0's evaluator: candidates go out, trials come back, and what a rank that is gone had goes to another. */
#include <time.h>

#include "tune/spread/spread_impl.h"

enum { NOBODY = 0, MOST_LOSSES = 3 };

typedef struct task {
  unsigned holder; /* rank; NOBODY: it waits */
  unsigned losses; /* ranks that were lost with it */
  bool done;
} task;

typedef struct first {
  ts_spread *spread;
  const char *target;
  ts_evaluator local;
  unsigned num_parameters;
  /* of the round */
  uint64_t round;
  ts_arena *arena;
  unsigned n, left;
  const ts_candidate *candidates;
  ts_trial *trials;
  task *tasks;
  ts_trial_done told;
  void *user;
  ts_result result; /* of telling */
} first;

static ts_peer *peer_of(first *f, unsigned rank) { return &f->spread->peers[rank]; }
static unsigned num_ranks(const first *f) { return f->spread->setup.ranks->n; }

static const char *name_of(first *f, unsigned rank) {
  const char *host = peer_of(f, rank)->host;
  return ts_sprintf(f->arena, "rank %u%s%s", rank, host ? " on " : "", host ? host : "");
}

/* ---- what becomes of a task ---- */

static void finish(first *f, unsigned i) {
  f->tasks[i].done = true;
  f->left--;
  ts_result result = f->told(f->user, i, &f->trials[i]);
  if (!f->result) f->result = result;
}

static void give_up(first *f, unsigned i) {
  const ts_candidate *c = &f->candidates[i];
  f->trials[i] =
      (ts_trial){.parameters = c->parameters,
                 .pipeline = c->pipeline,
                 .verdict = TS_VERDICT_LOST,
                 .reason = ts_sprintf(f->arena, "%d ranks in turn were lost with it", MOST_LOSSES),
                 .when = (int64_t)time(NULL)};
  finish(f, i);
}

/* What the rank holds waits again. */
static unsigned take_back(first *f, unsigned rank, bool lost) {
  unsigned n = 0;
  for (unsigned i = 0; i < f->n; i++) {
    task *t = &f->tasks[i];
    if (t->done || t->holder != rank) continue;
    t->holder = NOBODY;
    t->losses += lost;
    n++;
    if (t->losses == MOST_LOSSES) give_up(f, i);
  }
  return n;
}

static void leave_out(first *f, unsigned rank, const char *why) {
  if (!ts_peer_is_there(peer_of(f, rank))) return;
  ts_peer_set_state(peer_of(f, rank), TS_PEER_OUT);
  (void)take_back(f, rank, false);
  ts_warning_plain(f->spread->ctx, "%s is left out: %s", name_of(f, rank), why);
}

static void lose(first *f, unsigned rank) {
  ts_peer_set_state(peer_of(f, rank), TS_PEER_GONE);
  unsigned n = take_back(f, rank, true);
  ts_warning_plain(f->spread->ctx,
                   "%s is gone: no sign of life for %g s; its %u candidate%s to others",
                   name_of(f, rank), f->spread->setup.patience, n, n == 1 ? " goes" : "s go");
}

static void lose_silent(first *f) {
  for (unsigned i = 1; i < num_ranks(f); i++)
    if (peer_of(f, i)->silence > f->spread->setup.patience && ts_peer_is_there(peer_of(f, i)))
      lose(f, i);
}

/* ---- messages ---- */

static void take_ready(first *f, const ts_message *m) {
  const char *target = NULL;
  ts_wire w = ts_wire_read(f->arena, m->bytes, m->n);
  ts_wire_text(&w, &target);
  if (!ts_wire_is_whole(&w) || !target)
    leave_out(f, m->from, "it does not say what machine it is");
  else if (strcmp(target, f->target) != 0)
    leave_out(
        f, m->from,
        ts_sprintf(f->arena,
                   "it is %s, rank 0 %s, and times of different machines are not to be compared",
                   target, f->target));
  else if (ts_peer_state_of(peer_of(f, m->from)) == TS_PEER_COMING)
    ts_peer_set_state(peer_of(f, m->from), TS_PEER_FREE);
}

/* One of an earlier round, which was left before its end, is no longer wanted. */
static void take_trial(first *f, const ts_message *m) {
  ts_peer *p = peer_of(f, m->from);
  ts_wire w = ts_wire_read(f->arena, m->bytes, m->n);
  uint64_t round = 0, i = 0;
  ts_trial trial;
  ts_wire_number(&w, &round);
  ts_wire_number(&w, &i);
  ts_wire_trial(&w, &trial);
  bool current = round == f->round;
  if (!ts_wire_is_whole(&w) || p->holds == 0 ||
      (current && (i >= f->n || f->tasks[i].done || f->tasks[i].holder != m->from))) {
    leave_out(f, m->from, "it answered what was not asked");
    return;
  }
  f->spread->tally.trial_bytes += m->n;
  f->spread->tally.trials++;
  p->worked = true;
  if (--p->holds == 0) ts_peer_set_state(p, TS_PEER_FREE);
  if (!current) return;
  trial.parameters = f->candidates[i].parameters;
  f->trials[i] = trial;
  finish(f, (unsigned)i);
}

static void take_failure(first *f, const ts_message *m) {
  const char *why = NULL;
  ts_wire w = ts_wire_read(f->arena, m->bytes, m->n);
  ts_wire_text(&w, &why);
  leave_out(f, m->from, why ? why : "it failed");
}

static void take(first *f, const ts_message *m) {
  if (!ts_peer_is_there(peer_of(f, m->from))) return;
  if (m->kind == TS_SAY_READY)
    take_ready(f, m);
  else if (m->kind == TS_SAY_TRIAL)
    take_trial(f, m);
  else if (m->kind == TS_SAY_FAILED)
    take_failure(f, m);
  else
    leave_out(f, m->from, "it answered what was not asked");
}

/* ---- handing out ---- */

static unsigned num_there(first *f) {
  unsigned n = 0;
  for (unsigned i = 1; i < num_ranks(f); i++)
    n += ts_peer_is_there(peer_of(f, i));
  return n;
}

static bool waits(const task *t) { return !t->done && t->holder == NOBODY; }

/* The places of what one more free rank gets, of those that wait: a candidate with which a rank was lost goes alone, so
 * that others are not lost with it. */
static unsigned choose_share(first *f, unsigned *share) {
  unsigned waiting = 0, n = 0;
  for (unsigned i = 0; i < f->n; i++) {
    if (!waits(&f->tasks[i])) continue;
    if (f->tasks[i].losses) return share[0] = i, 1;
    share[waiting++] = i;
  }
  unsigned there = ts_max(num_there(f), 1u);
  n = (waiting + there - 1) / there;
  return n;
}

static void hand_out(first *f, unsigned rank, const unsigned *share, unsigned n) {
  ts_peer *p = peer_of(f, rank);
  ts_wire w = ts_wire_write(&f->spread->ctx->arena);
  uint64_t parameters = f->num_parameters, count = n;
  ts_wire_number(&w, &f->round);
  ts_wire_number(&w, &parameters);
  ts_wire_number(&w, &count);
  for (unsigned i = 0; i < n; i++) {
    uint64_t place = share[i];
    ts_candidate c = f->candidates[place];
    ts_wire_number(&w, &place);
    ts_wire_candidate(&w, f->num_parameters, &c);
    f->tasks[place].holder = rank;
  }
  p->holds = n;
  ts_peer_set_state(p, TS_PEER_BUSY);
  f->spread->tally.candidate_bytes += w.written.n;
  ts_spread_say(f->spread, rank, TS_SAY_WORK, &w);
}

static void hand_out_all(first *f, unsigned *share) {
  for (unsigned i = 1; i < num_ranks(f); i++) {
    if (ts_peer_state_of(peer_of(f, i)) != TS_PEER_FREE) continue;
    unsigned n = choose_share(f, share);
    if (n == 0) return;
    hand_out(f, i, share, n);
  }
}

/* ---- here, when all others are gone ---- */

typedef struct here {
  first *f;
  unsigned *places;
} here;

static ts_result told_here(void *user, unsigned i, const ts_trial *trial) {
  here *h = user;
  unsigned place = h->places[i];
  h->f->trials[place] = *trial;
  finish(h->f, place);
  return h->f->result;
}

static ts_result try_here(first *f, unsigned *places) {
  ts_candidate *candidates = ts_new_array(f->arena, ts_candidate, f->n);
  ts_trial *trials = ts_new_array(f->arena, ts_trial, f->n);
  here h = {f, places};
  unsigned n = 0;
  for (unsigned i = 0; i < f->n; i++) {
    if (!waits(&f->tasks[i])) continue;
    candidates[n] = f->candidates[i];
    places[n++] = i;
  }
  return f->local.evaluate(f->local.state, f->arena, n, candidates, trials, told_here, &h);
}

/* ---- the evaluator ---- */

static bool is_interrupted(const first *f) {
  return __atomic_load_n(f->spread->setup.interrupt, __ATOMIC_RELAXED);
}

static ts_result run_round(first *f) {
  unsigned *share = ts_new_array(f->arena, unsigned, f->n);
  while (f->left && !f->result) {
    ts_message m;
    if (is_interrupted(f)) return TS_LIMIT;
    if (num_there(f) == 0) return try_here(f, share);
    hand_out_all(f, share);
    if (ts_spread_hear(f->spread, &m)) {
      take(f, &m);
      continue;
    }
    lose_silent(f);
    ts_spread_nap(f->spread);
  }
  return f->result;
}

static ts_result evaluate(void *state, ts_arena *arena, unsigned n, const ts_candidate *candidates,
                          ts_trial *trials, ts_trial_done told, void *user) {
  first *f = state;
  f->round++;
  f->arena = arena;
  f->n = f->left = n;
  f->candidates = candidates;
  f->trials = trials;
  f->tasks = ts_new_array(arena, task, n);
  f->told = told;
  f->user = user;
  f->result = TS_OK;
  return run_round(f);
}

static ts_result settle(void *state, ts_arena *arena, unsigned n, const ts_candidate *candidates,
                        ts_trial *trials) {
  first *f = state;
  return f->local.settle(f->local.state, arena, n, candidates, trials);
}

static void close_nothing(void *state) { (void)state; }

void ts_spread_open(ts_spread *s, unsigned num_parameters, const char *target,
                    const ts_evaluator *local, ts_evaluator *out) {
  first *f = ts_new(&s->ctx->arena, first);
  *f = (first){.spread = s, .target = target, .local = *local, .num_parameters = num_parameters};
  *out = (ts_evaluator){.state = f,
                        .evaluate = evaluate,
                        .settle = local->settle ? settle : NULL,
                        .close = close_nothing};
}
