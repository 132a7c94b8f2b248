/* Candidates that do what they should not: each is contained and told with its reason, and the next is tried.
 *
 * The compiler is a script that, in place of what it is given, compiles the n-th function below for the n-th candidate. The
 * program adds X to itself; what is right computes that too. */
#include <fcntl.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "syntax/syntax.h"
#include "transforms/passes.h"
#include "tune/measure/measure.h"
#include "tune/measure/samples.h"
#include "unit.h"

static const char program[] = "func @f(%X: tensor<64xf32>) -> tensor<64xf32> {\n"
                              "  %0 = add %X, %X : tensor<64xf32>\n"
                              "  return %0\n"
                              "}\n\0";

/* ---- the strangers ---- */

static const char prologue[] =
    "#include <fcntl.h>\n#include <math.h>\n#include <pthread.h>\n#include <signal.h>\n#include <stdint.h>\n"
    "#include <stdlib.h>\n#include <sys/socket.h>\n#include <unistd.h>\n"
    "struct failure { int32_t kind; uint32_t begin, end; int32_t dimension; int64_t index, extent; };\n"
    "int32_t ts_entry_f(void *const *arrays, const int64_t *extents, int32_t threads,\n"
    "                   struct failure *failure) {\n"
    "  static volatile int calls;\n"
    "  float *X = arrays[0], *Y = arrays[1];\n"
    "  int32_t *bits = arrays[1], before = bits[5];\n"
    "  calls++;\n"
    "  for (int i = 0; i < 64; i++) Y[i] = X[i] + X[i];\n";

typedef enum { ALWAYS, WITH_FILTER, WITH_MEMORY_LIMIT } condition;

typedef struct stranger {
  const char *body; /* behind the right answer */
  ts_verdict verdict;
  const char *reason; /* part of it; NULL: there is none */
  condition when;
} stranger;

static const stranger strangers[] = {
    {"", TS_VERDICT_OK, NULL},
    {"pthread_t t; void *p; if (pthread_create(&t, 0, malloc, (void *)99)) return 1;\n"
     "pthread_join(t, &p); free(p);",
     TS_VERDICT_OK, NULL},
    {"for (;;) calls++;", TS_VERDICT_TIMEOUT, "longer than 1 s"},
    {"sleep(1000);", TS_VERDICT_TIMEOUT, "longer than 1 s"},
    {"raise(SIGSTOP);", TS_VERDICT_TIMEOUT, "longer than 1 s"},
    {"*(volatile int *)0 = 1;", TS_VERDICT_FAULT, "SIGSEGV at address 0x0"},
    {"abort();", TS_VERDICT_FAULT, "SIGABRT"},
    {"Y[64] = 1;", TS_VERDICT_OUTSIDE, "touched byte 1 behind the end of Y"},
    {"Y[-1] = 1;", TS_VERDICT_OUTSIDE, "wrote to byte 1 before the beginning of Y"},
    {"Y[0] = X[64];", TS_VERDICT_OUTSIDE, "touched byte 1 behind the end of X"},
    {"X[3] = 1;", TS_VERDICT_OUTSIDE, "wrote to the input X"},
    {"exit(7);", TS_VERDICT_ENDED, "with status 7"},
    {"_exit(3);", TS_VERDICT_ENDED, "with status 3"},
    {"char text[256] = {1}; write(3, text, 256);", TS_VERDICT_ENDED, "what was not asked"},
    {"this is no C", TS_VERDICT_COMPILE, "failed on the code of @f (exit code 1)"},
    {"bits[5] = before;", TS_VERDICT_UNWRITTEN, "1 of 64 elements of Y, the first Y[5]"},
    {"Y[3] = 1000;", TS_VERDICT_WRONG,
     "Y: 1 wrong, all in [3:4] of 64xf32; worst at [3]: got 1000"},
    {"Y[9] = NAN;", TS_VERDICT_WRONG, "a NaN where none is wanted"},
    {"if (calls > 1) Y[0] += 1;", TS_VERDICT_WRONG, "all in [0:1]"},
    {"failure->kind = 2; return 1;", TS_VERDICT_RUN, "division by zero"},
    {"for (int i = 0; i < 9999; i++)\n"
     "  if (!malloc(16 << 20)) { failure->kind = 3; failure->extent = 16 << 20; return 1; }",
     TS_VERDICT_MEMORY, "no memory for this buffer of 16777216 bytes", WITH_MEMORY_LIMIT},
    {"open(\"a-file\", O_CREAT | O_WRONLY, 0600);", TS_VERDICT_FORBIDDEN, "openat", WITH_FILTER},
    {"socket(AF_INET, SOCK_STREAM, 0);", TS_VERDICT_FORBIDDEN, "socket", WITH_FILTER},
    {"fork();", TS_VERDICT_FORBIDDEN, "clone", WITH_FILTER},
    {"kill(1, 0);", TS_VERDICT_FORBIDDEN, "kill", WITH_FILTER},
    {"", TS_VERDICT_OK, NULL},
};

