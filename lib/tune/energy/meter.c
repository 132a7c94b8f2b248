/* Which counters there are, and what they say over time. */
#include <math.h>
#include <unistd.h>

#include "support/clock.h"
#include "syntax/options.h"
#include "tune/energy/meter_impl.h"

enum { CHANGES = 4, IDLE_WINDOWS = 3 };
/* The slowest counters change ten times a second. */
#define STANDS_STILL 0.5
#define SHORTEST_WINDOW 0.05

/* ---- families of counters ---- */

static const ts_option rapl_options[] = {
    {"sysfs", TS_OPT_STRING, offsetof(ts_energy_rapl_options, sysfs), "/sys",
     "where the files of the kernel are", .value_name = "dir"}};
static const ts_option nvml_options[] = {
    {"device", TS_OPT_INT, offsetof(ts_energy_nvml_options, device), "0",
     "which GPU, as nvidia-smi counts them", .most = 255},
    {"library", TS_OPT_STRING, offsetof(ts_energy_nvml_options, library), "libnvidia-ml.so.1",
     "the library of the driver", .value_name = "file"}};

static void forget_counters(ts_energy_meter *m) {
  if (m->close) m->close(m);
  for (size_t i = 0; i < m->counters.n; i++)
    if (m->counters.at[i].fd >= 0) close(m->counters.at[i].fd);
  m->counters.n = 0;
  m->close = NULL;
}

static const char *add_rapl(ts_energy_meter *m, const void *options) {
  const char *sysfs = ((const ts_energy_rapl_options *)options)->sysfs;
  const char *first = ts_energy_add_powercap(m, sysfs), *second;
  if (!first) return NULL;
  forget_counters(m);
  second = ts_energy_add_perf(m, sysfs);
  return second ? ts_sprintf(m->arena, "%s; %s", first, second) : NULL;
}

static const char *add_nvml(ts_energy_meter *m, const void *options) {
  return ts_energy_add_nvml(m, options);
}

static const struct family {
  const char *name;
  ts_option_table options;
  const char *(*add)(ts_energy_meter *, const void *options);
} families[] = {{"rapl", TS_OPTIONS(rapl_options, ts_energy_rapl_options), add_rapl},
                {"nvml", TS_OPTIONS(nvml_options, ts_energy_nvml_options), add_nvml}};

/* ---- how often they change ---- */

/* Waits for the next change; false: there is none within STANDS_STILL. */
static bool wait_for_change(ts_energy_meter *m, double *when) {
  double start = ts_time_now(), joules;
  for (double now = start; now - start < STANDS_STILL; now = *when) {
    ts_time_sleep(1e-4);
    *when = ts_time_now();
    if (!ts_energy_advance(m, *when - now, &joules)) return false;
    m->joules += joules;
    if (joules > 0) return true;
  }
  return false;
}

/* Watches a few changes, of which the first only sets the clock. NULL, or what is wrong. */
static const char *watch_counters(ts_energy_meter *m) {
  double joules, last = 0;
  (void)ts_energy_advance(m, 0, &joules); /* from here on */
  for (int i = 0; i <= CHANGES; i++) {
    if (!wait_for_change(m, &m->seconds))
      return ts_sprintf(m->arena, "%s stands still or cannot be read", m->name);
    if (i > 0) m->period = fmax(m->period, m->seconds - last);
    last = m->seconds;
  }
  m->joules = 0;
  return NULL;
}

static void name_meter(ts_energy_meter *m) {
  m->name = m->family;
  for (size_t i = 0; i < m->counters.n; i++)
    m->name = ts_sprintf(m->arena, "%s %s", m->name, m->counters.at[i].name);
}

/* ---- opening ---- */

typedef struct opening {
  ts_context *ctx;
  ts_energy_meter *meter;
  const char *text;
  bool open;
} opening;

static const char *try_family(ts_energy_meter *m, const struct family *f, const void *options) {
  const char *why = f->add(m, options);
  if (!why) {
    name_meter(m);
    why = watch_counters(m);
  }
  if (why) forget_counters(m);
  return why;
}

/* The first family that has counters; NULL, or why none has. */
static const char *try_all(ts_energy_meter *m) {
  const char *why = NULL;
  for (unsigned i = 0; i < ts_countof(families); i++) {
    const char *one =
        try_family(m, &families[i], ts_options_default(m->arena, &families[i].options));
    if (!one) return NULL;
    why = why ? ts_sprintf(m->arena, "%s; %s", why, one) : one;
  }
  return why;
}

