/* NVML: the energy that a GPU has used since its driver was loaded, in millijoules (nvmlDeviceGetTotalEnergyConsumption,
 * NVIDIA Management Library; Volta and later). The library belongs to the driver, so it is looked for when it is needed;
 * it brings its values up to date every 20 to 100 ms. */
#include <dlfcn.h>

#include "tune/energy/meter_impl.h"

/* nvml.h: results are ints, 0 for success; a device is a pointer. */
typedef int nvml_call(void);
typedef int nvml_get_handle(unsigned index, void **device);
typedef int nvml_get_count(unsigned *count);
typedef int nvml_get_name(void *device, char *name, unsigned length);
typedef int nvml_get_energy(void *device, unsigned long long *millijoules);
typedef const char *nvml_text(int result);

typedef struct nvml {
  void *handle; /* of the library */
  nvml_call *init, *shutdown;
  nvml_get_count *count;
  nvml_get_handle *device;
  nvml_get_name *name;
  nvml_get_energy *energy;
  nvml_text *text;
} nvml;

static bool read_millijoules(const ts_energy_counter *c, uint64_t *steps) {
  unsigned long long millijoules = 0;
  if (((const nvml *)c->library)->energy(c->device, &millijoules) != 0) return false;
  *steps = millijoules;
  return true;
}

static bool find_functions(nvml *n) {
  const struct {
    void *at;
    const char *name;
  } wanted[] = {{&n->init, "nvmlInit_v2"},
                {&n->shutdown, "nvmlShutdown"},
                {&n->count, "nvmlDeviceGetCount_v2"},
                {&n->device, "nvmlDeviceGetHandleByIndex_v2"},
                {&n->name, "nvmlDeviceGetName"},
                {&n->energy, "nvmlDeviceGetTotalEnergyConsumption"},
                {&n->text, "nvmlErrorString"}};
  for (unsigned i = 0; i < ts_countof(wanted); i++) {
    void *function = dlsym(n->handle, wanted[i].name);
    if (!function) return false;
    memcpy(wanted[i].at, &function, sizeof function);
  }
  return true;
}

static void close_library(ts_energy_meter *m) {
  nvml *n = m->counters.at[0].library;
  n->shutdown();
  dlclose(n->handle);
}

/* The counter of the device; NULL, or what NVML says. */
static const char *open_device(ts_energy_meter *m, nvml *n, int64_t index) {
  ts_energy_counter *c = &m->counters.at[0];
  char *name = ts_arena_alloc(m->arena, 96); /* NVML_DEVICE_NAME_V2_BUFFER_SIZE */
  unsigned count = 0;
  uint64_t now;
  int error = n->count(&count);
  if (!error && index >= (int64_t)count)
    return ts_sprintf(m->arena, "device %lld of %u does not exist", (long long)index, count);
  if (!error) error = n->device((unsigned)index, &c->device);
  if (!error) error = n->name(c->device, name, 96);
  if (error) return ts_sprintf(m->arena, "NVML says: %s", n->text(error));
  c->name = name;
  if (!c->read(c, &now)) return ts_sprintf(m->arena, "%s counts no energy", name);
  return NULL;
}

const char *ts_energy_add_nvml(ts_energy_meter *m, const ts_energy_nvml_options *o) {
  const char *library = o->library;
  nvml *n = ts_new(m->arena, nvml);
  ts_energy_counter *c = ts_energy_add_counter(m, "GPU", 1e-3, UINT64_MAX, -1, read_millijoules);
  char *why = ts_arena_alloc(m->arena, 256); /* before the library is open: this may jump */
  c->library = n;
  m->family = "NVML";
  n->handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);
  const char *error = n->handle ? NULL : dlerror();
  int refused = 0;
  if (n->handle && !find_functions(n)) error = "it lacks functions of NVML";
  if (!error && (refused = n->init()) != 0) error = n->text(refused);
  if (!error) {
    m->close = close_library;
    return open_device(m, n, o->device);
  }
  snprintf(why, 256, "%s: %s", library, error);
  if (n->handle) dlclose(n->handle);
  return why;
}
