/* Counters of energy, on trees like the kernel's that the tests make and a library like the driver's; windows; weights by
 * least squares. */
#include <math.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/clock.h"
#include "tune/energy/energy.h"
#include "unit.h"

static ts_context *ctx;
static ts_arena arena;
static jmp_buf recover;
static char dir[64];

static void setup(void) {
  ctx = ts_context_create();
  ctx->memory.recover = &recover;
  ck_assert_int_eq(setjmp(recover), 0);
  ts_arena_init(&arena, &ctx->memory);
  strcpy(dir, "/tmp/tilesmith-energy-XXXXXX");
  ck_assert_ptr_nonnull(mkdtemp(dir));
}

static void teardown(void) {
  char line[128];
  snprintf(line, sizeof line, "rm -rf %s", dir);
  ck_assert_int_eq(system(line), 0);
  ts_arena_drop(&arena);
  ts_context_destroy(ctx);
}

static const char *last_message(void) {
  ck_assert_ptr_nonnull(ctx->last);
  return ctx->last->message;
}

/* ---- a tree of powercap ---- */

static void write_file(const char *folder, const char *name, const char *text) {
  FILE *f = fopen(ts_sprintf(&arena, "%s/%s", folder, name), "w");
  ck_assert_ptr_nonnull(f);
  fputs(text, f);
  fclose(f);
}

static const char *zone_folder(const char *zone) {
  return ts_sprintf(&arena, "%s/class/powercap/intel-rapl:%s", dir, zone);
}

/* The text is put at its place whole, so that nobody reads a part of it. */
static void set_energy(const char *zone, uint64_t microjoules) {
  char text[32];
  int n = snprintf(text, sizeof text, "%012llu\n", (unsigned long long)microjoules);
  FILE *f = fopen(ts_sprintf(&arena, "%s/energy_uj", zone_folder(zone)), "r+");
  if (!f) f = fopen(ts_sprintf(&arena, "%s/energy_uj", zone_folder(zone)), "w");
  ck_assert_ptr_nonnull(f);
  ck_assert_int_eq(pwrite(fileno(f), text, (size_t)n, 0), n);
  fclose(f);
}

static void make_zone(const char *zone, const char *name, const char *range, uint64_t microjoules) {
  char line[256];
  snprintf(line, sizeof line, "mkdir -p %s", zone_folder(zone));
  ck_assert_int_eq(system(line), 0);
  write_file(zone_folder(zone), "name", ts_sprintf(&arena, "%s\n", name));
  write_file(zone_folder(zone), "max_energy_range_uj", ts_sprintf(&arena, "%s\n", range));
  set_energy(zone, microjoules);
}

/* Intel's usual range. */
#define RANGE "262143328850"

/* Moves the counter of a zone until it is told to stop, as the processor does while a meter is opened: `step` each
 * millisecond. */
typedef struct mover {
  const char *path;
  uint64_t at, step;
  int stop;
  pthread_t thread;
} mover;

static void *move_counter(void *arg) {
  mover *m = arg;
  while (!__atomic_load_n(&m->stop, __ATOMIC_RELAXED)) {
    char text[32];
    FILE *f = fopen(m->path, "r+");
    int n = snprintf(text, sizeof text, "%012llu\n", (unsigned long long)(m->at += m->step));
    if (f) {
      (void)!pwrite(fileno(f), text, (size_t)n, 0);
      fclose(f);
    }
    usleep(1000);
  }
  return NULL;
}

static ts_energy_meter *open_moving(const char *zone, uint64_t from, uint64_t step) {
  mover m = {ts_sprintf(&arena, "%s/energy_uj", zone_folder(zone)), from, step, 0, 0};
  ts_energy_meter *meter;
  ck_assert_int_eq(pthread_create(&m.thread, NULL, move_counter, &m), 0);
  ts_result result =
      ts_energy_meter_open(ctx, &arena, ts_sprintf(&arena, "rapl{sysfs=%s}", dir), &meter);
  __atomic_store_n(&m.stop, 1, __ATOMIC_RELAXED);
  pthread_join(m.thread, NULL);
  ck_assert_msg(result == TS_OK, "%s", result ? last_message() : "");
  return meter;
}

