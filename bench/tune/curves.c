/* Runs a search over a recorded space and prints what it asked, for bench/tune/run to judge.
 *
 *   tune-curves FILE SEARCH FIRST SEEDS TRIALS
 *
 * A line for each row of the space, "row MS TRYING": what the point takes (inf: it failed) and what trying it took, both in
 * milliseconds; then one for each seed, "run CPU PLACE…": processor time of the search in milliseconds, and the rows that it
 * asked, in that order. With "-" for SEARCH only the rows; with "list" the names of the searches. */
#include <math.h>
#include <stdlib.h>
#include <time.h>

#include "records/recorded.h"
#include "tune/search/search.h"

typedef struct job {
  ts_context *ctx;
  ts_arena arena;
  const char *path, *search;
  uint64_t first, seeds, trials;
  ts_recorded space;
  ts_domain domain;
  size_t *row_of; /* by the number of a point */
} job;

static double cpu_ms(void) {
  struct timespec t;
  (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

static double cost_of(const job *j, size_t row) {
  const ts_trial *t = &j->space.trials[row];
  return ts_trial_ok(t) ? t->ms.value : INFINITY;
}

static void print_rows(const job *j) {
  for (size_t i = 0; i < j->space.num_rows; i++) {
    const ts_trial *t = &j->space.trials[i];
    double seconds = t->pass_seconds + t->compile_seconds + t->check_seconds + t->measure_seconds;
    printf("row %.9g %.6g\n", cost_of(j, i), seconds * 1e3);
  }
}

static void number_rows(job *j) {
  j->row_of = ts_new_array(&j->arena, size_t, j->space.num_rows);
  for (size_t i = 0; i < j->space.num_rows; i++) {
    uint64_t number;
    if (ts_domain_number(&j->domain, j->space.choices + i * j->domain.n, &number))
      j->row_of[number] = i;
  }
}

static ts_result run_once(job *j, ts_arena *arena, uint64_t seed) {
  ts_search *s;
  ts_search_setup setup = {.seed = seed, .budget = j->trials};
  ts_choice *point = ts_new_array(arena, ts_choice, j->domain.n + 1);
  size_t *rows = ts_new_array(arena, size_t, j->trials), n = 0;
  double begin = cpu_ms();
  ts_result result = ts_search_open(j->ctx, arena, &j->domain, j->search, &setup, &s);
  if (result) return result;
  while (n < j->trials && ts_search_ask(s, 1, point)) {
    uint64_t number;
    (void)ts_domain_number(&j->domain, point, &number);
    rows[n] = j->row_of[number];
    ts_search_tell(s, point, cost_of(j, rows[n++]));
  }
  printf("run %.3f", cpu_ms() - begin);
  for (size_t i = 0; i < n; i++)
    printf(" %zu", rows[i]);
  printf("\n");
  return TS_OK;
}

static ts_result run_all(void *arg) {
  job *j = arg;
  ts_result result = ts_recorded_read(j->ctx, &j->arena, j->path, &j->space);
  if (result) return result;
  j->domain = (ts_domain){.n = j->space.num_parameters, .parameters = j->space.parameters};
  result = ts_domain_of_rows(j->ctx, &j->arena, &j->domain, j->space.num_rows, j->space.choices);
  if (result) return result;
  number_rows(j);
  print_rows(j);
  for (uint64_t i = 0; i < j->seeds && !result && strcmp(j->search, "-") != 0; i++) {
    ts_arena arena;
    ts_arena_init(&arena, &j->ctx->memory);
    result = run_once(j, &arena, j->first + i);
    ts_arena_drop(&arena);
  }
  return result;
}

static int print_names(void) {
  ts_search_name name;
  for (unsigned i = 0; ts_search_list(i, &name); i++)
    printf("%s\n", name.name);
  return 0;
}

int main(int argc, char **argv) {
  if (argc == 2 && strcmp(argv[1], "list") == 0) return print_names();
  if (argc != 6) {
    fprintf(stderr, "usage: tune-curves FILE SEARCH FIRST SEEDS TRIALS, or tune-curves list\n");
    return 2;
  }
  job j = {.ctx = ts_context_create(), .path = argv[1], .search = argv[2]};
  j.first = strtoull(argv[3], NULL, 10);
  j.seeds = strtoull(argv[4], NULL, 10);
  j.trials = strtoull(argv[5], NULL, 10);
  ts_arena_init(&j.arena, &j.ctx->memory);
  ts_result result = ts_protect(j.ctx, run_all, &j);
  const ts_diag *error = ts_diagnostic_next(j.ctx, NULL);
  if (error) fprintf(stderr, "tune-curves: %s\n", ts_diagnostic_message(error));
  ts_context_destroy(j.ctx);
  return (int)result;
}
