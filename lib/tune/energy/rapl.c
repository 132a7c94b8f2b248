/* RAPL through powercap: folders intel-rapl:0 of packages and intel-rapl:0:1 of their parts, AMD's too, each with a
 * name and a counter of microjoules (Linux, Documentation/power/powercap/powercap.rst).
 *
 * A package holds its parts core and uncore; memory (dram) is beside it. psys, the whole platform, holds packages, and
 * is taken where there are none. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "tune/energy/meter_impl.h"

enum { MOST_ZONES = 64, MOST_PARTS = 8 };

static bool read_microjoules(const ts_energy_counter *c, uint64_t *steps) {
  char text[32];
  ssize_t n = pread(c->fd, text, sizeof text - 1, 0);
  if (n <= 0) return false;
  text[n] = 0;
  char *end;
  *steps = strtoull(text, &end, 10);
  return end != text && (*end == '\n' || !*end);
}

/* "package-0", "package-0-die-1". */
static bool is_package(const char *name) { return strncmp(name, "package-", 8) == 0; }

/* NULL, or why it cannot be added. */
static const char *add_zone(ts_energy_meter *m, const char *folder, const char *name) {
  const char *range = ts_energy_read_text(m->arena, folder, "max_energy_range_uj");
  const char *path = ts_sprintf(m->arena, "%s/energy_uj", folder);
  char *end;
  uint64_t most = range ? strtoull(range, &end, 10) : 0;
  if (!most || *end) return ts_sprintf(m->arena, "%s has no max_energy_range_uj", folder);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return ts_sprintf(m->arena, "%s: %s%s", path, strerror(errno),
                      errno == EACCES ? " (on most systems only root may read it)" : "");
  ts_energy_add_counter(m, name, 1e-6, most, fd, read_microjoules);
  return NULL;
}

/* Adds the zone of that number when `wanted` takes its name; *there: whether there is such a zone. */
static const char *consider_zone(ts_energy_meter *m, const char *folder,
                                 bool (*wanted)(const char *name), bool *there) {
  const char *name = ts_energy_read_text(m->arena, folder, "name");
  *there = name != NULL;
  return name && wanted(name) ? add_zone(m, folder, name) : NULL;
}

static const char *add_zones(ts_energy_meter *m, const char *root, bool (*wanted)(const char *)) {
  const char *why = NULL;
  for (int zone = 0; zone < MOST_ZONES && !why; zone++) {
    const char *folder = ts_sprintf(m->arena, "%s/intel-rapl:%d", root, zone);
    bool there;
    why = consider_zone(m, folder, wanted, &there);
    for (int part = 0; part < MOST_PARTS && there && !why; part++)
      why = consider_zone(m, ts_sprintf(m->arena, "%s:%d", folder, part), wanted, &(bool){0});
  }
  return why;
}

static bool is_package_or_memory(const char *name) {
  return is_package(name) || strcmp(name, "dram") == 0;
}

static bool is_platform(const char *name) { return strcmp(name, "psys") == 0; }

const char *ts_energy_add_powercap(ts_energy_meter *m, const char *sysfs) {
  const char *root = ts_sprintf(m->arena, "%s/class/powercap", sysfs);
  const char *why = add_zones(m, root, is_package_or_memory);
  if (!why && m->counters.n == 0) why = add_zones(m, root, is_platform);
  if (!why && m->counters.n == 0) why = ts_sprintf(m->arena, "%s has no intel-rapl", root);
  m->family = "RAPL";
  return why;
}