/* Joules since the last reading. */
static double since(ts_energy_meter *m, double before) {
  double joules, seconds;
  ck_assert(ts_energy_meter_read(m, &joules, &seconds));
  return joules - before;
}

START_TEST(two_packages_are_added_up) {
  make_zone("0", "package-0", RANGE, 0);
  make_zone("0:0", "core", RANGE, 0);
  make_zone("0:1", "uncore", RANGE, 0);
  make_zone("0:2", "dram", RANGE, 0);
  make_zone("1", "package-1", RANGE, 0);
  make_zone("2", "psys", RANGE, 0);
  ts_energy_meter *m = open_moving("0", 0, 1000);
  ck_assert_str_eq(ts_energy_meter_name(m), "RAPL package-0 dram package-1");
  set_energy("0", 1000000000);
  double start = since(m, 0);
  set_energy("0", 1000000000 + 3000000);
  set_energy("0:0", 2000000);
  set_energy("0:1", 1000000);
  set_energy("0:2", 500000);
  set_energy("1", 4000000);
  set_energy("2", 9000000);
  ck_assert_double_eq_tol(since(m, start), 3 + 0.5 + 4, 1e-9);
  ts_energy_meter_close(m);
}
END_TEST

START_TEST(the_platform_stands_in_for_packages) {
  make_zone("0", "psys", RANGE, 0);
  ts_energy_meter *m = open_moving("0", 0, 1000);
  ck_assert_str_eq(ts_energy_meter_name(m), "RAPL psys");
  ts_energy_meter_close(m);
}
END_TEST

START_TEST(a_counter_wraps_at_its_range) {
  make_zone("0", "package-0", "65532610987", 0);
  ts_energy_meter *m = open_moving("0", UINT64_C(65000000000), 1000);
  /* as often as 1 kW can fill it */
  ck_assert_double_eq_tol(ts_energy_meter_patience(m), 65.532610987, 1e-9);
  set_energy("0", UINT64_C(65532610987) - 2000000);
  double start = since(m, 0);
  set_energy("0", 1000000);
  ck_assert_double_eq_tol(since(m, start), 3, 1e-6);
  ts_energy_meter_close(m);
}
END_TEST

/* As after a machine was suspended: the rest to the range would be 200 kJ in no time. */
START_TEST(a_counter_that_was_set_back_is_no_wrap) {
  double joules, seconds;
  make_zone("0", "package-0", RANGE, 0);
  ts_energy_meter *m = open_moving("0", UINT64_C(60000000000), 1000);
  double start = since(m, 0);
  set_energy("0", 1000);
  ck_assert(!ts_energy_meter_read(m, &joules, &seconds));
  start = since(m, 0);
  set_energy("0", 2001000);
  ck_assert_double_eq_tol(since(m, start), 2, 1e-9);
  ts_energy_meter_close(m);
}
END_TEST

/* A range of 1 kJ is full after a second at 1 kW. */
START_TEST(whoever_reads_too_late_is_told_so) {
  double joules, seconds;
  make_zone("0", "package-0", "1000000000", 0);
  ts_energy_meter *m = open_moving("0", 0, 1000);
  ck_assert_double_eq_tol(ts_energy_meter_patience(m), 1, 1e-9);
  (void)ts_energy_meter_read(m, &joules, &seconds);
  ts_time_sleep(1.1);
  ck_assert(!ts_energy_meter_read(m, &joules, &seconds));
  ck_assert(ts_energy_meter_read(m, &joules, &seconds));
  ts_energy_meter_close(m);
}
END_TEST

START_TEST(a_counter_that_goes_away_is_noticed) {
  double joules, seconds;
  make_zone("0", "package-0", RANGE, 0);
  ts_energy_meter *m = open_moving("0", 0, 1000);
  write_file(zone_folder("0"), "energy_uj", "");
  ck_assert(!ts_energy_meter_read(m, &joules, &seconds));
  ts_energy_meter_close(m);
}
END_TEST

