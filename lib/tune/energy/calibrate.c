/* Kernels whose work is known, for weights of energy to be fitted to. */
#include <math.h>
#include <unistd.h>

#include "support/clock.h"
#include "syntax/syntax.h"
#include "target/machine.h"
#include "target/target.h"
#include "analysis/verify/verify.h"
#include "run/run.h"
#include "tune/energy/energy.h"

/* A window is no shorter, so that starting and ending it does not count. */
#define SHORTEST 0.25
/* Of one call and thread: long beside what it takes to start threads. */
#define FLOPS_A_CALL 1e9
#define BYTES_A_CALL 200e6
enum { CHAINS = 10 };

/* Chains of multiply-adds that stay in registers: from load to store 2 · CHAINS · lanes a round. Text, with lanes l,
 * threads t, columns c = CHAINS · l and rounds r. */
static const char arithmetic[] = "func @kernel(%%Y: inout memref<%2$ux%3$uxf32>) {\n"
                                 "  for %%t = 0 to %2$u parallel {\n"
                                 "    %%a = alloc : memref<10xvector<%1$uxf32>, local>\n"
                                 "    for %%c = 0 to 10 unroll {\n"
                                 "      %%x = load %%Y[%%t, %%c * %1$u] : vector<%1$uxf32>\n"
                                 "      store %%x, %%a[%%c]\n"
                                 "    }\n"
                                 "    for %%r = 0 to %4$u {\n"
                                 "      for %%c = 0 to 10 unroll {\n"
                                 "        %%x = load %%a[%%c] : vector<%1$uxf32>\n"
                                 "        %%h = splat 0.5 : vector<%1$uxf32>\n"
                                 "        %%y = fma %%x, %%h, %%h : vector<%1$uxf32>\n"
                                 "        store %%y, %%a[%%c]\n"
                                 "      }\n"
                                 "    }\n"
                                 "    for %%c = 0 to 10 unroll {\n"
                                 "      %%x = load %%a[%%c] : vector<%1$uxf32>\n"
                                 "      store %%x, %%Y[%%t, %%c * %1$u]\n"
                                 "    }\n"
                                 "  }\n"
                                 "}\n";

/* Goes through c elements a thread, r times. An element takes what its right neighbour was, so no compiler may do the
 * rounds of one element at a time: two loads, a store, and three operations. */
static const char sweep[] = "func @kernel(%%Y: inout memref<%2$ux%3$uxf32>) {\n"
                            "  for %%t = 0 to %2$u parallel {\n"
                            "    for %%r = 0 to %4$u {\n"
                            "      for %%i = 0 to %3$u - %1$u step %1$u {\n"
                            "        %%x = load %%Y[%%t, %%i] : vector<%1$uxf32>\n"
                            "        %%y = load %%Y[%%t, %%i + %1$u] : vector<%1$uxf32>\n"
                            "        %%h = splat 0.5 : vector<%1$uxf32>\n"
                            "        %%s = mulf %%x, %%h : vector<%1$uxf32>\n"
                            "        %%z = fma %%y, %%h, %%s : vector<%1$uxf32>\n"
                            "        store %%z, %%Y[%%t, %%i]\n"
                            "      }\n"
                            "    }\n"
                            "  }\n"
                            "}\n";

/* Where the data of a kernel comes from. */
typedef enum { REGISTERS, FIRST_LEVEL, SECOND_LEVEL, MEMORY } place;
static const char *const places[] = {"arithmetic", "first-level cache", "second-level cache",
                                     "memory"};

typedef struct calibration {
  ts_context *ctx;
  ts_arena *arena;
  ts_energy_meter *meter;
  ts_energy_samples *out;
  ts_target target;
  /* of the kernel at hand */
  ts_module *module;
  ts_run run;
} calibration;

/* ---- kernels ---- */

/* Bytes a thread whose use keeps all of them at this level: half of the cache, or more than any cache holds. */
static double bytes_at(const ts_target *target, place where, unsigned threads) {
  long third = sysconf(_SC_LEVEL3_CACHE_SIZE);
  double most = ts_min(ts_max(third > 0 ? 2.0 * (double)third : 0, 128e6), 1e9);
  if (where == FIRST_LEVEL) return (double)target->l1_bytes / 2;
  if (where == SECOND_LEVEL) return (double)target->l2_bytes / 2;
  return most / threads;
}

/* Adds what one call does. */
static ts_counted count_sweep(place where, double elements) {
  ts_counted c = {.flops = 3 * elements, .bytes = {12 * elements}};
  if (where >= SECOND_LEVEL) c.bytes[1] = 8 * elements; /* each line comes and goes once a round */
  if (where >= MEMORY) c.bytes[2] = 8 * elements;
  return c;
}

