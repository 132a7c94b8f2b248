/* The same counters through perf: the PMU called power, one counter a package and domain, 64 bits wide, the kernel sees to
 * wraps (Linux, arch/x86/events/rapl.c; Documentation/ABI/testing/sysfs-bus-event_source-devices-events). They count for the
 * whole machine, which takes CAP_PERFMON or kernel.perf_event_paranoid below 1. */
#include <errno.h>
#include <linux/perf_event.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tune/energy/meter_impl.h"

static bool read_count(const ts_energy_counter *c, uint64_t *steps) {
  return read(c->fd, steps, sizeof *steps) == sizeof *steps;
}

/* Packages, and their memory; cores and graphics are parts of packages. */
static const struct {
  const char *event, *name;
} domains[] = {{"energy-pkg", "package"}, {"energy-ram", "dram"}};

/* A counter that runs on this processor, for all processes. */
static const char *open_event(ts_energy_meter *m, uint32_t type, uint64_t config, double unit,
                              const char *name, int cpu) {
  struct perf_event_attr attr = {.type = type, .size = sizeof attr, .config = config};
  name = ts_sprintf(m->arena, "%s-cpu%d", name, cpu);
  ts_energy_counter *c = ts_energy_add_counter(m, name, unit, UINT64_MAX, -1, read_count);
  c->fd = (int)syscall(SYS_perf_event_open, &attr, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC);
  if (c->fd >= 0) return NULL;
  const char *hint = errno == EACCES || errno == EPERM
                         ? " (needs CAP_PERFMON, or kernel.perf_event_paranoid below 1)"
                         : "";
  return ts_sprintf(m->arena, "perf_event_open of %s: %s%s", name, strerror(errno), hint);
}

/* One event on each of the processors of a list such as "0,16-17". */
static const char *open_on(ts_energy_meter *m, const char *cpus, uint32_t type, uint64_t config,
                           double unit, const char *name) {
  const char *why = NULL;
  for (const char *at = cpus; *at && !why;) {
    char *end;
    long first = strtol(at, &end, 10), last = first;
    if (end != at && *end == '-') last = strtol(at = end + 1, &end, 10);
    if (end == at || (*end && *end != ',') || first < 0 || last > INT16_MAX)
      return ts_sprintf(m->arena, "cannot read its cpumask '%s'", cpus);
    for (long cpu = first; cpu <= last && !why; cpu++)
      why = open_event(m, type, config, unit, name, (int)cpu);
    at = *end ? end + 1 : end;
  }
  return why;
}

/* NULL also when the PMU has no such event. */
static const char *add_domain(ts_energy_meter *m, const char *pmu, uint32_t type, const char *cpus,
                              unsigned domain) {
  const char *name = ts_sprintf(m->arena, "events/%s", domains[domain].event);
  const char *event = ts_energy_read_text(m->arena, pmu, name), *scale;
  char *end;
  double unit;
  if (!event) return NULL;
  uint64_t config = strncmp(event, "event=", 6) == 0 ? strtoull(event + 6, &end, 16) : 0;
  scale = ts_energy_read_text(m->arena, pmu, ts_sprintf(m->arena, "%s.scale", name));
  if (strncmp(event, "event=", 6) != 0 || *end || !scale ||
      !ts_parse_double(scale, strlen(scale), &unit))
    return ts_sprintf(m->arena, "cannot read %s/%s or its scale", pmu, name);
  return open_on(m, cpus, type, config, unit, domains[domain].name);
}

const char *ts_energy_add_perf(ts_energy_meter *m, const char *sysfs) {
  const char *pmu = ts_sprintf(m->arena, "%s/bus/event_source/devices/power", sysfs);
  const char *type = ts_energy_read_text(m->arena, pmu, "type");
  const char *cpus = ts_energy_read_text(m->arena, pmu, "cpumask");
  const char *why = NULL;
  m->family = "perf";
  if (!type) return ts_sprintf(m->arena, "there is no %s", pmu);
  for (unsigned i = 0; i < ts_countof(domains) && !why; i++)
    why = add_domain(m, pmu, (uint32_t)strtoul(type, NULL, 10), cpus ? cpus : "0", i);
  if (!why && m->counters.n == 0) why = ts_sprintf(m->arena, "%s has no energy-pkg", pmu);
  return why;
}