/* It is brought up to date about every millisecond: windows are 100 times that, more on a busy machine. */
START_TEST(windows_are_a_hundred_updates_long) {
  make_zone("0", "package-0", RANGE, 0);
  ts_energy_meter *m = open_moving("0", 0, 1000);
  ck_assert_double_ge(ts_energy_meter_window(m), 0.07);
  ts_energy_meter_close(m);
}
END_TEST

/* ---- perf ---- */

/* A PMU that every kernel has in place of the processor's: cpu-clock (PERF_TYPE_SOFTWARE, event 0) counts nanoseconds, which
 * the scale makes one watt for each processor of the list. A container may forbid it. */
START_TEST(perf_counts_by_its_scale) {
  ts_energy_meter *m;
  const char *pmu = ts_sprintf(&arena, "%s/bus/event_source/devices/power", dir);
  const char *events = ts_sprintf(&arena, "%s/events", pmu);
  ck_assert_int_eq(system(ts_sprintf(&arena, "mkdir -p %s", events)), 0);
  write_file(pmu, "type", "1\n");
  write_file(pmu, "cpumask", "0,0\n");
  write_file(events, "energy-pkg", "event=0x00\n");
  write_file(events, "energy-pkg.scale", "1e-9\n");
  write_file(events, "energy-cores", "event=0x00\n");
  ts_result result =
      ts_energy_meter_open(ctx, &arena, ts_sprintf(&arena, "rapl{sysfs=%s}", dir), &m);
  if (result) {
    ck_assert_ptr_nonnull(strstr(last_message(), "; perf_event_open of package-cpu0: "));
    return;
  }
  ck_assert_str_eq(ts_energy_meter_name(m), "perf package-cpu0 package-cpu0");
  ck_assert(isinf(ts_energy_meter_patience(m)));
  double watts = ts_energy_meter_idle(m); /* roughly: this test may be kept waiting at any moment */
  ck_assert_double_gt(watts, 1.5);
  ck_assert_double_lt(watts, 3);
  ts_energy_meter_close(m);
}
END_TEST

START_TEST(a_pmu_that_cannot_be_read_is_told_of) {
  ts_energy_meter *m;
  const char *pmu = ts_sprintf(&arena, "%s/bus/event_source/devices/power", dir);
  ck_assert_int_eq(system(ts_sprintf(&arena, "mkdir -p %s/events", pmu)), 0);
  write_file(pmu, "type", "1\n");
  write_file(pmu, "cpumask", "0-x\n");
  write_file(pmu, "events/energy-pkg", "event=0x00\n");
  ck_assert_int_eq(ts_energy_meter_open(ctx, &arena, ts_sprintf(&arena, "rapl{sysfs=%s}", dir), &m),
                   TS_ERR);
  ck_assert_ptr_nonnull(strstr(last_message(), "power/events/energy-pkg or its scale"));
  write_file(pmu, "events/energy-pkg.scale", "1e-9\n");
  ck_assert_int_eq(ts_energy_meter_open(ctx, &arena, ts_sprintf(&arena, "rapl{sysfs=%s}", dir), &m),
                   TS_ERR);
  ck_assert_ptr_nonnull(strstr(last_message(), "cannot read its cpumask '0-x'"));
}
END_TEST

/* ---- NVML ---- */

START_TEST(a_gpu_counts_slowly) {
  ts_energy_meter *m;
  setenv("FAKE_NVML_PERIOD", "20000", 1);
  ck_assert_int_eq(
      ts_energy_meter_open(ctx, &arena, "nvml{device=1 library=\"" FAKE_NVML "\"}", &m), TS_OK);
  ck_assert_str_eq(ts_energy_meter_name(m), "NVML Fake H200");
  /* a hundred times 20 ms; more where this test is kept waiting */
  ck_assert_double_ge(ts_energy_meter_window(m), 1.5);
  ts_energy_meter_close(m);
}
END_TEST

