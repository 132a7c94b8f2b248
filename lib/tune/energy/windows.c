/* Energy of a run from windows of many. */
#include <math.h>

#include "tune/energy/energy.h"

/* Probability that |t| of Student's distribution is at most that of tan(angle) · sqrt(n): a finite series in the sine and
 * cosine of the angle (Abramowitz & Stegun, 26.7.3 and 26.7.4). */
static double student_within(unsigned n, double angle) {
  double cosine = cos(angle), term = n % 2 ? cosine : 1, sum = 0;
  for (unsigned k = n % 2 ? 3 : 2; k <= n; k += 2) {
    sum += term;
    term *= cosine * cosine * (double)(k - 1) / k;
  }
  sum *= sin(angle);
  return n % 2 ? (angle + sum) * M_2_PI : sum;
}

/* |t| that n degrees of freedom stay within, 95 times of 100. */
static double student_95(unsigned n) {
  double low = 0, high = M_PI_2;
  for (int i = 0; i < 60; i++) {
    double middle = 0.5 * (low + high);
    *(student_within(n, middle) < 0.95 ? &low : &high) = middle;
  }
  return tan(low) * sqrt(n);
}

ts_energy ts_energy_of_windows(unsigned n, const double *joules, const double *seconds,
                               uint64_t runs, double idle_watts, const char *how) {
  double mean = 0, squares = 0;
  for (unsigned i = 0; i < n; i++)
    mean += (joules[i] - idle_watts * seconds[i]) / (double)runs / n;
  for (unsigned i = 0; i < n; i++) {
    double off = (joules[i] - idle_watts * seconds[i]) / (double)runs - mean;
    squares += off * off;
  }
  if (n == 0 || !(mean > 0)) return (ts_energy){.kind = TS_ENERGY_NONE};
  double half = n > 1 ? student_95(n - 1) * sqrt(squares / (n - 1) / n) : INFINITY;
  return (ts_energy){TS_ENERGY_MEASURED, mean, fmax(mean - half, 0), mean + half, how};
}
