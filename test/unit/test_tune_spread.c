/* Candidates over ranks that are threads here, some of which fall silent, fail, or talk nonsense. */
#include <pthread.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "tune/spread/spread.h"
#include "unit.h"

/* ---- ranks that are threads ---- */

enum { MOST_RANKS = 6, MOST_LETTERS = 4096, PLACES = 24 };
/* Seconds; a thread of a machine under load may rest for some tenths. */
static const double PATIENCE = 1;

typedef struct letter {
  unsigned from, to, kind;
  char *bytes;
  size_t n;
} letter;

/* What all ranks see. A rank that is mute is as good as dead: nothing that it says arrives. */
static struct {
  pthread_mutex_t mutex;
  letter letters[MOST_LETTERS];
  size_t n;
  bool mute[MOST_RANKS];
  bool over; /* those who stand still may go on */
} post = {.mutex = PTHREAD_MUTEX_INITIALIZER};

typedef struct place {
  ts_ranks ranks;
  ts_context *ctx;
} place;

static void post_send(void *state, unsigned to, unsigned kind, const void *bytes, size_t n) {
  const place *p = state;
  pthread_mutex_lock(&post.mutex);
  if (!post.mute[p->ranks.rank] && post.n < MOST_LETTERS) {
    letter l = {p->ranks.rank, to, kind, malloc(n + 1), n};
    if (n) memcpy(l.bytes, bytes, n);
    post.letters[post.n++] = l;
  }
  pthread_mutex_unlock(&post.mutex);
}

static bool post_receive(void *state, ts_message *out) {
  place *p = state;
  bool found = false;
  pthread_mutex_lock(&post.mutex);
  for (size_t i = 0; i < post.n && !found; i++) {
    letter l = post.letters[i];
    if (l.to != p->ranks.rank) continue;
    *out = (ts_message){l.from, l.kind, ts_strndup(&p->ctx->arena, "", 0), l.n};
    if (l.n) out->bytes = memcpy(ts_arena_alloc(&p->ctx->arena, l.n + 2), l.bytes, l.n);
    free(l.bytes);
    memmove(&post.letters[i], &post.letters[i + 1], (post.n - i - 1) * sizeof(letter));
    post.n--;
    found = true;
  }
  pthread_mutex_unlock(&post.mutex);
  return found;
}

static bool post_is_here(void *state, unsigned from, unsigned kind) {
  const place *p = state;
  bool found = false;
  pthread_mutex_lock(&post.mutex);
  for (size_t i = 0; i < post.n; i++)
    found |= post.letters[i].to == p->ranks.rank && post.letters[i].from == from &&
             post.letters[i].kind == kind;
  pthread_mutex_unlock(&post.mutex);
  return found;
}

static void set_flag(bool *flag, bool value) {
  pthread_mutex_lock(&post.mutex);
  *flag = value;
  pthread_mutex_unlock(&post.mutex);
}

static bool flag_of(const bool *flag) {
  pthread_mutex_lock(&post.mutex);
  bool value = *flag;
  pthread_mutex_unlock(&post.mutex);
  return value;
}

static void rest(void) { usleep(2000); }

static place *place_of(unsigned rank, unsigned n) {
  place *p = calloc(1, sizeof *p);
  p->ctx = ts_context_create();
  p->ranks = (ts_ranks){rank, n, true, p, post_send, post_receive, post_is_here};
  return p;
}

/* ---- what a candidate costs ---- */

/* "x=7": 7 · 7 + 1 ms, whoever tries it. */
static double cost_of(const char *parameters) {
  double x = atof(parameters + 2);
  return x * x + 1;
}

typedef enum {
  WELL,
  DIES,          /* with the first candidate */
  SLEEPS,        /* the same, but wakes when the round is over, and answers */
  FAILS,         /* cannot try anything */
  DIES_OF_SEVEN, /* with the candidate x=7 only */
  BABBLES,       /* answers what is no trial */
  ELSEWHERE,     /* is another machine */
} conduct;

typedef struct rank_of_test {
  pthread_t thread;
  unsigned rank, n;
  conduct conduct;
  unsigned tried;
} rank_of_test;

static void fall_silent(rank_of_test *r) {
  set_flag(&post.mute[r->rank], true);
  while (!flag_of(&post.over))
    rest();
}

static ts_result try_one(rank_of_test *r, unsigned i, const ts_candidate *c, ts_trial *trial,
                         ts_trial_done done, void *user) {
  *trial = (ts_trial){.parameters = c->parameters, .ms = {cost_of(c->parameters), 0, 0}};
  r->tried++;
  return done(user, i, trial);
}

