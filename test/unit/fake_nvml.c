/* The part of NVML that the counters of energy use, of two GPUs that take 100 W each and count every FAKE_NVML_PERIOD
 * microseconds. FAKE_NVML_INIT and FAKE_NVML_ENERGY: what the calls return in place of success. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

int nvmlInit_v2(void);
int nvmlShutdown(void);
int nvmlDeviceGetCount_v2(unsigned *);
int nvmlDeviceGetHandleByIndex_v2(unsigned, void **);
int nvmlDeviceGetName(void *, char *, unsigned);
int nvmlDeviceGetTotalEnergyConsumption(void *, unsigned long long *);
const char *nvmlErrorString(int);

static long long from_environment(const char *name, long long otherwise) {
  const char *text = getenv(name);
  return text ? atoll(text) : otherwise;
}

int nvmlInit_v2(void) { return (int)from_environment("FAKE_NVML_INIT", 0); }
int nvmlShutdown(void) { return 0; }

int nvmlDeviceGetCount_v2(unsigned *count) {
  *count = 2;
  return 0;
}

int nvmlDeviceGetHandleByIndex_v2(unsigned index, void **device) {
  static char devices[2];
  *device = &devices[index];
  return 0;
}

int nvmlDeviceGetName(void *device, char *name, unsigned length) {
  (void)device;
  snprintf(name, length, "Fake H200");
  return 0;
}

int nvmlDeviceGetTotalEnergyConsumption(void *device, unsigned long long *millijoules) {
  long long period = from_environment("FAKE_NVML_PERIOD", 20000);
  struct timespec t;
  (void)device;
  clock_gettime(CLOCK_MONOTONIC, &t);
  long long microseconds = (long long)t.tv_sec * 1000000 + t.tv_nsec / 1000;
  *millijoules = (unsigned long long)(microseconds / period * period / 10);
  return (int)from_environment("FAKE_NVML_ENERGY", 0);
}

const char *nvmlErrorString(int error) {
  return error == 9 ? "Driver Not Loaded" : error == 3 ? "Not Supported" : "Unknown Error";
}