START_TEST(a_gpu_takes_power_at_rest) {
  ts_energy_meter *m;
  setenv("FAKE_NVML_PERIOD", "1000", 1);
  ck_assert_int_eq(ts_energy_meter_open(ctx, &arena, "nvml{library=\"" FAKE_NVML "\"}", &m), TS_OK);
  double watts = ts_energy_meter_idle(m);
  ck_assert_double_gt(watts, 50);
  ck_assert_double_lt(watts, 200);
  ts_energy_meter_close(m);
}
END_TEST

/* ---- none to be had ---- */

static const char *refusal(const char *text) {
  ts_energy_meter *m;
  ck_assert_int_eq(ts_energy_meter_open(ctx, &arena, text, &m), TS_ERR);
  ck_assert_ptr_null(m);
  return last_message();
}

START_TEST(a_counter_that_stands_still_is_refused) {
  make_zone("0", "package-0", RANGE, 123);
  const char *why = refusal(ts_sprintf(&arena, "rapl{sysfs=%s}", dir));
  ck_assert_str_eq(why, "no counter of energy: RAPL package-0 stands still or cannot be read");
}
END_TEST

START_TEST(a_machine_without_counters_is_told_of) {
  const char *why = refusal(ts_sprintf(&arena, "rapl{sysfs=%s}", dir));
  ck_assert_str_eq(why,
                   ts_sprintf(&arena,
                              "no counter of energy: %s/class/powercap has no intel-rapl; there "
                              "is no %s/bus/event_source/devices/power",
                              dir, dir));
}
END_TEST

/* Root may read everything, so it becomes another user. */
START_TEST(counters_of_another_user_are_told_of) {
  make_zone("0", "package-0", RANGE, 0);
  ck_assert_int_eq(chmod(dir, 0755), 0);
  ck_assert_int_eq(chmod(ts_sprintf(&arena, "%s/energy_uj", zone_folder("0")), 0), 0);
  ck_assert(geteuid() != 0 || seteuid(65534) == 0);
  const char *why = refusal(ts_sprintf(&arena, "rapl{sysfs=%s}", dir));
  ck_assert_ptr_nonnull(strstr(why, "energy_uj: Permission denied (on most systems only root may"));
  (void)!seteuid(getuid());
}
END_TEST

START_TEST(a_driver_that_fails_is_quoted) {
  setenv("FAKE_NVML_INIT", "9", 1);
  ck_assert_str_eq(refusal("nvml{library=\"" FAKE_NVML "\"}"),
                   "no counter of energy: " FAKE_NVML ": Driver Not Loaded");
  unsetenv("FAKE_NVML_INIT");
  setenv("FAKE_NVML_ENERGY", "3", 1); /* before Volta */
  ck_assert_str_eq(refusal("nvml{library=\"" FAKE_NVML "\"}"),
                   "no counter of energy: Fake H200 counts no energy");
  unsetenv("FAKE_NVML_ENERGY");
  ck_assert_str_eq(refusal("nvml{device=2 library=\"" FAKE_NVML "\"}"),
                   "no counter of energy: device 2 of 2 does not exist");
  ck_assert_ptr_nonnull(strstr(refusal("nvml{library=./none.so}"), "./none.so: cannot open"));
  ck_assert_ptr_nonnull(strstr(refusal("nvml{library=libm.so.6}"), "it lacks functions of NVML"));
}
END_TEST

START_TEST(a_wrong_name_is_a_wrong_command_line) {
  ts_energy_meter *m;
  ck_assert_int_eq(ts_energy_meter_open(ctx, &arena, "watts", &m), TS_USAGE);
  ck_assert_ptr_null(m);
  ck_assert_int_eq(ts_energy_meter_open(ctx, &arena, "rapl{socket=1}", &m), TS_USAGE);
  ck_assert_int_eq(ts_energy_meter_open(ctx, &arena, "rapl{} more", &m), TS_USAGE);
}
END_TEST

/* ---- windows ---- */

/* Energies 1, 2, 3, 4, 5 of ten runs, at rest 2 W for half a second each: mean 3 − 1, and Student's quantile for four
 * degrees of freedom, 2.7764451, times the deviation of the mean, sqrt(2.5 / 5). */