/* The family of that name, NULL for "any" and "auto". */
static ts_result read_name(ts_text_reader *r, const struct family **out, bool *automatic) {
  uint32_t begin = (uint32_t)r->at;
  const char *name = ts_text_name(r);
  *out = NULL;
  *automatic = strcmp(name, "auto") == 0;
  for (unsigned i = 0; i < ts_countof(families); i++)
    if (strcmp(name, families[i].name) == 0) *out = &families[i];
  if (*out || *automatic || strcmp(name, "any") == 0) return TS_OK;
  (void)ts_error(r->ctx, (ts_loc){begin, (uint32_t)r->at},
                 "there are no counters '%s'; known are: auto, any, rapl, nvml", name);
  return TS_USAGE;
}

static ts_result read_family(opening *o, ts_text_reader *r) {
  const struct family *f;
  bool automatic;
  void *options = NULL;
  ts_result result = read_name(r, &f, &automatic);
  if (!result && f) {
    options = ts_options_default(o->meter->arena, &f->options);
    result =
        ts_options_read_braced(r, &(ts_options_owner){"counter", f->name, &f->options}, options);
  }
  if (result) return result;
  ts_text_skip_space(r);
  if (!ts_text_at_end(r)) return ts_text_expected(r, "the end");
  const char *why = f ? try_family(o->meter, f, options) : try_all(o->meter);
  o->open = !why;
  return why && !automatic ? ts_error_plain(o->ctx, "no counter of energy: %s", why) : TS_OK;
}

static ts_result open_meter(void *arg) {
  opening *o = arg;
  const ts_source *outer = o->ctx->source;
  ts_text_reader r = {.ctx = o->ctx, .source = ts_text_source(o->ctx, "<meter>", o->text)};
  o->ctx->source = r.source;
  ts_result result = read_family(o, &r);
  o->ctx->source = outer;
  return result;
}

/* Also when memory ran out. */
static void close_if_failed(void *arg) {
  opening *o = arg;
  if (!o->open) forget_counters(o->meter);
}

ts_result ts_energy_meter_open(ts_context *ctx, ts_arena *arena, const char *text,
                               ts_energy_meter **out) {
  opening o = {ctx, ts_new(arena, ts_energy_meter), text ? text : "auto", false};
  *out = NULL;
  *o.meter = (ts_energy_meter){.arena = arena, .idle = -1};
  ts_result result = ts_protect_cleanup(ctx, open_meter, close_if_failed, &o);
  if (o.open) *out = o.meter;
  return result;
}

void ts_energy_meter_close(ts_energy_meter *m) {
  if (m) forget_counters(m);
}

/* ---- asking ---- */

const char *ts_energy_meter_name(const ts_energy_meter *m) { return m->name; }

bool ts_energy_meter_read(ts_energy_meter *m, double *joules, double *seconds) {
  double now = ts_time_now(), more;
  bool known = ts_energy_advance(m, now - m->seconds, &more);
  m->seconds = *seconds = now;
  if (known) m->joules += more;
  *joules = m->joules;
  return known;
}

double ts_energy_meter_window(const ts_energy_meter *m) {
  return fmax(100 * m->period, SHORTEST_WINDOW);
}

/* Watts over `seconds`, read often enough; NaN when it cannot be read. */
static double watts_over(ts_energy_meter *m, double seconds) {
  double joules, start, now, first;
  double turn = fmin(seconds, 0.5 * ts_energy_meter_patience(m));
  bool known = ts_energy_meter_read(m, &first, &start);
  joules = first;
  for (now = start; known && now - start < seconds;) {
    ts_time_sleep(fmin(turn, seconds - (now - start)));
    known = ts_energy_meter_read(m, &joules, &now);
  }
  return known ? (joules - first) / (now - start) : NAN;
}

static double middle_of_three(double a, double b, double c) {
  return fmax(fmin(a, b), fmin(fmax(a, b), c));
}

double ts_energy_meter_idle(ts_energy_meter *m) {
  double w[IDLE_WINDOWS];
  if (m->idle >= 0) return m->idle;
  for (int i = 0; i < IDLE_WINDOWS; i++)
    w[i] = watts_over(m, ts_energy_meter_window(m));
  double middle = middle_of_three(w[0], w[1], w[2]);
  return m->idle = isfinite(middle) ? middle : 0;
}