/* With sanitizers, which take terabytes, address space is not limited. */
static bool limits_memory(void) {
  unsigned long long pages = 0;
  FILE *f = fopen("/proc/self/statm", "r");
  bool known = f && fscanf(f, "%llu", &pages) == 1;
  if (f) fclose(f);
  return known && pages < 1 << 28;
}

static bool filters_calls(void) {
#ifdef FILTERS_CALLS
  return true;
#else
  return false;
#endif
}

static bool can_be(const stranger *s) {
  if (s->when == WITH_FILTER) return filters_calls();
  return s->when == ALWAYS || limits_memory();
}

/* ---- files ---- */

static char folder[64];

static void write_text(const char *name, const char *text) {
  char path[128];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  FILE *f = fopen(path, "w");
  ck_assert_ptr_nonnull(f);
  fputs(text, f);
  ck_assert_int_eq(fclose(f), 0);
  ck_assert_int_eq(chmod(path, 0755), 0);
}

/* A compiler that makes the n-th of the bodies when it is called for the n-th time. */
static void write_compiler(void) {
  char text[1024];
  snprintf(text, sizeof text,
           "#!/bin/sh\n"
           "case $* in *--version* | *probe.c*) exec cc \"$@\" ;; esac\n"
           "cd_to=%s; n=$(cat $cd_to/count); echo $((n + 1)) > $cd_to/count\n"
           "while [ $# -gt 0 ]; do [ \"$1\" = -o ] && out=$2; shift; done\n"
           "exec cc -shared -fPIC -O1 -w -o \"$out\" $cd_to/body$n.c\n",
           folder);
  write_text("compiler", text);
  write_text("count", "0");
}

static void write_body(unsigned i, const char *body) {
  char name[32], text[4096];
  snprintf(name, sizeof name, "body%u.c", i);
  snprintf(text, sizeof text, "%s%s\n  return 0;\n}\n", prologue, body);
  write_text(name, text);
}

static void make_folder(void) {
  strcpy(folder, "/tmp/tilesmith-measure-XXXXXX");
  ck_assert_ptr_nonnull(mkdtemp(folder));
  ck_assert_int_eq(setenv("TMPDIR", folder, 1), 0);
  write_compiler();
}

/* What children leave there would be seen. */
static void remove_folder(void) {
  char line[256];
  snprintf(
      line, sizeof line,
      "cd %s && rm -f compiler count body*.c && if ls -A | grep .; then exit 1; fi && rmdir %s",
      folder, folder);
  ck_assert_int_eq(system(line), 0);
}

static unsigned open_files(void) {
  unsigned n = 0;
  for (int fd = 0; fd < 256; fd++)
    n += fcntl(fd, F_GETFD) >= 0;
  return n;
}

/* ---- a bench ---- */

typedef struct bench {
  ts_context *ctx;
  ts_arena arena;
  ts_source source;
  ts_module *module;
  ts_run_request request;
  ts_measure_setup setup;
  ts_evaluator evaluator;
  unsigned files, told;
  unsigned n;
  ts_candidate candidates[32];
  ts_trial trials[32];
} bench;

static ts_result count_told(void *user, unsigned i, const ts_trial *t) {
  bench *b = user;
  b->told++;
  return t == &b->trials[i] ? TS_OK : TS_ERR;
}

static ts_result open_body(void *arg) {
  bench *b = arg;
  ts_result result = ts_parse_source(b->ctx, &b->source, &b->module);
  ts_run_request_init(b->ctx, &b->request);
  char engine[256];
  snprintf(engine, sizeof engine, "native{cc=%s/compiler no_cache=true compile_timeout=20s}",
           folder);
  if (!result) result = ts_run_set_engine(b->ctx, &b->request, ts_strdup(&b->arena, engine));
  b->request.limits.threads = 1;
  b->request.lowers = true;
  b->setup.module = b->module;
  b->setup.request = &b->request;
  return result ? result : ts_measure_open(b->ctx, &b->setup, &b->evaluator);
}