START_TEST(a_mean_with_students_interval) {
  double joules[] = {1, 2, 3, 4, 5}, seconds[] = {.5, .5, .5, .5, .5};
  ts_energy e = ts_energy_of_windows(5, joules, seconds, 10, 2, "test");
  double half = 2.7764451051977987 * sqrt(2.5 / 5) / 10;
  ck_assert_int_eq(e.kind, TS_ENERGY_MEASURED);
  ck_assert_double_eq_tol(e.joules, 0.2, 1e-15);
  ck_assert_double_eq_tol(e.low, 0.2 - half, 1e-12);
  ck_assert_double_eq_tol(e.high, 0.2 + half, 1e-12);
}
END_TEST

/* Quantiles of 97.5 % from tables (NIST, Engineering Statistics Handbook, 1.3.6.7.2); with n windows of 0 and 2 J in turn. */
START_TEST(intervals_of_few_and_of_many) {
  static const struct {
    unsigned n;
    double quantile;
  } rows[] = {{2, 12.706}, {3, 4.303}, {4, 3.182}, {11, 2.228}, {31, 2.042}, {101, 1.984}};
  double joules[101], seconds[101] = {0}, mean = 0, squares = 0;
  for (unsigned i = 0; i < 101; i++)
    joules[i] = 10 + i % 2;
  for (unsigned r = 0; r < ts_countof(rows); r++) {
    unsigned n = rows[r].n;
    mean = 10 + (n / 2) / (double)n;
    squares = (n / 2) * (11 - mean) * (11 - mean) + (n - n / 2) * (10 - mean) * (10 - mean);
    ts_energy e = ts_energy_of_windows(n, joules, seconds, 1, 0, "test");
    ck_assert_double_eq_tol((e.high - mean) / sqrt(squares / (n - 1) / n), rows[r].quantile, 5e-4);
  }
}
END_TEST

START_TEST(one_window_says_nothing_of_its_error) {
  ts_energy e = ts_energy_of_windows(1, &(double){3}, &(double){1}, 2, 1, "test");
  ck_assert_double_eq(e.joules, 1);
  ck_assert_double_eq(e.low, 0);
  ck_assert(isinf(e.high));
}
END_TEST

START_TEST(no_more_than_at_rest_is_no_energy) {
  ck_assert_int_eq(ts_energy_of_windows(1, &(double){1}, &(double){1}, 2, 1, "test").kind,
                   TS_ENERGY_NONE);
  ck_assert_int_eq(ts_energy_of_windows(0, NULL, NULL, 2, 1, "test").kind, TS_ENERGY_NONE);
}
END_TEST

/* ---- weights ---- */

static uint64_t state;

static double random_unit(void) {
  state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return (double)(state >> 11) * 0x1p-53;
}

static ts_counted random_counted(void) {
  return (ts_counted){.seconds = random_unit(),
                      .flops = 1e11 * random_unit(),
                      .bytes = {1e11 * random_unit(), 1e10 * random_unit(), 1e9 * random_unit()}};
}

static const ts_energy_model true_model = {1e-11, {2e-12, 3e-11, 4e-10}, 12, ""};

START_TEST(exact_samples_give_their_weights) {
  ts_counted counted[7];
  double joules[7], error;
  ts_energy_model m;
  state = 1;
  for (int i = 0; i < 7; i++) {
    counted[i] = random_counted();
    joules[i] = ts_energy_model_joules(&true_model, &counted[i]);
  }
  ck_assert_int_eq(ts_energy_fit(ctx, 7, counted, joules, &m, &error), TS_OK);
  ck_assert_double_lt(error, 1e-12);
  ck_assert_double_eq_tol(m.j_flop / true_model.j_flop, 1, 1e-9);
  for (int k = 0; k < 3; k++)
    ck_assert_double_eq_tol(m.j_byte[k] / true_model.j_byte[k], 1, 1e-9);
  ck_assert_double_eq_tol(m.watts / true_model.watts, 1, 1e-9);
}
END_TEST

