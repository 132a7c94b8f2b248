/* Candidates tried on this machine: the order of things. */
#include "tune/measure/measure.h"

#include <errno.h>
#include <ftw.h>
#include <math.h>
#include <stdlib.h>
#include <time.h>

#include "syntax/syntax.h"
#include "tune/measure/measure_impl.h"

/* Of wall-clock time, while nothing good has said what a run takes; the least later; and how many times what the first
 * good one took. */
static const double first_limit = 10, least_limit = 2, times_first = 20;
static const uint64_t usual_memory = UINT64_C(1) << 30;

/* ---- opening ---- */

/* Those that measure are the last, since the first serve most interrupts. Counters of energy count all processors
 * together, so that nothing is compiled while they are read. */
static void divide_processors(ts_measurer *m) {
  CPU_ZERO(&m->all);
  if (sched_getaffinity(0, sizeof m->all, &m->all)) CPU_SET(0, &m->all);
  unsigned n = (unsigned)CPU_COUNT(&m->all), left = m->threads;
  m->jobs = m->setup.jobs ? m->setup.jobs : n;
  m->apart = m->threads < n && !m->setup.meter;
  m->measuring = m->compiling = m->all;
  if (!m->apart) return;
  m->jobs = ts_min(m->jobs, n - m->threads);
  for (int cpu = CPU_SETSIZE; cpu-- > 0;) {
    if (!CPU_ISSET(cpu, &m->all)) continue;
    CPU_CLR(cpu, left ? &m->compiling : &m->measuring);
    left -= left > 0;
  }
}

/* Reads as what was printed: contexts of attempts have no other way to it. */
static ts_result print_program(ts_measurer *m) {
  ts_sink text;
  ts_sink_buffer(&text, &m->ctx->memory);
  ts_print_module(&text, m->setup.module);
  ts_result result = ts_sink_finish(&text) ? TS_LIMIT : TS_OK;
  m->program = (ts_source){.name = m->setup.module->source.name, .n = text.n, .first_line = 1};
  if (!result) m->program.text = ts_strndup(&m->arena, text.buf, text.n);
  ts_sink_drop(&text);
  return result;
}

static ts_result make_folder(ts_measurer *m) {
  const char *given = getenv("TMPDIR"), *above = given && *given ? given : "/tmp";
  char *folder = ts_sprintf(&m->arena, "%s/tilesmith-tune-XXXXXX", above);
  if (!mkdtemp(folder))
    return ts_error_plain(m->ctx, "%s: cannot make a folder for compilers: %s", above,
                          strerror(errno));
  m->folder = folder;
  return TS_OK;
}

/* Of one run of a candidate on one of its own buffers. */
static void make_request(ts_measurer *m) {
  const ts_run_request *from = m->setup.request;
  const ts_run *oracle = &m->judge.run;
  m->request = (ts_run_request){
      .words = from->words,
      .engine = from->engine,
      .entry = ts_strdup(&m->arena, ts_str_text(oracle->module, oracle->func->name)),
      .bound = true,
      .seed = from->seed,
      .limits = from->limits,
      .options = from->options,
      .lowers = true};
  m->request.limits.threads = m->threads;
}

static ts_result open_body(void *arg) {
  ts_measurer *m = arg;
  const ts_measure_setup *s = &m->setup;
  ts_result result = ts_engine_check_name(m->ctx, s->request->engine);
  if (!result)
    result = ts_judge_open(&m->judge, &m->arena, s->module, s->request, s->terms.tolerance);
  if (!result) result = ts_buffers_open(&m->arena, &m->judge.run, &m->buffers);
  if (!result) result = print_program(m);
  if (!result) result = make_folder(m);
  if (result) return result;
  m->threads = ts_machine_threads(s->request->limits.threads);
  make_request(m);
  divide_processors(m);
  if (!m->setup.memory) m->setup.memory = usual_memory;
  m->limit = s->seconds > 0 ? s->seconds : ts_max(first_limit, times_first * m->judge.seconds);
  m->limit_told = s->seconds > 0;
  if (s->meter) (void)ts_energy_meter_idle(s->meter); /* while nothing runs */
  m->opened = true;
  return TS_OK;
}

/* ---- closing ---- */

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *at) {
  (void)st, (void)kind, (void)at;
  (void)remove(path);
  return 0;
}