static void print_messages(const bench *b) {
  for (const ts_diag *d = NULL; (d = ts_diagnostic_next(b->ctx, d));)
    fputs(ts_diagnostic_text(b->ctx, d), stderr);
}

static void open_bench(bench *b) {
  static char text[sizeof program];
  memcpy(text, program, sizeof program);
  *b = (bench){.ctx = ts_context_create(), .files = open_files()};
  b->source = (ts_source){"f.tir", text, sizeof program - 2, 1};
  ts_arena_init(&b->arena, &b->ctx->memory);
  b->setup = (ts_measure_setup){.terms = {.tolerance = -1, .warmups = -1},
                                .repeats = 3,
                                .jobs = 1,
                                .seconds = 1,
                                .memory = 256 << 20};
}

static void begin_bench(bench *b) {
  ts_result result = ts_protect(b->ctx, open_body, b);
  if (result) print_messages(b);
  ck_assert_int_eq(result, TS_OK);
}

/* Nothing is left: no process, no file. */
static void end_bench(bench *b) {
  if (b->evaluator.close) b->evaluator.close(b->evaluator.state);
  ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
  ck_assert_uint_eq(open_files(), b->files);
  ts_module_drop(b->module);
  ts_context_destroy(b->ctx);
}

static ts_result evaluate_body(void *arg) {
  bench *b = arg;
  return b->evaluator.evaluate(b->evaluator.state, &b->arena, b->n, b->candidates, b->trials,
                               count_told, b);
}

static ts_result evaluate(bench *b) {
  ts_result result = ts_protect(b->ctx, evaluate_body, b);
  if (result && result != TS_LIMIT) print_messages(b);
  return result;
}

/* Loops of another length each, so that the code is another one. */
static void add_candidate(bench *b, unsigned tile) {
  static char texts[64][48];
  snprintf(texts[tile], sizeof texts[tile], "fuse,lower,tile{i=%u}", tile);
  b->candidates[b->n++] = (ts_candidate){.parameters = texts[tile] + 11, .pipeline = texts[tile]};
}

static void check_trial(const ts_trial *t, ts_verdict verdict, const char *reason) {
  const char *got = t->reason ? t->reason : "(no reason)";
  ck_assert_msg(t->verdict == verdict, "%s: wanted %s, got %s: %s", t->parameters,
                ts_verdict_word(verdict), ts_verdict_word(t->verdict), got);
  ck_assert_msg(!reason || strstr(got, reason), "%s: wanted \"%s\", got \"%s\"", t->parameters,
                reason, got);
  ck_assert_int_eq(t->reason != NULL, reason != NULL);
}

/* ---- tests ---- */

/* Those that only their time ends, or the others. */
static void contain(bool late, double seconds) {
  bench b;
  const stranger *of[32];
  make_folder();
  open_bench(&b);
  b.setup.seconds = seconds;
  begin_bench(&b);
  for (unsigned i = 0; i < ts_countof(strangers); i++) {
    if (!can_be(&strangers[i]) || (strangers[i].verdict == TS_VERDICT_TIMEOUT) != late) continue;
    write_body(b.n, strangers[i].body);
    of[b.n] = &strangers[i];
    add_candidate(&b, b.n + 2);
  }
  ck_assert_int_eq(evaluate(&b), TS_OK);
  ck_assert_uint_eq(b.told, b.n);
  for (unsigned i = 0; i < b.n; i++)
    check_trial(&b.trials[i], of[i]->verdict, of[i]->reason);
  end_bench(&b);
  remove_folder();
}

START_TEST(strangers_are_contained) {
  contain(true, 1);
  contain(false, 60);
}
END_TEST

/* The compiler that hangs would do so for 20 s, but that it is told off. */
START_TEST(a_compiler_that_hangs_is_ended) {
  bench b;
  make_folder();
  write_text("compiler", "#!/bin/sh\ntouch leftover\nsleep 1000\n");
  open_bench(&b);
  begin_bench(&b);
  char engine[256];
  snprintf(engine, sizeof engine, "native{cc=%s/compiler no_cache=true compile_timeout=100ms}",
           folder);
  ck_assert_int_eq(ts_run_set_engine(b.ctx, &b.request, ts_strdup(&b.arena, engine)), TS_OK);
  add_candidate(&b, 2);
  ck_assert_int_eq(evaluate(&b), TS_OK);
  check_trial(&b.trials[0], TS_VERDICT_COMPILE, "did not finish within 0.1 s");
  end_bench(&b);
  remove_folder();
}
END_TEST

