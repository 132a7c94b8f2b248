/* cpu-peers: times the peers on one case, side by side in one process, and prints a line each for
 * bench/cpu/run to make tables of.
 *
 *     cpu-peers [--threads=1] [--seconds=2] [--kind=mlp] [--spread=1] --entry=PEER[:NAME[:CONFIG]]…
 * MxKxN
 *
 * The first entry that can take part is the base. On shared machines speed changes by half from one
 * moment to the next, so absolute times of different moments do not compare. Every measurement of a
 * peer therefore stands between two of the base, and what counts is the median, over many rounds,
 * of the ratio of the peer's time to the mean of its two neighbours.
 *
 * Output, tab-separated: "entry kind shape threads name ratio median_ms best_ms error excess
 * rounds" and "without kind shape threads name reason". */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench.h"

enum { MOST_ENTRIES = 16, MOST_ROUNDS = 400, LEAST_ROUNDS = 5 };

/* A measurement is the best of a few parts of a millisecond, so that another program's turn on the
 * processor rarely falls into all of them; runs of more than `long_run` seconds stand alone. */
enum { PARTS = 3 };
static const double part = 1e-3, long_run = 5e-3;

typedef struct results {
  double ratio[MOST_ROUNDS], ms[MOST_ROUNDS];
  double best_ms, error, excess;
  unsigned rounds, parts, times; /* times: runs in a part */
} results;

typedef struct bench {
  bench_kind kind;
  unsigned threads;
  double seconds, spread; /* spread: the standard deviation of results before the activation */
  const char *shape;
  bench_case c;
  unsigned num_entries;
  bench_entry entries[MOST_ENTRIES];
  results results[MOST_ENTRIES];
} bench;

bool bench_leave_out(bench_entry *e, const char *format, ...) {
  va_list args;
  va_start(args, format);
  vsnprintf(e->why, sizeof e->why, format, args);
  va_end(args);
  for (char *p = e->why; *p; p++)
    if (*p == '\n' || *p == '\t') *p = ' ';
  return false;
}

/* ---- measuring ---- */

/* Threads of different runtimes wait by spinning for a while; before another peer has its turn they
 * are given the time to fall asleep. */
static void settle(const bench *b) {
  if (b->threads > 1) nanosleep(&(struct timespec){.tv_nsec = 3000000}, NULL);
}

/* Seconds of one run. */
static double measure(bench *b, unsigned i) {
  bench_entry *e = &b->entries[i];
  results *r = &b->results[i];
  settle(b);
  if (r->parts > 1) e->peer->time(e, 1);
  double best = INFINITY;
  for (unsigned p = 0; p < r->parts; p++)
    best = fmin(best, e->peer->time(e, r->times) / r->times);
  return best;
}

static void calibrate(bench *b, unsigned i) {
  bench_entry *e = &b->entries[i];
  results *r = &b->results[i];
  double once = fmin(e->peer->time(e, 1), e->peer->time(e, 1));
  r->times = (unsigned)fmin(1e4, fmax(1, ceil(part / once)));
  r->parts = once > long_run ? 1 : PARTS;
  r->best_ms = INFINITY;
}

static void record(results *r, double seconds, double ratio) {
  r->ratio[r->rounds] = ratio;
  r->ms[r->rounds++] = 1e3 * seconds;
  r->best_ms = fmin(r->best_ms, 1e3 * seconds);
}

/* Every other entry in turn, with the base before and after each. */
static void measure_round(bench *b) {
  double before = measure(b, 0), base = before;
  for (unsigned i = 1; i < b->num_entries; i++) {
    double seconds = measure(b, i), after = measure(b, 0);
    record(&b->results[i], seconds, seconds / (0.5 * (before + after)));
    before = after;
    base = fmin(base, after);
  }
  record(&b->results[0], base, 1);
}