static double squares_of(const ts_energy_model *m, unsigned n, const ts_counted *c,
                         const double *j) {
  double sum = 0;
  for (unsigned i = 0; i < n; i++) {
    double off = 1 - ts_energy_model_joules(m, &c[i]) / j[i];
    sum += off * off;
  }
  return sum;
}

/* Solves the normal equations of the weights in `set` by elimination; false when one comes out below 0. */
static bool solve_set(unsigned set, unsigned n, const ts_counted *c, const double *j, double *x) {
  double a[5][6] = {{0}};
  for (unsigned i = 0; i < n; i++) {
    double row[5] = {c[i].flops, c[i].bytes[0], c[i].bytes[1], c[i].bytes[2], c[i].seconds};
    for (int p = 0; p < 5; p++)
      for (int q = 0; q < 6; q++)
        if (set >> p & 1 && (q == 5 || set >> q & 1))
          a[p][q] += row[p] / j[i] * (q == 5 ? 1 : row[q] / j[i]);
  }
  for (int p = 0; p < 5; p++) {
    if (!(set >> p & 1)) a[p][p] = 1;
    for (int r = 0; r < 5; r++) {
      double f = a[r][p] / a[p][p];
      for (int q = 0; q < 6 && r != p; q++)
        a[r][q] -= f * a[p][q];
    }
  }
  bool good = true;
  for (int p = 0; p < 5; p++)
    good &= (x[p] = a[p][5] / a[p][p]) >= 0;
  return good;
}

/* The best of all 32 choices of weights that are not 0, among the solutions without a negative one. */
static double brute_force(unsigned n, const ts_counted *c, const double *j) {
  double best = n, x[5];
  for (unsigned set = 1; set < 32; set++) {
    if (!solve_set(set, n, c, j, x)) continue;
    ts_energy_model m = {x[0], {x[1], x[2], x[3]}, x[4], ""};
    best = fmin(best, squares_of(&m, n, c, j));
  }
  return best;
}

/* Joules at random, so that most solutions without bounds have negative weights. */
START_TEST(no_choice_of_weights_fits_better) {
  unsigned zeros = 0;
  for (state = 2; state < 300; state++) {
    uint64_t seed = state;
    ts_counted counted[9];
    double joules[9], error;
    ts_energy_model m;
    for (int i = 0; i < 9; i++) {
      counted[i] = random_counted();
      joules[i] = 0.5 + random_unit();
    }
    ck_assert_int_eq(ts_energy_fit(ctx, 9, counted, joules, &m, &error), TS_OK);
    double best = brute_force(9, counted, joules);
    ck_assert_double_le(squares_of(&m, 9, counted, joules), best + 1e-9);
    ck_assert_double_eq_tol(9 * error * error, best, 1e-9);
    zeros += (m.j_flop == 0) + (m.j_byte[0] == 0) + (m.watts == 0);
    state = seed;
  }
  ck_assert_uint_gt(zeros, 100);
}
END_TEST

START_TEST(samples_that_do_not_tell_are_refused) {
  ts_counted counted[6];
  double joules[6], error;
  ts_energy_model m;
  state = 3;
  for (int i = 0; i < 6; i++) {
    counted[i] = random_counted();
    joules[i] = 1;
  }
  ck_assert_int_eq(ts_energy_fit(ctx, 4, counted, joules, &m, &error), TS_ERR);
  ck_assert_str_eq(last_message(), "4 samples: a model is fitted to 5 to 4096");
  for (int i = 0; i < 6; i++)
    counted[i].bytes[1] = 2 * counted[i].flops;
  ck_assert_int_eq(ts_energy_fit(ctx, 6, counted, joules, &m, &error), TS_ERR);
  ck_assert_ptr_nonnull(
      strstr(last_message(), "what bytes of the second-level cache cost: they rise"));
  for (int i = 0; i < 6; i++)
    counted[i].bytes[2] = 0;
  ck_assert_int_eq(ts_energy_fit(ctx, 6, counted, joules, &m, &error), TS_ERR);
  ck_assert_ptr_nonnull(strstr(last_message(), "what bytes of memory cost: none has any"));
  counted[2].flops = NAN;
  ck_assert_int_eq(ts_energy_fit(ctx, 6, counted, joules, &m, &error), TS_ERR);
  ck_assert_str_eq(last_message(), "sample 3: flops are not a number from 0 on");
}
END_TEST