/* It is the same for every candidate, and no fault of theirs. */
START_TEST(a_compiler_that_disappears_ends_the_evaluation) {
  bench b;
  make_folder();
  open_bench(&b);
  begin_bench(&b);
  char path[128];
  snprintf(path, sizeof path, "%s/compiler", folder);
  ck_assert_int_eq(unlink(path), 0);
  add_candidate(&b, 2);
  ck_assert_int_eq(ts_protect(b.ctx, evaluate_body, &b), TS_USAGE);
  ck_assert_ptr_nonnull(
      strstr(ts_diagnostic_message(ts_diagnostic_next(b.ctx, NULL)), "there is no compiler"));
  ck_assert_uint_eq(b.told, 0);
  end_bench(&b);
  remove_folder();
}
END_TEST

START_TEST(what_passes_refuse_is_not_compiled) {
  bench b;
  make_folder();
  open_bench(&b);
  begin_bench(&b);
  b.n = 2;
  b.candidates[0] = (ts_candidate){.parameters = "a", .pipeline = "fuse,lower,tile{q=4}"};
  b.candidates[1] = (ts_candidate){.parameters = "b", .pipeline = "fuse,lower,no-such-pass"};
  ck_assert_int_eq(evaluate(&b), TS_OK);
  check_trial(&b.trials[0], TS_VERDICT_REFUSED, "tile: @f has no loop %q");
  check_trial(&b.trials[1], TS_VERDICT_REFUSED, "no-such-pass");
  ck_assert_ptr_null(ts_diagnostic_next(b.ctx, NULL)); /* that is no message of the tuner's */
  end_bench(&b);
  remove_folder();
}
END_TEST

/* The second is another pipeline with the same loops, in the same batch; the third in a later one. */
START_TEST(the_same_code_is_measured_once) {
  bench b;
  make_folder();
  write_body(0, "");
  open_bench(&b);
  ts_energy_model model = {.watts = 2, .origin = "a test"};
  b.setup.model = &model;
  begin_bench(&b);
  add_candidate(&b, 8);
  add_candidate(&b, 9);
  b.candidates[1].pipeline = "fuse,lower,canonicalize,tile{i=8}";
  ck_assert_int_eq(evaluate(&b), TS_OK);
  const ts_trial first = b.trials[0];
  for (unsigned i = 0; i < 2; i++) {
    const ts_trial *t = &b.trials[i];
    check_trial(t, TS_VERDICT_OK, NULL);
    ck_assert_int_eq(t->duplicate, i > 0);
    ck_assert_uint_eq(t->num_samples, 3);
    ck_assert_int_eq(memcmp(t->samples, first.samples, 3 * sizeof(double)), 0);
    ck_assert_int_eq(t->energy.kind, TS_ENERGY_MODELLED);
    ck_assert_double_eq_tol(t->energy.joules, 2 * t->ms.value / 1000, 1e-12);
  }
  ck_assert_str_eq(first.pipeline, "fuse,lower,tile{i=8}");
  ck_assert_str_eq(b.trials[1].pipeline, "fuse,lower,canonicalize,tile{i=8}");
  ck_assert_str_eq(b.trials[1].code, first.code);
  b.n = 1;
  ck_assert_int_eq(evaluate(&b), TS_OK);
  ck_assert(b.trials[0].duplicate);
  end_bench(&b);
  remove_folder();
}
END_TEST

