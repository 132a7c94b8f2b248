/* Counters that only go forward, until they wrap. */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <unistd.h>

#include "tune/energy/meter_impl.h"

/* What one counter may say at most: more is no wrap but a counter that was set back, as by a suspended machine or a
 * driver that was loaded anew. Processors and GPUs take less than this. */
#define MOST_WATTS 1e3
/* Between two updates the counter stands, so a short time may show the energy of a longer one. */
#define SLACK_SECONDS 0.2

ts_energy_counter *ts_energy_add_counter(ts_energy_meter *m, const char *name, double unit,
                                         uint64_t range, int fd,
                                         bool (*read)(const ts_energy_counter *, uint64_t *)) {
  ts_push(m->arena, &m->counters,
          (ts_energy_counter){.name = name, .unit = unit, .range = range, .fd = fd, .read = read});
  return &m->counters.at[m->counters.n - 1];
}

/* Files of sysfs say that they are as long as a page, and are not. */
const char *ts_energy_read_text(ts_arena *arena, const char *folder, const char *name) {
  char text[256];
  int fd = open(ts_sprintf(arena, "%s/%s", folder, name), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return NULL;
  ssize_t n = read(fd, text, sizeof text - 1);
  int error = errno;
  close(fd);
  errno = error;
  while (n > 0 && (text[n - 1] == '\n' || text[n - 1] == ' '))
    n--;
  return n > 0 ? ts_strndup(arena, text, (size_t)n) : NULL;
}

double ts_energy_meter_patience(const ts_energy_meter *m) {
  double least = INFINITY;
  for (size_t i = 0; i < m->counters.n; i++) {
    const ts_energy_counter *c = &m->counters.at[i];
    if (c->range != UINT64_MAX) least = fmin(least, (double)c->range * c->unit / MOST_WATTS);
  }
  return least;
}

/* Steps from c->last to `now`; UINT64_MAX: it was set back. */
static uint64_t steps_since(const ts_energy_counter *c, uint64_t now, double elapsed) {
  if (now >= c->last) return now - c->last;
  if (c->range == UINT64_MAX || c->last > c->range) return UINT64_MAX;
  uint64_t steps = c->range - c->last + now;
  return (double)steps * c->unit <= MOST_WATTS * (elapsed + SLACK_SECONDS) ? steps : UINT64_MAX;
}

bool ts_energy_advance(ts_energy_meter *m, double elapsed, double *joules) {
  bool known = elapsed <= ts_energy_meter_patience(m);
  *joules = 0;
  for (size_t i = 0; i < m->counters.n; i++) {
    ts_energy_counter *c = &m->counters.at[i];
    uint64_t now, steps;
    if (!c->read(c, &now)) {
      known = false;
      continue;
    }
    steps = steps_since(c, now, elapsed);
    c->last = now;
    known &= steps != UINT64_MAX;
    *joules += (double)steps * c->unit;
  }
  return known;
}