static const char *make_kernel(calibration *c, place where, unsigned threads, ts_counted *work) {
  unsigned lanes = c->target.vector_bits / 32, columns = CHAINS * lanes, rounds;
  if (where == REGISTERS) {
    rounds = (unsigned)(FLOPS_A_CALL / (2.0 * columns));
    *work = (ts_counted){.flops = 2.0 * columns * rounds * threads};
    return ts_sprintf(c->arena, arithmetic, lanes, threads, columns, rounds);
  }
  unsigned steps = (unsigned)(bytes_at(&c->target, where, threads) / 4 / lanes);
  rounds = (unsigned)ts_max(1.0, BYTES_A_CALL / (12.0 * steps * lanes));
  *work = count_sweep(where, (double)(steps - 1) * lanes * rounds * threads);
  return ts_sprintf(c->arena, sweep, lanes, threads, steps * lanes, rounds);
}

/* ---- samples ---- */

static ts_result call_kernel(calibration *c) {
  ts_run_args args = {c->run.func, c->run.arrays, c->run.request->limits, NULL};
  return c->run.engine->run(c->ctx, c->run.compiled, &args);
}

/* Calls it, or does nothing, for as long as a window is; how many times, and what the machine took. */
static ts_result take_window(calibration *c, bool rests, uint64_t *calls, double *joules,
                             double *seconds) {
  double length = fmax(SHORTEST, ts_energy_meter_window(c->meter)), first, start;
  ts_result result = TS_OK;
  bool known = ts_energy_meter_read(c->meter, &first, &start);
  for (*calls = 0; !result && ts_time_now() - start < length; ++*calls)
    if (rests)
      ts_time_sleep(length / 10);
    else
      result = call_kernel(c);
  known &= ts_energy_meter_read(c->meter, joules, seconds);
  *joules -= first;
  *seconds -= start;
  if (result || known) return result;
  return ts_error_plain(c->ctx, "%s could not be read", ts_energy_meter_name(c->meter));
}

static ts_result add_sample(calibration *c, const char *name, const ts_counted *work) {
  ts_energy_samples *s = c->out;
  uint64_t calls;
  ts_result result =
      take_window(c, work == NULL, &calls, &s->joules[s->n], &s->counted[s->n].seconds);
  if (result) return result;
  if (work) {
    s->counted[s->n].flops = work->flops * (double)calls;
    for (unsigned i = 0; i < ts_countof(work->bytes); i++)
      s->counted[s->n].bytes[i] = work->bytes[i] * (double)calls;
  }
  s->names[s->n++] = name;
  return TS_OK;
}

/* Compiles and warms it up, then takes a sample. */
static ts_result run_kernel(calibration *c, const ts_run_request *request, const char *name,
                            const ts_counted *work) {
  ts_result result = ts_run_open(&c->run, c->ctx, c->module, request);
  if (!result) result = call_kernel(c);
  if (!result) result = add_sample(c, name, work);
  return result;
}

static ts_result try_kernel(calibration *c, place where, unsigned threads) {
  ts_counted work;
  ts_run_request request;
  const char *name =
      ts_sprintf(c->arena, "%s, %u thread%s", places[where], threads, threads == 1 ? "" : "s");
  const char *text = make_kernel(c, where, threads, &work);
  ts_run_request_init(c->ctx, &request);
  ts_result result = ts_run_set_engine(c->ctx, &request, "native");
  request.limits.threads = threads;
  if (!result) result = ts_run_add_named(c->ctx, &request.inputs, "input ", "Y=iota");
  if (!result)
    result = ts_parse_source(c->ctx, ts_text_source(c->ctx, "<kernel>", text), &c->module);
  if (!result) result = ts_verify(c->module);
  return result ? result : run_kernel(c, &request, name, &work);
}

static void close_kernel(calibration *c) {
  ts_run_close(&c->run);
  c->run = (ts_run){0};
  if (c->module) ts_module_drop(c->module);
  c->module = NULL;
}

static ts_result take_samples(void *arg) {
  calibration *c = arg;
  unsigned all = ts_machine_threads(0);
  ts_result result = ts_target_find(c->ctx, "native", &c->target);
  for (place where = REGISTERS; where <= MEMORY && !result; where++)
    for (unsigned threads = 1; threads <= all && !result; threads = threads < all ? all : all + 1) {
      result = try_kernel(c, where, threads);
      close_kernel(c);
    }
  return result ? result : add_sample(c, "rest", NULL);
}

static void clean_up(void *arg) { close_kernel(arg); }

ts_result ts_energy_samples_take(ts_context *ctx, ts_arena *arena, ts_energy_meter *meter,
                                 ts_energy_samples *out) {
  unsigned most = 2 * (unsigned)ts_countof(places) + 1;
  *out =
      (ts_energy_samples){0, ts_new_array(arena, const char *, most),
                          ts_new_array(arena, ts_counted, most), ts_new_array(arena, double, most)};
  return ts_protect_cleanup(ctx, take_samples, clean_up,
                            &(calibration){.ctx = ctx, .arena = arena, .meter = meter, .out = out});
}