/* Each of these sleeps for some milliseconds, which is what their runs take. */
START_TEST(the_slow_are_soon_done_and_the_best_is_settled) {
  bench b;
  make_folder();
  open_bench(&b);
  b.setup.repeats = 8;
  b.setup.seconds = 20;
  b.setup.terms.take = TS_TAKE_LEAST;
  begin_bench(&b);
  write_body(0, "usleep(4000);");
  write_body(1, "usleep(40000);");
  write_body(2, "usleep(2000);");
  for (unsigned i = 0; i < 3; i++)
    add_candidate(&b, 2 + i);
  ck_assert_int_eq(evaluate(&b), TS_OK);
  const unsigned samples[] = {8, 1, 8};
  for (unsigned i = 0; i < 3; i++) {
    check_trial(&b.trials[i], TS_VERDICT_OK, NULL);
    ck_assert_int_eq(b.trials[i].hopeless, i == 1);
    ck_assert_uint_eq(b.trials[i].num_samples, samples[i]);
  }
  ck_assert_double_ge(b.trials[1].samples[0], 40);
  ck_assert_double_ge(b.trials[2].samples[0], 2);
  ck_assert_double_lt(b.trials[2].ms.value, b.trials[0].ms.value);
  for (unsigned i = 0; i < 3; i++)
    write_body(3 + i, i ? "usleep(2000);" : "usleep(2500);");
  b.n = 2;
  b.trials[0].ms.value = 0; /* as if it had been lucky */
  ck_assert_int_eq(b.evaluator.settle(b.evaluator.state, &b.arena, 2, b.candidates, b.trials),
                   TS_OK);
  ck_assert_uint_lt(b.trials[0].num_samples, 16); /* it is a quarter behind */
  ck_assert_uint_eq(b.trials[1].num_samples, 16);
  ck_assert_double_ge(b.trials[0].ms.value, 2.5);
  ck_assert_double_lt(b.trials[1].ms.value, b.trials[0].ms.value);
  end_bench(&b);
  remove_folder();
}
END_TEST

/* ---- energy ---- */

/* A counter of a processor's package, as Linux shows it in a tree of files, which a thread moves on by `step` microjoules
 * about each millisecond. */
typedef struct counter {
  char path[160];
  uint64_t at;
  int step;
} counter;

static void *move_counter(void *arg) {
  counter *c = arg;
  int step;
  while ((step = __atomic_load_n(&c->step, __ATOMIC_RELAXED)) != 0) {
    char text[32];
    int n = snprintf(text, sizeof text, "%012llu\n", (unsigned long long)(c->at += (unsigned)step));
    int fd = open(c->path, O_WRONLY);
    ck_assert_int_eq(pwrite(fd, text, (size_t)n, 0), n);
    ck_assert_int_eq(close(fd), 0);
    usleep(1000);
  }
  return NULL;
}

static void make_counter(counter *c) {
  char line[512];
  snprintf(
      line, sizeof line,
      "cd %s && mkdir -p sys/class/powercap/intel-rapl:0 && cd sys/class/powercap/intel-rapl:0 && "
      "echo package-0 > name && echo 262143328850 > max_energy_range_uj && "
      "echo 000000000000 > energy_uj",
      folder);
  ck_assert_int_eq(system(line), 0);
  *c = (counter){.step = 1000};
  snprintf(c->path, sizeof c->path, "%s/sys/class/powercap/intel-rapl:0/energy_uj", folder);
}

static void open_meter(bench *b) {
  char text[128];
  snprintf(text, sizeof text, "rapl{sysfs=%s/sys}", folder);
  ck_assert_int_eq(
      ts_energy_meter_open(b->ctx, &b->arena, ts_strdup(&b->arena, text), &b->setup.meter), TS_OK);
}

/* At rest the package takes a watt, while something is measured ten times that, or less of both where the thread is slow; a
 * run sleeps for 4 ms at least, so that it takes 0.036 J more than rest. */
START_TEST(energy_is_measured_where_there_is_a_counter) {
  bench b;
  counter c;
  pthread_t thread;
  make_folder();
  make_counter(&c);
  write_body(0, "usleep(4000);");
  open_bench(&b);
  b.setup.seconds = 20;
  ck_assert_int_eq(pthread_create(&thread, NULL, move_counter, &c), 0);
  open_meter(&b);
  begin_bench(&b);
  __atomic_store_n(&c.step, 10000, __ATOMIC_RELAXED);
  add_candidate(&b, 2);
  ck_assert_int_eq(evaluate(&b), TS_OK);
  check_trial(&b.trials[0], TS_VERDICT_OK, NULL);
  const ts_energy *e = &b.trials[0].energy;
  ck_assert_int_eq(e->kind, TS_ENERGY_MEASURED);
  ck_assert_str_eq(e->how, "RAPL package-0");
  ck_assert(e->joules > 0.001 && e->low <= e->joules && e->joules <= e->high);
  __atomic_store_n(&c.step, 0, __ATOMIC_RELAXED);
  ck_assert_int_eq(pthread_join(thread, NULL), 0);
  ts_energy_meter_close(b.setup.meter);
  char line[128];
  snprintf(line, sizeof line, "rm -r %s/sys", folder);
  ck_assert_int_eq(system(line), 0);
  end_bench(&b);
  remove_folder();
}
END_TEST