static void close_measurer(void *state) {
  ts_measurer *m = state;
  while (m->attempts)
    ts_attempt_drop(m, m->attempts);
  if (m->folder) (void)nftw(m->folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
  ts_buffers_close(&m->buffers);
  ts_judge_close(&m->judge);
  ts_arena_drop(&m->arena);
  ts_free(&m->ctx->memory, m, sizeof *m);
}

static void close_unopened(void *state) {
  if (!((ts_measurer *)state)->opened) close_measurer(state);
}

/* ---- one candidate ---- */

static const ts_trial *known_by(const ts_measurer *m, const char *code) {
  for (size_t i = m->known.n; i-- > 0;)
    if (!strcmp(m->known.at[i].code, code)) return &m->known.at[i];
  return NULL;
}

/* Whether one before it in the batch has the same code, and will say what becomes of it. */
static bool is_twin(const ts_measurer *m, const ts_attempt *a) {
  for (const ts_attempt *b = a->next; b; b = b->next)
    if (b != m->best && b->stage != TS_STAGE_OVER && !strcmp(b->trial->code, a->trial->code))
      return true;
  return false;
}

/* With its text and samples where they outlive the batch. */
static void remember(ts_measurer *m, const ts_trial *t) {
  ts_trial copy = *t;
  copy.parameters = copy.pipeline = NULL;
  if (t->reason) copy.reason = ts_strdup(&m->arena, t->reason);
  copy.samples = ts_new_array(&m->arena, double, t->num_samples);
  if (t->num_samples) memcpy(copy.samples, t->samples, t->num_samples * sizeof *copy.samples);
  ts_push(&m->arena, &m->known, copy);
}

/* Energy by a model may be another one: it asks for the candidate's power. */
static void take_from_twin(ts_measurer *m, ts_attempt *a, const ts_trial *twin) {
  ts_trial *t = a->trial, mine = *t;
  *t = *twin;
  t->parameters = mine.parameters;
  t->pipeline = mine.pipeline;
  t->pass_seconds = mine.pass_seconds;
  t->when = mine.when;
  t->compile_seconds = t->check_seconds = t->measure_seconds = 0;
  t->duplicate = true;
  if (t->reason) t->reason = ts_strdup(m->texts, t->reason);
  t->samples = ts_new_array(m->texts, double, t->num_samples);
  if (t->num_samples) memcpy(t->samples, twin->samples, t->num_samples * sizeof *t->samples);
  if (!m->setup.meter && ts_trial_ok(t)) t->energy = ts_power_modelled(m, a, t->ms.value);
}

static double cost_of(const ts_measurer *m, const ts_trial *t) {
  return m->setup.by_energy && t->energy.kind != TS_ENERGY_NONE ? t->energy.joules : t->ms.value;
}

/* The attempt stays, and its trial with it. */
static void become_best(ts_measurer *m, ts_attempt *a) {
  m->best = a;
  m->best_cost = cost_of(m, a->trial);
  m->best_samples.n = 0;
  ts_race_note(m, a->trial->num_samples, a->trial->samples);
  a->own = *a->trial;
  a->trial = &a->own;
}

static void learn_limit(ts_measurer *m, double seconds) {
  if (m->limit_told) return;
  m->limit = ts_max(least_limit, times_first * seconds);
  m->limit_told = true;
}

/* A candidate may be right once and wrong later, so what the last run that was timed has left is judged, too. */
static ts_result measure(ts_measurer *m, ts_attempt *a) {
  ts_result result = ts_attempt_load(m, a);
  if (!result) result = ts_gate(m, a);
  if (!result) result = ts_race(m, a);
  double used = m->limit - a->left;
  if (!result) result = ts_power(m, a);
  a->left = m->limit;
  if (!result) result = ts_gate_again(m, a);
  if (result) return result;
  a->trial->verdict = TS_VERDICT_OK;
  learn_limit(m, used);
  if (cost_of(m, a->trial) < m->best_cost) become_best(m, a);
  return TS_OK;
}

/* ---- a batch ---- */

static ts_result tell(ts_measurer *m, unsigned i) {
  return m->done ? m->done(m->user, i, &m->trials[i]) : TS_OK;
}

static ts_result make_one(ts_measurer *m, unsigned i) {
  ts_attempt *a;
  ts_trial *t = &m->trials[i];
  ts_result result = ts_attempt_new(m, i, &a);
  if (result || a->stage == TS_STAGE_OVER) return result;
  if (!known_by(m, t->code) && !is_twin(m, a)) a->stage = TS_STAGE_QUEUED;
  return TS_OK;
}

/* Children compile meanwhile. */
static ts_result make_all(ts_measurer *m) {
  ts_answer none;
  for (unsigned i = 0; i < m->n; i++) {
    ts_result result = make_one(m, i);
    if (!result) result = ts_crew_start(m);
    if (!result && ts_crew_listen(m, NULL, 0, &none) == TS_INTERRUPTED) result = TS_LIMIT;
    if (result) return result;
  }
  return TS_OK;
}

static ts_attempt *attempt_at(const ts_measurer *m, unsigned place) {
  ts_attempt *a = m->attempts;
  while (a && (a == m->best || a->place != place))
    a = a->next;
  return a;
}

/* What came of it: what its child or a twin says, if it is not known yet. */
static ts_result finish(ts_measurer *m, ts_attempt *a) {
  ts_result result = ts_attempt_wait(m, a);
  if (result) return result;
  const ts_trial *twin = a->stage == TS_STAGE_MADE ? known_by(m, a->trial->code) : NULL;
  if (twin) take_from_twin(m, a, twin);
  if (a->stage == TS_STAGE_COMPILED || a->stage == TS_STAGE_READY) result = measure(m, a);
  if (m->unusable) {
    (void)ts_error_plain(m->ctx, "%s", a->trial->reason);
    return TS_USAGE;
  }
  if (!twin && a->trial->code[0] && result != TS_LIMIT) remember(m, &m->trials[a->place]);
  return result == TS_CHECK ? TS_OK : result;
}

static ts_result evaluate_body(void *arg) {
  ts_measurer *m = arg;
  if (m->apart) (void)sched_setaffinity(0, sizeof m->compiling, &m->compiling);
  ts_result result = make_all(m);
  for (unsigned i = 0; i < m->n && !result; i++) {
    ts_attempt *a = attempt_at(m, i), *best = m->best;
    result = finish(m, a);
    if (result) break;
    result = tell(m, i);
    if (m->best != a) ts_attempt_drop(m, a);
    if (best && m->best != best) ts_attempt_drop(m, best);
  }
  return result;
}

/* Only the best stays. */
static void end_batch(void *arg) {
  ts_measurer *m = arg;
  for (ts_attempt *a = m->attempts, *next; a; a = next) {
    next = a->next;
    if (a != m->best) ts_attempt_drop(m, a);
  }
  if (m->apart) (void)sched_setaffinity(0, sizeof m->all, &m->all);
}

static void take_batch(ts_measurer *m, ts_arena *arena, unsigned n, const ts_candidate *candidates,
                       ts_trial *trials) {
  m->texts = arena;
  m->n = n;
  m->candidates = candidates;
  m->trials = trials;
}

static ts_result evaluate(void *state, ts_arena *arena, unsigned n, const ts_candidate *candidates,
                          ts_trial *trials, ts_trial_done done, void *user) {
  ts_measurer *m = state;
  take_batch(m, arena, n, candidates, trials);
  m->done = done;
  m->user = user;
  return ts_protect_cleanup(m->ctx, evaluate_body, end_batch, m);
}

static ts_result settle_body(void *arg) {
  ts_measurer *m = arg;
  if (m->apart) (void)sched_setaffinity(0, sizeof m->compiling, &m->compiling);
  return ts_final(m);
}

static ts_result settle(void *state, ts_arena *arena, unsigned n, const ts_candidate *candidates,
                        ts_trial *trials) {
  ts_measurer *m = state;
  take_batch(m, arena, n, candidates, trials);
  return ts_protect_cleanup(m->ctx, settle_body, end_batch, m);
}

static ts_result open_protected(void *arg) {
  return ts_protect_cleanup(((ts_measurer *)arg)->ctx, open_body, close_unopened, arg);
}

typedef struct opening {
  ts_context *ctx;
  const ts_measure_setup *setup;
  ts_evaluator *out;
} opening;

static ts_result open_measurer(void *arg) {
  opening *o = arg;
  ts_measurer *m = ts_realloc(&o->ctx->memory, NULL, 0, sizeof *m);
  *m = (ts_measurer){.ctx = o->ctx, .setup = *o->setup, .best_ms = INFINITY, .best_cost = INFINITY};
  ts_arena_init(&m->arena, &o->ctx->memory);
  ts_result result = open_protected(m);
  if (!result) *o->out = (ts_evaluator){m, evaluate, settle, close_measurer};
  return result;
}

ts_result ts_measure_open(ts_context *ctx, const ts_measure_setup *setup, ts_evaluator *out) {
  opening o = {ctx, setup, out};
  *out = (ts_evaluator){0};
  return ts_protect(ctx, open_measurer, &o);
}