static ts_result evaluate(void *state, ts_arena *arena, unsigned n, const ts_candidate *candidates,
                          ts_trial *trials, ts_trial_done done, void *user) {
  rank_of_test *r = state;
  ts_result result = TS_OK;
  (void)arena;
  for (unsigned i = 0; i < n && !result; i++) {
    if (r->conduct == DIES || r->conduct == SLEEPS ||
        (r->conduct == DIES_OF_SEVEN && !strcmp(candidates[i].parameters, "x=7")))
      fall_silent(r);
    if (r->conduct == SLEEPS) set_flag(&post.mute[r->rank], false);
    result = try_one(r, i, &candidates[i], &trials[i], done, user);
  }
  return result;
}

static ts_result evaluate_not(void *state, ts_arena *arena, unsigned n,
                              const ts_candidate *candidates, ts_trial *trials, ts_trial_done done,
                              void *user) {
  (void)arena, (void)n, (void)candidates, (void)trials, (void)done, (void)user;
  return ts_error_plain(state, "no compiler here");
}

static void *run_rank(void *arg) {
  rank_of_test *r = arg;
  place *p = place_of(r->rank, r->n);
  int interrupt = 0;
  ts_spread_setup setup = {&p->ranks, PATIENCE, &interrupt};
  ts_spread *spread = NULL;
  ts_evaluator e = {.state = r, .evaluate = evaluate};
  if (r->conduct == FAILS) e = (ts_evaluator){.state = p->ctx, .evaluate = evaluate_not};
  if (ts_spread_begin(p->ctx, &setup, &spread)) return NULL;
  if (r->conduct == BABBLES) post_send(p, 0, 5, "\xff\xff\xff\xff", 4); /* kind 5: a trial */
  (void)ts_spread_serve(spread, r->conduct == ELSEWHERE ? "zen4, 2 threads" : "zen5, 2 threads",
                        &e);
  (void)ts_spread_end(spread);
  ts_context_destroy(p->ctx);
  free(p);
  return NULL;
}

/* ---- a job ---- */

typedef struct job {
  place *first;
  ts_spread *spread;
  ts_evaluator evaluator;
  rank_of_test ranks[MOST_RANKS], here;
  unsigned n;
  int interrupt;
  ts_candidate candidates[PLACES];
  ts_trial trials[PLACES];
  unsigned told[PLACES];
} job;

/* Until the others have said that they are ready, which is what kind 3 says. */
static void await_ready(unsigned n) {
  for (unsigned ready = 0; ready < n;) {
    rest();
    ready = 0;
    pthread_mutex_lock(&post.mutex);
    for (size_t i = 0; i < post.n; i++)
      ready += post.letters[i].to == 0 && post.letters[i].kind == 3;
    pthread_mutex_unlock(&post.mutex);
  }
}

static void begin(job *j, unsigned n, const conduct *conducts) {
  *j = (job){.first = place_of(0, n), .n = n};
  memset(post.mute, 0, sizeof post.mute);
  post.over = false;
  ts_spread_setup setup = {&j->first->ranks, PATIENCE, &j->interrupt};
  ck_assert_int_eq(ts_spread_begin(j->first->ctx, &setup, &j->spread), TS_OK);
  for (unsigned i = 1; i < n; i++) {
    j->ranks[i] = (rank_of_test){.rank = i, .n = n, .conduct = conducts[i - 1]};
    pthread_create(&j->ranks[i].thread, NULL, run_rank, &j->ranks[i]);
  }
  await_ready(n - 1);
  ts_evaluator local = {.state = &j->here, .evaluate = evaluate};
  ts_spread_open(j->spread, 1, "zen5, 2 threads", &local, &j->evaluator);
}

static ts_result count_told(void *user, unsigned i, const ts_trial *trial) {
  job *j = user;
  ck_assert_ptr_eq(trial, &j->trials[i]);
  j->told[i]++;
  return TS_OK;
}

static ts_result try_all(job *j) {
  static const ts_choice point[1] = {0};
  ts_arena *arena = &j->first->ctx->arena;
  memset(j->told, 0, sizeof j->told);
  for (unsigned i = 0; i < PLACES; i++)
    j->candidates[i] = (ts_candidate){point, ts_sprintf(arena, "x=%u", i), "tile", 0};
  return j->evaluator.evaluate(j->evaluator.state, arena, PLACES, j->candidates, j->trials,
                               count_told, j);
}

/* Every candidate was told once, with what it costs. */
static void check_all(job *j) {
  ck_assert_int_eq(try_all(j), TS_OK);
  for (unsigned i = 0; i < PLACES; i++) {
    ck_assert_uint_eq(j->told[i], 1);
    ck_assert_str_eq(j->trials[i].parameters, j->candidates[i].parameters);
    ck_assert(j->trials[i].verdict == TS_VERDICT_LOST ||
              j->trials[i].ms.value == cost_of(j->candidates[i].parameters));
  }
}

static const char *messages_of(job *j) {
  const char *text = "";
  for (const ts_diag *d = j->first->ctx->first; d; d = d->next)
    text = ts_sprintf(&j->first->ctx->arena, "%s%s\n", text, d->message);
  return text;
}