/* ---- models ---- */

START_TEST(a_model_is_read_back) {
  ts_sink sink;
  ts_energy_model m;
  const char *path = ts_sprintf(&arena, "%s/model.json", dir);
  ts_sink_buffer(&sink, &ctx->memory);
  ts_energy_model_print(&sink, &true_model);
  ck_assert_int_eq(ts_sink_finish(&sink), TS_OK);
  write_file(dir, "model.json", sink.buf);
  ts_sink_drop(&sink);
  ck_assert_msg(ts_energy_model_read(ctx, &arena, path, &m) == TS_OK, "%s", last_message());
  ck_assert_double_eq(m.j_flop, true_model.j_flop);
  ck_assert_mem_eq(m.j_byte, true_model.j_byte, sizeof m.j_byte);
  ck_assert_double_eq(m.watts, true_model.watts);
  ck_assert_str_eq(m.origin, path);
}
END_TEST

/* What stands in a file, and the place and words of the message about it. */
START_TEST(wrong_models_are_told_where) {
  static const struct {
    const char *text, *message;
    unsigned line, column;
  } rows[] = {
      {"{\n \"format\": \"tilesmith energy model\",\n \"version\": 2}", "\"version\" should be 1",
       3, 2},
      {"{\"format\": \"other\"}", "\"format\" should be \"tilesmith energy model\"", 1, 2},
      {"[]", "\"format\" should be \"tilesmith energy model\"", 1, 1},
      {"{\"format\": \"tilesmith energy model\", \"version\": 1,\n\"joules_per_flop\": -1}",
       "\"joules_per_flop\" should be a number from 0 on", 2, 1},
      {"{\"format\": \"tilesmith energy model\", \"version\": 1}",
       "there is no \"joules_per_flop\"", 1, 1},
      {"{\"format\": \"tilesmith energy model\", \"version\": 1, \"joules_per_flop\": 1e-12,\n"
       "\"joules_per_byte\": [1, 2], \"watts\": 3}",
       "\"joules_per_byte\" should be a list of three numbers from 0 on: first-level cache, second-level cache, "
       "memory",
       2, 1},
      {"{\n\n!}", "this is not JSON: string or '}' expected near '!'", 3, 1},
      {"", "this is not JSON: '[' or '{' expected near end of file", 1, 1},
  };
  const char *path = ts_sprintf(&arena, "%s/model.json", dir);
  for (unsigned i = 0; i < ts_countof(rows); i++) {
    ts_energy_model m;
    unsigned line, column;
    write_file(dir, "model.json", rows[i].text);
    ck_assert_int_eq(ts_energy_model_read(ctx, &arena, path, &m), TS_ERR);
    ck_assert_str_eq(last_message(), rows[i].message);
    ck_assert_str_eq(ctx->last->source->name, path);
    ts_source_position(ctx->last->source, ctx->last->loc.begin, &line, &column);
    ck_assert_uint_eq(line, rows[i].line);
    ck_assert_uint_eq(column, rows[i].column);
  }
}
END_TEST

START_TEST(samples_are_read_back) {
  ts_energy_samples s, t;
  ts_sink sink;
  const char *path = ts_sprintf(&arena, "%s/samples.json", dir);
  write_file(
      dir, "samples.json",
      "[{\"name\": \"memory\", \"flops\": 1e9, \"bytes\": [3, 2.5, 0], \"seconds\": 2, \"joules\": 7},\n"
      " {\"flops\": 0, \"bytes\": [0, 0, 0], \"seconds\": 1, \"joules\": 0.5, \"more\": true}]");
  ck_assert_int_eq(ts_energy_samples_read(ctx, &arena, path, &s), TS_OK);
  ck_assert_uint_eq(s.n, 2);
  ck_assert_str_eq(s.names[0], "memory");
  ck_assert_double_eq(s.counted[0].flops, 1e9);
  ck_assert_double_eq(s.counted[0].bytes[1], 2.5);
  ck_assert_double_eq(s.counted[0].seconds, 2);
  ck_assert_double_eq(s.joules[1], 0.5);
  ts_sink_buffer(&sink, &ctx->memory);
  ts_energy_samples_print(&sink, &s);
  ck_assert_int_eq(ts_sink_finish(&sink), TS_OK);
  write_file(dir, "samples.json", sink.buf);
  ts_sink_drop(&sink);
  ck_assert_int_eq(ts_energy_samples_read(ctx, &arena, path, &t), TS_OK);
  ck_assert_mem_eq(t.counted, s.counted, 2 * sizeof *s.counted);
  ck_assert_mem_eq(t.joules, s.joules, 2 * sizeof *s.joules);
}
END_TEST