/* ---- ends ---- */

static volatile int interrupt;

static void on_alarm(int signal) {
  (void)signal;
  interrupt = 1;
}

static void interrupt_after(long microseconds) {
  interrupt = 0;
  signal(SIGALRM, on_alarm);
  struct itimerval in = {.it_value = {0, microseconds}};
  ck_assert_int_eq(setitimer(ITIMER_REAL, &in, NULL), 0);
}

/* While a candidate runs, and while a compiler does, which leaves a file. */
START_TEST(an_interrupt_ends_it_and_leaves_nothing) {
  for (int compiling = 0; compiling < 2; compiling++) {
    bench b;
    make_folder();
    write_body(0, "for (;;) sleep(1);");
    if (compiling) write_text("compiler", "#!/bin/sh\ntouch leftover\nsleep 1000\n");
    open_bench(&b);
    b.setup.seconds = 1000;
    b.setup.interrupt = &interrupt;
    begin_bench(&b);
    add_candidate(&b, 2);
    interrupt_after(300000);
    ck_assert_int_eq(evaluate(&b), TS_LIMIT);
    ck_assert_uint_eq(b.told, 0);
    end_bench(&b);
    remove_folder();
  }
}
END_TEST

static void use_loop_vm(bench *b) {
  ck_assert_int_eq(ts_run_set_engine(b->ctx, &b->request, "loop"), TS_OK);
}

/* On the loop VM, which is ready at once. Children that were started are not forgotten. */
START_TEST(memory_may_run_out_anywhere) {
  ts_result result = TS_LIMIT;
  for (uint64_t n = 1; result == TS_LIMIT; n += n / 8 + 1) {
    bench b;
    make_folder();
    open_bench(&b);
    begin_bench(&b);
    use_loop_vm(&b);
    b.evaluator.close(b.evaluator.state);
    b.evaluator = (ts_evaluator){0};
    b.ctx->memory.fail_after = n;
    result = ts_measure_open(b.ctx, &b.setup, &b.evaluator);
    add_candidate(&b, 2);
    if (!result) result = ts_protect(b.ctx, evaluate_body, &b);
    b.ctx->memory.fail_after = 0;
    ck_assert(result == TS_OK || result == TS_LIMIT);
    end_bench(&b);
    remove_folder();
  }
}
END_TEST

/* ---- programs ---- */

static void set_program(bench *b, const char *text) {
  static char copy[512];
  memset(copy, 0, sizeof copy);
  strcpy(copy, text);
  b->source = (ts_source){"f.lir", copy, strlen(text), 1};
}

/* Each run adds to what the run before it left, unless that is put back. */
START_TEST(what_is_read_and_written_is_put_back) {
  bench b;
  make_folder();
  open_bench(&b);
  set_program(&b, "func @f(%X: memref<64xf32>, %A: inout memref<64xf32>) {\n"
                  "  for %i = 0 to 64 {\n"
                  "    %x = load %X[%i] : f32\n    %a = load %A[%i] : f32\n"
                  "    %s = addf %x, %a : f32\n    store %s, %A[%i]\n  }\n}\n");
  begin_bench(&b);
  use_loop_vm(&b);
  b.evaluator.close(b.evaluator.state);
  ck_assert_int_eq(ts_measure_open(b.ctx, &b.setup, &b.evaluator), TS_OK);
  add_candidate(&b, 4);
  b.candidates[0].pipeline = "tile{i=4}";
  ck_assert_int_eq(evaluate(&b), TS_OK);
  check_trial(&b.trials[0], TS_VERDICT_OK, NULL);
  ck_assert_uint_eq(b.trials[0].num_samples, 3);
  end_bench(&b);
  remove_folder();
}
END_TEST

/* In place of what rounding may do. */
START_TEST(a_tolerance_is_absolute) {
  bench b;
  make_folder();
  write_body(0, "Y[3] += 0.125f;");
  write_body(1, "Y[3] += 0.375f;");
  open_bench(&b);
  b.setup.terms.tolerance = 0.25;
  begin_bench(&b);
  add_candidate(&b, 2);
  add_candidate(&b, 3);
  ck_assert_int_eq(evaluate(&b), TS_OK);
  check_trial(&b.trials[0], TS_VERDICT_OK, NULL);
  ck_assert_double_eq_tol(b.trials[0].error, 0.5, 1e-6);
  check_trial(&b.trials[1], TS_VERDICT_WRONG, "where 0.25 is allowed");
  end_bench(&b);
  remove_folder();
}
END_TEST