static bool end(job *j) {
  set_flag(&post.over, true);
  bool together = ts_spread_end(j->spread);
  for (unsigned i = 1; i < j->n; i++) {
    set_flag(&post.mute[i], false);
    pthread_join(j->ranks[i].thread, NULL);
  }
  for (size_t i = 0; i < post.n; i++)
    free(post.letters[i].bytes);
  post.n = 0;
  ts_context_destroy(j->first->ctx);
  free(j->first);
  return together;
}

static bool has(const char *text, const char *part) { return strstr(text, part) != NULL; }

/* ---- tests ---- */

START_TEST(ranks_share_the_candidates) {
  job j;
  begin(&j, 3, (conduct[]){WELL, WELL});
  check_all(&j);
  check_all(&j);
  ck_assert_uint_eq(j.ranks[1].tried + j.ranks[2].tried, 2 * PLACES);
  ck_assert_uint_eq(j.here.tried, 0);
  ts_spread_tally tally = ts_spread_tally_of(j.spread);
  ck_assert_uint_eq(tally.trials, 2 * PLACES);
  ck_assert_str_eq(messages_of(&j), "");
  ck_assert(end(&j));
}
END_TEST

START_TEST(what_a_dead_rank_had_goes_to_another) {
  job j;
  begin(&j, 3, (conduct[]){DIES, WELL});
  check_all(&j);
  ck_assert_uint_eq(j.ranks[2].tried, PLACES);
  ck_assert(has(messages_of(&j), "rank 1 on "));
  ck_assert(has(messages_of(&j), "is gone: no sign of life for 1 s"));
  ck_assert(!end(&j));
}
END_TEST

START_TEST(with_all_gone_rank_0_tries_itself) {
  job j;
  begin(&j, 3, (conduct[]){DIES, DIES});
  check_all(&j);
  ck_assert_uint_eq(j.here.tried, PLACES);
  ck_assert(!end(&j));
}
END_TEST

START_TEST(late_answers_are_not_heard) {
  job j;
  begin(&j, 3, (conduct[]){SLEEPS, WELL});
  check_all(&j);
  set_flag(&post.over, true);
  for (int i = 0; i < 50; i++)
    rest();
  check_all(&j);
  ck_assert_uint_gt(j.ranks[1].tried, 0);
  ck_assert_uint_eq(j.ranks[2].tried + j.here.tried, 2 * PLACES);
  ck_assert(!end(&j));
}
END_TEST

START_TEST(a_candidate_that_three_ranks_are_lost_with_is_given_up) {
  job j;
  begin(&j, 6,
        (conduct[]){DIES_OF_SEVEN, DIES_OF_SEVEN, DIES_OF_SEVEN, DIES_OF_SEVEN, DIES_OF_SEVEN});
  check_all(&j);
  for (unsigned i = 0; i < PLACES; i++)
    ck_assert_int_eq(j.trials[i].verdict, i == 7 ? TS_VERDICT_LOST : TS_VERDICT_OK);
  ck_assert(!end(&j));
}
END_TEST

START_TEST(a_rank_that_can_try_nothing_is_left_out) {
  job j;
  begin(&j, 3, (conduct[]){FAILS, WELL});
  check_all(&j);
  ck_assert(has(messages_of(&j), "is left out: no compiler here"));
  ck_assert(end(&j));
}
END_TEST

START_TEST(a_rank_on_another_machine_is_left_out) {
  job j;
  begin(&j, 3, (conduct[]){ELSEWHERE, WELL});
  check_all(&j);
  ck_assert_uint_eq(j.ranks[1].tried, 0);
  ck_assert(has(messages_of(&j), "is left out: it is zen4, 2 threads, rank 0 zen5, 2 threads"));
  ck_assert(end(&j));
}
END_TEST

START_TEST(a_rank_that_babbles_is_left_out) {
  job j;
  begin(&j, 3, (conduct[]){BABBLES, WELL});
  check_all(&j);
  ck_assert_uint_eq(j.ranks[1].tried, 0);
  ck_assert(has(messages_of(&j), "is left out: it answered what was not asked"));
  ck_assert(end(&j));
}
END_TEST

START_TEST(an_interrupt_ends_the_round) {
  job j;
  begin(&j, 2, (conduct[]){WELL});
  __atomic_store_n(&j.interrupt, 1, __ATOMIC_RELAXED);
  ck_assert_int_eq(try_all(&j), TS_LIMIT);
  ck_assert(end(&j));
}
END_TEST

UNIT_MAIN("tune_spread", ranks_share_the_candidates, what_a_dead_rank_had_goes_to_another,
          with_all_gone_rank_0_tries_itself, late_answers_are_not_heard,
          a_candidate_that_three_ranks_are_lost_with_is_given_up,
          a_rank_that_can_try_nothing_is_left_out, a_rank_on_another_machine_is_left_out,
          a_rank_that_babbles_is_left_out, an_interrupt_ends_the_round)