START_TEST(wrong_samples_are_told_which) {
  ts_energy_samples s;
  const char *path = ts_sprintf(&arena, "%s/samples.json", dir);
  write_file(dir, "samples.json", "{}");
  ck_assert_int_eq(ts_energy_samples_read(ctx, &arena, path, &s), TS_ERR);
  ck_assert_str_eq(last_message(), "expected a list of samples");
  write_file(dir, "samples.json",
             "[{\"flops\": 0, \"bytes\": [0, 0, 0], \"seconds\": 1, \"joules\": 0.5},\n"
             " {\"flops\": 0, \"bytes\": [0, 0], \"seconds\": 1, \"joules\": 0.5}]");
  ck_assert_int_eq(ts_energy_samples_read(ctx, &arena, path, &s), TS_ERR);
  ck_assert_ptr_nonnull(strstr(last_message(), "samples.json: sample 2 should have flops"));
  ck_assert_int_eq(ts_energy_samples_read(ctx, &arena, "none.json", &s), TS_ERR);
  ck_assert_str_eq(last_message(), "cannot read 'none.json': No such file or directory");
}
END_TEST

/* 1 GFLOP at 10 pJ, 1 GB from memory at 400 pJ, half a second at 12 W. */
START_TEST(counted_work_adds_up) {
  ts_energy e = ts_energy_modelled(
      &true_model, &arena, &(ts_counted){.seconds = .5, .flops = 1e9, .bytes = {0, 0, 1e9}});
  ck_assert_int_eq(e.kind, TS_ENERGY_MODELLED);
  ck_assert_double_eq_tol(e.joules, 0.01 + 0.4 + 6, 1e-12);
  ck_assert_double_eq(e.low, e.joules);
  ck_assert_double_eq_tol(ts_energy_proxy(1.5, 2).joules, 3, 1e-15);
}
END_TEST

int main(void) {
  const TTest *const tests[] = {
      two_packages_are_added_up,
      the_platform_stands_in_for_packages,
      a_counter_wraps_at_its_range,
      a_counter_that_was_set_back_is_no_wrap,
      whoever_reads_too_late_is_told_so,
      a_counter_that_goes_away_is_noticed,
      windows_are_a_hundred_updates_long,
      perf_counts_by_its_scale,
      a_pmu_that_cannot_be_read_is_told_of,
      a_gpu_counts_slowly,
      a_gpu_takes_power_at_rest,
      a_driver_that_fails_is_quoted,
      a_counter_that_stands_still_is_refused,
      a_machine_without_counters_is_told_of,
      counters_of_another_user_are_told_of,
      a_wrong_name_is_a_wrong_command_line,
      a_mean_with_students_interval,
      intervals_of_few_and_of_many,
      one_window_says_nothing_of_its_error,
      no_more_than_at_rest_is_no_energy,
      exact_samples_give_their_weights,
      no_choice_of_weights_fits_better,
      samples_that_do_not_tell_are_refused,
      a_model_is_read_back,
      wrong_models_are_told_where,
      samples_are_read_back,
      wrong_samples_are_told_which,
      counted_work_adds_up,
  };
  TCase *all = unit_case("energy", ts_countof(tests), tests);
  tcase_add_checked_fixture(all, setup, teardown);
  return unit_run("energy", all);
}
