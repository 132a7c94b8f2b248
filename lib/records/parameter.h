/* Parameters of a space, and points as places in their lists of values. */
#ifndef TS_RECORDS_PARAMETER_H
#define TS_RECORDS_PARAMETER_H

#include <stdint.h>

/* The place of a value in its parameter's list. A point is one of these for each parameter, in order. A parameter that
 * the others make absent holds 0. */
typedef uint16_t ts_choice;
enum { TS_MAX_CHOICES = 65535, TS_MAX_PARAMETERS = 64 };

typedef struct ts_parameter {
  const char *name;
  unsigned n;         /* values */
  const char **texts; /* each as it goes into a pipeline */
  double *numbers;    /* NULL: words, which have no order */
} ts_parameter;

#endif
