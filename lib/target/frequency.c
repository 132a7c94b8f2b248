/* How fast a processor's clock runs now, as Linux tells. */
#include <stdio.h>

#include "target/machine.h"

double ts_cpuinfo_mhz(FILE *text, unsigned cpu) {
  char line[512];
  unsigned at = cpu + 1;
  double mhz;
  while (fgets(line, sizeof line, text)) {
    if (sscanf(line, "processor : %u", &at) == 1) continue;
    if (at == cpu && sscanf(line, "cpu MHz : %lf", &mhz) == 1) return mhz > 0 ? mhz : 0;
  }
  return 0;
}

/* What the governor tells, in kHz. */
static double governor_mhz(unsigned cpu) {
  char path[96];
  double khz = 0;
  snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%u/cpufreq/scaling_cur_freq", cpu);
  FILE *f = fopen(path, "re");
  if (!f) return 0;
  if (fscanf(f, "%lf", &khz) != 1 || !(khz > 0)) khz = 0;
  fclose(f);
  return khz / 1000;
}

double ts_cpu_mhz(unsigned cpu) {
  double mhz = governor_mhz(cpu);
  FILE *f = mhz > 0 ? NULL : fopen("/proc/cpuinfo", "re");
  if (!f) return mhz;
  mhz = ts_cpuinfo_mhz(f, cpu);
  fclose(f);
  return mhz;
}