/* ---- wrong requests ---- */

static void check_refused(const char *text, double tolerance, ts_result wanted,
                          const char *message) {
  bench b;
  open_bench(&b);
  set_program(&b, text);
  b.setup.terms.tolerance = tolerance;
  ck_assert_int_eq(ts_protect(b.ctx, open_body, &b), wanted);
  const char *got = ts_diagnostic_message(ts_diagnostic_next(b.ctx, NULL));
  ck_assert_msg(strstr(got, message), "%s", got);
  end_bench(&b);
}

START_TEST(what_cannot_be_judged_is_not_tuned) {
  make_folder();
  check_refused("func @f(%X: memref<4xf32>, %Y: out memref<4xf32>) {\n"
                "  %x = load %X[0] : f32\n  store %x, %Y[2]\n}\n",
                -1, TS_ERR, "3 of 4 elements never written");
  check_refused("func @f(%X: tensor<4xf32>) -> tensor<4xf32> {\n"
                "  %0 = sub %X, %X\n  %1 = div %X, %0\n  return %1\n}\n",
                -1, TS_ERR, "cannot be judged");
  remove_folder();
}
END_TEST

/* ---- samples ---- */

/* The intervals stand in tables: of ten samples from the second to the ninth, of 25 from the eighth to the 18th (Conover,
 * Practical Nonparametric Statistics, table A3). */
START_TEST(estimates_are_those_of_the_books) {
  ts_context *ctx = ts_context_create();
  double samples[25];
  for (unsigned i = 0; i < 25; i++)
    samples[i] = 100 + (i * 7 % 25); /* 100 to 124, in disorder */
  ts_estimate e = ts_estimate_of(&ctx->arena, 25, samples, TS_TAKE_MEDIAN);
  ck_assert(e.value == 112 && e.low == 107 && e.high == 117);
  const double ten[] = {9, 1, 8, 2, 7, 3, 6, 4, 10, 5};
  e = ts_estimate_of(&ctx->arena, 10, ten, TS_TAKE_MEDIAN);
  ck_assert(e.value == 5.5 && e.low == 2 && e.high == 9);
  e = ts_estimate_of(&ctx->arena, 5, ten, TS_TAKE_MEDIAN);
  ck_assert(e.value == 7 && e.low == 1 && e.high == 9);
  e = ts_estimate_of(&ctx->arena, 1, ten, TS_TAKE_MEDIAN);
  ck_assert(e.value == 9 && e.low == 9 && e.high == 9);
  const double least[] = {102, 100, 101.5, 100.25};
  e = ts_estimate_of(&ctx->arena, 4, least, TS_TAKE_LEAST);
  ck_assert(e.value == 100 && e.low == 100 - 19 * 0.25 && e.high == 100);
  ts_context_destroy(ctx);
}
END_TEST

START_TEST(a_clock_that_jumps_gives_no_sample) {
  ck_assert(ts_sample_is_possible(1, 10, 10.2));
  ck_assert(!ts_sample_is_possible(0, 10, 10));
  ck_assert(!ts_sample_is_possible(-1, 10, 10));
  ck_assert(!ts_sample_is_possible(NAN, 10, 10));
  ck_assert(!ts_sample_is_possible(INFINITY, 10, 10));
  ck_assert(!ts_sample_is_possible(2, 10, 10));
}
END_TEST

UNIT_MAIN("tune-measure", strangers_are_contained, a_compiler_that_hangs_is_ended,
          a_compiler_that_disappears_ends_the_evaluation, what_passes_refuse_is_not_compiled,
          the_same_code_is_measured_once, the_slow_are_soon_done_and_the_best_is_settled,
          energy_is_measured_where_there_is_a_counter, an_interrupt_ends_it_and_leaves_nothing,
          memory_may_run_out_anywhere, what_is_read_and_written_is_put_back,
          a_tolerance_is_absolute, what_cannot_be_judged_is_not_tuned,
          estimates_are_those_of_the_books, a_clock_that_jumps_gives_no_sample)