static int by_size(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static double median(double *values, unsigned n) {
  qsort(values, n, sizeof *values, by_size);
  return n % 2 ? values[n / 2] : 0.5 * (values[n / 2 - 1] + values[n / 2]);
}

static void report(bench *b) {
  for (unsigned i = 0; i < b->num_entries; i++) {
    results *r = &b->results[i];
    printf("entry\t%s\t%s\t%u\t%s\t%.4f\t%.5f\t%.5f\t%.2e\t%.3f\t%u\n", bench_kind_name(b->kind),
           b->c.shape, b->threads, b->entries[i].name, median(r->ratio, r->rounds),
           median(r->ms, r->rounds), r->best_ms, r->error, r->excess, r->rounds);
  }
}

/* ---- entries ---- */

/* Whether the entry takes part: prepared, and right. */
static bool admit(bench *b, bench_entry *e, results *r) {
  e->c = &b->c;
  if (!(e->peer->kinds >> b->kind & 1)) return false;
  if (e->peer->most_rows && b->c.m > e->peer->most_rows) return false;
  e->out = bench_allocate(&b->c.out);
  if (!e->out) return bench_leave_out(e, "no memory");
  memset(e->out, 0xff, bench_bytes(&b->c.out));
  if (!e->peer->prepare(e)) return false;
  e->peer->time(e, 1);
  if (!e->peer->no_result)
    r->excess = bench_case_error(&b->c, e->peer->activation, e->out, &r->error);
  if (r->excess > 1)
    return bench_leave_out(e, "its results are wrong: off by %.3g, %.3g times what rounding allows",
                           r->error, r->excess);
  return true;
}

static void drop(bench_entry *e) {
  e->peer->release(e);
  free(e->out);
  e->out = NULL;
}

/* Keeps those that take part, in order. */
static void admit_all(bench *b) {
  unsigned kept = 0;
  for (unsigned i = 0; i < b->num_entries; i++) {
    bench_entry e = b->entries[i];
    results *r = &b->results[kept];
    *r = (results){0};
    if (admit(b, &e, r)) {
      b->entries[kept++] = e;
      continue;
    }
    if (e.why[0])
      printf("without\t%s\t%s\t%u\t%s\t%s\n", bench_kind_name(b->kind), b->c.shape, b->threads,
             e.name, e.why);
    drop(&e);
  }
  b->num_entries = kept;
}

/* "peer:name:config"; the text is cut in place. */
static bool add_entry(bench *b, char *text) {
  static const bench_peer *const peers[] = {
      &bench_tilesmith, &bench_tilesmith_relu, &bench_tilesmith_linear,
      &bench_onednn,    &bench_blas,           &bench_object,
      &bench_numpy,     &bench_peak,           &bench_read};
  char *name = strchr(text, ':'), *config = NULL;
  if (name) *name++ = 0;
  if (name && (config = strchr(name, ':'))) *config++ = 0;
  for (unsigned i = 0; i < sizeof peers / sizeof *peers; i++)
    if (!strcmp(peers[i]->name, text) && b->num_entries < MOST_ENTRIES) {
      b->entries[b->num_entries++] = (bench_entry){.peer = peers[i],
                                                   .name = name && *name ? name : peers[i]->name,
                                                   .config = config && *config ? config : NULL};
      return true;
    }
  return false;
}

static bool set_kind(bench *b, const char *name) {
  for (unsigned i = 0; i < BENCH_NUM_KINDS; i++)
    if (!strcmp(name, bench_kind_name((bench_kind)i))) return b->kind = (bench_kind)i, true;
  return false;
}

static bool take_argument(bench *b, char *arg) {
  if (!strncmp(arg, "--threads=", 10)) return (b->threads = (unsigned)atoi(arg + 10)) > 0;
  if (!strncmp(arg, "--seconds=", 10)) return (b->seconds = atof(arg + 10)) > 0;
  if (!strncmp(arg, "--spread=", 9)) return (b->spread = atof(arg + 9)) > 0;
  if (!strncmp(arg, "--kind=", 7)) return set_kind(b, arg + 7);
  if (!strncmp(arg, "--entry=", 8)) return add_entry(b, arg + 8);
  b->shape = arg;
  return arg[0] != '-';
}

static int measure_all(bench *b) {
  if (!b->num_entries) return fprintf(stderr, "cpu-peers: nothing to measure\n"), 1;
  for (unsigned i = 0; i < b->num_entries; i++)
    calibrate(b, i);
  double end = bench_now() + b->seconds * b->num_entries;
  for (unsigned n = 0; n < MOST_ROUNDS && (n < LEAST_ROUNDS || bench_now() < end); n++)
    measure_round(b);
  report(b);
  return 0;
}

int main(int argc, char **argv) {
  static bench b = {.threads = 1, .seconds = 2, .spread = 1};
  long long m, k, n;
  for (int i = 1; i < argc; i++)
    if (!take_argument(&b, argv[i])) return fprintf(stderr, "cpu-peers: what is %s?\n", argv[i]), 2;
  if (!b.shape || sscanf(b.shape, "%lldx%lldx%lld", &m, &k, &n) != 3 || m < 1 || k < 1 || n < 1)
    return fprintf(stderr, "cpu-peers: wanted a shape such as 512x768x512\n"), 2;
  int status = 1;
  if (bench_case_make(&b.c, b.kind, m, k, n, b.threads, b.spread)) {
    admit_all(&b);
    status = measure_all(&b);
  }
  for (unsigned i = 0; i < b.num_entries; i++)
    drop(&b.entries[i]);
  bench_case_drop(&b.c);
  return status;
}
